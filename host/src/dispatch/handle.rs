//! Giving commands to a dispatch that serves.

use std::collections::HashSet;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::commands::{Command, Replacement, SlotView};
use super::{Arrival, LiveEnd};
use crate::integration::Integration;
use crate::ports::{Origin, StoreError};

/// Commands that wait when the dispatch is busy; further callers wait with theirs.
const QUEUE: usize = 1024;

/// Gives commands to a dispatch. Clones give commands to the same one. Every method fails when the dispatch has ended, or ends before it
/// answers, because its store failed; then nothing is known of the command.
#[derive(Debug, Clone)]
pub struct Handle {
    commands: mpsc::Sender<Command>,
}

impl Handle {
    /// A handle, and the commands for [`serve`](super::Dispatch::serve).
    pub fn new() -> (Handle, mpsc::Receiver<Command>) {
        let (commands, receiver) = mpsc::channel(QUEUE);
        (Handle { commands }, receiver)
    }

    async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Result<T, StoreError> {
        let ended = || StoreError("the dispatch has ended".to_owned());
        let (reply, answer) = oneshot::channel();
        self.commands.send(command(reply)).await.map_err(|_| ended())?;
        answer.await.map_err(|_| ended())
    }

    /// Delivers an event: returns once a kept event is stored, or a live event's handler has ended.
    pub async fn deliver(&self, slot: usize, arrival: Arrival) -> Result<LiveEnd, StoreError> {
        self.ask(|reply| Command::Deliver { slot, arrival: Box::new(arrival), reply }).await
    }

    /// Switches an integration on, or activates it again because its settings were saved. Returns once the wish is stored.
    pub async fn switch_on(&self, slot: usize, origin: Origin) -> Result<(), StoreError> {
        self.ask(|reply| Command::SwitchOn { slot, origin, reply }).await
    }

    /// Switches an integration off. Returns once the wish is stored.
    pub async fn switch_off(&self, slot: usize, origin: Origin) -> Result<(), StoreError> {
        self.ask(|reply| Command::SwitchOff { slot, origin, reply }).await
    }

    /// Adds an integration, in the state that its store has. Returns its slot.
    pub async fn add(&self, integration: Arc<Integration>) -> Result<usize, StoreError> {
        self.ask(|reply| Command::Add { integration, reply }).await
    }

    /// Replaces an integration by one of the same name, with other settings, keys or account. Handlers that run keep the old one.
    pub async fn replace(&self, slot: usize, integration: Arc<Integration>) -> Result<(), StoreError> {
        self.ask(|reply| Command::Replace { slot, integration, reply }).await
    }

    /// Replaces the plugin and integrations at once. Handlers that run keep the old ones; everything that begins later has the new ones.
    /// Events are accepted meanwhile, and lanes and timers stay as they are. Fails, and replaces nothing, when a slot is unknown.
    pub async fn replace_all(&self, all: Replacement) -> Result<(), StoreError> {
        self.ask(|reply| Command::ReplaceAll { all: Box::new(all), reply }).await
    }

    /// Puts a dead letter back to the end of its lane. False when there is no such dead letter.
    pub async fn revive(&self, slot: usize, id: &str) -> Result<bool, StoreError> {
        self.ask(|reply| Command::Revive { slot, id: id.to_owned(), reply }).await
    }

    /// Takes events out of their lanes, because they are erased; the store is not changed. Returns the ids of those that waited: the others
    /// are being stored or handled, or have ended.
    pub async fn forget(&self, slot: usize, ids: HashSet<String>) -> Result<HashSet<String>, StoreError> {
        self.ask(|reply| Command::Forget { slot, ids, reply }).await
    }

    /// Pauses an integration, or ends the pause. The dispatch does not store it; see [`Dispatch::hold`](super::Dispatch::hold).
    pub async fn hold(&self, slot: usize, held: bool) -> Result<(), StoreError> {
        self.ask(|reply| Command::Hold { slot, held, reply }).await
    }

    /// What waits, runs and is due next, for each integration by slot.
    pub async fn inspect(&self) -> Result<Vec<SlotView>, StoreError> {
        self.ask(|reply| Command::Inspect { reply }).await
    }

    /// The clock was turned: looks again at what is due.
    pub async fn wake(&self) -> Result<(), StoreError> {
        self.ask(|reply| Command::Wake { reply }).await
    }

    /// Ends the dispatch once the handlers that run have ended. Everything else stays in the store.
    pub async fn stop(&self) {
        // An error means that it has ended already.
        let _ = self.commands.send(Command::Stop).await;
    }
}
