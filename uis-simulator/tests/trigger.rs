//! The program's command `trigger`, and a scripted day of the served account.

use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use serde_json::{Value, json};

type Got = Arc<Mutex<Vec<String>>>;

/// A receiver of notifications that answers with a status. Gives its address, and the paths that were asked.
async fn receiver(status: StatusCode) -> (String, Got) {
    let got = Got::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let receive = async move |State(got): State<Got>, uri: Uri, body: String| {
        let body = if body.is_empty() { uri.query().unwrap_or_default().to_owned() } else { body };
        got.lock().expect("a lock").push(format!("{} {body}", uri.path()));
        status
    };
    let router = Router::new().fallback(receive).with_state(got.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (format!("http://{address}"), got)
}

async fn run(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_uis-simulator"));
    command.args(arguments);
    tokio::task::spawn_blocking(move || command.output()).await.expect("it ends").expect("it runs")
}

/// The last part of each path.
fn types(got: &Got) -> Vec<String> {
    let last = |line: &String| line.split(' ').next().unwrap_or_default().rsplit('/').next().unwrap_or_default().to_owned();
    got.lock().expect("a lock").iter().map(last).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_story_is_sent_and_printed() {
    let (url, got) = receiver(StatusCode::OK).await;
    let to = format!("{url}/hook/{{event}}");
    let done = run(&["trigger", "missed", "--to", &to, "--phone", "79160000001", "--employee", "5", "--speed", "max", "--json"]).await;
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(types(&got), ["in_call_session", "out_call", "call_session_finished", "lost_call_session"]);
    let lines = String::from_utf8(done.stdout).expect("text");
    let steps: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(steps.iter().map(|step| step["what"].as_str().expect("a type")).collect::<Vec<_>>(), types(&got));
    let message: Value = serde_json::from_str(steps[1]["message"].as_str().expect("a message")).expect("JSON");
    assert_eq!((&message["contact_phone_number"], &message["employee_id"]), (&json!("79160000001"), &json!(5)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_status_says_whether_everything_was_accepted() {
    let (url, _) = receiver(StatusCode::SERVICE_UNAVAILABLE).await;
    let done = run(&["trigger", "site-request", "--to", &url]).await;
    assert_eq!(done.status.code(), Some(1));
    let shown = String::from_utf8(done.stdout).expect("text");
    assert!(shown.contains("offline_message") && shown.contains("503"), "{shown}");
    for (arguments, expected) in [
        (&["trigger", "missed"][..], "nowhere to send it"),
        (&["trigger", "mised", "--to", "http://127.0.0.1:1"], "there is no story \"mised\"; known: answered, missed"),
        (&["trigger", "tag", "--to", "http://127.0.0.1:1"], "communication is missing"),
        (&["trigger", "missed", "--to", "http://127.0.0.1:1", "--speed", "fast"], "is no speed"),
        (&["trigger", "missed", "--to", "http://127.0.0.1:1", "--late", "2"], "--late: 2 is not a probability"),
        (&["trigger", "missed", "--templates", "/nowhere.json"], "/nowhere.json"),
        (&["--day", "/nowhere.toml", "--listen", "127.0.0.1:0"], "/nowhere.toml"),
    ] {
        let done = run(arguments).await;
        let error = String::from_utf8(done.stderr).expect("text");
        assert_eq!(done.status.code(), Some(2), "{arguments:?}: {error}");
        assert!(error.contains(expected), "{arguments:?}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exactly_the_given_templates_are_sent() {
    let (url, got) = receiver(StatusCode::OK).await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("setup.json");
    let setup = json!({
        "integration": "shop",
        "notifications": [
            {"event": "lost_call_session", "url": format!("{url}/a"), "template": "{\"id\": {{call_session_id}}, \"who\": {{contact_phone_number}}}"},
            {"event": "out_call", "url": format!("{url}/b"), "method": "GET", "template": "who={{contact_phone_number}}"},
        ],
    });
    std::fs::write(&file, setup.to_string()).expect("written");
    let file = file.to_str().expect("a path");
    let story = ["trigger", "missed", "--templates", file, "--phone", "79160000001", "--employee", "5", "--speed", "max"];
    assert_eq!(run(&story).await.status.code(), Some(0));
    let lines = got.lock().expect("a lock").clone();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0], "/b who=%2279160000001%22");
    assert!(lines[1].starts_with("/a {\"id\": ") && lines[1].ends_with(", \"who\": \"79160000001\"}"), "{}", lines[1]);
    got.lock().expect("a lock").clear();
    assert_eq!(run(&[&story[..], &["--quoted", "--numbers-as-text"]].concat()).await.status.code(), Some(0));
    let quoted = got.lock().expect("a lock")[1].clone();
    assert!(quoted.ends_with(", \"who\": \"\"79160000001\"\"}") && quoted.contains("{\"id\": \"\""), "{quoted}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_served_account_plays_a_day_and_calls_the_numbers_it_is_asked_to_call() {
    let (url, got) = receiver(StatusCode::OK).await;
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        path.to_str().expect("a path").to_owned()
    };
    let day = write("day.toml", "[[stories]]\ntime = \"10:00\"\nstory = \"site-request\"\n".to_owned());
    let account = json!({
        "employees": [{"id": 11, "full_name": "Иванова Анна", "phone_numbers": [{"phone_number": "74950000101", "status": "active"}]}],
        "virtual_numbers": [{"id": 1, "virtual_phone_number": "74951110011", "status": "active"}],
    });
    let account = write("account.json", account.to_string());
    let arguments = ["--listen", "127.0.0.1:0", "--account", &account, "--day", &day, "--to", &url, "--speed", "max", "--json"];
    let mut command = Command::new(env!("CARGO_BIN_EXE_uis-simulator"));
    let mut child = command.args(arguments).stdout(Stdio::piped()).spawn().expect("it runs");
    let output = child.stdout.take().expect("a pipe");
    let first = tokio::task::spawn_blocking(move || {
        let mut output = BufReader::new(output);
        let mut line = String::new();
        output.read_line(&mut line).map(|_| (line, output))
    });
    let (line, _output) = first.await.expect("it ends").expect("readable");
    let addresses: Value = serde_json::from_str(&line).expect("JSON");
    let order = json!({"jsonrpc": "2.0", "id": 1, "method": "start.employee_call", "params": {"access_token": "any", "first_call": "employee",
        "virtual_phone_number": "74951110011", "contact": "79160000001", "employee": {"id": 11}, "direction": "out", "external_id": "order-1"}});
    let call_api = addresses["call_api"].as_str().expect("an address");
    let answer = reqwest::Client::new().post(call_api).body(order.to_string()).send().await.expect("an answer").text().await.expect("text");
    let session = serde_json::from_str::<Value>(&answer).expect("JSON")["result"]["data"]["call_session_id"].clone();
    while !types(&got).iter().any(|kind| kind == "record_ready") {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    child.kill().expect("it ends");
    child.wait().expect("it ends");
    let lines = got.lock().expect("a lock").clone();
    assert!(types(&got).contains(&"offline_message".to_owned()), "the day");
    let rings = lines.iter().find(|line| line.starts_with("/out_call ")).expect("a phone rings");
    let body: Value = serde_json::from_str(&rings["/out_call ".len()..]).expect("JSON");
    assert_eq!((&body["external_id"], &body["call_session_id"]), (&json!("order-1"), &session), "the call that was asked for: {answer}");
}
