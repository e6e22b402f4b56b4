//! No 2xx before the disk has the event: the system calls of the gateway are traced. Each answer 200 to a kept event is written to its socket
//! only after an `fdatasync` of the log that began after the event was written to the log.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::json;

use crate::proofs::fleet::Fleet;

/// How many events are sent one after the other, and how many at once.
const EVENTS: (u64, u64) = (40, 60);

/// A traced call that matters.
#[derive(Debug, PartialEq)]
enum Call {
    /// Something was written to the log; with the marks of the events in it.
    Logged(Vec<String>),
    /// The log was synced: everything that was written before it began is on disk when this is seen.
    Synced,
    /// An answer 200 was written to this socket.
    Answered(String),
    /// A request arrived at this socket; with the mark of its event.
    Asked(String, String),
}

fn marks(text: &str) -> Vec<String> {
    text.match_indices("MARK").filter_map(|(at, _)| text.get(at..at + 10).map(str::to_owned)).collect()
}

/// The calls of a trace, in order. A call that took long is in two lines; it counts where it began if it writes, and where it ended if it syncs
/// or reads.
fn calls(trace: &str) -> Vec<Call> {
    let mut calls = Vec::new();
    let mut unfinished: std::collections::HashMap<&str, String> = std::collections::HashMap::new();
    for line in trace.lines() {
        let Some((process, rest)) = line.split_once(' ') else { continue };
        let rest = rest.trim_start();
        let (whole, ended) = match rest.strip_suffix("<unfinished ...>") {
            Some(begun) => {
                unfinished.insert(process, begun.to_owned());
                (begun.to_owned(), false)
            }
            None if rest.starts_with("<... ") => {
                let begun = unfinished.remove(process).unwrap_or_default();
                (format!("{begun}{rest}"), true)
            }
            None => (rest.to_owned(), true),
        };
        let resumed = rest.starts_with("<... ");
        let name = whole.split('(').next().unwrap_or_default();
        match name {
            "pwrite64" | "write" if whole.contains("-wal>") && !resumed => calls.push(Call::Logged(marks(&whole))),
            "fdatasync" | "fsync" if whole.contains("-wal>") && ended => calls.push(Call::Synced),
            "sendto" | "write" | "writev" if whole.contains("HTTP/1.1 200") && !resumed => calls.push(Call::Answered(socket(&whole))),
            "recvfrom" | "read" if whole.contains("MARK") && ended => {
                calls.extend(marks(&whole).into_iter().take(1).map(|mark| Call::Asked(socket(&whole), mark)));
            }
            _ => {}
        }
    }
    calls
}

fn socket(call: &str) -> String {
    call.split('(').nth(1).unwrap_or_default().split(',').next().unwrap_or_default().to_owned()
}

/// Answers that were written before their event was on disk, and how many answers were looked at.
fn early(calls: &[Call]) -> (Vec<String>, usize) {
    let (mut asked, mut logged, mut synced) = (std::collections::HashMap::new(), Vec::new(), std::collections::HashSet::new());
    let (mut early, mut seen) = (Vec::new(), 0);
    for call in calls {
        match call {
            Call::Asked(socket, mark) => drop(asked.insert(socket.clone(), mark.clone())),
            Call::Logged(marks) => logged.extend(marks.clone()),
            Call::Synced => synced.extend(std::mem::take(&mut logged)),
            Call::Answered(socket) => {
                let Some(mark) = asked.remove(socket) else { continue };
                seen += 1;
                if !synced.contains(&mark) {
                    early.push(mark);
                }
            }
        }
    }
    (early, seen)
}

async fn trace(leave_out: Option<&str>) -> Option<String> {
    let there = Command::new("strace").arg("-V").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success());
    if !there {
        assert!(std::env::var_os("CI").is_none(), "strace is missing; install it: apt-get install strace");
        println!("skipped: strace is not installed");
        return None;
    }
    let mut fleet = Fleet::new(env!("CARGO_BIN_EXE_uis-gateway"), 1, json!({})).await;
    fleet.environment.extend(leave_out.map(|what| ("UIS_GATEWAY_LEAVE_OUT".to_owned(), what.to_owned())));
    fleet.start().await;
    let output = fleet.path().join("trace");
    let mut tracer = Command::new("strace")
        .args(["-f", "-y", "-s", "16384", "-e", "trace=fdatasync,fsync,pwrite64,write,writev,sendto,recvfrom,read", "-o"])
        .arg(&output)
        .args(["-p", &fleet.process().expect("it runs").to_string()])
        .stderr(Stdio::null())
        .spawn()
        .expect("strace starts");
    tokio::time::sleep(Duration::from_millis(500)).await;
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let send = |number: u64| {
        let body = json!({
            "call_session_id": number, "direction": "in", "contact_phone_number": "79161234567", "virtual_phone_number": "74951112233",
            "is_lost": true, "utm_source": format!("MARK{number:06}"),
        });
        client.post(fleet.notification(0, "lost_call_session")).body(body.to_string()).send()
    };
    for number in 1..=EVENTS.0 {
        assert_eq!(send(number).await.expect("an answer").status(), 200);
    }
    let at_once = (EVENTS.0 + 1..=EVENTS.0 + EVENTS.1).map(send);
    for answer in futures_util::future::join_all(at_once).await {
        assert_eq!(answer.expect("an answer").status(), 200);
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    fleet.kill();
    tracer.wait().expect("strace ends");
    Some(read(&output))
}

fn read(path: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(path).expect("a trace")).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_event_is_acknowledged_before_the_disk_has_it() {
    let Some(trace) = trace(None).await else { return };
    let (early, seen) = early(&calls(&trace));
    assert!(seen as u64 >= (EVENTS.0 + EVENTS.1) * 9 / 10, "only {seen} answers were found in the trace");
    assert!(early.is_empty(), "{} of {seen} answers came too early: {early:?}", early.len());
    println!("{seen} answers, each after the fdatasync that covers its event");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[cfg_attr(not(debug_assertions), ignore = "an optimised program leaves nothing out")]
async fn a_missing_fsync_is_noticed() {
    let Some(trace) = trace(Some("fsync")).await else { return };
    let (early, seen) = early(&calls(&trace));
    assert!(!early.is_empty(), "{seen} answers, none of them too early");
}
