//! What a rule changed, field by field, in words.

use serde::{Deserialize, Serialize};

use crate::bindings::uis::integration::decision::{Field, Value};

/// A field that a rule changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The field's name.
    pub field: String,
    /// Before; none: it was not there.
    pub from: Option<String>,
    /// After; none: it is gone.
    pub to: Option<String>,
}

impl Change {
    /// Bytes of its texts.
    pub fn bytes(&self) -> usize {
        self.field.len() + [&self.from, &self.to].into_iter().flatten().map(String::len).sum::<usize>()
    }
}

/// A value as people read it.
pub fn shown(value: &Value) -> String {
    match value {
        Value::Text(text) | Value::Decimal(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Boolean(flag) => flag.to_string(),
        Value::Texts(texts) => texts.join(", "),
    }
}

/// What is different, in the order of the fields as they were, then of those that are new.
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
    fn changes_are_told_by_field() {
        let field = |name: &str, value: Value| Field { name: name.into(), value };
        let before = [field("manager", Value::Integer(5)), field("name", Value::Text("A".into())), field("phone", Value::Text("1".into()))];
        let after = [field("manager", Value::Integer(7)), field("name", Value::Text("A".into())), field("vip", Value::Boolean(true))];
        let listed: Vec<String> =
            changes(&before, &after).into_iter().map(|change| format!("{} {:?} {:?}", change.field, change.from, change.to)).collect();
        assert_eq!(listed, [r#"manager Some("5") Some("7")"#, r#"phone Some("1") None"#, r#"vip None Some("true")"#]);
    }
}
