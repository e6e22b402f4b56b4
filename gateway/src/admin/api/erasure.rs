//! Erasing a person.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::post;

use super::{Admin, Shared, answer, body};
use crate::admin::openapi::Page;
use crate::audit;
use crate::control::ControlError;
use crate::control::erasure::{ErasureView, WhomToErase};

/// The requests.
pub(super) fn routes() -> Router<Arc<Admin>> {
    Router::new().route("/v1/erasures/preview", post(preview)).route("/v1/erasures", post(erase))
}

/// Their description.
pub(super) fn describe(page: &mut Page) {
    page.post("/v1/erasures/preview", "What would be deleted of a person").takes::<WhomToErase>().gives::<ErasureView>();
    page.post("/v1/erasures", "Deletes what is stored of a person").takes::<WhomToErase>().gives::<ErasureView>();
}

async fn preview(State(admin): Shared, request: Request) -> Response {
    match body::<WhomToErase>(request.into_body()).await {
        Ok(whom) => answer(admin.control.find_person(&whom).await),
        Err(response) => response,
    }
}

async fn erase(State(admin): Shared, request: Request) -> Response {
    let whom = match body::<WhomToErase>(request.into_body()).await {
        Ok(whom) => whom,
        Err(response) => return response,
    };
    // In a task of its own: whoever asked may stop waiting, and half an erasure helps nobody.
    let erasing = tokio::spawn(audit::by(audit::actor(), async move { admin.control.erase(&whom).await }));
    answer::<ErasureView>(erasing.await.unwrap_or_else(|error| Err(ControlError::Failed(error.to_string()))))
}
