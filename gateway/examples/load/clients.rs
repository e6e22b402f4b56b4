//! Clients that send one request after the other over connections that stay open, on threads of their own.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use chrono::Utc;

use crate::service::http::{Client, notification, request};
use crate::service::{SECRET, finished};

/// Customers of each account.
const CUSTOMERS: u64 = 100;
/// The pause between two incoming calls.
const BETWEEN_CALLS: Duration = Duration::from_millis(20);

/// A running load.
pub struct Load {
    /// Set to let the clients wait.
    pub pause: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
    result: Arc<Mutex<(Vec<Duration>, u64)>>,
    began: Instant,
    thread: JoinHandle<()>,
}

/// What the clients saw.
pub struct Seen {
    /// The time of each request that was answered with 200.
    pub times: Vec<Duration>,
    /// Requests that were answered otherwise, or not at all.
    pub refused: u64,
    /// How long the load lasted.
    pub took: Duration,
}

/// The state that the clients share.
#[derive(Clone)]
struct Shared {
    address: SocketAddr,
    pause: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
    result: Arc<Mutex<(Vec<Duration>, u64)>>,
}

/// Sessions are counted over all loads, so that none comes twice.
static SESSION: AtomicU64 = AtomicU64::new(1);

impl Load {
    /// Finished calls for these accounts.
    pub fn start(address: SocketAddr, names: Vec<String>, connections: usize) -> Load {
        let next = move || {
            let session = SESSION.fetch_add(1, Ordering::Relaxed);
            let name = &names[session as usize % names.len()];
            let body = finished(session, &format!("7916{:07}", session / names.len() as u64 % CUSTOMERS), Utc::now());
            notification(&format!("/{name}/notify/{SECRET}/call_session_finished"), &body)
        };
        Load::run(address, connections, Duration::ZERO, next)
    }

    /// Routing requests for one account, one every [`BETWEEN_CALLS`].
    pub fn routes(address: SocketAddr, name: &str) -> Load {
        let path = format!("/{name}/route/{SECRET}");
        let next = move || {
            let session = SESSION.fetch_add(1, Ordering::Relaxed);
            request("GET", &format!("{path}?cdr_id={session}&numa=7917{session:07}&numb=74951112233"), "", b"")
        };
        Load::run(address, 1, BETWEEN_CALLS, next)
    }

    fn run(address: SocketAddr, connections: usize, between: Duration, next: impl Fn() -> Vec<u8> + Send + Sync + 'static) -> Load {
        let shared = Shared { address, pause: Arc::default(), stop: Arc::default(), result: Arc::default() };
        let (clients, next) = (shared.clone(), Arc::new(next));
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            let all = (0..connections).map(|_| client(clients.clone(), between, next.clone()));
            runtime.block_on(futures_util::future::join_all(all));
        });
        let Shared { pause, stop, result, .. } = shared;
        Load { pause, stop, result, began: Instant::now(), thread }
    }

    /// Ends the load.
    pub fn end(self) -> Seen {
        let took = self.began.elapsed();
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("the clients end");
        let (times, refused) = std::mem::take(&mut *self.result.lock().expect("no panic"));
        Seen { times, refused, took }
    }
}

async fn client(shared: Shared, between: Duration, next: Arc<impl Fn() -> Vec<u8>>) {
    let mut client = Client::connect(shared.address).await;
    let (mut times, mut refused) = (Vec::new(), 0);
    while !shared.stop.load(Ordering::Relaxed) {
        if shared.pause.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_millis(5)).await;
            continue;
        }
        let request = next();
        let began = Instant::now();
        match client.ask(&request).await {
            Some(answer) if answer.status == 200 => times.push(began.elapsed()),
            Some(_) => refused += 1,
            None => {
                refused += 1;
                client = Client::connect(shared.address).await;
            }
        }
        if !between.is_zero() {
            tokio::time::sleep(between).await;
        }
    }
    let mut result = shared.result.lock().expect("no panic");
    result.0.extend(times);
    result.1 += refused;
}

/// The time that so large a share of requests did not exceed, in milliseconds.
pub fn percentile(times: &mut [Duration], share: f64) -> f64 {
    times.sort_unstable();
    let place = (times.len() as f64 * share) as usize;
    times.get(place.min(times.len().saturating_sub(1))).map_or(0.0, |time| time.as_secs_f64() * 1000.0)
}
