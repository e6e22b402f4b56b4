//! What an event costs: the round trips to RetailCRM that a handler waits for one after the other, and its requests in all. The costs are
//! in the table in `docs/costs.md`. A change that makes an event more expensive must change that table.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use uis_host::trace::Step;
use uis_test_support::native_plugin::NativePlugin;
use uis_test_support::play::{Trace, play};
use uis_test_support::{recordings, root};

/// The recordings of the table, and what happens in each. RetailCRM has no faults in any of them.
const STORIES: [(&str, &str); 12] = [
    ("answered", "a call is answered"),
    ("lost-two-events", "a call is lost"),
    ("outgoing", "an employee calls"),
    ("transfer", "a call is transferred, with two recordings"),
    ("telephony/contact-created", "a contact is created"),
    ("telephony/missed-task", "a missed call makes a task"),
    ("telephony/order-first", "a first call makes an order"),
    ("telephony/order-repeat-no-open", "a repeated call looks for open orders"),
    ("telephony/extra-fields", "fields are written"),
    ("telephony/click-to-call", "a number is clicked"),
    ("telephony/everything-talk", "contact, order and fields at once"),
    ("telephony/everything-missed", "task, contact, order and fields at once"),
];

/// The table as it must be in `docs/costs.md`. A row is the most expensive run of a handler in a recording.
fn table(rows: &[(String, String, String, u32, usize)]) -> String {
    let mut text = String::from("| recording | what | handler | round trips | requests |\n|---|---|---|---|---|\n");
    for (recording, what, handler, rounds, requests) in rows {
        text += &format!("| `{recording}` | {what} | `{handler}` | {rounds} | {requests} |\n");
    }
    text
}

fn cost(steps: &[Step]) -> (u32, usize) {
    let rounds = steps.iter().filter_map(|step| if let Step::Request { round, .. } = step { Some(*round) } else { None });
    (rounds.clone().max().unwrap_or(0), rounds.count())
}

async fn run(text: &str) -> Trace {
    play(text.as_bytes(), Arc::new(NativePlugin::new())).await.0
}

/// The handler of an entry: its title is "<time> line <number> <what> <handler> attempt <number>".
fn handler(title: &str) -> Option<&str> {
    title.split(' ').find(|word| word.starts_with("on-") || *word == "run-action")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_costs_what_the_table_says() {
    let mut rows = Vec::new();
    for (recording, what) in STORIES {
        let text = std::fs::read_to_string(root().join(format!("tests/recordings/{recording}.jsonl"))).expect("readable");
        let trace = run(&text).await;
        let mut most_expensive: BTreeMap<String, (u32, usize)> = BTreeMap::new();
        for (title, steps, _) in &trace.0 {
            let Some(handler) = handler(title).filter(|name| *name != "on-activate") else { continue };
            // Regular reads of settings and of the orders' history do not belong to an event of a call.
            let regular = |path: &str| matches!(path, "/api/v5/settings" | "/api/v5/orders/history");
            if steps.iter().any(|step| matches!(step, Step::Request { path, .. } if regular(path))) {
                continue;
            }
            let known = most_expensive.entry(handler.to_owned()).or_default();
            *known = cost(steps).max(*known);
        }
        for (handler, (rounds, requests)) in most_expensive {
            assert!(handler != "on-incoming-call" || rounds <= 1, "{recording}: a caller is waiting, so one round trip is the limit");
            let most = if what.contains("at once") { 6 } else { 4 };
            assert!(rounds <= most, "{recording}: {handler} waits for {rounds} round trips, at most {most} are allowed");
            if requests > 0 {
                rows.push((recording.to_owned(), what.to_owned(), handler, rounds, requests));
            }
        }
    }
    let table = table(&rows);
    let path = root().join("docs/costs.md");
    let page = std::fs::read_to_string(&path).expect("docs/costs.md");
    assert!(page.contains(&table), "docs/costs.md must have this table:\n{table}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_delivered_twice_sends_nothing_the_second_time() {
    let mut repeated = 0;
    for (name, path) in recordings() {
        let text = std::fs::read_to_string(path).expect("readable");
        // With faults the plugin repeats requests anyway, and requests for which the key lacks a right never succeed.
        if text.contains("crm-faults") || name == "telephony.key-lacks-a-right" {
            continue;
        }
        let mut lines = Vec::new();
        for line in text.lines() {
            lines.push(line);
            let event: Value = serde_json::from_str(line).expect("JSON");
            // A repeated incoming call is looked up again, because the answer must be up to date.
            if event["notification"].is_string() && event["notification"] != "in_call_session" {
                lines.push(line);
                repeated += 1;
            }
        }
        let requests = |trace: &Trace| trace.0.iter().map(|(_, steps, _)| cost(steps).1).sum::<usize>();
        assert_eq!(requests(&run(&lines.join("\n")).await), requests(&run(&text).await), "{name}");
    }
    assert!(repeated > 100, "only {repeated} events were repeated");
}
