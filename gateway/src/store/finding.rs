//! One event with everything that is stored about it. The file is read beside the writer.

use rusqlite::{OptionalExtension, params};
use uis_host::ports::StoreError;

use super::audit::{AuditQuery, Audited, entries};
use super::beside::Reading;
use super::listing::{CLOCK_STEP, Listed, event_of, request_of};
use super::originals::{self, Original};
use super::records::{self, Captured};
use super::requests::{self, Stored};
use super::{SqliteStore, listing};

/// The beginning of the ids of requests that could not be read.
pub const UNREADABLE: &str = "unreadable-";
/// Audit entries of one event that are read.
const ENTRIES: usize = 100;

/// One event with everything that is stored about it.
#[derive(Debug, Clone)]
pub struct Found {
    /// The event, or the request that could not be read.
    pub listed: Listed,
    /// The request that it came from, while it is stored.
    pub request: Option<Stored>,
    /// The body as it came, when an administrator has replaced it.
    pub original: Option<Original>,
    /// What was captured of its attempts, oldest first.
    pub captures: Vec<Captured>,
    /// Entries of the audit log about it, newest first.
    pub audit: Vec<Audited>,
}

/// What a search for an event ended with.
#[derive(Debug, Clone)]
pub enum Search {
    /// It is stored.
    Found(Box<Found>),
    /// It is not stored.
    Nowhere,
    /// Not all events were looked at.
    OutOfTime,
}

/// The id that people see and type: the number of an event, `unreadable-` and the number of a request.
pub fn id_of(listed: &Listed) -> String {
    match listed.state {
        listing::State::Unreadable => format!("{UNREADABLE}{}", listed.number),
        _ => listed.number.to_string(),
    }
}

/// The number of the event with this delivery id; an error when the time was over.
fn number_of(reading: &Reading, id: &str) -> rusqlite::Result<Result<Option<i64>, ()>> {
    for sql in [
        "SELECT seq FROM events INDEXED BY events_waiting WHERE state = 0 AND id = ?",
        "SELECT seq FROM events INDEXED BY events_dead WHERE state = 2 AND id = ?",
    ] {
        if let Some(found) = reading.connection.query_row(sql, [id], |row| row.get(0)).optional()? {
            return Ok(Ok(Some(found)));
        }
    }
    // Ended events have no index by id: each commit would write a page of it for each integration. The id says when the dispatch that made it
    // began, and nothing that was received before can have it.
    let began = id.rsplit('-').nth(1).and_then(|began| i64::from_str_radix(began, 16).ok()).unwrap_or(i64::MIN);
    let mut statement = reading.connection.prepare("SELECT seq, received, id FROM events ORDER BY seq DESC")?;
    let mut rows = statement.query([])?;
    let mut looked = 0_u32;
    while let Some(row) = rows.next()? {
        looked += 1;
        if looked.is_multiple_of(256) && reading.is_over() {
            return Ok(Err(()));
        }
        if row.get::<_, i64>(1)? < began.saturating_sub(CLOCK_STEP) {
            break;
        }
        if row.get_ref(2)?.as_str().is_ok_and(|found| found == id) {
            return Ok(Ok(Some(row.get(0)?)));
        }
    }
    Ok(Ok(None))
}

fn find(reading: &Reading, id: &str) -> rusqlite::Result<Search> {
    if let Some(number) = id.strip_prefix(UNREADABLE).and_then(|number| number.parse().ok()) {
        let Some(listed) = request_of(reading, number)? else { return Ok(Search::Nowhere) };
        return whole(reading, listed, number);
    }
    let number = match id.parse() {
        Ok(number) => number,
        Err(_) => match number_of(reading, id)? {
            Ok(Some(number)) => number,
            Ok(None) => return Ok(Search::Nowhere),
            Err(()) => return Ok(Search::OutOfTime),
        },
    };
    let Some(listed) = event_of(reading, number)? else { return Ok(Search::Nowhere) };
    let origin = listed.event.as_ref().map_or(0, |event| event.origin.0.cast_signed());
    whole(reading, listed, origin)
}

fn whole(reading: &Reading, listed: Listed, origin: i64) -> rusqlite::Result<Search> {
    let request = requests::stored(&reading.connection, origin)?;
    let sql = "SELECT row, owner, request, at, who, query, body, sum FROM originals WHERE request = ?";
    let original = reading.connection.query_row(sql, [origin], originals::read).optional()?.and_then(Result::ok);
    let mut captures = Vec::new();
    if let Some(event) = &listed.event {
        let sql = format!("SELECT {} FROM captures WHERE owner = ? AND event = ? ORDER BY row", records::CAPTURE);
        let mut statement = reading.connection.prepare(&sql)?;
        let mut rows = statement.query(params![listed.owner, event.id])?;
        while let Some(row) = rows.next()? {
            captures.extend(records::capture(row)?.ok());
        }
    }
    let query = AuditQuery { subject: Some(id_of(&listed)), ..AuditQuery::default() };
    let audit = entries(reading, &query, ENTRIES)?;
    Ok(Search::Found(Box::new(Found { listed, request, original, captures, audit })))
}

impl SqliteStore {
    /// An event by its number or its delivery id, or a request that could not be read, `unreadable-7`.
    pub async fn find(&self, id: &str) -> Result<Search, StoreError> {
        let id = id.to_owned();
        self.beside(move |reading| find(reading, &id)).await
    }
}
