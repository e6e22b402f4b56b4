//! RetailCRM's working hours: `work_times` and `non_working_days` of its settings.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::keys::Key;
use crate::base::stored;
use crate::bindings::uis::integration::types::Failure;
use crate::platform::Platform;
use crate::retailcrm::answer;

/// The working hours and days off.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct WorkTimes {
    /// By day of the week (`Monday`): from, to, as `HH:MM`.
    days: Vec<(String, String, String)>,
    /// Days off, `Y-m-d` from, to, both included.
    off: Vec<(String, String)>,
}

impl WorkTimes {
    /// Reads the hours from RetailCRM's settings.
    pub fn read(settings: &Value) -> WorkTimes {
        let rows = |name: &str| settings["settings"][name].as_array().cloned().unwrap_or_default();
        let text = |row: &Value, name: &str, most: usize| answer::text(&row[name]).chars().take(most).collect::<String>();
        WorkTimes {
            days: rows("work_times")
                .iter()
                .map(|row| (text(row, "day_type", 16), text(row, "start_time", 5), text(row, "end_time", 5)))
                .collect(),
            off: rows("non_working_days").iter().map(|row| (text(row, "start_date", 10), text(row, "end_date", 10))).collect(),
        }
    }

    /// Whether a local time (`Y-m-d`, `HH:MM`, day of the week) is within working hours. Without any hours it always is.
    fn contain(&self, date: &str, time: &str, day: &str) -> bool {
        if self.off.iter().any(|(from, to)| from.as_str() <= date && date <= to.as_str()) {
            return false;
        }
        self.days.is_empty() || self.days.iter().any(|(name, from, to)| name == day && from.as_str() <= time && time < to.as_str())
    }
}

/// Stores the hours.
pub fn remember(platform: &dyn Platform, times: &WorkTimes) -> Result<(), Failure> {
    stored::put(platform, Key::WorkTimes, times, None)
}

/// Whether a local time of the account, `Y-m-d H:i:s`, is within working hours.
pub fn contain(platform: &dyn Platform, local: &str) -> Result<bool, Failure> {
    let times: WorkTimes = stored::load(platform, Key::WorkTimes)?.unwrap_or_default();
    let (date, clock) = local.split_at(10);
    Ok(times.contain(date, clock.get(1..6).unwrap_or_default(), weekday(date)))
}

/// The day of the week of a `Y-m-d` date, by Zeller's congruence.
fn weekday(date: &str) -> &'static str {
    let part = |from: usize, to: usize| date.get(from..to).and_then(|text| text.parse::<i64>().ok()).unwrap_or(1);
    let (year, month, day) = (part(0, 4), part(5, 7), part(8, 10));
    let (year, month) = if month < 3 { (year - 1, month + 12) } else { (year, month) };
    let number = (day + 13 * (month + 1) / 5 + year + year / 4 - year / 100 + year / 400).rem_euclid(7);
    ["Saturday", "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday"][usize::try_from(number).unwrap_or(0)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn hours_and_days_off() {
        let times = WorkTimes::read(&json!({"settings": {
            "work_times": [{"day_type": "Monday", "start_time": "09:00:00", "end_time": "18:00"}],
            "non_working_days": [{"start_date": "2026-12-31", "end_date": "2027-01-08"}],
        }}));
        let at = |date: &str, time: &str| times.contain(date, time, weekday(date));
        assert!(at("2026-11-23", "09:00") && at("2026-11-23", "17:59"));
        assert!(!at("2026-11-23", "08:59") && !at("2026-11-23", "18:00") && !at("2026-11-24", "12:00") && !at("2027-01-04", "12:00"));
        assert!(WorkTimes::default().contain("2026-11-24", "03:00", "Tuesday"), "without any hours, every time is within working hours");
        assert_eq!((weekday("2024-02-29"), weekday("2026-01-01")), ("Thursday", "Thursday"));
    }
}
