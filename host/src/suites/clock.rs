//! What every [`Clock`] does. An implementation's tests call [`turned_by_hand`] or [`runs_by_itself`], whichever its clock is.

use crate::clock::Clock;

const HOUR_MS: i64 = 3_600_000;

/// Checks a clock that stands until it is moved. The suite moves it, in the end as far as it goes.
pub fn turned_by_hand(clock: &dyn Clock) {
    let start = clock.now_ms();
    for _ in 0..1000 {
        assert_eq!(clock.now_ms(), start, "a clock that is turned by hand stands until it is moved");
    }
    agrees_with_itself(clock);
    for (forward, promise) in [(1, "a millisecond"), (HOUR_MS, "an hour"), (24 * 365 * HOUR_MS, "a year")] {
        let to = clock.now_ms() + forward;
        clock.advance_to(to);
        assert_eq!(clock.now_ms(), to, "advance_to moves a clock that is turned by hand on by {promise}");
        for passed in [to, to - 1, start, 0, i64::MIN] {
            clock.advance_to(passed);
            assert_eq!(clock.now_ms(), to, "a clock goes on only: a time that has passed ({passed}) leaves it where it is");
        }
        agrees_with_itself(clock);
    }
    let last = clock.now_ms();
    clock.advance_to(i64::MAX);
    assert!(clock.now_ms() >= last, "a clock never goes back, also not when it is moved beyond every date");
    agrees_with_itself(clock);
}

/// Checks a clock that runs by itself, as the machine's does.
pub fn runs_by_itself(clock: &dyn Clock) {
    agrees_with_itself(clock);
    let before = clock.now_ms();
    for to in [before + 24 * HOUR_MS, before - 24 * HOUR_MS, i64::MAX, i64::MIN] {
        clock.advance_to(to);
        let moved = clock.now_ms() - before;
        assert!((0..HOUR_MS).contains(&moved), "a clock that runs by itself takes no notice of advance_to: it moved by {moved} ms");
    }
    agrees_with_itself(clock);
}

/// `now` and `now_ms` are one clock, and no reading is before the last.
fn agrees_with_itself(clock: &dyn Clock) {
    let mut last = clock.now_ms();
    for _ in 0..1000 {
        let (now, ms, then) = (clock.now().timestamp_millis(), clock.now_ms(), clock.now().timestamp_millis());
        assert!((now..=then).contains(&ms), "now_ms agrees with now: {ms} is not between {now} and {then}");
        assert!(last <= now, "a clock never goes back: {now} comes after {last}");
        last = then;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use chrono::{DateTime, Utc};

    use super::*;
    use crate::clock::{SystemClock, VirtualClock, instant};
    use crate::suites::broken;
    use crate::suites::samples::NOW;

    #[test]
    fn the_clocks_of_the_library_conform() {
        turned_by_hand(&VirtualClock::default());
        turned_by_hand(&VirtualClock::at(instant(NOW)));
        runs_by_itself(&SystemClock);
    }

    /// Goes wherever it is sent.
    #[derive(Default)]
    struct Pendulum(AtomicI64);

    impl Clock for Pendulum {
        fn now(&self) -> DateTime<Utc> {
            instant(self.0.load(Ordering::SeqCst))
        }
        fn advance_to(&self, ms: i64) {
            self.0.store(ms, Ordering::SeqCst);
        }
    }

    #[test]
    fn the_suite_names_the_broken_promise() {
        let found = broken(async { turned_by_hand(&Pendulum::default()) });
        assert!(found.contains("a clock goes on only"), "{found}");
        let found = broken(async { runs_by_itself(&VirtualClock::default()) });
        assert!(found.contains("takes no notice of advance_to"), "{found}");
        let found = broken(async { turned_by_hand(&SystemClock) });
        assert!(found.contains("stands until it is moved") || found.contains("moves a clock"), "{found}");
    }
}
