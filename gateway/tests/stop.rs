//! The program is asked to stop: what runs ends, or comes again.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::proofs::fleet::Fleet;

/// A gateway whose only integration is on.
async fn fleet(more: &str) -> Fleet {
    let mut fleet = Fleet::new(env!("CARGO_BIN_EXE_uis-gateway"), 1, json!({"recording-wait": 0})).await;
    let config = fleet.path().join("uis-gateway.toml");
    let text = std::fs::read_to_string(&config).expect("read");
    std::fs::write(&config, format!("{more}{text}")).expect("written");
    fleet.start().await;
    fleet.until_nothing_waits(Duration::from_secs(60)).await.expect("it is activated");
    fleet
}

/// RetailCRM answers after so long.
fn slow(fleet: &Fleet, ms: u64) {
    fleet.crm.misbehave(&json!({"rules": [{"path": "/api/v5/", "latencyMs": ms}]}));
}

/// Sends a finished call and waits until its handler runs: the attempt is counted.
async fn begin_a_call(fleet: &Fleet) {
    let body = json!({
        "call_session_id": 7, "direction": "in", "is_lost": false, "contact_phone_number": "79161234567", "virtual_phone_number": "74951112233",
        "talk_time_duration": 60, "total_time_duration": 70, "wait_time_duration": 10, "last_talked_employee_id": 323409,
        "full_record_file_link": "https://records.example/7.mp3",
    });
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let sent = client.post(fleet.notification(0, "call_session_finished")).body(body.to_string()).send().await.expect("it answers");
    assert!(sent.status().is_success());
    let until = Instant::now() + Duration::from_secs(60);
    while waiting(fleet, "attempt > 1") == 0 {
        assert!(Instant::now() < until, "no handler begins:\n{}", fleet.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Events of calls that wait in the store.
fn waiting(fleet: &Fleet, which: &str) -> i64 {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let store = rusqlite::Connection::open_with_flags(fleet.path().join("uis-gateway.db"), flags).expect("the store");
    store.query_row(&format!("SELECT count(*) FROM events WHERE state = 0 AND {which}"), [], |row| row.get(0)).expect("a number")
}

fn calls(fleet: &Fleet) -> Vec<Value> {
    fleet.crm.list("calls")
}

/// Whether the store's log was copied into its file, and is gone.
fn is_whole(fleet: &Fleet) -> bool {
    !fleet.path().join("uis-gateway.db-wal").exists()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_runs_ends_before_the_program_does() {
    let mut fleet = fleet("").await;
    slow(&fleet, 1000);
    begin_a_call(&fleet).await;
    assert!(fleet.terminate(), "{}", fleet.log());
    assert!(is_whole(&fleet));
    assert_eq!((calls(&fleet).len(), waiting(&fleet, "attempt > 1")), (1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_runs_too_long_is_aborted_and_its_event_comes_again() {
    let mut fleet = fleet("stop-seconds = 1\n").await;
    slow(&fleet, 600_000);
    begin_a_call(&fleet).await;
    assert!(fleet.terminate(), "{}", fleet.log());
    assert!(is_whole(&fleet));
    assert_eq!(waiting(&fleet, "attempt > 1"), 1);
    fleet.crm.misbehave(&json!({"rules": []}));
    fleet.start().await;
    fleet.until_nothing_waits(Duration::from_secs(120)).await.expect("it comes again");
    assert_eq!(calls(&fleet).len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_signal_stops_the_program_at_once() {
    let mut fleet = fleet("stop-seconds = 1000000\n").await;
    slow(&fleet, 600_000);
    begin_a_call(&fleet).await;
    fleet.signal(Signal::TERM);
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let until = Instant::now() + Duration::from_secs(60);
    // Until it has begun to stop: it accepts no connection any more.
    while client.get(format!("http://{}/readyz", fleet.address)).send().await.is_ok() {
        assert!(Instant::now() < until, "it does not begin to stop:\n{}", fleet.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    fleet.signal(Signal::INT);
    assert_eq!(fleet.ended(), Some(1), "{}", fleet.log());
    assert_eq!(waiting(&fleet, "attempt > 1"), 1, "it is not lost");
}
