//! One opening of the store with its dispatch. It ends when the store fails, because memory and disk may differ then; the next one begins
//! from what is on disk.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use uis_host::dispatch::Dispatch;
use uis_host::dispatch::commands::Command;
use uis_host::dispatch::handle::Handle;
use uis_host::ports::StoreError;
use uis_host::sync::lock;

use super::{Parts, Running};
use crate::integrations::book::Book;
use crate::integrations::building::Built;
use crate::integrations::record::Record;
use crate::observe::watcher::Watcher;
use crate::store::SqliteStore;

/// Resolves when a core has ended: with the reason when its store failed, without when it was stopped.
pub type Ended = BoxFuture<'static, Option<String>>;

/// One opening of the store with its dispatch.
pub struct Core {
    /// The store.
    pub store: Arc<SqliteStore>,
    /// The integrations' records in it.
    pub book: Arc<Book>,
    /// Hands events to the dispatch.
    pub handle: Handle,
    running: RwLock<HashMap<String, Arc<Running>>>,
    requests_per_second: u32,
    task: std::sync::Mutex<Option<JoinHandle<()>>>,
}

/// Integrations whose record cannot be used at all, by name, with the reason.
type Refused = HashMap<String, String>;

impl Core {
    /// Opens the store and begins to deliver what waits in it.
    pub async fn open(parts: &Parts) -> Result<(Arc<Core>, Ended, Refused), String> {
        let (store, recovered) = SqliteStore::open(&parts.store, parts.options.clone()).map_err(|error| error.to_string())?;
        if let Some(report) = recovered {
            tracing::error!(%report, "the store's file was damaged; what can be read was recovered");
        }
        store.prove_room().await.map_err(|error| format!("{}: {error}", parts.store.display()))?;
        let store = Arc::new(store);
        let workshop = &parts.workshop;
        let book = Arc::new(Book { store: store.clone(), workshop: workshop.clone() });
        let (mut refused, mut built) = (Refused::new(), Vec::new());
        for record in book.all().await.map_err(|error| error.to_string())? {
            match workshop.build(&record, &store).await {
                Ok(made) => built.push(made),
                Err(why) => drop(refused.insert(record.name, why)),
            }
        }
        let watcher = Watcher { store: store.clone(), capture: parts.capture };
        let integrations = built.iter().map(|built| built.integration.clone()).collect();
        let dispatch = Dispatch::new(workshop.plugin.clone(), workshop.clock.clone(), integrations, Box::new(watcher));
        let dispatch = dispatch.await.map_err(|error| error.to_string())?.without_lane_order(parts.leave_out_lane_order);
        let rate = parts.limits.requests_per_second;
        let running = built.into_iter().enumerate().map(|(slot, built)| {
            let name = built.integration.name.clone();
            (name, Arc::new(Running::new(slot, built, rate)))
        });
        let running = RwLock::new(running.collect());
        let (handle, commands) = Handle::new();
        let (ended, task) = serve(dispatch, commands);
        let core = Core { store, book, handle, running, requests_per_second: rate, task: std::sync::Mutex::new(Some(task)) };
        Ok((Arc::new(core), ended, refused))
    }

    /// The integration of this name.
    pub fn running(&self, name: &str) -> Option<Arc<Running>> {
        self.running.read().unwrap_or_else(std::sync::PoisonError::into_inner).get(name).cloned()
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
        let running = Arc::new(Running::new(slot, built, self.requests_per_second));
        self.running.write().unwrap_or_else(std::sync::PoisonError::into_inner).insert(record.name.clone(), running);
        Ok(())
    }

    /// Lets the handlers that run end, and closes the store.
    pub async fn end(&self) {
        self.handle.stop().await;
        let task = lock(&self.task).take();
        if let Some(task) = task {
            // A panic was reported where it happened.
            let _ = task.await;
        }
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
