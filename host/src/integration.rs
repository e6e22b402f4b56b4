//! One integration of one account: everything that outlives a single event. Handlers reach it only through the contract's imports.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::SecretString;
use serde_json::Value;

use crate::bindings::exports::uis::integration::setup::{Description, PreparedSettings};
use crate::bindings::uis::integration::types::Misconfiguration;
use crate::clock::{Clock, VirtualClock};
use crate::connection::Connection;
use crate::endpoints::Endpoints;
use crate::limits::{Limits, REASON_BYTES, SETTINGS_NOTES, cut};
use crate::memory::MemoryStore;
use crate::ports::{Absent, DealsApi, Decisions, Dialler, Directory, NoRules, Reports, Store};
use crate::sync::lock;

/// The platform's public address when nothing else is configured. The base of an integration's addresses is this address, a slash and the
/// integration's name.
const HOOKS: &str = "https://hooks.uis.example";

/// The UIS account of an integration, one port each. Several integrations of one account share it.
#[derive(Clone)]
pub struct UisAccount {
    /// Employees, lines, virtual numbers, chat channels.
    pub directory: Arc<dyn Directory>,
    /// UIS's reports of finished calls, chats and site requests.
    pub reports: Arc<dyn Reports>,
    /// Sales funnels and deals.
    pub deals: Arc<dyn DealsApi>,
    /// Starts calls.
    pub dialler: Arc<dyn Dialler>,
}

impl UisAccount {
    /// An account whose ports are all implemented by one value.
    pub fn of<T: Directory + Reports + DealsApi + Dialler + 'static>(all: Arc<T>) -> UisAccount {
        UisAccount { directory: all.clone(), reports: all.clone(), deals: all.clone(), dialler: all }
    }

    /// A placeholder without an account behind it, for functions of a plugin that belong to no integration (`setup.describe`,
    /// `setup.prepare`).
    pub fn absent() -> UisAccount {
        UisAccount::of(Arc::new(Absent))
    }
}

/// An integration: a name, its account, its store, its connections, its settings and its limits.
pub struct Integration {
    /// The name. It identifies the integration in the store and in its addresses, so it must be unique and must not change.
    pub name: String,
    /// The source of the current time.
    pub clock: Arc<dyn Clock>,
    /// The UIS account. Integrations of one account share it.
    pub account: UisAccount,
    /// Holds everything that must survive a restart: kept events, the plugin's storage, timers, the state.
    pub store: Arc<dyn Store>,
    /// Connections to remote systems, by the names that `setup.describe` gives them.
    pub connections: HashMap<String, Connection>,
    /// The settings in force, in the form that the plugin's `setup.prepare` returned.
    pub settings: Mutex<Arc<Vec<u8>>>,
    /// The public addresses of the integration and the secret that protects them.
    pub endpoints: Endpoints,
    /// The partner's rules of the account.
    pub rules: Arc<dyn Decisions>,
    /// Limits of one handler.
    pub limits: Limits,
}

impl Integration {
    /// A new integration: settings not yet prepared, no connections, no rules, and a store in memory. Set the fields that differ before you
    /// share it. `about` is the plugin's [`description`](crate::plugin::Plugin::description); `secret` protects the integration's public
    /// addresses.
    pub fn new(
        name: &str,
        about: &Description,
        clock: Arc<dyn Clock>,
        account: UisAccount,
        secret: SecretString,
        limits: &Limits,
    ) -> Integration {
        let callbacks = about.callbacks.iter().map(|callback| (callback.name.clone(), callback.secret_parameter.is_none()));
        Integration {
            name: name.to_owned(),
            clock,
            account,
            store: Arc::new(MemoryStore::default()),
            connections: HashMap::new(),
            settings: Mutex::default(),
            endpoints: Endpoints { base: Integration::base(HOOKS, name), callbacks: callbacks.collect(), secret },
            rules: Arc::new(NoRules),
            limits: limits.clone(),
        }
    }

    /// A placeholder for functions of a plugin that call no import: no account, no connections, an empty store.
    pub fn detached(limits: &Limits) -> Integration {
        Integration {
            name: String::new(),
            clock: Arc::new(VirtualClock::default()),
            account: UisAccount::absent(),
            store: Arc::new(MemoryStore::default()),
            connections: HashMap::new(),
            settings: Mutex::default(),
            endpoints: Endpoints { base: String::new(), callbacks: Vec::new(), secret: String::new().into() },
            rules: Arc::new(NoRules),
            limits: limits.clone(),
        }
    }

    /// Puts settings into force that `setup.prepare` returned. Events that begin later use them. Returns what the account's owner should
    /// know about them and need not correct, such as what was migrated from settings of an older version: at most
    /// [`SETTINGS_NOTES`] notes, each message of at most [`REASON_BYTES`].
    #[must_use = "show the notes to the account's owner"]
    pub fn set_settings(&self, prepared: PreparedSettings) -> Vec<Misconfiguration> {
        *lock(&self.settings) = Arc::new(prepared.bytes);
        let mut notes = prepared.notes;
        notes.truncate(SETTINGS_NOTES);
        for note in &mut notes {
            note.message = cut(&note.message, REASON_BYTES).to_owned();
        }
        notes
    }

    /// The base of an integration's addresses, on a platform whose public address is `platform`: `{platform}/{name}`, the name
    /// percent-encoded.
    pub fn base(platform: &str, name: &str) -> String {
        format!("{platform}/{}", utf8_percent_encode(name, NON_ALPHANUMERIC))
    }

    /// Values of the settings that the settings page shows for copying and nobody can edit: the schema's properties with `readOnly` and
    /// `x-endpoint`. Each value is the full address of the callback that `x-endpoint` names, with the secret in it.
    pub fn shown_settings(&self, schema: &Value) -> BTreeMap<String, String> {
        let properties = schema["properties"].as_object().into_iter().flatten();
        let shown = properties.filter(|(_, property)| property["readOnly"] == Value::Bool(true));
        shown.filter_map(|(name, property)| Some((name.clone(), self.endpoints.full_url(property["x-endpoint"].as_str()?)?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_put_into_force_whatever_their_notes_say() {
        let integration = Integration::detached(&Limits::default());
        let note = |index: usize| Misconfiguration { setting: format!("s{index}"), message: "я".repeat(1000) };
        let notes = integration.set_settings(PreparedSettings { bytes: b"new".to_vec(), notes: (0..100).map(note).collect() });
        assert_eq!(lock(&integration.settings).as_slice(), b"new");
        assert_eq!((notes.len(), notes[63].setting.as_str()), (SETTINGS_NOTES, "s63"));
        assert_eq!(notes[0].message, "я".repeat(REASON_BYTES / 2));
        assert_eq!(integration.set_settings(PreparedSettings { bytes: Vec::new(), notes: Vec::new() }), []);
    }
}
