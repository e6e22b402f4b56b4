//! Partners' rules: what they change, in which order they run, and how a folder with a rule is made, in three languages.

use serde_json::{Value, json};
use uis_harness::build;
use uis_host::decision::Point;
use uis_host::ports::Decisions;
use uis_host::rules::limits::RuleLimits;
use uis_host::rules::sandbox::Sandbox;
use uis_host::rules::{RuleFile, RuleSet};
use uis_test_support::rules::{HOSTILE, RECORDING, RULE, replay, requests, rule_lines, tasks, vip};
use uis_test_support::{root, uis_host};

#[test]
fn a_rule_changes_a_draft_and_every_change_is_reported() {
    let value = replay(&[RECORDING, "--rule", &format!("vip={RULE}")]);
    assert_eq!(tasks(&value), ["VIP! Ответить на заявку №501 for 7", "Ответить на заявку №503 for 5"]);
    // For the customer whom the rule skipped, no order and no task were created either.
    let customers = value["crm"]["customers"].as_array().expect("a list");
    assert_eq!((customers.len(), value["crm"]["orders"].as_array().map(Vec::len)), (2, Some(2)));
    let lines = rule_lines(&value);
    for line in [
        "vip responsible for the task of site request 501: change responsible: 5 → 7",
        "vip responsible for the order of site request 501: change responsible: 5 → 7",
        "vip task of site request 501: change text: Ответить на заявку №501 → VIP! Ответить на заявку №501",
        "vip customer of site request 502: skip: the number is on the blacklist",
        "vip customer of site request 503: keep",
    ] {
        assert!(lines.iter().any(|found| found == line), "{line} in {lines:#?}");
    }
}

#[test]
fn a_dry_run_is_reported_but_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = requests(&folder, "dry.jsonl", &[vip()], &[]);
    let value = replay(&[&path, "--dry-rule", &format!("vip={RULE}")]);
    assert_eq!(tasks(&value), ["Ответить на заявку №501 for 5"]);
    assert!(rule_lines(&value).contains(&"vip responsible for the task of site request 501: change responsible: 5 → 7".to_owned()));
    assert!(value["rules"].as_array().expect("a list").iter().all(|answer| answer["dry_run"] == true));
    // Without rules the output has no member `rules`, and the CRM has the same content.
    let plain = replay(&[&path]);
    assert!(plain.get("rules").is_none() && plain["crm"] == value["crm"]);
}

#[test]
fn each_rule_gets_the_result_of_the_one_before_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = requests(&folder, "two.jsonl", &[vip()], &[]);
    // The order of the options does not matter; rules run in the order of their names.
    let value = replay(&[&path, "--rule", &format!("b={RULE}"), "--rule", &format!("a={RULE}")]);
    assert_eq!(tasks(&value), ["VIP! VIP! Ответить на заявку №501 for 7"]);
    let names: Vec<String> =
        rule_lines(&value).iter().filter(|line| line[1..].starts_with(" task of")).map(|line| line[..1].to_owned()).collect();
    assert_eq!(names, ["a", "b"]);
}

/// When a rule's file changes, the new component replaces the old one only after it was checked.
#[tokio::test]
async fn a_changed_rule_is_loaded_and_an_invalid_one_is_not() {
    let built = |folder: &str| build::component(&root().join(folder), &|_| {}).expect("built");
    let (good, other) = (built(RULE), built(HOSTILE));
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("rule.wasm");
    let put = |bytes: &[u8]| std::fs::write(&path, bytes).expect("written");
    put(&std::fs::read(&good.wasm).expect("the rule"));
    let sandbox = Sandbox::new(RuleLimits::default()).expect("an engine");
    let file = RuleFile { name: "vip".into(), path: path.clone(), dry_run: false };
    let rules = RuleSet::load(sandbox, vec![file], &good.cache).map_err(|(_, error)| error).expect("loaded");
    let points = || rules.decided();
    assert_eq!(points(), [Point::Responsible, Point::Draft]);
    assert!(rules.refresh().is_empty(), "nothing changed");
    put(b"half a component");
    let loaded = rules.refresh();
    assert!(matches!(&loaded[..], [(name, Err(error))] if name == "vip" && error.to_string().contains("is not a WebAssembly component")));
    assert_eq!(points(), [Point::Responsible, Point::Draft], "the old rule stays loaded");
    assert!(rules.refresh().is_empty(), "the error is reported only once");
    put(&std::fs::read(&other.wasm).expect("the other rule"));
    assert!(matches!(&rules.refresh()[..], [(_, Ok(()))]));
    assert_eq!(points(), [Point::Draft, Point::Routing, Point::Deal], "the new rule is loaded");
}

#[test]
fn what_is_not_a_rule_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = requests(&folder, "x.jsonl", &[], &[]);
    let plugin = root().join("plugin");
    for (rule, message) in [
        (format!("x={}", plugin.display()), "a rule must import nothing, but this one imports"),
        (format!("x={}", folder.path().join("nothing.wasm").display()), "nothing.wasm"),
        ("x=README.md".to_owned(), "is neither a .wasm file nor a folder with a Cargo.toml"),
    ] {
        let output = uis_host(&["replay", &path, "--rule", &rule]);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && errors.contains("rule x") && errors.contains(message), "{rule}: {errors}");
    }
    let twice = uis_host(&["replay", &path, "--rule", &format!("a={RULE}"), "--dry-rule", &format!("a={RULE}")]);
    assert!(String::from_utf8_lossy(&twice.stderr).contains("two rules have the name a"));
}

