//! Measures the gateway under load, with the generator and RetailCRM's simulator beside it on the same machine: durable acknowledgements a
//! second, events handled a second, the time until an incoming call is answered, and the memory of an idle account.
//!
//! ```sh
//! cargo build --release -p uis-gateway && cargo run --release -p uis-gateway --example load
//! ```
//!
//! Names of measurements as arguments choose some: `acknowledgements`, `handled`, `slow`, `memory`, `idle`. With `--json`, each prints one line: an
//! object of its values.

#[path = "../tests/proofs/fleet.rs"]
#[allow(dead_code, reason = "the proofs use more of it")]
mod fleet;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use fleet::{Fleet, SECRET};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How long each measurement of a rate takes.
const SECONDS: Duration = Duration::from_secs(10);
/// Connections that send at the same time.
const CONNECTIONS: u64 = 64;

fn program() -> String {
    let own = std::env::current_exe().expect("a path");
    let beside: PathBuf = own.ancestors().nth(2).expect("a folder").join("uis-gateway");
    assert!(beside.is_file(), "{} is missing; build it first: cargo build --release -p uis-gateway", beside.display());
    beside.to_str().expect("UTF-8").to_owned()
}

/// A connection that stays open: requests are bytes, answers are read up to the end of their head and body.
struct Connection(TcpStream, Vec<u8>);

impl Connection {
    async fn open(address: SocketAddr) -> Connection {
        let stream = TcpStream::connect(address).await.expect("connected");
        stream.set_nodelay(true).expect("set");
        Connection(stream, Vec::new())
    }

    /// Sends a request; gives the status.
    async fn post(&mut self, path: &str, body: &str) -> u16 {
        let request = format!("POST {path} HTTP/1.1\r\nhost: load\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        self.0.write_all(request.as_bytes()).await.expect("sent");
        loop {
            if let Some(end) = self.1.windows(4).position(|window| window == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&self.1[..end]).to_ascii_lowercase();
                let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next()?.parse().ok()).unwrap_or(0);
                if self.1.len() >= end + 4 + length {
                    let status = head.get(9..12).and_then(|status| status.parse().ok()).unwrap_or(0);
                    self.1.drain(..end + 4 + length);
                    return status;
                }
            }
            let mut part = [0; 2048];
            let read = self.0.read(&mut part).await.expect("an answer");
            assert!(read > 0, "the gateway closed the connection");
            self.1.extend_from_slice(&part[..read]);
        }
    }
}

fn finished_call(session: u64) -> Value {
    json!({
        "call_session_id": session, "direction": "in", "is_lost": false, "contact_phone_number": format!("79{:09}", session % 500_000_000),
        "virtual_phone_number": "74951112233", "talk_time_duration": 60, "total_time_duration": 70, "wait_time_duration": 10,
        "last_talked_employee_id": 323409, "full_record_file_link": format!("https://records.example/{session}.mp3"),
    })
}

fn percentile(times: &mut [Duration], part: f64) -> Duration {
    times.sort();
    times.get(((times.len() as f64 * part) as usize).min(times.len().saturating_sub(1))).copied().unwrap_or_default()
}

/// What a measurement found: a text for people, and values by name. Rates are per second, times in microseconds.
struct Found {
    text: String,
    values: Value,
}

/// Sends finished calls over all connections until the time is over, or so many were sent. Gives how many were acknowledged, how long it took,
/// and the time of each.
async fn send_calls(fleet: &Fleet, most: u64, first: u64) -> (u64, Duration, Vec<Duration>) {
    let (next, began) = (Arc::new(AtomicU64::new(0)), Instant::now());
    let mut senders = tokio::task::JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (next, address, accounts) = (next.clone(), fleet.address, fleet.accounts as u64);
        senders.spawn(async move {
            let (mut connection, mut times) = (Connection::open(address).await, Vec::new());
            while began.elapsed() < SECONDS {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= most {
                    break;
                }
                let path = format!("/account-{}/notify/{SECRET}/call_session_finished", number % accounts);
                let sent = Instant::now();
                let status = connection.post(&path, &finished_call(first + number).to_string()).await;
                assert_eq!(status, 200);
                times.push(sent.elapsed());
            }
            times
        });
    }
    let times: Vec<Duration> = senders.join_all().await.into_iter().flatten().collect();
    (times.len() as u64, began.elapsed(), times)
}

