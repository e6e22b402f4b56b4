//! How our module was last registered in RetailCRM.

use serde_json::Value;

use crate::base::stored;
use crate::bindings::uis::integration::types::Failure;
use crate::platform::Platform;

/// Where our module's code is remembered.
const CODE_KEY: &str = "retailcrm/module-code";

/// That RetailCRM shows pages of ours, or may.
const EMBEDDED_KEY: &str = "retailcrm/module-embedded";

/// What was last told to RetailCRM, so that it is told again only when it changed.
const REGISTERED_KEY: &str = "retailcrm/module";

/// Our module's code; none until it was looked up.
pub fn code(platform: &dyn Platform) -> Option<String> {
    stored::load(platform, CODE_KEY)
}

/// Remembers our module's code.
pub fn remember_code(platform: &dyn Platform, code: &str) -> Result<(), Failure> {
    stored::put(platform, CODE_KEY, &code, None)
}

/// Whether RetailCRM shows pages of ours, or may.
pub fn is_embedded(platform: &dyn Platform) -> bool {
    stored::load(platform, EMBEDDED_KEY).unwrap_or(false)
}

/// RetailCRM is about to show pages of ours.
pub fn remember_embedded(platform: &dyn Platform) -> Result<(), Failure> {
    stored::put(platform, EMBEDDED_KEY, &true, None)
}

/// RetailCRM shows no page of ours any more.
pub fn forget_embedded(platform: &dyn Platform) -> Result<(), Failure> {
    stored::forget(platform, EMBEDDED_KEY)
}

/// What RetailCRM was last told of the module.
pub fn registered(platform: &dyn Platform) -> Option<Value> {
    stored::load(platform, REGISTERED_KEY)
}

/// Remembers what RetailCRM was told of the module.
pub fn remember_registered(platform: &dyn Platform, registered: &Value) -> Result<(), Failure> {
    stored::put(platform, REGISTERED_KEY, registered, None)
}

/// Whatever RetailCRM was told is told again.
pub fn forget_registered(platform: &dyn Platform) -> Result<(), Failure> {
    stored::forget(platform, REGISTERED_KEY)
}
