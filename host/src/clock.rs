//! Time: the host's clock, which a replay advances, and time zones.

use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Duration, LocalResult, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;

/// The source of the current time for the whole host.
pub trait Clock: Send + Sync {
    /// The current time.
    fn now(&self) -> DateTime<Utc>;

    /// The current time as the contract's `instant`: milliseconds since 1970-01-01 UTC.
    fn now_ms(&self) -> i64 {
        self.now().timestamp_millis()
    }

    /// Whether the time goes on without [`advance_to`](Self::advance_to).
    fn goes_by_itself(&self) -> bool {
        true
    }

    /// Moves a virtual clock forward to a time, in milliseconds since 1970. A time before the current one changes nothing. The system clock
    /// ignores this.
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

/// A clock that moves only when [`advance_to`](Clock::advance_to) is called, and never backwards. For replays and tests.
#[derive(Debug, Default)]
pub struct VirtualClock(AtomicI64);

impl VirtualClock {
    /// A clock that shows this time.
    pub fn at(time: DateTime<Utc>) -> Self {
        VirtualClock(AtomicI64::new(time.timestamp_millis()))
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> DateTime<Utc> {
        instant(self.0.load(Ordering::SeqCst))
    }

    fn goes_by_itself(&self) -> bool {
        false
    }

    fn advance_to(&self, ms: i64) {
        self.0.fetch_max(ms, Ordering::SeqCst);
    }
}

/// The first and the last instant, in milliseconds since 1970, whose date lies within the years 1 to 9999 in every time zone: 0001-01-02
/// and 9999-12-31, midnight UTC.
const DATED: std::ops::RangeInclusive<i64> = -62_135_510_400_000..=253_402_214_400_000;

/// Converts an instant of the contract, in milliseconds since 1970. A plugin may send any number; one outside the years 1 to 9999 becomes
/// the nearest instant inside.
pub fn instant(ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(ms.clamp(*DATED.start(), *DATED.end())).unwrap_or_default()
}

/// As [`instant`], but none for an instant outside the years 1 to 9999.
pub fn dated(ms: i64) -> Option<DateTime<Utc>> {
    DATED.contains(&ms).then(|| instant(ms))
}

/// Parses an IANA name such as `Europe/Moscow`. The error quotes the name.
pub fn zone(name: &str) -> Result<Tz, String> {
    name.trim().parse().map_err(|_| format!("{name:?} is not an IANA time zone; write it like Europe/Moscow"))
}

/// Converts a local time to an instant. A local time that the change to summer time skips is moved forward by the length of the gap. A
/// local time that occurs twice, at the end of summer time, means the first occurrence. None: the result is out of range.
pub fn from_local(zone: Tz, local: NaiveDateTime) -> Option<DateTime<Utc>> {
    match zone.from_local_datetime(&local) {
        LocalResult::Single(time) | LocalResult::Ambiguous(time, _) => Some(time.to_utc()),
        LocalResult::None => {
            // The offset that was in force until the gap began.
            let before = zone.from_local_datetime(&local.checked_sub_signed(Duration::hours(6))?).earliest()?;
            before.to_utc().checked_add_signed(Duration::hours(6))
        }
    }
}

/// As [`from_local`], but a local time that occurs twice means the occurrence nearer to `near`. A notification reports something that has
/// just happened, so `near` is the time at which it was received.
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
    fn a_skipped_local_time_moves_forward_and_a_repeated_one_means_the_first() {
        assert_eq!(utc("Europe/Berlin", "2026-03-29 02:30:00"), "2026-03-29T01:30:00+00:00", "03:30 summer time");
        assert_eq!(utc("Europe/Berlin", "2026-10-25 02:30:00"), "2026-10-25T00:30:00+00:00", "still summer time");
        assert_eq!(utc("Europe/Moscow", "2026-11-23 10:00:00"), "2026-11-23T07:00:00+00:00");
    }

    #[test]
    fn a_repeated_local_time_means_the_occurrence_nearer_to_the_notification() {
        let berlin = zone("Europe/Berlin").expect("a zone");
        let local = NaiveDateTime::parse_from_str("2026-10-25 02:30:00", "%Y-%m-%d %H:%M:%S").expect("a time");
        for received in ["2026-10-25T00:30:05Z", "2026-10-25T01:30:05Z"] {
            let near = DateTime::parse_from_rfc3339(received).expect("a time").to_utc();
            assert_eq!(from_local_near(berlin, local, near), Some(near - Duration::seconds(5)), "{received}");
        }
    }

    #[test]
    fn a_virtual_clock_never_moves_backwards() {
        let clock = VirtualClock::at(instant(1000));
        clock.advance_to(500);
        assert_eq!(clock.now_ms(), 1000);
        clock.advance_to(1500);
        assert_eq!(clock.now_ms(), 1500);
    }

    #[test]
    fn an_instant_out_of_range_becomes_the_nearest_in_range() {
        for ms in [i64::MIN, i64::MAX, i64::MAX / 1000, 0] {
            for name in ["Pacific/Kiritimati", "Pacific/Niue", "Europe/Moscow"] {
                let shown = instant(ms).with_timezone(&zone(name).expect("a zone")).to_rfc3339();
                assert!(shown.len() < 40, "{shown}");
            }
        }
        assert_eq!((dated(i64::MAX), dated(0).map(|time| time.timestamp())), (None, Some(0)));
    }
}
