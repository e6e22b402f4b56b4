//! The routes. Every one goes the same way: faults, key, then the area's function with the account locked.

mod customers;
mod general;
mod modules;
mod orders;
mod reference;
mod telephony;
mod users;

use axum::Router;
use axum::extract::{RawPathParams, Request, State as Shared};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use chrono::{DateTime, Utc};
use http::StatusCode;

use crate::Simulator;
use crate::faults::{self, Fault, Reset};
use crate::state::State;
use crate::wire::{ApiError, ApiResult, Call};

/// What a route works with.
pub(crate) struct Context<'a> {
    /// The account.
    pub state: &'a mut State,
    /// The request.
    pub call: &'a Call,
    /// Parts of the path by their names.
    pub path: Vec<(String, String)>,
    /// The present.
    pub now: DateTime<Utc>,
}

impl Context<'_> {
    /// A part of the path.
    pub fn part(&self, name: &str) -> &str {
        self.path.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}

type Route = fn(&mut Context<'_>) -> ApiResult;

/// Reads a request, checks its key, and hands it to an area's function.
async fn handle(route: Route, simulator: Simulator, path: RawPathParams, request: Request) -> Response {
    let call = match Call::read(request).await {
        Ok(call) => call,
        Err(error) => return error.into_response(),
    };
    let path = path.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let now = simulator.now();
    let mut state = simulator.state();
    let answer = authorise(&state, &call).and_then(|()| route(&mut Context { state: &mut state, call: &call, path, now }));
    answer.into_response()
}

fn authorise(state: &State, call: &Call) -> Result<(), ApiError> {
    match &call.key {
        None => Err(ApiError::new(StatusCode::FORBIDDEN, "\"apiKey\" is missing.")),
        Some(key) if *key != state.account.api_key => Err(ApiError::new(StatusCode::FORBIDDEN, "Wrong \"apiKey\" value.")),
        Some(_) => Ok(()),
    }
}

fn read(function: Route) -> MethodRouter<Simulator> {
    get(move |Shared(simulator), path, request| handle(function, simulator, path, request))
}

fn write(function: Route) -> MethodRouter<Simulator> {
    post(move |Shared(simulator), path, request| handle(function, simulator, path, request))
}

/// The server of an account.
pub fn router(simulator: Simulator) -> Router {
    let v5 = Router::new()
        .route("/settings", read(general::settings))
        .route("/telephony/call/event", write(telephony::call_event))
        .route("/telephony/calls/upload", write(telephony::calls_upload))
        .route("/telephony/manager", read(telephony::manager))
        .route("/integration-modules/{code}", read(modules::get))
        .route("/integration-modules/{code}/edit", write(modules::edit))
        .route("/users", read(users::list))
        .route("/users/{id}", read(users::get))
        .route("/reference/sites", read(reference::sites))
        .route("/reference/statuses", read(reference::statuses))
        .route("/reference/status-groups", read(reference::status_groups))
        .route("/reference/order-types", read(reference::order_types))
        .route("/reference/order-methods", read(reference::order_methods))
        .route("/customers", read(customers::list))
        .route("/customers/notes", read(customers::notes))
        .route("/customers/notes/create", write(customers::create_note))
        .route("/customers/notes/{id}/delete", write(customers::delete_note))
        .route("/customers/{id}", read(customers::get))
        .route("/orders", read(orders::list))
        .route("/orders/{id}", read(orders::get));
    Router::new()
        .route("/api/credentials", read(general::credentials))
        .route("/api/api-versions", read(general::api_versions))
        .route("/api/system-info", read(general::system_info))
        .nest("/api/v5", v5)
        .fallback(async || ApiError::new(StatusCode::NOT_FOUND, "API method not found"))
        .method_not_allowed_fallback(async || ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed"))
        .layer(middleware::from_fn_with_state(simulator.clone(), misbehave))
        .with_state(simulator)
}

async fn misbehave(Shared(simulator): Shared<Simulator>, request: Request, next: Next) -> Response {
    let fault = simulator.faults().next(request.method().as_str(), request.uri().path());
    match fault {
        None => next.run(request).await,
        Some(Fault::Answer { status, content_type, body }) => faults::answer(status, &content_type, body),
        Some(Fault::Reset(Reset::BeforeCommit)) => faults::reset(),
        Some(Fault::Reset(Reset::AfterCommit)) => {
            next.run(request).await;
            faults::reset()
        }
    }
}
