//! One request: what it is, when it came, and the recording's line that it becomes.

use chrono_tz::Tz;
use serde_json::{Map, Value};
use uis_host::notification::{self, params::Params};

use super::Place;
use super::kind::{self, Kind};
use super::times::{self, Time};
use crate::parameters;
use crate::recording::Content;

/// When a request came, by somebody else than its body.
pub(super) enum Arrival {
    /// What was written down beside the body. Without a zone it may be in any zone, so the body's own time is better.
    Noted(Value),
    /// The time of UIS's log, in the account's zone.
    OfUis(Value),
}

/// What is known about a request's type beside its body.
#[derive(Default)]
pub(super) struct Hints {
    /// The type that the log or the service gives.
    pub(super) event: Option<String>,
    /// The event's name in UIS's pages.
    pub(super) title: Option<String>,
    /// The address without its query.
    pub(super) url: Option<String>,
    /// The type is that of UIS's own log.
    pub(super) is_uis_log: bool,
}

/// A captured request.
pub(super) struct Captured {
    pub(super) place: Place,
    pub(super) arrival: Option<Arrival>,
    pub(super) hints: Hints,
    pub(super) content: Content,
}

/// A request that was understood.
pub(super) struct Read {
    /// When it came, in milliseconds since 1970.
    pub(super) at: i64,
    pub(super) time: Time,
    /// Why its type was taken; none: the request says it itself, or somebody gave it.
    pub(super) guess: Option<String>,
    pub(super) kind: Kind,
    /// The line's members without `at`.
    pub(super) members: Map<String, Value>,
    pub(super) params: Params,
}

/// Reads a request. `mnemonic` is the type of notifications that do not name theirs, `secret` the recording's for the CRM's requests, and
/// `modified` when the file was last changed. The error says why it cannot be used.
pub(super) fn read(
    captured: Captured,
    zone: Tz,
    mnemonic: Option<&'static str>,
    secret: &str,
    modified: Option<i64>,
) -> Result<Read, String> {
    let arrival = captured.arrival.as_ref().map(|arrival| times::arrival(arrival, zone)).transpose()?;
    let received = arrival.as_ref().map_or(0, |time| time.at);
    let params = match &captured.content {
        Content::Body(body) => Params::from_body(body, zone, received).map_err(|error| error.to_string())?,
        Content::Query(query) => Params::from_query(query, zone, received),
    };
    let (kind, guess) = match kind::of_crm(&captured) {
        Some(found) => found,
        None => of_uis(&captured, &params, mnemonic)?,
    };
    let is_readable = match &kind {
        Kind::Notification(mnemonic) => notification::events(mnemonic, &params).map(|_| ()),
        Kind::Route => route(&captured.content).and_then(|query| notification::route(&query, zone, received)).map(|_| ()),
        _ => Ok(()),
    };
    is_readable.map_err(|error| format!("as {} it cannot be read: {error}", kind.name()))?;
    let time = times::of(&params, &kind, arrival, modified)?;
    let members = members(&kind, captured.content, secret)?;
    Ok(Read { at: time.at, time, guess, kind, members, params })
}

fn of_uis(captured: &Captured, params: &Params, mnemonic: Option<&'static str>) -> Result<(Kind, Option<String>), String> {
    let given = params.attributes();
    if !given.iter().any(|(name, _)| parameters::is_known(name)) {
        let names: Vec<&str> = given.iter().map(|(name, _)| name.as_str()).take(5).collect();
        return Err(match names.as_slice() {
            [] => "none of its parameters has a value".into(),
            names => format!("none of its parameters is one of UIS's: {}", names.join(", ")),
        });
    }
    kind::of_uis(captured, &given, mnemonic)
}

fn route(content: &Content) -> Result<String, notification::Unreadable> {
    match content {
        Content::Query(query) => Ok(query.clone()),
        Content::Body(Value::Object(members)) => Ok(encoded(members)),
        Content::Body(_) => Err(notification::Unreadable::NotAnObject("text that is not JSON")),
    }
}

/// The members of an object as a query.
fn encoded(members: &Map<String, Value>) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let pairs = members.iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.as_str(), text(value)));
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// The line's members that say what happened.
fn members(kind: &Kind, content: Content, secret: &str) -> Result<Map<String, Value>, String> {
    let parameters = |content: Content| route(&content).map_err(|error| error.to_string());
    let of = |pairs: Vec<(&str, Value)>| pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Ok(match kind {
        Kind::Notification(mnemonic) => {
            let content = match content {
                Content::Body(body) => ("body", body),
                Content::Query(query) => ("query", query.into()),
            };
            of(vec![("notification", (*mnemonic).into()), content])
        }
        Kind::Route => of(vec![("route", parameters(content)?.into())]),
        Kind::ClickToCall => of(vec![("click-to-call", with_secret(&parameters(content)?, secret).into())]),
        Kind::OrderWebhook => of(vec![("order-webhook", parameters(content)?.into())]),
        Kind::Callback { name, is_form } => {
            let parameters = with_secret(&parameters(content)?, secret);
            of(vec![("callback", name.clone().into()), (if *is_form { "form" } else { "query" }, parameters.into())])
        }
    })
}

/// The CRM's request with the recording's secret in place of the account's, which stays out of the recording.
fn with_secret(query: &str, secret: &str) -> String {
    let pairs = form_urlencoded::parse(query.as_bytes());
    let pairs = pairs.map(|(name, value)| match &*name {
        "clientId" => (name, secret.into()),
        _ => (name, value),
    });
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}
