//! The Data API's limit: an account may use so many points per minute and per day.

use serde::{Deserialize, Serialize};

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

/// The limits of an account. The Data API's documentation gives 60 and 3000 in one place, 200 and 3500 in another; the actual values are in
/// an account's contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PointLimits {
    /// Points per minute.
    pub per_minute: u32,
    /// Points per day.
    pub per_day: u32,
}

impl Default for PointLimits {
    fn default() -> Self {
        PointLimits { per_minute: 60, per_day: 3000 }
    }
}

/// Points that were used. Counting restarts with each minute and each day of the clock, UTC `[inferred]`.
#[derive(Debug, Default)]
pub struct Points {
    minute: (i64, u32),
    day: (i64, u32),
    /// The highest number of points that were used within one minute.
    pub most_in_a_minute: u32,
}

impl Points {
    /// Uses points. When not enough are left, uses none and returns after how many milliseconds to retry. `now` is in milliseconds since
    /// 1970.
    pub fn take(&mut self, limits: PointLimits, now: i64, points: u32) -> Result<(), u32> {
        let (minute, day) = (now.div_euclid(MINUTE_MS), now.div_euclid(DAY_MS));
        if self.minute.0 != minute {
            self.minute = (minute, 0);
        }
        if self.day.0 != day {
            self.day = (day, 0);
        }
        let until = |period: i64| u32::try_from(period - now.rem_euclid(period)).unwrap_or(u32::MAX);
        if self.day.1.saturating_add(points) > limits.per_day {
            return Err(until(DAY_MS));
        }
        if self.minute.1.saturating_add(points) > limits.per_minute {
            return Err(until(MINUTE_MS));
        }
        self.minute.1 += points;
        self.day.1 += points;
        self.most_in_a_minute = self.most_in_a_minute.max(self.minute.1);
        Ok(())
    }
}

/// What is left of an account's points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Remaining {
    /// Points per day.
    pub day_limit: u32,
    /// Points left today.
    pub day_remaining: u32,
    /// In how many seconds the next day begins.
    pub day_reset: i64,
    /// Points per minute.
    pub minute_limit: u32,
    /// Points left in this minute.
    pub minute_remaining: u32,
    /// In how many seconds the next minute begins.
    pub minute_reset: i64,
}

impl Points {
    /// What is left. `now` is in milliseconds since 1970.
    pub fn remaining(&self, limits: PointLimits, now: i64) -> Remaining {
        let left = |(period, used): (i64, u32), length: i64, limit: u32| {
            let used = if period == now.div_euclid(length) { used } else { 0 };
            (limit.saturating_sub(used), (length - now.rem_euclid(length) + 999) / 1000)
        };
        let (day_remaining, day_reset) = left(self.day, DAY_MS, limits.per_day);
        let (minute_remaining, minute_reset) = left(self.minute, MINUTE_MS, limits.per_minute);
        Remaining { day_limit: limits.per_day, day_remaining, day_reset, minute_limit: limits.per_minute, minute_remaining, minute_reset }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_limited_per_minute_and_per_day() {
        let (mut points, limits) = (Points::default(), PointLimits { per_minute: 3, per_day: 4 });
        assert_eq!(points.take(limits, 10_000, 3), Ok(()));
        assert_eq!(points.take(limits, 59_000, 1), Err(1_000));
        assert_eq!(points.take(limits, 60_000, 1), Ok(()));
        assert_eq!(points.take(limits, 120_000, 1), Err(u32::try_from(DAY_MS - 120_000).expect("it fits")));
        assert_eq!(points.take(limits, DAY_MS, 1), Ok(()));
        assert_eq!(points.most_in_a_minute, 3);
    }

    #[test]
    fn what_remains_is_counted_from_the_current_minute_and_day() {
        let (mut points, limits) = (Points::default(), PointLimits { per_minute: 3, per_day: 4 });
        assert_eq!(points.take(limits, 10_000, 2), Ok(()));
        let left = points.remaining(limits, 10_500);
        assert_eq!((left.minute_remaining, left.minute_reset, left.day_remaining), (1, 50, 2));
        let left = points.remaining(limits, 60_000);
        assert_eq!((left.minute_remaining, left.minute_reset, left.day_remaining), (3, 60, 2));
    }
}
