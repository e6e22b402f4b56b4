//! Stories, rendered with the templates that owners enter and read by the host, give the events of the recordings of the same course.

use std::path::Path;

use serde_json::{Value, json};
use uis_host::clock::{instant, zone};
use uis_host::event::Event;
use uis_host::notification::templates::{Subscription, Subscriptions};
use uis_host::notification::{events, params::Params};
use uis_host::ports::Reports;
use uis_simulator::stories::{Forward, Ids, Moment, Script, Story, What, World, script};
use uis_simulator::templates::{Style, render};
use uis_simulator::{Account, SimulatedAccount};

const MOSCOW: chrono_tz::Tz = chrono_tz::Europe::Moscow;

/// A recording: its account, and its notifications with their types and times.
struct Recording {
    account: Account,
    notifications: Vec<(String, i64, Value)>,
}

fn recording(name: &str) -> Recording {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/recordings").join(name);
    let text = std::fs::read_to_string(path).expect("a recording");
    let mut lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let header = lines.next().expect("a header");
    let account = serde_json::from_value(header["account"].clone()).expect("an account");
    let notification = |line: Value| {
        let at = chrono::DateTime::parse_from_rfc3339(line["at"].as_str()?).expect("a time").timestamp_millis();
        Some((line["notification"].as_str()?.to_owned(), at, line["body"].clone()))
    };
    Recording { account, notifications: lines.filter_map(notification).collect() }
}

fn read(mnemonic: &str, body: &Value, received: i64) -> Vec<Event> {
    let params = Params::from_body(body, MOSCOW, received).expect("a body");
    events(mnemonic, &params).unwrap_or_else(|error| panic!("{mnemonic}: {error}: {body}"))
}

/// The moments of a story whose call rings `waited` milliseconds and a second after its beginning.
fn moments(story: &Value, account: &Account, start: i64, waited: i64) -> Vec<Moment> {
    let story = Story::read(story).expect("a story");
    let mut ids = Ids::from(1000);
    let mut world = World { account, start, faster: 1.0, ids: &mut ids };
    match script(&story, &mut world).expect("it fits the account") {
        Script::Moments(moments) => moments,
        Script::Incoming(mut moments, call) => {
            moments.extend(call.goes_on(&mut world, &Forward::GoOn, waited).expect("it fits the account"));
            moments
        }
    }
}

/// The events that the host reads from a story's notifications.
fn host_events(moments: &[Moment]) -> Vec<(String, Event)> {
    let subscriptions = Subscriptions::below("http://127.0.0.1/shop/notify/s");
    let mut found = Vec::new();
    for moment in moments {
        let What::Event { mnemonic, parameters } = &moment.what else { continue };
        let wanted: &Subscription = subscriptions.notifications.iter().find(|one| one.event == *mnemonic).expect("a template");
        let body = render(wanted, parameters, Style::default()).body.expect("a body");
        found.extend(read(mnemonic, &Value::String(body), 0).into_iter().map(|event| ((*mnemonic).to_owned(), event)));
    }
    found
}

/// What the recording has and the story has differently. Members that the recording leaves out do not count.
fn differences(recorded: &Value, played: &Value, path: &str, ignored: &[&str], found: &mut Vec<String>) {
    let name = path.rsplit('.').next().unwrap_or_default();
    if recorded.is_null() || ignored.contains(&name) || ignored.contains(&path) {
        return;
    }
    match (recorded, played) {
        (Value::Object(members), _) => {
            members.iter().for_each(|(name, value)| differences(value, &played[name], &format!("{path}.{name}"), ignored, found));
        }
        (Value::Array(pairs), Value::Array(others)) if name == "attributes" => {
            for pair in pairs {
                let own = others.iter().find(|other| other[0] == pair[0]).unwrap_or(&Value::Null);
                let attribute = pair[0].as_str().unwrap_or_default();
                differences(&pair[1], &own[1], &format!("{path}.{attribute}"), ignored, found);
            }
        }
        (Value::Array(items), _) => {
            items.iter().enumerate().for_each(|(n, item)| differences(item, &played[n], &format!("{path}[{n}]"), ignored, found));
        }
        (recorded, played) if recorded == played => {}
        (recorded, played) => found.push(format!("{path}: recorded {recorded}, played {played}")),
    }
}

