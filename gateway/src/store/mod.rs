//! The store: one SQLite file. It has the events that wait and those that have ended, plugins' storage, timers, the integrations, requests as
//! they came, dial orders and captures.
//!
//! One thread owns the connection that writes, with an open transaction ([`writer`]). Operations take effect in the order in which the
//! methods are called, at once, so that each sees all earlier ones. Those that must be durable are answered after the commit, which waits for
//! the disk and covers everything before it; what comes meanwhile shares the next commit. After a failed write nothing is committed any more:
//! every later operation fails, and the gateway opens the file again.
//!
//! Everything that is stored has a checksum ([`sums`]), because SQLite notices only damage to its own structures. What does not match is set
//! aside and named; see [`damage`] and [`recovery`].
//!
//! | file | what |
//! |---|---|
//! | [`sums`] | checksums |
//! | [`schema`] | tables and their migrations |
//! | [`db`] | the connection of the writer, and counters |
//! | [`checkpoint`] | copying the log into the file |
//! | [`writer`] | the thread, its queue, and group commit |
//! | [`damage`] | rows whose checksum does not match |
//! | [`waiting`] | which events wait, in memory |
//! | [`events`] | events, dead letters, the integrations' states |
//! | [`storage`] | plugins' storage |
//! | [`timers`] | timers |
//! | [`requests`] | requests as they came |
//! | [`records`] | integrations, dial orders, captures |
//! | [`versions`] | versions of the plugin and the rules |
//! | [`audit`] | the audit log |
//! | [`beside`] | reading beside the writer |
//! | [`listing`], [`finding`] | events and requests for people who look for them |
//! | [`originals`] | bodies that an administrator has replaced |
//! | [`pauses`] | integrations that an administrator has paused |
//! | [`sweep`] | deleting what is old |
//! | [`erasing`] | finding and deleting what belongs to a person, and what is remembered of it |
//! | [`walk`] | requests and captures in order of time, beside the writer |
//! | [`port`] | the host's port |
//! | [`recovery`] | checking a file, and reading what can be read of a damaged one |
//! | [`examine`] | checking a file without changing it |
//! | [`backup`] | a copy of the store, written while the service runs |
//! | [`restore`] | putting a copy in the store's place |

pub mod audit;
pub mod backup;
pub mod beside;
pub mod checkpoint;
pub mod damage;
pub mod db;
pub mod erasing;
pub mod events;
pub mod examine;
pub mod finding;
pub mod listing;
pub mod originals;
pub mod pauses;
pub mod port;
pub mod records;
pub mod recovery;
pub mod requests;
pub mod restore;
pub mod schema;
pub mod storage;
pub mod sums;
pub mod sweep;
pub mod timers;
pub mod versions;
pub mod waiting;
pub mod walk;
pub mod writer;

use std::fs::{File, Permissions, TryLockError};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use uis_host::ports::{Answer, StoreError};

pub use audit::{AuditQuery, Audited};
pub use damage::Damaged;
pub use events::Counts;
pub use records::{Captured, DialRecord};
pub use recovery::Report;
pub use requests::{LastReceived, NewRequest, Rejected};

use crate::config::Config;
use crate::privacy::journal::Journal;
use crate::privacy::tombstones::Tombstones;
use db::{Db, DbError};
use writer::Writer;

/// How a file is opened.
#[derive(Debug, Clone, Default)]
pub struct OpenOptions {
    /// Leaves out waiting for the disk, to show that the tests notice it. Ignored in an optimised program.
    pub leave_out_fsync: bool,
    /// Leaves out the commit before an effect, to show that the tests notice it. Ignored in an optimised program.
    pub leave_out_output_commit: bool,
    /// The most pages that the file may have, read whenever it is opened, to show what happens when the disk is full.
    pub most_pages: Option<Arc<AtomicU32>>,
    /// The journal of erasures; `erasures.journal` beside the store when none is given.
    pub journal: Option<PathBuf>,
}

impl OpenOptions {
    /// As a configuration says.
    pub fn of(config: &Config) -> OpenOptions {
        OpenOptions { journal: Some(config.erasure.journal.clone()), ..OpenOptions::default() }
    }
}

/// Files up to this size are checked as a whole when they are opened; it takes about a second. Larger ones are checked by `check-store`, and
/// when SQLite notices damage.
const CHECKED_AT_OPEN: u64 = 256 << 20;

/// A store in one SQLite file.
pub struct SqliteStore {
    writer: Writer,
    path: PathBuf,
    /// The number of the next request.
    next_request: Arc<AtomicU64>,
    leave_out_output_commit: bool,
    /// Whether rows of UIS's reports are kept among the requests.
    keeps_reports: AtomicBool,
    tombstones: Tombstones,
    journal: Journal,
}

/// Why a file was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error("{0} is in use by another gateway; stop it, or give this one another [store] path")]
    InUse(PathBuf),
    /// The file cannot be read or written.
    #[error("{path}: {why}")]
    File {
        /// The file.
        path: PathBuf,
        /// The system's or SQLite's error.
        why: String,
    },
    /// A newer version of the program has written the file.
    #[error("{path} has the schema version {found}, and this program knows versions up to {known}; use a newer program")]
    Newer {
        /// The file.
        path: PathBuf,
        /// The file's version.
        found: u32,
        /// The newest version that this program knows.
        known: u32,
    },
    /// The file is damaged so that nothing can be read.
    #[error("{path} is damaged: {why}; put a backup in its place")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is damaged.
        why: String,
    },
}

