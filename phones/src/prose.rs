//! How phone numbers differ from the other digits of running text: dates, hours, prices, numbers of orders and of documents.

use std::ops::Range;

use crate::extension::{self, Place};
use crate::groups::{Group, is_hyphen, is_space};
use crate::plan::{Evidence, Reading};

/// The fewest digits, with the country code, of a number that is not marked as international.
const DIGITS_MIN: usize = 9;
/// How many words before digits are looked at.
const WORDS_BEFORE: usize = 3;
/// Beginnings of words that announce a phone.
const PHONE_WORDS: [&str; 16] = [
    "тел",
    "моб",
    "сот",
    "звон",
    "набер",
    "перезвон",
    "вотсап",
    "ватсап",
    "вайбер",
    "whatsapp",
    "viber",
    "phone",
    "tel",
    "mob",
    "call",
    "wa",
];
/// Beginnings of words after which digits are the number of a document or of a thing, however they look.
const DOCUMENT_WORDS: [&str; 20] = [
    "инн",
    "кпп",
    "огрн",
    "окпо",
    "бик",
    "снилс",
    "паспорт",
    "счет",
    "счёт",
    "р/с",
    "к/с",
    "карт",
    "артикул",
    "трек",
    "накладн",
    "штрихкод",
    "imei",
    "iban",
    "tracking",
    "invoice",
];
/// Beginnings of words after which digits are a number of something, unless they are written as for dialling.
const ORDER_WORDS: [&str; 16] = [
    "заказ",
    "заявк",
    "договор",
    "чек",
    "код",
    "лот",
    "арт",
    "id",
    "order",
    "заявлен",
    "обращени",
    "тикет",
    "ticket",
    "sku",
    "полис",
    "п/п",
];
/// What follows an amount.
const UNITS: [&str; 20] = [
    "руб",
    "₽",
    "р.",
    "тенге",
    "тг",
    "сум",
    "бел. руб",
    "грн",
    "$",
    "€",
    "eur",
    "usd",
    "rub",
    "kzt",
    "byn",
    "uah",
    "шт",
    "штук",
    "кг",
    "%",
];

/// Masks the groups that are dates, hours or cards in running text.
pub fn mask(text: &str, groups: &mut [Group], place: Place) {
    if place != Place::Prose {
        return;
    }
    for at in 0..groups.len() {
        let length = date(text, &groups[at..]).or_else(|| hours(text, &groups[at..])).or_else(|| card(&groups[at..]));
        let begins = at == 0 || !is_glued(text, &groups[at - 1], &groups[at]);
        for group in groups[at..].iter_mut().take(length.filter(|_| begins).unwrap_or(0)) {
            group.masked = true;
        }
    }
}

/// Whether digits in running text, read so, are a phone number.
pub fn is_phone(text: &str, range: Range<usize>, reading: &Reading, plus: bool) -> bool {
    let long = plus || reading.number.len() >= DIGITS_MIN;
    reading.evidence >= Evidence::Form
        && long
        && is_no_email(text, range.clone())
        && is_no_address(text, &range)
        && stands_alone(text, &range)
        && is_no_amount(text, &range)
        && (plus || announced_as(&text[..range.start]).allows(reading))
}

/// Whether digits are no part of an e-mail address.
pub fn is_no_email(text: &str, range: Range<usize>) -> bool {
    let ends = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '/' | '|' | '(' | ')' | '<' | '>');
    let name = text[..range.start].rsplit(ends).next().unwrap_or_default();
    let host = text[range.end..].split(ends).next().unwrap_or_default();
    // A name of a messenger begins with the sign.
    !(name.trim_start_matches('@').contains('@') || host.contains('@'))
}

/// What stands before this place since the last space.
fn word_before(text: &str, at: usize) -> &str {
    text[..at].rsplit(char::is_whitespace).next().unwrap_or_default()
}

/// Whether digits are no part of a web address, unless it is one for calling.
fn is_no_address(text: &str, range: &Range<usize>) -> bool {
    let word = word_before(text, range.start).to_lowercase();
    let calls = ["tel:", "wa.me/", "phone="].iter().any(|known| word.ends_with(known));
    let address = word.contains("://") || word.contains("www.") || word.contains(['=', '&', '_', '\\', '@']);
    calls || !address
}

/// Whether no letter makes the digits part of an identifier. Russian words may touch a number («тел89161234567»), Latin ones only a few.
fn stands_alone(text: &str, range: &Range<usize>) -> bool {
    let (before, after) = (&text[..range.start], &text[range.end..]);
    let letters = &before[before.trim_end_matches(|c: char| c.is_ascii_alphabetic()).len()..];
    let known = PHONE_WORDS.iter().any(|word| letters.to_ascii_lowercase().starts_with(word));
    let follows = after.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && extension::after(after, Place::Prose).is_none();
    (letters.is_empty() || known) && !follows
}

