//! Why a call of UIS's APIs failed, and what to do about it. What UIS says is sorted by the mnemonic of its error table, because codes are
//! not unique there.

use std::fmt;

use serde_json::Value;
use uis_host::bindings::uis::integration::communications::ReportError;
use uis_host::bindings::uis::integration::deals::{self, DealsError};
use uis_host::bindings::uis::integration::directory::DirectoryError;

/// When to try again after UIS could not be reached, or gave an answer that is none.
pub const AWAY_MS: u32 = 30_000;
/// When to try again what only a person can put right: credentials, the list of addresses, a component of the tariff. The person may take
/// longer; the attempts between are cheap.
pub const PERSON_MS: u32 = 300_000;

/// An error of UIS's table. Its `Debug` and `Display` leave out the value, which may be a password or a customer's data.
#[derive(Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The code of JSON-RPC.
    pub code: i64,
    /// The mnemonic; empty when UIS gave none.
    pub mnemonic: String,
    /// UIS's text.
    pub message: String,
    /// The parameter that is wrong, a path with points.
    pub field: Option<String>,
    /// The value that is wrong, as it was sent.
    pub value: Option<String>,
}

impl Refusal {
    /// A refusal that UIS would give, without asking.
    pub fn of(mnemonic: &str, message: impl Into<String>, field: &str, value: impl Into<String>) -> Refusal {
        Refusal {
            code: -32602,
            mnemonic: mnemonic.to_owned(),
            message: message.into(),
            field: Some(field.to_owned()),
            value: Some(value.into()),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}: {}", self.mnemonic, self.message)?;
        match &self.field {
            Some(field) => write!(to, " ({field})"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Refusal {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "Refusal({} {self})", self.code)
    }
}

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// No points are left, or UIS asks to come again; after so many milliseconds.
    #[error("UIS has no points left for now; again after {0} ms")]
    Busy(u32),
    /// UIS refuses this data or this request. The same request will be refused again.
    #[error("UIS refuses: {0}")]
    Refused(Refusal),
    /// The credentials, the list of addresses or the account are wrong. Every request will be refused until a person has put it right.
    #[error("UIS does not admit this gateway: {0}; {advice}", advice = advice(.0))]
    NotAdmitted(Refusal),
    /// The account has no component or no right for this method.
    #[error("the UIS account does not have this: {0}; {advice}", advice = advice(.0))]
    NotGranted(Refusal),
    /// The request was not sent.
    #[error("UIS cannot be reached: {0}")]
    NotSent(String),
    /// The request was sent, and there is no answer, or none that can be understood. Whether it was executed is unknown.
    #[error("UIS gave no usable answer: {0}")]
    NoAnswer(String),
}

/// What a person can do about an error of the account.
fn advice(refusal: &Refusal) -> &'static str {
    match refusal.mnemonic.as_str() {
        "ip_not_whitelisted" => {
            "add this machine's public address in UIS: «Администратор» → «Аккаунт» → «Правила безопасности», tab API (0.0.0.0/0 admits all)"
        }
        "auth_error" => "correct --uis-login and --uis-password with `integration set`",
        "access_token_expired" | "access_token_blocked" | "access_token_invalid" => {
            "give a valid key: `integration set NAME --uis-token env:VARIABLE`"
        }
        "account_inactive" => "ask UIS's support to activate the account",
        "forbidden" => "give the API user this right in UIS's «Управление пользователями»",
        _ => "the component must be connected in UIS's tariff",
    }
}

/// Reads an error object of an answer. Whatever its form, an error comes out.
pub fn read(error: &Value) -> CallError {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let data = &error["data"];
    let refusal = Refusal {
        code: error["code"].as_i64().unwrap_or(0),
        mnemonic: text(&data["mnemonic"]).unwrap_or_default(),
        message: text(&error["message"]).unwrap_or_else(|| "no message".to_owned()),
        field: text(&data["field"]),
        value: match &data["value"] {
            Value::Null => None,
            value => Some(text(value).unwrap_or_else(|| value.to_string())),
        },
    };
    sorted(refusal)
}

