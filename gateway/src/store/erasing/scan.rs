//! Reading all rows that may have personal data, beside the writer, with several threads.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use uis_host::ports::StoreError;

/// How long a reader waits for the writer.
const BUSY: Duration = Duration::from_secs(10);
/// The parts into which a table is divided, so that all threads end at about the same time.
const PARTS: i64 = 64;
/// Threads. More would take the processor from what goes on meanwhile.
const THREADS: usize = 2;
/// Bytes of a file that are read without copying.
const MAPPED: i64 = 8 << 30;

/// A table whose rows may have personal data. Each select has the columns: row number, owner, time in milliseconds since 1970, key, request
/// number, state, what it is, and three texts.
#[derive(Debug)]
pub struct Table {
    /// The name.
    pub name: &'static str,
    select: &'static str,
}

/// The tables that are searched. A table of the schema that is missing here is named, with the reason, in the test of this file.
pub const TABLES: [Table; 8] = [
    Table { name: "events", select: "seq, owner, received, id, origin, state, '', body, why, NULL" },
    Table { name: "requests", select: "number, owner, at, kind, number, rejected IS NOT NULL, what, body, query, rejected" },
    Table { name: "captures", select: "row, owner, at, event, origin, 0, outcome, content, NULL, NULL" },
    Table { name: "dials", select: "row, owner, at, id, 0, 0, '', dial, outcome, NULL" },
    Table { name: "timers", select: "row, owner, 0, name, origin, 0, '', payload, name, ordering_key" },
    Table { name: "storage", select: "row, owner, 0, key, 0, 0, '', value, key, NULL" },
    Table { name: "originals", select: "row, owner, at, '', request, 0, '', body, query, NULL" },
    // The owner is the beginning of the key.
    Table { name: "damaged", select: "row, substr(key, 1, instr(key || '/', '/') - 1), at, key, 0, 0, tbl, content, key, why" },
];

/// A row.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// The table: an index of [`TABLES`].
    pub table: usize,
    /// Its number.
    pub number: i64,
    /// The integration.
    pub owner: &'a str,
    /// When it was received or written, in milliseconds since 1970; 0 when the table does not say.
    pub at: i64,
    /// The id, name or key.
    pub key: &'a str,
    /// The number of the request that it came from; 0: none.
    pub origin: u64,
    /// Of an event: 0 while it waits, 1 when it has ended, 2 when it is dead. Of a request: 1 when it could not be read.
    pub state: i64,
    /// The type of a notification, the name of a callback.
    pub what: &'a str,
    /// What may have personal data.
    pub texts: [&'a [u8]; 3],
}

fn bytes(value: ValueRef<'_>) -> &[u8] {
    match value {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes,
        // A damaged row may have a number where a text should be.
        ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => &[],
    }
}

fn text(value: ValueRef<'_>) -> &str {
    std::str::from_utf8(bytes(value)).unwrap_or_default()
}

fn integer(value: ValueRef<'_>) -> i64 {
    value.as_i64().unwrap_or_default()
}

impl<'a> Row<'a> {
    fn of(table: usize, row: &'a rusqlite::Row<'_>) -> rusqlite::Result<Row<'a>> {
        Ok(Row {
            table,
            number: row.get(0)?,
            owner: text(row.get_ref(1)?),
            at: integer(row.get_ref(2)?),
            key: text(row.get_ref(3)?),
            origin: integer(row.get_ref(4)?).cast_unsigned(),
            state: integer(row.get_ref(5)?),
            what: text(row.get_ref(6)?),
            texts: [bytes(row.get_ref(7)?), bytes(row.get_ref(8)?), bytes(row.get_ref(9)?)],
        })
    }
}

/// Rows of a table from one number to another.
struct Part {
    table: usize,
    from: i64,
    to: i64,
}

/// The highest row number of each table of [`TABLES`].
pub type Ends = [i64; TABLES.len()];

