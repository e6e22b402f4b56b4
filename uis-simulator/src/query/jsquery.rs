//! The part of PostgreSQL's jsquery that clients of the Data API are known to send: one comparison of a path with a value, `name="text"`,
//! `#.name=17`, `#="text"`, `*.name=null`. `#` stands for any item of a list, `*` for any value below. Anything else is refused.

use serde_json::Value;

/// The longest path, so that a query with many `*` takes no long time.
const STEPS: usize = 8;

/// A query: a path and the value that must be there.
#[derive(Debug)]
pub struct JsQuery {
    path: Vec<String>,
    value: Value,
}

impl JsQuery {
    /// Reads a query. The error says what this server cannot read.
    pub fn read(text: &str) -> Result<JsQuery, String> {
        let (path, value) = text.split_once('=').ok_or("expected path=value")?;
        let value: Value =
            serde_json::from_str(value.trim()).map_err(|_| "expected a JSON value after =; this server reads one comparison only")?;
        let steps: Vec<String> = path.trim().split('.').map(|step| step.trim().trim_matches('"').to_owned()).collect();
        let plain = |step: &String| {
            step == "#" || step == "*" || step == "$" || (!step.is_empty() && step.chars().all(|c| c.is_alphanumeric() || c == '_'))
        };
        if steps.len() > STEPS || !steps.iter().all(plain) {
            return Err("expected a path of names, # and *; this server reads one comparison only".into());
        }
        Ok(JsQuery { path: steps.into_iter().filter(|step| step != "$").collect(), value })
    }

    /// Whether a value has what the query asks for.
    pub fn matches(&self, value: &Value) -> bool {
        found(value, &self.path, &self.value)
    }
}

fn found(value: &Value, path: &[String], wanted: &Value) -> bool {
    let Some((step, rest)) = path.split_first() else { return value == wanted };
    match (step.as_str(), value) {
        ("#", Value::Array(items)) => items.iter().any(|item| found(item, rest, wanted)),
        ("*", Value::Array(items)) => found(value, rest, wanted) || items.iter().any(|item| found(item, path, wanted)),
        ("*", Value::Object(members)) => found(value, rest, wanted) || members.values().any(|member| found(member, path, wanted)),
        ("*", other) => found(other, rest, wanted),
        (name, Value::Object(members)) => members.get(name).is_some_and(|member| found(member, rest, wanted)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_comparison_is_found_in_objects_and_lists() {
        let matches = |query: &str, value: Value| JsQuery::read(query).expect("a query").matches(&value);
        assert!(matches("extension_phone_number=\"101\"", json!({"extension_phone_number": "101"})));
        assert!(matches("#.tag_id = 88", json!([{"tag_id": 1}, {"tag_id": 88}])));
        assert!(matches("#=\"in\"", json!(["out", "in"])));
        assert!(matches("*.b=null", json!({"a": [{"b": null}]})));
        assert!(!matches("#.tag_id=8", json!([{"tag_id": 88}])));
        assert!(JsQuery::read("a=1 and b=2").is_err() && JsQuery::read("a").is_err() && JsQuery::read("a(b)=1").is_err());
    }
}
