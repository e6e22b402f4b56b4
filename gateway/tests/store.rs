//! The SQLite store: the port's suite, what it still has when it is opened again, one process at a time, damage, a full disk.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicU32;

use tempfile::TempDir;
use uis_gateway::store::{DialRecord, NewRequest, OpenError, OpenOptions, SqliteStore, recovery, schema};
use uis_host::bindings::uis::integration::timers::Timer;
use uis_host::event::Event;
use uis_host::ports::{End, IntegrationState, KeptEvent, Origin, SetTimer, StorageWrite, Store, TimerRoom};
use uis_host::suites::store::{COUNTED_KEY, conforms, increments, survives};

fn open(path: &Path) -> SqliteStore {
    let (store, report) = SqliteStore::open(path, OpenOptions::default()).expect("it opens");
    assert_eq!(report, None, "nothing was damaged");
    store
}

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("store.db");
    (folder, path)
}

/// Copies a store's files as they are, which is what a crash leaves.
fn copied(from: &Path, to: &Path) {
    for part in ["", "-wal"] {
        let file = recovery::beside(from, part);
        if file.exists() {
            std::fs::copy(file, recovery::beside(to, part)).expect("copied");
        }
    }
}

fn kept(id: &str) -> KeptEvent {
    KeptEvent {
        id: id.into(),
        ordering_key: format!("phone:7916{id}"),
        origin: Origin(7),
        what: "call_session_finished".into(),
        event: Event::Action(id.into()),
        attempt: 1,
        received: 1_795_000_000_000,
        not_before: 0,
        reason: None,
        reported: false,
    }
}

fn write(value: &[u8]) -> StorageWrite {
    StorageWrite { expected: None, value: value.to_vec(), expires_at: None, now: 0, room: 1 << 20 }
}

