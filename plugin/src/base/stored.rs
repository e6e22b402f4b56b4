//! Values that are stored between events: JSON in the host's `storage`, in an envelope that contains the format version.

use std::fmt;
use std::io;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Error, Value};

use crate::base::json;
use crate::base::keys::{Family, Key};
use crate::base::outcome::retry;
use crate::bindings::uis::integration::storage::StorageError;
use crate::bindings::uis::integration::types::Failure;
use crate::platform::Storage;

/// How often a write is attempted while other events keep changing the value; after that the event is retried later.
const ATTEMPTS: usize = 8;

/// The format version that is written. A new member with a default does not need a new version; a member that changes its meaning does.
const VERSION: u32 = 1;

/// The first byte of an envelope. The version, a colon and JSON follow. JSON never starts with this byte, so values written before there
/// were envelopes are recognised.
const MARK: u8 = b'v';

/// The usual length of a stored value, in bytes: room for it is made at once.
const USUAL: usize = 1024;

/// Keys per page of a listing.
const PAGE: u32 = 200;

// Generic functions are only a line or two long, because the component contains a copy of them for every type.

/// Reads a value. A value that cannot be read is a failure: if it counted as absent, it would be overwritten.
pub fn load<T: DeserializeOwned>(storage: &dyn Storage, key: Key<'_>) -> Result<Option<T>, Failure> {
    let name = key.to_string();
    let Some(entry) = storage.get(&name) else { return Ok(None) };
    serde_json::from_str(json_of(&name, &entry.value)?).map(Some).map_err(|error| unreadable(&name, &error))
}

/// Whether the key has a value, readable or not.
pub fn exists(storage: &dyn Storage, key: Key<'_>) -> bool {
    storage.get(&key.to_string()).is_some()
}

/// Writes a value over any other; does nothing if the same value is already stored.
pub fn put<T: Serialize>(storage: &dyn Storage, key: Key<'_>, value: &T, ttl_ms: Option<u64>) -> Result<(), Failure> {
    replace(storage, key, &mut |bytes| serde_json::to_writer(bytes, value), ttl_ms)
}

/// Claims a key for a while. Returns false if it is already claimed.
pub fn claim(storage: &dyn Storage, key: Key<'_>, ttl_ms: u64) -> Result<bool, Failure> {
    let name = key.to_string();
    match storage.swap(&name, None, &encode(&name, &mut |bytes| serde_json::to_writer(bytes, &true))?, Some(ttl_ms)) {
        Ok(_) => Ok(true),
        Err(StorageError::Conflict) => Ok(false),
        Err(error) => Err(retry(format!("{name} cannot be claimed: {error:?}"))),
    }
}

/// Takes a lease on a key for a while. Returns false if another holder has it; a holder that already has it keeps it.
pub fn lease(storage: &dyn Storage, key: Key<'_>, holder: &str, ttl_ms: u64) -> Result<bool, Failure> {
    let name = key.to_string();
    match storage.swap(&name, None, &encode(&name, &mut |bytes| serde_json::to_writer(bytes, holder))?, Some(ttl_ms)) {
        Ok(_) => Ok(true),
        Err(StorageError::Conflict) => Ok(load::<String>(storage, key)?.as_deref() == Some(holder)),
        Err(error) => Err(refused(&name, error)),
    }
}

