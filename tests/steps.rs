//! The host falls over after any step of any attempt; the event comes again. What stands in RetailCRM and in UIS in the end is what would
//! stand there had nothing happened: nothing is lost between two writes, nothing is made twice.

use std::path::Path;

use chrono::{DateTime, TimeDelta};
use serde_json::{Map, Value, json};
use uis_test_support::misfortune::cases;
use uis_test_support::native_plugin::NativePlugin;
use uis_test_support::play::{Trace, played_seeded};

/// Stories in which a later event goes on where an earlier one stopped.
const STORIES: [&str; 13] = [
    "recording-untold",
    "telephony/employees-refused-and-back",
    "telephony/everything-missed",
    "telephony/everything-talk",
    "telephony/tags",
    "text/chat-contact-after-end",
    "text/chat-contact-late",
    "text/chat-talk-after-end",
    "text/chat-not-told",
    "text/request-client-and-order",
    "deals/from-a-call",
    "deals/statuses-change",
    "deals/there-and-back",
];
/// More than any of their attempts does.
const STEPS_MAX: u32 = 40;
/// Attempts that are looked at, beginning with the first after `activate`.
const ATTEMPTS: std::ops::Range<usize> = 1..10;

/// A recording, and two hours more, so that whatever was to be made good is.
fn story(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../tests/recordings/{name}.jsonl"));
    let source = std::fs::read_to_string(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    let last: Value = source.trim().lines().last().and_then(|line| serde_json::from_str(line).ok()).expect("lines");
    let at = DateTime::parse_from_rfc3339(last["at"].as_str().expect("a time")).expect("a time") + TimeDelta::hours(2);
    format!("{}\n{}\n", source.trim(), json!({"at": at.to_rfc3339(), "report": {"calls": []}}))
}

fn run(source: &str, crashes: Vec<u32>, order: u64) -> (Trace, Vec<String>) {
    let (trace, crm, uis) = played_seeded(source, NativePlugin::crashing(crashes), order);
    let lists = [crm, uis].into_iter().flat_map(|system| system.as_object().expect("lists").clone());
    let mut all: Vec<String> = lists
        .filter(|(name, _)| !["popups", "callEvents", "answers"].contains(&name.as_str()))
        .flat_map(|(name, list)| {
            list.as_array().cloned().unwrap_or_default().into_iter().map(move |entity| format!("{name}: {}", lasting(&entity)))
        })
        .collect();
    all.sort();
    (trace, all)
}

/// An entity without what a later attempt may change: the time of day, and numbers given in turn.
fn lasting(value: &Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(lasting).collect();
            items.sort_by_key(Value::to_string);
            items.into()
        }
        Value::Object(members) => {
            let stay = members.iter().filter(|(name, _)| !["id", "createdAt"].contains(&name.as_str()));
            stay.map(|(name, member)| (name.clone(), lasting(member))).collect::<Map<_, _>>().into()
        }
        Value::String(text) if text.get(..19).is_some_and(|time| chrono::NaiveDateTime::parse_from_str(time, "%F %T").is_ok()) => {
            text[..10].into()
        }
        other => other.clone(),
    }
}

#[test]
fn a_host_that_falls_over_after_any_step_loses_nothing_and_doubles_nothing() {
    for name in STORIES {
        let source = story(name);
        let (_, whole) = run(&source, Vec::new(), 0);
        let mut fallen = 0;
        for attempt in ATTEMPTS {
            for step in 1..=STEPS_MAX {
                let mut crashes = vec![0; attempt];
                crashes.push(step);
                let (trace, left) = run(&source, crashes, 0);
                let Some((title, ..)) = trace.0.iter().find(|(.., outcome)| outcome.contains("the host fell over")) else { break };
                let without =
                    |some: &[String], others: &[String]| some.iter().filter(|one| !others.contains(one)).cloned().collect::<Vec<_>>();
                let (lost, new) = (without(&whole, &left), without(&left, &whole));
                assert!(whole == left, "{name}: fell over after step {step} of {title}; lost {lost:#?}, new {new:#?}");
                fallen += 1;
            }
        }
        assert!(fallen > 0, "{name} has steps");
    }
}

/// Whatever the order in which lanes get their turns, and wherever the host falls over meanwhile, the end is the same.
#[test]
fn the_order_of_lanes_changes_nothing() {
    for name in STORIES {
        let source = story(name);
        let (_, whole) = run(&source, Vec::new(), 0);
        for seed in 1..=u64::from(cases(6)) {
            // The host falls over once, in a place that depends on the seed as well.
            let mut crashes = vec![0; usize::try_from(seed % 9 + 1).expect("small")];
            crashes.push(u32::try_from(seed % 11).expect("small"));
            let (_, left) = run(&source, crashes, seed);
            let without = |some: &[String], others: &[String]| some.iter().filter(|one| !others.contains(one)).cloned().collect::<Vec<_>>();
            let (lost, new) = (without(&whole, &left), without(&left, &whole));
            assert!(whole == left, "{name}, seed {seed}: lost {lost:#?}, new {new:#?}");
        }
    }
}
