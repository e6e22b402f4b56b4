//! Integrations, dial orders, captures.

use rusqlite::{Connection, OptionalExtension, Row, params};
use uis_host::clock::{Clock, SystemClock};
use uis_host::ports::{Answer, StoreError};

use super::SqliteStore;
use super::db::{Db, DbError, shown, sound};
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

/// Columns of a capture.
pub const CAPTURE: &str = "row, owner, event, origin, attempt, at, outcome, content, sum";

fn record_sum(name: &str, record: &[u8]) -> i64 {
    Sum::of("integrations").text(name).bytes(record).done()
}

fn dial_sum(owner: &str, id: &str, at: i64, dial: &str, outcome: Option<&str>) -> i64 {
    Sum::of("dials").text(owner).text(id).number(at).text(dial).maybe(outcome).done()
}

fn capture_sum(captured: &Captured) -> i64 {
    let Captured { owner, event, origin, attempt, at, outcome, content } = captured;
    let sum = Sum::of("captures").text(owner).text(event).number(origin.cast_signed()).number((*attempt).into());
    sum.number(*at).text(outcome).text(content).done()
}

/// An integration's name and record; of a damaged row its number.
fn record(row: &Row<'_>) -> rusqlite::Result<Result<(String, Vec<u8>), i64>> {
    let found = sound(row, |row| Ok((row.get::<_, String>(1)?, row.get::<_, Vec<u8>>(2)?, row.get::<_, i64>(3)?)))?;
    let number: i64 = row.get(0)?;
    Ok(found.and_then(|(name, record, sum)| if sum == record_sum(&name, &record) { Ok((name, record)) } else { Err(number) }))
}

/// What an administrator discards a damaged record by: its row, because its name may be damaged too.
fn discarded_by(row: i64) -> String {
    format!("integrations:#{row}")
}

/// A row of the dial orders.
struct Dial {
    at: i64,
    dial: String,
    outcome: Option<String>,
}

/// A dial order; of a damaged row its number.
fn dialled(owner: &str, id: &str, row: &Row<'_>) -> rusqlite::Result<Result<Dial, i64>> {
    let found = sound(row, |row| {
        let found = Dial { at: row.get(1)?, dial: row.get(2)?, outcome: row.get(3)? };
        Ok((row.get::<_, i64>(4)? == dial_sum(owner, id, found.at, &found.dial, found.outcome.as_deref()), found))
    })?;
    let number: i64 = row.get(0)?;
    Ok(found.and_then(|(sound, found)| if sound { Ok(found) } else { Err(number) }))
}

/// A capture; of a damaged row its number.
pub(super) fn capture(row: &Row<'_>) -> rusqlite::Result<Result<Captured, i64>> {
    let found = sound(row, |row| {
        let captured = Captured {
            owner: row.get(1)?,
            event: row.get(2)?,
            origin: row.get::<_, i64>(3)?.cast_unsigned(),
            attempt: row.get(4)?,
            at: row.get(5)?,
            outcome: row.get(6)?,
            content: row.get(7)?,
        };
        Ok((row.get::<_, i64>(8)? == capture_sum(&captured), captured))
    })?;
    let number: i64 = row.get(0)?;
    Ok(found.and_then(|(sound, captured)| if sound { Ok(captured) } else { Err(number) }))
}

/// The number of a capture's row; an error when it is damaged.
pub fn capture_number(row: &Row<'_>) -> rusqlite::Result<Result<i64, i64>> {
    let number: i64 = row.get(0)?;
    Ok(capture(row)?.map(|_| number))
}

/// A capture; of a damaged row its number.
pub fn whole_capture(row: &Row<'_>) -> rusqlite::Result<Result<Captured, i64>> {
    capture(row)
}

/// Records of integrations, dial orders and captures whose checksum does not match.
pub fn damaged(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut statement = connection.prepare("SELECT row, name, record, sum FROM integrations")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if let Err(number) = record(row)? {
            found.push(format!("integrations {} (discard it: {})", shown(row.get_ref(1)?), discarded_by(number)));
        }
    }
    let mut statement = connection.prepare("SELECT row, at, dial, outcome, sum, owner, id FROM dials")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (owner, id) = (shown(row.get_ref(5)?), shown(row.get_ref(6)?));
        if dialled(&owner, &id, row)?.is_err() {
            found.push(format!("dials {owner}/{id}"));
        }
    }
    let mut statement = connection.prepare(&format!("SELECT {CAPTURE} FROM captures"))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if capture_number(row)?.is_err() {
            found.push(format!("captures {}/{}", shown(row.get_ref(1)?), shown(row.get_ref(2)?)));
        }
    }
    Ok(found)
}

/// What [`SqliteStore::prove_room`] writes.
const ROOM_BYTES: usize = 64 << 10;
/// The event that it is written for.
const ROOM: &str = "room";

fn insert_capture(db: &mut Db, captured: Captured) -> Result<(), DbError> {
    let sum = capture_sum(&captured);
    let Captured { owner, event, origin, attempt, at, outcome, content } = captured;
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
            let mut statement = db.connection.prepare_cached("SELECT row, name, record, sum FROM integrations ORDER BY name")?;
            let mut rows = statement.query([])?;
            let mut all = Vec::new();
            while let Some(row) = rows.next()? {
                all.push(record(row)?.or_else(|number| {
                    let (name, by) = (shown(row.get_ref(1)?), discarded_by(number));
                    let remedy = "restore a backup, or discard it and add the integration again: check-store --discard";
                    Err(DbError::This(format!("the record of integration {name:?} is damaged; {remedy} {by}")))
                })?);
            }
            Ok(all)
        })
    }

    /// Stores a dial order before it is sent. It is on disk when this is answered.
    pub fn dial(&self, owner: &str, id: &str, dial: String) -> Answer<'static, DialRecord> {
        let (owner, id) = (owner.to_owned(), id.to_owned());
        self.durable(move |db| {
            let sql = "SELECT row, at, dial, outcome, sum FROM dials WHERE owner = ? AND id = ?";
            let known = db.connection.prepare_cached(sql)?.query_row(params![owner, id], |row| dialled(&owner, &id, row)).optional()?;
            if let Some(known) = known {
                // Whatever a damaged row says, the order was stored, so it may have been sent.
                return Ok(DialRecord::Known(known.ok().and_then(|known| known.outcome)));
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
            let sql = "SELECT row, at, dial, outcome, sum FROM dials WHERE owner = ? AND id = ?";
            let known = db.connection.prepare_cached(sql)?.query_row(params![owner, id], |row| dialled(&owner, &id, row)).optional()?;
            // A damaged row stays as it is, so that it goes on being named.
            let Some(Ok(Dial { at, dial, .. })) = known else { return Ok(()) };
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
            let found: Vec<Result<Captured, i64>> = {
                let sql = format!("SELECT {CAPTURE} FROM captures WHERE owner = ? AND event = ? ORDER BY row");
                let mut statement = db.connection.prepare_cached(&sql)?;
                let rows = statement.query_map(params![owner, event], capture)?;
                rows.collect::<rusqlite::Result<_>>()?
            };
            let mut all = Vec::new();
            for found in found {
                match found {
                    Ok(captured) => all.push(captured),
                    Err(row) => db.set_aside("captures", row)?,
                }
            }
            Ok(all)
        })
    }
}
