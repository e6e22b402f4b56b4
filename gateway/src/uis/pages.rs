//! Pages of a report by a cursor. UIS's reports are asked for by the time at which a communication began, and have no cursor; the port's
//! pages are in the order in which communications ended. So a whole period is read, put in order, and pages are cut from it. What was read
//! serves the following pages for two minutes; the last page is always read anew, so that rows that were added meanwhile are on it.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex};

use uis_host::bindings::uis::integration::call_events::CallFinished;
use uis_host::bindings::uis::integration::chat_events::{ChatFinished, ChatMessage};
use uis_host::bindings::uis::integration::site_request_events::SiteRequest;
use uis_host::sync::lock;

/// The longest period that is asked for at once, in milliseconds: the documentation allows 90 days in one place and 30 in another.
pub const PERIOD_MS: i64 = 30 * DAY_MS;
/// A day, in milliseconds.
pub const DAY_MS: i64 = 24 * 3_600_000;
/// How long what was read serves further pages, in milliseconds.
const KEPT_MS: i64 = 120_000;
/// How many readings of a report are kept: as many pages may be read by different handlers at the same time.
const KEPT: usize = 4;
/// How many rows are remembered that could not be read.
const REPORTED_MAX: usize = 1000;

/// A row's place in a report: when the communication ended, in milliseconds since 1970, and its id.
pub type Place = (i64, i64);

/// Reads a cursor. One that is none begins anew.
pub fn read_cursor(cursor: Option<&str>) -> Option<Place> {
    let (at, id) = cursor?.split_once('/')?;
    Some((at.parse().ok()?, id.parse().ok()?))
}

/// The first place after a cursor's; without a cursor the first at `since`.
pub fn begin(since: i64, cursor: Option<&str>) -> Place {
    read_cursor(cursor).map_or((since, i64::MIN), |(at, id)| (at, id.saturating_add(1)))
}

/// Rows from a place on, in order.
#[derive(Debug)]
pub struct Snapshot<T> {
    /// Whose rows they are: the chat's id, or 0.
    of: i64,
    /// All rows of the period from here on are there.
    begin: Place,
    /// When they were read.
    at: i64,
    rows: Vec<(Place, T)>,
}

impl<T: Clone> Snapshot<T> {
    /// What was read at a time. Rows outside the period are left out, and of rows with one place the last is taken.
    pub fn new(of: i64, begin: Place, end: i64, at: i64, mut rows: Vec<(Place, T)>) -> Snapshot<T> {
        rows.retain(|(place, _)| *place >= begin && place.0 < end);
        rows.reverse();
        rows.sort_by_key(|(place, _)| *place);
        rows.dedup_by_key(|(place, _)| *place);
        Snapshot { of, begin, at, rows }
    }

    /// At most `limit` rows from a place on, and whether there are more.
    pub fn page(&self, from: Place, limit: usize) -> (Vec<(Place, T)>, bool) {
        let first = self.rows.partition_point(|(place, _)| *place < from);
        let rest = self.rows.get(first..).unwrap_or_default();
        (rest.iter().take(limit).cloned().collect(), rest.len() > limit)
    }
}

/// Readings of one report that still serve pages.
#[derive(Debug)]
pub struct Kept<T>(Mutex<VecDeque<Arc<Snapshot<T>>>>);

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Kept(Mutex::default())
    }
}

impl<T: Clone> Kept<T> {
    /// A page from what was read, if it is not the last one.
    pub fn page(&self, of: i64, from: Place, limit: usize, now: i64) -> Option<Vec<(Place, T)>> {
        let kept = lock(&self.0);
        let usable =
            |snapshot: &&Arc<Snapshot<T>>| snapshot.of == of && snapshot.begin <= from && (0..KEPT_MS).contains(&(now - snapshot.at));
        kept.iter().filter(usable).find_map(|snapshot| {
            let (rows, more) = snapshot.page(from, limit);
            more.then_some(rows)
        })
    }

    /// Keeps a reading for further pages.
    pub fn keep(&self, snapshot: Arc<Snapshot<T>>) {
        let mut kept = lock(&self.0);
        kept.retain(|known| (0..KEPT_MS).contains(&(snapshot.at - known.at)));
        kept.push_front(snapshot);
        kept.truncate(KEPT);
    }
}

