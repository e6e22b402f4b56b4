//! Recordings of any length: `replay --summary` needs the same memory for each. The memory is read at two places of one recording that is
//! written into a pipe, so that nothing depends on time.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use uis_test_support::{host_program, many, root};

/// The memory of a process, in bytes.
fn resident(child: &Child) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).expect("the process runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1024
}

/// What a replay of a recording that is written into a pipe needs and prints.
struct Piped {
    /// By how much the memory grew from the first to the second place, in bytes.
    growth: u64,
    /// What was printed.
    report: Value,
    /// Its length, in bytes.
    length: usize,
}

/// Replays a recording of `to` events, and compares the memory at `from` events with that at the end. The pipe holds few of the events, so
/// the others have been played by then.
fn piped(arguments: &[&str], from: u64, to: u64) -> Piped {
    let folder = tempfile::tempdir().expect("a folder");
    let pipe = folder.path().join("many.jsonl");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
    let mut child = Command::new(host_program())
        .args(["replay", "--json"])
        .args(arguments)
        .arg(&pipe)
        .current_dir(root())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let mut text = Vec::new();
    many::write(&mut text, to).expect("written");
    let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
    let mut write = File::options().write(true).open(&pipe).expect("the pipe");
    let (first, rest) = lines.split_at(usize::try_from(from).expect("a size"));
    write.write_all(&first.concat()).expect("written");
    let before = resident(&child);
    write.write_all(&rest.concat()).expect("written");
    let after = resident(&child);
    drop(write);
    let mut printed = String::new();
    child.stdout.take().expect("a pipe").read_to_string(&mut printed).expect("UTF-8");
    assert!(child.wait().expect("it ends").success(), "{printed}");
    Piped { growth: after.saturating_sub(before), report: serde_json::from_str(&printed).expect("JSON"), length: printed.len() }
}

/// A simulator in a process of its own, which contains the account of the recording.
struct Crm(Child, String);

impl Crm {
    fn start(folder: &Path) -> Crm {
        let mut text = Vec::new();
        many::write(&mut text, 1).expect("written");
        let header: Value = serde_json::from_slice(text.split(|byte| *byte == b'\n').next().expect("a line")).expect("JSON");
        let account = folder.join("account.json");
        std::fs::write(&account, header["crm"].to_string()).expect("written");
        let mut crm = Command::new(host_program())
            .args(["crm", "--port", "0", "--rate-limit", "off", "--account"])
            .arg(&account)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the simulator runs");
        let out = BufReader::new(crm.stdout.take().expect("a pipe"));
        let mut crm = Crm(crm, String::new());
        let control = out.lines().map_while(Result::ok).find_map(|line| Some(line.trim().strip_prefix("control")?.trim().to_owned()));
        crm.1 = control.expect("an address").trim_end_matches("/_simulator").to_owned();
        crm
    }
}

impl Drop for Crm {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Most memory that an event may keep with `--summary`, in bytes: a seventh of what the plugin stores for a call, which is some 1300 bytes for
/// 35 days, and some room for the allocator: it was 316 bytes.
const KEPT: u64 = 500;

#[cfg(target_os = "linux")]
#[test]
fn a_long_replay_with_summary_keeps_only_what_the_plugin_stores() {
    let folder = tempfile::tempdir().expect("a folder");
    let crm = Crm::start(folder.path());
    let counted = piped(&["--summary", "--unpaced", "--crm", &crm.1, "--crm-content", "keep"], 2000, 10_000);
    assert_eq!(counted.report["events"], json!({"delivered": 10_003, "retried": 0, "failed": 0}));
    assert_eq!((&counted.report["crm"]["calls"], &counted.report["uis"]["answers"]), (&json!(1429), &json!(2858)));
    check(&counted.report);
    assert!(counted.length < 1000, "{}", counted.report);
    assert!(counted.growth < 8000 * KEPT, "{} bytes for 8000 events", counted.growth);
    // Without it, the report grows with every event. The first 2000 events use what was allocated while the program started.
    let crm = Crm::start(folder.path());
    let whole = piped(&["--unpaced", "--crm", &crm.1, "--crm-content", "keep"], 2000, 10_000);
    assert!(whole.growth > 8000 * KEPT, "{} bytes for 8000 events", whole.growth);
}

fn check(report: &Value) {
    let schema = std::fs::read_to_string(root().join("docs/replay.schema.json")).expect("the schema");
    let validator = jsonschema::validator_for(&serde_json::from_str(&schema).expect("JSON")).expect("a valid schema");
    assert!(validator.is_valid(report), "{report:#}");
}

/// A recording in which every event is rejected.
#[test]
fn a_summary_lists_the_first_problems_and_counts_the_others() {
    let folder = tempfile::tempdir().expect("a folder");
    let line = r#"{"at":"2026-11-23T10:00:00+03:00","click-to-call":"clientId=wrong&code=101&phone=79161234567&userId=5"}"#;
    let lines: Vec<&str> = [uis_test_support::HEADER].into_iter().chain(std::iter::repeat_n(line, 1500)).collect();
    let file = uis_test_support::file(&folder, "rejected.jsonl", &lines);
    let (status, report) = uis_test_support::replay_json(&[&file, "--summary"]);
    assert_eq!((status, &report["events"]["failed"]), (1, &json!(1500)));
    assert_eq!(report["problems"].as_array().map(Vec::len), Some(1000));
    assert_eq!(report["further"], json!({"problems": 500, "rules": 0}));
    check(&report);
    let (_, whole) = uis_test_support::replay_json(&[&file]);
    assert_eq!((whole["problems"].as_array().map(Vec::len), whole.get("further")), (Some(1500), None));
}

#[test]
fn progress_is_printed_where_standard_error_is_no_terminal() {
    let file = root().join("tests/recordings/answered.jsonl");
    let output = uis_test_support::uis_host(&["replay", "--summary", "--progress", file.to_str().expect("UTF-8")]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.lines().any(|line| line.starts_with("7 events in ") && line.ends_with(" a second")), "{errors}");
}

#[test]
fn only_a_simulator_on_this_machine_is_replayed_against_without_limits() {
    let file = root().join("tests/recordings/answered.jsonl");
    let file = file.to_str().expect("UTF-8");
    let output = uis_test_support::uis_host(&["replay", file, "--unpaced", "--crm", "https://demo.retailcrm.ru"]);
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
}
