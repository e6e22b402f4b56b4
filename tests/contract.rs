//! The contract is frozen: the items of a released version never change. Rules of an earlier version keep running, and plugins of an earlier
//! version are refused by name. `wit/` may be a version that is not frozen yet.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::json;
use sha2::{Digest, Sha256};
use uis_host::bindings::uis::integration::decision::{Appeal, DealDraft, Draft, DraftKind, Field, Routing, Value, Verdict};
use uis_host::bindings::uis::integration::types::CommunicationKind;
use uis_host::contract::{CONTRACT_PACKAGE, CONTRACT_VERSION, runs_plugins_of, runs_rules_of};
use uis_host::decision::Point;
use uis_host::rules::limits::RuleLimits;
use uis_host::rules::sandbox::{DealVerdict, Rule, Sandbox};
use uis_test_support::{root, uis_host};
use wit_parser::Resolve;

/// The lines of a contract's files without comments and blank lines: the text that must not change.
fn items(folder: &Path) -> BTreeMap<String, Vec<String>> {
    let files = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).expect("readable");
        let without_comment = |line: &str| line.split("//").next().unwrap_or_default().trim().to_owned();
        let lines = text.lines().map(without_comment).filter(|line| !line.is_empty()).collect();
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

/// Compares a contract with the frozen one of its version. Returns what changed; none if the items are the same.
fn difference(live: &Path, frozen: &Path) -> Option<String> {
    let (live, frozen) = (items(live), items(frozen));
    let mut names: Vec<&String> = live.keys().chain(frozen.keys()).collect();
    names.sort();
    names.dedup();
    let changed: Vec<&str> = names.into_iter().filter(|name| live.get(*name) != frozen.get(*name)).map(String::as_str).collect();
    (!changed.is_empty()).then(|| {
        format!("{} changed since the version was frozen: give the contract another version (contracts/README.md)", changed.join(", "))
    })
}

/// The folders of all frozen versions.
fn frozen_versions() -> Vec<PathBuf> {
    let folders = std::fs::read_dir(root().join("contracts")).expect("contracts").map(|entry| entry.expect("an entry").path());
    folders.filter(|path| path.is_dir()).collect()
}

/// The name of a frozen version's folder.
fn name(folder: &Path) -> String {
    folder.file_name().expect("a name").to_string_lossy().into_owned()
}

/// The folders of the frozen versions whose components the host must run, by what it says about their names.
fn versions_that(runs: fn(&str) -> bool) -> Vec<PathBuf> {
    frozen_versions().into_iter().filter(|folder| runs(&name(folder))).collect()
}

#[test]
fn the_contract_is_frozen_under_its_version_or_says_that_it_is_not() {
    let live = version(&root().join("wit"));
    assert_eq!(live, CONTRACT_VERSION, "the host serves the version that wit/ declares");
    let folder = root().join("contracts").join(&live).join("wit");
    if live.ends_with("-dev") {
        assert!(!folder.exists(), "{live} is not frozen, so it must have no folder: give it a version without -dev (contracts/README.md)");
        return;
    }
    assert!(folder.is_dir(), "{live} is not frozen: copy wit/ and the components to contracts/{live} (contracts/README.md)");
    assert_eq!(version(&folder), live);
    assert_eq!(difference(&root().join("wit"), &folder), None);
}

/// The frozen versions with the digest of their items, so that nobody can change `wit/` and the frozen copy together.
const FROZEN: [(&str, &str); 2] = [
    ("0.1.0", "b6c844b44a8d93421c2ac5e388c9666910da64ccfefa6ce23bfb04b3462b4aef"),
    ("0.2.0", "0d8c5c3d335553ad09c2f0d291b76c09014d439174596c0d63a6291d5c0239e8"),
];

#[test]
fn frozen_versions_never_change() {
    let digest =
        |folder: &Path| Sha256::digest(format!("{:?}", items(folder))).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let mut found: Vec<(String, String)> = frozen_versions().iter().map(|folder| (name(folder), digest(&folder.join("wit")))).collect();
    found.sort();
    let known: Vec<(String, String)> = FROZEN.iter().map(|(version, digest)| ((*version).to_owned(), (*digest).to_owned())).collect();
    assert_eq!(found, known, "a frozen version must not change; add a new one to FROZEN with its digest");
}

