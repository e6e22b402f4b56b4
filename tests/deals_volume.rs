//! Deals of busy days: how many requests they cost, and that no upload is lost or repeated.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};
use uis_host::trace::{Step, UisAnswer};
use uis_test_support::native_plugin::NativePlugin;
use uis_test_support::play::{Trace, play};
use uis_test_support::replay_json;

use crate::deals::deal_lines;

/// A RetailCRM account with `count` orders and, if asked for, a history with one change of status for each of them.
fn many_orders(count: i64, with_history: bool) -> Value {
    let orders: Vec<Value> = (1..=count)
        .map(|id| {
            json!({"id": id, "number": format!("{id}A"), "status": "complete", "site": "main", "customer": {"id": 1 + id % 500}, "managerId": 5,
                "createdAt": format!("2026-11-{:02} 10:00:00", 10 + id % 10), "statusUpdatedAt": "2026-11-23 09:30:00",
                "items": [{"productName": "Чайник", "initialPrice": id, "quantity": 1}]})
        })
        .collect();
    let customers: Vec<Value> = (1..=501)
        .map(|id| json!({"id": id, "site": "main", "firstName": format!("Клиент {id}"), "phones": [{"number": format!("7916{id:07}")}]}))
        .collect();
    let record = |id: i64| {
        json!({"id": id, "createdAt": "2026-11-23 09:30:00", "source": "user", "field": "status", "oldValue": {"code": "new"},
            "newValue": {"code": "complete"}, "order": {"id": id, "site": "main", "status": "complete"}})
    };
    let history: Vec<Value> = if with_history { (1..=count).map(record).collect() } else { Vec::new() };
    json!({"users": [{"id": 5, "email": "a@x.example", "firstName": "Анна"}], "customers": customers, "orders": orders, "history": {"orders": history}})
}

fn recording(crm: Value, mut settings: Value, lines: &[Value]) -> String {
    settings["deals"] = true.into();
    let header = json!({"recording": 1, "settings": settings, "crm": crm});
    std::iter::once(&header).chain(lines).map(Value::to_string).collect::<Vec<_>>().join("\n")
}

