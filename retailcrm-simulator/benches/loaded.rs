//! What an account costs that has 100 000 customers, as many orders and a million calls: to hold, to search, to read, to add to; and how many events a second
//! the program takes over loopback. `cargo bench -p retailcrm-simulator`; the first lines show memory.
#![allow(missing_docs)]

#[path = "../tests/support/program.rs"]
mod program;

use std::fmt::Write;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use http::Request;
use retailcrm_simulator::account::DEFAULT_KEY;
use retailcrm_simulator::{Account, Simulator};
use serde_json::{Value, json};
use tower::ServiceExt;

const CUSTOMERS: u64 = 100_000;
const CALLS: u64 = 1_000_000;
/// Requests of one measurement over loopback.
const EVENTS: u64 = 20_000;
/// Connections that make them.
const CONNECTIONS: u64 = 16;

/// The file of the account.
fn file() -> String {
    let mut text = String::from(r#"{"users":[{"id":5,"email":"a@x.example"}],"customers":["#);
    let mut customer = |text: &mut String, id: u64| {
        write!(
            text,
            r#"{{"id":{id},"externalId":"phone-7916{id:07}","firstName":"Имя{}","lastName":"Фамилия{id}","email":"c{id}@shop.example","managerId":5,"createdAt":"2026-01-01 10:00:00","phones":[{{"number":"+7 (916) {:03}-{:02}-{:02}"}}]}}"#,
            id % 1000,
            id / 10_000,
            id / 100 % 100,
            id % 100
        )
    };
    list(&mut text, CUSTOMERS, &mut customer);
    text.push_str(r#"],"orders":["#);
    list(&mut text, CUSTOMERS, &mut |text, id| {
        write!(text, r#"{{"id":{id},"externalId":"o{id}","number":"{id}A","status":"new","customer":{{"id":{id}}},"summ":{id}}}"#)
    });
    text.push_str(r#"],"calls":["#);
    list(&mut text, CALLS, &mut |text, id| {
        write!(
            text,
            r#"{{"date":"2026-11-23 10:00:00","type":"in","phone":"7916{:07}","externalId":"uis-call-{id}","result":"answered","code":"101","userId":5,"duration":60,"durationWaiting":7,"externalPhone":"74951112233","recordUrl":"https://app.comagic.ru/system/media/talk/{id}/1/"}}"#,
            id % CUSTOMERS
        )
    });
    text.push_str("]}");
    text
}

fn list(text: &mut String, count: u64, one: &mut dyn FnMut(&mut String, u64) -> std::fmt::Result) {
    for id in 1..=count {
        if id > 1 {
            text.push(',');
        }
        one(text, id).expect("a text grows");
    }
}

/// MiB that the process holds now, and held at most, as Linux reports it.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let of = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib / 1024)
    };
    format!("{} MiB, {} MiB at most", of("VmRSS:").unwrap_or_default(), of("VmHWM:").unwrap_or_default())
}

async fn ask(router: &Router, request: Request<Body>) -> Value {
    let answer = router.clone().oneshot(request).await.expect("infallible");
    let body = axum::body::to_bytes(answer.into_body(), 1 << 24).await.expect("a body");
    serde_json::from_slice(&body).expect("JSON")
}

fn get(path: &str) -> Request<Body> {
    Request::get(path).header("X-API-KEY", DEFAULT_KEY).body(Body::empty()).expect("a request")
}

fn post(path: &str, field: &str, value: &Value) -> Request<Body> {
    let form = form_urlencoded::Serializer::new(String::new()).append_pair(field, &value.to_string()).finish();
    let request = Request::post(path).header("X-API-KEY", DEFAULT_KEY).header("content-type", "application/x-www-form-urlencoded");
    request.body(Body::from(form)).expect("a request")
}

fn loaded(criterion: &mut Criterion) {
    let text = file();
    let start = Instant::now();
    let account = Account::parse(&text).expect("an account");
    drop(text);
    let router = Simulator::new(account, Arc::new(chrono::Utc::now)).router();
    println!("loaded in {:.1} s, holding {}", start.elapsed().as_secs_f64(), memory());
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let mut group = criterion.benchmark_group("100k customers, 1M calls");
    let mut number = 0;
    group.bench_function("list by phone digits", |bencher| {
        bencher.iter(|| {
            number = (number + 7919) % CUSTOMERS + 1;
            let found = runtime.block_on(ask(&router, get(&format!("/api/v5/customers?filter[name]=916{number:07}"))));
            assert_eq!(found["customers"][0]["id"], number);
        });
    });
    group.bench_function("get by externalId", |bencher| {
        bencher.iter(|| {
            number = (number + 7919) % CUSTOMERS + 1;
            let found = runtime.block_on(ask(&router, get(&format!("/api/v5/customers/phone-7916{number:07}"))));
            assert_eq!(found["customer"]["id"], number);
        });
    });
    group.bench_function("get an order by externalId", |bencher| {
        bencher.iter(|| {
            number = (number + 7919) % CUSTOMERS + 1;
            let found = runtime.block_on(ask(&router, get(&format!("/api/v5/orders/o{number}"))));
            assert_eq!(found["order"]["id"], number);
        });
    });
    group.bench_function("list a page of all", |bencher| {
        bencher.iter(|| black_box(runtime.block_on(ask(&router, get("/api/v5/customers?limit=100")))));
    });
    group.bench_function("upload of 50 calls", |bencher| {
        bencher.iter(|| {
            let call = |_| {
                number += 1;
                json!({"date": "2026-11-23 10:00:00", "type": "in", "phone": "79160000001", "externalId": format!("new-{number}"), "result": "answered", "duration": 60, "userId": 5})
            };
            let calls: Value = (0..50).map(call).collect();
            let done = runtime.block_on(ask(&router, post("/api/v5/telephony/calls/upload", "calls", &calls)));
            assert_eq!(done["processedCallsCount"], 50);
        });
    });
    group.bench_function("create a customer", |bencher| {
        bencher.iter(|| {
            number += 1;
            let customer =
                json!({"externalId": format!("bench-{number}"), "firstName": "x", "phones": [{"number": format!("7495{number:07}")}]});
            let made = runtime.block_on(ask(&router, post("/api/v5/customers/create", "customer", &customer)));
            assert_eq!(made["success"], true);
        });
    });
    group.finish();
    println!("after all of it, holding {}", memory());
}

/// Events a second over loopback, the client on the same machine. The rate limit is off, and there is no log.
fn loopback(criterion: &mut Criterion) {
    let program = program::start(&["--json", "--quiet", "--rate-limit", "off"]);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let url = format!("{}/api/v5/telephony/call/event", program.url);
    let mut group = criterion.benchmark_group("over loopback");
    group.throughput(Throughput::Elements(1)).sample_size(10).measurement_time(Duration::from_secs(20));
    group.bench_function("call/event", |bencher| {
        bencher.iter_custom(|iterations| {
            // Enough events that the time to connect does not matter.
            let each = (iterations.max(EVENTS) / CONNECTIONS).max(1);
            let start = Instant::now();
            runtime.block_on(async {
                let clients = (0..CONNECTIONS).map(|connection| {
                    let (url, key) = (url.clone(), program.key.clone());
                    tokio::spawn(async move {
                        let client = reqwest::Client::new();
                        for number in 0..each {
                            let event = format!("event=%7B%22phone%22%3A%2279160000001%22%2C%22type%22%3A%22in%22%2C%22userIds%22%3A%5B1%5D%2C%22callExternalId%22%3A%22{connection}-{number}%22%7D");
                            let request = client.post(&url).header("X-API-KEY", &key).header("content-type", "application/x-www-form-urlencoded");
                            let answer = request.body(event).send().await.expect("an answer");
                            assert_eq!(answer.status(), 200);
                            answer.bytes().await.expect("a body");
                        }
                    })
                });
                for client in futures_util::future::join_all(clients).await {
                    client.expect("no panic");
                }
            });
            start.elapsed().mul_f64(iterations as f64 / (each * CONNECTIONS) as f64)
        });
    });
    group.finish();
}

criterion_group!(benches, loaded, loopback);
criterion_main!(benches);
