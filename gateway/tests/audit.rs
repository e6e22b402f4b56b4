//! The audit log: what it has after a restart, that nobody can change it, and that a damaged entry stays visible. What administrators change survives a
//! recovery of the file.

use std::path::Path;

use rusqlite::Connection;
use uis_gateway::audit::{self, Act, AuditEntry};
use uis_gateway::store::originals::Replacement;
use uis_gateway::store::pauses::Pause;
use uis_gateway::store::{AuditQuery, NewRequest, OpenOptions, SqliteStore, recovery};

fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path, OpenOptions::default()).expect("it opens").0
}

async fn subjects(store: &SqliteStore, query: AuditQuery) -> Vec<String> {
    store.audited(query, 100).await.expect("read").into_iter().map(|entry| entry.subject).collect()
}

#[tokio::test]
async fn entries_are_listed_newest_first_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("store.db");
    let store = open(&path);
    for subject in ["1", "2", "3"] {
        let entry = audit::by("token ops".to_owned(), async { AuditEntry::new(Act::Redrive).of("main").about(subject).with("1 event") });
        store.audit(entry.await).await.expect("written");
    }
    store.close().await;
    let store = open(&path);
    let all = store.audited(AuditQuery::default(), 2).await.expect("read");
    let newest = &all[0];
    assert_eq!((newest.who.as_str(), newest.what.as_str(), newest.detail.as_str()), ("token ops", "redrive", "1 event"));
    assert!(newest.sound && newest.at > 0);
    let older = AuditQuery { before: Some(all[1].number), ..AuditQuery::default() };
    assert_eq!(subjects(&store, older).await, ["1"]);
    assert_eq!(subjects(&store, AuditQuery { subject: Some("2".to_owned()), ..AuditQuery::default() }).await, ["2"]);
    assert!(subjects(&store, AuditQuery { from: Some(newest.at + 1), ..AuditQuery::default() }).await.is_empty());
    assert!(subjects(&store, AuditQuery { to: Some(all[1].at), ..AuditQuery::default() }).await.len() < 3);
}

#[tokio::test]
async fn an_entry_cannot_be_changed_or_deleted_and_a_damaged_one_stays() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("store.db");
    let store = open(&path);
    store.audit(AuditEntry::new(Act::Pause).of("main")).await.expect("written");
    store.close().await;
    let file = Connection::open(&path).expect("it opens");
    for sql in ["UPDATE audit SET who = 'nobody'", "DELETE FROM audit"] {
        let error = file.execute(sql, []).expect_err(sql).to_string();
        assert!(error.contains("entries of the audit log are not"), "{sql}: {error}");
    }
    file.execute("INSERT INTO audit (at, who, what, integration, subject, detail, sum) VALUES (1, 'a', 'b', 'c', 'd', 'e', 7)", [])
        .expect("written");
    drop(file);
    let store = open(&path);
    let all = store.audited(AuditQuery::default(), 100).await.expect("read");
    assert_eq!(all.iter().map(|entry| entry.sound).collect::<Vec<_>>(), [false, true]);
    assert_eq!(store.check().await.expect("checked"), ["audit 2"]);
}

#[tokio::test]
async fn what_administrators_changed_is_read_from_a_damaged_file_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("store.db");
    let store = open(&path);
    let request = NewRequest {
        owner: "main".to_owned(),
        at: 7,
        kind: "notification".to_owned(),
        what: "set_mark".to_owned(),
        method: "POST".to_owned(),
        query: String::new(),
        content_type: None,
        body: b"as it came".to_vec(),
    };
    let number = store.receive(request);
    store.reject(number, "it is no JSON").await.expect("rejected");
    for body in ["first", "second"] {
        let with = Replacement { query: String::new(), body: body.into(), who: Some("user olga".to_owned()) };
        store.replace_body("main", number, with, None).await.expect("replaced");
    }
    let missing = Replacement { query: String::new(), body: Vec::new(), who: None };
    assert!(store.replace_body("main", 99, missing.clone(), None).await.is_err(), "there is no such request");
    let pause = Pause { at: 5, who: "token ops".to_owned() };
    store.set_pause("main", Some(pause.clone())).await.expect("paused");
    store.audit(AuditEntry::new(Act::Edit).of("main")).await.expect("written");
    store.close().await;
    let report = recovery::replace(&path).expect("recovered");
    assert!(report.gaps.is_empty() && report.aside.is_empty(), "{report}");
    let store = open(&path);
    let original = store.original(number).await.expect("read").expect("kept");
    assert_eq!((original.body.as_slice(), original.who.as_str()), (b"as it came".as_slice(), "user olga"), "only what came is kept");
    assert_eq!(store.find_rejected(number).await.expect("read").map(|found| found.body), Some(b"second".to_vec()));
    assert_eq!((store.pause_of("main").await.expect("read"), store.pause_of("other").await.expect("read")), (Some(pause), None));
    assert_eq!(store.audited(AuditQuery::default(), 9).await.expect("read").len(), 1);
    assert!(store.check().await.expect("checked").is_empty());
    let original = Replacement { body: original.body, ..missing };
    store.replace_body("main", number, original, None).await.expect("taken again");
    assert_eq!(store.original(number).await.expect("read"), None);
    store.set_pause("main", None).await.expect("resumed");
    assert_eq!(store.pause_of("main").await.expect("read"), None);
}