#[test]
fn a_changed_item_is_a_difference_and_a_changed_comment_is_not() {
    let folder = root().join("contracts/0.1.0/wit");
    let copy = tempfile::tempdir().expect("a folder");
    let difference_after = |name: &str, change: &dyn Fn(String) -> String| {
        for entry in std::fs::read_dir(&folder).expect("the contract") {
            let path = entry.expect("an entry").path();
            std::fs::copy(&path, copy.path().join(path.file_name().expect("a name"))).expect("copied");
        }
        let text = std::fs::read_to_string(folder.join(name)).expect("readable");
        let changed = change(text.clone());
        assert_ne!(text, changed, "the change had no effect");
        std::fs::write(copy.path().join(name), changed).expect("written");
        difference(copy.path(), &folder)
    };
    let found = difference_after("rule-draft.wit", &|text| {
        text.replace("review: func(about: appeal,", "review: func(about: appeal, extra: string,")
    });
    assert!(found.is_some_and(|text| text.starts_with("rule-draft.wit changed")));
    assert!(difference_after("types.wit", &|text| format!("{text}\ninterface more {{}}\n")).is_some());
    assert_eq!(difference_after("rule-draft.wit", &|text| text.replace("/// What becomes of it.", "/// What becomes of a draft.")), None);
}

const REQUEST_AT: &str = "2026-11-23T10:00:00+03:00";

/// A recording with one site request, and with settings of our plugin.
fn recording(folder: &tempfile::TempDir, settings: &serde_json::Value) -> String {
    let request = json!({"at": REQUEST_AT, "notification": "offline_message", "body": {"communication_id": 501,
        "date_time": "2026-11-23 10:00:00", "visitor_phone_number": "79161234567", "text": "Перезвоните", "utm_campaign": "vip"}});
    let users = json!([{"id": 5, "email": "a@x.example"}, {"id": 7, "email": "b@x.example"}]);
    let header = json!({"recording": 1, "settings": settings, "crm": {"users": users}});
    uis_test_support::file(folder, "request.jsonl", &[&header.to_string(), &request.to_string()])
}

