//! A store in memory: for replays, tests, and programs whose events need not survive a restart.

mod storage;
mod timers;

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;

use futures_util::FutureExt;
use futures_util::future::ready;

use crate::bindings::uis::integration::storage::{Entry, ItemPage, StorageError};
use crate::ports::{Answer, DeadLetter, End, IntegrationState, KeptEvent, SetTimer, StorageWrite, Store, StoreError, TimerRoom};
use crate::sync::lock;
use storage::Storage;
use timers::Timers;

/// A store in memory. Its content is lost when it is dropped.
#[derive(Debug, Default)]
pub struct MemoryStore {
    owners: Mutex<HashMap<String, Owned>>,
    drops_dead_letters: bool,
}

/// The data of one owner.
#[derive(Debug, Default)]
struct Owned {
    storage: Storage,
    timers: Timers,
    /// Unfinished events, by a number that keeps the order in which they were stored.
    kept: BTreeMap<u64, KeptEvent>,
    /// The number of each event, by its id.
    places: HashMap<String, u64>,
    /// Dead letters, each with the reason.
    dead: Vec<DeadLetter>,
    last: u64,
    state: IntegrationState,
}

impl Owned {
    fn keep(&mut self, event: &KeptEvent) {
        self.last += 1;
        self.places.insert(event.id.clone(), self.last);
        self.kept.insert(self.last, event.clone());
    }

    fn set_state(&mut self, state: IntegrationState) {
        self.state = state;
        if state == IntegrationState::Inactive {
            self.timers.clear();
        }
    }
}

impl MemoryStore {
    /// A store that keeps no dead letters, for runs that last long and revive none.
    pub fn without_dead_letters() -> MemoryStore {
        MemoryStore { drops_dead_letters: true, ..MemoryStore::default() }
    }

    /// All keys and values of all owners, including expired ones that were not removed yet: owner, key, value.
    pub fn all_storage(&self) -> Vec<(String, String, Vec<u8>)> {
        let owners = lock(&self.owners);
        let of = |(owner, owned): (&String, &Owned)| {
            owned.storage.all().map(|(key, value)| (owner.clone(), key.to_owned(), value.to_vec())).collect::<Vec<_>>()
        };
        owners.iter().flat_map(of).collect()
    }

    fn with<'a, T: Send + 'a>(&self, owner: &str, work: impl FnOnce(&mut Owned) -> T) -> Answer<'a, T> {
        let mut owners = lock(&self.owners);
        let answer = match owners.get_mut(owner) {
            Some(owned) => work(owned),
            None => work(owners.entry(owner.to_owned()).or_default()),
        };
        ready(Ok(answer)).boxed()
    }
}

impl Store for MemoryStore {
    fn get<'a>(&'a self, owner: &'a str, key: &'a str, now: i64) -> Answer<'a, Option<Entry>> {
        self.with(owner, |owned| owned.storage.get(key, now))
    }

    fn swap<'a>(&'a self, owner: &'a str, key: &'a str, write: StorageWrite) -> Answer<'a, Result<u64, StorageError>> {
        self.with(owner, |owned| owned.storage.swap(key, write))
    }

    fn delete<'a>(&'a self, owner: &'a str, key: &'a str, expected: u64, now: i64) -> Answer<'a, Result<bool, StorageError>> {
        self.with(owner, |owned| owned.storage.delete(key, expected, now))
    }

    fn scan<'a>(&'a self, owner: &'a str, prefix: &'a str, cursor: Option<&'a str>, limit: usize, now: i64) -> Answer<'a, ItemPage> {
        self.with(owner, |owned| owned.storage.scan(prefix, cursor, limit, now))
    }

    fn set_timer<'a>(&'a self, owner: &'a str, timer: SetTimer, room: TimerRoom) -> Answer<'a, Result<(), String>> {
        self.with(owner, |owned| owned.timers.set(timer, room))
    }

    fn cancel_timer<'a>(&'a self, owner: &'a str, name: &'a str) -> Answer<'a, bool> {
        self.with(owner, |owned| owned.timers.remove(name).is_some())
    }

    fn next_timer<'a>(&'a self, owner: &'a str) -> Answer<'a, Option<SetTimer>> {
        self.with(owner, |owned| owned.timers.next().cloned())
    }

    fn timers<'a>(&'a self, owner: &'a str) -> Answer<'a, Vec<SetTimer>> {
        self.with(owner, |owned| owned.timers.all().cloned().collect())
    }

    fn fire<'a>(&'a self, owner: &'a str, name: &'a str, now: i64, event: Option<&'a KeptEvent>) -> Answer<'a, bool> {
        self.with(owner, |owned| {
            let fired = owned.timers.take(name, now).is_some();
            if let Some(event) = event.filter(|_| fired) {
                owned.keep(event);
            }
            fired
        })
    }

    fn keep<'a>(&'a self, owner: &'a str, event: &'a KeptEvent) -> Answer<'a, ()> {
        self.with(owner, |owned| owned.keep(event))
    }

    fn begin<'a>(&'a self, owner: &'a str, id: &'a str, attempt: u32) -> Answer<'a, ()> {
        self.with(owner, |owned| {
            if let Some(event) = owned.places.get(id).and_then(|place| owned.kept.get_mut(place)) {
                event.attempt = attempt;
            }
        })
    }

    fn finish<'a>(&'a self, owner: &'a str, id: &'a str, end: End, state: Option<IntegrationState>) -> Answer<'a, ()> {
        self.with(owner, |owned| {
            if let Some(state) = state {
                owned.set_state(state);
            }
            let Some(place) = owned.places.get(id).copied() else { return };
            if let End::Again(event) = end {
                owned.kept.insert(place, *event);
                return;
            }
            owned.places.remove(id);
            if let (Some(event), End::Dead(why), false) = (owned.kept.remove(&place), end, self.drops_dead_letters) {
                owned.dead.push(DeadLetter { event, why });
            }
        })
    }

    fn waiting<'a>(&'a self, owner: &'a str) -> Answer<'a, Vec<KeptEvent>> {
        self.with(owner, |owned| owned.kept.values().cloned().collect())
    }

    fn dead_letters<'a>(&'a self, owner: &'a str, after: Option<&'a str>, limit: usize) -> Answer<'a, Vec<DeadLetter>> {
        self.with(owner, |owned| {
            let from = after.and_then(|after| owned.dead.iter().position(|dead| dead.event.id == after)).map_or(0, |at| at + 1);
            owned.dead.iter().skip(from).take(limit).cloned().collect()
        })
    }

    fn revive<'a>(&'a self, owner: &'a str, id: &'a str) -> Answer<'a, Option<KeptEvent>> {
        self.with(owner, |owned| {
            let at = owned.dead.iter().position(|dead| dead.event.id == id)?;
            let event = KeptEvent { not_before: 0, reason: None, reported: false, ..owned.dead.remove(at).event };
            owned.keep(&event);
            Some(event)
        })
    }

    fn state<'a>(&'a self, owner: &'a str) -> Answer<'a, IntegrationState> {
        self.with(owner, |owned| owned.state)
    }

    fn set_state<'a>(&'a self, owner: &'a str, state: IntegrationState) -> Answer<'a, ()> {
        self.with(owner, |owned| owned.set_state(state))
    }

    fn commit<'a>(&'a self, _: &'a str) -> Answer<'a, ()> {
        // Nothing here survives a restart, so there is nothing to wait for.
        ready(Ok::<(), StoreError>(())).boxed()
    }
}
