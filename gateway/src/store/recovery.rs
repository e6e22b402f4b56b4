//! Checking a file, and reading what can be read of a damaged one.
//!
//! A damaged file is read row by row into a new one. Where SQLite cannot read a row, the row numbers around it are tried one by one, so that
//! only the rows of damaged pages are lost; the report names the tables and the row numbers of the gaps. A row that can be read, but breaks a
//! constraint of its table, is put among the damaged rows. The damaged file stays beside the new one.

use std::fmt;
use std::path::{Path, PathBuf};

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, Row, Statement, params, params_from_iter};
use uis_host::clock::{Clock, SystemClock};

use super::{OpenError, db, schema};

/// The tables with rows to read. Indexes are made anew.
const TABLES: &[&str] = &[
    "counters",
    "events",
    "states",
    "storage",
    "timers",
    "requests",
    "integrations",
    "dials",
    "captures",
    "damaged",
    "versions",
    "verdicts",
    "audit",
    "tombstones",
    "erasures",
    "originals",
    "pauses",
];
/// How many row numbers are tried one by one after a row that cannot be read.
const LONGEST_GAP: i64 = 1 << 17;

/// What was read of a damaged file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Rows that were read, by table.
    pub read: Vec<(String, u64)>,
    /// Tables with their row numbers, from and to, between which a row was lost, or may have been.
    pub gaps: Vec<(String, i64, i64)>,
    /// Tables with the numbers of rows that were put among the damaged rows.
    pub aside: Vec<(String, i64)>,
    /// Where the damaged file is.
    pub kept: PathBuf,
}

