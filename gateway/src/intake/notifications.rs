//! UIS's notifications. A kept event is on disk before the answer 200. A body that cannot be read, or whose type is unknown, is stored as a
//! dead letter and answered with 200 too: sent again it would be the same. So is what is from before an erasure of its customer, which is not
//! stored.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use uis_host::event::Event;
use uis_host::notification;

use super::{deliver_all, not_stored};
use crate::requests::{Kind, Raw, why_unreadable};
use crate::service::{Gateway, Running};

/// Accepts a notification.
pub async fn accept(gateway: &Gateway, running: &Running, kind: Option<&str>, raw: Raw) -> Response {
    let received = gateway.now();
    let read = raw.notification(kind, running.zone, received);
    let what = match &read {
        Ok((what, _)) => what.clone(),
        Err(_) => kind.unwrap_or("notification").to_owned(),
    };
    metrics::counter!("uis_gateway_notifications_total", "type" => known_type(&what)).increment(1);
    let read = match read {
        Ok((what, events)) => {
            let (count, events) = (events.len(), without_erased(running, events));
            if events.is_empty() && count > 0 {
                return StatusCode::OK.into_response();
            }
            Ok((what, events))
        }
        unreadable => unreadable,
    };
    let origin = gateway.received(running, Kind::Notification, &what, raw);
    let accepted = match read {
        Ok((what, events)) => {
            let events = completed(running, events).await;
            deliver_all(gateway, running, origin, &what, events).await
        }
        Err(unreadable) => gateway.reject(running, origin, &why_unreadable(&unreadable)).await,
    };
    match accepted {
        Ok(()) => StatusCode::OK.into_response(),
        Err(why) => not_stored(&why),
    }
}

/// Leaves out events from before an erasure of their customer: a recording, tags or a repetition that comes late. Nothing of them is stored.
fn without_erased(running: &Running, mut events: Vec<Event>) -> Vec<Event> {
    let count = events.len();
    events.retain(|event| !running.guard.forbids(event));
    if events.len() < count {
        let integration = &running.integration.name;
        tracing::info!(integration, events = count - events.len(), "what came late of an erased person was not accepted");
        metrics::counter!("uis_gateway_erased_refused_total").increment((count - events.len()) as u64);
    }
    events
}

/// Marks calls as internal whose contact is an extension of the account: a notification whose template lacks `is_internal` does not say so.
async fn completed(running: &Running, mut events: Vec<Event>) -> Vec<Event> {
    for event in &mut events {
        if let Some(number) = event.call().and_then(|call| call.contact.as_ref())
            && running.integration.account.directory.is_extension(&number.digits).await
        {
            event.set_internal();
        }
    }
    events
}

/// The type as a label of a metric: anybody who knows the secret may write anything into the address.
fn known_type(what: &str) -> &'static str {
    notification::MNEMONICS.into_iter().find(|known| *known == what).unwrap_or("unknown")
}
