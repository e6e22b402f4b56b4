//! Instants as RetailCRM writes them: local time of its account, without a zone.

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
