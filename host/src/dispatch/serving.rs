//! Real time: several lanes run concurrently, each handler is a task, and live events run beside the lanes.
//!
//! The loop waits for nothing but commands, stored events, ended handlers and the time: writes to the store are begun and go on beside it.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesOrdered, FuturesUnordered};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::delivery::Ended;
use super::index::{Index, NextTimer};
use super::writes::{Write, begun};
use super::{Arrival, Dispatch, KEPT_PER_INTEGRATION, LiveEnd, Slot};
use crate::event::{Class, Event, Fault};
use crate::integration::Integration;
use crate::plugin::Run;
use crate::ports::{IntegrationState, KeptEvent, Origin, SetTimer, StoreError};
use crate::services::EventScope;

/// The longest sleep. A change of the machine's clock is noticed within this time.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// An integration that already has places gets another only while their share of all places is less than the share that is free, times this
/// number. So some places always stay free for others, however many integrations have a slow remote system: twenty of them, which would fill
/// 48 places four by four, get fewer.
const FREE_SHARE: usize = 6;

/// How long after a refused key it is tried whether the key is accepted again. The owner may have put the old key back in the remote system.
/// The time doubles up to [`LONGEST_PROBE_MS`].
const FIRST_PROBE_MS: i64 = 5 * 60_000;
/// The longest time between two such trials.
const LONGEST_PROBE_MS: i64 = 60 * 60_000;

/// How often events are tried again that wait until something has changed. Nobody reports a change in the remote system, such as a right that
/// was given to the key.
const PARKED_MS: i64 = 60 * 60_000;

/// A command to a dispatch that runs [`serve`](Dispatch::serve). [`Handle`](super::handle::Handle) gives them. A reply that is dropped reports
/// that there is no such slot, or that the dispatch has ended.
pub enum Command {
    /// An event was received. For a kept event the reply is sent once the event is stored; for a live event, once its handler has ended.
    Deliver {
        /// The integration's slot.
        slot: usize,
        /// The event.
        arrival: Box<Arrival>,
        /// Receives the result.
        reply: oneshot::Sender<LiveEnd>,
    },
    /// Switch an integration on, or activate it again because its settings were saved.
    SwitchOn {
        /// The integration's slot.
        slot: usize,
        /// Where the command came from.
        origin: Origin,
        /// Sent once the wish is stored.
        reply: oneshot::Sender<()>,
    },
    /// Switch an integration off.
    SwitchOff {
        /// The integration's slot.
        slot: usize,
        /// Where the command came from.
        origin: Origin,
        /// Sent once the wish is stored.
        reply: oneshot::Sender<()>,
    },
    /// Add an integration.
    Add {
        /// The integration. Its name is new.
        integration: Arc<Integration>,
        /// Receives its slot.
        reply: oneshot::Sender<usize>,
    },
    /// Replace an integration.
    Replace {
        /// The integration's slot.
        slot: usize,
        /// The integration with the same name.
        integration: Arc<Integration>,
        /// Sent once it is in use.
        reply: oneshot::Sender<()>,
    },
    /// Put a dead letter back into its lane.
    Revive {
        /// The integration's slot.
        slot: usize,
        /// The event's id.
        id: String,
        /// Receives whether there was such a dead letter.
        reply: oneshot::Sender<bool>,
    },
    /// Describe what waits, runs and is due.
    Inspect {
        /// Receives one view for each slot.
        reply: oneshot::Sender<Vec<SlotView>>,
    },
    /// Look again at what is due, because the clock was turned.
    Wake {
        /// Sent once that was done.
        reply: oneshot::Sender<()>,
    },
    /// End once the handlers that run have ended.
    Stop,
}

/// What waits, runs and is due of one integration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotView {
    /// The integration's name.
    pub name: String,
    /// Its state.
    pub state: IntegrationState,
    /// Events that wait in its lanes.
    pub waiting: usize,
    /// Handlers that run, and writes and reads of the store that are under way.
    pub at_work: usize,
    /// When its next lane may run, in milliseconds since 1970; none when none may.
    pub next_lane: Option<i64>,
    /// When its next timer is due, in milliseconds since 1970; none when none is set, or it is being read.
    pub next_timer: Option<i64>,
    /// When the oldest event that waits was received, in milliseconds since 1970.
    pub oldest: Option<i64>,
}

