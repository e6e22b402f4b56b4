//! Every recording is replayed by the program with the real component: its text output, its JSON output, and what is in RetailCRM afterwards.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use uis_test_support::{Replayed, recordings, replay_json, root, story, uis_host};

#[test]
fn the_text_output_of_every_recording_is_as_in_its_snapshot() {
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
        // The component's size and the time that it took to compile differ between machines.
        let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("plugin ")).collect();
        settings.bind(|| insta::assert_snapshot!(name.as_str(), lines.join("\n")));
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
    assert!(!validator.is_valid(&json!({"events": {}})), "the schema accepts something that is not an output");
}

/// The session ids of the calls whose end is in a recording, as a notification or in UIS's report.
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
        // A body that is no JSON, with quotes of the template around the placeholders.
        let digits = |text: &str| -> String { text.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect() };
        let id = id.or_else(|| digits(line["body"].as_str()?.split_once("\"call_session_id\"")?.1).parse().ok());
        let from_query = || line["query"].as_str()?.split('&').find_map(|pair| pair.strip_prefix("call_session_id="))?.parse().ok();
        sessions.insert(id.or_else(from_query).expect("a session"), ());
    }
    sessions.into_keys().collect()
}

#[test]
fn every_finished_call_is_in_the_history_exactly_once() {
    for (name, path) in recordings() {
        // In these recordings not every call gets into the history, or a refusal is intended. tests/telephony.rs, tests/calls.rs and
        // tests/texts.rs test them.
        let tested_elsewhere = [
            "telephony.filter-by-number",
            "telephony.deactivated-and-again",
            "telephony.module-off-while-activating",
            "telephony.module-on-then-off-while-crm-busy",
            "telephony.order-refused",
            "telephony.key-lacks-a-right",
            "telephony.right-granted-later",
            "telephony.missed-task-refused-for-a-day",
            "telephony.filter-saved-in-mid-call",
            "telephony.click-shows-filtered-number",
            "telephony.report-hours-late",
            "telephony.known-by-incoming-event-alone",
            "telephony.record-refused-until-saved",
            "telephony.recording-note-refused-until-saved",
            "telephony.filter-saved-before-the-recording",
            "text.refused-until-settings-change",
            "text.request-refused-twice-over",
        ];
        if tested_elsewhere.contains(&name.as_str()) {
            continue;
        }
        let (status, value) = replay_json(&[path.to_str().expect("UTF-8")]);
        assert_eq!(status, 0, "{name}: {}", value["problems"]);
        // RetailCRM's history can have neither calls without a number nor calls between employees.
        let without_customer = matches!(name.as_str(), "anonymous" | "internal" | "internal-by-extension");
        let expected: Vec<String> =
            if without_customer { Vec::new() } else { finished_calls(&path).iter().map(|session| format!("uis-call-{session}")).collect() };
        let mut found: Vec<String> = value["crm"]["calls"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|call| call["externalId"].as_str().expect("an id").to_owned())
            .collect();
        found.sort();
        assert_eq!(found, expected, "{name}");
        if without_customer {
            let skipped: Vec<&Value> =
                value["problems"].as_array().expect("a list").iter().filter(|problem| problem["kind"] == "skipped").collect();
            assert_eq!(skipped.len(), 1, "{name}: not reported exactly once: {skipped:?}");
        }
        // In this recording RetailCRM refuses for good to close the pop-up of a user who was deleted.
        let refused_for = (name == "hangup-of-one-refused").then_some(33);
        for popup in value["crm"]["popups"].as_array().expect("a list") {
            let may_be_open = expected.is_empty() || (refused_for.is_some() && popup["userId"].as_i64() == refused_for);
            assert!(may_be_open || popup["closedAt"].is_string(), "{name}: a pop-up stayed open: {popup}");
        }
    }
}

#[test]
fn calls_have_the_data_of_uis_notifications() {
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
        let after = story(name).replay();
        let call = &after.calls()[0];
        let found = (&call["type"], &call["date"], &call["duration"], &call["durationWaiting"], &call["result"], &call["userId"]);
        assert_eq!(found, (&json!(kind), &json!(date), &json!(duration), &json!(waiting), &json!(result), &json!(user)), "{name}");
        assert_eq!(call["recordUrl"].is_string(), recorded, "{name}: {call}");
    }
}

/// The pop-ups after a replay: the user who saw it, when it was opened, and when it was closed.
fn popups(after: &Replayed) -> Vec<(i64, String, String)> {
    let time = |value: &Value| value.as_str().map_or("open".to_owned(), |text| text[11..19].to_owned());
    let line = |popup: &Value| (popup["userId"].as_i64().expect("an id"), time(&popup["shownAt"]), time(&popup["closedAt"]));
    after.popups().iter().map(line).collect()
}

fn popup(user: i64, from: &str, to: &str) -> (i64, String, String) {
    (user, from.to_owned(), to.to_owned())
}

#[test]
fn a_transfer_moves_the_pop_up_and_stores_both_recordings() {
    let after = story("transfer").replay();
    assert_eq!(popups(&after), [popup(5, "12:00:02", "12:01:00"), popup(6, "12:01:00", "12:04:06")]);
    let longest = after.calls()[0]["recordUrl"].as_str().expect("a link");
    assert!(longest.ends_with("/32/"), "the call record has the recording of the longest talk: {longest}");
    let notes = after.notes();
    assert_eq!((notes.len(), notes[0]["customer"]["id"].as_i64()), (1, Some(17)));
    assert!(notes[0]["text"].as_str().expect("text").contains("/31/"), "{}", notes[0]);
}

