//! Replays against a CRM that is not in the process: a real account is named first and nothing is written by accident; simulators of any kind
//! take part.

use std::sync::Arc;

use axum::Router;
use retailcrm_simulator::{Account, Simulator};
use serde_json::{Value, json};
use uis_test_support::{file, replay_json, root, uis_host};

fn recording() -> String {
    root().join("tests/recordings/answered.jsonl").to_str().expect("UTF-8").to_owned()
}

/// A simulator with the content that the recording gives its CRM.
fn simulator() -> Simulator {
    let text = std::fs::read_to_string(recording()).expect("readable");
    let header: Value = serde_json::from_str(text.lines().next().expect("a header")).expect("JSON");
    Simulator::new(Account::read(&header["crm"]).expect("an account"), Arc::new(chrono::Utc::now))
}

async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// A server that is no simulator to who looks at it: a real account, as far as a program can know.
async fn serve_account(simulator: &Simulator) -> String {
    let hidden = axum::middleware::from_fn(async |request: axum::extract::Request, next: axum::middleware::Next| {
        if request.uri().path().starts_with("/_simulator") {
            return axum::response::IntoResponse::into_response(http::StatusCode::NOT_FOUND);
        }
        next.run(request).await
    });
    serve(simulator.router().layer(hidden)).await
}

