//! Wrong input, and the messages that it causes.

use serde_json::{Value, json};
use uis_test_support::{HEADER, file, finished, replay_json, root, uis_host};

/// Runs `replay` and returns the exit status and standard error.
fn replay(arguments: &[&str]) -> (i32, String) {
    let output = uis_host(&[&["replay"], arguments].concat());
    assert!(output.status.code() != Some(2) || output.stdout.is_empty(), "nothing was run, so nothing is printed");
    (output.status.code().expect("an exit status"), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn an_unusable_header_names_file_and_line_and_nothing_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, header, part) in [
        ("garbage.jsonl", "garbage", "not JSON"),
        ("newer.jsonl", r#"{"recording":2}"#, "format 2 is newer"),
        ("none.jsonl", r#"{"name":"x"}"#, "\"recording\":1"),
        ("employee.jsonl", r#"{"recording":1,"account":{"employees":[{"id":"x"}]}}"#, "account.employees[0].id"),
        ("zone.jsonl", r#"{"recording":1,"account":{"timezone":"Mars"}}"#, "account.timezone"),
        ("setting.jsonl", r#"{"recording":1,"settings":{"recordingwait":5}}"#, "settings.recordingwait"),
        ("wait.jsonl", r#"{"recording":1,"settings":{"recording-wait":-1}}"#, "settings.recording-wait"),
        ("crm.jsonl", r#"{"recording":1,"crm":{"user":[]}}"#, "unknown field `user`"),
        (
            "credentials.jsonl",
            r#"{"recording":1,"credentials":[{"name":"a","url":"a.retailcrm.ru","key":"k"}],"integrations":[{"name":"x","credentials":"b"}]}"#,
            "known names: a",
        ),
        (
            "address.jsonl",
            r#"{"recording":1,"credentials":[{"name":"a","url":"a.example","key":"k"}],"integrations":[{"name":"x","credentials":"a"}]}"#,
            "not an address of RetailCRM",
        ),
        (
            "both.jsonl",
            r#"{"recording":1,"credentials":[{"name":"a","url":"a.retailcrm.ru","key":"k"}],"integrations":[{"name":"x","credentials":"a","crm":{"users":[]}}]}"#,
            "crm and credentials",
        ),
        ("twice.jsonl", r#"{"recording":1,"crm":{"users":[{"id":1},{"id":1}]}}"#, "crm.users[1].id"),
    ] {
        let path = file(&folder, name, &[header, &finished("10:00:00", 1, "")]);
        let (status, errors) = replay(&[&path]);
        assert_eq!(status, 2, "{name}: {errors}");
        assert!(errors.contains(&format!("{name}:1")) && errors.contains(part), "{name}: {errors}");
    }
    let (status, errors) = replay(&["no-such-file.jsonl"]);
    assert!(status == 2 && errors.contains("no-such-file.jsonl"), "{errors}");
    let good = root().join("tests/recordings/lost-one-event.jsonl");
    let bad = file(&folder, "bad.jsonl", &["{}"]);
    assert_eq!(replay(&[good.to_str().expect("UTF-8"), &bad]).0, 2, "one bad header among several files: nothing is run");
}

#[test]
fn an_unreadable_line_is_reported_and_the_other_lines_are_handled() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = file(
        &folder,
        "lines.jsonl",
        &[
            HEADER,
            "this is no JSON",
            r#"{"at":"2026-11-23T10:00:00+03:00","notification":"call_started","body":{}}"#,
            r#"{"at":"2026-11-23T10:00:00+03:00","notification":"call_session_finished","body":{"direction":"in"}}"#,
            r#"{"at":"2026-11-23T10:00:00+03:00","notification":"call_session_finished","body":[1]}"#,
            &finished("10:00:01", 1, ""),
        ],
    );
    let (status, value) = replay_json(&[&path]);
    assert_eq!(status, 1);
    assert_eq!(value["events"], json!({"delivered": 1, "retried": 0, "failed": 4}));
    let lines: Vec<(i64, &str)> = value["problems"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|problem| (problem["line"].as_i64().expect("a line"), problem["kind"].as_str().expect("a kind")))
        .collect();
    assert_eq!(lines, [(2, "unreadable"), (3, "unreadable"), (4, "unreadable"), (5, "unreadable")]);
    let problems = value["problems"].to_string();
    assert!(problems.contains("call_session_finished") && problems.contains("call_session_id"), "the known names are listed: {problems}");
    assert_eq!(value["crm"]["calls"].as_array().map(Vec::len), Some(1));
}

/// What cannot be read even leniently is kept in the message, with the place in the body.
#[test]
fn a_body_that_cannot_be_read_is_shown_with_the_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let bodies = [
        ("{\n  \"call_session_id\": 880013,\n  \"direction\" \"\"in\"\"\n}", "line 3, column 15"),
        ("{\"call_session_id\": 880014, \"direction\": \"\"in", "line 1, column 42"),
    ];
    for (body, place) in bodies {
        let line = json!({"at": "2026-11-23T10:00:00+03:00", "notification": "call_session_finished", "body": body}).to_string();
        let (status, value) = replay_json(&[&file(&folder, "cut.jsonl", &[HEADER, &line])]);
        let message = value["problems"][0]["message"].as_str().expect("a message");
        assert_eq!((status, &value["problems"][0]["kind"]), (1, &json!("unreadable")), "{message}");
        assert!(message.contains(place) && message.contains("88001") && message.ends_with(body), "{message}");
    }
}

#[test]
fn a_problem_of_kind_limit_names_the_event_the_limit_and_its_value() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = file(
        &folder,
        "actions.jsonl",
        &[
            HEADER,
            r#"{"at":"2026-11-23T10:00:00+03:00","action":"panic"}"#,
            r#"{"at":"2026-11-23T10:00:01+03:00","action":"spin"}"#,
            r#"{"at":"2026-11-23T10:00:02+03:00","action":"hoard"}"#,
            r#"{"at":"2026-11-23T10:00:03+03:00","action":"recurse"}"#,
            &finished("10:00:04", 1, ""),
        ],
    );
    let echo = root().join("examples/echo-plugin");
    let (status, value) =
        replay_json(&[&path, "--plugin", echo.to_str().expect("UTF-8"), "--memory-bytes", "20000000", "--fuel", "1000000"]);
    assert_eq!(status, 1);
    let problems: Vec<(&str, &str)> = value["problems"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|problem| (problem["kind"].as_str().expect("a kind"), problem["message"].as_str().expect("text")))
        .collect();
    assert_eq!(problems.len(), 4, "{problems:?}");
    assert!(problems[0].0 == "trap" && problems[0].1.contains("action (panic)") && problems[0].1.contains("as asked"), "{problems:?}");
    assert_eq!(problems[1], ("limit", "action (spin): limit fuel = 1000000 was exceeded"));
    assert_eq!(problems[2], ("limit", "action (hoard): limit memory-bytes = 20000000 was exceeded"));
    assert!(problems[3].1.contains("stack") || problems[3].1.contains("fuel"), "{problems:?}");
    assert_eq!(value["events"]["delivered"], 1, "the event after them is handled");

    let (_, value) =
        replay_json(&[&path, "--plugin", echo.to_str().expect("UTF-8"), "--fuel", "1000000000000000", "--wall-kept-ms", "100"]);
    assert_eq!(value["problems"][1]["message"], "action (spin): limit wall-kept-ms = 100 was exceeded");
}

#[test]
fn a_plugin_of_another_contract_is_refused_before_it_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    // `inspect` builds the component if it is not built yet.
    assert!(uis_host(&["inspect", "examples/echo-plugin"]).status.success());
    let built = root().join("target/uis-host/wasm32-wasip2/component/echo_plugin.wasm");
    let built = std::env::var_os("CARGO_TARGET_DIR")
        .map_or(built, |target| std::path::Path::new(&target).join("uis-host/wasm32-wasip2/component/echo_plugin.wasm"));
    let wasm = std::fs::read(&built).expect("the built component");
    let mut other = wasm.clone();
    let (own, new) = (b"uis:integration/", b"@0.3.0");
    let names = (0..wasm.len() - own.len()).filter(|at| wasm[*at..].starts_with(own));
    let versions = names.filter_map(|at| Some(at + wasm[at..].iter().take(60).position(|byte| *byte == b'@')?));
    let places: Vec<usize> = versions.filter(|at| wasm[*at..].starts_with(b"@0.2.0")).collect();
    assert!(places.len() > 10, "{places:?}");
    for at in places {
        other[at..at + new.len()].copy_from_slice(new);
    }
    let path = folder.path().join("other.wasm");
    std::fs::write(&path, other).expect("written");
    let recording = root().join("tests/recordings/answered.jsonl");
    let (status, errors) = replay(&[recording.to_str().expect("UTF-8"), "--plugin", path.to_str().expect("UTF-8")]);
    assert_eq!(status, 2);
    for part in ["other.wasm", "uis:integration 0.3.0", "plugins of 0.2.0", "build the plugin for"] {
        assert!(errors.contains(part), "{part}: {errors}");
    }

    let nothing = folder.path().join("nothing.wasm");
    std::fs::write(&nothing, b"\0asm nonsense").expect("written");
    let (status, errors) = replay(&[recording.to_str().expect("UTF-8"), "--plugin", nothing.to_str().expect("UTF-8")]);
    assert!(status == 2 && errors.contains("not a WebAssembly component"), "{errors}");
    let (status, errors) = replay(&[recording.to_str().expect("UTF-8"), "--plugin", "no-such-plugin"]);
    assert!(status == 2 && errors.contains("no-such-plugin"), "{errors}");
}

#[test]
fn a_refused_key_pauses_the_integration_and_no_call_is_lost() {
    let folder = tempfile::tempdir().expect("a folder");
    let faults = r#"{"at":"2026-11-23T10:00:00+03:00","crm-faults":{"rules":[{"path":"/api/v5/telephony/calls/upload","status":403,"body":"{\"success\":false,\"errorMsg\":\"Wrong \\\"apiKey\\\" value.\"}"}]}}"#;
    let recovered = r#"{"at":"2026-11-23T11:00:00+03:00","crm-faults":{}}"#;
    let activate = r#"{"at":"2026-11-23T11:00:01+03:00","activate":true}"#;
    let calls = [finished("10:00:01", 1, ""), finished("10:05:01", 2, "")];
    let path = file(&folder, "paused.jsonl", &[HEADER, faults, &calls[0], &calls[1]]);
    let (status, value) = replay_json(&[&path]);
    assert_eq!(status, 1);
    let kinds: Vec<&Value> = value["problems"].as_array().expect("a list").iter().map(|problem| &problem["kind"]).collect();
    assert!(!kinds.is_empty() && kinds.iter().all(|kind| **kind == "unauthorized"), "{}", value["problems"]);
    let path = file(&folder, "recovered.jsonl", &[HEADER, faults, &calls[0], &calls[1], recovered, activate]);
    let (_, value) = replay_json(&[&path]);
    let mut ids: Vec<&str> =
        value["crm"]["calls"].as_array().expect("a list").iter().map(|call| call["externalId"].as_str().expect("an id")).collect();
    ids.sort_unstable();
    assert_eq!(ids, ["uis-call-1", "uis-call-2"], "the calls that waited are stored once the key is accepted: {}", value["problems"]);
}

#[test]
fn callbacks_with_a_wrong_secret_do_not_reach_the_plugin() {
    let folder = tempfile::tempdir().expect("a folder");
    let header = r#"{"recording":1,"account":{"client_id":"right"}}"#;
    let line = |secret: &str| {
        format!(r#"{{"at":"2026-11-23T10:00:00+03:00","click-to-call":"clientId={secret}&code=101&phone=79161234567&userId=5"}}"#)
    };
    let (status, value) = replay_json(&[&file(&folder, "wrong.jsonl", &[header, &line("wrong")])]);
    assert_eq!((status, &value["problems"][0]["kind"], &value["events"]["delivered"]), (1, &json!("rejected"), &json!(0)));
    assert!(value["problems"][0]["message"].as_str().is_some_and(|text| text.contains("secret")), "{}", value["problems"]);
    // With the right secret the request reaches the plugin, which finds no employee with that extension.
    let (_, value) = replay_json(&[&file(&folder, "right.jsonl", &[header, &line("right")])]);
    assert!(value["problems"][0]["message"].as_str().is_some_and(|text| text.contains("is not a UIS employee")), "{}", value["problems"]);
    assert_eq!(value["uis"]["dialled"], json!([]));
}

#[test]
fn links_to_other_hosts_are_left_off_the_card() {
    let folder = tempfile::tempdir().expect("a folder");
    let header = r#"{"recording":1,"crm":{"customers":[{"id":1,"firstName":"Eve","phones":[{"number":"79161234567"}]}]}}"#;
    // The CRM's answer has a link to another host.
    let faults = r#"{"at":"2026-11-23T10:00:00+03:00","crm-faults":{"rules":[{"path":"/api/v5/telephony/manager","status":200,"body":"{\"success\":true,\"customer\":{\"id\":1,\"firstName\":\"Eve\"},\"links\":{\"customerLink\":\"https://demo.retailcrm.ru.evil.example/customers/1\"}}"}]}}"#;
    let route = r#"{"at":"2026-11-23T10:00:01+03:00","route":"cdr_id=1&numa=79161234567&numb=74951112233"}"#;
    let (status, value) = replay_json(&[&file(&folder, "evil.jsonl", &[header, faults, route])]);
    assert_eq!(status, 0);
    assert_eq!(value["uis"]["answers"][0]["card"], json!({"name": "Eve", "url": null, "orders": []}));
    assert!(value["problems"][0]["message"].as_str().expect("text").contains("evil.example"), "{}", value["problems"]);
    assert_eq!(value["problems"][0]["kind"], "skipped");
}

#[test]
fn a_strict_replay_uses_answers_that_were_written_by_hand_and_reports_the_first_difference() {
    let folder = tempfile::tempdir().expect("a folder");
    let exchange = |method: &str, path: &str, query: &str, body: &str| {
        json!({"at": "2026-11-23T10:00:00+03:00", "exchange": {
            "request": {"method": method, "path": path, "query": query},
            "response": {"status": 200, "contentType": "application/json", "body": body},
        }})
        .to_string()
    };
    let lines = [
        HEADER.to_owned(),
        exchange("GET", "/api/v5/settings", "", r#"{"success":true,"settings":{"timezone":{"value":"Europe/Moscow"}}}"#),
        exchange("GET", "/api/v5/users", "page=1&limit=100", r#"{"success":true,"users":[]}"#),
        exchange("GET", "/api/v5/reference/statuses", "", r#"{"success":true,"statuses":[]}"#),
        exchange("GET", "/api/v5/reference/sites", "", r#"{"success":true,"sites":{"main":{"code":"main"}}}"#),
        exchange(
            "GET",
            "/api/v5/integration-modules/uis",
            "",
            r#"{"success":true,"integrationModule":{"baseUrl":"https://hooks.uis.example/main"}}"#,
        ),
        exchange("GET", "/api/v5/customers", "", "{}"),
    ];
    let path = file(&folder, "strict.jsonl", &lines.iter().map(String::as_str).collect::<Vec<_>>());
    let (status, value) = replay_json(&[&path, "--strict", "--settle", "1m"]);
    assert_eq!(status, 1);
    let differences: Vec<&str> = value["problems"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|problem| problem["kind"] == "divergence")
        .map(|problem| problem["message"].as_str().expect("text"))
        .collect();
    // Only the first difference is reported: the recorded request that was not sent comes later.
    assert_eq!(differences.len(), 1, "{differences:?}");
    for part in ["line 1, on-activate, attempt 1", "no further request", "POST /api/v5/integration-modules/uis/edit"] {
        assert!(differences[0].contains(part), "{part}: {differences:?}");
    }
    assert_eq!(value["problems"].as_array().map(Vec::len), Some(1), "what follows from the difference is no problem of its own");
    assert_eq!(value["events"]["failed"], 1);
}

#[test]
fn a_masked_recording_is_not_replayed_onto_an_account() {
    let folder = tempfile::tempdir().expect("a folder");
    let masked = file(&folder, "masked.jsonl", &[r#"{"recording":1,"masked":true}"#]);
    for target in [["--crm", "http://127.0.0.1:1"], ["--crm", "https://shop.retailcrm.ru"], ["--credentials", "shop"]] {
        let (status, error) = replay(&[&masked, target[0], target[1]]);
        assert_eq!(status, 2, "{error}");
        assert!(error.contains("masked.jsonl:1: the recording is masked"), "{error}");
    }
    assert_eq!(replay(&[&masked]).0, 0, "the built-in simulator is nobody's account");
}
