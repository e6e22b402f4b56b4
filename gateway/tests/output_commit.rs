//! Before a request leaves the process, everything that the handler has written so far and the number of its attempt are on disk. At each
//! request the test copies the store's files, as a crash at this moment would leave them, and looks into the copy.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::json;
use uis_gateway::config::{AllowPrivate, Capture, IntakeLimits};
use uis_gateway::control::{Control, NewConnection, NewIntegration, SecretSource};
use uis_gateway::integrations::accounts::Accounts;
use uis_gateway::integrations::administrator::Administrator;
use uis_gateway::integrations::building::{Paces, Workshop};
use uis_gateway::secrets::Sealer;
use uis_gateway::service::deliverer::Live;
use uis_gateway::service::{Gateway, Parts};
use uis_gateway::store::{OpenOptions, SqliteStore, recovery};
use uis_harness::crm::within::InProcess;
use uis_host::clock::SystemClock;
use uis_host::event::Event;
use uis_host::limits::Limits;
use uis_host::ports::{Egress, EgressError, NoRules, Store};
use uis_test_support::native_plugin::NativePlugin;

/// What a crash at the moment of a request would leave: the request, and the attempts of the events that wait.
type Seen = (String, Vec<u32>);

/// Copies the store at each request, then passes the request on.
struct Crashing {
    inner: InProcess,
    store: PathBuf,
    seen: Arc<Mutex<Vec<Seen>>>,
}

async fn crash_image(store: &Path) -> Vec<u32> {
    let folder = tempfile::tempdir().expect("a folder");
    let copy = folder.path().join("store.db");
    for part in ["", "-wal"] {
        let file = recovery::beside(store, part);
        if file.exists() {
            std::fs::copy(file, recovery::beside(&copy, part)).expect("copied");
        }
    }
    let (store, _) = SqliteStore::open(&copy, OpenOptions::default()).expect("it opens");
    let attempts = store.waiting("main").await.expect("read").iter().map(|event| event.attempt).collect();
    store.close().await;
    attempts
}

impl Egress for Crashing {
    fn send(&self, request: http::Request<Bytes>, limit: usize) -> BoxFuture<'_, Result<http::Response<Bytes>, EgressError>> {
        async move {
            let attempts = crash_image(&self.store).await;
            self.seen.lock().expect("no panic").push((format!("{} {}", request.method(), request.uri().path()), attempts));
            self.inner.send(request, limit).await
        }
        .boxed()
    }
}

/// Activates an integration, which sends several requests; gives what each would have left.
async fn seen(options: OpenOptions) -> Vec<Seen> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("store.db");
    let crm = retailcrm_simulator::Account::read(&json!({})).expect("an account");
    let crm = retailcrm_simulator::Simulator::new(crm, Arc::new(chrono::Utc::now));
    let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
    let egress: Arc<dyn Egress> = Arc::new(Crashing { inner: InProcess(crm.router()), store: path.clone(), seen: seen.clone() });
    let workshop = Workshop {
        plugin: Arc::new(NativePlugin::new()),
        clock: Arc::new(SystemClock),
        limits: Limits::default(),
        rules: Arc::new(NoRules),
        public_url: "https://hooks.example".to_owned(),
        sealer: Arc::new(Sealer::open(&folder.path().join("key")).expect("a key")),
        accounts: Accounts::default(),
        allow_private: AllowPrivate::this_machine(),
        egress: Box::new(move |_| egress.clone()),
        paces: Paces::off(),
        disk: Arc::new(uis_gateway::observe::disk::Disk::endless()),
    };
    let parts = Parts {
        workshop: Arc::new(workshop),
        store: path,
        options,
        limits: IntakeLimits::default(),
        capture: Capture::Off,
        events_days: 35,
        captures_days: 14,
        leave_out_lane_order: false,
    };
    let gateway = Gateway::start(parts).await.expect("it starts");
    let control = Administrator(Live::new(gateway.clone()).expect("it runs"));
    let account = folder.path().join("account.json");
    std::fs::write(&account, r#"{"timezone": "Europe/Moscow"}"#).expect("written");
    let connection = NewConnection { url: "http://127.0.0.1:1".to_owned(), key: SecretSource::Value(crm.api_key().into()) };
    let new = NewIntegration {
        name: "main".to_owned(),
        account: account.into(),
        connections: [("retailcrm".to_owned(), connection)].into(),
        settings: json!({"default-responsible": 1}).as_object().cloned().expect("an object"),
        settings_version: None,
        secret: None,
    };
    control.add(new).await.expect("added");
    control.activate("main").await.expect("activated");
    let running = gateway.running("main").expect("it runs");
    until_quiet(&gateway).await;
    gateway.deliver(&running, 1, "action", Event::Action("sync-employees".to_owned())).await.expect("accepted");
    until_quiet(&gateway).await;
    gateway.stop().await;
    std::mem::take(&mut *seen.lock().expect("no panic"))
}

async fn until_quiet(gateway: &Gateway) {
    let until = Instant::now() + Duration::from_secs(30);
    while gateway.core().expect("it runs").handle.inspect().await.expect("it serves").iter().any(|view| view.waiting + view.at_work > 0) {
        assert!(Instant::now() < until, "it does not come to rest");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn uncounted(seen: &[Seen]) -> Vec<&Seen> {
    // The event whose handler sends the request waits, with the number of the attempt after this one.
    seen.iter().filter(|(_, attempts)| !attempts.contains(&2)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attempt_is_on_disk_before_its_first_request() {
    let seen = seen(OpenOptions::default()).await;
    assert!(seen.len() > 3, "{seen:?}");
    assert!(uncounted(&seen).is_empty(), "{:?}", uncounted(&seen));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[cfg_attr(not(debug_assertions), ignore = "an optimised program leaves nothing out")]
async fn a_missing_commit_before_effects_is_noticed() {
    let seen = seen(OpenOptions { leave_out_output_commit: true, ..OpenOptions::default() }).await;
    assert!(!uncounted(&seen).is_empty(), "{seen:?}");
}
