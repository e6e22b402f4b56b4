//! Time: the host's clock, which a replay turns by hand, and time zones.

use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Duration, LocalResult, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;

/// The present, as everything in the host sees it.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> DateTime<Utc>;

    /// Now as the contract's instants: milliseconds since 1970.
    fn now_ms(&self) -> i64 {
        self.now().timestamp_millis()
    }

    /// Moves a clock that is turned by hand on to a time, in milliseconds since 1970; a time that has passed leaves it where it is. A clock
    /// that runs by itself takes no notice.
    fn advance_to(&self, _ms: i64) {}
}

/// The machine's clock.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

/// A clock that stands until it is moved, and never goes back.
#[derive(Debug, Default)]
pub struct VirtualClock(AtomicI64);

impl VirtualClock {
    /// A clock that stands at this time.
    pub fn at(time: DateTime<Utc>) -> Self {
        VirtualClock(AtomicI64::new(time.timestamp_millis()))
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> DateTime<Utc> {
        instant(self.0.load(Ordering::SeqCst))
    }

    fn advance_to(&self, ms: i64) {
        self.0.fetch_max(ms, Ordering::SeqCst);
    }
}

/// The first and the last instant that have a date in every zone within the years 1 to 9999: 0001-01-02 and 9999-12-31, midnight UTC.
const DATED: std::ops::RangeInclusive<i64> = -62_135_510_400_000..=253_402_214_400_000;

/// An instant of the contract as a time; one beyond the years 1 to 9999 is the nearest within, as plugins may name any.
pub fn instant(ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(ms.clamp(*DATED.start(), *DATED.end())).unwrap_or_default()
}

/// An instant that has a date in every zone.
pub fn dated(ms: i64) -> Option<DateTime<Utc>> {
    DATED.contains(&ms).then(|| instant(ms))
}

/// A zone by its IANA name.
pub fn zone(name: &str) -> Result<Tz, String> {
    name.trim().parse().map_err(|_| format!("{name:?} is no IANA time zone; one looks like Europe/Moscow"))
}

/// The instant of a local time. In a gap (summer time begins) the offset before it counts, so the time moves on by the gap's length;
/// of a time that comes twice the first is meant.
pub fn from_local(zone: Tz, local: NaiveDateTime) -> Option<DateTime<Utc>> {
    match zone.from_local_datetime(&local) {
        LocalResult::Single(time) | LocalResult::Ambiguous(time, _) => Some(time.to_utc()),
        LocalResult::None => {
            // The offset some hours before the gap is the one in force until it.
            let before = zone.from_local_datetime(&local.checked_sub_signed(Duration::hours(6))?).earliest()?;
            before.to_utc().checked_add_signed(Duration::hours(6))
        }
    }
}

/// As [`from_local`], but of a time that comes twice the one nearer to `near` is meant: a notification tells of what has just happened.
pub fn from_local_near(zone: Tz, local: NaiveDateTime, near: DateTime<Utc>) -> Option<DateTime<Utc>> {
    match zone.from_local_datetime(&local) {
        LocalResult::Ambiguous(first, second) => {
            let (first, second) = (first.to_utc(), second.to_utc());
            Some(if (near - first).abs() <= (near - second).abs() { first } else { second })
        }
        _ => from_local(zone, local),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(zone_name: &str, local: &str) -> String {
        let local = NaiveDateTime::parse_from_str(local, "%Y-%m-%d %H:%M:%S").expect("a time");
        from_local(zone(zone_name).expect("a zone"), local).expect("an instant").to_rfc3339()
    }

    #[test]
    fn a_time_in_a_gap_moves_on_and_a_doubled_one_is_the_first() {
        assert_eq!(utc("Europe/Berlin", "2026-03-29 02:30:00"), "2026-03-29T01:30:00+00:00", "03:30 summer time");
        assert_eq!(utc("Europe/Berlin", "2026-10-25 02:30:00"), "2026-10-25T00:30:00+00:00", "still summer time");
        assert_eq!(utc("Europe/Moscow", "2026-11-23 10:00:00"), "2026-11-23T07:00:00+00:00");
    }

    #[test]
    fn of_a_doubled_time_the_one_nearer_to_its_telling_is_meant() {
        let berlin = zone("Europe/Berlin").expect("a zone");
        let local = NaiveDateTime::parse_from_str("2026-10-25 02:30:00", "%Y-%m-%d %H:%M:%S").expect("a time");
        for received in ["2026-10-25T00:30:05Z", "2026-10-25T01:30:05Z"] {
            let near = DateTime::parse_from_rfc3339(received).expect("a time").to_utc();
            assert_eq!(from_local_near(berlin, local, near), Some(near - Duration::seconds(5)), "{received}");
        }
    }

    #[test]
    fn a_virtual_clock_never_goes_back() {
        let clock = VirtualClock::at(instant(1000));
        clock.advance_to(500);
        assert_eq!(clock.now_ms(), 1000);
        clock.advance_to(1500);
        assert_eq!(clock.now_ms(), 1500);
    }

    #[test]
    fn an_instant_without_a_date_is_the_nearest_that_has_one_in_every_zone() {
        for ms in [i64::MIN, i64::MAX, i64::MAX / 1000, 0] {
            for name in ["Pacific/Kiritimati", "Pacific/Niue", "Europe/Moscow"] {
                let shown = instant(ms).with_timezone(&zone(name).expect("a zone")).to_rfc3339();
                assert!(shown.len() < 40, "{shown}");
            }
        }
        assert_eq!((dated(i64::MAX), dated(0).map(|time| time.timestamp())), (None, Some(0)));
    }
}
