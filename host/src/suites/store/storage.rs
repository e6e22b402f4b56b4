//! Plugins' storage.

use futures_util::future::join_all;

use super::{Owner, ROOM, write};
use crate::bindings::uis::integration::storage::StorageError;
use crate::limits::{STORAGE_KEY_BYTES, STORAGE_VALUE_BYTES};
use crate::ports::{StorageWrite, Store};
use crate::suites::samples::NOW;
use crate::suites::step_aside;

pub(super) async fn check(store: &dyn Store) {
    swap_needs_the_expected_version(&Owner::new(store, "swap")).await;
    delete_needs_the_version(&Owner::new(store, "delete")).await;
    no_version_comes_twice(&Owner::new(store, "versions")).await;
    expired_values_are_absent(&Owner::new(store, "expired")).await;
    room_is_limited(&Owner::new(store, "room")).await;
    expired_values_make_room(&Owner::new(store, "expired-room")).await;
    any_key_and_value_is_kept(&Owner::new(store, "any")).await;
    pages_join(&Owner::new(store, "pages")).await;
    prefixes_are_bytes(&Owner::new(store, "prefixes")).await;
    a_cursor_outlives_its_key(&Owner::new(store, "cursor")).await;
    writers_lose_nothing(store).await;
}

async fn swap_needs_the_expected_version(owner: &Owner<'_>) {
    assert_eq!(owner.get("key").await, None, "a key that was never written is absent");
    assert_eq!(owner.swap("key", Some(1), b"x").await, Err(StorageError::Conflict), "swap took a version of an absent key");
    let first = owner.put("key", b"first").await;
    let entry = owner.get("key").await.map(|entry| (entry.value, entry.version));
    assert_eq!(entry, Some((b"first".to_vec(), first)), "get gives what swap wrote, with the version that swap gave");
    assert_eq!(owner.swap("key", None, b"x").await, Err(StorageError::Conflict), "swap took a key as absent that is there");
    assert_eq!(
        owner.swap("key", Some(first + 1), b"x").await,
        Err(StorageError::Conflict),
        "swap took another version than the expected one"
    );
    let entry = owner.get("key").await.map(|entry| (entry.value, entry.version));
    assert_eq!(entry, Some((b"first".to_vec(), first)), "a refused swap changes nothing");
    let second = owner.swap("key", Some(first), b"second").await;
    assert!(second.is_ok(), "swap refused the expected version: {second:?}");
    assert_eq!(owner.swap("key", Some(first), b"x").await, Err(StorageError::Conflict), "swap took a version that was overwritten");
    assert_eq!(owner.get("key").await.map(|entry| entry.value), Some(b"second".to_vec()), "swap overwrites the value");
}

async fn delete_needs_the_version(owner: &Owner<'_>) {
    assert_eq!(owner.delete("key", 1).await, Ok(false), "deleting an absent key gives false");
    let version = owner.put("key", b"value").await;
    assert_eq!(owner.delete("key", version + 1).await, Err(StorageError::Conflict), "delete took another version than the expected one");
    assert!(owner.get("key").await.is_some(), "a refused delete changes nothing");
    assert_eq!(owner.delete("key", version).await, Ok(true), "delete refused the expected version");
    assert_eq!(owner.get("key").await, None, "a deleted key is absent");
    assert_eq!(owner.delete("key", version).await, Ok(false), "deleting a key again gives false");
    assert!(owner.keys("", 10).await.is_empty(), "scan lists a deleted key");
}

async fn no_version_comes_twice(owner: &Owner<'_>) {
    let mut seen = Vec::new();
    for round in 0..4 {
        let mut version = owner.put("key", b"0").await;
        seen.push(version);
        for value in 0..3_u8 {
            version = owner.swap("key", Some(version), &[value]).await.expect("the expected version");
            seen.push(version);
        }
        // Half of the rounds end with a deletion, half with the end of the value's time.
        if round % 2 == 0 {
            assert_eq!(owner.delete("key", version).await, Ok(true), "delete refused the expected version");
        } else {
            let ended = StorageWrite { expires_at: Some(NOW), ..write(Some(version), b"") };
            seen.push(owner.write("key", ended).await.expect("the expected version"));
        }
    }
    let grows = seen.windows(2).all(|pair| pair[0] < pair[1]);
    assert!(grows, "no version of a key comes twice, also not after the key was deleted or ran out, and versions grow: {seen:?}");
}

