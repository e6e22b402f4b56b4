//! Reading beside the writer, which goes on meanwhile: lists and searches must hold up no event. What is read is what was committed when the
//! reading began.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};
use uis_host::ports::StoreError;

use super::SqliteStore;

/// How long rows are looked through: long enough for some hundred thousand, and not so long that anybody stops waiting.
pub const LOOKING: Duration = Duration::from_secs(5);

/// A connection that reads, for a limited time.
pub struct Reading {
    /// The connection. It cannot write.
    pub connection: Connection,
    until: Instant,
}

impl Reading {
    /// Opens a file for reading.
    pub fn open(path: &Path) -> rusqlite::Result<Reading> {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        connection.busy_timeout(LOOKING)?;
        Ok(Reading { connection, until: Instant::now() + LOOKING })
    }

    /// Whether the time is over.
    pub fn is_over(&self) -> bool {
        Instant::now() > self.until
    }
}

impl SqliteStore {
    /// Reads the file beside the writer, in a thread of its own.
    pub(super) async fn beside<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Reading) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let path = self.path().to_owned();
        let reading = tokio::task::spawn_blocking(move || read(&Reading::open(&path)?)).await;
        reading.map_err(|error| StoreError(error.to_string()))?.map_err(|error| StoreError(error.to_string()))
    }
}
