//! The requests of the administrator's listener.

pub mod audit;
mod erasure;
pub mod events;
mod export;
mod operations;
mod storage;

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, Request, State};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post};
use axum::{Json, Router};
use http::{HeaderValue, StatusCode, header};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::openapi::Page;
use super::wire::{self, Addresses, DeadLetters, ErrorBody, Findings, Integrations};
use crate::control::{Change, Control, ControlError, DeadLetterView, IntegrationView, NewIntegration, Status};

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

/// What requests are answered with.
pub struct Admin {
    control: Arc<dyn Control>,
    metrics: Metrics,
}

/// What every request is given.
pub type Shared = State<Arc<Admin>>;

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
        .route("/v1/openapi.json", get(async || Json(openapi()).into_response()))
        .merge(audit::routes())
        .merge(erasure::routes())
        .merge(events::routes())
        .merge(export::routes())
        .merge(operations::routes())
        .merge(storage::routes())
        .fallback(async |request: Request| refused(ControlError::Unknown(format!("there is no {}", request.uri().path()))))
        .method_not_allowed_fallback(async |request: Request| {
            let why = format!("{} has no {}", request.uri().path(), request.method());
            (StatusCode::METHOD_NOT_ALLOWED, Json(wire::failure(ControlError::Invalid(vec![why])).1)).into_response()
        })
        .layer(from_fn(in_time))
        .with_state(Arc::new(Admin { control, metrics }))
}

/// The description of all requests.
pub fn openapi() -> serde_json::Value {
    let mut page = Page::new();
    page.get("/metrics", "Metrics in Prometheus' text format").gives_text("text/plain");
    page.get("/v1/openapi.json", "This description").gives::<serde_json::Value>();
    page.get("/v1/status", "The gateway as a whole").gives::<Status>();
    page.post("/v1/check", "Checks what all integrations share").gives::<Findings>();
    page.get("/v1/integrations", "All integrations, by name").gives::<Integrations>();
    page.post("/v1/integrations", "Adds an integration, which is inactive").takes::<NewIntegration>().gives::<IntegrationView>();
    page.patch("/v1/integrations/{name}", "Changes an integration; absent members stay").takes::<Change>().gives::<IntegrationView>();
    page.post("/v1/integrations/{name}/activate", "Switches an integration on").gives::<IntegrationView>();
    page.post("/v1/integrations/{name}/deactivate", "Switches an integration off").gives::<IntegrationView>();
    page.post("/v1/integrations/{name}/rotate-secret", "Makes a new secret; the old one is accepted for a day").gives::<IntegrationView>();
    page.post("/v1/integrations/{name}/actions/{action}", "Runs an action of the plugin").gives::<IntegrationView>();
    page.post("/v1/integrations/{name}/check", "Checks an integration: both accounts are asked").gives::<Findings>();
    page.get("/v1/integrations/{name}/addresses", "The addresses to enter; they contain the secret").gives::<Addresses>();
    page.get("/v1/dead-letters", "Dead letters, oldest first").queried::<Which>().gives::<DeadLetters>();
    page.post("/v1/dead-letters/{id}/redrive", "Puts a dead letter back to the end of its lane").gives::<DeadLetterView>();
    audit::describe(&mut page);
    erasure::describe(&mut page);
    events::describe(&mut page);
    export::describe(&mut page);
    operations::describe(&mut page);
    storage::describe(&mut page);
    page.finish()
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
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Which {
    /// Only of this integration.
    integration: Option<String>,
    /// At most so many: 1 to 1000, and 100 unless given.
    limit: Option<usize>,
}

/// The query of a request; the error says what is wrong in it.
fn query<T>(query: Result<Query<T>, QueryRejection>) -> Result<T, ControlError> {
    query.map(|Query(query)| query).map_err(|error| ControlError::Invalid(vec![error.body_text()]))
}

async fn dead_letters(State(admin): Shared, which: Result<Query<Which>, QueryRejection>) -> Response {
    let which = match query(which) {
        Ok(which) => which,
        Err(error) => return refused(error),
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

/// An answer, or an error with its status.
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
