//! Events, dead letters, and the integrations' states.

use rusqlite::{Connection, OptionalExtension, Row, params};
use uis_host::clock::{Clock, SystemClock};
use uis_host::ports::{Answer, DeadLetter, End, IntegrationState, KeptEvent};

use super::db::{Db, DbError, EVENTS, shown, sound};
use super::sums::Sum;
use super::{SqliteStore, timers};

/// `state` of an event that waits.
const WAITING: i64 = 0;
/// `state` of an event that has ended.
const DONE: i64 = 1;
/// `state` of a dead letter.
const DEAD: i64 = 2;

/// Columns of a row.
pub const COLUMNS: &str = "seq, owner, id, body, sum, state, place, attempt, why, mark";

/// A row of the table.
struct Found {
    seq: i64,
    owner: String,
    id: String,
    body: Vec<u8>,
    sum: i64,
    state: i64,
    place: i64,
    attempt: u32,
    why: Option<String>,
    mark: i64,
}

/// How much of an integration waits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Events that wait.
    pub waiting: u64,
    /// Dead letters, and requests that could not be read.
    pub dead: u64,
    /// When the oldest event that waits was received, in milliseconds since 1970.
    pub oldest_waiting: Option<i64>,
}

impl Found {
    fn read(row: &Row<'_>) -> rusqlite::Result<Found> {
        Ok(Found {
            seq: row.get(0)?,
            owner: row.get(1)?,
            id: row.get(2)?,
            body: row.get(3)?,
            sum: row.get(4)?,
            state: row.get(5)?,
            place: row.get(6)?,
            attempt: row.get(7)?,
            why: row.get(8)?,
            mark: row.get(9)?,
        })
    }

    /// The event; none when the row is damaged.
    fn event(&self) -> Option<KeptEvent> {
        let sound = self.sum == sum(&self.owner, &self.id, &self.body) && self.mark == self.expected_mark();
        let event: KeptEvent = serde_json::from_slice(&self.body).ok().filter(|_| sound)?;
        Some(KeptEvent { attempt: self.attempt, ..event })
    }

    /// The row with its event; of a damaged one its number.
    fn sound(self) -> Result<(Found, KeptEvent), i64> {
        match self.event() {
            Some(event) => Ok((self, event)),
            None => Err(self.seq),
        }
    }

    fn expected_mark(&self) -> i64 {
        mark(self.seq, self.state, self.place, self.attempt, self.why.as_deref())
    }
}

/// The number of a row; an error when it is damaged.
pub fn number(row: &Row<'_>) -> rusqlite::Result<Result<i64, i64>> {
    Ok(sound(row, Found::read)?.and_then(Found::sound).map(|(found, _)| found.seq))
}

/// The checksum of an event's body.
pub fn sum(owner: &str, id: &str, body: &[u8]) -> i64 {
    Sum::of("events").text(owner).text(id).bytes(body).done()
}

/// The checksum of what changes from attempt to attempt.
pub fn mark(seq: i64, state: i64, place: i64, attempt: u32, why: Option<&str>) -> i64 {
    Sum::of("marks").number(seq).number(state).number(place).number(attempt.into()).maybe(why).done()
}

fn json(event: &KeptEvent) -> Result<Vec<u8>, DbError> {
    serde_json::to_vec(event).map_err(|error| DbError::This(format!("the event {} cannot be stored: {error}", event.id)))
}

/// Stores an event at the end of the order. `body` is its JSON.
pub fn insert(db: &mut Db, owner: &str, event: &KeptEvent, body: &[u8]) -> Result<(), DbError> {
    let seq = db.take(EVENTS)?;
    let sql = "INSERT INTO events (seq, owner, id, origin, received, body, sum, state, place, attempt, mark) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    let (sum, mark) = (sum(owner, &event.id, body), mark(seq, WAITING, seq, event.attempt, None));
    let origin = event.origin.0.cast_signed();
    let mut statement = db.connection.prepare_cached(sql)?;
    statement.execute(params![seq, owner, event.id, origin, event.received, body, sum, WAITING, seq, event.attempt, mark])?;
    drop(statement);
    db.waiting.add(owner, &event.id, seq, seq);
    Ok(())
}

