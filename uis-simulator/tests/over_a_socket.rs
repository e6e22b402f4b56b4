//! The server over a socket: paths, faults, control.

mod support;

use std::sync::{Arc, Mutex};

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use support::{Served, company, refusal};
use uis_simulator::twin::Seen;

/// A server on a port of this machine.
struct Socket {
    url: String,
    client: Client,
    served: Served,
}

impl Socket {
    async fn open(served: Served) -> Socket {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(served.server.clone().serve(listener));
        let client = Client::builder().no_proxy().build().expect("a client");
        Socket { url, client, served }
    }

    async fn send(&self, method: Method, path: &str, body: String) -> reqwest::Result<(StatusCode, String)> {
        let response = self.client.request(method, format!("{}{path}", self.url)).body(body).send().await?;
        Ok((response.status(), response.text().await?))
    }

    async fn ask(&self, path: &str, method: &str, params: Value) -> reqwest::Result<(StatusCode, String)> {
        let mut params = params;
        params["access_token"] = "token".into();
        let request = json!({"jsonrpc": "2.0", "id": "req-1", "method": method, "params": params});
        self.send(Method::POST, path, request.to_string()).await
    }

    async fn answer(&self, path: &str, method: &str, params: Value) -> Value {
        let (status, body) = self.ask(path, method, params).await.expect("an answer");
        assert_eq!(status, StatusCode::OK);
        serde_json::from_str(&body).expect("JSON")
    }

    async fn control(&self, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (status, body) = self.send(method, &format!("/_simulator{path}"), body).await.expect("an answer");
        (status, serde_json::from_str(&body).unwrap_or_default())
    }

    async fn faults(&self, rules: Value) {
        assert_eq!(self.control(Method::POST, "/faults", json!({ "rules": rules })).await.0, StatusCode::OK);
    }
}

const CALL: &str = "start.employee_call";

fn order() -> Value {
    json!({"first_call": "employee", "direction": "out", "virtual_phone_number": "74950000101", "contact": "79000000001", "employee": {"id": 31001}})
}

