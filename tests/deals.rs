//! «Подключение передачи сделок»: what UIS holds after each recording of `recordings/deals/`, and what long days cost.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};
use uis_host::trace::{Step, UisAnswer};
use uis_test_support::native_plugin::NativePlugin;
use uis_test_support::play::{Trace, play};
use uis_test_support::{replay_json, root};

fn replayed(name: &str) -> Value {
    let path = root().join(format!("tests/recordings/deals/{name}.jsonl"));
    let (status, value) = replay_json(&[path.to_str().expect("UTF-8")]);
    assert_eq!(status, 0, "{name}: {}", value["problems"]);
    value
}

/// The deals that a recording leaves in UIS, a line each: sum, funnel, employee, and its own stages with the minute that each began.
fn deals(value: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let deal = |deal: &Value| {
        let stages = deal["history"].as_array().into_iter().flatten().filter(|state| state["is_generated"] == false);
        let stages: Vec<String> = stages
            .map(|state| {
                let (at, stage) = (text(&state["modified_stage_date_time"]), text(&state["stage_ext_id"]));
                format!("{}@{}", stage.trim_start_matches("status-"), &at[8..16])
            })
            .collect();
        let (id, funnel, employee) = (text(&deal["ext_id"]), text(&deal["sales_funnel_ext_id"]), text(&deal["employee_ext_id"]));
        format!("{id} {} in {funnel} by {employee}: {}", deal["revenue"], stages.join(" "))
    };
    let mut lines: Vec<String> = value["uis"]["deals"].as_array().expect("a list").iter().map(deal).collect();
    lines.sort();
    lines
}

