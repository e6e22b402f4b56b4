//! Partners' rules: what they change, in which order, and that one that misbehaves costs only itself.

mod support;
#[path = "support/toolchains.rs"]
mod toolchains;

use serde_json::{Value, json};
use support::{root, uis_host};
use uis_host::plugin::build;
use uis_host::rules::limits::RuleLimits;
use uis_host::rules::sandbox::Sandbox;
use uis_host::rules::{Point, RuleFile, RuleSet};

/// Three site requests: by the campaign `vip`, from a number of the blacklist, and one like any other.
const RECORDING: &str = "tests/recordings/rules/vip.jsonl";
const RULE: &str = "examples/rules/rust";
const HOSTILE: &str = "examples/rules/hostile";

/// A recording of site requests, a minute apart, each with these members besides the usual ones.
fn requests(folder: &tempfile::TempDir, name: &str, requests: &[Value], more: &[Value]) -> String {
    let header = json!({
        "recording": 1,
        "settings": {"request-send": true, "text-default-responsible": 5, "request-task": true},
        "crm": {"users": [{"id": 5, "email": "a@x.example"}, {"id": 7, "email": "b@x.example"}]},
    });
    let lines = requests.iter().enumerate().map(|(number, members)| {
        let mut body = json!({"communication_id": 501 + number, "date_time": format!("2026-11-23 10:{number:02}:00"), "visitor_name": "Пётр",
            "visitor_phone_number": format!("7916{number:07}"), "text": "Перезвоните"});
        body.as_object_mut().expect("an object").extend(members.as_object().expect("an object").clone());
        json!({"at": format!("2026-11-23T10:{number:02}:00+03:00"), "notification": "offline_message", "body": body}).to_string()
    });
    let all: Vec<String> = [header.to_string()].into_iter().chain(lines).chain(more.iter().map(Value::to_string)).collect();
    support::file(folder, name, &all.iter().map(String::as_str).collect::<Vec<_>>())
}

fn replay(arguments: &[&str]) -> Value {
    let output = uis_host(&[&["replay", "--json"], arguments].concat());
    let errors = String::from_utf8_lossy(&output.stderr);
    let value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {errors}"));
    assert_eq!(output.status.code(), Some(0), "{value:#} {errors}");
    let schema = std::fs::read_to_string(root().join("docs/replay.schema.json")).expect("the schema");
    let validator = jsonschema::validator_for(&serde_json::from_str(&schema).expect("JSON")).expect("a valid schema");
    assert!(validator.is_valid(&value), "{:#?}", validator.iter_errors(&value).map(|error| error.to_string()).collect::<Vec<_>>());
    value
}

/// What rules said, a line each.
fn told(value: &Value) -> Vec<String> {
    let change = |change: &Value| {
        let part = |name: &str| change[name].as_str().unwrap_or("nothing").to_owned();
        format!(" {}: {} → {}", part("field"), part("from"), part("to"))
    };
    let line = |told: &Value| {
        let text = |name: &str| told[name].as_str().unwrap_or_default();
        let changes: String = told["changes"].as_array().into_iter().flatten().map(change).collect();
        format!("{} {}: {}{changes}", text("rule"), text("about"), text("verdict"))
    };
    value["rules"].as_array().into_iter().flatten().map(line).collect()
}

fn tasks(value: &Value) -> Vec<String> {
    let task = |task: &Value| format!("{} for {}", task["text"].as_str().unwrap_or_default(), task["performer"]);
    value["crm"]["tasks"].as_array().expect("a list").iter().map(task).collect()
}

fn vip() -> Value {
    json!({"utm_campaign": "vip"})
}

