//! Real time: several lanes run concurrently, each handler is a task, and live events run beside the lanes.
//!
//! The loop waits for nothing but commands, stored events, ended handlers and the time: writes to the store are begun and go on beside it.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesOrdered, FuturesUnordered};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::commands::{Command, SlotView};
use super::delivery::Ended;
use super::index::{Index, NextTimer};
use super::writes::{Write, begun};
use super::{Arrival, Dispatch, KEPT_PER_INTEGRATION, LiveEnd, Slot};
use crate::event::{Class, Fault};
use crate::plugin::Run;
use crate::ports::{IntegrationState, KeptEvent, SetTimer, StoreError};
use crate::services::EventScope;

/// The longest sleep. A change of the machine's clock is noticed within this time.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// An integration that already has places gets another only while their share of all places is less than the share that is free, times this
/// number. So some places always stay free for others, however many integrations have a slow remote system: twenty of them, which would fill
/// 48 places four by four, get fewer.
pub(super) const FREE_SHARE: usize = 6;

/// A call of an integration: the integration's slot and the call session id.
pub(super) type CallKey = (usize, i64);

/// A live event, and who receives its result.
pub(super) type LiveEvent = (Box<Arrival>, oneshot::Sender<LiveEnd>);

/// What happens once something is stored.
pub(super) enum Stored {
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
pub(super) type ReadTimer = (usize, Result<Option<SetTimer>, StoreError>);

/// What only real time needs.
#[derive(Default)]
pub(super) struct Serving {
    /// Receivers of results of live events, by the number of the handler.
    pub(super) replies: HashMap<u64, oneshot::Sender<LiveEnd>>,
    /// Calls with a live event at work, each with the live events that wait for it: the contract promises their order within a call.
    pub(super) calls: HashMap<CallKey, VecDeque<LiveEvent>>,
    /// Live events that wait for a place, by slot, with the time at which each began to wait.
    pub(super) queued: HashMap<usize, VecDeque<(LiveEvent, Instant)>>,
    /// How many live events are being handled, in all, and by slot.
    pub(super) live: (usize, HashMap<usize, usize>),
    /// Events that are being stored, in the order in which they came.
    pub(super) storing: FuturesOrdered<BoxFuture<'static, Result<Stored, StoreError>>>,
    /// How many of them each slot has, and reads of timers.
    pub(super) under_way: Vec<usize>,
    /// Next timers that are being read.
    pub(super) reading: FuturesUnordered<BoxFuture<'static, ReadTimer>>,
    pub(super) index: Index,
    /// When the key of a paused integration is tried again, by slot; with the number of trials so far.
    pub(super) probes: HashMap<usize, (i64, u32)>,
    /// When events that wait for a change are tried again, by slot.
    pub(super) parked: HashMap<usize, i64>,
}

impl Serving {
    pub(super) fn count(&mut self, slot: usize) -> &mut usize {
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
            Command::ReplaceAll { all, reply } if all.integrations.iter().all(|(slot, _)| known(*slot, self)) => {
                self.replace_all(*all, reply, serving).await?;
            }
            Command::Revive { slot, id, reply } if known(slot, self) => self.revive(slot, id, reply, serving),
            Command::Forget { slot, ids, reply } if known(slot, self) => {
                let now = self.now();
                let forgotten = self.slots[slot].lanes.forget(&ids, now);
                self.slots[slot].faults_from.retain(|id, _| !forgotten.contains(id));
                self.changed(slot, serving);
                let _ = reply.send(forgotten);
            }
            Command::Hold { slot, held, reply } if known(slot, self) => {
                self.hold(slot, held);
                self.changed(slot, serving);
                let _ = reply.send(());
            }
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
    pub(super) fn wished(&mut self, slot: usize, reply: oneshot::Sender<()>, serving: &mut Serving) {
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

    async fn end(&mut self, ended: Ended, serving: &mut Serving) -> Result<(), StoreError> {
        let (slot, reply) = (ended.slot, serving.replies.remove(&ended.handler));
        let call = ended.event.event.call().map(|call| (ended.slot, call.session_id));
        match ended.event.event.class() {
            Class::Kept => self.end_kept(ended).await?,
            Class::Live => {
                *serving.count(slot) -= 1;
                serving.live.0 -= 1;
                if let Some(own) = serving.live.1.get_mut(&slot) {
                    *own -= 1;
                }
                let end = self.end_live(ended).await?;
                if let Some(reply) = reply {
                    let _ = reply.send(end);
                }
                if let Some(call) = call {
                    self.next_of_call(call, serving).await?;
                }
            }
        }
        self.start_queued(serving).await?;
        self.timer_may_have_changed(slot, serving);
        self.changed(slot, serving);
        Ok(())
    }

    /// Something of a slot has changed: looks anew at when it may run, and at its next timer.
    pub(super) fn changed(&mut self, slot: usize, serving: &mut Serving) {
        self.plan_probe(slot, serving);
        self.plan_parked(slot, serving);
        let found = &self.slots[slot];
        let next = (found.at_work < KEPT_PER_INTEGRATION).then(|| found.lanes.next()).flatten();
        serving.index.set_startable(slot, next.map(|(at, order, _)| (at, order)));
        let due = match (found.lanes.state, serving.index.timer(slot)) {
            _ if found.lanes.held_by_owner => None,
            (IntegrationState::Active, NextTimer::Unknown) => {
                self.read_timer(slot, serving);
                None
            }
            (IntegrationState::Active, NextTimer::Known(Some(set))) => Some(set.timer.at),
            _ => None,
        };
        serving.index.set_due(slot, due);
    }

    /// Fires due timers, and starts events that may run while places are free.
    async fn start_what_may_run(&mut self, serving: &mut Serving) -> Result<(), StoreError> {
        let now = self.now();
        while let Some(slot) = serving.index.first_due(now) {
            self.fire_due(slot, serving);
        }
        self.probe(now, serving).await?;
        self.unpark_due(now, serving);
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
    pub(super) async fn spawn(&mut self, slot: usize, event: KeptEvent) -> Result<(), StoreError> {
        let mut task = AbortOnDrop(tokio::spawn(self.launch(slot, event.clone()).await?));
        let (handler, integration, plugin) = (self.handlers, self.slots[slot].integration.clone(), self.plugin.clone());
        self.at_work.push(Box::pin(async move {
            match (&mut task.0).await {
                Ok(ended) => ended,
                Err(error) => {
                    let scope = EventScope::new(integration, event.origin, Instant::now());
                    let result = Err(Fault::Host(format!("the handler's task panicked: {error}")));
                    let run = Run { scope, result, fuel: None, memory_bytes: None };
                    Ended { handler, slot, event, run, plugin, took: Duration::ZERO, dialled: None }
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
