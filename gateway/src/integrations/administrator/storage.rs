//! Backups of the store.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use futures_util::FutureExt;
use tokio::sync::oneshot;

use super::{Administrator, Deliverer};
use crate::audit::{Act, AuditEntry};
use crate::control::storage::{BackupView, MissingFile, NewBackup, Storage};
use crate::control::{Answer, ControlError};
use crate::store::backup::{self, Backup, BackupError};

/// The beginning and the end of the names of backups with the time in their name.
const NAME: (&str, &str) = ("uis-gateway-", ".db");
/// The time in the names of backups: in UTC, so that names sort by time.
const TIME: &str = "%Y%m%dT%H%M%SZ";

impl<D: Deliverer> Storage for Administrator<D> {
    fn backup(&self, new: NewBackup) -> Answer<'_, BackupView> {
        async move {
            let book = self.0.book();
            let now = DateTime::from_timestamp_millis(book.workshop.clock.now_ms()).unwrap_or_default();
            let (store, key) = (book.store.path().to_owned(), book.workshop.sealer.path().to_owned());
            // What nobody waits for is in the copy too. A store that has failed has committed what it could.
            let _ = book.store.committed().await;
            let (done, result) = oneshot::channel();
            // A thread of its own: the program does not wait for it when it stops.
            let writing = move || drop(done.send(write(&store, &new, now)));
            let started = std::thread::Builder::new().name("backup".to_owned()).spawn(writing);
            started.map_err(|error| ControlError::Failed(format!("the backup cannot begin: {error}")))?;
            let (written, removed) = result.await.map_err(|_| ControlError::Failed("the backup was broken off".to_owned()))??;
            tracing::info!(file = %written.file.display(), bytes = written.bytes, "a backup was written");
            let name = written.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            self.note(AuditEntry::new(Act::Backup).about(name)).await?;
            Ok(view(written, removed, &book.store.path().with_file_name("tokens.json"), key, book.store.journal().path()))
        }
        .boxed()
    }
}

/// Writes the copy, and removes what is too old. Nothing is removed when the new copy has damaged rows: an older one may be sound.
fn write(store: &Path, new: &NewBackup, now: DateTime<Utc>) -> Result<(Backup, Vec<PathBuf>), ControlError> {
    let Some(keep) = new.keep else { return Ok((copied(store, &new.path, new.replace)?, Vec::new())) };
    if keep == 0 {
        return Err(ControlError::Invalid(vec!["keep: 0 would keep no backup; write 1 or more".to_owned()]));
    }
    let file = new.path.join(format!("{}{}{}", NAME.0, now.format(TIME), NAME.1));
    let written = copied(store, &file, new.replace)?;
    let removed = match written.examined.rows.is_empty() {
        true => thin_out(&new.path, keep).map_err(|error| {
            ControlError::Failed(format!("{} was written, but older backups were not removed: {error}", written.file.display()))
        })?,
        false => Vec::new(),
    };
    Ok((written, removed))
}

fn copied(store: &Path, to: &Path, replace: bool) -> Result<Backup, ControlError> {
    if !to.is_absolute() {
        return Err(ControlError::Invalid(vec![format!("path: {} is not a whole path", to.display())]));
    }
    backup::write(store, to, replace).map_err(|error| match error {
        BackupError::Target(why) => ControlError::Invalid(vec![why]),
        BackupError::Failed(why) => ControlError::Failed(why),
    })
}

/// Removes the oldest backups of a folder until so many are left. Only files with the time in their name are backups.
fn thin_out(folder: &Path, keep: usize) -> io::Result<Vec<PathBuf>> {
    let mut all: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(is_dated) {
            all.push(entry.path());
        }
    }
    all.sort();
    all.truncate(all.len().saturating_sub(keep));
    all.iter().try_for_each(fs::remove_file)?;
    Ok(all)
}

fn is_dated(name: &str) -> bool {
    let time = name.strip_prefix(NAME.0).and_then(|rest| rest.strip_suffix(NAME.1));
    time.is_some_and(|time| chrono::NaiveDateTime::parse_from_str(time, TIME).is_ok())
}

fn view(written: Backup, removed: Vec<PathBuf>, tokens: &Path, key: PathBuf, journal: &Path) -> BackupView {
    let Backup { file, bytes, examined } = written;
    let missing = |file: PathBuf, what: &str| MissingFile { file, what: what.to_owned() };
    let mut not_contained = vec![missing(
        key,
        "the sealing key; keep a copy apart from backups: without it, keys that are stored sealed must be entered again",
    )];
    if journal.exists() {
        let what = "the journal of erasures; keep a copy apart: without it a restored backup has persons who were erased since";
        not_contained.push(missing(journal.to_owned(), what));
    }
    let components = tokens.with_file_name("components");
    if components.exists() {
        not_contained.push(missing(components, "versions of the plugin and the rules; needed while a rollback holds"));
    }
    if tokens.exists() {
        not_contained.push(missing(tokens.to_owned(), "the administrators' tokens"));
    }
    BackupView {
        file,
        bytes,
        integrations: examined.contents.integrations,
        waiting: examined.contents.waiting,
        dead_letters: examined.contents.dead,
        damaged: examined.rows,
        removed,
        not_contained,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_with_a_time_in_their_name_are_removed_and_the_oldest_first() {
        let folder = tempfile::tempdir().expect("a folder");
        let names = ["uis-gateway-20261127T100000Z.db", "uis-gateway-20261126T100000Z.db", "uis-gateway-20261125T235959Z.db"];
        let others = ["uis-gateway-mine.db", "uis-gateway-20261127T100000Z.db.partial", "uis-gateway-20269927T100000Z.db", "a.db"];
        names.iter().chain(&others).for_each(|name| fs::write(folder.path().join(name), "").expect("written"));
        let removed = thin_out(folder.path(), 1).expect("readable");
        assert_eq!(removed, [folder.path().join(names[2]), folder.path().join(names[1])]);
        assert!(others.iter().chain(&names[..1]).all(|name| folder.path().join(name).exists()));
    }
}
