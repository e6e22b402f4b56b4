//! Checks a request's parameters against a method's table: names, then what is missing, then types, then values.

use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::rpc::ApiError;
use crate::shapes::{Kind, Method, Param};
use crate::times;

/// Parameters of every method: the token, and the client on whose behalf an agent asks.
const COMMON: [&str; 2] = ["access_token", "user_id"];
/// Parameters of lists; [`crate::query`] checks them.
const LIST: [&str; 5] = ["limit", "offset", "filter", "fields", "sort"];

/// The classes of problems, in the order in which they are reported `[inferred]`.
const CLASSES: usize = 4;
const NAME: usize = 0;
const MISSING: usize = 1;
const TYPE: usize = 2;
const VALUE: usize = 3;

/// Checks the parameters. The error is the first of its class, in the order of the classes.
pub fn check(method: &Method, params: &Map<String, Value>) -> Result<(), ApiError> {
    let mut walk = Walk { children: children(method), found: [const { None }; CLASSES] };
    for (name, value) in params {
        let common = COMMON.contains(&name.as_str()) || (method.list && LIST.contains(&name.as_str()));
        if !common && !method.params.contains_key(name) {
            walk.report(NAME, name, name, || ApiError::about("unexpected_parameters", name, value));
        }
    }
    walk.members("", "", "", params);
    walk.found.into_iter().flatten().next().map_or(Ok(()), Err)
}

/// The parameters of each object: the object's path in the table, and its members.
type Children<'a> = HashMap<&'a str, Vec<(&'a str, &'a str, &'a Param)>>;

fn children(method: &Method) -> Children<'_> {
    let mut children: Children<'_> = HashMap::new();
    for (path, param) in &method.params {
        let (parent, name) = path.rsplit_once('.').unwrap_or(("", path));
        children.entry(parent).or_default().push((name, path, param));
    }
    children
}

struct Walk<'a> {
    children: Children<'a>,
    found: [Option<ApiError>; CLASSES],
}

fn join(parent: &str, name: &str) -> String {
    if parent.is_empty() { name.to_owned() } else { format!("{parent}.{name}") }
}

impl<'a> Walk<'a> {
    /// `field` is the dotted path of the answer, `place` the same with the numbers of list items.
    fn report(&mut self, class: usize, field: &str, place: &str, error: impl FnOnce() -> ApiError) {
        if let Some(empty @ None) = self.found.get_mut(class) {
            let error = error();
            *empty = Some(if field == place { error } else { error.because(place) });
        }
    }

    fn members(&mut self, path: &str, field: &str, place: &str, object: &Map<String, Value>) {
        let known: Vec<(&'a str, &'a str, &'a Param)> = self.children.get(path).cloned().unwrap_or_default();
        if !path.is_empty() {
            for (name, value) in object {
                if !known.iter().any(|(known, ..)| known == name) {
                    let (field, place) = (join(field, name), join(place, name));
                    self.report(NAME, &field, &place, || ApiError::about("unexpected_parameters", &field, value));
                }
            }
        }
        for (name, path, param) in known {
            let (field, place) = (join(field, name), join(place, name));
            match object.get(name) {
                // Null empties an optional parameter.
                None | Some(Value::Null) => {
                    if param.required {
                        self.report(MISSING, &field, &place, || ApiError::about("required_parameter_missed", &field, &Value::Null));
                    }
                }
                Some(value) => self.value(path, &field, &place, param, value),
            }
        }
    }

    fn value(&mut self, path: &str, field: &str, place: &str, param: &Param, value: &Value) {
        let fits = match param.kind {
            Kind::Text | Kind::Time => value.is_string(),
            Kind::Number => value.is_number(),
            Kind::Flag => value.is_boolean(),
            Kind::List => value.is_array(),
            Kind::Object => value.is_object(),
            Kind::Any => true,
        };
        if !fits {
            return self.report(TYPE, field, place, || ApiError::about("data_type_error", field, value));
        }
        if let Some(mnemonic) = wrong(param, value) {
            self.report(VALUE, field, place, || ApiError::about(mnemonic, field, value));
        }
        if let Value::Object(members) = value {
            self.members(path, field, place, members);
        }
        let below = format!("{path}[]");
        let Value::Array(items) = value else { return };
        if !self.children.contains_key(below.as_str()) {
            return;
        }
        for (index, item) in items.iter().enumerate() {
            let place = format!("{place}[{index}]");
            match item {
                Value::Object(members) => self.members(&below, field, &place, members),
                other => self.report(TYPE, field, &place, || ApiError::about("data_type_error", field, other)),
            }
        }
    }
}

/// Why a value of the right type is not allowed.
fn wrong(param: &Param, value: &Value) -> Option<&'static str> {
    let size = match value {
        Value::Number(number) => number.as_i64().or_else(|| number.as_f64().map(|number| number as i64)),
        Value::String(text) => i64::try_from(text.chars().count()).ok(),
        Value::Array(items) => i64::try_from(items.len()).ok(),
        _ => None,
    };
    if size.is_some_and(|size| param.most.is_some_and(|most| size > most)) {
        // More items than the documented maximum have an error of their own.
        return Some(if value.is_array() { "data_limit_exceeded" } else { "invalid_parameter_value" });
    }
    if size.is_some_and(|size| param.least.is_some_and(|least| size < least)) {
        return Some("invalid_parameter_value");
    }
    if param.kind == Kind::Time && value.as_str().is_some_and(|text| times::parse(chrono_tz::UTC, text).is_none()) {
        return Some("invalid_parameter_value");
    }
    let allowed = |value: &Value| value.as_str().is_some_and(|text| param.values.iter().any(|known| known == text));
    let all = match value {
        _ if param.values.is_empty() => true,
        Value::Array(items) => items.iter().all(allowed),
        other => allowed(other),
    };
    (!all).then_some("invalid_parameter_value")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shapes::Api;
    use serde_json::json;

