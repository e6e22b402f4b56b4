//! Reads requests and captures in order of time, beside the writer, which goes on meanwhile: what was committed when the reading began. Memory
//! is used for one row of each.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Rows};

use super::records::{self, CAPTURE, Captured};
use super::requests::{self, COLUMNS, NewRequest};

/// How long to wait for the writer.
const BUSY: Duration = Duration::from_secs(5);

/// What is read.
#[derive(Debug, Clone)]
pub struct Walk {
    /// The integrations.
    pub owners: Vec<String>,
    /// From when on, in milliseconds since 1970, inclusive.
    pub from: i64,
    /// Until when, in milliseconds since 1970, exclusive.
    pub until: i64,
}

/// A row.
#[derive(Debug)]
pub enum Met {
    /// A request, with its number.
    Request(u64, NewRequest),
    /// An attempt to handle an event, or a problem.
    Captured(Captured),
    /// A row whose checksum does not match; of this table.
    Damaged(&'static str),
}

/// Why reading ended early.
#[derive(Debug, thiserror::Error)]
pub enum WalkError {
    /// The file cannot be read.
    #[error("{0}")]
    File(#[from] rusqlite::Error),
    /// What reads the rows has failed.
    #[error("{0}")]
    Visitor(String),
}

/// Reads a file. Requests come before what was captured at the same time.
pub fn walk(path: &Path, what: &Walk, visit: &mut dyn FnMut(Met) -> Result<(), String>) -> Result<(), WalkError> {
    let mut connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(BUSY)?;
    // One transaction: both tables are read as they were at one time.
    let transaction = connection.transaction()?;
    {
        let sql = format!("SELECT {COLUMNS} FROM requests WHERE at >= ?1 AND at < ?2 ORDER BY number");
        let mut all_requests = transaction.prepare(&sql)?;
        let mut requests = all_requests.query([what.from, what.until])?;
        let sql = format!("SELECT {CAPTURE} FROM captures WHERE at >= ?1 AND at < ?2 ORDER BY row");
        let mut all_captures = transaction.prepare(&sql)?;
        let mut captures = all_captures.query([what.from, what.until])?;
        let (mut request, mut capture) = (next_request(&mut requests, what)?, next_capture(&mut captures, what)?);
        loop {
            let time = |met: &Option<(i64, Met)>| met.as_ref().map_or(i64::MAX, |(at, _)| *at);
            let next = match time(&request) <= time(&capture) {
                true => std::mem::replace(&mut request, next_request(&mut requests, what)?),
                false => std::mem::replace(&mut capture, next_capture(&mut captures, what)?),
            };
            let Some((_, met)) = next else { break };
            visit(met).map_err(WalkError::Visitor)?;
        }
    }
    Ok(transaction.finish()?)
}

fn next_request(rows: &mut Rows<'_>, what: &Walk) -> rusqlite::Result<Option<(i64, Met)>> {
    while let Some(row) = rows.next()? {
        match requests::whole(row)? {
            Err(_) => return Ok(Some((i64::MIN, Met::Damaged("requests")))),
            Ok((number, request)) if what.owners.contains(&request.owner) => return Ok(Some((request.at, Met::Request(number, request)))),
            Ok(_) => {}
        }
    }
    Ok(None)
}

fn next_capture(rows: &mut Rows<'_>, what: &Walk) -> rusqlite::Result<Option<(i64, Met)>> {
    while let Some(row) = rows.next()? {
        match records::whole_capture(row)? {
            Err(_) => return Ok(Some((i64::MIN, Met::Damaged("captures")))),
            Ok(captured) if what.owners.contains(&captured.owner) => return Ok(Some((captured.at, Met::Captured(captured)))),
            Ok(_) => {}
        }
    }
    Ok(None)
}

/// Requests of these kinds of an integration at or after a time, oldest first; at most one of each kind.
pub fn first_of_kinds(path: &Path, owner: &str, from: i64, kinds: &[&str]) -> rusqlite::Result<Vec<NewRequest>> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(BUSY)?;
    let mut found = Vec::new();
    for kind in kinds {
        let sql = format!("SELECT {COLUMNS} FROM requests WHERE owner = ?1 AND kind = ?2 AND at >= ?3 ORDER BY number LIMIT 1");
        let mut statement = connection.prepare(&sql)?;
        let mut rows = statement.query(rusqlite::params![owner, kind, from])?;
        if let Some(row) = rows.next()?
            && let Ok((_, request)) = requests::whole(row)?
        {
            found.push(request);
        }
    }
    Ok(found)
}
