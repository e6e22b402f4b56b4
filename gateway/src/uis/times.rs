//! Times of the Data API: `2026-11-23 10:00:00`, in the account's time zone.

use chrono_tz::Tz;
use uis_host::clock::instant;

/// A time, given in milliseconds since 1970, as the Data API writes it. Milliseconds are cut off.
pub fn written(zone: Tz, at: i64) -> String {
    instant(at).with_timezone(&zone).format("%Y-%m-%d %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_in_the_accounts_zone() {
        assert_eq!(written(chrono_tz::Europe::Moscow, 1_795_417_200_999), "2026-11-23 10:00:00");
        assert_eq!(written(chrono_tz::Asia::Omsk, 1_795_417_200_000), "2026-11-23 13:00:00");
    }
}
