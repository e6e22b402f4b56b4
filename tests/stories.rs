//! Every recording through the program and the real component: what people read, and what machines read.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use uis_test_support::{recordings, replay_json, root, uis_host};

#[test]
fn every_recording_tells_its_story() {
    let settings = {
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(root().join("tests/snapshots"));
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings
    };
    for (name, path) in recordings() {
        let output = uis_host(&["replay", path.strip_prefix(root()).expect("in the repository").to_str().expect("UTF-8")]);
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        // How large the component is and how long compiling took differ from machine to machine.
        let told: Vec<&str> = text.lines().filter(|line| !line.starts_with("plugin ")).collect();
        settings.bind(|| insta::assert_snapshot!(name.as_str(), told.join("\n")));
    }
}

#[test]
fn the_json_of_every_recording_is_valid_by_the_schema() {
    let schema: Value =
        serde_json::from_str(&std::fs::read_to_string(root().join("docs/replay.schema.json")).expect("the schema")).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a valid schema");
    let check = |name: &str, value: &Value| {
        let errors: Vec<String> = validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}");
    };
    let all = recordings();
    for (name, path) in &all {
        let (_, value) = replay_json(&[path.to_str().expect("UTF-8")]);
        check(name, &value);
    }
    let two: Vec<&str> = all.iter().take(2).map(|(_, path)| path.to_str().expect("UTF-8")).collect();
    check("two files", &replay_json(&two).1);
    let (_, summary) = replay_json(&["--summary", two[1]]);
    check("--summary", &summary);
    assert!(summary["crm"]["calls"].is_number());
    assert!(!validator.is_valid(&json!({"events": {}})), "the schema refuses what is not the output");
}

/// Sessions whose end a recording tells, and whose caller has a number and is no employee.
fn finished_calls(path: &std::path::Path) -> Vec<i64> {
    let text = std::fs::read_to_string(path).expect("readable");
    let mut sessions: BTreeMap<i64, ()> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let line: Value = serde_json::from_str(line).expect("JSON");
        for row in line["report"]["calls"].as_array().into_iter().flatten() {
            sessions.insert(row["id"].as_i64().expect("an id"), ());
        }
        if !matches!(line["notification"].as_str(), Some("call_session_finished" | "lost_call_session")) {
            continue;
        }
        let id = line["body"]["call_session_id"].as_i64().or_else(|| line["body"]["call_info"]["call_session_id"].as_str()?.parse().ok());
        let from_query = || line["query"].as_str()?.split('&').find_map(|pair| pair.strip_prefix("call_session_id="))?.parse().ok();
        sessions.insert(id.or_else(from_query).expect("a session"), ());
    }
    sessions.into_keys().collect()
}

#[test]
fn every_finished_call_is_in_the_history_exactly_once() {
    for (name, path) in recordings() {
        // Calls that a filter keeps out, or that come while the integration is off, are no business of the history; and a refusal is
        // meant. tests/telephony.rs has them.
        let told_elsewhere = ["filter-by-number", "deactivated-and-again", "order-refused", "key-lacks-a-right"];
        if name.strip_prefix("telephony.").is_some_and(|name| told_elsewhere.contains(&name)) {
            continue;
        }
        let (status, value) = replay_json(&[path.to_str().expect("UTF-8")]);
        assert_eq!(status, 0, "{name}: {}", value["problems"]);
        let unfit = matches!(name.as_str(), "anonymous" | "internal" | "internal-by-extension");
        let expected: Vec<String> =
            if unfit { Vec::new() } else { finished_calls(&path).iter().map(|session| format!("uis-call-{session}")).collect() };
        let mut found: Vec<String> = value["crm"]["calls"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|call| call["externalId"].as_str().expect("an id").to_owned())
            .collect();
        found.sort();
        assert_eq!(found, expected, "{name}");
        if unfit {
            let skipped: Vec<&Value> =
                value["problems"].as_array().expect("a list").iter().filter(|problem| problem["kind"] == "skipped").collect();
            assert_eq!(skipped.len(), 1, "{name}: said exactly once: {skipped:?}");
        }
        for popup in value["crm"]["popups"].as_array().expect("a list") {
            let told_to_the_end = !expected.is_empty();
            assert!(!told_to_the_end || popup["closedAt"].is_string(), "{name}: a pop-up stayed open: {popup}");
        }
    }
}

/// A recording's call, by the members that a test names.
fn call(name: &str) -> Value {
    let path = root().join(format!("tests/recordings/{name}.jsonl"));
    replay_json(&[path.to_str().expect("UTF-8")]).1["crm"]["calls"][0].clone()
}

