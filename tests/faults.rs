//! Every fault at places of the recordings: what is left is as without faults, or a permitted difference.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use retailcrm_simulator::{Account, Simulator};
use serde_json::{Value, json};
use uis_harness::faults::driver::{self, Sample, Source, Verdict};
use uis_harness::faults::permitted::Permitted;
use uis_harness::faults::summary::{Bad, Summary};
use uis_harness::faults::{Bench, Cell, RequestFault};
use uis_test_support::native_plugin::NativePlugin;
use uis_test_support::{command_json, component_plugin, replay_json, root};

/// The variable that has another seed, to draw other cells.
const SEED: &str = "UIS_FAULTS_SEED";

/// Of all cells, one in this many is drawn. A tenth takes six minutes on two cores in a development build.
const CELLS_IN: u32 = 10;

/// All recordings below a folder, in order.
fn everything(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut entries: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    entries.sort();
    let within = |path: PathBuf| if path.is_dir() { everything(&path) } else { vec![path] };
    entries.into_iter().flat_map(within).filter(|path| path.extension().is_some_and(|extension| extension == "jsonl")).collect()
}

/// A recording and its name within the repository.
fn source(path: &Path) -> Source {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    (path.strip_prefix(root()).map_or_else(|_| path.to_owned(), Path::to_owned), text)
}

fn bad(summary: &Summary) -> String {
    summary.bad_cells.iter().map(Bad::text).collect()
}

/// A part of what `uis-host faults tests/recordings` runs: some cells of every recording, by a seed.
#[test]
fn whatever_fails_what_is_left_is_as_without_faults() {
    let seed: u64 = std::env::var(SEED).ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let sources: Vec<Source> = everything(&root().join("tests/recordings")).iter().map(|path| source(path)).collect();
    let bench = Bench::new(component_plugin());
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    let stories = driver::open(&bench, &sources, jobs).expect("usable");
    let cells = driver::drawn(&stories, Sample { one_in: CELLS_IN, seed });
    let permitted = Permitted::built_in().expect("docs/permitted-faults.json");
    let results = driver::run(&bench, &stories, &cells, &permitted, jobs, |_| {}).expect("every cell happens");
    let summary = Summary::of(&stories, &results, &permitted, "");
    println!("seed {seed}:\n{}", summary.table());
    assert!(stories.len() > 600 && summary.counts.same > 1000, "too few cells: {:?}", summary.counts);
    assert_eq!(summary.counts.bad, 0, "{SEED}={seed}\n{}", bad(&summary));
}

/// Recordings in which faults found bugs of the plugin, with the handler in which it was: all cells of this handler.
#[test]
fn chats_whose_handler_broke_off_are_taken_up_again() {
    let bench = Bench::new(Arc::new(NativePlugin::new()));
    // The first: the filter shut the chat out before. The second: the communication was not linked with the chat.
    let sources = ["chat-filter-employee-open", "chat-order-at-tag"]
        .map(|name| source(&root().join(format!("tests/recordings/settings/texts/{name}.jsonl"))));
    let stories = driver::open(&bench, &sources, 2).expect("usable");
    let mut cells = driver::drawn(&stories, Sample::ALL);
    cells.retain(|(_, placed)| placed.place == "on-chat-accepted" || placed.place.ends_with("/customers/create"));
    assert!(cells.len() > 20, "{}", cells.len());
    let permitted = Permitted::default();
    let results = driver::run(&bench, &stories, &cells, &permitted, 2, |_| {}).expect("every cell happens");
    let summary = Summary::of(&stories, &results, &permitted, "");
    assert_eq!(summary.counts.bad, 0, "{}", bad(&summary));
}

