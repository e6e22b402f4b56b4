//! Integrations, dial orders, captures.

use rusqlite::{OptionalExtension, params};
use uis_host::clock::{Clock, SystemClock};
use uis_host::ports::{Answer, StoreError};

use super::SqliteStore;
use super::db::{Db, DbError};
use super::sums::Sum;

/// What the store knows of a dial order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DialRecord {
    /// It was unknown, and is stored now.
    New,
    /// It was stored before; with its outcome, if that is known.
    Known(Option<String>),
}

/// An attempt to handle an event, or a problem, as it is kept for whoever wants to know why.
#[derive(Debug, Clone)]
pub struct Captured {
    /// The integration.
    pub owner: String,
    /// The delivery id; empty for a problem.
    pub event: String,
    /// The number of the request that the event came from.
    pub origin: u64,
    /// The number of the attempt, from 1; 0 for a problem.
    pub attempt: u32,
    /// When it ended, in milliseconds since 1970.
    pub at: i64,
    /// The result in one word.
    pub outcome: String,
    /// The handler's steps, as JSON.
    pub content: String,
}

fn record_sum(name: &str, record: &[u8]) -> i64 {
    Sum::of("integrations").text(name).bytes(record).done()
}

fn dial_sum(owner: &str, id: &str, at: i64, dial: &str, outcome: Option<&str>) -> i64 {
    Sum::of("dials").text(owner).text(id).number(at).text(dial).maybe(outcome).done()
}

/// Records of integrations and dial orders whose checksum does not match.
pub fn damaged(db: &mut Db) -> Result<Vec<String>, DbError> {
    let mut found = Vec::new();
    let mut statement = db.connection.prepare("SELECT name, record, sum FROM integrations")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (name, record): (String, Vec<u8>) = (row.get(0)?, row.get(1)?);
        if row.get::<_, i64>(2)? != record_sum(&name, &record) {
            found.push(format!("integrations {name} (discard it: integrations:{name})"));
        }
    }
    let mut statement = db.connection.prepare("SELECT owner, id, at, dial, outcome, sum FROM dials")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (owner, id, dial): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(3)?);
        let outcome: Option<String> = row.get(4)?;
        if row.get::<_, i64>(5)? != dial_sum(&owner, &id, row.get(2)?, &dial, outcome.as_deref()) {
            found.push(format!("dials {owner}/{id}"));
        }
    }
    Ok(found)
}

/// What [`SqliteStore::prove_room`] writes.
const ROOM_BYTES: usize = 64 << 10;
/// The event that it is written for.
const ROOM: &str = "room";

fn insert_capture(db: &mut Db, captured: Captured) -> Result<(), DbError> {
    let Captured { owner, event, origin, attempt, at, outcome, content } = captured;
    let sum = Sum::of("captures").text(&owner).text(&event).number(at).text(&outcome).text(&content).done();
    let sql = "INSERT INTO captures (owner, event, origin, attempt, at, outcome, content, sum) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
    let mut statement = db.connection.prepare_cached(sql)?;
    statement.execute(params![owner, event, origin.cast_signed(), attempt, at, outcome, content, sum])?;
    Ok(())
}

