//! What the plugin remembers between events: JSON values under the host's `storage`.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::base::json;
use crate::base::outcome::retry;
use crate::bindings::uis::integration::log::Level;
use crate::bindings::uis::integration::storage::StorageError;
use crate::bindings::uis::integration::types::Failure;
use crate::platform::Platform;

/// How often a value that others keep changing is read again before the event is handed back for later.
const ATTEMPTS: usize = 8;

/// Reads a value. One that cannot be read (written by a newer version, say) counts as absent and is logged.
pub fn load<T: DeserializeOwned>(platform: &dyn Platform, key: &str) -> Option<T> {
    platform.get(key).and_then(|entry| read(platform, key, &entry.value))
}

/// Writes a value whatever stood there; nothing is written when it already stands there.
pub fn put<T: Serialize>(platform: &dyn Platform, key: &str, value: &T, ttl_ms: Option<u64>) -> Result<(), Failure> {
    let bytes = bytes(key, value)?;
    rewrite(platform, key, ttl_ms, &mut |_| Ok(bytes.clone()))
}

/// Claims a key for a while: false when somebody has claimed it already.
pub fn claim(platform: &dyn Platform, key: &str, ttl_ms: u64) -> Result<bool, Failure> {
    match platform.swap(key, None, b"true", Some(ttl_ms)) {
        Ok(_) => Ok(true),
        Err(StorageError::Conflict) => Ok(false),
        Err(error) => Err(retry(format!("{key} cannot be claimed: {error:?}"))),
    }
}

/// Changes a value (its default when absent) and gives what `change` gives. `change` may run several times, as another event may
/// write in between, so it must do nothing but change the value.
pub fn update<T, R>(platform: &dyn Platform, key: &str, ttl_ms: Option<u64>, mut change: impl FnMut(&mut T) -> R) -> Result<R, Failure>
where
    T: Serialize + DeserializeOwned + Default,
{
    let mut answer = None;
    rewrite(platform, key, ttl_ms, &mut |found| {
        let mut value: T = found.and_then(|found| read(platform, key, found)).unwrap_or_default();
        answer = Some(change(&mut value));
        bytes(key, &value)
    })?;
    answer.ok_or_else(|| retry(format!("{key} was not changed")))
}

/// Makes new bytes of those found.
type Renew<'a> = dyn FnMut(Option<&[u8]>) -> Result<Vec<u8>, Failure> + 'a;

/// Puts new bytes in the place of those found, until nobody wrote in between. Not generic, so that the component has it once.
fn rewrite(platform: &dyn Platform, key: &str, ttl_ms: Option<u64>, renew: &mut Renew<'_>) -> Result<(), Failure> {
    for _ in 0..ATTEMPTS {
        let found = platform.get(key);
        let bytes = renew(found.as_ref().map(|entry| entry.value.as_slice()))?;
        if found.as_ref().is_some_and(|entry| entry.value == bytes) {
            return Ok(());
        }
        match platform.swap(key, found.map(|entry| entry.version), &bytes, ttl_ms) {
            Ok(_) => return Ok(()),
            Err(StorageError::Conflict) => {}
            Err(error) => return Err(refused(key, error)),
        }
    }
    Err(retry(format!("{key} keeps changing")))
}

/// Forgets a value.
pub fn forget(platform: &dyn Platform, key: &str) -> Result<(), Failure> {
    for _ in 0..ATTEMPTS {
        let Some(found) = platform.get(key) else { return Ok(()) };
        match platform.delete(key, found.version) {
            Ok(()) => return Ok(()),
            Err(StorageError::Conflict) => {}
            Err(error) => return Err(refused(key, error)),
        }
    }
    Err(retry(format!("{key} keeps changing")))
}

/// The names after `prefix` of all keys that begin with it.
pub fn names(platform: &dyn Platform, prefix: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let page = platform.scan(prefix, cursor.as_deref(), 200);
        names.extend(page.items.into_iter().filter_map(|item| item.key.strip_prefix(prefix).map(str::to_owned)));
        match page.next {
            Some(next) => cursor = Some(next),
            None => return names,
        }
    }
}

fn read<T: DeserializeOwned>(platform: &dyn Platform, key: &str, bytes: &[u8]) -> Option<T> {
    match json::read(bytes) {
        Ok(value) => Some(value),
        Err(error) => {
            platform.log(
                Level::Error,
                "a remembered value cannot be read and counts as absent",
                &[("key", key), ("error", &error.to_string())],
            );
            None
        }
    }
}

fn bytes<T: Serialize>(key: &str, value: &T) -> Result<Vec<u8>, Failure> {
    json::write(value).map_err(|error| Failure::Rejected(format!("{key} cannot be remembered: {error}")))
}

fn refused(key: &str, error: StorageError) -> Failure {
    match error {
        StorageError::Conflict => retry(format!("{key} keeps changing")),
        StorageError::TooLarge(limit) => Failure::Rejected(format!("{key} cannot be remembered: {limit}")),
        StorageError::Full(limit) => retry(format!("{key} cannot be remembered: {limit}")),
    }
}
