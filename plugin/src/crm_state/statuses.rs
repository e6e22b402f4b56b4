//! RetailCRM's order statuses, as they were last read.

use crate::base::stored;
use crate::bindings::uis::integration::types::Failure;
use crate::platform::Platform;
use crate::retailcrm::reference::Status;

const KEY: &str = "retailcrm/statuses";

/// Remembers the statuses.
pub fn remember(platform: &dyn Platform, statuses: &[Status]) -> Result<(), Failure> {
    stored::put(platform, KEY, &statuses, None)
}

/// The statuses that are remembered.
pub fn all(platform: &dyn Platform) -> Vec<Status> {
    stored::load(platform, KEY).unwrap_or_default()
}
