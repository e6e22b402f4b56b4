//! Reads RetailCRM's answers: which errors are temporary, which are final, and the quirks of its PHP (`[]` for an empty map, ids as text).
//!
//! Only RetailCRM's own word is final: complete JSON with `success` or `errorMsg`. Whatever else arrives (a page, a redirect, broken JSON,
//! another server's JSON) comes from something that stands before RetailCRM, and says nothing about the request. It is temporary, whatever
//! its status.

mod selected;

use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::base::json;
use crate::base::outcome::misconfigured;
use crate::bindings::uis::integration::connections::{Response, SendError};
use crate::bindings::uis::integration::types::{Failure, RetryLater};
pub use selected::Members;

/// Why RetailCRM refused a request, as far as the integration reacts to it. RetailCRM has no error codes, so the reason is recognised from
/// its status and message; only this file does so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The requested entity does not exist.
    NotFound,
    /// The request refers to a customer who does not exist, for example because they were merged into another.
    CustomerNotFound,
    /// An entity with this `externalId` already exists.
    DuplicateExternalId,
    /// Another reason.
    Other,
}

impl Refusal {
    fn of(title: &str, status: u16, message: &str) -> Refusal {
        match message {
            _ if status == 404 && names_nothing_else(title, message) => Refusal::NotFound,
            _ if message.contains("already exists") => Refusal::DuplicateExternalId,
            _ if names_missing_customer(message) => Refusal::CustomerNotFound,
            _ => Refusal::Other,
        }
    }
}

/// What a message says does not exist, in lower case: `customer` for `…: customer: Customer with id=9 not found.`; an empty name for
/// `Not found`.
fn missing(message: &str) -> Vec<String> {
    let message = message.to_lowercase().replace('"', "");
    let parts = message.split([':', ';']).flat_map(|part| part.split(". ")).map(str::trim);
    let name = |part: &str| {
        let end = ["not found", "does not exist", "doesn't exist"].iter().find_map(|end| part.find(end))?;
        let before = part.find(" with ").map_or(end, |with| with.min(end));
        let name = part[..before].trim_end_matches(|c: char| !c.is_alphabetic()).trim_end_matches(" id");
        Some(name.trim().to_owned())
    };
    parts.filter_map(name).collect()
}

/// Whether a message says that a customer does not exist. Messages about other things have the same form (`User with id=99 not found`), so
/// the missing thing's name counts.
fn names_missing_customer(message: &str) -> bool {
    let customers = ["customer", "corporate customer", "customer corporate", "customercorporate", "contact"];
    missing(message).iter().any(|name| customers.contains(&name.as_str()))
}

/// Whether the message of a 404 is about the entity that the request's path names, or names none. `User with id=99 not found` does not say that
/// the customer is gone, and `API method not found` says that about nothing.
fn names_nothing_else(title: &str, message: &str) -> bool {
    let entity = title.split('/').nth(3).unwrap_or_default().trim_end_matches('s').replace('-', " ");
    missing(message).iter().all(|name| name.is_empty() || entity.contains(name.as_str()) || name.contains(&entity))
}

/// Whether a refusal is about this field of an entity: `Order is not loaded: status: "Status" with "code"="x" does not exist.`, or
/// `customFields[utm]: …`.
pub fn names_field(message: &str, field: &str) -> bool {
    let class = format!("\"{}{}\"", field[..1].to_uppercase(), &field[1..]);
    message.split([':', ';', '.', '[']).any(|part| part.trim() == field || part.trim_start().starts_with(&class))
}

/// Why a request has no usable answer.
#[derive(Debug, Clone, PartialEq)]
pub enum CrmError {
    /// Certainly not carried out: RetailCRM was busy (429, 503), or the request did not reach it.
    NotSent {
        /// Verb and path.
        title: String,
        /// For people.
        reason: String,
    },
    /// Like [`CrmError::NotSent`], and RetailCRM said when to retry.
    Busy {
        /// Verb and path.
        title: String,
        /// Milliseconds.
        after_ms: u32,
    },
    /// Possibly carried out: the answer was lost or broken, or RetailCRM had a server error.
    Unknown {
        /// Verb and path.
        title: String,
        /// For people.
        reason: String,
    },
    /// Possibly carried out: something answered that is not RetailCRM, such as a proxy's page or redirect, or the answer is not complete.
    Foreign {
        /// Verb and path.
        title: String,
        /// What arrived, for people.
        reason: String,
    },
    /// Carried out, but the answer is longer than the host passes on.
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
        /// The reason, as far as the integration reacts to it.
        why: Refusal,
    },
    /// The key is wrong.
    Unauthorized(String),
    /// The key lacks a right or access to the shop. Other requests still work.
    Forbidden {
        /// Verb and path.
        title: String,
        /// RetailCRM's message.
        message: String,
    },
    /// RetailCRM says that there is no such account.
    NoAccount(String),
    /// RetailCRM does no work for the account until somebody pays or unblocks it; RetailCRM's message.
    Suspended(String),
    /// The host forbids the request.
    Denied(String),
}

