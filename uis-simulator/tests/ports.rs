//! The simulated account passes the suites of the UIS account's ports.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};
use uis_host::bindings::uis::integration::call_events::DialOrder;
use uis_host::bindings::uis::integration::directory;
use uis_host::clock::{Clock, VirtualClock, instant, zone};
use uis_host::suites::reports::{Kind, Place};
use uis_host::suites::samples::NOW;
use uis_host::suites::{deals, dialler, directory as people, reports};
use uis_simulator::{Account, SimulatedAccount};

fn account(description: Value) -> (SimulatedAccount, Arc<VirtualClock>) {
    let clock = Arc::new(VirtualClock::at(instant(NOW)));
    let account: Account = serde_json::from_value(description).expect("an account");
    (SimulatedAccount::new(account, clock.clone()), clock)
}

/// More than a page of employees, not in the order of their ids, and a few of everything else.
fn company() -> SimulatedAccount {
    let employee = |id: i64| {
        let lines: Vec<Value> = (0..id % 2).map(|_| json!({"virtual_phone_number": "74951234567", "registered": true})).collect();
        json!({
            "id": id,
            "last_name": format!("Сотрудник {id}"),
            "email": format!("employee{id}@example.com"),
            "extension": {"extension_phone_number": (100 + id).to_string()},
            "phone_numbers": [{"phone_number": "79160000000", "status": "active"}],
            "sip_lines": lines,
        })
    };
    let numbers = (0..1001_i64).map(|id| json!({"id": id, "virtual_phone_number": (74_950_000_000 + id).to_string(), "status": "active"}));
    account(json!({
        "app_id": 17,
        "name": "Магазин",
        "extensions": ["rmo"],
        "employees": (1..=2003_i64).rev().map(employee).collect::<Vec<_>>(),
        "virtual_numbers": numbers.collect::<Vec<_>>(),
        "chat_channels": [{"id": 3, "name": "Сайт", "type": "comagic"}, {"id": 1, "name": "Telegram", "type": "telegram"}],
        // Whole rows, rows with the names of the reports, and rows without a name.
        "sites": [
            {"id": 6, "domain_name": "shop.example/catalogue", "name": "Каталог"},
            {"site_id": 4, "site_domain_name": "shop.example"},
            {"id": 5, "domain": "другой.example"},
            {"id": 5, "domain": "другой.example"},
        ],
        "tags": (1..=1500_i64).rev().map(|id| json!({"id": id, "name": format!("Тег {id}"), "is_system": false})).collect::<Vec<_>>(),
        "scenarios": [{"scenario_id": 9002, "scenario_name": "Ночь"}, {"id": 9001, "name": "Входящие"}],
        "campaigns": [{"campaign_id": 3001, "campaign_name": "Наружная реклама"}],
        "sources": [{"name": "Яндекс"}, {"source_id": 7, "source_name": "Google"}, {"name": "Яндекс"}],
    }))
    .0
}

#[tokio::test]
async fn the_directory_conforms() {
    let account = company();
    let expected = people::Expected {
        account: directory::Account {
            app_id: 17,
            name: "Магазин".into(),
            timezone: "Europe/Moscow".into(),
            extensions: vec!["rmo".into()],
            workplace_url: Some("https://go.uiscom.ru/rmo".into()),
        },
        employees: (1..=2003).collect(),
        nobody: 2004,
        lines: (1..=2003).filter(|id| id % 2 == 1).collect(),
        virtual_numbers: (0..1001_i64).map(|id| (74_950_000_000 + id).to_string()).collect(),
        chat_channels: BTreeSet::from([1, 3]),
        sites: vec![4, 5, 6],
        tags: (1..=1500).collect(),
        scenarios: vec![9001, 9002],
        campaigns: vec![3001],
        sources: vec!["Google".into(), "Яндекс".into()],
        extension: Some("2103".into()),
        no_extension: "2104".into(),
    };
    people::reads(&account, &expected).await;
    let id = people::writes(&account, "anna@example.com", 3000).await;
    let employees = expected.employees.iter().copied().chain([id]).collect();
    people::reads(&account, &people::Expected { employees, nobody: 3000, ..expected }).await;
}

