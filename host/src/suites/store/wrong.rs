//! Stores that break one promise each: the suite must name it. The store in memory keeps them all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;

use super::{conforms, increments, survives};
use crate::bindings::uis::integration::storage::{Entry, ItemPage, StorageError};
use crate::memory::MemoryStore;
use crate::ports::{Answer, DeadLetter, End, IntegrationState, KeptEvent, SetTimer, StorageWrite, Store, TimerRoom};
use crate::suites::{broken, step_aside};
use crate::sync::lock;

/// What is wrong with a store.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    VersionsComeTwice,
    ExpiredStay,
    NoRoomLimit,
    PrefixesIgnoreCase,
    CursorIsIncluded,
    NamesAreTrimmed,
    SwapLooksBeforeItWrites,
    BeatDrifts,
    GoneTimersKeepEvents,
    FiresInTwoSteps,
    TimerLimitHasNoName,
    EventsAgainGoToTheEnd,
    InactiveKeepTimers,
    EndsInTwoSteps,
    RevivedGoFirst,
}

/// A store in memory with a fault.
struct Wrong(MemoryStore, Fault, Mutex<HashMap<String, u64>>);

impl Wrong {
    fn new(fault: Fault) -> Self {
        Wrong(MemoryStore::default(), fault, Mutex::default())
    }

    /// Versions of a key are counted from here; a deletion begins to count anew.
    fn count_from(&self, key: &str) -> u64 {
        lock(&self.2).get(key).copied().unwrap_or(0)
    }

    fn is(&self, fault: Fault) -> bool {
        self.1 == fault
    }

    fn owner<'a>(&self, owner: &'a str) -> &'a str {
        if self.is(Fault::NamesAreTrimmed) { owner.trim_end_matches('\0') } else { owner }
    }
}

