//! What RetailCRM answers, understood: which errors pass, which are final, and its PHP habits (`[]` for an empty map, ids as text).

use std::fmt;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::bindings::uis::integration::connections::{Response, SendError};
use crate::bindings::uis::integration::types::{Failure, RetryLater};
use crate::json;
use crate::outcome::misconfigured;

/// A request's title and its unread answer.
pub type Pending = (String, Result<Response, SendError>);

/// Why a request gave nothing usable.
#[derive(Debug, Clone, PartialEq)]
pub enum CrmError {
    /// Surely not carried out: the CRM was busy (429, 503), or nothing reached it.
    NotSent {
        /// Verb and path.
        title: String,
        /// For people.
        reason: String,
    },
    /// As [`CrmError::NotSent`], and the CRM said when to come again.
    Busy {
        /// Verb and path.
        title: String,
        /// Milliseconds.
        after_ms: u32,
    },
    /// Perhaps carried out: the answer was lost, broken, or a server error.
    Unknown {
        /// Verb and path.
        title: String,
        /// For people.
        reason: String,
    },
    /// Refused for good.
    Refused {
        /// Verb and path.
        title: String,
        /// The HTTP status.
        status: u16,
        /// `errorMsg` and `errors` in one line.
        message: String,
    },
    /// The key is wrong or lacks a right.
    Unauthorized(String),
    /// There is no such account, or the address is not RetailCRM's.
    NoAccount(String),
    /// The host forbids the request.
    Denied(String),
}

impl fmt::Display for CrmError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CrmError::NotSent { title, reason } => write!(out, "{title}: not carried out: {reason}"),
            CrmError::Busy { title, after_ms } => write!(out, "{title}: RetailCRM is busy for {after_ms} ms"),
            CrmError::Unknown { title, reason } => write!(out, "{title}: outcome unknown: {reason}"),
            CrmError::Refused { title, status, message } => write!(out, "{title}: RetailCRM refuses ({status}): {message}"),
            CrmError::Unauthorized(message) => write!(out, "RetailCRM does not accept the key: {message}"),
            CrmError::NoAccount(message) | CrmError::Denied(message) => out.write_str(message),
        }
    }
}

impl From<CrmError> for Failure {
    fn from(error: CrmError) -> Failure {
        match error {
            CrmError::Busy { after_ms, .. } => Failure::Retry(RetryLater { after_ms: Some(after_ms), reason: error.to_string() }),
            CrmError::NotSent { .. } | CrmError::Unknown { .. } => Failure::Retry(RetryLater { after_ms: None, reason: error.to_string() }),
            CrmError::Refused { .. } => Failure::Rejected(error.to_string()),
            CrmError::Unauthorized(message) => Failure::Unauthorized(message),
            CrmError::NoAccount(message) | CrmError::Denied(message) => misconfigured("connections/retailcrm", message),
        }
    }
}

/// Reads an answer into `T`.
pub fn read<T: DeserializeOwned>(title: &str, result: Result<Response, SendError>) -> Result<T, CrmError> {
    let value = understand(title, result)?;
    serde_json::from_value(value).map_err(|error| another_shape(title, &error))
}

fn another_shape(title: &str, error: &serde_json::Error) -> CrmError {
    CrmError::Unknown { title: title.to_owned(), reason: format!("the answer has another shape: {error}") }
}

/// A good answer as JSON, or what is wrong. Apart from [`read`], which exists once per type, so that the component has it once.
fn understand(title: &str, result: Result<Response, SendError>) -> Result<Value, CrmError> {
    let title = title.to_owned();
    let response = match result {
        Ok(response) => response,
        Err(SendError::Denied(why)) => return Err(CrmError::Denied(format!("the host does not send {title}: {why}"))),
        Err(SendError::NotSent(reason)) => return Err(CrmError::NotSent { title, reason }),
        Err(SendError::Deadline) => return Err(CrmError::NotSent { title, reason: "no time was left".into() }),
        Err(SendError::OutcomeUnknown(reason)) => return Err(CrmError::Unknown { title, reason }),
        Err(SendError::TooLarge(limit)) => return Err(CrmError::Unknown { title, reason: format!("the answer is too large: {limit}") }),
    };
    let status = response.status;
    let is_page = response.content_type == "text/html" || response.body.trim_ascii_start().first() == Some(&b'<');
    match status {
        // Busy answers need not be JSON, so the status decides alone.
        429 | 503 => Err(match response.retry_after {
            Some(seconds) => CrmError::Busy { title, after_ms: seconds.saturating_mul(1000) },
            None => CrmError::NotSent { title, reason: format!("RetailCRM is busy ({status})") },
        }),
        500..=599 => Err(CrmError::Unknown { title, reason: format!("RetailCRM answers {status}: {}", complaint(&response.body)) }),
        // A maintenance page; nothing tells whether the request was carried out.
        200..=299 if is_page => Err(CrmError::Unknown { title, reason: "RetailCRM answers with a page in place of JSON".into() }),
        200..=299 => match json::parse(&response.body) {
            Err(error) => Err(CrmError::Unknown { title, reason: format!("the answer is not whole JSON: {error}") }),
            Ok(value) if value["success"] == Value::Bool(false) => {
                Err(CrmError::Refused { title, status, message: complaint(&response.body) })
            }
            Ok(value) => Ok(value),
        },
        300..=399 => {
            Err(CrmError::NoAccount(format!("the address answers {title} with a redirect ({status}); enter the account's own address")))
        }
        _ if is_page || complaint(&response.body).starts_with("Account does not exist") => {
            Err(CrmError::NoAccount(format!("there is no RetailCRM account at this address ({status}); check the connection's URL")))
        }
        401 | 403 => Err(CrmError::Unauthorized(complaint(&response.body))),
        _ => Err(CrmError::Refused { title, status, message: complaint(&response.body) }),
    }
}

