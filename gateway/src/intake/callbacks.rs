//! Requests of the CRM to the plugin's callbacks. The secret is in the path or in a parameter, as the plugin described the callback; it is
//! removed before anything is stored.

use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use uis_host::bindings::exports::uis::integration::orders::OrderWebhook;
use uis_host::bindings::exports::uis::integration::setup::{Callback, CallbackNeed, CallbackRole};
use uis_host::bindings::uis::integration::call_events::ClickToCall;
use uis_host::dispatch::LiveEnd;
use uis_host::endpoints::callback;
use uis_host::event::Event;

use super::request::Refusal;
use super::{admitted, limited, not_found, not_stored, request as reading};
use crate::requests::{Kind, Raw};
use crate::service::{Gateway, Running};

/// Accepts a request to a callback.
pub async fn accept(gateway: &Gateway, name: &str, callback: &str, secret: Option<&str>, request: Request) -> Response {
    let plugin = gateway.plugin();
    let needs = &plugin.description().callbacks;
    let Some(need) = needs.iter().find(|need| need.name == callback && need.secret_parameter.is_none() == secret.is_some()) else {
        return not_found();
    };
    if !need.methods.iter().any(|method| method == request.method().as_str()) {
        return not_found();
    }
    let admitted = match secret {
        Some(secret) => admitted(gateway, name, secret),
        // The parameter is compared below, once the body has been read: it may be there.
        None => gateway.running(name).ok_or(Refusal { status: StatusCode::NOT_FOUND, retry_after: None }),
    };
    let (running, raw) = match admitted {
        Ok(running) => match reading::read(request, &gateway.limits()).await {
            Ok(Some(raw)) => (running, raw),
            Ok(None) => return not_found(),
            Err(refused) => return refused.into_response(),
        },
        Err(refused) => return refused.into_response(),
    };
    let parameters = match parameters(gateway, &running, need, &raw) {
        Some(parameters) => parameters,
        None => {
            return Refusal::counted(StatusCode::NOT_FOUND, "unknown").into_response();
        }
    };
    if secret.is_none()
        && let Err(refused) = limited(&running)
    {
        return refused.into_response();
    }
    deliver(gateway, &running, need, parameters, raw).await
}

/// The parameters of query and form without the secret; none when the secret is wrong.
fn parameters(gateway: &Gateway, running: &Running, need: &CallbackNeed, raw: &Raw) -> Option<Vec<(String, String)>> {
    let mut all = callback::parameters(&raw.query);
    if raw.is_form() {
        all.extend(callback::parameters(&String::from_utf8_lossy(&raw.body)));
    }
    let Some(secret) = &need.secret_parameter else { return Some(all) };
    let shown = all.iter().find(|(name, _)| name == secret).map(|(_, value)| value.clone()).unwrap_or_default();
    if !running.admits(&shown, gateway.now()) {
        return None;
    }
    all.retain(|(name, _)| name != secret);
    Some(all)
}

async fn deliver(gateway: &Gateway, running: &Running, need: &CallbackNeed, parameters: Vec<(String, String)>, raw: Raw) -> Response {
    let at = gateway.now();
    let (method, content_type) = (raw.method.to_owned(), raw.content_type.clone());
    let body = if raw.is_form() { Vec::new() } else { raw.body.to_vec() };
    let what = match need.role {
        CallbackRole::MakeCall => "click-to-call",
        CallbackRole::OrderWebhook => "order-webhook",
        CallbackRole::Callback => "callback",
    };
    // Stored without the secret, which may stand in the query or in the form.
    let encoded = form_urlencoded::Serializer::new(String::new()).extend_pairs(&parameters).finish();
    let stored = match raw.is_form() {
        true => Raw { query: String::new(), body: Bytes::from(encoded), ..raw },
        false => Raw { query: encoded, ..raw },
    };
    let origin = gateway.received(running, Kind::Callback, &need.name, stored);
    let event = match need.role {
        CallbackRole::MakeCall => Event::ClickToCall(ClickToCall { parameters, at }),
        CallbackRole::OrderWebhook => Event::OrderWebhook(OrderWebhook { at, method, parameters, content_type, body }),
        CallbackRole::Callback => Event::Callback(Callback { name: need.name.clone(), at, method, parameters, content_type, body }),
    };
    match gateway.deliver(running, origin, what, event).await {
        Ok(LiveEnd::Kept | LiveEnd::Done | LiveEnd::Answered(_)) => StatusCode::OK.into_response(),
        // The CRM shows its user that the call was not started.
        Ok(LiveEnd::Failed | LiveEnd::Fault) => StatusCode::BAD_GATEWAY.into_response(),
        Ok(LiveEnd::Refused(why)) => (StatusCode::UNPROCESSABLE_ENTITY, why).into_response(),
        Ok(LiveEnd::Dropped) if need.role == CallbackRole::MakeCall => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        // An integration that is switched off wants no requests; nobody needs to send this one again.
        Ok(LiveEnd::Dropped) => StatusCode::OK.into_response(),
        Err(why) => not_stored(&why),
    }
}
