//! The audit log. Entries are only ever added: the file itself refuses to change or delete one. A damaged entry therefore stays in its place and
//! is shown as damaged.

use rusqlite::{Connection, Row, params};
use uis_host::clock::{Clock, SystemClock};
use uis_host::ports::{Answer, StoreError};

use super::SqliteStore;
use super::beside::Reading;
use super::db::shown;
use super::sums::Sum;
use crate::audit::AuditEntry;

/// An entry as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audited {
    /// Its number. Later entries have larger numbers.
    pub number: u64,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// Who.
    pub who: String,
    /// What was done, as [`Act::name`](crate::audit::Act::name).
    pub what: String,
    /// The integration; empty when it was none, or all.
    pub integration: String,
    /// What it was done to.
    pub subject: String,
    /// How.
    pub detail: String,
    /// Whether the checksum matches.
    pub sound: bool,
}

/// Which entries to read.
#[derive(Debug, Clone, Default)]
pub struct AuditQuery {
    /// Not before this time, in milliseconds since 1970.
    pub from: Option<i64>,
    /// Before this time, in milliseconds since 1970.
    pub to: Option<i64>,
    /// Only about this.
    pub subject: Option<String>,
    /// Only with smaller numbers.
    pub before: Option<u64>,
}

fn sum(at: i64, who: &str, what: &str, integration: &str, subject: &str, detail: &str) -> i64 {
    Sum::of("audit").number(at).text(who).text(what).text(integration).text(subject).text(detail).done()
}

fn read(row: &Row<'_>) -> rusqlite::Result<Audited> {
    // Whatever a damaged column has is shown, because the entry must not disappear.
    let text = |at: usize| row.get_ref(at).map(shown);
    let number: i64 = row.get(0)?;
    let at = row.get_ref(1)?.as_i64().unwrap_or_default();
    let (who, what, integration, subject, detail) = (text(2)?, text(3)?, text(4)?, text(5)?, text(6)?);
    let sound = row.get_ref(7)?.as_i64().ok() == Some(sum(at, &who, &what, &integration, &subject, &detail));
    Ok(Audited { number: number.unsigned_abs(), at, who, what, integration, subject, detail, sound })
}

/// Entries whose checksum does not match.
pub fn damaged(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare("SELECT row, at, who, what, integration, subject, detail, sum FROM audit ORDER BY row")?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let entry = read(row)?;
        if !entry.sound {
            found.push(format!("audit {}", entry.number));
        }
    }
    Ok(found)
}

impl SqliteStore {
    /// Adds an entry to the audit log. It is on disk when this is answered.
    pub fn audit(&self, entry: AuditEntry) -> Answer<'static, ()> {
        self.durable(move |db| {
            let AuditEntry { who, what, integration, subject, detail } = entry;
            let (at, what) = (SystemClock.now_ms(), what.name());
            let sum = sum(at, &who, what, &integration, &subject, &detail);
            let sql = "INSERT INTO audit (at, who, what, integration, subject, detail, sum) VALUES (?, ?, ?, ?, ?, ?, ?)";
            db.connection.prepare_cached(sql)?.execute(params![at, who, what, integration, subject, detail, sum])?;
            Ok(())
        })
    }

    /// Entries of the audit log, newest first; at most `limit`. The file is read beside the writer.
    pub async fn audited(&self, query: AuditQuery, limit: usize) -> Result<Vec<Audited>, StoreError> {
        self.beside(move |reading| entries(reading, &query, limit)).await
    }
}

pub(super) fn entries(reading: &Reading, query: &AuditQuery, limit: usize) -> rusqlite::Result<Vec<Audited>> {
    let sql = "SELECT row, at, who, what, integration, subject, detail, sum FROM audit
               WHERE row < ?1 AND at >= ?2 AND at < ?3 AND (?4 IS NULL OR subject = ?4) ORDER BY row DESC LIMIT ?5";
    let before = query.before.map_or(i64::MAX, u64::cast_signed);
    let (from, to) = (query.from.unwrap_or(i64::MIN), query.to.unwrap_or(i64::MAX));
    let mut statement = reading.connection.prepare(sql)?;
    let rows = statement.query_map(params![before, from, to, query.subject, limit as i64], read)?;
    rows.collect()
}