impl CrmError {
    /// A refusal for good.
    pub fn refused(title: String, status: u16, message: String) -> CrmError {
        CrmError::Refused { status, why: Refusal::of(&title, status, &message), title, message }
    }

    /// Whether the request certainly had no effect. (An unauthorized request is not included: the key may be changing at this moment.)
    pub fn surely_did_nothing(&self) -> bool {
        matches!(self, CrmError::NotSent { .. } | CrmError::Busy { .. } | CrmError::Refused { .. })
    }

    /// Whether RetailCRM refused for this reason.
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
            CrmError::Foreign { title, reason } => write!(out, "{title}: {FOREIGN}: {reason}"),
            CrmError::TooLarge { title, limit } => write!(out, "{title}: outcome unknown: the answer is too large: {limit}"),
            CrmError::Refused { title, status, message, .. } => write!(out, "{title}: RetailCRM refuses ({status}): {message}"),
            CrmError::Unauthorized(message) => write!(out, "RetailCRM does not accept the key: {message}"),
            CrmError::Forbidden { title, message } => write!(out, "{title}: the key lacks the right, or the shop: {message}"),
            CrmError::Suspended(message) => write!(out, "RetailCRM does no work for this account: {message}"),
            CrmError::NoAccount(message) | CrmError::Denied(message) => out.write_str(message),
        }
    }
}

impl From<CrmError> for Failure {
    fn from(error: CrmError) -> Failure {
        match error {
            CrmError::Busy { after_ms, .. } => Failure::Retry(RetryLater { after_ms: Some(after_ms), reason: error.to_string() }),
            CrmError::NotSent { .. } | CrmError::Unknown { .. } | CrmError::Foreign { .. } | CrmError::TooLarge { .. } => {
                Failure::Retry(RetryLater { after_ms: None, reason: error.to_string() })
            }
            CrmError::Refused { .. } => Failure::Rejected(error.to_string()),
            CrmError::Unauthorized(message) => Failure::Unauthorized(message),
            CrmError::Suspended(message) => Failure::Suspended(message),
            CrmError::Forbidden { .. } => misconfigured("connections/retailcrm", error.to_string()),
            CrmError::NoAccount(message) | CrmError::Denied(message) => misconfigured("connections/retailcrm", message),
        }
    }
}

/// Parses a successful answer as JSON: these members, or all.
pub fn parse(title: String, result: Result<Response, SendError>, members: Option<Members>) -> Result<Value, CrmError> {
    let (title, response) = check_status(title, result)?;
    let value = members.map_or_else(|| json::parse(&response.body), |members| members.parse(&response.body));
    let value = value.map_err(|error| foreign(&title, &response, &format!("not complete JSON, {error}")))?;
    match value["success"].as_bool() {
        Some(true) => Ok(value),
        Some(false) => Err(CrmError::refused(title, response.status, error_text(&value))),
        None => Err(foreign(&title, &response, "JSON without \"success\"")),
    }
}

/// Selected members of an answer, among them `success`.
pub trait PartialAnswer: DeserializeOwned {
    /// `success`.
    fn success(&self) -> Option<bool>;
}

/// Parses only selected members of a successful answer, so that a long answer takes little memory and time.
pub fn parse_partial<T: PartialAnswer>(title: String, result: Result<Response, SendError>) -> Result<T, CrmError> {
    let (title, response) = check_status(title, result)?;
    let part: Result<T, _> = json::text(&response.body).and_then(serde_json::from_str);
    let part = part.map_err(|error| foreign(&title, &response, &format!("not complete JSON, {error}")))?;
    match part.success() {
        Some(true) => Ok(part),
        Some(false) => Err(CrmError::refused(title, response.status, error_text(&json::parse(&response.body).unwrap_or_default()))),
        None => Err(foreign(&title, &response, "JSON without \"success\"")),
    }
}

