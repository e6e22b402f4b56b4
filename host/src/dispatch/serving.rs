//! Real time: several lanes run concurrently, each handler is a task, and live events run beside the lanes.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use tokio::sync::{mpsc, oneshot};

use super::delivery::Ended;
use super::{Arrival, Dispatch, KEPT_PER_INTEGRATION, LiveEnd};
use crate::event::{Class, Fault};
use crate::plugin::Run;
use crate::ports::{IntegrationState, KeptEvent, Origin, StoreError};
use crate::services::EventScope;

/// The longest sleep. A change of the machine's clock is noticed within this time.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// A command to a dispatch that runs [`serve`](Dispatch::serve).
#[derive(Debug)]
pub enum Command {
    /// An event was received. For a kept event the reply is sent once the event is stored; for a live event, once its handler has ended.
    /// When the sender is dropped without a reply, the event was not accepted.
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
    },
    /// Switch an integration off.
    SwitchOff {
        /// The integration's slot.
        slot: usize,
        /// Where the command came from.
        origin: Origin,
    },
}

/// A call of an integration: the integration's slot and the call session id.
type CallKey = (usize, i64);

/// A live event, and who receives its result.
type LiveEvent = (Box<Arrival>, oneshot::Sender<LiveEnd>);

/// Live events that are being handled or wait for an earlier one of their call.
#[derive(Default)]
struct Waiting {
    /// Receivers of results, by the number of the handler.
    replies: HashMap<u64, oneshot::Sender<LiveEnd>>,
    /// Calls with a live event at work, each with the live events that wait for it: the contract promises their order within a call.
    calls: HashMap<CallKey, VecDeque<LiveEvent>>,
}

