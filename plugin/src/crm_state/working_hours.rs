//! RetailCRM's working hours: `work_times` and `non_working_days` of its settings.
//!
//! A shift belongs to the day on which it begins and may end on the next one; its lunch is not working time. A day off is given as `MM.DD`,
//! so it comes every year. On a day off there is no working time at all, and no shift begins.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::keys::Key;
use crate::base::stored;
use crate::bindings::uis::integration::types::Failure;
use crate::platform::Platform;
use crate::retailcrm::answer;

/// Minutes of a day.
const DAY: u32 = 24 * 60;

/// The days of the week as RetailCRM names them, in the order in which [`weekday`] counts.
const WEEKDAYS: [&str; 7] = ["saturday", "sunday", "monday", "tuesday", "wednesday", "thursday", "friday"];

/// The working hours and days off, as RetailCRM writes them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkTimes {
    /// By day of the week (`Monday`): from, to, as `HH:MM`.
    days: Vec<(String, String, String)>,
    /// The lunch of each row of `days`: from, to. Values that old versions stored have none.
    lunches: Vec<(String, String)>,
    /// Days off, `MM.DD` or `Y-m-d`, from, to, both included.
    off: Vec<(String, String)>,
}

impl WorkTimes {
    /// Reads the hours from RetailCRM's settings. Members are in `snake_case` or in `camelCase`.
    pub fn read(settings: &Value) -> WorkTimes {
        let settings = &settings["settings"];
        let rows = |names: [&str; 2]| {
            let found = names.map(|name| settings[name].as_array().or_else(|| settings[name]["value"].as_array()));
            found.into_iter().flatten().next().cloned().unwrap_or_default()
        };
        let text = |row: &Value, names: [&str; 2], most: usize| {
            let found = names.map(|name| answer::text(&row[name])).into_iter().find(|text| !text.is_empty());
            found.unwrap_or_default().chars().take(most).collect::<String>()
        };
        let times = rows(["work_times", "workTimes"]);
        let clock = |row: &Value, names: [&str; 2]| text(row, names, 5);
        let day = |row: &Value| {
            let (from, to) = (clock(row, ["start_time", "startTime"]), clock(row, ["end_time", "endTime"]));
            (text(row, ["day_type", "dayType"], 16), from, to)
        };
        let lunch = |row: &Value| (clock(row, ["lunch_start_time", "lunchStartTime"]), clock(row, ["lunch_end_time", "lunchEndTime"]));
        let range = |row: &Value| (text(row, ["start_date", "startDate"], 10), text(row, ["end_date", "endDate"], 10));
        WorkTimes {
            days: times.iter().map(day).collect(),
            lunches: times.iter().map(lunch).collect(),
            off: rows(["non_working_days", "nonWorkingDays"]).iter().map(range).collect(),
        }
    }

    /// Whether a minute of a day is within working hours. Without any hours every minute of a working day is.
    fn contain(&self, date: Date, minute: u32) -> bool {
        if self.is_off(date) {
            return false;
        }
        if self.days.is_empty() {
            return true;
        }
        let before = date.previous();
        // A minute belongs to the shifts that began on this day, and to those that began the day before and are not over yet.
        let today = Some((date, minute));
        let candidates = [today, (!self.is_off(before)).then_some((before, minute + DAY))];
        let shifts = || candidates.into_iter().flatten().flat_map(|(day, minute)| self.shifts(day).map(move |shift| (shift, minute)));
        shifts().any(|(shift, minute)| shift.works(minute)) && !shifts().any(|(shift, minute)| shift.is_at_lunch(minute))
    }

    /// The shifts that begin on a day.
    fn shifts(&self, date: Date) -> impl Iterator<Item = Shift> + '_ {
        let weekday = WEEKDAYS[date.weekday()];
        self.days.iter().enumerate().filter(move |(_, (name, ..))| name.trim().eq_ignore_ascii_case(weekday)).filter_map(
            |(row, (_, from, to))| {
                let (from, to) = (minute_of(from)?, minute_of(to)?);
                let span = |from: u32, to: u32| (from, if to <= from { to + DAY } else { to });
                let lunch = self.lunches.get(row).and_then(|(from, to)| Some((minute_of(from)?, minute_of(to)?)));
                let lunch = lunch.filter(|(start, end)| start != end).map(|(start, end)| {
                    // A lunch before the shift's first minute is on the next day.
                    let start = if start < from { start + DAY } else { start };
                    span(start, if end < from { end + DAY } else { end })
                });
                // 23:59 is how forms without 24:00 write the end of the day.
                let (from, to) = span(from, if to == DAY - 1 { DAY } else { to });
                Some(Shift { from, to, lunch })
            },
        )
    }

    fn is_off(&self, date: Date) -> bool {
        self.off.iter().any(|(from, to)| {
            let Some(from) = Day::read(from) else { return false };
            let to = if to.trim().is_empty() { Some(from) } else { Day::read(to) };
            to.is_some_and(|to| date.is_within(from, to))
        })
    }
}

/// A shift in minutes from the beginning of its day.
struct Shift {
    from: u32,
    to: u32,
    lunch: Option<(u32, u32)>,
}

