//! What the machine can do to the gateway: a full disk, a clock that jumps, a handler that panics.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::json;
use uis_gateway::control::Control;
use uis_gateway::store::OpenOptions;
use uis_host::bindings::uis::integration::types::Delivery;
use uis_host::clock::{Clock, SystemClock, instant};
use uis_host::event::Event;
use uis_host::plugin::around::Around;
use uis_host::plugin::{Plugin, Run};
use uis_host::services::EventScope;
use uis_test_support::native_plugin::NativePlugin;

use super::{call, calls};
use crate::service::crm::Crm;
use crate::service::http::{Client, notification, request};
use crate::service::{Plan, SECRET, Service, finished, sessions};

/// Pages of a file that is soon full; a new store with one integration has fewer than half of them.
const FEW_PAGES: u32 = 250;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_full_disk_is_503_until_there_is_room_and_loses_nothing_acknowledged() {
    let pages = Arc::new(AtomicU32::new(FEW_PAGES));
    let crm = Crm::serve(Arc::new(SystemClock)).await;
    let options = OpenOptions { most_pages: Some(pages.clone()), ..OpenOptions::default() };
    let service = Service::start(Plan { options, ..Plan::with(Arc::new(NativePlugin::new())) }).await;
    service.add("main", &crm).await;
    let (mut acknowledged, mut refused) = (Vec::new(), Vec::new());
    let mut client = Client::connect(service.address).await;
    for session in 1..=400 {
        let filler = format!(",\"filler\":\"{}\"}}", "x".repeat(4000));
        let body = finished(session, &format!("7916{:07}", session % 20), Utc::now()).replace('}', &filler);
        match client.ask(&notification(&calls(), &body)).await.map(|answer| answer.status) {
            Some(200) => acknowledged.push(session),
            Some(503) => refused.push(session),
            other => panic!("{session}: {other:?}"),
        }
        if refused.len() == 20 {
            break;
        }
    }
    assert!(acknowledged.len() > 5 && refused.len() == 20, "{} acknowledged, {} refused", acknowledged.len(), refused.len());
    assert_eq!(acknowledged.last().map(|last| last + 1), refused.first().copied(), "after the first failed write nothing is acknowledged");
    for _ in 0..20 {
        assert_eq!((service.readiness().await, service.health().await), (503, 200), "opening the file again is not enough");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(service.control.status().await.is_err() || service.gateway.ready().is_err_and(|why| why.contains("full")));
    assert_eq!(client.ask(&notification("/main/notify/wrong/x", "{}")).await.map(|answer| answer.status), Some(404));
    let routed = client.ask(&request("GET", &format!("/main/route/{SECRET}?cdr_id=1&numa=79161234567&numb=74951112233"), "", b"")).await;
    assert_eq!(routed.map(|answer| answer.status), Some(200), "a caller is not kept waiting");
    pages.store(1_000_000, Ordering::SeqCst);
    service.until("it is ready again", async || service.readiness().await == 200).await;
    service.quiet().await;
    let mut stored = sessions(&crm.calls());
    stored.sort_unstable();
    assert_eq!(stored, acknowledged, "what was acknowledged is handled once, and nothing else");
    let halves = "SELECT count(*) FROM requests WHERE kind = 'notification' AND number NOT IN (SELECT origin FROM events)";
    assert_eq!(service.count(halves), 0, "no request is there without its event");
    for session in &refused {
        assert_eq!(service.notify("main", "call_session_finished", &call(*session)).await, 200);
    }
    service.quiet().await;
    assert_eq!(crm.calls().len(), acknowledged.len() + refused.len(), "what is sent again is handled too");
}

/// A clock that is set.
struct SetClock(AtomicI64);

impl Clock for SetClock {
    fn now(&self) -> DateTime<Utc> {
        instant(self.0.load(Ordering::SeqCst))
    }
}

const HOUR_MS: i64 = 3_600_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_clock_that_jumps_neither_loses_events_nor_stops_new_ones() {
    let clock = Arc::new(SetClock(AtomicI64::new(Utc::now().timestamp_millis())));
    let shared: Arc<dyn Clock> = clock.clone();
    let crm = Crm::serve(shared.clone()).await;
    let service = Service::start(Plan { clock: shared, ..Plan::with(Arc::new(NativePlugin::new())) }).await;
    service.add("main", &crm).await;
    let jump = async |by: i64| {
        clock.0.fetch_add(by, Ordering::SeqCst);
        // The machine's clock is looked at every minute at the latest.
        service.gateway.core().expect("the store works").handle.wake().await.expect("it runs");
        service.quiet().await;
    };
    let send = async |session: u64, phone: &str| {
        assert_eq!(service.notify("main", "call_session_finished", &finished(session, phone, clock.now())).await, 200);
    };
    crm.misbehave(Some(json!({"status": 503})));
    send(1, "79160000001").await;
    service.until("the first attempt has failed", async || !crm.take_arrivals().is_empty()).await;
    service.quiet().await;
    crm.misbehave(None);
    jump(HOUR_MS).await;
    assert_eq!(sessions(&crm.calls()), [1], "what waited is due after a jump forward");
    crm.misbehave(Some(json!({"status": 503})));
    send(2, "79160000001").await;
    service.until("the first attempt has failed", async || !crm.take_arrivals().is_empty()).await;
    service.quiet().await;
    crm.misbehave(None);
    jump(-HOUR_MS).await;
    send(3, "79160000001").await;
    send(4, "79160000002").await;
    service.quiet().await;
    assert_eq!(sessions(&crm.calls()), [1, 4], "after a jump back other customers' events are handled at once");
    jump(HOUR_MS + 2000).await;
    assert_eq!(sessions(&crm.calls()), [1, 4, 2, 3], "and what waited, once the clock shows its time again, in order");
}

/// The plugin, whose handlers panic for some sessions, so many times.
struct Panicking {
    inner: NativePlugin,
    panics: Mutex<HashMap<i64, u32>>,
    /// Whether every click-to-call panics.
    clicks: bool,
}

impl Around for Panicking {
    fn inner(&self) -> &dyn Plugin {
        &self.inner
    }

    fn handled(&self, scope: EventScope, delivery: Delivery, event: Event) -> BoxFuture<'_, Run> {
        let session = event.call().map_or(0, |call| call.session_id);
        let left = self.panics.lock().expect("no panic").get_mut(&session).filter(|left| **left > 0).map(|left| *left -= 1);
        if left.is_some() || self.clicks && matches!(event, Event::ClickToCall(_)) {
            return async { panic!("a handler panics, as the test wants it") }.boxed();
        }
        self.inner.handle(scope, delivery, event)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_panic_in_a_handler_fails_one_attempt_and_nothing_else() {
    let crm = Crm::serve(Arc::new(SystemClock)).await;
    let panics = Mutex::new(HashMap::from([(1, 2)]));
    let plugin = Panicking { inner: NativePlugin::new(), panics, clicks: true };
    let service = Service::start(Plan::with(Arc::new(plugin))).await;
    service.add("main", &crm).await;
    for (session, phone) in [(1, "79160000001"), (2, "79160000001"), (3, "79160000002")] {
        assert_eq!(service.notify("main", "call_session_finished", &finished(session, phone, Utc::now())).await, 200);
    }
    let click = format!("/main/make-call?clientId={SECRET}&code=101&phone=79161234567&userId=5");
    let answer = Client::connect(service.address).await.ask(&request("GET", &click, "", b"")).await;
    assert_eq!(answer.map(|answer| answer.status), Some(502), "the CRM's user sees that no call was started");
    service.until("all calls are stored", async || crm.calls().len() == 3).await;
    assert_eq!(sessions(&crm.calls()), [3, 1, 2], "the other customer did not wait, and the order is kept");
    assert_eq!((service.health().await, service.readiness().await), (200, 200));
}
