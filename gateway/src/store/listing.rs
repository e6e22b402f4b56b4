//! Events and requests for people who look for them: newest first, or the dead ones in the order of receipt. The file is read beside the writer,
//! for a limited time: a million events are not looked through at once, but from where the last answer ended.

use memchr::memmem::Finder;
use rusqlite::{OptionalExtension, Row};
use serde_json::Value;
use uis_host::ports::{KeptEvent, StoreError};

use super::SqliteStore;
use super::beside::Reading;
use crate::privacy::masking;
use crate::requests;

/// How much a reader may have moved the clock back: rows that were received so much before or after others are still found, in milliseconds.
pub(super) const CLOCK_STEP: i64 = 3_600_000;

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It waits.
    Waiting,
    /// It has ended.
    Done,
    /// It is a dead letter.
    Dead,
    /// A request that could not be read.
    Unreadable,
}

/// Which events are looked for. Everything that is given must be so.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of this integration.
    pub integration: Option<String>,
    /// In one of these states; empty: in any.
    pub states: Vec<State>,
    /// Of this type: what was received.
    pub what: Option<String>,
    /// Of this session: the id of a call session, a chat or a communication.
    pub session: Option<u64>,
    /// With this phone number: its digits, or the last of them.
    pub phone: Option<String>,
    /// Received at this time or later, in milliseconds since 1970.
    pub from: Option<i64>,
    /// Received before this time, in milliseconds since 1970.
    pub to: Option<i64>,
    /// With this text in the reason, in any case of letters.
    pub reason: Option<String>,
}

/// Where a walk goes on: beyond the number of an event, and beyond the number of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// The event's.
    pub event: i64,
    /// The request's.
    pub request: i64,
}

impl Cursor {
    /// Where a walk from the newest begins.
    pub const END: Cursor = Cursor { event: i64::MAX, request: i64::MAX };
    /// Where a walk from the oldest begins.
    pub const BEGIN: Cursor = Cursor { event: 0, request: 0 };
}

/// An event, or a request that could not be read.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The number of the event, or of the request.
    pub number: i64,
    /// The integration.
    pub owner: String,
    /// What became of it.
    pub state: State,
    /// The event; none for a request, and for a damaged row.
    pub event: Option<KeptEvent>,
    /// What was received.
    pub what: String,
    /// When it was received, in milliseconds since 1970.
    pub received: i64,
    /// When it ended or died, in milliseconds since 1970.
    pub ended: Option<i64>,
    /// Why it is dead or could not be read, or why the last attempt failed.
    pub reason: Option<String>,
}

/// A part of what was looked for.
#[derive(Debug, Clone)]
pub struct Page {
    /// In order.
    pub found: Vec<Listed>,
    /// Where to go on; none when everything was looked at.
    pub next: Option<Cursor>,
    /// The time was over before the page was full.
    pub out_of_time: bool,
}

const EVENT: &str = "seq, owner, state, received, body, attempt, ended, why";

const REQUEST: &str = "number, owner, at, what, query, body, rejected";

fn state_of(number: i64) -> State {
    match number {
        1 => State::Done,
        2 => State::Dead,
        _ => State::Waiting,
    }
}

/// What rows are compared with, made once.
struct Wanted<'a> {
    filter: &'a Filter,
    what: Option<Finder<'static>>,
    session: Option<Finder<'static>>,
    phone: Option<Finder<'static>>,
    reason: Option<String>,
}