/// How many requests to RetailCRM were sent, by path, and how many calls of UIS's API, by the minute. The minute is from the titles in the
/// trace.
fn counted(trace: &Trace) -> (BTreeMap<String, usize>, BTreeMap<String, usize>) {
    let (mut requests, mut calls) = (BTreeMap::new(), BTreeMap::new());
    for (title, steps, _) in &trace.0 {
        for step in steps {
            match step {
                Step::Request { path, .. } => *requests.entry(path.clone()).or_default() += 1,
                Step::Uis { .. } => *calls.entry(title.chars().take(16).collect::<String>()).or_default() += 1,
                _ => {}
            }
        }
    }
    (requests, calls)
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_changes_a_day_stay_within_the_budget_of_requests() {
    const CHANGES: usize = 10_000;
    let crm = many_orders(i64::try_from(CHANGES).expect("it fits"), true);
    let source = recording(crm, json!({}), &[json!({"at": "2026-11-23T09:30:00+03:00", "report": {}})]);
    let (trace, _, uis) = play(source.as_bytes(), Arc::new(NativePlugin::new())).await;
    assert_eq!(uis["deals"].as_array().map(Vec::len), Some(CHANGES));
    let (requests, calls) = counted(&trace);
    let (pages, reads) = (requests["/api/v5/orders/history"], requests["/api/v5/orders"]);
    assert!(reads <= CHANGES / 50, "{reads} reads of orders");
    assert!(pages <= CHANGES / 100 + 10, "{pages} pages of the history");
    let busiest = calls.values().max().copied().unwrap_or(0);
    assert!(busiest <= 60, "{busiest} calls of UIS in one minute");
    println!("{CHANGES} changes: {pages} pages of the history, {reads} reads of orders, at most {busiest} calls of UIS a minute");
}

/// A day of 2000 changes with the real component, whose memory and fuel are limited.
#[test]
fn a_busy_day_stays_within_the_limits_of_a_handler() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut crm = many_orders(2_000, true);
    // Orders with hundreds of items make the longest responses.
    for order in crm["orders"].as_array_mut().expect("a list").iter_mut().take(150) {
        let items: Vec<Value> =
            (0..500).map(|id| json!({"productName": format!("Товар {id}"), "initialPrice": 1, "quantity": 1})).collect();
        order["items"] = items.into();
    }
    let source = recording(crm, json!({}), &[json!({"at": "2026-11-23T09:30:00+03:00", "report": {}})]);
    let path = uis_test_support::file(&folder, "day.jsonl", &[&source]);
    let (status, value) = replay_json(&[&path, "--summary"]);
    assert_eq!((status, &value["uis"]["deals"]), (0, &json!(2_000)), "{}", value["problems"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn loading_deals_continues_after_a_crash_and_uploads_no_slice_again() {
    const ORDERS: usize = 10_000;
    let crm = many_orders(i64::try_from(ORDERS).expect("it fits"), false);
    let lines =
        [json!({"at": "2026-11-23T10:00:00+03:00", "action": "load-deals"}), json!({"at": "2026-11-23T10:00:01+03:00", "report": {}})];
    let settings = json!({"deal-history-from": "2026-11-10"});
    let source = recording(crm, settings, &lines);
    let uploads = |trace: &Trace| -> Vec<String> {
        let steps = trace.0.iter().flat_map(|(_, steps, _)| steps);
        let uploaded = steps.filter_map(|step| match step {
            Step::Uis { method, subject, answer: UisAnswer::Taken } if method == "upload.deals_history" => Some(subject.clone()),
            _ => None,
        });
        uploaded.collect()
    };
    // The host crashes twice while it loads: once before an upload arrived, and once after.
    let mut crashes = vec![0; 60];
    crashes.extend([5, 0, 0, 0, 0, 0, 0, 0, 30]);
    let (trace, _, uis) = play(source.as_bytes(), Arc::new(NativePlugin::crashing(crashes))).await;
    let (whole, _, other) = play(source.as_bytes(), Arc::new(NativePlugin::new())).await;
    assert!(trace.0.iter().any(|(_, _, outcome)| outcome.contains("the host crashed")), "the host did not crash");
    let ids = |uis: &Value| -> BTreeSet<String> {
        uis["deals"].as_array().expect("a list").iter().map(|deal| deal["ext_id"].to_string()).collect()
    };
    assert_eq!(ids(&uis).len(), ORDERS);
    assert_eq!(ids(&uis), ids(&other));
    assert!(uis["deals"].as_array().expect("a list").iter().all(|deal| deal["history"].as_array().is_some_and(|states| states.len() == 1)));
    let (broken, unbroken) = (uploads(&trace).len(), uploads(&whole).len());
    assert!(broken <= unbroken + 2, "{broken} uploads instead of {unbroken}: more than one slice was repeated per crash");
    let progress = whole
        .0
        .iter()
        .flat_map(|(_, steps, _)| steps)
        .filter(|step| matches!(step, Step::Log { message, .. } if message.contains("deals are being loaded")));
    assert!(progress.count() > 5, "the progress is logged");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_hints_cost_one_read_and_store_nothing_about_unknown_orders() {
    let mut lines: Vec<Value> = Vec::new();
    for number in 0..1000 {
        let at = format!("2026-11-23T10:00:00.{number:03}+03:00");
        lines.push(json!({"at": at, "order-webhook": "orderId=7"}));
        if number % 4 == 0 {
            lines.push(json!({"at": at, "order-webhook": format!("orderId={}", 90_000 + number)}));
        }
    }
    let source = recording(many_orders(10, false), json!({}), &lines);
    let (trace, _, uis) = play(source.as_bytes(), Arc::new(NativePlugin::new())).await;
    assert_eq!(uis["deals"].as_array().map(Vec::len), Some(1));
    let mut stored: BTreeSet<String> = BTreeSet::new();
    let mut reads = 0;
    for step in trace.0.iter().flat_map(|(_, steps, _)| steps) {
        match step {
            Step::Request { path, query, .. } if path == "/api/v5/orders" => {
                reads += usize::from(query.iter().any(|(_, value)| value == "7"));
            }
            Step::Stored { key, value } if key.starts_with("deal-hint/") || key.starts_with("deal/") => {
                let _ = if value.is_some() { stored.insert(key.clone()) } else { stored.remove(key) };
            }
            _ => {}
        }
    }
    assert_eq!(reads, 1, "order 7 was not read exactly once");
    assert_eq!(stored.into_iter().collect::<Vec<_>>(), ["deal/7"], "something is stored about orders that do not exist");
}

/// Sixty orders change within seconds. The records of the first order are spread over all pages of the history.
#[test]
fn an_order_whose_history_is_on_several_pages_has_all_its_stages() {
    let folder = tempfile::tempdir().expect("a folder");
    let edit = |at: &str, id: i64, order: Value| {
        let form = json!({"by": "id", "site": "main", "order": order.to_string()});
        json!({"at": format!("2026-11-23T{at}+03:00"), "crm": {"path": format!("/api/v5/orders/{id}/edit"), "form": form}})
    };
    let mut crm = many_orders(60, false);
    for order in crm["orders"].as_array_mut().expect("a list") {
        order["status"] = "new".into();
    }
    // Every edit makes two records, 120 in all; a page has 100.
    let mut lines: Vec<Value> = (1..=60).map(|id| edit("10:00:00", id, json!({"managerComment": "x", "customerComment": "y"}))).collect();
    // The first order changes its status on the first page and again on the last.
    lines.insert(49, edit("10:00:00", 1, json!({"status": "availability-confirmed"})));
    lines.push(edit("10:00:00", 1, json!({"status": "assembling-complete"})));
    lines.push(edit("10:00:00", 1, json!({"status": "complete"})));
    let path = uis_test_support::file(&folder, "pages.jsonl", &[&recording(crm, json!({}), &lines)]);
    let (status, value) = replay_json(&[&path]);
    assert_eq!(status, 0, "{}", value["problems"]);
    let lines = deal_lines(value["uis"]["deals"].as_array().expect("a list"));
    let first = lines.into_iter().find(|deal| deal.starts_with("order-1 ")).expect("a deal");
    let stages: Vec<&str> = first.split(' ').filter_map(|word| Some(word.split_once('@')?.0)).collect();
    assert_eq!(stages, ["new", "availability-confirmed", "assembling-complete", "success"], "{first}");
}