/// Checks an answer's status, and turns everything but success into an error.
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
    match status {
        // The body of a "busy" answer may not be JSON, so only the status counts.
        429 | 503 => Err(match response.retry_after {
            Some(seconds) => CrmError::Busy { title, after_ms: seconds.saturating_mul(1000) },
            None => CrmError::NotSent { title, reason: format!("RetailCRM is busy ({status})") },
        }),
        500..=599 => {
            let said = own_word(&response.body).map_or_else(|| excerpt(&response.body), |value| error_text(&value));
            Err(CrmError::Unknown { title, reason: format!("RetailCRM answers {status}: {said}") })
        }
        200..=299 => Ok((title, response)),
        // RetailCRM's API never redirects.
        300..=399 => Err(foreign(&title, &response, "a redirect")),
        _ => Err(match own_word(&response.body) {
            Some(value) => refusal(title, status, error_text(&value)),
            None => foreign(&title, &response, "no JSON of RetailCRM"),
        }),
    }
}

/// Words in a refusal of an account that is not paid or is blocked `[inferred]`.
const SUSPENDED_WORDS: [&str; 5] = ["suspended", "blocked", "frozen", "payment", "expired"];

/// Whether a refusal is about an account that is not paid or is blocked, not about a key or a right.
fn is_of_account(message: &str) -> bool {
    let message = message.to_lowercase();
    message.contains("account") && SUSPENDED_WORDS.iter().any(|word| message.contains(word))
}

/// RetailCRM's own refusal.
fn refusal(title: String, status: u16, message: String) -> CrmError {
    match status {
        _ if message.starts_with("Account does not exist") => {
            CrmError::NoAccount(format!("there is no RetailCRM account at this address ({status}); check the connection's URL"))
        }
        // [inferred]: RetailCRM documents no answer for an account that is not paid; 402 is HTTP's own status for it.
        402 => CrmError::Suspended(message),
        403 if is_of_account(&message) => CrmError::Suspended(message),
        // RetailCRM answers 403 to both a wrong key and a missing right; only for a wrong key does the message contain `apiKey`.
        403 if !message.contains("apiKey") => CrmError::Forbidden { title, message },
        401 | 403 => CrmError::Unauthorized(message),
        _ => CrmError::refused(title, status, message),
    }
}

/// What marks a temporary failure as [`CrmError::Foreign`] once it is text.
const FOREIGN: &str = "the answer is not RetailCRM's";

/// Whether a retried failure's reason is an answer that is not RetailCRM's.
pub fn is_foreign(reason: &str) -> bool {
    reason.contains(FOREIGN)
}

fn foreign(title: &str, response: &Response, what: &str) -> CrmError {
    let shown = excerpt(&response.body);
    CrmError::Foreign { title: title.to_owned(), reason: format!("{what} ({}): {shown}", response.status) }
}

/// A refusal in RetailCRM's own form; none if the body is anything else.
fn own_word(body: &[u8]) -> Option<Value> {
    json::parse(body).ok().filter(|value| value["success"].is_boolean() || value["errorMsg"].is_string())
}

/// The beginning of a body, for people.
fn excerpt(body: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(body).chars().filter(|c| !c.is_control()).take(200).collect();
    if text.is_empty() { "no text".into() } else { text }
}

/// `errorMsg` and `errors` (a list or a map) in one line.
fn error_text(value: &Value) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let details: Vec<String> = match &value["errors"] {
        Value::Array(list) => list.iter().map(text).collect(),
        Value::Object(map) => map.iter().map(|(field, error)| format!("{field}: {}", text(error))).collect(),
        _ => Vec::new(),
    };
    let message = value["errorMsg"].as_str().unwrap_or("no errorMsg");
    if details.is_empty() { message.to_owned() } else { format!("{message}: {}", details.join("; ")) }
}

/// The items of a list, or the values of a map; an empty map arrives as an empty list. If the member is missing, that is an error: reading
/// it as "none" would undo what depends on the items.
pub fn members<'a>(answer: &'a Value, name: &str) -> Result<Vec<&'a Value>, CrmError> {
    match &answer[name] {
        Value::Array(list) => Ok(list.iter().collect()),
        Value::Object(map) => Ok(map.values().collect()),
        other => Err(CrmError::Unknown { title: name.to_owned(), reason: format!("the answer has {other} instead of a list") }),
    }
}

/// An id that arrives as a number or as text.
pub fn id(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// Text that may arrive as a number, as null, or not at all.
pub fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests;
