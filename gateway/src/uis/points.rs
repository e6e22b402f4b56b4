//! The points of an API: how many requests are left in this minute and on this day, as UIS says in `metadata.limits`. The limits are in
//! each account's contract, so nothing here is a constant of UIS.

use std::sync::Mutex;

use serde_json::Value;
use uis_host::sync::lock;

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Calls, routing, deals, reports: it may use the last point.
    Work,
    /// A list that somebody chooses from. It leaves a tenth of the minute's points and a twentieth of the day's for work.
    Comfort,
}

/// How long to wait after a refusal whose end UIS does not name.
const UNKNOWN_MS: i64 = 60_000;

/// A period in which points are counted.
#[derive(Debug, Default, Clone, Copy)]
struct Window {
    /// Points of the whole period.
    limit: i64,
    /// Points that are left.
    remaining: i64,
    /// When the period ends, in milliseconds since 1970.
    reset: i64,
}

impl Window {
    /// After how many milliseconds there are points again; none when there are some now.
    fn wait(&self, now: i64, reserve: i64) -> Option<i64> {
        let limited = self.limit > 0 && now < self.reset;
        (limited && self.remaining <= reserve).then(|| self.reset - now)
    }

    /// One point less.
    fn take(&mut self, now: i64) {
        if now < self.reset {
            self.remaining -= 1;
        }
    }
}

#[derive(Debug, Default)]
struct State {
    minute: Window,
    day: Window,
    /// Until when UIS has refused everything.
    blocked: i64,
}

/// The points of one API of one account. Integrations with the same credentials share them.
#[derive(Debug, Default)]
pub struct Points(Mutex<State>);

impl Points {
    /// Uses one point. When none is left for this purpose, uses none and returns after how many milliseconds to try again.
    pub fn take(&self, now: i64, purpose: Purpose) -> Result<(), u32> {
        let mut state = lock(&self.0);
        self.check_state(&state, now, purpose)?;
        state.minute.take(now);
        state.day.take(now);
        Ok(())
    }

    /// As [`take`](Self::take), but uses none.
    pub fn check(&self, now: i64, purpose: Purpose) -> Result<(), u32> {
        self.check_state(&lock(&self.0), now, purpose)
    }

    fn check_state(&self, state: &State, now: i64, purpose: Purpose) -> Result<(), u32> {
        let of = |window: &Window, part: i64| if purpose == Purpose::Comfort { window.limit / part } else { 0 };
        let blocked = Some(state.blocked - now).filter(|left| *left > 0);
        let minute = state.minute.wait(now, of(&state.minute, 10));
        let day = state.day.wait(now, of(&state.day, 20));
        match [blocked, minute, day].into_iter().flatten().max() {
            Some(wait) => Err(u32::try_from(wait.max(1)).unwrap_or(u32::MAX)),
            None => Ok(()),
        }
    }

    /// Reads `metadata.limits` of an answer. Members that are absent or no numbers change nothing.
    pub fn answered(&self, limits: &Value, now: i64) {
        let mut state = lock(&self.0);
        for name in ["minute", "day"] {
            let of = |member: &str| limits[format!("{name}_{member}")].as_i64().filter(|number| (0..=1_000_000_000).contains(number));
            let (Some(limit), Some(remaining), Some(reset)) = (of("limit"), of("remaining"), of("reset")) else { continue };
            let window = if name == "minute" { &mut state.minute } else { &mut state.day };
            *window = Window { limit, remaining, reset: now + reset.saturating_mul(1000) };
        }
    }

    /// Reads a refusal by `limit_exceeded`: nothing is asked until the period ends. Returns after how many milliseconds that is. `error` is
    /// the error object.
    pub fn exceeded(&self, error: &Value, now: i64) -> u32 {
        let data = &error["data"];
        self.answered(&data["metadata"]["limits"], now);
        let mut state = lock(&self.0);
        let window = match data["params"]["limit_type"].as_str() {
            Some(kind) if kind.contains("day") => state.day,
            Some(_) => state.minute,
            // Not said: the day's, if its points are gone.
            None if state.day.limit > 0 && state.day.remaining <= 0 => state.day,
            None => state.minute,
        };
        let wait = Some(window.reset - now).filter(|wait| *wait > 0).unwrap_or(UNKNOWN_MS);
        state.blocked = now + wait;
        u32::try_from(wait).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn limits(minute: i64, day: i64) -> Value {
        json!({"minute_limit": 60, "minute_remaining": minute, "minute_reset": 20, "day_limit": 3000, "day_remaining": day, "day_reset": 1000})
    }

    #[test]
    fn the_last_points_are_for_work() {
        let points = Points::default();
        assert_eq!(points.take(0, Purpose::Comfort), Ok(()), "before the first answer nothing is known");
        points.answered(&limits(7, 2000), 0);
        assert_eq!(points.take(0, Purpose::Comfort), Ok(()));
        assert_eq!(points.take(0, Purpose::Comfort), Err(20_000), "six are left");
        for _ in 0..6 {
            assert_eq!(points.take(0, Purpose::Work), Ok(()));
        }
        assert_eq!(points.take(5_000, Purpose::Work), Err(15_000));
        assert_eq!(points.take(20_000, Purpose::Work), Ok(()), "the minute is over");
        points.answered(&limits(60, 150), 30_000);
        assert_eq!(points.take(30_000, Purpose::Comfort), Err(1_000_000));
        assert_eq!(points.take(30_000, Purpose::Work), Ok(()));
    }

    #[test]
    fn a_refusal_waits_for_the_end_that_uis_names() {
        let exceeded = |data: Value| {
            let points = Points::default();
            points.answered(&limits(5, 5), 0);
            let wait = points.exceeded(&json!({ "data": data }), 1_000);
            assert_eq!(points.take(1_000, Purpose::Work), Err(wait));
            wait
        };
        assert_eq!(exceeded(json!({"params": {"limit_type": "day"}})), 999_000);
        assert_eq!(exceeded(json!({"params": {"limit_type": "minute"}})), 19_000);
        assert_eq!(exceeded(json!({"metadata": {"limits": {"minute_limit": 9, "minute_remaining": 0, "minute_reset": 7}}})), 7_000);
        let points = Points::default();
        assert_eq!(points.exceeded(&json!({}), 0), 60_000, "nothing is known");
    }

    #[test]
    fn limits_of_any_form_are_read() {
        let points = Points::default();
        for form in
            [json!(null), json!([]), json!({"minute_limit": "x"}), json!({"minute_limit": -1, "minute_remaining": 0, "minute_reset": 1})]
        {
            points.answered(&form, 0);
            assert_eq!(points.check(0, Purpose::Work), Ok(()), "{form}");
        }
    }
}