impl<'a> Wanted<'a> {
    fn new(filter: &'a Filter) -> Wanted<'a> {
        let finder = |text: String| Finder::new(text.as_bytes()).into_owned();
        Wanted {
            filter,
            what: filter.what.as_ref().map(|what| finder(format!("\"what\":{}", Value::from(what.as_str())))),
            session: filter.session.map(|session| finder(session.to_string())),
            phone: filter.phone.as_ref().map(|phone| finder(phone.clone())),
            reason: filter.reason.as_ref().map(|reason| reason.to_lowercase()),
        }
    }

    /// Whether a body may be of what is looked for: most are not, and need not be read.
    fn may_be(&self, body: &[u8]) -> bool {
        [&self.what, &self.session, &self.phone].into_iter().flatten().all(|finder| finder.find(body).is_some())
    }

    fn is_received(&self, at: i64) -> bool {
        self.filter.from.is_none_or(|from| at >= from) && self.filter.to.is_none_or(|to| at < to)
    }

    fn has_reason(&self, reason: Option<&str>) -> bool {
        // A reason may also be given as lists show it: masked, and without its numbers.
        let has =
            |reason: &str, wanted: &str| reason.to_lowercase().contains(wanted) || masking::kind_of(reason).to_lowercase().contains(wanted);
        self.reason.as_ref().is_none_or(|wanted| reason.is_some_and(|reason| has(reason, wanted)))
    }

    fn wants(&self, owner: &str, state: State) -> bool {
        self.filter.integration.as_ref().is_none_or(|name| name == owner)
            && (self.filter.states.is_empty() || self.filter.states.contains(&state))
    }

    /// The event of a row, if it is looked for.
    fn event(&self, row: &Row<'_>) -> rusqlite::Result<Option<Listed>> {
        let (number, state, received) = (row.get(0)?, state_of(row.get(2)?), row.get(3)?);
        let (owner, body) = (row.get_ref(1)?.as_str().unwrap_or_default(), row.get_ref(4)?.as_blob().unwrap_or_default());
        if !self.wants(owner, state) || !self.is_received(received) || !self.may_be(body) {
            return Ok(None);
        }
        let event: Option<KeptEvent> = serde_json::from_slice(body).ok();
        let attempt: u32 = row.get(5)?;
        let event = event.map(|event| KeptEvent { attempt, ..event });
        let why: Option<String> = row.get(7)?;
        let reason = why.or_else(|| event.as_ref().and_then(|event| event.reason.clone()).filter(|_| state == State::Waiting));
        if !self.has_reason(reason.as_deref()) {
            return Ok(None);
        }
        if self.filter.session.is_some() && event.as_ref().map(session_of) != self.filter.session.map(Some) {
            return Ok(None);
        }
        let what = event.as_ref().map(|event| event.what.clone()).unwrap_or_default();
        Ok(Some(Listed { number, owner: owner.to_owned(), state, event, what, received, ended: row.get(6)?, reason }))
    }

    /// A request that could not be read, if it is looked for. Its body is searched as text.
    fn request(&self, row: &Row<'_>) -> rusqlite::Result<Option<Listed>> {
        let (number, received, what): (i64, i64, String) = (row.get(0)?, row.get(2)?, row.get(3)?);
        let owner = row.get_ref(1)?.as_str().unwrap_or_default();
        if !self.wants(owner, State::Unreadable)
            || !self.is_received(received)
            || self.filter.what.as_ref().is_some_and(|wanted| *wanted != what)
        {
            return Ok(None);
        }
        let query = row.get_ref(4)?.as_bytes().unwrap_or_default();
        let body = row.get_ref(5)?.as_blob().unwrap_or_default();
        let phone = |finder: &Finder<'_>| [body, query].into_iter().any(|text| finder.find(text).is_some());
        let session = |finder: &Finder<'_>| [body, query].into_iter().any(|text| has_number(text, finder));
        if !self.phone.as_ref().is_none_or(phone) || !self.session.as_ref().is_none_or(session) {
            return Ok(None);
        }
        let reason: Option<String> = row.get(6)?;
        if !self.has_reason(reason.as_deref()) {
            return Ok(None);
        }
        Ok(Some(Listed { number, owner: owner.to_owned(), state: State::Unreadable, event: None, what, received, ended: None, reason }))
    }
}

/// Whether a text has these digits as a number of their own.
fn has_number(text: &[u8], digits: &Finder<'_>) -> bool {
    let is_digit = |at: Option<usize>| at.and_then(|at| text.get(at)).is_some_and(u8::is_ascii_digit);
    digits.find_iter(text).any(|at| !is_digit(at.checked_sub(1)) && !is_digit(Some(at + digits.needle().len())))
}

/// The session of an event, or the id of its chat or communication; none when it is about none.
pub fn session_of(event: &KeptEvent) -> Option<u64> {
    u64::try_from(requests::session(&event.event)).ok().filter(|session| *session > 0)
}

/// The statement that finds events; `states` decides which index is used.
fn of_events(states: &[State], order: Order) -> String {
    let by = order.sql();
    if states.is_empty() || states.contains(&State::Done) {
        return format!("SELECT {EVENT} FROM events WHERE seq > ?1 AND seq < ?2 ORDER BY seq {by}");
    }
    // The numbers of dead and of waiting events are read from their indexes; there are few of them among a million.
    let dead = states.contains(&State::Dead).then_some("SELECT seq AS n FROM events INDEXED BY events_dead WHERE state = 2");
    let waiting = states.contains(&State::Waiting).then_some("SELECT seq AS n FROM events INDEXED BY events_waiting WHERE state = 0");
    let numbers: Vec<&str> = [dead, waiting].into_iter().flatten().collect();
    let numbers = if numbers.is_empty() { "SELECT 0 AS n WHERE 0".to_owned() } else { numbers.join(" UNION ALL ") };
    format!("SELECT {EVENT} FROM ({numbers}) JOIN events ON seq = n WHERE n > ?1 AND n < ?2 ORDER BY n {by}")
}

/// The statement that finds requests that could not be read. By the index of its own: requests are many, and few of them cannot be read.
fn of_requests(order: Order) -> String {
    let by = order.sql();
    let numbers = "SELECT number AS n FROM requests INDEXED BY requests_rejected WHERE rejected IS NOT NULL";
    format!("SELECT {REQUEST} FROM ({numbers}) JOIN requests ON number = n WHERE n > ?1 AND n < ?2 ORDER BY n {by}")
}

impl Order {
    fn sql(self) -> &'static str {
        match self {
            Order::NewestFirst => "DESC",
            Order::OldestFirst => "ASC",
        }
    }

