//! The store, and the room on its disk.

use std::path::{Path, PathBuf};

use super::{ok, problem, warning};
use crate::control::Finding;
use crate::store::SqliteStore;

/// Below so many bytes the disk is nearly full: a day of a busy account takes about 100 MB with captures.
const LITTLE: u64 = 1 << 30;
/// Below so many bytes the store may fail at any moment.
const TOO_LITTLE: u64 = 100 << 20;

/// What is known of the store.
pub struct Facts {
    /// The file.
    pub path: PathBuf,
    /// Number of integrations that were read, or why they cannot be read.
    pub integrations: Result<usize, String>,
    /// Number of rows whose checksum did not match, and that were set aside.
    pub set_aside: usize,
    /// Bytes that the process may still write, or why that is unknown.
    pub free: Result<u64, String>,
}

/// Asks the store and its disk.
pub async fn ask(store: &SqliteStore) -> Facts {
    let path = store.path().to_owned();
    let integrations = store.records().await.map(|records| records.len()).map_err(|error| error.to_string());
    let set_aside = store.damaged().await.map_or(0, |rows| rows.len());
    let free = free(&path);
    Facts { path, integrations, set_aside, free }
}

fn free(path: &Path) -> Result<u64, String> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let found = rustix::fs::statvfs(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}

/// Judges the store and its disk.
pub fn judge(facts: &Facts) -> Vec<Finding> {
    let path = facts.path.display();
    let store = match &facts.integrations {
        Ok(_) if facts.set_aside > 0 => warning(
            "store",
            format!("{path} is readable; {} rows were damaged and are set aside", facts.set_aside),
            "stop the service and run uis-gateway check-store: it names them; look for errors of the disk in the system's log",
        ),
        Ok(number) => ok("store", format!("{path} is readable; integrations: {number}")),
        Err(why) => problem("store", format!("{path} cannot be read: {why}"), "stop the service and run uis-gateway check-store"),
    };
    let disk = match &facts.free {
        Ok(free) if *free < TOO_LITTLE => problem("disk", format!("{} are free", megabytes(*free)), room()),
        Ok(free) if *free < LITTLE => warning("disk", format!("{} are free", megabytes(*free)), room()),
        Ok(free) => ok("disk", format!("{} are free", megabytes(*free))),
        Err(why) => warning("disk", format!("how much is free is unknown: {why}"), "give the service's user the right to read the folder"),
    };
    vec![store, disk]
}

fn room() -> &'static str {
    "make room; store.events-days, store.captures-days and store.capture say how long events and captures are kept"
}

fn megabytes(bytes: u64) -> String {
    format!("{} MB", bytes >> 20)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::Verdict;

    fn judged(integrations: Result<usize, &str>, set_aside: usize, free: Result<u64, &str>) -> Vec<Verdict> {
        let (integrations, free) = (integrations.map_err(str::to_owned), free.map_err(str::to_owned));
        judge(&Facts { path: "/var/lib/uis/store.db".into(), integrations, set_aside, free }).iter().map(|found| found.verdict).collect()
    }

    #[test]
    fn a_damaged_store_and_a_full_disk_are_noticed() {
        use Verdict::{Ok as Good, Problem, Warning};
        assert_eq!(judged(Ok(2), 0, Ok(5 << 30)), [Good, Good]);
        assert_eq!(judged(Ok(2), 1, Ok(LITTLE - 1)), [Warning, Warning]);
        assert_eq!(judged(Err("it is no database"), 0, Ok(TOO_LITTLE - 1)), [Problem, Problem]);
        assert_eq!(judged(Ok(0), 0, Err("no such folder")), [Good, Warning]);
    }

    #[test]
    fn the_room_on_a_disk_is_found_out() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(free(&folder.path().join("store.db")).expect("a disk") > 0);
        assert!(free(&folder.path().join("none/store.db")).is_err());
    }
}
