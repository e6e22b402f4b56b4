//! The connection of the writer, and counters.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, ErrorCode, OptionalExtension, Row, params};
use uis_host::clock::{Clock, SystemClock};

use super::checkpoint::Checkpointer;
use super::erasing::delete::Emptying;
use super::waiting::Waiting;
use super::{OpenError, OpenOptions, recovery, schema};

/// Counters are written this far ahead, so that a number is never taken twice, and not every one costs a write.
const AHEAD: i64 = 10_000;
/// No number is ever as large as this; one that is found in the file is damaged, and not counted on from.
const MOST: i64 = 1 << 62;
/// Prepared statements that are kept; there are about 60.
const STATEMENTS: usize = 96;
/// Pages of 4 KiB that SQLite keeps in memory: 32 MiB.
const CACHE_KIB: i64 = 32 << 10;
/// Why an operation failed.
#[derive(Debug)]
pub enum DbError {
    /// Only this operation: what it needs is damaged. It has written nothing.
    This(String),
    /// The store as a whole.
    Store(rusqlite::Error),
}

impl From<rusqlite::Error> for DbError {
    fn from(error: rusqlite::Error) -> Self {
        DbError::Store(error)
    }
}

/// Whether SQLite says that the file itself is damaged, and not that it cannot be reached, read or written just now.
pub fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

/// Reads a row whose first column is its number. A value that is not of its column's type is damage of this row alone: the inner error is the
/// row's number.
pub fn sound<T>(row: &Row<'_>, read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>) -> rusqlite::Result<Result<T, i64>> {
    use rusqlite::Error::{FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType, Utf8Error};
    match read(row) {
        Ok(found) => Ok(Ok(found)),
        Err(FromSqlConversionFailure(..) | IntegralValueOutOfRange(..) | InvalidColumnType(..) | Utf8Error(..)) => Ok(Err(row.get(0)?)),
        Err(error) => Err(error),
    }
}

