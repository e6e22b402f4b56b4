//! Bringing a store up to date with the journal, and finishing erasures that were interrupted.

use std::collections::HashSet;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::super::administrator::store_failed;
use super::super::book::Book;
use super::erasing::{FROM_THE_BEGINNING, Lanes, Task, finish, look, unsealed};
use crate::audit::{Act, AuditEntry};
use crate::control::ControlError;
use crate::privacy::tombstones::{DigestKey, Tombstone};
use crate::secrets::Sealer;
use crate::store::SqliteStore;
use crate::store::erasing::identify::{Identified, identify};

/// What a replay did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Entries of the journal that the store did not have.
    pub tombstones: usize,
    /// Persons, counted by integration and time of erasure, of whom something was found and erased again.
    pub persons: usize,
    /// Rows that were deleted.
    pub rows: usize,
    /// Entries that were made with another sealing key, so that nobody can be found by them.
    pub other_key: usize,
    /// Numbers of the journal's lines that are damaged.
    pub damaged: Vec<usize>,
    /// What could not be done, and what to do.
    pub notes: Vec<String>,
}

/// Nothing is delivered meanwhile.
struct NoLanes;

impl Lanes for NoLanes {
    fn forget<'a>(&'a self, _: &'a str, ids: HashSet<String>) -> BoxFuture<'a, Result<HashSet<String>, ControlError>> {
        async move { Ok(ids) }.boxed()
    }
}

/// Erases everything again that the journal says was erased and that the store does not know of, because it is from a backup. Only what is
/// older than its erasure is deleted. Call it when nothing is delivered from the store: after a restore, before the service begins.
pub async fn replay(book: &Book) -> Result<Replayed, ControlError> {
    let key = DigestKey::new(book.workshop.sealer.digest_key());
    let written = book.store.journal().read(&key.name()).map_err(ControlError::Failed)?;
    let mut replayed = Replayed { other_key: written.other_key, damaged: written.damaged, ..Replayed::default() };
    let missing: Vec<Tombstone> = written.tombstones.into_iter().filter(|tombstone| is_missing(&book.store, tombstone)).collect();
    replayed.tombstones = missing.len();
    if missing.is_empty() {
        return Ok(replayed);
    }
    book.store.written().await.map_err(store_failed)?;
    let (path, sought) = (book.store.path().to_owned(), missing.clone());
    let identifying = tokio::task::spawn_blocking(move || identify(&path, &key, &sought)).await;
    let persons = identifying.map_err(|error| ControlError::Failed(error.to_string()))?.map_err(store_failed)?;
    for ((integration, at), Identified { person, appeals }) in persons {
        let task = Task { person, appeals };
        let (rows, notes) = erase_again(book, &integration, &task, at).await?;
        replayed.persons += 1;
        replayed.rows += rows;
        replayed.notes.extend(notes);
    }
    // Only now: should the process end before, all of it is done again.
    book.store.remember(missing).await.map_err(store_failed)?;
    book.store.overwrite_deleted().await.map_err(store_failed)?;
    let detail = format!("{} rows of {} persons, again, from the journal", replayed.rows, replayed.persons);
    book.store.audit(AuditEntry::new(Act::Erase).with(detail)).await.map_err(store_failed)?;
    Ok(replayed)
}

/// How many entries of the journal a store does not have. They are applied before anything is delivered from it.
pub fn missing(store: &SqliteStore, sealer: &Sealer) -> Result<usize, String> {
    let key = DigestKey::new(sealer.digest_key());
    let written = store.journal().read(&key.name())?;
    Ok(written.tombstones.iter().filter(|tombstone| is_missing(store, tombstone)).count())
}

fn is_missing(store: &SqliteStore, tombstone: &Tombstone) -> bool {
    store.tombstones().erased(&tombstone.digest).is_none_or(|at| at < tombstone.at)
}

/// Erases a person of an integration as of a time. Returns how many rows were deleted.
async fn erase_again(book: &Book, integration: &str, task: &Task, at: i64) -> Result<(usize, Vec<String>), ControlError> {
    let found = look(book, task, Some(integration), at, FROM_THE_BEGINNING).await?;
    let own = found.integrations.get(integration).cloned().unwrap_or_default();
    let task = Task { person: task.person.clone(), appeals: task.appeals.union(&own.appeals).cloned().collect() };
    let done = finish(book, &NoLanes, integration, &task, &own, (at, found.ends)).await?;
    Ok((own.len() + done.more.len(), done.notes))
}

/// Before anything is delivered: brings the store up to date with the journal, and finishes erasures that were interrupted. Fails when the
/// journal cannot be read or applied: what was erased would be delivered. An erasure that cannot be finished is logged and stays to be
/// finished; what is older is kept out meanwhile.
pub async fn resume(book: &Book) -> Result<(), ControlError> {
    log(&replay(book).await?);
    if let Err(error) = finish_pending(book).await {
        tracing::error!(%error, "an erasure that was interrupted was not finished; it is tried again at the next start");
    }
    Ok(())
}

fn log(replayed: &Replayed) {
    let Replayed { tombstones, persons, rows, other_key, damaged, notes } = replayed;
    if *tombstones > 0 {
        tracing::info!(tombstones, persons, rows, "the store was brought up to date with the journal of erasures");
    }
    if *other_key > 0 {
        tracing::warn!(entries = other_key, "the journal of erasures has entries of another sealing key; put that key back to apply them");
    }
    if !damaged.is_empty() {
        tracing::error!(lines = ?damaged, "lines of the journal of erasures are damaged");
    }
    for note in notes {
        tracing::warn!(note, "an erasure");
    }
}

async fn finish_pending(book: &Book) -> Result<(), ControlError> {
    let pending = book.store.pending_erasures().await.map_err(store_failed)?;
    for erasure in &pending {
        let (integration, at) = (erasure.owner.as_str(), erasure.at);
        let task = unsealed(book, integration, &erasure.person).map_err(ControlError::Failed)?;
        let (rows, notes) = erase_again(book, integration, &task, at).await?;
        book.store.end_erasure(erasure.row).await.map_err(store_failed)?;
        let entry = AuditEntry::new(Act::Erase).of(integration).with(format!("{rows} rows, after an interruption"));
        book.store.audit(entry).await.map_err(store_failed)?;
        tracing::info!(integration, rows, "an erasure that was interrupted was finished");
        notes.iter().for_each(|note| tracing::warn!(integration, note, "an erasure"));
    }
    if !pending.is_empty() {
        book.store.overwrite_deleted().await.map_err(store_failed)?;
    }
    Ok(())
}
