//! The inbox of one integration: kept events in lanes, one lane per ordering key, each in order, the first of a lane holding back the
//! rest until it is done or set aside.

use std::collections::{BTreeSet, HashMap, VecDeque};

use super::report::ProblemKind;
use crate::event::Event;

/// The first delay before another attempt; it doubles with each.
const FIRST_DELAY_MS: i64 = 1000;
/// The longest delay: after a night of the remote system's being down, work resumes within a quarter of an hour.
const LONGEST_DELAY_MS: i64 = 15 * 60_000;

/// The delay after a failed attempt that gave no hint.
pub fn delay_ms(attempt: u32) -> i64 {
    FIRST_DELAY_MS.saturating_mul(1 << attempt.saturating_sub(1).min(20)).min(LONGEST_DELAY_MS)
}

/// How an integration stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Off: nothing is delivered.
    Inactive,
    /// On, but its activation has not succeeded yet: only that runs.
    Activating,
    /// On.
    Active,
    /// The remote system refuses our credential: everything waits for the owner.
    Paused,
}

/// An event on its way.
#[derive(Debug, Clone)]
pub struct Pending {
    /// The same in every attempt.
    pub id: String,
    /// The recording's line.
    pub line: u64,
    /// The notification's type, or what else it is.
    pub what: String,
    /// The event.
    pub event: Event,
    /// 1 for the first.
    pub attempt: u32,
    /// When the host received it.
    pub received: i64,
    /// Why the last attempt failed.
    pub reason: Option<String>,
    /// Its failure stands in the report already.
    pub reported: bool,
}

impl Pending {
    /// What it is, for messages: the notification's type and what it is about.
    pub fn title(&self) -> String {
        let subject = self.event.subject();
        if subject.is_empty() { self.what.clone() } else { format!("{} ({subject})", self.what) }
    }
}

/// The lane of activation and deactivation.
const SETUP_LANE: &str = "setup";

/// Lanes of waiting events.
#[derive(Debug)]
pub struct Inbox {
    /// How the integration stands.
    pub state: State,
    lanes: HashMap<String, VecDeque<Pending>>,
    /// First events of lanes by when they may run; the number keeps the order of coming.
    ready: BTreeSet<(i64, u64, String)>,
    last: u64,
}

impl Inbox {
    /// An empty inbox.
    pub fn new(state: State) -> Self {
        Inbox { state, lanes: HashMap::new(), ready: BTreeSet::new(), last: 0 }
    }

    /// Adds an event behind those of its lane. A hint about an order that waits already says nothing new.
    pub fn push(&mut self, key: String, pending: Pending, now: i64) {
        let lane = self.lanes.entry(key.clone()).or_default();
        let told = |waiting: &Pending| match (&waiting.event, &pending.event) {
            (Event::OrderWebhook(known), Event::OrderWebhook(new)) => known.parameters == new.parameters,
            _ => false,
        };
        if lane.iter().any(told) {
            return;
        }
        lane.push_back(pending);
        if lane.len() == 1 {
            self.schedule(key, now);
        }
    }

    /// Whether a run of this timer waits in a lane.
    pub fn has_timer(&self, key: &str, name: &str) -> bool {
        let is = |pending: &Pending| matches!(&pending.event, Event::TimerDue(due) if due.name == name);
        self.lanes.get(key).is_some_and(|lane| lane.iter().any(is))
    }

    /// Puts an activation before everything; the integration is not active until it succeeds.
    pub fn activate(&mut self, pending: Pending, now: i64) {
        self.state = State::Activating;
        let lane = self.lanes.entry(SETUP_LANE.to_owned()).or_default();
        lane.retain(|waiting| waiting.event != Event::Activate);
        lane.push_front(pending);
        self.ready.retain(|(_, _, key)| key != SETUP_LANE);
        self.schedule(SETUP_LANE.to_owned(), now);
    }

    /// The activation succeeded: whatever waited may run.
    pub fn resume(&mut self, now: i64) {
        self.state = State::Active;
        // Lanes that a pause took out of the order get their place again.
        let mut keys: Vec<(i64, String)> = self
            .lanes
            .iter()
            .filter(|(key, lane)| !lane.is_empty() && key.as_str() != SETUP_LANE && !self.ready.iter().any(|(_, _, ready)| ready == *key))
            .map(|(key, lane)| (lane.front().map_or(0, |pending| pending.received), key.clone()))
            .collect();
        keys.sort();
        for (_, key) in keys {
            self.schedule(key, now);
        }
    }

    /// The event that may run first, its time and its place in the order of coming.
    pub fn next(&self) -> Option<(i64, u64, String)> {
        match self.state {
            State::Active => self.ready.first().cloned(),
            State::Activating => self.ready.iter().find(|(_, _, key)| key == SETUP_LANE).cloned(),
            State::Inactive | State::Paused => None,
        }
    }

