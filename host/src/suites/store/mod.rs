//! What every [`Store`] does.
//!
//! | file | what |
//! |---|---|
//! | `storage` | plugins' storage: versions, time to live, room, pages |
//! | `timers` | timers: order, room, repeats |
//! | `inbox` | events that wait, attempts, ends, the state |
//! | `durable` | what a store opened again still has |

mod durable;
mod inbox;
mod storage;
mod timers;
#[cfg(test)]
mod wrong;

pub use durable::survives;
pub use storage::{COUNTED_KEY, increments};

use crate::bindings::uis::integration::storage::{Entry, ItemPage, StorageError};
use crate::ports::{Answer, DeadLetter, End, IntegrationState, KeptEvent, SetTimer, StorageWrite, Store, TimerRoom};
use crate::suites::samples::NOW;

/// Room that no check fills.
const ROOM: usize = 64 << 20;
/// Room for timers that no check fills.
const TIMER_ROOM: TimerRoom = TimerRoom { timers: 10_000, bytes: ROOM };

/// Checks every promise of [`Store`] that holds as long as the store is open. The store may be shared with others: the suite uses owners
/// whose names begin with `suite:`, and none of them may have anything in it yet.
pub async fn conforms(store: &dyn Store) {
    storage::check(store).await;
    timers::check(store).await;
    inbox::check(store).await;
    owners_never_meet(store).await;
}

/// One owner of a store. Answers are unwrapped: a store under this suite does not fail.
struct Owner<'a> {
    store: &'a dyn Store,
    name: String,
}

async fn answered<T>(what: &str, answer: Answer<'_, T>) -> T {
    answer.await.unwrap_or_else(|error| panic!("{what}: {error}"))
}

impl<'a> Owner<'a> {
    fn new(store: &'a dyn Store, name: &str) -> Self {
        Owner { store, name: format!("suite:{name}") }
    }

    async fn get_at(&self, key: &str, now: i64) -> Option<Entry> {
        answered("get", self.store.get(&self.name, key, now)).await
    }

    async fn get(&self, key: &str) -> Option<Entry> {
        self.get_at(key, NOW).await
    }

    async fn write(&self, key: &str, write: StorageWrite) -> Result<u64, StorageError> {
        answered("swap", self.store.swap(&self.name, key, write)).await
    }

    /// Writes a value that never runs out, with room for everything.
    async fn swap(&self, key: &str, expected: Option<u64>, value: &[u8]) -> Result<u64, StorageError> {
        self.write(key, write(expected, value)).await
    }

    /// Writes a key that is absent.
    async fn put(&self, key: &str, value: &[u8]) -> u64 {
        match self.swap(key, None, value).await {
            Ok(version) => version,
            Err(error) => panic!("swap refused an absent key {key:?} that was expected to be absent: {error:?}"),
        }
    }

    async fn delete(&self, key: &str, expected: u64) -> Result<bool, StorageError> {
        answered("delete", self.store.delete(&self.name, key, expected, NOW)).await
    }

    async fn scan(&self, prefix: &str, cursor: Option<&str>, limit: usize) -> ItemPage {
        answered("scan", self.store.scan(&self.name, prefix, cursor, limit, NOW)).await
    }

    /// All keys with a prefix, by pages of `limit`.
    async fn keys(&self, prefix: &str, limit: usize) -> Vec<String> {
        let (mut keys, mut cursor) = (Vec::new(), None);
        loop {
            let page = self.scan(prefix, cursor.as_deref(), limit).await;
            assert!(page.items.len() <= limit, "scan gave {} items where at most {limit} were asked for", page.items.len());
            assert!(page.next.is_none() || !page.items.is_empty(), "scan gave an empty page that is not the last");
            keys.extend(page.items.into_iter().map(|item| item.key));
            assert!(keys.len() <= 1000, "the pages of scan come to an end: each begins behind the last key of the page before");
            match page.next {
                Some(next) => cursor = Some(next),
                None => return keys,
            }
        }
    }

    async fn set_timer(&self, timer: SetTimer, room: TimerRoom) -> Result<(), String> {
        answered("set_timer", self.store.set_timer(&self.name, timer, room)).await
    }

    /// Sets a timer, with room for everything.
    async fn arm(&self, timer: SetTimer) {
        let name = timer.timer.name.clone();
        let set = self.set_timer(timer, TIMER_ROOM).await;
        assert_eq!(set, Ok(()), "the timer {name:?} was refused although there is room");
    }

    async fn cancel(&self, name: &str) -> bool {
        answered("cancel_timer", self.store.cancel_timer(&self.name, name)).await
    }

    async fn next_timer(&self) -> Option<SetTimer> {
        answered("next_timer", self.store.next_timer(&self.name)).await
    }

