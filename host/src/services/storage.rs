//! The contract's import `storage`: keys and values of the integration, in the host's store.

use super::EventScope;
use crate::bindings::uis::integration::storage::{Entry, Host, ItemPage, StorageError};
use crate::limits::{SCAN_ITEMS, STORAGE_KEY_BYTES, STORAGE_VALUE_BYTES};
use crate::ports::StorageWrite;
use crate::trace::Step;

impl Host for EventScope {
    async fn get(&mut self, key: String) -> wasmtime::Result<Option<Entry>> {
        self.turn().await;
        Ok(self.integration.store.get(&self.integration.name, &key, self.now()).await?)
    }

    async fn swap(
        &mut self,
        key: String,
        expected: Option<u64>,
        value: Vec<u8>,
        ttl_ms: Option<u64>,
    ) -> wasmtime::Result<Result<u64, StorageError>> {
        self.turn_to_write().await?;
        let limits = &self.integration.limits;
        let written = self.storage_written + key.len() + value.len();
        if written > limits.storage_written_bytes {
            return Ok(Err(StorageError::Full(format!("limit storage-written-bytes = {} per event", limits.storage_written_bytes))));
        }
        if let Some(too_large) = too_large(&key, &value) {
            return Ok(Err(StorageError::TooLarge(too_large)));
        }
        let text = String::from_utf8_lossy(&value).into_owned();
        let now = self.now();
        let expires_at = ttl_ms.map(|ttl| now.saturating_add(i64::try_from(ttl).unwrap_or(i64::MAX)));
        let write = StorageWrite { expected, value, expires_at, now, room: limits.storage_bytes };
        let result = self.integration.store.swap(&self.integration.name, &key, write).await?;
        if result.is_ok() {
            self.storage_written = written;
            self.trace.push(Step::Stored { key, value: Some(text) });
        }
        Ok(result)
    }

    async fn delete(&mut self, key: String, expected: u64) -> wasmtime::Result<Result<(), StorageError>> {
        self.turn_to_write().await?;
        let result = self.integration.store.delete(&self.integration.name, &key, expected, self.now()).await?;
        if result == Ok(true) {
            self.trace.push(Step::Stored { key, value: None });
        }
        Ok(result.map(|_| ()))
    }

    async fn scan(&mut self, prefix: String, cursor: Option<String>, limit: u32) -> wasmtime::Result<ItemPage> {
        self.turn().await;
        let limit = limit.clamp(1, SCAN_ITEMS) as usize;
        Ok(self.integration.store.scan(&self.integration.name, &prefix, cursor.as_deref(), limit, self.now()).await?)
    }
}

/// Why a key or a value is too large; none when both fit.
fn too_large(key: &str, value: &[u8]) -> Option<String> {
    if key.len() > STORAGE_KEY_BYTES {
        return Some(format!("a key has at most {STORAGE_KEY_BYTES} bytes, not {}", key.len()));
    }
    (value.len() > STORAGE_VALUE_BYTES).then(|| format!("a value has at most {STORAGE_VALUE_BYTES} bytes, not {}", value.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_values_have_limits() {
        assert!(too_large(&"k".repeat(STORAGE_KEY_BYTES + 1), b"").is_some());
        assert!(too_large("k", &vec![0; STORAGE_VALUE_BYTES + 1]).is_some());
        assert_eq!(too_large(&"k".repeat(STORAGE_KEY_BYTES), &vec![0; STORAGE_VALUE_BYTES]), None);
    }
}
