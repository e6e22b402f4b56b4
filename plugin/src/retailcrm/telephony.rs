//! `/telephony/*`: pop-ups, call history, a caller's manager.

use serde::Serialize;
use serde_json::{Value, json};

use super::{ApiRequest, Crm, CrmError, Members, answer};

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
    pub hangup_status: Option<String>,
    /// The company's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_phone: Option<String>,
    /// The call's id, the same in all its events and in the history.
    pub call_external_id: String,
    /// The shop whose number it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// The advertising that brought the caller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub web_analytics_data: Option<WebAnalytics>,
}

/// `webAnalyticsData` of a call event: call-tracking data.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WebAnalytics {
    /// The campaign.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub campaign: Option<Campaign>,
    /// The advertising parameters as a query string.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub query_string: String,
}

/// An advertising campaign.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Campaign {
    /// Its name.
    pub name: String,
    /// Its id, else its `utm_campaign`, else its name.
    pub code: String,
}

/// The advertising source of a call or customer.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Source {
    /// `utm_source`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// `utm_medium`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub medium: Option<String>,
    /// `utm_campaign`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub campaign: Option<String>,
    /// `utm_term`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keyword: Option<String>,
    /// `utm_content`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
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
    /// The recording's URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record_url: Option<String>,
    /// The company's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_phone: Option<String>,
    /// The advertising source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// The shop whose number it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
}

/// `telephony/manager`'s answer.
#[derive(Debug, Default)]
pub struct Caller {
    /// The customer's manager, or the one that RetailCRM suggests.
    pub manager: Option<Manager>,
    /// The customer, when known.
    pub customer: Option<CallerCustomer>,
    /// The URL of the customer's card; empty if RetailCRM sends none.
    pub customer_link: String,
}

/// A manager.
#[derive(Debug, Default)]
pub struct Manager {
    /// The CRM user.
    pub id: Option<i64>,
}

/// Selected fields of the customer.
#[derive(Debug, Default)]
pub struct CallerCustomer {
    /// Id.
    pub id: Option<i64>,
    /// The name: last, first, patronymic.
    pub name: String,
    /// The phones as they were typed; empty if RetailCRM sends none.
    pub phones: Vec<String>,
    /// The `externalId`; empty if there is none.
    pub external_id: String,
}

/// What [`Caller::read`] reads.
const MEMBERS: Members = Members {
    named: &["manager", "customer", "id", "externalId", "lastName", "firstName", "patronymic", "phones", "number", "links", "customerLink"],
    whole: &[],
};

impl Caller {
    /// Reads the answer. Missing members stay empty.
    pub fn read(answer: &Value) -> Caller {
        let customer = &answer["customer"];
        let names = ["lastName", "firstName", "patronymic"].map(|part| answer::text(&customer[part]));
        Caller {
            manager: answer["manager"].is_object().then(|| Manager { id: answer::id(&answer["manager"]["id"]) }),
            customer: customer.is_object().then(|| CallerCustomer {
                id: answer::id(&customer["id"]),
                name: names.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" "),
                phones: customer["phones"].as_array().into_iter().flatten().map(|phone| answer::text(&phone["number"])).collect(),
                external_id: answer::text(&customer["externalId"]),
            }),
            customer_link: answer::text(&answer["links"]["customerLink"]),
        }
    }
}

/// Opens, moves or closes pop-ups.
pub fn send_event(crm: Crm<'_>, event: &CallEvent) -> Result<(), CrmError> {
    crm.send(ApiRequest::post("/api/v5/telephony/call/event").json("event", &json!(event)))?;
    Ok(())
}

/// Uploads a call to the history. If the call is already there it is not changed, which is success: RetailCRM keeps one record per id.
pub fn upload(crm: Crm<'_>, call: &Call) -> Result<(), CrmError> {
    const PATH: &str = "/api/v5/telephony/calls/upload";
    let answer = crm.send(ApiRequest::post(PATH).json("calls", &json!([call])))?;
    let known = answer["duplicateCalls"].as_array().is_some_and(|known| known.iter().any(|id| answer::text(id) == call.external_id));
    if known || answer["processedCallsCount"].as_i64().unwrap_or(0) >= 1 {
        return Ok(());
    }
    Err(CrmError::refused(format!("POST {PATH}"), 200, format!("the call {} was neither accepted nor already there", call.external_id)))
}

/// Requests the caller and their manager. RetailCRM omits a manager who is busy or away.
pub fn manager_request(phone: &str) -> ApiRequest {
    ApiRequest::get("/api/v5/telephony/manager").with("phone", phone).with("details", "1").reading(MEMBERS)
}
