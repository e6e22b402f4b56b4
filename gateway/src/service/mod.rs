//! The running gateway: the store, the dispatch and the integrations, behind one value that requests and administrators use.
//!
//! | file | what |
//! |---|---|
//! | [`core`] | one opening of the store with its dispatch; it ends when the store fails |
//! | [`deliverer`] | what an administrator asks for, on the running gateway |
//! | [`operator`] | reading the configuration again; versions of the plugin and of rules |
//! | [`upkeep`] | what is done from time to time: metrics, and sweeping out what is old |

pub mod core;
pub mod deliverer;
pub mod operator;
pub mod upkeep;

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use chrono_tz::Tz;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use serde_json::Value;
use tokio::sync::watch;
use uis_host::dispatch::{Arrival, LiveEnd};
use uis_host::event::Event;
use uis_host::integration::Integration;
use uis_host::plugin::Plugin;
use uis_host::ports::Origin;
use uis_host::sync::lock;

use crate::config::{Capture, Config, IntakeLimits};
use crate::integrations::building::{Built, Workshop};
use crate::observe::disk::Room;
use crate::privacy::tombstones::Guard;
use crate::requests::{Kind, Raw};
use crate::secrets::{self, Secrets};
use crate::store::{NewRequest, OpenError, OpenOptions, SqliteStore};
use crate::uis::Client;
use core::Core;

/// How long to wait before the store is opened again after it failed. It grows up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// The longest wait before the store is opened again.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// The longest that handlers take to end.
const LONGEST_STOP: Duration = Duration::from_secs(120);
/// Why events are not accepted.
const STOPS: &str = "the gateway stops";

/// How long the program waits at its start for a store that is in use: a command that works on the file alone holds it for a moment.
const HELD: Duration = Duration::from_secs(5);
/// How often it tries meanwhile.
const TRY_AGAIN: Duration = Duration::from_millis(100);

/// Opens the store of a gateway.
pub fn open_store(path: &Path, options: OpenOptions) -> Result<Arc<SqliteStore>, String> {
    try_store(path, options).map_err(|error| error.to_string())
}

/// Opens the store when the program starts.
pub async fn open_store_at_start(path: &Path, options: OpenOptions) -> Result<Arc<SqliteStore>, String> {
    let until = Instant::now() + HELD;
    loop {
        match try_store(path, options.clone()) {
            Err(OpenError::InUse(_)) if Instant::now() < until => tokio::time::sleep(TRY_AGAIN).await,
            tried => return tried.map_err(|error| error.to_string()),
        }
    }
}

fn try_store(path: &Path, options: OpenOptions) -> Result<Arc<SqliteStore>, OpenError> {
    let (store, recovered) = SqliteStore::open(path, options)?;
    if let Some(report) = recovered {
        tracing::error!(%report, "the store's file was damaged; what can be read was recovered");
    }
    Ok(Arc::new(store))
}

/// An integration that accepts requests.
pub struct Running {
    /// Its slot in the dispatch.
    pub slot: usize,
    /// The host's integration.
    pub integration: Arc<Integration>,
    /// The secrets of its addresses.
    pub secrets: Secrets,
    /// The time zone of its UIS account.
    pub zone: Tz,
    /// What a routing request is answered with while the plugin gives no answer.
    pub route_fallback: Option<Value>,
    /// The limit of requests.
    pub limiter: DefaultDirectRateLimiter,
    /// What cannot be used now, and what to do.
    pub broken: Option<String>,
    /// What the account's owner should know about the settings.
    pub notes: Vec<String>,
    /// The live UIS account; none for one from a file.
    pub uis: Option<Arc<Client>>,
    /// Says what is from before an erasure.
    pub guard: Guard,
}

impl Running {
    /// Whether a presented secret is the integration's. The comparison takes constant time.
    pub fn admits(&self, shown: &str, now: i64) -> bool {
        self.secrets.admits(shown, now)
    }