/// A value for a reader, whatever it is: text that is damaged has replacement characters.
pub fn shown(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// A counter: the next number, and the one below which all are taken on disk.
#[derive(Debug, Clone, Copy)]
struct Counter {
    next: i64,
    taken: i64,
}

/// The connection of the writer.
pub struct Db {
    /// Copies the log into the file.
    pub checkpointer: Checkpointer,
    /// The connection. It is closed after the checkpointer's, and removes the log.
    pub connection: Connection,
    counters: HashMap<&'static str, Counter>,
    /// Which events wait. It changes with the rows, and is read anew when the file is opened again after a failure.
    pub waiting: Waiting,
    /// Bytes of keys and values, by owner; absent until an owner first writes.
    pub storage_bytes: HashMap<String, i64>,
    /// Number and bytes of timers, by owner; absent until an owner first sets one.
    pub timer_room: HashMap<String, (i64, i64)>,
    /// Who waits for the log to be emptied after the next commit.
    pub emptying: Vec<Emptying>,
    path: PathBuf,
    /// Held as long as the file is open.
    _lock: File,
}

/// Columns that say which row of a table it is, and the column with its content.
fn identity(table: &str) -> (&'static str, &'static str) {
    match table {
        "events" => ("owner, id", "body"),
        "states" => ("owner", "state"),
        "storage" => ("owner, key", "value"),
        "timers" => ("owner, name", "payload"),
        "requests" => ("owner, number", "body"),
        "integrations" => ("name", "record"),
        "captures" => ("owner, event", "content"),
        "versions" => ("subject, digest", "version"),
        "verdicts" => ("rule, digest", "why"),
        "originals" => ("owner, request", "body"),
        "pauses" => ("owner", "who"),
        _ => ("rowid", "NULL"),
    }
}

/// The counter of events.
pub const EVENTS: &str = "events";
/// The counter of versions of stored values.
pub const VERSIONS: &str = "versions";
/// The counter of requests.
pub const REQUESTS: &str = "requests";

impl Db {
    /// Opens a file and migrates it.
    pub fn open(path: &Path, options: &OpenOptions, lock: File) -> Result<Db, OpenError> {
        let failed = |error: rusqlite::Error| OpenError::File { path: path.to_owned(), why: error.to_string() };
        let mut connection = Connection::open(path).map_err(failed)?;
        let found = schema::version(&connection).map_err(failed)?;
        if found > schema::VERSION {
            return Err(OpenError::Newer { path: path.to_owned(), found, known: schema::VERSION });
        }
        let synchronous = if options.leave_out_fsync && cfg!(debug_assertions) { "OFF" } else { "FULL" };
        let set = || -> rusqlite::Result<()> {
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.pragma_update(None, "synchronous", synchronous)?;
            connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
            // What is deleted or replaced is overwritten at once: it may be personal data.
            connection.pragma_update(None, "secure_delete", true)?;
            connection.set_prepared_statement_cache_capacity(STATEMENTS);
            schema::migrate(&connection)?;
            if schema::may_have_traces(found)
                && let Err(error) = connection.execute_batch("VACUUM")
            {
                tracing::warn!(%error, "unused space of the store's file may still have deleted rows; there was no room to write it anew");
            }
            if let Some(most) = &options.most_pages {
                connection.pragma_update(None, "max_page_count", most.load(Ordering::SeqCst))?;
            }
            Ok(())
        };
        set().map_err(failed)?;
        let checkpointer = Checkpointer::start(&mut connection, path, synchronous);
        let checkpointer = checkpointer.map_err(|why| OpenError::File { path: path.to_owned(), why })?;
        let mut db = Db {
            checkpointer,
            connection,
            counters: HashMap::new(),
            waiting: Waiting::default(),
            storage_bytes: HashMap::new(),
            timer_room: HashMap::new(),
            emptying: Vec::new(),
            path: path.to_owned(),
            _lock: lock,
        };
        for (name, table, column) in [(EVENTS, "events", "place"), (VERSIONS, "storage", "version"), (REQUESTS, "requests", "number")] {
            db.begin_counter(name, table, column).map_err(failed)?;
        }
        let (waiting, damaged) = Waiting::load(&db.connection).map_err(failed)?;
        db.waiting = waiting;
        for row in damaged {
            db.set_aside("events", row).map_err(failed)?;
        }
        Ok(db)
    }

    /// Counts on from what the file says is taken, and from what is stored: after a recovery the counter may be missing.
    fn begin_counter(&mut self, name: &'static str, table: &str, column: &str) -> rusqlite::Result<()> {
        let read = |row: &Row<'_>| Ok(row.get_ref(0)?.as_i64().ok());
        let known = self.connection.query_row("SELECT value FROM counters WHERE name = ?", [name], read).optional()?.flatten();
        let sql = format!("SELECT coalesce(max({column}), 0) FROM {table} WHERE {column} < {MOST}");
        let stored: i64 = self.connection.query_row(&sql, [], |row| row.get(0))?;
        let known = known.filter(|known| *known < MOST);
        let taken = known.unwrap_or(0).max(stored);
        self.counters.insert(name, Counter { next: taken + 1, taken });
        Ok(())
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The number of the next request, at the beginning.
    pub fn next_request(&self) -> u64 {
        self.counters.get(REQUESTS).map_or(1, |counter| counter.next.unsigned_abs())
    }

    /// Takes the next number of a counter.
    pub fn take(&mut self, name: &'static str) -> rusqlite::Result<i64> {
        let next = self.counters.get(name).map_or(1, |counter| counter.next);
        self.taken(name, next)?;
        Ok(next)
    }

    /// Takes this number of a counter, and all below it.
    pub fn taken(&mut self, name: &'static str, number: i64) -> rusqlite::Result<()> {
        let counter = self.counters.entry(name).or_insert(Counter { next: 1, taken: 0 });
        counter.next = counter.next.max(number + 1);
        if number <= counter.taken {
            return Ok(());
        }
        counter.taken = number + AHEAD;
        let taken = counter.taken;
        let mut statement = self.connection.prepare_cached("INSERT OR REPLACE INTO counters (name, value) VALUES (?, ?)")?;
        statement.execute(params![name, taken]).map(|_| ())
    }

    /// Sets a damaged row aside: it is moved into the table of damaged rows, with its content as it was found.
    pub fn set_aside(&mut self, table: &'static str, row: i64) -> rusqlite::Result<()> {
        let (columns, content) = identity(table);
        let names = columns.split(", ").count();
        let sql = format!("SELECT {columns}, {content} FROM {table} WHERE rowid = ?");
        let read = |found: &Row<'_>| -> rusqlite::Result<(String, Value)> {
            let names: Vec<String> = (0..names).map(|at| found.get_ref(at).map(shown)).collect::<rusqlite::Result<_>>()?;
            let content = match found.get_ref(names.len())? {
                ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
                ValueRef::Null => Value::Null,
                other => Value::Blob(shown(other).into_bytes()),
            };
            Ok((names.join("/"), content))
        };
        let (key, content) = self.connection.query_row(&sql, [row], read)?;
        // It may have counted for any owner.
        self.storage_bytes.clear();
        self.timer_room.clear();
        if table == "events" {
            self.waiting.forget(row);
        }
        // Not its key: a plugin may have put a phone into it.
        tracing::error!(table, row, "a stored row is damaged; it was set aside");
        metrics::counter!("uis_gateway_store_damaged_total").increment(1);
        let at = SystemClock.now_ms();
        self.connection.execute(
            "INSERT INTO damaged (at, tbl, key, content, why) VALUES (?, ?, ?, ?, 'the checksum does not match')",
            params![at, table, key, content],
        )?;
        self.connection.execute(&format!("DELETE FROM {table} WHERE rowid = ?"), [row]).map(|_| ())
    }

    /// Notes beside the file that SQLite found it damaged, so that the next opening checks it as a whole, however large it is.
    pub fn suspect(&self, error: &rusqlite::Error) {
        if !is_damage(error) {
            return;
        }
        if let Err(error) = File::create(recovery::suspicion(&self.path)) {
            tracing::error!(path = %self.path.display(), %error, "the file is damaged: run uis-gateway check-store --recover");
        }
    }
}