#[test]
fn every_setting_in_every_position() {
    let table: &[(&str, &[&str])] = &[
        (
            "bad-record",
            &[
                "order-71 1000 in shop-main by null: new@20 10:00",
                "order-72 350.5 in shop-main by null: new@23 10:00",
                "order-73 350.5 in shop-main by null: new@23 10:00",
            ],
        ),
        ("hour-twice", &["order-71 100 in shop-main by null: new@01 01:40 success@01 01:40"]),
        ("refused-new", &["order-72 700 in shop-main by null: new@23 10:00 availability-confirmed@23 11:00"]),
        ("refused-then-mended", &["order-71 700 in shop-main by null: new@20 10:00 success@23 11:00"]),
        (
            "status-ends",
            &[
                "order-71 100 in shop-main by null: new@20 10:00 delivering@23 10:00 success@23 10:00",
                "order-72 100 in shop-main by null: new@20 10:00 brandnew@23 15:00",
            ],
        ),
        ("crm-down", &["order-71 2000 in shop-main by null: new@20 10:00 success@23 10:00"]),
        ("delivery-cost-off", &["order-71 2000 in shop-main by null: new@20 10:00"]),
        ("delivery-cost-on", &["order-71 2300.5 in shop-main by null: new@20 10:00"]),
        ("delivery-cost-switched", &["order-71 2300.5 in shop-main by null: new@20 10:00"]),
        (
            "ends-as-chosen",
            &["order-71 2000 in shop-main by null: new@20 10:00 success@23 10:00", "order-72 350.5 in shop-main by null: failed@23 10:01"],
        ),
        ("fields-off", &["order-71 2000 in shop-main by null: new@20 10:00"]),
        ("fields-on", &["order-71 2000 in shop-main by null: new@20 10:00"]),
        (
            "from-a-call",
            &[
                "order-72 0 in shop-main by user-5: new@23 10:00",
                "order-73 0 in shop-main by user-5: new@23 10:01",
                "order-74 0 in shop-main by user-5: new@23 10:02",
            ],
        ),
        (
            "funnel-default",
            &[
                "order-71 2000 in default by null: new@20 10:00 availability-confirmed@23 10:00",
                "order-72 350.5 in default by null: new@23 10:01",
            ],
        ),
        (
            "funnel-per-shop",
            &[
                "order-71 2000 in shop-main by null: new@20 10:00 availability-confirmed@23 10:00",
                "order-72 350.5 in shop-tomsk by null: new@23 10:01",
            ],
        ),
        (
            "funnel-switched",
            &[
                "order-71 2000 in shop-main by null: new@20 10:00 availability-confirmed@23 10:00 availability-confirmed@23 10:00 availability-confirmed@23 10:00",
                "order-72 350.5 in shop-tomsk by null: new@23 10:01 new@23 10:01 new@23 10:01",
            ],
        ),
        ("hints-doubled", &["order-71 2000 in shop-main by null: new@20 10:00 success@23 10:00"]),
        ("hints-of-all-kinds", &["order-71 2000 in shop-main by null: new@20 10:00", "order-72 350.5 in shop-main by null: new@23 10:00"]),
        ("key-lacks-the-right", &[]),
        (
            "loaded-by-button",
            &[
                "order-80 100 in shop-main by null: new@10 10:00 success@11 10:00",
                "order-81 101 in shop-main by null: failed@12 10:00",
                "order-82 102 in shop-main by null: new@13 10:00",
            ],
        ),
        (
            "loaded-from-a-day",
            &[
                "order-80 100 in shop-main by null: new@10 10:00 success@11 10:00",
                "order-81 101 in shop-main by null: failed@12 10:00",
                "order-82 102 in shop-main by null: new@13 10:00 availability-confirmed@23 10:00",
            ],
        ),
        ("merged-and-deleted", &["order-71 2350.5 in shop-main by null: new@20 10:00"]),
        ("not-loaded", &["order-82 102 in shop-main by null: new@12 10:00 availability-confirmed@23 10:00"]),
        ("off-and-on", &["order-71 2000 in shop-main by null: new@20 10:00 availability-confirmed@23 10:00 success@23 12:00"]),
        ("off", &[]),
        ("on-trigger", &["order-71 2000 in shop-main by user-5: new@20 10:00 availability-confirmed@23 10:00"]),
        (
            "shop-changed",
            &[
                "order-71 2000 in shop-tomsk by null: new@20 10:00 availability-confirmed@23 10:00 availability-confirmed@23 10:00 success@23 12:00",
            ],
        ),
        ("shop-deleted", &["order-71 2000 in shop-main by null: new@20 10:00"]),
        ("statuses-change", &["order-71 2000 in shop-main by null: new@20 10:00 availability-confirmed@23 10:00 gift-wrap@23 13:00"]),
        (
            "sums",
            &[
                "order-71 0 in shop-main by null: new@20 10:00",
                "order-72 0 in shop-main by null: success@20 10:00",
                "order-73 19.99 in shop-main by null: new@20 10:00",
                "order-74 625 in shop-main by null: new@20 10:00",
            ],
        ),
        (
            "there-and-back",
            &[
                "order-71 2000 in shop-main by null: new@20 10:00 assembling-complete@23 10:00 success@23 10:20 availability-confirmed@23 11:00 failed@23 11:01 success@23 11:02",
            ],
        ),
        ("too-many-statuses", &["order-71 2000 in shop-main by null: new@20 10:00 group-approval@23 10:00 assembling-complete@23 10:40"]),
        (
            "uis-busy",
            &[
                "order-71 2000 in shop-main by user-6: new@20 10:00 success@23 10:00",
                "order-72 350.5 in shop-main by null: new@23 10:00",
                "order-73 350.5 in shop-tomsk by null: new@23 10:00",
            ],
        ),
        (
            "whose-orders",
            &[
                "order-72 0 in shop-main by null: new@20 10:00",
                "order-73 0 in shop-main by null: new@20 10:00",
                "order-74 10 in shop-main by null: new@23 10:00",
            ],
        ),
        (
            "without-trigger",
            &["order-71 2000 in shop-main by null: new@20 10:00 success@23 10:03", "order-72 350.5 in shop-main by null: new@23 10:00"],
        ),
    ];
    for (name, expected) in table {
        assert_eq!(deals(&replayed(name)), *expected, "{name}");
    }
    let there = std::fs::read_dir(root().join("tests/recordings/deals")).expect("a folder").count();
    assert_eq!(table.len(), there, "every recording is in the table");
}

