//! The store, and the room on its disk.

use std::path::PathBuf;

use super::{ok, problem, warning};
use crate::control::Finding;
use crate::observe::disk::{Bytes, Disk};
use crate::store::SqliteStore;

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
    /// `store.low-disk` and `store.critical-disk`, in bytes.
    pub marks: (u64, u64),
}

/// Asks the store and its disk.
pub async fn ask(store: &SqliteStore, disk: &Disk) -> Facts {
    let path = store.path().to_owned();
    let integrations = store.records().await.map(|records| records.len()).map_err(|error| error.to_string());
    let set_aside = store.damaged().await.map_or(0, |rows| rows.len());
    let free = disk.free().map_err(|error| error.to_string());
    Facts { path, integrations, set_aside, free, marks: disk.marks() }
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
    let (low, critical) = facts.marks;
    let disk = match &facts.free {
        Ok(free) if *free < critical => problem(
            "disk",
            format!("{} are free, less than store.critical-disk ({}): no event is accepted", Bytes(*free), Bytes(critical)),
            room(),
        ),
        Ok(free) if *free < low => warning(
            "disk",
            format!("{} are free, less than store.low-disk ({}): captures are not written", Bytes(*free), Bytes(low)),
            room(),
        ),
        Ok(free) => ok("disk", format!("{} are free", Bytes(*free))),
        Err(why) => warning("disk", format!("how much is free is unknown: {why}"), "give the service's user the right to read the folder"),
    };
    vec![store, disk]
}

fn room() -> &'static str {
    "make room; store.events-days, store.captures-days and store.capture say how long events and captures are kept"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::Verdict;

    fn judged(integrations: Result<usize, &str>, set_aside: usize, free: Result<u64, &str>) -> Vec<Verdict> {
        let (integrations, free) = (integrations.map_err(str::to_owned), free.map_err(str::to_owned));
        judge(&Facts { path: "/var/lib/uis/store.db".into(), integrations, set_aside, free, marks: (1000, 200) })
            .iter()
            .map(|found| found.verdict)
            .collect()
    }

    #[test]
    fn a_damaged_store_and_a_full_disk_are_noticed() {
        use Verdict::{Ok as Good, Problem, Warning};
        assert_eq!(judged(Ok(2), 0, Ok(1000)), [Good, Good]);
        assert_eq!(judged(Ok(2), 1, Ok(999)), [Warning, Warning]);
        assert_eq!(judged(Err("it is no database"), 0, Ok(199)), [Problem, Problem]);
        assert_eq!(judged(Ok(0), 0, Err("no such folder")), [Good, Warning]);
    }
}
