//! Requests as they came, and those that could not be read.

use std::sync::atomic::Ordering;

use rusqlite::{Connection, OptionalExtension, Row, params};
use uis_host::ports::{Answer, StoreError};

use super::SqliteStore;
use super::beside::Reading;
use super::db::{Db, DbError, REQUESTS, shown, sound};
use super::sums::Sum;

/// A request as it came: without its path, which contains a secret.
#[derive(Debug, Clone)]
pub struct NewRequest {
    /// The integration.
    pub owner: String,
    /// When it came, in milliseconds since 1970.
    pub at: i64,
    /// What sent it, or what was done: `notification`, `route`, `callback`, `settings`, `activate`, `deactivate`, `action`, `report`.
    pub kind: String,
    /// The type of the notification, or the name of the callback.
    pub what: String,
    /// The HTTP method.
    pub method: String,
    /// The query.
    pub query: String,
    /// The media type of the body.
    pub content_type: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// A request that could not be read.
#[derive(Debug, Clone)]
pub struct Rejected {
    /// Its number.
    pub number: u64,
    /// The integration.
    pub owner: String,
    /// When it came, in milliseconds since 1970.
    pub at: i64,
    /// The type of the notification, or the name of the callback.
    pub what: String,
    /// The query.
    pub query: String,
    /// The body.
    pub body: Vec<u8>,
    /// Why it could not be read.
    pub reason: String,
}

/// When requests of an integration last came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LastReceived {
    /// What sent it, what it was, and when the last one came, in milliseconds since 1970.
    pub last: Vec<(String, String, i64)>,
    /// From when on requests were looked at, in milliseconds since 1970, when there was no time to look at all.
    pub since: Option<i64>,
}

/// Looks through the requests, newest first, until so many different ones were found.
fn last_received(reading: &Reading, owner: &str, wanted: usize) -> rusqlite::Result<LastReceived> {
    let mut statement = reading
        .connection
        .prepare("SELECT owner, kind, what, at FROM requests WHERE kind IN ('notification', 'route', 'callback') ORDER BY number DESC")?;
    let mut rows = statement.query([])?;
    let mut found = LastReceived::default();
    while let Some(row) = rows.next()? {
        if found.last.len() >= wanted {
            break;
        }
        let (from, kind, what, at): (String, String, String, i64) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
        if reading.is_over() {
            found.since = Some(at);
            break;
        }
        if from == owner && !found.last.iter().any(|(known, same, _)| (known, same) == (&kind, &what)) {
            found.last.push((kind, what, at));
        }
    }
    Ok(found)
}

fn sum(number: i64, request: &NewRequest, rejected: Option<&str>) -> i64 {
    Sum::of("requests")
        .number(number)
        .text(&request.owner)
        .number(request.at)
        .text(&request.kind)
        .text(&request.what)
        .text(&request.method)
        .text(&request.query)
        .maybe(request.content_type.as_deref())
        .bytes(&request.body)
        .maybe(rejected)
        .done()
}

/// Columns of a row.
pub const COLUMNS: &str = "number, owner, at, kind, what, method, query, content_type, body, sum, rejected";

/// A row of the table.
struct Found {
    number: i64,
    request: NewRequest,
    /// Why it could not be read.
    rejected: Option<String>,
}

/// A row; of a damaged one its number.
fn read(row: &Row<'_>) -> rusqlite::Result<Result<Found, i64>> {
    let found = sound(row, |row| {
        let request = NewRequest {
            owner: row.get(1)?,
            at: row.get(2)?,
            kind: row.get(3)?,
            what: row.get(4)?,
            method: row.get(5)?,
            query: row.get(6)?,
            content_type: row.get(7)?,
            body: row.get(8)?,
        };
        let found = Found { number: row.get(0)?, request, rejected: row.get(10)? };
        Ok((row.get::<_, i64>(9)? == sum(found.number, &found.request, found.rejected.as_deref()), found))
    })?;
    Ok(found.and_then(|(sound, found)| if sound { Ok(found) } else { Err(found.number) }))
}

/// The number of a row; an error when it is damaged.
pub fn number(row: &Row<'_>) -> rusqlite::Result<Result<i64, i64>> {
    Ok(read(row)?.map(|found| found.number))
}

/// A request with its number; an error when it is damaged.
pub fn whole(row: &Row<'_>) -> rusqlite::Result<Result<(u64, NewRequest), i64>> {
    Ok(read(row)?.map(|found| (found.number.unsigned_abs(), found.request)))
}

/// The request, if it could not be read. A damaged row is set aside.
fn rejected(db: &mut Db, found: Result<Found, i64>) -> Result<Option<Rejected>, DbError> {
    match found {
        Err(number) => Ok(db.set_aside("requests", number).map(|()| None)?),
        Ok(Found { number, request, rejected }) => {
            let NewRequest { owner, at, what, query, body, .. } = request;
            Ok(rejected.map(|reason| Rejected { number: number.unsigned_abs(), owner, at, what, query, body, reason }))
        }
    }
}

fn find(db: &Db, number: u64) -> rusqlite::Result<Option<Result<Found, i64>>> {
    let sql = format!("SELECT {COLUMNS} FROM requests WHERE number = ?");
    db.connection.prepare_cached(&sql)?.query_row([number.cast_signed()], read).optional()
}

