//! Setting timers.

use crate::base::outcome::retry;
use crate::bindings::uis::integration::timers::Timer;
use crate::bindings::uis::integration::types::{Failure, Instant};
use crate::platform::Platform;

/// Sets a timer that repeats, in a lane of its own.
pub fn every(platform: &dyn Platform, name: &str, every_ms: u64) -> Result<(), Failure> {
    set(platform, name, platform.now() + i64::try_from(every_ms).unwrap_or(i64::MAX), Some(every_ms), name, Vec::new())
}

/// Has something done at once by a timer of its own, in order with the events of a key.
pub fn hand_over(platform: &dyn Platform, name: &str, ordering_key: &str, payload: Vec<u8>) -> Result<(), Failure> {
    set(platform, name, platform.now(), None, ordering_key, payload)
}

/// Sets a timer.
pub fn set(
    platform: &dyn Platform,
    name: &str,
    at: Instant,
    every_ms: Option<u64>,
    ordering_key: &str,
    payload: Vec<u8>,
) -> Result<(), Failure> {
    platform
        .set_timer(&Timer { name: name.to_owned(), at, every_ms, ordering_key: ordering_key.to_owned(), payload })
        .map_err(|why| retry(format!("the timer {name} cannot be set: {why}")))
}
