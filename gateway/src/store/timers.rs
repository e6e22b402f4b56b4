//! Timers.

use rusqlite::{Connection, OptionalExtension, Row, params};
use uis_host::bindings::uis::integration::timers::Timer;
use uis_host::ports::{Answer, KeptEvent, Origin, SetTimer, TimerRoom};

use super::db::{Db, DbError, shown, sound};
use super::sums::Sum;
use super::{SqliteStore, events};

/// Columns of a timer.
const COLUMNS: &str = "row, name, at, every, ordering_key, payload, origin, sum";

/// A row of the table.
struct Found {
    row: i64,
    timer: SetTimer,
}

/// The checksum of a row.
fn sum(owner: &str, set: &SetTimer) -> i64 {
    let timer = &set.timer;
    let every = timer.every_ms.map(|every| every.to_string());
    let sum = Sum::of("timers").text(owner).text(&timer.name).number(timer.at).maybe(every.as_deref());
    sum.text(&timer.ordering_key).bytes(&timer.payload).number(set.origin.0.cast_signed()).done()
}

/// A row of an owner; of a damaged one its number.
fn read(owner: &str, row: &Row<'_>) -> rusqlite::Result<Result<Found, i64>> {
    let found = sound(row, |row| {
        let every: Option<i64> = row.get(3)?;
        let timer = Timer {
            name: row.get(1)?,
            at: row.get(2)?,
            every_ms: every.map(i64::cast_unsigned),
            ordering_key: row.get(4)?,
            payload: row.get(5)?,
        };
        let origin: i64 = row.get(6)?;
        let set = SetTimer { timer, origin: Origin(origin.cast_unsigned()) };
        Ok((row.get::<_, i64>(7)? == sum(owner, &set), Found { row: row.get(0)?, timer: set }))
    })?;
    Ok(found.and_then(|(sound, found)| if sound { Ok(found) } else { Err(found.row) }))
}

fn size(timer: &Timer) -> i64 {
    (timer.name.len() + timer.ordering_key.len() + timer.payload.len()) as i64
}

/// Number and bytes of an owner's timers.
fn room(db: &mut Db, owner: &str) -> rusqlite::Result<(i64, i64)> {
    if let Some(known) = db.timer_room.get(owner) {
        return Ok(*known);
    }
    let sql = "SELECT count(*), coalesce(sum(length(CAST(name AS BLOB)) + length(CAST(ordering_key AS BLOB)) + length(payload)), 0)
               FROM timers WHERE owner = ?";
    let found = db.connection.prepare_cached(sql)?.query_row([owner], |row| Ok((row.get(0)?, row.get(1)?)))?;
    db.timer_room.insert(owner.to_owned(), found);
    Ok(found)
}

/// The timer of a name. A damaged one is set aside.
fn find(db: &mut Db, owner: &str, name: &str) -> Result<Option<Found>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM timers WHERE owner = ? AND name = ?");
    let found = db.connection.prepare_cached(&sql)?.query_row(params![owner, name], |row| read(owner, row)).optional()?;
    found.map_or(Ok(None), |found| kept(db, found))
}

/// The timer; none when it is damaged, and set aside.
fn kept(db: &mut Db, found: Result<Found, i64>) -> Result<Option<Found>, DbError> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(row) => Ok(db.set_aside("timers", row).map(|()| None)?),
    }
}

fn put(db: &mut Db, owner: &str, set: &SetTimer) -> Result<(), DbError> {
    remove(db, owner, &set.timer.name)?;
    let (timer, sum) = (&set.timer, sum(owner, set));
    let sql = "INSERT INTO timers (owner, name, at, every, ordering_key, payload, origin, sum) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
    let (every, origin) = (timer.every_ms.map(u64::cast_signed), set.origin.0.cast_signed());
    let mut statement = db.connection.prepare_cached(sql)?;
    statement.execute(params![owner, timer.name, timer.at, every, timer.ordering_key, timer.payload, origin, sum])?;
    drop(statement);
    let bytes = size(timer);
    if let Some((count, all)) = db.timer_room.get_mut(owner) {
        *count += 1;
        *all += bytes;
    }
    Ok(())
}

fn remove(db: &mut Db, owner: &str, name: &str) -> Result<Option<SetTimer>, DbError> {
    let Some(found) = find(db, owner, name)? else { return Ok(None) };
    db.connection.prepare_cached("DELETE FROM timers WHERE row = ?")?.execute([found.row])?;
    if let Some((count, bytes)) = db.timer_room.get_mut(owner) {
        *count -= 1;
        *bytes -= size(&found.timer.timer);
    }
    Ok(Some(found.timer))
}

