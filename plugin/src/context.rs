//! What the handling of one event needs, created once when its handler starts: the port, RetailCRM, the settings, and what was already
//! read.

use std::cell::{OnceCell, RefCell};
use std::fmt::Display;

use serde::Serialize;
use serde_json::Value;

use crate::base::outcome::retry_after;
use crate::base::phone::Reader;
use crate::bindings::uis::integration::log::Verdict as Decided;
use crate::bindings::uis::integration::types::{Failure, Instant};
use crate::crm_state::zone::{self, Zone};
use crate::platform::Platform;
use crate::retailcrm::{Crm, CrmError};
use crate::settings::Settings;

/// The context of one event. It must not outlive the event, because another event may change the stored values.
pub struct Context<'a> {
    /// The port.
    pub platform: &'a dyn Platform,
    /// The account's RetailCRM.
    pub crm: Crm<'a>,
    settings: OnceCell<Settings>,
    zone: RefCell<Option<Zone>>,
}

/// A choice of a setting as the settings name it: `called-last`.
pub fn choice(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(name)) => name,
        Ok(other) => other.to_string(),
        Err(_) => String::new(),
    }
}

impl<'a> Context<'a> {
    /// The context of an event whose handling starts. Nothing is read yet.
    pub fn new(platform: &'a dyn Platform) -> Context<'a> {
        Context { platform, crm: Crm::new(platform), settings: OnceCell::new(), zone: RefCell::new(None) }
    }

    /// The settings in force, decoded on first use.
    pub fn settings(&self) -> Result<&Settings, Failure> {
        if let Some(settings) = self.settings.get() {
            return Ok(settings);
        }
        let settings = Settings::decode(&self.platform.prepared_settings())?;
        Ok(self.settings.get_or_init(|| settings))
    }

    /// Notes what a setting, filter or rule decided, for "why is there no order?".
    pub fn decided(&self, subject: impl Display, decided_by: &str, verdict: Decided, why: impl Display) {
        self.platform.decision(&subject.to_string(), decided_by, verdict, &why.to_string());
    }

    /// Notes why something was left out that no setting decides about, such as a second task for one call.
    pub fn left_out(&self, subject: impl Display, why: impl Display) {
        self.decided(subject, "", Decided::LeftOut, why);
    }

    /// Reads phones by the account's country.
    pub fn phones(&self) -> Result<Reader<'_>, Failure> {
        Ok(Reader::new(self.platform, &self.settings()?.phone_country))
    }

    /// The same port with settings that the host did not prepare.
    #[cfg(test)]
    pub fn with_settings(platform: &'a dyn Platform, settings: Settings) -> Context<'a> {
        Context { settings: OnceCell::from(settings), ..Context::new(platform) }
    }

    /// Until when a request that is about to be sent may still arrive. For requests without an idempotency key this time is stored as an
    /// intent before the request is sent; the intent is withdrawn when the request certainly did not arrive.
    pub fn may_arrive_until(&self) -> Instant {
        self.platform.now() + Instant::from(self.crm.max_in_flight_ms())
    }

    /// Retries the event later while an intent's request may still arrive: only after that can a look-up show whether it did.
    pub fn wait_for_intent(&self, what: &str, until: Instant) -> Result<(), Failure> {
        match self.remaining_ms(until) {
            0 => Ok(()),
            left => Err(retry_after(left, format!("{what} was sent before, and may still arrive"))),
        }
    }

    /// The failure of a request for which an intent is stored. When the outcome is unknown, the event is retried once the outcome can be
    /// looked up.
    pub fn unknown_outcome(&self, error: CrmError, until: Instant) -> Failure {
        match error {
            CrmError::Unknown { .. } | CrmError::Foreign { .. } | CrmError::TooLarge { .. } => {
                retry_after(self.remaining_ms(until), error.to_string())
            }
            other => other.into(),
        }
    }

    /// Milliseconds until a request can no longer arrive. Never longer than a request takes, so that a clock that was set back cannot block
    /// the event.
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

    /// Stores the time zone named by RetailCRM's settings. Everything after this uses it.
    pub fn remember_zone(&self, zone: &str) -> Result<(), Failure> {
        self.zone.replace(None);
        zone::remember(self.platform, zone)
    }

    /// An instant as RetailCRM writes it: `Y-m-d H:i:s` in the account's time zone.
    pub fn crm_date_time(&self, at: Instant) -> Result<String, Failure> {
        self.zone()?.date_time(self.platform, at)
    }

    /// The instant of a local time in RetailCRM's time zone, `Y-m-d H:i:s` or `Y-m-d`; none for any other text.
    pub fn instant(&self, text: &str) -> Result<Option<Instant>, Failure> {
        Ok(self.zone()?.instant(self.platform, text))
    }

    /// The day after `day`, both `Y-m-d`.
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
        assert_eq!(after(context.wait_for_intent("the task", 0)), None, "intents stored by old versions have no time");
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