#[test]
fn rules_in_three_languages_change_one_draft() {
    if !(uis_test_support::toolchains::available("javascript") && uis_test_support::toolchains::available("python")) {
        return;
    }
    let (javascript, python) = (uis_test_support::toolchains::copied("javascript"), uis_test_support::toolchains::copied("python"));
    let rules = [format!("a-rust={RULE}"), format!("b-javascript={}", javascript.display()), format!("c-python={}", python.display())];
    let arguments: Vec<&str> = rules.iter().flat_map(|rule| ["--rule", rule.as_str()]).collect();
    let value = replay(&[&[RECORDING], arguments.as_slice()].concat());
    assert_eq!(tasks(&value), ["PY: JS: VIP! Ответить на заявку №501 for 7", "Ответить на заявку №503 for 5"]);
    let lines = rule_lines(&value);
    for line in [
        "a-rust task of site request 501: change text: Ответить на заявку №501 → VIP! Ответить на заявку №501",
        "b-javascript task of site request 501: change text: VIP! Ответить на заявку №501 → JS: VIP! Ответить на заявку №501",
        "c-python task of site request 501: change text: JS: VIP! Ответить на заявку №501 → PY: JS: VIP! Ответить на заявку №501",
    ] {
        assert!(lines.iter().any(|found| found == line), "{line} in {lines:#?}");
    }
}

/// `rules new` writes a folder with a rule. `rules test` runs the rule's own tests, builds it, and prints what it would change.
#[test]
fn a_new_rule_can_be_tested_without_changes() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = requests(&folder, "new.jsonl", &[vip(), json!({})], &[]);
    for (language, text) in [("rust", "VIP! Ответить"), ("javascript", "JS: Ответить"), ("python", "PY: Ответить")]
    {
        if !uis_test_support::toolchains::available(language) {
            continue;
        }
        let rule = folder.path().join(format!("my-{language}"));
        let rule = rule.to_str().expect("UTF-8");
        let written = uis_host(&["rules", "new", "--lang", language, rule]);
        assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
        let output = uis_host(&["rules", "test", rule, &path]);
        let (printed, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{language}: {printed}{errors}");
        let change = format!("    text: Ответить на заявку №501 → {text} на заявку №501");
        assert!(printed.contains("line 2 task of site request 501: change") && printed.contains(&change), "{language}: {printed}");
        assert!(
            printed
                .lines()
                .last()
                .is_some_and(|line| line.starts_with(&format!("my-{language}: ")) && line.contains(" changed, 0 skipped, ")),
            "{printed}"
        );
        // The folder's own recording says what must come of the rule, and it does.
        let output = uis_host(&["rules", "test", rule, "--json"]);
        let value: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
        assert_eq!((output.status.code(), &value["recordings"][0]["problems"]), (Some(0), &json!([])), "{language}: {value:#}");
        assert!(value["changed"].as_u64() >= Some(1), "{value:#}");
        let sample = format!("{rule}/sample.jsonl");
        let applied = uis_host(&["replay", &sample, "--rule", &format!("my={rule}")]);
        assert!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stdout));
        let without = uis_host(&["replay", &sample]);
        assert!(without.status.code() == Some(1) && String::from_utf8_lossy(&without.stdout).contains("expectation: expect: crm.tasks"));
        let twice = uis_host(&["rules", "new", "--lang", language, rule]);
        assert!(twice.status.code() == Some(2) && String::from_utf8_lossy(&twice.stderr).contains("exists already"));
    }
}

#[test]
fn rules_test_prints_json_and_fails_when_the_rule_fails() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = requests(&folder, "try.jsonl", &[vip(), json!({"attack": "trap"})], &[]);
    let value = |rule: &str, status: i32| -> Value {
        let output = uis_host(&["rules", "test", rule, &path, "--json"]);
        assert_eq!(output.status.code(), Some(status), "{}", String::from_utf8_lossy(&output.stderr));
        let value = serde_json::from_slice(&output.stdout).expect("one JSON object");
        uis_test_support::check_by_schema(&value);
        value
    };
    let good = value(RULE, 0);
    assert_eq!((&good["changed"], &good["failed"]), (&json!(4), &json!(0)), "{good:#}");
    let bad = value(HOSTILE, 1);
    assert_eq!((&bad["changed"], &bad["failed"]), (&json!(0), &json!(3)), "{bad:#}");
}

#[test]
fn an_answer_that_is_the_same_as_before_has_changed_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = requests(&folder, "same.jsonl", &[json!({"attack": "same"})], &[]);
    let output = uis_host(&["rules", "test", HOSTILE, &path, "--json"]);
    let value: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    assert_eq!((&value["changed"], &value["kept"], &value["failed"]), (&json!(0), &json!(3), &json!(0)), "{value:#}");
    let lines = rule_lines(&replay(&[&path, "--rule", &format!("same={HOSTILE}")]));
    assert!(lines.iter().all(|line| line.ends_with(": keep")), "{lines:#?}");
}
