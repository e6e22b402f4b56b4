//! Stored values and timers, in memory: a restart forgets them.

use std::collections::{BTreeMap, HashMap};

use tokio::task::AbortHandle;
use uis_retailcrm::bindings::uis::integration::storage::{Entry, Item, ItemPage, StorageError, Version};

/// The most keys of a page.
const PAGE_MAX: usize = 200;

struct Stored {
    value: Vec<u8>,
    version: Version,
    /// In milliseconds since 1970.
    expires_at: Option<i64>,
}

/// Everything that is remembered between events.
#[derive(Default)]
pub struct State {
    values: BTreeMap<String, Stored>,
    last_version: Version,
    timers: HashMap<String, AbortHandle>,
}

impl State {
    /// The value of a key at this time, in milliseconds since 1970.
    pub fn get(&mut self, key: &str, now: i64) -> Option<Entry> {
        let stored = self.values.get(key)?;
        if stored.expires_at.is_some_and(|at| at <= now) {
            self.values.remove(key);
            return None;
        }
        Some(Entry { value: stored.value.clone(), version: stored.version })
    }

    /// Writes a key if it has the expected version, or is absent.
    pub fn swap(
        &mut self,
        key: &str,
        expected: Option<Version>,
        value: &[u8],
        (now, expires_at): (i64, Option<i64>),
    ) -> Result<Version, StorageError> {
        if self.version(key, now) != expected {
            return Err(StorageError::Conflict);
        }
        self.last_version += 1;
        self.values.insert(key.to_owned(), Stored { value: value.to_vec(), version: self.last_version, expires_at });
        Ok(self.last_version)
    }

    /// Deletes a key if it has the expected version; it may be absent.
    pub fn delete(&mut self, key: &str, expected: Version, now: i64) -> Result<(), StorageError> {
        if self.version(key, now).is_some_and(|version| version != expected) {
            return Err(StorageError::Conflict);
        }
        self.values.remove(key);
        Ok(())
    }

    /// The keys that begin with a prefix, after the cursor.
    pub fn scan(&self, prefix: &str, cursor: Option<&str>, limit: usize, now: i64) -> ItemPage {
        use std::ops::Bound::{Excluded, Included, Unbounded};
        let from = cursor.map_or(Included(prefix), Excluded);
        let alive = |stored: &Stored| stored.expires_at.is_none_or(|at| at > now);
        let found = self.values.range::<str, _>((from, Unbounded)).take_while(|(key, _)| key.starts_with(prefix));
        let mut found = found.filter(|(_, stored)| alive(stored));
        let item = |(key, stored): (&String, &Stored)| Item {
            key: key.clone(),
            entry: Entry { value: stored.value.clone(), version: stored.version },
        };
        let items: Vec<Item> = found.by_ref().take(limit.clamp(1, PAGE_MAX)).map(item).collect();
        let next = found.next().and(items.last()).map(|last| last.key.clone());
        ItemPage { items, next }
    }

    /// Keeps the handle of a timer that was set; the one with the same name ends.
    pub fn set_timer(&mut self, name: &str, timer: AbortHandle) {
        if let Some(before) = self.timers.insert(name.to_owned(), timer) {
            before.abort();
        }
    }

    /// Ends a timer.
    pub fn cancel_timer(&mut self, name: &str) {
        if let Some(timer) = self.timers.remove(name) {
            timer.abort();
        }
    }

    /// Forgets a timer that was due for the last time, unless another one has its name by now.
    pub fn forget_timer(&mut self, name: &str, id: tokio::task::Id) {
        if self.timers.get(name).is_some_and(|timer| timer.id() == id) {
            self.timers.remove(name);
        }
    }

    fn version(&mut self, key: &str, now: i64) -> Option<Version> {
        self.get(key, now).map(|entry| entry.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_needs_the_version_that_was_read() {
        let mut state = State::default();
        let first = state.swap("a", None, b"1", (0, None)).expect("absent");
        assert!(matches!(state.swap("a", None, b"2", (0, None)), Err(StorageError::Conflict)));
        let second = state.swap("a", Some(first), b"2", (0, Some(10))).expect("read");
        assert!(matches!(state.delete("a", first, 0), Err(StorageError::Conflict)));
        assert_eq!(state.get("a", 9).map(|entry| (entry.value, entry.version)), Some((b"2".to_vec(), second)));
        assert!(state.get("a", 10).is_none(), "it has expired");
    }

    #[test]
    fn pages_follow_each_other() {
        let mut state = State::default();
        for key in ["a/1", "a/2", "a/3", "b/1"] {
            state.swap(key, None, b"", (0, None)).expect("absent");
        }
        let keys = |page: &ItemPage| page.items.iter().map(|item| item.key.clone()).collect::<Vec<_>>();
        let first = state.scan("a/", None, 2, 0);
        assert_eq!((keys(&first), first.next.as_deref()), (vec!["a/1".to_owned(), "a/2".to_owned()], Some("a/2")));
        let second = state.scan("a/", first.next.as_deref(), 2, 0);
        assert_eq!((keys(&second), second.next), (vec!["a/3".to_owned()], None));
    }
}
