//! The UIS account, and UIS's bodies as the plugin's events. The templates of the notifications are this service's own, so their parameters
//! have fixed names and types; what is not named here goes on as attributes.

use std::collections::BTreeMap;

use chrono::{NaiveDateTime, TimeZone};
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use uis_retailcrm::bindings::uis::integration::call_events::{Call, CallFinished, Direction, FinishKind, IncomingCall, Recording};
use uis_retailcrm::bindings::uis::integration::directory::{self, EmployeePhone};
use uis_retailcrm::bindings::uis::integration::types::{EmployeeHint, PhoneNumber};

/// How long the scenario waits for an answer, in milliseconds.
const ROUTE_MS: u32 = 3000;

/// The UIS account, in the shapes of the Data API.
#[derive(Debug, Deserialize)]
pub struct Account {
    /// The zone of all times without one.
    #[serde(deserialize_with = "zone")]
    pub timezone: Tz,
    /// The employees.
    #[serde(default)]
    pub employees: Vec<Employee>,
    /// The company's numbers.
    #[serde(default)]
    pub virtual_numbers: Vec<VirtualNumber>,
}

fn zone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Tz, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

/// An employee of UIS.
#[derive(Debug, Deserialize)]
pub struct Employee {
    id: i64,
    #[serde(default)]
    first_name: String,
    #[serde(default)]
    last_name: String,
    #[serde(default)]
    full_name: String,
    email: Option<String>,
    #[serde(default)]
    status: String,
    #[serde(default)]
    phone_numbers: Vec<Phone>,
    extension: Option<Extension>,
}

#[derive(Debug, Deserialize)]
struct Phone {
    phone_number: String,
    status: String,
}

#[derive(Debug, Deserialize)]
struct Extension {
    extension_phone_number: String,
}

/// A number of the company.
#[derive(Debug, Deserialize)]
pub struct VirtualNumber {
    id: i64,
    virtual_phone_number: String,
    #[serde(default)]
    name: String,
}

impl Employee {
    /// The employee's id.
    pub fn id(&self) -> i64 {
        self.id
    }

    /// The employee as the plugin knows employees.
    pub fn entry(&self) -> directory::Employee {
        let phone = |phone: &Phone| EmployeePhone { number: phone.phone_number.clone(), active: phone.status == "active" };
        directory::Employee {
            id: self.id,
            first_name: self.first_name.clone(),
            last_name: self.last_name.clone(),
            patronymic: String::new(),
            full_name: self.full_name.clone(),
            email: self.email.clone(),
            extension: self.extension.as_ref().map(|extension| extension.extension_phone_number.clone()),
            phones: self.phone_numbers.iter().map(phone).collect(),
            status: self.status.clone(),
            licences: None,
        }
    }
}

impl VirtualNumber {
    /// The number as the plugin knows numbers.
    pub fn entry(&self) -> directory::VirtualNumber {
        directory::VirtualNumber { id: self.id, number: self.virtual_phone_number.clone(), name: self.name.clone(), active: true }
    }
}

