//! `replay --record` and `replay --strict`: a recorded replay repeats exactly, and the first request that differs is shown at its event.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use uis_harness::crm::Crm;
use uis_harness::crm::recorded::Recordings;
use uis_harness::crm::within::Simulators;
use uis_harness::exchanges::difference::Compare;
use uis_harness::exchanges::exchange::{Placed, exchange};
use uis_harness::exchanges::recorder::Recorder;
use uis_harness::exchanges::runs::{Numbered, Watcher};
use uis_harness::exchanges::strict::Recorded;
use uis_harness::exchanges::writer::Writer;
use uis_harness::recording::{self, Happening};
use uis_harness::replay::{RemoteSystem, ReplayBuilder, clock_for};
use uis_harness::report::{Kind, Report};
use uis_host::clock::VirtualClock;
use uis_host::plugin::Plugin;
use uis_host::ports::ProblemKind;
use uis_test_support::native_plugin::NativePlugin;
use uis_test_support::play::Trace;
use uis_test_support::{file, host_program, recordings, replay_json, root, uis_host};

/// What a replay did: every step of every handler with its answers, the report, and what UIS has afterwards.
type Done = (Trace, Report, Value);

async fn play(
    text: &str,
    clock: Arc<VirtualClock>,
    system: Arc<dyn RemoteSystem>,
    watcher: Arc<dyn Watcher>,
    seed: u64,
    mut progress: impl FnMut(u64),
) -> Done {
    let (header, lines) = recording::open(text.as_bytes()).expect("a header");
    let plugin: Arc<dyn Plugin> = Arc::new(Numbered::new(Arc::new(NativePlugin::new()), watcher));
    let mut trace = Trace::default();
    let replay = ReplayBuilder::new(&header, plugin, system, clock).seed(seed).ready(&mut trace).await.expect("usable");
    let (report, uis) = replay.run(lines, Duration::from_secs(24 * 3600), &mut progress).await.expect("a store in memory does not fail");
    (trace, report, uis)
}

/// Replays a recording against simulators. Returns what was done, and the recording with exchange lines.
async fn record(text: &str, seed: u64) -> (Done, String) {
    let (header, mut lines) = recording::open(text.as_bytes()).expect("a header");
    let clock = clock_for(&mut lines);
    let simulators = Arc::new(Simulators::new(&header, &clock).expect("an account"));
    let recorder = Arc::new(Recorder::new(simulators, clock.clone()));
    let mut writer = Writer::new(text.as_bytes(), Vec::new(), header.integrations.len() > 1).expect("a header");
    let done =
        play(text, clock, recorder.clone(), recorder.clone(), seed, |bytes| writer.follow(bytes, recorder.take()).expect("written")).await;
    let written = writer.finish(recorder.take()).expect("written");
    (done, String::from_utf8(written).expect("UTF-8"))
}

/// Replays a recording strictly.
async fn strict(text: &str, how: Compare, seed: u64) -> Done {
    let (header, mut lines) = recording::open(text.as_bytes()).expect("a header");
    let clock = clock_for(&mut lines);
    let recorded = Recorded::new(clock.clone(), how);
    for line in lines.flatten() {
        if let Happening::Exchange(value) = line.happening {
            let exchange = exchange(value).expect("readable");
            recorded.add(Placed { line: line.number, at: line.at, integration: line.integration.unwrap_or_default(), exchange });
        }
    }
    let recordings = Arc::new(Recordings::new(&header, recorded));
    let watcher = recordings.exchanges.clone();
    let system = Crm::Recorded(recordings);
    let (trace, mut report, uis) = play(text, clock, system.system(), watcher, seed, |_| {}).await;
    system.close(&mut report);
    (trace, report, uis)
}

/// A text without the numbers of lines, which differ once exchange lines are inserted, and without what only the simulator says.
fn without_lines(text: &str) -> String {
    let mut words = text.split(' ').peekable();
    let mut out = Vec::new();
    while let Some(word) = words.next() {
        out.push(word);
        if word == "line" {
            words.next();
        }
    }
    out.join(" ")
}

/// What was done, in a form that does not depend on numbers of lines. Notes about the CRM itself are left out: a strict replay has none.
fn comparable((trace, report, uis): &Done) -> (Vec<(String, String, String)>, Vec<String>, Value) {
    let entries = trace.0.iter().filter(|(title, ..)| title.contains(" attempt "));
    let entries = entries.map(|(title, steps, outcome)| (without_lines(title), format!("{steps:#?}"), outcome.clone())).collect();
    let problems = report.problems.iter().map(|problem| format!("{:?} {}", problem.kind, problem.message)).collect();
    (entries, problems, uis.clone())
}