#[test]
fn calls_have_what_uis_told_of_them() {
    // recording; type, date, duration, durationWaiting, result, userId, has a recording
    let table = [
        ("answered", "in", "2026-11-23 10:00:00", 140, 11, "answered", 5, true),
        ("recording-late", "in", "2026-11-23 10:00:00", 60, 11, "answered", 5, false),
        ("lost-two-events", "in", "2026-11-23 11:00:00", 0, 30, "no answer", 6, false),
        ("lost-one-event", "in", "2026-11-23 11:09:43", 0, 17, "no answer", 6, false),
        ("transfer", "in", "2026-11-23 12:00:00", 237, 8, "answered", 6, true),
        ("outgoing", "out", "2026-11-23 13:00:00", 60, 9, "answered", 5, true),
        ("outgoing-unanswered", "out", "2026-11-23 13:10:00", 0, 40, "no answer", 5, false),
        ("2019-finish-alone", "in", "2019-12-16 14:40:24", 12, 11, "answered", 12, false),
        ("2019-whole-call", "in", "2019-12-16 14:40:24", 12, 11, "answered", 12, true),
        ("finish-missing", "in", "2026-11-23 16:20:00", 120, 7, "answered", 5, true),
        ("employee-by-email", "in", "2026-11-23 18:00:03", 60, 6, "answered", 5, true),
        ("switched-off", "in", "2026-11-23 18:10:03", 60, 6, "answered", 5, false),
        ("hangup-refused", "in", "2026-11-23 18:30:03", 60, 6, "answered", 5, true),
        ("clocks-turned-back", "in", "2026-10-25 01:28:55", 60, 5, "answered", 5, true),
        ("recording-untold", "in", "2026-11-23 19:00:00", 60, 5, "answered", 5, true),
        ("rung-in-vain", "in", "2026-11-23 19:20:02", 50, 8, "answered", 6, true),
        ("other-zone", "in", "2026-11-24 01:29:40", 10, 10, "answered", 5, true),
    ];
    for (name, kind, date, duration, waiting, result, user, recorded) in table {
        let call = call(name);
        let found = (&call["type"], &call["date"], &call["duration"], &call["durationWaiting"], &call["result"], &call["userId"]);
        assert_eq!(found, (&json!(kind), &json!(date), &json!(duration), &json!(waiting), &json!(result), &json!(user)), "{name}");
        assert_eq!(call["recordUrl"].is_string(), recorded, "{name}: {call}");
    }
}

/// Pop-ups of a recording: whose, from when, to when.
fn popups(value: &Value) -> Vec<(i64, String, String)> {
    let time = |value: &Value| value.as_str().map_or("open".to_owned(), |text| text[11..19].to_owned());
    let list = value["crm"]["popups"].as_array().expect("a list");
    list.iter().map(|popup| (popup["userId"].as_i64().expect("an id"), time(&popup["shownAt"]), time(&popup["closedAt"]))).collect()
}

fn seen(user: i64, from: &str, to: &str) -> (i64, String, String) {
    (user, from.to_owned(), to.to_owned())
}

#[test]
fn a_transfer_moves_the_pop_up_and_keeps_both_recordings() {
    let path = root().join("tests/recordings/transfer.jsonl");
    let (_, value) = replay_json(&[path.to_str().expect("UTF-8")]);
    assert_eq!(popups(&value), [seen(5, "12:00:02", "12:01:00"), seen(6, "12:01:00", "12:04:06")]);
    let longest = value["crm"]["calls"][0]["recordUrl"].as_str().expect("a link");
    assert!(longest.ends_with("/32/"), "the longest talk is the record's: {longest}");
    let notes = value["crm"]["notes"].as_array().expect("a list");
    assert_eq!((notes.len(), notes[0]["customer"]["id"].as_i64()), (1, Some(17)));
    assert!(notes[0]["text"].as_str().expect("text").contains("/31/"), "{}", notes[0]);
}

#[test]
fn a_transfer_that_no_event_calls_one_moves_the_pop_up_with_the_talk() {
    let path = root().join("tests/recordings/transfer-untold.jsonl");
    let (_, value) = replay_json(&[path.to_str().expect("UTF-8")]);
    assert_eq!(popups(&value), [seen(5, "12:30:02", "12:31:06"), seen(6, "12:31:00", "12:34:06")]);
}

