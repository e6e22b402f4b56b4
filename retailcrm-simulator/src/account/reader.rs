//! Reading an account's description: members are taken one by one, and what is left is unknown.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::references::KINDS;
use super::{Account, AccountError, ApiKey, DEFAULT_KEY, LISTS, Texts, all_scopes, stock};
use crate::entity::Entity;
use crate::limits::RateLimit;

/// The items of a list of objects, as text.
pub(super) fn texts_of(name: &str, list: &str) -> Result<Texts, AccountError> {
    let items: Vec<Box<RawValue>> =
        serde_json::from_str(list).map_err(|_| AccountError(format!("crm.{name}: expected a list of objects")))?;
    match items.iter().position(|item| !item.get().starts_with('{')) {
        Some(index) => Err(AccountError(format!("crm.{name}[{index}]: expected an object"))),
        None => Ok(Arc::new(items)),
    }
}

/// Takes a description apart, member by member; what is left is unknown.
pub(super) struct Reader {
    pub members: Map<String, Value>,
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
        if main.is_none() && !keys.is_empty() && scopes.is_some() {
            return Err(AccountError("crm.scopes: they are apiKey's; each of apiKeys has scopes of its own".into()));
        }
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

    pub fn account(mut self, calls: Texts, call_events: Texts) -> Result<Account, AccountError> {
        let mut account = Account { keys: self.keys()?, calls, call_events, ..Account::default() };
        if let Some(url) = self.take::<String>("publicUrl")? {
            account.public_url = Some(url.trim_end_matches('/').to_owned());
        }
        if let Some(url) = self.take::<String>("technicalUrl")? {
            account.technical_url = Some(url.trim_end_matches('/').to_owned());
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
        account.counters = self.take("counters")?.unwrap_or_default();
        account.open_popups = self.take("openPopups")?.unwrap_or_default();
        account.triggers = self.take("triggers")?.unwrap_or_default();
        if let Some(limit) = self.take::<RateLimit>("rateLimit")? {
            account.rate_limit = Some(limit);
        }
        account.lenient_history_page = self.take("lenientHistoryPage")?.unwrap_or(false);
        account.phone_filter = self.take("phoneFilter")?.unwrap_or(false);
        // A dump also has the requests that were made; an account does not start with them.
        self.members.remove("callbacks");
        if let Some(unknown) = self.members.keys().next() {
            let known = KINDS.iter().map(|kind| kind.list).chain(LISTS).collect::<Vec<_>>().join(", ");
            return Err(AccountError(format!(
                "crm: unknown field `{unknown}`, expected one of apiKey, apiKeys, scopes, publicUrl, technicalUrl, settings, history, triggers, rateLimit, lenientHistoryPage, phoneFilter, calls, callEvents, {known}"
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
        for book in ["sites", "priceTypes"] {
            number(book, self.references.of_mut(book))?;
        }
        for (index, trigger) in self.triggers.iter().enumerate() {
            trigger.check().map_err(|complaint| AccountError(format!("crm.triggers[{index}]: {complaint}")))?;
        }
        if let Some(limit) = &self.rate_limit
            && !matches!(limit.status, 429 | 503)
        {
            return Err(AccountError(format!("crm.rateLimit.status: expected 503 or 429, not {}", limit.status)));
        }
        self.check_entities()?;
        for (index, key) in self.keys.iter().enumerate() {
            if let Some(unknown) = key.scopes.iter().find(|scope| !stock::SCOPES.contains(&scope.as_str())) {
                return Err(AccountError(format!(
                    "crm.apiKeys[{index}].scopes: there is no scope {unknown:?}; there are: {}",
                    stock::SCOPES.join(", ")
                )));
            }
            if self.keys[..index].iter().any(|known| known.key == key.key) {
                return Err(AccountError(format!("crm.apiKeys[{index}].key: it is there twice")));
            }
            if let Some(unknown) = key.sites.iter().find(|code| self.references.find("sites", code).is_none()) {
                return Err(AccountError(format!("crm.apiKeys[{index}].sites: there is no shop {unknown:?}")));
            }
        }
        Ok(())
    }
}

impl Account {
    /// Entities belong to shops that there are, and an externalId is one entity's inside its shop.
    fn check_entities(&self) -> Result<(), AccountError> {
        let main = self.references.default_of("sites", "defaultForCrm").unwrap_or_default();
        for name in ["customers", "customersCorporate", "orders"] {
            let mut seen = std::collections::BTreeSet::new();
            for (index, entity) in self.lists.get(name).into_iter().flatten().enumerate() {
                let wrong = |place: &str, complaint: String| AccountError(format!("crm.{name}[{index}].{place}: {complaint}"));
                let text = |member: &str| crate::entity::text(entity, member);
                let site = if text("site").is_empty() { main } else { text("site") };
                if self.references.find("sites", site).is_none() {
                    return Err(wrong("site", format!("there is no shop {site:?}")));
                }
                if !text("externalId").is_empty() && !seen.insert((site.to_owned(), text("externalId").to_owned())) {
                    return Err(wrong("externalId", format!("{:?} is taken by another in shop {site:?}", text("externalId"))));
                }
                for list in ["items", "payments", "phones"] {
                    let members = entity.get(list).and_then(Value::as_array).into_iter().flatten();
                    if let Some(place) = members.enumerate().find(|(_, member)| !member.is_object()).map(|(place, _)| place) {
                        return Err(wrong(&format!("{list}[{place}]"), "expected an object".into()));
                    }
                }
                for (place, item) in entity.get("items").and_then(Value::as_array).into_iter().flatten().enumerate() {
                    for sum in ["initialPrice", "quantity", "discountManualAmount", "discountManualPercent", "purchasePrice"] {
                        if !item[sum].is_null() && !item[sum].is_number() {
                            return Err(wrong(&format!("items[{place}].{sum}"), format!("{} is no number", item[sum])));
                        }
                    }
                }
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
