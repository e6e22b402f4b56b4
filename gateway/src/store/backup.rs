//! A copy of the store, written while the service goes on accepting events.
//!
//! `VACUUM INTO` reads one moment of the file through a connection of its own, so the writer is not held up; its log grows until the copy is
//! complete. The copy has no free pages, so nothing that was deleted is in it.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::examine::{Examined, examine};
use super::recovery::beside;

/// So many bytes stay free on the disk of a copy: it may be the store's own disk, and a full one would stop the service.
const RESERVE: u64 = 256 << 20;
/// How long to wait for a lock that another connection holds for a moment, for example while the log is begun anew.
const PATIENCE: Duration = Duration::from_secs(10);

/// A copy that was written and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// The copy.
    pub file: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// What was found in it. Its structures are sound; rows that are damaged in the store are damaged in the copy.
    pub examined: Examined,
}

/// Why no copy was written.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The file or folder that was named cannot be used; nothing was done.
    #[error("{0}")]
    Target(String),
    /// The copy could not be written.
    #[error("{0}")]
    Failed(String),
}

/// Writes a copy of a store. An existing file is replaced only with `replace`, and only once the copy is complete.
pub fn write(store: &Path, to: &Path, replace: bool) -> Result<Backup, BackupError> {
    let folder = check_target(store, to, replace)?;
    let failed = |why: &dyn std::fmt::Display| BackupError::Failed(format!("{}: {why}", to.display()));
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let source = Connection::open_with_flags(store, flags);
    let source = source.map_err(|error| BackupError::Failed(format!("{}: {error}", store.display())))?;
    check_room(&source, to, &folder)?;
    let partial = Partial(beside(to, ".partial"));
    partial.begin().map_err(|error| failed(&error))?;
    let name = partial.0.to_str().ok_or_else(|| BackupError::Target(format!("{}: the path is not UTF-8", to.display())))?;
    let copied = source.busy_timeout(PATIENCE).and_then(|()| source.execute("VACUUM INTO ?1", [name]));
    copied.map_err(|error| failed(&format!("the store cannot be copied: {error}; uis-gateway check-store says what is damaged")))?;
    drop(source);
    File::open(&partial.0).and_then(|file| file.sync_all()).map_err(|error| failed(&error))?;
    let examined = examine(&partial.0).map_err(|error| failed(&error))?;
    if !examined.structure.is_empty() {
        return Err(failed(&format!(
            "the copy is damaged: {}; look for errors of the disk in the system's log",
            examined.structure.join("; ")
        )));
    }
    let bytes = std::fs::metadata(&partial.0).map_err(|error| failed(&error))?.len();
    std::fs::rename(&partial.0, to).map_err(|error| failed(&error))?;
    File::open(&folder).and_then(|folder| folder.sync_all()).map_err(|error| failed(&error))?;
    Ok(Backup { file: to.to_owned(), bytes, examined })
}

/// The copy while it is not complete. It is removed when the copy fails.
struct Partial(PathBuf);

impl Partial {
    /// Begins with an empty file that only this user can read. What an interrupted copy left is removed.
    fn begin(&self) -> io::Result<()> {
        match std::fs::remove_file(&self.0) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&self.0).map(drop)
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // After the renaming there is none.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Whether a copy may be written there. Returns its folder.
fn check_target(store: &Path, to: &Path, replace: bool) -> Result<PathBuf, BackupError> {
    let wrong = |why: String| BackupError::Target(format!("{}: {why}", to.display()));
    let (Some(folder), Some(name)) = (to.parent(), to.file_name()) else { return Err(wrong("it names no file".to_owned())) };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let folder =
        folder.canonicalize().map_err(|error| wrong(format!("the folder: {error}; create it, with write access for this user")))?;
    let whole = folder.join(name);
    let taken = ["", "-wal", "-shm", "-journal", ".lock", ".suspect"];
    if taken.iter().any(|part| whole == beside(store, part)) {
        return Err(wrong("this is the store itself; name another file".to_owned()));
    }
    if whole.is_dir() {
        return Err(wrong("this is a folder; name a file in it, or keep several copies in it: backup --keep N DIR".to_owned()));
    }
    if whole.exists() && !replace {
        return Err(wrong("it exists already; name another file, or replace it with --force".to_owned()));
    }
    Ok(folder)
}

/// Whether the copy fits on its disk, with a reserve.
fn check_room(source: &Connection, to: &Path, folder: &Path) -> Result<(), BackupError> {
    let number = |name: &str| source.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).map(i64::unsigned_abs);
    let size = || Ok((number("page_count")?.saturating_sub(number("freelist_count")?)) * number("page_size")?);
    let size = size().map_err(|error: rusqlite::Error| BackupError::Failed(format!("the store cannot be read: {error}")))?;
    // A disk that cannot say what is free is tried.
    let Ok(disk) = rustix::fs::statvfs(folder) else { return Ok(()) };
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    match free >= size.saturating_add(RESERVE) {
        true => Ok(()),
        false => Err(BackupError::Target(format!(
            "{}: the copy needs {} MB and a reserve of {} MB, and {} MB are free; name a file on another disk, or make room",
            to.display(),
            size.div_ceil(1 << 20),
            RESERVE >> 20,
            free >> 20
        ))),
    }
}
