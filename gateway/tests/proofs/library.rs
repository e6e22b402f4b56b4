//! A gateway in this process, with a socket of its own and a CRM that is not there, so that whatever is accepted waits.

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Duration as Span, Utc};
use serde_json::Map;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use uis_gateway::config::{Capture, IntakeLimits};
use uis_gateway::control::{Control, NewConnection, NewIntegration, SecretSource};
use uis_gateway::intake;
use uis_gateway::integrations::accounts::Accounts;
use uis_gateway::integrations::administrator::Administrator;
use uis_gateway::integrations::building::{Paces, Workshop};
use uis_gateway::network::egress::NoKey;
use uis_gateway::secrets::Sealer;
use uis_gateway::service::deliverer::Live;
use uis_gateway::service::{Gateway, Parts};
use uis_gateway::store::{OpenOptions, SqliteStore};
use uis_host::clock::Clock;
use uis_host::limits::Limits;
use uis_host::ports::{IntegrationState, NoRules, Store};
use uis_test_support::native_plugin::NativePlugin;

/// The secret of the integration's addresses.
pub const SECRET: &str = "a-secret-of-the-proofs";

/// The machine's clock, some time away.
#[derive(Default)]
struct Jumping(AtomicI64);

impl Clock for Jumping {
    fn now(&self) -> DateTime<Utc> {
        Utc::now() + Span::milliseconds(self.0.load(Ordering::SeqCst))
    }
}

/// A gateway that runs.
pub struct Running {
    folder: TempDir,
    gateway: Arc<Gateway>,
    clock: Arc<Jumping>,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Running {
    /// With the usual limits.
    pub async fn new() -> Running {
        Running::with(IntakeLimits::default()).await
    }

    /// With other limits of requests.
    pub async fn with(limits: IntakeLimits) -> Running {
        Running::made(limits, OpenOptions::default()).await
    }

    /// With a store that can become full.
    pub async fn full(options: OpenOptions) -> Running {
        Running::made(IntakeLimits { requests_per_second: 10_000, ..IntakeLimits::default() }, options).await
    }

    async fn made(limits: IntakeLimits, options: OpenOptions) -> Running {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Arc::new(Jumping::default());
        let workshop = Workshop {
            plugin: Arc::new(NativePlugin::new()),
            clock: clock.clone(),
            limits: Limits::default(),
            rules: Arc::new(NoRules),
            public_url: "https://hooks.example".to_owned(),
            sealer: Arc::new(Sealer::open(&folder.path().join("key")).expect("a key")),
            accounts: Accounts::default(),
            egress: Box::new(|_| Arc::new(NoKey { why: "there is no CRM".to_owned() })),
            paces: Paces::off(),
        };
        let store = store_of(&folder);
        // Before the gateway, so that a limit of pages has room for it.
        let (first, _) = SqliteStore::open(&store, OpenOptions::default()).expect("it opens");
        first.set_state("main", IntegrationState::Active).await.expect("stored");
        first.close().await;
        let parts = Parts {
            workshop: Arc::new(workshop),
            store,
            options,
            limits: limits.clone(),
            capture: Capture::Off,
            events_days: 35,
            captures_days: 14,
            leave_out_lane_order: false,
        };
        let gateway = Gateway::start(parts).await.expect("it starts");
        let account = folder.path().join("account.json");
        std::fs::write(&account, r#"{"timezone": "Europe/Moscow"}"#).expect("written");
        let connection = NewConnection { url: "http://127.0.0.1:1".to_owned(), key: SecretSource::Value("key".to_owned().into()) };
        let new = NewIntegration {
            name: "main".to_owned(),
            account,
            connections: [("retailcrm".to_owned(), connection)].into(),
            settings: Map::new(),
            settings_version: None,
            secret: Some(SECRET.to_owned().into()),
        };
        Administrator(Live::new(gateway.clone()).expect("it runs")).add(new).await.expect("added");
        let listener = intake::server::bind("127.0.0.1:0".parse().expect("an address")).expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(intake::server::serve(listener, intake::router(gateway.clone(), ""), limits, gateway.stopping()));
        Running { folder, gateway, clock, address }
    }

    /// The path of a notification of this type.
    pub fn notify(&self, kind: &str) -> String {
        format!("/main/notify/{SECRET}/{kind}")
    }

    /// The store that is in use.
    pub fn store(&self) -> Arc<SqliteStore> {
        self.gateway.core().expect("the store works").store.clone()
    }

    /// Events that wait but the activation, and dead letters.
    pub async fn stored(&self) -> u64 {
        let counts = self.store().counts("main").await.expect("read");
        let waiting = self.store().waiting("main").await.expect("read");
        let activations = waiting.iter().filter(|event| event.what == "activate").count();
        counts.waiting + counts.dead - activations as u64
    }

    /// Calls that wait.
    pub async fn calls(&self) -> usize {
        self.store().waiting("main").await.expect("read").iter().filter(|event| event.what != "activate").count()
    }

    /// Moves the clock, from the machine's time.
    pub fn jump(&self, ms: i64) {
        self.clock.0.store(ms, Ordering::SeqCst);
    }

    /// Stops the gateway and counts the calls that wait in its file.
    pub async fn reopened_waiting(self) -> usize {
        self.gateway.stop().await;
        let (store, report) = SqliteStore::open(&store_of(&self.folder), OpenOptions::default()).expect("it opens");
        assert_eq!(report, None);
        store.waiting("main").await.expect("read").iter().filter(|event| event.what != "activate").count()
    }
}

fn store_of(folder: &TempDir) -> PathBuf {
    folder.path().join("store.db")
}

/// Sends bytes on a connection of their own; gives everything that comes back until it is closed.
pub async fn exchange(running: &Running, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(running.address).await.expect("connected");
    // The gateway may answer and close before it has read everything.
    let _ = stream.write_all(request).await;
    let mut answer = Vec::new();
    let reading = stream.read_to_end(&mut answer);
    let _ = tokio::time::timeout(std::time::Duration::from_secs(20), reading).await.expect("an end");
    String::from_utf8_lossy(&answer).into_owned()
}

/// The answer to a request without a body, such as `GET /healthz`.
pub async fn answer(running: &Running, request: &str) -> String {
    exchange(running, format!("{request} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").as_bytes()).await
}

/// The answer to a POST.
pub async fn post(running: &Running, path: &str, body: &str) -> String {
    let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    exchange(running, format!("{head}{body}").as_bytes()).await
}

/// The status of an answer.
pub fn status(answer: &str) -> u16 {
    answer.get(9..12).and_then(|status| status.parse().ok()).unwrap_or(0)
}

/// The head of an answer, in lower case.
pub fn head(answer: &str) -> String {
    answer.split("\r\n\r\n").next().unwrap_or_default().to_ascii_lowercase()
}

/// Runs a case of a property test against one gateway that all cases share.
pub fn shared<F: Future<Output = ()>>(case: impl FnOnce(&'static Running) -> F) {
    static SHARED: OnceLock<(tokio::runtime::Runtime, Running)> = OnceLock::new();
    let (runtime, running) = SHARED.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
        let running = runtime.block_on(Running::with(IntakeLimits { requests_per_second: 100_000, ..IntakeLimits::default() }));
        (runtime, running)
    });
    runtime.block_on(case(running));
}