/// Sixty orders change within seconds: the pages that the history comes in end in the middle of one order's way.
#[test]
fn pages_of_the_history_may_split_an_orders_way() {
    let folder = tempfile::tempdir().expect("a folder");
    let edit = |at: &str, id: i64, order: Value| {
        let form = json!({"by": "id", "site": "main", "order": order.to_string()});
        json!({"at": format!("2026-11-23T{at}+03:00"), "crm": {"path": format!("/api/v5/orders/{id}/edit"), "form": form}})
    };
    let mut crm = many_orders(60, false);
    for order in crm["orders"].as_array_mut().expect("a list") {
        order["status"] = "new".into();
    }
    // Two records each: 120 for the first page of 100.
    let mut lines: Vec<Value> = (1..=60).map(|id| edit("10:00:00", id, json!({"managerComment": "x", "customerComment": "y"}))).collect();
    // The way of one goes on over all pages.
    lines.insert(49, edit("10:00:00", 1, json!({"status": "availability-confirmed"})));
    lines.push(edit("10:00:00", 1, json!({"status": "assembling-complete"})));
    lines.push(edit("10:00:00", 1, json!({"status": "complete"})));
    let path = uis_test_support::file(&folder, "pages.jsonl", &[&recording(crm, json!({}), &lines)]);
    let (status, value) = replay_json(&[&path]);
    assert_eq!(status, 0, "{}", value["problems"]);
    let way = deals(&value).into_iter().find(|deal| deal.starts_with("order-1 ")).expect("a deal");
    let stages: Vec<&str> = way.split(' ').filter_map(|word| Some(word.split_once('@')?.0)).collect();
    assert_eq!(stages, ["new", "availability-confirmed", "assembling-complete", "success"], "{way}");
}

#[test]
fn a_deal_holds_what_its_order_does_by_the_data_apis_names() {
    let uis = replayed("on-trigger")["uis"].clone();
    let mut deal = uis["deals"][0].clone();
    deal.as_object_mut().expect("an object").remove("history");
    assert_eq!(
        deal,
        json!({
            "ext_id": "order-71",
            "name": "Заказ №71A",
            "created_date_time": "2026-11-20 10:00:00",
            "modified_date_time": "2026-11-23 10:00:00",
            "modified_stage_date_time": "2026-11-23 10:00:00",
            "sales_funnel_ext_id": "shop-main",
            "stage_ext_id": "status-availability-confirmed",
            "contact_ext_ids": ["customer-17"],
            "main_contact_ext_id": "customer-17",
            "employee_ext_id": "user-5",
            // As UIS itself calls him.
            "employee_name": "Иванова Анна",
            "revenue": 2000,
            "user_fields": [
                {"ext_id": "shop", "value": "Основной магазин", "name": "Магазин", "data_type": "string"},
                {"ext_id": "currency", "value": "RUB", "name": "Валюта", "data_type": "string"},
            ],
            "url": "https://demo.retailcrm.ru/orders/71/edit",
        })
    );
    assert_eq!(
        uis["dealContacts"],
        json!([{"ext_id": "customer-17", "name": "Сидоров Пётр", "created_date_time": "2026-10-01 12:00:00", "phone_numbers": ["79161234567"], "emails": ["petr@example.ru"]}])
    );
    let values = replayed("fields-on")["uis"]["deals"][0]["user_fields"].clone();
    let field = |code: &str, name: &str, kind: &str, value: &str| json!({"ext_id": code, "name": name, "data_type": kind, "value": value});
    for expected in [
        field("field-margin", "Маржа", "numeric", "120.5"),
        field("field-way", "Способ", "string", "Самолётом"),
        field("field-gift", "Подарок", "string", "да"),
    ] {
        assert!(values.as_array().is_some_and(|values| values.contains(&expected)), "{expected} in {values}");
    }
    assert!(!replayed("fields-off")["uis"]["deals"][0]["user_fields"].to_string().contains("field-"));
}

