//! Looks for personal data of a plain export in the masked one: as it is, percent-encoded, in base64, with spaces between.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::percent_decode_str;
use serde_json::Value;
use uis_gateway::privacy::pseudonyms::harmless::Harmless;

/// Members with people's names and texts.
const PERSONAL: [&str; 15] = [
    "full_name",
    "first_name",
    "last_name",
    "patronymic",
    "firstName",
    "lastName",
    "visitor_name",
    "contact_full_name",
    "employee_full_name",
    "chat_username",
    "text",
    "customerComment",
    "managerComment",
    "commentary",
    "nickName",
];
/// Shorter words are a pseudonym by chance.
const LETTERS: usize = 6;

/// The first personal data that was found.
pub fn first(plain: &str, masked: &str) -> Option<String> {
    let (plain, masked) = (decoded(plain), decoded(masked));
    let digits = without_separators(&masked);
    if let Some(phone) = phones(&plain).into_iter().find(|phone| digits.contains(phone.as_str())) {
        return Some(format!("the phone {phone}"));
    }
    let (small, encoded) = (masked.to_lowercase(), |text: &str| [STANDARD_NO_PAD.encode(text), URL_SAFE_NO_PAD.encode(text)]);
    let in_base64 =
        |text: &str| text.len() >= LETTERS && encoded(text).iter().any(|encoded| masked.contains(&encoded[..encoded.len() - 2]));
    if let Some(email) = emails(&plain).into_iter().find(|email| small.contains(email.as_str()) || in_base64(email)) {
        return Some(format!("the address {email}"));
    }
    let words: BTreeSet<&str> = small.split(|sign: char| !sign.is_alphanumeric()).collect();
    for text in texts(&plain) {
        let own = Harmless::default();
        let personal: Vec<String> = text
            .split(|sign: char| !sign.is_alphanumeric())
            .filter(|word| word.chars().all(char::is_alphabetic) && word.chars().count() >= LETTERS && !own.has(word))
            .map(str::to_lowercase)
            .collect();
        if let Some(word) = personal.iter().find(|word| words.contains(word.as_str())) {
            return Some(format!("the word {word} of {text:?}"));
        }
        if !personal.is_empty() && (small.contains(&text.to_lowercase()) || in_base64(&text)) {
            return Some(format!("the text {text:?}"));
        }
    }
    None
}

/// A text without encoding, however deep.
fn decoded(text: &str) -> String {
    let mut text = text.to_owned();
    for _ in 0..3 {
        text = percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().replace("\\\\", "\\").replace("\\\"", "\"");
    }
    text
}

fn without_separators(text: &str) -> String {
    text.chars().filter(|sign| !matches!(sign, ' ' | '-' | '(' | ')' | '.' | '\u{a0}')).collect()
}

/// The last ten digits of all Russian phones, and the digits of all others.
fn phones(plain: &str) -> BTreeSet<String> {
    let digits = without_separators(plain);
    let runs = digits.split(|sign: char| !sign.is_ascii_digit());
    let phones =
        runs.filter(|run| run.len() == 11 && run.starts_with(['7', '8']) && uis_phones::assigned(&format!("7{}", &run[1..])).is_some());
    phones.map(|phone| phone[1..].to_owned()).collect()
}

fn emails(plain: &str) -> BTreeSet<String> {
    let sign = |sign: char| sign.is_alphanumeric() || matches!(sign, '.' | '_' | '-');
    let mut all = BTreeSet::new();
    for (at, _) in plain.match_indices('@') {
        let before = &plain[..at];
        let local = &before[before.trim_end_matches(sign).len()..];
        let domain = &plain[at + 1..];
        let domain = &domain[..domain.find(|other: char| !sign(other)).unwrap_or(domain.len())];
        if !local.is_empty() && domain.contains('.') {
            all.insert(format!("{local}@{domain}").to_lowercase());
        }
    }
    all
}

/// The values of members with names and texts, in the lines and in JSON within them.
fn texts(plain: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for member in PERSONAL {
        let name = format!("\"{member}\":");
        for (at, _) in plain.match_indices(&name) {
            let value = plain[at + name.len()..].trim_start();
            let mut values = serde_json::Deserializer::from_str(value).into_iter::<Value>();
            if let Some(Ok(Value::String(text))) = values.next() {
                all.insert(text);
            }
        }
    }
    all
}
