//! Recordings from life.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::post;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Admin, Shared, answer};
use crate::admin::openapi::Page;
use crate::control::export::RecordingSubject;

/// The requests.
pub fn routes() -> Router<Arc<Admin>> {
    Router::new().route("/v1/integrations/{name}/recording-subject", post(subject))
}

/// Their description.
pub fn describe(page: &mut Page) {
    page.post("/v1/integrations/{name}/recording-subject", "What the header of a recording from life has; the audit log notes the export")
        .queried::<How>()
        .gives::<RecordingSubject>();
}

/// How the recording is made.
#[derive(Deserialize, JsonSchema)]
struct How {
    /// With personal data.
    #[serde(default)]
    plain: bool,
}

async fn subject(State(admin): Shared, Path(name): Path<String>, Query(how): Query<How>) -> Response {
    answer(admin.control.recording_subject(&name, how.plain).await)
}
