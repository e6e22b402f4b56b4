//! `uis-host conformance`: every attack of the kit is contained by the stock limits, and a host that is configured carelessly is told so.

use uis_test_support::{command_json, uis_host};

#[test]
fn every_attack_is_contained_and_its_verdict_names_what_held() {
    let value = command_json("conformance", &[], 0);
    let verdicts = value["verdicts"].as_array().expect("a list");
    assert!(verdicts.len() >= 50 && value["contained"] == verdicts.len(), "{value:#}");
    let held = |attack: &str| {
        let verdict = verdicts.iter().find(|verdict| verdict["attack"] == attack).unwrap_or_else(|| panic!("{attack} is there"));
        verdict["held"].as_str().expect("text").to_owned()
    };
    for (attack, said) in [
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
        assert!(held(attack).contains(said), "{attack}: {}", held(attack));
    }
}

#[test]
fn a_careless_configuration_is_told() {
    let value = command_json("conformance", &["--only", "log-flood", "--limit", "log-lines=1000000"], 1);
    assert_eq!((&value["contained"], &value["broken"]), (&0.into(), &1.into()), "{value:#}");
    assert!(value["verdicts"][0]["held"].as_str().is_some_and(|held| held.contains("100000 lines were written")), "{value:#}");
}

/// 64 answers of one send are 18 MiB: they are counted while they come in, not when all have come.
#[test]
fn what_comes_in_is_counted_within_one_send() {
    let value = command_json("conformance", &["--only", "big-answers", "--limit", "bytes-in=1048576"], 0);
    assert!(value["verdicts"][0]["held"].as_str().is_some_and(|held| held.contains("limit bytes-in = 1048576")), "{value:#}");
}

#[test]
fn a_hosts_configuration_is_a_file_of_limits_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let strict = uis_test_support::file(&folder, "host.json", &[r#"{"requests": 10, "rule-fuel": 1000000}"#]);
    let value = command_json("conformance", &["--only", "loop", "--limits", &strict], 0);
    let told = value.to_string();
    assert!(told.contains("limit rule-fuel = 1000000 was exceeded") && told.contains("limit requests = 10 per event"), "{told}");
    for (text, said) in [
        (r#"{"fule": 1}"#, "there is no limit \"fule\"; known limits: memory-bytes"),
        (r#"{"fuel": 0}"#, "limit fuel cannot be 0"),
        (r#"{"fuel": "much"}"#, "expected one JSON object of limits by name"),
    ] {
        let file = uis_test_support::file(&folder, "bad.json", &[text]);
        let output = uis_host(&["conformance", "--limits", &file]);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && errors.contains("bad.json") && errors.contains(said), "{text}: {errors}");
    }
}