impl fmt::Display for Report {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let read: Vec<String> = self.read.iter().filter(|(_, rows)| *rows > 0).map(|(table, rows)| format!("{rows} of {table}")).collect();
        let gaps: Vec<String> = self.gaps.iter().map(|(table, from, until)| format!("{table} {from} to {until}")).collect();
        let gaps = if gaps.is_empty() { "none".to_owned() } else { gaps.join(", ") };
        let read = if read.is_empty() { "none".to_owned() } else { read.join(", ") };
        write!(to, "rows read: {read}; row numbers that cannot be read: {gaps}; ")?;
        if !self.aside.is_empty() {
            let aside: Vec<String> = self.aside.iter().map(|(table, row)| format!("{table} {row}")).collect();
            write!(to, "set aside: {}; ", aside.join(", "))?;
        }
        write!(to, "the damaged file is {}", self.kept.display())
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

/// The file beside a store's that says that SQLite found damage in it while it was open.
pub fn suspicion(path: &Path) -> PathBuf {
    beside(path, ".suspect")
}

/// Whether a file has the tables that it should have; the rest of it is not looked at.
pub fn has_tables(path: &Path) -> rusqlite::Result<bool> {
    schema::is_as_written(&Connection::open(path)?)
}

/// What SQLite finds wrong in a file's structures: sentences of SQLite.
pub fn findings(path: &Path) -> rusqlite::Result<Vec<String>> {
    findings_of(&Connection::open(path)?)
}

/// What SQLite finds wrong in the structures of an open file.
pub fn findings_of(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare("PRAGMA integrity_check")?;
    let rows = statement.query_map([], |row| row.get_ref(0).map(db::shown))?;
    let mut findings: Vec<String> = rows.collect::<rusqlite::Result<_>>()?;
    findings.retain(|line| line != "ok");
    if !schema::is_as_written(connection)? {
        findings.push("the definitions of its tables are not those of its version".to_owned());
    }
    Ok(findings)
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
    // The version of the damaged file, so that the columns are the same; whoever opens the new one migrates it.
    let version = schema::version(&source).ok().filter(|version| (1..=schema::VERSION).contains(version));
    schema::migrate_to(&target, version.unwrap_or(schema::VERSION)).map_err(|error| error.to_string())?;
    let mut report = Report::default();
    target.execute_batch("BEGIN").map_err(|error| error.to_string())?;
    let mut readable = false;
    for table in TABLES.iter().copied() {
        // A file of an older version does not have it yet.
        if !target.table_exists(None, table).map_err(|error| error.to_string())? {
            continue;
        }
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

/// A table that is being read.
struct Copy<'a> {
    table: &'a str,
    /// Reads all columns of the rows from a number on; the row's number first.
    from: Statement<'a>,
    /// Reads all columns of the row of this number.
    one: Statement<'a>,
    insert: Statement<'a>,
    aside: Statement<'a>,
    columns: usize,
    rows: u64,
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
    // By position, because a column's name may be damaged.
    let select = format!("SELECT rowid, * FROM {table} NOT INDEXED WHERE rowid");
    // A primary key of one integer is the row number itself, and appears twice then; SQLite takes the last.
    let insert = format!("INSERT INTO {table} (rowid, {list}) VALUES ({marks})");
    let aside = "INSERT INTO damaged (at, tbl, key, content, why) VALUES (?, ?, ?, ?, ?)";
    let mut copy = Copy {
        table,
        from: source.prepare(&format!("{select} >= ? ORDER BY rowid")).map_err(text)?,
        one: source.prepare(&format!("{select} = ?")).map_err(text)?,
        insert: target.prepare(&insert).map_err(text)?,
        aside: target.prepare(aside).map_err(text)?,
        columns: columns.len() + 1,
        rows: 0,
    };
    if copy.one.column_count() != copy.columns {
        return Err(format!("it has {} columns in place of {}", copy.one.column_count() - 1, columns.len()));
    }
    let (mut from, last) = bounds(source, &mut copy)?;
    while from <= last {
        let Some(reached) = copy.read_on(from, report)? else { break };
        let damaged = reached.map_or(from, |row| row.saturating_add(1));
        let next = copy.next_readable(damaged, last, report)?;
        let gap = next.map_or(last, |next| next - 1);
        if damaged <= gap {
            report.gaps.push((table.to_owned(), damaged, gap));
        }
        // The row itself was read by its number, so every turn goes further.
        match next.and_then(|next| next.checked_add(1)) {
            Some(after) => from = after,
            None => break,
        }
    }
    report.read.push((table.to_owned(), copy.rows));
    Ok(())
}

impl Copy<'_> {
    /// Copies rows from a number on, until the end, which gives none, or until one cannot be read, which gives the number of the last that could.
    fn read_on(&mut self, from: i64, report: &mut Report) -> Result<Option<Option<i64>>, String> {
        let mut last = None;
        let Ok(mut rows) = self.from.query([from]) else { return Ok(Some(last)) };
        loop {
            match rows.next() {
                Ok(None) => return Ok(None),
                Err(_) => return Ok(Some(last)),
                Ok(Some(row)) => {
                    let Ok(number) = row.get::<_, i64>(0) else { return Ok(Some(last)) };
                    // In a damaged tree the numbers may go backwards, or in a circle.
                    if last.map_or(number < from, |last| number <= last) {
                        return Ok(Some(last));
                    }
                    put(row, self.columns, &mut self.insert, &mut self.aside, self.table, report)?;
                    self.rows += 1;
                    last = Some(number);
                }
            }
        }
    }

    /// Copies the first row from a number on that can be read by its number.
    fn next_readable(&mut self, from: i64, last: i64, report: &mut Report) -> Result<Option<i64>, String> {
        for number in from..=last.min(from.saturating_add(LONGEST_GAP)) {
            let Ok(mut rows) = self.one.query([number]) else { continue };
            if let Ok(Some(row)) = rows.next() {
                put(row, self.columns, &mut self.insert, &mut self.aside, self.table, report)?;
                self.rows += 1;
                return Ok(Some(number));
            }
        }
        Ok(None)
    }

    /// Whether a row of these numbers can be read.
    fn has_row(&mut self, mut numbers: std::ops::RangeInclusive<i64>) -> bool {
        numbers.any(|number| self.one.query_row([number], |_| Ok(())).is_ok())
    }
}

/// Stores a row as it was read, or among the damaged rows if it breaks a constraint of its table.
fn put(
    row: &Row<'_>,
    columns: usize,
    insert: &mut Statement<'_>,
    aside: &mut Statement<'_>,
    table: &str,
    report: &mut Report,
) -> Result<(), String> {
    let text = |error: rusqlite::Error| error.to_string();
    let values: Vec<ValueRef<'_>> = (0..columns).map(|at| row.get_ref(at)).collect::<rusqlite::Result<_>>().map_err(text)?;
    // Bytes are bound as they are: a row with damaged text has its checksum for a judge.
    match insert.execute(params_from_iter(values.iter().map(|value| ToSqlOutput::Borrowed(*value)))) {
        Ok(_) => Ok(()),
        Err(error) if is_refused(&error) => {
            let number = values.first().and_then(|number| number.as_i64().ok()).unwrap_or_default();
            let content = values.iter().map(|value| db::shown(*value)).collect::<Vec<_>>().join("\u{1f}");
            let why = format!("recovered from a damaged file, and {error}");
            aside.execute(params![SystemClock.now_ms(), table, format!("row {number}"), content.into_bytes(), why]).map_err(text)?;
            report.aside.push((table.to_owned(), number));
            Ok(())
        }
        Err(error) => Err(text(error)),
    }
}

/// Whether a table refuses a row: a value is missing, of another type, or there twice.
fn is_refused(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch))
}

/// The first and the last row number of a table. Where an end cannot be read, it is guessed as the widest possible.
fn bounds(source: &Connection, copy: &mut Copy<'_>) -> Result<(i64, i64), String> {
    let table = copy.table;
    let one =
        |sql: &str| source.query_row(&format!("SELECT {sql}(rowid) FROM {table} NOT INDEXED"), [], |row| row.get::<_, Option<i64>>(0));
    let (first, last) = match (one("min"), one("max")) {
        (Ok(None), Ok(None)) => return Ok((0, -1)),
        // A table whose root cannot be read has no readable row at all.
        (Err(error), Err(_)) if !copy.has_row(1..=LONGEST_GAP) => return Err(error.to_string()),
        found => found,
    };
    let first = first.ok().flatten().unwrap_or(1);
    Ok((first, last.ok().flatten().unwrap_or_else(|| first.saturating_add(LONGEST_GAP))))
}
