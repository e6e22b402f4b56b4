//! RetailCRM fails in every way for a while, then works again: nothing is lost or doubled, each customer's calls keep their order, and no second
//! sees more requests than RetailCRM allows, neither during the outage nor when everything that waited comes back.
//!
//! The gateway's clock runs 360 times as fast, so that an hour's outage and its delays, which grow to a quarter of an hour, fit into a test; the limits of requests
//! are measured in real time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::extract::Request;
use axum::middleware::Next;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use uis_gateway::config::{AllowPrivate, Capture, IntakeLimits};
use uis_gateway::control::{Control, NewConnection, NewIntegration, SecretSource};
use uis_gateway::integrations::accounts::Accounts;
use uis_gateway::integrations::administrator::Administrator;
use uis_gateway::integrations::building::{Paces, Workshop};
use uis_gateway::network::egress::HttpEgress;
use uis_gateway::requests::{Kind, Raw};
use uis_gateway::secrets::Sealer;
use uis_gateway::service::deliverer::Live;
use uis_gateway::service::{Gateway, Parts};
use uis_gateway::store::OpenOptions;
use uis_host::clock::Clock;
use uis_host::limits::Limits;
use uis_host::ports::{Egress, NoRules};
use uis_test_support::native_plugin::NativePlugin;

/// How much faster the gateway's clock runs.
const FACTOR: i64 = 360;
/// Customers, and the calls of each.
const CUSTOMERS: u64 = 40;
const CALLS: u64 = 2;
/// How long RetailCRM fails: an hour of the gateway's clock.
const OUTAGE: Duration = Duration::from_secs(10);
/// How long everything may take to be handled afterwards.
const PATIENCE: Duration = Duration::from_secs(120);

/// The machine's clock, faster.
struct Fast(DateTime<Utc>, Instant);

impl Clock for Fast {
    fn now(&self) -> DateTime<Utc> {
        let passed = i64::try_from(self.1.elapsed().as_millis()).expect("not so long");
        self.0 + chrono::Duration::milliseconds(passed * FACTOR)
    }
}

/// When requests arrived at RetailCRM, of telephony and others.
type Arrivals = Arc<Mutex<[Vec<Instant>; 2]>>;

fn most_within_a_second(times: &[Instant]) -> usize {
    let within =
        |(at, time): (usize, &Instant)| times[at..].iter().take_while(|other| other.duration_since(*time) < Duration::from_secs(1)).count();
    times.iter().enumerate().map(within).max().unwrap_or(0)
}