#[test]
fn a_deal_says_which_communication_led_to_it() {
    let uis = replayed("from-a-call")["uis"].clone();
    let led = |id: &str| {
        let deals = uis["deals"].as_array().expect("a list");
        let deal = deals.iter().find(|deal| deal["ext_id"] == id).expect("a deal");
        (deal["communication_type"].clone(), deal["communication_id"].clone())
    };
    assert_eq!(led("order-72"), (json!("call"), json!(998_678_201)));
    assert_eq!(led("order-73"), (json!("offline_message"), json!(501)));
    assert_eq!(led("order-74"), (json!("chat"), json!(5601)), "the communication's id, not the chat's");
}

#[test]
fn funnels_are_what_uis_takes() {
    let stages = |name: &str| {
        let funnel = replayed(name)["uis"]["funnels"][0].clone();
        let stages = funnel["stages"].as_array().expect("a list").clone();
        let of = |status: &str| stages.iter().filter(|stage| stage["stage_status"] == status).count();
        assert_eq!((of("success"), of("failed")), (1, 1), "{name}");
        assert!((1..=100).contains(&of("in_process")), "{name}");
        stages.iter().map(|stage| stage["stage_name"].as_str().expect("text").to_owned()).collect::<Vec<_>>()
    };
    let names = stages("statuses-change");
    assert_eq!(names[1], "Есть на складе", "renamed, and out of use: a deal was in it");
    assert!(names.contains(&"Упаковка подарка".to_owned()), "{names:?}");
    assert_eq!(stages("too-many-statuses"), ["Новый", "Согласование", "Укомплектован", "Выполнен", "Отменен"]);
}

#[test]
fn what_is_left_out_is_said() {
    for (name, said, times) in [
        ("bad-record", "deal of order №71A: UIS refuses: data_type_error", 1),
        ("too-many-statuses", "one stage each stands for the groups approval", 1),
        ("key-lacks-the-right", "give the key the right order_read", 1),
        ("on-trigger", "", 0),
    ] {
        let problems = replayed(name)["problems"].clone();
        let problems = problems.as_array().expect("a list");
        assert_eq!(problems.len(), times, "{name}: {problems:?}");
        assert!(problems.iter().all(|problem| problem["message"].to_string().contains(said)), "{name}: {problems:?}");
    }
}