/// Changes a value (the default if absent) and returns what `change` returns. `change` may run several times, because another event may
/// write in between, so it must have no other side effect.
pub fn update<T, R>(storage: &dyn Storage, key: Key<'_>, ttl_ms: Option<u64>, mut change: impl FnMut(&mut T) -> R) -> Result<R, Failure>
where
    T: Serialize + DeserializeOwned + Default,
{
    let mut answer = None;
    rewrite(storage, key, ttl_ms, &mut |found, bytes| {
        let mut value: T = found.map_or_else(|| Ok(T::default()), serde_json::from_str)?;
        answer = Some(change(&mut value));
        serde_json::to_writer(bytes, &value)
    })?;
    answer.ok_or_else(|| retry(format!("{key} was not changed")))
}

/// Whether a member has the value that it has when it is left out, so that it need not be stored. Most members of a call are; without
/// them, reading and writing a call's story takes a third less.
pub fn unset<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Bytes that are written in small pieces: serde_json writes each comma and quote by itself, and in a component a copy of memory is a call of
/// the host.
struct Bytes(Vec<u8>);

/// Pieces up to this length, in bytes, are copied byte by byte.
const SMALL: usize = 4;

impl io::Write for Bytes {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.write_all(piece).map(|()| piece.len())
    }

    fn write_all(&mut self, piece: &[u8]) -> io::Result<()> {
        if piece.len() <= SMALL {
            self.0.reserve(piece.len());
            piece.iter().for_each(|byte| self.0.push(*byte));
        } else {
            self.0.extend_from_slice(piece);
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes JSON.
type Writing<'a> = dyn FnMut(&mut Bytes) -> Result<(), Error> + 'a;

fn replace(storage: &dyn Storage, key: Key<'_>, writing: &mut Writing<'_>, ttl_ms: Option<u64>) -> Result<(), Failure> {
    let name = key.to_string();
    let bytes = encode(&name, writing)?;
    swap(storage, &name, ttl_ms, &mut |_| Ok(bytes.clone()))
}

/// Writes the new value's JSON, computed from the stored value's.
type Change<'a> = dyn FnMut(Option<&str>, &mut Bytes) -> Result<(), Error> + 'a;

fn rewrite(storage: &dyn Storage, key: Key<'_>, ttl_ms: Option<u64>, change: &mut Change<'_>) -> Result<(), Failure> {
    let name = key.to_string();
    swap(storage, &name, ttl_ms, &mut |found| {
        let found = found.map(|found| json_of(&name, found)).transpose()?;
        encode(&name, &mut |bytes| change(found, bytes))
    })
}

/// As [`Change`], in bytes.
type ChangeBytes<'a> = dyn FnMut(Option<&[u8]>) -> Result<Vec<u8>, Failure> + 'a;

/// Replaces the stored bytes; repeats if another event wrote in between.
fn swap(storage: &dyn Storage, key: &str, ttl_ms: Option<u64>, change: &mut ChangeBytes<'_>) -> Result<(), Failure> {
    for _ in 0..ATTEMPTS {
        let found = storage.get(key);
        let bytes = change(found.as_ref().map(|entry| entry.value.as_slice()))?;
        if found.as_ref().is_some_and(|entry| entry.value == bytes) {
            return Ok(());
        }
        match storage.swap(key, found.map(|entry| entry.version), &bytes, ttl_ms) {
            Ok(_) => return Ok(()),
            Err(StorageError::Conflict) => {}
            Err(error) => return Err(refused(key, error)),
        }
    }
    Err(retry(format!("{key} keeps changing")))
}

/// Deletes a value.
pub fn forget(storage: &dyn Storage, key: Key<'_>) -> Result<(), Failure> {
    let key = &key.to_string();
    for _ in 0..ATTEMPTS {
        let Some(found) = storage.get(key) else { return Ok(()) };
        match storage.delete(key, found.version) {
            Ok(()) => return Ok(()),
            Err(StorageError::Conflict) => {}
            Err(error) => return Err(refused(key, error)),
        }
    }
    Err(retry(format!("{key} keeps changing")))
}

/// One page of a listing.
pub struct Page {
    /// The names: each key without the family's prefix.
    pub names: Vec<String>,
    /// The cursor of the next page; none: this is the last page.
    pub next: Option<String>,
}

impl Page {
    /// The names as numbers.
    pub fn ids(&self) -> Vec<i64> {
        self.names.iter().filter_map(|name| name.parse().ok()).collect()
    }
}

/// A page of a family's keys, with at most `most` of them.
pub fn page(storage: &dyn Storage, family: Family, cursor: Option<&str>, most: usize) -> Page {
    let found = storage.scan(family.prefix(), cursor, u32::try_from(most).unwrap_or(u32::MAX));
    let names = found.items.iter().filter_map(|item| item.key.strip_prefix(family.prefix()).map(str::to_owned)).collect();
    Page { names, next: found.next }
}

/// The names of all keys in a family.
pub fn names(storage: &dyn Storage, family: Family) -> Vec<String> {
    let mut names = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let found = page(storage, family, cursor.as_deref(), PAGE as usize);
        names.extend(found.names);
        match found.next {
            Some(next) => cursor = Some(next),
            None => return names,
        }
    }
}

/// The names of all keys in a family whose names are numbers.
pub fn ids(storage: &dyn Storage, family: Family) -> Vec<i64> {
    names(storage, family).iter().filter_map(|name| name.parse().ok()).collect()
}

/// A stored value of any type; none if it cannot be read.
pub fn parse(bytes: &[u8]) -> Option<Value> {
    json::parse(strip_envelope(bytes).ok()?).ok()
}

/// The JSON in a value's envelope.
fn json_of<'a>(key: &str, bytes: &'a [u8]) -> Result<&'a str, Failure> {
    let json = strip_envelope(bytes).map_err(|why| unreadable(key, &why))?;
    json::text(json).map_err(|error| unreadable(key, &error))
}

