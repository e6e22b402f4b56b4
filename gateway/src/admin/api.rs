//! The requests of the administrator's listener.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Path, Query, Request, State};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post};
use axum::{Json, Router};
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};

use super::wire::{self, Addresses, DeadLetters, ErrorBody, Findings, Integrations};
use crate::control::{Change, Control, ControlError, NewIntegration};

/// Most bytes of a body: settings with long templates are a few hundred kilobytes.
const BODY_BYTES: usize = 1 << 20;
/// The time in which a body must arrive.
const BODY_TIME: Duration = Duration::from_secs(20);
/// The time in which a request is answered. The check of a connection waits for the CRM, at most a minute.
const ANSWER_TIME: Duration = Duration::from_secs(120);
/// Dead letters of an answer, unless the request says how many.
const DEAD_LETTERS: usize = 100;
/// Most dead letters of an answer.
const MOST_DEAD_LETTERS: usize = 1000;

/// Renders metrics as text.
pub type Metrics = Arc<dyn Fn() -> String + Send + Sync>;

struct Admin {
    control: Arc<dyn Control>,
    metrics: Metrics,
}

type Shared = State<Arc<Admin>>;

/// All requests, without a check of who asks.
pub fn router(control: Arc<dyn Control>, metrics: Metrics) -> Router {
    Router::new()
        .route("/metrics", get(render))
        .route("/v1/status", get(async |State(admin): Shared| answer(admin.control.status().await)))
        .route("/v1/check", post(check_gateway))
        .route("/v1/integrations", get(list).post(add))
        .route("/v1/integrations/{name}", patch(set))
        .route("/v1/integrations/{name}/activate", post(activate))
        .route("/v1/integrations/{name}/deactivate", post(deactivate))
        .route("/v1/integrations/{name}/rotate-secret", post(rotate))
        .route("/v1/integrations/{name}/actions/{action}", post(act))
        .route("/v1/integrations/{name}/check", post(check))
        .route("/v1/integrations/{name}/addresses", get(addresses))
        .route("/v1/dead-letters", get(dead_letters))
        .route("/v1/dead-letters/{id}/redrive", post(redrive))
        .fallback(async |request: Request| refused(ControlError::Unknown(format!("there is no {}", request.uri().path()))))
        .method_not_allowed_fallback(async |request: Request| {
            let why = format!("{} has no {}", request.uri().path(), request.method());
            (StatusCode::METHOD_NOT_ALLOWED, Json(wire::failure(ControlError::Invalid(vec![why])).1)).into_response()
        })
        .layer(from_fn(in_time))
        .with_state(Arc::new(Admin { control, metrics }))
}

/// Gives up a request that takes too long.
async fn in_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(ANSWER_TIME, next.run(request)).await {
        Ok(response) => response,
        Err(_) => refused(ControlError::Failed(format!("the request was given up after {} seconds", ANSWER_TIME.as_secs()))),
    }
}

async fn render(State(admin): Shared) -> Response {
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    ([(header::CONTENT_TYPE, kind)], (admin.metrics)()).into_response()
}

async fn list(State(admin): Shared) -> Response {
    answer(admin.control.list().await.map(|integrations| Integrations { integrations }))
}

async fn add(State(admin): Shared, request: Request) -> Response {
    match body::<NewIntegration>(request.into_body()).await {
        Ok(new) => answer(admin.control.add(new).await),
        Err(response) => response,
    }
}

async fn set(State(admin): Shared, Path(name): Path<String>, request: Request) -> Response {
    match body::<Change>(request.into_body()).await {
        Ok(change) => answer(admin.control.set(&name, change).await),
        Err(response) => response,
    }
}

async fn activate(State(admin): Shared, Path(name): Path<String>) -> Response {
    answer(admin.control.activate(&name).await)
}

async fn deactivate(State(admin): Shared, Path(name): Path<String>) -> Response {
    answer(admin.control.deactivate(&name).await)
}

async fn rotate(State(admin): Shared, Path(name): Path<String>) -> Response {
    answer(admin.control.rotate_secret(&name).await)
}

async fn act(State(admin): Shared, Path((name, action)): Path<(String, String)>) -> Response {
    answer(admin.control.action(&name, &action).await)
}

async fn check_gateway(State(admin): Shared) -> Response {
    answer(admin.control.check_gateway().await.map(|findings| Findings { findings }))
}

async fn check(State(admin): Shared, Path(name): Path<String>) -> Response {
    answer(admin.control.check(&name).await.map(|findings| Findings { findings }))
}

async fn addresses(State(admin): Shared, Path(name): Path<String>) -> Response {
    answer(admin.control.addresses(&name).await.map(|addresses| Addresses { addresses }))
}

/// Which dead letters.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    integration: Option<String>,
    limit: Option<usize>,
}

async fn dead_letters(State(admin): Shared, which: Result<Query<Which>, axum::extract::rejection::QueryRejection>) -> Response {
    let Query(which) = match which {
        Ok(which) => which,
        Err(error) => return refused(ControlError::Invalid(vec![error.body_text()])),
    };
    let limit = which.limit.unwrap_or(DEAD_LETTERS);
    if limit == 0 || limit > MOST_DEAD_LETTERS {
        return refused(ControlError::Invalid(vec![format!("limit: {limit} is not from 1 to {MOST_DEAD_LETTERS}")]));
    }
    let found = admin.control.dead_letters(which.integration.as_deref(), limit).await;
    answer(found.map(|dead_letters| DeadLetters { dead_letters }))
}

async fn redrive(State(admin): Shared, Path(id): Path<String>) -> Response {
    answer(admin.control.redrive(&id).await)
}

fn answer<T: Serialize>(result: Result<T, ControlError>) -> Response {
    match result {
        Ok(value) => Json(value).into_response(),
        Err(error) => refused(error),
    }
}

fn refused(error: ControlError) -> Response {
    let (status, body) = wire::failure(error);
    (status, Json::<ErrorBody>(body)).into_response()
}

/// Reads a body within its size and time.
async fn body<T: for<'de> Deserialize<'de>>(body: Body) -> Result<T, Response> {
    let with = |status, why: String| (status, Json(wire::failure(ControlError::Invalid(vec![why])).1)).into_response();
    match tokio::time::timeout(BODY_TIME, to_bytes(body, BODY_BYTES)).await {
        Ok(Ok(bytes)) => wire::read(&bytes).map_err(refused),
        Ok(Err(_)) => Err(with(StatusCode::PAYLOAD_TOO_LARGE, format!("the body is incomplete or larger than {BODY_BYTES} bytes"))),
        Err(_) => Err(with(StatusCode::REQUEST_TIMEOUT, format!("the body did not arrive within {} seconds", BODY_TIME.as_secs()))),
    }
}
