//! The attacks.

use std::hint::black_box;
use std::sync::atomic::Ordering;

use super::traitor::ARMED;
use super::uis::integration::call_events::{CallAnswer, CallerCard};
use super::uis::integration::types::{Failure, Outcome, Skipped};
use super::uis::integration::{connections, log, storage, timers};

/// The connection that the plugin describes.
pub const CONNECTION: &str = "crm";

/// Runs the attack with this name. The reason of the failure is the host's last answer.
pub fn run(name: &str) -> Result<Outcome, Failure> {
    match name {
        // Not an attack. It runs after each attack, to check that the host still works.
        "well" => Ok(Outcome { skipped: Vec::new() }),
        "infinite-loop" => loop {
            black_box(());
        },
        "slow-loop" => said(flood_requests("/flood", 1, 0)),
        "request-flood" => said(flood_requests("/flood", 64, 0)),
        "big-requests" => said(flood_requests("/flood", 1, 4 << 20)),
        "big-answers" => said(flood_requests("/big", 64, 0)),
        "denied-flood" => said(flood_denied()),
        "memory-bomb" => {
            let mut hoard: Vec<Vec<u8>> = Vec::new();
            loop {
                hoard.push(black_box(vec![1; 1 << 20]));
            }
        }
        "stack-overflow" => said(deeper(0).to_string()),
        "log-flood" => {
            for number in 0..100_000 {
                log::write(log::Level::Info, &format!("line {number}"), &[]);
            }
            said("100000 lines were written".into())
        }
        "huge-log-lines" => {
            let long = "x".repeat(1 << 20);
            for _ in 0..64 {
                log::write(log::Level::Info, &long, &[(long.clone(), long.clone())]);
            }
            Ok(Outcome { skipped: Vec::new() })
        }
        "storage-flood" => said(flood_storage()),
        "timer-flood" => said(flood_timers()),
        "huge-answer" => {
            let skipped = |number| Skipped { what: format!("thing {number}"), why: "y".repeat(200) };
            Ok(Outcome { skipped: (0..50_000).map(skipped).collect() })
        }
        "half-written" => {
            let _ = storage::swap("half", None, b"written before it fell over", None);
            panic!("half-way")
        }
        "half-written-found" => said(match storage::get("half") {
            Some(entry) => String::from_utf8_lossy(&entry.value).into_owned(),
            None => "nothing was found".into(),
        }),
        "re-entry" => {
            let _ = storage::swap("bait", None, b"bait", None);
            ARMED.store(true, Ordering::Relaxed);
            said(format!("{} bytes were given while it called the host", storage::get("bait").map_or(0, |entry| entry.value.len())))
        }
        "forged-paths" => said(forged_paths()),
        "forged-headers" => said(forged_headers()),
        "foreign-connections" => said(foreign_connections()),
        "look-alike-hosts" => said(look_alike_hosts()),
        "redirect" => said(match send(request("/redirect")) {
            Ok(response) => format!("the answer {} was given as it is", response.status),
            Err(error) => format!("{error:?}"),
        }),
        other => said(format!("there is no attack {other}")),
    }
}

fn said(text: String) -> Result<Outcome, Failure> {
    Err(Failure::Rejected(text))
}

#[inline(never)]
fn deeper(depth: u64) -> u64 {
    black_box(if depth == u64::MAX { depth } else { deeper(depth + 1) + 1 })
}

fn request(path: &str) -> connections::Request {
    connections::Request {
        connection: CONNECTION.into(),
        method: connections::Method::Get,
        path: path.into(),
        query: Vec::new(),
        body: connections::Body::Empty,
    }
}

fn send(request: connections::Request) -> Result<connections::Response, connections::SendError> {
    connections::send(&[request], 600_000).remove(0)
}

/// Sends `at_once` requests again and again until the host refuses.
fn flood_requests(path: &str, at_once: usize, body: usize) -> String {
    loop {
        let mut one = request(path);
        if body > 0 {
            one.method = connections::Method::Post;
            one.body = connections::Body::Json("1".repeat(body));
        }
        for answer in connections::send(&vec![one; at_once], 600_000) {
            if let Err(connections::SendError::Denied(why)) = answer {
                return why;
            }
        }
    }
}

