//! Custom fields of the account in RetailCRM, as last read.

use crate::base::keys::Key;
use crate::base::stored;
use crate::bindings::uis::integration::types::Failure;
use crate::platform::Platform;
use crate::retailcrm::custom_fields::{Entity, Field};

/// Stores the fields.
pub fn remember(platform: &dyn Platform, entity: Entity, fields: &[Field]) -> Result<(), Failure> {
    stored::put(platform, Key::KnownFields(entity.name()), &fields, None)
}

/// The stored fields.
pub fn of(platform: &dyn Platform, entity: Entity) -> Result<Vec<Field>, Failure> {
    Ok(stored::load(platform, Key::KnownFields(entity.name()))?.unwrap_or_default())
}
