//! Shorthands for what handlers answer.

use crate::bindings::uis::integration::types::{Failure, Misconfiguration, Outcome, RetryLater, Skipped};

/// What a handler gives back.
pub type Handled = Result<Outcome, Failure>;

/// Done, and there is nothing to tell.
pub fn done() -> Handled {
    Ok(Outcome { skipped: Vec::new() })
}

/// Done, with things left out.
pub fn done_with_skipped(skipped: Vec<Skipped>) -> Handled {
    Ok(Outcome { skipped })
}

/// Something left out, for good.
pub fn skipped(what: impl Into<String>, why: impl Into<String>) -> Skipped {
    Skipped { what: what.into(), why: why.into() }
}

/// Try again later, when the host thinks best.
pub fn retry(reason: impl Into<String>) -> Failure {
    Failure::Retry(RetryLater { after_ms: None, reason: reason.into() })
}

/// Try again later, no earlier than after so many milliseconds.
pub fn retry_after(after_ms: u32, reason: impl Into<String>) -> Failure {
    Failure::Retry(RetryLater { after_ms: Some(after_ms), reason: reason.into() })
}

/// A setting stands in the way.
pub fn misconfigured(setting: impl Into<String>, message: impl Into<String>) -> Failure {
    Failure::Misconfigured(Misconfiguration { setting: setting.into(), message: message.into() })
}

/// Whether what failed so is done again: the event comes again by itself, or once the key is accepted.
pub fn is_retried(failure: &Failure) -> bool {
    matches!(failure, Failure::Retry(_) | Failure::Unauthorized(_))
}