#[tokio::test]
async fn each_api_has_its_path_and_its_methods() {
    let socket = Socket::open(company()).await;
    assert_eq!(socket.answer("/v2.0", "get.account", json!({})).await["result"]["data"][0]["app_id"], 10042);
    assert_eq!(refusal(&socket.answer("/v2.0", CALL, order()).await).0, "method_not_found");
    assert!(socket.answer("/v4.0", CALL, order()).await.get("result").is_some());
    assert_eq!(socket.send(Method::GET, "/v2.0", String::new()).await.expect("an answer").0, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(socket.send(Method::POST, "/v3.0", String::new()).await.expect("an answer").0, StatusCode::NOT_FOUND);
    let (status, body) = socket.send(Method::POST, "/v2.0", "{".into()).await.expect("an answer");
    assert!(status == StatusCode::OK && body.contains("parse_error"), "errors have status 200: {body}");
}

#[tokio::test]
async fn a_body_that_is_too_long_is_refused_by_its_status() {
    // A client that is still sending may see the connection close instead, so the request goes to the router.
    let router = company().server.router();
    let long = axum::body::Body::from(vec![b' '; 16 * 1024 * 1024 + 1]);
    let request = http::Request::post("/v2.0").body(long).expect("a request");
    let Ok(response) = tower::ServiceExt::oneshot(router, request).await;
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn requests_are_observed_without_their_parameters() {
    let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
    let into = seen.clone();
    let mut served = company();
    served.server = served.server.observed(Arc::new(move |request| into.lock().expect("no panic").push(request.clone())));
    let socket = Socket::open(served).await;
    socket.answer("/v2.0", "get.account", json!({})).await;
    socket.answer("/v2.0", "get.employees", json!({"limit": 0})).await;
    socket.faults(json!([{"body": "html"}])).await;
    socket.ask("/v4.0", CALL, order()).await.expect("an answer");
    let short = |seen: &Seen| (seen.method.clone(), seen.outcome.clone().unwrap_or_default(), seen.fault.clone().unwrap_or_default());
    let expected = [("get.account", "ok", ""), ("get.employees", "invalid_parameter_value", ""), (CALL, "", "HTML page")];
    let seen: Vec<_> = seen.lock().expect("no panic").iter().map(short).collect();
    assert_eq!(seen, expected.map(|(method, outcome, fault)| (method.to_owned(), outcome.to_owned(), fault.to_owned())));
}

#[tokio::test]
async fn the_list_of_addresses_is_obeyed() {
    let socket = Socket::open(company()).await;
    socket.control(Method::PATCH, "/account", json!({"api_ip_allowed": ["192.0.2.0/24"]})).await;
    assert_eq!(refusal(&socket.answer("/v2.0", "get.account", json!({})).await).0, "ip_not_whitelisted");
    socket.control(Method::PATCH, "/account", json!({"api_ip_allowed": ["0.0.0.0/0"]})).await;
    assert!(socket.answer("/v2.0", "get.account", json!({})).await.get("result").is_some());
}

#[tokio::test]
async fn faults_happen_on_demand() {
    let socket = Socket::open(company()).await;
    socket.faults(json!([{"method": "get.account", "times": 1, "status": 503, "body": "busy", "retryAfter": 7}])).await;
    assert_eq!(socket.ask("/v2.0", "get.account", json!({})).await.expect("an answer"), (StatusCode::SERVICE_UNAVAILABLE, "busy".into()));
    assert!(socket.answer("/v2.0", "get.account", json!({})).await.get("result").is_some(), "once");
    socket.faults(json!([{"body": "html"}])).await;
    assert!(socket.ask("/v2.0", "get.account", json!({})).await.expect("an answer").1.starts_with("<!DOCTYPE"));
    socket.faults(json!([{"body": "truncated"}])).await;
    let (_, half) = socket.ask("/v2.0", "get.account", json!({})).await.expect("an answer");
    assert!(half.starts_with('{') && serde_json::from_str::<Value>(&half).is_err(), "{half}");
    socket.faults(json!([{"error": "internal_error", "latencyMs": 1}])).await;
    let answer = socket.answer("/v2.0", "get.account", json!({})).await;
    assert_eq!((refusal(&answer).0.as_str(), &answer["id"]), ("internal_error", &json!("req-1")));
}

#[tokio::test]
async fn a_connection_breaks_before_or_after_the_call_was_started() {
    let socket = Socket::open(company()).await;
    let started = || socket.served.account.state().dialled.len();
    socket.faults(json!([{"method": CALL, "reset": "before-commit"}])).await;
    assert!(socket.ask("/v4.0", CALL, order()).await.is_err());
    assert_eq!(started(), 0);
    socket.faults(json!([{"method": CALL, "reset": "after-commit"}])).await;
    assert!(socket.ask("/v4.0", CALL, order()).await.is_err());
    assert_eq!(started(), 1);
}

#[tokio::test]
async fn control_shows_and_changes_the_account() {
    let socket = Socket::open(company()).await;
    let row = json!({"id": 1, "start_time": "2026-11-22 10:00:00", "finish_time": "2026-11-22 10:01:00"});
    assert_eq!(socket.control(Method::POST, "/reports", json!({"calls": [row]})).await.0, StatusCode::OK);
    let (status, complaint) = socket.control(Method::POST, "/reports", json!({"calls": [{}]})).await;
    assert!(status == StatusCode::BAD_REQUEST && complaint["error"].as_str().is_some_and(|text| text.contains("calls[0]")), "{complaint}");
    let (status, complaint) = socket.control(Method::PATCH, "/account", json!({"colour": 1})).await;
    assert!(
        status == StatusCode::BAD_REQUEST && complaint["error"].as_str().is_some_and(|text| text.contains("account.colour")),
        "{complaint}"
    );
    socket.answer("/v4.0", CALL, order()).await;
    let (_, dialled) = socket.control(Method::GET, "/dialled", Value::Null).await;
    assert_eq!(dialled["dialled"][0]["contact"], "79000000001");
    let (_, limits) = socket.control(Method::GET, "/limits", Value::Null).await;
    assert_eq!((&limits["call_api"]["most_in_a_minute"], &limits["data_api"]["limits"]["day_limit"]), (&json!(1), &json!(3000)));
    let (_, state) = socket.control(Method::GET, "/state", Value::Null).await;
    assert_eq!((&state["reports"]["calls"], &state["account"]["name"]), (&json!([row]), &json!("Магазин")));
    socket.control(Method::POST, "/reset", Value::Null).await;
    let (_, state) = socket.control(Method::GET, "/state", Value::Null).await;
    assert_eq!((&state["reports"], &state["dialled"], &state["account"]["name"]), (&json!({}), &json!([]), &json!("Магазин")));
    socket.control(Method::POST, "/reset", json!({"name": "Другой"})).await;
    assert_eq!(socket.answer("/v2.0", "get.account", json!({})).await["result"]["data"][0]["name"], "Другой");
    assert!(socket.send(Method::GET, "/_simulator", String::new()).await.expect("an answer").1.contains("/_simulator/faults"));
}
