//! The waiting events of one integration. Each ordering key has a lane. The events of a lane run in order: the others wait until the first
//! has succeeded or has become a dead letter.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use crate::event::Event;
use crate::ports::{IntegrationState, KeptEvent, ProblemKind};

/// Why an event waits beside its lane.
pub const PARKED: &str = "it waits for a change of the settings";

/// The lane of activations and deactivations.
const SETUP_LANE: &str = "setup";

/// How many events that wait beside their lanes are tried when something may have changed.
const PARKED_TRIALS: usize = 10;

/// Whether an event is a wish of the integration's owner: on, or off.
fn is_wish(event: &Event) -> bool {
    matches!(event, Event::Activate | Event::Deactivate)
}

/// The lanes of one integration.
#[derive(Debug)]
pub struct Lanes {
    /// The integration's state.
    pub state: IntegrationState,
    /// An administrator has paused the integration.
    pub held_by_owner: bool,
    lanes: HashMap<String, VecDeque<KeptEvent>>,
    /// Lanes whose first event is being handled.
    held: HashSet<String>,
    /// A deactivation is being handled.
    ending: bool,
    /// The lanes that may run: time of the first event, a number that keeps the order of arrival, the lane's key.
    ready: BTreeSet<(i64, u64, String)>,
    /// Where each lane stands in `ready`.
    places: HashMap<String, (i64, u64)>,
    /// Events that wait beside their lanes until something has changed, in the order in which they began to wait.
    parked: Vec<KeptEvent>,
    last: u64,
    /// Number of waiting events.
    count: usize,
}

impl Lanes {
    /// Lanes without events.
    pub fn new(state: IntegrationState) -> Self {
        Lanes {
            state,
            held_by_owner: false,
            lanes: HashMap::new(),
            held: HashSet::new(),
            ending: false,
            ready: BTreeSet::new(),
            places: HashMap::new(),
            parked: Vec::new(),
            last: 0,
            count: 0,
        }
    }

    /// Appends an event to its lane. `now` is in milliseconds since 1970.
    pub fn push(&mut self, event: KeptEvent, now: i64) {
        let key = event.ordering_key.clone();
        self.count += 1;
        let lane = self.lanes.entry(key.clone()).or_default();
        lane.push_back(event);
        if lane.len() == 1 && !self.held.contains(&key) {
            self.schedule(key, now);
        }
    }

    /// Adds an event that the store contained at the start. It runs at its `not_before`. Returns earlier wishes that it replaces: the
    /// process may have ended before they were removed.
    pub fn restore(&mut self, event: KeptEvent) -> Vec<KeptEvent> {
        let at = event.not_before;
        if !is_wish(&event.event) {
            match event.reason.as_deref() {
                Some(PARKED) => {
                    self.count += 1;
                    self.parked.push(event);
                }
                _ => self.push(event, at),
            }
            return Vec::new();
        }
        // The state was stored before a wish that was not acknowledged yet. An activation that failed for good was reported, and waits.
        let (before, fresh) = (self.state, !event.reported && self.state != IntegrationState::Active);
        let replaced = self.wish(event, at);
        if !fresh {
            self.state = before;
        }
        replaced
    }

    /// Whether the lane already contains an order webhook with the same parameters.
    pub fn has_same_hint(&self, event: &KeptEvent) -> bool {
        let Event::OrderWebhook(new) = &event.event else { return false };
        let same = |waiting: &KeptEvent| matches!(&waiting.event, Event::OrderWebhook(known) if known.parameters == new.parameters);
        self.lanes.get(&event.ordering_key).is_some_and(|lane| lane.iter().any(same))
    }

    /// Whether the lane already contains an event of this timer.
    pub fn has_timer(&self, key: &str, name: &str) -> bool {
        let is = |event: &KeptEvent| matches!(&event.event, Event::TimerDue(due) if due.name == name);
        self.lanes.get(key).is_some_and(|lane| lane.iter().any(is))
    }

