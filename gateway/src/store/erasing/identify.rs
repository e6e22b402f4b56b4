//! Who is meant by tombstones: a store that is older than an erasure still has the person, and nothing else says who it was.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::Mutex;

use uis_host::ports::{KeptEvent, StoreError};
use uis_host::sync::lock;

use super::scan::{Row, TABLES, scan};
use crate::privacy::appeals::{Appeal, appeals_of};
use crate::privacy::layers;
use crate::privacy::person::Person;
use crate::privacy::search::{emails, phones, visitors};
use crate::privacy::tombstones::{Digest, DigestKey, Kind, Tombstone};

/// Whom tombstones mean.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identified {
    /// What identifies the person.
    pub person: Person,
    /// Appeals that were erased.
    pub appeals: BTreeSet<Appeal>,
}

/// By integration and time of erasure, in milliseconds since 1970.
pub type Persons = BTreeMap<(String, i64), Identified>;

/// What tombstones are compared with.
struct Sought<'a> {
    key: &'a DigestKey,
    /// When each digest was erased last.
    known: HashMap<Digest, i64>,
    integrations: BTreeSet<&'a str>,
    found: Mutex<Persons>,
}

/// Finds whom tombstones mean in what was stored before the erasure.
pub fn identify(path: &Path, key: &DigestKey, tombstones: &[Tombstone]) -> Result<Persons, StoreError> {
    let mut known = HashMap::new();
    for tombstone in tombstones {
        let at = known.entry(tombstone.digest).or_insert(tombstone.at);
        *at = tombstone.at.max(*at);
    }
    let integrations = tombstones.iter().map(|tombstone| tombstone.integration.as_str()).collect();
    let sought = Sought { key, known, integrations, found: Mutex::default() };
    let all: Vec<&str> = TABLES.iter().map(|table| table.name).collect();
    scan(path, &all, &[i64::MIN; TABLES.len()], &|row| {
        if sought.integrations.contains(row.owner) {
            row.texts.iter().filter(|text| !text.is_empty()).for_each(|text| sought.look(row, text));
            sought.look_at_appeals(row);
        }
    })?;
    Ok(sought.found.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner))
}

impl Sought<'_> {
    fn look(&self, row: &Row<'_>, text: &[u8]) {
        layers::any(text, &mut |text| {
            phones(text, &mut |run| {
                run.numbers().filter_map(|digits| international(&digits)).for_each(|phone| {
                    self.compare(row, Kind::Phone, &phone, |found| found.person.phones.extend([phone.clone()]));
                });
                false
            });
            emails(text, &mut |email| self.compare(row, Kind::Email, &email, |found| found.person.emails.extend([email.clone()])));
            visitors(text, &mut |id| self.compare(row, Kind::Visitor, &id.to_string(), |found| found.person.visitors.extend([id])));
            false
        });
    }

    fn look_at_appeals(&self, row: &Row<'_>) {
        if TABLES[row.table].name != "events" {
            return;
        }
        let Ok(event) = serde_json::from_slice::<KeptEvent>(row.texts[0]) else { return };
        for appeal in appeals_of(&event.event) {
            if let Some((kind, value)) = appeal.digested() {
                self.compare(row, kind, &value, |found| found.appeals.extend([appeal.clone()]));
            }
        }
    }

    fn compare(&self, row: &Row<'_>, kind: Kind, value: &str, add: impl FnOnce(&mut Identified)) {
        let digest = self.key.digest(row.owner, kind, value);
        if let Some(at) = self.known.get(&digest).filter(|at| row.at < **at) {
            add(lock(&self.found).entry((row.owner.to_owned(), *at)).or_default());
        }
    }
}

/// The number of E.164 that digits may mean. Numbers without a country are read as Russian ones, as the host reads them.
fn international(digits: &str) -> Option<String> {
    let without = ["810", "00", "011"].iter().find_map(|prefix| digits.strip_prefix(prefix)).filter(|rest| rest.len() >= 10);
    match (without, digits.len()) {
        (Some(rest), _) => Some(rest.to_owned()),
        (None, 10) => Some(format!("7{digits}")),
        (None, 11) if digits.starts_with('8') => Some(format!("7{}", &digits[1..])),
        (None, 7..=15) => Some(digits.to_owned()),
        (None, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_as_the_host_reads_it() {
        for (digits, phone) in [
            ("79161234567", Some("79161234567")),
            ("89161234567", Some("79161234567")),
            ("9161234567", Some("79161234567")),
            ("81079161234567", Some("79161234567")),
            ("375291234567", Some("375291234567")),
            ("101", None),
        ] {
            assert_eq!(international(digits).as_deref(), phone, "{digits}");
        }
    }
}
