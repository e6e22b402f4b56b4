//! Plugins' storage.

use rusqlite::{Connection, Row, params};
use uis_host::bindings::uis::integration::storage::{Entry, Item, ItemPage, StorageError};
use uis_host::ports::{Answer, StorageWrite};

use super::SqliteStore;
use super::db::{Db, DbError, VERSIONS, shown, sound};
use super::sums::Sum;

/// A row of the table.
struct Found {
    row: i64,
    key: String,
    value: Vec<u8>,
    version: i64,
    expires: Option<i64>,
    sum: i64,
}

/// The checksum of a row.
pub fn sum(owner: &str, key: &str, value: &[u8], version: i64, expires: Option<i64>) -> i64 {
    let expires = expires.map(|at| at.to_string());
    Sum::of("storage").text(owner).text(key).bytes(value).number(version).maybe(expires.as_deref()).done()
}

impl Found {
    fn read(row: &Row<'_>) -> rusqlite::Result<Found> {
        Ok(Found { row: row.get(0)?, key: row.get(1)?, value: row.get(2)?, version: row.get(3)?, expires: row.get(4)?, sum: row.get(5)? })
    }

    fn is_alive(&self, now: i64) -> bool {
        self.expires.is_none_or(|at| at > now)
    }

    fn is_sound(&self, owner: &str) -> bool {
        self.sum == sum(owner, &self.key, &self.value, self.version, self.expires)
    }

    fn entry(self) -> Entry {
        Entry { value: self.value, version: self.version.unsigned_abs() }
    }
}

/// A row of an owner. A damaged value fails the operation that needs it, and stays: it may be an open intent, and a plugin that found nothing in
/// its place would send the request a second time. The event waits until somebody discards the value.
fn checked(owner: &str, row: &Row<'_>) -> Result<Found, DbError> {
    let number = match sound(row, Found::read)? {
        Ok(found) if found.is_sound(owner) => return Ok(found),
        Ok(found) => found.row,
        Err(number) => number,
    };
    let key = shown(row.get_ref(1)?);
    tracing::error!(integration = owner, key, "a stored value of the plugin is damaged");
    metrics::counter!("uis_gateway_store_damaged_total").increment(1);
    Err(DbError::This(format!(
        "the stored value {key:?} of integration {owner} is damaged; restore a backup, or discard it: check-store --discard storage:{number}"
    )))
}

fn find(db: &Db, owner: &str, key: &str) -> Result<Option<Found>, DbError> {
    let sql = "SELECT row, key, value, version, expires, sum FROM storage WHERE owner = ? AND key = ?";
    let mut statement = db.connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![owner, key])?;
    rows.next()?.map(|row| checked(owner, row)).transpose()
}

/// Bytes of an owner's keys and values, including expired ones that were not removed yet.
fn bytes(db: &mut Db, owner: &str) -> rusqlite::Result<i64> {
    if let Some(known) = db.storage_bytes.get(owner) {
        return Ok(*known);
    }
    let sql = "SELECT coalesce(sum(length(CAST(key AS BLOB)) + length(value)), 0) FROM storage WHERE owner = ?";
    let bytes = db.connection.prepare_cached(sql)?.query_row([owner], |row| row.get(0))?;
    db.storage_bytes.insert(owner.to_owned(), bytes);
    Ok(bytes)
}

fn count(db: &mut Db, owner: &str, change: i64) {
    if let Some(known) = db.storage_bytes.get_mut(owner) {
        *known += change;
    }
}

fn size(key: &str, value: &[u8]) -> i64 {
    (key.len() + value.len()) as i64
}

fn swap(db: &mut Db, owner: &str, key: &str, write: &StorageWrite) -> Result<Result<u64, StorageError>, DbError> {
    let found = find(db, owner, key)?;
    let current = found.as_ref().filter(|found| found.is_alive(write.now)).map(|found| found.version.unsigned_abs());
    if current != write.expected {
        return Ok(Err(StorageError::Conflict));
    }
    let freed = found.as_ref().map_or(0, |found| size(key, &found.value));
    let grows = size(key, &write.value) - freed;
    let room = i64::try_from(write.room).unwrap_or(i64::MAX);
    if bytes(db, owner)? + grows > room {
        // Expired values count until they are removed; remove them before refusing.
        return match sweep(db, owner, write.now)? {
            0 => Ok(Err(StorageError::Full(format!("limit storage-bytes = {}", write.room)))),
            _ => swap(db, owner, key, write),
        };
    }
    let version = db.take(VERSIONS)?;
    let sum = sum(owner, key, &write.value, version, write.expires_at);
    match found {
        Some(found) => {
            let mut statement =
                db.connection.prepare_cached("UPDATE storage SET value = ?, version = ?, expires = ?, sum = ? WHERE row = ?")?;
            statement.execute(params![write.value, version, write.expires_at, sum, found.row])?;
        }
        None => {
            let sql = "INSERT INTO storage (owner, key, value, version, expires, sum) VALUES (?, ?, ?, ?, ?, ?)";
            db.connection.prepare_cached(sql)?.execute(params![owner, key, write.value, version, write.expires_at, sum])?;
        }
    }
    count(db, owner, grows);
    Ok(Ok(version.unsigned_abs()))
}