fn is_no_amount(text: &str, range: &Range<usize>) -> bool {
    let after = text[range.end..].trim_start_matches(is_space);
    let after: String = after.chars().take(8).flat_map(char::to_lowercase).collect();
    let before = text[..range.start].trim_end_matches(is_space);
    !UNITS.iter().any(|unit| after.starts_with(unit)) && !before.ends_with(['$', '€', '₽'])
}

/// What the words before digits announce.
enum Announced {
    Anything,
    Document,
    Order,
}

impl Announced {
    fn allows(&self, reading: &Reading) -> bool {
        match self {
            Announced::Anything => true,
            Announced::Document => false,
            Announced::Order => reading.marked,
        }
    }
}

/// What the nearest words of the same line say. Words before other digits belong to those.
fn announced_as(before: &str) -> Announced {
    let line = before.rsplit(['\n', '\r']).next().unwrap_or_default();
    for (nth, word) in line.split(char::is_whitespace).rev().filter(|word| !word.is_empty()).take(WORDS_BEFORE).enumerate() {
        let word = word.to_lowercase();
        if word.contains(|c: char| c.is_ascii_digit()) {
            break;
        }
        let word = word.trim_start_matches(|c: char| !c.is_alphanumeric());
        let one_of = |known: &[&str]| known.iter().any(|known| word.starts_with(known));
        if one_of(&PHONE_WORDS) {
            break;
        }
        if one_of(&DOCUMENT_WORDS) {
            return Announced::Document;
        }
        if nth < 2 && (one_of(&ORDER_WORDS) || line.trim_end().ends_with(['№', '#'])) {
            return Announced::Order;
        }
    }
    if line.trim_end().ends_with(['№', '#']) { Announced::Order } else { Announced::Anything }
}

fn value(group: &Group, digits: Range<usize>) -> Option<u32> {
    digits.contains(&group.digits.len()).then(|| group.digits.parse().ok()).flatten()
}

/// What stands between two groups, if it is one character.
fn between(text: &str, before: &Group, after: &Group) -> Option<char> {
    let mut between = text.get(before.end..after.start)?.chars();
    between.next().filter(|_| between.next().is_none())
}

/// Whether two groups are joined by one sign without a space.
fn is_glued(text: &str, before: &Group, after: &Group) -> bool {
    between(text, before, after).is_some_and(|c| !is_space(c))
}

/// The count of the groups of a date: `23.11.2026`, `23.11.26`, `23/11/2026`, `2026-11-23`.
fn date(text: &str, groups: &[Group]) -> Option<usize> {
    let [first, second, third, ..] = groups else { return None };
    let sign = between(text, first, second).filter(|c| matches!(c, '.' | '/') || is_hyphen(*c))?;
    let alone = between(text, second, third) == Some(sign) && groups.get(3).is_none_or(|next| !is_glued(text, third, next));
    let month = (1..=12).contains(&value(second, 1..3)?);
    let day = |group: &Group| value(group, 1..3).is_some_and(|day| (1..=31).contains(&day));
    let year = |group: &Group| value(group, 4..5).is_some_and(|year| (1900..=2100).contains(&year));
    let short = sign == '.' && third.digits.len() == 2;
    (alone && month && ((day(first) && (year(third) || short)) || (year(first) && day(third)))).then_some(3)
}

/// The count of the groups of hours: `18:00`, and `9.00-18.00`.
fn hours(text: &str, groups: &[Group]) -> Option<usize> {
    let hour = |groups: &[Group], signs: &[char]| match groups {
        [hour, minute, ..] => {
            value(hour, 1..3).is_some_and(|hour| hour < 24)
                && value(minute, 2..3).is_some_and(|minute| minute < 60)
                && between(text, hour, minute).is_some_and(|sign| signs.contains(&sign))
        }
        _ => false,
    };
    let range = groups.len() >= 4 && hour(groups, &['.', ':']) && hour(&groups[2..], &['.', ':']) && {
        let apart = text.get(groups[1].end..groups[2].start).unwrap_or_default().trim();
        apart.chars().count() == 1 && apart.chars().all(is_hyphen)
    };
    match (range, hour(groups, &[':'])) {
        (true, _) => Some(4),
        (false, true) => Some(2),
        _ => None,
    }
}

/// The count of the groups of a bank card: four times four digits.
fn card(groups: &[Group]) -> Option<usize> {
    let four = groups.iter().take(4).filter(|group| group.digits.len() == 4 && !group.plus).count() == 4;
    (four && groups[1..4].iter().all(|group| group.joined)).then_some(4)
}
