//! Damage of the store's file that is finer than whole pages: single bits, values that are not of their column's type, pages of long bodies.
//! Whatever is damaged, the store opens, gives everything else as it was stored, and names what is missing.

use std::fmt::Debug;
use std::path::{Path, PathBuf};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rusqlite::Connection;
use tempfile::TempDir;
use uis_gateway::privacy::tombstones::{DIGEST_BYTES, Digest, Tombstone};
use uis_gateway::store::originals::Replacement;
use uis_gateway::store::pauses::Pause;
use uis_gateway::store::versions::{Verdict, VerdictRow, VersionRow};
use uis_gateway::store::{Captured, NewRequest, OpenError, OpenOptions, SqliteStore, recovery};
use uis_host::bindings::uis::integration::timers::Timer;
use uis_host::event::Event;
use uis_host::ports::{DeadLetter, End, IntegrationState, KeptEvent, Origin, SetTimer, StorageWrite, Store, StoreError, TimerRoom};

/// Everything of the only integration.
#[derive(Debug, Default)]
struct Content {
    waiting: Vec<KeptEvent>,
    dead: Vec<DeadLetter>,
    values: Vec<(String, Vec<u8>)>,
    timers: Vec<SetTimer>,
    records: Vec<(String, Vec<u8>)>,
    rejected: Vec<(u64, Vec<u8>, String)>,
    captures: Vec<(u64, String, String)>,
    versions: Vec<VersionRow>,
    verdicts: Vec<VerdictRow>,
}

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("store.db");
    (folder, path)
}

/// Longer than a page, so that it continues on other pages.
fn long(mark: &str) -> String {
    format!("{mark}-").repeat(3000)
}

fn kept(id: &str, text: String) -> KeptEvent {
    KeptEvent {
        id: id.into(),
        ordering_key: format!("phone:7916{id}"),
        origin: Origin(7),
        what: "call_session_finished".into(),
        event: Event::Action(id.into()),
        attempt: 1,
        received: 1_795_000_000_000,
        not_before: 0,
        reason: Some(text),
        reported: false,
    }
}

/// Fills a new file and closes it.
async fn filled(path: &Path) -> Content {
    let (store, _) = SqliteStore::open(path, OpenOptions::default()).expect("it opens");
    store.set_state("a", IntegrationState::Active).await.expect("stored");
    for number in 0..12 {
        let text = if number % 4 == 1 { long(&format!("event{number}")) } else { format!("short {number}") };
        store.keep("a", &kept(&format!("event-{number:02}"), text)).await.expect("stored");
    }
    for number in [2, 5] {
        store.finish("a", &format!("event-{number:02}"), End::Dead("refused".into()), None).await.expect("stored");
    }
    store.finish("a", "event-03", End::Done, None).await.expect("stored");
    for (key, value) in [("intent", "open".to_owned()), ("long", long("value")), ("other", "x".repeat(200))] {
        let write = StorageWrite { expected: None, value: value.into(), expires_at: Some(i64::MAX), now: 0, room: 1 << 20 };
        store.swap("a", key, write).await.expect("stored").expect("absent");
    }
    for at in 1..4 {
        let payload = if at == 2 { long("timer").into_bytes() } else { b"soon".to_vec() };
        let timer = Timer { name: format!("timer-{at}"), at, every_ms: (at == 3).then_some(60), ordering_key: "k".into(), payload };
        let room = TimerRoom { timers: 10, bytes: 1 << 20 };
        store.set_timer("a", SetTimer { timer, origin: Origin(1) }, room).await.expect("stored").expect("room");
    }
    store.put_record("a", br#"{"plugin": "retailcrm"}"#.to_vec()).await.expect("stored");
    for body in [b"[1]".to_vec(), long("body").into_bytes()] {
        let request = NewRequest {
            owner: "a".into(),
            at: 5,
            kind: "notification".into(),
            what: "sms".into(),
            method: "POST".into(),
            query: "x=1".into(),
            content_type: Some("application/json".into()),
            body,
        };
        store.reject(store.receive(request), "the body is an array").await.expect("stored");
    }
    store.dial("a", "d-1", "{}".into()).await.expect("stored");
    store.dialled("a", "d-1", "done".into()).await.expect("stored");
    let (owner, event, outcome) = ("a".to_owned(), "event-00".to_owned(), "trapped".to_owned());
    store.capture(Captured { owner, event, origin: 7, attempt: 1, at: 9, outcome, content: long("trace") });
    let tombstone = Tombstone { integration: "a".into(), kind: "phone".into(), digest: Digest([7; DIGEST_BYTES]), at: 5 };
    store.bury(vec![tombstone], "a", 5, "sealed".into()).await.expect("stored");
    let version = |digest: &str, back: bool| {
        let (subject, version) = ("plugin".to_owned(), long("version"));
        VersionRow { subject, digest: digest.into(), version, configured: "sha256:2".into(), since: 9, back }
    };
    store.put_versions(vec![version("sha256:1", false), version("sha256:2", true)]).await.expect("stored");
    let (rule, digest, why) = ("vip".to_owned(), "sha256:3".to_owned(), "it trapped".to_owned());
    store.judge(VerdictRow { rule, digest, verdict: Verdict::SetAside, since: 9, why }).await.expect("stored");
    let replacement = Replacement { query: String::new(), body: long("mended").into_bytes(), who: Some("user olga".into()) };
    store.replace_body("a", 1, replacement, None).await.expect("stored");
    store.set_pause("a", Some(Pause { at: 5, who: "user olga".into() })).await.expect("stored");
    store.commit("a").await.expect("stored");
    let content = read(&store).await.expect("nothing is damaged yet");
    assert_eq!((content.waiting.len(), content.dead.len(), content.values.len(), content.timers.len()), (9, 2, 3, 3));
    store.close().await;
    content
}

/// Reads everything; the first error of the store as a whole ends it. An error that concerns one row is among the second.
async fn read(store: &SqliteStore) -> Result<Content, StoreError> {
    Ok(Content {
        waiting: store.waiting("a").await?,
        dead: store.dead_letters("a", None, 100).await?,
        values: values(store).await?,
        timers: store.timers("a").await?,
        records: store.records().await?,
        rejected: rejected(store).await?,
        captures: store.captures("a", "event-00").await?.into_iter().map(|one| (one.origin, one.outcome, one.content)).collect(),
        versions: store.versions().await?,
        verdicts: store.verdicts().await?,
    })
}

async fn values(store: &SqliteStore) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
    let items = store.scan("a", "", None, 100, 0).await?.items;
    Ok(items.into_iter().map(|item| (item.key, item.entry.value)).collect())
}

