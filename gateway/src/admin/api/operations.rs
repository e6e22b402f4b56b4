//! Requests about running the gateway.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};

use super::{Admin, Shared, answer};
use crate::admin::openapi::Page;
use crate::admin::wire::{Rules, Versions};
use crate::control::{ReloadView, RuleView, VersionView};

/// The requests.
pub fn routes() -> Router<Arc<Admin>> {
    Router::new()
        .route("/v1/reload", post(async |State(admin): Shared| answer(admin.control.reload().await)))
        .route("/v1/versions", get(versions))
        .route("/v1/plugin/rollback", post(async |State(admin): Shared| answer(admin.control.rollback(None).await)))
        .route("/v1/rules", get(rules))
        .route("/v1/rules/{name}/rollback", post(roll_back))
        .route("/v1/rules/{name}/release", post(release))
        .route("/v1/rules/{name}/promote", post(promote))
}

/// Their description.
pub fn describe(page: &mut Page) {
    page.post("/v1/reload", "Reads the configuration again, and uses it if all of it can be used").gives::<ReloadView>();
    page.get("/v1/versions", "Versions of the plugin and the rules that were in use").gives::<Versions>();
    page.post("/v1/plugin/rollback", "Puts the plugin into use again that was in use before").gives::<VersionView>();
    page.get("/v1/rules", "The partners' rules").gives::<Rules>();
    page.post("/v1/rules/{name}/rollback", "Puts the version of a rule into use again that was in use before").gives::<VersionView>();
    page.post("/v1/rules/{name}/release", "Ends a rule's quarantine, or begins a trial anew that failed").gives::<RuleView>();
    page.post("/v1/rules/{name}/promote", "Puts the version of a rule that is tried into use at once").gives::<RuleView>();
}

async fn versions(State(admin): Shared) -> Response {
    answer(admin.control.versions().await.map(|versions| Versions { versions }))
}

async fn rules(State(admin): Shared) -> Response {
    answer(admin.control.rules().await.map(|rules| Rules { rules }))
}

async fn roll_back(State(admin): Shared, Path(name): Path<String>) -> Response {
    answer(admin.control.rollback(Some(&name)).await)
}

async fn release(State(admin): Shared, Path(name): Path<String>) -> Response {
    answer(admin.control.release_rule(&name).await)
}

async fn promote(State(admin): Shared, Path(name): Path<String>) -> Response {
    answer(admin.control.promote_rule(&name).await)
}
