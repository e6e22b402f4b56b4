//! Local times as RetailCRM and people write them, without a zone.

use crate::bindings::uis::integration::clock::LocalTime;

/// A local time as `Y-m-d H:i:s`.
pub fn text(local: &LocalTime) -> String {
    format!("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", local.year, local.month, local.day, local.hour, local.minute, local.second)
}

/// A local time from `Y-m-d H:i:s` or `Y-m-d`.
pub fn parse(text: &str) -> Option<LocalTime> {
    let text = text.trim();
    let (date, clock) = text.split_once([' ', 'T']).unwrap_or((text, "00:00:00"));
    let mut date = date.splitn(3, '-');
    let mut clock = clock.splitn(3, ':');
    let (year, month, day) = (date.next()?.parse().ok()?, date.next()?.parse().ok()?, date.next()?.parse().ok()?);
    let (hour, minute) = (clock.next()?.parse().ok()?, clock.next()?.parse().ok()?);
    let second = clock.next().map_or(Some(0), |second| second.get(..2)?.parse().ok())?;
    let exists = (1..=9999).contains(&year) && (1..=days_of(year, month)).contains(&day) && hour < 24 && minute < 60 && second < 60;
    exists.then_some(LocalTime { year, month, day, hour, minute, second })
}

/// Whether a text is a day that exists, exactly as RetailCRM writes it: `Y-m-d`.
pub fn is_day(text: &str) -> bool {
    let digits = text.bytes().enumerate().all(|(at, byte)| if matches!(at, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() });
    text.len() == 10 && digits && parse(text).is_some()
}

/// How many days a month has; 0: there is no such month.
fn days_of(year: i32, month: u8) -> u8 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_as_people_and_retailcrm_write_them() {
        let parts = |text: &str| parse(text).map(|time| (time.year, time.month, time.day, time.hour, time.minute, time.second));
        assert_eq!(parts("2026-11-23 10:05:09"), Some((2026, 11, 23, 10, 5, 9)));
        assert_eq!(parts("2024-02-29"), Some((2024, 2, 29, 0, 0, 0)));
        assert_eq!(parts(" 2026-11-23 "), Some((2026, 11, 23, 0, 0, 0)));
        for bad in [
            "",
            "23.11.2026",
            "2026-13-01",
            "2026-11-23 25:00:00",
            "2026-11",
            "soon",
            "2026-02-30",
            "2026-02-29",
            "1900-02-29",
            "2026-04-31",
            "2026-00-10",
            "2026-01-00",
        ] {
            assert_eq!(parts(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_day_is_written_as_retailcrm_does_and_exists() {
        for good in ["2026-01-31", "2028-02-29", "0001-01-01", "9999-12-31"] {
            assert!(is_day(good), "{good}");
        }
        for bad in [
            "2026-02-30",
            "2026-04-31",
            "2027-02-29",
            "2027-13-01",
            "0000-01-01",
            "2026-1-31",
            " 2026-1-31",
            "+026-01-31",
            "2026-01-31 10:00",
            "31.01.2026",
            "",
        ] {
            assert!(!is_day(bad), "{bad}");
        }
    }
}
