//! What one event is handled with, made once, where its handler begins: the port, RetailCRM, the settings, and what was already read.

use std::cell::{OnceCell, RefCell};

use crate::bindings::uis::integration::types::{Failure, Instant};
use crate::crm_state::zone::{self, Zone};
use crate::platform::Platform;
use crate::retailcrm::Crm;
use crate::settings::Settings;

/// One event's context. It lives no longer than its event: another event may change what is stored.
pub struct Context<'a> {
    /// The port.
    pub platform: &'a dyn Platform,
    /// The account's RetailCRM.
    pub crm: Crm<'a>,
    settings: OnceCell<Settings>,
    zone: RefCell<Option<Zone>>,
}

impl<'a> Context<'a> {
    /// The context of an event that begins. Nothing is read yet.
    pub fn new(platform: &'a dyn Platform) -> Context<'a> {
        Context { platform, crm: Crm::new(platform), settings: OnceCell::new(), zone: RefCell::new(None) }
    }

    /// The settings now in force, decoded when they are first asked for.
    pub fn settings(&self) -> Result<&Settings, Failure> {
        if let Some(settings) = self.settings.get() {
            return Ok(settings);
        }
        let settings = Settings::decode(&self.platform.prepared_settings())?;
        Ok(self.settings.get_or_init(|| settings))
    }

    /// The same port with settings that were not prepared by the host.
    #[cfg(test)]
    pub fn with_settings(platform: &'a dyn Platform, settings: Settings) -> Context<'a> {
        Context { settings: OnceCell::from(settings), ..Context::new(platform) }
    }

    fn zone(&self) -> Result<Zone, Failure> {
        if let Some(zone) = &*self.zone.borrow() {
            return Ok(zone.clone());
        }
        let zone = zone::read(self.platform)?;
        self.zone.replace(Some(zone.clone()));
        Ok(zone)
    }

    /// Remembers the zone that RetailCRM's settings name: the zone of everything that follows.
    pub fn remember_zone(&self, zone: &str) -> Result<(), Failure> {
        self.zone.replace(None);
        zone::remember(self.platform, zone)
    }

    /// An instant as RetailCRM writes it, `Y-m-d H:i:s` in its account's zone.
    pub fn crm_date_time(&self, at: Instant) -> Result<String, Failure> {
        self.zone()?.date_time(self.platform, at)
    }

    /// The instant of a local time of RetailCRM's account, `Y-m-d H:i:s` or `Y-m-d`; none for text that is neither.
    pub fn instant(&self, text: &str) -> Result<Option<Instant>, Failure> {
        Ok(self.zone()?.instant(self.platform, text))
    }

    /// The day after a day, both `Y-m-d`.
    pub fn next_day(&self, day: &str) -> Result<String, Failure> {
        self.zone()?.next_day(self.platform, day)
    }
}
