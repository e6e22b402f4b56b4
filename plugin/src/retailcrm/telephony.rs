//! `/telephony/*`: pop-ups, call history, the responsible manager.

use serde::Serialize;
use serde_json::{Value, json};

use super::{ApiRequest, Crm, CrmError, answer};

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
    /// What advertising brought the caller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub web_analytics_data: Option<WebAnalytics>,
}

/// `webAnalyticsData` of a call event: what call tracking knows.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WebAnalytics {
    /// The campaign.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub campaign: Option<Campaign>,
    /// The marks as a query string.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub query_string: String,
}

/// A campaign as UIS knows it.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Campaign {
    /// Its name.
    pub name: String,
    /// Its id, or its `utm_campaign`; its name when it has neither.
    pub code: String,
}

/// Where a call or a customer came from, by the marks of advertising.
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
    /// Where to hear it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record_url: Option<String>,
    /// The company's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_phone: Option<String>,
    /// Where it came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// The shop whose number it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
}

/// `telephony/manager`'s answer.
#[derive(Debug, Default)]
pub struct Caller {
    /// The customer's manager, or whom the CRM thinks right.
    pub manager: Option<Manager>,
    /// The customer, when known.
    pub customer: Option<CallerCustomer>,
    /// The customer's card; empty when the CRM gives none.
    pub customer_link: String,
}

/// A manager.
#[derive(Debug, Default)]
pub struct Manager {
    /// The CRM user.
    pub id: Option<i64>,
}

/// The customer in brief.
#[derive(Debug, Default)]
pub struct CallerCustomer {
    /// Id.
    pub id: Option<i64>,
    /// The name as people write it: last, first, patronymic.
    pub name: String,
}

impl Caller {
    /// Reads the answer. What it does not tell is not known.
    pub fn read(answer: &Value) -> Caller {
        let customer = &answer["customer"];
        let names = ["lastName", "firstName", "patronymic"].map(|part| answer::text(&customer[part]));
        Caller {
            manager: answer["manager"].is_object().then(|| Manager { id: answer::id(&answer["manager"]["id"]) }),
            customer: customer.is_object().then(|| CallerCustomer {
                id: answer::id(&customer["id"]),
                name: names.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" "),
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

/// Puts a call into the history. A call that is there already stays as it is, which is success: RetailCRM holds one record per id.
pub fn upload(crm: Crm<'_>, call: &Call) -> Result<(), CrmError> {
    const PATH: &str = "/api/v5/telephony/calls/upload";
    let answer = crm.send(ApiRequest::post(PATH).json("calls", &json!([call])))?;
    let known = answer["duplicateCalls"].as_array().is_some_and(|known| known.iter().any(|id| answer::text(id) == call.external_id));
    if known || answer["processedCallsCount"].as_i64().unwrap_or(0) >= 1 {
        return Ok(());
    }
    Err(CrmError::refused(format!("POST {PATH}"), 200, format!("the call {} was neither taken nor known", call.external_id)))
}

/// Asks who calls and who his manager is. A manager who is busy or away is not given.
pub fn manager_request(phone: &str) -> ApiRequest {
    ApiRequest::get("/api/v5/telephony/manager").with("phone", phone).with("details", "1")
}
