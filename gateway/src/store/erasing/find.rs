//! Which rows belong to a person: those in which the person stands, and the others of the person's appeals.
//!
//! An appeal is the person's when the person is the customer of one of its events, or stands in the text of one that names no other customer.
//! Then all rows with the same call session, chat, request or order belong to it: a recording, tags, a message without a phone. Nothing else
//! widens the search: neither employees' nor the company's numbers, nor other phones of the same customer, which may be another person's.
//! What else the customer is known by is reported, so that the administrator can name it.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;
use std::sync::Mutex;

use bytes::Bytes;
use chrono_tz::Tz;
use rusqlite::params;
use uis_host::event::Event;
use uis_host::notification::MNEMONICS;
use uis_host::ports::{KeptEvent, StoreError};
use uis_host::sync::lock;

use super::scan::{Ends, Row, TABLES, reader, scan};
use crate::privacy::appeals::{Appeal, appeals_of, customer_of, is_appeal_of};
use crate::privacy::person::Person;
use crate::privacy::search::Finder;
use crate::requests::Raw;

/// Fewest digits of an id that is looked for in the names of timers. Shorter numbers are counters.
const ID_DIGITS: usize = 6;
/// How far before an id the name of its member is looked for.
const REACH: usize = 40;
/// Members of UIS's bodies that have an appeal's id.
const MEMBERS: [&[u8]; 4] = [b"session_id", b"chat_id", b"communication_id", b"cdr_id"];

/// What to look for.
#[derive(Debug, Clone)]
pub struct Wanted<'a> {
    /// The person.
    pub person: &'a Person,
    /// The integration; none: all.
    pub integration: Option<&'a str>,
    /// Rows that were received or written at this time or later stay, in milliseconds since 1970.
    pub before: i64,
    /// Appeals of the person that are known already. They are looked for only in one integration.
    pub appeals: &'a BTreeSet<Appeal>,
}

/// A row that belongs to the person.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hit {
    /// Its number.
    pub number: i64,
    /// The id, name or key.
    pub key: String,
    /// Of an event: 0 while it waits, 1 when it has ended, 2 when it is dead. Of a request: 1 when it could not be read.
    pub state: i64,
    /// When it was received or written, in milliseconds since 1970; 0 when nobody knows.
    pub at: i64,
}

/// What belongs to the person in one integration.
#[derive(Debug, Clone, Default)]
pub struct Belongings {
    /// The rows, by table of [`TABLES`].
    pub rows: [BTreeSet<Hit>; TABLES.len()],
    /// The person's appeals.
    pub appeals: BTreeSet<Appeal>,
    /// What the customer of these appeals is known by beside what was asked for.
    pub also: Person,
    /// Numbers of the requests that events of the person came from.
    origins: BTreeSet<u64>,
}

impl Belongings {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.iter().map(BTreeSet::len).sum()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.iter().all(BTreeSet::is_empty)
    }

    /// The rows of a table.
    pub fn of(&self, table: &str) -> &BTreeSet<Hit> {
        &self.rows[index(table)]
    }

    fn add(&mut self, row: &Row<'_>) {
        let Row { number, state, at, key, .. } = *row;
        self.rows[row.table].insert(Hit { number, state, at, key: key.to_owned() });
    }

    fn widen(&mut self, event: &Event, person: &Person) {
        if is_appeal_of(event, person) {
            self.appeals.extend(appeals_of(event));
            let customer = customer_of(event);
            self.also.phones.extend(customer.phones.difference(&person.phones).cloned());
            self.also.emails.extend(customer.emails.difference(&person.emails).cloned());
            self.also.visitors.extend(customer.visitors.difference(&person.visitors));
        }
    }
}

/// The index of a table.
pub fn index(table: &str) -> usize {
    TABLES.iter().position(|known| known.name == table).unwrap_or_else(|| unreachable!("{table} is one of the tables"))
}

/// What belongs to the person, by integration.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// By integration.
    pub integrations: BTreeMap<String, Belongings>,
    /// The highest row numbers that were looked at.
    pub ends: Ends,
}

impl Wanted<'_> {
    fn admits(&self, row: &Row<'_>) -> bool {
        self.integration.is_none_or(|name| name == row.owner) && row.at < self.before
    }
}

