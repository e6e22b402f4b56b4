//! Backups while the service accepts events, and restoring them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use chrono::Utc;
use rusqlite::Connection;
use serde_json::Value;
use uis_gateway::control::ControlError;
use uis_gateway::control::storage::{NewBackup, Storage};
use uis_gateway::store::examine::examine;
use uis_gateway::store::restore::put_in_place;
use uis_gateway::store::{OpenOptions, SqliteStore, schema};
use uis_host::clock::SystemClock;
use uis_test_support::native_plugin::NativePlugin;

use crate::service::crm::Crm;
use crate::service::{Plan, Service, finished};

/// A backup into this file.
fn into(path: PathBuf) -> NewBackup {
    NewBackup { path, replace: false, keep: None }
}

fn count(file: &Path, sql: &str) -> i64 {
    Connection::open(file).expect("the file").query_row(sql, [], |row| row.get(0)).expect("a number")
}

/// The configuration of a store in a folder, with other members after those of the store. The plugin is compiled once for all tests.
fn configure(folder: &Path, more: &str) {
    let text = format!("public-url = \"http://127.0.0.1:1\"\n[store]\npath = \"store.db\"\n{more}");
    fs::write(folder.join("gateway.toml"), text).expect("written");
    let compiled = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled");
    fs::create_dir_all(&compiled).expect("a folder");
    std::os::unix::fs::symlink(compiled, folder.join("compiled")).expect("a link");
}

/// An empty store in a folder, and the configuration that names it.
async fn empty_store(folder: &Path) -> PathBuf {
    configure(folder, "");
    let path = folder.join("store.db");
    SqliteStore::open(&path, OpenOptions::default()).expect("a store").0.close().await;
    path
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_uis-gateway"));
    command.arg("--config").arg(folder.join("gateway.toml")).args(arguments).current_dir(folder).output().expect("it runs")
}

