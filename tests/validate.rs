//! `uis-host validate`, and the schema of recordings.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use uis_harness::recording::{HEADER_MEMBERS, KINDS, LINE_MEMBERS};
use uis_host::notification::MNEMONICS;
use uis_test_support::{HEADER, check_by_schema, command_json, file, finished, host_program, recordings, root, uis_host};

fn schema() -> Value {
    let text = std::fs::read_to_string(root().join("docs/recording.schema.json")).expect("the schema");
    serde_json::from_str(&text).expect("JSON")
}

/// Every file under `tests/recordings`.
fn all_recordings() -> Vec<String> {
    let texts = ["settings/calls", "settings/texts"].into_iter().flat_map(|folder| {
        let files = std::fs::read_dir(root().join("tests/recordings").join(folder)).expect("a folder");
        files.map(|file| file.expect("a file").path()).collect::<Vec<_>>()
    });
    let all = recordings().into_iter().map(|(_, path)| path).chain(texts);
    all.map(|path| path.to_str().expect("UTF-8").to_owned()).collect()
}

#[test]
fn every_line_of_every_recording_follows_the_schema() {
    let validator = jsonschema::validator_for(&schema()).expect("a valid schema");
    let (mut lines, mut wrong) = (0, Vec::new());
    for path in all_recordings() {
        let text = std::fs::read_to_string(&path).expect("readable");
        for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
            lines += 1;
            if !validator.is_valid(&serde_json::from_str(line).expect("JSON")) {
                wrong.push(format!("{path}:{number}"));
            }
        }
    }
    assert!(lines > 3000 && wrong.is_empty(), "{lines} lines; by the schema these are wrong:\n{}", wrong.join("\n"));
}

/// The schema is written by hand; the reader's own tables say what it must have.
#[test]
fn the_schema_knows_what_the_reader_knows() {
    let schema = schema();
    let names = |value: &Value| -> Vec<String> { value.as_object().expect("members").keys().cloned().collect() };
    let sorted = |names: &[&str]| -> Vec<String> {
        let mut names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        names.sort();
        names
    };
    assert_eq!(names(&schema["$defs"]["header"]["properties"]), sorted(&HEADER_MEMBERS));
    let account = serde_json::to_value(uis_simulator::Account::default()).expect("JSON");
    assert_eq!(names(&schema["$defs"]["account"]["properties"]), names(&account));
    let kinds = schema["$defs"]["line"]["oneOf"].as_array().expect("a list");
    let definition = |kind: &str| if kind == "account" { "account-line".to_owned() } else { kind.to_owned() };
    let listed: Vec<&str> = kinds.iter().map(|kind| kind["$ref"].as_str().expect("a reference")).collect();
    assert_eq!(listed, KINDS.map(|kind| format!("#/$defs/{}", definition(kind))));
    for kind in KINDS {
        for name in names(&schema["$defs"][definition(kind)]["properties"]) {
            assert!(name == kind || LINE_MEMBERS.contains(&name.as_str()), "{kind}: the reader does not know {name:?}");
        }
    }
    assert_eq!(schema["$defs"]["notification"]["properties"]["notification"]["enum"], json!(MNEMONICS));
}

#[test]
fn lines_that_the_reader_refuses_are_wrong_by_the_schema_too() {
    let validator = jsonschema::validator_for(&schema()).expect("a valid schema");
    for line in [
        json!({}),
        json!({"recording": 2}),
        json!({"recording": 1, "integrations": [{"name": "a"}], "settings": {}}),
        json!({"recording": 1, "integrations": []}),
        json!({"notification": "out_call", "body": {}}),
        json!({"at": "2026-11-23T10:00:00Z"}),
        json!({"at": "2026-11-23 10:00:00", "activate": true}),
        json!({"at": "2026-11-23T10:00:00Z", "activate": false}),
        json!({"at": "2026-11-23T10:00:00Z", "notification": "out_call"}),
        json!({"at": "2026-11-23T10:00:00Z", "notification": "out_cal", "body": {}}),
        json!({"at": "2026-11-23T10:00:00Z", "route": "x", "action": "y"}),
        json!({"at": "2026-11-23T10:00:00Z", "activate": true, "intgration": "x"}),
    ] {
        assert!(!validator.is_valid(&line), "{line}");
    }
}

#[test]
fn the_recordings_of_the_tests_have_no_errors() {
    let files = all_recordings();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let output = uis_host(&[&["validate", "--json"], &files[..]].concat());
    let value: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    check_by_schema(&value);
    let with_errors = value["files"].as_array().expect("a list").iter().filter(|file| file["errors"] != json!(0));
    let shown: Vec<String> = with_errors.map(|file| format!("{file:#}")).collect();
    assert!(output.status.code() == Some(0) && shown.is_empty(), "{}", shown.join("\n"));
}

#[test]
fn findings_are_listed_with_file_and_line_and_decide_the_exit_status() {
    let folder = tempfile::tempdir().expect("a folder");
    let misspelt = finished("10:00:01", 2, "").replace("\"body\"", "\"bodi\"");
    let expects = r#"{"at":"2026-11-23T10:00:03+03:00","expect":{"tasks":{"count":1},"crm":{"task":{"count":1}}}}"#.to_owned();
    let expects_nothing = r#"{"at":"2026-11-23T10:00:03+03:00","expect":{}}"#.to_owned();
    let strange = finished("10:00:02", 3, r#","employee_id":6,"employe_name":"Вера""#);
    let wrong = file(&folder, "wrong.jsonl", &[HEADER, &finished("10:00:00", 1, ""), &misspelt, &strange, &expects, &expects_nothing]);
    let value = command_json("validate", &[&wrong], 1);
    assert_eq!((&value["files"][0]["errors"], &value["files"][0]["warnings"]), (&json!(3), &json!(3)), "{value:#}");
    let output = uis_host(&["validate", &wrong]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    for part in
        ["wrong.jsonl:3: error: ", "wrong.jsonl:4: warning: employee 6 is not in the account", "\"employe_name\"", "errors: 3, warnings: 3"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    let good = file(&folder, "good.jsonl", &[HEADER, &finished("10:00:00", 1, "")]);
    assert!(String::from_utf8_lossy(&uis_host(&["validate", &good]).stdout).ends_with("good.jsonl: nothing is wrong\n"));
    let bad = file(&folder, "bad.jsonl", &["{\"name\":1}"]);
    let value = command_json("validate", &[&good, &bad, "no-such-file.jsonl"], 2);
    assert_eq!(value["files"][1]["unusable"]["line"], 1, "{value:#}");
    assert!(value["files"][2]["unusable"]["message"].as_str().is_some_and(|why| why.contains("cannot be read")), "{value:#}");
}

#[test]
fn a_recording_comes_from_standard_input_too() {
    let text = format!("{HEADER}\n{}\n", finished("10:00:00", 1, ""));
    for (command, part) in [("validate", "nothing is wrong"), ("replay", "uis-call-1")] {
        let mut program = Command::new(host_program());
        let mut program =
            program.args([command, "-"]).current_dir(root()).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("runs");
        program.stdin.take().expect("piped").write_all(text.as_bytes()).expect("written");
        let output = program.wait_with_output().expect("ends");
        let shown = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && shown.contains(part), "{command}: {shown}");
    }
}