    /// The owner wishes the integration on or off. Only the latest wish counts: it replaces those that wait, even one that is tried again and
    /// again. One that is being handled ends first. An activation is put before all other events, and only wishes run until it succeeds.
    /// Returns the wishes that this one replaces.
    pub fn wish(&mut self, event: KeptEvent, at: i64) -> Vec<KeptEvent> {
        if event.event == Event::Activate {
            self.state = IntegrationState::Activating;
        }
        let lane = self.lanes.entry(SETUP_LANE.to_owned()).or_default();
        let (replaced, kept): (Vec<_>, Vec<_>) = lane.drain(..).partition(|waiting| is_wish(&waiting.event));
        lane.extend(kept);
        lane.push_front(event);
        let parked = self.parked.extract_if(.., |waiting| is_wish(&waiting.event));
        let replaced: Vec<KeptEvent> = replaced.into_iter().chain(parked).collect();
        self.count = self.count + 1 - replaced.len();
        self.unschedule(SETUP_LANE);
        if !self.held.contains(SETUP_LANE) {
            self.schedule(SETUP_LANE.to_owned(), at);
        }
        replaced
    }

    /// Whether the owner's wish to switch off waits, or a wish is being handled.
    pub fn is_wishing(&self) -> bool {
        self.held.contains(SETUP_LANE) || self.waits(|waiting| *waiting == Event::Deactivate)
    }

    /// Whether the owner's latest wish is that the integration is on: it is not off, and no deactivation waits or is being handled, unless an
    /// activation waits behind it.
    pub fn is_wanted(&self) -> bool {
        let off = self.waits(|waiting| *waiting == Event::Deactivate) || self.ending && !self.waits(|waiting| *waiting == Event::Activate);
        self.state != IntegrationState::Inactive && !off
    }

    /// Whether a later wish waits, so that nobody wants this one any more.
    pub fn is_superseded(&self, event: &KeptEvent) -> bool {
        is_wish(&event.event) && self.waits(is_wish)
    }

    /// Whether such an event waits in the setup lane.
    fn waits(&self, wanted: impl Fn(&Event) -> bool) -> bool {
        self.lanes.get(SETUP_LANE).is_some_and(|lane| lane.iter().any(|waiting| wanted(&waiting.event)))
    }

    /// The integration was switched off. Events that wait stay in their lanes. A waiting activation will switch the integration on again.
    pub fn deactivated(&mut self) {
        self.state =
            if self.waits(|waiting| *waiting == Event::Activate) { IntegrationState::Activating } else { IntegrationState::Inactive };
    }

    /// The activation succeeded: the other lanes may run, with the events that wait for a change.
    pub fn resume(&mut self, now: i64) {
        self.state = IntegrationState::Active;
        self.unpark(now);
        // A pause removed lanes from `ready`; add them again.
        let waits = |key: &str| key != SETUP_LANE && !self.places.contains_key(key) && !self.held.contains(key);
        let mut keys: Vec<(i64, String)> = self
            .lanes
            .iter()
            .filter(|(key, lane)| !lane.is_empty() && waits(key))
            .map(|(key, lane)| (lane.front().map_or(0, |event| event.received), key.clone()))
            .collect();
        keys.sort();
        for (_, key) in keys {
            self.schedule(key, now);
        }
    }

    /// The lane that may run first: when, its number in the order of arrival, its key.
    pub fn next(&self) -> Option<(i64, u64, String)> {
        if self.held_by_owner {
            // Switching off is a wish of the same administrator, and delivers nothing.
            return self.next_wish().filter(|_| self.waits(|waiting| *waiting == Event::Deactivate));
        }
        match self.state {
            IntegrationState::Active => self.ready.first().cloned(),
            IntegrationState::Activating => self.next_wish(),
            // Switching off needs no key.
            IntegrationState::Paused if self.waits(|waiting| *waiting == Event::Deactivate) => self.next_wish(),
            IntegrationState::Inactive | IntegrationState::Paused => None,
        }
    }

    fn next_wish(&self) -> Option<(i64, u64, String)> {
        self.places.get(SETUP_LANE).map(|(at, order)| (*at, *order, SETUP_LANE.to_owned()))
    }

    /// When the oldest waiting event was received, in milliseconds since 1970; none when no event waits. It looks at every lane.
    pub fn oldest(&self) -> Option<i64> {
        self.lanes.values().filter_map(VecDeque::front).map(|event| event.received).min()
    }

    /// Takes the first event of a lane. The lane is locked until [`done`](Self::done), [`put_back`](Self::put_back) or
    /// [`pause`](Self::pause).
    pub fn take(&mut self, key: &str) -> Option<KeptEvent> {
        self.unschedule(key);
        let taken = self.lanes.get_mut(key)?.pop_front()?;
        self.count -= 1;
        self.held.insert(key.to_owned());
        self.ending |= taken.event == Event::Deactivate;
        Some(taken)
    }