/// A call of an integration: the integration's slot and the call session id.
type CallKey = (usize, i64);

/// A live event, and who receives its result.
type LiveEvent = (Box<Arrival>, oneshot::Sender<LiveEnd>);

/// What happens once something is stored.
enum Stored {
    /// An event that was received: it goes into its lane.
    Received(usize, Box<KeptEvent>, oneshot::Sender<LiveEnd>),
    /// A timer fired, if the flag is true: its event goes into its lane.
    Fired(usize, Option<Box<KeptEvent>>, bool),
    /// A dead letter was revived: it goes into its lane.
    Revived(usize, Option<Box<KeptEvent>>, oneshot::Sender<bool>),
    /// A wish.
    Wish(oneshot::Sender<()>),
}

impl Stored {
    fn slot(&self) -> Option<usize> {
        match self {
            Stored::Received(slot, ..) | Stored::Fired(slot, ..) | Stored::Revived(slot, ..) => Some(*slot),
            Stored::Wish(_) => None,
        }
    }
}

/// The next timer of a slot, as it was read.
type ReadTimer = (usize, Result<Option<SetTimer>, StoreError>);

/// What only real time needs.
#[derive(Default)]
struct Serving {
    /// Receivers of results of live events, by the number of the handler.
    replies: HashMap<u64, oneshot::Sender<LiveEnd>>,
    /// Calls with a live event at work, each with the live events that wait for it: the contract promises their order within a call.
    calls: HashMap<CallKey, VecDeque<LiveEvent>>,
    /// Events that are being stored, in the order in which they came.
    storing: FuturesOrdered<BoxFuture<'static, Result<Stored, StoreError>>>,
    /// How many of them each slot has, and reads of timers.
    under_way: Vec<usize>,
    /// Next timers that are being read.
    reading: FuturesUnordered<BoxFuture<'static, ReadTimer>>,
    index: Index,
    /// When the key of a paused integration is tried again, by slot; with the number of trials so far.
    probes: HashMap<usize, (i64, u32)>,
    /// When events that wait for a change are tried again, by slot.
    parked: HashMap<usize, i64>,
}

impl Serving {
    fn count(&mut self, slot: usize) -> &mut usize {
        if self.under_way.len() <= slot {
            self.under_way.resize(slot + 1, 0);
        }
        &mut self.under_way[slot]
    }
}

