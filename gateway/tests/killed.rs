//! The gateway is killed at random moments under load, while RetailCRM breaks connections and commits requests later: every event that was
//! answered with 2xx has its effect exactly once, the events of a customer keep their order, and no call is started twice.
//!
//! `KILLS`, `RATE` (events a second), `ACCOUNTS` and `SEED` set the size; the seed is printed and repeats the traffic, the moments of the kills
//! and RetailCRM's faults.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde_json::{Value, json};

use crate::proofs::fleet::{Fleet, SECRET};

/// Calls of one customer, one after the other.
const CALLS_OF_A_CUSTOMER: u64 = 3;

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// What the generator knows of what it sent.
#[derive(Default)]
struct Sent {
    /// Sessions that were answered with 2xx, by the customer's phone, in the order in which they were sent.
    acknowledged: Mutex<BTreeMap<String, Vec<u64>>>,
    /// Phones that were clicked.
    clicked: Mutex<Vec<String>>,
    refused: AtomicU64,
}

/// Sends the calls of one customer, each until it is acknowledged, and then clicks their number once.
async fn customer(client: reqwest::Client, base: String, account: usize, customer: u64, sent: Arc<Sent>) {
    let phone = format!("79{:09}", 100_000_000 + customer);
    for call in 0..CALLS_OF_A_CUSTOMER {
        let session = customer * 10 + call + 1;
        let body = json!({
            "call_session_id": session, "direction": "in", "is_lost": true, "contact_phone_number": phone, "virtual_phone_number": "74951112233",
            "talk_time_duration": 0, "total_time_duration": 30, "wait_time_duration": 30, "lost_reason": "operator_not_responsible",
        });
        let url = format!("{base}/account-{account}/notify/{SECRET}/call_session_finished");
        // UIS sends a notification again that was not answered.
        loop {
            match client.post(&url).body(body.to_string()).send().await {
                Ok(answer) if answer.status().is_success() => break,
                _ => sent.refused.fetch_add(1, Ordering::Relaxed),
            };
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        sent.acknowledged.lock().expect("no panic").entry(phone.clone()).or_default().push(session);
    }
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("clientId", SECRET), ("code", "101"), ("phone", phone.as_str()), ("userId", "5")])
        .finish();
    // A click is not sent again: the user sees that it failed.
    let _ = client.get(format!("{base}/account-{account}/make-call?{query}")).send().await;
    sent.clicked.lock().expect("no panic").push(phone);
}

