//! Delivery of events. Kept events wait in lanes, one lane for each ordering key, and are retried until they succeed or become dead
//! letters. Live events run at once, beside the lanes. The same code serves a replay, which uses a virtual clock, and a service, which uses
//! the machine's clock.
//!
//! | file | what |
//! |---|---|
//! | [`lanes`] | the waiting events of one integration |
//! | `delivery` | one attempt: starting the handler and acting on its result |
//! | `answers` | checking and carrying out what a handler's reply asks of UIS |
//! | `stepping` | virtual time: running everything that is due, in order |
//! | [`drawn`] | virtual time: an order of lanes that is drawn from a seed |
//! | [`serving`] | real time: several lanes concurrently |
//! | `live`, `ticking`, `again` | real time: live events, timers, what is tried again by itself |
//! | [`commands`] | real time: what a dispatch that serves can be asked |
//! | [`handle`] | real time: giving commands to a dispatch that serves |
//! | `replacing` | real time: another plugin in place of the one in use |
//! | `index` | real time: which integration may run next |
//! | `writes` | writes to the store |
//! | `problems` | messages to the integration's owner |

mod again;
mod answers;
pub mod commands;
mod delivery;
pub mod drawn;
pub mod handle;
mod index;
pub mod lanes;
mod live;
mod problems;
mod replacing;
pub mod serving;
mod stepping;
mod ticking;
mod writes;

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;

use crate::clock::Clock;
use crate::event::{Class, Event};
use crate::integration::Integration;
use crate::plugin::Plugin;
use crate::ports::{End, IntegrationState, KeptEvent, Observer, Origin, ProblemKind, StoreError};

pub use answers::{CheckedAnswer, CheckedCard, CheckedOrder};
pub use delivery::{LiveEnd, delay_ms};
pub use problems::kind_of;
pub use stepping::{Due, RUNS_AT_ONCE};

use delivery::Ended;
use drawn::DrawnTurns;
use lanes::Lanes;
use writes::{Begun, Write};

/// How many kept events of one integration may be handled at the same time, so that one account's slow remote system does not delay other
/// accounts.
pub const KEPT_PER_INTEGRATION: usize = 4;

/// One of this many places for handlers is reserved for live events: a ringing call must not wait for kept events.
const LIVE_SHARE: usize = 4;

/// An event that was just received.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// Where it came from.
    pub origin: Origin,
    /// What was received, for messages: the notification's type, or `route`, `click-to-call`, `action`, ….
    pub what: String,
    /// The event, in the contract's form.
    pub event: Event,
}

/// An integration and its waiting events.
struct Slot {
    integration: Arc<Integration>,
    lanes: Lanes,
    /// Number of kept events that are being handled.
    at_work: usize,
    /// It was reported that the remote system does no work for the account, and it has answered no request since.
    suspended: bool,
    /// The attempt from which on faults of an event count, by the event's id; absent: the first one. Earlier attempts ended in another way,
    /// or a person has put the event back into its lane.
    faults_from: HashMap<String, u32>,
}

impl Slot {
    /// The slot of an integration: in the state that its store has, with the events that wait there.
    async fn open(integration: Arc<Integration>) -> Result<Slot, StoreError> {
        let (store, owner) = (integration.store.clone(), integration.name.clone());
        let state = store.state(&owner).await?;
        let mut lanes = Lanes::new(state);
        let mut replaced = Vec::new();
        let mut faults_from = HashMap::new();
        for event in store.waiting(&owner).await? {
            // Its last attempt ended. The store does not say how, so faults count anew. An attempt that broke off with the process counts.
            if event.reason.is_some() {
                faults_from.insert(event.id.clone(), event.attempt);
            }
            replaced.extend(lanes.restore(event));
        }
        if lanes.state != state {
            store.set_state(&owner, lanes.state).await?;
        }
        for wish in replaced {
            store.finish(&owner, &wish.id, End::Done, None).await?;
        }
        Ok(Slot { integration, lanes, at_work: 0, suspended: false, faults_from })
    }
}

/// How many kept events may be handled at the same time in the whole process.
fn kept_places(instances: u32) -> usize {
    let instances = instances as usize;
    (instances - instances / LIVE_SHARE).max(1)
}

