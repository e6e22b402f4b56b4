//! Instants as RetailCRM writes them: local time of its account, without a zone.

use crate::bindings::uis::integration::clock::LocalTime;
use crate::bindings::uis::integration::types::{Failure, Instant};
use crate::memory;
use crate::outcome::misconfigured;
use crate::platform::Platform;

/// Where the CRM account's zone is remembered.
const ZONE_KEY: &str = "retailcrm/timezone";

/// Remembers the zone that RetailCRM's settings name.
pub fn remember_zone(platform: &dyn Platform, zone: &str) -> Result<(), Failure> {
    memory::put(platform, ZONE_KEY, &zone.to_owned(), None)
}

/// The zone of the CRM account; the UIS account's own until RetailCRM has told.
pub fn zone(platform: &dyn Platform) -> String {
    memory::load::<String>(platform, ZONE_KEY).unwrap_or_else(|| platform.account().timezone)
}

/// `Y-m-d H:i:s` in the CRM account's zone.
pub fn crm_date_time(platform: &dyn Platform, at: Instant) -> Result<String, Failure> {
    let zone = zone(platform);
    let local = platform
        .to_local(at, &zone)
        .map_err(|why| misconfigured("connections/retailcrm", format!("RetailCRM's time zone {zone:?} cannot be used: {why}")))?;
    Ok(format!("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", local.year, local.month, local.day, local.hour, local.minute, local.second))
}

/// The instant of a local time of the CRM account, `Y-m-d H:i:s` or `Y-m-d`; none for text that is neither.
pub fn instant(platform: &dyn Platform, text: &str) -> Result<Option<Instant>, Failure> {
    let Some(local) = parse(text) else { return Ok(None) };
    let zone = zone(platform);
    // A date that the calendar does not have is no date; a zone that the host does not know was refused when it was remembered.
    Ok(platform.instant_of(&local, &zone).ok())
}

/// The day after a day, both `Y-m-d`.
pub fn next_day(platform: &dyn Platform, day: &str) -> Result<String, Failure> {
    const DAY_MS: i64 = 24 * 3_600_000;
    // At noon no clock is turned.
    let noon = instant(platform, &format!("{day} 12:00:00"))?.unwrap_or_else(|| platform.now());
    Ok(crm_date_time(platform, noon + DAY_MS)?.chars().take(10).collect())
}

/// `Y-m-d H:i:s` or `Y-m-d`.
pub fn parse(text: &str) -> Option<LocalTime> {
    let text = text.trim();
    let (date, clock) = text.split_once([' ', 'T']).unwrap_or((text, "00:00:00"));
    let mut date = date.splitn(3, '-');
    let mut clock = clock.splitn(3, ':');
    let (year, month, day) = (date.next()?.parse().ok()?, date.next()?.parse().ok()?, date.next()?.parse().ok()?);
    let (hour, minute) = (clock.next()?.parse().ok()?, clock.next()?.parse().ok()?);
    let second = clock.next().map_or(Some(0), |second| second.get(..2)?.parse().ok())?;
    let plausible =
        (1..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second < 60;
    plausible.then_some(LocalTime { year, month, day, hour, minute, second })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_as_people_and_retailcrm_write_them() {
        let parts = |text: &str| parse(text).map(|time| (time.year, time.month, time.day, time.hour, time.minute, time.second));
        assert_eq!(parts("2026-11-23 10:05:09"), Some((2026, 11, 23, 10, 5, 9)));
        assert_eq!(parts(" 2026-11-23 "), Some((2026, 11, 23, 0, 0, 0)));
        for bad in ["", "23.11.2026", "2026-13-01", "2026-11-23 25:00:00", "2026-11", "soon"] {
            assert_eq!(parts(bad), None, "{bad}");
        }
    }
}