async fn rejected(store: &SqliteStore) -> Result<Vec<(u64, Vec<u8>, String)>, StoreError> {
    let rejected = store.rejected("a", None, 100).await?;
    Ok(rejected.into_iter().map(|request| (request.number, request.body, request.reason)).collect())
}

/// What is there must be what was stored, in its order; what is missing must be named.
fn compare<T: PartialEq + Debug>(what: &str, stored: &[T], found: &[T], named: bool) -> Result<(), String> {
    let mut left = stored.iter();
    if let Some(other) = found.iter().find(|found| !left.any(|stored| stored == *found)) {
        let other: String = format!("{other:?}").chars().take(200).collect();
        return Err(format!("{what}: not as stored, or not in its order: {other}"));
    }
    if found.len() < stored.len() && !named {
        return Err(format!("{what}: {} of {} are there, and nobody says so", found.len(), stored.len()));
    }
    Ok(())
}

/// Opens a damaged file, again if the store fails, and compares. The count of openings that worked; 0 when the file was refused by name.
async fn look(path: &Path, stored: &Content) -> Result<usize, String> {
    let mut named = false;
    for opened in 1..=3 {
        let (store, report) = match SqliteStore::open(path, OpenOptions::default()) {
            Ok(open) => open,
            Err(error) if error.to_string().contains("store.db") => return Ok(0),
            Err(error) => return Err(format!("the error does not name the file: {error}")),
        };
        let looked = examine(&store, stored, named || report.is_some()).await;
        named |= report.is_some() || store.damaged().await.is_ok_and(|damaged| !damaged.is_empty());
        let failed = store.failed();
        store.close().await;
        match (failed, looked) {
            (None, looked) => return looked.map(|()| opened),
            // A damaged page that was found only now: the file is recovered when it is opened again.
            (Some(_), _) if opened < 3 => {}
            (Some(why), _) => return Err(format!("it fails however often it is opened: {why}")),
        }
    }
    Err("unreachable".to_owned())
}