#[test]
fn a_transfer_that_no_event_mentions_moves_the_pop_up_with_the_talk() {
    assert_eq!(popups(&story("transfer-untold").replay()), [popup(5, "12:30:02", "12:31:06"), popup(6, "12:31:00", "12:34:06")]);
}

#[test]
fn a_late_or_repeated_ring_opens_no_pop_up() {
    let late = story("late-ring").replay();
    assert_eq!((popups(&late).len(), &late.problems()[0]["kind"]), (0, &json!("stale")));
    let after = story("rung-in-vain").replay();
    assert_eq!(popups(&after), [popup(5, "19:20:02", "19:20:08"), popup(6, "19:20:02", "19:20:58")]);
    let statuses: Vec<(&Value, &Value)> = after.crm()["callEvents"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|event| event["type"] == "hangup")
        .map(|event| (&event["userIds"][0], &event["hangupStatus"]))
        .collect();
    assert_eq!(statuses, [(&json!(5), &json!("no answered")), (&json!(6), &json!("answered"))]);
}

#[test]
fn recordings_that_come_in_one_event_or_only_in_reports_are_stored() {
    for (name, link) in [("several-links", "/2/"), ("recording-untold", "/15/")] {
        let after = story(name).replay();
        assert!(after.calls()[0]["recordUrl"].as_str().expect("a link").ends_with("/1/"), "{name}");
        assert!(after.notes()[0]["text"].as_str().expect("a note").contains(link), "{name}: {:?}", after.notes());
    }
}

#[test]
fn a_pop_up_is_closed_even_if_the_end_of_its_call_never_comes() {
    assert_eq!(popups(&story("never-ended").replay()), [popup(5, "08:00:03", "12:10:03")]);
}

#[test]
fn a_pop_up_that_opens_after_its_call_is_closed() {
    assert_eq!(popups(&story("pop-up-committed-late").replay()), [popup(5, "10:30:23", "10:30:48")]);
}

#[test]
fn deactivation_closes_open_pop_ups() {
    let after = story("switched-off").replay();
    assert_eq!(popups(&after), [popup(5, "18:10:03", "18:11:09"), popup(6, "18:11:20", "18:11:30")]);
    assert_eq!(after.modules()[0]["active"], true, "the integration is on again");
}

#[test]
fn a_timer_that_still_waits_when_the_clock_stops_is_reported() {
    let (status, after) = story("2019-finish-alone").with("--settle").with("5m").replay_with_status();
    assert_eq!((status, &after.problems()[0]["kind"]), (1, &json!("limit")));
    assert!(after.messages()[0].contains("store-call/998677427"), "{:?}", after.problems());
}

#[test]
fn when_an_answer_is_lost_the_recording_is_stored_once() {
    let links = |after: &Replayed| -> (Option<String>, Vec<String>) {
        let texts = after.notes().iter().map(|note| note["text"].as_str().expect("text").to_owned());
        (after.calls()[0]["recordUrl"].as_str().map(str::to_owned), texts.collect())
    };
    for name in ["note-answer-lost", "note-committed-late", "upload-answer-lost"] {
        let after = story(name).replay();
        let (record, notes) = links(&after);
        assert_eq!((record, notes.len()), (None, 1), "{name}: the recording is in one note: {notes:?}");
        assert!(after.retried() > 0, "{name}: no answer was lost");
    }
    let (record, notes) = links(&story("crm-down").replay());
    assert_eq!((record.is_some(), notes.len()), (true, 0));
}

#[test]
fn the_caller_and_the_callers_manager_are_found() {
    let after = story("answered").replay();
    let answers = after.answers();
    assert_eq!(answers.len(), 2, "one for the notification and one for the routing request");
    for answer in answers {
        assert_eq!(answer["forward_to"], json!(["79260000102"]), "the active phone of the UIS employee who is the manager");
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

/// A proxy's page, a redirect, broken JSON: the calls wait for RetailCRM, and this is reported once if it takes long.
#[test]
fn whatever_answers_in_retailcrms_place_is_temporary_and_reported_once() {
    for (name, reports, urls) in [
        ("crm-answers-with-a-page", 1, &["https://media.example/880001/1", "https://media.example/880002/1"][..]),
        ("crm-redirects-all-day", 1, &["https://media.example/880003/1"]),
        ("crm-answers-broken-json", 0, &["https://media.example/880004/1"]),
        ("text.request-behind-a-page", 1, &[]),
        ("deals.crm-answers-with-a-page", 1, &[]),
    ] {
        let after = story(&name.replace('.', "/")).replay();
        let mut recorded: Vec<&str> = after.calls().iter().filter_map(|call| call["recordUrl"].as_str()).collect();
        recorded.sort_unstable();
        assert_eq!(recorded, urls, "{name}");
        let messages = after.messages();
        assert_eq!(messages.len(), reports, "{name}: {messages:?}");
        assert!(messages.iter().all(|message| message.contains("tries again by itself")), "{name}: {messages:?}");
    }
}

/// Quotes that a template put around placeholders: calls and a request are read as they were meant.
#[test]
fn values_in_the_templates_own_quotes_are_read() {
    let after = story("quoted-placeholders").replay();
    let calls: Vec<_> = after.calls().iter().map(|call| (call["phone"].clone(), call["type"].clone(), call["duration"].clone())).collect();
    assert!(calls.contains(&(json!("79215550611"), json!("in"), json!(20))), "{calls:?}");
    assert!(calls.contains(&(json!("79215550612"), json!("out"), json!(31))), "{calls:?}");
    assert_eq!(after.orders()[0]["customerComment"], "Нужно: \"Чай\", 20 пачек\nи сахар");
    assert!(after.messages().is_empty(), "{:?}", after.messages());
}
