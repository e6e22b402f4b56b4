//! Putting a copy of the store in its place, while no service runs. The present store is moved aside and never deleted.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use uis_host::clock::{Clock, SystemClock};

use super::examine::{Contents, examine};
use super::recovery::{beside, hold, suspicion};
use super::{OpenError, schema};

/// A copy that is in place now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// Where the store from before is; none when there was none.
    pub aside: Option<PathBuf>,
    /// What the copy has.
    pub contents: Contents,
    /// Rows of the copy whose checksum does not match.
    pub damaged: Vec<String>,
}

/// Why nothing was restored. The present store is as it was.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The copy cannot be used.
    #[error("{0}")]
    Copy(String),
    /// The store is in use, or the disk failed.
    #[error("{0}")]
    Failed(String),
}

/// Puts a copy in the place of a store. With `accept_damage` also one that has damaged rows: they are set aside when they are read.
pub fn put_in_place(copy: &Path, store: &Path, accept_damage: bool) -> Result<Restored, RestoreError> {
    let _held = hold(store).map_err(|error| RestoreError::Failed(error.to_string()))?;
    let same =
        |left: &Path, right: &Path| left.canonicalize().ok().is_some_and(|left| right.canonicalize().is_ok_and(|right| left == right));
    if same(copy, store) {
        return Err(RestoreError::Copy(format!("{} is the store itself; name a backup", copy.display())));
    }
    let failed = |why: io::Error| RestoreError::Failed(format!("{}: {why}", store.display()));
    let next = Next(beside(store, ".restoring"));
    next.fill(copy).map_err(|error| RestoreError::Failed(format!("{} cannot be copied beside the store: {error}", copy.display())))?;
    let unusable = |why: String| RestoreError::Copy(format!("{}: {why}; nothing was changed", copy.display()));
    // Examined as it was copied, so that damage on the way is noticed too.
    let examined = examine(&next.0).map_err(|error| match error {
        OpenError::Newer { found, known, .. } => {
            unusable(format!("it has the schema version {found}, and this program knows versions up to {known}; use a newer program"))
        }
        other => unusable(other.to_string()),
    })?;
    if !examined.structure.is_empty() {
        return Err(unusable(format!("it is damaged: {}; use another backup", examined.structure.join("; "))));
    }
    if !examined.rows.is_empty() && !accept_damage {
        return Err(unusable(format!(
            "rows are damaged: {}; use another backup, or --accept-damage: they are set aside when they are read",
            examined.rows.join(", ")
        )));
    }
    migrate(&next.0).map_err(|error| unusable(format!("its tables cannot be brought up to date: {error}")))?;
    File::open(&next.0).and_then(|file| file.sync_all()).map_err(failed)?;
    let aside = swap(&next.0, store).map_err(failed)?;
    Ok(Restored { aside, contents: examined.contents, damaged: examined.rows })
}

/// The copy beside the store. It is removed when it is not put in place.
struct Next(PathBuf);

impl Next {
    fn fill(&self, copy: &Path) -> io::Result<()> {
        self.remove();
        let mut to = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&self.0)?;
        io::copy(&mut File::open(copy)?, &mut to)?;
        to.sync_all()
    }

    fn remove(&self) {
        for part in ["", "-wal", "-shm", "-journal"] {
            // What is not there needs no removing.
            let _ = std::fs::remove_file(beside(&self.0, part));
        }
    }
}

impl Drop for Next {
    fn drop(&mut self) {
        self.remove();
    }
}

fn migrate(path: &Path) -> rusqlite::Result<()> {
    let connection = Connection::open(path)?;
    // A log beside it would not be renamed with it.
    connection.pragma_update(None, "journal_mode", "DELETE")?;
    schema::migrate(&connection)
}

/// Exchanges the store for another file. The order of the steps: at every moment there is a store at its path, and never one beside the log of
/// another.
fn swap(next: &Path, store: &Path) -> io::Result<Option<PathBuf>> {
    let mut aside = None;
    if store.exists() {
        // Copies the log into the file, so that usually only one file is moved. A damaged store keeps its log.
        let _ = Connection::open(store).and_then(|present| present.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())));
        let kept = beside(store, &format!(".before-restore-{}", SystemClock.now_ms()));
        let parts = ["", "-wal", "-shm", "-journal"].map(|part| (beside(store, part), beside(&kept, part)));
        for (from, to) in parts.iter().filter(|(from, _)| from.exists()) {
            std::fs::hard_link(from, to)?;
        }
        for (from, _) in parts.iter().skip(1).filter(|(from, _)| from.exists()) {
            std::fs::remove_file(from)?;
        }
        aside = Some(kept);
    }
    std::fs::rename(next, store)?;
    if suspicion(store).exists() {
        std::fs::remove_file(suspicion(store))?;
    }
    let folder = store.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()?;
    Ok(aside)
}
