//! The extension that stands after a number.

use crate::groups::{digit, is_hyphen, is_space};

/// Words that announce an extension; longer ones first.
const WORDS: [&str; 16] = [
    "добавочный",
    "добавочн",
    "добав",
    "доб",
    "внутренний",
    "внутр",
    "внут",
    "вн",
    "местный",
    "мест",
    "extension",
    "extn",
    "ext",
    "тональный",
    "durchwahl",
    "poste",
];
/// Words between such a word and the digits.
const FILLERS: [&str; 4] = ["номер", "тел", "набор", "number"];
/// The most digits of an extension; more are none.
pub const EXTENSION_DIGITS: usize = 12;
/// The most digits after a comma or another sign: more are another number.
const SIGN_DIGITS: usize = 7;

/// Where the number stands, which decides which signs announce an extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In a value of a system.
    System,
    /// In a field for a phone.
    Field,
    /// In running text, where a comma or dots are punctuation.
    Prose,
}

/// The extension at the beginning of the text after a number, and how many bytes it takes.
pub fn after(text: &str, place: Place) -> Option<(String, usize)> {
    let found = after_word(text).or_else(|| after_sign(text, place)).or_else(|| at_end(text, place))?;
    Some((found.0, text.len() - found.1.len()))
}

/// Digits and what follows them; none if there are fewer or more.
fn digits(text: &str, length: std::ops::RangeInclusive<usize>) -> Option<(String, &str)> {
    let found: String = text.chars().map_while(digit).collect();
    let rest = text.trim_start_matches(|c| digit(c).is_some());
    length.contains(&found.len()).then_some((found, rest))
}

fn skip(text: &str, most: usize, what: impl Fn(char) -> bool) -> &str {
    let skipped = text.chars().take(most).take_while(|c| what(*c)).map(char::len_utf8).sum();
    &text[skipped..]
}

/// What follows a word, whatever the size of its letters; none if the text begins otherwise or the word goes on.
fn word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let mut rest = text.chars();
    let same = word.chars().all(|wanted| rest.next().is_some_and(|c| c.to_lowercase().eq(wanted.to_lowercase())));
    let rest = rest.as_str();
    (same && !rest.starts_with(char::is_alphabetic)).then_some(rest)
}

fn after_word(text: &str) -> Option<(String, &str)> {
    let text = skip(text, 4, |c| is_space(c) || is_hyphen(c) || matches!(c, ')' | '(' | ']' | '[' | ',' | ';' | '.' | '/'));
    let rest = WORDS.iter().find_map(|known| word(text, known))?;
    let filler = |c: char| is_space(c) || is_hyphen(c) || matches!(c, '.' | ':' | '=' | '№' | '#' | '(' | ')');
    let mut rest = skip(rest, 5, filler);
    if let Some(further) = FILLERS.iter().find_map(|known| word(rest, known)) {
        rest = skip(further, 5, filler);
    }
    digits(rest, 1..=EXTENSION_DIGITS)
}

fn after_sign(text: &str, place: Place) -> Option<(String, &str)> {
    let dots = text.strip_prefix("...").or_else(|| text.strip_prefix('…')).filter(|_| place != Place::Prose);
    if let Some(rest) = dots {
        return digits(skip(rest, 3, |c| c == '.'), 1..=EXTENSION_DIGITS);
    }
    if text.starts_with([',', ';']) && place != Place::Prose {
        let (found, rest) = digits(skip(text, 3, |c| matches!(c, ',' | ';')), 1..=SIGN_DIGITS)?;
        // «…,8 916 …» begins another number, «…,5 этаж» is none.
        let next = skip(rest, 2, |c| is_space(c) || is_hyphen(c) || c == '(').chars().next();
        return next.is_none_or(|c| digit(c).is_none() && !c.is_alphabetic()).then_some((found, rest));
    }
    let spaced = skip(text, 2, |c| is_space(c) || c == ')');
    let rest = spaced.strip_prefix(['#', '*', 'x', 'X', 'х', 'Х'])?;
    let near = skip(rest, 1, |c| c == '.' || (is_space(c) && place != Place::Prose));
    // «x 2»: two pieces, not an extension.
    let least = if near.len() < rest.len() { 2 } else { 1 };
    let (found, rest) = digits(near, least..=SIGN_DIGITS)?;
    (!rest.starts_with(char::is_alphabetic)).then_some((found, rest))
}

/// «…, 12» at the end of an entry.
fn at_end(text: &str, place: Place) -> Option<(String, &str)> {
    let rest = text.strip_prefix(',').filter(|_| place != Place::Prose)?;
    let (found, rest) = digits(skip(rest, 2, is_space), 2..=6)?;
    rest.trim().is_empty().then_some((found, rest))
}
