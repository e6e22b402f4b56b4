//! Members that stand twice in one object. JSON's readers keep the last one without a word.

use std::collections::BTreeSet;
use std::fmt;
use std::io::BufRead;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::{Findings, Kind};

/// Checks all lines.
pub(super) fn check(source: impl BufRead, findings: &mut Findings) {
    for (number, line) in (1..).zip(source.lines()) {
        // What cannot be read has been reported.
        let Ok(line) = line else { return };
        let mut found = Vec::new();
        let seed = Members { path: String::new(), found: &mut found };
        let _ = seed.deserialize(&mut serde_json::Deserializer::from_str(line.trim_start_matches('\u{feff}')));
        for path in found {
            let message = format!("{path} stands twice in its object; only the last one counts");
            // A body is what somebody else wrote.
            match path.starts_with("body") {
                true => findings.warning(number, Kind::DuplicateMember, message),
                false => findings.error(number, Kind::DuplicateMember, message),
            }
        }
    }
}

/// Reads a value and collects the paths of its duplicate members.
struct Members<'a> {
    path: String,
    found: &'a mut Vec<String>,
}

impl<'de> DeserializeSeed<'de> for Members<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Members<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut names = BTreeSet::new();
        while let Some(name) = map.next_key::<String>()? {
            let path = if self.path.is_empty() { name.clone() } else { format!("{}.{name}", self.path) };
            if !names.insert(name) {
                self.found.push(path.clone());
            }
            map.next_value_seed(Members { path, found: self.found })?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let mut index = 0;
        while list.next_element_seed(Members { path: format!("{}[{index}]", self.path), found: self.found })?.is_some() {
            index += 1;
        }
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}
