//! The changes that a rule made, field by field, as text.

use serde::{Deserialize, Serialize};

use crate::bindings::uis::integration::decision::{Field, Value};

/// A field that a rule changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The field's name.
    pub field: String,
    /// The value before; none when the field was absent.
    pub from: Option<String>,
    /// The value after; none when the field was removed.
    pub to: Option<String>,
}

impl Change {
    /// The size of all texts, in bytes.
    pub fn bytes(&self) -> usize {
        self.field.len() + [&self.from, &self.to].into_iter().flatten().map(String::len).sum::<usize>()
    }
}

/// A value as text.
pub fn shown(value: &Value) -> String {
    match value {
        Value::Text(text) | Value::Decimal(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Boolean(flag) => flag.to_string(),
        Value::Texts(texts) => texts.join(", "),
    }
}

/// The fields that differ: first those of `before`, in its order, then new ones.
pub fn changes(before: &[Field], after: &[Field]) -> Vec<Change> {
    let of = |fields: &[Field], name: &str| fields.iter().find(|field| field.name == name).map(|field| shown(&field.value));
    let mut names: Vec<&str> = before.iter().map(|field| field.name.as_str()).collect();
    names.extend(after.iter().map(|field| field.name.as_str()).filter(|name| !before.iter().any(|field| field.name == *name)));
    let change = |name: &str| Change { field: name.to_owned(), from: of(before, name), to: of(after, name) };
    names.into_iter().map(change).filter(|change| change.from != change.to).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_listed_by_field() {
        let field = |name: &str, value: Value| Field { name: name.into(), value };
        let before = [field("manager", Value::Integer(5)), field("name", Value::Text("A".into())), field("phone", Value::Text("1".into()))];
        let after = [field("manager", Value::Integer(7)), field("name", Value::Text("A".into())), field("vip", Value::Boolean(true))];
        let listed: Vec<String> =
            changes(&before, &after).into_iter().map(|change| format!("{} {:?} {:?}", change.field, change.from, change.to)).collect();
        assert_eq!(listed, [r#"manager Some("5") Some("7")"#, r#"phone Some("1") None"#, r#"vip None Some("true")"#]);
    }
}
