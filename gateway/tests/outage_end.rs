//! An hour in which RetailCRM fails in every way that it knows, in virtual time; requests are measured in real time where they arrive.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use serde_json::{Map, Value, json};
use uis_gateway::control::{Change, Control};
use uis_gateway::integrations::building::Paces;
use uis_host::clock::{Clock, VirtualClock};
use uis_test_support::native_plugin::NativePlugin;

use crate::service::crm::{Arrival, Crm, most_within};
use crate::service::{Plan, Service, finished, sessions};

/// The limits of a key of RetailCRM: requests a second, and those of telephony.
const MOST: [(bool, usize); 2] = [(false, 10), (true, 40)];
/// New customers of each integration in each phase.
const CUSTOMERS: u64 = 3;
/// Milliseconds of a quarter of an hour.
const QUARTER_MS: i64 = 15 * 60_000;

/// Two accounts of RetailCRM, each with one key that two integrations share.
struct Outage {
    service: Service,
    clock: Arc<VirtualClock>,
    crms: Vec<Crm>,
    /// The requests that arrived at each account.
    arrivals: Vec<Vec<Arrival>>,
    /// The sessions that were acknowledged, by account and customer, in their order.
    sent: BTreeMap<(usize, String), Vec<u64>>,
    next_session: u64,
    /// Customers of each integration so far.
    customers: u64,
}

impl Outage {
    async fn begin(paces: Paces) -> Outage {
        let clock = Arc::new(VirtualClock::at(DateTime::parse_from_rfc3339("2026-11-23T10:00:00+03:00").expect("a time").to_utc()));
        let shared: Arc<dyn Clock> = clock.clone();
        let crms = vec![Crm::serve(shared.clone()).await, Crm::serve(shared.clone()).await];
        let plan = Plan { clock: shared, paces, ..Plan::with(Arc::new(NativePlugin::new())) };
        let service = Service::start(plan).await;
        for (number, crm) in crms.iter().enumerate() {
            for half in ["a", "b"] {
                service.add(&format!("shop-{number}{half}"), crm).await;
            }
        }
        let arrivals = vec![Vec::new(); crms.len()];
        Outage { service, clock, crms, arrivals, sent: BTreeMap::new(), next_session: 1000, customers: 0 }
    }

    /// A call of each customer of each integration: of those who have called before, and of as many new ones. UIS gets its 2xx, whatever
    /// RetailCRM does.
    async fn call(&mut self) {
        self.customers += CUSTOMERS;
        for number in 0..self.crms.len() {
            for (digit, half) in ["a", "b"].into_iter().enumerate() {
                for customer in 0..self.customers {
                    let phone = format!("7916{number}{digit}{customer:05}");
                    self.next_session += 1;
                    let body = finished(self.next_session, &phone, self.clock.now());
                    let status = self.service.notify(&format!("shop-{number}{half}"), "call_session_finished", &body).await;
                    assert_eq!(status, 200);
                    self.sent.entry((number, phone)).or_default().push(self.next_session);
                }
            }
        }
    }

    /// Turns the clock, stopping at each time at which something is due.
    async fn advance(&mut self, until: i64) {
        loop {
            self.service.quiet().await;
            let views = self.service.views().await.expect("the store works");
            let next = views.iter().flat_map(|view| [view.next_lane, view.next_timer]).flatten().min();
            let Some(at) = next.filter(|at| *at <= until) else { break };
            self.turn(at).await;
        }
        self.clock.advance_to(until);
    }

    async fn turn(&mut self, at: i64) {
        self.clock.advance_to(at);
        self.service.gateway.core().expect("the store works").handle.wake().await.expect("it runs");
        self.service.quiet().await;
    }

    /// Notes what has arrived. Gives the number of requests of each account.
    fn collect(&mut self) -> Vec<usize> {
        let collected = self.crms.iter().zip(&mut self.arrivals).map(|(crm, all)| {
            let new = crm.take_arrivals();
            all.extend(&new);
            new.len()
        });
        collected.collect()
    }

    /// The most requests within a second that any key made, of the class.
    fn most(&self, telephony: bool) -> usize {
        self.arrivals.iter().map(|all| most_within(all, telephony, Duration::from_secs(1))).max().unwrap_or(0)
    }

