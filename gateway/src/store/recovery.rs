//! Checking a file, and reading what can be read of a damaged one.
//!
//! A damaged file is read row by row into a new one. Where SQLite cannot read a row, the row numbers around it are tried one by one, so that
//! only the rows of damaged pages are lost; the report names the tables and the row numbers of the gaps. The damaged file stays beside the new
//! one.

use std::fmt;
use std::path::{Path, PathBuf};

use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, params_from_iter};
use uis_host::clock::{Clock, SystemClock};

use super::{OpenError, schema};

/// The tables with rows to read. Indexes are made anew.
const TABLES: [&str; 10] =
    ["counters", "events", "states", "storage", "timers", "requests", "integrations", "dials", "captures", "damaged"];
/// How many row numbers are tried one by one after a row that cannot be read.
const LONGEST_GAP: i64 = 1 << 17;

/// What was read of a damaged file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Rows that were read, by table.
    pub read: Vec<(String, u64)>,
    /// Tables with their row numbers, from and to, between which a row was lost, or may have been.
    pub gaps: Vec<(String, i64, i64)>,
    /// Where the damaged file is.
    pub kept: PathBuf,
}

impl fmt::Display for Report {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let read: Vec<String> = self.read.iter().filter(|(_, rows)| *rows > 0).map(|(table, rows)| format!("{rows} of {table}")).collect();
        let gaps: Vec<String> = self.gaps.iter().map(|(table, from, until)| format!("{table} {from} to {until}")).collect();
        let gaps = if gaps.is_empty() { "none".to_owned() } else { gaps.join(", ") };
        let read = if read.is_empty() { "none".to_owned() } else { read.join(", ") };
        write!(to, "rows read: {read}; row numbers that cannot be read: {gaps}; the damaged file is {}", self.kept.display())
    }
}

/// The file's path with something after its name.
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Takes the lock of a file, as [`SqliteStore::open`](super::SqliteStore::open) does, until the result is dropped.
pub fn hold(path: &Path) -> Result<std::fs::File, OpenError> {
    super::lock(path)
}

/// Whether SQLite can open a file at all.
pub fn opens(path: &Path) -> bool {
    Connection::open(path).and_then(|connection| schema::version(&connection)).is_ok()
}

/// Whether SQLite finds nothing wrong in a file's structures.
pub fn is_sound(path: &Path) -> bool {
    findings(path).is_ok_and(|findings| findings.is_empty())
}

/// What SQLite finds wrong in a file's structures: sentences of SQLite.
pub fn findings(path: &Path) -> rusqlite::Result<Vec<String>> {
    let connection = Connection::open(path)?;
    let mut statement = connection.prepare("PRAGMA integrity_check")?;
    let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
    Ok(rows.collect::<rusqlite::Result<Vec<_>>>()?.into_iter().filter(|line| line != "ok").collect())
}

/// Puts a file with everything that can be read in the place of a damaged one.
pub fn replace(path: &Path) -> Result<Report, OpenError> {
    let failed =
        |why: &dyn fmt::Display| OpenError::File { path: path.to_owned(), why: format!("it is damaged, and recovery failed: {why}") };
    let (fresh, kept) = (beside(path, ".recovered"), beside(path, &format!(".damaged-{}", SystemClock.now_ms())));
    for part in ["", "-wal", "-shm"] {
        let left = beside(&fresh, part);
        if left.exists() {
            std::fs::remove_file(left).map_err(|error| failed(&error))?;
        }
    }
    let report = recover(path, &fresh).map_err(|why| OpenError::Damaged { path: path.to_owned(), why })?;
    for part in ["-wal", "-shm", ""] {
        let from = beside(path, part);
        if from.exists() {
            std::fs::rename(&from, beside(&kept, part)).map_err(|error| failed(&error))?;
        }
    }
    std::fs::rename(&fresh, path).map_err(|error| failed(&error))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| failed(&error))?;
    Ok(Report { kept, ..report })
}

/// Reads everything that can be read of a file into a new one.
pub fn recover(from: &Path, to: &Path) -> Result<Report, String> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let source = Connection::open_with_flags(from, flags).map_err(|error| error.to_string())?;
    // Without these, one damaged page of the schema or of an index would stop everything.
    source.execute_batch("PRAGMA cell_size_check = ON; PRAGMA query_only = ON;").map_err(|error| error.to_string())?;
    let target = Connection::open(to).map_err(|error| error.to_string())?;
    schema::migrate(&target).map_err(|error| error.to_string())?;
    let mut report = Report::default();
    target.execute_batch("BEGIN").map_err(|error| error.to_string())?;
    let mut readable = false;
    for table in TABLES {
        match copy(&source, &target, table, &mut report) {
            Ok(()) => readable = true,
            Err(why) => {
                tracing::error!(table, why, "a table cannot be read");
                report.gaps.push((table.to_owned(), i64::MIN, i64::MAX));
            }
        }
    }
    target.execute_batch("COMMIT").map_err(|error| error.to_string())?;
    target.pragma_update(None, "journal_mode", "DELETE").map_err(|error| error.to_string())?;
    if readable { Ok(report) } else { Err("none of its tables can be read".to_owned()) }
}

