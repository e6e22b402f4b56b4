//! Reads a body that is not quite JSON. The account's owner writes the template, and UIS inserts each value as JSON. So a template that puts
//! quotes around its placeholders becomes `"direction": ""in""`, `"tags": "["VIP"]"`, `"name": ""ООО "Ромашка"""`; one without a value
//! becomes `"employee_id": ,`. Only bodies that are no JSON are read here; a body that is JSON means what it says.

use serde_json::{Map, Value};

/// The deepest nesting of a body.
const DEPTH_MAX: usize = 16;
/// The longest name of a parameter, in bytes.
const NAME_MAX: usize = 64;
/// How many values are looked at. Readings that fail are repeated in other ways, so a text made for it could take very long.
const VALUES_MAX: u32 = 20_000;
/// How much of the body is shown at the place that cannot be read, in characters.
const NEAR: usize = 40;

/// The place from which a body cannot be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// Line, from 1.
    pub line: usize,
    /// Character in the line, from 1.
    pub column: usize,
    /// The text there.
    pub near: String,
}

/// Reads an object; the error is the place from which the text cannot be read.
pub fn object(text: &str) -> Result<Map<String, Value>, Place> {
    let mut reader = Reader { text, at: 0, values_left: VALUES_MAX };
    reader.spaces();
    let read = reader.object(0);
    reader.spaces();
    match read {
        Some(members) if reader.at == text.len() => Ok(members),
        _ => Err(place(text, reader.at)),
    }
}

fn place(text: &str, at: usize) -> Place {
    let before = text.get(..at).unwrap_or_default();
    let line_begin = before.rfind('\n').map_or(0, |end| end + 1);
    Place {
        line: before.matches('\n').count() + 1,
        column: before[line_begin..].chars().count() + 1,
        near: text[before.len()..].chars().take_while(|c| *c != '\n').take(NEAR).collect(),
    }
}

/// The text, and how far it is read. A reading that fails leaves `at` at the place of the failure.
struct Reader<'a> {
    text: &'a str,
    at: usize,
    values_left: u32,
}

