//! What a masked export leaves as it is.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

/// The words of the plugin's and the host's own texts, in lower case, one a line; made when the program is built.
const VOCABULARY: &str = include_str!(concat!(env!("OUT_DIR"), "/vocabulary.txt"));
/// Words of other systems' texts, which mean the same for everybody.
const OTHERS: [&str; 36] = [
    "utc", "gmt", "amp", "lt", "gt", "quot", "nbsp", "br", "href", "http", "https", "www", "com", "ru", "io", "org", "net", "html", "htm",
    "css", "js", "php", "png", "jpg", "svg", "mp3", "wav", "utf", "mozilla", "true", "false", "null", "none", "doctype", "body", "div",
];

static KNOWN: LazyLock<HashSet<&'static str>> = LazyLock::new(|| VOCABULARY.lines().chain(OTHERS).collect());

/// The digits that a number has at least to be hidden.
pub const LONG: usize = 6;

/// What stays as it is: what everybody knows, and what was seen to be an id or a code of this account.
#[derive(Default)]
pub struct Harmless {
    words: HashSet<String>,
    ids: HashSet<u64>,
    by_token: HashMap<String, bool>,
}

impl Harmless {
    /// Whether a word or a token stays.
    pub fn has(&self, word: &str) -> bool {
        if word.len() == 1 && word.is_ascii() {
            return true;
        }
        let lower = word.to_lowercase();
        KNOWN.contains(lower.as_str()) || self.words.contains(&lower)
    }

    /// Whether a number stays: a short one, or an id.
    pub fn has_number(&self, digits: &str) -> bool {
        digits.len() < LONG || digits.parse().is_ok_and(|number| self.ids.contains(&number))
    }

    /// From now on the words of a symbolic code stay.
    pub fn add_code(&mut self, code: &str) {
        for word in code.split(|sign: char| !sign.is_ascii_alphanumeric()) {
            if word.bytes().any(|sign| sign.is_ascii_lowercase()) && !self.has(word) {
                self.words.insert(word.to_lowercase());
            }
        }
    }

    /// From now on the words of a name stay, such as an integration's.
    pub fn add_name(&mut self, name: &str) {
        let words = name.split(|sign: char| !sign.is_alphanumeric()).filter(|word| !word.is_empty());
        self.words.extend(words.map(str::to_lowercase));
    }

    /// From now on an id stays. Digits that are a phone stay none: messengers use phones as ids.
    pub fn add_id(&mut self, digits: &str) {
        if digits.len() < LONG || self.has_number(digits) {
            return;
        }
        let is_phone =
            digits.len() >= 11 && *self.by_token.entry(digits.to_owned()).or_insert_with(|| uis_phones::assigned(digits).is_some());
        if let Ok(number) = digits.parse::<u64>()
            && !is_phone
            && !digits.starts_with('0')
        {
            self.ids.insert(number);
        }
    }
}

/// Whether the values of a member are ids: of communications, people of the account, records of the CRM. Visitors' ids lead to a person.
pub fn is_id(member: &str) -> bool {
    let lower = member.to_lowercase();
    let named = lower == "id"
        || lower == "ids"
        || member.ends_with("Id")
        || member.ends_with("Ids")
        || lower.ends_with("_id")
        || lower.ends_with("_ids");
    named && !["visitor", "client", "person", "user_fields", "ga_", "ym_", "cookie", "contact"].iter().any(|part| lower.contains(part))
        || matches!(lower.as_str(), "customerid" | "cdr_id" | "call_records" | "external_id" | "externalid")
}

/// Whether the values of a member are symbolic codes.
pub fn is_code(member: &str) -> bool {
    matches!(
        member,
        "code"
            | "site"
            | "status"
            | "type"
            | "statuses"
            | "sites"
            | "integrationCode"
            | "orderMethod"
            | "orderType"
            | "direction"
            | "source_type"
            | "kind"
    )
}

/// Whether JSON numbers of a member are times, lengths, sums or counts.
pub fn is_quantity(member: &str) -> bool {
    let lower = member.to_lowercase();
    let parts = [
        "time", "date", "duration", "seconds", "_at", "size", "count", "sum", "total", "price", "cost", "amount", "points", "limit",
        "page", "offset", "minutes", "version", "length", "width", "height",
    ];
    parts.iter().any(|part| lower.contains(part))
}

/// Whether a text is a symbolic code: a few words of small Latin letters.
pub fn is_symbolic(text: &str) -> bool {
    text.len() <= 64
        && text.starts_with(|sign: char| sign.is_ascii_lowercase())
        && text.bytes().all(|sign| sign.is_ascii_lowercase() || sign.is_ascii_digit() || matches!(sign, b'-' | b'_'))
        && !text.bytes().filter(u8::is_ascii_digit).count().ge(&LONG)
}

/// Whether a name of a member or a parameter stays: one that a programmer wrote.
pub fn is_identifier(name: &str) -> bool {
    name.starts_with(|sign: char| sign.is_ascii_lowercase())
        && name.bytes().all(|sign| sign.is_ascii_alphanumeric() || matches!(sign, b'-' | b'_' | b'.' | b'[' | b']'))
        && name.bytes().filter(u8::is_ascii_digit).count() < LONG
}
