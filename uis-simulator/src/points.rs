//! What the Data API lets an account ask: so many points a minute, so many a day.

use serde::{Deserialize, Serialize};

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

/// The limits. The Data API's documentation shows 60 and 3000, and elsewhere 200 and 3500; an account's own are in its contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PointLimits {
    /// A minute.
    pub per_minute: u32,
    /// A day.
    pub per_day: u32,
}

impl Default for PointLimits {
    fn default() -> Self {
        PointLimits { per_minute: 60, per_day: 3000 }
    }
}

/// What is used up of the minute and of the day; both begin anew on the clock's minute and day `[inferred]`.
#[derive(Debug, Default)]
pub struct Points {
    minute: (i64, u32),
    day: (i64, u32),
    /// The most that was used in one minute.
    pub most_in_a_minute: u32,
}

impl Points {
    /// Takes points; without them says after how many milliseconds there are some again.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_and_a_day_have_their_ends() {
        let (mut points, limits) = (Points::default(), PointLimits { per_minute: 3, per_day: 4 });
        assert_eq!(points.take(limits, 10_000, 3), Ok(()));
        assert_eq!(points.take(limits, 59_000, 1), Err(1_000));
        assert_eq!(points.take(limits, 60_000, 1), Ok(()));
        assert_eq!(points.take(limits, 120_000, 1), Err(u32::try_from(DAY_MS - 120_000).expect("it fits")));
        assert_eq!(points.take(limits, DAY_MS, 1), Ok(()));
        assert_eq!(points.most_in_a_minute, 3);
    }
}
