//! Whether RetailCRM took the integration out of use.

use serde::{Deserialize, Serialize};

use crate::base::keys::Key;
use crate::base::stored;
use crate::bindings::uis::integration::types::Failure;
use crate::platform::Platform;

/// How RetailCRM took us out of use.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SwitchedOff {
    /// Somebody switched the module off.
    Inactive,
    /// RetailCRM froze it, for its own reasons: money, mostly.
    Frozen,
}

/// How RetailCRM took us out of use, if it did.
pub fn state(platform: &dyn Platform) -> Result<Option<SwitchedOff>, Failure> {
    stored::load(platform, Key::SwitchedOff)
}

/// Whether RetailCRM switched the module off, or froze it: nothing is sent then.
pub fn switched_off(platform: &dyn Platform) -> Result<bool, Failure> {
    state(platform).map(|state| state.is_some())
}

/// The integration is switched on in UIS, or its settings were saved: what somebody in RetailCRM said before does not count any more, for
/// the module is registered anew. What RetailCRM itself said does: false, it stays frozen until it says otherwise, or until the
/// integration is switched off and on.
pub fn reset_on_activation(platform: &dyn Platform) -> Result<bool, Failure> {
    if state(platform)? == Some(SwitchedOff::Frozen) {
        return Ok(false);
    }
    clear(platform).map(|()| true)
}

/// The integration is switched off in UIS: what RetailCRM said is forgotten.
pub fn clear(platform: &dyn Platform) -> Result<(), Failure> {
    stored::forget(platform, Key::SwitchedOff)
}

/// RetailCRM took us out of use.
pub fn set_off(platform: &dyn Platform, state: SwitchedOff) -> Result<(), Failure> {
    stored::put(platform, Key::SwitchedOff, &state, None)
}

/// RetailCRM switched us on again; what follows from it begins.
pub fn begin_switching_on(platform: &dyn Platform) -> Result<(), Failure> {
    stored::put(platform, Key::SwitchingOn, &true, None)
}

/// Whether what follows from a switching on was begun and not finished.
pub fn is_switching_on(platform: &dyn Platform) -> bool {
    stored::exists(platform, Key::SwitchingOn)
}

/// What follows from a switching on is done, or does not count any more.
pub fn finish_switching_on(platform: &dyn Platform) -> Result<(), Failure> {
    stored::forget(platform, Key::SwitchingOn)
}
