//! Delivery of events: kept ones in lanes, in order per ordering key and tried again until they are done; live ones at once, beside the lanes.
//! One implementation for a replay, whose clock is turned by hand, and for a service, whose clock is the machine's.
//!
//! | file | what |
//! |---|---|
//! | [`lanes`] | waiting events of one integration |
//! | `delivery` | one attempt: how it begins, and what follows from how it ended |
//! | `answers` | what a handler's answer asks of UIS, checked |
//! | `stepping` | virtual time: what is due, in its order, up to a time |
//! | [`drawn`] | virtual time: the order of lanes at host calls, drawn from a seed |
//! | [`serving`] | real time: several lanes at once |
//! | `problems` | what is reported to the owner |

mod answers;
mod delivery;
pub mod drawn;
pub mod lanes;
mod problems;
pub mod serving;
mod stepping;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;

use crate::clock::Clock;
use crate::event::{Class, Event};
use crate::integration::Integration;
use crate::plugin::Plugin;
use crate::ports::{IntegrationState, KeptEvent, Observer, Origin, ProblemKind, StoreError};

pub use answers::{CheckedAnswer, CheckedCard, CheckedOrder};
pub use delivery::{LiveEnd, delay_ms};
pub use problems::kind_of;
pub use stepping::Due;

use delivery::Ended;
use drawn::DrawnTurns;
use lanes::Lanes;

/// Handlers of kept events that one integration may have at work at once, so that a slow remote system of one account holds back no other.
pub const KEPT_PER_INTEGRATION: usize = 4;

/// Of all places for handlers, one in so many is kept for live events: a caller who waits must not wait for kept work.
const LIVE_SHARE: usize = 4;

/// An event that comes in.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// Where it comes from.
    pub origin: Origin,
    /// The notification's type, or `route`, `action`, …
    pub what: String,
    /// The event.
    pub event: Event,
}

/// An integration and its waiting events.
struct Slot {
    integration: Arc<Integration>,
    lanes: Lanes,
    /// Handlers of kept events at work.
    at_work: usize,
}

/// How many handlers of kept events may be at work at once in the whole process.
fn kept_places(instances: u32) -> usize {
    let instances = instances as usize;
    (instances - instances / LIVE_SHARE).max(1)
}

/// The dispatch of one account, or of several: it owns the lanes of its integrations.
pub struct Dispatch<'a> {
    plugin: Arc<dyn Plugin>,
    clock: Arc<dyn Clock>,
    slots: Vec<Slot>,
    observer: Box<dyn Observer + 'a>,
    /// How many deliveries there have been.
    deliveries: u64,
    /// The instant at which handlers run, and how many have run at it.
    runs: (i64, u32),
    /// Where the order of lanes is drawn; none: one handler after the other, in the order of coming.
    turns: Option<Arc<DrawnTurns>>,
    /// Handlers at work.
    at_work: FuturesUnordered<BoxFuture<'static, Ended>>,
    /// How many handlers of kept events may be at work at once.
    kept_places: usize,
    /// The number of the last handler.
    handlers: u64,
}

