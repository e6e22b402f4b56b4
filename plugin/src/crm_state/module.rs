//! How our module was last registered in RetailCRM.

use serde_json::Value;

use crate::base::keys::Key;
use crate::base::stored;
use crate::bindings::uis::integration::types::Failure;
use crate::platform::Platform;

/// Our module's code; none until it is looked up.
pub fn code(platform: &dyn Platform) -> Result<Option<String>, Failure> {
    stored::load(platform, Key::ModuleCode)
}

/// Stores our module's code.
pub fn remember_code(platform: &dyn Platform, code: &str) -> Result<(), Failure> {
    stored::put(platform, Key::ModuleCode, &code, None)
}

/// Whether RetailCRM shows, or may show, pages of ours.
pub fn is_embedded(platform: &dyn Platform) -> Result<bool, Failure> {
    Ok(stored::load(platform, Key::ModuleEmbedded)?.unwrap_or(false))
}

/// Stores that RetailCRM is about to show pages of ours.
pub fn remember_embedded(platform: &dyn Platform) -> Result<(), Failure> {
    stored::put(platform, Key::ModuleEmbedded, &true, None)
}

/// Stores that RetailCRM no longer shows pages of ours.
pub fn forget_embedded(platform: &dyn Platform) -> Result<(), Failure> {
    stored::forget(platform, Key::ModuleEmbedded)
}

/// The data that the module was last registered with.
pub fn registered(platform: &dyn Platform) -> Result<Option<Value>, Failure> {
    stored::load(platform, Key::ModuleRegistered)
}

/// Stores the data that the module was registered with.
pub fn remember_registered(platform: &dyn Platform, registered: &Value) -> Result<(), Failure> {
    stored::put(platform, Key::ModuleRegistered, registered, None)
}

/// Forces a new registration, even with the same data.
pub fn forget_registered(platform: &dyn Platform) -> Result<(), Failure> {
    stored::forget(platform, Key::ModuleRegistered)
}
