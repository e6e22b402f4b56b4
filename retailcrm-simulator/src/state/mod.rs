//! The account now: its entities, the history of calls, pop-ups, modules, and the requests that it makes.

pub mod calls;
mod dump;
pub mod outgoing;
pub mod popups;
pub mod table;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, SecondsFormat, Utc};
use chrono_tz::Tz;
use serde_json::{Value, json};

use crate::account::{Account, ApiKey};
use crate::entity::{Entity, full_name, id_of, is, phones_of, text, whole};
use crate::history::{Actor, Change, History, Subject};
use crate::money::{self, PartIds};
use crate::phone;
use calls::{Calls, Kept};
use outgoing::Outgoing;
use popups::Popups;
use table::Table;

pub use dump::Dump;

/// An account of RetailCRM.
#[derive(Debug)]
pub struct State {
    /// Its configuration: keys, settings, reference books, triggers.
    pub account: Account,
    /// Users.
    pub users: Table,
    /// Customers.
    pub customers: Table,
    /// Corporate customers.
    pub corporate: Table,
    /// Orders.
    pub orders: Table,
    /// Tasks.
    pub tasks: Table,
    /// Notes on customers.
    pub notes: Table,
    /// Notes on corporate customers.
    pub corporate_notes: Table,
    /// The history of calls.
    pub calls: Calls,
    /// Events as they came, and when.
    pub call_events: Kept,
    /// Pop-ups.
    pub popups: Popups,
    /// Registered modules by code.
    pub modules: BTreeMap<String, Entity>,
    /// Notices sent to users.
    pub notifications: Vec<Entity>,
    /// What happened to customers, corporate customers, orders and tasks.
    pub histories: BTreeMap<Subject, History>,
    /// Requests that the account makes, in order; sent ones have their outcome.
    pub callbacks: Vec<Outgoing>,
    /// Ids of items and payments.
    pub part_ids: PartIds,
}

impl State {
    /// A new account.
    pub fn new(mut account: Account) -> State {
        let main = account.references.default_of("sites", "defaultForCrm").unwrap_or_default().to_owned();
        let mut lists = std::mem::take(&mut account.lists);
        let mut take = |name: &str| lists.remove(name).unwrap_or_default();
        // An entity that names no shop belongs to the main one.
        let in_shop = |mut entity: Entity| {
            if text(&entity, "site").is_empty() {
                entity.insert("site".into(), main.clone().into());
            }
            // The API shows an empty map as a list.
            if entity.get("customFields").is_some_and(Value::is_array) {
                entity.insert("customFields".into(), json!({}));
            }
            entity
        };
        let counters = std::mem::take(&mut account.counters);
        let last = |name: &str| counters.get(name).copied().unwrap_or(0);
        let modules = take("modules").into_iter().filter_map(|module| Some((module.get("code")?.as_str()?.to_owned(), module)));
        let mut orders: Vec<Entity> = take("orders").into_iter().map(in_shop).collect();
        let mut part_ids = PartIds::after(orders.iter().map(money::last_part).max().unwrap_or(0).max(last("parts")));
        for order in &mut orders {
            let number = id_of(order).map(|id| format!("{id}A")).unwrap_or_default();
            order.entry("number").or_insert(number.into());
            order.entry("status").or_insert(json!("new"));
            money::complete(&account.references, &mut part_ids, order);
        }
        State {
            users: Table::of(take("users")),
            customers: Table::of(take("customers").into_iter().map(in_shop)).begin_after(last("customers")),
            corporate: Table::of(take("customersCorporate").into_iter().map(in_shop)).begin_after(last("customersCorporate")),
            orders: Table::of(orders).begin_after(last("orders")),
            tasks: Table::of(take("tasks")).begin_after(last("tasks")),
            notes: Table::of(take("notes")).begin_after(last("notes")),
            corporate_notes: Table::of(take("corporateNotes")).begin_after(last("corporateNotes")),
            calls: Calls::of(account.calls.clone()),
            call_events: Kept::of(account.call_events.clone()),
            popups: Popups::of(&take("popups"), &account.open_popups),
            modules: modules.collect(),
            notifications: take("notifications"),
            histories: Subject::ALL.map(|of| (of, History::of(account.history.remove(of.list()).unwrap_or_default()))).into(),
            callbacks: Vec::new(),
            part_ids,
            account: Account { lists, ..account },
        }
    }

    /// Removes everything that happened; the configuration stays.
    pub fn empty(&mut self) {
        let mut account = self.account.clone();
        account.lists.insert("users", self.users.iter().cloned().collect());
        account.history.clear();
        account.lists.remove("taskComments");
        (account.calls, account.call_events) = Default::default();
        *self = State::new(account);
    }

