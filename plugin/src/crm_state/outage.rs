//! Something else answers in RetailCRM's place: a proxy's page, a redirect, broken JSON. Kept events are retried by the host until RetailCRM
//! answers again, however long that takes. When an event has waited for a while, this is reported once, because only the owner can correct an
//! address or call the provider.

use serde::{Deserialize, Serialize};

use crate::base::keys::Key;
use crate::base::outcome::{Handled, done, done_with_skipped, is_retried, skipped};
use crate::base::stored;
use crate::base::timers::{self, TimerName};
use crate::bindings::uis::integration::log::Level;
use crate::bindings::uis::integration::types::{Failure, Instant};
use crate::platform::Platform;
use crate::retailcrm::answer;

/// How long an event waits before the outage is reported. A restart of a proxy takes less.
const PATIENCE_MS: i64 = 300_000;

/// The event that waits. While one waits, others that fail in the same way report nothing.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Outage {
    /// The id of the event's delivery.
    event: String,
    /// When it failed first.
    since: Instant,
    /// What arrived instead of RetailCRM's answer.
    reason: String,
}

/// Notes how the attempt of a kept event ended, and returns its result. `event` is the id of its delivery.
pub fn watch(platform: &dyn Platform, event: &str, attempt: u32, result: Handled) -> Handled {
    match &result {
        Err(Failure::Retry(later)) if answer::is_foreign(&later.reason) => begin(platform, event, &later.reason)?,
        Err(failure) if is_retried(failure) => {}
        // An event that succeeds at once has nothing to end; this saves a look-up for almost all events.
        _ if attempt > 1 => end(platform, event)?,
        _ => {}
    }
    result
}

/// The result of a live event. It is not retried, and the kept events of the same call report the outage.
pub fn of_live(platform: &dyn Platform, result: Handled) -> Handled {
    match result {
        Err(Failure::Retry(later)) if answer::is_foreign(&later.reason) => {
            platform.log(Level::Warn, "RetailCRM does not answer; this event is not retried", &[("why", &later.reason)]);
            done()
        }
        other => other,
    }
}

fn begin(platform: &dyn Platform, event: &str, reason: &str) -> Result<(), Failure> {
    if stored::exists(platform, Key::Outage) {
        return Ok(());
    }
    let since = platform.now();
    stored::put(platform, Key::Outage, &Outage { event: event.to_owned(), since, reason: reason.to_owned() }, None)?;
    timers::once(platform, TimerName::Outage, since + PATIENCE_MS, &TimerName::Outage.to_string())
}

fn end(platform: &dyn Platform, event: &str) -> Result<(), Failure> {
    match stored::load::<Outage>(platform, Key::Outage)? {
        Some(outage) if outage.event == event => clear(platform),
        _ => Ok(()),
    }
}

/// Forgets an outage: the integration starts anew, or the event that waited has ended.
pub fn clear(platform: &dyn Platform) -> Result<(), Failure> {
    if stored::exists(platform, Key::Outage) {
        timers::cancel(platform, TimerName::Outage);
        stored::forget(platform, Key::Outage)?;
    }
    Ok(())
}

/// The event has waited for a while: reports the outage.
pub fn on_timer(platform: &dyn Platform) -> Handled {
    let Some(outage) = stored::load::<Outage>(platform, Key::Outage)? else { return done() };
    done_with_skipped(vec![skipped(
        "RetailCRM",
        format!(
            "{}. The integration keeps everything and tries again by itself; if this lasts, check the connection's address",
            outage.reason
        ),
    )])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::outcome::retry;
    use crate::fake::Fake;
    use crate::retailcrm::CrmError;

    fn foreign() -> Failure {
        CrmError::Foreign { title: "GET /x".into(), reason: "a redirect (301): no text".into() }.into()
    }

    fn reported(fake: &Fake) -> usize {
        on_timer(fake).expect("done").skipped.len()
    }

    #[test]
    fn an_outage_lasts_until_the_event_that_noticed_it_ends() {
        let fake = Fake::default();
        assert!(watch(&fake, "a", 1, Err(retry("busy"))).is_err());
        assert_eq!(reported(&fake), 0, "RetailCRM is busy, but it is RetailCRM");
        assert!(watch(&fake, "a", 2, Err(foreign())).is_err());
        assert!(watch(&fake, "b", 1, Err(foreign())).is_err());
        assert_eq!(reported(&fake), 1);
        assert!(watch(&fake, "b", 2, done()).is_ok());
        assert_eq!(reported(&fake), 1, "the first event still waits");
        assert!(watch(&fake, "a", 3, Err(retry("busy"))).is_err());
        assert_eq!(reported(&fake), 1);
        assert!(watch(&fake, "a", 4, done()).is_ok());
        assert_eq!(reported(&fake), 0);
    }

    #[test]
    fn a_live_event_is_not_retried_and_reports_nothing() {
        let fake = Fake::default();
        assert!(of_live(&fake, Err(foreign())).is_ok());
        assert!(of_live(&fake, Err(retry("busy"))).is_err());
        assert_eq!(reported(&fake), 0);
    }
}