#[test]
fn a_rule_changes_a_draft_and_explains_itself() {
    let value = replay(&[RECORDING, "--rule", &format!("vip={RULE}")]);
    assert_eq!(tasks(&value), ["VIP! Ответить на заявку №501 for 7", "Ответить на заявку №503 for 5"]);
    // The customer who was skipped has no order and no task either.
    let customers = value["crm"]["customers"].as_array().expect("a list");
    assert_eq!((customers.len(), value["crm"]["orders"].as_array().map(Vec::len)), (2, Some(2)));
    let lines = told(&value);
    for line in [
        "vip responsible for the task of site request 501: change responsible: 5 → 7",
        "vip responsible for the order of site request 501: change responsible: 5 → 7",
        "vip task of site request 501: change text: Ответить на заявку №501 → VIP! Ответить на заявку №501",
        "vip customer of site request 502: skip: the number is on the blacklist",
        "vip customer of site request 503: keep",
    ] {
        assert!(lines.iter().any(|told| told == line), "{line} in {lines:#?}");
    }
}

#[test]
fn a_dry_run_is_told_and_not_done() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = requests(&folder, "dry.jsonl", &[vip()], &[]);
    let value = replay(&[&path, "--dry-rule", &format!("vip={RULE}")]);
    assert_eq!(tasks(&value), ["Ответить на заявку №501 for 5"]);
    assert!(told(&value).contains(&"vip responsible for the task of site request 501: change responsible: 5 → 7".to_owned()));
    assert!(value["rules"].as_array().expect("a list").iter().all(|told| told["dry_run"] == true));
    // Without rules the output has no such member, and the same stands in the CRM.
    let plain = replay(&[&path]);
    assert!(plain.get("rules").is_none() && plain["crm"] == value["crm"]);
}

#[test]
fn each_rule_sees_what_the_one_before_it_made() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = requests(&folder, "two.jsonl", &[vip()], &[]);
    // Given the other way round: their names decide.
    let value = replay(&[&path, "--rule", &format!("b={RULE}"), "--rule", &format!("a={RULE}")]);
    assert_eq!(tasks(&value), ["VIP! VIP! Ответить на заявку №501 for 7"]);
    let names: Vec<String> =
        told(&value).iter().filter(|line| line[1..].starts_with(" task of")).map(|line| line[..1].to_owned()).collect();
    assert_eq!(names, ["a", "b"]);
}

#[test]
fn a_rule_that_attacks_costs_only_itself() {
    let attacks = [
        ("loop", "limit rule-"),
        ("bomb", "limit rule-memory-bytes = 134217728 was passed"),
        ("recurse", "it trapped: "),
        ("trap", "it trapped: "),
        ("huge", "limit rule-output-bytes = 262144 was passed"),
        ("many", "300 fields; at most 256"),
        ("twice", "the field text is there twice"),
        ("boss", "is a whole number, not boss"),
        ("kind", "a draft's kind and whether it is new cannot change"),
    ];
    let folder = tempfile::tempdir().expect("a folder");
    for (attack, said) in attacks {
        let path = requests(&folder, "attack.jsonl", &[json!({ "attack": attack }), vip()], &[]);
        let value = replay(&[&path, "--rule", &format!("bad={HOSTILE}"), "--rule", &format!("vip={RULE}")]);
        // Customer, order and task are there, and the good rule was heard.
        assert_eq!(tasks(&value), ["Ответить на заявку №501 for 5", "VIP! Ответить на заявку №502 for 7"], "{attack}");
        let problems = value["problems"].to_string();
        assert!(problems.contains("rule bad: customer of site request 501") && problems.contains(said), "{attack}: {problems}");
    }
    let path = requests(&folder, "markup.jsonl", &[json!({"attack": "markup"})], &[]);
    let task = tasks(&replay(&[&path, "--rule", &format!("bad={HOSTILE}")])).join("");
    assert!(!task.contains(['<', '\r', '\n']), "{task}");
}

