//! How many points of UIS's Data API a busy day costs: 10 000 changes of orders, of which each sends RetailCRM's trigger, and 5 000 calls. UIS
//! allows 60 a minute and 3 000 a day in its smaller contracts.
//!
//! The test plays a part of the day; `PARTS=10 cargo test -p uis-gateway --test gateway points:: -- --nocapture` plays all of it.

use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};
use uis_test_support::native_plugin::NativePlugin;

use crate::recordings::driver;

/// Parts of the day.
const PARTS: u32 = 10;
/// Changes of orders, and calls, in one part.
const CHANGES: u32 = 1000;
const CALLS: u32 = 500;
/// UIS's limits.
const PER_MINUTE: u32 = 60;
const PER_DAY: u32 = 3000;

fn at(begin: DateTime<Utc>, seconds: f64) -> String {
    (begin + TimeDelta::milliseconds((seconds * 1000.0) as i64)).to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The header: a shop with orders, an account of UIS that counts points and refuses none.
fn header(orders: u32) -> Value {
    let order = |id: u32| {
        json!({"id": id, "number": format!("{id}A"), "status": "new", "site": "main", "customer": {"id": 1 + id % 500}, "managerId": 5,
            "createdAt": "2026-11-10 10:00:00", "items": [{"productName": "Чайник", "initialPrice": id, "quantity": 1}]})
    };
    let customer =
        |id: u32| json!({"id": id, "site": "main", "firstName": format!("Клиент {id}"), "phones": [{"number": format!("7916{id:07}")}]});
    json!({
        "recording": 1, "settings": {"deals": true},
        "account": {
            "data_api_points": {"per_minute": 1_000_000, "per_day": 1_000_000},
            "employees": [{"id": 11, "full_name": "Иванова Анна", "email": "anna@shop.example"}],
            "virtual_numbers": [{"id": 1, "virtual_phone_number": "74951112233"}],
        },
        "crm": {
            "users": [{"id": 5, "email": "anna@shop.example", "firstName": "Анна", "active": true}],
            "customers": (1..=500).map(customer).collect::<Vec<_>>(), "orders": (1..=orders).map(order).collect::<Vec<_>>(),
        },
    })
}

/// The day as a recording: changes and calls, evenly over the parts that are played.
fn day(parts: u32) -> String {
    let begin: DateTime<Utc> = "2026-11-23T00:00:30Z".parse().expect("a time");
    let seconds = 86_000.0 * f64::from(parts) / f64::from(PARTS);
    let (changes, calls) = (CHANGES * parts, CALLS * parts);
    let mut lines: Vec<(f64, Value)> = Vec::new();
    for number in 0..changes {
        let (id, when) = (1 + number, seconds * f64::from(number) / f64::from(changes));
        let form = json!({"by": "id", "site": "main", "order": json!({"status": "assembling"}).to_string()});
        lines.push((when, json!({"crm": {"path": format!("/api/v5/orders/{id}/edit"), "form": form}})));
        lines.push((when + 0.5, json!({"order-webhook": format!("orderId={id}")})));
    }
    for number in 0..calls {
        let when = seconds * f64::from(number) / f64::from(calls);
        let body = json!({"call_session_id": 1_000_000 + number, "direction": "in", "is_lost": false, "contact_phone_number": format!("7916{:07}", number % 700),
            "virtual_phone_number": "74951112233", "talk_time_duration": 60, "total_time_duration": 70, "wait_time_duration": 10,
            "last_talked_employee_id": 11, "full_record_file_link": "https://records.example/1.mp3"});
        lines.push((when, json!({"notification": "call_session_finished", "body": body})));
    }
    lines.sort_by(|left, right| left.0.total_cmp(&right.0));
    let lines = lines.into_iter().map(|(when, mut line)| {
        line["at"] = at(begin, when).into();
        line.to_string()
    });
    std::iter::once(header(changes).to_string()).chain(lines).collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_day_stays_within_the_points_of_a_small_contract() {
    let parts = std::env::var("PARTS").ok().and_then(|parts| parts.parse().ok()).unwrap_or(1).clamp(1, PARTS);
    let sent = driver::send(day(parts).as_bytes(), Arc::new(NativePlugin::new()), true).await.expect("sent");
    let deals = sent.uis["deals"].as_array().map_or(0, Vec::len);
    let calls = sent.crm["calls"].as_array().map_or(0, Vec::len);
    let (most, used) = sent.points;
    println!("{parts} of {PARTS} parts of a day: {deals} deals, {calls} calls, {used} points, at most {most} in a minute");
    assert_eq!((deals, calls), ((CHANGES * parts) as usize, (CALLS * parts) as usize));
    assert!(most <= PER_MINUTE, "{most} points in one minute");
    assert!(used <= PER_DAY * parts / PARTS, "{used} points in {parts} of {PARTS} parts of a day");
}
