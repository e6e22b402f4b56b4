//! Names that the format knows, and the nearest of them to a misspelt one.

/// How alike two names must be for one to be taken for a misspelling of the other, from 0 to 1.
const ALIKE: f64 = 0.7;

/// The known name that a misspelt one probably means.
pub fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |name: &str| name.to_lowercase().replace(['_', '-', ' '], "");
    let written = plain(written);
    let scored = known.into_iter().map(|name| (strsim::normalized_damerau_levenshtein(&written, &plain(name)), name));
    scored.filter(|(score, _)| *score >= ALIKE).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, name)| name)
}

/// A question for the reader of a message: ` (did you mean "body"?)`; empty if no known name is near.
pub fn did_you_mean<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(written, known).map(|name| format!(" (did you mean {name:?}?)")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_name_is_near_to_what_was_meant_and_other_names_are_not() {
        let known = ["notification", "body", "crm-faults", "call_session_id"];
        for (written, meant) in [
            ("notificaton", Some("notification")),
            ("Body", Some("body")),
            ("crmFaults", Some("crm-faults")),
            ("callSessionId", Some("call_session_id")),
            ("utm_source", None),
        ] {
            assert_eq!(nearest(written, known), meant, "{written}");
        }
        assert_eq!(did_you_mean("bodi", known), " (did you mean \"body\"?)");
    }
}