/// The chat's end whose order is refused: wherever the host crashes, the refusal is remembered, and the right settings make the order.
#[test]
fn a_refusal_is_remembered_wherever_the_host_crashes() {
    let bench = Bench::new(Arc::new(NativePlugin::new()));
    let sources = [source(&root().join("tests/recordings/text/refused-until-settings-change.jsonl"))];
    let stories = driver::open(&bench, &sources, 2).expect("usable");
    let mut cells = driver::drawn(&stories, Sample::ALL);
    cells.retain(|(_, placed)| placed.place == "on-chat-finished" && matches!(placed.cell, Cell::Crash { .. }));
    assert!(cells.len() > 15, "{}", cells.len());
    let results = driver::run(&bench, &stories, &cells, &Permitted::default(), 2, |_| {}).expect("every cell happens");
    let summary = Summary::of(&stories, &results, &Permitted::default(), "");
    assert_eq!(summary.counts.bad, 0, "{}", bad(&summary));
}

/// A plugin that does not wait for requests which may still be carried out makes things twice. If this test finds nothing, the engine does not.
#[test]
fn a_plugin_that_does_not_wait_for_open_intents_is_found() {
    let bench = Bench::new(Arc::new(NativePlugin::impatient()));
    let sources =
        ["telephony/missed-task", "note-committed-late"].map(|name| source(&root().join(format!("tests/recordings/{name}.jsonl"))));
    let stories = driver::open(&bench, &sources, 2).expect("usable");
    let mut cells = driver::drawn(&stories, Sample::ALL);
    cells.retain(|(_, placed)| matches!(placed.cell, Cell::Request(_, RequestFault::Late)));
    let results = driver::run(&bench, &stories, &cells, &Permitted::default(), 2, |_| {}).expect("every cell happens");
    let found: Vec<&str> = results
        .iter()
        .filter(|result| result.verdict == Verdict::Bad)
        .flat_map(|result| result.findings.iter().filter(|(finding, _)| finding.never).map(|(finding, _)| finding.effect.as_str()))
        .collect();
    assert!(found.contains(&"task doubled"), "{found:?}");
}

/// The cell of a recording at its first request with this path.
fn cell_at(path: &Path, request: &str, fault: &str) -> String {
    let bench = Bench::new(Arc::new(NativePlugin::new()));
    let stories = driver::open(&bench, &[source(path)], 1).expect("usable");
    let number = stories[0].calm.sent.iter().position(|sent| sent.path == request).unwrap_or_else(|| panic!("no request to {request}")) + 1;
    format!("request:{number}:{fault}")
}

#[test]
fn a_bad_cell_is_shown_with_the_command_and_a_recording_that_repeats_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = root().join("tests/recordings/answered.jsonl");
    let file = path.to_str().expect("UTF-8");
    let cell = cell_at(&path, "/api/v5/telephony/call/event", "not-sent");
    let to = folder.path().to_str().expect("UTF-8");
    let strict = ["--permitted", "none"];
    let found = command_json("faults", &[&[file, "--cell", &cell, "--record-to", to], &strict[..]].concat(), 1);
    let one = &found["bad_cells"][0];
    assert_eq!(
        (&found["bad"], &one["cell"], &one["findings"][0]["effect"]),
        (&json!(1), &json!(cell), &json!("pop-up missing")),
        "{found:#}"
    );
    // The command that it names finds the same.
    let command: Vec<&str> = one["command"].as_str().expect("a command").split(' ').skip(2).collect();
    assert_eq!(command_json("faults", &command, 1)["bad_cells"][0]["findings"], one["findings"]);
    // So does a replay of the recording: the pop-up is not there.
    let recording = one["recording"].as_str().expect("a recording");
    let (_, replayed) = replay_json(&[recording]);
    assert_eq!(replayed["crm"]["popups"], json!([]));
    let lines = std::fs::read_to_string(recording).expect("readable");
    assert!(lines.starts_with("{\"account\"") && lines.contains(&format!("\"fault\":\"{cell}\"")), "{lines}");
    // It is permitted, because nobody waits for a pop-up that comes later.
    let allowed = command_json("faults", &[file, "--cell", &cell], 0);
    assert_eq!((&allowed["permitted"], &allowed["bad"]), (&json!(1), &json!(0)));
}

