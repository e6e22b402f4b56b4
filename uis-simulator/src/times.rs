//! Times without a zone, `2026-11-23 10:00:00`, in the account's time zone.

use chrono::NaiveDateTime;
use chrono_tz::Tz;
use uis_host::clock::{from_local, instant};

/// The form of a time in the Data API.
const FORM: &str = "%Y-%m-%d %H:%M:%S";

/// A time, given in milliseconds since 1970, in the account's time zone.
pub fn show(zone: Tz, at: i64) -> String {
    instant(at).with_timezone(&zone).format(FORM).to_string()
}

/// A time of the account in milliseconds since 1970; none when the text does not have the Data API's form.
pub fn parse(zone: Tz, text: &str) -> Option<i64> {
    let local = NaiveDateTime::parse_from_str(text, FORM).ok()?;
    Some(from_local(zone, local)?.timestamp_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_as_it_is_written() {
        let moscow = chrono_tz::Europe::Moscow;
        assert_eq!(show(moscow, 1_795_417_200_000), "2026-11-23 10:00:00");
        assert_eq!(parse(moscow, "2026-11-23 10:00:00"), Some(1_795_417_200_000));
        for other in ["2026-11-23", "2026-11-23T10:00:00Z", "", "2026-13-01 00:00:00"] {
            assert_eq!(parse(moscow, other), None, "{other}");
        }
    }
}