async fn expired_values_are_absent(owner: &Owner<'_>) {
    let lease = |expected| StorageWrite { expires_at: Some(NOW + 10), ..write(expected, b"lease") };
    let version = owner.write("lease", lease(None)).await.expect("the key is absent");
    assert!(owner.get_at("lease", NOW + 9).await.is_some(), "a value is there until its time is over");
    assert_eq!(owner.get_at("lease", NOW + 10).await, None, "a value whose time to live is over is absent");
    let later = NOW + 10;
    let held = StorageWrite { now: NOW + 9, ..write(None, b"x") };
    assert_eq!(owner.write("lease", held).await, Err(StorageError::Conflict), "a lease that still runs was taken as absent");
    let page = super::answered("scan", owner.store.scan(&owner.name, "", None, 10, later)).await;
    assert!(page.items.is_empty() && page.next.is_none(), "scan lists a value whose time to live is over");
    let late = super::answered("delete", owner.store.delete(&owner.name, "lease", version, later)).await;
    assert_eq!(late, Ok(false), "a value whose time to live is over can be deleted");
    let stale = StorageWrite { now: later, ..write(Some(version), b"x") };
    assert_eq!(owner.write("lease", stale).await, Err(StorageError::Conflict), "swap took the version of a value whose time is over");
    let again = owner.write("lease", StorageWrite { now: later, ..write(None, b"new") }).await;
    assert!(
        again.as_ref().is_ok_and(|again| *again > version),
        "swap does not take a value whose time to live is over as absent: {again:?}"
    );
    let forever = owner.get_at("lease", i64::MAX).await;
    assert!(forever.is_some(), "a value without a time to live never runs out, also not where one with a time was before");
}

async fn room_is_limited(owner: &Owner<'_>) {
    let full = |room: usize| Err(StorageError::Full(format!("limit storage-bytes = {room}")));
    let into = |room, expected, value: &[u8]| StorageWrite { room, ..write(expected, value) };
    assert_eq!(owner.write("key", into(7, None, b"12345")).await, full(7), "keys and values count, and the error names the limit");
    assert_eq!(owner.get("key").await, None, "a write that found no room changes nothing");
    let version = owner.write("key", into(8, None, b"12345")).await;
    let version = version.unwrap_or_else(|error| panic!("a write that fills the room exactly is refused: {error:?}"));
    assert_eq!(owner.write("other", into(8, None, b"")).await, full(8), "a key without a value takes room, too");
    assert_eq!(owner.write("key", into(8, Some(version), b"123456")).await, full(8), "a longer value found room where there is none");
    let kept = owner.get("key").await.map(|entry| (entry.value, entry.version));
    assert_eq!(kept, Some((b"12345".to_vec(), version)), "a write that found no room changes nothing");
    let wrong = owner.write("key", into(8, Some(version + 1), b"123456")).await;
    assert_eq!(wrong, Err(StorageError::Conflict), "a conflict comes before the room: whoever reads again may write less");
    let version = owner.write("key", into(8, Some(version), b"54321")).await;
    let version = version.unwrap_or_else(|error| panic!("a value of the same length does not fit into a full room: {error:?}"));
    assert_eq!(owner.delete("key", version).await, Ok(true), "delete refused the expected version");
    let fits = owner.write("door", into(8, None, "яя".as_bytes())).await;
    assert!(fits.is_ok(), "a deleted key leaves its room, and room is counted in bytes: {fits:?}");
    assert!(owner.write("d", into(8, None, b"")).await.is_err(), "room is counted in bytes, not in characters");
}

async fn expired_values_make_room(owner: &Owner<'_>) {
    let room = 10 * ("key0".len() + 6);
    for index in 0..10 {
        let ends = StorageWrite { expires_at: Some(NOW + 100), room, ..write(None, b"123456") };
        owner.write(&format!("key{index}"), ends).await.expect("there is room for all");
    }
    let early = StorageWrite { now: NOW + 99, room, ..write(None, b"12345") };
    assert!(matches!(owner.write("other", early).await, Err(StorageError::Full(_))), "values count until their time is over");
    let late = StorageWrite { now: NOW + 100, room, ..write(None, &vec![0; room - "other".len()]) };
    let written = owner.write("other", late).await;
    assert!(written.is_ok(), "values whose time to live is over make room: {written:?}");
}

/// A key is any text of at most 512 bytes, a value any bytes, at most 256 KiB.
async fn any_key_and_value_is_kept(owner: &Owner<'_>) {
    let long = "я".repeat(STORAGE_KEY_BYTES / 2);
    let keys = ["", " ", "a", "A", "\0", "a\0b", "a\0", "%", "_", "'", "\"", "\\", "\n", "é", "e\u{301}", "🙂", "\u{fffd}", &long];
    let all: Vec<u8> = (0..=255).cycle().take(STORAGE_VALUE_BYTES).collect();
    for (index, key) in keys.iter().enumerate() {
        let value = if index % 2 == 0 { &all[..] } else { &[] };
        owner.put(key, value).await;
    }
    for (index, key) in keys.iter().enumerate() {
        let value = owner.get(key).await.unwrap_or_else(|| panic!("the key {key:?} is lost")).value;
        assert_eq!(value.len(), if index % 2 == 0 { all.len() } else { 0 }, "the value of {key:?} has another length");
        assert!(value.is_empty() || value == all, "the value of {key:?} came back as other bytes");
    }
    let mut sorted: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
    sorted.sort();
    assert_eq!(owner.keys("", 5).await, sorted, "scan lists every key, whatever its characters, in the order of their bytes");
}

