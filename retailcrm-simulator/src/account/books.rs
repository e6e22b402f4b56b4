//! What an entry of a reference book shows besides what it was given: RetailCRM writes all members of an entry.

use serde_json::{Value, json};

use super::references::References;
use crate::entity::{Entity, text};

/// An entry as the API shows it.
pub fn shown(books: &References, currency: &str, list: &str, entry: &Entity) -> Entity {
    let mut shown = entry.clone();
    for (name, value) in absent(list, currency) {
        shown.entry(name).or_insert(value);
    }
    match list {
        "statusGroups" => {
            drop(shown.insert("statuses".into(), codes_where(books, "statuses", |status| text(status, "group") == text(entry, "code"))))
        }
        "deliveryTypes" => {
            let codes = payment_types(books, entry);
            let payment = |code: &String| json!({"code": code, "cod": false});
            shown.entry("deliveryPaymentTypes").or_insert(codes.iter().map(payment).collect());
            shown.insert("paymentTypes".into(), json!(codes));
        }
        "paymentTypes" => {
            let code = text(entry, "code");
            let delivers = |delivery: &Entity| payment_types(books, delivery).iter().any(|known| known == code);
            shown.insert("deliveryTypes".into(), codes_where(books, "deliveryTypes", delivers));
            let has = |status: &Entity| payment_types(books, status).iter().any(|known| known == code);
            shown.insert("paymentStatuses".into(), codes_where(books, "paymentStatuses", has));
        }
        "paymentStatuses" => drop(shown.insert("paymentTypes".into(), json!(payment_types(books, entry)))),
        _ => {}
    }
    shown
}

/// The payment types with which a delivery type or a payment status goes: all, unless it names some.
pub fn payment_types(books: &References, entry: &Entity) -> Vec<String> {
    let texts = |name: &str, member: fn(&Value) -> Option<&str>| {
        let rows = entry.get(name)?.as_array()?;
        Some(rows.iter().filter_map(member).map(str::to_owned).collect())
    };
    // `paymentTypes` is the older name of the two.
    let named = texts("deliveryPaymentTypes", |row| row["code"].as_str()).or_else(|| texts("paymentTypes", Value::as_str));
    named.unwrap_or_else(|| books.codes("paymentTypes").map(str::to_owned).collect())
}

fn codes_where(books: &References, list: &str, is: impl Fn(&Entity) -> bool) -> Value {
    books.of(list).iter().filter(|entry| is(entry)).map(|entry| Value::from(text(entry, "code"))).collect()
}

/// Members that an entry has when it was given no other value.
fn absent(list: &str, currency: &str) -> Vec<(&'static str, Value)> {
    let no = || json!(false);
    let mut members = match list {
        "sites" => vec![
            ("loadFromYml", no()),
            ("defaultForCrm", no()),
            ("countryIso", json!("RU")),
            ("currency", json!(currency)),
            ("isCatalogMainSite", json!(true)),
            ("isDemo", no()),
        ],
        "deliveryTypes" => vec![
            ("isDynamicCostCalculation", no()),
            ("isAutoCostCalculation", no()),
            ("isAutoNetCostCalculation", no()),
            ("isCostDependsOnRegionAndWeightAndSum", no()),
            ("isCostDependsOnDateTime", no()),
            ("currency", json!(currency)),
            ("defaultCost", json!(0)),
            ("defaultNetCost", json!(0)),
            ("deliveryServices", json!([])),
            ("defaultForCrm", no()),
            ("sites", json!([])),
        ],
        "orderTypes" | "orderMethods" | "paymentTypes" | "paymentStatuses" => vec![("defaultForCrm", no()), ("defaultForApi", no())],
        "priceTypes" => vec![("promo", no()), ("default", no()), ("geo", json!([])), ("groups", json!([])), ("currency", json!(currency))],
        "productStatuses" => vec![("createdAt", json!(CREATED)), ("cancelStatus", no())],
        "stores" => vec![
            ("type", json!("store-type-warehouse")),
            ("inventoryType", json!("integer")),
            ("address", json!({})),
            ("phone", json!({})),
            ("workTime", json!({"mo": [], "tu": [], "we": [], "th": [], "fr": [], "sa": [], "su": []})),
        ],
        "units" => vec![("sym", json!("")), ("default", no())],
        "currencies" => vec![("isBase", no()), ("isAutoConvert", no())],
        "legalEntities" => vec![("contragentType", json!("legal-entity")), ("countryIso", json!("RU"))],
        "costGroups" => vec![("color", json!("#c7cdd4"))],
        "costItems" => vec![("appliesToOrders", json!(true)), ("type", json!("var")), ("appliesToUsers", no())],
        _ => Vec::new(),
    };
    match list {
        "orderMethods" => members.push(("isFromPos", no())),
        "paymentTypes" => members.push(("sites", json!([]))),
        "paymentStatuses" => members.push(("paymentComplete", no())),
        _ => {}
    }
    if !["sites", "legalEntities", "currencies"].contains(&list) {
        members.push(("active", json!(true)));
    }
    if ["deliveryTypes", "paymentTypes", "stores"].contains(&list) {
        members.push(("description", json!("")));
    }
    if ORDERED.contains(&list) {
        members.push(("ordering", json!(990)));
    }
    members
}

/// When the entries of a new account were created.
const CREATED: &str = "2019-02-13 13:57:20";

/// Books whose entries have a place; 990 is the last.
const ORDERED: [&str; 9] =
    ["sites", "statuses", "statusGroups", "orderTypes", "paymentStatuses", "productStatuses", "priceTypes", "costGroups", "costItems"];
