//! `replay --crm`: replays against a RetailCRM simulator that serves real HTTP on a socket.

use std::sync::Arc;

use retailcrm_simulator::{Account, Simulator};
use serde_json::{Value, json};
use uis_test_support::{replay_json, root};

/// Serves a simulator on a free port of the loopback interface and returns its address.
async fn serve(simulator: &Simulator) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let router = simulator.router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

async fn replay(arguments: Vec<String>) -> (i32, Value) {
    let run = move || replay_json(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    tokio::task::spawn_blocking(run).await.expect("no panic")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_is_replayed_against_a_server() {
    let recording = root().join("tests/recordings/answered.jsonl");
    let header: Value =
        serde_json::from_str(std::fs::read_to_string(&recording).expect("readable").lines().next().expect("a header")).expect("JSON");
    let account = Account::read(&header["crm"]).expect("an account");
    let simulator = Simulator::new(account, Arc::new(chrono::Utc::now));
    let url = serve(&simulator).await;
    let file = recording.to_str().expect("UTF-8").to_owned();
    let (status, value) = replay(vec![file.clone(), "--crm".into(), url.clone()]).await;
    assert_eq!((status, &value["events"]), (0, &json!({"delivered": 7, "retried": 0, "failed": 0})), "{}", value["problems"]);
    let state = simulator.to_json();
    assert_eq!(state["calls"][0]["externalId"], "uis-call-998677500");
    assert_eq!(state["popups"].as_array().map(Vec::len), Some(1));
    // The simulator's links point to another host than the one that `--crm` names, so the host leaves them out.
    assert_eq!(value["uis"]["answers"][0]["card"]["url"], Value::Null);

    let (status, value) = replay(vec![file.clone(), "--crm".into(), url, "--crm-key".into(), "wrong".into()]).await;
    assert_eq!((status, &value["problems"][0]["kind"]), (1, &json!("unauthorized")), "{}", value["problems"]);
    // The server returns the state of its account whatever the key is. The second replay added nothing.
    assert_eq!(value["crm"]["calls"], state["calls"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_to_an_unreachable_server_are_retried_and_reported() {
    let file = root().join("tests/recordings/lost-one-event.jsonl").to_str().expect("UTF-8").to_owned();
    // A port on which nothing listens any more.
    let port = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port").local_addr().expect("an address").port();
    let (status, value) = replay(vec![file, "--crm".into(), format!("http://127.0.0.1:{port}"), "--settle".into(), "1m".into()]).await;
    assert_eq!(status, 1);
    assert!(value["events"]["retried"].as_u64().expect("a count") >= 5, "{value}");
    assert!(value["problems"].to_string().contains("limit"), "{}", value["problems"]);
}
