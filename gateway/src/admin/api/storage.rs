//! Requests about the store's file.

use std::sync::{Arc, Mutex};

use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::post;
use axum::{Extension, Router};
use uis_host::sync::lock;

use super::{Admin, Shared, answer, body, refused};
use crate::admin::openapi::Page;
use crate::admin::wire::{self, BackupState};
use crate::audit;
use crate::control::{ControlError, storage::NewBackup};

/// The backup that is being written, or the last one. A large store takes longer than a request may.
type Job = Arc<Mutex<BackupState>>;

/// The requests.
pub fn routes() -> Router<Arc<Admin>> {
    Router::new().route("/v1/backup", post(begin).get(state)).layer(Extension(Job::default()))
}

/// Their description.
pub fn describe(page: &mut Page) {
    page.post("/v1/backup", "Begins a backup").takes::<NewBackup>().gives::<BackupState>();
    page.get("/v1/backup", "The backup that is being written, or the last one").gives::<BackupState>();
}

/// Begins a backup, unless one is being written.
async fn begin(State(admin): Shared, Extension(job): Extension<Job>, request: Request) -> Response {
    let new = match body::<NewBackup>(request.into_body()).await {
        Ok(new) => new,
        Err(response) => return response,
    };
    let begun = {
        let mut state = lock(&job);
        match *state {
            BackupState { running: true, .. } => None,
            _ => {
                *state = BackupState { running: true, ..BackupState::default() };
                Some(state.clone())
            }
        }
    };
    let Some(begun) = begun else {
        return refused(ControlError::Failed("another backup is being written; wait until it is complete".to_owned()));
    };
    tokio::spawn(audit::by(audit::actor(), async move {
        let end = admin.control.backup(new).await;
        let (backup, error) = match end {
            Ok(backup) => (Some(backup), None),
            Err(error) => (None, Some(wire::failure(error).1.error)),
        };
        *lock(&job) = BackupState { running: false, backup, error };
    }));
    answer(Ok(begun))
}

async fn state(Extension(job): Extension<Job>) -> Response {
    let state = lock(&job).clone();
    answer(Ok(state))
}
