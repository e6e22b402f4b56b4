//! Rules that fail or attack: the plugin continues without them, and the account's owner gets the reason.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use uis_harness::build;
use uis_host::bindings::uis::integration::decision::{Appeal, Draft, DraftKind, Field, Value as Held, Verdict};
use uis_host::bindings::uis::integration::types::CommunicationKind;
use uis_host::rules::limits::RuleLimits;
use uis_host::rules::sandbox::{Rule, RuleFault, Sandbox};
use uis_test_support::root;
use uis_test_support::rules::{HOSTILE, RULE, replay, requests, rule_lines, tasks, vip};

#[test]
fn a_rule_that_attacks_is_left_out_and_the_plugin_continues() {
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
    for (attack, message) in attacks {
        let path = requests(&folder, "attack.jsonl", &[json!({ "attack": attack }), vip()], &[]);
        let value = replay(&[&path, "--rule", &format!("bad={HOSTILE}"), "--rule", &format!("vip={RULE}")]);
        // The customer, the order and the task exist, and the good rule's answer was applied.
        assert_eq!(tasks(&value), ["Ответить на заявку №501 for 5", "VIP! Ответить на заявку №502 for 7"], "{attack}");
        let problems = value["problems"].to_string();
        assert!(problems.contains("rule bad: customer of site request 501") && problems.contains(message), "{attack}: {problems}");
    }
    let path = requests(&folder, "markup.jsonl", &[json!({"attack": "markup"})], &[]);
    let task = tasks(&replay(&[&path, "--rule", &format!("bad={HOSTILE}")])).join("");
    assert!(!task.contains(['<', '\r', '\n']), "{task}");
}

/// A call with two recordings, one of which goes into a note; a rule attacks it.
fn attacked_call(folder: &tempfile::TempDir, attack: &str) -> String {
    attacked(folder, "transfer", attack)
}

/// A copy of a recording whose notifications have the parameter `attack` as well.
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
fn rules_can_change_notes_and_call_records_but_cannot_drop_a_call() {
    let folder = tempfile::tempdir().expect("a folder");
    let bad = format!("bad={HOSTILE}");
    let plain = replay(&[&attacked_call(&folder, "none")]);
    let after = |attack: &str| replay(&[&attacked_call(&folder, attack), "--rule", &bad]);
    let url = "https://app.comagic.ru/system/media/talk/998677504/31/";
    // The plugin cleans the rule's text and keeps the link by which it recognises the note.
    let marked = after("markup");
    let note = marked["crm"]["notes"][0]["text"].as_str().expect("a note").to_owned();
    assert!(note.contains("alert(1)") && note.ends_with(url) && !note.contains(['<', '\r']), "{note}");
    assert_eq!(marked["crm"]["calls"], plain["crm"]["calls"]);
    // A note that a rule skips is not created. A call record cannot be skipped.
    let skipped = after("skip");
    assert_eq!((&skipped["crm"]["notes"], &skipped["crm"]["calls"]), (&json!([]), &plain["crm"]["calls"]));
    assert!(rule_lines(&skipped).contains(&"bad call record of call 998677504: skip: as asked".to_owned()), "{:#?}", rule_lines(&skipped));
    // Of a call record, a rule may change the user, the source and the recording, but not that there was a call and how long it was.
    let mut stripped = after("strip")["crm"]["calls"][0].clone();
    assert!(["recordUrl", "userId", "code"].iter().all(|name| stripped.get(name).is_none()), "{stripped:#}");
    let whole = plain["crm"]["calls"][0].clone();
    for name in ["recordUrl", "userId", "code"] {
        stripped[name] = whole[name].clone();
    }
    assert_eq!(stripped, whole);
}

