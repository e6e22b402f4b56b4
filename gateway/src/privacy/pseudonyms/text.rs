//! The pieces of a text.

use std::ops::Range;

use chrono_tz::Tz;
use percent_encoding::percent_decode_str;

use super::Pseudonyms;
use super::harmless::LONG;
use super::words::is_token;

/// How often a text may be encoded within an encoded text.
const DEPTH: usize = 3;
/// What may stand between the groups of digits of one number, at most so many signs.
const BETWEEN: usize = 3;
/// A group of so many digits is a number of its own.
const WHOLE: usize = 10;
/// Groups that together have so many digits are hidden, whatever they are.
const TOGETHER: usize = 9;

impl Pseudonyms {
    /// The pseudonym of a text.
    pub fn text(&mut self, text: &str) -> String {
        self.nested(text, 0)
    }

    pub(super) fn nested(&mut self, text: &str, depth: usize) -> String {
        if text.is_empty() || text.contains('/') && text.parse::<Tz>().is_ok() {
            return text.to_owned();
        }
        let mut text = text.to_owned();
        for (from, to) in self.literal.values().flatten() {
            if text.contains(from.as_str()) {
                text = text.replace(from.as_str(), to);
            }
        }
        if depth == DEPTH || decoded(&text).is_none() {
            return self.pieces(&text);
        }
        // Each part of an address is encoded in its own way.
        let mut result = String::with_capacity(text.len());
        for part in text.split_inclusive(['/', '?', '&', '=', '#', ';']) {
            let end = part.len() - usize::from(part.ends_with(['/', '?', '&', '=', '#', ';']));
            match decoded(&part[..end]) {
                Some(plain) => result.push_str(&encoded(&self.nested(&plain, depth + 1), &part[..end])),
                None => result.push_str(&self.pieces(&part[..end])),
            }
            result.push_str(&part[end..]);
        }
        result
    }

    fn pieces(&mut self, text: &str) -> String {
        let mut result = String::with_capacity(text.len());
        let mut emails = emails(text).into_iter().peekable();
        let mut at = 0;
        while let Some(sign) = text[at..].chars().next() {
            if let Some(email) = emails.next_if(|email| email.start == at) {
                result.push_str(&self.email(&text[email.clone()]));
                at = email.end;
                continue;
            }
            let until = emails.peek().map_or(text.len(), |email| email.start);
            let here = &text[at..until];
            if let Some(length) = time(here).filter(|_| !text[..at].ends_with(|before: char| before.is_ascii_digit())) {
                result.push_str(&here[..length]);
                at += length;
            } else if sign.is_ascii_digit() {
                let groups = groups(here);
                let end = groups.last().map_or(1, |group| group.end);
                match &groups[..] {
                    [_] => at += self.run(here, &mut result),
                    _ => {
                        let plus = text[..at].ends_with('+');
                        result.push_str(&self.grouped(&here[..end], &groups, plus));
                        at += end;
                    }
                }
            } else if sign.is_alphanumeric() {
                at += self.run(here, &mut result);
            } else {
                result.push(sign);
                at += sign.len_utf8();
            }
        }
        result
    }

    /// Replaces the letters and digits at the beginning of a text, and returns how long they are.
    fn run(&mut self, text: &str, result: &mut String) -> usize {
        let length = text.find(|sign: char| !sign.is_alphanumeric() && !is_invisible(sign)).unwrap_or(text.len());
        let run = &text[..length];
        if run.contains(is_invisible) {
            // The plugin takes such signs out of names.
            let plain: String = run.chars().filter(|sign| !is_invisible(*sign)).collect();
            let mut hidden = String::new();
            self.run(&plain, &mut hidden);
            let mut hidden = hidden.chars();
            result.extend(run.chars().filter_map(|sign| if is_invisible(sign) { Some(sign) } else { hidden.next() }));
            return length;
        }
        if run.bytes().all(|sign| sign.is_ascii_digit()) {
            result.push_str(&self.number(run));
        } else if self.harmless.has(run) {
            result.push_str(run);
        } else if is_token(run) && longest_digits(run) < TOGETHER {
            result.push_str(&self.words.token(&self.key, run));
        } else {
            let mut rest = run;
            while let Some(first) = rest.chars().next() {
                let digits = first.is_numeric();
                let end = rest.find(|sign: char| sign.is_numeric() != digits).unwrap_or(rest.len());
                let part = &rest[..end];
                match digits {
                    true if part.is_ascii() => result.push_str(&self.number(part)),
                    true => result.push_str(part),
                    false => result.push_str(&self.word(part)),
                }
                rest = &rest[end..];
            }
        }
        length
    }