impl Reader<'_> {
    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    fn spaces(&mut self) {
        self.at = self.after_spaces(self.at);
    }

    fn after_spaces(&self, mut at: usize) -> usize {
        while self.byte(at).is_some_and(|byte| byte.is_ascii_whitespace()) {
            at += 1;
        }
        at
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        self.spaces();
        (self.byte(self.at) == Some(byte)).then(|| self.at += 1)
    }

    fn object(&mut self, depth: usize) -> Option<Map<String, Value>> {
        self.take(b'{')?;
        let mut members = Map::new();
        loop {
            if self.take(b'}').is_some() {
                return Some(members);
            }
            let name = self.name()?;
            self.take(b':')?;
            self.spaces();
            let value = self.value(depth, End::Member)?;
            members.insert(name, value);
            self.spaces();
            if self.byte(self.at) != Some(b'}') {
                self.take(b',')?;
            }
        }
    }

    fn list(&mut self, depth: usize) -> Option<Vec<Value>> {
        self.take(b'[')?;
        let mut items = Vec::new();
        loop {
            if self.take(b']').is_some() {
                return Some(items);
            }
            self.spaces();
            items.push(self.value(depth, End::Item)?);
            self.spaces();
            if self.byte(self.at) != Some(b']') {
                self.take(b',')?;
            }
        }
    }

    /// A member's name, in one pair of quotes or in two.
    fn name(&mut self) -> Option<String> {
        self.spaces();
        let end = self.after_name(self.at)?;
        let name = self.text[self.at..end].trim_matches('"').to_owned();
        self.at = end;
        Some(name)
    }

    /// The end of a name that begins here.
    fn after_name(&self, at: usize) -> Option<usize> {
        let mut end = at;
        while self.byte(end) == Some(b'"') {
            end += 1;
        }
        let (begin, quotes) = (end, end - at);
        while self.byte(end).is_some_and(|byte| !matches!(byte, b'"' | b'{' | b'}' | b'[' | b']' | b':' | b',' | b'\n')) {
            end += 1;
        }
        let fits = (1..=2).contains(&quotes) && (1..=NAME_MAX).contains(&(end - begin));
        let closed = (0..quotes).all(|offset| self.byte(end + offset) == Some(b'"'));
        (fits && closed).then_some(end + quotes)
    }

    fn value(&mut self, depth: usize, end: End) -> Option<Value> {
        if depth >= DEPTH_MAX || self.values_left == 0 {
            return None;
        }
        self.values_left -= 1;
        match self.byte(self.at)? {
            b'"' => self.quoted(depth, end),
            b'{' if self.text[self.at..].starts_with("{{") => {
                // A placeholder that was not filled in.
                self.at += self.text[self.at..].find("}}")? + 2;
                Some(Value::Null)
            }
            b'{' => self.object(depth + 1).map(Value::Object),
            b'[' => self.list(depth + 1).map(Value::Array),
            _ => Some(self.bare()),
        }
    }

    /// A value without quotes, up to the next delimiter: a number, `true`, `null`, a word, nothing.
    fn bare(&mut self) -> Value {
        let rest = &self.text[self.at..];
        let length = rest.find([',', '}', ']', '\n']).unwrap_or(rest.len());
        self.at += length;
        let word = rest[..length].trim();
        match serde_json::from_str(word) {
            Ok(value) => value,
            Err(_) if word.is_empty() => Value::Null,
            Err(_) => Value::String(word.to_owned()),
        }
    }

    /// A value in quotes: the first of three readings after which the value is at its end.
    fn quoted(&mut self, depth: usize, end: End) -> Option<Value> {
        let begin = self.at;
        for reading in [Reader::plain, Reader::doubled, Reader::unescaped] {
            if let Some(value) = reading(self, begin, depth, end) {
                return Some(value);
            }
        }
        self.at = begin;
        None
    }

    /// `"value"`.
    fn plain(&mut self, begin: usize, _: usize, end: End) -> Option<Value> {
        let (text, after) = self.string(begin)?;
        self.ends(after, end).then(|| self.at = after)?;
        Some(Value::String(text))
    }

    /// `""value""`, `"["value"]"`: JSON in further quotes.
    fn doubled(&mut self, begin: usize, depth: usize, end: End) -> Option<Value> {
        self.at = self.after_spaces(begin + 1);
        let value = match self.byte(self.at)? {
            b'"' => {
                let (text, after) = self.string(self.at)?;
                self.at = after;
                Value::String(text)
            }
            b'[' => self.list(depth + 1).map(Value::Array)?,
            b'{' => self.object(depth + 1).map(Value::Object)?,
            _ => return None,
        };
        self.take(b'"')?;
        self.ends(self.at, end).then_some(value)
    }

    /// `"ООО "Ромашка""`: the value ends at the first quote after which only a delimiter can follow.
    fn unescaped(&mut self, begin: usize, _: usize, end: End) -> Option<Value> {
        let quotes = self.text[begin + 1..].match_indices('"').map(|(offset, _)| begin + 1 + offset);
        let closing = quotes.into_iter().find(|quote| self.ends(quote + 1, end))?;
        self.at = closing + 1;
        Some(Value::String(self.text[begin + 1..closing].to_owned()))
    }

    /// A string with JSON's escapes, and where it ends. Characters that JSON forbids in strings, such as line breaks, are taken.
    fn string(&self, begin: usize) -> Option<(String, usize)> {
        let mut at = begin + 1;
        while self.byte(at)? != b'"' {
            at += if self.byte(at) == Some(b'\\') { 2 } else { 1 };
        }
        let inside = self.text.get(begin + 1..at)?;
        let escape = |c: char| if c.is_control() { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() };
        let escaped: String = inside.chars().map(escape).collect();
        Some((serde_json::from_str(&format!("\"{escaped}\"")).ok()?, at + 1))
    }

    /// Whether a value that ends here is followed by what must follow it.
    fn ends(&self, at: usize, end: End) -> bool {
        let at = self.after_spaces(at);
        match (self.byte(at), end) {
            (Some(b','), End::Item) | (Some(b']'), End::Item) | (Some(b'}'), End::Member) => true,
            // Within a text, a comma may follow a quote as well; a name and a colon hardly do.
            (Some(b','), End::Member) => {
                let next = self.after_spaces(at + 1);
                let name = self.after_name(next).map(|after| self.after_spaces(after));
                self.byte(next) == Some(b'}') || name.is_some_and(|after| self.byte(after) == Some(b':'))
            }
            _ => false,
        }
    }
}

