//! Finding a person in stored bytes, however their phone, e-mail or visitor id is written.

use std::collections::BTreeSet;

use memchr::{memchr_iter, memmem};
use uis_phones::national;

use super::layers;
use super::person::Person;

/// The most spaces, hyphens, brackets between two digits of a phone.
const GAP: u8 = 4;
/// Digits at the end of a phone by which a candidate is recognised before it is compared as a whole.
const TAIL: u32 = 7;
/// What may stand before a number of E.164.
const INTERNATIONAL: [&str; 4] = ["", "00", "810", "011"];
/// What may stand before a national number: the trunk prefixes of the countries.
const TRUNK: [&str; 4] = ["", "8", "0", "80"];

/// Finds a person.
pub struct Finder {
    /// All ways to write each phone, as digits.
    numbers: Vec<Vec<u8>>,
    /// The values of the last [`TAIL`] digits of the phones.
    tails: Vec<u64>,
    emails: Vec<String>,
    /// The digits of visitor ids.
    visitors: Vec<String>,
}

/// What a byte is within a phone.
#[derive(Clone, Copy, PartialEq)]
enum Class {
    Other,
    Digit,
    Separator,
}

const CLASSES: [Class; 256] = {
    let mut classes = [Class::Other; 256];
    let mut at = 0;
    while at < 10 {
        classes[b'0' as usize + at] = Class::Digit;
        at += 1;
    }
    let separators = b" \t\n\r-()./+";
    let mut at = 0;
    while at < separators.len() {
        classes[separators[at] as usize] = Class::Separator;
        at += 1;
    }
    classes
};

/// The length of a space or hyphen beyond ASCII at the beginning of a text: non-breaking and thin spaces, the hyphens and dashes of U+2010 to
/// U+2015, the minus sign.
fn wide_separator(text: &[u8]) -> Option<usize> {
    match text {
        [0xC2, 0xA0 | 0xAD, ..] => Some(2),
        [0xE2, 0x80, 0x80..=0x95 | 0xAF, ..] | [0xE2, 0x88, 0x92, ..] | [0xE2, 0x81, 0x9F, ..] | [0xE3, 0x80, 0x80, ..] => Some(3),
        _ => None,
    }
}

impl Finder {
    /// Finds this person.
    pub fn new(person: &Person) -> Finder {
        let mut numbers = BTreeSet::new();
        for phone in &person.phones {
            numbers.extend(INTERNATIONAL.iter().map(|prefix| format!("{prefix}{phone}").into_bytes()));
            let national = national(phone);
            // A national number that is too short would be found in every other text.
            if national.len() >= TAIL as usize && national != *phone {
                numbers.extend(TRUNK.iter().map(|prefix| format!("{prefix}{national}").into_bytes()));
            }
        }
        let tail =
            |digits: &Vec<u8>| digits[digits.len() - TAIL as usize..].iter().fold(0, |value, digit| value * 10 + u64::from(digit - b'0'));
        let tails: BTreeSet<u64> = numbers.iter().map(tail).collect();
        Finder {
            tails: tails.into_iter().collect(),
            numbers: numbers.into_iter().collect(),
            emails: person.emails.iter().cloned().collect(),
            visitors: person.visitors.iter().map(i64::to_string).collect(),
        }
    }

    /// Whether the person stands in these bytes, or in a text that is encoded in them.
    pub fn finds(&self, bytes: &[u8]) -> bool {
        layers::any(bytes, &mut |text| self.finds_plain(text))
    }

    /// Whether the person stands in a text as it is.
    fn finds_plain(&self, text: &[u8]) -> bool {
        !self.numbers.is_empty() && self.has_phone(text)
            || self.emails.iter().any(|email| has_email(text, email))
            || self.visitors.iter().any(|id| has_visitor(text, id))
    }

    fn has_phone(&self, text: &[u8]) -> bool {
        phones(text, &mut |run| {
            let value = run.tail();
            value.is_some_and(|value| self.tails.contains(&value)) && self.numbers.iter().any(|number| run.ends_with(number))
        })
    }
}

/// Digits with nothing but a few separators between them, up to a digit after which no other stands at once.
pub struct Run<'a> {
    text: &'a [u8],
    /// Each digit with its place in the text.
    digits: &'a [(u8, usize)],
    tail: u64,
}