/// The JSON in an envelope, or why this version cannot read it.
fn strip_envelope(bytes: &[u8]) -> Result<&[u8], String> {
    let Some(rest) = bytes.strip_prefix(&[MARK]) else { return Ok(bytes) };
    let colon = rest.iter().position(|byte| *byte == b':').ok_or("its version is not terminated")?;
    let (version, json) = (&rest[..colon], &rest[colon + 1..]);
    let version: Option<u32> = std::str::from_utf8(version).ok().and_then(|version| version.parse().ok());
    match version {
        Some(version) if version <= VERSION => Ok(json),
        Some(version) => Err(format!("its format version is {version}, and this version of the plugin reads up to {VERSION}")),
        None => Err("its version is not a number".to_owned()),
    }
}

/// Puts a value into an envelope.
fn encode(key: &str, writing: &mut Writing<'_>) -> Result<Vec<u8>, Failure> {
    let mut bytes = Bytes(format!("{}{VERSION}:", char::from(MARK)).into_bytes());
    bytes.0.reserve(USUAL);
    writing(&mut bytes).map_err(|error| unreadable(key, &error))?;
    Ok(bytes.0)
}

fn unreadable(key: &str, why: &dyn fmt::Display) -> Failure {
    Failure::Rejected(format!("the value stored as {key} cannot be read or written and is left unchanged: {why}"))
}

fn refused(key: &str, error: StorageError) -> Failure {
    match error {
        StorageError::Conflict => retry(format!("{key} keeps changing")),
        StorageError::TooLarge(limit) => Failure::Rejected(format!("{key} cannot be stored: {limit}")),
        StorageError::Full(limit) => retry(format!("{key} cannot be stored: {limit}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::Fake;

    #[test]
    fn values_are_read_back_with_or_without_an_envelope() {
        let fake = Fake::default();
        put(&fake, Key::Visitor(1), &7_i64, None).expect("written");
        assert_eq!(fake.value("visitor/1").as_deref(), Some("v1:7"));
        fake.set("visitor/2", "7");
        for visitor in [1, 2] {
            assert_eq!(load::<i64>(&fake, Key::Visitor(visitor)), Ok(Some(7)));
        }
        assert_eq!(load::<i64>(&fake, Key::Visitor(3)), Ok(None));
        assert_eq!(update(&fake, Key::Visitor(2), None, |value: &mut i64| std::mem::replace(value, 8)), Ok(7));
        assert_eq!(fake.value("visitor/2").as_deref(), Some("v1:8"));
    }

    #[test]
    fn an_unreadable_value_is_a_failure_and_is_left_unchanged() {
        for unreadable in ["v2:7", "v:7", "v1", "v1:{", "\"text\"", ""] {
            let fake = Fake::default();
            fake.set("visitor/1", unreadable);
            let read = load::<i64>(&fake, Key::Visitor(1));
            let changed = update(&fake, Key::Visitor(1), None, |value: &mut i64| *value = 1).map(|()| None::<i64>);
            for result in [read, changed] {
                assert!(matches!(&result, Err(Failure::Rejected(why)) if why.contains("visitor/1")), "{unreadable}: {result:?}");
            }
            assert_eq!(fake.value("visitor/1").as_deref(), Some(unreadable));
        }
    }

    #[test]
    fn a_key_is_claimed_once() {
        let fake = Fake::default();
        assert_eq!((claim(&fake, Key::Clicked(5, "7"), 1000), claim(&fake, Key::Clicked(5, "7"), 1000)), (Ok(true), Ok(false)));
        assert!(forget(&fake, Key::Clicked(5, "7")).is_ok());
        assert!(!exists(&fake, Key::Clicked(5, "7")));
    }
}
