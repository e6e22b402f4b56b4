//! `expect` lines: a recording tests itself.

use std::sync::Arc;

use retailcrm_simulator::{Account, Simulator};
use serde_json::{Value, json};
use uis_test_support::{file, replay_json, root};

/// The lines of a recording of a missed call, for which a task is made.
fn missed_call() -> Vec<String> {
    let text = std::fs::read_to_string(root().join("tests/recordings/telephony/missed-task.jsonl")).expect("readable");
    text.lines().map(str::to_owned).collect()
}

fn replay_lines(lines: &[String], arguments: &[&str]) -> (i32, Value) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = file(&folder, "expecting.jsonl", &lines.iter().map(String::as_str).collect::<Vec<_>>());
    replay_json(&[&[path.as_str()], arguments].concat())
}

/// Replays the recording of a missed call with more lines at its end.
fn replay(more: &[Value], arguments: &[&str]) -> (i32, Value) {
    let lines: Vec<String> = missed_call().into_iter().chain(more.iter().map(Value::to_string)).collect();
    replay_lines(&lines, arguments)
}

/// An expectation a day after the call.
fn a_day_later(expected: &Value) -> Value {
    json!({"at": "2026-11-24T12:00:00+03:00", "expect": expected})
}

#[test]
fn an_expectation_that_is_met_changes_nothing() {
    let met = a_day_later(&json!({
        "crm": {"tasks": [{"text": "Перезвонить 79161234567, Отдел ‹продаж›, ждал 30 с"}], "calls": {"count": 1}},
        "uis": {"dialled": {"count": 0}},
        "events": {"failed": 0},
        "problems": {"count": 0},
    }));
    let (status, value) = replay(&[met], &[]);
    assert_eq!((status, &value["problems"]), (0, &json!([])));
}

#[test]
fn an_expectation_that_is_not_met_is_a_failure_at_its_line() {
    let (status, value) = replay(&[a_day_later(&json!({"crm": {"tasks": [{"performer": 99}]}, "events": {"failed": 0}}))], &[]);
    let problem = &value["problems"][0];
    assert_eq!((status, &value["events"]["failed"], &problem["kind"]), (1, &json!(1), &json!("expectation")), "{}", value["problems"]);
    let message = problem["message"].as_str().expect("text");
    for part in ["crm.tasks: no member matches {\"performer\":99}", "crm.tasks[0].performer: expected 99, found "] {
        assert!(message.contains(part), "{part}: {message}");
    }
    let schema: Value =
        serde_json::from_str(&std::fs::read_to_string(root().join("docs/replay.schema.json")).expect("the schema")).expect("JSON");
    assert!(jsonschema::validator_for(&schema).expect("a valid schema").is_valid(&value), "{value:#}");
}

#[test]
fn an_expectation_is_about_its_own_moment() {
    let mut lines = missed_call();
    // The last line reports the lost call, and makes the task.
    let last = lines.pop().expect("a line");
    let at = serde_json::from_str::<Value>(&last).expect("JSON")["at"].clone();
    let expecting = |count: u64| json!({"at": at, "expect": {"crm": {"tasks": {"count": count}}}}).to_string();
    lines.extend([expecting(0), last, expecting(1)]);
    let (status, value) = replay_lines(&lines, &[]);
    assert_eq!(status, 0, "{}", value["problems"]);
}

#[test]
fn a_member_that_no_report_has_is_unreadable() {
    let (status, value) = replay(&[a_day_later(&json!({"tasks": []}))], &[]);
    assert_eq!((status, &value["problems"][0]["kind"]), (1, &json!("unreadable")));
    assert!(
        value["problems"][0]["message"].as_str().is_some_and(|text| text.contains("crm, uis, events, problems")),
        "{}",
        value["problems"]
    );
}

#[test]
fn an_expectation_of_nothing_is_unreadable() {
    let (status, value) = replay(&[a_day_later(&json!({}))], &[]);
    assert_eq!((status, &value["problems"][0]["kind"]), (1, &json!("unreadable")), "{}", value["problems"]);
}

#[test]
fn that_a_strict_replay_does_not_compare_the_crm_is_no_problem_that_is_counted() {
    let folder = tempfile::tempdir().expect("a folder");
    let recorded = folder.path().join("recorded.jsonl").to_str().expect("UTF-8").to_owned();
    let expected = a_day_later(&json!({"crm": {"customers": {"count": 0}}, "problems": {"count": 0}}));
    assert_eq!(replay(std::slice::from_ref(&expected), &["--record", &recorded]).0, 0);
    let (status, value) = replay_json(&[&recorded, "--strict"]);
    assert_eq!((status, &value["problems"][0]["kind"]), (0, &json!("skipped")), "{}", value["problems"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_simulator_on_a_socket_is_compared_and_a_strict_replay_says_that_it_is_not() {
    let simulator = Simulator::new(Account::default(), Arc::new(chrono::Utc::now));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let router = simulator.router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let expected = a_day_later(&json!({"crm": {"tasks": {"count": 7}}}));
    let on_socket = expected.clone();
    let run = move || replay(&[on_socket], &["--crm", &url, "--crm-content", "load"]);
    let (status, value) = tokio::task::spawn_blocking(run).await.expect("no panic");
    assert!(status == 1 && value["problems"].to_string().contains("expected 7 members, found "), "{}", value["problems"]);

    let (_, value) = tokio::task::spawn_blocking(move || replay(&[expected], &["--strict"])).await.expect("no panic");
    assert!(!value["problems"].to_string().contains("expected 7 members"), "{}", value["problems"]);
}
