//! `uis-host compare`: what two versions do differently, by effect.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use uis_harness::crm::within::Simulators;
use uis_harness::differences::{Difference, DifferenceKind, Outcome, Scope, between};
use uis_harness::effects::Recorder;
use uis_harness::recording;
use uis_harness::replay::{ReplayBuilder, clock_for};
use uis_test_support::native_plugin::NativePlugin;
use uis_test_support::rules::{RECORDING, RULE};
use uis_test_support::{command_json, root, uis_host};

/// All recordings of the repository, in order.
fn recordings() -> Vec<PathBuf> {
    let (mut folders, mut found) = (vec![root().join("tests/recordings")], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("readable") {
            let path = entry.expect("an entry").path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    found.sort();
    assert!(found.len() > 600, "only {} recordings", found.len());
    found
}

async fn outcome(path: &Path, seed: u64) -> Outcome {
    let file = std::io::BufReader::new(std::fs::File::open(path).expect("readable"));
    let (header, mut lines) = recording::open(file).expect("a header");
    let clock = clock_for(&mut lines);
    let simulators = Arc::new(Simulators::new(&header, &clock).expect("an account"));
    let mut silent = ();
    let mut recorder = Recorder::new(uis_host::clock::zone(&header.account.timezone).expect("a zone"), &mut silent);
    let builder = ReplayBuilder::new(&header, Arc::new(NativePlugin::new()), simulators.clone(), clock).seed(seed);
    let replay = builder.ready(&mut recorder).await.expect("usable");
    let (report, uis) = replay.run(lines, Duration::from_secs(24 * 3600), |_| {}).await.expect("a store in memory does not fail");
    Outcome { crm: simulators.to_json(), uis, effects: recorder.into_effects(), problems: report.problems }
}

/// The differences between two runs of each recording; the order of the second run is drawn from the seed.
async fn differences(recordings: &[PathBuf], seed: u64, scope: Scope) -> Vec<String> {
    let mut found = Vec::new();
    let runtime = tokio::runtime::Handle::current();
    for path in recordings {
        let run = |seed| {
            let (path, runtime) = (path.clone(), runtime.clone());
            tokio::task::spawn_blocking(move || runtime.block_on(outcome(&path, seed)))
        };
        let (a, b) = tokio::join!(run(0), run(seed));
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let differences = between(&a.expect("played"), &b.expect("played"), scope);
        found.extend(differences.iter().map(|difference| format!("{name}: {}", difference.headline())));
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn two_equal_versions_never_differ() {
    assert_eq!(differences(&recordings(), 0, Scope::Everything).await, Vec::<String>::new());
}

/// Recordings whose states at the end depend on the order of handlers that are due within seconds, and why.
const BY_TURNS: [(&str, &str); 6] = [
    ("funnel-switched", "the timer that the first settings set runs only after the second settings"),
    ("one-crm-twice", "two integrations share a CRM, and the first that is activated owns the module and the deals"),
    ("credentials-chosen-again", "two integrations share a CRM, and the first that is activated owns the module"),
    ("outgoing-lost-without-direction", "of the two events that end a call, whichever runs first closes the pop-up"),
    ("report-hours-late", "the hourly reading of a whole day comes before the row, and the next one after the replay's end"),
    ("upload-answer-lost", "the link of the recording comes before the upload or after it"),
];

#[tokio::test(flavor = "multi_thread")]
async fn another_order_of_concurrent_handlers_leads_to_the_same_states() {
    let mut chosen = recordings();
    chosen.retain(|path| !path.starts_with(root().join("tests/recordings/settings")));
    let found = differences(&chosen, 1, Scope::States).await;
    let unexpected: Vec<&String> =
        found.iter().filter(|line| !BY_TURNS.iter().any(|(name, _)| line.starts_with(&format!("{name}:")))).collect();
    assert_eq!(unexpected, Vec::<&String>::new());
}

/// A call from one person, then a site request of another, for whom an order and a task are made.
fn two_people(folder: &tempfile::TempDir) -> String {
    let header = json!({"recording": 1, "crm": {"users": [{"id": 5, "email": "a@x.example"}]}}).to_string();
    let call = json!({"notification_time": "2026-11-23 10:00:00", "contact_phone_number": "79161234567", "call_session_id": 998, "direction": "in",
        "talk_time_duration": 30, "total_time_duration": 35, "wait_time_duration": 5});
    let call = json!({"at": "2026-11-23T10:00:00+03:00", "notification": "call_session_finished", "body": call}).to_string();
    let body = json!({"communication_id": 501, "date_time": "2026-11-23 11:00:00", "visitor_name": "Вера", "visitor_phone_number": "79260000000", "text": "Перезвоните"});
    let request = json!({"at": "2026-11-23T11:00:00+03:00", "notification": "offline_message", "body": body}).to_string();
    uis_test_support::file(folder, "two-people.jsonl", &[&header, &call, &request])
}

/// A settings file with which calls make nothing and requests make a customer, an order and a task; `more` is added.
fn settings(folder: &tempfile::TempDir, name: &str, more: &Value) -> String {
    let mut settings = json!({
        "request-send": true, "request-first": "client-and-order", "request-task": true, "text-default-responsible": 5,
        "default-responsible": 5, "incoming-first": "nothing", "deals": false
    });
    settings.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    uis_test_support::file(folder, name, &[&settings.to_string()])
}

/// The entities and kinds of a comparison of one file.
fn kinds(value: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let differences = value["files"][0]["differences"].as_array().expect("a list");
    differences.iter().map(|difference| (text(&difference["entity"]), text(&difference["kind"]))).collect()
}

fn pair(entity: &str, kind: &str) -> (String, String) {
    (entity.to_owned(), kind.to_owned())
}

#[test]
fn another_customer_made_first_is_listed_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let (a, b) = (settings(&folder, "a.json", &json!({})), settings(&folder, "b.json", &json!({"incoming-first": "client"})));
    let recording = two_people(&folder);
    let value = command_json("compare", &[&a, &b, &recording], 1);
    // Vera's customer, order and task have other ids in B.
    assert_eq!(kinds(&value), [pair("customer", "only-in-b")], "{value:#}");
    let difference = &value["files"][0]["differences"][0];
    assert_eq!((&difference["a"]["effect"]["result"], &difference["b"]["effect"]["result"]), (&json!("left-out"), &json!("done")));
    assert_eq!(difference["b"]["effect"]["cause"]["line"], 2);
}

#[test]
fn a_settings_effect_is_shown_alone_with_both_causes() {
    let folder = tempfile::tempdir().expect("a folder");
    let (a, b) = (settings(&folder, "a.json", &json!({})), settings(&folder, "b.json", &json!({"request-task-due-hours": 3})));
    let recording = two_people(&folder);
    let value = command_json("compare", &[&format!("settings={a}"), &b, &recording], 1);
    assert_eq!(kinds(&value), [pair("task", "changed")], "{value:#}");
    let output = uis_host(&["compare", &a, &b, &recording]);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert_eq!(output.status.code(), Some(1));
    for line in [
        "  task «Ответить на заявку №501», due 2026-11-23 12:00, for user 5: due 2 hours later (2026-11-23 12:00 → 2026-11-23 14:00)",
        "      A: task 1 created: «Ответить на заявку №501», due 2026-11-23 12:00, for user 5; because of offline_message, line 3, request 501",
        "         request-task: it is on",
        "1 recording, 1 of them differ: 1 difference",
        "       1  task changed",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\nis not in\n{text}");
    }
}

#[test]
fn a_rules_effect_is_shown_alone_and_names_the_rule() {
    let rule = format!("rule=vip={RULE},settings=");
    let folder = tempfile::tempdir().expect("a folder");
    let settings = settings(&folder, "a.json", &json!({}));
    let value = command_json("compare", &[&format!("settings={settings}"), &format!("{rule}{settings}"), RECORDING], 1);
    // The rule gives the request of the campaign to user 7, and skips the number on the blacklist.
    let expected = [
        pair("customer", "changed"),
        pair("customer", "only-in-a"),
        pair("order", "changed"),
        pair("order", "only-in-a"),
        pair("task", "changed"),
        pair("task", "only-in-a"),
    ];
    assert_eq!(kinds(&value), expected, "{value:#}");
    for difference in value["files"][0]["differences"].as_array().expect("a list") {
        let decisions = difference["b"]["effect"]["cause"]["decisions"].to_string();
        assert!(decisions.contains("rule vip") || decisions.contains("partner's rule"), "{difference:#}");
    }
    assert_eq!(value["b"]["rules"], json!([format!("vip={RULE}")]));
}

#[test]
fn a_folder_of_recordings_without_a_difference_ends_with_zero() {
    let value = command_json("compare", &["none", "none", "tests/recordings/rules"], 0);
    assert_eq!((&value["same"], &value["differ"], &value["counts"]), (&json!(1), &json!(0), &json!([])));
    let output = uis_host(&["compare", "none", "plugin=plugin", "tests/recordings/rules"]);
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stdout).as_ref()), (Some(0), "1 recording: no difference\n"));
}

