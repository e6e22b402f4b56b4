//! How an account begins. Entities have RetailCRM's shapes; whatever is not given is as in a new account. What the simulator tells of
//! its state (`GET /_simulator/state`) is such a description again.

pub mod references;
pub mod stock;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

pub use crate::entity::Entity;
use crate::limits::RateLimit;
use crate::triggers::Trigger;
use references::{KINDS, References};

/// Lists of an account besides the reference books, by their members' names.
pub const LISTS: [&str; 17] = [
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
    "segments",
    "files",
];

/// An account before anything happened.
#[derive(Debug, Clone)]
pub struct Account {
    /// The keys that requests may show; the first is the account's main one.
    pub keys: Vec<ApiKey>,
    /// The address that its links lead to.
    pub public_url: String,
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
    /// What happened before: `customers`, `customersCorporate`, `orders`, `tasks` with records as the API writes them.
    pub history: BTreeMap<String, Vec<Value>>,
    /// Triggers as somebody configured them in the settings.
    pub triggers: Vec<Trigger>,
    /// How many requests a second it takes; none: as many as come.
    pub rate_limit: Option<RateLimit>,
    /// Whether `page=1` beside `filter[sinceId]` is let pass. The official Python client always writes it.
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
            public_url: DEFAULT_URL.into(),
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
    /// An account for somebody who only wants to try: a new one with two users.
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

/// Entities as the texts that they came as.
pub type Texts = Arc<Vec<Box<RawValue>>>;

/// The items of a list of objects, as text.
fn texts_of(name: &str, list: &str) -> Result<Texts, AccountError> {
    let items: Vec<Box<RawValue>> =
        serde_json::from_str(list).map_err(|_| AccountError(format!("crm.{name}: expected a list of objects")))?;
    match items.iter().position(|item| !item.get().starts_with('{')) {
        Some(index) => Err(AccountError(format!("crm.{name}[{index}]: expected an object"))),
        None => Ok(Arc::new(items)),
    }
}

/// Takes a description apart, member by member; what is left is unknown.
struct Reader {
    members: Map<String, Value>,
}

impl Reader {
    fn take<T: for<'a> Deserialize<'a>>(&mut self, name: &str) -> Result<Option<T>, AccountError> {
        let Some(value) = self.members.remove(name).filter(|value| !value.is_null()) else { return Ok(None) };
        T::deserialize(value).map(Some).map_err(|error| AccountError(format!("crm.{name}: {error}")))
    }

    /// A list of entities; a map by code, as the API answers reference books, is one too.
    fn entities(&mut self, name: &str) -> Result<Option<Vec<Entity>>, AccountError> {
        let wrong = |place: String| AccountError(format!("crm.{place}: expected an object"));
        match self.members.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Array(items)) => {
                let entity = |(index, item): (usize, Value)| match item {
                    Value::Object(entity) => Ok(entity),
                    _ => Err(wrong(format!("{name}[{index}]"))),
                };
                items.into_iter().enumerate().map(entity).collect::<Result<_, _>>().map(Some)
            }
            Some(Value::Object(by_code)) => {
                let entity = |(code, item): (String, Value)| match item {
                    Value::Object(mut entity) => {
                        entity.entry("code").or_insert(code.into());
                        Ok(entity)
                    }
                    _ => Err(wrong(format!("{name}.{code}"))),
                };
                by_code.into_iter().map(entity).collect::<Result<_, _>>().map(Some)
            }
            Some(_) => Err(AccountError(format!("crm.{name}: expected a list of objects"))),
        }
    }

    fn keys(&mut self) -> Result<Vec<ApiKey>, AccountError> {
        let main: Option<String> = self.take("apiKey")?;
        let scopes: Option<Vec<String>> = self.take("scopes")?;
        let more: Option<Vec<ApiKey>> = self.take("apiKeys")?;
        let mut keys = more.unwrap_or_default();
        if main.is_some() || keys.is_empty() {
            let key = main.unwrap_or_else(|| DEFAULT_KEY.into());
            keys.retain(|known| known.key != key);
            keys.insert(0, ApiKey { key, scopes: scopes.unwrap_or_else(all_scopes), sites: Vec::new() });
        }
        if let Some(index) = keys.iter().position(|key| key.key.is_empty()) {
            return Err(AccountError(format!("crm.apiKeys[{index}].key: a key cannot be empty")));
        }
        Ok(keys)
    }

    fn account(mut self, calls: Texts, call_events: Texts) -> Result<Account, AccountError> {
        let mut account = Account { keys: self.keys()?, calls, call_events, ..Account::default() };
        if let Some(url) = self.take::<String>("publicUrl")? {
            account.public_url = url.trim_end_matches('/').to_owned();
        }
        if let Some(settings) = self.take::<Map<String, Value>>("settings")? {
            account.settings = Value::Object(settings);
        }
        for kind in &KINDS {
            if let Some(entries) = self.entities(kind.list)?.filter(|entries| kind.list != "sites" || !entries.is_empty()) {
                *account.references.of_mut(kind.list) = entries;
            }
        }
        for name in LISTS {
            if let Some(entities) = self.entities(name)? {
                account.lists.insert(name, entities);
            }
        }
        account.history = self.take("history")?.unwrap_or_default();
        account.triggers = self.take("triggers")?.unwrap_or_default();
        if let Some(limit) = self.take::<RateLimit>("rateLimit")? {
            account.rate_limit = Some(limit);
        }
        account.lenient_history_page = self.take("lenientHistoryPage")?.unwrap_or(false);
        account.phone_filter = self.take("phoneFilter")?.unwrap_or(false);
        // What a dump tells besides: it happened, and nothing follows from it.
        self.members.remove("callbacks");
        if let Some(unknown) = self.members.keys().next() {
            let known = KINDS.iter().map(|kind| kind.list).chain(LISTS).collect::<Vec<_>>().join(", ");
            return Err(AccountError(format!(
                "crm: unknown field `{unknown}`, expected one of apiKey, apiKeys, scopes, publicUrl, settings, history, triggers, rateLimit, lenientHistoryPage, phoneFilter, calls, callEvents, {known}"
            )));
        }
        account.check()?;
        Ok(account)
    }
}

impl Account {
    fn check(&mut self) -> Result<(), AccountError> {
        let zone = self.timezone();
        zone.parse::<chrono_tz::Tz>().map_err(|_| AccountError(format!("crm.settings.timezone: {zone:?} is no IANA time zone")))?;
        let numbered = ["users", "customers", "customersCorporate", "orders", "tasks", "notes", "corporateNotes", "modules"];
        for name in numbered {
            number(name, self.lists.entry(name).or_default())?;
        }
        number("sites", self.references.of_mut("sites"))?;
        for (index, trigger) in self.triggers.iter().enumerate() {
            trigger.check().map_err(|complaint| AccountError(format!("crm.triggers[{index}]: {complaint}")))?;
        }
        for (index, key) in self.keys.iter().enumerate() {
            if let Some(unknown) = key.sites.iter().find(|code| self.references.find("sites", code).is_none()) {
                return Err(AccountError(format!("crm.apiKeys[{index}].sites: there is no shop {unknown:?}")));
            }
        }
        Ok(())
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