impl<'a> Dispatch<'a> {
    /// A dispatch of these integrations, which are in the state that their store says. Events that wait in a store are taken up.
    pub async fn new(
        plugin: Arc<dyn Plugin>,
        clock: Arc<dyn Clock>,
        integrations: Vec<Arc<Integration>>,
        observer: Box<dyn Observer + 'a>,
    ) -> Result<Dispatch<'a>, StoreError> {
        let instances = integrations.first().map_or(1, |integration| integration.limits.instances);
        let mut slots = Vec::new();
        let mut deliveries = 0;
        for integration in integrations {
            let state = integration.store.state(&integration.name).await?;
            let mut lanes = Lanes::new(state);
            for event in integration.store.waiting(&integration.name).await? {
                deliveries = deliveries.max(number_of(&event.id));
                lanes.restore(event);
            }
            slots.push(Slot { integration, lanes, at_work: 0 });
        }
        let at_work = FuturesUnordered::new();
        let kept_places = kept_places(instances);
        Ok(Dispatch { plugin, clock, slots, observer, deliveries, runs: (0, 0), turns: None, at_work, kept_places, handlers: 0 })
    }

    /// Draws the order of lanes at host calls from a seed. Zero draws nothing: one handler after the other, in the order of coming. For virtual
    /// time only.
    pub fn drawing_from(mut self, seed: u64) -> Self {
        self.turns = (seed != 0).then(|| Arc::new(DrawnTurns::new(seed, self.clock.clone())));
        self
    }

    /// How many integrations there are; they are counted from 0 in the order in which they were given.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// An integration.
    pub fn integration(&self, slot: usize) -> &Arc<Integration> {
        &self.slots[slot].integration
    }

    /// How an integration stands.
    pub fn state(&self, slot: usize) -> IntegrationState {
        self.slots[slot].lanes.state
    }

    /// Tells the observer that something happened that is no run of a handler.
    pub fn note(&mut self, origin: Origin, text: &str) {
        self.observer.note(self.clock.now_ms(), origin, text);
    }

    fn now(&self) -> i64 {
        self.clock.now_ms()
    }

    /// Takes an event in: a kept one waits in its lane, a live one runs at once, if the integration is ready for it.
    pub async fn deliver(&mut self, slot: usize, arrival: Arrival) -> Result<LiveEnd, StoreError> {
        match arrival.event.class() {
            Class::Live => self.deliver_live(slot, arrival).await,
            Class::Kept if self.state(slot) == IntegrationState::Inactive => {
                self.note(arrival.origin, &format!("{} is not delivered: the integration is off", arrival.what));
                Ok(LiveEnd::Dropped)
            }
            Class::Kept => self.enqueue(slot, arrival).await.map(|()| LiveEnd::Kept),
        }
    }

    /// Switches an integration on: its activation runs before everything that waits.
    pub async fn switch_on(&mut self, slot: usize, origin: Origin) -> Result<(), StoreError> {
        let event = self.kept(slot, Arrival { origin, what: "activate".into(), event: Event::Activate });
        let owner = self.slots[slot].integration.clone();
        owner.store.keep(&owner.name, &event).await?;
        owner.store.set_state(&owner.name, IntegrationState::Activating).await?;
        let now = self.now();
        for replaced in self.slots[slot].lanes.activate(event, now) {
            owner.store.finish(&owner.name, &replaced.id, crate::ports::End::Done, None).await?;
        }
        Ok(())
    }

    /// Switches an integration off, after what waits in its setup lane; false when it is off already.
    pub async fn switch_off(&mut self, slot: usize, origin: Origin) -> Result<bool, StoreError> {
        if self.state(slot) == IntegrationState::Inactive {
            return Ok(false);
        }
        self.enqueue(slot, Arrival { origin, what: "deactivate".into(), event: Event::Deactivate }).await?;
        Ok(true)
    }

    /// Keeps an event and puts it into its lane.
    async fn enqueue(&mut self, slot: usize, arrival: Arrival) -> Result<(), StoreError> {
        let event = self.kept(slot, arrival);
        // A hint about an order that waits already adds nothing.
        if self.slots[slot].lanes.has_same_hint(&event) {
            return Ok(());
        }
        let owner = self.slots[slot].integration.clone();
        owner.store.keep(&owner.name, &event).await?;
        let now = self.now();
        self.slots[slot].lanes.push(event, now);
        Ok(())
    }

    /// The event with a delivery of its own.
    fn kept(&mut self, slot: usize, arrival: Arrival) -> KeptEvent {
        self.deliveries += 1;
        let now = self.now();
        KeptEvent {
            id: format!("{}-{}", self.slots[slot].integration.name, self.deliveries),
            ordering_key: arrival.event.ordering_key(),
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

    /// Takes everything that waits out of an integration's lanes and gives what was not reported yet, in order of coming: what it counts as,
    /// and why it waits.
    pub fn drain(&mut self, slot: usize) -> Vec<(KeptEvent, ProblemKind, String)> {
        self.slots[slot].lanes.drain()
    }
}

/// The number at the end of a delivery's id.
fn number_of(id: &str) -> u64 {
    id.rsplit('-').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}
