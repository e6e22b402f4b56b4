//! A request as it came, and the events that a notification means. A body that could not be read is read again from here, once somebody has
//! corrected what was wrong.

use bytes::Bytes;
use chrono_tz::Tz;
use serde_json::Value;
use uis_host::bindings::exports::uis::integration::orders::OrderWebhook;
use uis_host::bindings::exports::uis::integration::setup::Callback;
use uis_host::endpoints::callback;
use uis_host::event::Event;
use uis_host::notification::{self, Unreadable, params::Params};

/// The parameter that has the type where the address has none.
pub const TYPE_PARAMETER: &str = "notification_mnemonic";

/// What sent a request. What administrators do, and what the plugin read, stands among the requests too, so that a recording from life has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// UIS's notification server.
    Notification,
    /// A call scenario of UIS.
    Route,
    /// The CRM.
    Callback,
    /// The administrator saved settings.
    Settings,
    /// The administrator switched the integration on, or changed it while it was.
    Activate,
    /// The administrator switched the integration off.
    Deactivate,
    /// The administrator asked for an action of the plugin.
    Action,
    /// Nobody: the plugin read rows of UIS's reports.
    Report,
}

impl Kind {
    /// The name under which the store has it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Notification => "notification",
            Kind::Route => "route",
            Kind::Callback => "callback",
            Kind::Settings => "settings",
            Kind::Activate => "activate",
            Kind::Deactivate => "deactivate",
            Kind::Action => "action",
            Kind::Report => "report",
        }
    }
}

/// What is kept of a request: everything but its path, which contains the integration's secret, and its headers.
#[derive(Debug, Clone, PartialEq)]
pub struct Raw {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// The query, as it came, without the question mark.
    pub query: String,
    /// The media type of the body in lower case, without parameters.
    pub content_type: Option<String>,
    /// The body.
    pub body: Bytes,
}

impl Raw {
    /// The body as text, or the query when there is no body. Bytes that are not UTF-8 become U+FFFD; the bytes themselves are stored as they
    /// came.
    pub fn text(&self) -> String {
        if self.body.is_empty() {
            return self.query.clone();
        }
        String::from_utf8_lossy(&self.body).trim_start_matches('\u{feff}').to_owned()
    }

    /// Whether the body is a form of the usual kind.
    pub fn is_form(&self) -> bool {
        self.content_type.as_deref() == Some("application/x-www-form-urlencoded")
    }

    /// Reads a notification: its type and its events. `kind` is the type in the address; without it the parameter
    /// [`TYPE_PARAMETER`] counts. `zone` is the account's time zone; `received` is in milliseconds since 1970.
    pub fn notification(&self, kind: Option<&str>, zone: Tz, received: i64) -> Result<(String, Vec<Event>), Unreadable> {
        let text = self.text();
        let params = match self.body.is_empty() {
            true => Params::from_query(&text, zone, received),
            false => Params::from_body(&Value::String(text), zone, received)?,
        };
        let kind = kind.map(str::to_owned).or_else(|| params.peek_text(TYPE_PARAMETER)).unwrap_or_default();
        let events = notification::events(&kind, &params)?;
        Ok((kind, events))
    }
}

/// Why a notification cannot be read, without its content, which is stored beside.
pub fn why_unreadable(unreadable: &Unreadable) -> String {
    match unreadable {
        Unreadable::NotJson { place, .. } => {
            format!("the body cannot be read from line {}, column {}; correct the notification's template there", place.line, place.column)
        }
        other => other.to_string(),
    }
}

/// An event of a request of the CRM with other parameters; none when the event is of another kind.
pub fn callback_again(event: &Event, raw: &Raw) -> Option<Event> {
    let mut parameters = callback::parameters(&raw.query);
    let mut body = raw.body.to_vec();
    if raw.is_form() {
        parameters.extend(callback::parameters(&String::from_utf8_lossy(&body)));
        body = Vec::new();
    }
    match event.clone() {
        Event::OrderWebhook(event) => Some(Event::OrderWebhook(OrderWebhook { parameters, body, ..event })),
        Event::Callback(event) => Some(Event::Callback(Callback { parameters, body, ..event })),
        _ => None,
    }
}

/// The id under which UIS knows what an event is about: a call session, a chat, a communication. 0 when it is about none.
pub fn session(event: &Event) -> i64 {
    if let Some(call) = event.call() {
        return call.session_id;
    }
    if let Some(chat) = event.chat() {
        return chat.chat_id;
    }
    match event {
        Event::SiteRequest(event) => event.communication_id,
        Event::TagsChanged(event) => event.communication_id,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(query: &str, body: &[u8]) -> Raw {
        Raw { method: "POST", query: query.into(), content_type: None, body: Bytes::copy_from_slice(body) }
    }

    fn read(raw: &Raw, kind: Option<&str>) -> Result<(String, usize), String> {
        let zone = uis_host::clock::zone("Europe/Moscow").expect("a zone");
        raw.notification(kind, zone, 0).map(|(kind, events)| (kind, events.len())).map_err(|error| error.to_string())
    }

    #[test]
    fn a_notification_is_read_from_body_query_and_form() {
        let expected = Ok(("lost_call_session".to_owned(), 1));
        let json = br#"{"notification_mnemonic":"lost_call_session","call_session_id":5}"#;
        assert_eq!(read(&raw("", json), None), expected);
        assert_eq!(read(&raw("", &[b"\xef\xbb\xbf".as_slice(), json].concat()), None), expected, "with a byte order mark");
        assert_eq!(read(&raw("notification_mnemonic=lost_call_session&call_session_id=5", b""), None), expected);
        assert_eq!(read(&raw("", b"notification_mnemonic=%22lost_call_session%22&call_session_id=5"), None), expected);
        assert_eq!(read(&raw("", br#"{"call_session_id":5}"#), Some("lost_call_session")), expected, "the address has the type");
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (body, kind, expected) in [
            (b"[1]".as_slice(), Some("set_mark"), "the body is a list"),
            (b"{}", Some("set_mark"), "is missing"),
            (b"{}", Some("sms"), "unknown notification \"sms\""),
            (b"{}", None, "unknown notification \"\""),
            (b"\xff\xfe", Some("set_mark"), "text that is not JSON"),
        ] {
            let error = read(&raw("", body), kind).expect_err("unreadable");
            assert!(error.contains(expected), "{body:?}: {error}");
        }
    }
}
