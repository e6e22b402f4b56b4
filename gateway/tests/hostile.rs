//! What a sender can do to the gateway that it should not do: slow, large, broken and wrong requests. Each has its named answer, and others are
//! served meanwhile.

mod failures;
mod fuzz;

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use uis_gateway::config::IntakeLimits;
use uis_host::clock::{Clock, SystemClock};
use uis_test_support::native_plugin::NativePlugin;

use crate::service::crm::Crm;
use crate::service::http::{Client, notification, once, request, status};
use crate::service::{Plan, SECRET, Service, finished};

/// Requests that came over HTTP. What administrators did is stored beside them.
const RECEIVED: &str = "SELECT count(*) FROM requests WHERE kind IN ('notification', 'route', 'callback')";

/// A gateway with the integration `main`.
async fn served(limits: IntakeLimits) -> Service {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let crm = Crm::serve(clock).await;
    let service = Service::start(Plan { limits, ..Plan::with(Arc::new(NativePlugin::new())) }).await;
    service.add("main", &crm).await;
    service
}

fn limits() -> IntakeLimits {
    IntakeLimits { requests_per_second: 1_000_000, ..IntakeLimits::default() }
}

/// The address of finished calls.
fn calls() -> String {
    format!("/main/notify/{SECRET}/call_session_finished")
}

fn call(session: u64) -> String {
    finished(session, "79161234567", Utc::now())
}

