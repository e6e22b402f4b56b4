//! The mark of a click in RetailCRM: an external id that we give the call, and that UIS repeats in the call's events.

use crate::bindings::uis::integration::types::Instant;

const PREFIX: &str = "retailcrm-user-";

/// The mark for a CRM user's click.
pub fn of(user: i64, at: Instant) -> String {
    format!("{PREFIX}{user}-{at}")
}

/// The CRM user who clicked, read from the external id in a call's events.
pub fn clicked_by(external_id: Option<&str>) -> Option<i64> {
    external_id?.strip_prefix(PREFIX)?.split('-').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_is_read_back_from_the_mark() {
        assert_eq!(clicked_by(Some(&of(5, 1_700_000_000_000))), Some(5));
        assert_eq!((clicked_by(Some("someone-else-7")), clicked_by(None)), (None, None));
    }
}
