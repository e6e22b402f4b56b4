//! One integration of one account: everything that outlives an event. Handlers reach it through the contract's imports only.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::SecretString;
use serde_json::Value;

use crate::bindings::exports::uis::integration::setup::Description;
use crate::clock::{Clock, VirtualClock};
use crate::connection::Connection;
use crate::endpoints::Endpoints;
use crate::limits::Limits;
use crate::memory::MemoryStore;
use crate::ports::{Absent, DealsApi, Decisions, Dialler, Directory, NoRules, Reports, Store};

/// Where remote systems reach the platform when nothing else is configured; the integration's name follows.
const HOOKS: &str = "https://hooks.uis.example";

/// The UIS account of an integration, port by port. Integrations of one account share it.
#[derive(Clone)]
pub struct UisAccount {
    /// People, numbers, channels.
    pub directory: Arc<dyn Directory>,
    /// UIS's reports.
    pub reports: Arc<dyn Reports>,
    /// Deals.
    pub deals: Arc<dyn DealsApi>,
    /// Starting calls.
    pub dialler: Arc<dyn Dialler>,
}

impl UisAccount {
    /// An account of which one value implements every port.
    pub fn of<T: Directory + Reports + DealsApi + Dialler + 'static>(all: Arc<T>) -> UisAccount {
        UisAccount { directory: all.clone(), reports: all.clone(), deals: all.clone(), dialler: all }
    }

    /// No account at all, for functions of a plugin that belong to no integration.
    pub fn absent() -> UisAccount {
        UisAccount::of(Arc::new(Absent))
    }
}

/// An integration.
pub struct Integration {
    /// Its name; several integrations of one account differ by it.
    pub name: String,
    /// The host's time.
    pub clock: Arc<dyn Clock>,
    /// The UIS account, shared by its integrations.
    pub account: UisAccount,
    /// Where everything that must survive a restart is.
    pub store: Arc<dyn Store>,
    /// Remote systems by the plugin's names for them.
    pub connections: BTreeMap<String, Connection>,
    /// What `setup.prepare` made of the settings in force.
    pub settings: Mutex<Arc<Vec<u8>>>,
    /// Its public addresses and the secret they are protected by.
    pub endpoints: Endpoints,
    /// The account's rules.
    pub rules: Arc<dyn Decisions>,
    /// What a handler may use up.
    pub limits: Limits,
}

impl Integration {
    /// An integration of an account before its first event, with settings not yet prepared, without connections and rules, and a store in
    /// memory. What is different is set before it is shared.
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
            connections: BTreeMap::new(),
            settings: Mutex::default(),
            endpoints: Endpoints { base: Integration::base(HOOKS, name), callbacks: callbacks.collect(), secret },
            rules: Arc::new(NoRules),
            limits: limits.clone(),
        }
    }

    /// No integration at all, for functions of a plugin that call no import: an absent account, no connections, an empty store.
    pub fn detached(limits: &Limits) -> Integration {
        Integration {
            name: String::new(),
            clock: Arc::new(VirtualClock::default()),
            account: UisAccount::absent(),
            store: Arc::new(MemoryStore::default()),
            connections: BTreeMap::new(),
            settings: Mutex::default(),
            endpoints: Endpoints { base: String::new(), callbacks: Vec::new(), secret: String::new().into() },
            rules: Arc::new(NoRules),
            limits: limits.clone(),
        }
    }

    /// What the addresses of an integration begin with, on a platform that is reached at `platform`.
    pub fn base(platform: &str, name: &str) -> String {
        format!("{platform}/{}", utf8_percent_encode(name, NON_ALPHANUMERIC))
    }

    /// What the settings page shows and nobody can change: of the schema's `readOnly` settings those that are addresses of the integration
    /// (`x-endpoint` names the callback), as whoever copies them needs them: with the secret.
    pub fn shown_settings(&self, schema: &Value) -> BTreeMap<String, String> {
        let properties = schema["properties"].as_object().into_iter().flatten();
        let shown = properties.filter(|(_, property)| property["readOnly"] == Value::Bool(true));
        shown.filter_map(|(name, property)| Some((name.clone(), self.endpoints.full_url(property["x-endpoint"].as_str()?)?))).collect()
    }
}
