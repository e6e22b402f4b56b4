//! RetailCRM's API v5 as a stateful server: what an integration meets, its rules and its habits, without an account.
//!
//! | room | what |
//! |---|---|
//! | [`account`] | how an account begins: its users, shops, customers, settings |
//! | [`state`] | the account as it stands |
//! | [`api`] | the routes, one file per area of the API |
//! | [`wire`] | what goes over the wire: parameters in, answers and errors out |
//! | [`faults`] | misbehaviour on demand |
//! | [`phone`] | when two phones are one |

pub mod account;
pub mod api;
pub mod faults;
pub mod phone;
pub mod state;
pub mod wire;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use chrono::{DateTime, Utc};
use serde_json::Value;

pub use account::{Account, AccountError};
pub use faults::Faults;
use state::State;

/// The present: the machine's, or a replay's.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// An account of RetailCRM. Clones share it.
#[derive(Clone)]
pub struct Simulator {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    faults: Mutex<Faults>,
    clock: Clock,
}

impl Simulator {
    /// An account as described, living in this time.
    pub fn new(account: Account, clock: Clock) -> Simulator {
        Simulator { shared: Arc::new(Shared { state: Mutex::new(State::new(account)), faults: Mutex::default(), clock }) }
    }

    /// The account's server, for a listener or for calls within the process.
    pub fn router(&self) -> Router {
        api::router(self.clone())
    }

    /// From now on it misbehaves so; an empty object ends it.
    pub fn misbehave(&self, faults: &Value) -> Result<(), String> {
        let faults = Faults::read(faults)?;
        *self.faults() = faults;
        Ok(())
    }

    /// What stands in the account, by RetailCRM's names.
    pub fn to_json(&self) -> Value {
        self.state().to_json()
    }

    /// The account's key.
    pub fn api_key(&self) -> String {
        self.state().account.api_key.clone()
    }

    /// The account's own address.
    pub fn public_url(&self) -> String {
        self.state().account.public_url.clone()
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        self.shared.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        (self.shared.clock)()
    }
}
