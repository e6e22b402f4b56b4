//! Integrations that an administrator has paused. The pause is apart from the integration's state: saved settings or an accepted key do not end it.

use rusqlite::{Connection, OptionalExtension, Row, params};
use uis_host::clock::{Clock, SystemClock};
use uis_host::ports::Answer;

use super::SqliteStore;
use super::db::{shown, sound};
use super::sums::Sum;

/// An administrator's pause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// Since when, in milliseconds since 1970.
    pub at: i64,
    /// Who paused it.
    pub who: String,
}

fn sum(owner: &str, at: i64, who: &str) -> i64 {
    Sum::of("pauses").text(owner).number(at).text(who).done()
}

/// A pause. Of a damaged row, that there is one is still known: nothing is delivered against an administrator's wish.
fn read(row: &Row<'_>) -> rusqlite::Result<(Pause, bool)> {
    let read = |row: &Row<'_>| {
        let (owner, at, who): (String, i64, String) = (row.get(1)?, row.get(2)?, row.get(3)?);
        Ok((row.get::<_, i64>(4)? == sum(&owner, at, &who), Pause { at, who }))
    };
    Ok(match sound(row, read)? {
        Ok((is_sound, pause)) => (pause, is_sound),
        Err(_) => (Pause { at: 0, who: "unknown: the row is damaged".to_owned() }, false),
    })
}

const SELECT: &str = "SELECT row, owner, at, who, sum FROM pauses";

/// Pauses whose checksum does not match.
pub fn damaged(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(SELECT)?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        if !read(row)?.1 {
            found.push(format!("pauses {} (pause or resume the integration again)", shown(row.get_ref(1)?)));
        }
    }
    Ok(found)
}

impl SqliteStore {
    /// Stores that an integration is paused, or is not any more. It is on disk when this is answered.
    pub fn set_pause(&self, owner: &str, pause: Option<Pause>) -> Answer<'static, ()> {
        let owner = owner.to_owned();
        self.durable(move |db| {
            match pause {
                Some(Pause { at, who }) => {
                    let sum = sum(&owner, at, &who);
                    let sql = "INSERT OR REPLACE INTO pauses (owner, at, who, sum) VALUES (?, ?, ?, ?)";
                    db.connection.prepare_cached(sql)?.execute(params![owner, at, who, sum])?;
                }
                None => drop(db.connection.prepare_cached("DELETE FROM pauses WHERE owner = ?")?.execute([owner])?),
            }
            Ok(())
        })
    }

    /// Whether an administrator has paused an integration.
    pub fn pause_of(&self, owner: &str) -> Answer<'static, Option<Pause>> {
        let owner = owner.to_owned();
        self.soon(move |db| {
            let mut statement = db.connection.prepare_cached(&format!("{SELECT} WHERE owner = ?"))?;
            Ok(statement.query_row([owner], read).optional()?.map(|(pause, _)| pause))
        })
    }
}

impl Pause {
    /// A pause that begins now.
    pub fn now(who: String) -> Pause {
        Pause { at: SystemClock.now_ms(), who }
    }
}
