//! The plugin is replaced again and again under load, rolled back in between, and the configuration is broken twice: every request is accepted
//! at once, every call is uploaded exactly once, the calls of a customer keep their order, and both versions handled some of them.
//!
//! `SWAPS`, `RATE` (events a second), `ACCOUNTS` and `PAUSE_MS` (between two swaps) set the size.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;
use uis_gateway::admin::Client;
use uis_gateway::config::Config;
use uis_gateway::control::{Control, ControlError, Operations};

use crate::proofs::components::{FIRST, SECOND, digest, other_version};
use crate::proofs::fleet;
use crate::proofs::fleet::{Fleet, SECRET};

/// Calls of one customer, one after the other.
const CALLS_OF_A_CUSTOMER: u64 = 4;

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// What the generator knows of what it sent.
#[derive(Default)]
struct Sent {
    /// Sessions that were answered with 2xx, by the customer's phone, in the order in which they were sent.
    acknowledged: Mutex<BTreeMap<String, Vec<u64>>>,
    /// Sendings that were answered in another way, or not at all.
    refused: AtomicU64,
}

/// Sends the calls of one customer, each once it is acknowledged.
async fn customer(client: reqwest::Client, base: String, account: u64, customer: u64, sent: Arc<Sent>) {
    let phone = format!("79{:09}", 100_000_000 + customer);
    for call in 0..CALLS_OF_A_CUSTOMER {
        let session = customer * 10 + call + 1;
        let body = json!({
            "call_session_id": session, "direction": "in", "is_lost": false, "contact_phone_number": phone, "virtual_phone_number": "74951112233",
            "talk_time_duration": 60, "total_time_duration": 70, "wait_time_duration": 10, "last_talked_employee_id": 323409,
            "full_record_file_link": format!("https://records.example/{session}.mp3"),
        });
        let url = format!("{base}/account-{account}/notify/{SECRET}/call_session_finished");
        match client.post(&url).body(body.to_string()).send().await {
            Ok(answer) if answer.status().is_success() => {
                sent.acknowledged.lock().expect("no panic").entry(phone.clone()).or_default().push(session);
            }
            _ => drop(sent.refused.fetch_add(1, Ordering::Relaxed)),
        }
    }
}

/// Sends so many events a second until it is over. Gives the number of customers.
async fn generate(base: String, rate: u64, accounts: u64, over: Arc<AtomicBool>, sent: Arc<Sent>) -> u64 {
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().expect("a client");
    let (mut customers, mut next) = (tokio::task::JoinSet::new(), 0);
    let mut beat = tokio::time::interval(Duration::from_secs_f64(CALLS_OF_A_CUSTOMER as f64 / rate as f64));
    while !over.load(Ordering::Relaxed) {
        beat.tick().await;
        customers.spawn(customer(client.clone(), base.clone(), next % accounts, next, sent.clone()));
        next += 1;
    }
    while customers.join_next().await.is_some() {}
    next
}

/// The gateway's configuration, and the two versions of its plugin.
struct Upgrades {
    config: PathBuf,
    /// The text in front of and behind the table of the plugin.
    lines: (String, String),
    versions: [(PathBuf, String); 2],
    client: Client,
}

impl Upgrades {
    async fn of(fleet: &Fleet) -> Upgrades {
        let config = fleet.path().join("uis-gateway.toml");
        let text = std::fs::read_to_string(&config).expect("read");
        let (before, rest) = text.split_once("[plugin]\n").expect("a plugin");
        let (_, after) = rest.split_once('\n').expect("lines");
        let first = std::fs::read(fleet::component()).expect("read");
        let version = |name: &str, bytes: &[u8]| {
            let path = fleet.path().join(name);
            std::fs::write(&path, bytes).expect("written");
            (path, digest(bytes))
        };
        let versions = [version("first.wasm", &first), version("second.wasm", &other_version(&first))];
        let client = Client::find(&Config::read(&config).expect("readable").admin, None).await.ok().flatten().expect("it answers");
        Upgrades { lines: (before.to_owned(), after.to_owned()), config, versions, client }
    }

    fn write(&self, plugin: &str, more: &str) {
        let (before, after) = &self.lines;
        std::fs::write(&self.config, format!("{more}{before}[plugin]\n{plugin}\n{after}")).expect("written");
    }

    fn pinned(&self, which: usize) -> String {
        let (path, digest) = &self.versions[which];
        format!("path = {path:?}\ndigest = {digest:?}")
    }

    async fn version(&self) -> String {
        let plugin = self.client.status().await.expect("it answers").plugin;
        plugin.rsplit(' ').next().unwrap_or_default().to_owned()
    }

    /// Configures a version of the plugin.
    async fn upgrade(&self, which: usize) {
        self.write(&self.pinned(which), "");
        self.client.reload().await.expect("it is used");
        assert_eq!(self.version().await, [FIRST, SECOND][which]);
    }

    /// A configuration that cannot be used changes nothing.
    async fn break_it(&self, plugin: &str, more: &str, expected: &str) {
        let before = self.version().await;
        self.write(plugin, more);
        let error = self.client.reload().await.expect_err("it is refused");
        assert!(matches!(&error, ControlError::Invalid(why) if why.join(" ").contains(expected)), "{error}");
        let status = self.client.status().await.expect("it answers");
        assert!(status.ready.is_ok() && status.reload.is_some_and(|reload| !reload.applied));
        assert_eq!(self.version().await, before);
    }

