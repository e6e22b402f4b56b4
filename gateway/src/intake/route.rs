//! The routing request of a call scenario and its answer. A caller hears ringing meanwhile, so the answer comes within the time that the
//! handler of an incoming call has, and a failure is answered like "nobody was found": the scenario goes on.

use std::time::Duration;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use uis_host::dispatch::{CheckedAnswer, LiveEnd};
use uis_host::notification;

use crate::requests::{Kind, Raw};
use crate::service::{Gateway, Running};

/// What the delivery itself may take beyond the handler's time.
const MARGIN: Duration = Duration::from_millis(500);

/// Answers a routing request.
pub async fn answer(gateway: &Gateway, running: &Running, raw: Raw) -> Response {
    let text = raw.text();
    let received = gateway.now();
    let origin = gateway.received(running, Kind::Route, "route", raw);
    let event = match notification::route(&text, running.zone, received) {
        Ok(event) => event,
        Err(unreadable) => {
            // The scenario waits, so there is nothing to read again later; the owner still sees why nobody was found.
            if let Err(why) = gateway.reject(running, origin, &unreadable.to_string()).await {
                tracing::error!(%why, "an unreadable routing request was not stored");
            }
            return go_on(running);
        }
    };
    let within = running.integration.limits.wall_live + MARGIN;
    match tokio::time::timeout(within, gateway.deliver(running, origin, "route", event)).await {
        Ok(Ok(LiveEnd::Answered(answer))) if !answer.forward_to.is_empty() || answer.card.is_some() => {
            (StatusCode::OK, Json(found(running, &answer))).into_response()
        }
        _ => go_on(running),
    }
}

/// The answer that forwards the call: `phones`, in order [DOC:interactive_call_processing]. `card` is our addition `[inferred]`: UIS ignores
/// members that it does not know.
fn found(running: &Running, answer: &CheckedAnswer) -> Value {
    let mut body = match answer.forward_to.is_empty() {
        true => running.route_fallback.clone().unwrap_or_else(|| json!({})),
        false => json!({ "phones": answer.forward_to }),
    };
    if let (Some(card), Some(members)) = (&answer.card, body.as_object_mut()) {
        members.insert("card".into(), json!(card));
    }
    body
}

/// The answer that lets the scenario go on: what the owner configured, such as `{"returned_code": 2}`; else an empty object, which leads to
/// the operation that is linked in the scenario.
fn go_on(running: &Running) -> Response {
    let body = running.route_fallback.clone().unwrap_or_else(|| json!({}));
    (StatusCode::OK, Json(body)).into_response()
}
