//! Deleting rows so that nothing of them is left in the files. Deleted content is overwritten ([`Db::open`](super::super::db::Db::open) sets
//! SQLite's `secure_delete`); the log, which still has it, is emptied.

use std::time::Duration;

use rusqlite::{OptionalExtension, params};
use tokio::sync::oneshot;
use uis_host::ports::{Answer, StoreError};

use super::super::SqliteStore;
use super::super::db::{Db, DbError};
use super::scan::TABLES;
use super::scrub::{pages_with_traces, scrub};

/// Rows of one operation, so that others come between.
const AT_ONCE: usize = 500;
/// How long the log is tried to be emptied while somebody reads the file.
const EMPTYING_TRIALS: u32 = 100;
/// How long to wait between two trials.
const EMPTYING_PAUSE: Duration = Duration::from_millis(100);

impl SqliteStore {
    /// Deletes rows of a table of [`TABLES`]. Durable when it returns. Returns how many there were.
    pub async fn delete_rows(&self, table: usize, rows: &[i64]) -> Result<u64, StoreError> {
        let mut deleted = 0;
        for some in rows.chunks(AT_ONCE) {
            let some = some.to_vec();
            deleted += self.durable(move |db| delete(db, TABLES[table].name, &some)).await?;
        }
        Ok(deleted)
    }

    /// Deletes the captures of events. Durable when it returns.
    pub async fn delete_captures(&self, owner: &str, events: Vec<String>) -> Result<(), StoreError> {
        for some in events.chunks(AT_ONCE) {
            let (owner, some) = (owner.to_owned(), some.to_vec());
            let deleting = self.durable(move |db| {
                let mut statement = db.connection.prepare_cached("DELETE FROM captures WHERE owner = ? AND event = ?")?;
                // An empty id is that of problems, which are found by their texts.
                some.iter().filter(|id| !id.is_empty()).try_for_each(|id| statement.execute(params![owner, id]).map(|_| ()))?;
                Ok(())
            });
            deleting.await?;
        }
        Ok(())
    }

    /// Which of these events of an integration wait.
    pub fn which_wait(&self, owner: &str, ids: Vec<String>) -> Answer<'static, Vec<String>> {
        let owner = owner.to_owned();
        self.soon(move |db| Ok(ids.into_iter().filter(|id| db.waiting.row(&owner, id).is_some()).collect()))
    }

    /// Everything that was written so far is on disk when this returns, so that readers see it.
    pub fn written(&self) -> Answer<'static, ()> {
        self.durable(|_| Ok(()))
    }

    /// Leaves nothing of what was deleted in the file and its log: the log is copied into the file and emptied, and the unused space of pages
    /// is overwritten. Fails when another program reads the file all the time.
    pub async fn overwrite_deleted(&self) -> Result<(), StoreError> {
        self.empty_log(Vec::new()).await?;
        let path = self.path().to_owned();
        let looking = tokio::task::spawn_blocking(move || pages_with_traces(&path)).await;
        let pages = looking.map_err(|error| StoreError(error.to_string()))?.map_err(|error| StoreError(error.to_string()))?;
        if pages.is_empty() { Ok(()) } else { self.empty_log(pages).await }
    }

    /// Empties the log, and then overwrites the unused space of these pages.
    async fn empty_log(&self, pages: Vec<u64>) -> Result<(), StoreError> {
        for _ in 0..EMPTYING_TRIALS {
            let (reply, emptied) = oneshot::channel();
            let pages = pages.clone();
            self.durable(move |db| {
                db.emptying.push(Emptying { pages, reply });
                Ok(())
            })
            .await?;
            if emptied.await.unwrap_or(false) {
                return Ok(());
            }
            tokio::time::sleep(EMPTYING_PAUSE).await;
        }
        Err(StoreError("the log of the store's file could not be emptied, because another program reads the file; end it".to_owned()))
    }
}

/// Who waits for the log to be emptied.
pub struct Emptying {
    /// Pages whose unused space is overwritten then.
    pages: Vec<u64>,
    /// Receives whether it was done. False: somebody reads or copies the log just now, or the disk failed.
    reply: oneshot::Sender<bool>,
}

impl Emptying {
    /// After a commit, before anything else is written.
    pub fn carry_out(self, db: &Db) {
        let scrubbed = || -> Result<(), String> {
            // Copies of pages in memory have what is overwritten, and would be written again.
            db.connection.execute_batch("PRAGMA shrink_memory").map_err(|error| error.to_string())?;
            scrub(db.path(), &self.pages).map_err(|error| error.to_string())
        };
        let done = db.checkpointer.empty(&db.connection)
            && scrubbed().inspect_err(|error| tracing::error!(error, "unused space of the store's file was not overwritten")).is_ok();
        // Whoever waits for it may have gone.
        let _ = self.reply.send(done);
    }
}

fn delete(db: &mut Db, table: &'static str, rows: &[i64]) -> Result<u64, DbError> {
    match table {
        "storage" => db.storage_bytes.clear(),
        "timers" => db.timer_room.clear(),
        _ => {}
    }
    let mut deleted = 0;
    for row in rows {
        if table == "events" {
            let sql = "SELECT owner, id FROM events WHERE seq = ? AND state = 0";
            let mut statement = db.connection.prepare_cached(sql)?;
            let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?));
            let waiting = statement.query_row([row], read).optional()?;
            drop(statement);
            if let Some((owner, id)) = waiting {
                db.waiting.remove(&owner, &id);
            }
        }
        deleted += db.connection.prepare_cached(&format!("DELETE FROM {table} WHERE rowid = ?"))?.execute(params![row])? as u64;
    }
    Ok(deleted)
}