impl Store for Wrong {
    fn get<'a>(&'a self, owner: &'a str, key: &'a str, now: i64) -> Answer<'a, Option<Entry>> {
        let now = if self.is(Fault::ExpiredStay) { i64::MIN } else { now };
        let (entry, from) = (self.0.get(self.owner(owner), key, now), self.count_from(key));
        async move { Ok(entry.await?.map(|entry| Entry { version: entry.version - from, ..entry })) }.boxed()
    }
    fn swap<'a>(&'a self, owner: &'a str, key: &'a str, mut write: StorageWrite) -> Answer<'a, Result<u64, StorageError>> {
        if self.is(Fault::NoRoomLimit) {
            write.room = usize::MAX;
        }
        let (owner, now) = (self.owner(owner), write.now);
        async move {
            if self.is(Fault::SwapLooksBeforeItWrites) {
                let found = self.0.get(owner, key, now).await?.map(|entry| entry.version);
                if found != write.expected {
                    return Ok(Err(StorageError::Conflict));
                }
                step_aside().await;
                write.expected = self.0.get(owner, key, now).await?.map(|entry| entry.version);
            }
            let from = self.count_from(key);
            write.expected = write.expected.map(|expected| expected + from);
            Ok(self.0.swap(owner, key, write).await?.map(|version| version - from))
        }
        .boxed()
    }
    fn delete<'a>(&'a self, owner: &'a str, key: &'a str, expected: u64, now: i64) -> Answer<'a, Result<bool, StorageError>> {
        let expected = expected + self.count_from(key);
        let deleted = self.0.delete(self.owner(owner), key, expected, now);
        async move {
            let deleted = deleted.await?;
            if self.is(Fault::VersionsComeTwice) && deleted == Ok(true) {
                lock(&self.2).insert(key.to_owned(), expected);
            }
            Ok(deleted)
        }
        .boxed()
    }
    fn scan<'a>(&'a self, owner: &'a str, prefix: &'a str, cursor: Option<&'a str>, limit: usize, now: i64) -> Answer<'a, ItemPage> {
        let owner = self.owner(owner);
        async move {
            if self.is(Fault::PrefixesIgnoreCase) && prefix == "a" {
                let mut page = self.0.scan(owner, "", cursor, 1000, now).await?;
                page.items.retain(|item| item.key.to_lowercase().starts_with(&prefix.to_lowercase()));
                page.items.truncate(limit);
                return Ok(page);
            }
            if self.is(Fault::CursorIsIncluded)
                && let Some(cursor) = cursor
            {
                let cut = &cursor[..cursor.char_indices().last().map_or(0, |(at, _)| at)];
                return self.0.scan(owner, prefix, Some(cut), limit, now).await;
            }
            self.0.scan(owner, prefix, cursor, limit, now).await
        }
        .boxed()
    }
    fn set_timer<'a>(&'a self, owner: &'a str, timer: SetTimer, room: TimerRoom) -> Answer<'a, Result<(), String>> {
        let set = self.0.set_timer(self.owner(owner), timer, room);
        async move {
            let set = set.await?;
            Ok(if self.is(Fault::TimerLimitHasNoName) { set.map_err(|_| "no room".into()) } else { set })
        }
        .boxed()
    }
    fn cancel_timer<'a>(&'a self, owner: &'a str, name: &'a str) -> Answer<'a, bool> {
        self.0.cancel_timer(self.owner(owner), name)
    }
    fn next_timer<'a>(&'a self, owner: &'a str) -> Answer<'a, Option<SetTimer>> {
        self.0.next_timer(self.owner(owner))
    }
    fn timers<'a>(&'a self, owner: &'a str) -> Answer<'a, Vec<SetTimer>> {
        self.0.timers(self.owner(owner))
    }
    fn fire<'a>(&'a self, owner: &'a str, name: &'a str, now: i64, event: Option<&'a KeptEvent>) -> Answer<'a, bool> {
        let owner = self.owner(owner);
        async move {
            let before = self.0.timers(owner).await?.into_iter().find(|set| set.timer.name == name);
            if let (Fault::GoneTimersKeepEvents, Some(event)) = (self.1, event) {
                let fired = self.0.fire(owner, name, now, None).await?;
                self.0.keep(owner, event).await?;
                return Ok(fired);
            }
            if let (Fault::FiresInTwoSteps, Some(event), true) = (self.1, event, before.as_ref().is_some_and(|set| set.timer.at <= now)) {
                self.0.keep(owner, event).await?;
                step_aside().await;
                return self.0.fire(owner, name, now, None).await;
            }
            let fired = self.0.fire(owner, name, now, event).await?;
            if let (Fault::BeatDrifts, Some(mut set)) = (self.1, before)
                && let Some(every) = set.timer.every_ms
            {
                set.timer.at = now + every as i64;
                self.0.set_timer(owner, set, super::TIMER_ROOM).await?.expect("there is room");
            }
            Ok(fired)
        }
        .boxed()
    }
    fn keep<'a>(&'a self, owner: &'a str, event: &'a KeptEvent) -> Answer<'a, ()> {
        self.0.keep(self.owner(owner), event)
    }
    fn begin<'a>(&'a self, owner: &'a str, id: &'a str, attempt: u32) -> Answer<'a, ()> {
        self.0.begin(self.owner(owner), id, attempt)
    }
    fn finish<'a>(&'a self, owner: &'a str, id: &'a str, end: End, state: Option<IntegrationState>) -> Answer<'a, ()> {
        let owner = self.owner(owner);
        async move {
            if let (Fault::EventsAgainGoToTheEnd, End::Again(event)) = (self.1, &end)
                && self.0.waiting(owner).await?.iter().any(|event| event.id == id)
            {
                self.0.finish(owner, id, End::Done, state).await?;
                return self.0.keep(owner, event).await;
            }
            if let (Fault::EndsInTwoSteps, Some(state)) = (self.1, state) {
                self.0.set_state(owner, state).await?;
                step_aside().await;
            }
            self.0.finish(owner, id, end, state).await
        }
        .boxed()
    }
    fn waiting<'a>(&'a self, owner: &'a str) -> Answer<'a, Vec<KeptEvent>> {
        self.0.waiting(self.owner(owner))
    }
    fn dead_letters<'a>(&'a self, owner: &'a str, after: Option<&'a str>, limit: usize) -> Answer<'a, Vec<DeadLetter>> {
        self.0.dead_letters(self.owner(owner), after, limit)
    }
    fn revive<'a>(&'a self, owner: &'a str, id: &'a str) -> Answer<'a, Option<KeptEvent>> {
        let owner = self.owner(owner);
        async move {
            let before = self.0.waiting(owner).await?;
            let revived = self.0.revive(owner, id).await?;
            if self.is(Fault::RevivedGoFirst) && revived.is_some() {
                for event in before {
                    self.0.finish(owner, &event.id, End::Done, None).await?;
                    self.0.keep(owner, &event).await?;
                }
            }
            Ok(revived)
        }
        .boxed()
    }
    fn state<'a>(&'a self, owner: &'a str) -> Answer<'a, IntegrationState> {
        self.0.state(self.owner(owner))
    }
    fn set_state<'a>(&'a self, owner: &'a str, state: IntegrationState) -> Answer<'a, ()> {
        let owner = self.owner(owner);
        async move {
            let timers = self.0.timers(owner).await?;
            self.0.set_state(owner, state).await?;
            for timer in timers.into_iter().filter(|_| self.is(Fault::InactiveKeepTimers)) {
                self.0.set_timer(owner, timer, super::TIMER_ROOM).await?.expect("there is room");
            }
            Ok(())
        }
        .boxed()
    }
    fn commit<'a>(&'a self, owner: &'a str) -> Answer<'a, ()> {
        self.0.commit(self.owner(owner))
    }
}

