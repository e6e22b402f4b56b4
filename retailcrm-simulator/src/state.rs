//! The account as it stands, and how it changes.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, SecondsFormat, Utc};
use chrono_tz::Tz;
use serde_json::{Value, json};

use crate::account::{Account, Entity, entity};
use crate::phone;

/// An account of RetailCRM.
#[derive(Debug)]
pub struct State {
    /// What it began with; users, shops, customers, orders and tasks live on in it.
    pub account: Account,
    /// The history of calls, in order of upload.
    pub calls: Vec<Entity>,
    /// `externalId`s of the calls.
    pub call_ids: BTreeSet<String>,
    /// Events as they came, and when.
    pub call_events: Vec<Entity>,
    /// What managers saw and see.
    pub popups: Vec<Popup>,
    /// Notes on customers.
    pub notes: Vec<Entity>,
    /// Registered modules by code.
    pub modules: BTreeMap<String, Entity>,
    last_note: i64,
}

/// A pop-up.
#[derive(Debug, Clone)]
pub struct Popup {
    /// Who saw it.
    pub user_id: i64,
    /// Which call; the phone stands in for a missing id.
    pub call: String,
    /// The customer's number as it was told.
    pub phone: String,
    /// When it opened.
    pub shown_at: String,
    /// When it closed.
    pub closed_at: Option<String>,
}

impl State {
    /// A new account.
    pub fn new(mut account: Account) -> State {
        let calls = std::mem::take(&mut account.calls);
        let notes = std::mem::take(&mut account.notes);
        let modules = std::mem::take(&mut account.modules).into_iter();
        State {
            call_ids: calls.iter().filter_map(|call| call.get("externalId")?.as_str().map(str::to_owned)).collect(),
            calls,
            call_events: Vec::new(),
            popups: Vec::new(),
            last_note: notes.iter().filter_map(id_of).max().unwrap_or(0),
            notes,
            modules: modules.filter_map(|module| Some((module.get("code")?.as_str()?.to_owned(), module))).collect(),
            account,
        }
    }

    /// The zone of the account's date-times.
    pub fn zone(&self) -> Tz {
        // The account was refused when it named another.
        self.account.timezone().parse().unwrap_or(chrono_tz::Europe::Moscow)
    }

