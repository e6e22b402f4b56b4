//! `replay --crm`: replays against a RetailCRM simulator that serves real HTTP on a socket.

use std::sync::Arc;

use retailcrm_simulator::{Account, Simulator};
use serde_json::{Value, json};
use uis_test_support::{replay_json, root, uis_host};

/// Serves a simulator on a free port of the loopback interface and returns its address.
async fn serve(simulator: &Simulator) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let router = simulator.router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

async fn replay(arguments: Vec<String>) -> (i32, Value) {
    // Every recording here has a crm, which the server has already, or need not have.
    let run = move || {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        replay_json(&[&["--crm-content", "keep"], arguments.as_slice()].concat())
    };
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
async fn requests_to_a_server_that_breaks_every_connection_are_retried_and_reported() {
    let file = root().join("tests/recordings/lost-one-event.jsonl").to_str().expect("UTF-8").to_owned();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            drop(connection);
        }
    });
    let (status, value) =
        replay(vec![file, "--crm".into(), format!("http://127.0.0.1:{port}"), "--yes".into(), "--settle".into(), "1m".into()]).await;
    assert_eq!(status, 1);
    assert!(value["events"]["retried"].as_u64().expect("a count") >= 5, "{value}");
    assert!(value["problems"].to_string().contains("limit"), "{}", value["problems"]);
}

#[test]
fn a_closed_port_is_one_message_with_the_remedy_and_nothing_is_run() {
    let file = root().join("tests/recordings/lost-one-event.jsonl");
    // A port on which nothing listens any more.
    let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("an address").port();
    let output = uis_host(&["replay", "--json", file.to_str().expect("UTF-8"), "--crm", &format!("http://127.0.0.1:{port}")]);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(2) && output.stdout.is_empty(), "{errors}");
    assert!(errors.lines().count() == 1 && errors.contains(&format!("uis-host crm --port {port}")), "{errors}");
}

/// The simulator counts requests by real seconds while the recording's minutes pass in a moment.
#[tokio::test(flavor = "multi_thread")]
async fn the_limits_of_a_live_simulator_drop_no_live_event() {
    let recording = root().join("tests/recordings/answered.jsonl");
    let header: Value =
        serde_json::from_str(std::fs::read_to_string(&recording).expect("readable").lines().next().expect("a header")).expect("JSON");
    let mut crm = header["crm"].clone();
    crm["rateLimit"] = json!({"general": 3, "telephony": 1});
    let simulator = Simulator::new(Account::read(&crm).expect("an account"), Arc::new(chrono::Utc::now));
    let url = serve(&simulator).await;
    let (status, value) = replay(vec![recording.to_str().expect("UTF-8").to_owned(), "--crm".into(), url]).await;
    assert_eq!((status, &value["events"]), (0, &json!({"delivered": 7, "retried": 0, "failed": 0})), "{}", value["problems"]);
    assert!(!value["problems"].to_string().contains("stale"), "{}", value["problems"]);
    assert_eq!(simulator.to_json()["popups"].as_array().map(Vec::len), Some(1));
}