/// Runs `replay --json` on a thread that may block.
async fn replay(arguments: &[&str]) -> (i32, Value) {
    let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
    let run = move || replay_json(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    tokio::task::spawn_blocking(run).await.expect("no panic")
}

/// Runs a replay that is refused, and returns what it says.
async fn refused(arguments: &[&str]) -> String {
    let arguments: Vec<String> = std::iter::once("replay").chain(arguments.iter().copied()).map(str::to_owned).collect();
    let run = move || uis_host(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    let output = tokio::task::spawn_blocking(run).await.expect("no panic");
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(output.stdout.is_empty(), "nothing was run: {output:?}");
    String::from_utf8(output.stderr).expect("UTF-8")
}

fn check_by_schema(value: &Value) {
    let schema = std::fs::read_to_string(root().join("docs/replay.schema.json")).expect("the schema");
    let validator = jsonschema::validator_for(&serde_json::from_str(&schema).expect("JSON")).expect("a valid schema");
    let errors: Vec<String> = validator.iter_errors(value).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_into_a_real_account_that_nobody_was_asked_about() {
    let simulator = simulator();
    let before = simulator.to_json();
    let url = serve_account(&simulator).await;
    let message = refused(&[&recording(), "--crm", &url, "--crm-content", "keep"]).await;
    for part in [url.as_str(), "--yes", "--dry-run"] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert_eq!(simulator.to_json(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_module_of_a_real_account_is_registered_only_on_request() {
    let simulator = simulator();
    let url = serve_account(&simulator).await;
    let (status, value) = replay(&[&recording(), "--crm", &url, "--crm-content", "keep", "--yes"]).await;
    assert_eq!(status, 0, "{}", value["problems"]);
    let state = simulator.to_json();
    assert_eq!((&state["modules"], &state["calls"][0]["externalId"]), (&json!([]), &json!("uis-call-998677500")));
    let withheld = value["withheld"].as_array().expect("a list");
    assert!(withheld.iter().all(|request| request["path"] == "/api/v5/integration-modules/uis/edit"), "{withheld:#?}");
    check_by_schema(&value);

    let (_, value) = replay(&[&recording(), "--crm", &url, "--crm-content", "keep", "--yes", "--register-module"]).await;
    assert_eq!((value.get("withheld"), simulator.to_json()["modules"][0]["code"].as_str()), (None, Some("uis")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_lists_what_would_be_written_and_writes_nothing() {
    let simulator = simulator();
    let before = simulator.to_json();
    for url in [serve_account(&simulator).await, serve(simulator.router()).await] {
        let (status, value) = replay(&[&recording(), "--crm", &url, "--crm-content", "keep", "--dry-run"]).await;
        assert_eq!((status, &value["events"]["failed"]), (0, &json!(0)), "{}", value["problems"]);
        let paths: Vec<&str> =
            value["withheld"].as_array().expect("a list").iter().filter_map(|request| request["path"].as_str()).collect();
        for path in ["/api/v5/integration-modules/uis/edit", "/api/v5/telephony/call/event", "/api/v5/telephony/calls/upload"] {
            assert!(paths.contains(&path), "{path}: {paths:?}");
        }
        check_by_schema(&value);
        assert_eq!(simulator.to_json(), before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recordings_crm_is_refused_loaded_or_left_out_but_never_ignored() {
    let empty = Simulator::new(Account::default(), Arc::new(chrono::Utc::now));
    let url = serve(empty.router()).await;
    let message = refused(&[&recording(), "--crm", &url]).await;
    for part in ["answered.jsonl:1", "--crm-content load", "--crm-content keep"] {
        assert!(message.contains(part), "{part}: {message}");
    }
    let (status, value) = replay(&[&recording(), "--crm", &url, "--crm-content", "load"]).await;
    assert_eq!(status, 0, "{}", value["problems"]);
    assert_eq!(empty.to_json()["customers"][0]["id"], 17);

    let account = serve_account(&empty).await;
    assert!(refused(&[&recording(), "--crm", &account, "--crm-content", "load", "--yes"]).await.contains("no simulator"));
    let message = refused(&[&recording(), "--crm", &account, "--yes"]).await;
    assert!(message.contains("--crm-content keep") && !message.contains("--crm-content load"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn users_act_and_faults_begin_in_a_simulator_on_a_socket() {
    let simulator = simulator();
    let url = serve(simulator.router()).await;
    let folder = tempfile::tempdir().expect("a folder");
    let lines = [
        r#"{"recording":1,"settings":{}}"#,
        r#"{"at":"2026-11-23T10:00:00+03:00","crm":{"method":"POST","path":"/api/v5/customers/17/edit","form":{"by":"id","customer":{"firstName":"Другой"}},"user":5}}"#,
        r#"{"at":"2026-11-23T10:00:01+03:00","crm":{"path":"/_simulator/delete","json":{"order":70}}}"#,
        r#"{"at":"2026-11-23T10:00:02+03:00","crm":{"path":"/api/v5/customers/99/edit","form":{"by":"id","customer":{}}}}"#,
        r#"{"at":"2026-11-23T10:00:03+03:00","crm-faults":{"rules":[{"status":503}]}}"#,
    ];
    let (status, value) = replay(&[&file(&folder, "acts.jsonl", &lines), "--crm", &url, "--settle", "1s"]).await;
    let problems = value["problems"].as_array().expect("a list");
    assert_eq!((status, problems.len(), &problems[0]["line"]), (1, 1, &json!(4)), "only the unknown customer: {problems:#?}");
    let state = simulator.to_json();
    assert_eq!(state["customers"][0]["firstName"], "Другой");
    assert!(!state["orders"].as_array().expect("a list").iter().any(|order| order["id"] == 70), "{}", state["orders"]);
    assert!(simulator.to_json().is_object());
    let status = reqwest::get(format!("{url}/api/credentials?apiKey=x")).await.expect("an answer").status();
    assert_eq!(status, 503, "the plan of faults has begun");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_crm_on_a_socket_answered_is_repeated_without_it() {
    let url = serve_account(&simulator()).await;
    let folder = tempfile::tempdir().expect("a folder");
    let target = folder.path().join("recorded.jsonl").to_str().expect("UTF-8").to_owned();
    let (status, value) = replay(&[&recording(), "--crm", &url, "--crm-content", "keep", "--yes", "--record", &target]).await;
    assert_eq!(status, 0, "{}", value["problems"]);
    let recorded = std::fs::read_to_string(&target).expect("readable");
    let base = format!("\"base\":\"{url}\"");
    assert!(recorded.contains(&base) && !recorded.to_lowercase().contains("x-api-key"), "{recorded}");
    let (status, again) = replay(&[&target, "--strict"]).await;
    // The lines have other numbers in the new file.
    let messages =
        |value: &Value| value["problems"].as_array().expect("a list").iter().map(|problem| problem["message"].clone()).collect::<Vec<_>>();
    assert_eq!((status, &again["uis"], messages(&again)), (0, &value["uis"], messages(&value)));
    let (status, _) = replay(&[&target, "--strict", "--loose"]).await;
    assert_eq!(status, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_another_crm_has_is_given_as_it_is() {
    let state = json!({"customers": [{"id": 1}], "leads": [{"id": 2}], "settings": {"timezone": "Asia/Omsk"}});
    let router = Router::new()
        .route("/_simulator", axum::routing::get(async || "GET /_simulator/state"))
        .route("/_simulator/state", axum::routing::get(async move || axum::Json(state)));
    let url = serve(router).await;
    let folder = tempfile::tempdir().expect("a folder");
    let (_, value) = replay(&[&file(&folder, "other.jsonl", &[r#"{"recording":1,"active":false}"#]), "--crm", &url]).await;
    assert_eq!((&value["crm"]["customers"], &value["crm"]["leads"]), (&json!([{"id": 1}]), &json!([{"id": 2}])));
    assert_eq!(value["crm"].get("settings"), None, "RetailCRM's settings are not part of the report");
    check_by_schema(&value);
}

/// Runs `snapshot` and returns its exit status and what it wrote to standard error.
async fn snapshot(arguments: &[&str]) -> (i32, String) {
    let arguments: Vec<String> = std::iter::once("snapshot").chain(arguments.iter().copied()).map(str::to_owned).collect();
    let run = move || uis_host(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    let output = tokio::task::spawn_blocking(run).await.expect("no panic");
    (output.status.code().expect("a status"), String::from_utf8(output.stderr).expect("UTF-8"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_on_a_snapshot_does_what_it_does_on_the_account() {
    let simulator = simulator();
    let before = simulator.to_json();
    let url = serve_account(&simulator).await;
    let folder = tempfile::tempdir().expect("a folder");
    let target = folder.path().join("snapshot.jsonl").to_str().expect("UTF-8").to_owned();
    let (status, errors) = snapshot(&["--crm", &url, "--phone", "8 916 123-45-67", "--order", "70A", "-o", &target]).await;
    assert_eq!(status, 0, "{errors}");
    assert_eq!(simulator.to_json(), before, "nothing was written into the account");

    // The recording's own header with the snapshot's crm, and its lines.
    let original = std::fs::read_to_string(recording()).expect("readable");
    let (header, lines) = original.split_once('\n').expect("a header");
    let read: Value = serde_json::from_str(&std::fs::read_to_string(&target).expect("readable")).expect("JSON");
    assert_eq!(read["account"]["timezone"], "Europe/Moscow");
    let mut header: Value = serde_json::from_str(header).expect("JSON");
    header["crm"] = read["crm"].clone();
    let (own_status, own) = replay(&[&recording()]).await;
    let on_snapshot = file(&folder, "on-snapshot.jsonl", &[header.to_string().as_str(), lines]);
    let (status, value) = replay(&[&on_snapshot]).await;
    assert_eq!(status, own_status, "{}", value["problems"]);
    for member in ["events", "uis", "problems"] {
        assert_eq!(value[member], own[member], "{member}");
    }
    for member in ["calls", "callEvents", "popups", "tasks", "notes"] {
        assert_eq!(value["crm"][member], own["crm"][member], "{member}");
    }
    assert_eq!(value["crm"]["orders"].as_array().map(Vec::len), own["crm"]["orders"].as_array().map(Vec::len));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_says_what_is_not_there_and_hides_people_on_request() {
    let url = serve_account(&simulator()).await;
    let folder = tempfile::tempdir().expect("a folder");
    let target = folder.path().join("masked.jsonl").to_str().expect("UTF-8").to_owned();
    let (status, errors) = snapshot(&["--crm", &url, "--phone", "79161234567", "--phone", "79990000000", "--mask", "-o", &target]).await;
    assert!(status == 1 && errors.contains("no customer has the phone 79990000000"), "{errors}");
    let masked = std::fs::read_to_string(&target).expect("readable");
    for secret in ["Сидоров", "123-45-67", "anna@shop.example", &url] {
        assert!(!masked.contains(secret), "{secret}");
    }
    assert!(masked.contains("\"id\":17") && masked.contains("\"masked\":true"), "{masked}");

    let (status, errors) = snapshot(&["--crm", &url, "--crm-key", "wrong", "--phone", "79161234567"]).await;
    assert!(status == 2 && errors.contains("apiKey"), "{errors}");
}
