//! Requests drawn at random, most of them with the right secret: the gateway never fails, and what it acknowledges it has stored.

use std::sync::Arc;

use chrono::Utc;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};
use serde_json::{Map, Value, json};
use uis_gateway::requests::Raw;
use uis_host::bindings::exports::uis::integration::setup::CallbackRole;
use uis_host::clock::zone;
use uis_host::event::Class;
use uis_host::notification::MNEMONICS;
use uis_test_support::chaos::cases;

use super::{limits, served};
use crate::service::http::Client;
use crate::service::{SECRET, Service, finished};

/// A request, as it is drawn.
#[derive(Debug, Clone)]
struct Drawn {
    method: String,
    path: String,
    query: String,
    headers: String,
    body: Vec<u8>,
}

impl Drawn {
    fn bytes(&self) -> Vec<u8> {
        let question = if self.query.is_empty() { "" } else { "?" };
        let length = self.body.len();
        let head = format!(
            "{} {}{question}{} HTTP/1.1\r\nHost: a\r\n{}Content-Length: {length}\r\n\r\n",
            self.method, self.path, self.query, self.headers
        );
        [head.as_bytes(), &self.body].concat()
    }

    /// The type in the address, when it is one of a notification with the right secret.
    fn notifies(&self) -> Option<&str> {
        self.path
            .strip_prefix(&format!("/main/notify/{SECRET}"))
            .map(|kind| kind.trim_start_matches('/'))
            .filter(|kind| !kind.contains('/'))
    }
}

/// Text of the parts of a URL, also oddly encoded.
fn url_text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z0-9_=&.-]{0,30}", "(%[0-9a-fA-F]{2}){0,6}", "[a-z%+;:@!$'()*,~=&/?]{0,20}"]
}

fn paths() -> impl Strategy<Value = String> {
    let callback = prop::sample::select(vec!["make-call", "order", "activity", "status", "settings"]);
    prop_oneof![
        6 => prop::sample::select(MNEMONICS.to_vec()).prop_map(|kind| format!("/main/notify/{SECRET}/{kind}")),
        1 => Just(format!("/main/notify/{SECRET}")),
        1 => url_text().prop_map(|text| format!("/main/notify/{SECRET}/{}", text.replace('?', ""))),
        2 => Just(format!("/main/route/{SECRET}")),
        2 => callback.clone().prop_map(|callback| format!("/main/{callback}")),
        2 => callback.prop_map(|callback| format!("/main/{callback}/{SECRET}")),
        1 => url_text().prop_map(|text| format!("/main/asset/{text}")),
        2 => (url_text(), url_text()).prop_map(|(first, second)| format!("/{first}/{second}")),
    ]
}

fn json_values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        Just(json!("79161234567")),
        Just(json!("2026-11-27 10:00:00.000")),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z_]{1,12}", inner, 0..4).prop_map(|map| Value::Object(Map::from_iter(map))),
        ]
    })
}

/// The body of a finished call with some members replaced, removed or added.
fn changed_calls() -> impl Strategy<Value = String> {
    let whole: Map<String, Value> = serde_json::from_str(&finished(7, "79161234567", Utc::now())).expect("JSON");
    let mut names: Vec<String> = whole.keys().cloned().collect();
    names.extend(
        ["chat_id", "communication_id", "message", "tag_names", "employee_ids", "notification_mnemonic", "is_internal"].map(str::to_owned),
    );
    let change = (prop::sample::select(names), prop::option::of(json_values()));
    prop::collection::vec(change, 0..5).prop_map(move |changes| {
        let mut body = whole.clone();
        for (name, value) in changes {
            match value {
                Some(value) => drop(body.insert(name, value)),
                None => drop(body.remove(&name)),
            }
        }
        Value::Object(body).to_string()
    })
}

fn bodies() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => changed_calls().prop_map(String::into_bytes),
        2 => json_values().prop_map(|value| value.to_string().into_bytes()),
        1 => (changed_calls(), any::<prop::sample::Index>()).prop_map(|(body, end)| body.as_bytes()[..end.index(body.len())].to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..200),
        1 => url_text().prop_map(String::into_bytes),
        1 => Just(Vec::new()),
    ]
}

