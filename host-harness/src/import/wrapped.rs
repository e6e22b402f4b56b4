//! Bodies within something else: what a receiving service writes down beside the body, and the rows of UIS's delivery log.

use chrono::{DateTime, NaiveDateTime};
use serde_json::{Map, Value};

use super::Place;
use super::request::{Arrival, Captured, Hints};
use super::shapes::Found;
use crate::recording::Content;

/// Members in which services keep a body.
const BODIES: [&str; 9] = ["body", "payload", "raw_body", "rawBody", "request_body", "requestBody", "raw", "content", "data"];
/// Members in which they keep a query or a form.
const QUERIES: [&str; 4] = ["query", "query_string", "queryString", "form"];
/// Members with the time at which the request came.
const TIMES: [&str; 12] =
    ["at", "time", "timestamp", "@timestamp", "ts", "received_at", "receivedAt", "received", "date", "datetime", "created", "created_at"];
/// Members with the type of the notification, if they name one.
const TYPES: [&str; 5] = ["notification", "event", "event_type", "mnemonic", "type"];
/// Members with the address.
const ADDRESSES: [&str; 4] = ["url", "uri", "path", "endpoint"];
/// A body has one of these itself, so an object with one is no wrapper.
const OF_BODIES: [&str; 5] = ["call_session_id", "chat_id", "communication_id", "cdr_id", "notification_mnemonic"];

/// The content of a body given as text.
pub(super) fn content(text: &str) -> Content {
    let text = text.trim();
    match serde_json::from_str(text) {
        Ok(value @ Value::Object(_)) => Content::Body(value),
        _ if text.starts_with('{') || !text.contains('=') => Content::Body(Value::String(text.to_owned())),
        _ => Content::Query(text.trim_start_matches('?').to_owned()),
    }
}

/// A line of a log that ends with a body.
pub(super) struct Logged<'a> {
    /// The body.
    pub(super) body: &'a str,
    /// What stands before it.
    before: &'a str,
}

/// Finds the body in a line of a log: `2026-11-23 10:00:00 POST /notify/… {"call_session_id":…`. None: the line has none.
pub(super) fn logged(line: &str) -> Option<Logged<'_>> {
    let (before, body) = line.split_at(line.find('{')?);
    let is_body = OF_BODIES.iter().any(|name| body.contains(name));
    is_body.then_some(Logged { body: body.trim(), before })
}

impl Logged<'_> {
    /// Adds the time and the address that stand before the body.
    pub(super) fn complete(&self, found: Found) -> Found {
        let Found::Request(mut captured) = found else { return found };
        let words: Vec<&str> = self.before.split_ascii_whitespace().map(|word| word.trim_matches(['[', ']', '"', ',', '(', ')'])).collect();
        captured.hints.url =
            captured.hints.url.or_else(|| Some(words.iter().find(|word| word.contains('/'))?.split('?').next()?.to_owned()));
        captured.arrival = captured.arrival.or_else(|| time_in(&words).map(Value::from).map(Arrival::Noted));
        Found::Request(captured)
    }
}

/// The first time among the words of a line: RFC 3339, or a day and a time.
fn time_in(words: &[&str]) -> Option<String> {
    if let Some(word) = words.iter().find(|word| DateTime::parse_from_rfc3339(word).is_ok()) {
        return Some((*word).to_owned());
    }
    let joined = words.windows(2).map(|pair| format!("{} {}", pair[0], pair[1].split(['.', ',']).next().unwrap_or(pair[1])));
    let single = words.iter().map(|word| word.replacen('T', " ", 1));
    joined.chain(single).find(|text| NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").is_ok())
}

fn text<'a>(members: &'a Map<String, Value>, names: &[&str]) -> Option<&'a str> {
    names.iter().find_map(|name| members.get(*name)?.as_str()).filter(|text| !text.trim().is_empty())
}

/// The request within an object, if the object is not a body itself.
pub(super) fn unwrap(members: &Map<String, Value>, place: &Place) -> Option<Captured> {
    if OF_BODIES.iter().any(|name| members.contains_key(*name)) {
        return None;
    }
    // What is about the request may stand one level deeper.
    let inner = members.get("request").and_then(Value::as_object).unwrap_or(members);
    let of_body = BODIES.iter().find_map(|name| match inner.get(*name)? {
        body @ Value::Object(_) => Some(Content::Body(body.clone())),
        Value::String(text) if !text.trim().is_empty() => Some(content(text)),
        _ => None,
    });
    let url = text(inner, &ADDRESSES);
    let of_address = || url.and_then(|url| url.split_once('?')).map(|(_, query)| Content::Query(query.to_owned()));
    let of_query = || text(inner, &QUERIES).map(|query| Content::Query(query.trim_start_matches('?').to_owned()));
    let content = of_body.or_else(of_query).or_else(of_address)?;
    let time = TIMES.iter().find_map(|name| members.get(*name).or_else(|| inner.get(*name)).filter(|value| !value.is_null()));
    let hints = Hints {
        event: text(members, &TYPES).map(str::to_owned),
        title: None,
        url: url.map(|url| url.split('?').next().unwrap_or(url).to_owned()),
        is_uis_log: false,
    };
    Some(Captured { place: place.clone(), arrival: time.cloned().map(Arrival::Noted), hints, content })
}

/// The rows of an answer of the Data API, if this is one with rows of the delivery log.
pub(super) fn rows(members: &Map<String, Value>) -> Option<&Vec<Value>> {
    let data = members.get("result").and_then(|result| result.get("data")).or_else(|| members.get("data"))?.as_array()?;
    data.iter().any(|row| row.get("notification_message").is_some()).then_some(data)
}

/// A row of UIS's delivery log.
pub(super) fn row(row: &Map<String, Value>, place: &Place) -> Found {
    let id = |name: &str| row.get(name).and_then(|value| value.get("value_id").or(Some(value)))?.as_str();
    if id("notification_channel").is_some_and(|channel| channel != "http_request") {
        // An e-mail or a message to a phone.
        return Found::Other;
    }
    if let Some(status) = id("notification_status").filter(|status| *status != "sent") {
        let error = row.get("notification_error_message").and_then(Value::as_str).unwrap_or("no reason is given");
        return Found::Unusable(place.clone(), format!("UIS did not deliver it: {status}, {error}"));
    }
    let Some(message) = row.get("notification_message").and_then(Value::as_str).filter(|text| !text.trim().is_empty()) else {
        return Found::Unusable(place.clone(), "the row has no notification_message; ask get.notifications for this column".into());
    };
    let title = row.get("event_type").and_then(|kind| kind.get("value").or(Some(kind))?.as_str());
    let hints = Hints {
        event: id("event_type").map(str::to_owned),
        title: title.map(str::to_owned),
        url: row.get("notification_send_to").and_then(Value::as_str).map(|url| url.split('?').next().unwrap_or(url).to_owned()),
        is_uis_log: true,
    };
    let time = ["notification_send_date_time", "notification_start_date_time"];
    let time = time.iter().find_map(|name| row.get(*name).filter(|value| !value.is_null())).cloned();
    Found::Request(Box::new(Captured { place: place.clone(), arrival: time.map(Arrival::OfUis), hints, content: content(message) }))
}