/// Delivers the events of one or several integrations, and owns their lanes. Methods identify an integration by its slot: its index in the
/// list given to [`new`](Self::new).
pub struct Dispatch<'a> {
    plugin: Arc<dyn Plugin>,
    clock: Arc<dyn Clock>,
    slots: Vec<Slot>,
    observer: Box<dyn Observer + 'a>,
    /// Number of deliveries of this dispatch so far.
    deliveries: u64,
    /// When the dispatch was made, in milliseconds since 1970. With it the ids of deliveries differ from those before a restart.
    made_at: i64,
    /// The current instant of virtual time, and the number of handlers that ran at it.
    runs: (i64, u32),
    /// The largest number of handlers that ran at one instant of virtual time.
    most_runs: u32,
    /// The source of a drawn order of lanes; none: handlers run one after the other, in the order of arrival.
    turns: Option<Arc<DrawnTurns>>,
    /// The handlers that are running.
    at_work: FuturesUnordered<BoxFuture<'static, Ended>>,
    /// How many handlers may run at the same time.
    places: usize,
    /// How many kept events may be handled at the same time.
    kept_places: usize,
    /// How many kept events are being handled.
    kept_at_work: usize,
    /// Every event has a lane of its own, so that nothing keeps the order.
    without_lane_order: bool,
    /// Real time: writes that were begun and are not done. None in virtual time.
    begun: Option<Begun>,
    /// The number of the last handler that was started.
    handlers: u64,
}