    /// Between which numbers, both left out, a walk goes on. SQLite seeks by one bound on each side.
    fn bounds(self, after: i64, end: i64) -> [i64; 2] {
        match self {
            Order::NewestFirst => [0, after.min(end)],
            Order::OldestFirst => [after, end],
        }
    }
}

/// The number of the last event that was received by this time, roughly: events are numbered in the order of receipt, unless the clock was
/// turned.
fn last_before(reading: &Reading, to: i64) -> rusqlite::Result<i64> {
    // One statement for both would look at every row.
    let one = |sql: &str| reading.connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let mut low = one("SELECT coalesce(min(seq), 0) FROM events")?;
    let mut high = one("SELECT coalesce(max(seq), 0) FROM events")?;
    let mut next = reading.connection.prepare("SELECT received FROM events WHERE seq >= ? ORDER BY seq LIMIT 1")?;
    while low < high {
        let middle = low + (high - low) / 2 + 1;
        let received: i64 = next.query_row([middle], |row| row.get(0))?;
        if received > to.saturating_add(CLOCK_STEP) {
            high = middle - 1;
        } else {
            low = middle;
        }
    }
    Ok(low)
}

/// One of the two lists that are walked through together, with what was read ahead.
struct Side<'s> {
    rows: rusqlite::Rows<'s>,
    ahead: Option<Listed>,
    /// Everything up to this number was looked at.
    reached: i64,
    ended: bool,
}

impl Side<'_> {
    /// Reads on to the next that is looked for. False when the time is over.
    fn fill(&mut self, reading: &Reading, wanted: &dyn Fn(&Row<'_>) -> rusqlite::Result<Step>) -> rusqlite::Result<bool> {
        let mut looked = 0_u32;
        while self.ahead.is_none() && !self.ended {
            looked += 1;
            if looked.is_multiple_of(64) && reading.is_over() {
                return Ok(false);
            }
            let Some(row) = self.rows.next()? else {
                self.ended = true;
                break;
            };
            self.reached = row.get(0)?;
            match wanted(row)? {
                Step::Found(listed) => self.ahead = Some(*listed),
                Step::Not => {}
                Step::End => self.ended = true,
            }
        }
        Ok(true)
    }

    /// Where to go on: what was read ahead is not given out yet, and what was looked at in vain need not be looked at again.
    fn next(&self, order: Order) -> i64 {
        match (&self.ahead, order) {
            (None, _) => self.reached,
            (Some(_), Order::NewestFirst) => self.reached.saturating_add(1),
            (Some(_), Order::OldestFirst) => self.reached.saturating_sub(1),
        }
    }
}

/// What a row is.
enum Step {
    Found(Box<Listed>),
    Not,
    /// No later row is looked for.
    End,
}

impl Step {
    fn of(found: Option<Listed>) -> Step {
        found.map_or(Step::Not, |found| Step::Found(Box::new(found)))
    }
}

/// The order in which events are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// For lists.
    NewestFirst,
    /// The order of receipt, for putting events back into their lanes.
    OldestFirst,
}

