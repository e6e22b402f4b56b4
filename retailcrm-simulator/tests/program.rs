//! The program as a user starts it: its first line, its log, its sockets, its mistakes.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use serde_json::{Value, json};

use crate::support::program::{Program, command, start};

fn client() -> reqwest::Client {
    reqwest::Client::builder().pool_max_idle_per_host(0).build().expect("a client")
}

async fn get(program: &Program, path: &str) -> Result<reqwest::Response, reqwest::Error> {
    client().get(format!("{}{path}", program.url)).header("X-API-KEY", &program.key).send().await
}

async fn post(program: &Program, path: &str, form: &str) -> Result<reqwest::Response, reqwest::Error> {
    let request = client().post(format!("{}{path}", program.url)).header("X-API-KEY", &program.key);
    request.header("content-type", "application/x-www-form-urlencoded").body(form.to_owned()).send().await
}

async fn json_of(answer: reqwest::Response) -> Value {
    serde_json::from_slice(&answer.bytes().await.expect("a body")).expect("JSON")
}

async fn state(program: &Program) -> Value {
    json_of(get(program, "/_simulator/state").await.expect("an answer")).await
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::Builder::new().suffix(".json").tempfile().expect("a file");
    file.write_all(text.as_bytes()).expect("written");
    file
}

fn path(file: &tempfile::NamedTempFile) -> &str {
    file.path().to_str().expect("UTF-8")
}