/// `errorMsg` and `errors` (a list or a map) in one line.
fn complaint(body: &[u8]) -> String {
    let Ok(value) = json::parse(body) else {
        let text: String = String::from_utf8_lossy(body).chars().filter(|c| !c.is_control()).take(200).collect();
        return if text.is_empty() { "no text".into() } else { text };
    };
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let details: Vec<String> = match &value["errors"] {
        Value::Array(list) => list.iter().map(text).collect(),
        Value::Object(map) => map.iter().map(|(field, error)| format!("{field}: {}", text(error))).collect(),
        _ => Vec::new(),
    };
    let message = value["errorMsg"].as_str().unwrap_or("no errorMsg");
    if details.is_empty() { message.to_owned() } else { format!("{message}: {}", details.join("; ")) }
}

/// A map that RetailCRM writes as `[]` when it is empty; as a list of values when keys are of no interest.
pub fn map_or_list<'de, D, T>(source: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let members: Vec<Value> = match Value::deserialize(source)? {
        Value::Array(list) => list,
        Value::Object(map) => map.into_iter().map(|(_, value)| value).collect(),
        Value::Null => Vec::new(),
        _ => return Err(D::Error::custom("expected a map or a list")),
    };
    members.into_iter().map(|value| T::deserialize(value).map_err(D::Error::custom)).collect()
}

/// An id that comes as a number or as text.
pub fn id<'de, D: Deserializer<'de>>(source: D) -> Result<Option<i64>, D::Error> {
    Ok(match Value::deserialize(source)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    })
}

/// Text that may come as a number, null, or not at all.
pub fn text<'de, D: Deserializer<'de>>(source: D) -> Result<String, D::Error> {
    Ok(match Value::deserialize(source)? {
        Value::String(text) => text,
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, content_type: &str, body: &str) -> Result<Value, CrmError> {
        let response = Response { status, content_type: content_type.into(), retry_after: None, body: body.as_bytes().to_vec() };
        read("GET /x", Ok(response))
    }

    #[test]
    fn errors_come_as_list_or_map() {
        let map = r#"{"success":false,"errorMsg":"Errors in the entity format","errors":{"customer":"Set one"}}"#;
        let list = r#"{"success":false,"errorMsg":"Orders are loaded with errors","errors":["items[0]: not found"]}"#;
        let Err(CrmError::Refused { message, status: 400, .. }) = answer(400, "application/json", map) else { panic!("refused") };
        assert_eq!(message, "Errors in the entity format: customer: Set one");
        let Err(CrmError::Refused { message, .. }) = answer(460, "application/json", list) else { panic!("refused") };
        assert_eq!(message, "Orders are loaded with errors: items[0]: not found");
        assert!(matches!(answer(200, "application/json", map), Err(CrmError::Refused { .. })));
    }

    #[test]
    fn what_may_pass_is_told_from_what_is_final() {
        assert!(matches!(answer(503, "text/html", "<html>"), Err(CrmError::NotSent { .. })));
        assert!(matches!(answer(429, "", ""), Err(CrmError::NotSent { .. })));
        assert!(matches!(answer(500, "text/html", "<html>"), Err(CrmError::Unknown { .. })));
        assert!(matches!(answer(200, "application/json", r#"{"success":tr"#), Err(CrmError::Unknown { .. })));
        assert!(matches!(answer(200, "text/html", "<html>"), Err(CrmError::Unknown { .. })));
        assert!(matches!(answer(405, "text/html", "<html>"), Err(CrmError::NoAccount(_))));
        assert!(matches!(answer(404, "application/json", r#"{"errorMsg":"Account does not exist."}"#), Err(CrmError::NoAccount(_))));
        assert!(matches!(answer(302, "text/html", ""), Err(CrmError::NoAccount(_))));
        assert_eq!(
            answer(403, "application/json", r#"{"errorMsg":"Wrong \"apiKey\" value."}"#),
            Err(CrmError::Unauthorized("Wrong \"apiKey\" value.".into()))
        );
    }

    #[test]
    fn an_empty_map_may_be_a_list() {
        #[derive(Deserialize)]
        struct Sites {
            #[serde(deserialize_with = "map_or_list")]
            sites: Vec<Value>,
        }
        let empty: Sites = serde_json::from_str(r#"{"sites":[]}"#).expect("list");
        let full: Sites = serde_json::from_str(r#"{"sites":{"main":{"code":"main"}}}"#).expect("map");
        assert_eq!((empty.sites.len(), full.sites.len()), (0, 1));
    }
}
