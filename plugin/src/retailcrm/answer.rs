//! What RetailCRM answers, understood: which errors pass, which are final, and its PHP habits (`[]` for an empty map, ids as text).

use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::base::json;
use crate::base::outcome::misconfigured;
use crate::bindings::uis::integration::connections::{Response, SendError};
use crate::bindings::uis::integration::types::{Failure, RetryLater};

/// Why RetailCRM refused, as far as the integration acts on it. RetailCRM has no codes for these: they are told by its status and its words,
/// here alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// What the request is about is not there.
    NotFound,
    /// Something that the request names is not there: a customer who was joined with another, say.
    ReferenceNotFound,
    /// There is one of this `externalId` already.
    DuplicateExternalId,
    /// The account does not have the order's method, or not any more.
    UnknownOrderMethod,
    /// Something else.
    Other,
}

impl Refusal {
    fn of(status: u16, message: &str) -> Refusal {
        match message {
            _ if status == 404 => Refusal::NotFound,
            _ if message.contains("already exists") => Refusal::DuplicateExternalId,
            _ if message.contains("orderMethod") => Refusal::UnknownOrderMethod,
            _ if message.contains("not found") => Refusal::ReferenceNotFound,
            _ => Refusal::Other,
        }
    }
}

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
    /// Carried out, but the answer is longer than the host hands on.
    TooLarge {
        /// Verb and path.
        title: String,
        /// The limit.
        limit: String,
    },
    /// Refused for good.
    Refused {
        /// Verb and path.
        title: String,
        /// The HTTP status.
        status: u16,
        /// `errorMsg` and `errors` in one line, for people.
        message: String,
        /// The same, as far as the integration acts on it.
        why: Refusal,
    },
    /// The key is wrong.
    Unauthorized(String),
    /// The key lacks a right, or the shop. What it has the right to goes on.
    Forbidden {
        /// Verb and path.
        title: String,
        /// RetailCRM's words.
        message: String,
    },
    /// There is no such account, or the address is not RetailCRM's.
    NoAccount(String),
    /// The host forbids the request.
    Denied(String),
}

impl CrmError {
    /// A refusal for good.
    pub fn refused(title: String, status: u16, message: String) -> CrmError {
        CrmError::Refused { title, status, why: Refusal::of(status, &message), message }
    }

    /// Whether the request surely did nothing. (A key that is not accepted may be one that is changed right now, so it is not among these.)
    pub fn surely_did_nothing(&self) -> bool {
        matches!(self, CrmError::NotSent { .. } | CrmError::Busy { .. } | CrmError::Refused { .. })
    }

    /// Whether RetailCRM refused for such a reason.
    pub fn is_refused_for(&self, reason: Refusal) -> bool {
        matches!(self, CrmError::Refused { why, .. } if *why == reason)
    }
}

impl fmt::Display for CrmError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CrmError::NotSent { title, reason } => write!(out, "{title}: not carried out: {reason}"),
            CrmError::Busy { title, after_ms } => write!(out, "{title}: RetailCRM is busy for {after_ms} ms"),
            CrmError::Unknown { title, reason } => write!(out, "{title}: outcome unknown: {reason}"),
            CrmError::TooLarge { title, limit } => write!(out, "{title}: outcome unknown: the answer is too large: {limit}"),
            CrmError::Refused { title, status, message, .. } => write!(out, "{title}: RetailCRM refuses ({status}): {message}"),
            CrmError::Unauthorized(message) => write!(out, "RetailCRM does not accept the key: {message}"),
            CrmError::Forbidden { title, message } => write!(out, "{title}: the key lacks the right, or the shop: {message}"),
            CrmError::NoAccount(message) | CrmError::Denied(message) => out.write_str(message),
        }
    }
}

impl From<CrmError> for Failure {
    fn from(error: CrmError) -> Failure {
        match error {
            CrmError::Busy { after_ms, .. } => Failure::Retry(RetryLater { after_ms: Some(after_ms), reason: error.to_string() }),
            CrmError::NotSent { .. } | CrmError::Unknown { .. } | CrmError::TooLarge { .. } => {
                Failure::Retry(RetryLater { after_ms: None, reason: error.to_string() })
            }
            CrmError::Refused { .. } => Failure::Rejected(error.to_string()),
            CrmError::Unauthorized(message) => Failure::Unauthorized(message),
            CrmError::Forbidden { .. } => misconfigured("connections/retailcrm", error.to_string()),
            CrmError::NoAccount(message) | CrmError::Denied(message) => misconfigured("connections/retailcrm", message),
        }
    }
}

/// A good answer as JSON, or what is wrong.
pub fn parse(title: String, result: Result<Response, SendError>) -> Result<Value, CrmError> {
    let (title, response) = check_status(title, result)?;
    let value = json::parse(&response.body)
        .map_err(|error| CrmError::Unknown { title: title.clone(), reason: format!("the answer is not whole JSON: {error}") })?;
    if value["success"] == Value::Bool(false) {
        return Err(CrmError::refused(title, response.status, error_text(&response.body)));
    }
    Ok(value)
}

/// A part of an answer: some of its members, `success` among them.
pub trait PartialAnswer: DeserializeOwned {
    /// `success`.
    fn success(&self) -> Option<bool>;
}

/// A good answer of which only some members are read, so that a long one takes little memory and time.
pub fn parse_partial<T: PartialAnswer>(title: String, result: Result<Response, SendError>) -> Result<T, CrmError> {
    let (title, response) = check_status(title, result)?;
    let part: T = serde_json::from_slice(&response.body)
        .map_err(|error| CrmError::Unknown { title: title.clone(), reason: format!("the answer is not whole JSON: {error}") })?;
    if part.success() == Some(false) {
        return Err(CrmError::refused(title, response.status, error_text(&response.body)));
    }
    Ok(part)
}

