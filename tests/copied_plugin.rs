//! The smallest plugin can be copied out of the repository: it builds alone and is a plugin like any other.

use std::path::{Path, PathBuf};
use std::process::Command;

use uis_host::contract;
use uis_test_support::{host_program, root};

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let (path, kind) = entry.map(|entry| (entry.path(), entry.file_type().expect("a type"))).expect("an entry");
        let target = to.join(path.file_name().expect("a name"));
        match kind.is_dir() {
            // What was built in place is no part of the plugin.
            true if path.ends_with("target") => {}
            true => copy(&path, &target),
            false => std::fs::copy(&path, &target).map(|_| ()).expect("copied"),
        }
    }
}

#[test]
fn the_smallest_plugin_holds_the_contract_as_this_host_serves_it() {
    let folder = root().join("examples/echo-plugin/wit");
    let mut there: Vec<PathBuf> = std::fs::read_dir(&folder).expect("wit/").map(|entry| entry.expect("an entry").path()).collect();
    there.sort();
    let names: Vec<String> = there.iter().filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned())).collect();
    assert_eq!(names, contract::FILES.map(|(name, _)| name), "cp wit/*.wit examples/echo-plugin/wit/");
    for (name, text) in contract::FILES {
        let found = std::fs::read_to_string(folder.join(name)).expect("readable");
        assert!(found == text, "examples/echo-plugin/wit/{name} differs: cp wit/*.wit examples/echo-plugin/wit/");
    }
}

#[test]
fn the_smallest_plugin_builds_alone_and_handles_a_recording() {
    let folder = tempfile::tempdir().expect("a folder");
    let plugin = folder.path().join("my-plugin");
    copy(&root().join("examples/echo-plugin"), &plugin);
    let manifest = std::fs::read_to_string(plugin.join("Cargo.toml")).expect("readable");
    assert!(!manifest.contains("workspace = true") && !manifest.contains(".."), "{manifest}");
    // Under a name of its own, as whoever copies it gives it; what is built of it does not stand in the place of the original's.
    let manifest = manifest.replace("name = \"echo-plugin\"", "name = \"my-plugin\"");
    std::fs::write(plugin.join("Cargo.toml"), manifest).expect("written");
    // The versions that are there already: nothing is downloaded.
    std::fs::copy(root().join("Cargo.lock"), plugin.join("Cargo.lock")).expect("copied");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let output = Command::new(host_program())
        .args(["replay", "--json", "--plugin", "my-plugin"])
        .arg(root().join("tests/recordings/answered.jsonl"))
        .current_dir(folder.path())
        .env("CARGO_NET_OFFLINE", "true")
        // Its dependencies are built there already.
        .env("CARGO_TARGET_DIR", target)
        .output()
        .expect("the program runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {errors}"));
    assert_eq!((output.status.code(), &value["events"]["delivered"]), (Some(0), &serde_json::json!(7)), "{value:#} {errors}");
    assert!(errors.contains("building my-plugin"), "{errors}");
}
