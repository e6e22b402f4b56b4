//! RetailCRM's order statuses, as last read.

use crate::base::keys::Key;
use crate::base::stored;
use crate::bindings::uis::integration::types::Failure;
use crate::platform::Platform;
use crate::retailcrm::reference::Status;

/// Stores the statuses.
pub fn remember(platform: &dyn Platform, statuses: &[Status]) -> Result<(), Failure> {
    stored::put(platform, Key::Statuses, &statuses, None)
}

/// The stored statuses.
pub fn all(platform: &dyn Platform) -> Result<Vec<Status>, Failure> {
    Ok(stored::load(platform, Key::Statuses)?.unwrap_or_default())
}