#[tokio::test]
async fn an_empty_directory_conforms() {
    let (account, _) = account(json!({}));
    let expected = people::Expected {
        account: directory::Account {
            app_id: 1,
            name: "Replay".into(),
            timezone: "Europe/Moscow".into(),
            extensions: Vec::new(),
            workplace_url: None,
        },
        employees: Vec::new(),
        nobody: 1,
        lines: Vec::new(),
        virtual_numbers: BTreeSet::new(),
        chat_channels: BTreeSet::new(),
        sites: Vec::new(),
        tags: Vec::new(),
        scenarios: Vec::new(),
        campaigns: Vec::new(),
        sources: Vec::new(),
        extension: None,
        no_extension: "101".into(),
    };
    people::reads(&account, &expected).await;
}

const CHAT: i64 = 5;

/// The rows of a report, as the Data API writes them.
fn add_rows(account: &SimulatedAccount, kind: Kind, places: &[Place]) {
    let moscow = zone("Europe/Moscow").expect("a zone");
    let time = |at: i64| instant(at).with_timezone(&moscow).format("%Y-%m-%d %H:%M:%S").to_string();
    let (name, row): (&str, fn(String, i64) -> Value) = match kind {
        Kind::Calls => ("calls", |at, id| json!({"id": id, "finish_time": at, "direction": "in", "talk_duration": 5})),
        Kind::Chats => ("chats", |at, id| json!({"id": id, "date_time": at, "status": "lost"})),
        Kind::SiteRequests => ("offline_messages", |at, id| json!({"id": id, "date_time": at, "communication_id": id, "text": "?"})),
        Kind::Messages => (
            "chat_messages",
            |at, id| json!({"chat_id": CHAT, "message_id": id, "id": id, "date_time": at, "source": "visitor", "text": "!"}),
        ),
    };
    let rows: Vec<Value> = places.iter().map(|(at, id)| row(time(*at), *id)).collect();
    account.state().merge_report(&json!({ name: rows }), moscow, NOW).expect("readable rows");
}

#[tokio::test]
async fn reports_conform() {
    let (account, _) = account(json!({}));
    // In no order, by whole seconds; two rows have one time.
    let place = |index: i64| (NOW - 100_000 + [0, 10_000, 10_000, 20_000, 21_000, 30_000][index as usize], 100 + index);
    for kind in reports::KINDS {
        for index in [4, 0, 2, 5, 1, 3] {
            add_rows(&account, kind, &[place(index)]);
        }
    }
    let rows = |_: Kind| (0..6).map(place).collect();
    let add = |kind: Kind, at: i64| {
        let place = (at, if at < NOW - 90_000 { 7 } else { 900 });
        add_rows(&account, kind, &[place]);
        place
    };
    let fixture = reports::Fixture { reports: &account, rows: &rows, chat: CHAT, no_chat: 6, add: Some(&add) };
    reports::conforms(&fixture).await;
}

#[tokio::test]
async fn deals_conform() {
    let (account, clock) = account(json!({"data_api_points": {"per_minute": 1000, "per_day": 3000}}));
    let states = |id: &str| account.state().deals.deal(id).map(|history| history.states.len());
    for prefix in ["", "suite-"] {
        let fixture = deals::Fixture { deals: &account, now: clock.now_ms(), prefix, states: Some(&states) };
        deals::conforms(&fixture).await;
    }
}

#[tokio::test]
async fn an_account_without_points_is_busy() {
    let (account, clock) = account(json!({"data_api_points": {"per_minute": 0, "per_day": 0}}));
    deals::without_points(&account).await;
    clock.advance_to(NOW + 59_999);
    deals::without_points(&account).await;
}

#[tokio::test]
async fn the_dialler_conforms() {
    let account = company();
    let order = DialOrder {
        contact: "79161234567".into(),
        employee_id: 1,
        employee_phone: None,
        virtual_number: "74950000000".into(),
        extension: None,
        virtual_number_rule: None,
        show_virtual_number: true,
        external_id: Some("click-1".into()),
    };
    let started = || account.state().dialled.len();
    // The simulated account refuses no order yet.
    dialler::conforms(&dialler::Fixture { dialler: &account, order, refused: Vec::new(), started: &started, prefix: "suite-" }).await;
}
