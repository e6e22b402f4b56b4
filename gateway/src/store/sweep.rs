//! Deleting what is old.

use rusqlite::{Row, params};
use uis_host::ports::StoreError;

use super::db::{Db, DbError};
use super::{SqliteStore, events, records, requests};

/// Rows that are looked at in one operation, so that others come between.
const AT_ONCE: i64 = 500;
/// Milliseconds of a day.
const DAY: i64 = 24 * 3_600_000;

/// A table with rows that become old.
#[derive(Clone, Copy)]
struct Aging {
    table: &'static str,
    columns: &'static str,
    /// Which rows may go; `?1` is the time before which they are old.
    old: &'static str,
    number: fn(&Row<'_>) -> rusqlite::Result<Result<i64, i64>>,
}

const EVENTS: Aging = Aging { table: "events", columns: events::COLUMNS, old: "state = 1 AND ended < ?1", number: events::number };
const REQUESTS: Aging =
    Aging { table: "requests", columns: requests::COLUMNS, old: "rejected IS NULL AND at < ?1", number: requests::number };
const CAPTURES: Aging = Aging { table: "captures", columns: records::CAPTURE, old: "at < ?1", number: records::capture_number };

impl SqliteStore {
    /// Deletes events that ended, requests and captures that are older than so many days. Events that wait, dead letters and requests that
    /// could not be read stay; damaged rows are set aside, because a damaged one may not be old. Returns how many rows were deleted.
    pub async fn sweep(&self, now: i64, events_days: u32, captures_days: u32) -> Result<u64, StoreError> {
        let before = |days: u32| now.saturating_sub(i64::from(days) * DAY);
        let mut swept = 0;
        for (aging, before) in [(EVENTS, before(events_days)), (REQUESTS, before(events_days)), (CAPTURES, before(captures_days))] {
            swept += self.sweep_table(aging, before).await?;
        }
        Ok(swept)
    }

    /// Goes through a table by its row numbers, so many at once.
    async fn sweep_table(&self, aging: Aging, before: i64) -> Result<u64, StoreError> {
        let range = format!("SELECT coalesce(min(rowid), 1), coalesce(max(rowid), 0) FROM {}", aging.table);
        let (first, last): (i64, i64) =
            self.soon(move |db| Ok(db.connection.query_row(&range, [], |row| Ok((row.get(0)?, row.get(1)?)))?)).await?;
        let (mut from, mut swept) = (first, 0);
        while from <= last {
            swept += self.soon(move |db| sweep_range(db, aging, before, from)).await?;
            from = from.saturating_add(AT_ONCE);
        }
        Ok(swept)
    }
}

/// Deletes what is old of the rows from this number on.
fn sweep_range(db: &mut Db, aging: Aging, before: i64, from: i64) -> Result<u64, DbError> {
    let Aging { table, columns, old, number } = aging;
    let rows: Vec<Result<i64, i64>> = {
        let sql = format!("SELECT {columns} FROM {table} NOT INDEXED WHERE {old} AND rowid BETWEEN ?2 AND ?3");
        let mut statement = db.connection.prepare_cached(&sql)?;
        let rows = statement.query_map(params![before, from, from.saturating_add(AT_ONCE - 1)], number)?;
        rows.collect::<rusqlite::Result<_>>()?
    };
    let mut swept = 0;
    for row in rows {
        match row {
            Ok(row) => swept += db.connection.prepare_cached(&format!("DELETE FROM {table} WHERE rowid = ?"))?.execute([row])? as u64,
            Err(row) => db.set_aside(table, row)?,
        }
    }
    Ok(swept)
}