    /// A time as the API writes it: `Y-m-d H:i:s` in the account's zone.
    pub fn date_time(&self, now: DateTime<Utc>) -> String {
        now.with_timezone(&self.zone()).format("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// A time with its offset, for what the API has no shape for.
    pub fn moment(&self, now: DateTime<Utc>) -> String {
        now.with_timezone(&self.zone()).to_rfc3339_opts(SecondsFormat::Secs, false)
    }

    /// Users whom an event concerns: by id, and by the extensions of active modules. Gives those found, and what was not.
    pub fn users_of(&self, codes: &[String], ids: &[i64]) -> (BTreeSet<i64>, Vec<String>, Vec<i64>) {
        let (mut found, mut no_codes, mut no_users) = (BTreeSet::new(), Vec::new(), Vec::new());
        for code in codes {
            match self.user_of_code(code) {
                Some(user) => found.extend([user]),
                None => no_codes.push(code.clone()),
            }
        }
        for id in ids {
            match self.user(*id) {
                Some(_) => found.extend([*id]),
                None => no_users.push(*id),
            }
        }
        (found, no_codes, no_users)
    }

    /// A user.
    pub fn user(&self, id: i64) -> Option<&Entity> {
        self.account.users.iter().find(|user| id_of(user) == Some(id))
    }

    /// Extensions of active modules: code and user.
    fn codes(&self) -> impl Iterator<Item = (&str, i64)> {
        let active = self.modules.values().filter(|module| module.get("active") != Some(&Value::Bool(false)));
        active.filter_map(|module| module.get("integrations")?.get("telephony")?.get("additionalCodes")?.as_array()).flatten().filter_map(
            |row| {
                // Clients write the id as a number or as text.
                let user = row["userId"].as_i64().or_else(|| row["userId"].as_str()?.parse().ok())?;
                Some((row["code"].as_str()?, user))
            },
        )
    }

    /// Whose extension it is.
    pub fn user_of_code(&self, code: &str) -> Option<i64> {
        self.codes().find(|(known, _)| *known == code).map(|(_, user)| user).filter(|user| self.user(*user).is_some())
    }

    /// A user's extension.
    pub fn code_of_user(&self, user: i64) -> Option<String> {
        self.codes().find(|(_, known)| *known == user).map(|(code, _)| code.to_owned())
    }

    /// Opens a pop-up for each of the users who can see one: active, and not known to be offline.
    pub fn open_popups(&mut self, users: &BTreeSet<i64>, call: &str, phone: &str, now: DateTime<Utc>) {
        let shown_at = self.moment(now);
        for &user_id in users {
            let sees = self
                .user(user_id)
                .is_some_and(|user| user.get("active") != Some(&Value::Bool(false)) && user.get("online") != Some(&Value::Bool(false)));
            let open = self.popups.iter().any(|popup| popup.user_id == user_id && popup.call == call && popup.closed_at.is_none());
            if sees && !open {
                self.popups.push(Popup { user_id, call: call.into(), phone: phone.into(), shown_at: shown_at.clone(), closed_at: None });
            }
        }
    }

    /// Closes the pop-ups of a call for these users; for all when none are named.
    pub fn close_popups(&mut self, users: &BTreeSet<i64>, named: bool, call: &str, now: DateTime<Utc>) {
        let closed_at = self.moment(now);
        let concerned = |popup: &&mut Popup| popup.call == call && popup.closed_at.is_none() && (!named || users.contains(&popup.user_id));
        for popup in self.popups.iter_mut().filter(concerned) {
            popup.closed_at = Some(closed_at.clone());
        }
    }

    /// The customer who has this phone; the oldest of several.
    pub fn customer_by_phone(&self, number: &str) -> Option<&Entity> {
        let key = phone::key(number);
        let has = |customer: &&Entity| !key.is_empty() && phones_of(customer).any(|known| phone::key(known) == key);
        self.account.customers.iter().filter(has).min_by_key(|customer| id_of(customer))
    }

    /// Adds a note and gives its id.
    pub fn add_note(&mut self, mut note: Entity, now: DateTime<Utc>) -> i64 {
        self.last_note += 1;
        note.insert("id".into(), self.last_note.into());
        note.insert("createdAt".into(), self.date_time(now).into());
        self.notes.push(note);
        self.last_note
    }

    /// What stands in the account.
    pub fn to_json(&self) -> Value {
        let popups: Vec<Value> = self
            .popups
            .iter()
            .map(|popup| json!({"userId": popup.user_id, "phone": popup.phone, "shownAt": popup.shown_at, "closedAt": popup.closed_at}))
            .collect();
        json!({
            "customers": self.account.customers,
            "orders": self.account.orders,
            "tasks": self.account.tasks,
            "notes": self.notes,
            "calls": self.calls,
            "callEvents": self.call_events,
            "popups": popups,
            "modules": self.modules.values().collect::<Vec<_>>(),
        })
    }
}

/// An entity's id.
pub fn id_of(entity: &Entity) -> Option<i64> {
    entity.get("id")?.as_i64()
}

/// A customer's phones as they were typed.
pub fn phones_of(customer: &Entity) -> impl Iterator<Item = &str> {
    customer.get("phones").and_then(Value::as_array).into_iter().flatten().filter_map(|phone| phone["number"].as_str())
}

/// Some members of an entity, in this order; absent ones are left out.
pub fn pick(from: &Entity, members: &[&str]) -> Entity {
    entity(members.iter().filter_map(|name| Some(((*name).to_owned(), from.get(*name)?.clone()))).collect())
}
