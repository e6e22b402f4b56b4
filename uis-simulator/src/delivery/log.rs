//! Rows of `get.notifications`: what UIS's cabinet shows of each notification that was sent.

use serde_json::{Map, Value, json};
use uis_host::notification::templates::EventTemplate;

use super::sender::Outcome;

/// UIS's words for kinds of communications; the one for e-mails is from the documentation's sample, the others `[inferred]`.
const COMMUNICATIONS: [(&str, &str); 5] =
    [("call", "Звонки"), ("chat", "Чаты"), ("offline_message", "Заявки"), ("goal", "Цели"), ("email", "Электронные письма")];

/// A notification that was sent.
#[derive(Debug, Clone, Copy)]
pub struct Notification<'a> {
    /// UIS's id of the notification.
    pub id: i64,
    /// The type.
    pub mnemonic: &'a str,
    /// The parameters of the event.
    pub parameters: &'a Map<String, Value>,
    /// The address.
    pub url: &'a str,
    /// The rendered template.
    pub message: &'a str,
    /// What came of it.
    pub outcome: &'a Outcome,
    /// When the event happened, `YYYY-MM-DD hh:mm:ss` in the account's zone.
    pub started: &'a str,
    /// When it was sent, in the same form.
    pub sent: &'a str,
    /// Seconds between the two.
    pub delay: i64,
}

fn pair(value: &str, id: &str) -> Value {
    json!({"value": value, "value_id": id})
}

/// The row. A message that was refused has the status `error` `[inferred]`.
pub fn row(of: &Notification<'_>) -> Value {
    let title = EventTemplate::of(of.mnemonic).and_then(|template| template.title).unwrap_or(of.mnemonic);
    let kind = of.parameters.get("communication_type").and_then(Value::as_str);
    let kind = kind.and_then(|kind| COMMUNICATIONS.iter().find(|(id, _)| *id == kind)).map(|(id, value)| pair(value, id));
    let failure = match (&of.outcome.error, of.outcome.status) {
        (Some(error), _) => Some(error.clone()),
        (None, Some(status)) if !of.outcome.is_taken() => Some(format!("HTTP {status}")),
        _ => None,
    };
    json!({
        "notification_id": of.id,
        "notification_name": of.parameters.get("notification_name"),
        "notification_delay": of.delay,
        "notification_message": of.message,
        "notification_send_to": of.url,
        "notification_sms_count": null,
        "event_type": pair(title, of.mnemonic),
        "communication_id": of.parameters.get("communication_id"),
        "communication_type": kind,
        "notification_status": if failure.is_none() { pair("Отправлено", "sent") } else { pair("Ошибка", "error") },
        "notification_channel": pair("HTTP", "http_request"),
        "notification_error_type": failure.as_ref().map(|_| pair("Ошибка доставки", "delivery_error")),
        "notification_error_message": failure,
        "notification_send_date_time": of.sent,
        "notification_start_date_time": of.started,
    })
}
