//! The text that `uis-host replay` prints is made for reading.

use std::process::Command;

use uis_test_support::{HEADER, file, finished, host_program, root, uis_host};

fn recording(name: &str) -> String {
    format!("tests/recordings/{name}.jsonl")
}

fn text_of(arguments: &[&str]) -> String {
    let output = uis_host(&[&["replay"], arguments].concat());
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn the_activation_stands_in_one_line_unless_everything_is_wanted() {
    let text = text_of(&[&recording("answered")]);
    let activation: Vec<&str> = text.lines().filter(|line| line.contains("on-activate")).collect();
    let [line] = activation[..] else { panic!("{activation:?}") };
    assert!(line.contains("on-activate: ") && line.ends_with("; module uis registered: switched on"), "{line}");
    assert!(!text.contains("/api/v5/settings"), "{text}");
    let whole = text_of(&["--verbose", &recording("answered")]);
    assert!(whole.contains("→ retailcrm GET /api/v5/settings"), "{whole}");
}

#[test]
fn everything_shows_the_event_the_parameters_without_a_field_and_how_stored_values_change() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = file(&folder, "one.jsonl", &[HEADER, &finished("10:00:00", 7, ",\"colour_of_the_sky\":\"blue\"")]);
    let text = text_of(&["--verbose", &path]);
    let event = text.lines().find(|line| line.trim_start().starts_with("event {\"call\"")).expect("the event");
    assert!(event.contains("\"session_id\":7") && !event.contains("null"), "{event}");
    assert!(text.contains("parameters that are no field of the event: ") && text.contains("colour_of_the_sky=blue"), "{text}");
    let changes = text.lines().filter(|line| line.contains("· stored ") && line.contains(" → "));
    assert!(changes.count() > 0, "{text}");
}

#[test]
fn the_end_lists_customers_and_orders_with_their_cause() {
    let text = text_of(&[&recording("telephony/everything-missed")]);
    for line in [
        "customers: 1\n  1 +79161234567, 79161234567, manager 5  ← line 5 lost_call_session by incoming-first, default-responsible\n",
        "orders: 1\n  1 1A, customer 1, status new, manager 5  ← line 5 lost_call_session by incoming-first\n",
        "user 5  ← line 5 lost_call_session by incoming-missed-task\n",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}

#[test]
fn a_failure_that_is_repeated_is_counted() {
    let text = text_of(&[&recording("telephony/crm-down-all-morning")]);
    assert!(text.contains(" more attempts failed in the same way, until 2026-11-23 "), "{text}");
    let mut seen = std::collections::BTreeMap::new();
    for line in text.lines().filter(|line| line.contains("to be retried: ")) {
        *seen.entry(line.split(" (next attempt").next().unwrap_or(line).to_owned()).or_insert(0) += 1;
    }
    assert!(!seen.is_empty());
}

#[test]
fn a_line_that_cannot_be_read_stands_at_its_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let mistyped = r#"{"at":"2026-11-23T10:05:00+03:00","notificaton":"out_call","body":{}}"#;
    let path = file(&folder, "mistyped.jsonl", &[HEADER, &finished("10:00:00", 7, ""), mistyped, &finished("10:10:00", 8, "")]);
    let text = text_of(&[&path]);
    assert!(text.lines().any(|line| line.starts_with("10:05:00  line 3 cannot be played: ")), "{text}");
}

#[test]
fn colours_are_used_only_where_they_are_wanted() {
    let run = |variables: &[(&str, &str)]| {
        let mut command = Command::new(host_program());
        command.args(["replay", &recording("answered")]).current_dir(root()).env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
        let output = command.envs(variables.iter().copied()).output().expect("the program runs");
        String::from_utf8(output.stdout).expect("UTF-8").contains('\u{1b}')
    };
    assert!(!run(&[]), "a file gets no colours");
    assert!(run(&[("CLICOLOR_FORCE", "1")]));
    assert!(!run(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
}
