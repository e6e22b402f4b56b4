//! RetailCRM's API v5 as a stateful server: what an integration meets, its rules and its habits, without an account.
//!
//! | room | what |
//! |---|---|
//! | [`account`] | how an account begins: its users, shops, customers, settings, reference books |
//! | [`state`] | the account as it stands, and what happened in it |
//! | `api` | the routes, one file per area of the API |
//! | `rules` | what an entity may hold, what a filter finds, how sums come about, whose shop it is |
//! | [`wire`] | what goes over the wire: parameters in, answers and errors out |
//! | [`limits`] | how many requests a key may make |
//! | [`faults`] | misbehaviour on demand |
//! | [`callbacks`], [`triggers`] | what the account asks of others |
//! | `control` | looking into the account and acting in it, under `/_simulator` |
//! | `pages` | the CRM's own pages, as far as modules have places in them |
//! | [`program`] | the program: its options, its listener, its log |
//! | [`phone`], [`entity`] | when two phones are one; entities as maps |

pub mod account;
pub(crate) mod api;
pub mod callbacks;
pub(crate) mod control;
pub mod entity;
pub mod faults;
pub mod limits;
pub(crate) mod pages;
pub mod phone;
pub mod program;
pub(crate) mod rules;
pub mod state;
pub mod triggers;
pub mod wire;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use chrono::{DateTime, Utc};
use http::Request;
use serde_json::Value;
use tower::ServiceExt;

pub use account::{Account, AccountError};
pub use callbacks::{Carrier, Outgoing};
pub use faults::Faults;
use limits::Buckets;
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
    start: Mutex<Account>,
    faults: Mutex<Faults>,
    buckets: Mutex<Buckets>,
    clock: Clock,
    carrier: Option<Arc<dyn Carrier>>,
    house: House,
}

/// What a program does to every account before it begins: its address, its limits.
pub type House = Arc<dyn Fn(&mut Account) + Send + Sync>;

impl Simulator {
    /// An account as described, living in this time. What it asks of others is only written down.
    pub fn new(account: Account, clock: Clock) -> Simulator {
        Simulator::with(account, clock, None, Arc::new(|_| {}))
    }

    /// The same, with somebody who carries its requests to others, and what is done to every account that it begins with.
    pub fn with(mut account: Account, clock: Clock, carrier: Option<Arc<dyn Carrier>>, house: House) -> Simulator {
        house(&mut account);
        let shared = Shared {
            state: Mutex::new(State::new(account.clone())),
            start: Mutex::new(account),
            faults: Mutex::default(),
            buckets: Mutex::default(),
            clock,
            carrier,
            house,
        };
        Simulator { shared: Arc::new(shared) }
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

    /// A user acts in the CRM: a request to the API, or to `/_simulator`, without a key. Who it is: `user`, else an administrator, else
    /// the first user. In an account without users it is the key's owner who acts.
    pub async fn act(&self, mut request: Request<Body>, user: Option<i64>) -> Response {
        let user = user.or_else(|| control::somebody(&self.state()));
        let router = match user {
            _ if request.uri().path().starts_with("/_simulator") => self.router(),
            Some(user) => {
                request.extensions_mut().insert(api::ActsAs(user));
                api::plain(self.clone())
            }
            None => {
                if let Ok(key) = http::HeaderValue::from_str(&self.api_key()) {
                    request.headers_mut().insert("x-api-key", key);
                }
                api::plain(self.clone())
            }
        };
        let Ok(answer) = router.oneshot(request).await;
        answer
    }

    /// What stands in the account, by RetailCRM's names.
    pub fn to_json(&self) -> Value {
        self.state().to_json()
    }

    /// The account's main key.
    pub fn api_key(&self) -> String {
        self.state().account.keys.first().map(|key| key.key.clone()).unwrap_or_default()
    }

    /// The account's own address.
    pub fn public_url(&self) -> String {
        self.state().account.url()
    }

    /// The account is at another address from now on.
    pub fn move_to(&self, address: &str) {
        self.state().account.public_url = Some(address.trim_end_matches('/').to_owned());
    }

    /// Begins anew with another account.
    pub fn begin(&self, mut account: Account) {
        (self.shared.house)(&mut account);
        *self.shared.start.lock().unwrap_or_else(PoisonError::into_inner) = account;
        self.restart();
    }

    /// Returns to the account's beginning.
    pub fn restart(&self) {
        let account = self.shared.start.lock().unwrap_or_else(PoisonError::into_inner).clone();
        *self.state() = State::new(account);
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        self.shared.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn buckets(&self) -> MutexGuard<'_, Buckets> {
        self.shared.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        (self.shared.clock)()
    }

    /// Requests that nobody has taken yet.
    fn untaken(&self) -> Vec<Outgoing> {
        let mut state = self.state();
        let untaken = state.callbacks.iter_mut().filter(|request| !request.taken);
        untaken
            .map(|request| {
                request.taken = true;
                request.clone()
            })
            .collect()
    }

    /// Sends what the account wants to tell the world, without waiting for what comes of it.
    pub(crate) fn send_callbacks(&self) {
        if self.shared.carrier.is_none() {
            return;
        }
        let untaken = self.untaken();
        if !untaken.is_empty() {
            let simulator = self.clone();
            tokio::spawn(async move { simulator.carry(untaken).await });
        }
    }

    /// The same, and waits.
    pub(crate) async fn send_callbacks_and_wait(&self) {
        self.carry(self.untaken()).await;
    }

    /// One after the other, in the order in which they came about.
    async fn carry(&self, requests: Vec<Outgoing>) {
        let Some(carrier) = &self.shared.carrier else { return };
        for request in requests {
            let number = request.number;
            let outcome = carrier.carry(request).await;
            if let Some(known) = self.state().callbacks.iter_mut().rev().find(|known| known.number == number) {
                known.outcome = Some(outcome);
            }
        }
    }
}
