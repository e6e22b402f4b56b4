//! The live account passes the suites of the host's ports, over a socket, against UIS's twin.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};
use uis_gateway::config::AllowPrivate;
use uis_gateway::network::dials::DurableDialler;
use uis_gateway::network::egress::HttpEgress;
use uis_gateway::store::{OpenOptions, SqliteStore};
use uis_gateway::uis::{Client, Credentials, LiveAccount, Options};
use uis_host::bindings::uis::integration::call_events::DialOrder;
use uis_host::bindings::uis::integration::directory;
use uis_host::clock::{Clock, VirtualClock, instant, zone};
use uis_host::suites::reports::{Kind, Place};
use uis_host::suites::samples::NOW;
use uis_host::suites::{deals, dialler, directory as people, reports};
use uis_simulator::server::TwinServer;
use uis_simulator::{Account, SimulatedAccount};

/// A live account of a twin on a socket of this process.
pub struct Fixture {
    /// The account behind the APIs.
    pub twin: Arc<SimulatedAccount>,
    /// The account over its APIs.
    pub live: LiveAccount,
    /// The clock of both.
    pub clock: Arc<VirtualClock>,
}

/// A twin with these members, and its account with these credentials.
pub async fn fixture(mut description: Value, credentials: Credentials) -> Fixture {
    if description["data_api_points"].is_null() {
        description["data_api_points"] = json!({"per_minute": 100_000, "per_day": 100_000});
    }
    let clock = Arc::new(VirtualClock::at(instant(NOW)));
    let account: Account = serde_json::from_value(description).expect("an account");
    let extensions = account.extensions.clone();
    let twin = Arc::new(SimulatedAccount::new(account, clock.clone()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    let router = TwinServer::new(twin.clone(), clock.clone()).router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let url = |path: &str| format!("{base}{path}").parse().expect("a URL");
    let egress = Arc::new(HttpEgress::new(AllowPrivate::this_machine()).expect("a client"));
    let client = Client::new(egress, url("/v2.0"), url("/v4.0"), credentials, clock.clone());
    let options = Options {
        zone: chrono_tz::Europe::Moscow,
        workplace_url: Some("https://go.uiscom.ru/rmo".parse().expect("a URL")),
        extensions,
        sources: vec!["Google".to_owned()],
    };
    Fixture { twin, live: LiveAccount::new(Arc::new(client), options), clock }
}

fn token() -> Credentials {
    Credentials::Token("k3y".to_owned().into())
}

/// More than a page of employees, not in the order of their ids, and a few of everything else.
fn company() -> Value {
    let employee = |id: i64| {
        let lines: Vec<Value> = (0..id % 2).map(|_| json!({"virtual_phone_number": "74951234567", "registered": true})).collect();
        json!({
            "id": id,
            "last_name": format!("Сотрудник {id}"),
            "email": format!("employee{id}@example.com"),
            "status": "available",
            "extension": {"extension_phone_number": (100 + id).to_string()},
            "phone_numbers": [{"phone_number": "79160000000", "status": "active"}],
            "sip_lines": lines,
        })
    };
    let numbers =
        (0..1001_i64).map(|id| json!({"id": id + 1, "virtual_phone_number": (74_950_000_000 + id).to_string(), "status": "active"}));
    json!({
        "app_id": 17,
        "name": "Магазин",
        "extensions": ["rmo"],
        "employees": (1..=2003_i64).rev().map(employee).collect::<Vec<_>>(),
        "virtual_numbers": numbers.collect::<Vec<_>>(),
        "chat_channels": [{"id": 3, "name": "Сайт", "type": "comagic"}, {"id": 1, "name": "Telegram", "type": "telegram"}],
        "sites": [
            {"id": 6, "domain_name": "shop.example/catalogue", "name": "Каталог"},
            {"site_id": 4, "site_domain_name": "shop.example"},
            {"id": 5, "domain": "другой.example"},
        ],
        "tags": (1..=1500_i64).rev().map(|id| json!({"id": id, "name": format!("Тег {id}"), "is_system": false})).collect::<Vec<_>>(),
        "scenarios": [{"scenario_id": 9002, "scenario_name": "Ночь"}, {"id": 9001, "name": "Входящие"}],
        "campaigns": [{"campaign_id": 3001, "campaign_name": "Наружная реклама"}],
    })
}

fn expected() -> people::Expected {
    people::Expected {
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
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_directory_conforms() {
    let Fixture { twin, live, .. } = fixture(company(), token()).await;
    let call = json!({"id": 1, "start_time": "2026-11-20 10:00:00", "finish_time": "2026-11-20 10:01:00", "source_name": "Яндекс"});
    let moscow = zone("Europe/Moscow").expect("a zone");
    twin.state().merge_report(&json!({"calls": [call]}), moscow, NOW).expect("a readable row");
    people::reads(&live, &expected()).await;
    let id = people::writes(&live, "anna@example.com", 3000).await;
    let employees = expected().employees.into_iter().chain([id]).collect();
    people::reads(&live, &people::Expected { employees, nobody: 3000, ..expected() }).await;
}

const CHAT: i64 = 5;

/// The rows of a report, as the Data API writes them.
fn add_rows(account: &SimulatedAccount, kind: Kind, places: &[Place]) {
    let moscow = zone("Europe/Moscow").expect("a zone");
    let time = |at: i64| instant(at).with_timezone(&moscow).format("%Y-%m-%d %H:%M:%S").to_string();
    let (name, row): (&str, fn(String, i64) -> Value) = match kind {
        Kind::Calls => ("calls", |at, id| json!({"id": id, "start_time": at, "finish_time": at, "direction": "in", "talk_duration": 5})),
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reports_conform() {
    let Fixture { twin, live, .. } = fixture(json!({}), token()).await;
    // In no order, by whole seconds; two rows have one time.
    let begin = NOW.div_euclid(1000) * 1000 - 100_000;
    let place = |index: i64| (begin + [0, 10_000, 10_000, 20_000, 21_000, 30_000][index as usize], 100 + index);
    for kind in reports::KINDS {
        for index in [4, 0, 2, 5, 1, 3] {
            add_rows(&twin, kind, &[place(index)]);
        }
    }
    let rows = |_: Kind| (0..6).map(place).collect();
    let add = |kind: Kind, at: i64| {
        let place = (at, if at < begin + 10_000 { 7 } else { 900 });
        add_rows(&twin, kind, &[place]);
        place
    };
    let fixture = reports::Fixture { reports: &live, rows: &rows, chat: CHAT, no_chat: 6, add: Some(&add) };
    reports::conforms(&fixture).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deals_conform() {
    let Fixture { twin, live, clock } = fixture(json!({}), token()).await;
    let states = |id: &str| twin.state().deals.deal(id).map(|history| history.states.len());
    for prefix in ["", "suite-"] {
        let fixture = deals::Fixture { deals: &live, now: clock.now_ms(), prefix, states: Some(&states) };
        deals::conforms(&fixture).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_without_points_is_busy() {
    let Fixture { live, clock, .. } = fixture(json!({"data_api_points": {"per_minute": 0, "per_day": 0}}), token()).await;
    deals::without_points(&live).await;
    clock.advance_to(NOW + 59_999);
    deals::without_points(&live).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_dialler_conforms() {
    let Fixture { twin, live, .. } = fixture(company(), token()).await;
    let folder = tempfile::tempdir().expect("a folder");
    let (store, _) = SqliteStore::open(&folder.path().join("store.db"), OpenOptions::default()).expect("a store");
    // The Call API starts a call for every request: the order's record is what makes a repetition harmless.
    let durable = DurableDialler::new(Arc::new(store), "suite", Arc::new(live));
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
    let refused = vec![
        (DialOrder { employee_id: 5000, ..order.clone() }, "employee_not_found"),
        (DialOrder { virtual_number: "74959999999".into(), ..order.clone() }, "virtual_phone_number_not_found"),
        (DialOrder { employee_phone: Some("79169999999".into()), ..order.clone() }, "no_active_phone_number"),
    ];
    let started = || twin.state().dialled.len();
    dialler::conforms(&dialler::Fixture { dialler: &durable, order, refused, started: &started, prefix: "suite-" }).await;
}
