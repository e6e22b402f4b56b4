//! `storage`, in memory.

use std::collections::BTreeMap;

use super::EventScope;
use crate::bindings::uis::integration::storage::{Entry, Host, Item, ItemPage, StorageError};
use crate::integration::lock;
use crate::plugin::limits::{SCAN_ITEMS, STORAGE_KEY_BYTES, STORAGE_VALUE_BYTES};
use crate::trace::Step;

/// What an integration remembers. Times to live run on the host's clock.
#[derive(Debug, Default)]
pub struct Storage {
    items: BTreeMap<String, Stored>,
    /// Grows with every write, so that no version of a key comes twice, even after it was deleted.
    last_version: u64,
    bytes: usize,
}

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
    /// All keys and values, also those that have run out and are not yet forgotten.
    pub fn all(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.items.iter().map(|(key, stored)| (key.as_str(), stored.value.as_slice()))
    }

    fn get(&self, key: &str, now: i64) -> Option<Entry> {
        self.items
            .get(key)
            .filter(|stored| stored.is_alive(now))
            .map(|stored| Entry { value: stored.value.clone(), version: stored.version })
    }

    fn swap(
        &mut self,
        key: &str,
        expected: Option<u64>,
        value: Vec<u8>,
        ttl_ms: Option<u64>,
        now: i64,
        limit: usize,
    ) -> Result<u64, StorageError> {
        if key.len() > STORAGE_KEY_BYTES {
            return Err(StorageError::TooLarge(format!("a key has at most {STORAGE_KEY_BYTES} bytes")));
        }
        if value.len() > STORAGE_VALUE_BYTES {
            return Err(StorageError::TooLarge(format!("a value has at most {STORAGE_VALUE_BYTES} bytes, not {}", value.len())));
        }
        if self.get(key, now).map(|entry| entry.version) != expected {
            return Err(StorageError::Conflict);
        }
        let freed = self.items.get(key).map_or(0, |stored| key.len() + stored.value.len());
        let bytes = self.bytes - freed + key.len() + value.len();
        if bytes > limit {
            // What has run out still counts until it is looked for; look before refusing.
            if self.sweep(now) {
                return self.swap(key, expected, value, ttl_ms, now, limit);
            }
            return Err(StorageError::Full(format!("limit storage-bytes = {limit}")));
        }
        self.bytes = bytes;
        self.last_version += 1;
        let expires_at = ttl_ms.map(|ttl| now.saturating_add(i64::try_from(ttl).unwrap_or(i64::MAX)));
        self.items.insert(key.to_owned(), Stored { value, version: self.last_version, expires_at });
        Ok(self.last_version)
    }

    fn delete(&mut self, key: &str, expected: u64, now: i64) -> Result<bool, StorageError> {
        match self.get(key, now) {
            None => Ok(false),
            Some(entry) if entry.version != expected => Err(StorageError::Conflict),
            Some(_) => {
                self.remove(key);
                Ok(true)
            }
        }
    }

    fn scan(&self, prefix: &str, cursor: Option<&str>, limit: u32, now: i64) -> ItemPage {
        let limit = limit.clamp(1, SCAN_ITEMS) as usize;
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

    /// Forgets what has run out; false when nothing had.
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

impl Host for EventScope {
    fn get(&mut self, key: String) -> wasmtime::Result<Option<Entry>> {
        Ok(lock(&self.integration.storage).get(&key, self.integration.clock.now_ms()))
    }

    fn swap(
        &mut self,
        key: String,
        expected: Option<u64>,
        value: Vec<u8>,
        ttl_ms: Option<u64>,
    ) -> wasmtime::Result<Result<u64, StorageError>> {
        let limits = &self.integration.limits;
        let written = self.storage_written + key.len() + value.len();
        if written > limits.storage_written_bytes {
            return Ok(Err(StorageError::Full(format!("limit storage-written-bytes = {} an event", limits.storage_written_bytes))));
        }
        let text = String::from_utf8_lossy(&value).into_owned();
        let now = self.integration.clock.now_ms();
        let result = lock(&self.integration.storage).swap(&key, expected, value, ttl_ms, now, limits.storage_bytes);
        if result.is_ok() {
            self.storage_written = written;
            self.trace.push(Step::Stored { key, value: Some(text) });
        }
        Ok(result)
    }

    fn delete(&mut self, key: String, expected: u64) -> wasmtime::Result<Result<(), StorageError>> {
        let result = lock(&self.integration.storage).delete(&key, expected, self.integration.clock.now_ms());
        if result == Ok(true) {
            self.trace.push(Step::Stored { key, value: None });
        }
        Ok(result.map(|_| ()))
    }

    fn scan(&mut self, prefix: String, cursor: Option<String>, limit: u32) -> wasmtime::Result<ItemPage> {
        Ok(lock(&self.integration.storage).scan(&prefix, cursor.as_deref(), limit, self.integration.clock.now_ms()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: usize = 1 << 20;

    #[test]
    fn a_swap_changes_only_what_it_expects() {
        let mut storage = Storage::default();
        let first = storage.swap("a", None, b"1".to_vec(), None, 0, ROOM).expect("absent");
        assert_eq!(storage.swap("a", None, b"2".to_vec(), None, 0, ROOM), Err(StorageError::Conflict));
        let second = storage.swap("a", Some(first), b"2".to_vec(), None, 0, ROOM).expect("as expected");
        assert_eq!(storage.delete("a", first, 0), Err(StorageError::Conflict));
        assert_eq!(storage.delete("a", second, 0), Ok(true));
        assert_eq!(storage.delete("a", second, 0), Ok(false));
        let third = storage.swap("a", None, b"3".to_vec(), None, 0, ROOM).expect("absent again");
        assert!(third > second, "no version comes twice");
        assert_eq!(storage.bytes, 2);
    }

    #[test]
    fn a_lease_runs_out() {
        let mut storage = Storage::default();
        storage.swap("lease", None, Vec::new(), Some(100), 0, ROOM).expect("free");
        assert_eq!(storage.swap("lease", None, Vec::new(), Some(100), 99, ROOM), Err(StorageError::Conflict));
        assert!(storage.swap("lease", None, Vec::new(), Some(100), 100, ROOM).is_ok());
    }

    #[test]
    fn limits_are_named_and_expired_values_make_room() {
        let mut storage = Storage::default();
        assert!(matches!(storage.swap(&"k".repeat(513), None, Vec::new(), None, 0, ROOM), Err(StorageError::TooLarge(_))));
        assert!(matches!(storage.swap("k", None, vec![0; STORAGE_VALUE_BYTES + 1], None, 0, ROOM), Err(StorageError::TooLarge(_))));
        storage.swap("old", None, vec![0; 50], Some(10), 0, 60).expect("fits");
        assert!(matches!(storage.swap("new", None, vec![0; 50], None, 5, 60), Err(StorageError::Full(_))));
        assert!(storage.swap("new", None, vec![0; 50], None, 10, 60).is_ok());
    }

    #[test]
    fn a_scan_goes_on_where_it_stopped() {
        let mut storage = Storage::default();
        for key in ["a/1", "a/2", "a/3", "b/1"] {
            storage.swap(key, None, Vec::new(), None, 0, ROOM).expect("new");
        }
        let first = storage.scan("a/", None, 2, 0);
        assert_eq!((first.items.len(), first.next.as_deref()), (2, Some("a/2")));
        let second = storage.scan("a/", first.next.as_deref(), 2, 0);
        assert_eq!((second.items[0].key.as_str(), second.items.len(), second.next), ("a/3", 1, None));
    }
}
