//! Fields of drafts, sent to rules and returned by them. Returned values are cleaned like all foreign input.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use crate::base::template;
use crate::bindings::uis::integration::decision::{Field, Value};
use crate::retailcrm::telephony::Source;

/// The longest texts that are accepted from rules, in characters.
const LINE_MAX: usize = 255;
const LINES_MAX: usize = 2000;
/// The prefix for custom fields; the field's code follows.
pub const OWN: &str = "field-";

/// Fields of a draft that is sent to rules.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Fields(Vec<Field>);

impl Fields {
    /// Adds a text, if there is one.
    pub fn text(mut self, name: &str, text: Option<impl Into<String>>) -> Fields {
        if let Some(text) = text {
            self.0.push(Field { name: name.to_owned(), value: Value::Text(text.into()) });
        }
        self
    }

    /// Adds an integer.
    pub fn integer(mut self, name: &str, number: Option<i64>) -> Fields {
        if let Some(number) = number {
            self.0.push(Field { name: name.to_owned(), value: Value::Integer(number) });
        }
        self
    }

    /// Adds a number with a fraction, as text.
    pub fn decimal(mut self, name: &str, number: Option<impl Into<String>>) -> Fields {
        if let Some(number) = number {
            self.0.push(Field { name: name.to_owned(), value: Value::Decimal(number.into()) });
        }
        self
    }

    /// The fields as the contract's type.
    pub fn into_fields(self) -> Vec<Field> {
        self.0
    }

    /// Adds the parts of a source.
    pub fn source(self, source: Option<&Source>) -> Fields {
        let Some(source) = source else { return self };
        self.text("source", source.source.clone())
            .text("medium", source.medium.clone())
            .text("campaign", source.campaign.clone())
            .text("keyword", source.keyword.clone())
            .text("content", source.content.clone())
    }

    /// Adds custom fields.
    pub fn own(mut self, fields: &Map<String, Json>) -> Fields {
        for (code, value) in fields {
            let value = match value {
                Json::Bool(flag) => Value::Boolean(*flag),
                Json::Number(number) => number.as_i64().map_or_else(|| Value::Decimal(number.to_string()), Value::Integer),
                Json::Array(list) => Value::Texts(list.iter().filter_map(|text| text.as_str().map(str::to_owned)).collect()),
                Json::String(text) => Value::Text(text.clone()),
                _ => continue,
            };
            self.0.push(Field { name: format!("{OWN}{code}"), value });
        }
        self
    }
}

/// Fields returned by a rule.
#[derive(Debug, Clone, Default)]
pub struct Changed(BTreeMap<String, Value>);

impl Changed {
    /// Takes the fields that a rule returned.
    pub fn of(fields: Vec<Field>) -> Changed {
        Changed(fields.into_iter().map(|field| (field.name, field.value)).collect())
    }

    /// A line of text, without markup; none if the rule removed it.
    pub fn text(&self, name: &str) -> Option<String> {
        self.raw(name).map(|text| template::line(&text, LINE_MAX))
    }

    /// A text of several lines.
    pub fn lines(&self, name: &str) -> Option<String> {
        self.raw(name).map(|text| template::lines(&text, LINES_MAX))
    }

    /// A text as the rule wrote it; none if it was removed or is empty.
    pub fn raw(&self, name: &str) -> Option<String> {
        match self.0.get(name)? {
            Value::Text(text) | Value::Decimal(text) => Some(text.clone()),
            Value::Integer(number) => Some(number.to_string()),
            Value::Boolean(flag) => Some(flag.to_string()),
            Value::Texts(texts) => Some(texts.join(", ")),
        }
        .filter(|text| !text.trim().is_empty())
    }

    /// An integer, also one written as text.
    pub fn integer(&self, name: &str) -> Option<i64> {
        match self.0.get(name)? {
            Value::Integer(number) => Some(*number),
            Value::Text(text) | Value::Decimal(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// A source, from its parts.
    pub fn source(&self) -> Option<Source> {
        let source = Source {
            source: self.text("source"),
            medium: self.text("medium"),
            campaign: self.text("campaign"),
            keyword: self.text("keyword"),
            content: self.text("content"),
        };
        (source != Source::default()).then_some(source)
    }

    /// The custom fields.
    pub fn own(&self) -> Map<String, Json> {
        let own = self.0.iter().filter_map(|(name, value)| Some((name.strip_prefix(OWN)?.to_owned(), value)));
        let json = |value: &Value| match value {
            Value::Text(text) => Json::from(template::lines(text, LINES_MAX)),
            Value::Integer(number) => Json::from(*number),
            Value::Decimal(text) => text.parse::<serde_json::Number>().map_or_else(|_| Json::from(text.as_str()), Json::Number),
            Value::Boolean(flag) => Json::from(*flag),
            Value::Texts(texts) => texts.iter().map(|text| template::line(text, LINE_MAX)).collect(),
        };
        own.map(|(code, value)| (code, json(value))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(name: &str, value: Value) -> Changed {
        Changed::of(vec![Field { name: name.into(), value }])
    }

    #[test]
    fn values_from_rules_are_cleaned() {
        let texts = changed("field-tags", Value::Texts(vec!["<script>a".into(), "b\r\nX: 1".into(), "x".repeat(1_000)]));
        let own = texts.own();
        let texts: Vec<&str> = own["tags"].as_array().expect("a list").iter().filter_map(Json::as_str).collect();
        assert!(texts.iter().all(|text| !text.contains(['<', '\r', '\n']) && text.chars().count() <= LINE_MAX), "{texts:?}");
        assert!(changed("text", Value::Text("a\u{202e}b<i>".into())).text("text").is_some_and(|text| !text.contains(['\u{202e}', '<'])));
    }

    #[test]
    fn custom_fields_survive_the_round_trip_unchanged() {
        let Json::Object(own) = serde_json::json!({"vip": true, "visits": 3, "sum": 1.5, "form": "заявка", "tags": ["a", "b"]})
        else {
            unreachable!("an object")
        };
        assert_eq!(Changed::of(Fields::default().own(&own).into_fields()).own(), own);
    }
}
