//! The loop of somebody who writes a plugin: a new plugin is there at once, and each save shows what became different.

use std::io::{BufRead, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use uis_test_support::{host_program, root, uis_host};

/// Creates a plugin with `plugin new`, with the versions that are there already, so that nothing is downloaded.
fn new_plugin(folder: &Path, name: &str) -> PathBuf {
    let output = Command::new(host_program()).args(["plugin", "new", name]).current_dir(folder).output().expect("the program runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let plugin = folder.join(name);
    std::fs::copy(root().join("Cargo.lock"), plugin.join("Cargo.lock")).expect("copied");
    plugin
}

/// The program, with the target folder of this repository, in which the dependencies are built already.
fn program(folder: &Path) -> Command {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let mut command = Command::new(host_program());
    command.current_dir(folder).env("CARGO_NET_OFFLINE", "true").env("CARGO_TARGET_DIR", target);
    command
}

#[test]
fn a_new_plugin_builds_and_meets_the_expectations_of_its_recording() {
    let folder = tempfile::tempdir().expect("a folder");
    let plugin = new_plugin(folder.path(), "my-caller-count");
    let output = program(&plugin).args(["replay", "--json", "calls.jsonl", "--plugin", "."]).output().expect("the program runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {errors}"));
    assert_eq!(output.status.code(), Some(0), "{value:#} {errors}");
    assert_eq!(value["uis"]["answers"][1]["card"]["name"], "79161234567, earlier calls: 1");
    // The expectations can fail.
    let recording = plugin.join("calls.jsonl");
    let text = std::fs::read_to_string(&recording).expect("readable").replace("earlier calls: 1", "earlier calls: 2");
    std::fs::write(&recording, text).expect("written");
    let output = program(&plugin).args(["replay", "calls.jsonl", "--plugin", "."]).output().expect("the program runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.code() == Some(1) && text.contains("expectation: expect: uis.answers"), "{text}");
    // It is a plugin like any other, and nothing is overwritten.
    let output = program(&plugin).args(["inspect", "."]).output().expect("the program runs");
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("my-caller-count 0.1.0"));
    let again =
        Command::new(host_program()).args(["plugin", "new", "my-caller-count"]).current_dir(folder.path()).output().expect("it runs");
    assert!(again.status.code() == Some(2) && String::from_utf8_lossy(&again.stderr).contains("exists already"));
}

/// A `replay --watch` that runs.
struct Watch {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Watch {
    fn start(folder: &Path, arguments: &[&str]) -> Watch {
        let mut command = program(folder);
        command.args(["replay", "--watch"]).args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the program runs");
        let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        Watch { child, lines }
    }

    /// What is printed until the next change is waited for.
    fn round(&mut self) -> String {
        let mut printed = String::new();
        for line in self.lines.by_ref().map_while(Result::ok) {
            if line.starts_with("watching ") {
                return printed;
            }
            printed += &line;
            printed += "\n";
        }
        panic!("it ended: {printed}");
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_change_of_the_plugin_or_the_recording_is_replayed_and_what_became_different_is_printed() {
    let folder = tempfile::tempdir().expect("a folder");
    let plugin = new_plugin(folder.path(), "my-watched");
    let mut watch = Watch::start(&plugin, &["calls.jsonl", "--plugin", "."]);
    assert!(watch.round().contains("events: 3 delivered"), "the first round prints everything");
    let (source, recording) = (plugin.join("src/lib.rs"), plugin.join("calls.jsonl"));
    let change = |path: &Path, from: &str, to: &str| {
        let text = std::fs::read_to_string(path).expect("readable");
        assert!(text.contains(from), "{from}");
        std::fs::write(path, text.replacen(from, to, 1)).expect("written");
    };
    // The plugin: what became different stands there by effect.
    change(&source, "earlier calls: {}", "calls so far: {}");
    let round = watch.round();
    assert!(round.starts_with("changed: src/lib.rs\n") && round.contains("calls so far: 0"), "{round}");
    assert!(round.contains("calls.jsonl: ") && round.contains(" became different\n"), "{round}");
    // An error of the build is shown, and the loop goes on.
    change(&source, "struct Plugin;", "struct Plugin");
    assert_eq!(watch.round(), "changed: src/lib.rs\n");
    // Two files at once are one round.
    change(&source, "struct Plugin\n", "struct Plugin;\n");
    change(&recording, "\"expect\":{\"uis\"", "\"expect\":{\"uis\" ");
    let round = watch.round();
    assert!(round.starts_with("changed: calls.jsonl, src/lib.rs\n") && round.contains("nothing became different"), "{round}");
    // A recording that cannot be used.
    change(&recording, "{\"recording\":1", "{\"recording\":9");
    assert_eq!(watch.round(), "changed: calls.jsonl\n");
    // Another one: an event less.
    let text = std::fs::read_to_string(&recording).expect("readable").replace("\"recording\":9", "\"recording\":1");
    let less: Vec<&str> = text.lines().filter(|line| !line.contains("cdr_id=1001")).collect();
    std::fs::write(&recording, less.join("\n")).expect("written");
    let round = watch.round();
    assert!(round.contains("  - answer to call 1001"), "{round}");
    // Ctrl-C ends it.
    let interrupted = Command::new("kill").args(["-INT", &watch.child.id().to_string()]).status();
    assert!(interrupted.expect("kill").success());
    assert_eq!(watch.child.wait().expect("it ends").code(), Some(0));
}

/// Settings in a file of their own are watched too. The plugin of this repository has some.
#[test]
fn a_change_of_the_settings_shows_which_tasks_came_of_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = folder.path().join("settings.json");
    std::fs::write(&settings, "{}").expect("written");
    let recording = root().join("tests/recordings/telephony/missed-task.jsonl");
    let (file, recording) = (settings.to_str().expect("UTF-8"), recording.to_str().expect("UTF-8"));
    let mut watch = Watch::start(&root(), &[recording, "--settings", file]);
    assert!(!watch.round().contains("\ntasks: "), "no task by these settings");
    std::fs::write(&settings, r#"{"incoming-missed-task":"called-last","default-responsible":5}"#).expect("written");
    let round = watch.round();
    assert!(round.contains("  + task ") && round.contains("← line 6 lost_call_session by incoming-missed-task"), "{round}");
}

/// A rule that is a crate is built again and applied.
#[test]
fn a_change_of_a_rule_is_built_and_shows_what_came_of_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let rule = folder.path().join("my-watched-rule");
    let rule = rule.to_str().expect("UTF-8");
    let written = uis_host(&["rules", "new", "--lang", "rust", rule]);
    assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
    std::fs::copy(root().join("Cargo.lock"), format!("{rule}/Cargo.lock")).expect("copied");
    let mut watch = Watch::start(&root(), &[&format!("{rule}/sample.jsonl"), "--rule", &format!("my={rule}")]);
    assert!(watch.round().contains("VIP! Ответить на заявку №501"), "the first round prints everything");
    let source = format!("{rule}/src/lib.rs");
    let text = std::fs::read_to_string(&source).expect("readable");
    std::fs::write(&source, text.replace("insert_str(0, \"VIP! \")", "insert_str(0, \"First! \")")).expect("written");
    let round = watch.round();
    assert!(round.starts_with("changed: ") && round.contains("src/lib.rs") && round.contains("First! Ответить на заявку №501"), "{round}");
}

#[test]
fn what_cannot_be_watched_is_refused() {
    let output = Command::new(host_program()).args(["replay", "--watch", "-"]).current_dir(root()).output().expect("it runs");
    assert!(output.status.code() == Some(2) && String::from_utf8_lossy(&output.stderr).contains("standard input"));
    let json = Command::new(host_program()).args(["replay", "--watch", "--json", "x.jsonl"]).current_dir(root()).output().expect("it runs");
    assert_eq!(json.status.code(), Some(2));
}