/// What a value belongs to, which decides what may follow it.
#[derive(Clone, Copy, PartialEq)]
enum End {
    /// A member of an object.
    Member,
    /// An item of a list.
    Item,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn quotes_around_placeholders_are_removed() {
        for (written, expected) in [
            (r#"{"a": ""in"", "b": "7"}"#, json!({"a": "in", "b": "7"})),
            (r#"{""a"": ""in"", "b": """"}"#, json!({"a": "in", "b": ""})),
            (r#"{"a": "", "b": ""x""}"#, json!({"a": "", "b": "x"})),
            (r#"{"a": "["VIP","Опт, розница"]", "b": "[1,2]"}"#, json!({"a": ["VIP", "Опт, розница"], "b": "[1,2]"})),
            (r#"{"a": "{"b":{"c":""d""}}"}"#, json!({"a": {"b": {"c": "d"}}})),
            (r#"{"a": {"b": ""c""}, "d": [""e"", "f"]}"#, json!({"a": {"b": "c"}, "d": ["e", "f"]})),
            (r#"{"a": ""сказал: \"да\", и ушёл"", "b": 1}"#, json!({"a": "сказал: \"да\", и ушёл", "b": 1})),
            (r#"{"a": "ООО "Ромашка"", "b": 1}"#, json!({"a": "ООО \"Ромашка\"", "b": 1})),
            (r#"{"a": ""ООО "Ромашка""", "b": 1}"#, json!({"a": "\"ООО \"Ромашка\"\"", "b": 1})),
            (r#"{"a": ""да", "нет"", "b": ""c""}"#, json!({"a": "\"да\", \"нет\"", "b": "c"})),
            ("{\"a\": \"первая\nвторая\", \"b\": \"\"третья\nчетвёртая\"\"}", json!({"a": "первая\nвторая", "b": "третья\nчетвёртая"})),
            (
                r#"{"a": , "b": {{call_session_id}}, "c": in, "d": null, "e": 5,}"#,
                json!({"a": null, "b": null, "c": "in", "d": null, "e": 5}),
            ),
        ] {
            assert_eq!(object(written).map(Value::Object), Ok(expected), "{written}");
        }
    }

    #[test]
    fn what_cannot_be_read_has_a_place() {
        for (written, line, column, near) in [
            ("{\n  \"a\": 1,\n  \"b\" 2\n}", 3, 7, "2"),
            ("{\"a\": \"in", 1, 7, "\"in"),
            ("{\"a\": 1} да", 1, 10, "да"),
            ("[1]", 1, 1, "[1]"),
            ("", 1, 1, ""),
        ] {
            let place = object(written).expect_err(written);
            assert_eq!((place.line, place.column, place.near.as_str()), (line, column, near), "{written}");
        }
        assert!(object(&format!("{{\"a\": [{}", "\"[\",".repeat(20_000))).is_err(), "the work is limited");
        assert!(object(&"{\"a\":".repeat(1000)).is_err() && object(&"{\"a\": \"[".repeat(1000)).is_err(), "nesting is limited");
    }
}
