//! One integration of one account: everything that outlives an event. Handlers reach it through the contract's imports only.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::SecretString;
use serde_json::Value;

use crate::account::AccountState;
use crate::bindings::exports::uis::integration::setup::Description;
use crate::clock::Clock;
use crate::plugin::limits::Limits;
use crate::rules::RuleSet;
use crate::services::connections::Connection;
use crate::services::endpoints::Endpoints;
use crate::services::storage::Storage;
use crate::services::timers::Timers;

/// Where remote systems reach the simulated platform; the integration's name follows.
const HOOKS: &str = "https://hooks.uis.example";

/// An integration.
pub struct Integration {
    /// Its name; several integrations of one account differ by it.
    pub name: String,
    /// The host's time.
    pub clock: Arc<dyn Clock>,
    /// The UIS account, shared by its integrations.
    pub account: Arc<Mutex<AccountState>>,
    /// Remote systems by the plugin's names for them.
    pub connections: BTreeMap<String, Connection>,
    /// What the plugin remembers.
    pub storage: Mutex<Storage>,
    /// Its timers.
    pub timers: Mutex<Timers>,
    /// What `setup.prepare` made of the settings in force.
    pub settings: Mutex<Arc<Vec<u8>>>,
    /// Our addresses and the secret they are protected by.
    pub endpoints: Endpoints,
    /// The account's rules.
    pub rules: Arc<RuleSet>,
    /// What a handler may use up.
    pub limits: Limits,
}

impl Integration {
    /// An integration of an account before its first event, with settings not yet prepared.
    pub fn new(
        name: &str,
        about: &Description,
        clock: Arc<dyn Clock>,
        account: Arc<Mutex<AccountState>>,
        connections: BTreeMap<String, Connection>,
        secret: SecretString,
        limits: &Limits,
    ) -> Integration {
        let callbacks = about.callbacks.iter().map(|callback| (callback.name.clone(), callback.secret_parameter.is_none()));
        Integration {
            name: name.to_owned(),
            clock,
            account,
            connections,
            storage: Mutex::default(),
            timers: Mutex::default(),
            settings: Mutex::default(),
            endpoints: Endpoints { base: Integration::base(HOOKS, name), callbacks: callbacks.collect(), secret },
            rules: Arc::default(),
            limits: limits.clone(),
        }
    }

    /// What the addresses of an integration begin with, on a platform that is reached at `platform`.
    pub fn base(platform: &str, name: &str) -> String {
        format!("{platform}/{}", utf8_percent_encode(name, NON_ALPHANUMERIC))
    }

    /// What the settings page shows and nobody can change: of the schema's `readOnly` settings those that are addresses of ours
    /// (`x-endpoint` names the callback), as whoever copies them needs them: with the secret.
    pub fn shown_settings(&self, schema: &Value) -> BTreeMap<String, String> {
        let properties = schema["properties"].as_object().into_iter().flatten();
        let shown = properties.filter(|(_, property)| property["readOnly"] == Value::Bool(true));
        shown.filter_map(|(name, property)| Some((name.clone(), self.endpoints.full_url(property["x-endpoint"].as_str()?)?))).collect()
    }
}

/// Locks, whatever happened to another holder: every holder leaves the data whole between its statements.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
