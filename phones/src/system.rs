//! Numbers that a system gives.

use crate::extension::{self, Place};
use crate::groups::{digit, is_plus, is_punctuation};
use crate::phone::Phone;

/// The most digits of a number that a system gives. A possible international number has at most 15.
pub const NUMBER_DIGITS: usize = 32;
/// The most digits of a number that is written in groups.
const GROUPED_DIGITS: usize = 15;
/// Beginnings of addresses.
const SCHEMES: [&str; 3] = ["sips:", "sip:", "tel:"];

/// See [`crate::of_system`].
pub fn read(text: &str) -> Option<Phone> {
    let text = text.trim();
    let scheme = |known: &str| text.get(..known.len()).filter(|begin| begin.eq_ignore_ascii_case(known)).map(|_| &text[known.len()..]);
    let text = SCHEMES.into_iter().find_map(scheme).unwrap_or(text);
    let text = text.split('@').next().unwrap_or_default();
    let end = number_end(text);
    let number: String = text[..end].chars().filter_map(digit).collect();
    let grouped = text[..end].trim_start_matches(|c| digit(c).is_none()).chars().any(|c| digit(c).is_none());
    let most = if grouped { GROUPED_DIGITS } else { NUMBER_DIGITS };
    let usable = number.len() <= most && number.bytes().any(|digit| digit != b'0');
    usable.then(|| Phone { number, extension: extension::after(&text[end..], Place::System).map(|(extension, _)| extension) })
}

/// Where the main number ends: after its last digit before anything that does not stand inside a number.
fn number_end(text: &str) -> usize {
    let mut end = 0;
    let mut dots = 0;
    for (at, c) in text.char_indices() {
        dots = if c == '.' { dots + 1 } else { 0 };
        if digit(c).is_some() {
            end = at + c.len_utf8();
        } else if dots > 1 || !(is_punctuation(c) || (is_plus(c) && end == 0)) {
            break;
        }
    }
    end
}
