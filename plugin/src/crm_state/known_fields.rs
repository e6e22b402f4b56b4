//! Fields that the account added in RetailCRM, as they were last read.

use crate::base::stored;
use crate::bindings::uis::integration::types::Failure;
use crate::platform::Platform;
use crate::retailcrm::custom_fields::{Entity, Field};

fn key(entity: Entity) -> String {
    format!("retailcrm/fields/{}", entity.name())
}

/// Remembers the fields.
pub fn remember(platform: &dyn Platform, entity: Entity, fields: &[Field]) -> Result<(), Failure> {
    stored::put(platform, &key(entity), &fields, None)
}

/// The fields that are remembered.
pub fn of(platform: &dyn Platform, entity: Entity) -> Vec<Field> {
    stored::load(platform, &key(entity)).unwrap_or_default()
}
