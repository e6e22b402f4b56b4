//! Whether RetailCRM switched the integration off.

use serde::{Deserialize, Serialize};

use crate::base::keys::Key;
use crate::base::stored;
use crate::bindings::uis::integration::types::{Failure, Instant};
use crate::platform::Platform;

/// How RetailCRM switched the integration off.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SwitchedOff {
    /// A user switched the module off.
    Inactive,
    /// RetailCRM froze the module, usually because of payment.
    Frozen,
}

/// How RetailCRM switched the integration off, if it did.
pub fn state(platform: &dyn Platform) -> Result<Option<SwitchedOff>, Failure> {
    stored::load(platform, Key::SwitchedOff)
}

/// Whether the module is switched off or frozen in RetailCRM. While it is, nothing is sent.
pub fn switched_off(platform: &dyn Platform) -> Result<bool, Failure> {
    state(platform).map(|state| state.is_some())
}

/// Called when the integration is switched on in UIS or its settings are saved. If a user had switched the module off, that is cleared,
/// because the module is registered again. If RetailCRM froze it, it stays frozen (the result is false) until RetailCRM unfreezes it, or
/// until the integration is switched off and on.
pub fn reset_on_activation(platform: &dyn Platform) -> Result<bool, Failure> {
    if state(platform)? == Some(SwitchedOff::Frozen) {
        return Ok(false);
    }
    clear(platform).map(|()| true)
}

/// When the integration was last switched on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SwitchedOn {
    /// When somebody wished it.
    pub wished: Instant,
    /// When the module was registered as active after that.
    pub registered: Instant,
}

/// Stores that the integration is on by a wish of `wished`.
pub fn remember_on(platform: &dyn Platform, wished: Instant) -> Result<(), Failure> {
    stored::put(platform, Key::SwitchedOn, &SwitchedOn { wished, registered: platform.now() }, None)
}

/// When the integration was last switched on; zeros if that is not known.
pub fn last_on(platform: &dyn Platform) -> Result<SwitchedOn, Failure> {
    Ok(stored::load(platform, Key::SwitchedOn)?.unwrap_or_default())
}

/// Clears the state when the integration is switched off in UIS.
pub fn clear(platform: &dyn Platform) -> Result<(), Failure> {
    stored::forget(platform, Key::SwitchedOff)
}

/// Stores that RetailCRM switched the integration off.
pub fn set_off(platform: &dyn Platform, state: SwitchedOff) -> Result<(), Failure> {
    stored::put(platform, Key::SwitchedOff, &state, None)
}

/// Stores that RetailCRM switched the integration on again and the reactivation has begun.
pub fn begin_switching_on(platform: &dyn Platform) -> Result<(), Failure> {
    stored::put(platform, Key::SwitchingOn, &true, None)
}

/// Whether a reactivation has begun and is not finished.
pub fn is_switching_on(platform: &dyn Platform) -> bool {
    stored::exists(platform, Key::SwitchingOn)
}

/// Marks the reactivation as finished, or cancels it.
pub fn finish_switching_on(platform: &dyn Platform) -> Result<(), Failure> {
    stored::forget(platform, Key::SwitchingOn)
}
