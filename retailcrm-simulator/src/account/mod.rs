//! How an account begins. Entities have RetailCRM's shapes; what is not given is as in a new account. `GET /_simulator/state` answers
//! a description of this form.

pub mod books;
mod reader;
pub mod references;
pub mod stock;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::entity::Entity;
use crate::limits::RateLimit;
use crate::triggers::Trigger;
use reader::{Reader, texts_of};
use references::References;

/// Lists of an account besides the reference books, by their members' names.
pub const LISTS: [&str; 15] = [
    "users",
    "userGroups",
    "customers",
    "customersCorporate",
    "orders",
    "tasks",
    "taskComments",
    "notes",
    "corporateNotes",
    "offers",
    "customFields",
    "customDictionaries",
    "popups",
    "modules",
    "notifications",
];

/// An account before anything happened.
#[derive(Debug, Clone)]
pub struct Account {
    /// The keys that requests may show; the first is the account's main one.
    pub keys: Vec<ApiKey>,
    /// The address that its links lead to, when it was given one.
    pub public_url: Option<String>,
    /// The address that stays when the account gets another domain; when it was given none, it is the account's own address.
    pub technical_url: Option<String>,
    /// The address under which it listens: its own while it was given none.
    pub listens_at: Option<String>,
    /// `GET /settings`'s object.
    pub settings: Value,
    /// The reference books.
    pub references: References,
    /// Users, customers, orders, …: the names are those of [`LISTS`].
    pub lists: BTreeMap<&'static str, Vec<Entity>>,
    /// The history of calls, and events of calls: as text, for there may be a million.
    pub calls: Texts,
    /// Events of calls as they came.
    pub call_events: Texts,
    /// The history so far: `customers`, `customersCorporate`, `orders`, `tasks` with records as the API writes them.
    pub history: BTreeMap<String, Vec<Value>>,
    /// The last ids given, where entities with greater ids were deleted: an id is not given twice.
    pub counters: BTreeMap<String, i64>,
    /// Open pop-ups, by their places, and the calls that they are of.
    pub open_popups: Vec<(usize, String)>,
    /// Triggers as configured in the settings.
    pub triggers: Vec<Trigger>,
    /// How many requests a second a key may make; `None`: no limit.
    pub rate_limit: Option<RateLimit>,
    /// Whether `page=1` is accepted beside `filter[sinceId]`. The official Python client always writes it.
    pub lenient_history_page: bool,
    /// Whether `filter[phone]` is understood. No official client has it, though an integrator reports that it worked.
    pub phone_filter: bool,
}

/// A key and what it may do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiKey {
    /// The key.
    pub key: String,
    /// Scopes; all when not given.
    #[serde(default = "all_scopes")]
    pub scopes: Vec<String>,
    /// Codes of the shops it is restricted to; all shops when empty.
    #[serde(default)]
    pub sites: Vec<String>,
}

fn all_scopes() -> Vec<String> {
    stock::SCOPES.iter().map(|&scope| scope.to_owned()).collect()
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
            keys: vec![ApiKey { key: DEFAULT_KEY.into(), scopes: all_scopes(), sites: Vec::new() }],
            public_url: None,
            technical_url: None,
            listens_at: None,
            counters: BTreeMap::new(),
            open_popups: Vec::new(),
            settings: json!({}),
            references: stock::references(),
            lists: BTreeMap::from([("userGroups", stock::user_groups())]),
            calls: Texts::default(),
            call_events: Texts::default(),
            history: BTreeMap::new(),
            triggers: Vec::new(),
            rate_limit: None,
            lenient_history_page: false,
            phone_filter: false,
        }
    }
}

impl Account {
    /// An account to try things with: a new one with two users.
    pub fn demo() -> Account {
        let users = json!([
            {"id": 1, "email": "admin@example.com", "firstName": "Анна", "lastName": "Администратор", "active": true, "isAdmin": true, "isManager": false, "online": true, "status": "free",
             "groups": [{"id": 1, "name": "Администраторы", "code": "superadmins"}]},
            {"id": 2, "email": "manager@example.com", "firstName": "Мария", "lastName": "Менеджер", "active": true, "isAdmin": false, "isManager": true, "online": true, "status": "free",
             "groups": [{"id": 3, "name": "Менеджеры", "code": "manager"}]},
        ]);
        let users = users.as_array().into_iter().flatten().cloned().map(crate::entity::entity).collect();
        let mut account = Account::default();
        account.lists.insert("users", users);
        account
    }

    /// Reads a description: an object whose members are those of [`Account`] by RetailCRM's names.
    pub fn read(description: &Value) -> Result<Account, AccountError> {
        let mut members = description.as_object().ok_or_else(|| AccountError("crm: expected an object".into()))?.clone();
        let texts = |members: &mut Map<String, Value>, name: &str| match members.remove(name) {
            None | Some(Value::Null) => Ok(Texts::default()),
            Some(value) => texts_of(name, &value.to_string()),
        };
        let (calls, events) = (texts(&mut members, "calls")?, texts(&mut members, "callEvents")?);
        Reader { members }.account(calls, events)
    }

    /// Reads a file's text. Errors name the line. Calls are not taken apart.
    pub fn parse(text: &str) -> Result<Account, AccountError> {
        let wrong = |error: serde_json::Error| AccountError(error.to_string());
        let mut members = Map::new();
        let (mut calls, mut events) = (Texts::default(), Texts::default());
        for (name, value) in serde_json::from_str::<BTreeMap<String, &RawValue>>(text).map_err(wrong)? {
            match name.as_str() {
                "calls" => calls = texts_of(&name, value.get())?,
                "callEvents" => events = texts_of(&name, value.get())?,
                _ => drop(members.insert(name, serde_json::from_str(value.get()).map_err(wrong)?)),
            }
        }
        Reader { members }.account(calls, events)
    }

    /// The account's own address.
    pub fn url(&self) -> String {
        self.public_url.as_ref().or(self.listens_at.as_ref()).cloned().unwrap_or_else(|| DEFAULT_URL.into())
    }

    /// The zone of the account's date-times.
    pub fn timezone(&self) -> String {
        let setting = &self.settings["timezone"];
        setting["value"].as_str().or(setting.as_str()).unwrap_or("Europe/Moscow").to_owned()
    }

    /// The currency of sums.
    pub fn currency(&self) -> String {
        let setting = &self.settings["default_currency"];
        setting["value"].as_str().or(setting.as_str()).unwrap_or("RUB").to_uppercase()
    }

    /// `GET /settings`'s object, complete.
    pub fn settings(&self) -> Value {
        let since = "2019-02-13 13:57:20";
        let mut settings = json!({
            "default_currency": {"value": self.currency(), "updated_at": since},
            "system_language": {"value": "RU", "updated_at": since},
            "timezone": {"value": self.timezone(), "updated_at": since},
            "work_times": [],
            "non_working_days": [],
            "mg": {"order_creation": {"default": {"site": self.references.default_of("sites", "defaultForCrm")}, "channels": []}},
        });
        if let (Some(all), Some(given)) = (settings.as_object_mut(), self.settings.as_object()) {
            for (name, value) in given {
                // A bare value is taken for the setting's `value`; the API always nests it.
                let mut value = if value.is_string() { json!({"value": value}) } else { value.clone() };
                if value.get("value").is_some() && value.get("updated_at").is_none() {
                    value["updated_at"] = since.into();
                }
                all.insert(name.clone(), value);
            }
        }
        settings
    }
}

/// Entities as JSON text.
pub type Texts = Arc<Vec<Box<RawValue>>>;