/// Opens a file for reading beside its writer.
pub fn reader(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "mmap_size", MAPPED)?;
    Ok(connection)
}

/// Shows all rows of these tables after the given row numbers, in no order, to several threads' calls of `visit`. Returns the highest row
/// numbers. What the writer has not committed is not seen.
pub fn scan(path: &Path, tables: &[&str], after: &Ends, visit: &(dyn Fn(&Row<'_>) + Sync)) -> Result<Ends, StoreError> {
    let failed = |error: rusqlite::Error| StoreError(format!("{} cannot be searched: {error}", path.display()));
    let connection = reader(path).map_err(failed)?;
    let (mut parts, mut ends) = (Vec::new(), *after);
    for (table, end) in ends.iter_mut().enumerate().filter(|(table, _)| tables.contains(&TABLES[*table].name)) {
        let sql = format!("SELECT min(rowid), max(rowid) FROM {} WHERE rowid > ?", TABLES[table].name);
        let range: (Option<i64>, Option<i64>) = connection.query_row(&sql, [*end], |row| Ok((row.get(0)?, row.get(1)?))).map_err(failed)?;
        let (Some(first), Some(last)) = range else { continue };
        let step = (last - first) / PARTS + 1;
        let from = (0..PARTS).map(|part| first.saturating_add(part.saturating_mul(step))).take_while(|from| *from <= last);
        parts.extend(from.map(|from| Part { table, from, to: from.saturating_add(step - 1).min(last) }));
        *end = last;
    }
    drop(connection);
    let next = AtomicUsize::new(0);
    let work = || -> rusqlite::Result<()> {
        let connection = reader(path)?;
        while let Some(part) = parts.get(next.fetch_add(1, Ordering::Relaxed)) {
            read(&connection, part, visit)?;
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|thread| match thread.join() {
            Ok(done) => done.map_err(failed),
            Err(_) => Err(StoreError("a thread that searched the store panicked".to_owned())),
        })
    })?;
    Ok(ends)
}

fn read(connection: &Connection, part: &Part, visit: &(dyn Fn(&Row<'_>) + Sync)) -> rusqlite::Result<()> {
    let Table { name, select } = &TABLES[part.table];
    let mut statement = connection.prepare_cached(&format!("SELECT {select} FROM {name} NOT INDEXED WHERE rowid BETWEEN ? AND ?"))?;
    let mut rows = statement.query([part.from, part.to])?;
    while let Some(row) = rows.next()? {
        visit(&Row::of(part.table, row)?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::schema;

    /// Tables without personal data, with the reason.
    const WITHOUT: [(&str, &str); 9] = [
        ("audit", "names no person by design"),
        ("counters", "numbers"),
        ("states", "states of integrations"),
        ("integrations", "the account's own settings"),
        ("tombstones", "keyed digests"),
        ("versions", "digests of components"),
        ("verdicts", "how rules failed, not what they were asked"),
        ("pauses", "names an administrator"),
        ("erasures", "sealed, and gone when the erasure has ended"),
    ];

    #[test]
    fn every_table_is_searched_or_has_no_personal_data() {
        let connection = Connection::open_in_memory().expect("a database");
        schema::migrate(&connection).expect("migrated");
        let mut statement = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").expect("SQL");
        let rows = statement.query_map([], |row| row.get::<_, String>(0)).expect("names");
        for name in rows.map(|name| name.expect("a name")) {
            let searched = TABLES.iter().any(|table| table.name == name);
            let reason = WITHOUT.iter().find(|(table, _)| *table == name);
            assert!(
                searched != reason.is_some(),
                "the table {name} must be in TABLES, or here with the reason why it has no personal data"
            );
        }
        for Table { name, select } in &TABLES {
            let statement = connection.prepare(&format!("SELECT {select} FROM {name}")).expect("SQL");
            assert_eq!(statement.column_count(), 10, "{name}");
        }
    }
}
