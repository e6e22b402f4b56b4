//! A whole gateway on a port of this machine, with RetailCRM's simulators on sockets.

// Each test file uses its own part.
#![allow(dead_code)]

pub mod crm;
pub mod http;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use uis_gateway::config::{AllowPrivate, Capture, IntakeLimits};
use uis_gateway::control::{Control, NewConnection, NewIntegration, SecretSource};
use uis_gateway::intake;
use uis_gateway::integrations::accounts::Accounts;
use uis_gateway::integrations::administrator::Administrator;
use uis_gateway::integrations::building::{Paces, Workshop};
use uis_gateway::network::egress::HttpEgress;
use uis_gateway::observe::disk::Disk;
use uis_gateway::secrets::Sealer;
use uis_gateway::service::deliverer::Live;
use uis_gateway::service::{Gateway, Parts};
use uis_gateway::store::OpenOptions;
use uis_host::clock::{Clock, SystemClock, zone};
use uis_host::dispatch::commands::SlotView;
use uis_host::limits::Limits;
use uis_host::plugin::Plugin;
use uis_host::ports::NoRules;

use crm::Crm;
use http::{PATIENCE, notification};

/// The secret of every integration.
pub const SECRET: &str = "s3cret";
/// The UIS account of every integration.
pub const ACCOUNT: &str = r#"{"timezone":"Europe/Moscow","employees":[{"id":323409,"full_name":"Иванова Анна","email":"anna@shop.example","extension":{"extension_phone_number":"101"}}],"virtual_numbers":[{"id":1,"virtual_phone_number":"74951112233","name":"Основной"}]}"#;

/// What a gateway is started with.
pub struct Plan {
    pub plugin: Arc<dyn Plugin>,
    pub clock: Arc<dyn Clock>,
    pub limits: IntakeLimits,
    pub options: OpenOptions,
    pub paces: Paces,
    pub public_url: String,
    /// Which attempts are captured.
    pub capture: Capture,
    /// Where the store is.
    pub folder: TempDir,
    /// The room on the store's disk.
    pub disk: Arc<Disk>,
}

impl Plan {
    /// The usual limits, without any of requests per second; the machine's clock; no rate limits of RetailCRM.
    pub fn with(plugin: Arc<dyn Plugin>) -> Plan {
        let limits = IntakeLimits { requests_per_second: 1_000_000, ..IntakeLimits::default() };
        let folder = tempfile::tempdir().expect("a folder");
        let public_url = "https://hooks.uis.example".to_owned();
        let (clock, options, disk) = (Arc::new(SystemClock), OpenOptions::default(), Arc::new(Disk::endless()));
        Plan { plugin, clock, limits, options, paces: Paces::off(), public_url, folder, disk, capture: Capture::Off }
    }
}

/// What integrations are made with, in a folder.
pub fn workshop(plugin: Arc<dyn Plugin>, clock: Arc<dyn Clock>, paces: Paces, folder: &Path) -> Workshop {
    let egress = Arc::new(HttpEgress::new(AllowPrivate::this_machine()).expect("a client"));
    Workshop {
        plugin,
        clock,
        limits: Limits::default(),
        rules: Arc::new(NoRules),
        public_url: "https://hooks.uis.example".to_owned(),
        sealer: Arc::new(Sealer::open(&folder.join("key")).expect("a key")),
        accounts: Accounts::default(),
        allow_private: AllowPrivate::this_machine(),
        egress: Box::new(move |_| egress.clone()),
        paces,
        disk: Arc::new(Disk::endless()),
    }
}

/// A gateway that serves.
pub struct Service {
    pub gateway: Arc<Gateway>,
    pub control: Administrator<Live>,
    pub address: SocketAddr,
    pub folder: TempDir,
}

impl Service {
    pub async fn start(plan: Plan) -> Service {
        let folder = plan.folder;
        std::fs::write(folder.path().join("account.json"), ACCOUNT).expect("written");
        let workshop =
            Workshop { public_url: plan.public_url, disk: plan.disk, ..workshop(plan.plugin, plan.clock, plan.paces, folder.path()) };
        let parts = Parts {
            workshop: Arc::new(workshop),
            store: folder.path().join("store.db"),
            options: plan.options,
            limits: plan.limits.clone(),
            capture: plan.capture,
            events_days: 35,
            captures_days: 14,
            leave_out_lane_order: false,
        };
        let gateway = Gateway::start(parts).await.expect("it starts");
        let listener = intake::server::bind("127.0.0.1:0".parse().expect("an address")).expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(intake::server::serve(listener, intake::router(gateway.clone(), ""), move || plan.limits.clone(), gateway.stopping()));
        let control = Administrator(Live::new(gateway.clone()).expect("it has begun"));
        Service { gateway, control, address, folder }
    }