impl SqliteStore {
    /// Opens a file, or begins one. A damaged file is recovered as far as it can be read; the report says what was lost, and the damaged file
    /// stays beside the new one.
    pub fn open(path: &Path, options: OpenOptions) -> Result<(SqliteStore, Option<Report>), OpenError> {
        let failed = |why: &dyn std::fmt::Display| OpenError::File { path: path.to_owned(), why: why.to_string() };
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(|error| failed(&error))?;
        }
        // One file may be reached by several names.
        let path = &path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let lock = lock(path)?;
        let mut report = None;
        if needs_recovery(path).map_err(|error| failed(&error))? {
            report = Some(recovery::replace(path)?);
        }
        if std::fs::metadata(path).map_or(true, |file| file.len() == 0) {
            tracing::warn!(path = %path.display(), "the store's file is new or empty; a new store begins");
        }
        keep_private(path).map_err(|error| failed(&error))?;
        let db = Db::open(path, &options, lock)?;
        let suspicion = recovery::suspicion(path);
        if suspicion.exists() {
            std::fs::remove_file(suspicion).map_err(|error| failed(&error))?;
        }
        let next_request = Arc::new(AtomicU64::new(db.next_request()));
        let tombstones = Tombstones::default();
        tombstones.add(&erasing::tombstones(&db.connection).map_err(|error| failed(&error))?);
        let journal = Journal::at(options.journal.unwrap_or_else(|| path.with_file_name("erasures.journal")));
        let writer = Writer::start(db).map_err(|error| failed(&error))?;
        let leave_out_output_commit = options.leave_out_output_commit && cfg!(debug_assertions);
        Ok((
            SqliteStore {
                writer,
                path: path.clone(),
                next_request,
                leave_out_output_commit,
                keeps_reports: AtomicBool::new(false),
                tombstones,
                journal,
            },
            report,
        ))
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Who was erased.
    pub fn tombstones(&self) -> &Tombstones {
        &self.tombstones
    }

    /// The journal of erasures.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// From now on rows of UIS's reports are kept among the requests, or not.
    pub fn keep_reports(&self, keep: bool) {
        self.keeps_reports.store(keep, Ordering::Relaxed);
    }

    /// Whether rows of UIS's reports are kept among the requests.
    pub fn keeps_reports(&self) -> bool {
        self.keeps_reports.load(Ordering::Relaxed)
    }

    /// Why the store has failed; none while it works.
    pub fn failed(&self) -> Option<String> {
        self.writer.failed()
    }

    /// Returns once everything that was written before is on disk.
    pub fn committed(&self) -> Answer<'static, ()> {
        self.durable(|_| Ok(()))
    }

    /// Commits what is written, and closes the file. Every later operation fails.
    pub async fn close(&self) {
        // A store that has failed is closed already.
        let _ = self.writer.close().await;
    }

    /// Runs an operation whose result is answered at once; a crash may undo what it writes.
    fn soon<T: Send + 'static>(&self, work: impl FnOnce(&mut Db) -> Result<T, DbError> + Send + 'static) -> Answer<'static, T> {
        self.writer.run(false, work)
    }

    /// Runs an operation whose result is answered once it is on disk.
    fn durable<T: Send + 'static>(&self, work: impl FnOnce(&mut Db) -> Result<T, DbError> + Send + 'static) -> Answer<'static, T> {
        self.writer.run(true, work)
    }
}

/// Makes a file that only its owner reads, or makes one so: it has personal data. SQLite gives its log the same rights.
fn keep_private(path: &Path) -> std::io::Result<()> {
    let file = File::options().create(true).truncate(false).write(true).mode(0o600).open(path)?;
    let mode = file.metadata()?.permissions().mode();
    if mode & 0o077 != 0 { file.set_permissions(Permissions::from_mode(0o600)) } else { Ok(()) }
}

/// Takes the lock of a file for this process.
fn lock(path: &Path) -> Result<File, OpenError> {
    let beside = recovery::beside(path, ".lock");
    let failed = |why: std::io::Error| OpenError::File { path: beside.clone(), why: why.to_string() };
    let file = File::options().create(true).truncate(false).write(true).open(&beside).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse(path.to_owned())),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// Whether SQLite finds a file damaged. Any other error is no reason to replace the file: it may be sound, but not readable just now.
fn needs_recovery(path: &Path) -> rusqlite::Result<bool> {
    let size = std::fs::metadata(path).map_or(0, |file| file.len());
    if size == 0 {
        return Ok(false);
    }
    let sound = if size > CHECKED_AT_OPEN && !recovery::suspicion(path).exists() {
        recovery::has_tables(path)
    } else {
        recovery::findings(path).map(|findings| findings.is_empty())
    };
    match sound {
        Ok(sound) => Ok(!sound),
        Err(error) if db::is_damage(&error) => Ok(true),
        Err(error) => Err(error),
    }
}

/// The error of an operation after the store has failed.
fn failed_before(why: &str) -> StoreError {
    StoreError(why.to_owned())
}