    fn new(slot: usize, built: Built, requests_per_second: u32) -> Running {
        let rate = NonZeroU32::new(requests_per_second).unwrap_or(NonZeroU32::MIN);
        let limiter = RateLimiter::direct(Quota::per_second(rate).allow_burst(rate.saturating_mul(BURST)));
        let Built { integration, secrets, zone, route_fallback, broken, notes, uis, guard } = built;
        Running { slot, integration, secrets, zone, route_fallback, limiter, broken, notes, uis, guard }
    }
}

/// How many seconds' requests may come at once.
const BURST: NonZeroU32 = NonZeroU32::MIN.saturating_add(1);

/// Why an event was not accepted. Its sender should send it again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotAccepted(pub String);

/// What a gateway is made of.
pub struct Parts {
    /// What integrations are made with.
    pub workshop: Arc<Workshop>,
    /// The store's file.
    pub store: PathBuf,
    /// How the store is opened.
    pub options: OpenOptions,
    /// Limits of requests.
    pub limits: IntakeLimits,
    /// Which attempts are captured.
    pub capture: Capture,
    /// Days after which finished events and requests are deleted.
    pub events_days: u32,
    /// Days after which captures are deleted.
    pub captures_days: u32,
    /// Leaves out the order of lanes, to show that the tests notice it. Ignored in an optimised program.
    pub leave_out_lane_order: bool,
}

/// The variable that names what a test leaves out: `fsync`, `output-commit` or `lane-order`. Ignored in an optimised program.
const LEAVE_OUT: &str = "UIS_GATEWAY_LEAVE_OUT";

/// The running gateway.
pub struct Gateway {
    /// What it is made of now; a reload replaces it.
    parts: RwLock<Arc<Parts>>,
    /// One change of the parts, or of an integration, at a time.
    turn: tokio::sync::Mutex<()>,
    /// Events are accepted no more, because the gateway stops.
    closing: AtomicBool,
    /// The opening of the store that is in use; none while the store is failed.
    core: RwLock<Result<Arc<Core>, String>>,
    /// The opening that was in use last: while the store is failed, it still knows which requests will be accepted again.
    last: RwLock<Option<Arc<Core>>>,
    /// Integrations whose record cannot be used at all, with the reason.
    refused: Mutex<HashMap<String, String>>,
    /// Compared with when there is no integration.
    nobody: Secrets,
    /// Becomes true when the gateway stops.
    stopping: watch::Sender<bool>,
}

impl Gateway {
    /// Opens the store and begins to deliver. Fails when the store cannot be opened; an integration that cannot be used is only reported.
    pub async fn start(parts: Parts) -> Result<Arc<Gateway>, String> {
        let store = open_store(&parts.store, parts.options.clone())?;
        Gateway::start_with(parts, store).await
    }

    /// The same with the store that is open already.
    pub async fn start_with(parts: Parts, store: Arc<SqliteStore>) -> Result<Arc<Gateway>, String> {
        let nobody = Secrets { current: secrets::random()?, previous: None };
        let gateway = Gateway {
            parts: RwLock::new(Arc::new(parts)),
            turn: tokio::sync::Mutex::default(),
            closing: AtomicBool::new(false),
            core: RwLock::new(Err("the gateway starts".to_owned())),
            last: RwLock::default(),
            refused: Mutex::default(),
            nobody,
            stopping: watch::Sender::new(false),
        };
        let (first, ended) = gateway.open(store).await?;
        gateway.use_core(Ok(first));
        // Before anything is accepted.
        gateway.look_at_disk();
        let gateway = Arc::new(gateway);
        tokio::spawn(gateway.clone().supervise(ended));
        Ok(gateway)
    }

    /// Whether events are accepted; with the reason when they are not.
    pub fn ready(&self) -> Result<(), String> {
        if self.closing.load(Ordering::Relaxed) {
            return Err(STOPS.to_owned());
        }
        self.accepting().map(|_| ())
    }