#[test]
fn the_linked_sqlite_has_no_race_of_its_log() {
    assert!(rusqlite::version_number() >= 3_051_003, "SQLite {}", rusqlite::version());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_conforms() {
    let (_folder, path) = folder();
    conforms(&open(&path)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_survives_a_crash() {
    let folder = tempfile::tempdir().expect("a folder");
    let paths: Mutex<Vec<(Arc<dyn Store>, PathBuf)>> = Mutex::default();
    let new = |from: Option<&Path>| {
        let mut known = paths.lock().expect("no panic");
        let path = folder.path().join(format!("{}.db", known.len()));
        if let Some(from) = from {
            copied(from, &path);
        }
        let store: Arc<dyn Store> = Arc::new(open(&path));
        known.push((store.clone(), path));
        store
    };
    let reopen = |store: Arc<dyn Store>| {
        let known = paths.lock().expect("no panic").iter().find(|(known, _)| Arc::ptr_eq(known, &store)).map(|(_, path)| path.clone());
        new(Some(&known.expect("a store of this test")))
    };
    survives(async || new(None), async |store| reopen(store)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_of_several_threads_lose_nothing() {
    let (_folder, path) = folder();
    let store = Arc::new(open(&path));
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { increments(&*store, "owner", 100).await })
        })
        .collect();
    for task in tasks {
        task.await.expect("no panic");
    }
    let count = store.get("owner", COUNTED_KEY, 0).await.expect("it answers").map(|entry| entry.value);
    assert_eq!(count, Some(b"800".to_vec()));
}

#[tokio::test]
async fn only_the_owner_reads_the_file_and_its_log() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("store.db");
    std::fs::write(&path, "").expect("written");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("changed");
    let (store, _) = SqliteStore::open(&path, OpenOptions::default()).expect("it opens");
    store.commit("a").await.expect("written");
    for part in ["store.db", "store.db-wal"] {
        let mode = std::fs::metadata(folder.path().join(part)).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{part}");
    }
}

#[tokio::test]
async fn a_second_gateway_on_one_file_refuses_to_start() {
    let (folder, path) = folder();
    let first = open(&path);
    let link = folder.path().join("link.db");
    std::os::unix::fs::symlink(&path, &link).expect("a link");
    for name in [&path, &link] {
        let refused = SqliteStore::open(name, OpenOptions::default()).err().expect("refused");
        assert!(matches!(&refused, OpenError::InUse(_)) && refused.to_string().contains("store.db"), "{refused}");
    }
    first.close().await;
    open(&link);
}

#[tokio::test]
async fn a_file_of_a_newer_program_is_refused() {
    let (_folder, path) = folder();
    open(&path).close().await;
    rusqlite::Connection::open(&path).expect("SQLite").pragma_update(None, "user_version", 99).expect("written");
    let refused = SqliteStore::open(&path, OpenOptions::default()).err().expect("refused").to_string();
    assert!(refused.contains("schema version 99") && refused.contains(&format!("up to {}", schema::VERSION)), "{refused}");
}

/// The tables of a file.
fn tables(connection: &rusqlite::Connection) -> Vec<String> {
    let mut statement = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").expect("SQLite");
    let names = statement.query_map([], |row| row.get(0)).expect("SQLite");
    names.collect::<Result<_, _>>().expect("names")
}

/// Makes a file of the first schema version of a newer one.
fn downgrade(path: &Path) {
    let connection = rusqlite::Connection::open(path).expect("SQLite");
    let first = rusqlite::Connection::open_in_memory().expect("SQLite");
    schema::migrate_to(&first, 1).expect("made");
    let known = tables(&first);
    for table in tables(&connection).into_iter().filter(|table| !known.contains(table)) {
        connection.execute_batch(&format!("DROP TABLE {table}")).expect("dropped");
    }
    let older = "DROP INDEX events_waiting; DROP INDEX events_dead_by_id; CREATE INDEX events_by_id ON events (owner, id);
        CREATE INDEX events_waiting ON events (owner, place) WHERE state = 0; PRAGMA user_version = 1;";
    connection.execute_batch(older).expect("changed");
}

#[tokio::test]
async fn a_file_of_an_older_program_is_migrated_with_all_it_has() {
    let (_folder, path) = folder();
    let store = open(&path);
    for id in ["1", "2", "3", "4"] {
        store.keep("a", &kept(id)).await.expect("stored");
    }
    store.finish("a", "2", End::Done, None).await.expect("stored");
    store.finish("a", "3", End::Dead("refused".into()), None).await.expect("stored");
    store.close().await;
    downgrade(&path);
    assert!(schema::is_as_written(&rusqlite::Connection::open(&path).expect("SQLite")).expect("read"), "it is what version 1 wrote");
    let store = open(&path);
    let ids: Vec<String> = store.waiting("a").await.expect("read").into_iter().map(|event| event.id).collect();
    assert_eq!(ids, ["1", "4"]);
    assert_eq!(store.revive("a", "3").await.expect("read").map(|event| event.id), Some("3".into()));
    store.close().await;
    let connection = rusqlite::Connection::open(&path).expect("SQLite");
    assert_eq!(schema::version(&connection).expect("read"), schema::VERSION);
    assert!(schema::is_as_written(&connection).expect("read"));
}

#[tokio::test]
async fn the_log_is_copied_into_the_file_while_events_come() {
    let (_folder, path) = folder();
    let store = Arc::new(open(&path));
    let large = KeptEvent { reason: Some("x".repeat(100_000)), ..kept("0") };
    // 160 MB in all, some events in each commit.
    for group in 0..160_u32 {
        let keeps = (0..10).map(|number| {
            let (store, event) = (store.clone(), KeptEvent { id: format!("{group}-{number}"), ..large.clone() });
            tokio::spawn(async move { store.keep("a", &event).await })
        });
        for keep in keeps.collect::<Vec<_>>() {
            keep.await.expect("no panic").expect("stored");
        }
    }
    let size = |part: &str| std::fs::metadata(recovery::beside(&path, part)).expect("a file").len() >> 20;
    let (file, log) = (size(""), size("-wal"));
    assert!(file > 60 && log < 120, "{file} MiB in the file, {log} MiB in the log");
    assert_eq!(store.waiting("a").await.expect("read").len(), 1600);
}

#[tokio::test]
async fn after_a_close_nothing_more_is_accepted() {
    let (_folder, path) = folder();
    let store = open(&path);
    store.keep("a", &kept("1")).await.expect("stored");
    store.close().await;
    assert!(store.keep("a", &kept("2")).await.is_err());
    assert_eq!(open(&path).waiting("a").await.expect("read").len(), 1);
}

#[tokio::test]
async fn a_dial_order_is_stored_once() {
    let (_folder, path) = folder();
    let store = open(&path);
    assert_eq!(store.dial("a", "d-1", "{}".into()).await, Ok(DialRecord::New));
    assert_eq!(store.dial("a", "d-1", "{}".into()).await, Ok(DialRecord::Known(None)));
    assert_eq!(store.dial("b", "d-1", "{}".into()).await, Ok(DialRecord::New), "another integration's");
    store.dialled("a", "d-1", "done".into()).await.expect("stored");
    store.close().await;
    assert_eq!(open(&path).dial("a", "d-1", "{}".into()).await, Ok(DialRecord::Known(Some("done".into()))));
}

fn request(body: &[u8]) -> NewRequest {
    NewRequest {
        owner: "a".into(),
        at: 5,
        kind: "notification".into(),
        what: "sms".into(),
        method: "POST".into(),
        query: String::new(),
        content_type: None,
        body: body.to_vec(),
    }
}

#[tokio::test]
async fn a_request_that_cannot_be_read_waits_for_somebody() {
    let (_folder, path) = folder();
    let store = open(&path);
    let (first, second) = (store.receive(request(b"[1]")), store.receive(request(b"\xff")));
    assert!(second > first);
    store.reject(first, "the body is an array").await.expect("stored");
    store.close().await;
    let store = open(&path);
    let rejected = store.rejected("a", None, 10).await.expect("read");
    assert_eq!(rejected.iter().map(|request| (request.number, request.body.as_slice())).collect::<Vec<_>>(), [(first, b"[1]".as_slice())]);
    assert_eq!(store.counts("a").await.expect("read").dead, 1);
    assert!(store.receive(request(b"")) > second, "numbers are never taken twice");
    store.take_rejected(first).await.expect("stored");
    assert!(store.rejected("a", None, 10).await.expect("read").is_empty());
    assert!(store.reject(9_999_999, "x").await.is_err(), "there is no such request");
}

#[tokio::test]
async fn what_is_old_is_swept_out_and_what_waits_stays() {
    let (_folder, path) = folder();
    let store = open(&path);
    for id in ["done", "waits", "dead"] {
        store.keep("a", &kept(id)).await.expect("stored");
    }
    store.receive(request(b"old"));
    let unreadable = store.receive(request(b"unreadable"));
    store.reject(unreadable, "x").await.expect("stored");
    store.finish("a", "done", uis_host::ports::End::Done, None).await.expect("stored");
    store.finish("a", "dead", uis_host::ports::End::Dead("no".into()), None).await.expect("stored");
    let now = chrono::Utc::now().timestamp_millis();
    assert_eq!(store.sweep(now, 35, 14).await, Ok(1), "only the request of 1970 is old");
    assert_eq!(store.sweep(now + 36 * 86_400_000, 35, 14).await, Ok(1), "the event that ended is old now");
    assert_eq!(store.waiting("a").await.expect("read").len(), 1);
    assert_eq!(store.counts("a").await.expect("read").dead, 2);
}

/// Changes one byte of the only place in the file where these bytes are.
fn flip(path: &Path, bytes: &[u8]) {
    let mut file = std::fs::read(path).expect("the file");
    let at = file.windows(bytes.len()).position(|window| window == bytes).expect("the bytes");
    file[at] ^= 1;
    std::fs::write(path, file).expect("written");
}

#[tokio::test]
async fn a_damaged_row_is_set_aside_and_named_and_the_others_go_on() {
    let (_folder, path) = folder();
    let store = open(&path);
    for id in ["one", "two-UNIQUE-MARK", "three"] {
        store.keep("a", &KeptEvent { event: Event::Action(format!("{id}-x")), ..kept(id) }).await.expect("stored");
    }
    store.swap("a", "intent", write(b"VALUE-MARK")).await.expect("stored").expect("absent");
    let timer = Timer { name: "t".into(), at: 1, every_ms: None, ordering_key: "k".into(), payload: b"TIMER-MARK".to_vec() };
    let room = TimerRoom { timers: 10, bytes: 1000 };
    store.set_timer("a", SetTimer { timer, origin: Origin(1) }, room).await.expect("stored").expect("room");
    store.put_record("a", b"RECORD-MARK".to_vec()).await.expect("stored");
    store.close().await;
    for mark in [b"UNIQUE-MARK-x".as_slice(), b"VALUE-MARK", b"TIMER-MARK", b"RECORD-MARK"] {
        flip(&path, mark);
    }
    let store = open(&path);
    let found = store.check().await.expect("checked");
    assert_eq!(found.len(), 4, "{found:?}");
    let waiting: Vec<String> = store.waiting("a").await.expect("read").into_iter().map(|event| event.id).collect();
    assert_eq!(waiting, ["one", "three"]);
    assert_eq!(store.next_timer("a").await.expect("read"), None);
    let refused = store.get("a", "intent", 0).await.expect_err("a damaged intent is not absent").to_string();
    let discard = refused.rsplit("--discard ").next().expect("the remedy").to_owned();
    assert!(store.records().await.expect_err("an integration does not disappear").to_string().contains("\"a\""));
    let aside: Vec<(String, String)> = store.damaged().await.expect("read").into_iter().map(|row| (row.table, row.key)).collect();
    assert_eq!(aside, [("events".to_owned(), "a/two-UNIQUE-MARK".to_owned()), ("timers".to_owned(), "a/t".to_owned())]);
    store.discard(&discard).await.expect("discarded");
    store.discard("integrations:a").await.expect("discarded");
    assert_eq!(store.get("a", "intent", 0).await, Ok(None));
    assert!(store.check().await.expect("checked").is_empty());
    assert!(store.discard("events:1").await.is_err());
}

/// Stores rows in every table, each large enough that the tables have several pages.
async fn filled(path: &Path) -> Vec<String> {
    let store = open(path);
    store.set_state("a", IntegrationState::Active).await.expect("stored");
    let mut ids = Vec::new();
    for number in 0..60 {
        let id = format!("event-{number:03}");
        store.keep("a", &KeptEvent { reason: Some("x".repeat(300)), ..kept(&id) }).await.expect("stored");
        store.swap("a", &format!("key-{number}"), write(&[7; 300])).await.expect("stored").expect("absent");
        store.receive(request(&[b'r'; 300]));
        ids.push(id);
    }
    store.put_record("a", vec![b'{'; 500]).await.expect("stored");
    store.close().await;
    ids
}

/// The pages with the tables' definitions, from 0.
fn schema_pages(path: &Path) -> Vec<usize> {
    let connection = rusqlite::Connection::open(path).expect("the file");
    let mut statement = connection.prepare("SELECT pageno - 1 FROM dbstat WHERE name = 'sqlite_schema'").expect("SQL");
    let pages = statement.query_map([], |row| row.get::<_, i64>(0)).expect("pages");
    pages.map(|page| page.expect("a number") as usize).collect()
}

/// Each page of a small file is overwritten, zeroed, or the file is cut there: everything that is not on the page is there, or the damage is
/// named and nothing is skipped silently.
#[tokio::test]
async fn each_damaged_page_is_recovered_from_or_named() {
    let (_source, path) = folder();
    let ids = filled(&path).await;
    let whole = std::fs::read(&path).expect("the file");
    let pages = whole.len() / 4096;
    assert!(pages > 20, "{pages} pages");
    let schema = schema_pages(&path);
    let (mut recovered, mut refused, mut roots) = (0, 0, 0);
    for page in 0..pages {
        for kind in ["flipped", "zeroed", "cut"] {
            // An empty file is what the very first start leaves when it is killed; the log says that a new store begins.
            if (page, kind) == (0, "cut") {
                continue;
            }
            let (_folder, path) = folder();
            let mut file = whole.clone();
            let range = page * 4096..(page + 1) * 4096;
            match kind {
                "flipped" => file[range].iter_mut().for_each(|byte| *byte ^= 0x5a),
                "zeroed" => file[range].fill(0),
                _ => file.truncate(range.start),
            }
            std::fs::write(&path, &file).expect("written");
            match SqliteStore::open(&path, OpenOptions::default()) {
                Err(error) => {
                    refused += 1;
                    assert!(error.to_string().contains("store.db"), "{kind} page {page}: {error}");
                    let excused = schema.contains(&page) || kind == "cut";
                    assert!(excused, "{kind} page {page}: only without the tables' definitions nothing can be read: {error}");
                }
                Ok((store, report)) => {
                    let waiting = store.waiting("a").await.expect("read");
                    let named = report.is_some() || !store.check().await.expect("checked").is_empty();
                    let aside = !store.damaged().await.expect("read").is_empty();
                    let lost = ids.len() - waiting.len();
                    assert!(lost == 0 || named || aside, "{kind} page {page}: {lost} events are gone and nobody says so");
                    // Only the root of the table has more than the rows of one page below it.
                    roots += usize::from(kind == "flipped" && lost > 8);
                    if let Some(report) = &report {
                        recovered += 1;
                        assert!(report.kept.exists(), "the damaged file is kept");
                        assert!(lost == 0 || !report.gaps.is_empty(), "{kind} page {page}: {report}");
                    }
                    assert!(waiting.iter().all(|event| ids.contains(&event.id)));
                    store.keep("a", &kept("new")).await.expect("it goes on");
                    store.close().await;
                }
            }
        }
    }
    println!("{pages} pages: recovered {recovered} times, refused {refused} times");
    assert!(recovered > pages / 2);
    assert!(roots <= 1, "{roots} pages cost more events than they had");
}

/// A disk that is full: nothing is acknowledged any more, and everything that was acknowledged is there afterwards.
#[tokio::test]
async fn a_full_disk_ends_the_store_and_loses_nothing_acknowledged() {
    let (_folder, path) = folder();
    let options = OpenOptions { most_pages: Some(Arc::new(AtomicU32::new(60))), ..OpenOptions::default() };
    let (store, _) = SqliteStore::open(&path, options).expect("it opens");
    let mut acknowledged = Vec::new();
    let mut refused = 0;
    for number in 0..400 {
        let event = KeptEvent { reason: Some("x".repeat(500)), ..kept(&format!("event-{number}")) };
        match store.keep("a", &event).await {
            Ok(()) => {
                assert_eq!(refused, 0, "after a failed write nothing is acknowledged");
                acknowledged.push(event.id);
            }
            Err(error) => {
                refused += 1;
                assert!(error.to_string().contains("full"), "{error}");
            }
        }
    }
    assert!(refused > 0 && acknowledged.len() > 20, "{} acknowledged, {refused} refused", acknowledged.len());
    assert!(store.failed().is_some_and(|why| why.contains("full")));
    let (store, _) = SqliteStore::open(&path, OpenOptions::default()).expect("the failed store has let go of the file");
    let waiting: Vec<String> = store.waiting("a").await.expect("read").into_iter().map(|event| event.id).collect();
    assert_eq!(waiting, acknowledged);
    store.keep("a", &kept("later")).await.expect("there is room again");
}

/// The log is cut at a hundred places: whatever was acknowledged before the cut is there.
#[tokio::test]
async fn a_log_that_is_cut_has_every_acknowledged_event_of_its_whole_frames() {
    const FRAME: u64 = 4096 + 24;
    const HEAD: u64 = 32;
    let (_folder, path) = folder();
    let store = open(&path);
    let log = recovery::beside(&path, "-wal");
    let mut acknowledged: Vec<(u64, String)> = Vec::new();
    for number in 0..120 {
        let event = kept(&format!("event-{number}"));
        store.keep("a", &event).await.expect("stored");
        acknowledged.push((std::fs::metadata(&log).expect("the log").len(), event.id));
    }
    let frames = (std::fs::metadata(&log).expect("the log").len() - HEAD) / FRAME;
    assert!(frames > 100, "{frames} frames");
    for cut in (1..=frames).step_by((frames / 100).max(1) as usize) {
        let (_folder, copy) = folder();
        copied(&path, &copy);
        let length = HEAD + cut * FRAME;
        // In the middle of the next frame: a torn write.
        let file = std::fs::File::options().write(true).open(recovery::beside(&copy, "-wal")).expect("the copy");
        file.set_len(length + (cut * 97) % FRAME).expect("cut");
        let expected: Vec<&String> = acknowledged.iter().filter(|(end, _)| *end <= length).map(|(_, id)| id).collect();
        let (store, report) = SqliteStore::open(&copy, OpenOptions::default()).expect("it opens");
        assert_eq!(report, None);
        let waiting: Vec<String> = store.waiting("a").await.expect("read").into_iter().map(|event| event.id).collect();
        assert!(expected.iter().all(|id| waiting.contains(id)), "cut after {cut} frames: {} of {}", waiting.len(), expected.len());
        store.close().await;
    }
}