async fn examine(store: &SqliteStore, stored: &Content, named: bool) -> Result<(), String> {
    let text = |error: StoreError| error.0;
    let checked = store.check().await.map_err(text)?;
    let named = named || !checked.is_empty();
    let waiting = store.waiting("a").await.map_err(text)?;
    let dead = store.dead_letters("a", None, 100).await.map_err(text)?;
    let timers = store.timers("a").await.map_err(text)?;
    let rejected = rejected(store).await.map_err(text)?;
    let captures = store.captures("a", "event-00").await.map_err(text)?;
    let captures: Vec<_> = captures.into_iter().map(|one| (one.origin, one.outcome, one.content)).collect();
    let (versions, verdicts) = (store.versions().await.map_err(text)?, store.verdicts().await.map_err(text)?);
    let named = named || !store.damaged().await.map_err(text)?.is_empty();
    compare("versions", &stored.versions, &versions, named)?;
    compare("verdicts", &stored.verdicts, &verdicts, named)?;
    compare("waiting", &stored.waiting, &waiting, named)?;
    compare("dead letters", &stored.dead, &dead, named)?;
    compare("timers", &stored.timers, &timers, named)?;
    compare("rejected requests", &stored.rejected, &rejected, named)?;
    compare("captures", &stored.captures, &captures, named)?;
    match values(store).await {
        Ok(values) => compare("values", &stored.values, &values, named)?,
        Err(error) if !error.0.contains("--discard storage:") => return Err(format!("the value is not named: {error}")),
        Err(_) => {}
    }
    match store.records().await {
        Ok(records) => compare("records", &stored.records, &records, named)?,
        Err(error) if !error.0.contains("--discard integrations:") => return Err(format!("the record is not named: {error}")),
        Err(_) => {}
    }
    store.state("a").await.map_err(text)?;
    store.dial("a", "d-1", "{}".into()).await.map_err(text)?;
    store.keep("a", &kept("new", String::new())).await.map_err(text)?;
    let after = store.waiting("a").await.map_err(text)?;
    if after.len() == waiting.len() + 1 { Ok(()) } else { Err("a new event is not there".to_owned()) }
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// `FLIPS` and `SEED` set how many bits are changed, one a file, and which.
#[tokio::test]
async fn a_changed_bit_is_noticed_and_costs_one_row_at_most() {
    let (_source, path) = folder();
    let stored = filled(&path).await;
    let whole = std::fs::read(&path).expect("the file");
    let (flips, seed) = (number("FLIPS", 120), number("SEED", 19));
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut wrong = Vec::new();
    for _ in 0..flips {
        let (at, bit) = ((random.next_u64() % whole.len() as u64) as usize, random.next_u64() % 8);
        let mut file = whole.clone();
        file[at] ^= 1 << bit;
        let (_folder, path) = folder();
        std::fs::write(&path, &file).expect("written");
        wrong.extend(look(&path, &stored).await.err().map(|why| format!("bit {bit} of byte {at}: {why}")));
    }
    println!("seed {seed}: {flips} flips in {} bytes, {} were not handled", whole.len(), wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn a_damaged_page_of_long_bodies_costs_their_rows_only() {
    let (_source, path) = folder();
    let stored = filled(&path).await;
    let whole = std::fs::read(&path).expect("the file");
    let schema = schema_pages(&path);
    let (mut wrong, mut recovered) = (Vec::new(), 0);
    for page in (0..whole.len() / 4096).filter(|page| !schema.contains(page)) {
        let mut file = whole.clone();
        let range = page * 4096..(page + 1) * 4096;
        if page % 2 == 0 {
            file[range].fill(0)
        } else {
            file[range].iter_mut().for_each(|byte| *byte ^= 0x5a)
        }
        let (_folder, path) = folder();
        std::fs::write(&path, &file).expect("written");
        match look(&path, &stored).await {
            Ok(openings) => recovered += usize::from(openings > 0),
            Err(why) => wrong.push(format!("page {page}: {why}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(recovered, whole.len() / 4096 - schema.len(), "with its tables' definitions a file is never refused");
}

/// The pages with the tables' definitions, from 0.
fn schema_pages(path: &Path) -> Vec<usize> {
    let connection = Connection::open(path).expect("the file");
    let mut statement = connection.prepare("SELECT pageno - 1 FROM dbstat WHERE name = 'sqlite_schema'").expect("SQL");
    let pages = statement.query_map([], |row| row.get::<_, i64>(0)).expect("pages");
    pages.map(|page| page.expect("a number") as usize).collect()
}

/// Columns of all tables, without those that are the row's number; the audit log refuses changes.
fn columns(path: &Path) -> Vec<(String, String)> {
    let file = Connection::open(path).expect("SQLite");
    let sql = "SELECT m.name, c.name FROM sqlite_schema m, pragma_table_info(m.name) c
               WHERE m.type = 'table' AND m.name NOT IN ('damaged', 'audit') AND NOT (c.pk = 1 AND c.type = 'INTEGER')";
    let mut statement = file.prepare(sql).expect("SQL");
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("rows");
    rows.collect::<Result<_, _>>().expect("rows")
}

/// Puts a value into a column of a table's first row, whatever the schema says about it.
fn put(path: &Path, table: &str, column: &str, value: &str) {
    let schema = |from: &str, to: &str| {
        let file = Connection::open(path).expect("SQLite");
        let sql =
            format!("PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, '{from}', '{to}') WHERE type = 'table'");
        file.execute_batch(&sql).expect("changed");
    };
    schema("NOT NULL", "CHECK (1)");
    let file = Connection::open(path).expect("SQLite");
    let sql = format!("UPDATE {table} SET {column} = {value} WHERE rowid = (SELECT min(rowid) FROM {table})");
    assert_eq!(file.execute(&sql, []).expect("changed"), 1, "{table} has a row");
    drop(file);
    schema("CHECK (1)", "NOT NULL");
}

#[tokio::test]
async fn a_value_that_is_not_of_its_columns_type_costs_its_row_only() {
    let (_source, path) = folder();
    let stored = filled(&path).await;
    let whole = std::fs::read(&path).expect("the file");
    let columns = columns(&path);
    assert!(columns.len() > 50, "{} columns", columns.len());
    let mut wrong = Vec::new();
    for (table, column) in &columns {
        for value in ["CAST(x'80' AS TEXT)", "x'80'", "9223372036854775807", "NULL"] {
            let (_folder, path) = folder();
            std::fs::write(&path, &whole).expect("written");
            put(&path, table, column, value);
            let looked = look(&path, &stored).await;
            if looked != Ok(1) {
                wrong.push(format!("{table}.{column} = {value}: {looked:?}"));
            }
        }
    }
    println!("{} columns", columns.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The page is damaged while the store is open, as in a file that is too large to be checked as a whole whenever it is opened.
#[tokio::test]
async fn damage_that_is_found_while_it_is_open_is_recovered_from_at_the_next_opening() {
    let (_folder, path) = folder();
    let stored = filled(&path).await;
    let (store, _) = SqliteStore::open(&path, OpenOptions::default()).expect("it opens");
    let mut file = std::fs::read(&path).expect("the file");
    let page = 4096;
    // The schema stays, so that the store finds the damage only in its tables.
    let schema = schema_pages(&path);
    for number in (10..file.len() / page).filter(|number| !schema.contains(number)) {
        file[number * page..(number + 1) * page].iter_mut().for_each(|byte| *byte ^= 0x5a);
    }
    std::fs::write(&path, &file).expect("written");
    store.waiting("a").await.expect_err("the tables are damaged");
    assert!(store.failed().is_some());
    assert!(recovery::suspicion(&path).exists(), "the next opening checks the file as a whole");
    let (store, report) = SqliteStore::open(&path, OpenOptions::default()).expect("it opens");
    let report = report.expect("it was recovered");
    assert!(!report.gaps.is_empty() && store.waiting("a").await.expect("read").len() < stored.waiting.len(), "{report}");
    assert!(!recovery::suspicion(&path).exists(), "the new file is sound");
}

#[tokio::test]
async fn a_file_that_cannot_be_opened_is_not_taken_for_a_damaged_one() {
    let (folder, path) = folder();
    std::fs::create_dir(&path).expect("a folder in its place");
    let refused = SqliteStore::open(&path, OpenOptions::default()).err().expect("refused");
    assert!(matches!(refused, OpenError::File { .. }), "{refused}");
    let left: Vec<_> = std::fs::read_dir(folder.path()).expect("the folder").flatten().map(|entry| entry.file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().contains("damaged")), "nothing was moved: {left:?}");
}

/// A damaged time must not make a value, or an event that ended, look old.
#[tokio::test]
async fn what_only_damage_makes_old_is_not_deleted() {
    let (_folder, path) = folder();
    filled(&path).await;
    put(&path, "storage", "expires", "1");
    put(&path, "events", "state", "1");
    put(&path, "events", "ended", "1");
    put(&path, "requests", "rejected", "NULL");
    let (store, _) = SqliteStore::open(&path, OpenOptions::default()).expect("it opens");
    assert_eq!(store.sweep(i64::MAX, 0, 0).await, Ok(2), "one event that ended, and one capture");
    let aside: Vec<String> = store.damaged().await.expect("read").into_iter().map(|row| format!("{} {}", row.table, row.key)).collect();
    assert_eq!(aside, ["events a/event-00", "requests a/1"]);
    let write = StorageWrite { expected: None, value: vec![0; 100], expires_at: None, now: 5, room: 1 };
    store.swap("a", "new", write).await.expect("stored").expect_err("there is no room");
    let error = store.get("a", "intent", 5).await.expect_err("it is damaged, not expired").to_string();
    assert!(error.contains("--discard storage:"), "{error}");
}