    fn mnemonic_and_field(api: Api, method: &str, params: Value) -> (String, Option<String>) {
        let params = params.as_object().expect("an object").clone();
        match check(&api.methods()[method], &params) {
            Ok(()) => (String::new(), None),
            Err(error) => (error.mnemonic.clone(), error.field.clone()),
        }
    }

    fn call(changed: Value) -> (String, Option<String>) {
        let mut params = json!({
            "access_token": "t", "first_call": "employee", "virtual_phone_number": "74990000692", "contact": "79000000000",
            "employee": {"id": 25},
        });
        for (name, value) in changed.as_object().expect("an object") {
            params[name] = value.clone();
        }
        mnemonic_and_field(Api::Call, "start.employee_call", params)
    }

    #[test]
    fn problems_are_reported_by_class() {
        assert_eq!(call(json!({})), (String::new(), None));
        assert_eq!(call(json!({"colour": 1, "contact": null})), ("unexpected_parameters".into(), Some("colour".into())));
        assert_eq!(call(json!({"employee": {"id": "25"}, "contact": null})), ("required_parameter_missed".into(), Some("contact".into())));
        assert_eq!(call(json!({"employee": {"id": "25"}, "direction": "up"})), ("data_type_error".into(), Some("employee.id".into())));
        assert_eq!(call(json!({"direction": "up"})), ("invalid_parameter_value".into(), Some("direction".into())));
        assert_eq!(call(json!({"employee": {}})), ("required_parameter_missed".into(), Some("employee.id".into())));
        assert_eq!(call(json!({"employee": {"id": 1, "name": "?"}})), ("unexpected_parameters".into(), Some("employee.name".into())));
        assert_eq!(call(json!({"early_switching": "true"})), ("data_type_error".into(), Some("early_switching".into())));
    }

    #[test]
    fn members_of_list_items_are_checked() {
        let deals = |items: Value| mnemonic_and_field(Api::Data, "create.deal_contacts", json!({"contacts": items}));
        assert_eq!(deals(json!([{"ext_id": "1", "name": "А"}])).0, "");
        assert_eq!(
            deals(json!([{"ext_id": "1", "name": "А"}, {"ext_id": "2"}])),
            ("required_parameter_missed".into(), Some("contacts.name".into()))
        );
        assert_eq!(deals(json!([17])).0, "data_type_error");
        assert_eq!(deals(json!([{"ext_id": "1", "name": "А", "created_date_time": "2026-11-23T10:00:00"}])).0, "invalid_parameter_value");
        assert_eq!(deals(json!(vec![json!({"ext_id": "1", "name": "А"}); 1001])).0, "data_limit_exceeded");
    }
}
