//! Measures an erasure in a store with a million events and the requests that they came from, and bringing a restored store up to date with
//! the journal.
//!
//! ```sh
//! cargo run --release -p uis-gateway --example erasure [EVENTS]
//! ```

#[path = "../tests/service/mod.rs"]
mod service;

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use serde_json::{Map, json};
use service::{ACCOUNT, workshop};
use uis_gateway::control::erasure::WhomToErase;
use uis_gateway::control::{Control, Erasure, NewConnection, NewIntegration, SecretSource};
use uis_gateway::integrations::book::Book;
use uis_gateway::integrations::building::Paces;
use uis_gateway::integrations::{Offline, erasures};
use uis_gateway::store::{NewRequest, OpenOptions, SqliteStore};
use uis_host::clock::{SystemClock, zone};
use uis_host::notification::{events, params::Params};
use uis_host::ports::{End, KeptEvent, Origin, Store};
use uis_test_support::native_plugin::NativePlugin;

/// The person, and how many of the events are theirs.
const PHONE: &str = "79161234567";
const THEIRS: u64 = 50;
/// Events that are stored at the same time.
const AT_ONCE: u64 = 4000;

fn open(folder: &Path) -> SqliteStore {
    SqliteStore::open(&folder.join("store.db"), OpenOptions::default()).expect("it opens").0
}

fn book(store: SqliteStore, folder: &Path) -> Book {
    let workshop = workshop(Arc::new(NativePlugin::new()), Arc::new(SystemClock), Paces::off(), folder);
    Book { store: Arc::new(store), workshop: Arc::new(workshop) }
}

/// The body of a call of 1.5 kB, with the parameters of advertising that such bodies have.
fn body(number: u64, phone: &str) -> String {
    let mut body = json!({
        "call_session_id": 800_000_000 + number, "contact_phone_number": phone, "virtual_phone_number": "74951112233", "direction": "in",
        "start_time": "2026-11-20 10:00:00", "notification_time": "2026-11-20 10:05:00", "talk_time_duration": 60, "total_time_duration": 70,
        "wait_time_duration": 10, "employee_id": 323_409, "is_lost": false,
    });
    let members = body.as_object_mut().expect("an object");
    for name in
        ["utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "gclid", "yclid", "referrer", "visitor_city", "user_agent"]
    {
        members.insert(
            name.to_owned(),
            format!("{name}-of-{}-%D1%82%D0%B5%D0%BA%D1%81%D1%82-{number:x}{number:x}{number:x}", number % 977).into(),
        );
    }
    body.to_string()
}

async fn fill(store: &SqliteStore, count: u64) {
    let zone = zone("Europe/Moscow").expect("a zone");
    for first in (0..count).step_by(AT_ONCE as usize) {
        for number in first..(first + AT_ONCE).min(count) {
            let phone = if number % (count / THEIRS) == 0 { PHONE.to_owned() } else { format!("79{:09}", 260_000_000 + number) };
            let body = body(number, &phone);
            let params = Params::from_body(&body.as_str().into(), zone, 0).expect("readable");
            let event = events("call_session_finished", &params).expect("an event").remove(0);
            let origin = store.receive(NewRequest {
                owner: "shop".into(),
                at: 1_795_000_000_000,
                kind: "notification".into(),
                what: "call_session_finished".into(),
                method: "POST".into(),
                query: String::new(),
                content_type: Some("application/json".into()),
                body: body.into_bytes(),
            });
            let event = KeptEvent {
                id: format!("shop-{number}"),
                ordering_key: event.ordering_key(),
                origin: Origin(origin),
                what: "call_session_finished".into(),
                event,
                attempt: 1,
                received: 1_795_000_000_000,
                not_before: 0,
                reason: None,
                reported: false,
            };
            // The store takes each at the call; only the last one is waited for.
            drop(store.keep("shop", &event));
            let ended = store.finish("shop", &event.id, End::Done, None);
            if number + 1 == (first + AT_ONCE).min(count) {
                ended.await.expect("stored");
            }
        }
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let count: u64 = std::env::args().nth(1).map_or(1_000_000, |count| count.parse().expect("a number of events"));
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("account.json"), ACCOUNT).expect("written");
    let began = Instant::now();
    let store = open(folder.path());
    fill(&store, count).await;
    store.close().await;
    let bytes = std::fs::metadata(folder.path().join("store.db")).expect("the file").len();
    println!("{count} events in {} MB, stored in {:?}", bytes >> 20, began.elapsed());

    let own = book(open(folder.path()), folder.path());
    let control = Offline::administrator(own);
    let connection = NewConnection { url: "http://127.0.0.1:9/".into(), key: SecretSource::Value("k".to_owned().into()) };
    let new = NewIntegration {
        name: "shop".into(),
        account: folder.path().join("account.json").into(),
        connections: [("retailcrm".to_owned(), connection)].into(),
        settings: Map::new(),
        settings_version: None,
        secret: None,
    };
    control.add(new).await.expect("added");
    std::fs::copy(folder.path().join("store.db"), folder.path().join("backup")).expect("a backup");
    let whom = WhomToErase { phones: vec![PHONE.to_owned()], ..WhomToErase::default() };
    let began = Instant::now();
    let found = control.find_person(&whom).await.expect("found");
    println!("found {} events in {:?}", found.integrations[0].counted.done, began.elapsed());
    let began = Instant::now();
    let erased = control.erase(&whom).await.expect("erased");
    println!(
        "erased {} events and {} requests in {:?}",
        erased.integrations[0].counted.done,
        erased.integrations[0].counted.requests,
        began.elapsed()
    );
    drop(control);

    let restored = tempfile::tempdir().expect("a folder");
    for (from, to) in [("backup", "store.db"), ("key", "key"), ("erasures.journal", "erasures.journal"), ("account.json", "account.json")] {
        std::fs::copy(folder.path().join(from), restored.path().join(to)).expect("copied");
    }
    let book = book(open(restored.path()), restored.path());
    let began = Instant::now();
    let replayed = erasures::replay(&book).await.expect("brought up to date");
    println!("brought a restored store up to date in {:?}: {} rows deleted", began.elapsed(), replayed.rows);
}