/// The event of a row of the table of events; none when the row is damaged.
fn event_of(row: &Row<'_>) -> Option<KeptEvent> {
    (TABLES[row.table].name == "events").then(|| serde_json::from_slice(row.texts[0]).ok()).flatten()
}

/// The events of a notification as it came; none of anything else.
fn events_of_request(row: &Row<'_>) -> Vec<Event> {
    if TABLES[row.table].name != "requests" {
        return Vec::new();
    }
    let [body, query, _] = row.texts;
    let query = String::from_utf8_lossy(query).into_owned();
    let raw = Raw { method: "POST", query, content_type: None, body: Bytes::copy_from_slice(body) };
    // The zone only decides about times, which do not matter here.
    let kind = Some(row.what).filter(|what| MNEMONICS.contains(what));
    raw.notification(kind, Tz::UTC, row.at).map(|(_, events)| events).unwrap_or_default()
}

/// Whether an event was made of the request that it names. Those of timers name the request that set the timer, which may be another
/// customer's.
fn is_of_request(event: &KeptEvent) -> bool {
    event.origin.0 != 0
        && (MNEMONICS.contains(&event.what.as_str()) || ["route", "click-to-call", "order-webhook", "callback"].contains(&&*event.what))
}

/// Looks through the rows after the given numbers.
pub fn find(path: &Path, wanted: &Wanted<'_>, after: &Ends) -> Result<Found, StoreError> {
    let all: Vec<&str> = TABLES.iter().map(|table| table.name).collect();
    let found = Mutex::new(BTreeMap::<String, Belongings>::new());
    let finder = Finder::new(wanted.person);
    let ends = scan(path, &all, after, &|row| {
        if wanted.admits(row) && row.texts.iter().any(|text| finder.finds(text)) {
            let (event, events) = (event_of(row), events_of_request(row));
            let mut found = lock(&found);
            let own = found.entry(row.owner.to_owned()).or_default();
            own.add(row);
            if let Some(event) = event {
                own.widen(&event.event, wanted.person);
                own.origins.extend(Some(event.origin.0).filter(|_| is_of_request(&event)));
            }
            events.iter().for_each(|event| own.widen(event, wanted.person));
        }
    })?;
    let mut found = found.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(name) = wanted.integration {
        found.entry(name.to_owned()).or_default().appeals.extend(wanted.appeals.iter().cloned());
    }
    rest_of_appeals(path, wanted, after, &mut found)?;
    by_their_event(path, wanted, &mut found).map_err(|error| StoreError(format!("{}: {error}", path.display())))?;
    Ok(Found { integrations: found, ends })
}

/// What the second look searches for in an integration.
struct Sought {
    ids: HashSet<i64>,
    appeals: BTreeSet<Appeal>,
    /// Numbers of requests of the person that are found already.
    requests: HashSet<i64>,
    /// Numbers of requests that events of the person came from.
    origins: BTreeSet<u64>,
}

impl Sought {
    fn of(own: &Belongings) -> Sought {
        Sought {
            ids: own.appeals.iter().filter_map(Appeal::id).collect(),
            appeals: own.appeals.clone(),
            requests: own.of("requests").iter().map(|hit| hit.number).collect(),
            origins: own.origins.clone(),
        }
    }

    /// Whether a row belongs to one of the appeals.
    fn has(&self, row: &Row<'_>) -> bool {
        match TABLES[row.table].name {
            "events" => self.has_event(row),
            "requests" => {
                self.origins.contains(&row.number.cast_unsigned()) || self.has_member(row.texts[0]) || self.has_member(row.texts[1])
            }
            "originals" => self.origins.contains(&row.origin) || self.requests.contains(&row.origin.cast_signed()),
            "timers" => self.has_name(row.key),
            _ => false,
        }
    }

    fn has_event(&self, row: &Row<'_>) -> bool {
        let by_request = row.origin != 0 && self.requests.contains(&row.origin.cast_signed());
        let by_id = numbers(row.texts[0]).any(|(_, id)| self.ids.contains(&id));
        let by_order = self.appeals.iter().any(|appeal| matches!(appeal, Appeal::Order(_)));
        if !by_request && !by_id && !by_order {
            return false;
        }
        let Some(event) = event_of(row) else { return false };
        match &event.event {
            Event::TimerDue(due) => self.has_name(&due.name),
            other => by_request && is_of_request(&event) || !self.appeals.is_disjoint(&appeals_of(other)),
        }
    }

