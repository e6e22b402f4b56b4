//! Small mishaps, and that each is answered with what went wrong: full disks, mistyped years, wrong kinds of files.

use std::fs::File;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use uis_test_support::{HEADER, file, finished, host_program, replay_json, root, uis_host};

fn problems(value: &Value) -> Vec<(u64, &str, &str)> {
    let all = value["problems"].as_array().expect("a list").iter();
    all.map(|problem| (problem["line"].as_u64().expect("a line"), text(&problem["kind"]), text(&problem["message"]))).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

/// One line of the year 4026 must not run the timers of two thousand years.
#[test]
fn a_mistyped_year_is_a_problem_of_its_line_and_the_other_lines_are_played() {
    let folder = tempfile::tempdir().expect("a folder");
    let odd = finished("10:00:01", 2, "").replace("{\"at\":\"2026", "{\"at\":\"4026");
    let lines = [HEADER, &finished("10:00:00", 1, ""), &odd, &finished("10:00:02", 3, "")];
    let (status, value) = replay_json(&[&file(&folder, "year.jsonl", &lines)]);
    assert_eq!((status, &value["events"]), (1, &json!({"delivered": 2, "retried": 0, "failed": 1})));
    let found = problems(&value);
    assert!(matches!(found[..], [(3, "unreadable", message)] if message.contains("correct the year")), "{found:?}");
}

#[test]
fn a_time_or_a_duration_that_cannot_be_read_is_reported_and_counts_as_absent() {
    let folder = tempfile::tempdir().expect("a folder");
    let odd = finished("10:00:00", 1, "").replace("\"2026-11-23 10:00:00\"", "\"23.11.26 в 10\"").replace(":5,", ":\"5 сек\",");
    let (status, value) = replay_json(&[&file(&folder, "odd.jsonl", &[HEADER, &odd])]);
    let found = problems(&value);
    let [(2, "skipped", time), (2, "skipped", duration)] = found[..] else { panic!("two are skipped: {found:?}") };
    assert!(time.contains("notification_time is \"23.11.26 в 10\"") && duration.contains("\"5 сек\""), "{found:?}");
    assert_eq!((status, &value["crm"]["calls"][0]["date"]), (0, &json!("2026-11-23 09:59:55")), "five seconds before it was received");
}

#[test]
fn a_recording_without_lines_and_a_second_header_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = uis_host(&["replay", &file(&folder, "only.jsonl", &[HEADER])]);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && errors.contains("only.jsonl: the recording has a header and no line"), "{errors}");
    let (status, value) = replay_json(&[&file(&folder, "twice.jsonl", &[HEADER, HEADER, &finished("10:00:00", 1, "")])]);
    let found = problems(&value);
    assert!(status == 1 && matches!(found[..], [(2, "unreadable", message)] if message.contains("second header")), "{found:?}");
}

#[test]
fn files_that_are_no_text_are_named_for_what_they_are() {
    let folder = tempfile::tempdir().expect("a folder");
    let utf_16: Vec<u8> = [0xff, 0xfe].into_iter().chain(HEADER.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let pretty = serde_json::to_vec_pretty(&serde_json::from_str::<Value>(HEADER).expect("JSON")).expect("JSON");
    for (name, bytes, part) in [
        ("utf16.jsonl", utf_16, "iconv -f UTF-16LE"),
        ("cp1251.jsonl", b"{\"recording\":1,\"name\":\"\xc7\xe2\xee\xed\xee\xea\"}".to_vec(), "iconv -f CP1251"),
        ("packed.jsonl.gz", b"\x1f\x8b\x08\x00".to_vec(), "gunzip"),
        ("pretty.jsonl", pretty, "jq -c"),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        let output = uis_host(&["replay", path.to_str().expect("UTF-8")]);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && errors.contains(&format!("{name}:1")) && errors.contains(part), "{name}: {errors}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_a_failure() {
    let recording = root().join("tests/recordings/lost-one-event.jsonl");
    for arguments in [&["replay", "--json"][..], &["replay"], &["validate"], &["import"]] {
        let full = File::options().write(true).open("/dev/full").expect("Linux has it");
        let mut program = Command::new(host_program());
        let output =
            program.args(arguments).arg(&recording).current_dir(root()).stdout(full).stderr(Stdio::piped()).output().expect("runs");
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(1) && errors.contains("cannot be written"), "{arguments:?}: {errors}");
    }
}

#[test]
fn the_plugin_can_be_named_by_the_environment() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = file(&folder, "one.jsonl", &[HEADER, &finished("10:00:00", 1, "")]);
    let replay = |plugin: &str| {
        let mut program = Command::new(host_program());
        program.args(["replay", &path]).current_dir(folder.path()).env("UIS_HOST_PLUGIN", plugin).output().expect("runs")
    };
    let echo = root().join("examples/echo-plugin");
    let output = replay(echo.to_str().expect("UTF-8"));
    assert!(String::from_utf8_lossy(&output.stdout).contains("plugin     echo"), "{}", String::from_utf8_lossy(&output.stdout));
    let missing = replay("/no/such/plugin.wasm");
    let errors = String::from_utf8_lossy(&missing.stderr).into_owned();
    assert!(missing.status.code() == Some(2) && errors.contains("UIS_HOST_PLUGIN must name a plugin"), "{errors}");
}
