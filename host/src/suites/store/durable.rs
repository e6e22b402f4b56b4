//! What must still be there when a store is opened again.

use std::sync::Arc;

use super::{Owner, write};
use crate::event::Event;
use crate::ports::{End, IntegrationState, KeptEvent, StorageWrite, Store};
use crate::suites::samples::{self, NOW, kept, timer};

/// A store that is shared, as an opened one is.
type Opened = Arc<dyn Store>;

/// Checks what a durable store still has after it was opened again.
///
/// `open` opens an empty store, a new one each time. `reopen` opens the same store again: the nearer to a crash the better, so it may copy
/// the files as they are while the given store is still open, or lose whatever was not synced. The given store is not used afterwards.
pub async fn survives(open: impl AsyncFn() -> Opened, reopen: impl AsyncFn(Opened) -> Opened) {
    what_is_durable_at_once(&open, &reopen).await;
    ends_and_their_writes(&open, &reopen).await;
    what_was_committed(&open, &reopen).await;
    versions_go_on(&open, &reopen).await;
    uncommitted_writes_are_lost_from_the_end(&open, &reopen).await;
}

/// `keep`, `fire` and `set_state` need no commit.
async fn what_is_durable_at_once(open: &impl AsyncFn() -> Opened, reopen: &impl AsyncFn(Opened) -> Opened) {
    let store = open().await;
    let mut all: Vec<KeptEvent> = Vec::new();
    let owner = Owner::new(&*store, "at-once");
    for (index, event) in samples::events("line\r\n\0 Иванов 🙂").into_iter().enumerate() {
        all.push(kept(&format!("event-{index}"), event));
    }
    for event in &all {
        owner.keep(event).await;
    }
    for name in ["once", "beat", "left out"] {
        owner.arm(timer(name, 10, (name != "once").then_some(1000))).await;
    }
    owner.commit().await;
    for (name, event) in [("once", Some("from once")), ("beat", Some("from beat")), ("left out", None)] {
        let event = event.map(|id| kept(id, Event::Action(name.into())));
        owner.fire(name, 20, event.as_ref()).await;
        all.extend(event);
    }
    owner.set_state(IntegrationState::Paused).await;

    let store = reopen(store.clone()).await;
    let owner = Owner::new(&*store, "at-once");
    assert_eq!(owner.waiting().await, all, "events that were kept, also by fire, survive in their order");
    let timers = [timer("beat", 1010, Some(1000)), timer("left out", 1010, Some(1000))];
    assert_eq!(owner.timers().await, timers, "what fire did to timers survives");
    assert_eq!(owner.state().await, IntegrationState::Paused, "the state of an integration survives");

    owner.set_state(IntegrationState::Inactive).await;
    let store = reopen(store.clone()).await;
    let owner = Owner::new(&*store, "at-once");
    assert!(owner.timers().await.is_empty(), "timers that an integration lost when it became inactive stay lost");
    owner.keep(&kept("newest", Event::Activate)).await;
    let last = owner.waiting_ids().await.pop();
    assert_eq!(last.as_deref(), Some("newest"), "an event that is kept after the store was opened again comes last");
}

/// `finish` needs no commit, and is never there without the writes before it: the event would not come again to make them.
async fn ends_and_their_writes(open: &impl AsyncFn() -> Opened, reopen: &impl AsyncFn(Opened) -> Opened) {
    let store = open().await;
    let owner = Owner::new(&*store, "ends");
    for id in ["done", "again", "dead", "waits"] {
        owner.keep(&kept(id, Event::Activate)).await;
    }
    let again = KeptEvent { attempt: 2, reason: Some("busy".into()), ..kept("again", Event::Activate) };
    owner.finish("dead", End::Dead("never".into()), None).await;
    owner.finish("again", End::Again(Box::new(again.clone())), None).await;
    owner.begin("done", 1).await;
    owner.put("key", b"by the handler").await;
    owner.arm(timer("by the handler", 10, None)).await;
    owner.finish("done", End::Done, Some(IntegrationState::Active)).await;

    let store = reopen(store.clone()).await;
    let owner = Owner::new(&*store, "ends");
    let waiting = [again, kept("waits", Event::Activate)];
    assert_eq!(
        owner.waiting().await,
        waiting,
        "the ends of events survive, and an event that is tried again keeps its place and its state"
    );
    assert_eq!(owner.state().await, IntegrationState::Active, "the state that came with an end survives");
    assert_eq!(owner.dead_ids(None, 10).await, ["dead"], "dead letters survive");
    let value = owner.get("key").await.map(|entry| entry.value);
    assert_eq!(value, Some(b"by the handler".to_vec()), "the end of an event survives only together with what its handler wrote");
    assert_eq!(owner.timer_names().await, ["by the handler"], "the end of an event survives only together with the timers its handler set");
}