/// The event of this id, if it waits: its row as far as its next state needs it. A damaged one is set aside, before a new mark could hide it.
fn waiting_row(db: &mut Db, owner: &str, id: &str) -> rusqlite::Result<Option<(i64, i64, u32)>> {
    let Some(row) = db.waiting.row(owner, id) else { return Ok(None) };
    let found = {
        let sql = "SELECT seq, place, attempt, state, why, mark FROM events WHERE seq = ? AND owner = ? AND id = ? AND state = 0";
        let mut statement = db.connection.prepare_cached(sql)?;
        let read = |row: &Row<'_>| {
            let (seq, place, attempt): (i64, i64, u32) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let why: Option<String> = row.get(4)?;
            let sound = mark(seq, row.get(3)?, place, attempt, why.as_deref()) == row.get::<_, i64>(5)?;
            Ok(if sound { Ok((seq, place, attempt)) } else { Err(seq) })
        };
        statement.query_row(params![row, owner, id], |row| Ok(sound(row, read)?.and_then(std::convert::identity))).optional()?
    };
    match found {
        Some(Err(seq)) => db.set_aside("events", seq).map(|()| None),
        Some(Ok(found)) => Ok(Some(found)),
        None => Ok(None),
    }
}

/// Replaces the body of an event.
fn rewrite(db: &Db, seq: i64, owner: &str, id: &str, body: &[u8]) -> rusqlite::Result<()> {
    let mut statement = db.connection.prepare_cached("UPDATE events SET body = ?, sum = ? WHERE seq = ?")?;
    statement.execute(params![body, sum(owner, id, body), seq]).map(|_| ())
}

/// Replaces a dead event by one with the same id. It stays dead.
pub(super) fn rewrite_dead(db: &mut Db, owner: &str, event: &KeptEvent) -> Result<(), DbError> {
    let Some((Found { seq, .. }, _)) = first_dead(db, owner, &event.id)? else {
        return Err(DbError::This(format!("the event {} is no dead letter any more", event.id)));
    };
    let body = json(event)?;
    Ok(rewrite(db, seq, owner, &event.id, &body)?)
}

/// Changes the state of an event.
fn change(db: &Db, seq: i64, state: i64, place: i64, attempt: u32, why: Option<&str>) -> rusqlite::Result<()> {
    let sql = "UPDATE events SET state = ?, place = ?, attempt = ?, ended = ?, why = ?, mark = ? WHERE seq = ?";
    let ended = (state != WAITING).then(|| SystemClock.now_ms());
    let mark = mark(seq, state, place, attempt, why);
    db.connection.prepare_cached(sql)?.execute(params![state, place, attempt, ended, why, mark, seq]).map(|_| ())
}

/// Events of an owner that wait, in their order. Damaged rows are set aside.
fn waiting(db: &mut Db, owner: &str) -> Result<Vec<KeptEvent>, DbError> {
    let (mut events, mut damaged) = (Vec::new(), Vec::new());
    {
        let sql = format!("SELECT {COLUMNS} FROM events WHERE seq = ? AND owner = ? AND state = {WAITING}");
        let mut statement = db.connection.prepare_cached(&sql)?;
        for seq in db.waiting.rows(owner) {
            match statement
                .query_row(params![seq, owner], |row| sound(row, Found::read))
                .optional()?
                .map(|found| found.and_then(Found::sound))
            {
                Some(Ok((_, event))) => events.push(event),
                Some(Err(seq)) => damaged.push(seq),
                None => {}
            }
        }
    }
    for seq in damaged {
        db.set_aside("events", seq)?;
    }
    Ok(events)
}

/// Dead letters of an owner, in the order of dying, after a place, and at most so many. Damaged rows are set aside.
fn dead(db: &mut Db, owner: &str, mut after: i64, limit: usize) -> Result<Vec<DeadLetter>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM events WHERE owner = ? AND state = {DEAD} AND place > ? ORDER BY place LIMIT ?");
    let mut letters = Vec::new();
    loop {
        // SQLite takes a negative limit for none.
        let wanted = i64::try_from(limit - letters.len()).unwrap_or(-1);
        let mut damaged = Vec::new();
        {
            let mut statement = db.connection.prepare_cached(&sql)?;
            let mut rows = statement.query(params![owner, after, wanted])?;
            while let Some(row) = rows.next()? {
                match sound(row, Found::read)?.and_then(Found::sound) {
                    Ok((found, event)) => {
                        after = found.place;
                        letters.push(DeadLetter { event, why: found.why.unwrap_or_default() });
                    }
                    Err(seq) => damaged.push(seq),
                }
            }
        }
        for seq in &damaged {
            db.set_aside("events", *seq)?;
        }
        // In place of the damaged ones, others may follow.
        if damaged.is_empty() || letters.len() >= limit {
            return Ok(letters);
        }
    }
}

