//! HTTP in: UIS's notifications, the scenario's routing request, requests of the CRM, the plugin's files, health.
//!
//! | address, behind the path of `public-url` | what |
//! |---|---|
//! | `/{integration}/notify/{secret}/{type}` | a notification of UIS of this type, GET or POST |
//! | `/{integration}/notify/{secret}` | the same; the type is the parameter `notification_mnemonic` |
//! | `/{integration}/route/{secret}` | the routing request of a call scenario, GET or POST |
//! | `/{integration}/{callback}`, `/{integration}/{callback}/{secret}` | a request of the CRM to one of the plugin's callbacks |
//! | `/{integration}/asset/{path}` | a file of the plugin |
//! | `/healthz`, `/readyz` | liveness; readiness: 200 while events are accepted |
//!
//! Everything else is 404 without detail: an integration that does not exist, a wrong secret and a wrong method look the same.
//!
//! | file | what |
//! |---|---|
//! | [`server`] | connections: limits of number, time and size |
//! | [`request`] | reading a request within the limits |
//! | [`notifications`] | UIS's notifications |
//! | [`route`] | the scenario's routing request and its answer |
//! | [`callbacks`] | the CRM's requests |

pub mod callbacks;
pub mod notifications;
pub mod request;
pub mod route;
pub mod server;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use uis_host::assets;
use uis_host::event::Event;
use uis_host::services::EventScope;

use crate::service::{Gateway, NotAccepted, Running};
use request::{Refusal, Steps};

/// The answer to everything that is not served.
fn not_found() -> Response {
    StatusCode::NOT_FOUND.into_response()
}

/// All addresses, behind a path prefix such as `/uis` (empty: none).
pub fn router(gateway: Arc<Gateway>, prefix: &str) -> Router {
    let served = Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/{integration}/notify/{secret}", any(notify_untyped))
        .route("/{integration}/notify/{secret}/{kind}", any(notify_typed))
        .route("/{integration}/route/{secret}", any(routed))
        .route("/{integration}/asset/{*path}", any(asset))
        .route("/{integration}/{callback}", any(callback))
        .route("/{integration}/{callback}/{secret}", any(callback_with_secret))
        .fallback(async || not_found())
        .method_not_allowed_fallback(async || not_found())
        .with_state(gateway);
    match prefix.trim_end_matches('/') {
        "" => served,
        prefix => Router::new().nest(prefix, served).fallback(async || not_found()),
    }
}

async fn ready(State(gateway): State<Arc<Gateway>>) -> Response {
    match gateway.ready() {
        Ok(()) => (StatusCode::OK, "ready\n").into_response(),
        // The reason is in the log and in `uis-gateway status`; strangers may ask here.
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "not ready\n").into_response(),
    }
}

/// The integration of a request whose secret is right and that keeps the limit of requests; otherwise the answer.
fn admitted(gateway: &Gateway, name: &str, secret: &str) -> Result<Arc<Running>, Refusal> {
    // An unknown integration compares with a secret too, so that both take the same time.
    let running = gateway.running(name);
    let secrets = running.as_deref().map_or(gateway.nobody(), |running| &running.secrets);
    let right = secrets.admits(secret, gateway.now());
    let Some(running) = running.filter(|_| right) else {
        return Err(Refusal::counted(StatusCode::NOT_FOUND, "unknown"));
    };
    limited(&running).map(|()| running)
}

/// Takes one request of the integration's limit.
fn limited(running: &Running) -> Result<(), Refusal> {
    match running.limiter.check() {
        Ok(()) => Ok(()),
        Err(_) => Err(Refusal { retry_after: Some(1), ..Refusal::counted(StatusCode::TOO_MANY_REQUESTS, "rate") }),
    }
}

async fn notify_untyped(gateway: State<Arc<Gateway>>, Steps((name, secret)): Steps<(String, String)>, request: Request) -> Response {
    notify(&gateway, &name, &secret, None, request).await
}

async fn notify_typed(
    gateway: State<Arc<Gateway>>,
    Steps((name, secret, kind)): Steps<(String, String, String)>,
    request: Request,
) -> Response {
    notify(&gateway, &name, &secret, Some(&kind), request).await
}

async fn notify(gateway: &Arc<Gateway>, name: &str, secret: &str, kind: Option<&str>, request: Request) -> Response {
    let running = match admitted(gateway, name, secret) {
        Ok(running) => running,
        Err(refused) => return refused.into_response(),
    };
    match request::read(request, &gateway.limits()).await {
        Ok(Some(raw)) => notifications::accept(gateway, &running, kind, raw).await,
        Ok(None) => not_found(),
        Err(refused) => refused.into_response(),
    }
}

async fn routed(State(gateway): State<Arc<Gateway>>, Steps((name, secret)): Steps<(String, String)>, request: Request) -> Response {
    let running = match admitted(&gateway, &name, &secret) {
        Ok(running) => running,
        Err(refused) => return refused.into_response(),
    };
    match request::read(request, &gateway.limits()).await {
        Ok(Some(raw)) => route::answer(&gateway, &running, raw).await,
        Ok(None) => not_found(),
        Err(refused) => refused.into_response(),
    }
}

async fn callback(gateway: State<Arc<Gateway>>, Steps((name, callback)): Steps<(String, String)>, request: Request) -> Response {
    callbacks::accept(&gateway, &name, &callback, None, request).await
}

async fn callback_with_secret(
    gateway: State<Arc<Gateway>>,
    Steps((name, callback, secret)): Steps<(String, String, String)>,
    request: Request,
) -> Response {
    callbacks::accept(&gateway, &name, &callback, Some(&secret), request).await
}

async fn asset(State(gateway): State<Arc<Gateway>>, Steps((name, path)): Steps<(String, String)>, request: Request) -> Response {
    let get = matches!(*request.method(), http::Method::GET | http::Method::HEAD);
    let Some(running) = gateway.running(&name).filter(|_| get && assets::is_path(&path)) else { return not_found() };
    if let Err(refused) = limited(&running) {
        return refused.into_response();
    }
    let wall = running.integration.limits.wall_live;
    let scope = EventScope::new(running.integration.clone(), uis_host::ports::Origin(0), std::time::Instant::now() + wall);
    match gateway.plugin().asset(scope, &path).await {
        Ok(None) => not_found(),
        Ok(file) => assets::answer(&running.integration, file).map(axum::body::Body::from),
        Err(fault) => {
            tracing::warn!(integration = name, path, %fault, "the plugin gave no file");
            StatusCode::BAD_GATEWAY.into_response()
        }
    }
}

/// Delivers events one after the other. Ends with the first that was not accepted, so that its sender sends all of them again.
async fn deliver_all(gateway: &Gateway, running: &Running, origin: u64, what: &str, events: Vec<Event>) -> Result<(), NotAccepted> {
    for event in events {
        gateway.deliver(running, origin, what, event).await?;
    }
    Ok(())
}

/// The answer while events cannot be stored. A sender that tries again loses nothing.
fn not_stored(why: &NotAccepted) -> Response {
    tracing::error!(%why, "a request was not accepted");
    Refusal { retry_after: Some(5), ..Refusal::counted(StatusCode::SERVICE_UNAVAILABLE, "not stored") }.into_response()
}
