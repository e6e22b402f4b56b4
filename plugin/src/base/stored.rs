//! What the plugin keeps between events: JSON under the host's `storage`, in an envelope that says which form it has.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Error, Value};

use crate::base::json;
use crate::base::keys::{Family, Key};
use crate::base::outcome::retry;
use crate::bindings::uis::integration::storage::StorageError;
use crate::bindings::uis::integration::types::Failure;
use crate::platform::Storage;

/// How often a value that others keep changing is read again before the event is handed back for later.
const ATTEMPTS: usize = 8;

/// The form of what is written. A member that is added with a default is no new form; one that changes its meaning is.
const VERSION: u32 = 1;

/// What a value in an envelope begins with; its version and a colon follow, then JSON. No JSON begins so: values of before there were envelopes
/// are told apart by it.
const MARK: u8 = b'v';

/// Keys of one page of a listing.
const PAGE: u32 = 200;

// What is generic is kept to a line or two: the component has it once for every type.

/// Reads a value. One that cannot be read is a failure: taken for absent, it would be overwritten.
pub fn load<T: DeserializeOwned>(storage: &dyn Storage, key: Key<'_>) -> Result<Option<T>, Failure> {
    match fetch(storage, key)? {
        Some(value) => serde_json::from_value(value).map(Some).map_err(|error| unreadable(&key.to_string(), &error)),
        None => Ok(None),
    }
}

/// Whether there is a value, readable or not.
pub fn exists(storage: &dyn Storage, key: Key<'_>) -> bool {
    storage.get(&key.to_string()).is_some()
}

/// Writes a value whatever stood there; nothing is written when it already stands there.
pub fn put<T: Serialize>(storage: &dyn Storage, key: Key<'_>, value: &T, ttl_ms: Option<u64>) -> Result<(), Failure> {
    replace(storage, key, serde_json::to_value(value), ttl_ms)
}

/// Claims a key for a while: false when somebody has claimed it already.
pub fn claim(storage: &dyn Storage, key: Key<'_>, ttl_ms: u64) -> Result<bool, Failure> {
    let name = key.to_string();
    match storage.swap(&name, None, &encode(&Value::Bool(true)), Some(ttl_ms)) {
        Ok(_) => Ok(true),
        Err(StorageError::Conflict) => Ok(false),
        Err(error) => Err(retry(format!("{name} cannot be claimed: {error:?}"))),
    }
}

/// Takes a lease on a key for a while: false when somebody else holds it. Whoever holds it already keeps it.
pub fn lease(storage: &dyn Storage, key: Key<'_>, holder: &str, ttl_ms: u64) -> Result<bool, Failure> {
    let name = key.to_string();
    let value = Value::String(holder.to_owned());
    match storage.swap(&name, None, &encode(&value), Some(ttl_ms)) {
        Ok(_) => Ok(true),
        Err(StorageError::Conflict) => Ok(fetch(storage, key)?.as_ref() == Some(&value)),
        Err(error) => Err(refused(&name, error)),
    }
}