    fn word(&mut self, word: &str) -> String {
        if self.harmless.has(word) { word.to_owned() } else { self.words.word(&self.key, word) }
    }

    /// The pseudonym of digits without anything between them.
    pub(super) fn number(&mut self, digits: &str) -> String {
        if self.harmless.has_number(digits) { digits.to_owned() } else { self.phones.number(&self.key, digits) }
    }

    /// Groups of digits with signs between them: phones, or other numbers. `plus` says whether a plus stands before them.
    fn grouped(&mut self, text: &str, groups: &[Range<usize>], plus: bool) -> String {
        let mut numbers: Vec<Range<usize>> = Vec::new();
        let mut at = 0;
        while at < groups.len() {
            let short = groups[at..].iter().take_while(|group| group.len() < WHOLE).count();
            if short == 0 {
                numbers.push(at..at + 1);
                at += 1;
                continue;
            }
            self.split(text, groups, at..at + short, plus && at == 0, &mut numbers);
            at += short;
        }
        let mut result = text.to_owned();
        for number in numbers {
            let own = &groups[number];
            let digits: String = own.iter().map(|group| &text[group.clone()]).collect();
            let other = self.number(&digits);
            let mut other = other.chars();
            for group in own {
                let part: String = other.by_ref().take(group.len()).collect();
                result.replace_range(group.clone(), &part);
            }
        }
        result
    }

    /// Which groups are one number together.
    fn split(&self, text: &str, groups: &[Range<usize>], run: Range<usize>, plus: bool, numbers: &mut Vec<Range<usize>>) {
        let (start, end) = (groups[run.start].start, groups[run.end - 1].end);
        let sign = if plus { "+" } else { "" };
        let found = uis_phones::in_text(&format!("{sign}{}", &text[start..end]), self.phones.country);
        let mut left = run.start;
        for (place, _) in found {
            let (first, last) = ((start + place.start).saturating_sub(sign.len()), (start + place.end).saturating_sub(sign.len()));
            let begin = (left..run.end).find(|at| groups[*at].start >= first).unwrap_or(run.end);
            let until = (begin..run.end).find(|at| groups[*at].end > last).unwrap_or(run.end);
            if begin < until {
                self.other(groups, left..begin, numbers);
                numbers.push(begin..until);
                left = until;
            }
        }
        self.other(groups, left..run.end, numbers);
    }

    /// Groups that are no phone: one number if they are long together, as a card's.
    fn other(&self, groups: &[Range<usize>], run: Range<usize>, numbers: &mut Vec<Range<usize>>) {
        let digits: usize = groups[run.clone()].iter().map(Range::len).sum();
        match digits >= TOGETHER {
            true => numbers.push(run),
            false => numbers.extend(run.filter(|at| groups[*at].len() >= LONG).map(|at| at..at + 1)),
        }
    }

    /// An address stays readable as one. Its domain is one of RFC 2606, with all parts of the old one, so that two never become one. Words of
    /// the programs stay before the `@`, because the plugin makes ids such as `uis-email-anna@shop.example`.
    fn email(&mut self, email: &str) -> String {
        self.emails += 1;
        let (local, domain) = email.rsplit_once('@').unwrap_or((email, ""));
        let mut hidden = String::new();
        let mut rest = domain;
        while let Some(first) = rest.chars().next() {
            let letters = first.is_alphabetic();
            let end = rest.find(|sign: char| sign.is_alphabetic() != letters).unwrap_or(rest.len());
            match letters {
                true => hidden.push_str(&self.words.word(&self.key, &rest[..end])),
                false => hidden.push_str(&self.pieces(&rest[..end])),
            }
            rest = &rest[end..];
        }
        format!("{}@{hidden}.example", self.pieces(local))
    }
}

