//! Reading an answer of JSON-RPC 2.0. Whatever comes, the result is an answer or a typed error that says what came.

use serde_json::{Map, Value};

use super::error::{self, CallError};

/// What UIS answered to a call.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answer {
    /// `result.data`; null when there is none.
    pub data: Value,
    /// The number of all rows, of which `data` may have a page.
    pub total: Option<u64>,
    /// `metadata.limits`; null when there are none.
    pub limits: Value,
}

/// The answer, or the error object of one that is an error.
pub type Read = Result<Answer, Value>;

/// Reads the body of an answer to the request `id`.
pub fn read(status: u16, body: &[u8], id: u64) -> Result<Read, CallError> {
    let unusable = |why: String| CallError::NoAnswer(format!("status {status}, {why}"));
    let Ok(mut whole) = serde_json::from_slice::<Value>(body) else { return Err(unusable(shape(body).to_owned())) };
    let answered = &whole["id"];
    let error = !whole["error"].is_null();
    // The id of an error may be null: the request could not be read. As text it is the same id.
    let same = answered.as_u64() == Some(id) || answered.as_str() == Some(id.to_string().as_str()) || (error && answered.is_null());
    if !same {
        return Err(unusable("an answer to another request".to_owned()));
    }
    if error {
        return Ok(Err(whole["error"].take()));
    }
    let Value::Object(mut result) = whole["result"].take() else {
        return Err(unusable("JSON without result and error".to_owned()));
    };
    let metadata = result.remove("metadata").or_else(|| result.remove("meta_data")).unwrap_or_default();
    // The documentation also prints results without `data`, such as `{"id": 5}`.
    let data = result.remove("data").unwrap_or(Value::Object(result));
    Ok(Ok(Answer { data, total: metadata["total_items"].as_u64(), limits: metadata["limits"].clone() }))
}

/// What a body is that is no JSON.
fn shape(body: &[u8]) -> &'static str {
    let begin = body.trim_ascii_start();
    match begin.first() {
        None => "an empty body",
        Some(b'<') => "HTML",
        Some(b'{' | b'[') => "JSON that breaks off",
        Some(_) => "a body that is no JSON",
    }
}

impl Answer {
    /// The rows of a list. The error says what came in their place.
    pub fn rows(self) -> Result<Vec<Map<String, Value>>, CallError> {
        let wrong = |what: &str| CallError::NoAnswer(format!("{what} where a list of rows was expected"));
        let items = match self.data {
            Value::Array(items) => items,
            // `get.account` of a twin of UIS answers the object itself.
            Value::Object(row) if !row.is_empty() => return Ok(vec![row]),
            Value::Object(_) => return Err(wrong("an empty object")),
            Value::Null => return Err(wrong("nothing")),
            _ => return Err(wrong("a single value")),
        };
        items
            .into_iter()
            .map(|item| match item {
                Value::Object(row) => Ok(row),
                _ => Err(wrong("a list with something else than rows")),
            })
            .collect()
    }

    /// A whole number in the answer's data.
    pub fn integer(&self, member: &str) -> Option<i64> {
        super::rows::integer(self.data.get(member))
    }
}

/// The error of an error object.
pub fn error(object: &Value) -> CallError {
    error::read(object)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read_text(body: &str) -> Result<Read, CallError> {
        read(200, body.as_bytes(), 7)
    }

    #[test]
    fn data_is_found_in_every_documented_form() {
        for (body, data) in [
            (json!({"id": 7, "result": {"data": {"id": 1}, "metadata": {}}}), json!({"id": 1})),
            (json!({"id": 7, "result": {"id": 1}}), json!({"id": 1})),
            (json!({"id": "7", "result": {}}), json!({})),
            (json!({"id": 7, "result": {"data": null, "new": 1}, "more": 2}), json!(null)),
        ] {
            let answer = read_text(&body.to_string()).expect("an answer").expect("no error");
            assert_eq!(answer.data, data, "{body}");
        }
        let body = json!({"id": 7, "result": {"data": [], "meta_data": {"total_items": 5, "limits": {"day_limit": 1}}}});
        let answer = read_text(&body.to_string()).expect("an answer").expect("no error");
        assert_eq!((answer.total, answer.limits), (Some(5), json!({"day_limit": 1})));
    }

    #[test]
    fn what_is_no_answer_says_what_came() {
        for (body, expected) in [
            ("", "an empty body"),
            ("<html>502</html>", "HTML"),
            (r#"{"id":7,"result":{"da"#, "breaks off"),
            ("busy", "no JSON"),
            ("5", "another request"),
            (r#"{"id":8,"result":{}}"#, "another request"),
            (r#"{"id":7,"result":5}"#, "without result"),
            (r#"{"id":7}"#, "without result"),
        ] {
            let CallError::NoAnswer(why) = read_text(body).expect_err(body) else { panic!("{body}") };
            assert!(why.contains(expected), "{body}: {why}");
        }
        assert!(read_text(r#"{"id":null,"error":{"code":-32700}}"#).expect("an answer").is_err());
    }

    #[test]
    fn rows_are_objects() {
        let rows = |data: Value| Answer { data, ..Answer::default() }.rows();
        assert_eq!(rows(json!([{"a": 1}])).expect("rows").len(), 1);
        for wrong in [json!(null), json!({}), json!("x"), json!([1])] {
            assert!(matches!(rows(wrong.clone()), Err(CallError::NoAnswer(_))), "{wrong}");
        }
    }
}
