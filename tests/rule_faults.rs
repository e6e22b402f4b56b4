//! What rules must not do, they cannot: whatever a rule does, the plugin goes on, and the owner sees why.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use uis_harness::build;
use uis_host::bindings::uis::integration::decision::{Appeal, Draft, DraftKind, Field, Value as Held, Verdict};
use uis_host::bindings::uis::integration::types::CommunicationKind;
use uis_host::rules::limits::RuleLimits;
use uis_host::rules::sandbox::{Rule, RuleFault, Sandbox};
use uis_test_support::root;
use uis_test_support::rules::{HOSTILE, RULE, replay, requests, tasks, told, vip};

#[test]
fn a_rule_that_attacks_costs_only_itself() {
    let attacks = [
        ("loop", "limit rule-"),
        ("bomb", "limit rule-memory-bytes = 134217728 was exceeded"),
        ("recurse", "it trapped: "),
        ("trap", "it trapped: "),
        ("huge", "limit rule-output-bytes = 262144 was exceeded"),
        ("many", "the answer has 300 fields; the limit is 256"),
        ("twice", "the field text occurs twice"),
        ("boss", "must be a whole number, not boss"),
        ("kind", "a rule must not change a draft's `kind` or `is-new`"),
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

/// A call with two recordings, one of which goes into a note.
fn talk(folder: &tempfile::TempDir, attack: &str) -> String {
    attacked(folder, "transfer", attack)
}

/// A recording whose notifications have one parameter more.
fn attacked(folder: &tempfile::TempDir, name: &str, attack: &str) -> String {
    let text = std::fs::read_to_string(root().join(format!("tests/recordings/{name}.jsonl"))).expect("the recording");
    let with = |line: &str| {
        let mut line: Value = serde_json::from_str(line).expect("JSON");
        if let Some(body) = line.get_mut("body") {
            body["attack"] = attack.into();
        }
        line.to_string()
    };
    let lines: Vec<String> = text.lines().map(with).collect();
    uis_test_support::file(folder, &format!("{attack}.jsonl"), &lines.iter().map(String::as_str).collect::<Vec<_>>())
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
fn a_rule_is_asked_about_a_talk_wherever_it_is_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let bad = format!("bad={HOSTILE}");
    let comments = |value: &Value| -> Vec<String> {
        let orders = value["crm"]["orders"].as_array().expect("a list").iter();
        orders.filter_map(|order| order["customerComment"].as_str()).map(str::to_owned).collect()
    };
    let kept = comments(&replay(&[&attacked(&folder, "text/chat-transcript-order", "none"), "--rule", &bad]));
    assert!(kept.iter().any(|text| text.contains("Чат №")), "{kept:?}");
    let value = replay(&[&attacked(&folder, "text/chat-transcript-order", "markup"), "--rule", &bad]);
    let changed = comments(&value);
    assert!(changed.iter().any(|text| text.contains("alert(1)") && text.contains("Чат №") && !text.contains('<')), "{changed:?}");
    assert!(value["crm"]["notes"].as_array().is_none_or(Vec::is_empty));
}

#[test]
fn rules_know_the_employee_the_caller_and_the_deals_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let bad = format!("bad={HOSTILE}");
    let tell = json!({"attack": "tell", "employee_id": 9, "employee_email": "anna@x.example"});
    let value = replay(&[&requests(&folder, "tell.jsonl", &[tell], &[]), "--rule", &bad]);
    assert_eq!(tasks(&value), ["anna@x.example for 5"]);

    let header = json!({"recording": 1, "crm": {
        "users": [{"id": 5, "email": "a@x.example", "firstName": "Анна", "active": true, "online": true, "status": "free"}],
        "customers": [{"id": 17, "firstName": "Пётр", "managerId": 5, "phones": [{"number": "79161234567"}]}],
        "orders": [{"id": 71, "number": "71A", "status": "new", "customer": {"id": 17}, "createdAt": "2026-11-20 10:00:00"}]}});
    let route = json!({"at": "2026-11-23T10:00:00+03:00", "route": "cdr_id=7&numa=79161234567&numb=74951112233&attack=tell"});
    let comment = json!({"managerComment": "attack=tell"}).to_string();
    let edit = json!({"at": "2026-11-23T10:01:00+03:00",
        "crm": {"path": "/api/v5/orders/71/edit", "form": {"by": "id", "order": comment}}});
    let path =
        uis_test_support::file(&folder, "known.jsonl", &[header, route, edit].map(|line| line.to_string()).each_ref().map(String::as_str));
    let value = replay(&[&path, "--rule", &bad]);
    let lines = told(&value);
    for line in ["bad call 7: change forward-to: nothing → 17, 5", "bad deal order-71: change comments: attack=tell → 71A new 79161234567"]
    {
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
    let path = uis_test_support::file(&folder, "discreet.jsonl", &lines.each_ref().map(String::as_str));
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
    assert!(lines.iter().any(|line| line.contains("quarantined: it failed rule-failures = 5 times")), "{lines:#?}");
    assert!(value["problems"].to_string().contains("quarantined"));
    let again = json!({"at": "2026-11-23T10:06:00+03:00", "notification": "offline_message",
        "body": {"communication_id": 900, "date_time": "2026-11-23 10:06:00", "visitor_phone_number": "79990001122"}});
    let path = requests(&folder, "released.jsonl", &several, &[release, again]);
    let lines = told(&replay(&[&path, "--rule", &format!("bad={HOSTILE}")]));
    assert!(lines.iter().any(|line| line.contains("site request 900: keep")), "{lines:#?}");
}

/// What a rule is asked about a task; it attacks in the way that `attack` names.
async fn ask(sandbox: &Sandbox, rule: &Rule, deadline: Instant, attack: &str) -> Result<Verdict, RuleFault> {
    let about = Appeal {
        kind: CommunicationKind::Call,
        id: 1,
        phone: None,
        email: None,
        virtual_number: None,
        employee_email: None,
        attributes: vec![("attack".into(), attack.into()), ("utm_campaign".into(), "vip".into())],
    };
    let fields = vec![Field { name: "text".into(), value: Held::Text("Перезвонить".into()) }];
    let draft = Draft { kind: DraftKind::Task, is_new: true, fields, attributes: Vec::new() };
    rule.draft(sandbox, deadline, &about, &draft).await.expect("it decides about drafts")
}

fn loaded(sandbox: &Sandbox, folder: &str) -> Rule {
    let built = build::component(&root().join(folder), &|_| {}).expect("it builds");
    sandbox.load(&built.wasm, &built.cache).unwrap_or_else(|error| panic!("{folder}: {error}"))
}

/// More rules than there are places, half of which never end: the others wait, and each is heard.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn rules_wait_for_places_and_no_one_is_blamed_for_others() {
    let limits = RuleLimits { instances: 2, wall: Duration::from_millis(40), fuel: 1_000_000_000_000, ..RuleLimits::default() };
    let sandbox = Sandbox::new(limits).expect("an engine");
    let (good, bad) = (loaded(&sandbox, RULE), loaded(&sandbox, HOSTILE));
    let soon = || Instant::now() + Duration::from_secs(300);
    let asked = (0..32).map(async |number| match number % 2 {
        0 => matches!(ask(&sandbox, &good, soon(), "").await, Ok(Verdict::Change(_))),
        _ => ask(&sandbox, &bad, soon(), "loop").await.is_err(),
    });
    let right: Vec<bool> = futures_util::future::join_all(asked).await;
    assert_eq!(right, [true; 32]);
    // An event that is over has no time for rules, and one that is nearly over little: neither is a rule's fault.
    let over = ask(&sandbox, &good, Instant::now(), "").await.expect_err("no time");
    assert!(!over.counts_against_rule(), "{over}");
    let cut = ask(&sandbox, &bad, Instant::now() + Duration::from_millis(20), "loop").await.expect_err("little time");
    assert!(!cut.counts_against_rule(), "{cut}");
    let own = ask(&sandbox, &bad, soon(), "trap").await.expect_err("it fell over");
    assert!(own.counts_against_rule(), "{own}");
}

/// The scenario waits three seconds for who calls; the CRM takes half of them, and the rules would take two more.
#[test]
fn rules_about_an_incoming_call_end_before_the_scenario_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let header = json!({"recording": 1, "crm": {"users": [{"id": 5, "email": "a@x.example"}]}});
    let faults = json!({"at": "2026-11-23T10:00:00+03:00",
        "crm-faults": {"rules": [{"path": "/api/v5/telephony/manager", "latencyMs": 1500}]}});
    let route = json!({"at": "2026-11-23T10:00:01+03:00", "route": "cdr_id=7&numa=79161234567&numb=74951112233&attack=loop"});
    let path =
        uis_test_support::file(&folder, "late.jsonl", &[header, faults, route].map(|line| line.to_string()).each_ref().map(String::as_str));
    let rules: Vec<String> = (0..8).map(|number| format!("bad-{number}={HOSTILE}")).collect();
    let arguments: Vec<&str> = rules.iter().flat_map(|rule| ["--rule", rule.as_str()]).collect();
    // Time is what they take here, not fuel.
    let (_, value) =
        uis_test_support::replay_json(&[&[path.as_str(), "--limit", "rule-fuel=1000000000000"], arguments.as_slice()].concat());
    let problems = value["problems"].to_string();
    assert!(problems.contains("limit rule-wall-ms = 250 was exceeded"), "{problems}");
    assert!(problems.contains("its event ha") && problems.contains("left"), "those that would come too late are not heard: {problems}");
}

