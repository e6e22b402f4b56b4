//! What strangers, slow senders and broken requests do to the gateway: each has its named behaviour, and nobody else notices.

#[path = "proofs/library.rs"]
#[allow(dead_code, reason = "other proofs use more of it")]
mod library;

use std::time::Duration;

use library::{Running, answer, exchange, head, post, status};
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use uis_gateway::config::IntakeLimits;
use uis_gateway::store::OpenOptions;

const CALL: &str = r#"{"call_session_id": 5, "contact_phone_number": "79161234567", "virtual_phone_number": "74951112233"}"#;

fn short() -> IntakeLimits {
    IntakeLimits { header_seconds: 1, body_seconds: 1, body_bytes: 10_000, header_bytes: 8192, connections: 20, ..IntakeLimits::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_that_comes_too_slowly_ends_the_connection() {
    let running = Running::with(short()).await;
    let mut slow = TcpStream::connect(running.address).await.expect("connected");
    let mut closed = false;
    for byte in b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n".chunks(1) {
        // The gateway may have closed already.
        closed |= slow.write_all(byte).await.is_err();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let mut rest = Vec::new();
    let read = slow.read_to_end(&mut rest).await;
    assert!(closed || read.is_err() || !String::from_utf8_lossy(&rest).contains("200 OK"), "{}", String::from_utf8_lossy(&rest));
    assert_eq!(status(&answer(&running, "GET /healthz").await), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_comes_too_slowly_is_answered_with_408() {
    let running = Running::with(short()).await;
    let mut slow = TcpStream::connect(running.address).await.expect("connected");
    let head = format!("POST {} HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{{", running.notify("set_mark"));
    slow.write_all(head.as_bytes()).await.expect("sent");
    let mut read = vec![0; 1000];
    let length = slow.read(&mut read).await.expect("an answer");
    assert_eq!(status(&String::from_utf8_lossy(&read[..length])), 408);
    assert_eq!(running.stored().await, 0, "nothing was stored");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_connections_keep_nobody_out() {
    let running = Running::with(IntakeLimits { header_seconds: 60, ..short() }).await;
    let mut idle = Vec::new();
    for _ in 0..60 {
        idle.push(TcpStream::connect(running.address).await.expect("connected"));
    }
    for _ in 0..5 {
        assert_eq!(status(&answer(&running, "GET /healthz").await), 200);
    }
    // The oldest are closed.
    let mut nothing = Vec::new();
    let closed = tokio::time::timeout(Duration::from_secs(20), idle[0].read_to_end(&mut nothing)).await;
    assert!(closed.is_ok() && nothing.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_large_is_refused_by_name() {
    let running = Running::with(short()).await;
    assert_eq!(status(&post(&running, &running.notify("set_mark"), &"x".repeat(10_001)).await), 413);
    let long = format!("GET /healthz HTTP/1.1\r\nhost: x\r\nx-long: {}\r\nconnection: close\r\n\r\n", "y".repeat(20_000));
    assert_eq!(status(&exchange(&running, long.as_bytes()).await), 431);
    assert_eq!(running.stored().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_secret_looks_like_an_unknown_integration() {
    let running = Running::new().await;
    let unknown = post(&running, "/nobody/notify/secret/set_mark", CALL).await;
    let wrong = post(&running, "/main/notify/secret/set_mark", CALL).await;
    let without_date = |answer: &str| answer.lines().filter(|line| !line.starts_with("date:")).collect::<Vec<_>>().join("\n");
    assert_eq!((status(&wrong), without_date(&wrong)), (404, without_date(&unknown)));
    for path in [
        "/",
        "/main",
        "/main/",
        "/main/notify",
        "/main/notify/secret",
        "/main/route/secret",
        "/main/activity",
        "/main/nothing",
        "/main/../main",
        "/main/asset/../../etc/passwd",
        "/main/asset/%2e%2e/x",
        "//main/notify/secret/set_mark",
        "/metrics",
        "/v1/status",
        "/%00",
        "/main/notify/%ff/set_mark",
    ] {
        let status = status(&post(&running, path, CALL).await);
        assert!(status == 404 || status == 400, "{path}: {status}");
    }
    for _ in 0..500 {
        assert_eq!(status(&post(&running, "/main/notify/secret/set_mark", CALL).await), 404);
    }
    assert_eq!(running.stored().await, 0, "nothing was stored");
    assert_eq!(
        status(&post(&running, &running.notify("lost_call_session"), CALL).await),
        200,
        "the integration's own limit was not used up"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_requests_than_the_limit_are_answered_with_429() {
    let running = Running::with(IntakeLimits { requests_per_second: 5, ..IntakeLimits::default() }).await;
    let mut refused = 0;
    for _ in 0..30 {
        let answered = post(&running, &running.notify("lost_call_session"), CALL).await;
        match status(&answered) {
            200 => {}
            429 => {
                refused += 1;
                assert!(head(&answered).contains("retry-after: 1"), "{answered}");
            }
            other => panic!("{other}"),
        }
    }
    assert!(refused >= 15, "{refused}");
    assert_eq!(status(&answer(&running, "GET /healthz").await), 200);
}

/// Requests whose length can be read in two ways: a server in front might read the other one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ambiguous_length_never_becomes_two_requests() {
    let running = Running::new().await;
    let smuggled =
        format!("POST {} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{CALL}", running.notify("lost_call_session"), CALL.len());
    for lengths in [
        "content-length: 4\r\ntransfer-encoding: chunked",
        "content-length: 4\r\ncontent-length: 5",
        "transfer-encoding: chunked, identity",
        "content-length: +4",
        "content-length: 4, 5",
        "transfer-encoding: xchunked",
    ] {
        let request =
            format!("POST {} HTTP/1.1\r\nhost: x\r\n{lengths}\r\nconnection: close\r\n\r\n0\r\n\r\n{smuggled}", running.notify("nothing"));
        exchange(&running, request.as_bytes()).await;
    }
    assert_eq!(running.calls().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn odd_bodies_are_stored_and_acknowledged() {
    let running = Running::new().await;
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let wide = format!("{{{}\"call_session_id\": 7}}", (0..10_000).map(|number| format!("\"p{number}\": {number}, ")).collect::<String>());
    let bodies: Vec<Vec<u8>> = vec![
        Vec::new(),
        b"{".to_vec(),
        b"null".to_vec(),
        b"\xcf\xf0\xe8\xe2\xe5\xf2".to_vec(),
        b"\x00\x01\x02".to_vec(),
        deep.clone().into_bytes(),
        format!("{{\"call_session_id\": {deep}}}").into_bytes(),
        wide.into_bytes(),
        br#"{"call_session_id": 1e400}"#.to_vec(),
        br#"{"call_session_id": "8", "call_session_id": "9"}"#.to_vec(),
    ];
    for body in &bodies {
        let request = format!(
            "POST {} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            running.notify("lost_call_session"),
            body.len()
        );
        let answered = exchange(&running, &[request.as_bytes(), body].concat()).await;
        assert_eq!(status(&answered), 200, "{:?}", String::from_utf8_lossy(&body[..body.len().min(60)]));
    }
    assert_eq!(running.stored().await as usize, bodies.len(), "each is an event that waits, or a dead letter");
}

/// The disk is full: nothing is acknowledged any more, the gateway says that it is not ready, and goes on by itself once there is room.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_answered_with_503_until_there_is_room() {
    let running = Running::full(OpenOptions { most_pages: Some(120), ..OpenOptions::default() }).await;
    let body = format!(r#"{{"call_session_id": 5, "contact_phone_number": "79161234567", "comment": "{}"}}"#, "x".repeat(2000));
    let mut acknowledged = 0;
    loop {
        match status(&post(&running, &running.notify("lost_call_session"), &body).await) {
            200 => acknowledged += 1,
            503 => break,
            other => panic!("{other}"),
        }
        assert!(acknowledged < 1000, "the disk is never full");
    }
    assert!(acknowledged > 10, "{acknowledged}");
    let ready = status(&answer(&running, "GET /readyz").await);
    assert!(ready == 503 || ready == 200, "it may be open again already");
    // Opened again, the file has everything that was acknowledged, and nothing else.
    let waiting = running.reopened_waiting().await;
    assert_eq!(waiting, acknowledged);
}

/// A clock that jumps moves no event: it is kept with the new time, and the gateway goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_jumps_delays_nobody() {
    let running = Running::new().await;
    for hours in [0, 1, -2, 48] {
        running.jump(hours * 3_600_000);
        assert_eq!(status(&post(&running, &running.notify("lost_call_session"), CALL).await), 200, "{hours} h");
        assert_eq!(status(&answer(&running, "GET /readyz").await), 200);
    }
    assert_eq!(running.calls().await, 4);
}

fn pieces() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "main",
        "notify",
        "route",
        "asset",
        "set_mark",
        "lost_call_session",
        "activity",
        "make-call",
        "SECRET",
        "..",
        "%2e",
        "",
        "healthz",
    ]);
    prop_oneof![6 => known.prop_map(str::to_owned), 1 => "[a-z0-9%]{0,6}"]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is sent, the gateway answers with something other than a failure of its own, and goes on.
    #[test]
    fn endpoints_survive_anything(
        method in prop::sample::select(vec!["GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "TRACE", "get", "X"]),
        path in prop::collection::vec(pieces(), 0..5),
        query in "[a-zA-Z0-9=&%+;/?]{0,40}",
        kind in prop::sample::select(vec!["", "application/json", "application/x-www-form-urlencoded", "multipart/form-data", "x/y; charset=\"", "text/html"]),
        body in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200),
            Just(CALL.as_bytes().to_vec()),
            "[a-z_=&%0-9\"{}:,\\[\\]]{0,200}".prop_map(String::into_bytes),
        ],
    ) {
        library::shared(|running| async move {
            let path = path.join("/").replace("SECRET", library::SECRET);
            let head = format!("{method} /{path}?{query} HTTP/1.1\r\nhost: x\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            let answered = exchange(running, &[head.as_bytes(), &body].concat()).await;
            // A click that starts no call is answered with 422 or 503: its sender shows that.
            let status = status(&answered);
            assert!((200..500).contains(&status) || (status == 503 && path.contains("make-call")), "{method} /{path}?{query}: {answered}");
            assert_eq!(library::status(&answer(running, "GET /readyz").await), 200);
        });
    }
}