/// A server that records the requests it gets: the record, and its address.
async fn receiver() -> (Arc<Mutex<Vec<String>>>, String) {
    let received: Arc<Mutex<Vec<String>>> = Arc::default();
    let kept = received.clone();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let router = Router::new().fallback(async move |request: Request| {
        let line = format!("{} {}", request.method(), request.uri());
        let body = axum::body::to_bytes(request.into_body(), 1 << 16).await.expect("a body");
        kept.lock().expect("unpoisoned").push(format!("{line} {}", String::from_utf8_lossy(&body)));
    });
    tokio::spawn(async move { axum::serve(listener, router).await });
    (received, address)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_line_then_a_line_per_request() {
    let mut program = start(&["--json"]);
    // The key is nowhere in the log, however its parameter is spelt.
    let secret = format!("/api/v5/settings?apiKey[]={0}&APIKEY={0}", program.key);
    assert_eq!(get(&program, &secret).await.expect("an answer").status(), 200);
    let line = program.lines.next().expect("a line").expect("UTF-8");
    assert!(!line.contains(&program.key), "{line}");
    assert_eq!(get(&program, "/api/v5/users?filter[ids][]=1&filter[ids][]=2&apiKey=secret").await.expect("an answer").status(), 400);
    post(&program, "/api/v5/telephony/call/event", "event=%7B%22type%22%3A%22in%22%7D&apiKey=secret").await.expect("an answer");
    let line =
        |program: &mut Program| -> Value { serde_json::from_str(&program.lines.next().expect("a line").expect("UTF-8")).expect("JSON") };
    let (first, second) = (line(&mut program), line(&mut program));
    assert_eq!(
        (&first["method"], &first["path"], &first["status"], &first["query"]),
        (&json!("GET"), &json!("/api/v5/users"), &json!(400), &json!({"filter[ids][]": ["1", "2"]}))
    );
    assert_eq!((&second["form"], &second["status"]), (&json!({"event": "{\"type\":\"in\"}"}), &json!(400)));
    assert!(first["at"].is_string() && first["ms"].is_number());
    assert!(program.url.starts_with("http://127.0.0.1:"), "loopback by default: {}", program.url);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_printed_curl_line_works_as_pasted() {
    let mut program = start(&[]);
    let line = loop {
        let line = program.lines.next().expect("a curl line").expect("UTF-8");
        if line.trim_start().starts_with("curl ") {
            break line;
        }
    };
    let quoted: Vec<&str> = line.split('\'').skip(1).step_by(2).collect();
    let [header, url] = quoted[..] else { panic!("{line}") };
    let (name, value) = header.split_once(": ").expect("a header");
    let answer = client().get(url).header(name, value).send().await.expect("an answer");
    assert_eq!(json_of(answer).await["users"][0]["email"], "admin@example.com");
    // With curl itself, where there is one.
    if let Ok(output) =
        std::process::Command::new("sh").args(["-c", &format!("command -v curl >/dev/null || exit 77; {} -s", line.trim())]).output()
        && output.status.code() != Some(77)
    {
        let body: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(body["success"], true);
    }
    let logged = loop {
        let line = program.lines.next().expect("a log").expect("UTF-8");
        if line.contains("/api/v5/users") && !line.contains("curl") {
            break line;
        }
    };
    assert!(logged.contains("GET") && logged.contains("→ 200"), "{logged}");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_never_wait_for_a_reader_of_the_log() {
    let program = start(&["--json", "--rate-limit", "off"]);
    let (client, url) = (reqwest::Client::new(), format!("{}/api/v5/telephony/call/event?padding={}", program.url, "x".repeat(200)));
    for _ in 0..15_000 / 50 {
        let many = (0..50).map(|_| client.post(&url).header("X-API-KEY", &program.key).send());
        for answer in futures_util::future::join_all(many).await {
            assert_eq!(answer.expect("an answer").status(), 400);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_break_before_and_after_the_commit() {
    let plan =
        file(r#"{"rules":[{"method":"POST","times":1,"reset":"before-commit"},{"method":"POST","times":1,"reset":"after-commit"}]}"#);
    let mut program = start(&["--json", "--faults", path(&plan)]);
    let create =
        async |id: &str| post(&program, "/api/v5/customers/create", &format!("customer=%7B%22externalId%22%3A%22{id}%22%7D")).await;
    assert!(create("a").await.is_err());
    assert_eq!(state(&program).await["customers"], json!([]));
    assert!(create("b").await.is_err());
    assert_eq!(state(&program).await["customers"][0]["externalId"], "b", "it was committed, and its answer was lost");
    assert_eq!(create("b").await.expect("an answer").status(), 400, "it is there already");
    let line: Value = serde_json::from_str(&program.lines.next().expect("a line").expect("UTF-8")).expect("JSON");
    assert_eq!((&line["status"], &line["fault"]), (&Value::Null, &json!("reset before commit")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_commit_happens_and_sets_off_triggers_without_another_request() {
    let (received, address) = receiver().await;
    let account = file(
        &json!({"triggers": [{"name": "New", "event": "customer.changed", "action": {"url": address, "parameters": [{"name": "id", "value": "{{ customer.id }}"}]}}]})
            .to_string(),
    );
    let plan = file(r#"{"rules":[{"method":"POST","times":1,"reset":"before-commit","commitsAfterMs":1500}]}"#);
    let mut program = start(&["--json", "--account", path(&account), "--faults", path(&plan)]);
    let create = "customer=%7B%22externalId%22%3A%22late%22%7D";
    let broke = std::time::Instant::now();
    assert!(post(&program, "/api/v5/customers/create", create).await.is_err());
    assert_eq!(state(&program).await["customers"], json!([]), "not yet");
    // Send no request until the trigger's request has arrived: it must not depend on one.
    while received.lock().expect("unpoisoned").is_empty() {
        assert!(broke.elapsed() < Duration::from_secs(30), "the trigger's request does not arrive");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(broke.elapsed() >= Duration::from_millis(1400), "{:?}", broke.elapsed());
    assert_eq!(state(&program).await["customers"][0]["externalId"], "late");
    assert_eq!(post(&program, "/api/v5/customers/create", create).await.expect("an answer").status(), 400, "it is there already");
    let line: Value = serde_json::from_str(&program.lines.next().expect("a line").expect("UTF-8")).expect("JSON");
    assert_eq!((&line["status"], &line["fault"]), (&Value::Null, &json!("reset, commits 1500 ms later")));
}

#[tokio::test(flavor = "multi_thread")]
async fn late_answers_and_slow_bodies_exceed_a_client_s_deadline() {
    let plan = file(r#"{"rules":[{"path":"/api/v5/users","latencyMs":600000},{"path":"/api/v5/settings","body":"slow"}]}"#);
    let program = start(&["--json", "--faults", path(&plan)]);
    let impatient = async |path: &str| {
        client().get(format!("{}{path}", program.url)).header("X-API-KEY", &program.key).timeout(Duration::from_millis(700)).send().await
    };
    assert!(impatient("/api/v5/users").await.expect_err("late").is_timeout());
    let slow = impatient("/api/v5/settings").await.expect("the head comes at once");
    assert!(slow.bytes().await.expect_err("the body does not").is_timeout());
    let patient = get(&program, "/api/v5/settings").await.expect("an answer");
    assert_eq!(json_of(patient).await["success"], true, "it is whole in the end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_plan_with_a_seed_gives_the_same_faults_twice() {
    let plan = file(
        r#"{"seed":11,"rules":[{"path":"/api/v5/users","probability":0.3,"status":503},{"path":"/api/v5/users","probability":0.2,"reset":"before-commit"},{"path":"/api/v5/users","probability":0.3,"body":"truncated"}]}"#,
    );
    let mut runs = Vec::new();
    for _ in 0..2 {
        let program = start(&["--json", "--rate-limit", "off", "--faults", path(&plan)]);
        let mut seen = Vec::new();
        for _ in 0..60 {
            seen.push(match get(&program, "/api/v5/users").await {
                Err(_) => "broken".to_owned(),
                Ok(answer) => format!("{} {}", answer.status(), answer.bytes().await.expect("a body").len()),
            });
        }
        runs.push(seen);
    }
    assert_eq!(runs[0], runs[1]);
    let kinds: std::collections::BTreeSet<&String> = runs[0].iter().collect();
    assert_eq!(kinds.len(), 4, "each kind struck, and some requests went well: {kinds:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_account_calls_back() {
    let (received, address) = receiver().await;
    let account = json!({
        "users": [{"id": 5}],
        "triggers": [{"name": "t", "event": "order.created", "action": {"url": format!("{address}/trigger"), "parameters": [{"name": "orderId", "value": "{{ order.id }}"}]}}],
        "modules": [{"code": "uis", "baseUrl": address, "clientId": "s", "actions": {"activity": "/activity"}, "integrations": {"telephony": {"makeCallUrl": "/call", "additionalCodes": [{"userId": 5, "code": "101"}]}}}],
    });
    let program = start(&["--json", "--account", path(&file(&account.to_string()))]);
    let control = async |act: &str, body: Value| {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = client().post(format!("{}/_simulator/{act}", program.url)).body(body).send().await.expect("an answer");
        json_of(answer).await
    };
    assert_eq!(control("make-call", json!({"user": 5, "phone": "79160000001"})).await["callback"]["status"], 200);
    control("module-activity", json!({"code": "uis", "active": false})).await;
    post(&program, "/api/v5/orders/create", "order=%7B%22firstName%22%3A%22x%22%7D").await.expect("an answer");
    // What a trigger asks goes out after the answer.
    for _ in 0..500 {
        if received.lock().expect("unpoisoned").len() == 3 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let received = received.lock().expect("unpoisoned").clone();
    assert_eq!(received[0], "GET /call?clientId=s&code=101&phone=79160000001&userId=5 ");
    assert!(received[1].starts_with("POST /activity clientId=s&activity=%7B%22active%22%3Afalse"), "{received:?}");
    assert_eq!(received[2], "GET /trigger?orderId=1 ");
    // A reset forgets what was asked, not how to ask.
    control("reset?to=start", Value::Null).await;
    assert_eq!(control("make-call", json!({"user": 5, "phone": "79160000002"})).await["callback"]["status"], 200);
    let info = json_of(get(&program, "/api/system-info").await.expect("an answer")).await;
    assert_eq!(info["publicUrl"], program.url.as_str(), "an account that names no address lives where it listens");
}

#[test]
fn unusable_options_are_refused_and_nothing_runs() {
    let (no_json, no_account, no_plan) = (file("{\n  \"users\": [,]\n}"), file(r#"{"usres":[]}"#), file(r#"{"rules":[{"status":99}]}"#));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    for (arguments, expected) in [
        (vec!["--account", path(&no_json)], "line 2"),
        (vec!["--account", path(&no_account)], "unknown field `usres`"),
        (vec!["--account", "/no/such/file.json"], "/no/such/file.json"),
        (vec!["--faults", path(&no_plan)], "rules[0]: status"),
        (vec!["--port", &port], "--port 0 picks a free port"),
        (vec!["--port", "0", "--save", "/no/such/folder/account.json"], "/no/such/folder/account.json"),
    ] {
        let output = command(&arguments).output().expect("it runs");
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
        assert!(error.contains(expected), "{arguments:?}: {error}");
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn the_account_is_saved_at_the_end_and_can_be_started_from() {
    let saved = tempfile::Builder::new().suffix(".json").tempfile().expect("a file");
    let program = start(&["--json", "--quiet", "--save", path(&saved)]);
    post(&program, "/api/v5/customers/create", "customer=%7B%22externalId%22%3A%22a%22%7D").await.expect("an answer");
    program.stop();
    let again = start(&["--json", "--account", path(&saved)]);
    assert_eq!(get(&again, "/api/v5/customers/a").await.expect("an answer").status(), 200);
}