fn queries() -> impl Strategy<Value = String> {
    let text = || url_text().prop_map(|text| text.replace('?', "%3f"));
    prop_oneof![
        2 => Just(String::new()),
        1 => text(),
        2 => text().prop_map(|text| format!("clientId={SECRET}&code=101&phone=79161234567&{text}")),
        1 => Just("cdr_id=7&numa=79161234567&numb=74951112233".to_owned()),
        1 => Just("call_session_id=7&notification_mnemonic=call_session_finished&contact_phone_number=%2279161234567%22".to_owned()),
    ]
}

fn requests() -> impl Strategy<Value = Drawn> {
    // HEAD is left out: the client would wait for a body.
    let method = prop::sample::select(vec!["POST", "POST", "POST", "GET", "GET", "PUT", "DELETE", "OPTIONS", "TRACE", "X"]);
    let content = prop::sample::select(vec![
        "",
        "Content-Type: application/json\r\n",
        "Content-Type: application/x-www-form-urlencoded\r\n",
        "Content-Type: multipart/form-data; boundary=x\r\n",
        "Content-Type: \u{fffd}\r\n",
    ]);
    let other = prop_oneof![3 => Just(String::new()), 1 => "X-[A-Za-z]{1,10}: [ -~]{0,40}\r\n", 1 => "Content-Encoding: (gzip|br)\r\n", 1 => "Range: bytes=[0-9]{1,5}-\r\n"];
    (method, paths(), queries(), content, other, bodies()).prop_map(|(method, path, query, content, other, body)| Drawn {
        method: method.to_owned(),
        path,
        query,
        headers: format!("{content}{other}"),
        body,
    })
}

/// What is wrong with the answer to a request; none when nothing is.
async fn wrong(service: &Service, drawn: &Drawn) -> Option<String> {
    let before = service.count("SELECT coalesce(max(number), 0) FROM requests");
    let Some(answer) = Client::connect(service.address).await.ask(&drawn.bytes()).await else { return Some("no answer".to_owned()) };
    let plugin = service.gateway.plugin();
    let click = plugin.description().callbacks.iter().find(|need| need.role == CallbackRole::MakeCall)?;
    let clicks = drawn.path.starts_with(&format!("/main/{}", click.name));
    match answer.status {
        // 502: no call was started, and the CRM's user sees it.
        200 | 400 | 404 | 422 => {}
        502 if clicks => {}
        status => return Some(format!("answered with {status}")),
    }
    let kind = drawn.notifies().filter(|_| answer.status == 200)?;
    let count = |what: &str| service.count(&format!("SELECT count(*) FROM {what}"));
    if count(&format!("requests WHERE number > {before} AND kind = 'notification'")) != 1 {
        return Some("acknowledged, and the request is not stored".to_owned());
    }
    let origin = service.count("SELECT max(number) FROM requests WHERE kind = 'notification'");
    let rejected = count(&format!("requests WHERE number = {origin} AND rejected IS NOT NULL"));
    let kept = count(&format!("events WHERE origin = {origin}"));
    let method = if drawn.method == "GET" { "GET" } else { "POST" };
    let raw = Raw { method, query: drawn.query.clone(), content_type: None, body: drawn.body.clone().into() };
    let kind = percent_encoding::percent_decode_str(kind).decode_utf8_lossy();
    let kind = Some(kind.as_ref()).filter(|kind| !kind.is_empty());
    match raw.notification(kind, zone("Europe/Moscow").expect("a zone"), Utc::now().timestamp_millis()) {
        Err(_) if rejected == 1 && kept == 0 => None,
        Ok((_, events)) if rejected == 0 && kept >= events.iter().filter(|event| event.class() == Class::Kept).count() as i64 => None,
        read => Some(format!("acknowledged, with {kept} events and {rejected} dead letters, of {read:?}")),
    }
}

#[test]
fn no_request_makes_the_gateway_fail_and_every_acknowledged_one_is_stored() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let service = Arc::new(runtime.block_on(served(limits())));
    let mut runner = TestRunner::new(Config { cases: cases(400), failure_persistence: None, ..Config::default() });
    let found = runner.run(&requests(), |drawn| match runtime.block_on(wrong(&service, &drawn)) {
        None => Ok(()),
        Some(why) => Err(TestCaseError::fail(why)),
    });
    if let Err(TestError::Fail(why, drawn)) = &found {
        panic!("{why}: {drawn:?}\n{}", String::from_utf8_lossy(&drawn.bytes()));
    }
    found.expect("requests are drawn");
    assert_eq!(runtime.block_on(service.readiness()), 200, "the gateway lives");
    runtime.block_on(service.gateway.stop());
}
