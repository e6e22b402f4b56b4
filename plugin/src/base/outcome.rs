//! Shorthands for handlers' results.

use crate::bindings::uis::integration::types::{Failure, Misconfiguration, Outcome, RetryLater, Skipped};

/// What a handler returns.
pub type Handled = Result<Outcome, Failure>;

/// Done; nothing was skipped.
pub fn done() -> Handled {
    Ok(Outcome { skipped: Vec::new() })
}

/// Done, with some things skipped.
pub fn done_with_skipped(skipped: Vec<Skipped>) -> Handled {
    Ok(Outcome { skipped })
}

/// Something that is skipped for good.
pub fn skipped(what: impl Into<String>, why: impl Into<String>) -> Skipped {
    Skipped { what: what.into(), why: why.into() }
}

/// The event is retried when the host decides.
pub fn retry(reason: impl Into<String>) -> Failure {
    Failure::Retry(RetryLater { after_ms: None, reason: reason.into() })
}

/// The event is retried, no earlier than after `after_ms`.
pub fn retry_after(after_ms: u32, reason: impl Into<String>) -> Failure {
    Failure::Retry(RetryLater { after_ms: Some(after_ms), reason: reason.into() })
}

/// A setting prevents the work.
pub fn misconfigured(setting: impl Into<String>, message: impl Into<String>) -> Failure {
    Failure::Misconfigured(Misconfiguration { setting: setting.into(), message: message.into() })
}

/// Whether the event is retried after this failure: by the host, or once the key is accepted.
pub fn is_retried(failure: &Failure) -> bool {
    matches!(failure, Failure::Retry(_) | Failure::Unauthorized(_))
}