/// Sends requests that the host refuses until the host refuses because of a limit.
fn flood_denied() -> String {
    let mut one = request("/flood");
    one.method = connections::Method::Post;
    one.body = connections::Body::Json("1".repeat((4 << 20) + 1));
    let all = [one];
    loop {
        for answer in connections::send(&all, 600_000) {
            match answer {
                Err(connections::SendError::Denied(why)) if why.contains("limit") => return why,
                Err(_) => {}
                Ok(_) => return "a body of more than 4 MiB was sent".into(),
            }
        }
    }
}

/// Calls the host again and again; each call waits until its deadline.
pub fn wait_for_ever() -> Result<Outcome, Failure> {
    loop {
        let _ = black_box(send(request("/hang")));
    }
}

fn flood_storage() -> String {
    let value = vec![1; 256 << 10];
    for number in 0.. {
        if let Err(error) = storage::swap(&format!("flood/{number}"), None, &value, None) {
            return format!("{error:?}");
        }
    }
    String::new()
}

fn flood_timers() -> String {
    for number in 0.. {
        let timer = timers::Timer {
            name: format!("flood/{number}"),
            at: i64::MAX,
            every_ms: None,
            ordering_key: String::new(),
            payload: vec![1; 60 << 10],
        };
        if let Err(error) = timers::set(&timer) {
            return error;
        }
    }
    String::new()
}

/// Says that the host denied all requests, or lists those that it sent.
fn tally(tried: Vec<(String, Result<connections::Response, connections::SendError>)>) -> String {
    let all = tried.len();
    let through: Vec<String> =
        tried.into_iter().filter(|(_, answer)| !matches!(answer, Err(connections::SendError::Denied(_)))).map(|(what, _)| what).collect();
    if through.is_empty() { format!("all {all} were denied") } else { format!("went through: {through:?}") }
}

fn forged_paths() -> String {
    let paths = [
        "https://evil.example/",
        "http://169.254.169.254/latest/meta-data",
        "//evil.example/x",
        "/\\evil.example",
        "/a/../../b",
        "/..",
        "/a/%2e%2e/b",
        "/a?key=1",
        "/a#b",
        "/a\r\nHost: evil.example",
        "/a\r\n\r\nGET /b HTTP/1.1",
        "/a\0b",
        "a",
        "",
        "@evil.example/",
        ":8080/",
    ];
    tally(paths.into_iter().map(|path| (path.to_owned(), send(request(path)))).collect())
}

/// Sends names and values with line breaks. The host must encode them or refuse the request.
fn forged_headers() -> String {
    let evil = "x\r\nX-Evil: 1\r\nHost: evil.example".to_owned();
    let mut one = request("/forged");
    one.query = vec![(evil.clone(), evil.clone())];
    one.method = connections::Method::Post;
    one.body = connections::Body::Form(vec![(evil.clone(), evil)]);
    match send(one) {
        Ok(response) => format!("answered {}", response.status),
        Err(error) => format!("{error:?}"),
    }
}

fn foreign_connections() -> String {
    let names = ["", "CRM", "crm ", "other", "crm/../other", "https://evil.example", "*"];
    let with = |name: &str| connections::Request { connection: name.into(), ..request("/x") };
    tally(names.into_iter().map(|name| (name.to_owned(), send(with(name)))).collect())
}

fn look_alike_hosts() -> String {
    let hosts = [
        "https://evil.example",
        "https://crm.example",
        "https://evilcrm.example",
        "https://shop.crm.example.evil.example",
        "https://shop.crm.example@evil.example",
        "https://a.b.crm.example",
        "http://shop.crm.example",
        "https://shop.crm.example:8443",
        "https://shop.сrm.example",
        "https://shop.crm.example\\@evil.example",
        "https://evil.example/shop.crm.example",
        "https://evil.example?.crm.example",
        "https://evil.example#.crm.example",
        "file:///etc/passwd",
        "javascript:alert(1)",
    ];
    let taken: Vec<&str> = hosts.into_iter().filter(|host| connections::propose_base_url(CONNECTION, host).is_ok()).collect();
    if taken.is_empty() { format!("all {} were refused", hosts.len()) } else { format!("taken: {taken:?}") }
}

/// An answer to an incoming call with content that the host must not pass on to UIS.
pub fn forged_answer() -> CallAnswer {
    let card = CallerCard {
        connection: CONNECTION.into(),
        name: Some("x".repeat(100_000)),
        url: Some("https://evil.example/phish".into()),
        orders: Vec::new(),
    };
    let forward_to = (0..50).map(|number| format!("7916{number:07}")).chain(["+7 (916) 000".into(), "1;rm -rf".into()]).collect();
    CallAnswer { card: Some(card), forward_to, skipped: Vec::new() }
}