/// Changes a value (its default when absent) and gives what `change` gives. `change` may run several times, as another event may
/// write in between, so it must do nothing but change the value.
pub fn update<T, R>(storage: &dyn Storage, key: Key<'_>, ttl_ms: Option<u64>, mut change: impl FnMut(&mut T) -> R) -> Result<R, Failure>
where
    T: Serialize + DeserializeOwned + Default,
{
    let mut answer = None;
    rewrite(storage, key, ttl_ms, &mut |found| {
        let mut value: T = found.map_or_else(|| Ok(T::default()), serde_json::from_value)?;
        answer = Some(change(&mut value));
        serde_json::to_value(&value)
    })?;
    answer.ok_or_else(|| retry(format!("{key} was not changed")))
}

fn fetch(storage: &dyn Storage, key: Key<'_>) -> Result<Option<Value>, Failure> {
    let name = key.to_string();
    storage.get(&name).map(|entry| decode(&name, &entry.value)).transpose()
}

fn replace(storage: &dyn Storage, key: Key<'_>, value: Result<Value, Error>, ttl_ms: Option<u64>) -> Result<(), Failure> {
    let name = key.to_string();
    let bytes = encode(&value.map_err(|error| unreadable(&name, &error))?);
    swap(storage, &name, ttl_ms, &mut |_| Ok(bytes.clone()))
}

/// Makes a new value of the one found.
type Change<'a> = dyn FnMut(Option<Value>) -> Result<Value, Error> + 'a;

fn rewrite(storage: &dyn Storage, key: Key<'_>, ttl_ms: Option<u64>, change: &mut Change<'_>) -> Result<(), Failure> {
    let name = key.to_string();
    swap(storage, &name, ttl_ms, &mut |found| {
        let found = found.map(|found| decode(&name, found)).transpose()?;
        change(found).map(|value| encode(&value)).map_err(|error| unreadable(&name, &error))
    })
}

/// As [`Renew`], in bytes.
type ChangeBytes<'a> = dyn FnMut(Option<&[u8]>) -> Result<Vec<u8>, Failure> + 'a;

/// Puts new bytes in the place of those found, until nobody wrote in between.
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

/// Forgets a value.
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

/// Part of a listing.
pub struct Page {
    /// What follows the family's prefix in each key.
    pub names: Vec<String>,
    /// Where the next page begins; none: this is the last.
    pub next: Option<String>,
}

impl Page {
    /// The names as numbers.
    pub fn ids(&self) -> Vec<i64> {
        self.names.iter().filter_map(|name| name.parse().ok()).collect()
    }
}

/// A page of a family's keys, of at most so many.
pub fn page(storage: &dyn Storage, family: Family, cursor: Option<&str>, most: usize) -> Page {
    let found = storage.scan(family.prefix(), cursor, u32::try_from(most).unwrap_or(u32::MAX));
    let names = found.items.iter().filter_map(|item| item.key.strip_prefix(family.prefix()).map(str::to_owned)).collect();
    Page { names, next: found.next }
}

/// The names of all keys of a family.
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

/// The names of all keys of a family whose names are numbers.
pub fn ids(storage: &dyn Storage, family: Family) -> Vec<i64> {
    names(storage, family).iter().filter_map(|name| name.parse().ok()).collect()
}

/// The value in an envelope.
fn decode(key: &str, bytes: &[u8]) -> Result<Value, Failure> {
    let json = strip_envelope(bytes).map_err(|why| unreadable(key, &why))?;
    json::parse(json).map_err(|error| unreadable(key, &error))
}

/// The JSON in an envelope, or why there is none for this version.
fn strip_envelope(bytes: &[u8]) -> Result<&[u8], String> {
    let Some(rest) = bytes.strip_prefix(&[MARK]) else { return Ok(bytes) };
    let colon = rest.iter().position(|byte| *byte == b':').ok_or("its version has no end")?;
    let (version, json) = (&rest[..colon], &rest[colon + 1..]);
    let version: Option<u32> = std::str::from_utf8(version).ok().and_then(|version| version.parse().ok());
    match version {
        Some(version) if version <= VERSION => Ok(json),
        Some(version) => Err(format!("it is of form {version}, and this version of the plugin reads forms up to {VERSION}")),
        None => Err("its version is no number".to_owned()),
    }
}

/// The envelope of a value.
fn encode(value: &Value) -> Vec<u8> {
    format!("{}{VERSION}:{value}", char::from(MARK)).into_bytes()
}

fn unreadable(key: &str, why: &dyn fmt::Display) -> Failure {
    Failure::Rejected(format!("what is stored as {key} cannot be read or written, and stays as it is: {why}"))
}

fn refused(key: &str, error: StorageError) -> Failure {
    match error {
        StorageError::Conflict => retry(format!("{key} keeps changing")),
        StorageError::TooLarge(limit) => Failure::Rejected(format!("{key} cannot be remembered: {limit}")),
        StorageError::Full(limit) => retry(format!("{key} cannot be remembered: {limit}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::Fake;

    #[test]
    fn what_was_written_is_read_back_and_so_is_what_has_no_envelope() {
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
    fn what_cannot_be_read_is_a_failure_and_stays() {
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