/// How a walk ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Walked {
    /// Where to go on; none when everything was looked at.
    pub next: Option<Cursor>,
    /// The time was over.
    pub out_of_time: bool,
}

/// Goes through events and requests that could not be read, in order, until `each` returns false or the time is over.
fn walk(reading: &Reading, filter: &Filter, after: Cursor, order: Order, mut each: impl FnMut(Listed) -> bool) -> rusqlite::Result<Walked> {
    let wanted = Wanted::new(filter);
    let end = filter.to.map_or(Ok(i64::MAX), |to| last_before(reading, to).map(|last| last.saturating_add(1)))?;
    let is_end = |received: i64| match order {
        Order::NewestFirst => filter.from.is_some_and(|from| received < from.saturating_sub(CLOCK_STEP)),
        Order::OldestFirst => false,
    };
    let mut events = reading.connection.prepare(&of_events(&filter.states, order))?;
    let mut requests = reading.connection.prepare(&of_requests(order))?;
    let unreadable = filter.states.is_empty() || filter.states.contains(&State::Unreadable);
    let mut one = Side { rows: events.query(order.bounds(after.event, end))?, ahead: None, reached: after.event, ended: false };
    let mut other =
        Side { rows: requests.query(order.bounds(after.request, i64::MAX))?, ahead: None, reached: after.request, ended: !unreadable };
    loop {
        let event = |row: &Row<'_>| if is_end(row.get(3)?) { Ok(Step::End) } else { wanted.event(row).map(Step::of) };
        let request = |row: &Row<'_>| if is_end(row.get(2)?) { Ok(Step::End) } else { wanted.request(row).map(Step::of) };
        let in_time = one.fill(reading, &event)? && other.fill(reading, &request)?;
        let next = Some(Cursor { event: one.next(order), request: other.next(order) });
        let event_is_next = match (&one.ahead, &other.ahead) {
            _ if !in_time => return Ok(Walked { next, out_of_time: true }),
            (None, None) => return Ok(Walked { next: None, out_of_time: false }),
            (Some(event), Some(request)) => (event.received >= request.received) == (order == Order::NewestFirst),
            (event, _) => event.is_some(),
        };
        let side = if event_is_next { &mut one } else { &mut other };
        if let Some(listed) = side.ahead.take()
            && !each(listed)
        {
            let next = Some(Cursor { event: one.next(order), request: other.next(order) });
            return Ok(Walked { next, out_of_time: false });
        }
    }
}

/// An event by its number.
pub(super) fn event_of(reading: &Reading, number: i64) -> rusqlite::Result<Option<Listed>> {
    let all = Filter::default();
    let sql = format!("SELECT {EVENT} FROM events WHERE seq = ?");
    Ok(reading.connection.query_row(&sql, [number], |row| Wanted::new(&all).event(row)).optional()?.flatten())
}

/// A request that could not be read, by its number.
pub(super) fn request_of(reading: &Reading, number: i64) -> rusqlite::Result<Option<Listed>> {
    let all = Filter::default();
    let sql = format!("SELECT {REQUEST} FROM requests WHERE number = ? AND rejected IS NOT NULL");
    Ok(reading.connection.query_row(&sql, [number], |row| Wanted::new(&all).request(row)).optional()?.flatten())
}

impl SqliteStore {
    /// Events and requests that could not be read, in order: at most `limit`, after a cursor.
    pub async fn listed(&self, filter: Filter, after: Cursor, order: Order, limit: usize) -> Result<Page, StoreError> {
        self.beside(move |reading| {
            let mut found = Vec::new();
            let walked = walk(reading, &filter, after, order, |listed| {
                found.push(listed);
                found.len() < limit
            })?;
            Ok(Page { found, next: walked.next, out_of_time: walked.out_of_time })
        })
        .await
    }

    /// Makes one value of all events and requests that could not be read that are looked for, oldest first.
    pub async fn summed<T: Send + 'static>(
        &self,
        filter: Filter,
        mut sum: T,
        add: impl Fn(&mut T, Listed) + Send + 'static,
    ) -> Result<(T, Walked), StoreError> {
        self.beside(move |reading| {
            let walked = walk(reading, &filter, Cursor::BEGIN, Order::OldestFirst, |listed| {
                add(&mut sum, listed);
                true
            })?;
            Ok((sum, walked))
        })
        .await
    }
}