/// What a successful command printed.
fn said(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What a command that failed with this status printed.
fn refused(output: &Output, status: i32) -> String {
    assert_eq!(output.status.code(), Some(status), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_has_everything_that_was_acknowledged_before_it_began_and_events_are_accepted_meanwhile() {
    let crm = Crm::serve(Arc::new(SystemClock)).await;
    let service = Arc::new(Service::start(Plan::with(Arc::new(NativePlugin::new()))).await);
    service.add("main", &crm).await;
    let (acknowledged, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let sending = tokio::spawn({
        let (service, acknowledged, stop) = (service.clone(), acknowledged.clone(), stop.clone());
        async move {
            for session in 1.. {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let body = finished(session, "79161234567", Utc::now());
                assert_eq!(service.notify("main", "call_session_finished", &body).await, 200);
                acknowledged.store(session, Ordering::SeqCst);
            }
        }
    });
    service.until("some are acknowledged", async || acknowledged.load(Ordering::SeqCst) > 20).await;
    let before = acknowledged.load(Ordering::SeqCst);
    let file = service.folder.path().join("copy.db");
    let backup = service.control.backup(into(file.clone())).await.expect("it is written");
    service.until("more are acknowledged", async || acknowledged.load(Ordering::SeqCst) > before + 20).await;
    stop.store(true, Ordering::SeqCst);
    sending.await.expect("all were acknowledged");

    assert_eq!((backup.integrations, backup.damaged.len()), (1, 0));
    assert!(count(&file, "SELECT count(*) FROM requests WHERE what = 'call_session_finished'") >= before.cast_signed());
    assert_eq!(fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o600);
    let bytes = fs::read(&file).expect("a file");
    assert!(examine(&file).expect("readable").damaged().next().is_none());
    assert_eq!(fs::read(&file).expect("a file"), bytes, "checking a backup does not change it");
    let left: Vec<_> = fs::read_dir(service.folder.path()).expect("a folder").map(|entry| entry.expect("an entry").file_name()).collect();
    assert!(
        !left.iter().any(|name| name.to_string_lossy().starts_with("copy.db.") || name.to_string_lossy().starts_with("copy.db-")),
        "{left:?}"
    );
    service.gateway.stop().await;
}

#[tokio::test]
async fn a_backup_replaces_nothing_unless_it_is_asked_to_and_never_the_store() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = empty_store(folder.path()).await;
    let copy = folder.path().join("copy.db");
    fs::write(&copy, "precious").expect("written");
    assert!(refused(&run(folder.path(), &["backup", "copy.db"]), 2).contains("--force"));
    assert_eq!(fs::read(&copy).expect("a file"), b"precious");
    for mine in ["store.db", "store.db-wal", "./store.db.lock"] {
        assert!(refused(&run(folder.path(), &["backup", "--force", mine]), 2).contains("this is the store itself"), "{mine}");
    }
    assert!(refused(&run(folder.path(), &["backup", "none/copy.db"]), 2).contains("create it"));
    assert!(refused(&run(folder.path(), &["backup", "."]), 2).contains("--keep"));
    let out = said(&run(folder.path(), &["backup", "--force", "copy.db"]));
    assert!(out.contains("every checksum matches") && out.contains("secrets.key") && out.contains("gateway.toml"), "{out}");
    assert!(examine(&copy).expect("readable").damaged().next().is_none());
    assert!(examine(&store).expect("readable").damaged().next().is_none());
}

#[tokio::test]
async fn a_folder_keeps_the_newest_backups() {
    let folder = tempfile::tempdir().expect("a folder");
    empty_store(folder.path()).await;
    let backups = folder.path().join("backups");
    fs::create_dir(&backups).expect("a folder");
    for old in ["uis-gateway-20250101T000000Z.db", "uis-gateway-20250102T000000Z.db", "mine.db"] {
        fs::write(backups.join(old), "").expect("written");
    }
    let out: Value = serde_json::from_str(&said(&run(folder.path(), &["backup", "--keep", "2", "backups", "--json"]))).expect("JSON");
    assert_eq!(out["removed"].as_array().map(Vec::len), Some(1), "{out}");
    let mut left: Vec<_> = fs::read_dir(&backups)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    left.sort();
    assert!(left.len() == 3 && left[0] == "mine.db" && left[1] == "uis-gateway-20250102T000000Z.db", "{left:?}");
    assert!(refused(&run(folder.path(), &["backup", "--keep", "0", "backups"]), 2).contains("1 or more"));
}

#[tokio::test]
async fn a_restored_backup_replaces_the_store_which_stays_beside_it() {
    let crm = Crm::serve(Arc::new(SystemClock)).await;
    let service = Service::start(Plan::with(Arc::new(NativePlugin::new()))).await;
    service.add("main", &crm).await;
    assert_eq!(service.notify("main", "call_session_finished", &finished(1, "79161234567", Utc::now())).await, 200);
    let copy = service.folder.path().join("copy.db");
    service.control.backup(into(copy.clone())).await.expect("it is written");
    assert_eq!(service.notify("main", "call_session_finished", &finished(2, "79161234567", Utc::now())).await, 200);
    let store = service.folder.path().join("store.db");
    let error = put_in_place(&copy, &store, false).expect_err("the service runs");
    assert!(error.to_string().contains("in use by another gateway"), "{error}");
    service.gateway.stop().await;

    let restored = put_in_place(&copy, &store, false).expect("it is put in place");
    let requests = "SELECT count(*) FROM requests WHERE what = 'call_session_finished'";
    assert_eq!(count(&store, requests), 1);
    assert_eq!(count(&restored.aside.expect("a store was there"), requests), 2);
    assert_eq!(restored.contents.integrations, 1);
    let (opened, report) = SqliteStore::open(&store, OpenOptions::default()).expect("it opens");
    assert!(report.is_none() && opened.check().await.expect("readable").is_empty());
}

#[tokio::test]
async fn a_damaged_backup_is_refused_and_the_store_stays() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = empty_store(folder.path()).await;
    said(&run(folder.path(), &["backup", "copy.db"]));
    let whole = fs::read(folder.path().join("copy.db")).expect("a file");
    let before = fs::read(&store).expect("a file");
    let damaged = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).expect("written");
    damaged("short.db", &whole[..whole.len() / 2]);
    damaged("text.db", b"This is no database at all, but a text that is longer than its header.");
    damaged("empty.db", b"");
    for name in ["short.db", "text.db", "empty.db"] {
        assert!(refused(&run(folder.path(), &["restore", name]), 2).contains("nothing was changed"), "{name}");
        assert_eq!(run(folder.path(), &["check-store", "--file", name]).status.code(), Some(1), "{name}");
        assert!(!folder.path().join(format!("{name}.lock")).exists(), "{name}");
    }
    // A file that a newer program has written.
    damaged("newer.db", &whole);
    let newer = Connection::open(folder.path().join("newer.db")).expect("a file");
    newer.pragma_update(None, "user_version", schema::VERSION + 1).expect("written");
    drop(newer);
    assert!(refused(&run(folder.path(), &["restore", "newer.db"]), 2).contains("use a newer program"));
    assert!(refused(&run(folder.path(), &["restore", "store.db"]), 2).contains("is the store itself"));
    assert_eq!(fs::read(&store).expect("a file"), before);
    let names: Vec<_> = fs::read_dir(folder.path()).expect("a folder").map(|entry| entry.expect("an entry").file_name()).collect();
    assert!(!names.iter().any(|name| name.to_string_lossy().contains("restor")), "{names:?}");
}

#[tokio::test]
async fn a_damaged_row_is_named_and_restored_only_on_request() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = empty_store(folder.path()).await;
    let connection = Connection::open(&store).expect("the file");
    connection.execute("INSERT INTO states (owner, state, sum) VALUES ('main', 'active', 1)", []).expect("written");
    drop(connection);
    let output = run(folder.path(), &["backup", "copy.db"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).contains("damaged: states main"));
    assert!(refused(&run(folder.path(), &["restore", "copy.db"]), 2).contains("--accept-damage"));
    assert!(said(&run(folder.path(), &["restore", "copy.db", "--accept-damage"])).contains("damaged: states main"));
}

