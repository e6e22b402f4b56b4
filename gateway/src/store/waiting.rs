//! Which events wait, in memory: their rows by integration, in their order and by id.
//!
//! On disk they have one index in the order of coming. Indexes by integration would change a page for each integration in each commit, and
//! those pages were most of what was written.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Connection, Row};

use super::db::sound;

/// The events of one integration that wait.
#[derive(Debug, Default)]
struct Owner {
    /// Rows by place.
    rows: BTreeMap<i64, i64>,
    /// Places by id.
    places: HashMap<String, i64>,
}

/// Which events wait. About 150 bytes for each; the dispatch has them in memory anyway.
#[derive(Debug, Default)]
pub struct Waiting {
    owners: HashMap<String, Owner>,
}

impl Waiting {
    /// Reads which events of a file wait. Rows whose owner or id cannot be read are returned beside.
    pub fn load(connection: &Connection) -> rusqlite::Result<(Waiting, Vec<i64>)> {
        let (mut waiting, mut damaged) = (Waiting::default(), Vec::new());
        let mut statement = connection.prepare("SELECT seq, owner, id, place FROM events WHERE state = 0 ORDER BY place")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let read = |row: &Row<'_>| Ok((row.get(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?, row.get(3)?));
            match sound(row, read)? {
                Ok((seq, owner, id, place)) => waiting.add(&owner, &id, place, seq),
                Err(seq) => damaged.push(seq),
            }
        }
        Ok((waiting, damaged))
    }

    /// An event waits from now on.
    pub fn add(&mut self, owner: &str, id: &str, place: i64, seq: i64) {
        // Most events are of an integration that is known.
        let found = match self.owners.get_mut(owner) {
            Some(found) => found,
            None => self.owners.entry(owner.to_owned()).or_default(),
        };
        found.rows.insert(place, seq);
        found.places.insert(id.to_owned(), place);
    }

    /// An event waits no longer.
    pub fn remove(&mut self, owner: &str, id: &str) {
        let Some(found) = self.owners.get_mut(owner) else { return };
        if let Some(place) = found.places.remove(id) {
            found.rows.remove(&place);
        }
    }

    /// A row is no longer there.
    pub fn forget(&mut self, seq: i64) {
        for found in self.owners.values_mut() {
            let Some(place) = found.rows.iter().find(|(_, row)| **row == seq).map(|(place, _)| *place) else { continue };
            found.rows.remove(&place);
            found.places.retain(|_, known| *known != place);
        }
    }

    /// The row of an event that waits.
    pub fn row(&self, owner: &str, id: &str) -> Option<i64> {
        let found = self.owners.get(owner)?;
        found.rows.get(found.places.get(id)?).copied()
    }

    /// The rows of an integration, in order.
    pub fn rows(&self, owner: &str) -> impl Iterator<Item = i64> + '_ {
        self.owners.get(owner).into_iter().flat_map(|found| found.rows.values().copied())
    }

    /// How many events of an integration wait.
    pub fn count(&self, owner: &str) -> u64 {
        self.owners.get(owner).map_or(0, |found| found.rows.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_wait_in_order_until_they_are_removed() {
        let mut waiting = Waiting::default();
        for (owner, id, place, seq) in [("shop", "a", 7, 1), ("shop", "b", 5, 2), ("depot", "a", 6, 3), ("shop", "c", 8, 4)] {
            waiting.add(owner, id, place, seq);
        }
        assert_eq!(waiting.rows("shop").collect::<Vec<_>>(), [2, 1, 4]);
        assert_eq!((waiting.row("shop", "a"), waiting.row("depot", "a"), waiting.row("depot", "b")), (Some(1), Some(3), None));
        waiting.remove("shop", "b");
        waiting.forget(4);
        waiting.forget(99);
        waiting.remove("nobody", "a");
        assert_eq!((waiting.rows("shop").collect::<Vec<_>>(), waiting.row("shop", "c"), waiting.count("depot")), (vec![1], None, 1));
    }
}
