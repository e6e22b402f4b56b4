//! The contract is frozen: under one version it says the same for ever, and what was built to it keeps running.

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::json;
use support::{root, uis_host};
use uis_host::plugin::{CONTRACT_PACKAGE, CONTRACT_VERSION};
use wit_parser::Resolve;

/// The files of a contract without comments and blank lines: what binds.
fn binding(folder: &Path) -> BTreeMap<String, Vec<String>> {
    let files = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).expect("readable");
        let bare = |line: &str| line.split("//").next().unwrap_or_default().trim().to_owned();
        let lines = text.lines().map(bare).filter(|line| !line.is_empty()).collect();
        (path.file_name().expect("a name").to_string_lossy().into_owned(), lines)
    };
    files.map(|entry| entry.expect("an entry").path()).filter(|path| path.extension().is_some_and(|kind| kind == "wit")).map(read).collect()
}

/// The version that a folder of WIT declares.
fn version(folder: &Path) -> String {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(folder).expect("valid WIT");
    let name = &resolve.packages[package].name;
    assert_eq!(format!("{}:{}", name.namespace, name.name), CONTRACT_PACKAGE);
    name.version.as_ref().expect("a version").to_string()
}

/// What is wrong with a contract, if it says anything else than what is frozen under its version.
fn difference(live: &Path, frozen: &Path) -> Option<String> {
    let (live, frozen) = (binding(live), binding(frozen));
    let mut names: Vec<&String> = live.keys().chain(frozen.keys()).collect();
    names.sort();
    names.dedup();
    let changed: Vec<&str> = names.into_iter().filter(|name| live.get(*name) != frozen.get(*name)).map(String::as_str).collect();
    (!changed.is_empty()).then(|| {
        format!("{} changed since the version was frozen: give the contract another version (contracts/README.md)", changed.join(", "))
    })
}

/// Versions that are frozen, of the host's series: while the major version is 0, a minor one breaks.
fn frozen() -> Vec<PathBuf> {
    let series = CONTRACT_VERSION.rsplit_once('.').expect("three numbers").0;
    let folders = std::fs::read_dir(root().join("contracts")).expect("contracts").map(|entry| entry.expect("an entry").path());
    folders
        .filter(|path| path.is_dir() && path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&format!("{series}."))))
        .collect()
}

#[test]
fn the_contract_says_what_is_frozen_under_its_version() {
    let live = version(&root().join("wit"));
    assert_eq!(live, CONTRACT_VERSION, "the host serves the version that wit/ declares");
    let folder = root().join("contracts").join(&live).join("wit");
    assert!(folder.is_dir(), "{live} is not frozen: copy wit/ and the components to contracts/{live} (contracts/README.md)");
    assert_eq!(version(&folder), live);
    assert_eq!(difference(&root().join("wit"), &folder), None);
}

#[test]
fn a_change_of_the_contract_is_noticed_and_a_mended_comment_is_none() {
    let folder = root().join("contracts").join(CONTRACT_VERSION).join("wit");
    let copy = tempfile::tempdir().expect("a folder");
    let copied = |name: &str, change: &dyn Fn(String) -> String| {
        for entry in std::fs::read_dir(&folder).expect("the contract") {
            let path = entry.expect("an entry").path();
            std::fs::copy(&path, copy.path().join(path.file_name().expect("a name"))).expect("copied");
        }
        let text = std::fs::read_to_string(folder.join(name)).expect("readable");
        let changed = change(text.clone());
        assert_ne!(text, changed, "the change changes something");
        std::fs::write(copy.path().join(name), changed).expect("written");
        difference(copy.path(), &folder)
    };
    let told = copied("rule-draft.wit", &|text| text.replace("review: func(about: appeal,", "review: func(about: appeal, extra: string,"));
    assert!(told.is_some_and(|told| told.starts_with("rule-draft.wit changed")));
    assert!(copied("types.wit", &|text| format!("{text}\ninterface more {{}}\n")).is_some());
    assert_eq!(copied("rule-draft.wit", &|text| text.replace("/// What becomes of it.", "/// What becomes of a draft.")), None);
}

#[test]
fn components_of_every_frozen_version_still_run() {
    let versions = frozen();
    assert!(!versions.is_empty());
    let folder = tempfile::tempdir().expect("a folder");
    let call = json!({"at": "2026-11-23T10:00:00+03:00", "notification": "offline_message", "body": {"communication_id": 501,
        "date_time": "2026-11-23 10:00:00", "visitor_phone_number": "79161234567", "text": "Перезвоните", "utm_campaign": "vip"}});
    let header = json!({"recording": 1, "crm": {"users": [{"id": 5, "email": "a@x.example"}, {"id": 7, "email": "b@x.example"}]}});
    let with = |settings: serde_json::Value| {
        let mut header = header.clone();
        header["settings"] = settings;
        header.to_string()
    };
    let plain = support::file(&folder, "plain.jsonl", &[&with(json!({})), &call.to_string()]);
    let ours = json!({"request-send": true, "text-default-responsible": 5, "request-task": true});
    let task = support::file(&folder, "task.jsonl", &[&with(ours), &call.to_string()]);
    for version in versions {
        let component = |name: &str| version.join(name).to_str().expect("UTF-8").to_owned();
        let output = uis_host(&["replay", "-v", &plain, "--plugin", &component("echo-plugin.wasm")]);
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && text.contains("on_site_request"),
            "{}: {text} {}",
            version.display(),
            String::from_utf8_lossy(&output.stderr)
        );
        let output = uis_host(&["replay", "--json", &task, "--rule", &format!("vip={}", component("rule.wasm"))]);
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("VIP! Ответить на заявку №501"), "{}: {text}", version.display());
    }
}