/// Reads one table.
fn copy(source: &Connection, target: &Connection, table: &str, report: &mut Report) -> Result<(), String> {
    let text = |error: rusqlite::Error| error.to_string();
    let columns = {
        let statement = target.prepare(&format!("SELECT rowid AS number_, * FROM {table}")).map_err(text)?;
        statement.column_names().skip(1).map(str::to_owned).collect::<Vec<_>>()
    };
    let list = columns.join(", ");
    let marks = vec!["?"; columns.len() + 1].join(", ");
    // A primary key of one integer is the row number itself, and appears twice then; SQLite takes the last.
    let insert = format!("INSERT OR REPLACE INTO {table} (rowid, {list}) VALUES ({marks})");
    let mut insert = target.prepare(&insert).map_err(text)?;
    let (first, last) = bounds(source, table)?;
    let mut rows = 0;
    let mut from = first;
    while from <= last {
        let sql = format!("SELECT rowid, {list} FROM {table} NOT INDEXED WHERE rowid >= {from} ORDER BY rowid");
        let reached = read_on(source, &sql, columns.len() + 1, |values| {
            rows += 1;
            insert.execute(params_from_iter(values)).map(|_| ()).map_err(text)
        })?;
        match reached {
            Reached::End => break,
            Reached::Damage(after) => {
                let damaged = after.map_or(from, |row| row + 1);
                let Some(next) = next_readable(source, table, damaged, last) else {
                    report.gaps.push((table.to_owned(), damaged, last));
                    break;
                };
                report.gaps.push((table.to_owned(), damaged, next - 1));
                from = next;
            }
        }
    }
    report.read.push((table.to_owned(), rows));
    Ok(())
}

/// How far a table could be read.
enum Reached {
    End,
    /// Reading failed after this row; none: at the first.
    Damage(Option<i64>),
}

fn read_on(
    source: &Connection,
    sql: &str,
    columns: usize,
    mut put: impl FnMut(Vec<Value>) -> Result<(), String>,
) -> Result<Reached, String> {
    let mut last = None;
    let Ok(mut statement) = source.prepare(sql) else { return Ok(Reached::Damage(None)) };
    let Ok(mut rows) = statement.query([]) else { return Ok(Reached::Damage(None)) };
    loop {
        match rows.next() {
            Ok(None) => return Ok(Reached::End),
            Err(_) => return Ok(Reached::Damage(last)),
            Ok(Some(row)) => {
                let values: rusqlite::Result<Vec<Value>> = (0..columns).map(|at| row.get::<_, Value>(at)).collect();
                let (Ok(values), Ok(number)) = (values, row.get::<_, i64>(0)) else { return Ok(Reached::Damage(last)) };
                last = Some(number);
                put(values)?;
            }
        }
    }
}

/// The first and the last row number of a table. Where an end cannot be read, it is guessed as the widest possible.
fn bounds(source: &Connection, table: &str) -> Result<(i64, i64), String> {
    let one =
        |sql: &str| source.query_row(&format!("SELECT {sql}(rowid) FROM {table} NOT INDEXED"), [], |row| row.get::<_, Option<i64>>(0));
    match (one("min"), one("max")) {
        (Ok(None), Ok(None)) => Ok((0, -1)),
        (first, last) => {
            // A table whose root cannot be read has no readable row at all.
            if let (Err(error), Err(_)) = (&first, &last)
                && source.query_row(&format!("SELECT rowid FROM {table} NOT INDEXED WHERE rowid = 1"), [], |_| Ok(())).is_err_and(is_damage)
                && error.sqlite_error_code().is_some()
                && next_readable(source, table, 1, LONGEST_GAP).is_none()
            {
                return Err(error.to_string());
            }
            let first = first.ok().flatten().unwrap_or(1);
            let last = last.ok().flatten().unwrap_or_else(|| first.saturating_add(LONGEST_GAP));
            Ok((first, last))
        }
    }
}

fn is_damage(error: rusqlite::Error) -> bool {
    !matches!(error, rusqlite::Error::QueryReturnedNoRows)
}

/// The first row from here on that can be read by its number.
fn next_readable(source: &Connection, table: &str, from: i64, last: i64) -> Option<i64> {
    let sql = format!("SELECT rowid FROM {table} NOT INDEXED WHERE rowid = ?");
    let mut statement = source.prepare(&sql).ok()?;
    let until = last.min(from.saturating_add(LONGEST_GAP));
    (from..=until).find(|row| statement.query_row([row], |_| Ok(())).is_ok())
}