/// The dead letter of this id that died first. Damaged ones are set aside.
fn first_dead(db: &mut Db, owner: &str, id: &str) -> Result<Option<(Found, KeptEvent)>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM events WHERE owner = ? AND id = ? AND state = {DEAD} ORDER BY place LIMIT 1");
    loop {
        let found = db.connection.prepare_cached(&sql)?.query_row(params![owner, id], |row| sound(row, Found::read)).optional()?;
        match found.map(|found| found.and_then(Found::sound)) {
            None => return Ok(None),
            Some(Ok(found)) => return Ok(Some(found)),
            Some(Err(seq)) => db.set_aside("events", seq)?,
        }
    }
}

fn set_state(db: &mut Db, owner: &str, state: IntegrationState) -> Result<(), DbError> {
    let name = name_of(state);
    let sum = Sum::of("states").text(owner).text(name).done();
    let sql = "INSERT INTO states (owner, state, sum) VALUES (?, ?, ?) ON CONFLICT (owner) DO UPDATE SET state = excluded.state, sum = excluded.sum";
    db.connection.prepare_cached(sql)?.execute(params![owner, name, sum])?;
    if state == IntegrationState::Inactive {
        timers::clear(db, owner)?;
    }
    Ok(())
}

fn name_of(state: IntegrationState) -> &'static str {
    match state {
        IntegrationState::Inactive => "inactive",
        IntegrationState::Activating => "activating",
        IntegrationState::Active => "active",
        IntegrationState::Paused => "paused",
    }
}

fn state_of(db: &mut Db, owner: &str) -> Result<IntegrationState, DbError> {
    use IntegrationState::{Activating, Active, Inactive, Paused};
    let found = {
        let mut statement = db.connection.prepare_cached("SELECT rowid, state, sum FROM states WHERE owner = ?")?;
        let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        statement.query_row([owner], |row| sound(row, read)).optional()?
    };
    let row = match found {
        None => return Ok(Inactive),
        Some(Err(row)) => row,
        Some(Ok((row, name, sum))) => {
            let (row, name, sum): (i64, String, i64) = (row, name, sum);
            let known = [Inactive, Activating, Active, Paused].into_iter().find(|state| name_of(*state) == name);
            match known.filter(|_| sum == Sum::of("states").text(owner).text(&name).done()) {
                Some(state) => return Ok(state),
                None => row,
            }
        }
    };
    // Nothing of a switched-off integration is delivered, so an administrator will notice, and can switch it on again.
    db.set_aside("states", row)?;
    Ok(Inactive)
}

/// Events and states whose checksum does not match.
pub fn damaged(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut statement = connection.prepare(&format!("SELECT {COLUMNS} FROM events"))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if number(row)?.is_err() {
            found.push(format!("events {}/{}", shown(row.get_ref(1)?), shown(row.get_ref(2)?)));
        }
    }
    let mut statement = connection.prepare("SELECT rowid, owner, state, sum FROM states")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let read = |row: &Row<'_>| {
            let (owner, name): (String, String) = (row.get(1)?, row.get(2)?);
            Ok(row.get::<_, i64>(3)? == Sum::of("states").text(&owner).text(&name).done())
        };
        if sound(row, read)? != Ok(true) {
            found.push(format!("states {}", shown(row.get_ref(1)?)));
        }
    }
    Ok(found)
}