/// What was read of all reports.
#[derive(Debug, Default)]
pub struct Snapshots {
    /// Calls.
    pub calls: Kept<CallFinished>,
    /// Chats.
    pub chats: Kept<ChatFinished>,
    /// Site requests.
    pub site_requests: Kept<SiteRequest>,
    /// Messages of chats.
    pub messages: Kept<ChatMessage>,
    /// Rows that could not be read and were reported, by their method and id.
    unreadable: Mutex<HashSet<(String, Option<i64>)>>,
}

impl Snapshots {
    /// Whether a row that cannot be read was not reported yet. It is read again with every page.
    pub fn first_report(&self, method: &str, id: Option<i64>) -> bool {
        let mut reported = lock(&self.unreadable);
        if reported.len() >= REPORTED_MAX {
            reported.clear();
        }
        reported.insert((method.to_owned(), id))
    }
}

/// A period of a report: which communications began in it, and until when those that ended are complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// The earliest beginning that is asked for.
    pub from: i64,
    /// The latest one.
    pub till: i64,
    /// Whoever ended before this time, and after the place that the period begins with, is in it.
    pub end: i64,
    /// No period follows.
    pub last: bool,
}

/// The period that begins with what ended at `from`, when the longest communication lasts `longest` milliseconds.
pub fn period(from: i64, longest: i64, now: i64) -> Period {
    let begun = from.saturating_sub(longest);
    if now - begun <= PERIOD_MS {
        // UIS's clock may be ahead of ours.
        return Period { from: begun, till: now.max(from) + 3_600_000, end: i64::MAX, last: true };
    }
    // A whole second, as UIS's times are: whether it takes the last one is not documented.
    let till = (begun + PERIOD_MS).div_euclid(1000) * 1000;
    Period { from: begun, till, end: till, last: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    #[test]
    fn a_period_overlaps_by_the_longest_call_and_the_next_one_goes_on() {
        let now = 1_000 * DAY_MS;
        assert_eq!(period(now - HOUR, 12 * HOUR, now), Period { from: now - 13 * HOUR, till: now + HOUR, end: i64::MAX, last: true });
        let mut from = now - 100 * DAY_MS;
        let mut count = 0;
        loop {
            let one = period(from, 12 * HOUR, now);
            assert!(one.till - one.from <= PERIOD_MS + HOUR && one.from == from - 12 * HOUR && one.end > from);
            count += 1;
            if one.last {
                break;
            }
            from = one.end;
        }
        assert_eq!(count, 4);
    }

    #[test]
    fn a_kept_reading_serves_every_page_but_the_last() {
        let kept = Kept::default();
        let rows = (1..=5).map(|id| ((id * 10, id), id)).collect();
        kept.keep(Arc::new(Snapshot::new(0, (10, i64::MIN), i64::MAX, 0, rows)));
        let ids = |page: Option<Vec<(Place, i64)>>| page.map(|rows| rows.into_iter().map(|(_, id)| id).collect::<Vec<_>>());
        assert_eq!(ids(kept.page(0, begin(10, Some("20/2")), 2, 1)), Some(vec![3, 4]));
        assert_eq!(ids(kept.page(0, begin(10, Some("20/2")), 3, 1)), None, "the last page is read anew");
        assert_eq!(ids(kept.page(0, (9, 0), 1, 1)), None, "the reading begins later");
        assert_eq!(ids(kept.page(7, (10, 0), 1, 1)), None, "another chat");
        assert_eq!(ids(kept.page(0, (10, 0), 1, KEPT_MS)), None, "it is too old");
    }

    #[test]
    fn a_cursor_of_any_form_is_read() {
        assert_eq!(begin(5, Some("10/3")), (10, 4));
        for cursor in [None, Some(""), Some("x/y"), Some("10"), Some("10/")] {
            assert_eq!(begin(5, cursor), (5, i64::MIN), "{cursor:?}");
        }
        assert_eq!(begin(5, Some(&format!("10/{}", i64::MAX))), (10, i64::MAX));
    }
}
