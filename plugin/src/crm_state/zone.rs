//! The time zone of the RetailCRM account, and instants as RetailCRM writes them: local time of that zone.

use crate::base::outcome::misconfigured;
use crate::base::{local_time, stored};
use crate::bindings::uis::integration::types::{Failure, Instant};
use crate::platform::Platform;

/// Where the CRM account's zone is remembered.
const ZONE_KEY: &str = "retailcrm/timezone";

/// Remembers the zone that RetailCRM's settings name.
pub fn remember_zone(platform: &dyn Platform, zone: &str) -> Result<(), Failure> {
    stored::put(platform, ZONE_KEY, &zone.to_owned(), None)
}

/// The zone of the CRM account; the UIS account's own until RetailCRM has told.
pub fn zone(platform: &dyn Platform) -> String {
    stored::load::<String>(platform, ZONE_KEY).unwrap_or_else(|| platform.account().timezone)
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
    let Some(local) = local_time::parse(text) else { return Ok(None) };
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
