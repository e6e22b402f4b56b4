//! How fast a story is played.

use std::str::FromStr;
use std::time::Duration;

/// The speed of a story.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Speed {
    /// So many times faster than in life.
    Times(f64),
    /// Without waiting.
    Max,
}

impl Default for Speed {
    fn default() -> Self {
        Speed::Times(1.0)
    }
}

impl FromStr for Speed {
    type Err = String;

    fn from_str(text: &str) -> Result<Speed, String> {
        match (text, text.parse::<f64>()) {
            ("max", _) => Ok(Speed::Max),
            (_, Ok(times)) if times.is_finite() && times > 0.0 => Ok(Speed::Times(times)),
            _ => Err(format!("{text:?} is no speed; give a number such as 60, or max")),
        }
    }
}

/// Speed and clock.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Tempo {
    /// The speed.
    pub speed: Speed,
    /// The account's clock goes by the same speed, and so does the receiver's. Without it both are real clocks, and the times in
    /// notifications lie closer together, so that none lies in the future.
    pub clock_follows: bool,
}

impl Tempo {
    /// How long a part of a story takes.
    pub fn real(self, milliseconds: i64) -> Duration {
        let milliseconds = milliseconds.max(0) as f64;
        match self.speed {
            Speed::Max => Duration::ZERO,
            Speed::Times(times) => Duration::try_from_secs_f64(milliseconds / 1000.0 / times).unwrap_or(Duration::MAX),
        }
    }

    /// How many milliseconds of a story pass in a real time.
    pub fn of_story(self, real: Duration) -> i64 {
        match self.speed {
            Speed::Max => 0,
            Speed::Times(times) => (real.as_secs_f64() * 1000.0 * times) as i64,
        }
    }

    /// By what the times in notifications are divided.
    pub fn faster(self) -> f64 {
        match (self.clock_follows, self.speed) {
            (true, _) => 1.0,
            (false, Speed::Times(times)) => times,
            (false, Speed::Max) => f64::INFINITY,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_speed_is_a_number_or_max() {
        assert_eq!(
            ["60", "0.5", "max"].map(|text| text.parse::<Speed>().ok()),
            [Some(Speed::Times(60.0)), Some(Speed::Times(0.5)), Some(Speed::Max)]
        );
        for wrong in ["", "0", "-1", "fast", "inf", "NaN"] {
            assert!(wrong.parse::<Speed>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn times_follow_the_speed_unless_the_clock_does() {
        let of = |speed, clock_follows| Tempo { speed, clock_follows };
        let fast = of(Speed::Times(60.0), false);
        assert_eq!((fast.real(60_000), fast.of_story(Duration::from_secs(1)), fast.faster()), (Duration::from_secs(1), 60_000, 60.0));
        assert_eq!((of(Speed::Max, false).real(9), of(Speed::Max, false).faster()), (Duration::ZERO, f64::INFINITY));
        assert_eq!(of(Speed::Times(60.0), true).faster(), 1.0);
    }
}