    /// Whether the name of a timer has an appeal's id.
    fn has_name(&self, name: &str) -> bool {
        numbers(name.as_bytes()).any(|(digits, id)| digits.len() >= ID_DIGITS && self.ids.contains(&id))
    }

    /// Whether a body or query has an appeal's id in the member for it.
    fn has_member(&self, text: &[u8]) -> bool {
        numbers(text).any(|(digits, id)| {
            self.ids.contains(&id) && {
                // Both are parts of the same text.
                let at = digits.as_ptr() as usize - text.as_ptr() as usize;
                let before = &text[at.saturating_sub(REACH)..at];
                MEMBERS
                    .iter()
                    .any(|member| memchr::memmem::rfind(before, member).is_some_and(|from| is_value(&before[from + member.len()..])))
            }
        })
    }
}

/// Whether nothing but punctuation and its encodings stands between a member's name and its value.
fn is_value(between: &[u8]) -> bool {
    let hexadecimal = |byte: &u8| byte.is_ascii_digit() || (b'A'..=b'F').contains(byte);
    between.iter().all(|byte| !byte.is_ascii_alphanumeric() || hexadecimal(byte))
}

/// The numbers of a text that an id may be, with their digits.
fn numbers(text: &[u8]) -> impl Iterator<Item = (&[u8], i64)> {
    text.split(|byte| !byte.is_ascii_digit()).filter(|digits| (1..19).contains(&digits.len())).map(|digits| {
        let value = digits.iter().fold(0, |value, digit| value * 10 + i64::from(digit - b'0'));
        (digits, value)
    })
}

/// Adds the rows of the person's appeals in which the person does not stand.
fn rest_of_appeals(path: &Path, wanted: &Wanted<'_>, after: &Ends, found: &mut BTreeMap<String, Belongings>) -> Result<(), StoreError> {
    let sought: BTreeMap<String, Sought> = found.iter().map(|(name, own)| (name.clone(), Sought::of(own))).collect();
    if sought.values().all(|sought| sought.appeals.is_empty() && sought.requests.is_empty() && sought.origins.is_empty()) {
        return Ok(());
    }
    let more = Mutex::new(found);
    scan(path, &["events", "requests", "originals", "timers"], after, &|row| {
        if wanted.admits(row) && sought.get(row.owner).is_some_and(|sought| sought.has(row)) {
            let event = event_of(row);
            let mut found = lock(&more);
            let own = found.entry(row.owner.to_owned()).or_default();
            own.add(row);
            own.origins.extend(event.filter(is_of_request).map(|event| event.origin.0));
        }
    })?;
    Ok(())
}

/// Adds captures of the events, whenever their attempts ended, and requests of those events that the second look has found.
fn by_their_event(path: &Path, wanted: &Wanted<'_>, found: &mut BTreeMap<String, Belongings>) -> rusqlite::Result<()> {
    let connection = reader(path)?;
    let mut captures = connection.prepare("SELECT row, at FROM captures WHERE owner = ? AND event = ?")?;
    let mut requests =
        connection.prepare("SELECT number, at, rejected IS NOT NULL, kind FROM requests WHERE number = ? AND owner = ? AND at < ?")?;
    for (owner, own) in found {
        let ids: Vec<String> = own.of("events").iter().map(|hit| hit.key.clone()).filter(|id| !id.is_empty()).collect();
        for id in ids {
            let rows = captures
                .query_map(params![owner, id], |row| Ok(Hit { number: row.get(0)?, key: id.clone(), state: 0, at: row.get(1)? }))?;
            own.rows[index("captures")].extend(rows.collect::<rusqlite::Result<Vec<_>>>()?);
        }
        for origin in &own.origins {
            let read = |row: &rusqlite::Row<'_>| Ok(Hit { number: row.get(0)?, at: row.get(1)?, state: row.get(2)?, key: row.get(3)? });
            let rows = requests.query_map(params![origin.cast_signed(), owner, wanted.before], read)?;
            own.rows[index("requests")].extend(rows.collect::<rusqlite::Result<Vec<_>>>()?);
        }
    }
    Ok(())
}
