//! JSON, forms and paths. JSON is rewritten as text: everything but texts and numbers stays as it is, sign by sign, so that broken JSON is
//! hidden too.

use serde::de::IgnoredAny;
use uis_host::endpoints::callback::parameters;

use super::Pseudonyms;
use super::harmless::{is_code, is_id, is_identifier, is_quantity, is_symbolic};

/// How deep JSON may stand within texts of JSON.
const DEPTH: usize = 4;

/// A part of JSON.
enum Part<'a> {
    /// The name of a member.
    Name(&'a str),
    /// A text.
    Text(&'a str),
    /// A number, as it is written.
    Number(&'a str),
}

/// What is done with the parts of JSON: gets the name of the member and the part, and returns what stands in its place.
type Visit<'a> = &'a mut dyn FnMut(&str, Part<'_>) -> String;

/// Rewrites JSON.
fn rewrite(raw: &str, visit: Visit<'_>) -> String {
    let mut result = String::with_capacity(raw.len());
    let (mut rest, mut member) = (raw, String::new());
    while let Some(sign) = rest.chars().next() {
        if sign == '"' {
            let length = literal(rest);
            let (written, after) = rest.split_at(length);
            let inside = written.strip_prefix('"').unwrap_or(written);
            let inside = inside.strip_suffix('"').filter(|_| length > 1).unwrap_or(inside);
            let text: String = serde_json::from_str(written).unwrap_or_else(|_| inside.to_owned());
            let other = if after.trim_start().starts_with(':') {
                let other = visit(&member, Part::Name(&text));
                member = text.clone();
                other
            } else {
                visit(&member, Part::Text(&text))
            };
            match other == text {
                true => result.push_str(written),
                false => result.push_str(&serde_json::Value::from(other).to_string()),
            }
            rest = after;
        } else if sign.is_ascii_digit() {
            let length = rest.find(|sign: char| !sign.is_ascii_digit()).unwrap_or(rest.len());
            let (number, after) = rest.split_at(length);
            // The decimals of a sum, and exponents.
            let part = result.ends_with('.') || after.starts_with(['.', 'e', 'E']);
            match part {
                true => result.push_str(number),
                false => result.push_str(&visit(&member, Part::Number(number))),
            }
            rest = after;
        } else if sign.is_alphabetic() {
            let length = rest.find(|sign: char| !sign.is_alphanumeric()).unwrap_or(rest.len());
            let (word, after) = rest.split_at(length);
            match word {
                "true" | "false" | "null" => result.push_str(word),
                // No JSON.
                _ => result.push_str(&visit(&member, Part::Text(word))),
            }
            rest = after;
        } else {
            result.push(sign);
            rest = &rest[sign.len_utf8()..];
        }
    }
    result
}

/// The length of a text in quotes; to the end of the line if it does not end.
fn literal(raw: &str) -> usize {
    let mut escaped = false;
    for (at, sign) in raw.char_indices().skip(1) {
        match sign {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    raw.len()
}

/// Whether a text is JSON with a structure.
fn is_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '[']) && serde_json::from_str::<IgnoredAny>(text).is_ok()
}

impl Pseudonyms {
    /// The pseudonym of JSON, or of a text that should be JSON.
    pub fn json(&mut self, raw: &str) -> String {
        self.inner_json(raw, 0)
    }

    fn inner_json(&mut self, raw: &str, depth: usize) -> String {
        rewrite(raw, &mut |member, part| match part {
            Part::Name(name) if is_identifier(name) => name.to_owned(),
            Part::Text(text) if is_quantity(member) && is_number(text) => self.quantity(text),
            Part::Name(text) | Part::Text(text) => self.leaf(text, depth),
            Part::Number(number) if is_quantity(member) => self.quantity(number),
            Part::Number(number) => self.number(number),
        })
    }

    /// A time, a length or a sum stays, unless it is a phone.
    fn quantity(&mut self, digits: &str) -> String {
        match digits.len() >= 11 && uis_phones::assigned(digits).is_some() {
            true => self.number(digits),
            false => digits.to_owned(),
        }
    }

    /// The pseudonym of a text that may be JSON.
    fn leaf(&mut self, text: &str, depth: usize) -> String {
        match depth < DEPTH && is_json(text) {
            true => self.inner_json(text, depth + 1),
            false => self.nested(text, 0),
        }
    }

    /// The pseudonym of a body: JSON, a form, or text.
    pub fn body(&mut self, body: &str) -> String {
        match is_json(body) {
            true => self.json(body),
            false if body.trim_start().starts_with(['{', '[', '"']) => self.json(body),
            false if is_form(body) => self.form(body),
            false => self.text(body),
        }
    }

    /// The pseudonym of a query or a form.
    pub fn form(&mut self, encoded: &str) -> String {
        let hidden: Vec<(String, String)> = parameters(encoded)
            .into_iter()
            .map(|(name, value)| {
                let value = match is_quantity(&name) && is_number(&value) {
                    true => self.quantity(&value),
                    false => self.leaf(&value, 0),
                };
                let name = if is_identifier(&name) { name } else { self.text(&name) };
                (name, value)
            })
            .collect();
        form_urlencoded::Serializer::new(String::new()).extend_pairs(hidden).finish()
    }

    /// The pseudonym of a path. Numbers are ids of records.
    pub fn path(&mut self, path: &str) -> String {
        let parts: Vec<String> = path.split('/').map(|part| if is_number(part) { part.to_owned() } else { self.text(part) }).collect();
        parts.join("/")
    }

    /// Looks for ids and codes in JSON. Everything must be looked through before the first pseudonym is made, so that they are the same
    /// from the beginning.
    pub fn learn_json(&mut self, raw: &str) {
        rewrite(raw, &mut |member, part| {
            match part {
                Part::Name(name) if is_symbolic(name) => self.harmless.add_code(name),
                Part::Name(_) => {}
                Part::Text(text) if is_json(text) => self.learn_json(text),
                Part::Text(text) => self.learn(member, text),
                Part::Number(number) if is_id(member) => self.harmless.add_id(number),
                Part::Number(_) => {}
            }
            String::new()
        });
    }

    /// Looks for ids and codes in a query or a form.
    pub fn learn_form(&mut self, encoded: &str) {
        for (name, value) in parameters(encoded) {
            match is_json(&value) {
                true => self.learn_json(&value),
                false => self.learn(&name, &value),
            }
        }
    }

    /// Looks for ids and codes in a body.
    pub fn learn_body(&mut self, body: &str) {
        match body.trim_start().starts_with(['{', '[']) {
            true => self.learn_json(body),
            false if is_form(body) => self.learn_form(body),
            false => {}
        }
    }

    /// Looks for ids in a path.
    pub fn learn_path(&mut self, path: &str) {
        path.split('/').filter(|part| is_number(part)).for_each(|id| self.harmless.add_id(id));
    }

    fn learn(&mut self, member: &str, text: &str) {
        let text = text.trim_matches('"');
        if is_id(member) && is_number(text) {
            self.harmless.add_id(text);
        } else if member == "external_id" {
            // The plugin's id of a dialling order, which comes back in notifications.
            text.split(|sign: char| !sign.is_ascii_digit()).for_each(|part| self.harmless.add_id(part));
        } else if is_code(member) && is_symbolic(text) {
            self.harmless.add_code(text);
        }
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|sign| sign.is_ascii_digit())
}

/// Whether a body is a form: no spaces or lines, and a name before the first equals sign.
fn is_form(body: &str) -> bool {
    body.split_once('=').is_some_and(|(name, _)| !name.is_empty() && name.len() < 100) && !body.contains([' ', '\n', '<'])
}