/// Signs that only change how others are shown.
fn is_invisible(sign: char) -> bool {
    matches!(sign, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

fn longest_digits(text: &str) -> usize {
    text.split(|sign: char| !sign.is_ascii_digit()).map(str::len).max().unwrap_or(0)
}

/// Where e-mail addresses stand.
fn emails(text: &str) -> Vec<Range<usize>> {
    let part = |sign: char| sign.is_alphanumeric() || matches!(sign, '.' | '_' | '-' | '+');
    let mut found: Vec<Range<usize>> = Vec::new();
    for (at, _) in text.match_indices('@') {
        let from = found.last().map_or(0, |last| last.end);
        let before = &text[from.min(at)..at];
        let local = &before[before.trim_end_matches(part).len()..];
        let local = local.trim_start_matches(['.', '+', '-']);
        let after = &text[at + 1..];
        let domain = &after[..after.find(|sign: char| !(sign.is_alphanumeric() || matches!(sign, '.' | '-'))).unwrap_or(after.len())];
        let domain = domain.trim_end_matches(['.', '-']);
        if !local.is_empty() && domain.rsplit_once('.').is_some_and(|(name, top)| !name.is_empty() && top.chars().count() > 1) {
            found.push(at - local.len()..at + 1 + domain.len());
        }
    }
    found
}

/// The length of a date or a time at the beginning of a text: `2026-11-23`, with ` 10:00:00` or `T10:00:00.000+03:00`, `23.11.2026`, `10:00`.
fn time(text: &str) -> Option<usize> {
    let fits = |pattern: &str, from: usize| {
        let part = text.as_bytes().get(from..from + pattern.len())?;
        let fits = part.iter().zip(pattern.bytes()).all(|(sign, wanted)| match wanted {
            b'0' => sign.is_ascii_digit(),
            b'_' => matches!(sign, b' ' | b'T'),
            b'+' => matches!(sign, b'+' | b'-'),
            _ => *sign == wanted,
        });
        fits.then_some(from + pattern.len())
    };
    let date = fits("0000-00-00", 0).or_else(|| fits("00.00.0000", 0));
    let begin = match date {
        Some(date) => fits("_", date).filter(|from| fits("00:00", *from).is_some()),
        None => Some(0),
    };
    let mut end = date;
    if let Some(minute) = begin.and_then(|begin| fits("00:00", begin)) {
        let second = fits(":00", minute).unwrap_or(minute);
        let part = fits(".000000", second).or_else(|| fits(".000", second)).unwrap_or(second);
        let zone = fits("+00:00", part).or_else(|| fits("Z", part)).filter(|_| date.is_some());
        end = Some(zone.unwrap_or(part));
    }
    end.filter(|end| !text.as_bytes().get(*end).is_some_and(u8::is_ascii_digit))
}

/// The groups of digits that begin a text and may be one number.
fn groups(text: &str) -> Vec<Range<usize>> {
    let mut groups: Vec<Range<usize>> = Vec::new();
    let mut at = 0;
    loop {
        let rest = &text[at..];
        let length = rest.find(|sign: char| !sign.is_ascii_digit()).unwrap_or(rest.len());
        let letters = rest[length..].starts_with(char::is_alphanumeric);
        if length == 0 || letters && !groups.is_empty() || !groups.is_empty() && time(rest).is_some() {
            return groups;
        }
        groups.push(at..at + length);
        let between =
            |sign: &char| matches!(sign, ' ' | '-' | '+' | '(' | ')' | '.' | '\u{a0}' | '\u{2010}'..='\u{2015}' | '\u{2009}' | '\u{202f}');
        let gap: Vec<char> = rest[length..].chars().take_while(between).take(BETWEEN + 1).collect();
        if gap.is_empty() || gap.len() > BETWEEN {
            return groups;
        }
        at += length + gap.iter().map(|sign| sign.len_utf8()).sum::<usize>();
    }
}

/// The text that a percent-encoded one stands for; none when it has no encoded signs, or they are no text.
fn decoded(text: &str) -> Option<String> {
    let encoded = |at: usize| text.as_bytes().get(at + 1..at + 3).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit));
    text.match_indices('%').any(|(at, _)| encoded(at)).then(|| percent_decode_str(text).decode_utf8().ok())?.map(Into::into)
}

/// Encodes a text as another one is: the signs that are encoded there, and all that are not ASCII.
fn encoded(text: &str, like: &str) -> String {
    let of_like = like.match_indices('%').filter_map(|(at, _)| u8::from_str_radix(like.get(at + 1..at + 3)?, 16).ok());
    let also: Vec<u8> = of_like.filter(|sign| sign.is_ascii() && !sign.is_ascii_alphanumeric()).chain([b'%']).collect();
    let mut result = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte.is_ascii() && !also.contains(&byte) {
            true => result.push(char::from(byte)),
            false => result.push_str(&format!("%{byte:02X}")),
        }
    }
    result
}