/// What an error of the table means.
fn sorted(refusal: Refusal) -> CallError {
    match (refusal.code, refusal.mnemonic.as_str()) {
        (_, "limit_exceeded") | (-32029, _) => CallError::Busy(60_000),
        (_, "internal_error") | (-32603, _) => CallError::NoAnswer(format!("it failed by itself: {refusal}")),
        (_, "method_component_disabled" | "parameter_component_disabled" | "component_disabled") | (-32008, _) => {
            CallError::NotGranted(refusal)
        }
        // With another code, `forbidden` is about one entity.
        (-32003, "forbidden") => CallError::NotGranted(refusal),
        (-32001 | -32003 | -32009, _) | (_, "ip_not_whitelisted" | "account_inactive" | "auth_error") => CallError::NotAdmitted(refusal),
        // Codes are not unique; these three mnemonics are only about keys.
        (_, "access_token_expired" | "access_token_blocked" | "access_token_invalid") => CallError::NotAdmitted(refusal),
        _ => CallError::Refused(refusal),
    }
}

impl CallError {
    /// Whether another session may help: the session's life is over, or nobody knows it any more.
    pub fn asks_for_a_session(&self) -> bool {
        matches!(self, CallError::NotAdmitted(refusal)
            if refusal.code == -32001 && !matches!(refusal.mnemonic.as_str(), "auth_error" | "access_token_blocked"))
    }

    /// Whether a column that was asked for is not there for this account.
    pub fn is_about_columns(&self) -> bool {
        match self {
            CallError::Refused(refusal) => refusal.mnemonic == "unexpected_parameters",
            CallError::NotGranted(refusal) => refusal.mnemonic == "parameter_component_disabled",
            _ => false,
        }
    }

    /// The value that UIS says is wrong.
    pub fn value(&self) -> Option<&str> {
        match self {
            CallError::Refused(refusal) | CallError::NotAdmitted(refusal) | CallError::NotGranted(refusal) => refusal.value.as_deref(),
            CallError::Busy(_) | CallError::NotSent(_) | CallError::NoAnswer(_) => None,
        }
    }

    /// Whether the account does not have this method at all. A right that the API user lacks is something else: then there may be rows.
    pub fn is_not_there(&self) -> bool {
        match self {
            CallError::Refused(refusal) => refusal.mnemonic == "method_not_found" || refusal.code == -32601,
            CallError::NotGranted(refusal) => refusal.mnemonic != "forbidden",
            _ => false,
        }
    }

    /// Whether it passes by itself, without a person.
    pub fn passes(&self) -> bool {
        matches!(self, CallError::Busy(_) | CallError::NotSent(_) | CallError::NoAnswer(_))
    }

    /// After how many milliseconds to try again what is not refused for good.
    fn after_ms(&self) -> Option<u32> {
        match self {
            CallError::Busy(after_ms) => Some((*after_ms).max(1)),
            CallError::NotSent(_) | CallError::NoAnswer(_) => Some(AWAY_MS),
            CallError::NotAdmitted(_) | CallError::NotGranted(_) => Some(PERSON_MS),
            CallError::Refused(_) => None,
        }
    }

    /// For a list that is read. What only a person can put right is refused with UIS's words, so that they are seen; readers ask again.
    pub fn of_directory(self) -> DirectoryError {
        match self {
            CallError::Refused(refusal) => DirectoryError::Refused((refusal.mnemonic, refusal.message)),
            CallError::NotAdmitted(ref refusal) | CallError::NotGranted(ref refusal) => {
                DirectoryError::Refused((refusal.mnemonic.clone(), self.to_string()))
            }
            other => DirectoryError::Busy(other.after_ms().unwrap_or(AWAY_MS)),
        }
    }

    /// For an employee that is written: only UIS's refusal of the data is one; all else waits.
    pub fn of_write(self) -> DirectoryError {
        match self.after_ms() {
            Some(after_ms) => DirectoryError::Busy(after_ms),
            None => self.of_directory(),
        }
    }

