//! How an account begins. Entities have RetailCRM's shapes; whatever is not given is as in a new account.

use serde::Deserialize;
use serde_json::{Map, Value, json};

/// An entity as RetailCRM writes it.
pub type Entity = Map<String, Value>;

/// An account before anything happened.
#[derive(Debug, Clone)]
pub struct Account {
    /// The key that requests must show.
    pub api_key: String,
    /// The address that its links lead to.
    pub public_url: String,
    /// `GET /settings`'s object.
    pub settings: Value,
    /// Users.
    pub users: Vec<Entity>,
    /// Shops.
    pub sites: Vec<Entity>,
    /// Customers.
    pub customers: Vec<Entity>,
    /// Orders.
    pub orders: Vec<Entity>,
    /// Order statuses.
    pub statuses: Vec<Entity>,
    /// Groups of order statuses.
    pub status_groups: Vec<Entity>,
    /// Order types.
    pub order_types: Vec<Entity>,
    /// Order methods.
    pub order_methods: Vec<Entity>,
    /// Fields that the account added.
    pub custom_fields: Vec<Entity>,
    /// Tasks.
    pub tasks: Vec<Entity>,
    /// Notes on customers.
    pub notes: Vec<Entity>,
    /// Calls of the history.
    pub calls: Vec<Entity>,
    /// Registered modules.
    pub modules: Vec<Entity>,
    /// What the key may do.
    pub scopes: Vec<String>,
}

/// A description of an account that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct AccountError(String);

/// The key of an account that names none.
pub const DEFAULT_KEY: &str = "simulator-key-0123456789abcdef01";
/// The address of an account that names none.
pub const DEFAULT_URL: &str = "https://demo.retailcrm.ru";

impl Default for Account {
    fn default() -> Self {
        Account {
            api_key: DEFAULT_KEY.into(),
            public_url: DEFAULT_URL.into(),
            settings: json!({}),
            users: Vec::new(),
            sites: vec![entity(json!({"id": 1, "code": "main", "name": "Основной магазин", "defaultForCrm": true}))],
            customers: Vec::new(),
            orders: Vec::new(),
            statuses: stock_statuses(),
            status_groups: stock_groups(),
            order_types: stock_order_types(),
            order_methods: stock_order_methods(),
            custom_fields: Vec::new(),
            tasks: Vec::new(),
            notes: Vec::new(),
            calls: Vec::new(),
            modules: Vec::new(),
            scopes: stock_scopes(),
        }
    }
}

impl Account {
    /// Reads a description: an object whose members are those of [`Account`] by RetailCRM's names.
    pub fn read(description: &Value) -> Result<Account, AccountError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        struct Description {
            api_key: Option<String>,
            public_url: Option<String>,
            settings: Option<Value>,
            users: Option<Vec<Entity>>,
            sites: Option<Vec<Entity>>,
            customers: Option<Vec<Entity>>,
            orders: Option<Vec<Entity>>,
            statuses: Option<Vec<Entity>>,
            status_groups: Option<Vec<Entity>>,
            order_types: Option<Vec<Entity>>,
            order_methods: Option<Vec<Entity>>,
            custom_fields: Option<Vec<Entity>>,
            tasks: Option<Vec<Entity>>,
            notes: Option<Vec<Entity>>,
            calls: Option<Vec<Entity>>,
            modules: Option<Vec<Entity>>,
            scopes: Option<Vec<String>>,
        }
        let given: Description = serde_json::from_value(description.clone()).map_err(|error| AccountError(format!("crm: {error}")))?;
        let stock = Account::default();
        let mut account = Account {
            api_key: given.api_key.unwrap_or(stock.api_key),
            public_url: given.public_url.unwrap_or(stock.public_url).trim_end_matches('/').to_owned(),
            settings: given.settings.unwrap_or(stock.settings),
            users: given.users.unwrap_or(stock.users),
            sites: given.sites.filter(|sites| !sites.is_empty()).unwrap_or(stock.sites),
            customers: given.customers.unwrap_or(stock.customers),
            orders: given.orders.unwrap_or(stock.orders),
            statuses: given.statuses.unwrap_or(stock.statuses),
            status_groups: given.status_groups.unwrap_or(stock.status_groups),
            order_types: given.order_types.unwrap_or(stock.order_types),
            order_methods: given.order_methods.unwrap_or(stock.order_methods),
            custom_fields: given.custom_fields.unwrap_or(stock.custom_fields),
            tasks: given.tasks.unwrap_or(stock.tasks),
            notes: given.notes.unwrap_or(stock.notes),
            calls: given.calls.unwrap_or(stock.calls),
            modules: given.modules.unwrap_or(stock.modules),
            scopes: given.scopes.unwrap_or(stock.scopes),
        };
        let zone = account.timezone();
        zone.parse::<chrono_tz::Tz>().map_err(|_| AccountError(format!("crm.settings.timezone: {zone:?} is no IANA time zone")))?;
        let lists = [
            ("users", &mut account.users),
            ("sites", &mut account.sites),
            ("customers", &mut account.customers),
            ("orders", &mut account.orders),
            ("tasks", &mut account.tasks),
            ("notes", &mut account.notes),
            ("modules", &mut account.modules),
        ];
        for (name, entities) in lists {
            number(name, entities)?;
        }
        Ok(account)
    }

    /// The zone of the account's date-times.
    pub fn timezone(&self) -> String {
        let setting = &self.settings["timezone"];
        setting["value"].as_str().or(setting.as_str()).unwrap_or("Europe/Moscow").to_owned()
    }

    /// `GET /settings`'s object, complete.
    pub fn settings(&self) -> Value {
        let mut settings = json!({
            "default_currency": {"value": "RUB", "updated_at": "2019-02-13 13:57:20"},
            "system_language": {"value": "RU", "updated_at": "2019-02-13 13:57:20"},
            "timezone": {"value": self.timezone(), "updated_at": "2019-02-13 13:57:20"},
        });
        if let (Some(all), Some(given)) = (settings.as_object_mut(), self.settings.as_object()) {
            // A bare value is taken for the setting's `value`; the API always nests it.
            all.extend(given.iter().filter(|(name, _)| *name != "timezone").map(|(name, value)| (name.clone(), value.clone())));
        }
        settings
    }
}

