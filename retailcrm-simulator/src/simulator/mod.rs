//! A running account: its state, its rate limits, its plan of faults, its clock, and the carrier of its requests. What it answers over
//! HTTP is built on top of it.

mod late;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::account::Account;
use crate::callbacks::Carrier;
use crate::faults::Faults;
use crate::limits::Buckets;
use crate::state::State;
use crate::state::outgoing::Outgoing;
use late::LateCommits;

pub(crate) use late::Admitted;

/// The present: the machine's, or a replay's.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// What a program changes in every account before it begins: its address, its limits.
pub type AccountSetup = Arc<dyn Fn(&mut Account) + Send + Sync>;

/// An account of RetailCRM. Clones share it.
#[derive(Clone)]
pub struct Simulator {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    /// Locked after the state, never before it.
    late: Mutex<LateCommits>,
    start: Mutex<Account>,
    faults: Mutex<Faults>,
    buckets: Mutex<Buckets>,
    clock: Clock,
    carrier: Option<Arc<dyn Carrier>>,
    setup: AccountSetup,
}

/// A panic of one request must not end the account for the others.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Simulator {
    /// An account that runs by this clock. Its requests to others are recorded and not sent.
    pub fn new(account: Account, clock: Clock) -> Simulator {
        Simulator::with(account, clock, None, Arc::new(|_| {}))
    }

    /// The same, with a carrier that sends its requests to others, and a setup that is applied to every account that it begins with.
    pub fn with(mut account: Account, clock: Clock, carrier: Option<Arc<dyn Carrier>>, setup: AccountSetup) -> Simulator {
        setup(&mut account);
        let shared = Shared {
            state: Mutex::new(State::new(account.clone())),
            late: Mutex::default(),
            start: Mutex::new(account),
            faults: Mutex::default(),
            buckets: Mutex::default(),
            clock,
            carrier,
            setup,
        };
        Simulator { shared: Arc::new(shared) }
    }

    /// Replaces the plan of faults; an empty object ends all faults.
    pub fn misbehave(&self, faults: &Value) -> Result<(), String> {
        let faults = Faults::read(faults)?;
        *self.faults() = faults;
        Ok(())
    }

    /// The whole account, by RetailCRM's names.
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

    /// Gives the account another address.
    pub fn move_to(&self, address: &str) {
        self.state().account.public_url = Some(address.trim_end_matches('/').to_owned());
    }

    /// Starts again with another account.
    pub fn begin(&self, mut account: Account) {
        (self.shared.setup)(&mut account);
        *lock(&self.shared.start) = account;
        self.restart();
    }

    /// Returns to the account's beginning.
    pub fn restart(&self) {
        let account = lock(&self.shared.start).clone();
        let mut state = self.state();
        lock(&self.shared.late).forget();
        *state = State::new(account);
    }

    /// Empties the account: what is configured stays, what happened goes.
    pub(crate) fn empty(&self) {
        let mut state = self.state();
        lock(&self.shared.late).forget();
        state.empty();
    }

    /// The account as it is now: late commits that are due have been made.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        let mut state = lock(&self.shared.state);
        lock(&self.shared.late).commit_due(&mut state, || self.now());
        state
    }

    /// Commits a request at a later time (see `commitsAfterMs` in a plan of faults).
    pub(crate) fn commit_later(&self, request: Admitted, due: DateTime<Utc>) {
        lock(&self.shared.late).add(request, due);
        // Every look at the account commits what is due by then. Only requests of triggers must not wait for the next look.
        if self.shared.carrier.is_some() {
            let simulator = self.clone();
            tokio::spawn(async move { simulator.commit_on_time(due).await });
        }
    }

    async fn commit_on_time(&self, due: DateTime<Utc>) {
        while let Ok(left) = (due - self.now()).to_std()
            && !left.is_zero()
        {
            tokio::time::sleep(left).await;
        }
        self.send_callbacks();
    }

    /// Commits every late request that is still outstanding, each at the time at which it is due. Afterwards the account is as it will be
    /// once nothing is under way any more.
    pub fn commit_outstanding(&self) {
        let mut state = lock(&self.shared.state);
        lock(&self.shared.late).commit_all(&mut state);
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.shared.faults)
    }

    pub(crate) fn buckets(&self) -> MutexGuard<'_, Buckets> {
        lock(&self.shared.buckets)
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        (self.shared.clock)()
    }

    /// Requests that are still to be sent; they count as taken from now on.
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

    /// Sends the account's requests without waiting for their outcome.
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

    /// Sends the account's requests and waits for their outcome.
    pub(crate) async fn send_callbacks_and_wait(&self) {
        self.carry(self.untaken()).await;
    }

    /// Sends requests one after the other, in the order in which they were queued.
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