#[test]
fn the_button_says_which_setting_is_missing() {
    let folder = tempfile::tempdir().expect("a folder");
    for (settings, said) in [("{}", "settings.deal-history-from"), (r#"{"deals":false}"#, "settings.deals")] {
        let header = format!(r#"{{"recording":1,"settings":{settings}}}"#);
        let path =
            uis_test_support::file(&folder, "button.jsonl", &[&header, r#"{"at":"2026-11-23T10:00:00+03:00","action":"load-deals"}"#]);
        let (status, value) = replay_json(&[&path]);
        let problem = value["problems"][0]["message"].to_string();
        assert!(status == 1 && problem.contains(said), "{problem}");
    }
}

/// Orders of an account, and a history of one change of status for each.
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

fn recording(crm: Value, settings: Value, lines: &[Value]) -> String {
    let header = json!({"recording": 1, "settings": settings, "crm": crm});
    std::iter::once(&header).chain(lines).map(Value::to_string).collect::<Vec<_>>().join("\n")
}

/// Requests to RetailCRM by path, and UIS's calls by the minute they were made in, by the trace's titles.
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
async fn a_day_of_ten_thousand_changes_costs_what_it_may() {
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

/// The same day within the limits of the real component: its memory, its fuel.
#[test]
fn a_long_day_keeps_within_a_handlers_limits() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut crm = many_orders(2_000, true);
    // Orders with hundreds of goods: the longest answers that there are.
    for order in crm["orders"].as_array_mut().expect("a list").iter_mut().take(150) {
        let goods: Vec<Value> =
            (0..500).map(|id| json!({"productName": format!("Товар {id}"), "initialPrice": 1, "quantity": 1})).collect();
        order["items"] = goods.into();
    }
    let source = recording(crm, json!({}), &[json!({"at": "2026-11-23T09:30:00+03:00", "report": {}})]);
    let path = uis_test_support::file(&folder, "day.jsonl", &[&source]);
    let (status, value) = replay_json(&[&path, "--summary"]);
    assert_eq!((status, &value["uis"]["deals"]), (0, &json!(2_000)), "{}", value["problems"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn loading_that_breaks_off_goes_on_and_tells_nothing_twice() {
    const ORDERS: usize = 10_000;
    let crm = many_orders(i64::try_from(ORDERS).expect("it fits"), false);
    let lines =
        [json!({"at": "2026-11-23T10:00:00+03:00", "action": "load-deals"}), json!({"at": "2026-11-23T10:00:01+03:00", "report": {}})];
    let settings = json!({"deal-history-from": "2026-11-10"});
    let source = recording(crm, settings, &lines);
    let uploads = |trace: &Trace| -> Vec<String> {
        let steps = trace.0.iter().flat_map(|(_, steps, _)| steps);
        let told = steps.filter_map(|step| match step {
            Step::Uis { method, subject, answer: UisAnswer::Taken } if method == "upload.deals_history" => Some(subject.clone()),
            _ => None,
        });
        told.collect()
    };
    // The host falls over in the middle of it, once while deals are on their way and once after they arrived.
    let mut crashes = vec![0; 60];
    crashes.extend([5, 0, 0, 0, 0, 0, 0, 0, 30]);
    let (trace, _, uis) = play(source.as_bytes(), Arc::new(NativePlugin::crashing(crashes))).await;
    let (whole, _, other) = play(source.as_bytes(), Arc::new(NativePlugin::new())).await;
    assert!(trace.0.iter().any(|(_, _, told)| told.contains("fell over")), "it fell over");
    let ids = |uis: &Value| -> BTreeSet<String> {
        uis["deals"].as_array().expect("a list").iter().map(|deal| deal["ext_id"].to_string()).collect()
    };
    assert_eq!(ids(&uis).len(), ORDERS);
    assert_eq!(ids(&uis), ids(&other));
    assert!(uis["deals"].as_array().expect("a list").iter().all(|deal| deal["history"].as_array().is_some_and(|states| states.len() == 1)));
    let (broken, unbroken) = (uploads(&trace).len(), uploads(&whole).len());
    assert!(broken <= unbroken + 2, "{broken} uploads in place of {unbroken}: a slice for each time that it fell over");
    let progress = whole
        .0
        .iter()
        .flat_map(|(_, steps, _)| steps)
        .filter(|step| matches!(step, Step::Log { message, .. } if message.contains("deals are being loaded")));
    assert!(progress.count() > 5, "its progress is told");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_hints_cost_one_read_and_leave_nothing_behind() {
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
    let mut kept: BTreeSet<String> = BTreeSet::new();
    let mut reads = 0;
    for step in trace.0.iter().flat_map(|(_, steps, _)| steps) {
        match step {
            Step::Request { path, query, .. } if path == "/api/v5/orders" => {
                reads += usize::from(query.iter().any(|(_, value)| value == "7"));
            }
            Step::Stored { key, value } if key.starts_with("deal-hint/") || key.starts_with("deal/") => {
                let _ = if value.is_some() { kept.insert(key.clone()) } else { kept.remove(key) };
            }
            _ => {}
        }
    }
    assert_eq!(reads, 1, "the order was read once");
    assert_eq!(kept.into_iter().collect::<Vec<_>>(), ["deal/7"], "nothing is kept of what nobody knows");
}
