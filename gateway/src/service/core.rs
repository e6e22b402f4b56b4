//! One opening of the store with its dispatch. It ends when the store fails, because memory and disk may differ then; the next one begins
//! from what is on disk.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use uis_host::dispatch::Dispatch;
use uis_host::dispatch::commands::{Command, Replacement};
use uis_host::dispatch::handle::Handle;
use uis_host::ports::StoreError;
use uis_host::sync::lock;

use super::{Parts, Running};
use crate::config::Capture;
use crate::integrations::book::Book;
use crate::integrations::building::Built;
use crate::integrations::erasures;
use crate::integrations::record::Record;
use crate::observe::watcher::Watcher;
use crate::store::SqliteStore;

/// Resolves when a core has ended: with the reason when its store failed, without when it was stopped.
pub type Ended = BoxFuture<'static, Option<String>>;

/// One opening of the store with its dispatch.
pub struct Core {
    /// The store.
    pub store: Arc<SqliteStore>,
    /// The integrations' records in it, with what integrations are made with.
    book: RwLock<Arc<Book>>,
    /// Hands events to the dispatch.
    pub handle: Handle,
    running: RwLock<HashMap<String, Arc<Running>>>,
    requests_per_second: AtomicU32,
    /// Which attempts are captured.
    capture: Arc<RwLock<Capture>>,
    task: std::sync::Mutex<Option<JoinHandle<()>>>,
}

/// Integrations whose record cannot be used at all, by name, with the reason.
pub type Refused = HashMap<String, String>;

impl Core {
    /// Begins to deliver what waits in a store.
    pub async fn open(parts: &Parts, store: Arc<SqliteStore>) -> Result<(Arc<Core>, Ended, Refused), String> {
        store.prove_room().await.map_err(|error| format!("{}: {error}", parts.store.display()))?;
        let workshop = &parts.workshop;
        let book = Arc::new(Book { store: store.clone(), workshop: workshop.clone() });
        erasures::resume(&book).await.map_err(|error| error.to_string())?;
        let (mut refused, mut built) = (Refused::new(), Vec::new());
        for record in book.all().await.map_err(|error| error.to_string())? {
            match workshop.build(&record, &store).await {
                Ok(made) => built.push(made),
                Err(why) => drop(refused.insert(record.name, why)),
            }
        }
        store.keep_reports(parts.capture == Capture::All);
        let capture = Arc::new(RwLock::new(parts.capture));
        let watcher = Watcher { store: store.clone(), capture: capture.clone(), disk: workshop.disk.clone() };
        let integrations = built.iter().map(|built| built.integration.clone()).collect();
        let dispatch = Dispatch::new(workshop.plugin.clone(), workshop.clock.clone(), integrations, Box::new(watcher));
        let mut dispatch = dispatch.await.map_err(|error| error.to_string())?.without_lane_order(parts.leave_out_lane_order);
        for (slot, built) in built.iter().enumerate() {
            let pause = store.pause_of(&built.integration.name).await.map_err(|error| error.to_string())?;
            dispatch.hold(slot, pause.is_some());
        }
        let rate = parts.limits.requests_per_second;
        let running = built.into_iter().enumerate().map(|(slot, built)| {
            let name = built.integration.name.clone();
            (name, Arc::new(Running::new(slot, built, rate)))
        });
        let running = RwLock::new(running.collect());
        let (handle, commands) = Handle::new();
        let (ended, task) = serve(dispatch, commands);
        let (book, requests_per_second) = (RwLock::new(book), AtomicU32::new(rate));
        let core = Core { store, book, handle, running, requests_per_second, capture, task: std::sync::Mutex::new(Some(task)) };
        Ok((Arc::new(core), ended, refused))
    }