#[test]
fn what_cannot_be_compared_is_named_and_ends_with_two() {
    let folder = tempfile::tempdir().expect("a folder");
    let empty = folder.path().to_str().expect("UTF-8");
    let settings = uis_test_support::file(&folder, "wrong.json", &[r#"{"request-task-due-hours":"soon"}"#]);
    for (arguments, message) in [
        (["none", "gone.json", RECORDING], "gone.json cannot be read"),
        (["none", "a.json,b.json", RECORDING], "names settings twice"),
        (["none", "none", empty], "no file ends with .jsonl"),
        (["none", "examples/rules/javascript", RECORDING], "if it is a rule, write rule=examples/rules/javascript"),
        (["none", &settings, RECORDING], "request-task-due-hours"),
    ] {
        let output = uis_host(&[&["compare"], arguments.as_slice()].concat());
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && errors.contains(message), "{message}: {errors}");
    }
}

/// What one of two plugins leaves undone is found even if it shows in no state.
#[tokio::test(flavor = "multi_thread")]
async fn a_failure_that_changes_no_state_is_a_difference() {
    let path = root().join("tests/recordings/telephony/missed-task.jsonl");
    let a = outcome(&path, 0).await;
    let mut b = a.clone();
    let at = b.effects.iter().position(|effect| effect.entity == "pop-up").expect("a pop-up");
    b.effects[at].result = uis_harness::effects::EffectResult::Refused;
    let found = between(&a, &b, Scope::Everything);
    assert!(matches!(found.as_slice(), [Difference { kind: DifferenceKind::Changed, .. }]), "{found:#?}");
    assert_eq!(between(&a, &b, Scope::States), []);
}
