//! The service between a client that sends what UIS sends, and RetailCRM's simulator.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use peer_axum::service::{Options, Service};
use retailcrm_simulator::program::{listener, log::Log};
use retailcrm_simulator::{Account, Simulator};
use serde_json::{Value, json};
use tokio::net::TcpListener;

const KEY: &str = "effects-key-0123456789abcdefghij";

fn file(name: &str) -> String {
    std::fs::read_to_string(format!("{}/../{name}", env!("CARGO_MANIFEST_DIR"))).expect("the file")
}

async fn serve_crm() -> (Simulator, SocketAddr) {
    let account = json!({
        "apiKey": KEY,
        "settings": {"timezone": {"value": "Europe/Moscow"}},
        "users": [
            {"id": 5, "email": "anna@shop.example", "firstName": "Анна", "active": true},
            {"id": 6, "email": "boris@shop.example", "firstName": "Борис", "active": true},
        ],
        "customers": [{"id": 17, "site": "main", "firstName": "Мария", "lastName": "Орлова", "phones": [{"number": "8 (916) 123-45-67"}]}],
        "orders": [{"id": 71, "number": "71A", "status": "new", "site": "main", "customer": {"id": 17}, "phone": "79161234567"}],
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let mut account = Account::read(&account).expect("an account");
    // Links in its answers lead there.
    account.listens_at = Some(format!("http://{address}"));
    let crm = Simulator::new(account, Arc::new(chrono::Utc::now));
    tokio::spawn(listener::serve(listener, listener::PLAIN, crm.clone(), Log::new(false, true)));
    (crm, address)
}

async fn serve_peer(crm: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let options = Options {
        crm: format!("http://{crm}").parse().expect("a URL"),
        key: KEY.to_owned(),
        settings: file("settings.json"),
        account: serde_json::from_str(&file("account.json")).expect("an account"),
        public_url: format!("http://{address}"),
    };
    let service = Service::start(options).await.expect("it starts");
    tokio::spawn(async move { axum::serve(listener, service.router()).await });
    address
}

fn body(session: i64, is_lost: bool) -> Value {
    json!({
        "call_session_id": session, "direction": "in", "contact_phone_number": "79161234567", "virtual_phone_number": "74951112233",
        "start_time": "2026-11-23 10:00:00", "finish_time": "2026-11-23 10:01:00", "is_lost": is_lost, "wait_time_duration": 12,
        "total_time_duration": 60, "talk_time_duration": if is_lost { 0 } else { 48 }, "employee_ids": [323_410],
        "last_talked_employee_id": if is_lost { Value::Null } else { 323_410.into() },
        "record_file_links": if is_lost { json!([]) } else { json!(["https://records.example/1.mp3"]) },
    })
}

/// Waits until RetailCRM has so many of them.
async fn until(crm: &Simulator, list: &str, count: usize) -> Vec<Value> {
    for _ in 0..1000 {
        let found = crm.to_json()[list].as_array().cloned().unwrap_or_default();
        if found.len() >= count {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("RetailCRM does not get {count} {list}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_a_record_and_a_task() {
    let (crm, crm_address) = serve_crm().await;
    let address = serve_peer(crm_address).await;
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let send = async |name: &str, body: Value| {
        let request = client.post(format!("http://{address}/notify/{name}")).header("content-type", "application/json");
        assert_eq!(request.body(body.to_string()).send().await.expect("an answer").status(), 200, "{name}");
    };

    let answer = client.get(format!("http://{address}/route?cdr_id=1&numa=79161234567&numb=74951112233")).send().await.expect("an answer");
    let answer: Value = serde_json::from_slice(&answer.bytes().await.expect("a body")).expect("JSON");
    assert_eq!(answer["card"]["name"], "Орлова Мария");
    assert_eq!(answer["card"]["orders"][0]["name"], "71A");
    assert!(answer["card"]["url"].as_str().is_some_and(|url| url.starts_with(&format!("http://{crm_address}/"))), "{answer}");

    send("call_session_finished", body(1, false)).await;
    send("call_session_finished", body(2, true)).await;
    send("lost_call_session", body(2, true)).await;
    let tasks = until(&crm, "tasks", 1).await;
    let task = (&tasks[0]["performer"], &tasks[0]["phone"], &tasks[0]["customer"]["id"], &tasks[0]["datetime"]);
    assert_eq!(task, (&json!(6), &json!("79161234567"), &json!(17), &json!("2026-11-23 11:01")));
    let calls = until(&crm, "calls", 2).await;
    let results: Vec<_> = calls.iter().map(|call| (&call["externalId"], &call["result"], &call["userId"])).collect();
    assert_eq!(results, [(&json!("uis-call-1"), &json!("answered"), &json!(6)), (&json!("uis-call-2"), &json!("no answer"), &json!(6))]);
    assert_eq!(calls[0]["recordUrl"], "https://records.example/1.mp3");
}