/// Removes expired values. Returns how many there were. A damaged one stays: perhaps it has not expired.
fn sweep(db: &mut Db, owner: &str, now: i64) -> rusqlite::Result<usize> {
    let mut expired = Vec::new();
    {
        let sql = "SELECT row, key, value, version, expires, sum FROM storage WHERE owner = ? AND expires <= ?";
        let mut statement = db.connection.prepare_cached(sql)?;
        let mut rows = statement.query(params![owner, now])?;
        while let Some(row) = rows.next()? {
            expired.extend(sound(row, Found::read)?.ok().filter(|found| found.is_sound(owner)).map(|found| found.row));
        }
    }
    let mut statement = db.connection.prepare_cached("DELETE FROM storage WHERE row = ?")?;
    for row in &expired {
        statement.execute([row])?;
    }
    db.storage_bytes.remove(owner);
    Ok(expired.len())
}

fn delete(db: &mut Db, owner: &str, key: &str, expected: u64, now: i64) -> Result<Result<bool, StorageError>, DbError> {
    match find(db, owner, key)?.filter(|found| found.is_alive(now)) {
        None => Ok(Ok(false)),
        Some(found) if found.version.unsigned_abs() != expected => Ok(Err(StorageError::Conflict)),
        Some(found) => {
            db.connection.prepare_cached("DELETE FROM storage WHERE row = ?")?.execute([found.row])?;
            count(db, owner, -size(key, &found.value));
            Ok(Ok(true))
        }
    }
}

fn scan(db: &mut Db, owner: &str, prefix: &str, cursor: Option<&str>, limit: usize, now: i64) -> Result<ItemPage, DbError> {
    let sql = "SELECT row, key, value, version, expires, sum FROM storage WHERE owner = ?1 AND key >= ?2 AND (?3 IS NULL OR key > ?3) ORDER BY key";
    let from = cursor.filter(|cursor| *cursor >= prefix).unwrap_or(prefix);
    let mut statement = db.connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![owner, from, cursor])?;
    let mut items: Vec<Item> = Vec::new();
    while let Some(row) = rows.next()? {
        let found = checked(owner, row)?;
        if !found.key.starts_with(prefix) {
            break;
        }
        if !found.is_alive(now) {
            continue;
        }
        if items.len() == limit {
            let next = items.last().map(|item| item.key.clone());
            return Ok(ItemPage { items, next });
        }
        items.push(Item { key: found.key.clone(), entry: found.entry() });
    }
    Ok(ItemPage { items, next: None })
}

/// Values whose checksum does not match.
pub fn damaged(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut statement = connection.prepare("SELECT row, key, value, version, expires, sum, owner FROM storage")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let read = |row: &Row<'_>| Ok(Found::read(row)?.is_sound(&row.get::<_, String>(6)?));
        if sound(row, read)? != Ok(true) {
            let (owner, key, number) = (shown(row.get_ref(6)?), shown(row.get_ref(1)?), row.get::<_, i64>(0)?);
            found.push(format!("storage {owner}/{key} (discard it: storage:{number})"));
        }
    }
    Ok(found)
}

impl SqliteStore {
    pub(super) fn storage_get(&self, owner: &str, key: &str, now: i64) -> Answer<'static, Option<Entry>> {
        let (owner, key) = (owner.to_owned(), key.to_owned());
        self.soon(move |db| Ok(find(db, &owner, &key)?.filter(|found| found.is_alive(now)).map(Found::entry)))
    }

    pub(super) fn storage_swap(&self, owner: &str, key: &str, write: StorageWrite) -> Answer<'static, Result<u64, StorageError>> {
        let (owner, key) = (owner.to_owned(), key.to_owned());
        self.soon(move |db| swap(db, &owner, &key, &write))
    }

    pub(super) fn storage_delete(&self, owner: &str, key: &str, expected: u64, now: i64) -> Answer<'static, Result<bool, StorageError>> {
        let (owner, key) = (owner.to_owned(), key.to_owned());
        self.soon(move |db| delete(db, &owner, &key, expected, now))
    }

    pub(super) fn storage_scan(
        &self,
        owner: &str,
        prefix: &str,
        cursor: Option<&str>,
        limit: usize,
        now: i64,
    ) -> Answer<'static, ItemPage> {
        let (owner, prefix, cursor) = (owner.to_owned(), prefix.to_owned(), cursor.map(str::to_owned));
        self.soon(move |db| scan(db, &owner, &prefix, cursor.as_deref(), limit, now))
    }
}