/// Every recorded event has its counterpart among those of the story, in the same order.
fn matches_recording(name: &str, story: &Value, waited: i64, ignored: &[&str]) {
    let recording = recording(name);
    let start = recording.notifications[0].1;
    let mut played = host_events(&moments(story, &recording.account, start, waited)).into_iter();
    for (mnemonic, received, body) in &recording.notifications {
        for event in read(mnemonic, body, *received) {
            let own = played.find(|(other, _)| other == mnemonic);
            let (_, own) = own.unwrap_or_else(|| panic!("{name}: the story has no further {mnemonic}"));
            let (event, own) = (serde_json::to_value(&event).expect("JSON"), serde_json::to_value(&own).expect("JSON"));
            let mut found = Vec::new();
            differences(&event, &own, mnemonic, ignored, &mut found);
            assert!(found.is_empty(), "{name}: {mnemonic}:\n{}", found.join("\n"));
        }
    }
}

/// Numbers that UIS gives, each of which is new in every call.
const NEW: [&str; 5] = ["leg_id", "leg-id", "leg_ids", "communication_number", "url"];

#[test]
fn an_answered_call() {
    let story = json!({"story": "answered", "call-session-id": 998_677_500, "employee": 323_409, "scenario": "Основной", "ring": 8,
        "talk": 140, "recording-after": 40});
    matches_recording("answered.jsonl", &story, 2000, &NEW);
}

#[test]
fn a_lost_call_with_two_notifications() {
    let story = json!({"story": "missed", "call-session-id": 998_677_502, "employee": 323_409, "second-employee": 323_410,
        "scenario": "Основной", "ring": 14});
    // In the recording the phones ring for different times.
    let times = ["at", "finished_at"];
    matches_recording("lost-two-events.jsonl", &story, 1000, &[&NEW[..], &times].concat());
}

#[test]
fn a_transferred_call() {
    let story = json!({"story": "transfer", "call-session-id": 998_677_504, "employee": 323_409, "second-employee": 323_410,
        "scenario": "Основной", "ring": 6, "talk": 57, "second-talk": 180, "recording-after": 24});
    matches_recording("transfer.jsonl", &story, 1000, &[&NEW[..], &["at", "finished_at"]].concat());
}

#[test]
fn a_clicked_call() {
    let story = json!({"story": "click", "call-session-id": 998_677_505, "employee": 323_409, "external-id": "click-1", "ring": 6,
        "talk": 60, "recording-after": 21, "parameters": {"scenario_name": "Основной"}});
    matches_recording("outgoing.jsonl", &story, 0, &NEW);
}

#[test]
fn an_outgoing_call_that_nobody_answers() {
    let story = json!({"story": "unanswered", "call-session-id": 998_677_506, "employee": 323_409, "ring": 40,
        "parameters": {"call_source": "va"}});
    matches_recording("outgoing-unanswered.jsonl", &story, 0, &NEW);
}

#[test]
fn a_chat_that_an_employee_answers() {
    let line = |from: &str, text: &str| json!({"from": from, "text": text});
    let story = json!({"story": "chat", "phone": "", "nick": "petr_s", "employee": 323_410, "lines": [
        line("visitor", "Здравствуйте <b>!</b>"), line("operator", "Чем помочь?"), line("visitor", "Мой номер 8 916 123-45-67")],
        "parameters": {"chat_id": 601, "communication_id": 5601, "visitor_id": 7601, "chat_channel_id": 31,
            "chat_channel_type": "comagic", "chat_channel_name": "Сайт", "utm_source": "vk"}});
    let recorded = recording("text/chat-closed.jsonl");
    let first = recorded.notifications.iter().position(|(_, _, body)| body["chat_id"] == 601).expect("the chat");
    assert_eq!(first, 0, "the recording begins with this chat");
    let ignored = ["at", "message_id", "message-id", "attachment"];
    let (start, mut played) =
        (recorded.notifications[0].1, host_events(&moments(&story, &recorded.account, recorded.notifications[0].1, 0)).into_iter());
    for (mnemonic, received, body) in recorded.notifications.iter().take_while(|(_, _, body)| body["chat_id"] == 601) {
        assert!(*received >= start);
        let event = serde_json::to_value(&read(mnemonic, body, *received)[0]).expect("JSON");
        let own = played.find(|(other, _)| other == mnemonic).map(|(_, own)| serde_json::to_value(own).expect("JSON"));
        let mut found = Vec::new();
        differences(&event, &own.unwrap_or_else(|| panic!("no further {mnemonic}")), mnemonic, &ignored, &mut found);
        assert!(found.is_empty(), "{mnemonic}:\n{}", found.join("\n"));
    }
}