/// Sends bytes one by one until the gateway closes the connection or answers; each byte is waited for.
async fn trickle(client: &mut Client, bytes: &[u8]) -> Option<u16> {
    for byte in bytes.iter().cycle() {
        if !client.send(&[*byte]).await {
            return None;
        }
        let pause = Duration::from_millis(200);
        if let Ok(answer) = tokio::time::timeout(pause, client.next()).await {
            return answer.map(|answer| answer.status);
        }
    }
    None
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_that_comes_too_slowly_ends_the_connection() {
    let service = served(IntakeLimits { header_seconds: 1, ..limits() }).await;
    let mut slow = Client::connect(service.address).await;
    assert!(slow.send(b"GET /healthz HTTP/1.1\r\nX-Slow: ").await);
    let ended = trickle(&mut slow, b"x").await;
    assert!(ended.is_none_or(|status| status == 408), "{ended:?}");
    assert_eq!(slow.answer().await, None, "it is closed");
    let mut silent = Client::connect(service.address).await;
    assert!(silent.answer().await.is_none_or(|answer| answer.status == 408), "a connection without a request is closed");
    let mut kept = Client::connect(service.address).await;
    assert_eq!(kept.ask(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").await.map(|answer| answer.status), Some(200));
    assert!(kept.answer().await.is_none_or(|answer| answer.status == 408), "so is one that is unused after a request");
    assert_eq!(service.health().await, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_comes_too_slowly_is_408() {
    let service = served(IntakeLimits { body_seconds: 1, ..limits() }).await;
    let mut slow = Client::connect(service.address).await;
    assert!(slow.send(format!("POST {} HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n", calls()).as_bytes()).await);
    assert_eq!(trickle(&mut slow, b" ").await, Some(408));
    assert_eq!(slow.answer().await, None, "and the connection is closed");
    assert_eq!(service.count(RECEIVED), 0, "nothing is stored of it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_connections_give_way_to_new_ones() {
    let service = served(IntakeLimits { connections: 50, header_seconds: 600, ..limits() }).await;
    let mut idle = Vec::new();
    for number in 0..150 {
        let mut client = Client::connect(service.address).await;
        // Some send nothing, some a part of a head, some are unused after a request.
        match number % 3 {
            0 => {}
            1 => assert!(client.send(b"POST /main/notify/").await),
            _ => assert!(client.ask(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").await.is_some()),
        }
        idle.push(client);
    }
    let newest = idle.split_off(110);
    for (number, mut client) in idle.into_iter().take(90).enumerate() {
        let ended = tokio::time::timeout(Duration::from_secs(5), client.next()).await.expect("it does not stay open");
        assert_eq!(ended, None, "connection {number} was closed for a newer one");
    }
    assert_eq!(service.notify("main", "call_session_finished", &call(1)).await, 200, "a new request is answered");
    for mut client in newest {
        // What was idle for the shortest time is still served.
        assert!(client.send(b" ").await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_at_work_never_gives_way() {
    let service = served(IntakeLimits { connections: 3, ..limits() }).await;
    let mut at_work = Vec::new();
    for _ in 0..3 {
        let mut client = Client::connect(service.address).await;
        let head = format!("POST {} HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n", calls());
        // The gateway asks for the body once the request is at work.
        assert_eq!(client.ask(head.as_bytes()).await.map(|answer| answer.status), Some(100));
        at_work.push(client);
    }
    assert_eq!(service.health().await, 0, "the new connection is closed at once");
    for client in &mut at_work {
        assert_eq!(client.ask(b"{}").await.map(|answer| answer.status), Some(200));
    }
    assert_eq!(service.health().await, 200, "then there is room");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_large_is_refused() {
    let service = served(IntakeLimits { body_bytes: 10_000, ..limits() }).await;
    let body = |size: usize| notification(&calls(), &" ".repeat(size));
    assert_eq!(status(service.address, &body(10_001)).await, 413);
    let pieces =
        format!("POST {} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3000\r\n{}\r\n0\r\n\r\n", calls(), " ".repeat(0x3000));
    assert_eq!(status(service.address, pieces.as_bytes()).await, 413, "also without a length");
    let head = |size: usize| format!("GET /healthz HTTP/1.1\r\nHost: a\r\nX-Long: {}\r\n\r\n", "x".repeat(size));
    assert_eq!(status(service.address, head(20_000).as_bytes()).await, 431);
    let many = format!("GET /healthz HTTP/1.1\r\nHost: a\r\n{}\r\n", "a: b\r\n".repeat(1000));
    assert_eq!(status(service.address, many.as_bytes()).await, 431);
    let query = format!("GET {}?{} HTTP/1.1\r\nHost: a\r\n\r\n", calls(), "a=b&".repeat(5000));
    assert!([414, 431].contains(&status(service.address, query.as_bytes()).await));
    assert_eq!(service.count(RECEIVED), 0);
    assert_eq!(status(service.address, &body(10_000)).await, 200, "what is just small enough is accepted");
    assert_eq!(status(service.address, head(10_000).as_bytes()).await, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_secrets_look_like_unknown_integrations_and_store_nothing() {
    let service = Arc::new(served(limits()).await);
    let unknown = once(service.address, &notification("/nobody/notify/x/call_session_finished", &call(1))).await.expect("an answer");
    assert_eq!((unknown.status, unknown.body.as_slice()), (404, b"".as_slice()));
    let guessing: Vec<_> = (0..4)
        .map(|thread| {
            let (service, unknown) = (service.clone(), unknown.clone());
            tokio::spawn(async move {
                let mut client = Client::connect(service.address).await;
                for number in 0..500 {
                    let guess = format!("{thread}{number}");
                    let guess = match number % 4 {
                        0 => notification(&format!("/main/notify/{guess}/call_session_finished"), &call(number)),
                        1 => request("GET", &format!("/main/route/{guess}?numa=1"), "", b""),
                        2 => request("GET", &format!("/main/make-call?clientId={guess}&code=101&phone=79161234567&userId=5"), "", b""),
                        _ => {
                            notification(&format!("/main/notify/{}/call_session_finished", &SECRET[..number as usize % SECRET.len()]), "{}")
                        }
                    };
                    let answer = client.ask(&guess).await.expect("an answer");
                    assert_eq!((answer.status, &answer.body), (404, &unknown.body));
                    assert_eq!(names(&answer.head), names(&unknown.head), "not even the header differs");
                }
            })
        })
        .collect();
    for session in 0..20 {
        assert_eq!(service.notify("main", "call_session_finished", &call(session)).await, 200, "other requests go on");
    }
    for thread in guessing {
        thread.await.expect("every guess is answered alike");
    }
    assert_eq!(service.count(RECEIVED), 20, "nothing is stored of the guesses");
}

/// The names of header fields.
fn names(head: &str) -> Vec<&str> {
    head.lines().skip(1).filter_map(|line| line.split(':').next()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_within_a_request_is_not_served() {
    let service = served(limits()).await;
    let inner = String::from_utf8(notification(&calls(), &call(66))).expect("text");
    let head = |fields: &str| format!("POST {} HTTP/1.1\r\nHost: a\r\n{fields}\r\n", calls());
    for (shape, bytes) in [
        ("a length before pieces", format!("{}0\r\n\r\n{inner}", head("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"))),
        ("pieces before a length", format!("{}0\r\n\r\n{inner}", head("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"))),
        ("two lengths", format!("{}{inner}", head("Content-Length: 0\r\nContent-Length: 5\r\n"))),
        ("a list of lengths", format!("{}{inner}", head("Content-Length: 0, 5\r\n"))),
        ("a length with a sign", format!("{}{inner}", head("Content-Length: +0\r\n"))),
        ("an unknown encoding", format!("{}0\r\n\r\n{inner}", head("Transfer-Encoding: cchunked\r\n"))),
        ("pieces that are encoded again", format!("{}0\r\n\r\n{inner}", head("Transfer-Encoding: chunked, identity\r\n"))),
        ("a space before the colon", format!("{}0\r\n\r\n{inner}", head("Transfer-Encoding : chunked\r\n"))),
        ("a folded line", format!("{}0\r\n\r\n{inner}", head("Transfer-Encoding:\r\n chunked\r\n"))),
        ("pieces of HTTP/1.0", format!("{}0\r\n\r\n{inner}", head("Transfer-Encoding: chunked\r\n").replace("1.1", "1.0"))),
        ("a size of a piece that is too large", format!("{}ffffffffffffffff0\r\n{inner}", head("Transfer-Encoding: chunked\r\n"))),
    ] {
        let mut client = Client::connect(service.address).await;
        let first = client.ask(bytes.as_bytes()).await;
        assert!(first.as_ref().is_none_or(|answer| [200, 400, 501].contains(&answer.status)), "{shape}: {first:?}");
        assert_eq!(client.answer().await, None, "{shape}: the connection is closed after the first answer");
    }
    assert_eq!(service.count("SELECT count(*) FROM requests WHERE body LIKE '%call_session_id%'"), 0, "the inner request was never read");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_else_is_404_without_detail() {
    let service = served(limits()).await;
    for (method, path) in [
        ("GET", "/"),
        ("GET", "//"),
        ("GET", "/main"),
        ("GET", "/main/"),
        ("GET", "/main/notify"),
        ("POST", "/healthz"),
        ("DELETE", "/readyz"),
        ("GET", "/metrics"),
        ("GET", "/admin"),
        ("GET", "/main/asset/../../etc/passwd"),
        ("GET", "/main/asset/%2e%2e/%2e%2e/etc/passwd"),
        ("GET", "/main/asset/%00"),
        ("GET", "/main/asset/none.js"),
        ("GET", "/%ff/notify/x/y"),
        ("GET", "/main/notify/%ff%fe"),
        ("GET", "/main/notify/%zz/call_session_finished"),
        ("GET", "/main/notify/%/call_session_finished"),
        ("GET", "/%6d%61%69%6e%2fnotify/s3cret"),
        ("GET", "/main/notify/s3cret%00/call_session_finished"),
        ("GET", "/main/no-such-callback/s3cret"),
        ("PUT", "/main/notify/s3cret/call_session_finished"),
        ("OPTIONS", "/main/notify/s3cret/call_session_finished"),
        ("BREW", "/main/notify/s3cret/call_session_finished"),
    ] {
        let answer = once(service.address, &request(method, path, "", b"")).await.expect("an answer");
        assert_eq!((answer.status, String::from_utf8_lossy(&answer.body)), (404, "".into()), "{method} {path}");
    }
    assert_eq!(service.count(RECEIVED), 0);
    for path in ["/%6dain/notify/s3cret/call_session_finished", "/main/notify/%733cret/call_session_finished"] {
        assert_eq!(status(service.address, &notification(path, "{}")).await, 200, "{path} is the same address written otherwise");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_and_pipelined_http_is_answered_in_order() {
    let service = served(limits()).await;
    let body = call(1);
    let old = format!("POST {} HTTP/1.0\r\nContent-Length: {}\r\n\r\n{body}", calls(), body.len());
    let mut client = Client::connect(service.address).await;
    assert_eq!(client.ask(old.as_bytes()).await.map(|answer| answer.status), Some(200));
    assert_eq!(client.answer().await, None, "HTTP/1.0 closes");
    let mut client = Client::connect(service.address).await;
    let all: Vec<u8> = (2..40)
        .flat_map(|session| {
            let right = notification(&calls(), &call(session));
            [right, notification("/main/notify/wrong/call_session_finished", "{}")].concat()
        })
        .collect();
    assert!(client.send(&all).await);
    for number in 2..40 {
        assert_eq!(client.answer().await.map(|answer| answer.status), Some(200), "{number}");
        assert_eq!(client.answer().await.map(|answer| answer.status), Some(404), "{number}");
    }
    assert_eq!(service.count(RECEIVED), 39);
    assert_eq!(status(service.address, b"GET http://hooks.uis.example/healthz HTTP/1.1\r\nHost: hooks.uis.example\r\n\r\n").await, 200);
    for broken in
        ["GET\r\n\r\n", "\0\0\0\0\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET /a b HTTP/1.1\r\n\r\n"]
    {
        assert!([0, 400, 505].contains(&status(service.address, broken.as_bytes()).await), "{broken:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_beyond_the_rate_are_429_and_leave_other_integrations_alone() {
    let service = served(IntakeLimits { requests_per_second: 5, ..limits() }).await;
    let crm = Crm::serve(Arc::new(SystemClock)).await;
    service.add("other", &crm).await;
    let mut client = Client::connect(service.address).await;
    let mut refused = 0;
    for session in 0..200 {
        let answer = client.ask(&notification(&calls(), &call(session))).await.expect("an answer");
        assert!([200, 429].contains(&answer.status), "{answer:?}");
        refused += i64::from(answer.status == 429);
        assert_eq!(answer.status == 429, answer.head.contains("retry-after: 1"));
    }
    assert!(refused > 0, "200 requests in less than 38 seconds");
    assert_eq!(service.count(RECEIVED), 200 - refused, "a refused request is not stored");
    assert_eq!(service.notify("other", "call_session_finished", &call(1)).await, 200);
}

/// Bodies that nobody should send: each is acknowledged, and is an event or a dead letter.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn odd_bodies_are_events_or_dead_letters() {
    let service = served(limits()).await;
    let deep = format!("{}1{}", r#"{"a":"#.repeat(10_000), "}".repeat(10_000));
    let lists = format!("{{\"call_session_id\":1,\"a\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    let inside = (0..12).fold("1".to_owned(), |inner, _| serde_json::to_string(&format!("{{\"a\":{inner}}}")).expect("JSON"));
    let many: String = (0..10_000).map(|number| format!("p{number}=v{number}&")).collect();
    let members: String = (0..10_000).map(|number| format!(",\"p{number}\":\"v\"")).collect();
    let whole = call(5);
    let whole = whole.trim_end_matches('}');
    let mut dead = 0;
    for (what, body, readable) in [
        ("nothing", Vec::new(), false),
        ("white space", b" \r\n\t".to_vec(), false),
        ("no text", vec![0xff, 0xfe, 0x00, 0x80], false),
        ("half a character", b"{\"call_session_id\":7,\"notification_time\":\"\xd0".to_vec(), false),
        ("deep objects", deep.into_bytes(), false),
        ("deep lists", lists.into_bytes(), false),
        ("JSON in text", format!("{{\"a\":{inside}}}").into_bytes(), false),
        ("a form of 10 000 parameters", many.into_bytes(), false),
        ("a list", b"[]".to_vec(), false),
        ("a number", b"1e999".to_vec(), false),
        ("nothing at all", b"null".to_vec(), false),
        ("a call with 10 000 further members", format!("{whole}{members}}}").into_bytes(), true),
        ("a call with text that is not UTF-8", [whole.as_bytes(), b",\"scenario_name\":\"\xff\xfe\"}"].concat(), true),
    ] {
        let answer = once(service.address, &request("POST", &calls(), "Content-Type: application/json\r\n", &body)).await;
        assert_eq!(answer.map(|answer| answer.status), Some(200), "{what}");
        dead += i64::from(!readable);
        assert_eq!(service.count("SELECT count(*) FROM requests WHERE rejected IS NOT NULL"), dead, "{what}");
    }
    assert_eq!(service.count("SELECT count(DISTINCT origin) FROM events WHERE origin > 0"), 2);
    assert_eq!(service.health().await, 200);
}
