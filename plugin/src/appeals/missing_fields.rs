//! Rows of «Передавать дополнительные поля» whose field RetailCRM does not have. That concerns every appeal, so it is reported once per field,
//! and again when settings are saved.

use crate::base::appeal_id::AppealKind;
use crate::base::keys::{Family, Key};
use crate::base::outcome;
use crate::base::stored;
use crate::bindings::uis::integration::types::{Failure, Skipped};
use crate::platform::Storage;
use crate::retailcrm::custom_fields::Entity;

const WHY: &str = "RetailCRM has no such field of ";
/// As long as what is done for an appeal is stored, and a field is then named again.
const TTL_MS: u64 = 35 * 24 * 3_600_000;

/// The report of a row without a field.
pub fn skipped(kind: AppealKind, entity: Entity, code: &str) -> Skipped {
    let setting = match kind {
        AppealKind::Call => "extra-field-rows",
        AppealKind::Chat => "chat-field-rows",
        AppealKind::SiteRequest => "request-field-rows",
    };
    let entity = entity.name();
    let what = outcome::fitted(&format!("{setting}: field {code}"), outcome::WHAT_BYTES);
    outcome::skipped(what, format!("{WHY}{entity}s: choose another field in this setting, or remove the row"))
}

/// The name under which it is stored that this was reported; none: it is no report of a missing field.
fn name(one: &Skipped) -> Option<String> {
    let entity = one.why.strip_prefix(WHY)?.split(':').next()?;
    Some(format!("{entity}/{}", one.what))
}

/// Whether this is the report of a missing field and was made before.
pub fn was_reported(storage: &dyn Storage, one: &Skipped) -> bool {
    name(one).is_some_and(|name| stored::exists(storage, Key::MissingField(&name)))
}

/// Stores which missing fields are being reported.
pub fn remember_reported(storage: &dyn Storage, all: &[Skipped]) -> Result<(), Failure> {
    all.iter().filter_map(name).try_for_each(|name| stored::put(storage, Key::MissingField(&name), &true, Some(TTL_MS)))
}

/// The settings were saved: what is still missing is reported again.
pub fn forget_reported(storage: &dyn Storage) -> Result<(), Failure> {
    let names = stored::names(storage, Family::MissingFields);
    names.iter().try_for_each(|name| stored::forget(storage, Key::Listed(Family::MissingFields, name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::Fake;

    #[test]
    fn a_missing_field_is_reported_once_until_settings_are_saved() {
        let fake = Fake::default();
        let of = |kind, entity, code| skipped(kind, entity, code);
        let gone = of(AppealKind::Call, Entity::Customer, "gone");
        assert_eq!(gone.what, "extra-field-rows: field gone");
        assert!(!was_reported(&fake, &gone));
        remember_reported(&fake, &[gone.clone(), outcome::skipped("field visits", "the field holds a integer: много")]).expect("stored");
        assert!(was_reported(&fake, &gone));
        for other in [
            of(AppealKind::Call, Entity::Customer, "other"),
            of(AppealKind::Call, Entity::Order, "gone"),
            of(AppealKind::Chat, Entity::Customer, "gone"),
            of(AppealKind::SiteRequest, Entity::Customer, "gone"),
            outcome::skipped("field visits", "the field holds a integer: много"),
        ] {
            assert!(!was_reported(&fake, &other), "{other:?}");
        }
        forget_reported(&fake).expect("forgotten");
        assert!(!was_reported(&fake, &gone));
    }
}