    /// Takes the first event of a lane; the lane stays held until `done`, `put_back` or `pause`.
    pub fn take(&mut self, key: &str) -> Option<Pending> {
        self.ready.retain(|(_, _, ready)| ready != key);
        self.lanes.get_mut(key)?.pop_front()
    }

    /// The event is done with, one way or another: the lane goes on.
    pub fn done(&mut self, key: &str, now: i64) {
        match self.lanes.get(key) {
            Some(lane) if lane.is_empty() => {
                self.lanes.remove(key);
            }
            Some(_) => self.schedule(key.to_owned(), now),
            None => {}
        }
    }

    /// The event gets another attempt before the rest of its lane.
    pub fn put_back(&mut self, key: &str, pending: Pending, at: i64) {
        self.lanes.entry(key.to_owned()).or_default().push_front(pending);
        self.schedule(key.to_owned(), at);
    }

    /// The event, and everything else, waits until the integration is switched on again.
    pub fn pause(&mut self, key: &str, pending: Pending) {
        self.lanes.entry(key.to_owned()).or_default().push_front(pending);
        self.state = State::Paused;
    }

    /// Everything that waits to the end and is not in the report yet, in order of coming: what it counts as, and why it waits.
    pub fn drain(&mut self) -> Vec<(Pending, ProblemKind, String)> {
        self.ready.clear();
        let mut waiting: Vec<Pending> = self.lanes.drain().flat_map(|(_, lane)| lane).filter(|pending| !pending.reported).collect();
        waiting.sort_by_key(|pending| (pending.received, pending.line));
        let explain = |pending: &Pending| match (self.state, &pending.reason) {
            (State::Paused, _) => (ProblemKind::Unauthorized, "the integration is paused until its key is accepted".to_owned()),
            (State::Inactive, _) => (ProblemKind::Skipped, "the integration was switched off".to_owned()),
            (_, Some(reason)) => (ProblemKind::Limit, reason.clone()),
            (State::Activating, None) => (ProblemKind::Limit, "the integration's activation has not succeeded".to_owned()),
            (State::Active, None) => (ProblemKind::Limit, "an earlier event of the same ordering key holds it back".to_owned()),
        };
        waiting
            .into_iter()
            .map(|pending| {
                let (kind, why) = explain(&pending);
                (pending, kind, why)
            })
            .collect()
    }

    fn schedule(&mut self, key: String, at: i64) {
        self.last += 1;
        self.ready.insert((at, self.last, key));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(name: &str) -> Pending {
        Pending {
            id: name.into(),
            line: 1,
            what: name.into(),
            event: Event::Action(name.into()),
            attempt: 1,
            received: 0,
            reason: None,
            reported: false,
        }
    }

    #[test]
    fn delays_grow_and_end_growing() {
        assert_eq!([1, 2, 3, 4].map(delay_ms), [1000, 2000, 4000, 8000]);
        assert_eq!(delay_ms(1000), LONGEST_DELAY_MS);
    }

    #[test]
    fn a_lane_waits_for_its_first_event_and_others_do_not() {
        let mut inbox = Inbox::new(State::Active);
        inbox.push("a".into(), event("a1"), 0);
        inbox.push("a".into(), event("a2"), 0);
        inbox.push("b".into(), event("b1"), 0);
        let first = inbox.take("a").expect("a1");
        inbox.put_back("a", first, 5000);
        assert_eq!(inbox.next().map(|(at, _, key)| (at, key)), Some((0, "b".into())));
        inbox.take("b");
        inbox.done("b", 0);
        assert_eq!(inbox.next().map(|(at, _, key)| (at, key)), Some((5000, "a".into())));
        assert_eq!(inbox.take("a").map(|pending| pending.id).as_deref(), Some("a1"));
        inbox.done("a", 5000);
        assert_eq!(inbox.take("a").map(|pending| pending.id).as_deref(), Some("a2"));
    }

    #[test]
    fn nothing_runs_before_activation_or_after_a_refused_key() {
        let mut inbox = Inbox::new(State::Inactive);
        inbox.push("a".into(), event("a1"), 0);
        assert_eq!(inbox.next(), None);
        inbox.activate(Pending { event: Event::Activate, ..event("on") }, 0);
        assert_eq!(inbox.next().map(|(_, _, key)| key).as_deref(), Some(SETUP_LANE));
        inbox.take(SETUP_LANE);
        inbox.resume(10);
        inbox.done(SETUP_LANE, 10);
        let first = inbox.take("a").expect("a1");
        inbox.push("b".into(), event("b1"), 10);
        inbox.pause("a", first);
        assert_eq!(inbox.next(), None);
        inbox.activate(Pending { event: Event::Activate, ..event("on") }, 20);
        inbox.take(SETUP_LANE);
        inbox.resume(20);
        inbox.done(SETUP_LANE, 20);
        let mut order = Vec::new();
        while let Some((_, _, key)) = inbox.next() {
            order.extend(inbox.take(&key).map(|pending| pending.id));
            inbox.done(&key, 20);
        }
        order.sort();
        assert_eq!(order, ["a1", "b1"]);
    }
}
