//! Phones as RetailCRM's search compares them: by digits, a leading 8 of a Russian number being a 7. And an index of digits, so that a
//! search for a part of a number does not go through every customer.

use std::collections::HashMap;

/// The digits of a number, whatever else it is written with.
pub fn digits(number: &str) -> String {
    number.chars().filter(char::is_ascii_digit).collect()
}

/// The digits by which two phones are compared.
pub fn key(number: &str) -> String {
    let digits = digits(number);
    match digits.strip_prefix('8') {
        Some(rest) if rest.len() == 10 => format!("7{rest}"),
        _ => digits,
    }
}

/// Whether a text can only be a phone number.
pub fn looks_like_one(text: &str) -> bool {
    text.chars().any(|c| c.is_ascii_digit()) && text.chars().all(|c| c.is_ascii_digit() || " +-()".contains(c))
}

/// The fewest digits of a search that uses the index. Fewer digits occur in so many numbers that scanning all is as fast.
const GRAM: usize = 6;

/// Which entities have which six digits in a row.
#[derive(Debug, Default)]
pub struct DigitIndex {
    grams: HashMap<u32, Vec<i64>>,
}

impl DigitIndex {
    fn grams(digits: &str) -> impl Iterator<Item = u32> {
        digits.as_bytes().windows(GRAM).map(|window| window.iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0')))
    }

    /// Adds an entity's digits.
    pub fn insert(&mut self, id: i64, digits: &str) {
        for gram in Self::grams(digits) {
            let ids = self.grams.entry(gram).or_default();
            if let Err(place) = ids.binary_search(&id) {
                ids.insert(place, id);
            }
        }
    }

    /// Removes an entity's digits.
    pub fn remove(&mut self, id: i64, digits: &str) {
        for gram in Self::grams(digits) {
            let Some(ids) = self.grams.get_mut(&gram) else { continue };
            if let Ok(place) = ids.binary_search(&id) {
                ids.remove(place);
            }
            if ids.is_empty() {
                self.grams.remove(&gram);
            }
        }
    }

    /// Entities that may have these digits in a row, oldest first: those that have the rarest six of them. `None`: too few digits for the index.
    pub fn candidates(&self, digits: &str) -> Option<&[i64]> {
        if digits.len() < GRAM {
            return None;
        }
        Self::grams(digits).map(|gram| self.grams.get(&gram).map_or(&[][..], Vec::as_slice)).min_by_key(|ids| ids.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_narrows_and_forgets() {
        let mut index = DigitIndex::default();
        index.insert(1, "79160000001");
        index.insert(2, "79160000002");
        assert_eq!(index.candidates("9160000001"), Some(&[1][..]));
        assert_eq!(index.candidates("916000"), Some(&[1, 2][..]));
        assert_eq!((index.candidates("91600"), index.candidates("555555")), (None, Some(&[][..])));
        index.remove(1, "79160000001");
        assert_eq!(index.candidates("9160000001"), Some(&[][..]));
    }

    #[test]
    fn eight_and_seven_are_one() {
        assert_eq!(key("8 (916) 000-00-01"), key("+79160000001"));
        assert_ne!(key("880"), key("780"));
    }
}
