//! The administrator's requests.

use std::sync::Arc;

use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

use super::Failed;
use crate::control::{Change, Control, ControlError, NewIntegration};

/// Most bytes of a request: settings with large tables.
const BODY_BYTES: usize = 4 << 20;
/// Dead letters that are listed without a limit.
const DEAD_LETTERS: usize = 100;

/// Renders the metrics.
pub type Metrics = Arc<dyn Fn() -> String + Send + Sync>;

type Shared = State<Arc<dyn Control>>;

/// The administrator's requests, without the check of who asks.
pub fn router(control: Arc<dyn Control>, metrics: Metrics) -> Router {
    Router::new()
        .route("/v1/status", get(async |State(control): Shared| answer(control.status().await)))
        .route("/v1/integrations", get(async |State(control): Shared| answer(control.list().await)).post(add))
        .route("/v1/integrations/{name}", patch(set))
        .route(
            "/v1/integrations/{name}/activate",
            post(async |State(control): Shared, Path(name): Path<String>| answer(control.activate(&name).await)),
        )
        .route(
            "/v1/integrations/{name}/deactivate",
            post(async |State(control): Shared, Path(name): Path<String>| answer(control.deactivate(&name).await)),
        )
        .route(
            "/v1/integrations/{name}/rotate-secret",
            post(async |State(control): Shared, Path(name): Path<String>| answer(control.rotate_secret(&name).await)),
        )
        .route(
            "/v1/integrations/{name}/addresses",
            get(async |State(control): Shared, Path(name): Path<String>| answer(control.addresses(&name).await)),
        )
        .route("/v1/integrations/{name}/actions/{action}", post(action))
        .route("/v1/dead-letters", get(dead_letters))
        .route(
            "/v1/dead-letters/{id}/redrive",
            post(async |State(control): Shared, Path(id): Path<String>| answer(control.redrive(&id).await)),
        )
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .with_state(control)
        .route("/metrics", get(async move || metrics()))
        .fallback(async || StatusCode::NOT_FOUND)
}

fn answer<T: Serialize>(result: Result<T, ControlError>) -> Response {
    match result {
        Ok(value) => Json(value).into_response(),
        Err(error) => {
            let status = match &error {
                ControlError::Unknown(_) => StatusCode::NOT_FOUND,
                ControlError::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
                ControlError::Failed(_) => StatusCode::SERVICE_UNAVAILABLE,
            };
            (status, Json(Failed { error })).into_response()
        }
    }
}

/// A body, or what is wrong with it. The message names the member and never quotes a value, which may be a secret.
fn body<T>(body: Result<Json<T>, JsonRejection>) -> Result<T, ControlError> {
    body.map(|Json(body)| body).map_err(|rejection| ControlError::Invalid(vec![rejection.body_text()]))
}

async fn add(State(control): Shared, new: Result<Json<NewIntegration>, JsonRejection>) -> Response {
    match body(new) {
        Ok(new) => answer(control.add(new).await),
        Err(error) => answer::<()>(Err(error)),
    }
}

async fn set(State(control): Shared, Path(name): Path<String>, change: Result<Json<Change>, JsonRejection>) -> Response {
    match body(change) {
        Ok(change) => answer(control.set(&name, change).await),
        Err(error) => answer::<()>(Err(error)),
    }
}

async fn action(State(control): Shared, Path((name, action)): Path<(String, String)>) -> Response {
    answer(control.action(&name, &action).await)
}

/// Which dead letters are listed.
#[derive(Deserialize)]
struct Wanted {
    #[serde(default)]
    integration: Option<String>,
    #[serde(default)]
    limit: Option<usize>,
}

async fn dead_letters(State(control): Shared, Query(wanted): Query<Wanted>) -> Response {
    answer(control.dead_letters(wanted.integration.as_deref(), wanted.limit.unwrap_or(DEAD_LETTERS)).await)
}
