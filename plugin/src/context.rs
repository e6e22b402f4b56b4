//! What one event is handled with, made once, where its handler begins: the port, RetailCRM, the settings, and what was already read.

use std::cell::{OnceCell, RefCell};

use crate::base::outcome::retry_after;
use crate::bindings::uis::integration::types::{Failure, Instant};
use crate::crm_state::zone::{self, Zone};
use crate::platform::Platform;
use crate::retailcrm::{Crm, CrmError};
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

    /// A request that RetailCRM has no key for is about to be sent: until when it may still arrive. That is written down as an intent before it is
    /// sent, and withdrawn when it surely did not arrive.
    pub fn may_arrive_until(&self) -> Instant {
        self.platform.now() + Instant::from(self.crm.max_in_flight_ms())
    }

    /// Whether an intent's request arrived can be looked up only when it cannot arrive any more: until then the event waits.
    pub fn wait_for_intent(&self, what: &str, until: Instant) -> Result<(), Failure> {
        match self.remaining_ms(until) {
            0 => Ok(()),
            left => Err(retry_after(left, format!("{what} was sent before, and may still arrive"))),
        }
    }

    /// What an intent's request came to when it was not carried out for certain: the event comes again when that can be looked up.
    pub fn unknown_outcome(&self, error: CrmError, until: Instant) -> Failure {
        match error {
            CrmError::Unknown { .. } | CrmError::TooLarge { .. } => retry_after(self.remaining_ms(until), error.to_string()),
            other => other.into(),
        }
    }

    /// Milliseconds. A clock that was turned back holds up nothing for longer than a request takes.
    fn remaining_ms(&self, until: Instant) -> u32 {
        u32::try_from((until - self.platform.now()).max(0)).unwrap_or(u32::MAX).min(self.crm.max_in_flight_ms())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::Fake;

    fn after(result: Result<(), Failure>) -> Option<u32> {
        match result {
            Ok(()) => None,
            Err(Failure::Retry(later)) => later.after_ms,
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_open_intent_is_waited_for_as_long_as_its_request_may_arrive() {
        let fake = Fake::default();
        let context = Context::new(&fake);
        fake.now.set(1_000);
        let until = context.may_arrive_until();
        assert_eq!(until, 1_000 + 15_000 + 30_000);
        for (now, left) in [(1_000, Some(45_000)), (45_999, Some(1)), (46_000, None), (90_000, None), (-9_000_000, Some(45_000))] {
            fake.now.set(now);
            assert_eq!(after(context.wait_for_intent("the task", until)), left, "{now}");
        }
        fake.now.set(90_000);
        assert_eq!(after(context.wait_for_intent("the task", 0)), None, "an intent of before there were times");
    }

    #[test]
    fn only_an_unknown_outcome_is_waited_for() {
        let fake = Fake::default();
        let context = Context::new(&fake);
        let unknown = CrmError::Unknown { title: "POST /x".into(), reason: "the connection broke".into() };
        assert_eq!(after(Err(context.unknown_outcome(unknown, context.may_arrive_until()))), Some(45_000));
        assert!(matches!(context.unknown_outcome(CrmError::Unauthorized("no".into()), 1), Failure::Unauthorized(_)));
    }
}