/// `commit` covers whatever any handler of the owner wrote.
async fn what_was_committed(open: &impl AsyncFn() -> Opened, reopen: &impl AsyncFn(Opened) -> Opened) {
    let store = open().await;
    let owner = Owner::new(&*store, "committed");
    owner.keep(&kept("event", Event::Activate)).await;
    owner.begin("event", 4).await;
    let overwritten = owner.put("overwritten", b"1").await;
    let deleted = owner.put("deleted", b"1").await;
    let version = owner.swap("overwritten", Some(overwritten), b"2").await.expect("the expected version");
    assert_eq!(owner.delete("deleted", deleted).await, Ok(true), "delete refused the expected version");
    let ends = StorageWrite { expires_at: Some(NOW + 50), ..write(None, b"3") };
    owner.write("ends", ends).await.expect("the key is absent");
    for name in ["set", "replaced", "cancelled"] {
        owner.arm(timer(name, 10, None)).await;
    }
    owner.arm(timer("replaced", 20, Some(2000))).await;
    assert!(owner.cancel("cancelled").await, "cancelling a timer that is set gives true");
    owner.commit().await;

    let store = reopen(store.clone()).await;
    let owner = Owner::new(&*store, "committed");
    let entry = owner.get("overwritten").await.map(|entry| (entry.value, entry.version));
    assert_eq!(entry, Some((b"2".to_vec(), version)), "committed writes survive with their versions");
    assert_eq!(owner.get("deleted").await, None, "a committed deletion survives");
    assert!(owner.get_at("ends", NOW + 49).await.is_some(), "a committed write with a time to live survives");
    assert_eq!(owner.get_at("ends", NOW + 50).await, None, "the time to live of a committed write survives");
    assert_eq!(owner.timers().await, [timer("replaced", 20, Some(2000)), timer("set", 10, None)], "committed timers survive");
    assert_eq!(owner.waiting().await.first().map(|event| event.attempt), Some(4), "the committed number of an attempt survives");
    // The keys that are there take 17 bytes, this one 11.
    let full = StorageWrite { room: 27, ..write(None, b"1234567890") };
    let refused = owner.write("k", full).await;
    assert!(refused.is_err(), "what the room is taken by survives: {refused:?}");
}

async fn versions_go_on(open: &impl AsyncFn() -> Opened, reopen: &impl AsyncFn(Opened) -> Opened) {
    let mut store = open().await;
    let mut seen: Vec<u64> = Vec::new();
    for _ in 0..3 {
        let owner = Owner::new(&*store, "versions");
        let first = owner.put("key", b"1").await;
        let second = owner.swap("key", Some(first), b"2").await.expect("the expected version");
        seen.extend([first, second]);
        assert_eq!(owner.delete("key", second).await, Ok(true), "delete refused the expected version");
        owner.commit().await;
        store = reopen(store.clone()).await;
    }
    let grows = seen.windows(2).all(|pair| pair[0] < pair[1]);
    assert!(grows, "no version of a key comes twice, also not after the store was opened again: {seen:?}");
}

/// Writes of a handler that were not committed may be gone, all of the later ones with the first that is.
async fn uncommitted_writes_are_lost_from_the_end(open: &impl AsyncFn() -> Opened, reopen: &impl AsyncFn(Opened) -> Opened) {
    let store = open().await;
    let owner = Owner::new(&*store, "uncommitted");
    owner.keep(&kept("event", Event::Activate)).await;
    let deleted = owner.put("deleted", b"").await;
    owner.arm(timer("cancelled", 10, None)).await;
    owner.commit().await;
    owner.put("first", b"").await;
    owner.arm(timer("set", 10, None)).await;
    owner.begin("event", 2).await;
    assert_eq!(owner.delete("deleted", deleted).await, Ok(true), "delete refused the expected version");
    owner.put("second", b"").await;
    assert!(owner.cancel("cancelled").await, "cancelling a timer that is set gives true");
    owner.put("third", b"").await;

    let store = reopen(store.clone()).await;
    let owner = Owner::new(&*store, "uncommitted");
    let timers = owner.timer_names().await;
    let is_set = |name: &str| timers.iter().any(|timer| timer == name);
    let survived = [
        owner.get("first").await.is_some(),
        is_set("set"),
        owner.waiting().await.first().is_some_and(|event| event.attempt == 2),
        owner.get("deleted").await.is_none(),
        owner.get("second").await.is_some(),
        !is_set("cancelled"),
        owner.get("third").await.is_some(),
    ];
    let from_the_start = survived.windows(2).all(|pair| pair[0] || !pair[1]);
    assert!(from_the_start, "a write survived although an earlier one is lost: {survived:?}");
}