/// A call with two recordings, one of which goes into a note; its notifications have one parameter more.
fn talk(folder: &tempfile::TempDir, attack: &str) -> String {
    let text = std::fs::read_to_string(root().join("tests/recordings/transfer.jsonl")).expect("the recording");
    let with = |line: &str| {
        let mut line: Value = serde_json::from_str(line).expect("JSON");
        if let Some(body) = line.get_mut("body") {
            body["attack"] = attack.into();
        }
        line.to_string()
    };
    let lines: Vec<String> = text.lines().map(with).collect();
    support::file(folder, &format!("{attack}.jsonl"), &lines.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn rules_change_notes_and_call_records_but_lose_no_call() {
    let folder = tempfile::tempdir().expect("a folder");
    let bad = format!("bad={HOSTILE}");
    let plain = replay(&[&talk(&folder, "none")]);
    let of = |attack: &str| replay(&[&talk(&folder, attack), "--rule", &bad]);
    let url = "https://app.comagic.ru/system/media/talk/998677504/31/";
    // What a rule writes is cleaned, and the link by which the note is known again stays.
    let marked = of("markup");
    let note = marked["crm"]["notes"][0]["text"].as_str().expect("a note").to_owned();
    assert!(note.contains("alert(1)") && note.ends_with(url) && !note.contains(['<', '\r']), "{note}");
    assert_eq!(marked["crm"]["calls"], plain["crm"]["calls"]);
    // A note that is skipped is not made; a call's record is nobody's to skip.
    let skipped = of("skip");
    assert_eq!((&skipped["crm"]["notes"], &skipped["crm"]["calls"]), (&json!([]), &plain["crm"]["calls"]));
    assert!(told(&skipped).contains(&"bad call record of call 998677504: skip: as asked".to_owned()), "{:#?}", told(&skipped));
    // Whose it is, its source and its recording are a rule's to change; that and how long somebody talked are not.
    let mut stripped = of("strip")["crm"]["calls"][0].clone();
    assert!(["recordUrl", "userId", "code"].iter().all(|name| stripped.get(name).is_none()), "{stripped:#}");
    let whole = plain["crm"]["calls"][0].clone();
    for name in ["recordUrl", "userId", "code"] {
        stripped[name] = whole[name].clone();
    }
    assert_eq!(stripped, whole);
}

#[test]
fn what_the_crm_refuses_of_a_rules_doing_is_made_without_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = requests(&folder, "stranger.jsonl", &[json!({"attack": "stranger"})], &[]);
    let bad = format!("bad={HOSTILE}");
    let value = replay(&[&path, "--rule", &bad]);
    assert_eq!(value["crm"], replay(&[&path])["crm"], "as without the rule");
    let problems = value["problems"].to_string();
    for what in ["order of uis-request-501", "task for uis-request-501"] {
        assert!(problems.contains(&format!("what rules made of the {what}")), "{problems}");
    }
    // No call is lost by a rule either. What RetailCRM refuses of a call is not public, so here it refuses the first that it is sent.
    let talk_of = talk(&folder, "stranger");
    let text = std::fs::read_to_string(&talk_of).expect("the recording");
    let faults = json!({"at": "2026-11-23T11:00:00+03:00",
        "crm-faults": {"rules": [{"method": "POST", "path": "/api/v5/telephony/calls/upload", "times": 1, "status": 400}]}});
    let (header, rest) = text.split_once('\n').expect("lines");
    std::fs::write(&talk_of, format!("{header}\n{faults}\n{rest}")).expect("written");
    let value = replay(&[&talk_of, "--rule", &bad]);
    assert_eq!(value["crm"]["calls"], replay(&[&talk(&folder, "none")])["crm"]["calls"]);
    assert!(value["problems"].to_string().contains("what rules made of the record of uis-call-998677504"), "{}", value["problems"]);
}

#[test]
fn what_is_for_reading_stays_and_the_next_rule_sees_it_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = requests(&folder, "forge.jsonl", &[json!({"attack": "forge"})], &[]);
    // The other rule leaves the forged number alone; here it is asked about the true one.
    let value = replay(&[&path, "--rule", &format!("a={HOSTILE}"), "--rule", &format!("b={RULE}")]);
    assert_eq!(value["crm"], replay(&[&path])["crm"]);
    let lines = told(&value);
    for line in [
        "a customer of site request 501: change; not its to change, and left as it was: phone, nonsense",
        "b customer of site request 501: keep",
    ] {
        assert!(lines.iter().any(|told| told == line), "{line} in {lines:#?}");
    }
}