    /// The store in use, if events are accepted into it: also its disk has room for them.
    fn accepting(&self) -> Result<Arc<Core>, String> {
        let core = self.core()?;
        self.parts().workshop.disk.accepts().map(|()| core)
    }

    /// Looks at the store's disk.
    pub fn look_at_disk(&self) -> Room {
        let room = self.parts().workshop.disk.look();
        metrics::gauge!("uis_gateway_ready").set(if self.ready().is_ok() { 1.0 } else { 0.0 });
        room
    }

    /// From now on the gateway is not ready, because it is about to stop. Requests that come are still answered.
    pub fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
        metrics::gauge!("uis_gateway_ready").set(0.0);
    }

    /// What the gateway is made of now.
    pub fn parts(&self) -> Arc<Parts> {
        self.parts.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The current time, in milliseconds since 1970.
    pub fn now(&self) -> i64 {
        self.parts().workshop.clock.now_ms()
    }

    /// The limits of requests.
    pub fn limits(&self) -> IntakeLimits {
        self.parts().limits.clone()
    }

    /// The plugin.
    pub fn plugin(&self) -> Arc<dyn Plugin> {
        self.parts().workshop.plugin.clone()
    }

    /// Secrets that nobody knows.
    pub fn nobody(&self) -> &Secrets {
        &self.nobody
    }

    /// The integration of this name, if it accepts requests. While the store is failed its requests are known too, so that their senders are
    /// asked to try again.
    pub fn running(&self, name: &str) -> Option<Arc<Running>> {
        self.last.read().unwrap_or_else(PoisonError::into_inner).as_ref()?.running(name)
    }

    /// Stores a request as it came, before anything is made of it. It is on disk together with the first event that is kept of it. Returns
    /// its number; 0 while nothing can be stored, in which case its events will not be accepted either.
    pub fn received(&self, running: &Running, kind: Kind, what: &str, raw: Raw) -> u64 {
        let Ok(core) = self.accepting() else { return 0 };
        core.store.receive(NewRequest {
            owner: running.integration.name.clone(),
            at: self.now(),
            kind: kind.name().to_owned(),
            what: what.to_owned(),
            method: raw.method.to_owned(),
            query: raw.query,
            content_type: raw.content_type,
            body: raw.body.to_vec(),
        })
    }

    /// Delivers an event: returns once a kept event is on disk, or a live event's handler has ended.
    pub async fn deliver(&self, running: &Running, origin: u64, what: &str, event: Event) -> Result<LiveEnd, NotAccepted> {
        let core = self.accepting().map_err(NotAccepted)?;
        let arrival = Arrival { origin: Origin(origin), what: what.to_owned(), event };
        let end = core.handle.deliver(running.slot, arrival).await.map_err(|error| NotAccepted(error.to_string()))?;
        // Live events that are captured are diagnosis; a kept event's request is on disk with it.
        Ok(end)
    }

    /// Makes a request that cannot be read a dead letter. It is on disk when this returns.
    pub async fn reject(&self, running: &Running, origin: u64, why: &str) -> Result<(), NotAccepted> {
        let core = self.accepting().map_err(NotAccepted)?;
        tracing::warn!(integration = running.integration.name, received = origin, "a request cannot be read; it is a dead letter now");
        core.store.reject(origin, why).await.map_err(|error| NotAccepted(error.to_string()))
    }

    /// Becomes true when the gateway stops.
    pub fn stopping(&self) -> watch::Receiver<bool> {
        self.stopping.subscribe()
    }

    /// Uses other parts from now on: the plugin and all integrations are replaced at once. `activate`: integrations that are on are activated
    /// again. When an integration cannot be made with the new parts, nothing is changed, and the error says why.
    pub async fn swap(&self, parts: Parts, activate: bool) -> Result<(), String> {
        let _turn = self.turn.lock().await;
        let core = self.core()?;
        let refused = lock(&self.refused).clone();
        let still = core.swap(&parts, &refused, activate).await?;
        *lock(&self.refused) = still;
        *self.parts.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(parts);
        Ok(())
    }

    /// Stops delivering: handlers that run end first; everything else stays in the store. Returns when the store is closed.
    pub async fn stop(&self) {
        self.stop_within(LONGEST_STOP).await;
    }

    /// The same; handlers that run longer are aborted.
    pub async fn stop_within(&self, within: Duration) {
        self.close();
        self.stopping.send_replace(true);
        let core = std::mem::replace(&mut *self.write(), Err(STOPS.to_owned()));
        if let Ok(core) = core {
            core.end(within).await;
        }
    }

    /// The opening of the store that is in use. The error says why there is none.
    pub fn core(&self) -> Result<Arc<Core>, String> {
        self.core.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The opening of the store that is in use, or was in use last.
    pub fn last_core(&self) -> Option<Arc<Core>> {
        self.last.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Result<Arc<Core>, String>> {
        self.core.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn use_core(&self, core: Result<Arc<Core>, String>) {
        metrics::gauge!("uis_gateway_ready").set(if core.is_ok() { 1.0 } else { 0.0 });
        if let Ok(core) = &core {
            *self.last.write().unwrap_or_else(PoisonError::into_inner) = Some(core.clone());
        }
        *self.write() = core;
    }

    /// Opens the store again whenever it has failed, until the gateway stops. Memory and disk may differ after a failed write, so nothing of
    /// the failed opening is used again.
    async fn supervise(self: Arc<Self>, mut ended: core::Ended) {
        loop {
            let Some(why) = ended.await else { return };
            if self.closing.load(Ordering::Relaxed) {
                return;
            }
            tracing::error!(why, "the store failed; events are not accepted until it can be opened again");
            self.use_core(Err(why));
            let mut pause = FIRST_PAUSE;
            ended = loop {
                tokio::time::sleep(pause).await;
                // A swap that has begun ends first: it may have changed the parts.
                let _turn = self.turn.lock().await;
                let parts = self.parts();
                let store = open_store(&parts.store, parts.options.clone());
                let opened = match store {
                    Ok(store) => self.open(store).await,
                    Err(why) => Err(why),
                };
                match opened {
                    Ok((core, ended)) => {
                        tracing::info!("the store is open again");
                        self.use_core(Ok(core));
                        break ended;
                    }
                    Err(why) => {
                        tracing::error!(why, "the store cannot be opened");
                        pause = (pause * 2).min(LONGEST_PAUSE);
                    }
                }
            };
        }
    }

    async fn open(&self, store: Arc<SqliteStore>) -> Result<(Arc<Core>, core::Ended), String> {
        let (core, ended, refused) = Core::open(&self.parts(), store).await?;
        for (name, why) in &refused {
            tracing::error!(integration = name, why, "the integration cannot run");
        }
        *lock(&self.refused) = refused;
        Ok((core, ended))
    }
}

/// What a test leaves out.
fn left_out() -> String {
    if cfg!(debug_assertions) { std::env::var(LEAVE_OUT).unwrap_or_default() } else { String::new() }
}

/// How the store is opened.
fn open_options(config: &Config) -> OpenOptions {
    let left_out = left_out();
    OpenOptions { leave_out_fsync: left_out == "fsync", leave_out_output_commit: left_out == "output-commit", ..OpenOptions::of(config) }
}

impl Parts {
    /// The parts that a configuration names.
    pub fn of(config: &Config, workshop: Arc<Workshop>) -> Parts {
        Parts {
            workshop,
            store: config.store.path.clone(),
            options: open_options(config),
            leave_out_lane_order: left_out() == "lane-order",
            limits: config.intake.clone(),
            capture: config.store.capture,
            events_days: config.store.events_days,
            captures_days: config.store.captures_days,
        }
    }
}
