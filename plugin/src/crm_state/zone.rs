//! The time zone of the RetailCRM account, and instants as RetailCRM writes them: as local time in that zone.

use crate::base::keys::Key;
use crate::base::outcome::misconfigured;
use crate::base::{local_time, stored};
use crate::bindings::uis::integration::types::{Failure, Instant};
use crate::platform::{Clock, Platform};

/// A time zone by its IANA name.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone(String);

/// Stores the zone named by RetailCRM's settings.
pub fn remember(platform: &dyn Platform, zone: &str) -> Result<(), Failure> {
    stored::put(platform, Key::Zone, &zone, None)
}

/// The zone of the RetailCRM account; the UIS account's own until RetailCRM's is known.
pub fn read(platform: &dyn Platform) -> Result<Zone, Failure> {
    Ok(Zone(stored::load::<String>(platform, Key::Zone)?.unwrap_or_else(|| platform.account().timezone)))
}

impl Zone {
    /// Formats an instant as `Y-m-d H:i:s` in the zone.
    pub fn date_time(&self, clock: &dyn Clock, at: Instant) -> Result<String, Failure> {
        let zone = &self.0;
        let local = clock
            .to_local(at, zone)
            .map_err(|why| misconfigured("connections/retailcrm", format!("RetailCRM's time zone {zone:?} cannot be used: {why}")))?;
        Ok(local_time::text(&local))
    }

    /// The instant of a local time in the zone, `Y-m-d H:i:s` or `Y-m-d`; none for any other text, and for a date that does not exist. (A
    /// zone that the host does not know is refused before it is stored.)
    pub fn instant(&self, clock: &dyn Clock, text: &str) -> Option<Instant> {
        clock.instant_of(&local_time::parse(text)?, &self.0).ok()
    }

    /// The day after `day`, both `Y-m-d`.
    pub fn next_day(&self, clock: &dyn Clock, day: &str) -> Result<String, Failure> {
        const DAY_MS: i64 = 24 * 3_600_000;
        // Noon, because clocks are never changed at noon.
        let noon = self.instant(clock, &format!("{day} 12:00:00")).unwrap_or_else(|| clock.now());
        Ok(self.date_time(clock, noon + DAY_MS)?.chars().take(10).collect())
    }
}