impl Shift {
    fn works(&self, minute: u32) -> bool {
        (self.from..self.to).contains(&minute)
    }

    fn is_at_lunch(&self, minute: u32) -> bool {
        self.lunch.is_some_and(|(from, to)| (from..to).contains(&minute))
    }
}

/// The first or the last day of days off: a date, or a day of every year.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Day {
    year: Option<i64>,
    month: u32,
    day: u32,
}

impl Day {
    /// Reads `MM.DD` (also with `-` or `/`) or `Y-m-d`.
    fn read(text: &str) -> Option<Day> {
        let numbers: Option<Vec<u32>> = text.trim().split(['.', '-', '/']).map(|part| part.parse().ok()).collect();
        let (year, month, day) = match numbers?[..] {
            [month, day] => (None, month, day),
            [year, month, day] if year > 999 => (Some(i64::from(year)), month, day),
            [day, month, year] if year > 999 => (Some(i64::from(year)), month, day),
            _ => return None,
        };
        ((1..=12).contains(&month) && (1..=31).contains(&day)).then_some(Day { year, month, day })
    }
}

/// A date.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Date {
    year: i64,
    month: u32,
    day: u32,
}

impl Date {
    /// Reads the `Y-m-d` at the beginning of a text.
    fn read(text: &str) -> Option<Date> {
        let part = |from: usize, to: usize| text.get(from..to)?.parse::<u32>().ok();
        Some(Date { year: part(0, 4)?.into(), month: part(5, 7)?, day: part(8, 10)? })
    }

    /// Whether the date is in a range of days off. Without years, a range whose end is before its beginning goes over the end of the year.
    fn is_within(self, from: Day, to: Day) -> bool {
        if let (Some(first), Some(last)) = (from.year, to.year) {
            let date = (self.year, self.month, self.day);
            return (first, from.month, from.day) <= date && date <= (last, to.month, to.day);
        }
        let (from, to, date) = ((from.month, from.day), (to.month, to.day), (self.month, self.day));
        if from <= to { from <= date && date <= to } else { from <= date || date <= to }
    }

    fn previous(self) -> Date {
        match (self.month, self.day) {
            (1, 1) => Date { year: self.year - 1, month: 12, day: 31 },
            (month, 1) => Date { month: month - 1, day: days_of(self.year, month - 1), ..self },
            (_, day) => Date { day: day.saturating_sub(1), ..self },
        }
    }

    /// The index of the day of the week in [`WEEKDAYS`], by Zeller's congruence.
    fn weekday(self) -> usize {
        let (month, day) = (i64::from(self.month), i64::from(self.day));
        let (year, month) = if month < 3 { (self.year - 1, month + 12) } else { (self.year, month) };
        let number = (day + 13 * (month + 1) / 5 + year + year / 4 - year / 100 + year / 400).rem_euclid(7);
        usize::try_from(number).unwrap_or(0)
    }
}

fn days_of(year: i64, month: u32) -> u32 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The minute of the day of `HH:MM`; none for any other text.
fn minute_of(text: &str) -> Option<u32> {
    let (hour, minute) = text.trim().split_once(':')?;
    let (hour, minute): (u32, u32) = (hour.parse().ok()?, minute.get(..2)?.parse().ok()?);
    ((hour < 24 && minute < 60) || (hour == 24 && minute == 0)).then_some(hour * 60 + minute)
}

/// Stores the hours.
pub fn remember(platform: &dyn Platform, times: &WorkTimes) -> Result<(), Failure> {
    stored::put(platform, Key::WorkTimes, times, None)
}