    /// The event has ended, successfully or not: the next event of the lane may run.
    pub fn done(&mut self, key: &str, now: i64) {
        self.release(key);
        match self.lanes.get(key) {
            Some(lane) if lane.is_empty() => {
                self.lanes.remove(key);
            }
            Some(_) => self.schedule(key.to_owned(), now),
            None => {}
        }
    }

    /// Schedules another attempt of the event, at `at`, before the rest of its lane.
    pub fn put_back(&mut self, key: &str, event: KeptEvent, at: i64) {
        self.release(key);
        self.count += 1;
        self.lanes.entry(key.to_owned()).or_default().push_front(event);
        self.schedule(key.to_owned(), at);
    }

    /// The event waits beside its lane, which goes on, until something has changed ([`unpark`](Self::unpark)). An activation is the first to
    /// be tried again, because everything waits for it.
    pub fn park(&mut self, event: KeptEvent, now: i64) {
        let key = event.ordering_key.clone();
        self.count += 1;
        let place = if is_wish(&event.event) { 0 } else { self.parked.len() };
        self.parked.insert(place, event);
        self.done(&key, now);
    }

    /// Something has changed: events that wait for that are put before the rest of their lanes.
    pub fn unpark(&mut self, now: i64) {
        self.unpark_first(usize::MAX, now);
    }

    /// Something may have changed: the events that have waited longest for that, ten at most, are tried. When one of them
    /// succeeds, [`unpark`](Self::unpark) the others. So ten thousand events that wait for the same right cost ten attempts each time.
    pub fn try_parked(&mut self, now: i64) {
        self.unpark_first(PARKED_TRIALS, now);
    }

    fn unpark_first(&mut self, most: usize, now: i64) {
        let most = most.min(self.parked.len());
        let events: Vec<KeptEvent> = self.parked.drain(..most).collect();
        let keys: Vec<String> = events.iter().map(|event| event.ordering_key.clone()).collect();
        // Those of one lane keep their order.
        for event in events.into_iter().rev() {
            self.lanes.entry(event.ordering_key.clone()).or_default().push_front(event);
        }
        for key in keys {
            if !self.held.contains(&key) {
                self.schedule(key, now);
            }
        }
    }

    /// Whether an event waits beside its lane that does the same work: the same timer, or the same hint of an order.
    pub fn has_parked_twin(&self, event: &KeptEvent) -> bool {
        let same = |waiting: &Event| match (waiting, &event.event) {
            (Event::TimerDue(known), Event::TimerDue(new)) => known.name == new.name,
            (Event::OrderWebhook(known), Event::OrderWebhook(new)) => known.parameters == new.parameters,
            _ => false,
        };
        self.parked.iter().any(|waiting| waiting.ordering_key == event.ordering_key && same(&waiting.event))
    }

    /// Whether events wait beside their lanes.
    pub fn has_parked(&self) -> bool {
        !self.parked.is_empty()
    }

    /// The event and all others wait until the integration is activated again. Returns the state: an integration that is off stays off, and
    /// one whose owner has wished something since goes on with that.
    pub fn pause(&mut self, key: &str, event: KeptEvent) -> IntegrationState {
        let wished = self.held.contains(SETUP_LANE) && key != SETUP_LANE || self.waits(|waiting| *waiting == Event::Activate);
        self.release(key);
        self.count += 1;
        self.lanes.entry(key.to_owned()).or_default().push_front(event);
        if self.state != IntegrationState::Inactive && !wished {
            self.state = IntegrationState::Paused;
        }
        self.state
    }

    /// Takes events out, wherever they wait. The first event that is left of a lane may run at once. Returns the ids of those that waited.
    pub fn forget(&mut self, ids: &HashSet<String>, now: i64) -> HashSet<String> {
        let mut forgotten: HashSet<String> = self.parked.extract_if(.., |event| ids.contains(&event.id)).map(|event| event.id).collect();
        let mut changed = Vec::new();
        for (key, lane) in &mut self.lanes {
            let first = lane.front().is_some_and(|event| ids.contains(&event.id));
            lane.retain(|event| {
                let known = ids.contains(&event.id);
                if known {
                    forgotten.insert(event.id.clone());
                }
                !known
            });
            if first {
                changed.push((key.clone(), lane.is_empty()));
            }
        }
        self.count -= forgotten.len();
        for (key, is_empty) in changed {
            let held = self.held.contains(&key);
            if is_empty {
                self.unschedule(&key);
            }
            match (is_empty, held) {
                // Whoever holds it removes it.
                (_, true) => {}
                (true, false) => drop(self.lanes.remove(&key)),
                (false, false) => self.schedule(key, now),
            }
        }
        forgotten
    }

