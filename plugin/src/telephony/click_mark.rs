//! The mark of a click in RetailCRM: the id that we give a call that we have dialled, which comes back in the call's events.

use crate::bindings::uis::integration::types::Instant;

const PREFIX: &str = "retailcrm-user-";

/// The mark of a CRM user's click.
pub fn of(user: i64, at: Instant) -> String {
    format!("{PREFIX}{user}-{at}")
}

/// The CRM user who clicked, by the mark of a call's events.
pub fn clicked_by(external_id: Option<&str>) -> Option<i64> {
    external_id?.strip_prefix(PREFIX)?.split('-').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_clicked_is_read_back() {
        assert_eq!(clicked_by(Some(&of(5, 1_700_000_000_000))), Some(5));
        assert_eq!((clicked_by(Some("someone-else-7")), clicked_by(None)), (None, None));
    }
}
