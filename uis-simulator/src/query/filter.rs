//! Filters: leaves `{field, operator, value}` and trees `{filters, condition}`.

use std::cmp::Ordering;

use regex::Regex;
use serde_json::{Map, Value};

use super::compare;
use super::jsquery::JsQuery;
use crate::rpc::ApiError;
use crate::shapes::{Kind, Method};

/// How deep trees may be nested; the documentation shows three levels.
const DEPTH: usize = 3;

/// A filter.
#[derive(Debug)]
pub enum Filter {
    /// All of these, or any of them.
    Tree {
        /// The parts.
        filters: Vec<Filter>,
        /// One of them is enough.
        any: bool,
    },
    /// A condition on one column.
    Leaf {
        /// The column's name.
        field: String,
        /// The condition.
        test: Test,
    },
}

/// A condition on a value.
#[derive(Debug)]
pub enum Test {
    /// It is this; null means that it is empty.
    Equal(Value),
    /// It is not this.
    NotEqual(Value),
    /// Its order to the value is one of these.
    Order(Value, &'static [Ordering]),
    /// It is like the pattern: without case, negated.
    Like {
        /// The pattern, `%` and `_` are wildcards.
        pattern: String,
        /// Upper and lower case are the same.
        case: bool,
        /// It must not be like it.
        not: bool,
    },
    /// It matches the regular expression.
    Regexp(Regex),
    /// It matches the query.
    JsQuery(JsQuery),
    /// It is one of these, or none of them.
    In(Vec<Value>, bool),
    /// It has one of these items, or none of them.
    Overlap(Vec<Value>, bool),
}

impl Filter {
    /// Reads a filter; none when it is null or empty. `place` is its path in the parameters.
    pub fn read(method: &Method, place: &str, filter: &Value) -> Result<Option<Filter>, ApiError> {
        match filter {
            Value::Null => Ok(None),
            Value::Object(members) if members.is_empty() => Ok(None),
            other => node(method, place, other, DEPTH).map(Some),
        }
    }

    /// Whether a row matches.
    pub fn matches(&self, row: &Value) -> bool {
        match self {
            Filter::Tree { filters, any: true } => filters.iter().any(|filter| filter.matches(row)),
            Filter::Tree { filters, any: false } => filters.iter().all(|filter| filter.matches(row)),
            Filter::Leaf { field, test } => test.holds(row.get(field).unwrap_or(&Value::Null)),
        }
    }
}

fn node(method: &Method, place: &str, filter: &Value, depth: usize) -> Result<Filter, ApiError> {
    let Value::Object(members) = filter else { return Err(ApiError::about("data_type_error", place, filter)) };
    let known: &[&str] = if members.contains_key("filters") { &["filters", "condition"] } else { &["field", "operator", "value"] };
    if let Some((name, value)) = members.iter().find(|(name, _)| !known.contains(&name.as_str())) {
        return Err(ApiError::about("unexpected_parameters", format!("{place}.{name}"), value));
    }
    if !members.contains_key("filters") {
        return leaf(method, place, members);
    }
    if depth == 0 {
        return Err(ApiError::about("invalid_parameter_value", place, filter).because("filters are nested deeper than three levels"));
    }
    let condition = members.get("condition").unwrap_or(&Value::Null);
    let any = match condition.as_str() {
        Some("and") => false,
        Some("or") => true,
        None if condition.is_null() => return Err(ApiError::about("required_parameter_missed", format!("{place}.condition"), condition)),
        _ => return Err(ApiError::about("invalid_parameter_value", format!("{place}.condition"), condition)),
    };
    let below = format!("{place}.filters");
    let Some(Value::Array(items)) = members.get("filters") else {
        return Err(ApiError::about("data_type_error", below, members.get("filters").unwrap_or(&Value::Null)));
    };
    let filters = items.iter().map(|item| node(method, &below, item, depth - 1)).collect::<Result<_, _>>()?;
    Ok(Filter::Tree { filters, any })
}

fn text<'a>(members: &'a Map<String, Value>, place: &str, name: &str) -> Result<&'a str, ApiError> {
    let place = format!("{place}.{name}");
    match members.get(name) {
        None | Some(Value::Null) => Err(ApiError::about("required_parameter_missed", place, &Value::Null)),
        Some(Value::String(text)) => Ok(text),
        Some(other) => Err(ApiError::about("data_type_error", place, other)),
    }
}

fn leaf(method: &Method, place: &str, members: &Map<String, Value>) -> Result<Filter, ApiError> {
    let field = text(members, place, "field")?;
    let operator = text(members, place, "operator")?;
    let named = || Value::from(field);
    let Some(column) = method.columns.get(field) else {
        return Err(ApiError::about("unexpected_parameters", format!("{place}.field"), &named()));
    };
    if !column.filter {
        return Err(ApiError::about("filter_prohibited", format!("{place}.field"), &named()));
    }
    let value = members.get("value").unwrap_or(&Value::Null);
    let test = test(column.kind, operator, value).map_err(|wrong| match wrong {
        Wrong::Operator => ApiError::about("invalid_parameter_value", format!("{place}.operator"), &operator.into()),
        Wrong::Type => ApiError::about("data_type_error", format!("{place}.value"), value),
        Wrong::Value(why) => ApiError::about("invalid_parameter_value", format!("{place}.value"), value).because(why),
    })?;
    Ok(Filter::Leaf { field: field.to_owned(), test })
}