impl SqliteStore {
    /// Stores the record of an integration, in place of the one before.
    pub fn put_record(&self, name: &str, record: Vec<u8>) -> Answer<'static, ()> {
        let name = name.to_owned();
        self.durable(move |db| {
            let sql = "INSERT INTO integrations (name, record, sum) VALUES (?, ?, ?)
                       ON CONFLICT (name) DO UPDATE SET record = excluded.record, sum = excluded.sum";
            let sum = record_sum(&name, &record);
            db.connection.prepare_cached(sql)?.execute(params![name, record, sum])?;
            Ok(())
        })
    }

    /// The records of all integrations, by name. A damaged one is an error that names it: an integration must not disappear unnoticed.
    pub fn records(&self) -> Answer<'static, Vec<(String, Vec<u8>)>> {
        self.soon(|db| {
            let mut statement = db.connection.prepare_cached("SELECT name, record, sum FROM integrations ORDER BY name")?;
            let mut rows = statement.query([])?;
            let mut all = Vec::new();
            while let Some(row) = rows.next()? {
                let (name, record): (String, Vec<u8>) = (row.get(0)?, row.get(1)?);
                if row.get::<_, i64>(2)? != record_sum(&name, &record) {
                    let remedy = "restore a backup, or discard it and add the integration again: check-store --discard integrations:";
                    return Err(DbError::This(format!("the record of integration {name:?} is damaged; {remedy}{name}")));
                }
                all.push((name, record));
            }
            Ok(all)
        })
    }

    /// Stores a dial order before it is sent. It is on disk when this is answered.
    pub fn dial(&self, owner: &str, id: &str, dial: String) -> Answer<'static, DialRecord> {
        let (owner, id) = (owner.to_owned(), id.to_owned());
        self.durable(move |db| {
            let mut statement = db.connection.prepare_cached("SELECT at, dial, outcome, sum FROM dials WHERE owner = ? AND id = ?")?;
            let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
            let known: Option<(i64, String, Option<String>, i64)> = statement.query_row(params![owner, id], read).optional()?;
            if let Some((at, dial, outcome, sum)) = known {
                // Whatever a damaged row says, the order was stored, so it may have been sent.
                let sound = sum == dial_sum(&owner, &id, at, &dial, outcome.as_deref());
                return Ok(DialRecord::Known(outcome.filter(|_| sound)));
            }
            let at = SystemClock.now_ms();
            let sum = dial_sum(&owner, &id, at, &dial, None);
            let sql = "INSERT INTO dials (owner, id, at, dial, sum) VALUES (?, ?, ?, ?, ?)";
            db.connection.prepare_cached(sql)?.execute(params![owner, id, at, dial, sum])?;
            Ok(DialRecord::New)
        })
    }

    /// Stores the outcome of a dial order.
    pub fn dialled(&self, owner: &str, id: &str, outcome: String) -> Answer<'static, ()> {
        let (owner, id) = (owner.to_owned(), id.to_owned());
        self.durable(move |db| {
            let mut statement = db.connection.prepare_cached("SELECT at, dial FROM dials WHERE owner = ? AND id = ?")?;
            let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?));
            let Some((at, dial)) = statement.query_row(params![owner, id], read).optional()? else { return Ok(()) };
            let sum = dial_sum(&owner, &id, at, &dial, Some(&outcome));
            let sql = "UPDATE dials SET outcome = ?, sum = ? WHERE owner = ? AND id = ?";
            db.connection.prepare_cached(sql)?.execute(params![outcome, sum, owner, id])?;
            Ok(())
        })
    }

    /// Stores a capture. Nobody waits for it.
    pub fn capture(&self, captured: Captured) {
        drop(self.soon(move |db| insert_capture(db, captured)));
    }

    /// Fails when the disk has no room for a few events: a file can be opened on a full disk, and would fail at the first event.
    pub async fn prove_room(&self) -> Result<(), StoreError> {
        // Should the process end in between, the row is swept out like any old capture.
        let content = " ".repeat(ROOM_BYTES);
        let filler = Captured { owner: String::new(), event: ROOM.into(), origin: 0, attempt: 0, at: 0, outcome: String::new(), content };
        self.durable(move |db| insert_capture(db, filler)).await?;
        self.durable(|db| Ok(db.connection.execute("DELETE FROM captures WHERE owner = '' AND event = ?", [ROOM]).map(|_| ())?)).await
    }

    /// The captures of an event, oldest first; with an empty id the problems of the integration.
    pub fn captures(&self, owner: &str, event: &str) -> Answer<'static, Vec<Captured>> {
        let (owner, event) = (owner.to_owned(), event.to_owned());
        self.soon(move |db| {
            let sql = "SELECT owner, event, origin, attempt, at, outcome, content FROM captures WHERE owner = ? AND event = ? ORDER BY row";
            let mut statement = db.connection.prepare_cached(sql)?;
            let rows = statement.query_map(params![owner, event], |row| {
                Ok(Captured {
                    owner: row.get(0)?,
                    event: row.get(1)?,
                    origin: row.get::<_, i64>(2)?.cast_unsigned(),
                    attempt: row.get(3)?,
                    at: row.get(4)?,
                    outcome: row.get(5)?,
                    content: row.get(6)?,
                })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }
}