#[tokio::test]
async fn a_backup_of_an_older_version_is_checked_and_restored_with_todays_tables() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = empty_store(folder.path()).await;
    let old = Connection::open(folder.path().join("old.db")).expect("a file");
    schema::migrate_to(&old, 1).expect("migrated");
    drop(old);
    let out = said(&run(folder.path(), &["check-store", "--file", "old.db"]));
    assert!(out.contains("nothing is damaged"), "{out}");
    said(&run(folder.path(), &["restore", "old.db"]));
    let version = Connection::open(&store).and_then(|restored| schema::version(&restored)).expect("a number");
    assert_eq!(version, schema::VERSION);
}

#[tokio::test]
async fn a_store_is_checked_beside_the_service_that_writes_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = empty_store(folder.path()).await;
    let (open, _) = SqliteStore::open(&path, OpenOptions::default()).expect("it opens");
    let out = said(&run(folder.path(), &["check-store"]));
    assert!(out.contains("the service runs") && out.contains("nothing is damaged"), "{out}");
    assert!(refused(&run(folder.path(), &["check-store", "--recover"]), 1).contains("in use"));
    open.close().await;
}

#[tokio::test]
async fn a_relative_path_is_refused_because_the_service_has_a_folder_of_its_own() {
    let service = Service::start(Plan::with(Arc::new(NativePlugin::new()))).await;
    let error = service.control.backup(into("copy.db".into())).await.expect_err("relative");
    assert!(matches!(error, ControlError::Invalid(_)), "{error}");
    service.gateway.stop().await;
}

#[tokio::test]
async fn a_request_that_could_not_be_read_counts_as_a_dead_letter_of_the_backup() {
    let crm = Crm::serve(Arc::new(SystemClock)).await;
    let service = Service::start(Plan::with(Arc::new(NativePlugin::new()))).await;
    service.add("main", &crm).await;
    assert_eq!(service.notify("main", "lost_call_session", r#"{"direction":"in"}"#).await, 200);
    let backup = service.control.backup(into(service.folder.path().join("copy.db"))).await.expect("it is written");
    assert_eq!(backup.dead_letters, 1);
    service.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_who_was_erased_after_the_backup_is_not_in_the_restored_store() {
    let crm = Crm::serve(Arc::new(SystemClock)).await;
    let service = Service::start(Plan::with(Arc::new(NativePlugin::new()))).await;
    service.add("main", &crm).await;
    assert_eq!(service.notify("main", "call_session_finished", &finished(1, "79161234567", Utc::now())).await, 200);
    service.until("the call is delivered", async || crm.calls().len() == 1).await;
    service.quiet().await;
    let (folder, copy) = (service.folder.path(), service.folder.path().join("copy.db"));
    service.control.backup(into(copy.clone())).await.expect("it is written");
    service.gateway.stop().await;

    configure(folder, "[secrets]\nkey-file = \"key\"\n");
    said(&run(folder, &["erase", "--phone", "79161234567", "--yes"]));
    let named = "SELECT count(*) FROM requests WHERE CAST(body AS TEXT) LIKE '%9161234567%'";
    assert_eq!((count(&copy, named), count(&folder.join("store.db"), named)), (1, 0));
    let out = said(&run(folder, &["restore", "copy.db"]));
    assert!(out.contains("were erased again: 1 ("), "{out}");
    assert_eq!(count(&folder.join("store.db"), named), 0);
}
