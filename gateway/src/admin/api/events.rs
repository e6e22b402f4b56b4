//! Finding an event and putting it right.

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, Request, State};
use axum::response::Response;
use axum::routing::{get, post};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Admin, Shared, answer, body, query, refused};
use crate::admin::openapi::Page;
use crate::control::{DeadLetterView, Edit, EventDetail, EventPage, EventQuery, IntegrationView, Reasons, RedriveReport, RedriveRequest};

/// The requests.
pub fn routes() -> Router<Arc<Admin>> {
    Router::new()
        .route("/v1/events", get(events))
        .route("/v1/events/{id}", get(event))
        .route("/v1/dead-letters/reasons", get(reasons))
        .route("/v1/dead-letters/redrive", post(redrive_all))
        .route("/v1/dead-letters/{id}/edit", post(edit))
        .route("/v1/integrations/{name}/pause", post(pause))
        .route("/v1/integrations/{name}/resume", post(resume))
}

/// Their description.
pub fn describe(page: &mut Page) {
    page.get("/v1/events", "Events and requests that could not be read, newest first").queried::<EventQuery>().gives::<EventPage>();
    page.get("/v1/events/{id}", "One event with everything that is stored about it").queried::<How>().gives::<EventDetail>();
    page.get("/v1/dead-letters/reasons", "Dead letters by their reasons").queried::<EventQuery>().gives::<Reasons>();
    page.post("/v1/dead-letters/redrive", "Puts dead letters back, or counts them").takes::<RedriveRequest>().gives::<RedriveReport>();
    page.post("/v1/dead-letters/{id}/edit", "Replaces the body of a dead letter").takes::<Edit>().gives::<DeadLetterView>();
    page.post("/v1/integrations/{name}/pause", "Pauses an integration").gives::<IntegrationView>();
    page.post("/v1/integrations/{name}/resume", "Ends an administrator's pause").gives::<IntegrationView>();
}

async fn events(State(admin): Shared, asked: Result<Query<EventQuery>, QueryRejection>) -> Response {
    match query(asked) {
        Ok(query) => answer(admin.control.events(query).await),
        Err(error) => refused(error),
    }
}

/// How an event is shown.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct How {
    /// Shows personal data. It is noted in the audit log.
    #[serde(default)]
    reveal: bool,
}

async fn event(State(admin): Shared, Path(id): Path<String>, how: Result<Query<How>, QueryRejection>) -> Response {
    match query(how) {
        Ok(how) => answer(admin.control.event(&id, how.reveal).await),
        Err(error) => refused(error),
    }
}

async fn reasons(State(admin): Shared, asked: Result<Query<EventQuery>, QueryRejection>) -> Response {
    match query(asked) {
        Ok(query) => answer(admin.control.reasons(query).await),
        Err(error) => refused(error),
    }
}

async fn redrive_all(State(admin): Shared, request: Request) -> Response {
    match body::<RedriveRequest>(request.into_body()).await {
        Ok(which) => answer(admin.control.redrive_all(which).await),
        Err(response) => response,
    }
}

async fn edit(State(admin): Shared, Path(id): Path<String>, request: Request) -> Response {
    match body::<Edit>(request.into_body()).await {
        Ok(edit) => answer(admin.control.edit(&id, edit).await),
        Err(response) => response,
    }
}

async fn pause(State(admin): Shared, Path(name): Path<String>) -> Response {
    answer(admin.control.pause(&name).await)
}

async fn resume(State(admin): Shared, Path(name): Path<String>) -> Response {
    answer(admin.control.resume(&name).await)
}