#[test]
fn a_notification_that_gets_lost_is_found_in_the_reports_and_its_recording_repeats_that() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = root().join("tests/recordings/lost-one-event.jsonl");
    let file = path.to_str().expect("UTF-8");
    let line = driver::open(&Bench::new(Arc::new(NativePlugin::new())), &[source(&path)], 1).expect("usable")[0]
        .text
        .events()
        .into_iter()
        .find(|event| event.what.ends_with("call_session") || event.what == "call_session_finished")
        .expect("the end of a call")
        .line;
    let found = command_json("faults", &[file, "--cell", &format!("event:{line}:dropped"), "--permitted", "none"], 0);
    assert_eq!((&found["cells"], &found["same"]), (&json!(1), &json!(1)), "the call came from the reports: {found:#}");
    let missing = command_json(
        "faults",
        &[file, "--cell", &format!("event:{line}:doubled"), "--permitted", "none", "--record-to", folder.path().to_str().expect("UTF-8")],
        0,
    );
    assert_eq!(missing["bad_cells"], json!([]));
}

#[test]
fn cells_files_and_lists_that_cannot_be_used_are_named() {
    let file = root().join("tests/recordings/answered.jsonl");
    let file = file.to_str().expect("UTF-8");
    let folder = tempfile::tempdir().expect("a folder");
    let list = uis_test_support::file(&folder, "list.json", &[r#"{"permitted":[{"faults":["503"],"effects":["x"],"reson":"?"}]}"#]);
    for (arguments, part) in [
        (&[file, "--cell", "request:1:502"][..], "committed-late"),
        (&[file, "--cell", "request:9999:503"], "without faults it has"),
        (&[file, "--cell", "event:1:late"], "events in the lines"),
        (&[file, file, "--cell", "event:2:late"], "give one FILE"),
        (&["nowhere.jsonl"], "nowhere.jsonl cannot be read"),
        (&[file, "--permitted", &list], "permitted[0].reson"),
        (&[file, "--crm", "http://127.0.0.1:1"], "nothing listens"),
        (&[folder.path().to_str().expect("UTF-8")], "no files *.jsonl"),
    ] {
        let output = uis_test_support::uis_host(&[&["faults"], arguments].concat());
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && errors.contains(part), "{arguments:?}: {errors}");
    }
}

/// With `--all-used`, a permitted difference that is nowhere is an error.
#[test]
fn a_permitted_difference_that_no_longer_occurs_is_an_error_of_a_whole_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let line = r#"{"permitted":[{"faults":["*"],"effects":["pop-up missing"],"reason":"nobody waits for it","cells":1}]}"#;
    let list = uis_test_support::file(&folder, "list.json", &[line]);
    let empty = uis_test_support::file(&folder, "empty.jsonl", &[uis_test_support::HEADER]);
    let found = command_json("faults", &[&empty, "--permitted", &list, "--all-used"], 1);
    assert_eq!((&found["bad"], &found["unused"][0]["effects"]), (&json!(0), &json!(["pop-up missing"])), "{found:#}");
    command_json("faults", &[&empty, "--permitted", &list], 0);
}

/// The same cell with a simulator in another process, of which only `/_simulator` is used.
#[tokio::test(flavor = "multi_thread")]
async fn a_simulator_in_another_process_is_used_in_the_same_way() {
    let path = root().join("tests/recordings/lost-one-event.jsonl");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let simulator = Simulator::new(Account::read(&json!({})).expect("an account"), Arc::new(chrono::Utc::now));
    let router = simulator.router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let run = move || -> Value {
        let cell = cell_at(&path, "/api/v5/telephony/calls/upload", "lost-after");
        command_json("faults", &[path.to_str().expect("UTF-8"), "--cell", &cell, "--permitted", "none", "--crm", &url], 0)
    };
    let found = tokio::task::spawn_blocking(run).await.expect("no panic");
    assert_eq!((&found["cells"], &found["same"]), (&json!(1), &json!(1)), "{found:#}");
    assert_eq!(simulator.to_json()["calls"].as_array().map(Vec::len), Some(1), "the call is stored once");
}
