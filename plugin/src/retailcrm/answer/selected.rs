//! Reads only those members of an answer that somebody uses. RetailCRM's answers to searches contain whole orders and customers, of which a
//! handler needs a tenth; reading the rest took half of an incoming call's fuel.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Error, Map, Number, Value};

use crate::base::json;

/// The members of an answer that are read. `success`, `errorMsg` and `errors` always are.
#[derive(Debug, Clone, Copy)]
pub struct Members {
    /// Names of members, at any depth; of their objects again only the named members are read.
    pub named: &'static [&'static str],
    /// Names of members that are read with everything in them.
    pub whole: &'static [&'static str],
}

/// How a member is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    Named(&'static str),
    Whole(&'static str),
    Skipped,
}

impl Members {
    fn reading(self, name: &str) -> Reading {
        let of = |names: &[&'static str]| names.iter().find(|known| **known == name).copied();
        let always = || of(&["success", "errorMsg"]).map(Reading::Named).or_else(|| of(&["errors"]).map(Reading::Whole));
        of(self.named).map(Reading::Named).or_else(|| of(self.whole).map(Reading::Whole)).or_else(always).unwrap_or(Reading::Skipped)
    }

    /// Reads JSON text. What is skipped must be JSON, too.
    pub fn parse(self, bytes: &[u8]) -> Result<Value, Error> {
        let mut deserializer = serde_json::Deserializer::from_str(json::text(bytes)?);
        let value = self.deserialize(&mut deserializer)?;
        deserializer.end()?;
        Ok(value)
    }
}

impl<'de> DeserializeSeed<'de> for Members {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Members {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(reading) = members.next_key_seed(Name(self))? {
            match reading {
                Reading::Named(name) => drop(object.insert(name.to_owned(), members.next_value_seed(self)?)),
                Reading::Whole(name) => drop(object.insert(name.to_owned(), members.next_value()?)),
                Reading::Skipped => drop(members.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Value::Object(object))
    }
}

/// Reads a member's name, without a copy of it.
struct Name(Members);

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Reading;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Reading, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name {
    type Value = Reading;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a name")
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Reading, E> {
        Ok(self.0.reading(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const MEMBERS: Members = Members { named: &["orders", "id", "customer", "phones"], whole: &["customFields"] };

    fn parsed(text: &str) -> Result<Value, Error> {
        MEMBERS.parse(text.as_bytes())
    }

    #[test]
    fn named_members_are_read_at_any_depth_and_others_are_not() {
        let answer = json!({
            "success": true, "pagination": {"totalPageCount": 1},
            "orders": [{"id": 7, "items": [{"id": 1}], "customer": {"id": "8", "email": "a@x.example"}, "customFields": {"id": 1, "utm": {"x": [1.5, null]}}}],
        });
        let read = json!({
            "success": true,
            "orders": [{"id": 7, "customer": {"id": "8"}, "customFields": {"id": 1, "utm": {"x": [1.5, null]}}}],
        });
        assert_eq!(parsed(&answer.to_string()).expect("JSON"), read);
    }

    #[test]
    fn a_refusal_is_read_whole() {
        let refusal = json!({"success": false, "errorMsg": "Not loaded", "errors": {"customFields[x]": "no"}});
        assert_eq!(parsed(&refusal.to_string()).expect("JSON"), refusal);
    }

    #[test]
    fn what_is_not_complete_is_an_error_also_where_nothing_is_read() {
        for text in [r#"{"success":true,"more":[1,"#, r#"{"success":true,"more":nul}"#, r#"{"success":true} x"#, "", r#"{"a":"\q"}"#] {
            assert!(parsed(text).is_err(), "{text}");
        }
    }

    fn some_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            "[a-zа-я\"\\\\/\u{1F600} ]{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map("id|orders|customer|customFields|other|errors", inner, 0..5)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    /// What must be left of a value: the plain definition.
    fn left(value: &Value) -> Value {
        match value {
            Value::Array(items) => items.iter().map(left).collect(),
            Value::Object(members) => {
                let of = |(name, value): (&String, &Value)| match MEMBERS.reading(name) {
                    Reading::Named(_) => Some((name.clone(), left(value))),
                    Reading::Whole(_) => Some((name.clone(), value.clone())),
                    Reading::Skipped => None,
                };
                Value::Object(members.iter().filter_map(of).collect())
            }
            other => other.clone(),
        }
    }

    proptest! {
        #[test]
        fn any_json_is_read_as_if_the_other_members_were_not_there(value in some_json()) {
            prop_assert_eq!(parsed(&value.to_string()).expect("JSON"), left(&value));
        }
    }
}