/// Says why a request could not be read, or that it was read after all. False when there is no such request. A damaged row is set aside.
fn set_rejected(db: &mut Db, number: u64, reason: Option<&str>) -> Result<bool, DbError> {
    match find(db, number)? {
        None => Ok(false),
        Some(Err(number)) => Ok(db.set_aside("requests", number).map(|()| false)?),
        Some(Ok(Found { number, request, .. })) => {
            let mut statement = db.connection.prepare_cached("UPDATE requests SET rejected = ?, sum = ? WHERE number = ?")?;
            statement.execute(params![reason, sum(number, &request, reason), number])?;
            Ok(true)
        }
    }
}

/// A request as it is stored.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Its number.
    pub number: u64,
    /// The request, with the body that an administrator may have replaced.
    pub request: NewRequest,
}

/// A request by its number. A damaged one is as absent.
pub(super) fn stored(connection: &Connection, number: i64) -> rusqlite::Result<Option<Stored>> {
    let sql = format!("SELECT {COLUMNS} FROM requests WHERE number = ?");
    let found = connection.query_row(&sql, [number], read).optional()?.and_then(Result::ok);
    Ok(found.map(|found| Stored { number: found.number.unsigned_abs(), request: found.request }))
}

/// Puts another query and body into a request's row, and returns those that were there; none when there is no such request. A damaged row is set
/// aside.
pub(super) fn swap_body(db: &mut Db, number: i64, query: &str, body: &[u8]) -> Result<Option<(String, Vec<u8>)>, DbError> {
    match find(db, number.unsigned_abs())? {
        None => Ok(None),
        Some(Err(number)) => Ok(db.set_aside("requests", number).map(|()| None)?),
        Some(Ok(Found { number, request, rejected })) => {
            let changed = NewRequest { query: query.to_owned(), body: body.to_vec(), ..request.clone() };
            let mut statement = db.connection.prepare_cached("UPDATE requests SET query = ?, body = ?, sum = ? WHERE number = ?")?;
            statement.execute(params![query, body, sum(number, &changed, rejected.as_deref()), number])?;
            Ok(Some((request.query, request.body)))
        }
    }
}

/// Requests whose checksum does not match.
pub fn damaged(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut statement = connection.prepare(&format!("SELECT {COLUMNS} FROM requests"))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if let Err(number) = number(row)? {
            found.push(format!("requests {}/{number}", shown(row.get_ref(1)?)));
        }
    }
    Ok(found)
}

impl SqliteStore {
    /// Stores a request and returns its number. It is on disk together with the next durable write.
    pub fn receive(&self, request: NewRequest) -> u64 {
        let number = self.next_request.fetch_add(1, Ordering::SeqCst);
        // The answer is of no use to anybody: if it cannot be stored, nothing after it can be.
        drop(self.soon(move |db| {
            let number = number.cast_signed();
            db.taken(REQUESTS, number)?;
            let sql = "INSERT INTO requests (number, owner, at, kind, what, method, query, content_type, body, sum) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
            let sum = sum(number, &request, None);
            let NewRequest { owner, at, kind, what, method, query, content_type, body } = request;
            db.connection.prepare_cached(sql)?.execute(params![number, owner, at, kind, what, method, query, content_type, body, sum])?;
            Ok(())
        }));
        number
    }

    /// When requests of an integration last came, each kind once; at most `wanted` kinds. The file is read beside the writer, which goes on
    /// meanwhile. Checksums are not compared.
    pub async fn last_received(&self, owner: &str, wanted: usize) -> Result<LastReceived, StoreError> {
        let owner = owner.to_owned();
        self.beside(move |reading| last_received(reading, &owner, wanted)).await
    }

    /// Makes a request that cannot be read a dead letter.
    pub fn reject(&self, number: u64, reason: &str) -> Answer<'static, ()> {
        let reason = reason.to_owned();
        self.durable(move |db| match set_rejected(db, number, Some(&reason))? {
            false => Err(DbError::This(format!("there is no request {number}"))),
            true => Ok(()),
        })
    }

    /// Requests of an integration that could not be read, oldest first, after the one with this number; at most `limit`.
    pub fn rejected(&self, owner: &str, after: Option<u64>, limit: usize) -> Answer<'static, Vec<Rejected>> {
        let (owner, after) = (owner.to_owned(), after.unwrap_or(0).cast_signed());
        self.soon(move |db| {
            let sql =
                format!("SELECT {COLUMNS} FROM requests WHERE owner = ? AND rejected IS NOT NULL AND number > ? ORDER BY number LIMIT ?");
            let found: Vec<_> = {
                let mut statement = db.connection.prepare_cached(&sql)?;
                let rows = statement.query_map(params![owner, after, limit as i64], read)?;
                rows.collect::<rusqlite::Result<_>>()?
            };
            let mut all = Vec::new();
            for row in found {
                all.extend(rejected(db, row)?);
            }
            Ok(all)
        })
    }

    /// A request that could not be read; none when there is no such request.
    pub fn find_rejected(&self, number: u64) -> Answer<'static, Option<Rejected>> {
        self.soon(move |db| find(db, number)?.map_or(Ok(None), |found| rejected(db, found)))
    }

    /// A request was read after all: it is no dead letter any more.
    pub fn take_rejected(&self, number: u64) -> Answer<'static, ()> {
        self.durable(move |db| set_rejected(db, number, None).map(|_| ()))
    }
}