impl SqliteStore {
    pub(super) fn keep_event(&self, owner: &str, event: &KeptEvent) -> Answer<'static, ()> {
        let (owner, event, body) = (owner.to_owned(), event.clone(), json(event));
        self.durable(move |db| insert(db, &owner, &event, &body?))
    }

    pub(super) fn begin_attempt(&self, owner: &str, id: &str, next_attempt: u32) -> Answer<'static, ()> {
        let (owner, id) = (owner.to_owned(), id.to_owned());
        self.soon(move |db| {
            if let Some((seq, place, _)) = waiting_row(db, &owner, &id)? {
                change(db, seq, WAITING, place, next_attempt, None)?;
            }
            Ok(())
        })
    }

    pub(super) fn end_attempt(&self, owner: &str, id: &str, end: End, state: Option<IntegrationState>) -> Answer<'static, ()> {
        let (owner, id) = (owner.to_owned(), id.to_owned());
        let again = match &end {
            End::Again(event) => json(event),
            End::Done | End::Dead(_) => Ok(Vec::new()),
        };
        self.durable(move |db| {
            let again = again?;
            if let Some(state) = state {
                set_state(db, &owner, state)?;
            }
            let Some((seq, place, attempt)) = waiting_row(db, &owner, &id)? else { return Ok(()) };
            match end {
                End::Done => {
                    change(db, seq, DONE, place, attempt, None)?;
                    db.waiting.remove(&owner, &id);
                }
                End::Dead(why) => {
                    let place = db.take(EVENTS)?;
                    change(db, seq, DEAD, place, attempt, Some(&why))?;
                    db.waiting.remove(&owner, &id);
                }
                End::Again(event) => {
                    rewrite(db, seq, &owner, &id, &again)?;
                    change(db, seq, WAITING, place, event.attempt, None)?;
                }
            }
            Ok(())
        })
    }

    pub(super) fn waiting_events(&self, owner: &str) -> Answer<'static, Vec<KeptEvent>> {
        let owner = owner.to_owned();
        self.soon(move |db| waiting(db, &owner))
    }

    pub(super) fn dead_events(&self, owner: &str, after: Option<&str>, limit: usize) -> Answer<'static, Vec<DeadLetter>> {
        let (owner, after) = (owner.to_owned(), after.map(str::to_owned));
        self.soon(move |db| {
            let place = match after {
                Some(after) => first_dead(db, &owner, &after)?.map(|(found, _)| found.place),
                None => None,
            };
            dead(db, &owner, place.unwrap_or(i64::MIN), limit)
        })
    }

    pub(super) fn revive_event(&self, owner: &str, id: &str) -> Answer<'static, Option<KeptEvent>> {
        let (owner, id) = (owner.to_owned(), id.to_owned());
        self.durable(move |db| {
            let Some((Found { seq, .. }, event)) = first_dead(db, &owner, &id)? else { return Ok(None) };
            let event = KeptEvent { not_before: 0, reason: None, reported: false, ..event };
            let body = json(&event)?;
            let place = db.take(EVENTS)?;
            rewrite(db, seq, &owner, &id, &body)?;
            change(db, seq, WAITING, place, event.attempt, None)?;
            db.waiting.add(&owner, &id, place, seq);
            Ok(Some(event))
        })
    }

    /// A dead letter; none when there is no such dead letter.
    pub fn find_dead(&self, owner: &str, id: &str) -> Answer<'static, Option<DeadLetter>> {
        let (owner, id) = (owner.to_owned(), id.to_owned());
        self.soon(move |db| {
            let found = first_dead(db, &owner, &id)?;
            Ok(found.map(|(row, event)| DeadLetter { event, why: row.why.unwrap_or_default() }))
        })
    }

    pub(super) fn owner_state(&self, owner: &str) -> Answer<'static, IntegrationState> {
        let owner = owner.to_owned();
        self.soon(move |db| state_of(db, &owner))
    }

    pub(super) fn change_state(&self, owner: &str, state: IntegrationState) -> Answer<'static, ()> {
        let owner = owner.to_owned();
        self.durable(move |db| set_state(db, &owner, state))
    }

    /// How much of an integration waits.
    pub fn counts(&self, owner: &str) -> Answer<'static, Counts> {
        let owner = owner.to_owned();
        self.soon(move |db| {
            let count = |sql: &str| db.connection.prepare_cached(sql)?.query_row([&owner], |row| row.get(0)).map(i64::unsigned_abs);
            let dead = count("SELECT count(*) FROM events WHERE owner = ? AND state = 2")?;
            let unreadable = count("SELECT count(*) FROM requests WHERE owner = ? AND rejected IS NOT NULL")?;
            let first = db.waiting.rows(&owner).next();
            let oldest = "SELECT received FROM events WHERE seq = ?";
            let oldest_waiting = db.connection.prepare_cached(oldest)?.query_row([first], |row| row.get(0)).optional()?;
            Ok(Counts { waiting: db.waiting.count(&owner), dead: dead + unreadable, oldest_waiting })
        })
    }

    /// Number of dead letters of all integrations.
    pub fn dead_count(&self) -> Answer<'static, u64> {
        self.soon(|db| {
            let count = |sql: &str| db.connection.prepare_cached(sql)?.query_row([], |row| row.get(0)).map(i64::unsigned_abs);
            Ok(count("SELECT count(*) FROM events WHERE state = 2")? + count("SELECT count(*) FROM requests WHERE rejected IS NOT NULL")?)
        })
    }
}
