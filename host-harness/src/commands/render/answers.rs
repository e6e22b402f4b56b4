//! An answer to a request, summarised in words.

use serde_json::{Map, Value};
use uis_host::trace::Answer;

/// Longer values are cut to this many characters.
const VALUE_CHARS: usize = 60;
/// At most this many members of an answer are named.
const MEMBERS: usize = 6;

/// Members that every answer of RetailCRM's API has and that say nothing about its content.
const ENVELOPE: [&str; 3] = ["success", "pagination", "generatedAt"];

/// The status, and what the body contains: `200, users: 3`; `201, id 12`; `404, Not found`.
pub fn summary(answer: &Answer) -> String {
    match answer {
        Answer::Error { error, message } => format!("{error}: {message}"),
        Answer::Response { status, body, .. } => match serde_json::from_str::<Value>(body) {
            Ok(Value::Object(members)) => joined(*status, &content(&members)),
            Ok(Value::Array(list)) => format!("{status}, entries: {}", list.len()),
            _ if body.trim().is_empty() => format!("{status}, empty"),
            _ => format!("{status}, no JSON: {}", cut(body)),
        },
    }
}

fn joined(status: u16, parts: &[String]) -> String {
    let more = parts.len().saturating_sub(MEMBERS);
    let mut text = status.to_string();
    for part in parts.iter().take(MEMBERS) {
        text += ", ";
        text += part;
    }
    if more > 0 {
        text += &format!(", and {more} more members");
    }
    text
}

fn content(members: &Map<String, Value>) -> Vec<String> {
    let mut parts = Vec::new();
    if let Some(message) = members.get("errorMsg").and_then(Value::as_str) {
        parts.push(message.to_owned());
        parts.extend(members.get("errors").map(errors).filter(|errors| !errors.is_empty()));
        return parts;
    }
    let total = members.get("pagination").and_then(|page| page["totalCount"].as_u64());
    for (name, value) in members.iter().filter(|(name, _)| !ENVELOPE.contains(&name.as_str())) {
        parts.push(match value {
            Value::Array(list) => counted(list.len() as u64, total, name),
            Value::Object(object) => named(name, object),
            Value::String(text) => format!("{name} {}", cut(text)),
            other => format!("{name} {other}"),
        });
    }
    parts
}

/// A list, and how many there are on all pages if that differs.
fn counted(here: u64, total: Option<u64>, name: &str) -> String {
    match total {
        Some(total) if total != here => format!("{name}: {here} of {total}"),
        _ => format!("{name}: {here}"),
    }
}

/// A record by its id, a table by its size, anything else by its name.
fn named(name: &str, object: &Map<String, Value>) -> String {
    match (object.get("id"), object.get("code")) {
        (Some(id), _) => format!("{name} {id}"),
        (None, Some(Value::String(code))) => format!("{name} {code}"),
        _ => format!("{name}: {}", object.len()),
    }
}

/// The errors of RetailCRM's answer: a list of texts, or texts by field.
fn errors(errors: &Value) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let all: Vec<String> = match errors {
        Value::Array(list) => list.iter().map(text).collect(),
        Value::Object(fields) => fields.iter().map(|(field, error)| format!("{field}: {}", text(error))).collect(),
        _ => Vec::new(),
    };
    all.join("; ")
}

fn cut(text: &str) -> String {
    let line: Vec<&str> = text.split_whitespace().collect();
    let line = line.join(" ");
    if line.chars().count() <= VALUE_CHARS {
        return line;
    }
    format!("{}…", line.chars().take(VALUE_CHARS).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use uis_host::trace::SendErrorKind;

    #[test]
    fn answers_are_summarised_in_words() {
        for (status, body, expected) in [
            (200, r#"{"success":true,"pagination":{"totalCount":120},"users":[{"id":5},{"id":6}]}"#, "200, users: 2 of 120"),
            (200, r#"{"success":true,"pagination":{"totalCount":0},"customers":[]}"#, "200, customers: 0"),
            (201, r#"{"success":true,"id":12}"#, "201, id 12"),
            (404, r#"{"success":false,"errorMsg":"Not found"}"#, "404, Not found"),
            (400, r#"{"success":false,"errorMsg":"Errors","errors":{"phone":"is too long"}}"#, "400, Errors, phone: is too long"),
            (200, r#"{"success":true,"order":{"id":17,"number":"17A"}}"#, "200, order 17"),
            (200, r#"{"success":true,"statuses":{"new":{},"done":{}}}"#, "200, statuses: 2"),
            (200, r#"{"success":true}"#, "200"),
            (502, "<html>Bad gateway</html>", "502, no JSON: <html>Bad gateway</html>"),
            (200, "", "200, empty"),
        ] {
            assert_eq!(summary(&Answer::Response { status, body: body.into(), retry_after: None }), expected);
        }
        let lost = Answer::Error { error: SendErrorKind::OutcomeUnknown, message: "the connection was reset".into() };
        assert_eq!(summary(&lost), "outcome-unknown: the connection was reset");
    }
}