async fn pages_join(owner: &Owner<'_>) {
    let keys: Vec<String> = (0..12).map(|index| format!("page/{index:02}")).collect();
    for key in keys.iter().rev() {
        owner.put(key, key.as_bytes()).await;
    }
    // What has run out stands between the others and must not shorten a page.
    owner.write("page/05x", StorageWrite { expires_at: Some(NOW), ..write(None, b"") }).await.expect("the key is absent");
    owner.put("other", b"").await;
    for limit in 1..=keys.len() + 1 {
        assert_eq!(owner.keys("page/", limit).await, keys, "pages of {limit} join without gap or repeat");
    }
    let whole = owner.scan("page/", None, keys.len()).await;
    assert_eq!(whole.next, None, "a page that holds the rest is the last");
    for item in whole.items {
        assert_eq!(item.entry.value, item.key.as_bytes(), "scan gives each key its own value");
        assert_eq!(
            Some(item.entry.version),
            owner.get(&item.key).await.map(|entry| entry.version),
            "scan gives the version that get gives"
        );
    }
    assert!(owner.keys("nothing", 3).await.is_empty(), "no key has this prefix");
}

/// A prefix is compared byte by byte; the order is that of the bytes of UTF-8.
async fn prefixes_are_bytes(owner: &Owner<'_>) {
    let keys =
        ["a", "a%b", "a*", "aXb", "a_b", "ab", "aé", "a\u{ffff}", "a\u{10000}", "a\u{10ffff}", "a\u{10ffff}b", "B", "b", "A", "ж", "жa"];
    for key in keys {
        owner.put(key, b"").await;
    }
    for prefix in ["", "a", "a%", "a_", "a*", "A", "a\u{ffff}", "a\u{10ffff}", "ж", "b", "c"] {
        let mut expected: Vec<String> = keys.iter().filter(|key| key.starts_with(prefix)).map(|key| (*key).to_owned()).collect();
        expected.sort();
        for limit in [1, 2, 100] {
            let found = owner.keys(prefix, limit).await;
            assert_eq!(
                found, expected,
                "scan lists exactly the keys that begin with {prefix:?}, in the order of their bytes (pages of {limit})"
            );
        }
    }
    let before = owner.scan("b", Some("a"), 10).await;
    assert_eq!(before.items.len(), 1, "a cursor before the prefix leaves out nothing");
    let behind = owner.scan("a", Some("b"), 10).await;
    assert!(behind.items.is_empty() && behind.next.is_none(), "behind a cursor that is past the prefix there is nothing");
}

async fn a_cursor_outlives_its_key(owner: &Owner<'_>) {
    let mut versions = Vec::new();
    for key in ["k1", "k2", "k3", "k4"] {
        versions.push(owner.put(key, b"").await);
    }
    let page = owner.scan("k", None, 2).await;
    let cursor = page.next.expect("scan says that there is another page");
    assert_eq!(owner.delete("k2", versions[1]).await, Ok(true), "delete refused the expected version");
    owner.put("k1a", b"").await;
    owner.put("k2a", b"").await;
    let rest: Vec<String> = owner.scan("k", Some(&cursor), 10).await.items.into_iter().map(|item| item.key).collect();
    assert_eq!(rest, ["k2a", "k3", "k4"], "a page goes on behind its cursor, also where the cursor's key was deleted meanwhile");
}

/// The key that [`increments`] counts in.
pub const COUNTED_KEY: &str = "count";

/// Adds one to the number under [`COUNTED_KEY`] so many times, as handlers do: reads it, and writes it if nobody else has meanwhile.
///
/// [`conforms`](super::conforms) runs eight of these side by side in its own task. A store that works with several threads or connections is
/// better tested with each of them in a task of its own: afterwards the number, as decimal text, is the sum of all `times`.
pub async fn increments(store: &dyn Store, owner: &str, times: usize) {
    for _ in 0..times {
        loop {
            let entry = super::answered("get", store.get(owner, COUNTED_KEY, NOW)).await;
            step_aside().await;
            let (expected, count) = entry.map_or((None, 0), |entry| (Some(entry.version), number(&entry.value)));
            let added = StorageWrite { room: ROOM, ..write(expected, (count + 1).to_string().as_bytes()) };
            match super::answered("swap", store.swap(owner, COUNTED_KEY, added)).await {
                Ok(_) => break,
                Err(StorageError::Conflict) => step_aside().await,
                Err(error) => panic!("swap refused a small value: {error:?}"),
            }
        }
    }
}

fn number(value: &[u8]) -> usize {
    std::str::from_utf8(value).ok().and_then(|text| text.parse().ok()).expect("the counted value is a number")
}

async fn writers_lose_nothing(store: &dyn Store) {
    let owner = Owner::new(store, "writers");
    join_all((0..8).map(|_| increments(store, &owner.name, 25))).await;
    let count = owner.get(COUNTED_KEY).await.map(|entry| number(&entry.value));
    assert_eq!(count, Some(8 * 25), "eight writers of one key lose nothing");
}
