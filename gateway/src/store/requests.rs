//! Requests as they came, and those that could not be read.

use std::sync::atomic::Ordering;

use rusqlite::{OptionalExtension, Row, params};
use uis_host::ports::Answer;

use super::SqliteStore;
use super::db::{Db, DbError, REQUESTS};
use super::sums::Sum;

/// A request as it came: without its path, which contains a secret.
#[derive(Debug, Clone)]
pub struct NewRequest {
    /// The integration.
    pub owner: String,
    /// When it came, in milliseconds since 1970.
    pub at: i64,
    /// What sent it: `notification`, `route`, `callback`.
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

fn sum(number: i64, request: &NewRequest) -> i64 {
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
        .done()
}

const COLUMNS: &str = "number, owner, at, kind, what, method, query, content_type, body, sum, rejected";

/// A row: the request, its number, whether its checksum matches, and why it could not be read.
fn read(row: &Row<'_>) -> rusqlite::Result<(i64, NewRequest, bool, Option<String>)> {
    let number = row.get(0)?;
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
    let sound = row.get::<_, i64>(9)? == sum(number, &request);
    Ok((number, request, sound, row.get(10)?))
}

fn rejected(db: &mut Db, found: (i64, NewRequest, bool, Option<String>)) -> Result<Option<Rejected>, DbError> {
    let (number, request, sound, reason) = found;
    if !sound {
        db.set_aside("requests", number, &format!("{}/{number}", request.owner), Some(&request.body))?;
        return Ok(None);
    }
    let NewRequest { owner, at, what, query, body, .. } = request;
    Ok(reason.map(|reason| Rejected { number: number.unsigned_abs(), owner, at, what, query, body, reason }))
}

/// Requests whose checksum does not match.
pub fn damaged(db: &mut Db) -> Result<Vec<String>, DbError> {
    let mut found = Vec::new();
    let mut statement = db.connection.prepare(&format!("SELECT {COLUMNS} FROM requests"))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (number, request, sound, _) = read(row)?;
        if !sound {
            found.push(format!("requests {}/{number}", request.owner));
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
            let sum = sum(number, &request);
            let NewRequest { owner, at, kind, what, method, query, content_type, body } = request;
            db.connection.prepare_cached(sql)?.execute(params![number, owner, at, kind, what, method, query, content_type, body, sum])?;
            Ok(())
        }));
        number
    }

    /// Makes a request that cannot be read a dead letter.
    pub fn reject(&self, number: u64, reason: &str) -> Answer<'static, ()> {
        let reason = reason.to_owned();
        self.durable(move |db| {
            let mut statement = db.connection.prepare_cached("UPDATE requests SET rejected = ? WHERE number = ?")?;
            match statement.execute(params![reason, number.cast_signed()])? {
                0 => Err(DbError::This(format!("there is no request {number}"))),
                _ => Ok(()),
            }
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
        self.soon(move |db| {
            let sql = format!("SELECT {COLUMNS} FROM requests WHERE number = ? AND rejected IS NOT NULL");
            let found = db.connection.prepare_cached(&sql)?.query_row([number.cast_signed()], read).optional()?;
            found.map_or(Ok(None), |found| rejected(db, found))
        })
    }

    /// A request was read after all: it is no dead letter any more.
    pub fn take_rejected(&self, number: u64) -> Answer<'static, ()> {
        self.durable(move |db| {
            db.connection.prepare_cached("UPDATE requests SET rejected = NULL WHERE number = ?")?.execute([number.cast_signed()])?;
            Ok(())
        })
    }
}
