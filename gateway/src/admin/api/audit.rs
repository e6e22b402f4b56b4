//! The audit log.

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::{get, post};

use super::{Admin, Shared, answer, query, refused};
use crate::admin::openapi::Page;
use crate::admin::wire::Noted;
use crate::control::{AuditLogQuery, AuditPage};

/// The requests.
pub fn routes() -> Router<Arc<Admin>> {
    Router::new()
        .route("/v1/audit", get(log))
        .route("/v1/audit/tokens/{name}/added", post(added))
        .route("/v1/audit/tokens/{name}/removed", post(removed))
}

/// Their description.
pub fn describe(page: &mut Page) {
    page.get("/v1/audit", "The audit log, newest first").queried::<AuditLogQuery>().gives::<AuditPage>();
    page.post("/v1/audit/tokens/{name}/added", "Notes that a token was added").gives::<Noted>();
    page.post("/v1/audit/tokens/{name}/removed", "Notes that a token was removed").gives::<Noted>();
}

async fn log(State(admin): Shared, asked: Result<Query<AuditLogQuery>, QueryRejection>) -> Response {
    match query(asked) {
        Ok(query) => answer(admin.control.audit_log(query).await),
        Err(error) => refused(error),
    }
}

async fn added(State(admin): Shared, Path(name): Path<String>) -> Response {
    answer(admin.control.token_changed(&name, true).await.map(|()| Noted { noted: true }))
}

async fn removed(State(admin): Shared, Path(name): Path<String>) -> Response {
    answer(admin.control.token_changed(&name, false).await.map(|()| Noted { noted: true }))
}
