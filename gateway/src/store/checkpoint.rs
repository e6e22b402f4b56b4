//! Copies the write-ahead log into the file. A thread of its own copies most of it, so that commits go on meanwhile; the writer then copies the
//! few pages that came since, because a log begins anew only when all of it was copied.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::Connection;

/// Pages of 4 KiB in the log at which they are copied: 32 MiB. Many events change the same pages, so the longer the log, the fewer pages are
/// copied.
const DUE: i64 = 8000;
/// So many pages the writer copies itself: about two milliseconds.
const FEW: i64 = 500;

/// How long a connection waits for another one, as the library sets it.
const BUSY: Duration = Duration::from_secs(5);

/// What the thread does.
const IDLE: i64 = -1;
const COPYING: i64 = -2;

/// What the writer and the thread share.
struct Shared {
    /// [`IDLE`], [`COPYING`], or how many pages of the log were copied when the thread was done.
    copied: AtomicI64,
    /// Pages in the log after the last commit.
    log: AtomicI64,
    /// Pages in the log at which they are copied next.
    due: AtomicI64,
}

/// The thread, and how far it is.
pub struct Checkpointer {
    wake: Option<Sender<()>>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    /// Takes over copying the log of a connection. `synchronous` is the connection's.
    pub fn start(writer: &mut Connection, path: &Path, synchronous: &str) -> Result<Checkpointer, String> {
        let failed = |error: rusqlite::Error| error.to_string();
        let shared = Arc::new(Shared { copied: AtomicI64::new(IDLE), log: AtomicI64::new(0), due: AtomicI64::new(DUE) });
        let counted = shared.clone();
        // SQLite's own copying is switched off with this.
        let hooked = writer.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, pages| {
            counted.log.store(i64::from(pages), Ordering::Relaxed);
            Ok(())
        }));
        hooked.map_err(failed)?;
        let connection = Connection::open(path).map_err(failed)?;
        connection.pragma_update(None, "synchronous", synchronous).map_err(failed)?;
        connection.pragma_update(None, "wal_autocheckpoint", 0).map_err(failed)?;
        let (wake, woken) = channel();
        let known = shared.clone();
        let thread = std::thread::Builder::new().name("checkpoint".to_owned()).spawn(move || run(&connection, &woken, &known));
        let thread = thread.map_err(|error| format!("no thread for copying the log: {error}"))?;
        Ok(Checkpointer { wake: Some(wake), shared, thread: Some(thread) })
    }

    /// After a commit of the writer: begins to copy when the log is long, and ends it when little is left.
    pub fn after_commit(&self, writer: &Connection) {
        let log = self.shared.log.load(Ordering::Relaxed);
        match self.shared.copied.load(Ordering::Acquire) {
            COPYING => {}
            IDLE if log < self.shared.due.load(Ordering::Relaxed) => {}
            copied if copied >= 0 && log - copied <= FEW => {
                self.shared.done(IDLE, copy(writer).map(|_| DUE));
            }
            _ => {
                self.shared.copied.store(COPYING, Ordering::Release);
                if let Some(wake) = &self.wake {
                    // The thread ends only with this value.
                    let _ = wake.send(());
                }
            }
        }
    }
}

impl Checkpointer {
    /// Copies all of the log and empties its file, because deleted rows are still in it. False when somebody reads or copies it just now.
    pub fn empty(&self, writer: &Connection) -> bool {
        if self.shared.copied.load(Ordering::Acquire) == COPYING {
            return false;
        }
        // Commits must not wait for a reader.
        let emptied = writer
            .busy_timeout(Duration::ZERO)
            .and_then(|()| writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0).map(|busy| busy == 0)));
        let restored = writer.busy_timeout(BUSY);
        let emptied = matches!((emptied, restored), (Ok(true), Ok(())));
        if emptied {
            self.shared.log.store(0, Ordering::Relaxed);
            self.shared.done(IDLE, Ok(DUE));
        }
        emptied
    }
}

impl Shared {
    /// Something was copied, or not. After a failure the next attempt waits until the log has grown further.
    fn done(&self, copied: i64, due: rusqlite::Result<i64>) {
        let due = due.unwrap_or_else(|error| {
            tracing::warn!(%error, "the store's log was not copied into its file; it grows until that succeeds");
            self.log.load(Ordering::Relaxed) + DUE
        });
        self.due.store(due, Ordering::Relaxed);
        self.copied.store(copied, Ordering::Release);
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        // Its connection must be closed before the file is opened again.
        self.wake = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(connection: &Connection, woken: &Receiver<()>, shared: &Shared) {
    while woken.recv().is_ok() {
        let began = Instant::now();
        match copy(connection) {
            Ok(copied) => shared.done(copied, Ok(DUE)),
            Err(error) => shared.done(IDLE, Err(error)),
        }
        metrics::histogram!("uis_gateway_store_checkpoint_seconds").record(began.elapsed().as_secs_f64());
    }
}

/// Copies what nobody reads. Returns how many pages of the log are copied.
fn copy(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get(2))
}