#[test]
fn what_rules_made_invalid_is_created_without_their_changes() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = requests(&folder, "stranger.jsonl", &[json!({"attack": "stranger"})], &[]);
    let bad = format!("bad={HOSTILE}");
    let value = replay(&[&path, "--rule", &bad]);
    assert_eq!(value["crm"], replay(&[&path])["crm"], "the CRM has the same as without the rule");
    let problems = value["problems"].to_string();
    for what in ["order of uis-request-501", "task for uis-request-501"] {
        assert!(problems.contains(&format!("what rules made of the {what}")), "{problems}");
    }
    // The same for a call record. Which call records RetailCRM refuses is not public, so here a fault refuses the first one.
    let path = attacked_call(&folder, "stranger");
    let text = std::fs::read_to_string(&path).expect("the recording");
    let faults = json!({"at": "2026-11-23T11:00:00+03:00",
        "crm-faults": {"rules": [{"method": "POST", "path": "/api/v5/telephony/calls/upload", "times": 1, "status": 400,
            "body": r#"{"success":false,"errorMsg":"Errors in the entity format"}"#}]}});
    let (header, rest) = text.split_once('\n').expect("lines");
    std::fs::write(&path, format!("{header}\n{faults}\n{rest}")).expect("written");
    let value = replay(&[&path, "--rule", &bad]);
    assert_eq!(value["crm"]["calls"], replay(&[&attacked_call(&folder, "none")])["crm"]["calls"]);
    assert!(value["problems"].to_string().contains("what rules made of the record of uis-call-998677504"), "{}", value["problems"]);
}

#[test]
fn read_only_fields_stay_and_the_next_rule_sees_them_unchanged() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = requests(&folder, "forge.jsonl", &[json!({"attack": "forge"})], &[]);
    // The second rule would skip a customer with the forged number, which is on its blacklist. It gets the true number.
    let value = replay(&[&path, "--rule", &format!("a={HOSTILE}"), "--rule", &format!("b={RULE}")]);
    assert_eq!(value["crm"], replay(&[&path])["crm"]);
    let lines = rule_lines(&value);
    for line in [
        "a customer of site request 501: change; not its to change, and left as it was: phone, nonsense",
        "b customer of site request 501: keep",
    ] {
        assert!(lines.iter().any(|found| found == line), "{line} in {lines:#?}");
    }
}

#[test]
fn a_rule_reviews_a_transcript_also_when_it_is_stored_in_an_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let bad = format!("bad={HOSTILE}");
    let comments = |value: &Value| -> Vec<String> {
        let orders = value["crm"]["orders"].as_array().expect("a list").iter();
        orders.filter_map(|order| order["customerComment"].as_str()).map(str::to_owned).collect()
    };
    let unchanged = comments(&replay(&[&attacked(&folder, "text/chat-transcript-order", "none"), "--rule", &bad]));
    assert!(unchanged.iter().any(|text| text.contains("Чат №")), "{unchanged:?}");
    let value = replay(&[&attacked(&folder, "text/chat-transcript-order", "markup"), "--rule", &bad]);
    let changed = comments(&value);
    assert!(changed.iter().any(|text| text.contains("alert(1)") && text.contains("Чат №") && !text.contains('<')), "{changed:?}");
    assert!(value["crm"]["notes"].as_array().is_none_or(Vec::is_empty));
}

#[test]
fn rules_get_the_employee_the_caller_and_the_order_of_a_deal() {
    let folder = tempfile::tempdir().expect("a folder");
    let bad = format!("bad={HOSTILE}");
    let request = json!({"attack": "repeat", "employee_id": 9, "employee_email": "anna@x.example"});
    let value = replay(&[&requests(&folder, "repeat.jsonl", &[request], &[]), "--rule", &bad]);
    assert_eq!(tasks(&value), ["anna@x.example for 5"]);

    let header = json!({"recording": 1, "settings": {"deals": true, "forward-to-manager": true}, "crm": {
        "users": [{"id": 5, "email": "a@x.example", "firstName": "Анна", "active": true, "online": true, "status": "free"}],
        "customers": [{"id": 17, "firstName": "Пётр", "managerId": 5, "phones": [{"number": "79161234567"}]}],
        "orders": [{"id": 71, "number": "71A", "status": "new", "customer": {"id": 17}, "createdAt": "2026-11-20 10:00:00"}]}});
    let route = json!({"at": "2026-11-23T10:00:00+03:00", "route": "cdr_id=7&numa=79161234567&numb=74951112233&attack=repeat"});
    let comment = json!({"managerComment": "attack=repeat"}).to_string();
    let edit = json!({"at": "2026-11-23T10:01:00+03:00",
        "crm": {"path": "/api/v5/orders/71/edit", "form": {"by": "id", "order": comment}}});
    let path =
        uis_test_support::file(&folder, "known.jsonl", &[header, route, edit].map(|line| line.to_string()).each_ref().map(String::as_str));
    let value = replay(&[&path, "--rule", &bad]);
    let lines = rule_lines(&value);
    for line in
        ["bad call 7: change forward-to: nothing → 17, 5", "bad deal order-71: change comments: attack=repeat → 71A new 79161234567"]
    {
        assert!(lines.iter().any(|found| found == line), "{line} in {lines:#?}");
    }
}

#[test]
fn a_field_that_a_rule_removed_is_not_written_later() {
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
    let lines = rule_lines(&value);
    assert!(lines.iter().any(|line| line.ends_with("field-campaign: summer → nothing")), "{lines:#?}");
}

#[test]
fn a_rule_that_keeps_failing_is_quarantined_until_it_is_released() {
    let folder = tempfile::tempdir().expect("a folder");
    let trap = || json!({"attack": "trap"});
    let release = json!({"at": "2026-11-23T10:05:30+03:00", "release-rule": "bad"});
    // For each request the rule is asked about a customer, an order and a task.
    let several = [trap(), trap(), trap(), json!({})];
    let path = requests(&folder, "quarantine.jsonl", &several, std::slice::from_ref(&release));
    let value = replay(&[&path, "--rule", &format!("bad={HOSTILE}")]);
    let lines = rule_lines(&value);
    assert_eq!(lines.iter().filter(|line| line.contains("it trapped")).count(), 5, "{lines:#?}");
    assert!(lines.iter().any(|line| line.contains("quarantined: it failed rule-failures = 5 times")), "{lines:#?}");
    assert!(value["problems"].to_string().contains("quarantined"));
    let again = json!({"at": "2026-11-23T10:06:00+03:00", "notification": "offline_message",
        "body": {"communication_id": 900, "date_time": "2026-11-23 10:06:00", "visitor_phone_number": "79990001122"}});
    let path = requests(&folder, "released.jsonl", &several, &[release, again]);
    let lines = rule_lines(&replay(&[&path, "--rule", &format!("bad={HOSTILE}")]));
    assert!(lines.iter().any(|line| line.contains("site request 900: keep")), "{lines:#?}");
}

/// Asks a rule to review a draft of a task; `attack` chooses the attack.
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

/// 32 evaluations share two instances, and half of them never end. The others wait, and each of them gets its answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn rules_wait_for_an_instance_and_other_rules_do_not_count_against_them() {
    let limits = RuleLimits { instances: 2, wall: Duration::from_millis(40), fuel: 1_000_000_000_000, ..RuleLimits::default() };
    let sandbox = Sandbox::new(limits).expect("an engine");
    let (good, bad) = (loaded(&sandbox, RULE), loaded(&sandbox, HOSTILE));
    let soon = || Instant::now() + Duration::from_secs(300);
    let asked = (0..32).map(async |number| match number % 2 {
        0 => matches!(ask(&sandbox, &good, soon(), "").await, Ok(Verdict::Change(_))),
        _ => ask(&sandbox, &bad, soon(), "loop").await.is_err(),
    });
    let as_expected: Vec<bool> = futures_util::future::join_all(asked).await;
    assert_eq!(as_expected, [true; 32]);
    // If the event has no time left, or too little, that does not count against the rule.
    let over = ask(&sandbox, &good, Instant::now(), "").await.expect_err("no time");
    assert!(!over.counts_against_rule(), "{over}");
    let cut = ask(&sandbox, &bad, Instant::now() + Duration::from_millis(20), "loop").await.expect_err("little time");
    assert!(!cut.counts_against_rule(), "{cut}");
    let own = ask(&sandbox, &bad, soon(), "trap").await.expect_err("it trapped");
    assert!(own.counts_against_rule(), "{own}");
}

/// UIS's scenario waits three seconds for the answer to an incoming call. RetailCRM takes half of them, and the rules would take two seconds.
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
    // With this much fuel, the time limit is the one that stops the rules.
    let (_, value) =
        uis_test_support::replay_json(&[&[path.as_str(), "--limit", "rule-fuel=1000000000000"], arguments.as_slice()].concat());
    let problems = value["problems"].to_string();
    assert!(problems.contains("limit rule-wall-ms = 250 was exceeded"), "{problems}");
    assert!(problems.contains("its event ha") && problems.contains("left"), "rules for which no time is left are left out: {problems}");
}