    /// Every call that was acknowledged is in the history of calls once, and those of each customer are in order.
    fn lost_nothing(&self) {
        for ((number, phone), expected) in &self.sent {
            let mut calls = self.crms[*number].calls();
            calls.retain(|call| call["phone"].as_str().is_some_and(|known| known.ends_with(&phone[1..])));
            assert_eq!(sessions(&calls), *expected, "the calls of {phone}: each once, in order");
        }
        assert_eq!(self.service.count("SELECT count(*) FROM events WHERE state = 2"), 0, "no dead letter");
        assert_eq!(self.service.count("SELECT count(*) FROM events WHERE state = 0"), 0, "nothing waits any more");
    }

    /// Notes what has arrived, and checks the limits of each key.
    fn keeps_the_limits(&mut self, when: &str) -> String {
        let counts = self.collect();
        for (telephony, most) in MOST {
            let found = self.most(telephony);
            assert!(found <= most, "{when}: {found} requests within a second, telephony: {telephony}");
        }
        format!("{when} {counts:?}")
    }
}

/// Ways in which RetailCRM fails. Those that do the work first meet only requests that write.
fn faults() -> [(&'static str, Value); 5] {
    [
        ("503", json!({"status": 503, "body": "<html>busy</html>", "contentType": "text/html"})),
        ("a reset before the commit", json!({"reset": "before-commit"})),
        ("a reset after the commit", json!({"method": "POST", "reset": "after-commit"})),
        ("a page 404", json!({"status": 404, "body": "<html>not found</html>", "contentType": "text/html"})),
        ("a truncated answer", json!({"method": "POST", "body": "truncated"})),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_hour_of_failures_loses_nothing_keeps_the_order_and_ends_without_a_stampede() {
    let mut outage = Outage::begin(Paces::default()).await;
    let mut counts = Vec::new();
    for (name, rule) in faults() {
        outage.crms.iter().for_each(|crm| crm.misbehave(Some(rule.clone())));
        outage.call().await;
        let until = outage.clock.now_ms() + QUARTER_MS;
        outage.advance(until).await;
        counts.push(outage.keeps_the_limits(name));
    }
    let waiting: usize = outage.service.views().await.expect("the store works").iter().map(|view| view.waiting).sum();
    assert!(waiting as u64 >= 4 * CUSTOMERS, "the last customers' calls wait: {waiting}");
    outage.crms.iter().for_each(|crm| crm.misbehave(None));
    // Everything is due at the same moment: the worst end that an outage can have.
    let end = outage.clock.now_ms() + QUARTER_MS * 2;
    outage.turn(end).await;
    counts.push(outage.keeps_the_limits("the end"));
    outage.advance(end + QUARTER_MS * 4).await;
    counts.push(outage.keeps_the_limits("afterwards"));
    println!("{waiting} events waited at the end; requests by account: {}", counts.join(", "));
    println!("most within a second: {}, of telephony {}", outage.most(false), outage.most(true));
    outage.lost_nothing();
}

/// RetailCRM counts per key, whoever uses it and however often it was saved or switched on again.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_key_has_one_pace_which_outlives_every_change() {
    let outage = Outage::begin(Paces::default()).await;
    let pace = |name: &str| {
        let running = outage.service.gateway.running(name).expect("it runs");
        running.integration.connections["retailcrm"].pace.clone()
    };
    let first = pace("shop-0a");
    assert!(Arc::ptr_eq(&first, &pace("shop-0b")), "another integration with the same address and key");
    assert!(!Arc::ptr_eq(&first, &pace("shop-1a")), "another account");
    let control = &outage.service.control;
    control
        .set("shop-0a", Change { settings: Map::from_iter([("recording-wait".to_owned(), json!(5))]), ..Change::default() })
        .await
        .expect("saved");
    control.deactivate("shop-0a").await.expect("off");
    control.activate("shop-0a").await.expect("on");
    assert!(Arc::ptr_eq(&first, &pace("shop-0a")));
}

/// The measurement notices a gateway that keeps no limits.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn without_the_gateways_limits_a_key_makes_too_many_requests() {
    let mut outage = Outage::begin(Paces::off()).await;
    outage.crms.iter().for_each(|crm| crm.misbehave(Some(faults()[0].1.clone())));
    outage.call().await;
    outage.crms.iter().for_each(|crm| crm.misbehave(None));
    let end = outage.clock.now_ms() + QUARTER_MS * 2;
    outage.turn(end).await;
    outage.collect();
    assert!(outage.most(false) > 10, "only {} requests within a second", outage.most(false));
}