impl Dispatch<'_> {
    /// Executes commands until it is asked to stop or all senders are dropped, then waits for the running handlers. Unfinished events stay in
    /// the store. Fails as soon as a write to a store fails: memory and disk may differ then, so open the store again and make a new dispatch
    /// from it. Handlers that still run are aborted.
    pub async fn serve(&mut self, mut commands: mpsc::Receiver<Command>) -> Result<(), StoreError> {
        self.begun = Some(FuturesUnordered::new());
        let mut serving = Serving::default();
        for slot in 0..self.len() {
            self.changed(slot, &mut serving);
        }
        loop {
            self.start_what_may_run(&mut serving).await?;
            let sleep = self.until_next(&serving);
            tokio::select! {
                biased;
                Some(stored) = serving.storing.next(), if !serving.storing.is_empty() => self.stored(stored?, &mut serving),
                Some(ended) = self.at_work.next(), if !self.at_work.is_empty() => self.end(ended, &mut serving).await?,
                Some(done) = next_begun(&mut self.begun) => done?,
                Some(read) = serving.reading.next(), if !serving.reading.is_empty() => self.timer_read(read, &mut serving)?,
                command = commands.recv() => match command {
                    None | Some(Command::Stop) => break,
                    Some(command) => self.execute(command, &mut serving).await?,
                },
                () = tokio::time::sleep(sleep) => {}
            }
        }
        drop(commands);
        self.wind_up(serving).await
    }

    /// Waits for what is under way: events that are being stored, running handlers, and writes.
    async fn wind_up(&mut self, mut serving: Serving) -> Result<(), StoreError> {
        while let Some(stored) = serving.storing.next().await {
            self.stored(stored?, &mut serving);
        }
        while let Some(ended) = self.next_ended().await {
            self.end(ended, &mut serving).await?;
        }
        if let Some(mut begun) = self.begun.take() {
            while let Some(done) = begun.next().await {
                done?;
            }
        }
        Ok(())
    }

    async fn execute(&mut self, command: Command, serving: &mut Serving) -> Result<(), StoreError> {
        let known = |slot: usize, dispatch: &Self| slot < dispatch.len();
        match command {
            Command::SwitchOn { slot, origin, reply } if known(slot, self) => {
                self.switch_on(slot, origin).await?;
                self.wished(slot, reply, serving);
            }
            Command::SwitchOff { slot, origin, reply } if known(slot, self) => {
                self.switch_off(slot, origin).await?;
                self.wished(slot, reply, serving);
            }
            Command::Deliver { slot, arrival, reply } if known(slot, self) => match arrival.event.class() {
                Class::Kept => self.receive_kept(slot, *arrival, reply, serving),
                Class::Live => self.receive_live(slot, (arrival, reply), serving).await?,
            },
            Command::Add { integration, reply } => {
                self.slots.push(Slot::open(integration).await?);
                let slot = self.slots.len() - 1;
                self.changed(slot, serving);
                let _ = reply.send(slot);
            }
            Command::Replace { slot, integration, reply } if known(slot, self) => {
                self.slots[slot].integration = integration;
                let _ = reply.send(());
            }
            Command::Revive { slot, id, reply } if known(slot, self) => self.revive(slot, id, reply, serving),
            Command::Inspect { reply } => drop(reply.send(self.views(serving))),
            Command::Wake { reply } => {
                self.start_what_may_run(serving).await?;
                let _ = reply.send(());
            }
            // There is no such slot. Dropping the reply's sender reports that.
            _ => {}
        }
        Ok(())
    }

    /// Replies once everything so far is on disk.
    fn wished(&mut self, slot: usize, reply: oneshot::Sender<()>, serving: &mut Serving) {
        self.changed(slot, serving);
        let writing = Write::Commit.begin(self.slots[slot].integration.clone());
        serving.storing.push_back(Box::pin(async move { writing.await.map(|()| Stored::Wish(reply)) }));
    }

    /// Begins to store an event.
    fn receive_kept(&mut self, slot: usize, arrival: Arrival, reply: oneshot::Sender<LiveEnd>, serving: &mut Serving) {
        if self.state(slot) == IntegrationState::Inactive {
            self.note(arrival.origin, &format!("{} was not delivered: the integration is switched off", arrival.what));
            let _ = reply.send(LiveEnd::Dropped);
            return;
        }
        let event = self.kept(slot, arrival);
        if self.slots[slot].lanes.has_same_hint(&event) {
            // The one that waits is on disk, and does the work of both.
            let _ = reply.send(LiveEnd::Kept);
            return;
        }
        let event = Box::new(event);
        let writing = Write::Keep(event.clone()).begin(self.slots[slot].integration.clone());
        *serving.count(slot) += 1;
        serving.storing.push_back(Box::pin(async move { writing.await.map(|()| Stored::Received(slot, event, reply)) }));
    }

    fn revive(&mut self, slot: usize, id: String, reply: oneshot::Sender<bool>, serving: &mut Serving) {
        let integration = self.slots[slot].integration.clone();
        let reviving = begun(async move { integration.store.revive(&integration.name, &id).await });
        *serving.count(slot) += 1;
        let revived = async move { reviving.await.map(|event| Stored::Revived(slot, event.map(Box::new), reply)) };
        serving.storing.push_back(Box::pin(revived));
    }

    /// Something is on disk: events go into their lanes, and whoever waits is answered.
    fn stored(&mut self, stored: Stored, serving: &mut Serving) {
        let (now, slot) = (self.now(), stored.slot());
        if let Some(slot) = slot {
            *serving.count(slot) -= 1;
        }
        // Receivers may be gone; what is stored is delivered all the same.
        match stored {
            Stored::Received(slot, event, reply) => {
                self.slots[slot].lanes.push(*event, now);
                let _ = reply.send(LiveEnd::Kept);
            }
            Stored::Fired(slot, event, fired) => {
                if let Some(event) = event.filter(|_| fired) {
                    self.slots[slot].lanes.push(*event, now);
                }
                *serving.index.timer(slot) = NextTimer::Unknown;
            }
            Stored::Revived(slot, event, reply) => {
                let _ = reply.send(event.is_some());
                if let Some(event) = event {
                    // Whoever revived it expects the fault to be mended: it has all its attempts again.
                    self.slots[slot].faults_from.insert(event.id.clone(), event.attempt);
                    self.slots[slot].lanes.push(*event, now);
                }
            }
            Stored::Wish(reply) => drop(reply.send(())),
        }
        if let Some(slot) = slot {
            self.changed(slot, serving);
        }
    }

    /// Starts a live event, or lets it wait until the earlier live events of its call have ended.
    async fn receive_live(&mut self, slot: usize, (arrival, reply): LiveEvent, serving: &mut Serving) -> Result<(), StoreError> {
        let call = arrival.event.call().map(|call| (slot, call.session_id));
        if let Some(later) = call.and_then(|call| serving.calls.get_mut(&call)) {
            later.push_back((arrival, reply));
            return Ok(());
        }
        self.start_live(slot, call, (arrival, reply), serving).await.map(|_| ())
    }

    /// Starts a live event; false when it was dropped.
    async fn start_live(
        &mut self,
        slot: usize,
        call: Option<CallKey>,
        (arrival, reply): LiveEvent,
        serving: &mut Serving,
    ) -> Result<bool, StoreError> {
        let Some(event) = self.admit_live(slot, *arrival) else {
            let _ = reply.send(LiveEnd::Dropped);
            return Ok(false);
        };
        *serving.count(slot) += 1;
        self.spawn(slot, event).await?;
        serving.replies.insert(self.handlers, reply);
        if let Some(call) = call {
            serving.calls.entry(call).or_default();
        }
        Ok(true)
    }

    /// A live event of a call has ended: the next one of the call is started. An event that is too old by now is dropped.
    async fn next_of_call(&mut self, call: CallKey, serving: &mut Serving) -> Result<(), StoreError> {
        while let Some(next) = serving.calls.get_mut(&call).and_then(VecDeque::pop_front) {
            if self.start_live(call.0, Some(call), next, serving).await? {
                return Ok(());
            }
        }
        serving.calls.remove(&call);
        Ok(())
    }

    async fn end(&mut self, ended: Ended, serving: &mut Serving) -> Result<(), StoreError> {
        let (slot, reply) = (ended.slot, serving.replies.remove(&ended.handler));
        let call = ended.event.event.call().map(|call| (ended.slot, call.session_id));
        match ended.event.event.class() {
            Class::Kept => self.end_kept(ended).await?,
            Class::Live => {
                *serving.count(slot) -= 1;
                let end = self.end_live(ended).await?;
                if let Some(reply) = reply {
                    let _ = reply.send(end);
                }
                if let Some(call) = call {
                    self.next_of_call(call, serving).await?;
                }
            }
        }
        self.timer_may_have_changed(slot, serving);
        self.changed(slot, serving);
        Ok(())
    }

    /// Sets when the key of a paused integration is tried again.
    fn plan_probe(&self, slot: usize, serving: &mut Serving) {
        match self.state(slot) {
            IntegrationState::Paused => {
                let now = self.now();
                let (at, trials) = serving.probes.entry(slot).or_insert((i64::MIN, 0));
                if *at == i64::MIN {
                    let delay = FIRST_PROBE_MS.saturating_mul(1 << (*trials).min(10)).min(LONGEST_PROBE_MS);
                    // A thousand integrations whose keys were refused at once are not all tried at once.
                    *at = now + delay + delay * (slot as i64 % 100) / 500;
                    *trials += 1;
                }
            }
            // A trial is under way: its count goes on.
            IntegrationState::Activating => {
                if let Some((at, _)) = serving.probes.get_mut(&slot) {
                    *at = i64::MIN;
                }
            }
            IntegrationState::Active | IntegrationState::Inactive => drop(serving.probes.remove(&slot)),
        }
    }

    /// Activates paused integrations whose trial is due. One that fails again is not reported again.
    async fn probe(&mut self, now: i64, serving: &mut Serving) -> Result<(), StoreError> {
        let due = serving.probes.iter().filter(|(_, (at, _))| *at <= now && *at > i64::MIN).map(|(slot, _)| *slot);
        for slot in due.collect::<Vec<_>>() {
            // A trial would replace the owner's wish to switch the integration off.
            if self.slots[slot].lanes.is_wishing() {
                continue;
            }
            self.note(Origin::default(), "the key is tried again");
            let event = self.kept(slot, Arrival { origin: Origin::default(), what: "activate".into(), event: Event::Activate });
            let event = KeptEvent { reported: true, ..event };
            self.write(slot, Write::Keep(Box::new(event.clone()))).await?;
            self.wish(slot, event).await?;
            self.changed(slot, serving);
        }
        Ok(())
    }

    /// Something of a slot has changed: looks anew at when it may run, and at its next timer.
    fn changed(&mut self, slot: usize, serving: &mut Serving) {
        self.plan_probe(slot, serving);
        match self.slots[slot].lanes.has_parked() {
            true => drop(serving.parked.entry(slot).or_insert(self.now() + PARKED_MS)),
            false => drop(serving.parked.remove(&slot)),
        }
        let found = &self.slots[slot];
        let next = (found.at_work < KEPT_PER_INTEGRATION).then(|| found.lanes.next()).flatten();
        serving.index.set_startable(slot, next.map(|(at, order, _)| (at, order)));
        let due = match (found.lanes.state, serving.index.timer(slot)) {
            (IntegrationState::Active, NextTimer::Unknown) => {
                self.read_timer(slot, serving);
                None
            }
            (IntegrationState::Active, NextTimer::Known(Some(set))) => Some(set.timer.at),
            _ => None,
        };
        serving.index.set_due(slot, due);
    }

    /// A handler has ended, and may have set or cancelled timers.
    fn timer_may_have_changed(&mut self, slot: usize, serving: &mut Serving) {
        let timer = serving.index.timer(slot);
        *timer = match timer {
            NextTimer::Busy(_) => NextTimer::Busy(true),
            NextTimer::Unknown | NextTimer::Known(_) => NextTimer::Unknown,
        };
    }

    fn read_timer(&mut self, slot: usize, serving: &mut Serving) {
        let integration = self.slots[slot].integration.clone();
        *serving.index.timer(slot) = NextTimer::Busy(false);
        *serving.count(slot) += 1;
        let reading = begun(async move { integration.store.next_timer(&integration.name).await });
        serving.reading.push(Box::pin(async move { (slot, reading.await) }));
    }

    fn timer_read(&mut self, (slot, read): ReadTimer, serving: &mut Serving) -> Result<(), StoreError> {
        *serving.count(slot) -= 1;
        let again = matches!(serving.index.timer(slot), NextTimer::Busy(true));
        *serving.index.timer(slot) = if again { NextTimer::Unknown } else { NextTimer::Known(read?.map(Box::new)) };
        self.changed(slot, serving);
        Ok(())
    }

    /// Fires a timer that is due.
    fn fire_due(&mut self, slot: usize, serving: &mut Serving) {
        serving.index.set_due(slot, None);
        let NextTimer::Known(Some(set)) = std::mem::replace(serving.index.timer(slot), NextTimer::Busy(false)) else { return };
        let (now, name) = (self.now(), set.timer.name.clone());
        // While the event of a repeating timer's previous run waits, another one would find nothing more to do.
        let waits = set.timer.every_ms.is_some() && self.slots[slot].lanes.has_timer(&set.timer.ordering_key, &name);
        let event = (!waits).then(|| Box::new(self.timer_event(slot, *set)));
        let integration = self.slots[slot].integration.clone();
        let stored = event.clone();
        let firing = begun(async move { integration.store.fire(&integration.name, &name, now, stored.as_deref()).await });
        *serving.count(slot) += 1;
        serving.storing.push_back(Box::pin(async move { firing.await.map(|fired| Stored::Fired(slot, event, fired)) }));
    }

    /// Fires due timers, and starts events that may run while places are free.
    async fn start_what_may_run(&mut self, serving: &mut Serving) -> Result<(), StoreError> {
        let now = self.now();
        while let Some(slot) = serving.index.first_due(now) {
            self.fire_due(slot, serving);
        }
        self.probe(now, serving).await?;
        let due = serving.parked.iter().filter(|(_, at)| **at <= now).map(|(slot, _)| *slot);
        for slot in due.collect::<Vec<_>>() {
            serving.parked.remove(&slot);
            self.slots[slot].lanes.try_parked(now);
            self.changed(slot, serving);
        }
        while let Some(slot) = self.next_startable(now, serving) {
            let taken = self.slots[slot].lanes.next().and_then(|(_, _, key)| self.slots[slot].lanes.take(&key));
            if let Some(event) = taken {
                self.spawn(slot, event).await?;
            }
            self.changed(slot, serving);
        }
        Ok(())
    }

    /// The integration that has waited longest, among those that may have another place.
    fn next_startable(&self, now: i64, serving: &Serving) -> Option<usize> {
        let free = self.kept_places.saturating_sub(self.kept_at_work);
        let may = |at_work: usize| free > 0 && (at_work == 0 || at_work * self.kept_places < free * FREE_SHARE);
        // When even an integration without a place gets none, nobody does.
        may(0).then(|| serving.index.startable(now).find(|slot| may(self.slots[*slot].at_work))).flatten()
    }

    /// How long until the next event or timer is due.
    fn until_next(&self, serving: &Serving) -> Duration {
        let now = self.now();
        let again = serving.probes.values().map(|(at, _)| at).chain(serving.parked.values());
        let again = again.copied().filter(|at| *at > now).min();
        let next = [serving.index.next_after(now), again].into_iter().flatten().min();
        let wait = next.map_or(LONGEST_SLEEP, |at| Duration::from_millis(u64::try_from(at - now).unwrap_or(0)));
        wait.min(LONGEST_SLEEP)
    }

    fn views(&self, serving: &Serving) -> Vec<SlotView> {
        let view = |(slot, found): (usize, &Slot)| SlotView {
            name: found.integration.name.clone(),
            state: found.lanes.state,
            waiting: found.lanes.len(),
            at_work: found.at_work + serving.under_way.get(slot).copied().unwrap_or(0),
            next_lane: found.lanes.next().map(|(at, ..)| at),
            next_timer: serving.index.due_at(slot),
            oldest: found.lanes.oldest(),
        };
        self.slots.iter().enumerate().map(view).collect()
    }

    /// Starts an attempt as a task, so that several threads share the work. If the host panics in it, only this event fails.
    async fn spawn(&mut self, slot: usize, event: KeptEvent) -> Result<(), StoreError> {
        let mut task = AbortOnDrop(tokio::spawn(self.launch(slot, event.clone()).await?));
        let (handler, integration) = (self.handlers, self.slots[slot].integration.clone());
        self.at_work.push(Box::pin(async move {
            match (&mut task.0).await {
                Ok(ended) => ended,
                Err(error) => {
                    let scope = EventScope::new(integration, event.origin, Instant::now());
                    let result = Err(Fault::Host(format!("the handler's task panicked: {error}")));
                    let run = Run { scope, result, fuel: None, memory_bytes: None };
                    Ended { handler, slot, event, run, took: Duration::ZERO, dialled: None }
                }
            }
        }));
        Ok(())
    }
}

/// The next write that is done; never ready when none is under way.
async fn next_begun(begun: &mut Option<super::Begun>) -> Option<Result<(), StoreError>> {
    match begun {
        Some(begun) if !begun.is_empty() => begun.next().await,
        _ => std::future::pending().await,
    }
}

/// A handler's task, which ends with the dispatch: after a failed store it must cause nothing more.
struct AbortOnDrop(JoinHandle<Ended>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
