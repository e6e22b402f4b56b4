//! The storage of one owner in memory.

use std::collections::BTreeMap;

use crate::bindings::uis::integration::storage::{Entry, Item, ItemPage, StorageError};
use crate::ports::StorageWrite;

/// The keys and values of one owner.
#[derive(Debug, Default)]
pub(super) struct Storage {
    items: BTreeMap<String, Stored>,
    /// Increases with every write, so that a key never has the same version twice, even after it was deleted.
    last_version: u64,
    bytes: usize,
    /// Expired values are removed when there are this many.
    sweep_at: usize,
}

/// Below this number of values none are removed before their room is needed.
const SWEEP_FROM: usize = 1024;

#[derive(Debug)]
struct Stored {
    value: Vec<u8>,
    version: u64,
    expires_at: Option<i64>,
}

impl Stored {
    fn is_alive(&self, now: i64) -> bool {
        self.expires_at.is_none_or(|at| at > now)
    }
}

impl Storage {
    /// All keys and values, including expired ones that were not removed yet.
    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.items.iter().map(|(key, stored)| (key.as_str(), stored.value.as_slice()))
    }

    pub(super) fn get(&self, key: &str, now: i64) -> Option<Entry> {
        self.items
            .get(key)
            .filter(|stored| stored.is_alive(now))
            .map(|stored| Entry { value: stored.value.clone(), version: stored.version })
    }

    fn version(&self, key: &str, now: i64) -> Option<u64> {
        self.items.get(key).filter(|stored| stored.is_alive(now)).map(|stored| stored.version)
    }

    pub(super) fn swap(&mut self, key: &str, write: StorageWrite) -> Result<u64, StorageError> {
        if self.version(key, write.now) != write.expected {
            return Err(StorageError::Conflict);
        }
        let freed = self.items.get(key).map_or(0, |stored| key.len() + stored.value.len());
        let bytes = self.bytes - freed + key.len() + write.value.len();
        if bytes > write.room {
            // Expired values count until they are removed; remove them before refusing.
            if self.sweep(write.now) {
                return self.swap(key, write);
            }
            return Err(StorageError::Full(format!("limit storage-bytes = {}", write.room)));
        }
        self.bytes = bytes;
        self.last_version += 1;
        let stored = Stored { value: write.value, version: self.last_version, expires_at: write.expires_at };
        self.items.insert(key.to_owned(), stored);
        self.sweep_if_many(write.now);
        Ok(self.last_version)
    }

    pub(super) fn delete(&mut self, key: &str, expected: u64, now: i64) -> Result<bool, StorageError> {
        match self.version(key, now) {
            None => Ok(false),
            Some(version) if version != expected => Err(StorageError::Conflict),
            Some(_) => {
                self.remove(key);
                Ok(true)
            }
        }
    }

    pub(super) fn scan(&self, prefix: &str, cursor: Option<&str>, limit: usize, now: i64) -> ItemPage {
        let from = cursor.filter(|cursor| *cursor >= prefix).unwrap_or(prefix);
        let mut found = self
            .items
            .range(from.to_owned()..)
            .take_while(|(key, _)| key.starts_with(prefix))
            .filter(|(key, stored)| stored.is_alive(now) && cursor.is_none_or(|cursor| key.as_str() > cursor));
        let items: Vec<Item> = found
            .by_ref()
            .take(limit)
            .map(|(key, stored)| Item { key: key.clone(), entry: Entry { value: stored.value.clone(), version: stored.version } })
            .collect();
        let next = items.last().filter(|_| found.next().is_some()).map(|item| item.key.clone());
        ItemPage { items, next }
    }

    /// Removes expired values whenever there are a quarter more values than were left after the last time. So a program that runs for long
    /// keeps little more than what is alive, and looks at each value only a few times.
    fn sweep_if_many(&mut self, now: i64) {
        if self.items.len() >= self.sweep_at.max(SWEEP_FROM) {
            self.sweep(now);
            self.sweep_at = self.items.len() + self.items.len() / 4;
        }
    }

    /// Removes expired values. False when there were none.
    fn sweep(&mut self, now: i64) -> bool {
        let dead: Vec<String> = self.items.iter().filter(|(_, stored)| !stored.is_alive(now)).map(|(key, _)| key.clone()).collect();
        dead.iter().for_each(|key| self.remove(key));
        !dead.is_empty()
    }

    fn remove(&mut self, key: &str) {
        if let Some(stored) = self.items.remove(key) {
            self.bytes -= key.len() + stored.value.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(now: i64, expires_at: Option<i64>) -> StorageWrite {
        StorageWrite { expected: None, value: vec![0; 10], now, expires_at, room: usize::MAX }
    }

    #[test]
    fn expired_values_do_not_pile_up() {
        let mut storage = Storage::default();
        storage.swap("stays", write(0, None)).expect("written");
        for now in 0..50_000 {
            storage.swap(&format!("goes/{now}"), write(now, Some(now + 100))).expect("written");
        }
        assert!(storage.all().count() <= SWEEP_FROM, "{}", storage.all().count());
        assert!(storage.get("stays", 60_000).is_some());
        assert!(storage.get("goes/49950", 50_000).is_some() && storage.get("goes/49000", 50_000).is_none());
        assert_eq!(storage.bytes, storage.all().map(|(key, value)| key.len() + value.len()).sum::<usize>());
    }

    #[test]
    fn values_that_live_are_kept_however_many_they_are() {
        let mut storage = Storage::default();
        for number in 0..5000 {
            storage.swap(&number.to_string(), write(0, Some(1))).expect("written");
        }
        assert_eq!(storage.all().count(), 5000);
    }
}
