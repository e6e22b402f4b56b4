//! Calls whose events are late, incomplete or with unusual numbers: what is in RetailCRM after each recording.

use serde_json::{Value, json};
use uis_test_support::{Replayed, story};

fn after(name: &str) -> Replayed {
    story(name).replay_natively()
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The tasks: phone, when they are due, and whether they are open.
fn tasks(after: &Replayed) -> Vec<String> {
    let state = |task: &Value| if task["complete"] == true { "done" } else { "open" };
    after.tasks().iter().map(|task| format!("{} {} {}", text(&task["phone"]), text(&task["datetime"]), state(task))).collect()
}

/// The pop-ups: user, and from when to when they were shown.
fn popups(after: &Replayed) -> Vec<String> {
    let time = |value: &Value| value.as_str().map_or("open".to_owned(), |text| text[11..19].to_owned());
    after.popups().iter().map(|popup| format!("{} {} {}", popup["userId"], time(&popup["shownAt"]), time(&popup["closedAt"]))).collect()
}

/// The records of the history: id, direction, result, user and source.
fn calls(after: &Replayed) -> Vec<String> {
    let mut calls: Vec<String> = after
        .calls()
        .iter()
        .map(|call| {
            let (id, kind, result) = (text(&call["externalId"]), text(&call["type"]), text(&call["result"]));
            format!("{id} {kind} {result} of {} from {}", call["userId"], text(&call["source"]["source"]))
        })
        .collect();
    calls.sort();
    calls
}

#[test]
fn a_missed_call_that_becomes_known_late_is_judged_by_when_it_happened() {
    // The first two callers were talked with since; the third was not reached, and the talk with the fourth was before.
    assert_eq!(
        tasks(&after("telephony/missed-task-reported-after-the-call-back")),
        ["79081110003 2027-04-14 11:02 open", "79081110004 2027-04-14 11:03 open"]
    );
}

#[test]
fn a_call_back_completes_every_task_of_the_number_before_it() {
    assert_eq!(
        tasks(&after("telephony/missed-task-all-closed-by-call")),
        [
            "79081110001 2027-04-14 11:00 done",
            "79081110001 2027-04-14 11:10 done",
            "79081110001 2027-04-14 12:10 open",
            "79081110002 2027-04-14 12:11 open",
        ]
    );
    assert_eq!(tasks(&after("telephony/missed-task-of-two-calls")), ["79081110001 2027-04-14 11:00 open"]);
}

#[test]
fn days_off_nights_and_lunches_are_read_as_retailcrm_means_them() {
    assert_eq!(
        tasks(&after("telephony/missed-task-on-holidays")),
        [
            "79081110101 2027-12-30 13:00 open",
            "79081110102 2028-01-06 13:00 open",
            "79081110104 2028-02-29 13:00 open",
            "79081110105 2028-03-08 13:00 open",
        ]
    );
    assert_eq!(tasks(&after("telephony/missed-task-in-a-night-shift")), ["79081110203 2027-04-15 04:00 open"]);
}

#[test]
fn an_outgoing_call_stays_outgoing_though_its_lost_event_has_no_direction() {
    let after = after("telephony/outgoing-lost-without-direction");
    assert_eq!(calls(&after), ["uis-call-151 out no answer of 32 from null", "uis-call-152 out no answer of 32 from null"]);
    assert_eq!(tasks(&after), ["79081110300 2027-04-14 11:00 open", "79081110301 2027-04-14 12:00 open"]);
}

#[test]
fn a_click_is_known_by_uis_source_as_by_its_mark() {
    let after = after("telephony/click-known-by-source");
    assert_eq!(
        calls(&after),
        [
            "uis-call-161 out answered of 31 from retailcrm",
            "uis-call-162 out no answer of 32 from retailcrm",
            "uis-call-163 out no answer of 31 from retailcrm",
        ]
    );
    let shown: Vec<&Value> = after.crm()["callEvents"].as_array().expect("a list").iter().map(|event| &event["type"]).collect();
    assert_eq!(shown, [&json!("out"), &json!("hangup"), &json!("out"), &json!("hangup")]);
}

#[test]
fn a_pop_up_stays_until_the_last_leg_of_its_user_has_ended() {
    assert_eq!(
        popups(&after("two-phones-one-user")),
        ["31 10:00:02 10:02:05", "32 10:00:02 10:00:09", "31 11:00:02 11:00:09", "32 11:00:03 11:01:09", "32 12:00:02 12:02:05"]
    );
}

#[test]
fn a_pop_up_that_retailcrm_refuses_to_close_leaves_no_other_open() {
    let after = after("hangup-of-one-refused");
    assert_eq!(popups(&after), ["31 10:00:02 10:00:30", "32 10:00:02 10:00:30", "33 10:00:02 open"], "user 33 was deleted");
    let events = after.crm()["callEvents"].as_array().expect("a list").iter();
    let closed: Vec<&Value> = events.filter(|event| event["type"] == "hangup").map(|event| &event["userIds"]).collect();
    assert_eq!(closed, [&json!([31]), &json!([32])], "each with a request of its own");
}

#[test]
fn the_record_the_manager_and_templates_agree_about_who_talked_last() {
    let after = after("telephony/transferred-twice");
    let users: Vec<&Value> = after.calls().iter().map(|call| &call["userId"]).collect();
    let customers: Vec<_> = after.customers().iter().map(|one| (&one["managerId"], &one["customFields"]["who"])).collect();
    assert_eq!(users, [&json!(33), &json!(32)]);
    assert_eq!(customers, [(&json!(33), &json!("Юдина Рита")), (&json!(32), &json!("Носов Глеб"))]);
}

#[test]
fn a_call_that_only_the_report_contains_fills_fields_and_templates_alike() {
    let after = after("telephony/report-fills-fields");
    let fields: Vec<&Value> = after.customers().iter().map(|one| &one["customFields"]).collect();
    let of =
        |who: &str| json!({"tags": "Опт, Повтор", "scenario": "Розница", "utm": "yandex весна", "site": "veranda.example", "who": who});
    let (talked, missed) = (of("Ершова Алла"), of("Носов Глеб"));
    assert_eq!(fields, [&talked, &missed, &talked, &missed], "two by notifications, two by the report");
    let names: Vec<&Value> = after.tasks().iter().map(|task| &task["text"]).collect();
    let name = json!("Носов Глеб не ответила, сценарий Розница, Опт, Повтор");
    assert_eq!(names, [&name, &name]);
}

#[test]
fn own_and_short_numbers_are_in_the_history_and_nowhere_else() {
    let after = after("telephony/own-and-short-numbers");
    let phones = |list: &[Value]| list.iter().map(|one| text(&one["phones"][0]["number"])).collect::<Vec<_>>();
    assert_eq!((after.calls().len(), after.tasks().len(), after.orders().len()), (7, 0, 1));
    assert_eq!(phones(after.customers()), ["79081110801"]);
}

#[test]
fn a_filter_that_is_saved_in_mid_call_closes_the_calls_pop_up() {
    let after = after("telephony/filter-saved-in-mid-call");
    assert_eq!(popups(&after), ["31 10:00:02 10:01:00", "32 10:00:03 10:02:09"]);
    assert_eq!(calls(&after), ["uis-call-212 in no answer of 32 from null"]);
}

#[test]
fn a_click_that_shows_a_number_outside_of_the_filter_is_handled() {
    let after = after("telephony/click-shows-filtered-number");
    assert_eq!(calls(&after), ["uis-call-213 out answered of 31 from retailcrm"], "a click made elsewhere is not");
    assert_eq!(popups(&after), ["31 10:00:02 10:01:12"]);
}

#[test]
fn a_call_that_uis_reports_hours_late_is_still_found() {
    let calls = calls(&after("telephony/report-hours-late"));
    assert_eq!(
        calls,
        ["uis-call-221 in answered of 31 from null", "uis-call-222 in answered of 31 from null"],
        "none from before the start"
    );
}

/// A member of every record of the history, and the record's call.
fn of_calls(after: &Replayed, member: &str) -> Vec<String> {
    let mut all: Vec<String> = after.calls().iter().map(|call| format!("{} {}", text(&call["externalId"]), text(&call[member]))).collect();
    all.sort();
    all
}

#[test]
fn what_only_the_event_of_an_incoming_call_contains_is_kept() {
    let after = after("telephony/known-by-incoming-event-alone");
    assert_eq!(calls(&after), ["uis-call-241 in no answer of null from yandex", "uis-call-242 in answered of 41 from vk"]);
    assert_eq!(of_calls(&after, "phone"), ["uis-call-241 79083330001", "uis-call-242 79083330002"]);
    assert_eq!(of_calls(&after, "externalPhone"), ["uis-call-241 78432770001", "uis-call-242 78432770001"]);
    assert_eq!(tasks(&after), ["79083330001 2027-06-16 11:00 open"]);
    let fields: Vec<&Value> = after.customers().iter().map(|one| &one["customFields"]["ad"]).collect();
    assert_eq!(fields, [&json!("Опт, vk")]);
    assert_eq!(after.messages(), Vec::<&str>::new(), "nothing is reported of a call of which nothing else is heard");
}

#[test]
fn two_clicks_on_one_number_within_a_second_are_kept_apart() {
    let after = after("telephony/two-click-one-number");
    assert_eq!(
        calls(&after),
        [
            "uis-call-251 out no answer of 41 from retailcrm",
            "uis-call-252 out answered of 42 from retailcrm",
            "uis-call-253 out no answer of 41 from retailcrm",
            "uis-call-254 out no answer of 42 from retailcrm",
        ]
    );
    assert_eq!(popups(&after), ["41 10:00:02 10:00:32", "42 10:00:02 10:01:12"]);
}

#[test]
fn what_retailcrm_refuses_is_reported_once_and_retried_when_settings_are_saved() {
    let record = after("telephony/record-refused-until-saved");
    assert_eq!(record.messages().len(), 1, "{:?}", record.messages());
    assert_eq!(calls(&record), ["uis-call-261 in answered of 41 from null"]);
    let note = after("telephony/recording-note-refused-until-saved");
    assert_eq!(note.messages().len(), 1, "{:?}", note.messages());
    let notes: Vec<String> = note.notes().iter().map(|note| text(&note["text"])).collect();
    assert_eq!(notes, ["Запись звонка от 2027-06-16 10:00:00 (1:00): https://media.example/262/a1"]);
}

#[test]
fn a_field_that_is_gone_is_reported_once_until_settings_are_saved() {
    let after = after("telephony/field-missing-reported-once");
    let messages = after.messages();
    assert!(messages.len() == 2 && messages.iter().all(|one| one.starts_with("extra-field-rows: field gone: ")), "{messages:?}");
}

#[test]
fn a_recording_that_waits_behind_the_end_gets_into_the_record() {
    let after_outage = after("telephony/recording-waits-behind-an-outage");
    assert_eq!(of_calls(&after_outage, "recordUrl"), ["uis-call-271 https://media.example/271/a1"]);
    let filtered = after("telephony/filter-saved-before-the-recording");
    assert_eq!(of_calls(&filtered, "recordUrl"), ["uis-call-281 https://media.example/281/a1"], "a later call is shut out");
}

#[test]
fn a_tag_that_is_too_long_costs_no_other_tag() {
    let after = after("telephony/tag-longer-than-its-field");
    let fields: Vec<&Value> = after.customers().iter().map(|one| &one["customFields"]).collect();
    assert_eq!(fields, [&json!({"tags": "Опт, Казань"}), &Value::Null]);
    assert_eq!(of_calls(&after, "phone"), ["uis-call-301 79083330061", "uis-call-302 79083330062"], "a query with doubled quotes");
}
