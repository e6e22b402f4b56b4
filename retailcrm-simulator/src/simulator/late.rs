//! Late commits: requests that are committed some time after their connection broke. The plan of faults asks for them
//! (`commitsAfterMs`).
//!
//! Locking the account first commits every request that is due, in the order of the due times and with those times as the present. So
//! the account always agrees with its clock, and a replay that advances a virtual clock needs to call nothing.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::api::Endpoint;
use crate::context::Context;
use crate::history::Actor;
use crate::state::State;
use crate::wire::{ApiResult, Call};

/// A request that passed the key, the rate limit and the scope.
#[derive(Debug)]
pub(crate) struct Admitted {
    /// The API's method.
    pub endpoint: &'static Endpoint,
    /// What was asked.
    pub call: Call,
    /// Parts of the path by their names.
    pub path: Vec<(String, String)>,
    /// Who asks.
    pub actor: Actor,
    /// Codes of the shops that the actor sees.
    pub sites: Vec<String>,
}

impl Admitted {
    /// Does what the request asks for.
    pub fn commit(self, state: &mut State, now: DateTime<Utc>) -> ApiResult {
        let Admitted { endpoint, call, path, actor, sites } = self;
        endpoint.serve(&mut Context { state, call: &call, path: &path, now, actor, sites })
    }
}

/// Requests that are still to be committed, by the time at which they are due; of one time, in the order of their arrival.
#[derive(Debug, Default)]
pub(super) struct LateCommits {
    outstanding: BTreeMap<(DateTime<Utc>, u64), Admitted>,
    number: u64,
}

impl LateCommits {
    pub fn add(&mut self, request: Admitted, due: DateTime<Utc>) {
        self.number += 1;
        self.outstanding.insert((due, self.number), request);
    }

    /// Commits what is due. The clock is read only when something is outstanding.
    pub fn commit_due(&mut self, state: &mut State, now: impl FnOnce() -> DateTime<Utc>) {
        if !self.outstanding.is_empty() {
            self.commit_until(state, now());
        }
    }

    /// Commits everything, each request at its own time.
    pub fn commit_all(&mut self, state: &mut State) {
        self.commit_until(state, DateTime::<Utc>::MAX_UTC);
    }

    fn commit_until(&mut self, state: &mut State, now: DateTime<Utc>) {
        while let Some(first) = self.outstanding.first_entry()
            && first.key().0 <= now
        {
            let ((due, _), request) = first.remove_entry();
            // The connection is closed, so the answer is dropped, even a refusal.
            let _ = request.commit(state, due);
        }
    }

    /// Drops all outstanding commits, because the account starts again.
    pub fn forget(&mut self) {
        self.outstanding.clear();
    }
}