fn shop() -> Account {
    serde_json::from_value(json!({
        "employees": [
            {"id": 11, "full_name": "Иванова Анна", "email": "anna@shop.example", "extension": "101",
             "phone_numbers": [{"phone_number": "74950000101"}]},
            {"id": 12, "full_name": "Петров Борис", "phone_numbers": [{"phone_number": "74950000102"}]},
        ],
        "virtual_numbers": [{"id": 1, "virtual_phone_number": "74951110011"}],
        "chat_channels": [{"id": 3, "name": "Сайт", "type": "comagic"}],
        "sites": [{"id": 4, "domain_name": "shop.example"}],
        "tags": [{"id": 7, "name": "Опт"}],
    }))
    .expect("an account")
}

/// Monday 10:00 in Moscow.
const START: i64 = 1_795_417_200_000;

#[tokio::test]
async fn the_reports_agree_with_the_notifications() {
    for kind in ["answered", "missed", "transfer", "outgoing", "unanswered", "click"] {
        let story = json!({"story": kind, "tag": "Опт", "talk": 10, "name": "Анна"});
        let moments = moments(&story, &shop(), START, 0);
        let end = host_events(&moments).into_iter().find(|(mnemonic, _)| mnemonic == "call_session_finished");
        let Some((_, Event::CallFinished(end))) = end else { panic!("{kind}: no end") };
        let clock = std::sync::Arc::new(uis_host::clock::VirtualClock::at(instant(START + 600_000)));
        let account = SimulatedAccount::new(shop(), clock);
        for moment in &moments {
            if let What::Rows(rows) = &moment.what {
                account.state().merge_report(rows, zone("Europe/Moscow").expect("a zone"), START).expect("readable");
            }
        }
        let (calls, _) = account.finished_calls(0, None, 10).await.expect("a report");
        assert_eq!(calls.len(), 1, "{kind}");
        let row = &calls[0];
        let facts = |call: &uis_host::bindings::uis::integration::call_events::CallFinished| {
            let employee = |hint: &Option<uis_host::bindings::uis::integration::types::EmployeeHint>| hint.as_ref().and_then(|one| one.id);
            (
                (call.call.session_id, call.is_lost, call.talk_seconds, call.wait_seconds, call.total_seconds),
                (call.call.direction, call.call.is_transfer, call.call.external_id.clone(), call.call.tags.clone()),
                (employee(&call.last_talked_employee), call.rung_employee_ids.clone(), call.call.started_at, call.finished_at),
            )
        };
        let recordings = host_events(&moments).iter().filter(|(mnemonic, _)| mnemonic == "record_ready").count();
        assert_eq!(row.recordings.len(), recordings, "{kind}");
        let (expected, found) = (facts(&end), facts(row));
        assert_eq!((found.0, found.1), (expected.0, expected.1), "{kind}");
        assert_eq!((found.2.0, found.2.2, found.2.3), (expected.2.0, expected.2.2, expected.2.3), "{kind}");
    }
}