impl<'a> Dispatch<'a> {
    /// Creates the dispatch. Each integration starts in the state that its store has, with the events that wait in its store. Fails when a
    /// store fails.
    pub async fn new(
        plugin: Arc<dyn Plugin>,
        clock: Arc<dyn Clock>,
        integrations: Vec<Arc<Integration>>,
        observer: Box<dyn Observer + 'a>,
    ) -> Result<Dispatch<'a>, StoreError> {
        let instances = integrations.first().map_or(1, |integration| integration.limits.instances);
        let mut slots = Vec::new();
        for integration in integrations {
            slots.push(Slot::open(integration).await?);
        }
        let at_work = FuturesUnordered::new();
        let kept_places = kept_places(instances);
        let made_at = clock.now_ms();
        Ok(Dispatch {
            plugin,
            clock,
            slots,
            observer,
            deliveries: 0,
            made_at,
            runs: (0, 0),
            most_runs: 0,
            turns: None,
            at_work,
            places: instances as usize,
            kept_places,
            kept_at_work: 0,
            without_lane_order: false,
            begun: None,
            handlers: 0,
        })
    }

    /// Draws the order of lanes from a seed, for virtual time only. Seed 0: handlers run one after the other, in the order of arrival.
    pub fn drawing_from(mut self, seed: u64) -> Self {
        self.turns = (seed != 0).then(|| Arc::new(DrawnTurns::new(seed, self.clock.clone())));
        self
    }

    /// Gives every event a lane of its own, to show that tests notice a lost order. Ignored in an optimised program.
    pub fn without_lane_order(mut self, leave_out: bool) -> Self {
        self.without_lane_order = leave_out && cfg!(debug_assertions);
        self
    }

    /// Pauses an integration, or ends the pause: nothing of it is started meanwhile but a deactivation, events go on being stored, and live ones
    /// are dropped. It is apart from the integration's state: neither saved settings nor an accepted key end it. Whoever pauses it remembers
    /// that and says so again after a restart.
    pub fn hold(&mut self, slot: usize, held: bool) {
        self.slots[slot].lanes.held_by_owner = held;
    }

    /// Number of integrations.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there are no integrations.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The integration of a slot. Panics when there is no such slot; so do all other methods that take a slot.
    pub fn integration(&self, slot: usize) -> &Arc<Integration> {
        &self.slots[slot].integration
    }

    /// The state of an integration.
    pub fn state(&self, slot: usize) -> IntegrationState {
        self.slots[slot].lanes.state
    }

    /// Logs something that is not the run of a handler.
    pub fn note(&mut self, origin: Origin, text: &str) {
        self.observer.note(self.clock.now_ms(), origin, text);
    }

    fn now(&self) -> i64 {
        self.clock.now_ms()
    }

    /// Delivers an event. A kept event is stored and waits in its lane. A live event runs at once, unless the integration is not ready for
    /// it.
    pub async fn deliver(&mut self, slot: usize, arrival: Arrival) -> Result<LiveEnd, StoreError> {
        match arrival.event.class() {
            Class::Live => self.deliver_live(slot, arrival).await,
            Class::Kept if self.state(slot) == IntegrationState::Inactive => {
                self.note(arrival.origin, &format!("{} was not delivered: the integration is switched off", arrival.what));
                Ok(LiveEnd::Dropped)
            }
            Class::Kept => self.enqueue(slot, arrival).await.map(|()| LiveEnd::Kept),
        }
    }

    /// Switches an integration on. Its activation runs before all waiting events. A deactivation that waits is forgotten: the latest wish
    /// counts.
    pub async fn switch_on(&mut self, slot: usize, origin: Origin) -> Result<(), StoreError> {
        let event = self.kept(slot, Arrival { origin, what: "activate".into(), event: Event::Activate });
        self.write(slot, Write::Keep(Box::new(event.clone()))).await?;
        self.write(slot, Write::State(IntegrationState::Activating)).await?;
        self.wish(slot, event).await
    }

    /// Switches an integration off. An activation that waits, perhaps for its next attempt, is forgotten: the latest wish counts. False when
    /// the integration is off already.
    pub async fn switch_off(&mut self, slot: usize, origin: Origin) -> Result<bool, StoreError> {
        if self.state(slot) == IntegrationState::Inactive {
            return Ok(false);
        }
        let event = self.kept(slot, Arrival { origin, what: "deactivate".into(), event: Event::Deactivate });
        self.write(slot, Write::Keep(Box::new(event.clone()))).await?;
        self.wish(slot, event).await.map(|()| true)
    }

    /// Puts a stored wish into its lane, and removes those that it replaces.
    async fn wish(&mut self, slot: usize, event: KeptEvent) -> Result<(), StoreError> {
        let now = self.now();
        for replaced in self.slots[slot].lanes.wish(event, now) {
            self.note(replaced.origin, &format!("{} is not wanted any more: the latest wish counts", replaced.what));
            self.slots[slot].faults_from.remove(&replaced.id);
            self.write(slot, Write::Finish(replaced.id, End::Done, None)).await?;
        }
        Ok(())
    }

    /// Stores an event and puts it into its lane.
    async fn enqueue(&mut self, slot: usize, arrival: Arrival) -> Result<(), StoreError> {
        let event = self.kept(slot, arrival);
        // The webhook only says that the order has changed. While one waits, a second one would only repeat its work.
        if self.slots[slot].lanes.has_same_hint(&event) {
            return Ok(());
        }
        self.write(slot, Write::Keep(Box::new(event.clone()))).await?;
        let now = self.now();
        self.slots[slot].lanes.push(event, now);
        Ok(())
    }

    /// Creates the event with a new delivery id.
    fn kept(&mut self, slot: usize, arrival: Arrival) -> KeptEvent {
        self.deliveries += 1;
        let now = self.now();
        let mut ordering_key = arrival.event.ordering_key();
        if self.without_lane_order && arrival.event.call().is_some() {
            ordering_key.push_str(&format!("#{}", self.deliveries));
        }
        KeptEvent {
            id: format!("{}-{:x}-{}", self.slots[slot].integration.name, self.made_at, self.deliveries),
            ordering_key,
            origin: arrival.origin,
            what: arrival.what,
            event: arrival.event,
            attempt: 1,
            received: now,
            not_before: now,
            reason: None,
            reported: false,
        }
    }

    /// Removes all waiting events of an integration from its lanes, and returns those that were not reported yet, in the order of arrival:
    /// the event, the kind of problem, and why it waits.
    pub fn drain(&mut self, slot: usize) -> Vec<(KeptEvent, ProblemKind, String)> {
        self.slots[slot].lanes.drain()
    }
}