/// Durable acknowledgements: RetailCRM is down, so nothing is handled meanwhile.
async fn acknowledgements() -> Found {
    let mut fleet = Fleet::new(&program(), 50, json!({})).await;
    fleet.crm.misbehave(&json!({"rules": [{"path": "/api/", "status": 503}]}));
    fleet.start().await;
    let (count, took, mut times) = send_calls(&fleet, u64::MAX, 1).await;
    let (rate, [p50, p99, slowest]) = (count as f64 / took.as_secs_f64(), [0.5, 0.99, 1.0].map(|part| percentile(&mut times, part)));
    Found {
        text: format!(
            "durable acknowledgements: {rate:.0} a second over {CONNECTIONS} connections, p50 {p50:?}, p99 {p99:?}, slowest {slowest:?}"
        ),
        values: json!({"per-second": rate, "p50-us": us(p50), "p99-us": us(p99)}),
    }
}

/// Events handled to the end, and incoming calls answered meanwhile.
async fn handled() -> Found {
    let mut fleet = Fleet::new(&program(), 200, json!({"recording-wait": 0})).await;
    fleet.start().await;
    fleet.until_nothing_waits(Duration::from_secs(60)).await.expect("all are activated");
    let before = fleet.crm.list("calls").len();
    let began = Instant::now();
    let address = fleet.address;
    let over = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let routing = {
        let over = over.clone();
        tokio::spawn(async move {
            let (mut connection, mut times) = (Connection::open(address).await, Vec::new());
            let mut session = 900_000_000;
            while !over.load(Ordering::Relaxed) {
                session += 1;
                let sent = Instant::now();
                let path = format!("/account-{}/route/{SECRET}?cdr_id={session}&numa=79161234567&numb=74951112233", session % 200);
                connection.post(&path, "").await;
                times.push(sent.elapsed());
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            times
        })
    };
    let (count, sending, _) = send_calls(&fleet, 15_000, 10_000_000).await;
    fleet.until_nothing_waits(Duration::from_secs(120)).await.expect("all are handled");
    let took = began.elapsed();
    over.store(true, Ordering::Relaxed);
    let mut times = routing.await.expect("no panic");
    let calls = fleet.crm.list("calls").len() - before;
    let (rate, [p50, p99]) = (count as f64 / took.as_secs_f64(), [0.5, 0.99].map(|part| percentile(&mut times, part)));
    Found {
        text: format!(
            "handled: {count} finished calls of 200 accounts in {:.1} s (sent within {:.1} s), {rate:.0} a second; {calls} calls in RetailCRM; \
             incoming calls answered meanwhile: {}, p50 {p50:?}, p99 {p99:?}",
            took.as_secs_f64(),
            sending.as_secs_f64(),
            times.len(),
        ),
        values: json!({"per-second": rate, "p50-us": us(p50), "p99-us": us(p99)}),
    }
}

/// Incoming calls of twenty healthy accounts, while RetailCRM answers twenty others at once, and then only after half a minute.
async fn slow() -> Found {
    let mut fleet = Fleet::with_other(&program(), 40, json!({"recording-wait": 0}), 20).await;
    fleet.start().await;
    fleet.until_nothing_waits(Duration::from_secs(60)).await.expect("all are activated");
    let (mut lines, mut values) = (Vec::new(), json!({}));
    for seconds in [0, 30] {
        fleet.other_crm.misbehave(&json!({"rules": [{"path": "/api/", "latencyMs": seconds * 1000}]}));
        let (address, began) = (fleet.address, Instant::now());
        let mut traffic = tokio::task::JoinSet::new();
        for account in 0..20_u64 {
            traffic.spawn(async move {
                let mut session = 500_000_000 + account * 1_000_000 + seconds;
                while began.elapsed() < SECONDS {
                    session += 100;
                    let call = finished_call(session).to_string();
                    let (mut kept, mut live) = (Connection::open(address).await, Connection::open(address).await);
                    kept.post(&format!("/account-{account}/notify/{SECRET}/call_session_finished"), &call).await;
                    let route = format!("/account-{account}/route/{SECRET}?cdr_id={session}&numa=79161234567&numb=74951112233");
                    // Nobody waits for this answer: the next call comes all the same.
                    tokio::spawn(async move { live.post(&route, "").await });
                    tokio::time::sleep(Duration::from_millis(250)).await;
                }
            });
        }
        let (mut connection, mut times) = (Connection::open(address).await, Vec::new());
        while began.elapsed() < SECONDS {
            let session = 700_000_000 + times.len() as u64 + seconds * 100_000;
            let path = format!("/account-{}/route/{SECRET}?cdr_id={session}&numa=79161234567&numb=74951112233", 20 + session % 20);
            let sent = Instant::now();
            connection.post(&path, "").await;
            times.push(sent.elapsed());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        traffic.join_all().await;
        let [p50, p99] = [0.5, 0.99].map(|part| percentile(&mut times, part));
        lines.push(format!(
            "twenty accounts whose RetailCRM answers after {seconds} s: {} incoming calls of twenty others, p50 {p50:?}, p99 {p99:?}",
            times.len(),
        ));
        values[format!("p99-us-after-{seconds}-s")] = us(p99).into();
    }
    Found { text: lines.join("\n"), values }
}

fn resident_kib(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("Linux");
    let line = status.lines().find(|line| line.starts_with("VmRSS")).expect("a size");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number")
}

/// The resident memory of a gateway with so many activated accounts, after they were idle for so long.
async fn resident_with(accounts: usize, idle: Duration) -> u64 {
    let mut fleet = Fleet::new(&program(), accounts, json!({})).await;
    fleet.start().await;
    fleet.until_nothing_waits(Duration::from_secs(120)).await.expect("all are activated");
    tokio::time::sleep(idle).await;
    resident_kib(fleet.process().expect("it runs"))
}

/// Memory with one account and with a thousand, all of them idle.
async fn memory() -> Found {
    let mut sizes = Vec::new();
    for accounts in [1, 1000] {
        sizes.push(resident_with(accounts, Duration::from_secs(3)).await);
    }
    let each = (sizes[1] - sizes[0]) as f64 / 999.0;
    Found {
        text: format!("memory: {} MiB with 1 account, {} MiB with 1000, {each:.1} KiB for each", sizes[0] >> 10, sizes[1] >> 10),
        values: json!({"account-bytes": each * 1024.0}),
    }
}

/// Memory of each further account when no connection to RetailCRM is open any more: both gateways have used all places for instances.
async fn idle() -> Found {
    let mut sizes = Vec::new();
    for accounts in [500, 1500] {
        sizes.push(resident_with(accounts, Duration::from_secs(75)).await);
    }
    let each = (sizes[1] as f64 - sizes[0] as f64) / 1000.0;
    Found {
        text: format!("idle: {} MiB with 500 accounts, {} MiB with 1500, {each:.1} KiB for each", sizes[0] >> 10, sizes[1] >> 10),
        values: json!({"account-bytes": each * 1024.0}),
    }
}

fn us(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let mut wanted: Vec<String> = std::env::args().skip(1).collect();
    let json = wanted.iter().any(|wanted| wanted == "--json");
    wanted.retain(|wanted| wanted != "--json");
    let wants = |name: &str| wanted.is_empty() || wanted.iter().any(|wanted| wanted == name);
    let print = |Found { text, values }: Found| if json { println!("{values}") } else { println!("{text}") };
    if wants("acknowledgements") {
        print(acknowledgements().await);
    }
    if wants("handled") {
        print(handled().await);
    }
    if wants("slow") {
        print(slow().await);
    }
    if wants("memory") {
        print(memory().await);
    }
    if wants("idle") {
        print(idle().await);
    }
}