#[tokio::test]
async fn chats_and_requests_are_in_the_reports() {
    let clock = std::sync::Arc::new(uis_host::clock::VirtualClock::at(instant(START)));
    let account = SimulatedAccount::new(shop(), clock);
    let all: Vec<Moment> = ["chat", "lost-chat", "site-request"]
        .iter()
        .enumerate()
        .flat_map(|(n, kind)| {
            let mut ids = Ids::from(1000 * (n as i64 + 1));
            let mut world = World { account: &account.state().account, start: START, faster: 1.0, ids: &mut ids };
            let story = Story::read(&json!({"story": kind, "phone": "8 916 123-45-67"})).expect("a story");
            match script(&story, &mut world).expect("it fits") {
                Script::Moments(moments) => moments,
                Script::Incoming(..) => panic!("no call"),
            }
        })
        .collect();
    for moment in &all {
        if let What::Rows(rows) = &moment.what {
            account.state().merge_report(rows, MOSCOW, START).expect("readable");
        }
    }
    let (chats, _) = account.finished_chats(0, None, 10).await.expect("a report");
    let events_read = host_events(&all);
    let mut ends: Vec<_> =
        events_read.iter().filter_map(|(_, event)| if let Event::ChatFinished(end) = event { Some(end) } else { None }).collect();
    ends.sort_by_key(|end| end.chat.at);
    assert_eq!(chats.len(), 2);
    for (row, end) in chats.iter().zip(ends) {
        assert_eq!((row.chat.chat_id, row.status, &row.release_cause), (end.chat.chat_id, end.status, &end.release_cause));
        assert_eq!((&row.chat.visitor.phone, row.chat.site_id, row.chat.at), (&end.chat.visitor.phone, end.chat.site_id, end.chat.at));
        let (messages, _) = account.transcript(row.chat.chat_id, None, 10).await.expect("a transcript");
        let said: Vec<_> = events_read
            .iter()
            .filter_map(|(_, event)| match event {
                Event::ChatMessage(message) if message.chat.chat_id == row.chat.chat_id => Some((message.message_id, message.text.clone())),
                _ => None,
            })
            .collect();
        assert_eq!(messages.iter().map(|message| (message.message_id, message.text.clone())).collect::<Vec<_>>(), said);
    }
    let (requests, _) = account.received_site_requests(0, None, 10).await.expect("a report");
    let sent =
        events_read.iter().find_map(|(_, event)| if let Event::SiteRequest(request) = event { Some(request) } else { None }).expect("sent");
    assert_eq!((requests[0].communication_id, &requests[0].text, &requests[0].phone), (sent.communication_id, &sent.text, &sent.phone));
}

#[test]
fn the_scenarios_answer_decides_who_rings() {
    let account = shop();
    for (numbers, expected) in [
        (vec!["74950000102"], vec![Some(12)]),
        (vec!["101"], vec![Some(11)]),
        (vec!["79260000000", "+7 495 000-01-02"], vec![None, Some(12)]),
    ] {
        let mut ids = Ids::from(1);
        let mut world = World { account: &account, start: START, faster: 1.0, ids: &mut ids };
        let Script::Incoming(_, call) = script(&Story::read(&json!({"story": "missed"})).expect("a story"), &mut world).expect("it fits")
        else {
            panic!("a call")
        };
        let forward = Forward::To(numbers.iter().map(|number| (*number).to_owned()).collect());
        let moments = call.goes_on(&mut world, &forward, 0).expect("it fits");
        let rung: Vec<Option<i64>> = host_events(&moments)
            .iter()
            .filter_map(|(_, event)| if let Event::LegRinging(leg) = event { Some(leg.call.employee.as_ref()?.id) } else { None })
            .collect();
        // Nobody's phone rings without an employee in the event.
        assert_eq!(rung, expected.into_iter().filter(Option::is_some).collect::<Vec<_>>(), "{numbers:?}");
    }
}

#[test]
fn what_does_not_fit_the_account_is_named() {
    let account = shop();
    for (story, expected) in [
        (json!({"story": "answered", "employee": 99}), "employee 99 is not in the account; it has: 11, 12"),
        (json!({"story": "chat", "channel": 9}), "chat channel 9 is not in the account"),
        (json!({"story": "site-request", "site": 9}), "site 9 is not in the account"),
        (json!({"story": "tag"}), "communication is missing"),
        (json!({"story": "tag", "communication": 1, "communication-type": "visit"}), "communication-type \"visit\" is not one of"),
    ] {
        let mut ids = Ids::from(1);
        let mut world = World { account: &account, start: START, faster: 1.0, ids: &mut ids };
        let error = script(&Story::read(&story).expect("a story"), &mut world).expect_err(expected);
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn an_anonymous_caller_has_no_number() {
    let events = host_events(&moments(&json!({"story": "missed", "phone": ""}), &shop(), START, 0));
    assert!(events.iter().all(|(_, event)| event.call().is_some_and(|call| call.contact.is_none())));
}

#[test]
fn times_lie_closer_together_when_a_story_is_played_faster() {
    let account = shop();
    let mut ids = Ids::from(1);
    let mut world = World { account: &account, start: START, faster: 60.0, ids: &mut ids };
    let story = Story::read(&json!({"story": "outgoing", "ring": 60, "talk": 120, "recording-after": 0})).expect("a story");
    let Script::Moments(moments) = script(&story, &mut world).expect("it fits") else { panic!("no incoming call") };
    let events = host_events(&moments);
    let (_, Event::CallFinished(end)) = events.last().expect("an end") else { panic!("no end") };
    assert_eq!((end.call.at - START, end.talk_seconds), (3000, Some(120)));
}
