//! Timers: their names, which only this file converts to and from text, and setting them.

use std::fmt;

use crate::base::outcome::retry;
use crate::bindings::uis::integration::timers::Timer;
use crate::bindings::uis::integration::types::{Failure, Instant};
use crate::platform::{Platform, Timers};

/// A timer's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimerName {
    /// Reads RetailCRM's state again.
    Refresh,
    /// Reads UIS's report of calls.
    ReconcileCalls,
    /// Reads UIS's reports of chats and site requests.
    ReconcileTexts,
    /// Reads the orders' history.
    Deals,
    /// An early run over deals that does not wait for [`TimerName::Deals`].
    DealsSoon,
    /// Reports that RetailCRM does not answer.
    Outage,
    /// RetailCRM has switched the integration on again; the payload is when.
    SwitchOn,
    /// Stores a call in the history.
    StoreCall(i64),
    /// Closes pop-ups of a call that could not be closed before.
    ClosePopups(i64),
    /// Does what follows from the end of a chat.
    Chat(i64),
    /// Handles a site request that only UIS's report contained; the payload is the time when it was sent.
    SiteRequest(i64),
}

/// Timers without an id, by name.
const SINGLE: [(TimerName, &str); 7] = [
    (TimerName::Refresh, "refresh"),
    (TimerName::ReconcileCalls, "reconcile-calls"),
    (TimerName::ReconcileTexts, "reconcile-texts"),
    (TimerName::Deals, "deals"),
    (TimerName::DealsSoon, "deals-soon"),
    (TimerName::Outage, "outage"),
    (TimerName::SwitchOn, "switch-on"),
];

/// Makes the name of a timer with an id.
type OfId = fn(i64) -> TimerName;

/// Timers with an id, by the prefix of their names.
const WITH_ID: [(OfId, &str); 4] = [
    (TimerName::StoreCall, "store-call/"),
    (TimerName::ClosePopups, "close-pop-ups/"),
    (TimerName::Chat, "chat/"),
    (TimerName::SiteRequest, "site-request/"),
];

impl TimerName {
    /// Parses a timer's name; none if this version has no such timer.
    pub fn parse(text: &str) -> Option<TimerName> {
        let single = SINGLE.iter().find(|(_, name)| *name == text).map(|(timer, _)| *timer);
        single.or_else(|| WITH_ID.iter().find_map(|(timer, prefix)| Some(timer(text.strip_prefix(prefix)?.parse().ok()?))))
    }

    fn id(self) -> i64 {
        match self {
            TimerName::StoreCall(id) | TimerName::ClosePopups(id) | TimerName::Chat(id) | TimerName::SiteRequest(id) => id,
            _ => 0,
        }
    }
}

impl fmt::Display for TimerName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((_, name)) = SINGLE.iter().find(|(timer, _)| timer == self) {
            return out.write_str(name);
        }
        let prefix = WITH_ID.iter().find(|(timer, _)| timer(self.id()) == *self).map_or("", |(_, prefix)| prefix);
        write!(out, "{prefix}{}", self.id())
    }
}

/// Sets a repeating timer, in a lane of its own.
pub fn every(platform: &dyn Platform, name: TimerName, every_ms: u64) -> Result<(), Failure> {
    let at = platform.now() + i64::try_from(every_ms).unwrap_or(i64::MAX);
    set(platform, Timer { name: name.to_string(), at, every_ms: Some(every_ms), ordering_key: name.to_string(), payload: Vec::new() })
}

/// Sets a timer that fires once, in the lane of an ordering key.
pub fn once(timers: &dyn Timers, name: TimerName, at: Instant, ordering_key: &str) -> Result<(), Failure> {
    set(timers, Timer { name: name.to_string(), at, every_ms: None, ordering_key: ordering_key.to_owned(), payload: Vec::new() })
}

/// Sets a timer that fires at once, in the lane of an ordering key.
pub fn hand_over(platform: &dyn Platform, name: TimerName, ordering_key: &str, payload: Vec<u8>) -> Result<(), Failure> {
    let at = platform.now();
    set(platform, Timer { name: name.to_string(), at, every_ms: None, ordering_key: ordering_key.to_owned(), payload })
}

/// Cancels a timer.
pub fn cancel(timers: &dyn Timers, name: TimerName) {
    timers.cancel_timer(&name.to_string());
}

fn set(timers: &dyn Timers, timer: Timer) -> Result<(), Failure> {
    timers.set_timer(&timer).map_err(|why| retry(format!("the timer {} cannot be set: {why}", timer.name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_back_from_its_text() {
        let single = SINGLE.iter().map(|(timer, name)| (*timer, (*name).to_owned()));
        let with_id = WITH_ID.iter().map(|(timer, prefix)| (timer(17), format!("{prefix}17")));
        for (timer, text) in single.chain(with_id) {
            assert_eq!((timer.to_string(), TimerName::parse(&text)), (text, Some(timer)));
        }
        for other in ["", "store-call", "store-call/", "store-call/x", "refresh/1", "deal"] {
            assert_eq!(TimerName::parse(other), None, "{other}");
        }
    }
}