    /// Number of waiting events.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether no event waits.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Removes all events, and returns those that were not reported yet, in the order of arrival: the event, the kind of problem, and why
    /// it waits.
    pub fn drain(&mut self) -> Vec<(KeptEvent, ProblemKind, String)> {
        self.ready.clear();
        self.places.clear();
        self.parked.clear();
        self.count = 0;
        let mut waiting: Vec<KeptEvent> = self.lanes.drain().flat_map(|(_, lane)| lane).filter(|event| !event.reported).collect();
        waiting.sort_by_key(|event| (event.received, event.origin));
        let explain = |event: &KeptEvent| match (self.state, &event.reason) {
            (IntegrationState::Paused, _) => (ProblemKind::Unauthorized, "the integration is paused until its key is accepted".to_owned()),
            (IntegrationState::Inactive, _) => (ProblemKind::Skipped, "the integration was switched off".to_owned()),
            (_, Some(reason)) => (ProblemKind::Limit, reason.clone()),
            (IntegrationState::Activating, None) => (ProblemKind::Limit, "the integration's activation has not succeeded".to_owned()),
            (IntegrationState::Active, None) => (ProblemKind::Limit, "it waits for an earlier event with the same ordering key".to_owned()),
        };
        waiting
            .into_iter()
            .map(|event| {
                let (kind, why) = explain(&event);
                (event, kind, why)
            })
            .collect()
    }

    /// The event of a lane is not being handled any more.
    fn release(&mut self, key: &str) {
        self.held.remove(key);
        self.ending &= key != SETUP_LANE;
    }

    fn schedule(&mut self, key: String, at: i64) {
        self.unschedule(&key);
        self.last += 1;
        self.places.insert(key.clone(), (at, self.last));
        self.ready.insert((at, self.last, key));
    }