impl Run<'_> {
    /// The value of the last digits; none when there are too few.
    fn tail(&self) -> Option<u64> {
        (self.digits.len() >= TAIL as usize).then_some(self.tail)
    }

    /// Whether the run ends with this number, and no other digit stands directly before it.
    fn ends_with(&self, number: &[u8]) -> bool {
        let Some(from) = self.digits.len().checked_sub(number.len()) else { return false };
        self.starts_number(from) && self.digits[from..].iter().zip(number).all(|((digit, _), wanted)| digit == wanted)
    }

    /// Whether no other digit stands directly before this one.
    fn starts_number(&self, at: usize) -> bool {
        let place = self.digits[at].1;
        place.checked_sub(1).and_then(|before| self.text.get(before)).is_none_or(|before| !before.is_ascii_digit())
    }

    /// Every number that may end here: its digits from each place on where one may begin.
    pub fn numbers(&self) -> impl Iterator<Item = String> + '_ {
        let longest = self.digits.len().saturating_sub(18);
        (longest..self.digits.len())
            .filter(|from| self.starts_number(*from))
            .map(|from| self.digits[from..].iter().map(|(digit, _)| char::from(*digit)).collect())
    }
}

/// Goes through the numbers of a text. Ends with the first that is found.
pub fn phones(text: &[u8], found: &mut dyn FnMut(&Run<'_>) -> bool) -> bool {
    let mut digits: Vec<(u8, usize)> = Vec::new();
    let (mut tail, mut gap, mut at) = (0u64, 0u8, 0);
    while let Some(&byte) = text.get(at) {
        let step = match CLASSES[usize::from(byte)] {
            Class::Digit => {
                digits.push((byte, at));
                tail = (tail * 10 + u64::from(byte - b'0')) % 10u64.pow(TAIL);
                gap = 0;
                let ends = text.get(at + 1).is_none_or(|next| !next.is_ascii_digit());
                if ends && found(&Run { text, digits: &digits, tail }) {
                    return true;
                }
                at += 1;
                continue;
            }
            Class::Separator => Some(1),
            Class::Other if byte >= 0xC2 => wide_separator(&text[at..]),
            Class::Other => None,
        };
        gap = gap.saturating_add(1);
        if step.is_none() || gap > GAP {
            digits.clear();
            tail = 0;
        }
        at += step.unwrap_or(1);
    }
    false
}

/// Whether a byte may belong to the part of an e-mail before the `@`. Bytes of letters beyond ASCII do.
fn is_local(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80 || b"._+-!#$%*'".contains(&byte)
}

/// Whether an e-mail stands in a text as a whole, whatever the case of its letters.
fn has_email(text: &[u8], email: &str) -> bool {
    let Some(place) = email.find('@') else { return false };
    memchr_iter(b'@', text).any(|at| {
        let Some(from) = at.checked_sub(place) else { return false };
        let Some(found) = text.get(from..from + email.len()) else { return false };
        let same = found.eq_ignore_ascii_case(email.as_bytes())
            || std::str::from_utf8(found).is_ok_and(|found| !found.is_ascii() && found.to_lowercase() == email);
        let whole_before = from.checked_sub(1).is_none_or(|before| !is_local(text[before]) || text[before] >= 0x80);
        same && whole_before && ends_domain(&text[from + email.len()..])
    })
}

/// Whether a domain ends before this text.
fn ends_domain(after: &[u8]) -> bool {
    match after {
        [b'.', next, ..] => !next.is_ascii_alphanumeric(),
        [next, ..] => !next.is_ascii_alphanumeric() && *next != b'-',
        [] => true,
    }
}

/// Whether a visitor's id stands in a text as the id of a visitor: as a whole number after a word such as `visitor_id` or `visitor`. Without
/// the word it may be anything: an amount, a duration, an employee.
fn has_visitor(text: &[u8], id: &str) -> bool {
    memmem::find_iter(text, id).any(|at| {
        let whole = text.get(at + id.len()).is_none_or(|next| !next.is_ascii_digit());
        whole && is_after_visitor(&text[..at])
    })
}

/// How far the word may stand before the id.
const VISITOR_REACH: usize = 40;

/// Whether a text ends with `visitor_id: `, `"visitor":{"id":`, `visitor/`, `visitor_id: Some(` or the like.
fn is_after_visitor(before: &[u8]) -> bool {
    let near = before[before.len().saturating_sub(VISITOR_REACH)..].to_ascii_lowercase();
    let strip = |text: &[u8]| text.iter().rposition(u8::is_ascii_alphanumeric).map_or(0, |at| at + 1);
    let mut end = strip(&near);
    if end == near.len() && end > 0 {
        // A digit or letter stands directly before the id.
        return false;
    }
    for word in ["some", "id"] {
        if near[..end].ends_with(word.as_bytes()) {
            end -= word.len();
            end = strip(&near[..end]);
        }
    }
    near[..end].ends_with(b"visitor") || near[..end].ends_with(b"visitors")
}

/// E-mails of a text, in lower case.
pub fn emails(text: &[u8], found: &mut dyn FnMut(String)) {
    for at in memchr_iter(b'@', text) {
        let from = text[..at].iter().rposition(|byte| !is_local(*byte)).map_or(0, |before| before + 1);
        let is_domain = |byte: &u8| byte.is_ascii_alphanumeric() || *byte >= 0x80 || matches!(byte, b'.' | b'-');
        let length = text[at + 1..].iter().take_while(|byte| is_domain(byte)).count();
        let email = String::from_utf8_lossy(&text[from..at + 1 + length]).to_lowercase();
        let email = email.trim_end_matches(['.', '-']);
        if from < at && !email.ends_with('@') {
            found(email.to_owned());
        }
    }
}

/// Ids of visitors in a text.
pub fn visitors(text: &[u8], found: &mut dyn FnMut(i64)) {
    let lower = text.to_ascii_lowercase();
    for at in memmem::find_iter(&lower, b"visitor") {
        let after = &text[at..(at + VISITOR_REACH).min(text.len())];
        let Some(start) = after.iter().position(u8::is_ascii_digit) else { continue };
        let digits: String =
            text[at + start..].iter().take_while(|byte| byte.is_ascii_digit()).take(19).map(|digit| char::from(*digit)).collect();
        if is_after_visitor(&text[..at + start])
            && let Ok(id) = digits.parse()
        {
            found(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use proptest::prelude::*;

    use super::*;

    fn finder(phone: &str, email: &str, visitor: i64) -> Finder {
        let mut person = Person::default();
        person.phones.extend(Some(phone.to_owned()).filter(|phone| !phone.is_empty()));
        person.emails.extend(Some(email.to_owned()).filter(|email| !email.is_empty()));
        person.visitors.extend(Some(visitor).filter(|id| *id > 0));
        Finder::new(&person)
    }

    #[test]
    fn a_phone_is_found_in_every_spelling() {
        let finder = finder("79161234567", "", 0);
        for text in [
            "79161234567",
            "+7 (916) 123-45-67",
            "8 (916) 123-45-67",
            "89161234567",
            "9161234567",
            "916 123 45 67",
            "7 9 1 6 1 2 3 4 5 6 7",
            "8-916-123-45-67",
            "8.916.123.45.67",
            "+7\u{a0}916\u{2009}123\u{2011}45\u{2013}67",
            "8 10 7 916 123 45 67",
            "0079161234567",
            "12 8 916 123-45-67 5",
            r#"{"a":79161234567}"#,
            r#"{"a":"{\"phone\":\"+7 916 123\u002d45\u002D67\"}"}"#,
            "phone=%2B7%20%28916%29%20123-45-67",
            "phone=8+%28916%29+123+45+67",
            "[43,55,57,49,54,49,50,51,52,53,54,55]",
            "x8 916 123&nbsp;45&#8209;67",
        ] {
            assert!(finder.finds(text.as_bytes()), "{text}");
        }
        for link in [STANDARD.encode("phone=8 (916) 123-45-67"), URL_SAFE_NO_PAD.encode("{\"p\":\"+79161234567\"}")] {
            assert!(finder.finds(format!("https://x.example/a/{link}?b").as_bytes()), "{link}");
        }
    }

    #[test]
    fn a_part_of_a_longer_number_is_another_number() {
        let finder = finder("79161234567", "anna@x.example", 77);
        for text in [
            "791612345678",
            "179161234567",
            "7916123456",
            "79161234568",
            "7916123,4567",
            "7916x1234567",
            "joanna@x.example",
            "anna@x.example.org",
            "anna@x.examples",
            "anna@x-example",
            "duration: 77",
            "visitor_id: 777",
            "visitor_id: 177",
            "visitor_id: null, seconds: 77",
            "employee_id=77",
            "",
        ] {
            assert!(!finder.finds(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn emails_and_visitors_are_found_where_they_stand() {
        let finder = finder("", "анна@x.example", 4242);
        for text in ["АННА@X.example", "mailto:анна@x.example.", "<анна@x.example>", "%D0%B0%D0%BD%D0%BD%D0%B0%40x.example"] {
            assert!(finder.finds(text.as_bytes()), "{text}");
        }
        for text in [
            r#""visitor":{"id":4242,"#,
            r#"{"visitor_id":"4242"}"#,
            "visitor_id=4242&a=1",
            "visitor/4242",
            "visitor:4242",
            "visitor_id: Some(4242)",
            r#"["visitor_id","4242"]"#,
            r#"{\"visitor_id\":4242}"#,
            "visitor_id%22%3A4242",
        ] {
            assert!(finder.finds(text.as_bytes()), "{text}");
        }
        let finder = self::finder("", "anna+x@x.example", 0);
        assert!(finder.finds(b"a=anna%2Bx%40X.EXAMPLE&b") && finder.finds("\"ANNA+X@x.example\"".as_bytes()));
    }

    #[test]
    fn what_may_be_a_person_is_listed() {
        let text = "Visitor_id=42, x@Y.example. visitors: 7; +7 916 123-45-67";
        let (mut mails, mut ids, mut numbers) = (Vec::new(), Vec::new(), Vec::new());
        emails(text.as_bytes(), &mut |email| mails.push(email));
        visitors(text.as_bytes(), &mut |id| ids.push(id));
        phones(text.as_bytes(), &mut |run| {
            numbers.extend(run.numbers());
            false
        });
        assert_eq!((mails, ids), (vec!["x@y.example".to_owned()], vec![42, 7]));
        assert!(numbers.contains(&"79161234567".to_owned()), "{numbers:?}");
    }

    /// A way to write a phone of Russia.
    fn spelling(national: &str, prefix: &str, gaps: &[u8]) -> String {
        let separators = ["", " ", "-", ") ", " (", "."];
        let digits = format!("{prefix}{national}");
        let parts = digits.chars().zip(gaps.iter().cycle());
        parts.map(|(digit, gap)| format!("{digit}{}", separators[usize::from(*gap) % separators.len()])).collect()
    }

    /// A text within another.
    fn wrapped(text: &str, how: u8) -> String {
        match how % 5 {
            0 => text.to_owned(),
            1 => serde_json::json!({"a": text}).to_string(),
            2 => percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string(),
            3 => STANDARD.encode(text),
            _ => URL_SAFE_NO_PAD.encode(text),
        }
    }

    proptest! {
        #[test]
        fn a_phone_is_found_however_it_is_written_and_wrapped(
            national in "9[0-9]{9}", prefix in prop::sample::select(vec!["7", "8", "", "+7", "8 10 7", "007"]),
            gaps in prop::collection::vec(0u8..6, 1..12), hows in prop::collection::vec(0u8..5, 0..4),
        ) {
            let text = format!("call {} now", spelling(&national, prefix, &gaps).trim());
            let text = hows.iter().fold(text, |text, how| wrapped(&text, *how));
            prop_assert!(finder(&format!("7{national}"), "", 0).finds(text.as_bytes()), "{}", text);
        }

        #[test]
        fn any_bytes_can_be_searched(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            finder("79161234567", "anna@x.example", 4242).finds(&bytes);
        }

        #[test]
        fn another_phone_is_not_found(national in "9[0-9]{9}", other in "9[0-9]{9}", hows in prop::collection::vec(0u8..5, 0..3)) {
            prop_assume!(national != other);
            let text = hows.iter().fold(format!("+7{other}"), |text, how| wrapped(&text, *how));
            prop_assert!(!finder(&format!("7{national}"), "", 0).finds(text.as_bytes()), "{}", text);
        }
    }
}