/// Gives numbers to entities that have none, above those that have; refuses doubled ones.
fn number(name: &str, entities: &mut [Entity]) -> Result<(), AccountError> {
    let mut last = 0;
    let mut seen = std::collections::BTreeSet::new();
    for (index, entity) in entities.iter().enumerate() {
        let Some(value) = entity.get("id") else { continue };
        let id = value.as_i64().ok_or_else(|| AccountError(format!("crm.{name}[{index}].id: {value} is no whole number")))?;
        if !seen.insert(id) {
            return Err(AccountError(format!("crm.{name}[{index}].id: {id} is taken by another")));
        }
        last = last.max(id);
    }
    for entity in entities.iter_mut().filter(|entity| !entity.contains_key("id")) {
        last += 1;
        entity.insert("id".into(), last.into());
    }
    Ok(())
}

/// An object as an entity.
pub(crate) fn entity(value: Value) -> Entity {
    match value {
        Value::Object(entity) => entity,
        _ => Entity::new(),
    }
}

/// Groups of a new account.
fn stock_groups() -> Vec<Entity> {
    let groups = [
        ("new", "Новый", true),
        ("approval", "Согласование", true),
        ("assembling", "Комплектация", true),
        ("delivery", "Доставка", true),
        ("complete", "Выполнен", false),
        ("cancel", "Отменен", false),
    ];
    let rows = groups.iter().enumerate();
    rows.map(|(index, (code, name, process))| {
        entity(json!({"code": code, "name": name, "active": true, "ordering": (index + 1) * 10, "process": process}))
    })
    .collect()
}

/// Statuses of a new account.
fn stock_statuses() -> Vec<Entity> {
    let statuses = [
        ("new", "Новый", "new"),
        ("availability-confirmed", "Наличие подтверждено", "approval"),
        ("client-confirmed", "Согласовано с клиентом", "approval"),
        ("send-to-assembling", "Передано в комплектацию", "assembling"),
        ("assembling-complete", "Укомплектован", "assembling"),
        ("send-to-delivery", "Передан в доставку", "delivery"),
        ("delivering", "Доставляется", "delivery"),
        ("complete", "Выполнен", "complete"),
        ("no-call", "Недозвон", "cancel"),
        ("no-product", "Нет в наличии", "cancel"),
        ("cancel-other", "Отменен", "cancel"),
    ];
    let rows = statuses.iter().enumerate();
    rows.map(|(index, (code, name, group))| {
        entity(json!({"code": code, "name": name, "active": true, "ordering": (index + 1) * 10, "group": group}))
    })
    .collect()
}

/// Order types of a new account.
fn stock_order_types() -> Vec<Entity> {
    let types = [("eshop-individual", "Физическое лицо", true), ("eshop-legal", "Юридическое лицо", false)];
    let rows = types.iter();
    rows.map(|(code, name, default)| {
        entity(json!({"code": code, "name": name, "active": true, "defaultForCrm": default, "defaultForApi": default}))
    })
    .collect()
}

/// Order methods of a new account.
fn stock_order_methods() -> Vec<Entity> {
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
    methods.iter().map(|(code, name)| entity(json!({"code": code, "name": name, "active": true, "isFromPos": false}))).collect()
}

fn stock_scopes() -> Vec<String> {
    let names = [
        "order_read",
        "order_write",
        "customer_read",
        "customer_write",
        "reference_read",
        "integration_read",
        "integration_write",
        "telephony_read",
        "telephony_write",
        "user_read",
        "task_read",
        "task_write",
        "custom_fields_read",
        "custom_fields_write",
    ];
    names.iter().map(|&name| name.to_owned()).collect()
}
