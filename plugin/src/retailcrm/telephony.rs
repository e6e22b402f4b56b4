//! `/telephony/*`: pop-ups, call history, the responsible manager.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Ask, Crm, CrmError, answer};

/// `call/event.type`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EventType {
    /// A customer calls.
    In,
    /// A manager calls.
    Out,
    /// The call is over for the managers named.
    Hangup,
}

/// `event` of `call/event`: what the pop-up shows and to whom.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CallEvent {
    /// Digits with the country code.
    pub phone: String,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: EventType,
    /// Extensions of the managers concerned.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<String>,
    /// Their user ids.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub user_ids: Vec<i64>,
    /// Only for [`EventType::Hangup`]: `answered`, `busy`, `cancel`, `failed`, `no answered`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hangup_status: Option<&'static str>,
    /// The company's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_phone: Option<String>,
    /// The call's id, the same in all its events and in the history.
    pub call_external_id: String,
}

/// One call of `calls/upload`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Call {
    /// Start, `Y-m-d H:i:s` in the account's zone.
    pub date: String,
    /// `in` or `out`.
    #[serde(rename = "type")]
    pub kind: EventType,
    /// Digits with the country code.
    pub phone: String,
    /// The idempotency key.
    pub external_id: String,
    /// The manager's extension.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The manager.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<i64>,
    /// `answered`, `busy`, `failed`, `no answer`, `not allowed`, `unknown`.
    pub result: &'static str,
    /// Seconds of talk.
    pub duration: u32,
    /// Seconds of waiting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_waiting: Option<u32>,
    /// Where to hear it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record_url: Option<String>,
    /// The company's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_phone: Option<String>,
}

/// `calls/upload`'s answer.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Uploaded {
    #[serde(default)]
    processed_calls_count: i64,
    #[serde(default)]
    duplicate_calls: Vec<serde_json::Value>,
}

/// `telephony/manager`'s answer.
#[derive(Debug, Default, Deserialize)]
pub struct Caller {
    /// The customer's manager, or whom the CRM thinks right.
    #[serde(default)]
    pub manager: Option<Manager>,
    /// The customer, when known.
    #[serde(default)]
    pub customer: Option<CallerCustomer>,
    /// Pages of the CRM.
    #[serde(default, deserialize_with = "links")]
    pub links: Links,
}

/// A manager.
#[derive(Debug, Default, Deserialize)]
pub struct Manager {
    /// The CRM user.
    #[serde(default, deserialize_with = "answer::id")]
    pub id: Option<i64>,
    /// E-mail.
    #[serde(default, deserialize_with = "answer::text")]
    pub email: String,
    /// Extension.
    #[serde(default, deserialize_with = "answer::text")]
    pub code: String,
}

/// The customer in brief.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CallerCustomer {
    /// Id.
    #[serde(deserialize_with = "answer::id")]
    pub id: Option<i64>,
    /// First name.
    #[serde(deserialize_with = "answer::text")]
    pub first_name: String,
    /// Last name.
    #[serde(deserialize_with = "answer::text")]
    pub last_name: String,
    /// Patronymic.
    #[serde(deserialize_with = "answer::text")]
    pub patronymic: String,
}

/// Pages of the CRM for this caller.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Links {
    /// The customer's card.
    #[serde(deserialize_with = "answer::text")]
    pub customer_link: String,
}

/// `links` is `[]` when empty, as every empty map.
fn links<'de, D: serde::Deserializer<'de>>(source: D) -> Result<Links, D::Error> {
    let value = serde_json::Value::deserialize(source)?;
    if value.is_object() { serde_json::from_value(value).map_err(serde::de::Error::custom) } else { Ok(Links::default()) }
}

/// Opens, moves or closes pop-ups.
pub fn send_event(crm: Crm<'_>, event: &CallEvent) -> Result<(), CrmError> {
    let _: serde_json::Value = crm.ask(Ask::post("/api/v5/telephony/call/event").json("event", &json!(event)))?;
    Ok(())
}

/// Puts a call into the history. A call that is there already stays as it is, which is success: RetailCRM holds one record per id.
pub fn upload(crm: Crm<'_>, call: &Call) -> Result<Stored, CrmError> {
    let answer: Uploaded = crm.ask(Ask::post("/api/v5/telephony/calls/upload").json("calls", &json!([call])))?;
    let known = answer.duplicate_calls.iter().any(|id| id.as_str() == Some(&call.external_id));
    match (known, answer.processed_calls_count) {
        (true, _) => Ok(Stored::Before),
        (false, 1..) => Ok(Stored::Now),
        (false, _) => Err(CrmError::Refused {
            title: "POST /api/v5/telephony/calls/upload".into(),
            status: 200,
            message: format!("the call {} was neither taken nor known", call.external_id),
        }),
    }
}

/// Whether an upload made the record.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Stored {
    /// This upload did.
    Now,
    /// An earlier one had.
    Before,
}

/// Asks who calls and who his manager is. A manager who is busy or away is not given.
pub fn ask_manager(phone: &str) -> Ask {
    Ask::get("/api/v5/telephony/manager").with("phone", phone).with("details", "1")
}
