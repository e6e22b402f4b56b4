//! What the tests share: an account, and requests over its server without a socket between.

pub mod program;

use std::sync::{Arc, Mutex};

use axum::body::Body;
use chrono::{DateTime, Utc};
use http::{Request, StatusCode};
use retailcrm_simulator::account::DEFAULT_KEY;
use retailcrm_simulator::{Account, Simulator};
use serde_json::{Value, json};
use tower::ServiceExt;

/// A simulator whose time the test moves.
pub struct Crm {
    /// The simulator.
    pub simulator: Simulator,
    now: Arc<Mutex<DateTime<Utc>>>,
    key: String,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its media type.
    pub kind: String,
    /// Its body as text.
    pub text: String,
}

impl Answer {
    /// The body; null if it is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    /// The body of an answer with this status.
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.json()
    }

    /// `errorMsg` of an answer with this status.
    pub fn refusal(self, status: u16) -> String {
        self.expect(status)["errorMsg"].as_str().expect("errorMsg").to_owned()
    }
}

/// An account as described, at 2026-11-23 10:00:00 in Moscow.
pub fn crm(account: Value) -> Crm {
    let at = DateTime::parse_from_rfc3339("2026-11-23T10:00:00+03:00").expect("a time").to_utc();
    let now = Arc::new(Mutex::new(at));
    let clock = now.clone();
    let simulator = Simulator::new(Account::read(&account).expect("an account"), Arc::new(move || *clock.lock().expect("unpoisoned")));
    let key = simulator.api_key();
    Crm { simulator, now, key }
}

/// An account with two users, two customers, an order.
pub fn demo() -> Crm {
    crm(json!({
        "users": [
            {"id": 5, "email": "a@x.example", "firstName": "Анна", "isAdmin": true, "groups": [{"id": 1, "name": "Администраторы", "code": "superadmins"}]},
            {"id": 6, "email": "b@x.example", "status": "busy", "isManager": true},
        ],
        "customers": [
            {"id": 1, "externalId": "c1", "firstName": "Анна", "managerId": 5, "phones": [{"number": "+7 (916) 000-00-01"}], "email": "anna@x.example"},
            {"id": 2, "firstName": "Борис", "managerId": 6, "phones": [{"number": "79160000002"}]},
        ],
        "orders": [{"id": 7, "externalId": "o7", "number": "7A", "status": "new", "customer": {"id": 1}, "summ": 779, "delivery": {"cost": 616.16}}],
    }))
}

/// An account with two shops.
pub fn two_shops() -> Crm {
    crm(json!({
        "sites": [{"code": "a"}, {"code": "b"}],
        "apiKeys": [{"key": DEFAULT_KEY}, {"key": "only-b", "sites": ["b"]}, {"key": "reads", "scopes": ["customer_read"]}],
        "users": [{"id": 5}],
        "customers": [{"id": 1, "site": "b", "externalId": "x"}, {"id": 2, "site": "a", "externalId": "x"}],
        "orders": [{"id": 7, "site": "b", "externalId": "o"}],
    }))
}

impl Crm {
    /// The same account, asked with another key.
    pub fn with_key(&self, key: &str) -> Crm {
        Crm { simulator: self.simulator.clone(), now: self.now.clone(), key: key.into() }
    }

    /// Lets time pass.
    pub fn pass(&self, milliseconds: i64) {
        *self.now.lock().expect("unpoisoned") += chrono::TimeDelta::milliseconds(milliseconds);
    }

    /// Any request.
    pub async fn ask(&self, request: Request<Body>) -> Answer {
        let answer = self.simulator.router().oneshot(request).await.expect("infallible");
        let status = answer.status().as_u16();
        let kind = answer.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_owned();
        let body = axum::body::to_bytes(answer.into_body(), 1 << 26).await.expect("a body");
        Answer { status, kind, text: String::from_utf8_lossy(&body).into_owned() }
    }

    /// A GET; brackets and letters of the query as they are.
    pub async fn get(&self, uri: &str) -> Answer {
        self.ask(Request::get(uri).header("X-API-KEY", &self.key).body(Body::empty()).expect("a request")).await
    }

    /// A form; structured values as JSON.
    pub async fn post(&self, uri: &str, fields: &[(&str, Value)]) -> Answer {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let form =
            form_urlencoded::Serializer::new(String::new()).extend_pairs(fields.iter().map(|(name, value)| (name, text(value)))).finish();
        let request = Request::post(uri).header("X-API-KEY", &self.key).header("content-type", "application/x-www-form-urlencoded");
        self.ask(request.body(Body::from(form)).expect("a request")).await
    }

    /// Something for the control.
    pub async fn control(&self, uri: &str, body: Value) -> Value {
        let request = Request::post(format!("/_simulator/{uri}")).header("content-type", "application/json");
        self.ask(request.body(Body::from(body.to_string())).expect("a request")).await.expect(StatusCode::OK.as_u16())
    }
}

/// The members that an object has, of those that a sample names.
pub fn has(value: &Value, members: &[&str]) {
    for name in members {
        assert!(value.get(name).is_some(), "{name} is missing in {value}");
    }
}

/// A form of one JSON field, below `/api/v5`.
pub async fn post(crm: &Crm, path: &str, field: &str, value: Value) -> Answer {
    crm.post(&format!("/api/v5/{path}"), &[(field, value)]).await
}

/// A good answer to a GET, below `/api/v5`.
pub async fn get(crm: &Crm, path: &str) -> Value {
    crm.get(&format!("/api/v5/{path}")).await.expect(200)
}
