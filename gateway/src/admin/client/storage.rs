//! Requests about the store's file.

use std::time::Duration;

use futures_util::FutureExt;
use http::Method;

use super::Client;
use crate::admin::wire::{self, BackupState};
use crate::control::storage::{BackupView, NewBackup, Storage};
use crate::control::{Answer, ControlError};

/// How long to wait between two questions whether a backup is complete.
const PAUSE: Duration = Duration::from_millis(200);

impl Storage for Client {
    fn backup(&self, new: NewBackup) -> Answer<'_, BackupView> {
        async move {
            let body = serde_json::to_value(&new)
                .map_err(|_| ControlError::Invalid(vec![format!("{}: the path is not UTF-8", new.path.display())]))?;
            let mut state: BackupState = self.send(Method::POST, "/v1/backup", Some(body)).await?;
            while state.running {
                tokio::time::sleep(PAUSE).await;
                state = self.get("/v1/backup").await?;
            }
            match (state.backup, state.error) {
                (Some(backup), _) => Ok(backup),
                (None, Some(error)) => Err(wire::read_error(error)),
                (None, None) => Err(ControlError::Failed("the gateway was started again before the backup was complete".to_owned())),
            }
        }
        .boxed()
    }
}
