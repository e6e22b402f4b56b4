//! A replay of some of a recording's integrations, while other replays have the rest. Each plays all lines for the UIS account and delivers
//! events only to its own integrations. Their results may be added up as long as no integration depends on another one.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use uis_host::dispatch::Due;
use uis_host::sync::lock;

use super::Replay;
use crate::recording::Header;

/// Which integrations of a recording a replay has, and what it shares with the replays of the others.
#[derive(Debug, Clone)]
pub struct Part {
    /// The index in the recording's header of each integration that the replay has.
    places: Vec<usize>,
    /// The names of the integrations that other replays have.
    elsewhere: HashSet<String>,
    /// One of the replays found something that the parts must not decide by themselves.
    given_up: Arc<AtomicBool>,
}

impl Part {
    /// The part with the integrations at these indexes of the header, in ascending order, and the header that its replay needs. `given_up` is
    /// the same for all parts.
    pub fn of(header: &Header, places: &[usize], given_up: Arc<AtomicBool>) -> (Part, Header) {
        let (mut own, mut elsewhere) = (Vec::new(), HashSet::new());
        for (place, integration) in header.integrations.iter().enumerate() {
            match places.contains(&place) {
                true => own.push(integration.clone()),
                false => drop(elsewhere.insert(integration.name.clone())),
            }
        }
        (Part { places: places.to_vec(), elsewhere, given_up }, Header { integrations: own, ..header.clone() })
    }

    /// Whether another replay has the integration of this name.
    pub(super) fn has_elsewhere(&self, name: &str) -> bool {
        self.elsewhere.contains(name)
    }

    /// The results of the parts cannot be added up; all of them may stop.
    pub fn give_up(&self) {
        self.given_up.store(true, Ordering::Relaxed);
    }
}

impl Replay<'_> {
    /// The index in the recording's header of the integration that something due is about.
    pub(super) fn place_of(&self, due: &Due) -> usize {
        let slot = due.slot().unwrap_or(usize::MAX);
        self.part.as_ref().and_then(|part| part.places.get(slot).copied()).unwrap_or(slot)
    }

    /// Whether the parts of a recording cannot be added up. Looks whether this one is the cause: problems and notes stand in an order over all
    /// integrations, and what an integration changes in the UIS account others may read.
    pub fn is_given_up(&self) -> bool {
        let Some(part) = &self.part else { return false };
        if self.account.is_affected() || !lock(&self.report).has_only_counts() {
            part.give_up();
        }
        part.given_up.load(Ordering::Relaxed)
    }

    /// The largest number of handlers that ran at one instant.
    pub fn most_runs_at_once(&self) -> u32 {
        self.dispatch.most_runs_at_once()
    }
}