/// UIS is not told of a deal while a rule skips it; what the deal went through meanwhile is told when the rule lets it pass.
#[test]
fn a_deal_that_was_skipped_has_its_whole_way_later() {
    let folder = tempfile::tempdir().expect("a folder");
    let header = json!({"recording": 1, "crm": {
        "customers": [{"id": 17, "firstName": "Пётр", "phones": [{"number": "79161234567"}]}],
        "orders": [{"id": 71, "number": "71A", "status": "new", "customer": {"id": 17}, "createdAt": "2026-11-20 10:00:00"}]}});
    let edit = |at: &str, order: Value| {
        let form = json!({"by": "id", "order": order.to_string()});
        json!({"at": format!("2026-11-23T{at}:00+03:00"), "crm": {"path": "/api/v5/orders/71/edit", "form": form}})
    };
    let skip = "attack=skip";
    let lines = [
        header,
        edit("10:00", json!({"status": "send-to-assembling", "managerComment": skip})),
        edit("11:00", json!({"status": "delivering"})),
        edit("12:00", json!({"status": "complete", "managerComment": ""})),
    ];
    let path = uis_test_support::file(&folder, "skipped.jsonl", &lines.map(|line| line.to_string()).each_ref().map(String::as_str));
    let stages = |value: &Value| -> Vec<String> {
        let deal = value["uis"]["deals"].as_array().and_then(|deals| deals.first()).unwrap_or_else(|| panic!("a deal: {:#}", value["uis"]));
        let states = deal["history"].as_array().into_iter().flatten().filter(|state| state["is_generated"] == false);
        states.map(|state| format!("{} {}", state["modified_stage_date_time"], state["stage_ext_id"])).collect()
    };
    let value = replay(&[&path, "--rule", &format!("bad={HOSTILE}")]);
    assert_eq!(stages(&value), stages(&replay(&[&path])), "as if it had never been skipped");
    let lines = told(&value);
    assert_eq!(lines.iter().filter(|line| line.contains("deal order-71: skip")).count(), 2, "{lines:#?}");
}
