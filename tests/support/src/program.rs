//! Runs the program `uis-host` and writes the files that tests give it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// The folder of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the crate stands in the repository")
}

/// All recordings with their names. The name of a recording in a subfolder begins with the folder's: `telephony.missed-task`.
pub fn recordings() -> Vec<(String, PathBuf)> {
    let folder = root().join("tests/recordings");
    let entries = |folder: &Path| -> Vec<PathBuf> {
        std::fs::read_dir(folder).expect("tests/recordings").map(|entry| entry.expect("an entry").path()).collect()
    };
    let within = |path: PathBuf| if path.is_dir() { entries(&path) } else { vec![path] };
    let mut found: Vec<(String, PathBuf)> = entries(&folder)
        .into_iter()
        .flat_map(within)
        .filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"))
        .map(|path| {
            let name = path.strip_prefix(&folder).expect("inside").with_extension("");
            (name.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "."), path)
        })
        .collect();
    found.sort();
    assert!(found.len() >= 20, "the recordings are there: {}", found.len());
    found
}

/// The folder into which cargo builds the tests.
fn built() -> PathBuf {
    // The executable of a test or benchmark is `…/deps/name-hash`.
    let own = std::env::current_exe().expect("a test knows its file");
    own.parent().and_then(Path::parent).expect("the folder above deps").to_owned()
}

/// The program `uis-host`, which cargo builds with the tests of its package.
pub fn host_program() -> PathBuf {
    let program = built().join(format!("uis-host{}", std::env::consts::EXE_SUFFIX));
    assert!(program.is_file(), "{} is missing: run the tests of the whole workspace, cargo test --workspace", program.display());
    program
}

/// A folder for files that tests write. It is not deleted between runs.
pub fn scratch() -> PathBuf {
    let folder = built().parent().expect("the target folder").join("tmp");
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// Runs the program in the repository's folder.
pub fn uis_host(arguments: &[&str]) -> Output {
    Command::new(host_program()).args(arguments).current_dir(root()).output().expect("the program runs")
}

/// Runs `replay --json` and returns the exit status and the JSON object that it printed.
pub fn replay_json(arguments: &[&str]) -> (i32, Value) {
    let output = uis_host(&[&["replay", "--json"], arguments].concat());
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let errors = String::from_utf8_lossy(&output.stderr);
    let value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("one JSON object: {error}\n{text}\n{errors}"));
    (output.status.code().expect("an exit status"), value)
}

/// Runs a command with `--json`, checks its exit status, validates its output against the schema, and returns the JSON object.
pub fn command_json(command: &str, arguments: &[&str], status: i32) -> Value {
    let output = uis_host(&[&[command, "--json"], arguments].concat());
    let errors = String::from_utf8_lossy(&output.stderr);
    let value: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {errors}"));
    assert_eq!(output.status.code(), Some(status), "{value:#} {errors}");
    check_by_schema(&value);
    value
}

/// Writes a file into a temporary folder and returns its path.
pub fn file(folder: &tempfile::TempDir, name: &str, lines: &[&str]) -> String {
    let path = folder.path().join(name);
    std::fs::write(&path, lines.join("\n")).expect("written");
    path.to_str().expect("a UTF-8 path").to_owned()
}

/// Validates what a command printed with `--json` against `docs/commands.schema.json`.
pub fn check_by_schema(value: &Value) {
    let schema = std::fs::read_to_string(root().join("docs/commands.schema.json")).expect("the schema");
    let validator = jsonschema::validator_for(&serde_json::from_str(&schema).expect("JSON")).expect("a valid schema");
    assert!(validator.is_valid(value), "{:#?}: {value:#}", validator.iter_errors(value).map(|error| error.to_string()).collect::<Vec<_>>());
}

/// The smallest header of a recording.
pub const HEADER: &str = r#"{"recording":1,"name":"x"}"#;

/// A line of a recording: a call that finished on 2026-11-23 at `time`, Moscow time. `more` is added to the members of the body.
pub fn finished(time: &str, session: u64, more: &str) -> String {
    format!(
        r#"{{"at":"2026-11-23T{time}+03:00","notification":"call_session_finished","body":{{"notification_time":"2026-11-23 {time}","contact_phone_number":"79161234567","call_session_id":{session},"direction":"in","talk_time_duration":0,"total_time_duration":5,"wait_time_duration":5{more}}}}}"#
    )
}
