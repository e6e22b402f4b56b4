//! Lists: pages, order, columns and filters over rows, with the marks of each column.

mod filter;
mod jsquery;

use std::cmp::Ordering;

use serde_json::{Map, Value, json};

use crate::rpc::ApiError;
use crate::shapes::{Column, Kind, Method};
use filter::Filter;

/// Rows of a page when a request names no number.
const PAGE: usize = 1000;
/// Most rows of a page.
const MOST: usize = 10_000;
/// The greatest offset.
const OFFSET: usize = 100_000;

/// What a request asks of a list.
#[derive(Debug)]
pub struct Query {
    limit: usize,
    offset: usize,
    filter: Option<Filter>,
    sort: Vec<(String, bool)>,
    columns: Vec<(String, Column)>,
}

impl Query {
    /// Reads `limit`, `offset`, `filter`, `sort` and `fields`.
    pub fn read(method: &Method, params: &Map<String, Value>) -> Result<Query, ApiError> {
        Ok(Query {
            columns: columns(method, params.get("fields"))?,
            filter: Filter::read(method, "filter", params.get("filter").unwrap_or(&Value::Null))?,
            sort: sort(method, params.get("sort"))?,
            limit: number(params, "limit", 1, MOST)?.unwrap_or(PAGE),
            offset: number(params, "offset", 0, OFFSET)?.unwrap_or(0),
        })
    }

    /// The page of these rows, with the columns that were asked for, and the number of rows that match.
    pub fn apply(&self, mut rows: Vec<Value>) -> (Vec<Value>, usize) {
        if let Some(filter) = &self.filter {
            rows.retain(|row| filter.matches(row));
        }
        if !self.sort.is_empty() {
            rows.sort_by(|left, right| self.order(left, right));
        }
        let total = rows.len();
        let page = rows.iter().skip(self.offset).take(self.limit).map(|row| self.shown(row)).collect();
        (page, total)
    }

    fn order(&self, left: &Value, right: &Value) -> Ordering {
        let by = |(name, descending): &(String, bool)| {
            let order = compare(&left[name], &right[name]).unwrap_or(Ordering::Equal);
            if *descending { order.reverse() } else { order }
        };
        self.sort.iter().map(by).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    }

    /// A row with exactly the columns that were asked for. A column without a value is null, a list `[]`, an object `{}`.
    fn shown(&self, row: &Value) -> Value {
        let value = |name: &str, column: Column| match row.get(name) {
            Some(value) if !value.is_null() => value.clone(),
            _ if column.null => Value::Null,
            _ => match column.kind {
                Kind::List => json!([]),
                Kind::Object => json!({}),
                _ => Value::Null,
            },
        };
        self.columns.iter().map(|(name, column)| (name.clone(), value(name, *column))).collect::<Map<_, _>>().into()
    }
}

/// Orders two values: nothing last, as the database behind the API does; numbers before texts.
fn compare(left: &Value, right: &Value) -> Option<Ordering> {
    match (number_of(left), number_of(right)) {
        (Some(left), Some(right)) => return left.partial_cmp(&right),
        (Some(_), None) => return Some(Ordering::Less),
        (None, Some(_)) => return Some(Ordering::Greater),
        (None, None) => {}
    }
    match (left, right) {
        (Value::Null, Value::Null) => Some(Ordering::Equal),
        (Value::Null, _) => Some(Ordering::Greater),
        (_, Value::Null) => Some(Ordering::Less),
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(right)),
        _ => None,
    }
}

/// A number, or none.
fn number_of(value: &Value) -> Option<f64> {
    value.as_f64()
}

fn number(params: &Map<String, Value>, name: &str, least: usize, most: usize) -> Result<Option<usize>, ApiError> {
    let value = params.get(name).unwrap_or(&Value::Null);
    match value {
        Value::Null => Ok(None),
        Value::Number(number) => match number.as_u64().and_then(|number| usize::try_from(number).ok()) {
            Some(number) if (least..=most).contains(&number) => Ok(Some(number)),
            _ => Err(ApiError::about("invalid_parameter_value", name, value)),
        },
        _ => Err(ApiError::about("data_type_error", name, value)),
    }
}

fn columns(method: &Method, fields: Option<&Value>) -> Result<Vec<(String, Column)>, ApiError> {
    let owned = |(name, column): (&str, Column)| (name.to_owned(), column);
    let fields = match fields {
        None | Some(Value::Null) => {
            // A page whose table has no column of defaults gives all columns.
            let marked = method.top_columns().any(|(_, column)| column.default);
            return Ok(method.top_columns().filter(|(_, column)| column.default || !marked).map(owned).collect());
        }
        Some(Value::Array(fields)) => fields,
        Some(other) => return Err(ApiError::about("data_type_error", "fields", other)),
    };
    fields
        .iter()
        .map(|field| {
            let name = field.as_str().ok_or_else(|| ApiError::about("data_type_error", "fields", field))?;
            let found = method.top_columns().find(|(known, _)| *known == name).map(owned);
            found.ok_or_else(|| ApiError::about("unexpected_parameters", "fields", field))
        })
        .collect()
}