    /// Swaps the plugin so many times; a quarter of the swaps are rollbacks.
    async fn swap(&self, swaps: u64, pause: Duration) {
        let mut used = 0;
        for swap in 1..=swaps {
            tokio::time::sleep(pause).await;
            used = 1 - used;
            if swap % 4 == 0 {
                self.client.rollback(None).await.expect("rolled back");
                assert_eq!(self.version().await, [FIRST, SECOND][used]);
                // The configured version is taken in place of the rollback, so that there is a version before again.
                self.write(&self.pinned(used), "");
                self.client.reload().await.expect("it is used");
            } else {
                self.upgrade(used).await;
            }
            if swap == swaps.div_ceil(3) {
                let (path, _) = &self.versions[1 - used];
                let wrong = format!("path = {path:?}\ndigest = {:?}", self.versions[used].1);
                self.break_it(&wrong, "", "has the digest").await;
            }
            if swap == swaps.div_ceil(2) {
                self.break_it(&self.pinned(1 - used), "stop-second = 5\n", "did you mean stop-seconds?").await;
            }
        }
    }
}

/// What is wrong afterwards.
fn violations(fleet: &Fleet, sent: &Sent) -> Vec<String> {
    let (mut wrong, mut calls): (Vec<String>, HashMap<String, Vec<String>>) = (Vec::new(), HashMap::new());
    for call in fleet.crm.list("calls") {
        let text = |name: &str| call[name].as_str().unwrap_or_default().to_owned();
        calls.entry(text("phone")).or_default().push(text("externalId"));
    }
    for (phone, sessions) in sent.acknowledged.lock().expect("no panic").iter() {
        let expected: Vec<String> = sessions.iter().map(|session| format!("uis-call-{session}")).collect();
        let found = calls.remove(phone).unwrap_or_default();
        if found != expected {
            wrong.push(format!("{phone}: the calls {found:?}, expected {expected:?}"));
        }
    }
    wrong.extend(calls.into_keys().map(|phone| format!("{phone}: calls that nobody made")));
    wrong
}

/// How many attempts each version of the plugin handled, by the captures in the store.
fn attempts(fleet: &Fleet) -> BTreeMap<String, i64> {
    let store = fleet.path().join("uis-gateway.db");
    let connection = rusqlite::Connection::open(store).expect("the store");
    let sql = "SELECT json_extract(content, '$.plugin'), count(*) FROM captures WHERE event <> '' GROUP BY 1";
    let mut statement = connection.prepare(sql).expect("SQL");
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("captures");
    rows.collect::<Result<_, _>>().expect("captures")
}

/// Runs the proof; gives what is wrong.
async fn prove(swaps: u64, leave_out: Option<&str>) -> Vec<String> {
    let (rate, accounts) = (number("RATE", 60), number("ACCOUNTS", 20));
    let mut fleet = Fleet::new(env!("CARGO_BIN_EXE_uis-gateway"), accounts as usize, json!({"recording-wait": 0})).await;
    fleet.environment.extend(leave_out.map(|what| ("UIS_GATEWAY_LEAVE_OUT".to_owned(), what.to_owned())));
    let config = fleet.path().join("uis-gateway.toml");
    let text = std::fs::read_to_string(&config).expect("read");
    std::fs::write(&config, format!("{text}[store]\ncapture = \"all\"\n")).expect("written");
    fleet.start().await;
    let upgrades = Upgrades::of(&fleet).await;
    let (sent, over) = (Arc::new(Sent::default()), Arc::new(AtomicBool::new(false)));
    let base = format!("http://{}", fleet.address);
    let generating = tokio::spawn(generate(base, rate, accounts, over.clone(), sent.clone()));
    let began = Instant::now();
    upgrades.swap(swaps, Duration::from_millis(number("PAUSE_MS", 1000))).await;
    over.store(true, Ordering::Relaxed);
    let customers = generating.await.expect("no panic");
    let (took, acknowledged) = (began.elapsed(), customers * CALLS_OF_A_CUSTOMER - sent.refused.load(Ordering::Relaxed));
    // What a broken gateway reorders is reordered by then; events of one customer may get into each other's way for long.
    let patience = Duration::from_secs(if leave_out.is_some() { 20 } else { 10 * 60 });
    let mut wrong: Vec<String> = fleet.until_nothing_waits(patience).await.err().into_iter().collect();
    fleet.terminate();
    wrong.extend(violations(&fleet, &sent));
    let refused = sent.refused.load(Ordering::Relaxed);
    if refused > 0 {
        wrong.push(format!("{refused} requests were not accepted"));
    }
    let attempts = attempts(&fleet);
    if !attempts.keys().eq([FIRST, SECOND]) {
        wrong.push(format!("attempts by version: {attempts:?}"));
    }
    println!(
        "{swaps} swaps and two broken configurations in {:.0} s, {accounts} accounts, {customers} customers, {acknowledged} events acknowledged, \
         attempts by version: {attempts:?}, {} violations",
        took.as_secs_f64(),
        wrong.len()
    );
    if !wrong.is_empty() {
        println!("{}", fleet.log());
    }
    wrong
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn swapped_under_load_it_refuses_loses_doubles_and_reorders_nothing() {
    let wrong = prove(number("SWAPS", 5), None).await;
    assert!(wrong.is_empty(), "{} violations:\n{}", wrong.len(), wrong[..wrong.len().min(20)].join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[cfg_attr(not(debug_assertions), ignore = "an optimised program leaves nothing out")]
async fn a_lost_order_of_lanes_is_noticed() {
    let wrong = prove(2, Some("lane-order")).await;
    let reordered: Vec<&String> = wrong.iter().filter(|why| why.contains("the calls")).collect();
    assert!(!reordered.is_empty(), "nobody noticed that lane-order was left out");
    println!("lane-order left out: {} violations, such as\n{}", reordered.len(), reordered[0]);
}