/// The body of `call_session_finished` and `lost_call_session`. Times are local times of the account; durations are in seconds.
#[derive(Debug, Deserialize)]
pub struct CallEnd {
    call_session_id: i64,
    notification_time: Option<String>,
    start_time: Option<String>,
    finish_time: Option<String>,
    direction: Option<String>,
    is_lost: Option<bool>,
    contact_phone_number: Option<String>,
    virtual_phone_number: Option<String>,
    employee_id: Option<i64>,
    last_talked_employee_id: Option<i64>,
    #[serde(default)]
    employee_ids: Vec<i64>,
    talk_time_duration: Option<u32>,
    wait_time_duration: Option<u32>,
    total_time_duration: Option<u32>,
    finish_reason: Option<String>,
    lost_reason: Option<String>,
    #[serde(default)]
    record_file_links: Vec<String>,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

/// The scenario's routing request.
#[derive(Debug, Deserialize)]
pub struct RouteQuery {
    cdr_id: i64,
    numa: Option<String>,
    numb: Option<String>,
    input_result: Option<String>,
}

fn phone(text: &str) -> Option<PhoneNumber> {
    uis_phones::of_system(text).map(|read| PhoneNumber { digits: read.number, extension: read.extension })
}

fn number(text: &str) -> Option<String> {
    phone(text).map(|read| read.digits)
}

fn employee(id: i64) -> EmployeeHint {
    EmployeeHint { id: Some(id), full_name: None, email: None, extension: None }
}

/// A local time as milliseconds since 1970.
fn time(text: Option<&str>, zone: Tz) -> Option<i64> {
    let local = NaiveDateTime::parse_from_str(text?, "%Y-%m-%d %H:%M:%S").ok()?;
    Some(zone.from_local_datetime(&local).earliest()?.timestamp_millis())
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}

/// A call about which nothing but its id and time is known.
fn call(session_id: i64, at: i64) -> Call {
    Call {
        session_id,
        at,
        direction: Some(Direction::Incoming),
        contact: None,
        contact_name: None,
        virtual_number: None,
        employee: None,
        is_internal: false,
        is_transfer: false,
        started_at: None,
        external_id: None,
        call_source: None,
        tags: Vec::new(),
        attributes: Vec::new(),
    }
}

impl CallEnd {
    /// The customer's number, as UIS gives it; the session if there is none. Events with equal keys are handled in order.
    pub fn ordering_key(&self) -> String {
        match self.contact_phone_number.as_deref().and_then(number) {
            Some(number) => format!("phone:{number}"),
            None => format!("call:{}", self.call_session_id),
        }
    }

    /// The end of a call. `received` is in milliseconds since 1970.
    pub fn event(self, kind: FinishKind, zone: Tz, received: i64) -> CallFinished {
        let at = time(self.notification_time.as_deref(), zone).unwrap_or(received);
        let outgoing = self.direction.as_deref() == Some("out");
        CallFinished {
            kind,
            is_lost: self.is_lost,
            finished_at: time(self.finish_time.as_deref(), zone).unwrap_or(at),
            talk_seconds: self.talk_time_duration,
            wait_seconds: self.wait_time_duration,
            total_seconds: self.total_time_duration,
            finish_reason: self.finish_reason.or(self.lost_reason),
            last_talked_employee: self.last_talked_employee_id.map(employee),
            rung_employee_ids: self.employee_ids,
            recordings: self.record_file_links.into_iter().map(|url| Recording { url: Some(url), seconds: None }).collect(),
            call: Call {
                direction: Some(if outgoing { Direction::Outgoing } else { Direction::Incoming }),
                contact: self.contact_phone_number.as_deref().and_then(phone),
                virtual_number: self.virtual_phone_number.as_deref().and_then(number),
                employee: self.employee_id.map(employee),
                started_at: time(self.start_time.as_deref(), zone),
                attributes: self.rest.into_iter().filter_map(|(name, value)| Some((name, text(value)?))).collect(),
                ..call(self.call_session_id, at)
            },
        }
    }
}

impl RouteQuery {
    /// The incoming call that the scenario asks about. `received` is in milliseconds since 1970.
    pub fn event(self, received: i64) -> IncomingCall {
        let call = Call {
            contact: self.numa.as_deref().and_then(phone),
            virtual_number: self.numb.as_deref().and_then(number),
            ..call(self.cdr_id, received)
        };
        IncomingCall { call, input: self.input_result, deadline_ms: ROUTE_MS }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_becomes_the_end_of_a_call() {
        let body = r#"{"call_session_id":7,"start_time":"2026-11-23 10:00:00","finish_time":"2026-11-23 10:01:10","direction":"in","is_lost":false,
            "contact_phone_number":"79161234567","virtual_phone_number":"74951112233","last_talked_employee_id":5,"talk_time_duration":60,
            "record_file_links":["https://records.example/7.mp3"],"utm_source":"yandex","visitor_id":12,"campaign_name":null}"#;
        let end: CallEnd = serde_json::from_str(body).expect("a body");
        assert_eq!(end.ordering_key(), "phone:79161234567");
        let event = end.event(FinishKind::Finished, chrono_tz::Europe::Moscow, 1);
        assert_eq!((event.call.started_at, event.finished_at), (Some(1_795_417_200_000), 1_795_417_270_000));
        assert_eq!((event.call.at, event.is_lost, event.talk_seconds), (1, Some(false), Some(60)));
        assert_eq!(event.recordings.len(), 1);
        let attributes = [("utm_source", "yandex"), ("visitor_id", "12")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(event.call.attributes, attributes);
    }
}
