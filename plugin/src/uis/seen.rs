//! The rows of one of UIS's reports that are done. A row may appear in the report hours after its time, so once an hour a reading goes back a
//! whole day, and passes over the rows that it knows. The readings in between go back an hour, because every page of a report costs points of
//! the account's Data API.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::base::keys::Key;
use crate::base::{digest, stored};
use crate::bindings::uis::integration::types::{Failure, Instant};
use crate::platform::Platform;

/// How far a wide reading goes back. A row that appears even later is not found.
const LOOK_BACK_MS: i64 = 24 * 3_600_000;
/// How often a wide reading is made.
const WIDE_EVERY_MS: i64 = 3_600_000;
/// How far the other readings go back, and how far before the time from which a report counts it is read.
const OVERLAP_MS: i64 = 3_600_000;
/// At most this many rows are stored, the newest. Older ones are looked up in what is stored about themselves, which takes longer.
const ROWS_MAX: usize = 8_000;

/// What is stored.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Stored {
    /// The report is not read further back than this.
    from: Option<Instant>,
    /// When the last wide reading began.
    wide: Instant,
    /// The rows: id, and the digest of their state.
    rows: Vec<(i64, u32)>,
}

/// The rows that one reading shows.
pub struct Seen {
    key: Key<'static>,
    since: Instant,
    from: Instant,
    /// When the last wide reading began; this one's beginning if it is wide.
    wide: Instant,
    is_wide: bool,
    rows: Vec<(i64, u32)>,
    known: BTreeMap<i64, u32>,
    met: Vec<(i64, u32)>,
}

impl Seen {
    /// Begins a reading. `last` is when the reading before began, or the time from which the report counts.
    pub fn open(platform: &dyn Platform, key: Key<'static>, last: Instant) -> Result<Seen, Failure> {
        let stored: Stored = stored::load(platform, key)?.unwrap_or_default();
        let from = stored.from.unwrap_or(last - OVERLAP_MS);
        // A clock that was set back makes a wide reading due.
        let is_wide = !(0..WIDE_EVERY_MS).contains(&(last - stored.wide));
        let since = from.max(last - if is_wide { LOOK_BACK_MS } else { OVERLAP_MS });
        let wide = if is_wide { last } else { stored.wide };
        let known = stored.rows.iter().copied().collect();
        Ok(Seen { key, since, from, wide, is_wide, rows: stored.rows, known, met: Vec::new() })
    }

    /// The time from which the report has to be read.
    pub fn since(&self) -> Instant {
        self.since
    }

    /// Whether the row was done before, in this state.
    pub fn knows(&mut self, id: i64, state: &impl Serialize) -> bool {
        let known = self.known.get(&id) == Some(&short_digest(state));
        if known {
            self.add(id, state);
        }
        known
    }

    /// Marks the row as done in this state.
    pub fn add(&mut self, id: i64, state: &impl Serialize) {
        self.met.push((id, short_digest(state)));
    }

    /// Ends the reading. Rows that a wide reading did not show are forgotten: no later reading goes back to them.
    pub fn close(self, platform: &dyn Platform) -> Result<(), Failure> {
        let met: BTreeSet<i64> = self.met.iter().map(|(id, _)| *id).collect();
        let mut rows: Vec<(i64, u32)> = self.rows.into_iter().filter(|(id, _)| !self.is_wide && !met.contains(id)).collect();
        rows.extend(self.met);
        let surplus = rows.len().saturating_sub(ROWS_MAX);
        rows.drain(..surplus);
        stored::put(platform, self.key, &Stored { from: Some(self.from), wide: self.wide, rows }, None)
    }
}

/// A digest that is short to store; a change of a row has the same one once in four thousand million times.
fn short_digest(state: &impl Serialize) -> u32 {
    let [a, b, c, d, e, f, g, h] = digest::of(state).to_le_bytes();
    u32::from_le_bytes([a ^ e, b ^ f, c ^ g, d ^ h])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::Fake;

    const HOUR: i64 = 3_600_000;

    fn reading(fake: &Fake, last: Instant, rows: &[(i64, &str)]) -> (Instant, Vec<i64>) {
        let mut seen = Seen::open(fake, Key::CallsSeen, last).expect("readable");
        let (since, mut new) = (seen.since(), Vec::new());
        for (id, state) in rows {
            if !seen.knows(*id, state) {
                new.push(*id);
                seen.add(*id, state);
            }
        }
        seen.close(fake).expect("stored");
        (since, new)
    }

    #[test]
    fn every_row_is_new_once_however_late_it_appears() {
        let fake = Fake::default();
        assert_eq!(reading(&fake, 100 * HOUR, &[(1, "a"), (2, "a")]), (99 * HOUR, vec![1, 2]), "nothing before the start");
        assert_eq!(reading(&fake, 101 * HOUR, &[(1, "a"), (9, "a"), (2, "a")]), (99 * HOUR, vec![9]), "in between, and late");
        assert_eq!(reading(&fake, 101 * HOUR + 1, &[(1, "b")]), (100 * HOUR + 1, vec![1]), "a recording was added; a narrow reading");
        assert_eq!(reading(&fake, 102 * HOUR, &[(1, "b"), (9, "a"), (2, "a")]).1, [0; 0], "it forgot nothing");
        assert_eq!(reading(&fake, 130 * HOUR, &[(2, "a"), (3, "a")]), (106 * HOUR, vec![3]));
        assert_eq!(reading(&fake, 131 * HOUR, &[(1, "b"), (3, "a")]).1, [1], "rows that the reading before did not show are forgotten");
    }

    #[test]
    fn a_limited_number_of_rows_is_stored() {
        let fake = Fake::default();
        let many: Vec<(i64, &str)> = (0..10_000).map(|id| (1_000_000_000 + id, "a")).collect();
        reading(&fake, 100 * HOUR, &many);
        assert!(fake.value("reconcile/calls-seen").is_some_and(|value| value.len() < 256 << 10), "the longest value of storage");
        assert_eq!(reading(&fake, 100 * HOUR, &many[5_000..]).1, [0; 0]);
        assert_eq!(reading(&fake, 100 * HOUR, &many[..3_000]).1.len(), 2_000, "they are looked up elsewhere");
    }
}
