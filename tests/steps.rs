//! The host crashes after any step of any attempt, and the event is delivered again. In the end RetailCRM and UIS have the same content as
//! without the crash: nothing is lost between two writes, and nothing is created twice.

use std::path::Path;

use chrono::{DateTime, TimeDelta};
use serde_json::{Map, Value, json};
use uis_test_support::chaos::cases;
use uis_test_support::native_plugin::NativePlugin;
use uis_test_support::play::{Trace, play_blocking_seeded};

/// Recordings in which a later event continues the work of an earlier one.
const RECORDINGS: [&str; 15] = [
    "recording-untold",
    "telephony/employees-refused-and-back",
    "telephony/everything-missed",
    "telephony/everything-talk",
    "telephony/tags",
    "text/chat-contact-after-end",
    "text/chat-contact-late",
    "text/chat-talk-after-end",
    "text/chat-not-told",
    "text/chat-words-after-end",
    "telephony/fields-filled-by-people",
    "text/request-client-and-order",
    "deals/from-a-call",
    "deals/statuses-change",
    "deals/there-and-back",
];
/// More steps than any attempt in these recordings has.
const STEPS_MAX: u32 = 40;
/// The attempts in which the host crashes. Number 0 is the activation.
const ATTEMPTS: std::ops::Range<usize> = 1..10;

/// A recording that goes on for two more hours, so that UIS's reports are read again.
fn prolonged(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../tests/recordings/{name}.jsonl"));
    let source = std::fs::read_to_string(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    let last: Value = source.trim().lines().last().and_then(|line| serde_json::from_str(line).ok()).expect("lines");
    let at = DateTime::parse_from_rfc3339(last["at"].as_str().expect("a time")).expect("a time") + TimeDelta::hours(2);
    format!("{}\n{}\n", source.trim(), json!({"at": at.to_rfc3339(), "report": {"calls": []}}))
}

/// Replays a recording. Returns the trace and every record that is in the two systems afterwards, a line each.
fn run(source: &str, crashes: Vec<u32>, order: u64) -> (Trace, Vec<String>) {
    let (trace, crm, uis) = play_blocking_seeded(source, NativePlugin::crashing(crashes), order);
    let lists = [crm, uis].into_iter().flat_map(|system| system.as_object().expect("lists").clone());
    let mut all: Vec<String> = lists
        .filter(|(name, _)| !["popups", "callEvents", "answers"].contains(&name.as_str()))
        .flat_map(|(name, list)| {
            list.as_array().cloned().unwrap_or_default().into_iter().map(move |entity| format!("{name}: {}", comparable(&entity)))
        })
        .collect();
    all.sort();
    (trace, all)
}

/// A record without what may differ after a later attempt: the time of day, and ids that are assigned in turn.
fn comparable(value: &Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(comparable).collect();
            items.sort_by_key(Value::to_string);
            items.into()
        }
        Value::Object(members) => {
            let compared = members.iter().filter(|(name, _)| !["id", "createdAt"].contains(&name.as_str()));
            compared.map(|(name, member)| (name.clone(), comparable(member))).collect::<Map<_, _>>().into()
        }
        Value::String(text) if text.get(..19).is_some_and(|time| chrono::NaiveDateTime::parse_from_str(time, "%F %T").is_ok()) => {
            text[..10].into()
        }
        other => other.clone(),
    }
}

#[test]
fn a_crash_of_the_host_after_any_step_loses_nothing_and_creates_nothing_twice() {
    for name in RECORDINGS {
        let source = prolonged(name);
        let (_, whole) = run(&source, Vec::new(), 0);
        let mut crashed = 0;
        for attempt in ATTEMPTS {
            for step in 1..=STEPS_MAX {
                let mut crashes = vec![0; attempt];
                crashes.push(step);
                let (trace, left) = run(&source, crashes, 0);
                let Some((title, ..)) = trace.0.iter().find(|(.., outcome)| outcome.contains("the host crashed")) else { break };
                let without =
                    |some: &[String], others: &[String]| some.iter().filter(|one| !others.contains(one)).cloned().collect::<Vec<_>>();
                let (lost, new) = (without(&whole, &left), without(&left, &whole));
                assert!(whole == left, "{name}: crash after step {step} of {title}; lost {lost:#?}, new {new:#?}");
                crashed += 1;
            }
        }
        assert!(crashed > 0, "{name}: the host never crashed");
    }
}

/// The result does not depend on the order in which lanes get their turns, even if the host crashes once.
#[test]
fn the_order_of_lanes_changes_nothing() {
    for name in RECORDINGS {
        let source = prolonged(name);
        let (_, whole) = run(&source, Vec::new(), 0);
        for seed in 1..=u64::from(cases(6)) {
            // The seed also decides where the host crashes.
            let mut crashes = vec![0; usize::try_from(seed % 9 + 1).expect("small")];
            crashes.push(u32::try_from(seed % 11).expect("small"));
            let (_, left) = run(&source, crashes, seed);
            let without = |some: &[String], others: &[String]| some.iter().filter(|one| !others.contains(one)).cloned().collect::<Vec<_>>();
            let (lost, new) = (without(&whole, &left), without(&left, &whole));
            assert!(whole == left, "{name}, seed {seed}: lost {lost:#?}, new {new:#?}");
        }
    }
}