/// What is wrong afterwards.
fn violations(fleet: &Fleet, sent: &Sent) -> Vec<String> {
    fleet.crm.commit_outstanding();
    let list = |name: &str| fleet.crm.list(name);
    let (mut wrong, mut calls): (Vec<String>, HashMap<String, Vec<String>>) = (Vec::new(), HashMap::new());
    for call in list("calls") {
        let text = |name: &str| call[name].as_str().unwrap_or_default().to_owned();
        calls.entry(text("phone")).or_default().push(text("externalId"));
    }
    let count = |name: &str, of: &dyn Fn(&Value) -> Option<String>| {
        let mut counts: HashMap<String, usize> = HashMap::new();
        list(name).iter().filter_map(of).for_each(|key| *counts.entry(key).or_default() += 1);
        counts
    };
    let customers = count("customers", &|customer| customer["externalId"].as_str().map(str::to_owned));
    let tasks = count("tasks", &|task| task["phone"].as_str().map(|phone| phone.chars().filter(char::is_ascii_digit).collect()));
    for (phone, sessions) in sent.acknowledged.lock().expect("no panic").iter() {
        let expected: Vec<String> = sessions.iter().map(|session| format!("uis-call-{session}")).collect();
        let found = calls.remove(phone).unwrap_or_default();
        if found != expected {
            wrong.push(format!("{phone}: the calls {found:?}, expected {expected:?}"));
        }
        if tasks.get(phone) != Some(&1) {
            wrong.push(format!("{phone}: {} tasks", tasks.get(phone).copied().unwrap_or(0)));
        }
        let customer = customers.get(&format!("uis-phone-{phone}")).copied().unwrap_or(0);
        if customer > 1 {
            wrong.push(format!("{phone}: {customer} customers"));
        }
    }
    wrong.extend(calls.into_keys().map(|phone| format!("{phone}: calls that nobody made")));
    let mut dialled: HashMap<String, usize> = HashMap::new();
    for order in fleet.dialled.lock().expect("no panic").iter() {
        *dialled.entry(order["contact"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
    }
    wrong.extend(dialled.iter().filter(|(_, times)| **times > 1).map(|(phone, times)| format!("{phone} was dialled {times} times")));
    wrong
}

/// Runs the proof; gives what is wrong.
async fn prove(kills: u64, rate: u64, accounts: u64, seed: u64, leave_out: Option<&str>) -> Vec<String> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let settings = json!({"missed-call-task": true, "default-responsible": 7, "click-to-call-number": "74951112233"});
    let mut fleet = Fleet::new(env!("CARGO_BIN_EXE_uis-gateway"), accounts as usize, settings).await;
    fleet.environment.extend(leave_out.map(|what| ("UIS_GATEWAY_LEAVE_OUT".to_owned(), what.to_owned())));
    let faults = json!({"seed": seed, "rules": [
        {"path": "/api/v5/", "probability": 0.02, "reset": "before-commit", "commitsAfterMs": [0, 10_000]},
        {"path": "/api/v5/", "probability": 0.02, "reset": "after-commit"},
        {"path": "/api/v5/", "probability": 0.02, "status": 503},
    ]});
    fleet.crm.misbehave(&faults);
    fleet.start().await;
    let (sent, over) = (Arc::new(Sent::default()), Arc::new(AtomicBool::new(false)));
    let generating = {
        let (sent, over, base) = (sent.clone(), over.clone(), format!("http://{}", fleet.address));
        tokio::spawn(async move {
            let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(5)).build().expect("a client");
            let (mut customers, mut next) = (tokio::task::JoinSet::new(), 0);
            let mut beat = tokio::time::interval(Duration::from_secs_f64((CALLS_OF_A_CUSTOMER + 1) as f64 / rate as f64));
            while !over.load(Ordering::Relaxed) {
                beat.tick().await;
                customers.spawn(customer(client.clone(), base.clone(), (next % accounts) as usize, next, sent.clone()));
                next += 1;
            }
            while customers.join_next().await.is_some() {}
            next
        })
    };
    for _ in 0..kills {
        tokio::time::sleep(Duration::from_millis(100 + random.next_u64() % 1400)).await;
        fleet.kill();
        fleet.start().await;
    }
    over.store(true, Ordering::Relaxed);
    let customers = generating.await.expect("no panic");
    fleet.crm.misbehave(&json!({"rules": []}));
    let acknowledged: usize = sent.acknowledged.lock().expect("no panic").values().map(Vec::len).sum();
    let mut wrong = Vec::new();
    // A lost call is stored a while after its end, because two notifications may come for it.
    // What a broken gateway has lost never comes; a few seconds are enough to notice that.
    let until = Instant::now() + Duration::from_secs(if leave_out.is_some() { 30 } else { 180 });
    while fleet.crm.list("calls").len() < acknowledged && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    // A lane that failed often waits up to a quarter of an hour for its next attempt.
    wrong.extend(fleet.until_nothing_waits(Duration::from_secs(20 * 60)).await.err());
    wrong.extend(violations(&fleet, &sent));
    println!(
        "seed {seed}: {kills} kills, {accounts} accounts, {customers} customers, {acknowledged} events acknowledged ({} sendings were not), {} \
         clicks, {} dial orders, {} violations",
        sent.refused.load(Ordering::Relaxed),
        sent.clicked.lock().expect("no panic").len(),
        fleet.dialled.lock().expect("no panic").len(),
        wrong.len()
    );
    if !wrong.is_empty() {
        println!("{}", fleet.log());
    }
    wrong
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_random_moments_it_loses_doubles_and_reorders_nothing() {
    let seed = number("SEED", 19);
    let wrong = prove(number("KILLS", 20), number("RATE", 40), number("ACCOUNTS", 20), seed, None).await;
    assert!(wrong.is_empty(), "seed {seed}: {} violations:\n{}", wrong.len(), wrong[..wrong.len().min(20)].join("\n"));
}

/// The proof fails when the gateway does not keep what it rests on.
async fn is_noticed(leave_out: &str) {
    let seed = number("SEED", 19);
    let wrong = prove(10, 100, 20, seed, Some(leave_out)).await;
    assert!(!wrong.is_empty(), "seed {seed}: nobody noticed that {leave_out} was left out");
    println!("{leave_out} left out: {} violations, such as\n{}", wrong.len(), wrong[0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[cfg_attr(not(debug_assertions), ignore = "an optimised program leaves nothing out")]
async fn a_lost_order_of_lanes_is_noticed() {
    is_noticed("lane-order").await;
}