/// Asserts that these recordings do the same again in a strict replay: every step with its answer, every problem, and UIS's content.
async fn assert_repeatable(named: Vec<(String, PathBuf)>, seed: u64) {
    let mut exchanges = 0;
    for (name, path) in named {
        let text = std::fs::read_to_string(&path).expect("readable");
        let (done, recorded) = record(&text, seed).await;
        let again = strict(&recorded, Compare::Exactly, seed).await;
        exchanges += recorded.matches("\"exchange\":").count();
        let ((entries, problems, uis), (entries_again, problems_again, uis_again)) = (comparable(&done), comparable(&again));
        assert_eq!(problems, problems_again, "{name}");
        for (entry, entry_again) in entries.iter().zip(&entries_again) {
            assert_eq!(entry, entry_again, "{name}");
        }
        assert_eq!((entries.len(), uis), (entries_again.len(), uis_again), "{name}");
    }
    assert!(exchanges > 1000, "too little was compared: {exchanges}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_recording_repeats_exactly_once_it_is_recorded() {
    assert_repeatable(recordings(), 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_recording_of_a_setting_repeats_exactly_once_it_is_recorded() {
    let folders = ["settings/calls", "settings/texts"].map(|folder| root().join("tests/recordings").join(folder));
    let files = folders.iter().flat_map(|folder| std::fs::read_dir(folder).expect("a folder")).map(|entry| entry.expect("an entry").path());
    assert_repeatable(files.map(|path| (path.display().to_string(), path)).collect(), 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn handlers_that_take_turns_repeat_with_the_same_seed() {
    let several = recordings().into_iter().filter(|(name, _)| name.starts_with("telephony.") || name.starts_with("text.")).step_by(3);
    assert_repeatable(several.collect(), 7).await;
}

/// A missed call, with a task for it.
fn missed_call() -> String {
    std::fs::read_to_string(root().join("tests/recordings/telephony/missed-task.jsonl")).expect("readable")
}

/// Changes the exchanges of a recording.
fn with_exchanges(recorded: &str, mut change: impl FnMut(&mut Value)) -> String {
    let lines = recorded.lines().map(|line| {
        let mut value: Value = serde_json::from_str(line).expect("JSON");
        if value["exchange"].is_object() {
            change(&mut value["exchange"]);
        }
        format!("{value}\n")
    });
    lines.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_field_is_shown_at_its_event_and_nothing_after_it() {
    let (_, recorded) = record(&missed_call(), 0).await;
    let mut changed = None;
    let other = with_exchanges(&recorded, |exchange| {
        if exchange["request"]["path"] == "/api/v5/tasks/create" {
            let form = exchange["request"]["form"].as_str().expect("a form").replace("text%22%3A%22", "text%22%3A%22Another+");
            exchange["request"]["form"] = form.into();
            changed = exchange["line"].as_u64();
        }
    });
    let changed = changed.expect("the task is recorded");
    let (_, report, _) = strict(&other, Compare::Exactly, 0).await;
    let [problem] = report.problems.as_slice() else { panic!("one problem: {:#?}", report.problems) };
    assert_eq!((problem.line, problem.kind, report.failed), (changed, Kind::Host(ProblemKind::Divergence), 1));
    for part in [&format!("line {changed}, on-"), "POST /api/v5/tasks/create", "form task.text: recorded \"Another ", "sent \""] {
        assert!(problem.message.contains(part), "{part}: {}", problem.message);
    }
    assert_eq!(problem.message.lines().count(), 3, "only the field that differs: {}", problem.message);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_less_or_more_is_shown_at_its_event() {
    let (_, recorded) = record(&missed_call(), 0).await;
    let is_task = |line: &&str| line.contains("/api/v5/tasks/create");
    let line = |text: &str| serde_json::from_str::<Value>(text).expect("JSON")["exchange"]["line"].as_u64().expect("a line");
    let task = recorded.lines().find(is_task).expect("the task is recorded");
    let without: String = recorded.lines().filter(|line| !is_task(line)).map(|line| format!("{line}\n")).collect();
    let (_, report, _) = strict(&without, Compare::Exactly, 0).await;
    assert_eq!(report.problems.len(), 1, "{:#?}", report.problems);
    assert!(
        report.problems[0].line == line(task) && report.problems[0].message.contains("POST /api/v5/tasks/create"),
        "{:#?}",
        report.problems
    );

    // The same recording with the task switched off: the plugin does not send what was recorded.
    let off = recorded.replacen("\"missed-call-task\": true", "\"missed-call-task\": false", 1);
    assert_ne!(off, recorded);
    let (_, report, _) = strict(&off, Compare::Exactly, 0).await;
    assert_eq!(report.problems.len(), 1, "{:#?}", report.problems);
    assert!(report.problems[0].message.contains("recorded"), "{:#?}", report.problems);
}

#[tokio::test(flavor = "multi_thread")]
async fn order_of_fields_and_times_matter_only_when_requests_are_compared_exactly() {
    let (_, recorded) = record(&missed_call(), 0).await;
    let turned = with_exchanges(&recorded, |exchange| {
        let form = exchange["request"]["form"].as_str().unwrap_or_default().to_owned();
        if form.contains('&') {
            exchange["request"]["form"] = form.split('&').rev().collect::<Vec<_>>().join("&").into();
        }
    });
    assert_ne!(turned, with_exchanges(&recorded, |_| {}));
    let (_, report, _) = strict(&turned, Compare::Exactly, 0).await;
    assert!(report.problems[0].message.contains("in order or white space only"), "{:#?}", report.problems);
    let (_, report, _) = strict(&turned, Compare::ByMeaning, 0).await;
    assert_eq!(report.problems, Vec::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_of_every_kind_repeat() {
    let text = missed_call();
    let (header, lines) = text.split_once('\n').expect("a header");
    let at = serde_json::from_str::<Value>(lines.lines().next().expect("a line")).expect("JSON")["at"].clone();
    for fault in [
        r#"{"path":"/api/v5","times":3,"status":503,"retryAfter":7}"#,
        r#"{"path":"/api/v5","times":2,"reset":"before-commit"}"#,
        r#"{"method":"POST","path":"/api/v5","times":2,"reset":"after-commit"}"#,
        r#"{"method":"POST","path":"/api/v5","times":1,"reset":"before-commit","commitsAfterMs":4000}"#,
        r#"{"path":"/api/v5","times":2,"body":"truncated"}"#,
        r#"{"path":"/api/v5","times":2,"body":"html"}"#,
        r#"{"path":"/api/v5","times":1,"latencyMs":700}"#,
    ] {
        let (done, recorded) = record(&format!("{header}\n{{\"at\":{at},\"crm-faults\":{{\"rules\":[{fault}]}}}}\n{lines}"), 0).await;
        let again = strict(&recorded, Compare::Exactly, 0).await;
        let (done, again) = (comparable(&done), comparable(&again));
        assert_eq!(done, again, "{fault}");
    }
}

/// A report without the lines that caused its effects: they move where exchange lines are inserted.
fn without_causing_lines(mut report: Value) -> Value {
    for effect in report["effects"].as_array_mut().expect("a list") {
        let cause = effect["cause"].as_object_mut().expect("a cause");
        assert!(cause.remove("line").is_some(), "{effect}");
    }
    report
}

#[test]
fn the_program_records_a_replay_over_its_own_recording_and_repeats_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = file(&folder, "mine.jsonl", &[missed_call().as_str()]);
    let (status, before) = replay_json(&[&path, "--record", &path]);
    assert_eq!(status, 0, "{}", before["problems"]);
    let recorded = std::fs::read_to_string(&path).expect("readable");
    assert!(recorded.contains("\"exchange\":{\"run\":1,\"line\":1,"), "{recorded}");
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1, "nothing is left beside the recording");
    let (status, again) = replay_json(&[&path, "--strict"]);
    assert_eq!((status, &again["problems"], &again["uis"], &again["events"]), (0, &before["problems"], &before["uis"], &before["events"]));
    // An ordinary replay of it does what it did without the exchanges, and recording again gives the same file.
    let (status, plain) = replay_json(&[&path]);
    assert_eq!((status, without_causing_lines(plain)), (0, without_causing_lines(before)));
    assert_eq!(replay_json(&[&path, "--record", &path]).0, 0);
    assert_eq!(std::fs::read_to_string(&path).expect("readable"), recorded);

    // Only a recording is replaced, also through a link, and whoever reads the text output may stop before its end.
    let text = file(&folder, "notes.txt", &["not a recording"]);
    let refused = uis_host(&["replay", &path, "--record", &text]);
    let errors = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.status.code() == Some(2) && errors.contains("is no recording, so it is not replaced"), "{errors}");
    let device = uis_host(&["replay", &path, "--record", "/dev/full"]);
    assert!(device.status.code() == Some(2) && String::from_utf8_lossy(&device.stderr).contains("no ordinary file"), "{device:?}");
    let link = folder.path().join("link.jsonl");
    std::os::unix::fs::symlink(&path, &link).expect("a link");
    let mut program = std::process::Command::new(host_program())
        .current_dir(root())
        .args(["replay", &path, "--record"])
        .arg(&link)
        .stdout(Stdio::piped())
        .spawn()
        .expect("starts");
    drop(program.stdout.take());
    assert!(program.wait().expect("ends").success() && link.is_symlink());
    assert_eq!(std::fs::read_to_string(&path).expect("readable"), recorded);

    let two = uis_host(&["replay", &path, &path, "--record", "x.jsonl"]);
    assert_eq!(two.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&two.stderr).contains("one recording only"), "{two:?}");
}
