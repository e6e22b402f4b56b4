//! Bodies that an administrator has replaced, so that a request can be read or an event succeeds. The request's row has the new body, this table the
//! one that came.

use rusqlite::{Connection, OptionalExtension, Row, params};
use uis_host::clock::{Clock, SystemClock};
use uis_host::ports::{Answer, KeptEvent};

use super::db::{Db, DbError, shown, sound};
use super::sums::Sum;
use super::{SqliteStore, events, requests};

/// A body as it came, and who replaced it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Original {
    /// When it was last replaced, in milliseconds since 1970.
    pub at: i64,
    /// Who replaced it.
    pub who: String,
    /// The query as it came.
    pub query: String,
    /// The body as it came.
    pub body: Vec<u8>,
}

/// What takes the place of a body.
#[derive(Debug, Clone)]
pub struct Replacement {
    /// The query.
    pub query: String,
    /// The body.
    pub body: Vec<u8>,
    /// Who replaces it; none when what came takes its place again.
    pub who: Option<String>,
}

fn sum(owner: &str, request: i64, original: &Original) -> i64 {
    let Original { at, who, query, body } = original;
    Sum::of("originals").text(owner).number(request).number(*at).text(who).text(query).bytes(body).done()
}

const SELECT: &str = "SELECT row, owner, request, at, who, query, body, sum FROM originals";

/// An original; of a damaged row its number.
pub fn read(row: &Row<'_>) -> rusqlite::Result<Result<Original, i64>> {
    let found = sound(row, |row| {
        let (owner, request): (String, i64) = (row.get(1)?, row.get(2)?);
        let original = Original { at: row.get(3)?, who: row.get(4)?, query: row.get(5)?, body: row.get(6)? };
        Ok((row.get::<_, i64>(7)? == sum(&owner, request, &original), original))
    })?;
    let number = row.get(0)?;
    Ok(found.and_then(|(is_sound, original)| if is_sound { Ok(original) } else { Err(number) }))
}

/// Originals whose checksum does not match.
pub fn damaged(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(SELECT)?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        if read(row)?.is_err() {
            found.push(format!("originals {}/{}", shown(row.get_ref(1)?), shown(row.get_ref(2)?)));
        }
    }
    Ok(found)
}

/// The original of a request. A damaged one is set aside.
fn find(db: &mut Db, request: i64) -> rusqlite::Result<Option<Original>> {
    let found = db.connection.prepare_cached(&format!("{SELECT} WHERE request = ?"))?.query_row([request], read).optional()?;
    match found {
        Some(Err(row)) => db.set_aside("originals", row).map(|()| None),
        found => Ok(found.and_then(Result::ok)),
    }
}

/// Keeps what came, unless it is kept already, and puts the replacement into the request's row.
fn replace(db: &mut Db, owner: &str, request: i64, with: &Replacement) -> Result<(), DbError> {
    let Some((query, body)) = requests::swap_body(db, request, &with.query, &with.body)? else {
        return Err(DbError::This(format!("the request {request} is not stored any more, so its body cannot be replaced")));
    };
    let known = find(db, request)?;
    match &with.who {
        Some(who) => {
            let (query, body) = known.map_or((query, body), |known| (known.query, known.body));
            let original = Original { at: SystemClock.now_ms(), who: who.clone(), query, body };
            let sum = sum(owner, request, &original);
            let Original { at, who, query, body } = original;
            let sql = "INSERT OR REPLACE INTO originals (owner, request, at, who, query, body, sum) VALUES (?, ?, ?, ?, ?, ?, ?)";
            db.connection.prepare_cached(sql)?.execute(params![owner, request, at, who, query, body, sum])?;
        }
        None => drop(db.connection.prepare_cached("DELETE FROM originals WHERE request = ?")?.execute([request])?),
    }
    Ok(())
}

impl SqliteStore {
    /// The body of a request as it came, if an administrator has replaced it.
    pub fn original(&self, request: u64) -> Answer<'static, Option<Original>> {
        self.soon(move |db| Ok(find(db, request.cast_signed())?))
    }

    /// Replaces the body of a request, and with it a dead event that came from it; the event stays dead. It is on disk when this is answered.
    pub fn replace_body(&self, owner: &str, request: u64, with: Replacement, event: Option<KeptEvent>) -> Answer<'static, ()> {
        let (owner, request) = (owner.to_owned(), request.cast_signed());
        self.durable(move |db| {
            if let Some(event) = &event {
                events::rewrite_dead(db, &owner, event)?;
            }
            replace(db, &owner, request, &with)
        })
    }
}