    /// The integrations' records, with what integrations are made with.
    pub fn book(&self) -> Arc<Book> {
        self.book.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The integration of this name.
    pub fn running(&self, name: &str) -> Option<Arc<Running>> {
        self.running.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// Uses a new or changed integration from now on.
    pub async fn reload(&self, record: &Record, built: Built) -> Result<(), StoreError> {
        let integration = built.integration.clone();
        let slot = match self.running(&record.name) {
            Some(known) => {
                self.handle.replace(known.slot, integration).await?;
                known.slot
            }
            None => self.handle.add(integration).await?,
        };
        let running = Arc::new(Running::new(slot, built, self.requests_per_second.load(Ordering::Relaxed)));
        self.running.write().unwrap_or_else(PoisonError::into_inner).insert(record.name.clone(), running);
        Ok(())
    }

    /// Makes all integrations anew with other parts, and uses them all at once. When one of them cannot be made that could before, nothing is
    /// changed; the error names each. Integrations that are refused, before and now, are returned.
    pub async fn swap(&self, parts: &Parts, refused: &Refused, activate: bool) -> Result<Refused, String> {
        let book = Arc::new(Book { store: self.store.clone(), workshop: parts.workshop.clone() });
        let (mut built, mut still, mut wrong) = (Vec::new(), Refused::new(), Vec::new());
        for record in book.all().await.map_err(|error| error.to_string())? {
            match parts.workshop.build(&record, &self.store).await {
                Ok(made) => built.push(made),
                Err(why) if refused.contains_key(&record.name) => drop(still.insert(record.name, why)),
                Err(why) => wrong.push(format!("integration {}: {why}", record.name)),
            }
        }
        if !wrong.is_empty() {
            return Err(wrong.join("; "));
        }
        let rate = parts.limits.requests_per_second;
        let (known, new): (Vec<_>, Vec<_>) = built.into_iter().partition(|built| self.running(&built.integration.name).is_some());
        let slots: Vec<(usize, Built)> =
            known.into_iter().filter_map(|built| self.running(&built.integration.name).map(|running| (running.slot, built))).collect();
        let integrations = slots.iter().map(|(slot, built)| (*slot, built.integration.clone())).collect();
        let replacement = Replacement { plugin: parts.workshop.plugin.clone(), integrations, activate };
        self.handle.replace_all(replacement).await.map_err(|error| error.to_string())?;
        self.requests_per_second.store(rate, Ordering::Relaxed);
        *self.capture.write().unwrap_or_else(PoisonError::into_inner) = parts.capture;
        self.store.keep_reports(parts.capture == Capture::All);
        *self.book.write().unwrap_or_else(PoisonError::into_inner) = book;
        {
            let mut running = self.running.write().unwrap_or_else(PoisonError::into_inner);
            for (slot, built) in slots {
                let name = built.integration.name.clone();
                running.insert(name, Arc::new(Running::new(slot, built, rate)));
            }
        }
        for built in new {
            let name = built.integration.name.clone();
            let slot = self.handle.add(built.integration.clone()).await.map_err(|error| error.to_string())?;
            let running = Arc::new(Running::new(slot, built, rate));
            self.running.write().unwrap_or_else(PoisonError::into_inner).insert(name, running);
        }
        Ok(still)
    }

    /// Lets the handlers that run end, at most so long, and closes the store. Handlers that run longer are aborted: their events stay in the
    /// store, and come again as their next attempt.
    pub async fn end(&self, within: Duration) {
        let ending = async {
            self.handle.stop().await;
            let task = lock(&self.task).take();
            if let Some(mut task) = task {
                // A panic was reported where it happened.
                if tokio::time::timeout(within, &mut task).await.is_err() {
                    tracing::warn!(seconds = within.as_secs(), "handlers that did not end in time are aborted; their events come again");
                    task.abort();
                    let _ = task.await;
                }
            }
        };
        ending.await;
        self.store.close().await;
    }
}

/// Runs the dispatch in a task of its own.
fn serve(mut dispatch: Dispatch<'static>, commands: mpsc::Receiver<Command>) -> (Ended, JoinHandle<()>) {
    let (report, ended) = tokio::sync::oneshot::channel();
    let task = tokio::spawn(async move {
        let why = dispatch.serve(commands).await.err().map(|error| error.to_string());
        // Nobody waits for it when the gateway itself is gone.
        let _ = report.send(why);
    });
    // When the task panicked, its sender is dropped without a message.
    let ended = async move { ended.await.unwrap_or_else(|_| Some("the dispatch panicked".to_owned())) }.boxed();
    (ended, task)
}
