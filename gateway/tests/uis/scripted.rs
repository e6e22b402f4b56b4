//! A server that answers UIS's APIs as a test says, and remembers what it was asked.

use std::sync::{Arc, Mutex};

use chrono_tz::Europe::Moscow;
use serde_json::{Value, json};
use uis_gateway::config::AllowPrivate;
use uis_gateway::network::egress::HttpEgress;
use uis_gateway::uis::{Client, Credentials, LiveAccount, Options};
use uis_host::clock::{VirtualClock, instant};
use uis_host::suites::samples::NOW;

/// The body and the status for a request.
type Script = dyn Fn(&Value) -> (u16, String) + Send + Sync;

/// The server.
#[derive(Clone)]
pub struct Server {
    asked: Arc<Mutex<Vec<Value>>>,
    script: Arc<Mutex<Box<Script>>>,
    /// Its address.
    pub base: String,
}

impl Server {
    /// A server that answers everything as UIS would.
    pub async fn start() -> Server {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let server =
            Server { asked: Arc::default(), script: Arc::new(Mutex::new(Box::new(|request| (200, good(request).to_string())))), base };
        let answering = server.clone();
        let answer = move |body: String| {
            let server = answering.clone();
            async move {
                let request: Value = serde_json::from_str(&body).expect("JSON-RPC");
                let (status, body) = (server.script.lock().expect("no panic"))(&request);
                server.asked.lock().expect("no panic").push(request);
                (axum::http::StatusCode::from_u16(status).expect("a status"), body)
            }
        };
        let router = axum::Router::new().fallback(axum::routing::post(answer));
        tokio::spawn(async move { axum::serve(listener, router).await });
        server
    }

    /// From now on it answers so.
    pub fn answers(&self, script: impl Fn(&Value) -> (u16, String) + Send + Sync + 'static) {
        *self.script.lock().expect("no panic") = Box::new(script);
    }

    /// The methods that were asked for since the last call of this function, in order.
    pub fn methods(&self) -> Vec<String> {
        self.requests().iter().map(|request| request["method"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// The requests since the last call of this function or [`methods`](Self::methods).
    pub fn requests(&self) -> Vec<Value> {
        std::mem::take(&mut *self.asked.lock().expect("no panic"))
    }

    /// A live account of this server.
    pub fn account(&self, credentials: Credentials) -> (LiveAccount, Arc<VirtualClock>) {
        let clock = Arc::new(VirtualClock::at(instant(NOW)));
        let url = |path: &str| format!("{}{path}", self.base).parse().expect("a URL");
        let egress = Arc::new(HttpEgress::new(AllowPrivate::this_machine()).expect("a client"));
        let client = Client::new(egress, url("/v2.0"), url("/v4.0"), credentials, clock.clone());
        let options = Options { zone: Moscow, extensions: Vec::new(), workplace_url: None, sources: Vec::new() };
        (LiveAccount::new(Arc::new(client), options), clock)
    }
}

/// A key.
pub fn token() -> Credentials {
    Credentials::Token("k3y".to_owned().into())
}

/// An answer as UIS gives it: what a method's page documents, in short.
pub fn good(request: &Value) -> Value {
    let data = match request["method"].as_str().unwrap_or_default() {
        "get.account" => json!([{"app_id": 10042, "name": "Магазин", "timezone": "Europe/Moscow"}]),
        "get.employees" => json!([
            {"id": 2, "last_name": "Петров", "full_name": "Петров", "status": "break", "email": null, "extension": {}, "phone_numbers": []},
            {"id": 1, "last_name": "Иванова", "first_name": "Анна", "status": null, "email": "anna@example.com",
             "extension": {"extension_phone_number": "101"}, "phone_numbers": [{"phone_number": "79000000101", "status": "active"}],
             "operator": {"operator_sites": [{"site_id": 4, "site_domain_name": "shop.example"}]}}
        ]),
        "get.sip_lines" => json!([{"id": 7, "employee_id": 1, "physical_state": "Зарегистрирован", "virtual_phone_number": "74951112233"}]),
        "get.virtual_numbers" => json!([{"id": 5, "virtual_phone_number": "74951112233", "name": null, "status": "active",
            "campaigns": [{"campaign_id": 3, "campaign_name": "Реклама", "site_id": 6, "site_domain_name": "other.example"}],
            "scenarios": [{"scenario_id": 9, "scenario_name": "Входящие"}]}]),
        "get.chat_channels" => json!([{"id": 8, "name": "Сайт", "type": "comagic", "status": "active"}]),
        "get.tags" => json!([{"id": 11, "name": "VIP"}]),
        "get.sites" => json!([{"id": 4, "domain_name": "shop.example", "name": null}]),
        "get.scenarios" => json!([{"id": 9, "name": "Входящие"}]),
        "get.campaigns" => json!([{"id": 3, "name": "Реклама"}]),
        "get.calls_report" => {
            json!([{"id": 1001, "start_time": "2026-11-23 09:59:00", "finish_time": "2026-11-23 10:00:00", "direction": "in",
            "contact_phone_number": "79161234567", "source_name": "Яндекс", "tags": null, "employees": []}])
        }
        "get.sales_funnel" => json!([{"ext_id": "f", "name": "Воронка", "stages": [
            {"stage_ext_id": "a", "stage_name": "A", "stage_status": "in_process", "stage_order": 1},
            {"stage_ext_id": "won", "stage_name": "W", "stage_status": "success", "stage_order": 10010},
            {"stage_ext_id": "lost", "stage_name": "L", "stage_status": "failed", "stage_order": 10020}]}]),
        method if method.starts_with("get.") => json!([]),
        "create.employees" => json!({"id": 31003}),
        "start.employee_call" => json!({"call_session_id": 237_859_081}),
        "login.user" => json!({"access_token": "session", "expire_at": NOW / 1000 + 3600}),
        _ => json!({}),
    };
    let total = data.as_array().map(Vec::len);
    json!({"jsonrpc": "2.0", "id": request["id"], "result": {"data": data, "metadata": {"total_items": total, "version": null, "limits": {}}}})
}

/// An error of UIS's table.
pub fn error(request: &Value, code: i64, mnemonic: &str) -> Value {
    let data = json!({"mnemonic": mnemonic, "field": null, "value": "s3cret value", "params": {}, "extended_helper": null});
    json!({"jsonrpc": "2.0", "id": request["id"], "error": {"code": code, "message": "as documented", "data": data}})
}