    /// Adds an active integration that stores each call at once, and waits until it is activated.
    pub async fn add(&self, name: &str, crm: &Crm) {
        self.add_waiting(name, &crm.url(), &crm.key()).await;
        self.quiet().await;
    }

    /// The same with the CRM at this address, without waiting.
    pub async fn add_waiting(&self, name: &str, url: &str, key: &str) {
        let plugin = self.gateway.plugin();
        let needs = &plugin.description().connections;
        let connection = || NewConnection { url: url.to_owned(), key: SecretSource::Value(key.to_owned().into()) };
        let new = NewIntegration {
            name: name.to_owned(),
            account: self.folder.path().join("account.json").into(),
            connections: needs.iter().map(|need| (need.name.clone(), connection())).collect(),
            settings: Map::from_iter([("recording-wait".to_owned(), json!(0))]),
            settings_version: None,
            secret: Some(SECRET.to_owned().into()),
        };
        self.control.add(new).await.expect("it is added");
        self.control.activate(name).await.expect("it is activated");
    }

    /// The lanes and timers of all integrations; none while the store is failed.
    pub async fn views(&self) -> Option<Vec<SlotView>> {
        self.gateway.core().ok()?.handle.inspect().await.ok()
    }

    /// Waits until nothing runs and nothing is due by the gateway's clock.
    pub async fn quiet(&self) {
        let idle = |view: &SlotView| {
            let due = [view.next_lane, view.next_timer].into_iter().flatten().any(|at| at <= self.gateway.now());
            view.at_work == 0 && !due
        };
        self.until("it comes to rest", async || self.views().await.is_some_and(|views| views.iter().all(idle))).await;
    }

    /// Waits until something is so.
    pub async fn until(&self, what: &str, so: impl AsyncFn() -> bool) {
        let end = Instant::now() + PATIENCE * 4;
        while !so().await {
            if Instant::now() > end {
                let views = self.views().await.unwrap_or_default();
                let busy: Vec<_> = views.iter().filter(|view| view.waiting + view.at_work > 0).take(5).collect();
                panic!("not in time: {what}; at work: {busy:?}");
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// The status of a notification sent over a connection of its own.
    pub async fn notify(&self, name: &str, kind: &str, body: &str) -> u16 {
        http::status(self.address, &notification(&format!("/{name}/notify/{SECRET}/{kind}"), body)).await
    }

    /// The status of `/healthz`.
    pub async fn health(&self) -> u16 {
        http::status(self.address, b"GET /healthz HTTP/1.1\r\nHost: gateway\r\n\r\n").await
    }

    /// The status of `/readyz`.
    pub async fn readiness(&self) -> u16 {
        http::status(self.address, b"GET /readyz HTTP/1.1\r\nHost: gateway\r\n\r\n").await
    }

    /// A count from the store's file, read beside the gateway.
    pub fn count(&self, sql: &str) -> i64 {
        let path = self.folder.path().join("store.db");
        let connection = rusqlite::Connection::open_with_flags(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).expect("the file");
        connection.query_row(sql, [], |row| row.get(0)).expect("a number")
    }
}

/// The body of a finished call without an answer.
pub fn finished(session: u64, phone: &str, at: DateTime<Utc>) -> String {
    let at = at.with_timezone(&zone("Europe/Moscow").expect("a zone")).format("%Y-%m-%d %H:%M:%S%.3f").to_string();
    json!({
        "notification_time": at, "virtual_phone_number": "74951112233", "contact_phone_number": phone, "call_session_id": session,
        "direction": "in", "employee_id": 323409, "talk_time_duration": 12, "total_time_duration": 23, "wait_time_duration": 11,
        "is_lost": false, "last_talked_employee_id": 323409,
    })
    .to_string()
}

/// The sessions of uploaded calls, in the order of the uploads.
pub fn sessions(calls: &[Value]) -> Vec<u64> {
    let session = |call: &Value| {
        let id = call["externalId"].as_str().expect("an id");
        id.rsplit(['-', '_', ':']).find_map(|part| part.parse().ok()).unwrap_or_else(|| panic!("{id} has no session"))
    };
    calls.iter().map(session).collect()
}