/// While a rule skips a deal, nothing of it is uploaded. When the rule keeps the deal, the stages that it went through meanwhile are uploaded.
#[test]
fn a_deal_that_was_skipped_gets_all_its_stages_later() {
    let folder = tempfile::tempdir().expect("a folder");
    let header = json!({"recording": 1, "settings": {"deals": true}, "crm": {
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
    assert_eq!(stages(&value), stages(&replay(&[&path])), "the stages are the same as without the rule");
    let lines = rule_lines(&value);
    assert_eq!(lines.iter().filter(|line| line.contains("deal order-71: skip")).count(), 2, "{lines:#?}");
}

/// Rules in JavaScript and Python that print, and raise an exception for orders: the line of their own source is reported, and what they
/// printed.
#[test]
fn an_exception_of_a_rule_is_reported_with_its_line_and_what_the_rule_printed() {
    let rules = [
        (
            "javascript",
            "rule.js",
            "  review(about, draft) {\n",
            "    console.log('seen', draft.kind);\n    if (draft.kind === 'order') about.missing.x;\n",
            8,
        ),
        (
            "python",
            "app.py",
            "    def review(self, about, draft):\n",
            "        print(\"seen\", draft.kind.name.lower())\n        if draft.kind == DraftKind.ORDER:\n            about.missing.x\n",
            17,
        ),
    ];
    let folder = tempfile::tempdir().expect("a folder");
    let path = requests(&folder, "raise.jsonl", &[vip()], &[]);
    for (language, file, before, added, line) in rules {
        if !uis_test_support::toolchains::available(language) {
            continue;
        }
        let rule = uis_test_support::toolchains::copied_as(language, "raises");
        let source = std::fs::read_to_string(rule.join(file)).expect("readable");
        assert!(source.contains(before), "{language}");
        std::fs::write(rule.join(file), source.replacen(before, &format!("{before}{added}"), 1)).expect("written");
        let value = replay(&[&path, "--rule", &format!("bad={}", rule.display())]);
        let answers = value["rules"].as_array().expect("a list");
        let of = |what: &str| answers.iter().find(|answer| answer["about"] == format!("{what} of site request 501")).expect("asked");
        assert_eq!(of("customer")["printed"], "seen customer", "{language}: {answers:#?}");
        let raised = of("order");
        let verdict = raised["verdict"].as_str().expect("text");
        assert!(raised["failed"] == true && verdict.starts_with(&format!("{file}:{line}: ")), "{language}: {verdict}");
        let printed = raised["printed"].as_str().expect("text");
        assert!(printed.starts_with("seen order\n") && printed.contains(&format!("review ({file}:{line})")), "{language}: {printed}");
        // The owner gets it too, and the plugin continues without the rule.
        assert!(value["problems"].to_string().contains(&format!("rule bad: order of site request 501: {file}:{line}: ")), "{value:#}");
        assert_eq!(value["crm"]["orders"].as_array().map(Vec::len), Some(1));
    }
}