    /// Completes an order: parts get ids, sums are counted.
    pub fn complete_order(&mut self, order: &mut Entity) {
        money::complete(&self.account.references, &mut self.part_ids, order);
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

    /// The time of the newest record of any history, as the API writes it; empty before the first.
    pub fn last_moment(&self) -> String {
        let newest = self.histories.values().filter_map(|history| history.after(0).last());
        newest.map(|record| text(record.members(), "createdAt").to_owned()).max().unwrap_or_default()
    }

    /// A key that requests may show.
    pub fn key(&self, shown: &str) -> Option<&ApiKey> {
        self.account.keys.iter().find(|key| key.key == shown)
    }

    /// Codes of the shops that a key sees.
    pub fn sites_of<'a>(&'a self, key: Option<&'a ApiKey>) -> impl Iterator<Item = &'a str> {
        let all = self.account.references.codes("sites");
        all.filter(move |code| key.is_none_or(|key| key.sites.is_empty() || key.sites.iter().any(|site| site == code)))
    }

    /// Adds changes of one entity to the history. `recorded` is what its records show of the entity.
    pub fn log(&mut self, subject: Subject, changes: Vec<Change>, actor: &Actor, now: DateTime<Utc>, recorded: &Value) {
        let at = self.date_time(now);
        let history = self.histories.entry(subject).or_default();
        for change in changes {
            history.add(change, actor, &at, subject, recorded.clone());
        }
    }

    /// The users with these ids or with these extensions of an active module; then the extensions and the ids that no user has.
    pub fn users_of(&self, codes: &[String], ids: &[i64]) -> (BTreeSet<i64>, Vec<String>, Vec<i64>) {
        let (mut found, mut no_codes, mut no_users) = (BTreeSet::new(), Vec::new(), Vec::new());
        for code in codes {
            match self.user_of_code(code) {
                Some(user) => found.extend([user]),
                None => no_codes.push(code.clone()),
            }
        }
        for id in ids {
            match self.users.get(*id) {
                Some(_) => found.extend([*id]),
                None => no_users.push(*id),
            }
        }
        (found, no_codes, no_users)
    }

    /// Active modules.
    pub fn active_modules(&self) -> impl Iterator<Item = &Entity> {
        self.modules.values().filter(|module| is(module, "active", true) && !is(module, "freeze", false))
    }

    /// Extensions of active modules: code and user.
    fn codes(&self) -> impl Iterator<Item = (&str, i64)> {
        let rows =
            self.active_modules().filter_map(|module| module.get("integrations")?.get("telephony")?.get("additionalCodes")?.as_array());
        // Clients write the id as a number or as text.
        rows.flatten().filter_map(|row| Some((row["code"].as_str()?, whole(&row["userId"])?)))
    }

    /// The user who has this extension.
    pub fn user_of_code(&self, code: &str) -> Option<i64> {
        self.codes().find(|(known, _)| *known == code).map(|(_, user)| user).filter(|user| self.users.get(*user).is_some())
    }

    /// A user's extension.
    pub fn code_of_user(&self, user: i64) -> Option<String> {
        self.codes().find(|(_, known)| *known == user).map(|(code, _)| code.to_owned())
    }

    /// Whether a user sees pop-ups: active, and not known to be offline.
    pub fn sees_popups(&self, user: i64) -> bool {
        self.users.get(user).is_some_and(|user| is(user, "active", true) && is(user, "online", true))
    }

    /// The customer who has this phone, of these shops; the oldest of several.
    pub fn customer_by_phone(&self, number: &str, sites: &[String]) -> Option<&Entity> {
        let key = phone::key(number);
        // A number may be kept with 8 in place of 7: what follows is the same.
        let tail = if key.len() > 10 { &key[key.len() - 10..] } else { &key };
        let has = |customer: &&Entity| !key.is_empty() && phones_of(customer).any(|known| phone::key(known) == key);
        self.customers.with_digits(tail).filter(|customer| in_sites(customer, sites)).find(has)
    }

    /// A user's name for messages, or `user` and the id.
    pub fn user_named(&self, id: i64) -> String {
        let name = self.users.get(id).map(full_name).unwrap_or_default();
        if name.is_empty() { format!("user {id}") } else { name }
    }

    /// The whole account, to be serialised: a description of an account again.
    pub fn dump(&self) -> Dump<'_> {
        Dump(self)
    }

    /// The same as a value.
    pub fn to_json(&self) -> Value {
        serde_json::to_value(self.dump()).unwrap_or_default()
    }
}

/// Whether an entity belongs to one of these shops; one without a shop belongs to all.
pub fn in_sites(entity: &Entity, sites: &[String]) -> bool {
    let site = text(entity, "site");
    site.is_empty() || sites.iter().any(|code| code == site)
}

/// The id of an entity that is known to have one.
pub fn own_id(entity: &Entity) -> i64 {
    id_of(entity).unwrap_or_default()
}
