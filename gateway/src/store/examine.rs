//! Checking a file without changing it: a backup, or the store beside the service that writes it.

use std::io;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use tempfile::NamedTempFile;

use super::{OpenError, damage, db, recovery, schema};

/// What is in a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    /// Number of integrations.
    pub integrations: u64,
    /// Number of events that wait.
    pub waiting: u64,
    /// Number of dead letters: events that are dead, and requests that could not be read.
    pub dead: u64,
    /// When the newest event was received, in milliseconds since 1970; none when there is no event.
    pub newest: Option<i64>,
}

/// What was found in a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Examined {
    /// What is wrong with the file's structures, in SQLite's sentences. Then nothing else is known.
    pub structure: Vec<String>,
    /// Rows whose checksum does not match, by table and key.
    pub rows: Vec<String>,
    /// What is in the file.
    pub contents: Contents,
}

impl Examined {
    /// Everything that is damaged.
    pub fn damaged(&self) -> impl Iterator<Item = &String> {
        self.structure.iter().chain(&self.rows)
    }
}

/// Checks a file: SQLite's structures and every checksum, of one moment when another process writes it. A file of an older version is checked
/// in a copy beside it that has today's tables, and that is removed again.
pub fn examine(path: &Path) -> Result<Examined, OpenError> {
    let failed = |why: &dyn std::fmt::Display| OpenError::File { path: path.to_owned(), why: why.to_string() };
    let size = std::fs::metadata(path).map_err(|error| failed(&error))?.len();
    if size == 0 {
        return Ok(damaged("the file is empty"));
    }
    match structure(path) {
        Err(error) if db::is_damage(&error) => return Ok(damaged(&error.to_string())),
        Err(error) => return Err(failed(&error)),
        Ok((found, _)) if found > schema::VERSION => {
            return Err(OpenError::Newer { path: path.to_owned(), found, known: schema::VERSION });
        }
        Ok((0, _)) => return Ok(damaged("it is no store of uis-gateway")),
        Ok((_, findings)) if !findings.is_empty() => return Ok(Examined { structure: findings, ..Examined::default() }),
        Ok((schema::VERSION, _)) => {}
        Ok(_) => return examine_older(path),
    }
    let read = || {
        let connection = open(path)?;
        Ok(Examined { structure: Vec::new(), rows: damage::compare(&connection)?, contents: contents(&connection)? })
    };
    read().map_err(|error: rusqlite::Error| failed(&error))
}

fn damaged(why: &str) -> Examined {
    Examined { structure: vec![why.to_owned()], ..Examined::default() }
}

/// Opens a file for reading, with one moment's content for everything that is read.
fn open(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.execute_batch("BEGIN")?;
    Ok(connection)
}

/// The file's version, and what is wrong with its structures.
fn structure(path: &Path) -> rusqlite::Result<(u32, Vec<String>)> {
    let connection = open(path)?;
    let version = schema::version(&connection)?;
    let known = (1..=schema::VERSION).contains(&version);
    Ok((version, if known { recovery::findings_of(&connection)? } else { Vec::new() }))
}

fn contents(connection: &Connection) -> rusqlite::Result<Contents> {
    let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map(i64::unsigned_abs);
    Ok(Contents {
        integrations: count("SELECT count(*) FROM integrations")?,
        waiting: count("SELECT count(*) FROM events WHERE state = 0")?,
        dead: count("SELECT (SELECT count(*) FROM events WHERE state = 2) + (SELECT count(*) FROM requests WHERE rejected IS NOT NULL)")?,
        newest: connection.query_row("SELECT max(received) FROM events", [], |row| row.get(0))?,
    })
}

/// Checks a file of an older version in a copy that is migrated.
fn examine_older(path: &Path) -> Result<Examined, OpenError> {
    let failed = |why: &dyn std::fmt::Display| OpenError::File { path: path.to_owned(), why: why.to_string() };
    let copied = || -> io::Result<NamedTempFile> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let copy = NamedTempFile::new_in(folder)?;
        std::fs::copy(path, copy.path())?;
        Ok(copy)
    };
    let copy = copied().map_err(|error| failed(&format!("no copy of it can be made beside it for the check: {error}")))?;
    let migrated = Connection::open(copy.path()).and_then(|connection| {
        // A log of its own would outlive the copy.
        connection.pragma_update(None, "journal_mode", "DELETE")?;
        schema::migrate(&connection)
    });
    migrated.map_err(|error| failed(&format!("its tables cannot be brought up to date: {error}")))?;
    examine(copy.path())
}