#[tokio::test]
async fn the_store_in_memory_conforms() {
    conforms(&MemoryStore::default()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_of_several_threads_lose_nothing_in_memory() {
    let store = Arc::new(MemoryStore::default());
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { increments(&*store, "owner", 200).await })
        })
        .collect();
    for task in tasks {
        task.await.expect("no panic");
    }
    let count = store.get("owner", super::COUNTED_KEY, 0).await.expect("it answers").map(|entry| entry.value);
    assert_eq!(count, Some(b"1600".to_vec()));
}

#[test]
fn the_suite_names_the_broken_promise() {
    let promises = [
        (Fault::VersionsComeTwice, "no version of a key comes twice"),
        (Fault::ExpiredStay, "a value whose time to live is over is absent"),
        (Fault::NoRoomLimit, "keys and values count"),
        (Fault::PrefixesIgnoreCase, "exactly the keys that begin with"),
        (Fault::CursorIsIncluded, "the pages of scan come to an end"),
        (Fault::NamesAreTrimmed, "owners never meet"),
        (Fault::SwapLooksBeforeItWrites, "eight writers of one key lose nothing"),
        (Fault::BeatDrifts, "it keeps its beat"),
        (Fault::GoneTimersKeepEvents, "firing a timer that is gone keeps nothing"),
        (Fault::FiresInTwoSteps, "fire is one step"),
        (Fault::TimerLimitHasNoName, "refused by the limit's name"),
        (Fault::EventsAgainGoToTheEnd, "keeps its place in the order"),
        (Fault::RevivedGoFirst, "behind all others"),
        (Fault::InactiveKeepTimers, "becomes inactive loses its timers"),
        (Fault::EndsInTwoSteps, "finish is one step"),
    ];
    for (fault, promise) in promises {
        let found = broken(async move { conforms(&Wrong::new(fault)).await });
        assert!(found.contains(promise), "{fault:?}: {found}");
    }
}

/// As durable as a process: what is shared between two openings stands for a disk.
#[tokio::test]
async fn a_store_that_is_shared_between_openings_survives() {
    survives(async || Arc::new(MemoryStore::default()) as Arc<dyn Store>, async |store| store).await;
}

#[test]
fn a_store_that_forgets_does_not_survive() {
    let new = async || Arc::new(MemoryStore::default()) as Arc<dyn Store>;
    let found = broken(survives(new, async |_| new().await));
    assert!(found.contains("events that were kept, also by fire, survive"), "{found}");
}
