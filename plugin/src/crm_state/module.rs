//! How our module was last registered in RetailCRM.

use serde_json::Value;

use crate::base::keys::Key;
use crate::base::stored;
use crate::bindings::uis::integration::types::Failure;
use crate::platform::Platform;

/// Our module's code; none until it was looked up.
pub fn code(platform: &dyn Platform) -> Result<Option<String>, Failure> {
    stored::load(platform, Key::ModuleCode)
}

/// Remembers our module's code.
pub fn remember_code(platform: &dyn Platform, code: &str) -> Result<(), Failure> {
    stored::put(platform, Key::ModuleCode, &code, None)
}

/// Whether RetailCRM shows pages of ours, or may.
pub fn is_embedded(platform: &dyn Platform) -> Result<bool, Failure> {
    Ok(stored::load(platform, Key::ModuleEmbedded)?.unwrap_or(false))
}

/// RetailCRM is about to show pages of ours.
pub fn remember_embedded(platform: &dyn Platform) -> Result<(), Failure> {
    stored::put(platform, Key::ModuleEmbedded, &true, None)
}

/// RetailCRM shows no page of ours any more.
pub fn forget_embedded(platform: &dyn Platform) -> Result<(), Failure> {
    stored::forget(platform, Key::ModuleEmbedded)
}

/// What RetailCRM was last told of the module.
pub fn registered(platform: &dyn Platform) -> Result<Option<Value>, Failure> {
    stored::load(platform, Key::ModuleRegistered)
}

/// Remembers what RetailCRM was told of the module.
pub fn remember_registered(platform: &dyn Platform, registered: &Value) -> Result<(), Failure> {
    stored::put(platform, Key::ModuleRegistered, registered, None)
}

/// Whatever RetailCRM was told is told again.
pub fn forget_registered(platform: &dyn Platform) -> Result<(), Failure> {
    stored::forget(platform, Key::ModuleRegistered)
}