#[test]
fn a_ringing_that_is_old_or_known_opens_nothing() {
    let play = |name: &str| replay_json(&[root().join(format!("tests/recordings/{name}.jsonl")).to_str().expect("UTF-8")]).1;
    let late = play("late-ring");
    assert_eq!((popups(&late).len(), &late["problems"][0]["kind"]), (0, &json!("stale")));
    let vain = play("rung-in-vain");
    assert_eq!(popups(&vain), [seen(5, "19:20:02", "19:20:08"), seen(6, "19:20:02", "19:20:58")]);
    let statuses: Vec<(&Value, &Value)> = vain["crm"]["callEvents"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|event| event["type"] == "hangup")
        .map(|event| (&event["userIds"][0], &event["hangupStatus"]))
        .collect();
    assert_eq!(statuses, [(&json!(5), &json!("no answered")), (&json!(6), &json!("answered"))]);
}

#[test]
fn recordings_told_together_or_not_at_all_are_kept() {
    for (name, link) in [("several-links", "/2/"), ("recording-untold", "/15/")] {
        let (_, value) = replay_json(&[root().join(format!("tests/recordings/{name}.jsonl")).to_str().expect("UTF-8")]);
        assert!(value["crm"]["calls"][0]["recordUrl"].as_str().expect("a link").ends_with("/1/"), "{name}");
        assert!(value["crm"]["notes"][0]["text"].as_str().expect("a note").contains(link), "{name}: {}", value["crm"]["notes"]);
    }
}

#[test]
fn a_pop_up_does_not_outlive_its_call_for_ever() {
    let (_, value) = replay_json(&[root().join("tests/recordings/never-ended.jsonl").to_str().expect("UTF-8")]);
    assert_eq!(popups(&value), [seen(5, "08:00:03", "12:10:03")]);
}

#[test]
fn switching_off_closes_what_is_open() {
    let (_, value) = replay_json(&[root().join("tests/recordings/switched-off.jsonl").to_str().expect("UTF-8")]);
    assert_eq!(popups(&value), [seen(5, "18:10:03", "18:11:09"), seen(6, "18:11:20", "18:11:30")]);
    assert_eq!(value["crm"]["modules"][0]["active"], true, "switched on again");
}

#[test]
fn a_clock_that_stops_too_early_is_told() {
    let path = root().join("tests/recordings/2019-finish-alone.jsonl");
    let (status, value) = replay_json(&[path.to_str().expect("UTF-8"), "--settle", "5m"]);
    assert_eq!((status, &value["problems"][0]["kind"]), (1, &json!("limit")));
    assert!(value["problems"][0]["message"].as_str().expect("text").contains("store-call/998677427"), "{}", value["problems"]);
}

#[test]
fn a_lost_answer_doubles_nothing_and_loses_nothing() {
    let play = |name: &str| replay_json(&[root().join(format!("tests/recordings/{name}.jsonl")).to_str().expect("UTF-8")]).1;
    let links = |value: &Value| -> (Option<String>, Vec<String>) {
        let texts = value["crm"]["notes"].as_array().expect("a list").iter().map(|note| note["text"].as_str().expect("text").to_owned());
        (value["crm"]["calls"][0]["recordUrl"].as_str().map(str::to_owned), texts.collect())
    };
    for name in ["note-answer-lost", "note-committed-late", "upload-answer-lost"] {
        let value = play(name);
        let (record, notes) = links(&value);
        assert_eq!((record, notes.len()), (None, 1), "{name}: the recording is in one note: {notes:?}");
        assert!(value["events"]["retried"].as_u64() > Some(0), "{name}: an answer was lost");
    }
    let (record, notes) = links(&play("crm-down"));
    assert_eq!((record.is_some(), notes.len()), (true, 0));
}

#[test]
fn the_caller_and_his_manager_are_found() {
    let path = root().join("tests/recordings/answered.jsonl");
    let (_, value) = replay_json(&[path.to_str().expect("UTF-8")]);
    let answers = value["uis"]["answers"].as_array().expect("a list");
    assert_eq!(answers.len(), 2, "the notification and the routing request");
    for answer in answers {
        assert_eq!(answer["forward_to"], json!(["79260000102"]), "the active phone of the manager's employee");
        assert_eq!(
            answer["card"],
            json!({
                "name": "Сидоров Пётр",
                "url": "https://demo.retailcrm.ru/customers/17",
                "orders": [{"url": "https://demo.retailcrm.ru/orders/71/edit", "name": "71A", "status": "Новый"}],
            })
        );
    }
}
