//! Tags of a communication, as they are stored.

use serde::{Deserialize, Serialize};

use crate::bindings::uis::integration::types::Tag;

/// UIS's parameter that lists a communication's tags.
pub const TAG_NAMES: &str = "tag_names";
/// The most tags of one communication that are stored.
const TAGS_MAX: usize = 100;
/// The longest name of a tag that is stored, in characters: one more than RetailCRM's single-line fields take, so that a cut name does not
/// pass for one that fits.
const NAME_MAX: usize = 256;
/// The longest list of tags' names that is stored as a parameter, in characters: as long as the longest field of RetailCRM.
const NAMES_MAX: usize = 4000;

/// The longest value of a parameter that is stored, in characters; `most` for all but the tags' names.
pub fn parameter_max(parameter: &str, most: usize) -> usize {
    if parameter == TAG_NAMES { NAMES_MAX } else { most }
}

/// A tag. UIS's events have ids, names, or both.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StoredTag {
    /// UIS's id.
    pub id: Option<i64>,
    /// The name; empty if the event had only the id.
    pub name: String,
}

/// Adds tags to those that are known. UIS sends all tags of a communication, or only the new ones, so known ones are kept.
pub fn merge(known: &mut Vec<StoredTag>, reported: &[Tag]) {
    for tag in reported.iter().filter(|tag| tag.id.is_some() || !tag.name.trim().is_empty()) {
        let name: String = tag.name.trim().chars().take(NAME_MAX).collect();
        let same = |known: &&mut StoredTag| match (known.id, tag.id) {
            (Some(left), Some(right)) => left == right,
            _ => known.name == name && !name.is_empty(),
        };
        if let Some(known) = known.iter_mut().find(same) {
            known.id = known.id.or(tag.id);
            if !name.is_empty() {
                known.name = name;
            }
        } else if known.len() < TAGS_MAX {
            known.push(StoredTag { id: tag.id, name });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_that_is_reported_twice_is_one() {
        let tag = |id: Option<i64>, name: &str| Tag { id, name: name.into() };
        let mut known = Vec::new();
        merge(&mut known, &[tag(None, "VIP"), tag(Some(7), "")]);
        merge(&mut known, &[tag(Some(5), "VIP"), tag(Some(7), "Опт"), tag(None, " "), tag(Some(8), "VIP")]);
        let shown: Vec<_> = known.iter().map(|tag| (tag.id, tag.name.as_str())).collect();
        assert_eq!(shown, [(Some(5), "VIP"), (Some(7), "Опт"), (Some(8), "VIP")]);
    }
}
