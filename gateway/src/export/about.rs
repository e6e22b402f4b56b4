//! Which requests are about a phone: those that have it in any spelling, and what followed from them.

use std::collections::HashSet;

use percent_encoding::percent_decode_str;

use super::is_received;
use crate::store::walk::Met;

/// Finds what is about a phone.
pub struct About {
    /// The digits that every spelling has.
    national: String,
    /// Numbers of the requests that are about it.
    requests: HashSet<u64>,
}

impl About {
    /// What is about this phone, digits of E.164.
    pub fn phone(number: &str) -> About {
        About { national: uis_phones::national(number), requests: HashSet::new() }
    }

    /// Whether something is about the phone. What administrators did is about everybody.
    pub fn has(&mut self, met: &Met) -> bool {
        match met {
            Met::Request(number, request) if is_received(met) || request.kind == "report" => {
                let found = self.is_in(&request.query) || self.is_in(&String::from_utf8_lossy(&request.body));
                if found {
                    self.requests.insert(*number);
                }
                found
            }
            Met::Request(..) | Met::Damaged(_) => true,
            Met::Captured(captured) => self.requests.contains(&captured.origin) || self.is_in(&captured.content),
        }
    }

    /// Whether the digits stand in a text, perhaps encoded, with or without the signs between the groups of a phone.
    fn is_in(&self, text: &str) -> bool {
        let decoded = percent_decode_str(text).decode_utf8_lossy();
        let between = |sign: &char| !matches!(sign, ' ' | '+' | '-' | '(' | ')' | '.' | '\u{a0}' | '\u{2010}'..='\u{2015}');
        let digits: String = decoded.chars().filter(between).collect();
        digits.contains(&self.national)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_is_found_in_every_spelling() {
        let about = About::phone("79161234567");
        for text in ["numa=79161234567", "phone=%2B7+%28916%29+123-45-67", "{\"a\":\"8 916 123 45 67\"}", "{\"a\":9161234567}"] {
            assert!(about.is_in(text), "{text}");
        }
        assert!(!about.is_in("numa=79161234568"));
    }
}
