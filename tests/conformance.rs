//! `uis-host conformance`: the default limits contain every attack of the kit, and limits that are too high are reported.

use uis_test_support::{command_json, uis_host};

#[test]
fn every_attack_is_contained_and_its_verdict_names_what_stopped_it() {
    let value = command_json("conformance", &[], 0);
    let verdicts = value["verdicts"].as_array().expect("a list");
    assert!(verdicts.len() >= 50 && value["contained"] == verdicts.len(), "{value:#}");
    let stopped_by = |attack: &str| {
        let verdict = verdicts.iter().find(|verdict| verdict["attack"] == attack).unwrap_or_else(|| panic!("there is no attack {attack}"));
        verdict["held"].as_str().expect("text").to_owned()
    };
    for (attack, expected) in [
        ("rule-imports-network", "imports wasi:sockets/instance-network@0.2.6"),
        ("table-bomb", "limit rule-table-elements = 40000"),
        ("memory-bomb-at-start", "limit rule-memory-bytes = 134217728"),
        ("wait-for-ever", "limit wall-live-ms = 5000"),
        ("request-flood", "limit requests = 1000"),
        ("big-requests", "limit bytes-out = 67108864"),
        ("big-answers", "limit bytes-in = 268435456"),
        ("log-flood", "limit log-lines = 256"),
        ("storage-flood", "limit storage-written-bytes = 33554432"),
        ("timer-flood", "limit timer-bytes = 67108864"),
        ("re-entry", "cannot leave component instance"),
        ("forged-paths", "all 16 were denied"),
    ] {
        assert!(stopped_by(attack).contains(expected), "{attack}: {}", stopped_by(attack));
    }
}

#[test]
fn a_limit_that_is_too_high_is_reported() {
    let value = command_json("conformance", &["--only", "log-flood", "--limit", "log-lines=1000000"], 1);
    assert_eq!((&value["contained"], &value["broken"]), (&0.into(), &1.into()), "{value:#}");
    assert!(value["verdicts"][0]["held"].as_str().is_some_and(|held| held.contains("100000 lines were written")), "{value:#}");
}

/// The 64 responses to one call of `send` have 18 MiB. They are counted while they arrive, not only when all have arrived.
#[test]
fn incoming_bytes_are_counted_while_responses_arrive() {
    let value = command_json("conformance", &["--only", "big-answers", "--limit", "bytes-in=1048576"], 0);
    assert!(value["verdicts"][0]["held"].as_str().is_some_and(|held| held.contains("limit bytes-in = 1048576")), "{value:#}");
}

#[test]
fn limits_are_read_from_a_file_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let strict = uis_test_support::file(&folder, "host.json", &[r#"{"requests": 10, "rule-fuel": 1000000}"#]);
    let value = command_json("conformance", &["--only", "loop", "--limits", &strict], 0);
    let verdicts = value.to_string();
    assert!(
        verdicts.contains("limit rule-fuel = 1000000 was exceeded") && verdicts.contains("limit requests = 10 per event"),
        "{verdicts}"
    );
    for (text, expected) in [
        (r#"{"fule": 1}"#, "there is no limit \"fule\"; known limits: memory-bytes"),
        (r#"{"fuel": 0}"#, "limit fuel cannot be 0"),
        (r#"{"fuel": "much"}"#, "expected one JSON object of limits by name"),
    ] {
        let file = uis_test_support::file(&folder, "bad.json", &[text]);
        let output = uis_host(&["conformance", "--limits", &file]);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && errors.contains("bad.json") && errors.contains(expected), "{text}: {errors}");
    }
}