async fn serve_crm(crm: &retailcrm_simulator::Simulator, arrivals: Arrivals) -> std::net::SocketAddr {
    let count = move |request: Request, next: Next| {
        let telephony = usize::from(!request.uri().path().starts_with("/api/v5/telephony"));
        arrivals.lock().expect("no panic")[telephony].push(Instant::now());
        next.run(request)
    };
    let router = crm.router().layer(axum::middleware::from_fn(count));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

async fn gateway(folder: &std::path::Path, crm: std::net::SocketAddr, key: &str, clock: Arc<dyn Clock>) -> Arc<Gateway> {
    let egress: Arc<dyn Egress> = Arc::new(HttpEgress::new(AllowPrivate::this_machine()).expect("a client"));
    let workshop = Workshop {
        plugin: Arc::new(NativePlugin::new()),
        clock,
        limits: Limits::default(),
        rules: Arc::new(NoRules),
        public_url: "https://hooks.example".to_owned(),
        sealer: Arc::new(Sealer::open(&folder.join("key")).expect("a key")),
        accounts: Accounts::default(),
        allow_private: AllowPrivate::this_machine(),
        egress: Box::new(move |_| egress.clone()),
        paces: Paces::default(),
        disk: Arc::new(uis_gateway::observe::disk::Disk::endless()),
    };
    let parts = Parts {
        workshop: Arc::new(workshop),
        store: folder.join("store.db"),
        options: OpenOptions::default(),
        limits: IntakeLimits::default(),
        capture: Capture::Off,
        events_days: 35,
        captures_days: 14,
        leave_out_lane_order: false,
    };
    let gateway = Gateway::start(parts).await.expect("it starts");
    let account = folder.join("account.json");
    std::fs::write(&account, r#"{"timezone": "Europe/Moscow"}"#).expect("written");
    let connection = NewConnection { url: format!("http://{crm}"), key: SecretSource::Value(key.to_owned().into()) };
    let new = NewIntegration {
        name: "main".to_owned(),
        account: account.into(),
        connections: [("retailcrm".to_owned(), connection)].into(),
        settings: json!({"missed-call-task": true, "default-responsible": 7}).as_object().cloned().expect("an object"),
        settings_version: None,
        secret: None,
    };
    let control = Administrator(Live::new(gateway.clone()).expect("it runs"));
    control.add(new).await.expect("added");
    control.activate("main").await.expect("activated");
    // Sleeps are as long as the machine's clock says, so the dispatch looks again and again at the fast one.
    let waking = gateway.clone();
    tokio::spawn(async move {
        while let Ok(core) = waking.core() {
            if core.handle.wake().await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    gateway
}

fn phone(customer: u64) -> String {
    format!("79{:09}", 160_000_000 + customer)
}

async fn call(gateway: &Gateway, customer: u64, call: u64) {
    let running = gateway.running("main").expect("it runs");
    let body = json!({
        "call_session_id": customer * 10 + call + 1, "direction": "in", "is_lost": true, "contact_phone_number": phone(customer),
        "virtual_phone_number": "74951112233", "wait_time_duration": 30, "lost_reason": "operator_not_responsible",
    });
    let raw = Raw { method: "POST", query: String::new(), content_type: None, body: body.to_string().into() };
    let (what, events) = raw.notification(Some("call_session_finished"), running.zone, gateway.now()).expect("readable");
    let origin = gateway.received(&running, Kind::Notification, &what, raw);
    for event in events {
        gateway.deliver(&running, origin, &what, event).await.expect("accepted");
    }
}

fn calls_of(crm: &Value) -> HashMap<String, Vec<String>> {
    let mut calls: HashMap<String, Vec<String>> = HashMap::new();
    for call in crm["calls"].as_array().into_iter().flatten() {
        let text = |name: &str| call[name].as_str().unwrap_or_default().to_owned();
        calls.entry(text("phone")).or_default().push(text("externalId"));
    }
    calls
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_loses_nothing_and_ends_without_a_stampede() {
    let folder = tempfile::tempdir().expect("a folder");
    let account = json!({"users": [{"id": 7, "email": "d@shop.example", "firstName": "Вера", "active": true, "isAdmin": true}]});
    let clock = Arc::new(Fast(Utc::now(), Instant::now()));
    let crm_clock = clock.clone();
    let crm = retailcrm_simulator::Account::read(&account).expect("an account");
    let crm = retailcrm_simulator::Simulator::new(crm, Arc::new(move || crm_clock.now()));
    let arrivals = Arrivals::default();
    let address = serve_crm(&crm, arrivals.clone()).await;
    let gateway = gateway(folder.path(), address, crm.api_key().as_str(), clock).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let faults = json!({"seed": 5, "rules": [
        {"path": "/api/", "probability": 0.3, "status": 503},
        {"path": "/api/", "probability": 0.4, "status": 404, "contentType": "text/html", "body": "<html>not found</html>"},
        {"path": "/api/", "probability": 0.5, "reset": "before-commit"},
        {"path": "/api/", "probability": 0.5, "reset": "after-commit"},
        {"path": "/api/", "body": "truncated"},
    ]});
    crm.misbehave(&faults).expect("a plan");
    let outage = Instant::now();
    for number in 0..CALLS {
        for customer in 0..CUSTOMERS {
            call(&gateway, customer, number).await;
        }
        tokio::time::sleep(OUTAGE / 4).await;
    }
    tokio::time::sleep(OUTAGE.saturating_sub(outage.elapsed())).await;
    let during = calls_of(&crm.to_json()).values().map(Vec::len).sum::<usize>();
    crm.misbehave(&json!({"rules": []})).expect("no faults");
    let back = Instant::now();
    loop {
        let waiting: usize = gateway
            .core()
            .expect("it runs")
            .handle
            .inspect()
            .await
            .expect("it serves")
            .iter()
            .map(|view| view.waiting + view.at_work)
            .sum();
        let calls: usize = calls_of(&crm.to_json()).values().map(Vec::len).sum();
        if waiting == 0 && calls as u64 >= CUSTOMERS * CALLS {
            break;
        }
        assert!(back.elapsed() < PATIENCE, "{waiting} events wait, {calls} calls are in RetailCRM");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    gateway.stop().await;
    let state = crm.to_json();
    let calls = calls_of(&state);
    for customer in 0..CUSTOMERS {
        let expected: Vec<String> = (0..CALLS).map(|number| format!("uis-call-{}", customer * 10 + number + 1)).collect();
        assert_eq!(calls.get(&phone(customer)), Some(&expected), "customer {customer}");
    }
    assert_eq!(state["tasks"].as_array().map_or(0, Vec::len) as u64, CUSTOMERS, "one task for each customer");
    let arrivals = arrivals.lock().expect("no panic");
    let (telephony, general) = (most_within_a_second(&arrivals[0]), most_within_a_second(&arrivals[1]));
    println!(
        "{} calls after the outage ({during} during it) within {:?}; at most {telephony} requests of telephony and {general} others within a second, \
         of {} and {}",
        CUSTOMERS * CALLS,
        back.elapsed(),
        arrivals[0].len(),
        arrivals[1].len()
    );
    assert!(telephony <= 40 && general <= 10, "{telephony} requests of telephony and {general} others within a second");
    assert!(arrivals[1].len() > 50, "RetailCRM was hardly asked");
}
