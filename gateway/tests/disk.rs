//! What is given up while the store's disk is nearly full: first captures, then new events; and what goes on.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::Utc;
use uis_gateway::config::{Size, StoreConfig};
use uis_gateway::control::{Control, Verdict};
use uis_gateway::observe::disk::{Disk, Room};
use uis_host::clock::SystemClock;
use uis_test_support::native_plugin::NativePlugin;

use crate::service::crm::Crm;
use crate::service::{Plan, SECRET, Service, finished, http};

/// A disk whose free bytes a test sets, with marks at 1000 and 200.
fn disk(free: &Arc<AtomicU64>) -> Arc<Disk> {
    let free = free.clone();
    let marks = StoreConfig { low_disk: Size(1000), critical_disk: Size(200), ..StoreConfig::default() };
    Arc::new(Disk::with(&marks, Box::new(move |_| Ok(free.load(Ordering::SeqCst)))))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_is_nearly_full_refuses_events_until_there_is_room_and_delivers_those_that_wait() {
    let crm = Crm::serve(Arc::new(SystemClock)).await;
    let free = Arc::new(AtomicU64::new(5000));
    let service = Service::start(Plan { disk: disk(&free), ..Plan::with(Arc::new(NativePlugin::new())) }).await;
    service.add("main", &crm).await;
    let call = |session: u64| finished(session, "79161234567", Utc::now());
    assert_eq!(service.gateway.look_at_disk(), Room::Enough);
    assert_eq!(service.notify("main", "call_session_finished", &call(1)).await, 200);

    free.store(199, Ordering::SeqCst);
    assert_eq!(service.gateway.look_at_disk(), Room::Critical);
    assert_eq!(service.readiness().await, 503);
    assert_eq!(service.health().await, 200, "the process itself is well");
    assert_eq!(service.notify("main", "call_session_finished", &call(2)).await, 503);
    assert_eq!(service.notify("main", "call_session_finished", "unreadable").await, 503);
    // A caller is not kept waiting: the scenario goes on.
    let route = http::notification(&format!("/main/route/{SECRET}"), "cdr_id=1&numa=79161234567&numb=74951112233");
    assert_eq!(http::status(service.address, &route).await, 200);
    assert_eq!(service.count("SELECT count(*) FROM requests WHERE what = 'call_session_finished'"), 1);
    let status = service.control.status().await.expect("it answers");
    assert!(status.ready.as_ref().is_err_and(|why| why.contains("store.critical-disk")), "{status:?}");
    assert_eq!(status.disk_free_bytes, Some(199));
    let findings = service.control.check_gateway().await.expect("it answers");
    assert!(findings.iter().any(|found| found.subject == "disk" && found.verdict == Verdict::Problem), "{findings:?}");
    service.until("the first call is delivered", async || crm.calls().len() == 1).await;

    // Just above the mark nothing changes yet.
    free.store(210, Ordering::SeqCst);
    assert_eq!(service.gateway.look_at_disk(), Room::Critical);
    assert_eq!(service.notify("main", "call_session_finished", &call(3)).await, 503);
    free.store(500, Ordering::SeqCst);
    assert_eq!(service.gateway.look_at_disk(), Room::Low);
    assert_eq!(service.readiness().await, 200);
    assert_eq!(service.notify("main", "call_session_finished", &call(4)).await, 200);
    service.until("the other call is delivered", async || crm.calls().len() == 2).await;
    service.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attempts_are_captured_only_while_there_is_room() {
    let crm = Crm::serve(Arc::new(SystemClock)).await;
    let free = Arc::new(AtomicU64::new(5000));
    let plan = Plan { disk: disk(&free), capture: uis_gateway::config::Capture::All, ..Plan::with(Arc::new(NativePlugin::new())) };
    let service = Service::start(plan).await;
    service.add("main", &crm).await;
    let captured = "SELECT count(*) FROM captures WHERE owner = 'main'";
    service.gateway.look_at_disk();
    for (bytes, session) in [(5000, 1), (999, 2)] {
        free.store(bytes, Ordering::SeqCst);
        service.gateway.look_at_disk();
        let before = service.count(captured);
        assert_eq!(service.notify("main", "call_session_finished", &finished(session, "79161234567", Utc::now())).await, 200);
        service.until("the call is delivered", async || crm.calls().len() as u64 == session).await;
        service.quiet().await;
        // Whatever the observer has written is in the file then.
        service.gateway.core().expect("it runs").store.committed().await.expect("it is on disk");
        assert_eq!(service.count(captured) > before, bytes == 5000, "{bytes}");
    }
    service.gateway.stop().await;
}

/// The program in a mount namespace of its own, whose store is on a file system of 64 MiB. Prints the readiness before, while it is filled, and
/// after room was made.
const SCRIPT: &str = r#"
set -eu
mkdir "$FOLDER/small"
mount -t tmpfs -o size=64m none "$FOLDER/small"
"$GATEWAY" --config "$FOLDER/gateway.toml" serve 2> "$FOLDER/log" &
trap 'kill $!; wait' EXIT
ready() { "$GATEWAY" --config "$FOLDER/gateway.toml" status --ready --json 2>/dev/null | grep -q "\"ready\":$1"; }
await() { for _ in $(seq 600); do if ready "$1"; then echo "ready: $1"; return; fi; sleep 0.1; done; echo "never: $1"; cat "$FOLDER/log"; exit 1; }
await true
dd if=/dev/zero of="$FOLDER/small/filler" bs=1M count=45 2>/dev/null
await false
"$GATEWAY" --config "$FOLDER/gateway.toml" status
rm "$FOLDER/small/filler"
await true
"#;

fn may_mount(folder: &Path) -> bool {
    let tried = Command::new("unshare").args(["--user", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "none"]).arg(folder).output();
    tried.is_ok_and(|output| output.status.success())
}

#[test]
fn a_real_file_system_that_fills_up_is_noticed_and_so_is_its_end() {
    let folder = tempfile::tempdir().expect("a folder");
    if !may_mount(folder.path()) {
        println!("skipped: this system allows no file system of one's own (unshare --user --mount)");
        return;
    }
    let config = "public-url = \"http://127.0.0.1:1\"\nlisten = \"127.0.0.1:0\"\n\
                  [store]\npath = \"small/store.db\"\nlow-disk = \"40 MiB\"\ncritical-disk = \"20 MiB\"\n";
    fs::write(folder.path().join("gateway.toml"), config).expect("written");
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "bash", "-c", SCRIPT])
        .env("FOLDER", folder.path())
        .env("GATEWAY", env!("CARGO_BIN_EXE_uis-gateway"))
        .output()
        .expect("it runs");
    let out = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{out}{}", String::from_utf8_lossy(&output.stderr));
    let lines: Vec<&str> = out.lines().filter(|line| line.starts_with("ready")).collect();
    assert_eq!(lines, ["ready: true", "ready: false", "ready: true"], "{out}");
    assert!(out.contains("store.critical-disk is 20.0 MiB"), "{out}");
}