    async fn timers(&self) -> Vec<SetTimer> {
        answered("timers", self.store.timers(&self.name)).await
    }

    async fn timer_names(&self) -> Vec<String> {
        self.timers().await.into_iter().map(|set| set.timer.name).collect()
    }

    async fn fire(&self, name: &str, now: i64, event: Option<&KeptEvent>) -> bool {
        answered("fire", self.store.fire(&self.name, name, now, event)).await
    }

    async fn keep(&self, event: &KeptEvent) {
        answered("keep", self.store.keep(&self.name, event)).await;
    }

    async fn begin(&self, id: &str, attempt: u32) {
        answered("begin", self.store.begin(&self.name, id, attempt)).await;
    }

    async fn finish(&self, id: &str, end: End, state: Option<IntegrationState>) {
        answered("finish", self.store.finish(&self.name, id, end, state)).await;
    }

    async fn waiting(&self) -> Vec<KeptEvent> {
        answered("waiting", self.store.waiting(&self.name)).await
    }

    async fn waiting_ids(&self) -> Vec<String> {
        self.waiting().await.into_iter().map(|event| event.id).collect()
    }

    async fn dead_letters(&self, after: Option<&str>, limit: usize) -> Vec<DeadLetter> {
        answered("dead_letters", self.store.dead_letters(&self.name, after, limit)).await
    }

    async fn dead_ids(&self, after: Option<&str>, limit: usize) -> Vec<String> {
        self.dead_letters(after, limit).await.into_iter().map(|dead| dead.event.id).collect()
    }

    async fn revive(&self, id: &str) -> Option<KeptEvent> {
        answered("revive", self.store.revive(&self.name, id)).await
    }

    async fn state(&self) -> IntegrationState {
        answered("state", self.store.state(&self.name)).await
    }

    async fn set_state(&self, state: IntegrationState) {
        answered("set_state", self.store.set_state(&self.name, state)).await;
    }

    async fn commit(&self) {
        answered("commit", self.store.commit(&self.name)).await;
    }
}

/// A write that never runs out, with room for everything.
fn write(expected: Option<u64>, value: &[u8]) -> StorageWrite {
    StorageWrite { expected, value: value.to_vec(), expires_at: None, now: NOW, room: ROOM }
}

/// Owners whose names differ little share nothing.
async fn owners_never_meet(store: &dyn Store) {
    use crate::event::Event;
    use crate::suites::samples::{kept, timer};

    let names = ["owner", "owner2", "Owner", "owner:key", "owner%", "own_r", "owner\0", "владелец", ""];
    for (index, name) in names.iter().enumerate() {
        let owner = Owner::new(store, &format!("meet:{name}"));
        assert_eq!(owner.get("key").await, None, "owners never meet: {name:?} sees a key of another owner");
        assert!(owner.keys("", 10).await.is_empty(), "owners never meet: {name:?} lists keys of another owner");
        assert!(owner.timers().await.is_empty(), "owners never meet: {name:?} sees a timer of another owner");
        assert!(owner.waiting().await.is_empty(), "owners never meet: {name:?} sees an event of another owner");
        assert_eq!(owner.state().await, IntegrationState::Inactive, "owners never meet: {name:?} has the state of another owner");
        // Two keys in the room of one: the room is the owner's own.
        let room = "key".len() + 1;
        let own = owner.write("key", StorageWrite { room, ..write(None, &[index as u8]) }).await;
        assert!(own.is_ok(), "owners never meet: what others have stored takes room of {name:?}: {own:?}");
        owner.arm(timer("timer", index as i64, None)).await;
        owner.keep(&kept("1", Event::Action((*name).into()))).await;
        owner.set_state(IntegrationState::Active).await;
    }
    for (index, name) in names.iter().enumerate() {
        let owner = Owner::new(store, &format!("meet:{name}"));
        let value = owner.get("key").await.map(|entry| entry.value);
        assert_eq!(value, Some(vec![index as u8]), "owners never meet: the key of {name:?} was overwritten");
        let at = owner.next_timer().await.map(|set| set.timer.at);
        assert_eq!(at, Some(index as i64), "owners never meet: the timer of {name:?} was replaced");
        assert_eq!(owner.waiting().await, [kept("1", Event::Action((*name).into()))], "owners never meet: the event of {name:?} changed");
    }
    let first = Owner::new(store, "meet:owner");
    first.finish("1", End::Done, Some(IntegrationState::Inactive)).await;
    let second = Owner::new(store, "meet:owner2");
    let left = (second.waiting().await.len(), second.timers().await.len(), second.state().await);
    assert_eq!(left, (1, 1, IntegrationState::Active), "owners never meet: the end of one owner's event changed another owner");
}