#[test]
fn a_field_that_a_rule_keeps_back_is_not_written_later() {
    let folder = tempfile::tempdir().expect("a folder");
    let header = json!({
        "recording": 1,
        "settings": {"request-send": true, "text-default-responsible": 5, "request-extra-fields": true,
            "request-field-rows": [{"field": "campaign", "value": "{{utm_campaign}}", "always": true}]},
        "crm": {"users": [{"id": 5, "email": "a@x.example"}],
            "customFields": [{"name": "Кампания", "code": "campaign", "type": "string", "entity": "customer"}]},
    });
    let request = |id: i64, campaign: &str| {
        let body = json!({"communication_id": id, "date_time": "2026-11-23 10:00:00", "visitor_phone_number": "79161234567",
            "text": "Перезвоните", "utm_campaign": campaign, "attack": "discreet"});
        json!({"at": format!("2026-11-23T10:{:02}:00+03:00", id - 500), "notification": "offline_message", "body": body}).to_string()
    };
    let lines = [header.to_string(), request(501, "spring"), request(502, "summer")];
    let path = support::file(&folder, "discreet.jsonl", &lines.each_ref().map(String::as_str));
    let plain = replay(&[&path]);
    assert_eq!(plain["crm"]["customers"][0]["customFields"]["campaign"], "summer", "{:#}", plain["crm"]["customers"]);
    let value = replay(&[&path, "--rule", &format!("bad={HOSTILE}")]);
    let customer = &value["crm"]["customers"][0];
    assert!(customer["customFields"].get("campaign").is_none(), "{customer:#}");
    let lines = told(&value);
    assert!(lines.iter().any(|line| line.ends_with("field-campaign: summer → nothing")), "{lines:#?}");
}

#[test]
fn a_rule_that_keeps_failing_is_quarantined_until_it_is_released() {
    let folder = tempfile::tempdir().expect("a folder");
    let trap = || json!({"attack": "trap"});
    let release = json!({"at": "2026-11-23T10:05:30+03:00", "release-rule": "bad"});
    // Each request asks about a customer, an order and a task.
    let several = [trap(), trap(), trap(), json!({})];
    let path = requests(&folder, "quarantine.jsonl", &several, std::slice::from_ref(&release));
    let value = replay(&[&path, "--rule", &format!("bad={HOSTILE}")]);
    let lines = told(&value);
    assert_eq!(lines.iter().filter(|line| line.contains("it trapped")).count(), 5, "{lines:#?}");
    assert!(lines.last().is_some_and(|line| line.contains("quarantined: it failed rule-failures = 5 times")), "{lines:#?}");
    assert!(value["problems"].to_string().contains("quarantined"));
    let again = json!({"at": "2026-11-23T10:06:00+03:00", "notification": "offline_message",
        "body": {"communication_id": 900, "date_time": "2026-11-23 10:06:00", "visitor_phone_number": "79990001122"}});
    let path = requests(&folder, "released.jsonl", &several, &[release, again]);
    let lines = told(&replay(&[&path, "--rule", &format!("bad={HOSTILE}")]));
    assert!(lines.iter().any(|line| line.contains("site request 900: keep")), "{lines:#?}");
}

/// A component that changes on disk takes the old one's place whole, once it was found good.
#[tokio::test]
async fn a_changed_rule_is_taken_up_and_a_bad_one_is_not() {
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
    let told = rules.refresh();
    assert!(matches!(&told[..], [(name, Err(error))] if name == "vip" && error.to_string().contains("is not a WebAssembly component")));
    assert_eq!(points(), [Point::Responsible, Point::Draft], "the old one stays");
    assert!(rules.refresh().is_empty(), "it is told once");
    put(&std::fs::read(&other.wasm).expect("the other rule"));
    assert!(matches!(&rules.refresh()[..], [(_, Ok(()))]));
    assert_eq!(points(), [Point::Draft], "the new one decides");
}

