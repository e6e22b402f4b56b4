//! The room on the store's disk, and what is given up when there is little of it.
//!
//! | room | what happens |
//! |---|---|
//! | [`Room::Enough`] | nothing |
//! | [`Room::Low`] | a warning; captures are not written, and what is old is swept early |
//! | [`Room::Critical`] | no event is accepted any more, so that those that wait can be delivered to their end |
//!
//! On the way back a tenth more must be free than the mark says, so that the room does not change to and fro.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use uis_host::sync::lock;

use crate::config::StoreConfig;

/// The room on a disk, from much to little.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Room {
    /// Enough is free.
    #[default]
    Enough,
    /// Less is free than `store.low-disk` says.
    Low,
    /// Less is free than `store.critical-disk` says.
    Critical,
}

/// Says how many bytes the process may still write below a folder.
pub type Free = Box<dyn Fn(&Path) -> io::Result<u64> + Send + Sync>;

/// The disk of the store.
pub struct Disk {
    folder: PathBuf,
    marks: Mutex<Marks>,
    free: Free,
    seen: Mutex<Seen>,
}

/// How much must be free, in bytes.
#[derive(Debug, Clone, Copy)]
struct Marks {
    low: u64,
    critical: u64,
}

impl Marks {
    fn of(store: &StoreConfig) -> Mutex<Marks> {
        Mutex::new(Marks { low: store.low_disk.0, critical: store.critical_disk.0 })
    }
}

/// What was seen last.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    room: Room,
    free: Option<u64>,
}

/// Bytes that the process may still write below a folder.
pub fn free(folder: &Path) -> io::Result<u64> {
    let found = rustix::fs::statvfs(folder)?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}

impl Disk {
    /// The disk of a configured store.
    pub fn of(store: &StoreConfig) -> Disk {
        Disk::with(store, Box::new(free))
    }

    /// A disk that always has room, for tests.
    pub fn endless() -> Disk {
        Disk::with(&StoreConfig::default(), Box::new(|_| Ok(u64::MAX)))
    }

    /// The disk of a configured store with another source of free bytes, for tests.
    pub fn with(store: &StoreConfig, free: Free) -> Disk {
        let folder = store.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Disk { folder: folder.to_owned(), marks: Marks::of(store), free, seen: Mutex::default() }
    }

    /// Uses the marks of another configuration of the same store from now on.
    pub fn set_marks(&self, store: &StoreConfig) {
        *lock(&self.marks) = Marks { low: store.low_disk.0, critical: store.critical_disk.0 };
    }

    /// Looks at the disk, and logs when the room has changed. A disk that cannot say what is free changes nothing.
    pub fn look(&self) -> Room {
        let free = match (self.free)(&self.folder) {
            Ok(free) => free,
            Err(error) => {
                tracing::debug!(folder = %self.folder.display(), %error, "how much is free on the store's disk is unknown");
                return self.room();
            }
        };
        metrics::gauge!("uis_gateway_disk_free_bytes").set(free as f64);
        let mut seen = lock(&self.seen);
        let (before, room) = (seen.room, self.judged(free, seen.room));
        *seen = Seen { room, free: Some(free) };
        drop(seen);
        if room != before {
            self.log(room, free);
        }
        room
    }

    /// The room when so much is free, and when it was `before`.
    fn judged(&self, free: u64, before: Room) -> Room {
        let below = |mark: u64, was_below: bool| free < if was_below { mark.saturating_add(mark / 10) } else { mark };
        let Marks { low, critical } = *lock(&self.marks);
        if below(critical, before == Room::Critical) {
            Room::Critical
        } else if below(low, before >= Room::Low) {
            Room::Low
        } else {
            Room::Enough
        }
    }

    fn log(&self, room: Room, free: u64) {
        let (free, folder) = (Bytes(free).to_string(), self.folder.display());
        match room {
            Room::Enough => tracing::info!(free, %folder, "there is enough room on the store's disk again"),
            Room::Low => tracing::warn!(
                free,
                %folder,
                "there is little room on the store's disk: captures are not written, and what is old is deleted early; make room"
            ),
            Room::Critical => {
                tracing::error!(free, %folder, "there is hardly any room on the store's disk: no event is accepted until there is more; make room");
            }
        }
    }

    /// The room as it was seen last.
    pub fn room(&self) -> Room {
        lock(&self.seen).room
    }

    /// How much is free now, in bytes.
    pub fn free(&self) -> io::Result<u64> {
        (self.free)(&self.folder)
    }

    /// The marks: low and critical, in bytes.
    pub fn marks(&self) -> (u64, u64) {
        let Marks { low, critical } = *lock(&self.marks);
        (low, critical)
    }

    /// Whether events are accepted; with the reason when they are not.
    pub fn accepts(&self) -> Result<(), String> {
        let seen = *lock(&self.seen);
        match seen.room {
            Room::Critical => Err(format!(
                "only {} are free on the disk of {}, and store.critical-disk is {}; make room, then events are accepted again by itself",
                Bytes(seen.free.unwrap_or_default()),
                self.folder.display(),
                Bytes(self.marks().1)
            )),
            _ => Ok(()),
        }
    }
}

/// A number of bytes for people: in the largest unit, with one digit after the point.
pub struct Bytes(pub u64);

impl fmt::Display for Bytes {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
        match units.into_iter().find(|(shift, _)| self.0 >= 1 << shift) {
            Some((shift, unit)) => write!(to, "{:.1} {unit}", self.0 as f64 / (1_u64 << shift) as f64),
            None => write!(to, "{} bytes", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Size;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    fn disk(free: &Arc<AtomicU64>) -> Disk {
        let free = free.clone();
        let store = StoreConfig { low_disk: Size(1000), critical_disk: Size(200), ..StoreConfig::default() };
        Disk::with(&store, Box::new(move |_| Ok(free.load(Ordering::SeqCst))))
    }

    #[test]
    fn the_room_changes_at_the_marks_and_goes_back_a_tenth_above_them() {
        use Room::{Critical, Enough, Low};
        let free = Arc::new(AtomicU64::new(0));
        let disk = disk(&free);
        let steps = [
            (1000, Enough),
            (999, Low),
            (1099, Low),
            (1100, Enough),
            (500, Low),
            (200, Low),
            (199, Critical),
            (219, Critical),
            (220, Low),
            (100, Critical),
            (5000, Enough),
        ];
        for (bytes, expected) in steps {
            free.store(bytes, Ordering::SeqCst);
            assert_eq!((disk.look(), disk.room()), (expected, expected), "{bytes}");
            assert_eq!(disk.accepts().is_err(), expected == Critical, "{bytes}");
        }
    }

    #[test]
    fn a_disk_that_says_nothing_changes_nothing() {
        let store = StoreConfig { low_disk: Size(1000), critical_disk: Size(200), ..StoreConfig::default() };
        let disk = Disk::with(&store, Box::new(|_| Err(io::ErrorKind::PermissionDenied.into())));
        assert_eq!(disk.look(), Room::Enough);
        let folder = tempfile::tempdir().expect("a folder");
        assert!(free(folder.path()).expect("a disk") > 0);
        assert!(free(&folder.path().join("none")).is_err());
    }

    #[test]
    fn bytes_are_shown_in_their_largest_unit() {
        for (bytes, shown) in [(12, "12 bytes"), (1536, "1.5 KiB"), (200 << 20, "200.0 MiB"), (3 << 30, "3.0 GiB")] {
            assert_eq!(Bytes(bytes).to_string(), shown);
        }
    }
}