/// What is wrong with a leaf.
enum Wrong {
    /// There is no such operator for the column's type.
    Operator,
    /// The value has another type than the column.
    Type,
    /// The value cannot be read.
    Value(String),
}

/// Whether a value can be compared with a column of this type.
fn fits(kind: Kind, value: &Value) -> bool {
    match kind {
        _ if value.is_null() => true,
        Kind::Number => value.is_number(),
        Kind::Flag => value.is_boolean(),
        Kind::Text | Kind::Time => value.is_string(),
        Kind::List | Kind::Object | Kind::Any => true,
    }
}

fn test(kind: Kind, operator: &str, value: &Value) -> Result<Test, Wrong> {
    let one = |test: fn(Value) -> Test| if fits(kind, value) { Ok(test(value.clone())) } else { Err(Wrong::Type) };
    let ordered = |orders: &'static [Ordering]| match kind {
        Kind::Number | Kind::Time | Kind::Any if fits(kind, value) && !value.is_null() => Ok(Test::Order(value.clone(), orders)),
        Kind::Number | Kind::Time | Kind::Any => Err(Wrong::Type),
        _ => Err(Wrong::Operator),
    };
    let like = |case: bool, not: bool| match (kind, value) {
        (Kind::Text | Kind::Any, Value::String(pattern)) => Ok(Test::Like { pattern: pattern.clone(), case, not }),
        (Kind::Text | Kind::Any, _) => Err(Wrong::Type),
        _ => Err(Wrong::Operator),
    };
    let list = || value.as_array().cloned().ok_or(Wrong::Type);
    let items = |items: Vec<Value>| if items.iter().all(|item| fits(kind, item)) { Ok(items) } else { Err(Wrong::Type) };
    match operator {
        "=" => one(Test::Equal),
        "!=" => one(Test::NotEqual),
        "<" => ordered(&[Ordering::Less]),
        ">" => ordered(&[Ordering::Greater]),
        "<=" => ordered(&[Ordering::Less, Ordering::Equal]),
        ">=" => ordered(&[Ordering::Greater, Ordering::Equal]),
        "like" => like(true, false),
        "ilike" => like(false, false),
        "not_like" => like(true, true),
        "not_ilike" => like(false, true),
        "regexp" if matches!(kind, Kind::Text | Kind::Any) => {
            let pattern = value.as_str().ok_or(Wrong::Type)?;
            Regex::new(pattern).map(Test::Regexp).map_err(|error| Wrong::Value(error.to_string()))
        }
        "jsquery" if matches!(kind, Kind::List | Kind::Object | Kind::Any) => {
            JsQuery::read(value.as_str().ok_or(Wrong::Type)?).map(Test::JsQuery).map_err(Wrong::Value)
        }
        "in" => list().and_then(items).map(|items| Test::In(items, false)),
        "not_in" => list().and_then(items).map(|items| Test::In(items, true)),
        "overlap" if kind == Kind::List => list().map(|items| Test::Overlap(items, false)),
        "not_overlap" if kind == Kind::List => list().map(|items| Test::Overlap(items, true)),
        "is_null" => Ok(Test::Equal(Value::Null)),
        "is_not_null" => Ok(Test::NotEqual(Value::Null)),
        _ => Err(Wrong::Operator),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}

fn equal(left: &Value, right: &Value) -> bool {
    if right.is_null() { is_empty(left) } else { left == right || compare(left, right) == Some(Ordering::Equal) }
}

impl Test {
    fn holds(&self, value: &Value) -> bool {
        match self {
            Test::Equal(expected) => equal(value, expected),
            Test::NotEqual(expected) => !equal(value, expected),
            Test::Order(expected, orders) => !value.is_null() && compare(value, expected).is_some_and(|order| orders.contains(&order)),
            Test::Like { pattern, case, not } => value.as_str().is_some_and(|text| like(text, pattern, *case) != *not),
            Test::Regexp(pattern) => value.as_str().is_some_and(|text| pattern.is_match(text)),
            Test::JsQuery(query) => query.matches(value),
            Test::In(values, not) => values.iter().any(|known| equal(value, known)) != *not,
            Test::Overlap(values, not) => {
                let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
                items.iter().any(|item| values.contains(item)) != *not
            }
        }
    }
}

/// SQL's `like`: `%` stands for any text, `_` for one character.
fn like(text: &str, pattern: &str, case: bool) -> bool {
    let fold = |text: &str| -> Vec<char> { if case { text.chars().collect() } else { text.to_lowercase().chars().collect() } };
    let (text, pattern) = (fold(text), fold(pattern));
    let (mut at, mut in_pattern, mut back) = (0, 0, None);
    while at < text.len() {
        match pattern.get(in_pattern) {
            Some('%') => {
                back = Some((in_pattern, at));
                in_pattern += 1;
            }
            Some(wanted) if *wanted == '_' || text.get(at) == Some(wanted) => {
                at += 1;
                in_pattern += 1;
            }
            // Let the last `%` stand for one character more.
            _ => match back {
                Some((place, from)) => {
                    back = Some((place, from + 1));
                    (at, in_pattern) = (from + 1, place + 1);
                }
                None => return false,
            },
        }
    }
    pattern[in_pattern..].iter().all(|rest| *rest == '%')
}
