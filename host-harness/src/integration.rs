//! One integration of one account: everything that outlives an event. Handlers reach it through the contract's imports only.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::account::AccountState;
use crate::clock::Clock;
use crate::plugin::limits::Limits;
use crate::services::connections::Connection;
use crate::services::endpoints::Endpoints;
use crate::services::storage::Storage;
use crate::services::timers::Timers;

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
    /// What a handler may use up.
    pub limits: Limits,
}

/// Locks, whatever happened to another holder: every holder leaves the data whole between its statements.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