    fn unschedule(&mut self, key: &str) {
        if let Some((key, (at, order))) = self.places.remove_entry(key) {
            self.ready.remove(&(at, order, key));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::Origin;

    fn event(key: &str, id: &str) -> KeptEvent {
        KeptEvent {
            id: id.into(),
            ordering_key: key.into(),
            origin: Origin(1),
            what: id.into(),
            event: Event::Action(id.into()),
            attempt: 1,
            received: 0,
            not_before: 0,
            reason: None,
            reported: false,
        }
    }

    fn activation() -> KeptEvent {
        KeptEvent { event: Event::Activate, ..event(SETUP_LANE, "on") }
    }

    fn deactivation() -> KeptEvent {
        KeptEvent { event: Event::Deactivate, ..event(SETUP_LANE, "off") }
    }

    fn names(events: &[KeptEvent]) -> Vec<&str> {
        events.iter().map(|event| event.what.as_str()).collect()
    }

    #[test]
    fn a_lane_waits_for_its_first_event_and_others_do_not() {
        let mut lanes = Lanes::new(IntegrationState::Active);
        for (key, id) in [("a", "a1"), ("a", "a2"), ("b", "b1")] {
            lanes.push(event(key, id), 0);
        }
        let first = lanes.take("a").expect("a1");
        lanes.put_back("a", first, 5000);
        assert_eq!(lanes.next().map(|(at, _, key)| (at, key)), Some((0, "b".into())));
        lanes.take("b");
        lanes.done("b", 0);
        assert_eq!(lanes.next().map(|(at, _, key)| (at, key)), Some((5000, "a".into())));
        assert_eq!(lanes.take("a").map(|event| event.id).as_deref(), Some("a1"));
        lanes.done("a", 5000);
        assert_eq!(lanes.take("a").map(|event| event.id).as_deref(), Some("a2"));
    }

    #[test]
    fn an_event_waits_while_another_of_its_lane_is_handled() {
        let mut lanes = Lanes::new(IntegrationState::Active);
        lanes.push(event("a", "a1"), 0);
        lanes.take("a").expect("a1");
        lanes.push(event("a", "a2"), 0);
        lanes.resume(0);
        assert_eq!(lanes.next(), None, "a1 is being handled");
        lanes.done("a", 7);
        assert_eq!(lanes.next().map(|(at, _, key)| (at, key)), Some((7, "a".into())));
    }

    #[test]
    fn no_event_runs_before_the_activation_or_after_the_key_was_refused() {
        let mut lanes = Lanes::new(IntegrationState::Inactive);
        lanes.push(event("a", "a1"), 0);
        assert_eq!(lanes.next(), None);
        lanes.wish(activation(), 0);
        assert_eq!(lanes.next().map(|(_, _, key)| key).as_deref(), Some(SETUP_LANE));
        lanes.take(SETUP_LANE);
        lanes.resume(10);
        lanes.done(SETUP_LANE, 10);
        let first = lanes.take("a").expect("a1");
        lanes.push(event("b", "b1"), 10);
        lanes.pause("a", first);
        assert_eq!(lanes.next(), None);
        lanes.wish(activation(), 20);
        lanes.take(SETUP_LANE);
        lanes.resume(20);
        lanes.done(SETUP_LANE, 20);
        let mut order = Vec::new();
        while let Some((_, _, key)) = lanes.next() {
            order.extend(lanes.take(&key).map(|event| event.id));
            lanes.done(&key, 20);
        }
        order.sort();
        assert_eq!(order, ["a1", "b1"]);
    }

    #[test]
    fn an_administrators_pause_lets_only_a_deactivation_run() {
        let mut lanes = Lanes::new(IntegrationState::Active);
        lanes.push(event("a", "a1"), 0);
        lanes.held_by_owner = true;
        assert_eq!(lanes.next(), None);
        lanes.wish(activation(), 1);
        assert_eq!(lanes.next(), None, "settings were saved");
        lanes.wish(deactivation(), 2);
        assert_eq!(lanes.next().map(|(_, _, key)| key).as_deref(), Some(SETUP_LANE), "switching off delivers nothing");
        lanes.wish(activation(), 3);
        lanes.held_by_owner = false;
        assert_eq!(lanes.next().map(|(at, ..)| at), Some(3), "what was wished meanwhile happens now");
    }

    #[test]
    fn a_parked_event_waits_for_a_change_and_its_lane_goes_on() {
        let mut lanes = Lanes::new(IntegrationState::Active);
        for (key, id) in [("a", "a1"), ("a", "a2"), ("a", "a3")] {
            lanes.push(event(key, id), 0);
        }
        for _ in 0..2 {
            let first = lanes.take("a").expect("an event");
            lanes.park(KeptEvent { reason: Some(PARKED.into()), ..first }, 5);
        }
        assert_eq!((lanes.len(), lanes.has_parked()), (3, true));
        assert_eq!(lanes.next().map(|(at, _, key)| (at, key)), Some((5, "a".into())), "a3 goes on");
        lanes.resume(10);
        let mut order = Vec::new();
        while let Some((_, _, key)) = lanes.next() {
            order.extend(lanes.take(&key).map(|event| event.id));
            lanes.done(&key, 10);
        }
        assert_eq!(order, ["a1", "a2", "a3"], "the settings were saved");
        for (key, id) in [("c", "c1"), ("d", "d1")] {
            lanes.push(event(key, id), 20);
            let taken = lanes.take(key).expect("an event");
            lanes.park(taken, 20);
        }
        lanes.unpark(30);
        assert_eq!(lanes.next().map(|(_, _, key)| key).as_deref(), Some("c"), "the lane that has waited longest is the first");
        let mut restarted = Lanes::new(IntegrationState::Active);
        restarted.restore(KeptEvent { reason: Some(PARKED.into()), ..event("a", "a1") });
        assert_eq!((restarted.next(), restarted.has_parked()), (None, true), "it waits after a restart, too");
    }

    #[test]
    fn forgotten_events_never_run_and_the_rest_of_their_lanes_goes_on() {
        let mut lanes = Lanes::new(IntegrationState::Active);
        for (key, id) in [("a", "a1"), ("a", "a2"), ("b", "b1"), ("c", "c1"), ("c", "c2"), ("d", "d1")] {
            lanes.push(event(key, id), 0);
        }
        let parked = lanes.take("b").expect("b1");
        lanes.park(parked, 0);
        let held = lanes.take("c").expect("c1");
        let failed = lanes.take("a").expect("a1");
        lanes.put_back("a", failed, 900_000);
        let ids = ["a1", "b1", "c1", "c2", "d1", "x"].map(str::to_owned).into();
        assert_eq!(lanes.forget(&ids, 5), ["a1", "b1", "c2", "d1"].map(str::to_owned).into());
        assert_eq!(lanes.next().map(|(at, _, key)| (at, key)), Some((5, "a".into())), "a2 does not wait for a1's next attempt");
        assert_eq!(lanes.len(), 1);
        lanes.put_back("c", held, 7);
        assert_eq!(lanes.forget(&ids, 8), ["c1".to_owned()].into(), "once its attempt has ended");
        lanes.take("a").expect("a2");
        lanes.done("a", 9);
        assert_eq!((lanes.next(), lanes.len(), lanes.has_parked()), (None, 0, false));
    }

    #[test]
    fn an_activation_during_a_deactivation_takes_effect_after_it() {
        let mut lanes = Lanes::new(IntegrationState::Active);
        lanes.wish(deactivation(), 0);
        lanes.take(SETUP_LANE).expect("off");
        lanes.wish(activation(), 1);
        assert_eq!(lanes.next(), None, "the deactivation is being handled");
        lanes.deactivated();
        lanes.done(SETUP_LANE, 2);
        assert_eq!(lanes.next().map(|(_, _, key)| key).as_deref(), Some(SETUP_LANE));
    }

    #[test]
    fn only_some_parked_events_are_tried_each_time_and_each_in_its_turn() {
        let mut lanes = Lanes::new(IntegrationState::Active);
        let run = |lanes: &mut Lanes| {
            let mut ran = Vec::new();
            while let Some((_, _, key)) = lanes.next() {
                let taken = lanes.take(&key).expect("an event");
                ran.push(taken.id.clone());
                lanes.park(taken, 0);
            }
            ran
        };
        for number in 0..2 * PARKED_TRIALS {
            lanes.push(event(&format!("lane{number}"), &number.to_string()), 0);
        }
        let all = run(&mut lanes);
        for expected in [&all[..PARKED_TRIALS], &all[PARKED_TRIALS..], &all[..PARKED_TRIALS]] {
            lanes.try_parked(0);
            assert_eq!(run(&mut lanes), expected);
        }
        assert_eq!(lanes.len(), all.len());
    }

    #[test]
    fn an_activation_that_failed_waits_first_and_a_later_wish_replaces_it() {
        let mut lanes = Lanes::new(IntegrationState::Active);
        lanes.push(event("a", "a1"), 0);
        let first = lanes.take("a").expect("a1");
        lanes.park(first, 0);
        lanes.wish(activation(), 0);
        let failed = lanes.take(SETUP_LANE).expect("on");
        lanes.park(failed, 0);
        assert_eq!((lanes.state, lanes.next()), (IntegrationState::Activating, None));
        lanes.unpark_first(1, 5);
        let failed = lanes.take(SETUP_LANE).expect("it is tried again before the other events");
        lanes.park(failed, 5);
        assert_eq!(names(&lanes.wish(deactivation(), 6)), ["on"]);
        assert!(lanes.is_wishing());
        lanes.take(SETUP_LANE).expect("off");
        lanes.deactivated();
        lanes.done(SETUP_LANE, 6);
        lanes.unpark(7);
        assert_eq!((lanes.state, lanes.next(), lanes.len()), (IntegrationState::Inactive, None, 1), "nothing switches it on again");
    }

    #[test]
    fn a_timer_whose_event_is_parked_adds_no_second_one() {
        let due = |name: &str| {
            let due = crate::bindings::exports::uis::integration::schedule::TimerDue { name: name.into(), due: 0, payload: Vec::new() };
            KeptEvent { event: Event::TimerDue(due), ..event("a", name) }
        };
        let mut lanes = Lanes::new(IntegrationState::Active);
        lanes.push(due("sync"), 0);
        let taken = lanes.take("a").expect("an event");
        lanes.park(taken, 0);
        assert!(lanes.has_parked_twin(&due("sync")) && !lanes.has_parked_twin(&due("other")));
        assert!(!lanes.has_parked_twin(&event("a", "sync")), "another kind of event is other work");
    }

    #[test]
    fn only_the_latest_wish_waits() {
        let mut lanes = Lanes::new(IntegrationState::Active);
        // Off waits for a remote system, then on.
        lanes.wish(deactivation(), 5000);
        assert_eq!(names(&lanes.wish(activation(), 10)), ["off"]);
        assert_eq!(lanes.next().map(|(at, ..)| at), Some(10));
        // On waits, then off: it does not wait for the activation's next attempt.
        let on = lanes.take(SETUP_LANE).expect("on");
        lanes.put_back(SETUP_LANE, on, 900_000);
        assert_eq!(names(&lanes.wish(deactivation(), 20)), ["on"]);
        assert_eq!(lanes.next().map(|(at, ..)| at), Some(20));
        assert_eq!(lanes.take(SETUP_LANE).map(|event| event.event), Some(Event::Deactivate));
        lanes.deactivated();
        lanes.done(SETUP_LANE, 20);
        assert_eq!((lanes.state, lanes.next()), (IntegrationState::Inactive, None));
    }

    #[test]
    fn a_wish_that_is_being_handled_is_superseded_by_a_later_one() {
        for (first, then) in [(activation(), deactivation()), (deactivation(), activation()), (activation(), activation())] {
            let mut lanes = Lanes::new(IntegrationState::Active);
            lanes.wish(first, 0);
            let held = lanes.take(SETUP_LANE).expect("a wish");
            assert!(!lanes.is_superseded(&held));
            lanes.wish(then.clone(), 1);
            assert!(lanes.is_superseded(&held) && lanes.next().is_none());
            lanes.done(SETUP_LANE, 2);
            assert_eq!(lanes.take(SETUP_LANE).map(|event| event.event), Some(then.event));
        }
    }

    #[test]
    fn an_integration_is_wanted_unless_its_owner_has_last_wished_it_off() {
        let mut lanes = Lanes::new(IntegrationState::Inactive);
        assert!(!lanes.is_wanted());
        lanes.wish(activation(), 0);
        assert!(lanes.is_wanted());
        lanes.wish(deactivation(), 1);
        assert!(!lanes.is_wanted(), "it waits");
        let off = lanes.take(SETUP_LANE).expect("off");
        assert!(!lanes.is_wanted(), "it is being handled");
        lanes.put_back(SETUP_LANE, off, 5);
        assert!(!lanes.is_wanted(), "it is tried again");
        lanes.take(SETUP_LANE).expect("off");
        lanes.wish(activation(), 6);
        assert!(lanes.is_wanted(), "a later wish waits");
    }

    #[test]
    fn an_integration_whose_key_is_refused_can_be_switched_off_and_on() {
        let mut lanes = Lanes::new(IntegrationState::Active);
        lanes.push(event("a", "a1"), 0);
        let first = lanes.take("a").expect("a1");
        assert_eq!(lanes.pause("a", first), IntegrationState::Paused);
        lanes.wish(deactivation(), 1);
        assert_eq!(lanes.next().map(|(_, _, key)| key).as_deref(), Some(SETUP_LANE));
        assert_eq!(names(&lanes.wish(activation(), 2)), ["off"]);
        assert_eq!((lanes.state, lanes.next().map(|(at, ..)| at)), (IntegrationState::Activating, Some(2)));
    }

    #[test]
    fn an_event_that_ends_late_with_a_refused_key_undoes_no_wish() {
        let refused = |wish: KeptEvent| {
            let mut lanes = Lanes::new(IntegrationState::Active);
            lanes.push(event("a", "a1"), 0);
            let first = lanes.take("a").expect("a1");
            let off = wish.event == Event::Deactivate;
            lanes.wish(wish, 1);
            if off {
                lanes.take(SETUP_LANE).expect("off");
                lanes.deactivated();
                lanes.done(SETUP_LANE, 1);
            }
            lanes.pause("a", first)
        };
        assert_eq!(refused(deactivation()), IntegrationState::Inactive);
        assert_eq!(refused(activation()), IntegrationState::Activating);
    }

    #[test]
    fn after_a_restart_the_latest_stored_wish_counts() {
        let mut lanes = Lanes::new(IntegrationState::Active);
        assert!(lanes.restore(deactivation()).is_empty());
        assert_eq!(names(&lanes.restore(activation())), ["off"]);
        let mut lanes = Lanes::new(IntegrationState::Inactive);
        lanes.restore(activation());
        assert_eq!(lanes.state, IntegrationState::Activating, "the process ended before the state was stored");
        let mut lanes = Lanes::new(IntegrationState::Paused);
        lanes.restore(KeptEvent { reported: true, ..activation() });
        assert_eq!((lanes.state, lanes.next()), (IntegrationState::Paused, None), "its key is still refused");
    }
}