/// Whether a local time of the account, `Y-m-d H:i:s`, is within working hours.
pub fn contain(platform: &dyn Platform, local: &str) -> Result<bool, Failure> {
    let times: WorkTimes = stored::load(platform, Key::WorkTimes)?.unwrap_or_default();
    let minute = local.get(11..16).and_then(minute_of);
    Ok(Date::read(local).zip(minute).is_none_or(|(date, minute)| times.contain(date, minute)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::Fake;
    use serde_json::json;

    /// Whether each time is within the hours.
    fn check(settings: Value, expected: &[(&str, bool)]) {
        let fake = Fake::default();
        remember(&fake, &WorkTimes::read(&json!({ "settings": settings }))).expect("stored");
        for (local, working) in expected {
            assert_eq!(contain(&fake, &format!("{local}:00")), Ok(*working), "{local} by {settings}");
        }
    }

    fn every_day(from: &str, to: &str, lunch: (&str, &str)) -> Value {
        let rows = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"].map(
            |day| json!({"day_type": day, "start_time": from, "end_time": to, "lunch_start_time": lunch.0, "lunch_end_time": lunch.1}),
        );
        json!(rows)
    }

    #[test]
    fn a_day_has_its_hours_and_no_others() {
        let monday = json!({"work_times": [{"day_type": "Monday", "start_time": "09:00:00", "end_time": "18:00"}]});
        let times =
            [("08:59", false), ("09:00", true), ("17:59", true), ("18:00", false)].map(|(at, yes)| (format!("2026-11-23 {at}"), yes));
        let times: Vec<(&str, bool)> = times.iter().map(|(at, yes)| (at.as_str(), *yes)).collect();
        check(monday.clone(), &times);
        check(monday, &[("2026-11-24 12:00", false)]);
        check(json!({}), &[("2026-11-24 03:00", true)]);
        check(json!({"work_times": [{"day_type": "Tuesday", "start_time": null, "end_time": null}]}), &[("2026-11-24 12:00", false)]);
        check(json!({"workTimes": [{"dayType": "tuesday", "startTime": "9:00", "endTime": "24:00"}]}), &[("2026-11-24 23:59", true)]);
    }

    #[test]
    fn a_shift_may_end_on_the_next_day() {
        let night = json!({"work_times": [{"day_type": "Monday", "start_time": "20:00", "end_time": "08:00"}]});
        check(
            night,
            &[
                ("2026-11-23 07:00", false),
                ("2026-11-23 20:00", true),
                ("2026-11-24 07:59", true),
                ("2026-11-24 08:00", false),
                ("2026-11-24 20:00", false),
            ],
        );
        for (from, to) in [("00:00", "00:00"), ("00:00", "24:00"), ("00:00", "23:59"), ("09:00", "09:00")] {
            let round_the_clock = json!({"work_times": every_day(from, to, ("", ""))});
            check(round_the_clock, &[("2026-11-23 00:00", true), ("2026-11-23 23:59", true), ("2026-03-01 08:59", true)]);
        }
    }

    #[test]
    fn lunch_is_not_working_time() {
        let day = json!({"work_times": every_day("09:00", "18:00", ("13:00", "14:00"))});
        check(day, &[("2026-11-23 12:59", true), ("2026-11-23 13:00", false), ("2026-11-23 13:59", false), ("2026-11-23 14:00", true)]);
        for (from, to) in [("20:00", "08:00"), ("00:00", "00:00")] {
            let night = json!({"work_times": every_day(from, to, ("23:30", "00:30"))});
            check(
                night,
                &[("2026-11-23 23:29", true), ("2026-11-23 23:30", false), ("2026-11-24 00:29", false), ("2026-11-24 00:30", true)],
            );
        }
        let early = json!({"work_times": every_day("20:00", "08:00", ("02:00", "03:00"))});
        check(early, &[("2026-11-24 01:59", true), ("2026-11-24 02:30", false), ("2026-11-24 03:00", true)]);
        check(json!({"work_times": every_day("09:00", "18:00", ("00:00", "00:00"))}), &[("2026-11-23 13:00", true)]);
    }

    #[test]
    fn days_off_come_every_year() {
        let off = |ranges: Value| json!({"work_times": every_day("09:00", "18:00", ("", "")), "non_working_days": ranges});
        let range = |from: &str, to: &str| json!({"start_date": from, "end_date": to});
        check(
            off(json!([range("12.30", "01.08")])),
            &[
                ("2027-12-29 12:00", true),
                ("2027-12-30 12:00", false),
                ("2027-12-31 12:00", false),
                ("2028-01-08 12:00", false),
                ("2028-01-09 12:00", true),
            ],
        );
        check(off(json!([{"startDate": "03.08", "endDate": "03.08"}])), &[("2027-03-08 12:00", false), ("2027-03-09 12:00", true)]);
        check(
            off(json!([range("02.29", "02.29")])),
            &[("2028-02-29 12:00", false), ("2027-02-28 12:00", true), ("2027-03-01 12:00", true)],
        );
        check(
            off(json!([range("05.01", "05.03"), range("06.12", ""), range("2026-11-23", "2026-11-24")])),
            &[("2027-05-02 12:00", false), ("2027-06-12 12:00", false), ("2026-11-24 12:00", false), ("2027-11-24 12:00", true)],
        );
        check(off(json!([range("01.01", "12.31")])), &[("2027-07-01 12:00", false), ("2028-02-29 12:00", false)]);
        check(off(json!([range("x", "13.40"), range("", "")])), &[("2027-07-01 12:00", true)]);
        check(json!({"non_working_days": [range("07.01", "07.01")]}), &[("2027-07-01 12:00", false), ("2027-07-02 03:00", true)]);
    }

    #[test]
    fn no_shift_begins_on_a_day_off_and_none_lasts_into_it() {
        let night = json!({
            "work_times": every_day("20:00", "08:00", ("", "")),
            "non_working_days": [{"start_date": "01.01", "end_date": "01.01"}],
        });
        check(night, &[("2027-01-01 03:00", false), ("2027-01-01 21:00", false), ("2027-01-02 03:00", false), ("2027-01-02 21:00", true)]);
    }

    #[test]
    fn hours_that_an_old_version_stored_are_read() {
        let fake = Fake::default();
        fake.set(&Key::WorkTimes.to_string(), r#"v1:{"days":[["Monday","09:00","18:00"]],"off":[["12.31","01.08"]]}"#);
        assert_eq!((contain(&fake, "2026-11-23 10:00:00"), contain(&fake, "2027-01-04 10:00:00")), (Ok(true), Ok(false)));
    }
}