#[test]
fn what_is_no_rule_is_not_loaded_and_says_why() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = requests(&folder, "x.jsonl", &[], &[]);
    let plugin = root().join("plugin");
    for (rule, said) in [
        (format!("x={}", plugin.display()), "a rule imports nothing, and this one imports"),
        (format!("x={}", folder.path().join("nothing.wasm").display()), "nothing.wasm"),
        ("x=README.md".to_owned(), "neither a Cargo.toml in it nor is it a .wasm file"),
    ] {
        let output = uis_host(&["replay", &path, "--rule", &rule]);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && errors.contains("rule x") && errors.contains(said), "{rule}: {errors}");
    }
    let twice = uis_host(&["replay", &path, "--rule", &format!("a={RULE}"), "--dry-rule", &format!("a={RULE}")]);
    assert!(String::from_utf8_lossy(&twice.stderr).contains("two rules are named a"));
}

#[test]
fn rules_of_three_languages_change_one_draft() {
    if !(toolchains::available("javascript") && toolchains::available("python")) {
        return;
    }
    let (javascript, python) = (toolchains::copied("javascript"), toolchains::copied("python"));
    let rules = [format!("a-rust={RULE}"), format!("b-javascript={}", javascript.display()), format!("c-python={}", python.display())];
    let arguments: Vec<&str> = rules.iter().flat_map(|rule| ["--rule", rule.as_str()]).collect();
    let value = replay(&[&[RECORDING], arguments.as_slice()].concat());
    assert_eq!(tasks(&value), ["PY: JS: VIP! Ответить на заявку №501 for 7", "Ответить на заявку №503 for 5"]);
    let lines = told(&value);
    for line in [
        "a-rust task of site request 501: change text: Ответить на заявку №501 → VIP! Ответить на заявку №501",
        "b-javascript task of site request 501: change text: VIP! Ответить на заявку №501 → JS: VIP! Ответить на заявку №501",
        "c-python task of site request 501: change text: JS: VIP! Ответить на заявку №501 → PY: JS: VIP! Ответить на заявку №501",
    ] {
        assert!(lines.iter().any(|told| told == line), "{line} in {lines:#?}");
    }
}

/// A folder that `rules new` writes passes its own test, builds, and says what it would change.
#[test]
fn a_new_rule_works_as_it_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = requests(&folder, "new.jsonl", &[vip(), json!({})], &[]);
    for (language, text) in [("rust", "VIP! Ответить"), ("javascript", "JS: Ответить"), ("python", "PY: Ответить")]
    {
        if !toolchains::available(language) {
            continue;
        }
        let rule = folder.path().join(format!("my-{language}"));
        let rule = rule.to_str().expect("UTF-8");
        let written = uis_host(&["rules", "new", "--lang", language, rule]);
        assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
        let output = uis_host(&["rules", "test", rule, &path]);
        let (told, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{language}: {told}{errors}");
        let change = format!("    text: Ответить на заявку №501 → {text} на заявку №501");
        assert!(told.contains("line 2 task of site request 501: change") && told.contains(&change), "{language}: {told}");
        assert!(
            told.lines().last().is_some_and(|line| line.starts_with(&format!("my-{language}: ")) && line.contains(" changed, 0 skipped, ")),
            "{told}"
        );
        let twice = uis_host(&["rules", "new", "--lang", language, rule]);
        assert!(twice.status.code() == Some(2) && String::from_utf8_lossy(&twice.stderr).contains("is there already"));
    }
}

#[test]
fn trying_a_rule_tells_machines_the_same_and_fails_with_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = requests(&folder, "try.jsonl", &[vip(), json!({"attack": "trap"})], &[]);
    let value = |rule: &str, status: i32| -> Value {
        let output = uis_host(&["rules", "test", rule, &path, "--json"]);
        assert_eq!(output.status.code(), Some(status), "{}", String::from_utf8_lossy(&output.stderr));
        let value = serde_json::from_slice(&output.stdout).expect("one JSON object");
        support::check_by_schema(&value);
        value
    };
    let good = value(RULE, 0);
    assert_eq!((&good["changed"], &good["failed"]), (&json!(4), &json!(0)), "{good:#}");
    let bad = value(HOSTILE, 1);
    assert_eq!((&bad["changed"], &bad["failed"]), (&json!(0), &json!(3)), "{bad:#}");
}