fn sort(method: &Method, sort: Option<&Value>) -> Result<Vec<(String, bool)>, ApiError> {
    let items = match sort {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(items)) => items,
        Some(other) => return Err(ApiError::about("data_type_error", "sort", other)),
    };
    items
        .iter()
        .map(|item| {
            let members = item.as_object().ok_or_else(|| ApiError::about("data_type_error", "sort", item))?;
            if let Some((name, value)) = members.iter().find(|(name, _)| !["field", "order"].contains(&name.as_str())) {
                return Err(ApiError::about("unexpected_parameters", format!("sort.{name}"), value));
            }
            let Some(field) = members.get("field") else {
                return Err(ApiError::about("required_parameter_missed", "sort.field", &Value::Null));
            };
            let name = field.as_str().ok_or_else(|| ApiError::about("data_type_error", "sort.field", field))?;
            match method.columns.get(name) {
                None => return Err(ApiError::about("unexpected_parameters", "sort.field", field)),
                Some(column) if !column.sort => return Err(ApiError::about("sort_prohibited", "sort.field", field)),
                Some(_) => {}
            }
            let order = members.get("order").unwrap_or(&Value::Null);
            match order.as_str() {
                None if order.is_null() => Ok((name.to_owned(), false)),
                Some("asc") => Ok((name.to_owned(), false)),
                Some("desc") => Ok((name.to_owned(), true)),
                _ => Err(ApiError::about("invalid_parameter_value", "sort.order", order)),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shapes::Api;

    fn rows() -> Vec<Value> {
        vec![
            json!({"id": 1, "last_name": "Иванова", "first_name": "Анна", "extension": {"extension_phone_number": "101"}}),
            json!({"id": 2, "last_name": "Кузнецов", "first_name": null, "extension": {"extension_phone_number": "102"}}),
            json!({"id": 3, "last_name": "Андреев", "first_name": "Олег"}),
        ]
    }

    fn ask(params: Value) -> Result<(Vec<Value>, usize), String> {
        let method = &Api::Data.methods()["get.employees"];
        let query = Query::read(method, params.as_object().expect("an object")).map_err(|error| error.mnemonic.clone())?;
        Ok(query.apply(rows()))
    }

    fn ids(params: Value) -> Vec<i64> {
        ask(params).expect("rows").0.iter().filter_map(|row| row["id"].as_i64()).collect()
    }

    #[test]
    fn rows_are_sorted_paged_and_cut_to_their_columns() {
        let sorted = json!([{"field": "last_name", "order": "desc"}]);
        let (page, total) = ask(json!({"sort": sorted, "fields": ["id", "extension", "groups"], "limit": 1, "offset": 2})).expect("rows");
        assert_eq!((page, total), (vec![json!({"id": 3, "extension": {}, "groups": []})], 3));
        let (page, _) = ask(json!({"limit": 1})).expect("rows");
        assert_eq!((page[0]["email"].clone(), page[0].as_object().map(Map::len)), (Value::Null, Some(24)), "all columns");
    }

    #[test]
    fn filters_select_rows() {
        let leaf = |field: &str, operator: &str, value: Value| json!({"filter": {"field": field, "operator": operator, "value": value}});
        assert_eq!(ids(leaf("id", "=", json!(2))), [2]);
        assert_eq!(ids(leaf("id", ">=", json!(2))), [2, 3]);
        assert_eq!(ids(leaf("id", "in", json!([1, 3, 7]))), [1, 3]);
        assert_eq!(ids(leaf("last_name", "like", json!("%н%"))), [1, 2, 3]);
        assert_eq!(ids(leaf("last_name", "like", json!("А%"))), [3]);
        assert_eq!(ids(leaf("last_name", "ilike", json!("а%"))), [3]);
        assert_eq!(ids(leaf("last_name", "regexp", json!("ов(а)?$"))), [1, 2]);
        assert_eq!(ids(leaf("first_name", "=", Value::Null)), [2]);
        assert_eq!(ids(json!({"filter": {"field": "first_name", "operator": "!="}})), [1, 3], "no value means empty");
        assert_eq!(ids(leaf("extension", "jsquery", json!("extension_phone_number=\"101\""))), [1]);
        let tree = json!({"filter": {"condition": "or", "filters": [
            {"field": "id", "operator": "=", "value": 3}, {"condition": "and", "filters": [{"field": "first_name", "operator": "=", "value": "Анна"}]}]}});
        assert_eq!(ids(tree), [1, 3]);
        for empty in [json!({}), Value::Null] {
            assert_eq!(ids(json!({"filter": empty})), [1, 2, 3], "working clients send this for no filter");
        }
    }

    #[test]
    fn what_the_marks_forbid_is_refused() {
        let error = |params: Value| ask(params).expect_err("it is refused");
        assert_eq!(error(json!({"sort": [{"field": "id"}]})), "sort_prohibited");
        assert_eq!(error(json!({"sort": [{"field": "colour"}]})), "unexpected_parameters");
        assert_eq!(error(json!({"filter": {"field": "patronymic", "operator": "=", "value": "?"}})), "filter_prohibited");
        assert_eq!(error(json!({"filter": {"field": "id", "operator": "~", "value": 1}})), "invalid_parameter_value");
        assert_eq!(error(json!({"filter": {"field": "id", "operator": "=", "value": "1"}})), "data_type_error");
        assert_eq!(error(json!({"filter": {"field": "last_name", "operator": "regexp", "value": "("}})), "invalid_parameter_value");
        assert_eq!(error(json!({"filter": {"id": 5}})), "unexpected_parameters", "a map is not the grammar");
        assert_eq!(error(json!({"fields": ["extension.extension_phone_number"]})), "unexpected_parameters");
        assert_eq!(error(json!({"limit": 10_001})), "invalid_parameter_value");
        assert_eq!(error(json!({"limit": "10"})), "data_type_error");
        assert_eq!(error(json!({"offset": 100_001})), "invalid_parameter_value");
    }
}