    /// For a report.
    pub fn of_report(self) -> ReportError {
        match self {
            CallError::Refused(_) | CallError::NotAdmitted(_) | CallError::NotGranted(_) => ReportError::Refused(self.to_string()),
            other => ReportError::Busy(other.after_ms().unwrap_or(AWAY_MS)),
        }
    }

    /// For deals: what only a person can put right waits, because a refused deal is given up.
    pub fn of_deals(self) -> DealsError {
        match (self.after_ms(), self) {
            (None, CallError::Refused(refusal)) => DealsError::Refused(deals::Refusal {
                mnemonic: refusal.mnemonic,
                message: refusal.message,
                field: refusal.field,
                value: refusal.value,
            }),
            (after_ms, _) => DealsError::Busy(after_ms.unwrap_or(AWAY_MS)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn error(code: i64, mnemonic: &str) -> CallError {
        read(&json!({"code": code, "message": "m", "data": {"mnemonic": mnemonic, "field": "a.b", "value": "s3cret"}}))
    }

    #[test]
    fn the_error_table_is_sorted_by_what_to_do() {
        let refusal = |error: &CallError| match error {
            CallError::Busy(_) => "busy",
            CallError::Refused(_) => "refused",
            CallError::NotAdmitted(_) => "not admitted",
            CallError::NotGranted(_) => "not granted",
            CallError::NotSent(_) => "not sent",
            CallError::NoAnswer(_) => "no answer",
        };
        for (code, mnemonic, expected) in [
            (-32029, "limit_exceeded", "busy"),
            (-32603, "internal_error", "no answer"),
            (-32001, "auth_error", "not admitted"),
            (-32001, "access_token_expired", "not admitted"),
            (-32003, "ip_not_whitelisted", "not admitted"),
            (-32009, "account_inactive", "not admitted"),
            (-32003, "forbidden", "not granted"),
            (-32602, "forbidden", "refused"),
            (-32602, "method_component_disabled", "not granted"),
            (-32008, "component_disabled", "not granted"),
            (-32602, "entity_not_found", "refused"),
            (-32601, "method_not_found", "refused"),
            (-32007, "virtual_phone_number_not_found", "refused"),
            (-32002, "contact_in_blacklist", "refused"),
            (-1, "something_new", "refused"),
        ] {
            assert_eq!(refusal(&error(code, mnemonic)), expected, "{code} {mnemonic}");
        }
    }

    #[test]
    fn a_value_is_in_no_text_and_reaches_the_deals_port() {
        let refused = error(-32602, "invalid_parameter_value");
        assert!(!format!("{refused} {refused:?}").contains("s3cret"));
        let DealsError::Refused(refusal) = refused.of_deals() else { panic!("it is refused") };
        assert_eq!((refusal.field.as_deref(), refusal.value.as_deref()), (Some("a.b"), Some("s3cret")));
    }

    #[test]
    fn a_session_is_renewed_unless_the_login_itself_is_refused() {
        assert!(error(-32001, "access_token_invalid").asks_for_a_session() && error(-32001, "").asks_for_a_session());
        for (code, mnemonic) in [(-32001, "auth_error"), (-32001, "access_token_blocked"), (-32003, "ip_not_whitelisted")] {
            assert!(!error(code, mnemonic).asks_for_a_session(), "{mnemonic}");
        }
    }

    #[test]
    fn an_error_of_any_form_is_an_error() {
        for form in [json!(null), json!("no"), json!([1]), json!({"data": 5}), json!({"code": "x", "message": 7, "data": {"value": {}}})] {
            assert!(matches!(read(&form), CallError::Refused(_)), "{form}");
        }
    }

    #[test]
    fn what_a_person_must_put_right_waits_where_a_refusal_would_lose_something() {
        let blocked = error(-32003, "ip_not_whitelisted");
        assert!(matches!(blocked.clone().of_deals(), DealsError::Busy(PERSON_MS)));
        assert!(matches!(blocked.clone().of_write(), DirectoryError::Busy(PERSON_MS)));
        let DirectoryError::Refused((mnemonic, text)) = blocked.of_directory() else { panic!("readers see why") };
        assert!(mnemonic == "ip_not_whitelisted" && text.contains("tab API"), "{text}");
    }
}
