//! Rows whose checksum does not match.
//!
//! A damaged event, timer or request is moved to the table `damaged`, as it was found, when it is read; the others go on. A damaged value of a
//! plugin's storage stays and fails whatever needs it, because it may be an open intent. The administrator restores a backup, or discards it.

use rusqlite::{Connection, OptionalExtension, params};
use uis_host::ports::Answer;

use super::db::{DbError, shown};
use super::{SqliteStore, audit, erasing, events, originals, pauses, records, requests, storage, timers, versions};

/// A row that was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damaged {
    /// Its number.
    pub row: u64,
    /// When it was found, in milliseconds since 1970.
    pub at: i64,
    /// The table.
    pub table: String,
    /// Which row it was: the integration and the id or name.
    pub key: String,
    /// What was found.
    pub why: String,
}

/// Finds the damaged rows of one file of this room.
type Comparison = fn(&Connection) -> rusqlite::Result<Vec<String>>;
const COMPARISONS: [Comparison; 10] = [
    events::damaged,
    storage::damaged,
    timers::damaged,
    requests::damaged,
    records::damaged,
    versions::damaged,
    audit::damaged,
    erasing::damaged,
    originals::damaged,
    pauses::damaged,
];

/// Compares every checksum of a file of this version. Returns what does not match, by table and key.
pub fn compare(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut found = Vec::new();
    for comparison in COMPARISONS {
        found.extend(comparison(connection)?);
    }
    Ok(found)
}

impl SqliteStore {
    /// The rows that were set aside, oldest first.
    pub fn damaged(&self) -> Answer<'static, Vec<Damaged>> {
        self.soon(|db| {
            let mut statement = db.connection.prepare_cached("SELECT row, at, tbl, key, why FROM damaged ORDER BY row")?;
            let rows = statement.query_map([], |row| {
                let number: i64 = row.get(0)?;
                let text = |at: usize| row.get_ref(at).map(shown);
                // This table has no checksums: whatever is in it is damaged anyway.
                let at = row.get_ref(1)?.as_i64().unwrap_or_default();
                Ok(Damaged { row: number.unsigned_abs(), at, table: text(2)?, key: text(3)?, why: text(4)? })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Compares every checksum. Returns what does not match, by table and key.
    pub fn check(&self) -> Answer<'static, Vec<String>> {
        self.soon(|db| Ok(compare(&db.connection)?))
    }

    /// Discards a damaged value of a plugin's storage by its row, or the damaged record of an integration by its row or its name:
    /// `storage:17`, `integrations:#1`, `integrations:main`. It is moved to the damaged rows.
    pub fn discard(&self, what: &str) -> Answer<'static, ()> {
        let what = what.to_owned();
        self.durable(move |db| {
            let unknown = || DbError::This(format!("{what:?} is nothing that can be discarded; copy it from the error message"));
            let (table, key) = what.split_once(':').ok_or_else(unknown)?;
            let (table, sql): (&'static str, &str) = match table {
                "storage" => ("storage", "SELECT row FROM storage WHERE row = CAST(? AS INTEGER)"),
                "integrations" => ("integrations", "SELECT row FROM integrations WHERE ?1 IN (name, '#' || row)"),
                _ => return Err(unknown()),
            };
            let row = db.connection.query_row(sql, params![key], |row| row.get(0)).optional()?.ok_or_else(unknown)?;
            Ok(db.set_aside(table, row)?)
        })
    }
}