impl Dispatch<'_> {
    /// Executes commands until all senders are dropped, then waits for the running handlers. Unfinished events stay in the store. Fails
    /// when a store fails.
    pub async fn serve(&mut self, mut commands: mpsc::Receiver<Command>) -> Result<(), StoreError> {
        let mut waiting = Waiting::default();
        loop {
            self.start_what_may_run().await?;
            let sleep = self.until_next().await?;
            tokio::select! {
                command = commands.recv() => match command {
                    Some(command) => self.execute(command, &mut waiting).await?,
                    None => break,
                },
                Some(ended) = self.at_work.next(), if !self.at_work.is_empty() => self.end(ended, &mut waiting).await?,
                () = tokio::time::sleep(sleep) => {}
            }
        }
        while let Some(ended) = self.next_ended().await {
            self.end(ended, &mut waiting).await?;
        }
        Ok(())
    }

    async fn execute(&mut self, command: Command, waiting: &mut Waiting) -> Result<(), StoreError> {
        match command {
            Command::SwitchOn { slot, origin } if slot < self.len() => self.switch_on(slot, origin).await,
            Command::SwitchOff { slot, origin } if slot < self.len() => self.switch_off(slot, origin).await.map(|_| ()),
            Command::Deliver { slot, arrival, reply } if slot < self.len() => match arrival.event.class() {
                Class::Kept => {
                    let end = self.deliver(slot, *arrival).await?;
                    // The receiver may be gone; the event is stored all the same.
                    let _ = reply.send(end);
                    Ok(())
                }
                Class::Live => self.receive_live(slot, (arrival, reply), waiting).await,
            },
            // There is no such slot. Dropping the reply's sender reports that.
            _ => Ok(()),
        }
    }

    /// Starts a live event, or lets it wait until the earlier live events of its call have ended.
    async fn receive_live(&mut self, slot: usize, (arrival, reply): LiveEvent, waiting: &mut Waiting) -> Result<(), StoreError> {
        let call = arrival.event.call().map(|call| (slot, call.session_id));
        if let Some(later) = call.and_then(|call| waiting.calls.get_mut(&call)) {
            later.push_back((arrival, reply));
            return Ok(());
        }
        self.start_live(slot, call, (arrival, reply), waiting).await.map(|_| ())
    }

    /// Starts a live event; false when it was dropped.
    async fn start_live(
        &mut self,
        slot: usize,
        call: Option<CallKey>,
        (arrival, reply): LiveEvent,
        waiting: &mut Waiting,
    ) -> Result<bool, StoreError> {
        let Some(event) = self.admit_live(slot, *arrival) else {
            let _ = reply.send(LiveEnd::Dropped);
            return Ok(false);
        };
        self.spawn(slot, event).await?;
        waiting.replies.insert(self.handlers, reply);
        if let Some(call) = call {
            waiting.calls.entry(call).or_default();
        }
        Ok(true)
    }

    /// A live event of a call has ended: the next one of the call is started. An event that is too old by now is dropped.
    async fn next_of_call(&mut self, call: CallKey, waiting: &mut Waiting) -> Result<(), StoreError> {
        while let Some(next) = waiting.calls.get_mut(&call).and_then(VecDeque::pop_front) {
            if self.start_live(call.0, Some(call), next, waiting).await? {
                return Ok(());
            }
        }
        waiting.calls.remove(&call);
        Ok(())
    }

    async fn end(&mut self, ended: Ended, waiting: &mut Waiting) -> Result<(), StoreError> {
        let reply = waiting.replies.remove(&ended.handler);
        let call = ended.event.event.call().map(|call| (ended.slot, call.session_id));
        match ended.event.event.class() {
            Class::Kept => self.end_kept(ended).await,
            Class::Live => {
                let end = self.end_live(ended).await?;
                if let Some(reply) = reply {
                    let _ = reply.send(end);
                }
                match call {
                    Some(call) => self.next_of_call(call, waiting).await,
                    None => Ok(()),
                }
            }
        }
    }

    /// Fires due timers, and starts events that may run while places are free.
    async fn start_what_may_run(&mut self) -> Result<(), StoreError> {
        let now = self.now();
        for slot in 0..self.slots.len() {
            while self.state(slot) == IntegrationState::Active {
                let integration = self.slots[slot].integration.clone();
                let due = integration.store.next_timer(&integration.name).await?.filter(|set| set.timer.at <= now);
                let Some(set) = due else { break };
                self.fire(slot, set.timer.name).await?;
            }
        }
        while let Some((slot, key)) = self.next_startable(now) {
            let Some(event) = self.slots[slot].lanes.take(&key) else { continue };
            self.spawn(slot, event).await?;
        }
        Ok(())
    }

    /// The lane that has waited longest, among the integrations that have a free place.
    fn next_startable(&self, now: i64) -> Option<(usize, String)> {
        if self.kept_at_work() >= self.kept_places {
            return None;
        }
        let slots = self.slots.iter().enumerate().filter(|(_, found)| found.at_work < KEPT_PER_INTEGRATION);
        let ready = slots.filter_map(|(slot, found)| found.lanes.next().map(|(at, order, key)| (at, order, slot, key)));
        ready.filter(|(at, ..)| *at <= now).min().map(|(_, _, slot, key)| (slot, key))
    }

    /// How long until the next event or timer is due.
    async fn until_next(&mut self) -> Result<Duration, StoreError> {
        let now = self.now();
        let mut next: Option<i64> = None;
        for found in &self.slots {
            let lane = found.lanes.next().map(|(at, ..)| at).filter(|at| *at > now);
            let timer = match found.lanes.state {
                IntegrationState::Active => found.integration.store.next_timer(&found.integration.name).await?.map(|set| set.timer.at),
                _ => None,
            };
            next = [next, lane, timer].into_iter().flatten().min();
        }
        let wait = next.map_or(LONGEST_SLEEP, |at| Duration::from_millis(u64::try_from(at - now).unwrap_or(0)));
        Ok(wait.min(LONGEST_SLEEP))
    }

    /// Starts an attempt as a task, so that several threads share the work. If the host panics in it, only this event fails.
    async fn spawn(&mut self, slot: usize, event: KeptEvent) -> Result<(), StoreError> {
        let task = tokio::spawn(self.launch(slot, event.clone()).await?);
        let (handler, integration) = (self.handlers, self.slots[slot].integration.clone());
        self.at_work.push(Box::pin(async move {
            match task.await {
                Ok(ended) => ended,
                Err(error) => {
                    let scope = EventScope::new(integration, event.origin, Instant::now());
                    let result = Err(Fault::Host(format!("the handler's task panicked: {error}")));
                    let run = Run { scope, result, fuel: None, memory_bytes: None };
                    Ended { handler, slot, event, run, took: Duration::ZERO }
                }
            }
        }));
        Ok(())
    }
}