/// Removes all timers of an owner.
pub fn clear(db: &mut Db, owner: &str) -> rusqlite::Result<()> {
    db.timer_room.remove(owner);
    db.connection.prepare_cached("DELETE FROM timers WHERE owner = ?")?.execute([owner]).map(|_| ())
}

fn set(db: &mut Db, owner: &str, timer: &SetTimer, limit: TimerRoom) -> Result<Result<(), String>, DbError> {
    let before = find(db, owner, &timer.timer.name)?.map(|found| size(&found.timer.timer));
    let (count, bytes) = room(db, owner)?;
    let most = |limit: usize| i64::try_from(limit).unwrap_or(i64::MAX);
    if count >= most(limit.timers) && before.is_none() {
        return Ok(Err(format!("limit timers = {}", limit.timers)));
    }
    if bytes - before.unwrap_or(0) + size(&timer.timer) > most(limit.bytes) {
        return Ok(Err(format!("limit timer-bytes = {}", limit.bytes)));
    }
    put(db, owner, timer).map(Ok)
}

/// The timer that is due first. Damaged ones are set aside on the way.
fn first(db: &mut Db, owner: &str) -> Result<Option<SetTimer>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM timers WHERE owner = ? ORDER BY at, name LIMIT 1");
    loop {
        let found = db.connection.prepare_cached(&sql)?.query_row([owner], |row| read(owner, row)).optional()?;
        let Some(found) = found else { return Ok(None) };
        if let Some(found) = kept(db, found)? {
            return Ok(Some(found.timer));
        }
    }
}

/// Timers whose checksum does not match.
pub fn damaged(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut statement = connection.prepare(&format!("SELECT {COLUMNS}, owner FROM timers"))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let owner = shown(row.get_ref(8)?);
        if read(&owner, row)?.is_err() {
            found.push(format!("timers {owner}/{}", shown(row.get_ref(1)?)));
        }
    }
    Ok(found)
}

impl SqliteStore {
    pub(super) fn timer_set(&self, owner: &str, timer: SetTimer, room: TimerRoom) -> Answer<'static, Result<(), String>> {
        let owner = owner.to_owned();
        self.soon(move |db| set(db, &owner, &timer, room))
    }

    pub(super) fn timer_cancel(&self, owner: &str, name: &str) -> Answer<'static, bool> {
        let (owner, name) = (owner.to_owned(), name.to_owned());
        self.soon(move |db| Ok(remove(db, &owner, &name)?.is_some()))
    }

    pub(super) fn timer_first(&self, owner: &str) -> Answer<'static, Option<SetTimer>> {
        let owner = owner.to_owned();
        self.soon(move |db| first(db, &owner))
    }

    pub(super) fn timers_all(&self, owner: &str) -> Answer<'static, Vec<SetTimer>> {
        let owner = owner.to_owned();
        self.soon(move |db| {
            let found: Vec<Result<Found, i64>> = {
                let mut statement = db.connection.prepare_cached(&format!("SELECT {COLUMNS} FROM timers WHERE owner = ? ORDER BY name"))?;
                let rows = statement.query_map([&owner], |row| read(&owner, row))?;
                rows.collect::<rusqlite::Result<_>>()?
            };
            let mut all = Vec::new();
            for found in found {
                all.extend(kept(db, found)?.map(|found| found.timer));
            }
            Ok(all)
        })
    }

    pub(super) fn timer_fire(&self, owner: &str, name: &str, now: i64, event: Option<&KeptEvent>) -> Answer<'static, bool> {
        let (owner, name) = (owner.to_owned(), name.to_owned());
        let event = event.map(|event| (event.clone(), serde_json::to_vec(event).map_err(|error| error.to_string())));
        self.durable(move |db| {
            let event = match event {
                Some((event, body)) => Some((event, body.map_err(DbError::This)?)),
                None => None,
            };
            let Some(due) = find(db, &owner, &name)?.filter(|found| found.timer.timer.at <= now) else { return Ok(false) };
            remove(db, &owner, &due.timer.timer.name)?;
            let fired = due.timer;
            if let Some(next) = fired.next_beat(now) {
                put(db, &owner, &next)?;
            }
            if let Some((event, body)) = event {
                events::insert(db, &owner, &event, &body)?;
            }
            Ok(true)
        })
    }
}