#[test]
fn a_plugin_of_a_frozen_version_runs_or_is_refused_by_name() {
    assert!(runs_plugins_of("0.2.0"), "plugins of 0.2 are promised to run");
    let folder = tempfile::tempdir().expect("a folder");
    let recording = recording(&folder, &json!({}));
    for version in frozen_versions() {
        let component = version.join("echo-plugin.wasm").to_str().expect("UTF-8").to_owned();
        let output = uis_host(&["replay", "-v", &recording, "--plugin", &component]);
        let (text, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        if runs_plugins_of(&name(&version)) {
            assert!(output.status.success() && text.contains("on_site_request"), "{}: {text} {errors}", version.display());
            continue;
        }
        assert_eq!(output.status.code(), Some(2), "{}: {text} {errors}", version.display());
        let built_for = format!("{CONTRACT_PACKAGE} {},", name(&version));
        for part in ["echo-plugin.wasm", &built_for, CONTRACT_VERSION, "build the plugin for"] {
            assert!(errors.contains(part), "{part}: {errors}");
        }
    }
}

#[test]
fn rules_of_earlier_versions_still_run() {
    let versions = versions_that(runs_rules_of);
    for promised in ["0.1.0", "0.2.0"] {
        assert!(versions.iter().any(|version| name(version) == promised), "rules of {promised} are promised to run: {versions:?}");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let recording = recording(&folder, &json!({"request-send": true, "text-default-responsible": 5, "request-task": true}));
    for version in versions {
        let rule = format!("vip={}", version.join("rule.wasm").display());
        let output = uis_host(&["replay", "--json", &recording, "--rule", &rule]);
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("VIP! Ответить на заявку №501"), "{}: {text}", version.display());
    }
}

fn appeal(kind: CommunicationKind, id: i64) -> Appeal {
    Appeal {
        kind,
        id,
        phone: Some("79161234567".into()),
        email: Some("a@x.example".into()),
        virtual_number: None,
        employee_email: Some("b@x.example".into()),
        attributes: vec![("utm_source".into(), "x".into())],
    }
}

/// One field of each type of value.
fn fields() -> Vec<Field> {
    let field = |name: &str, value: Value| Field { name: name.into(), value };
    vec![
        field("text", Value::Text("a".into())),
        field("whole", Value::Integer(-7)),
        field("sum", Value::Decimal("1.50".into())),
        field("yes", Value::Boolean(true)),
        field("several", Value::Texts(vec!["x".into(), "y".into()])),
    ]
}

fn attributes() -> Vec<(String, String)> {
    vec![("k".to_owned(), "v".to_owned())]
}

/// The fields and attributes above, as the rule prints them.
const PRINTED: &str = r#"text=Value::Text("a") whole=Value::Integer(-7) sum=Value::Decimal("1.50") yes=Value::Boolean(true) several=Value::Texts(["x", "y"]) [("k", "v")]"#;

/// The last field of a draft or a deal, into which the rule writes what it got.
fn last_text(fields: &[Field]) -> String {
    match fields.last().map(|field| &field.value) {
        Some(Value::Text(text)) => text.clone(),
        other => panic!("{other:?}"),
    }
}

/// A rule built for an earlier version gets all data of every decision point, and the host understands its answers.
#[tokio::test]
async fn rules_of_earlier_versions_get_all_data_and_are_understood() {
    let cache = tempfile::tempdir().expect("a folder");
    for version in versions_that(runs_rules_of) {
        let sandbox = Sandbox::new(RuleLimits::default()).expect("an engine");
        let rule = sandbox.load(&version.join("rule-of-all.wasm"), cache.path()).expect("it loads");
        assert_eq!(rule.points, Point::ALL.map(|(point, _)| point));
        check_choices(&sandbox, &rule).await;
        check_drafts(&sandbox, &rule).await;
        check_deals(&sandbox, &rule).await;
    }
}

fn deadline() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

/// The rule chooses an assignee and a routing.
async fn check_choices(sandbox: &Sandbox, rule: &Rule) {
    let chat = appeal(CommunicationKind::Chat, 7);
    assert_eq!(rule.responsible(sandbox, deadline(), &chat, Some("5")).await, Some(Ok(Some("57".into()))));
    assert_eq!(rule.responsible(sandbox, deadline(), &appeal(CommunicationKind::Call, 0), None).await, Some(Ok(None)));
    let routed = rule.routing(sandbox, deadline(), &chat, &Routing { forward_to: vec!["74950000101".into()] }).await;
    assert!(matches!(routed, Some(Ok(Some(routing))) if routing.forward_to == ["74950000101", "79161234567"]));
}

/// The rule changes, keeps and skips a draft.
async fn check_drafts(sandbox: &Sandbox, rule: &Rule) {
    let draft = Draft { kind: DraftKind::Task, is_new: true, fields: fields(), attributes: attributes() };
    let changed = rule.draft(sandbox, deadline(), &appeal(CommunicationKind::Chat, 7), &draft).await;
    let Some(Ok(Verdict::Change(changed))) = changed else { panic!("a change") };
    let subject = r#"CommunicationKind::Chat 7 Some("79161234567") Some("a@x.example") None Some("b@x.example") [("utm_source", "x")]"#;
    assert_eq!(last_text(&changed.fields), format!("{subject} DraftKind::Task true {PRINTED}"));
    let keep = rule.draft(sandbox, deadline(), &appeal(CommunicationKind::Call, 0), &draft).await;
    assert!(matches!(keep, Some(Ok(Verdict::Keep))));
    let skip = rule.draft(sandbox, deadline(), &appeal(CommunicationKind::Call, 1), &draft).await;
    assert!(matches!(skip, Some(Ok(Verdict::Skip(why))) if why.starts_with("CommunicationKind::Call 1")));
}

/// The rule changes, keeps and skips a deal.
async fn check_deals(sandbox: &Sandbox, rule: &Rule) {
    let deal = |id: &str| DealDraft { ext_id: id.into(), fields: fields(), attributes: attributes() };
    let Some(Ok(DealVerdict::Change(changed))) = rule.deal(sandbox, deadline(), &deal("order-1")).await else { panic!("a change") };
    assert_eq!(last_text(&changed.fields), format!("order-1 {PRINTED}"));
    assert!(matches!(rule.deal(sandbox, deadline(), &deal("keep")).await, Some(Ok(DealVerdict::Keep))));
    assert!(matches!(rule.deal(sandbox, deadline(), &deal("skip")).await, Some(Ok(DealVerdict::Skip(why))) if why == "as asked"));
}
