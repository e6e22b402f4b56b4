//! Finding and deleting what belongs to a person, and what is remembered of it.
//!
//! | file | what |
//! |---|---|
//! | [`scan`] | reading all rows that may have personal data, beside the writer |
//! | [`find`] | which of them belong to a person |
//! | [`identify`] | whom tombstones mean, in a store that is older than the erasure |
//! | [`delete`] | deleting them so that nothing is left in the files |
//! | [`scrub`] | overwriting the unused space within pages |

pub mod delete;
pub mod find;
pub mod identify;
pub mod scan;
pub mod scrub;

use rusqlite::{Connection, Row, params};
use uis_host::ports::{Answer, StoreError};

use super::SqliteStore;
use super::db::{Db, DbError, sound};
use super::sums::Sum;
use crate::privacy::tombstones::{DIGEST_BYTES, Digest, Tombstone};

/// An erasure that was begun and has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// Its row.
    pub row: i64,
    /// The integration.
    pub owner: String,
    /// When it was begun, in milliseconds since 1970.
    pub at: i64,
    /// The person, sealed.
    pub person: String,
}

fn tombstone_sum(tombstone: &Tombstone) -> i64 {
    let Tombstone { integration, kind, digest, at } = tombstone;
    Sum::of("tombstones").text(integration).text(kind).bytes(&digest.0).number(*at).done()
}

fn pending_sum(owner: &str, at: i64, person: &str) -> i64 {
    Sum::of("erasures").text(owner).number(at).text(person).done()
}

/// A tombstone; of a damaged row its number.
fn tombstone(row: &Row<'_>) -> rusqlite::Result<Result<Tombstone, i64>> {
    let found = sound(row, |row| {
        let digest: Vec<u8> = row.get(3)?;
        let digest: Option<[u8; DIGEST_BYTES]> = digest.try_into().ok();
        let sum: i64 = row.get(5)?;
        let (integration, kind, at) = (row.get(1)?, row.get(2)?, row.get(4)?);
        Ok(digest.map(|digest| (Tombstone { integration, kind, digest: Digest(digest), at }, sum)))
    })?;
    let number = row.get(0)?;
    Ok(found.and_then(|found| found.filter(|(found, sum)| tombstone_sum(found) == *sum).map(|(found, _)| found).ok_or(number)))
}

/// An erasure that has not ended; of a damaged row its number.
fn pending(row: &Row<'_>) -> rusqlite::Result<Result<Pending, i64>> {
    let found = sound(row, |row| {
        let found = Pending { row: row.get(0)?, owner: row.get(1)?, at: row.get(2)?, person: row.get(3)? };
        Ok((row.get::<_, i64>(4)? == pending_sum(&found.owner, found.at, &found.person), found))
    })?;
    let number = row.get(0)?;
    Ok(found.and_then(|(sound, found)| if sound { Ok(found) } else { Err(number) }))
}

const TOMBSTONES: &str = "SELECT row, owner, kind, digest, at, sum FROM tombstones";
const PENDING: &str = "SELECT row, owner, at, person, sum FROM erasures ORDER BY row";

/// The tombstones of a file. Damaged ones are left out; [`SqliteStore::check`] names them, and the journal has them too.
pub fn tombstones(connection: &Connection) -> rusqlite::Result<Vec<Tombstone>> {
    let mut statement = connection.prepare(TOMBSTONES)?;
    let rows = statement.query_map([], tombstone)?;
    Ok(rows.collect::<rusqlite::Result<Vec<_>>>()?.into_iter().flatten().collect())
}

/// Tombstones and erasures whose checksum does not match.
pub fn damaged(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut statement = connection.prepare(TOMBSTONES)?;
    let rows = statement.query_map([], tombstone)?;
    for row in rows.collect::<rusqlite::Result<Vec<_>>>()? {
        found.extend(row.err().map(|row| format!("tombstones {row}")));
    }
    let mut statement = connection.prepare(PENDING)?;
    let rows = statement.query_map([], pending)?;
    for row in rows.collect::<rusqlite::Result<Vec<_>>>()? {
        found.extend(row.err().map(|row| format!("erasures {row}")));
    }
    Ok(found)
}

impl SqliteStore {
    /// Remembers that a person is erased, with the person sealed until the erasure has ended. Returns the erasure's row. Durable when it
    /// returns; from then on [`SqliteStore::tombstones`] has them too.
    pub async fn bury(&self, tombstones: Vec<Tombstone>, owner: &str, at: i64, person: String) -> Result<i64, StoreError> {
        let (owner, stored) = (owner.to_owned(), tombstones.clone());
        let row = self.durable(move |db| {
            insert(db, &stored)?;
            let sum = pending_sum(&owner, at, &person);
            db.connection.execute("INSERT INTO erasures (owner, at, person, sum) VALUES (?, ?, ?, ?)", params![owner, at, person, sum])?;
            Ok(db.connection.last_insert_rowid())
        });
        let row = row.await?;
        self.tombstones.add(&tombstones);
        Ok(row)
    }

    /// Remembers tombstones that the journal has.
    pub async fn remember(&self, tombstones: Vec<Tombstone>) -> Result<(), StoreError> {
        let stored = tombstones.clone();
        self.durable(move |db| insert(db, &stored)).await?;
        self.tombstones.add(&tombstones);
        Ok(())
    }

    /// Erasures that were begun and have not ended, oldest first. Damaged ones are set aside.
    pub fn pending_erasures(&self) -> Answer<'static, Vec<Pending>> {
        self.durable(|db| {
            let found: Vec<Result<Pending, i64>> = {
                let mut statement = db.connection.prepare_cached(PENDING)?;
                let rows = statement.query_map([], pending)?;
                rows.collect::<rusqlite::Result<_>>()?
            };
            let mut all = Vec::new();
            for found in found {
                match found {
                    Ok(found) => all.push(found),
                    Err(row) => db.set_aside("erasures", row)?,
                }
            }
            Ok(all)
        })
    }

    /// An erasure has ended.
    pub fn end_erasure(&self, row: i64) -> Answer<'static, ()> {
        self.durable(move |db| Ok(db.connection.execute("DELETE FROM erasures WHERE row = ?", [row]).map(|_| ())?))
    }
}

/// Stores tombstones. Of one that is known, the latest time counts.
fn insert(db: &Db, tombstones: &[Tombstone]) -> Result<(), DbError> {
    let sql = "INSERT INTO tombstones (owner, kind, digest, at, sum) VALUES (?, ?, ?, ?, ?)
               ON CONFLICT (digest) DO UPDATE SET owner = excluded.owner, kind = excluded.kind, at = excluded.at, sum = excluded.sum
               WHERE excluded.at > at";
    let mut statement = db.connection.prepare_cached(sql)?;
    for tombstone in tombstones {
        let Tombstone { integration, kind, digest, at } = tombstone;
        statement.execute(params![integration, kind, digest.0.as_slice(), at, tombstone_sum(tombstone)])?;
    }
    Ok(())
}
