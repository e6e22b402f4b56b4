//! What a new account has before it is changed. Codes and names are those of the API's published samples.

use serde_json::{Value, json};

use super::references::References;
use crate::entity::{Entity, entity};

/// The books of a new account.
pub fn references() -> References {
    let mut books = References::default();
    let legal_entity = json!({"contragentType": "legal-entity", "code": "main", "countryIso": "RU", "legalName": "ООО «Магазин»"});
    *books.of_mut("sites") = vec![entity(json!({
        "id": 1, "code": "main", "name": "Основной магазин", "description": "", "url": "https://store.example", "defaultForCrm": true,
        "ymlUrl": "https://store.example/catalogue.xml", "catalogId": "1", "ordering": 10, "contragent": legal_entity,
        "senderEmail": "shop@store.example", "senderName": "Магазин",
    }))];
    *books.of_mut("legalEntities") = vec![entity(legal_entity)];
    *books.of_mut("statusGroups") = groups();
    *books.of_mut("statuses") = statuses();
    *books.of_mut("orderTypes") = order_types();
    *books.of_mut("orderMethods") = order_methods();
    *books.of_mut("paymentTypes") =
        named(&[("cash", "Наличные"), ("bank-card", "Банковская карта"), ("bank-transfer", "Банковский перевод")]);
    *books.of_mut("paymentStatuses") = payment_statuses();
    *books.of_mut("deliveryTypes") = named(&[("self-delivery", "Самовывоз"), ("courier", "Курьером"), ("russian-post", "Почта России")]);
    *books.of_mut("productStatuses") = named(&[("new", "Новый"), ("in-reserve", "В резерве"), ("sold", "Продан"), ("cancel", "Отменен")]);
    *books.of_mut("stores") = named(&[("main", "Основной склад")]);
    *books.of_mut("priceTypes") = vec![entity(json!({"id": 1, "code": "base", "name": "Базовая", "active": true, "default": true}))];
    *books.of_mut("units") = vec![entity(json!({"code": "pc", "name": "Штука", "sym": "шт.", "default": true, "active": true}))];
    *books.of_mut("currencies") = vec![entity(json!({"id": 1, "code": "RUB", "isBase": true}))];
    books
}

fn named(rows: &[(&str, &str)]) -> Vec<Entity> {
    rows.iter().map(|(code, name)| entity(json!({"code": code, "name": name, "active": true}))).collect()
}

fn ordered(rows: &[(&str, &str, Value)], member: &str) -> Vec<Entity> {
    let row = |(index, (code, name, value)): (usize, &(&str, &str, Value))| {
        let mut row = entity(json!({"code": code, "name": name, "active": true, "ordering": (index + 1) * 10}));
        row.insert(member.into(), value.clone());
        row
    };
    rows.iter().enumerate().map(row).collect()
}

fn groups() -> Vec<Entity> {
    let groups = [
        ("new", "Новый", json!(true)),
        ("approval", "Согласование", json!(true)),
        ("assembling", "Комплектация", json!(true)),
        ("delivery", "Доставка", json!(true)),
        ("complete", "Выполнен", json!(false)),
        ("cancel", "Отменен", json!(false)),
    ];
    ordered(&groups, "process")
}

fn statuses() -> Vec<Entity> {
    let statuses = [
        ("new", "Новый", json!("new")),
        ("availability-confirmed", "Наличие подтверждено", json!("approval")),
        ("client-confirmed", "Согласовано с клиентом", json!("approval")),
        ("prepayed", "Предоплата поступила", json!("approval")),
        ("send-to-assembling", "Передано в комплектацию", json!("assembling")),
        ("assembling-complete", "Укомплектован", json!("assembling")),
        ("send-to-delivery", "Передан в доставку", json!("delivery")),
        ("delivering", "Доставляется", json!("delivery")),
        ("complete", "Выполнен", json!("complete")),
        ("no-call", "Недозвон", json!("cancel")),
        ("no-product", "Нет в наличии", json!("cancel")),
        ("cancel-other", "Отменен", json!("cancel")),
    ];
    ordered(&statuses, "group")
}

fn order_types() -> Vec<Entity> {
    let row = |(code, name, default): &(&str, &str, bool)| {
        entity(json!({"code": code, "name": name, "active": true, "defaultForCrm": default, "defaultForApi": default}))
    };
    [("eshop-individual", "Физическое лицо", true), ("eshop-legal", "Юридическое лицо", false)].iter().map(row).collect()
}

fn order_methods() -> Vec<Entity> {
    let methods = [
        ("phone", "По телефону"),
        ("shopping-cart", "Через корзину"),
        ("one-click", "В один клик"),
        ("price-decrease-request", "Запрос на понижение цены"),
        ("landing-page", "Заявка с посадочной страницы"),
        ("offline", "Оффлайн"),
        ("app", "Мобильное приложение"),
        ("live-chat", "Онлайн-консультант"),
        ("terminal", "Терминал"),
        ("missed-call", "Пропущенный звонок"),
        ("messenger", "Мессенджеры"),
    ];
    let row = |(code, name): &(&str, &str)| {
        let (crm, api) = (*code == "phone", *code == "shopping-cart");
        entity(json!({"code": code, "name": name, "active": true, "defaultForCrm": crm, "defaultForApi": api, "isFromPos": false}))
    };
    methods.iter().map(row).collect()
}

fn payment_statuses() -> Vec<Entity> {
    let row = |(code, name, complete): &(&str, &str, bool)| {
        entity(json!({"code": code, "name": name, "active": true, "paymentComplete": complete, "defaultForApi": *code == "not-paid"}))
    };
    [("not-paid", "Не оплачен", false), ("invoice", "Выставлен счет", false), ("paid", "Оплачен", true), ("returned", "Возврат", false)]
        .iter()
        .map(row)
        .collect()
}

/// Groups of users of a new account.
pub fn user_groups() -> Vec<Entity> {
    let group = |(id, code, name, manager): &(i64, &str, &str, bool)| {
        entity(json!({
            "id": id, "name": name, "code": code, "isManager": manager, "isPosManager": false, "isDeliveryMen": false,
            "deliveryTypes": [], "breakdownOrderTypes": [], "breakdownSites": [], "breakdownOrderMethods": [],
            "grantedOrderTypes": [], "grantedSites": [],
        }))
    };
    [(1, "superadmins", "Администраторы", false), (2, "director", "Руководители", false), (3, "manager", "Менеджеры", true)]
        .iter()
        .map(group)
        .collect()
}

/// Everything a key may do. The first five and `integration_*` are names that RetailCRM uses; the others follow their pattern `[inferred]`.
pub const SCOPES: [&str; 17] = [
    "order_read",
    "order_write",
    "customer_read",
    "customer_write",
    "reference_read",
    "reference_write",
    "integration_read",
    "integration_write",
    "telephony_read",
    "telephony_write",
    "user_read",
    "user_write",
    "task_read",
    "task_write",
    "custom_fields_read",
    "custom_fields_write",
    "notification_write",
];