/// An answer that says that all is well, as far as its status tells, or what is wrong.
fn check_status(title: String, result: Result<Response, SendError>) -> Result<(String, Response), CrmError> {
    let response = match result {
        Ok(response) => response,
        Err(SendError::Denied(why)) => return Err(CrmError::Denied(format!("the host does not send {title}: {why}"))),
        Err(SendError::NotSent(reason)) => return Err(CrmError::NotSent { title, reason }),
        Err(SendError::Deadline) => return Err(CrmError::NotSent { title, reason: "no time was left".into() }),
        Err(SendError::OutcomeUnknown(reason)) => return Err(CrmError::Unknown { title, reason }),
        Err(SendError::TooLarge(limit)) => return Err(CrmError::TooLarge { title, limit }),
    };
    let status = response.status;
    let is_page = response.content_type == "text/html" || response.body.trim_ascii_start().first() == Some(&b'<');
    match status {
        // Busy answers need not be JSON, so the status decides alone.
        429 | 503 => Err(match response.retry_after {
            Some(seconds) => CrmError::Busy { title, after_ms: seconds.saturating_mul(1000) },
            None => CrmError::NotSent { title, reason: format!("RetailCRM is busy ({status})") },
        }),
        500..=599 => Err(CrmError::Unknown { title, reason: format!("RetailCRM answers {status}: {}", error_text(&response.body)) }),
        // A maintenance page; nothing tells whether the request was carried out.
        200..=299 if is_page => Err(CrmError::Unknown { title, reason: "RetailCRM answers with a page in place of JSON".into() }),
        200..=299 => Ok((title, response)),
        300..=399 => {
            Err(CrmError::NoAccount(format!("the address answers {title} with a redirect ({status}); enter the account's own address")))
        }
        _ if is_page || error_text(&response.body).starts_with("Account does not exist") => {
            Err(CrmError::NoAccount(format!("there is no RetailCRM account at this address ({status}); check the connection's URL")))
        }
        // RetailCRM tells both with 403, and only a wrong key by its name.
        403 if !error_text(&response.body).contains("apiKey") => Err(CrmError::Forbidden { title, message: error_text(&response.body) }),
        401 | 403 => Err(CrmError::Unauthorized(error_text(&response.body))),
        _ => Err(CrmError::refused(title, status, error_text(&response.body))),
    }
}

/// `errorMsg` and `errors` (a list or a map) in one line.
fn error_text(body: &[u8]) -> String {
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

/// The members of a list or of a map, whose keys are of no interest; an empty map comes as an empty list. An answer without them is
/// no answer: taking it for "there are none" would undo what stands on them.
pub fn members<'a>(answer: &'a Value, name: &str) -> Result<Vec<&'a Value>, CrmError> {
    match &answer[name] {
        Value::Array(list) => Ok(list.iter().collect()),
        Value::Object(map) => Ok(map.values().collect()),
        other => Err(CrmError::Unknown { title: name.to_owned(), reason: format!("the answer has {other} in place of a list") }),
    }
}

/// An id that comes as a number or as text.
pub fn id(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// Text that may come as a number, null, or not at all.
pub fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, content_type: &str, body: &str) -> Result<Value, CrmError> {
        let response = Response { status, content_type: content_type.into(), retry_after: None, body: body.as_bytes().to_vec() };
        parse("GET /x".into(), Ok(response))
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
    fn refusals_that_the_integration_acts_on_are_told_apart() {
        for (status, message, why) in [
            (404, "Not found", Refusal::NotFound),
            (400, "Errors: externalId: Customer with externalId=uis-phone-7 already exists", Refusal::DuplicateExternalId),
            (400, "Errors: orderMethod: \"OrderMethod\" with \"code\"=\"phone\" does not exist.", Refusal::UnknownOrderMethod),
            (400, "Note is not loaded: customer: Customer with id=9 not found.", Refusal::ReferenceNotFound),
            (400, "Errors: managerId: inactive", Refusal::Other),
        ] {
            let error = CrmError::refused("POST /x".into(), status, message.into());
            assert!(error.is_refused_for(why), "{error:?}");
        }
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
    fn a_right_that_the_key_lacks_is_no_wrong_key() {
        let denied = answer(403, "application/json", r#"{"success":false,"errorMsg":"Access denied."}"#);
        assert!(matches!(&denied, Err(CrmError::Forbidden { message, .. }) if message == "Access denied."), "{denied:?}");
        let failure = Failure::from(denied.expect_err("denied"));
        assert!(matches!(&failure, Failure::Misconfigured(problem) if problem.message.contains("GET /x")), "{failure:?}");
    }

    #[test]
    fn an_empty_map_may_be_a_list_and_nothing_is_not_empty() {
        let answer = serde_json::json!({"full": {"main": {"code": "main"}}, "empty": [], "list": [1, 2]});
        let count = |name: &str| members(&answer, name).map(|found| found.len()).ok();
        assert_eq!((count("full"), count("empty"), count("list"), count("absent")), (Some(1), Some(0), Some(2), None));
    }

    #[test]
    fn ids_and_texts_come_in_either_form() {
        let answer = serde_json::json!({"a": 5, "b": "5", "c": null, "d": []});
        assert_eq!((id(&answer["a"]), id(&answer["b"]), id(&answer["c"]), id(&answer["d"])), (Some(5), Some(5), None, None));
        assert_eq!((text(&answer["a"]), text(&answer["b"]), text(&answer["c"])), ("5".into(), "5".into(), String::new()));
    }
}
