//! The CRM's key may leave the host only in one header of requests to the CRM, and the callback secret only in the request that registers
//! the callbacks. `uis-host canary` replays all recordings and looks for both everywhere else.

use uis_test_support::{command_json, file, recordings, root};

#[test]
fn no_recording_leaks_the_key() {
    let all = recordings();
    let files: Vec<&str> = all.iter().map(|(_, path)| path.to_str().expect("UTF-8")).collect();
    // With a partner's rule, so that the memory of rules is searched as well.
    let value = command_json("canary", &[files.as_slice(), &["--rule", "vip=examples/rules/rust"]].concat(), 0);
    assert_eq!((&value["leaky"], value["files"].as_array().map(Vec::len)), (&0.into(), Some(files.len())));
    let number = |name: &str| value[name].as_u64().expect("a number");
    assert!(
        number("memories") > 1000 && number("memoryBytes") > 1_000_000_000 && number("requests") > 1000,
        "too little was searched: {} {} {}",
        value["memories"],
        value["memoryBytes"],
        value["requests"]
    );
}

#[test]
fn a_planted_leak_is_found_where_it_is() {
    let path = root().join("tests/recordings/answered.jsonl");
    let path = path.to_str().expect("UTF-8");
    for (leak, places) in [
        ("answer", ["the key in the guest's memory", "the key in the trace of on-schedule"].as_slice()),
        ("request", &["the key in a request's address"]),
        ("elsewhere", &["the key in the header x-api-key of a request to elsewhere.example"]),
        ("secret", &["the callback secret in a request's body"]),
    ] {
        let value = command_json("canary", &[path, "--plant-leak", leak], 1);
        for place in places {
            assert!(value["files"][0]["leaks"][place].as_u64().is_some_and(|times| times > 0), "{leak}: {value:#}");
        }
    }
}

#[test]
fn a_recording_whose_activation_fails_is_not_called_clean() {
    let folder = tempfile::tempdir().expect("a folder");
    let lines = [
        r#"{"recording":1,"active":false}"#,
        r#"{"at":"2026-11-23T10:00:00+03:00","crm-faults":{"rules":[{"path":"/api/v5","status":403,"body":"{\"success\":false,\"errorMsg\":\"Wrong \\\"apiKey\\\" value.\"}"}]}}"#,
        r#"{"at":"2026-11-23T10:00:01+03:00","activate":true}"#,
    ];
    let value = command_json("canary", &[&file(&folder, "refused.jsonl", &lines)], 1);
    let failed = value["files"][0]["failedActivations"][0].as_str().expect("a reason");
    assert!(failed.contains("the activation of main failed") && failed.contains("apiKey"), "{failed}");
    // Later it succeeds.
    let recovered = [
        lines[0],
        lines[1],
        lines[2],
        r#"{"at":"2026-11-23T11:00:00+03:00","crm-faults":{}}"#,
        r#"{"at":"2026-11-23T11:00:01+03:00","activate":true}"#,
    ];
    let value = command_json("canary", &[&file(&folder, "recovered.jsonl", &recovered)], 0);
    assert_eq!(value["files"][0].get("failedActivations"), None);
}
