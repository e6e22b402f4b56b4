//! Which versions of the plugin and of the rules were in use, and what was found out about rules.

use rusqlite::{Connection, Row, params};
use uis_host::ports::{Answer, StoreError};

use super::SqliteStore;
use super::db::{Db, DbError, shown, sound};
use super::sums::Sum;

/// The tables.
pub const MIGRATION: &str = "
    -- Each time another version of the plugin (`subject` is `plugin`) or of a rule (`rule NAME`) was put into use. `configured` is the digest
    -- that the configuration named then; `back` is 1 when an administrator rolled back to this version in place of it.
    CREATE TABLE versions (
        row INTEGER PRIMARY KEY, subject TEXT NOT NULL, digest TEXT NOT NULL, version TEXT NOT NULL, configured TEXT NOT NULL,
        since INTEGER NOT NULL, back INTEGER NOT NULL, sum INTEGER NOT NULL
    );

    -- Versions of rules that are not evaluated: `quarantined`, or `set-aside` after a trial.
    CREATE TABLE verdicts (
        row INTEGER PRIMARY KEY, rule TEXT NOT NULL, digest TEXT NOT NULL, verdict TEXT NOT NULL, since INTEGER NOT NULL, why TEXT NOT NULL,
        sum INTEGER NOT NULL, UNIQUE (rule, digest)
    );
";

/// A version that was put into use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionRow {
    /// `plugin`, or `rule NAME`.
    pub subject: String,
    /// `sha256:` and the digest of the component.
    pub digest: String,
    /// The version that the plugin reports; empty for a rule.
    pub version: String,
    /// The digest that the configuration named at that time.
    pub configured: String,
    /// When it was put into use, in milliseconds since 1970.
    pub since: i64,
    /// An administrator rolled back to it.
    pub back: bool,
}

/// Why a version of a rule is not evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It failed too often while it was in use.
    Quarantined,
    /// It failed while it was tried.
    SetAside,
}

impl Verdict {
    fn name(self) -> &'static str {
        match self {
            Verdict::Quarantined => "quarantined",
            Verdict::SetAside => "set-aside",
        }
    }
}

/// A version of a rule that is not evaluated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerdictRow {
    /// The rule's name.
    pub rule: String,
    /// `sha256:` and the digest of the component.
    pub digest: String,
    /// Why it is not evaluated.
    pub verdict: Verdict,
    /// Since when, in milliseconds since 1970.
    pub since: i64,
    /// What happened.
    pub why: String,
}

fn version_sum(row: &VersionRow) -> i64 {
    let VersionRow { subject, digest, version, configured, since, back } = row;
    Sum::of("versions").text(subject).text(digest).text(version).text(configured).number(*since).number((*back).into()).done()
}

fn verdict_sum(row: &VerdictRow) -> i64 {
    let VerdictRow { rule, digest, verdict, since, why } = row;
    Sum::of("verdicts").text(rule).text(digest).text(verdict.name()).number(*since).text(why).done()
}

/// A version; of a damaged row its number.
fn version(row: &Row<'_>) -> rusqlite::Result<Result<VersionRow, i64>> {
    let found = sound(row, |row| {
        let (subject, digest, version, configured) = (row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?);
        let found = VersionRow { subject, digest, version, configured, since: row.get(5)?, back: row.get(6)? };
        Ok((row.get::<_, i64>(7)? == version_sum(&found), found))
    })?;
    let number: i64 = row.get(0)?;
    Ok(found.and_then(|(sound, found)| if sound { Ok(found) } else { Err(number) }))
}

/// A verdict; of a damaged row its number.
fn verdict(row: &Row<'_>) -> rusqlite::Result<Result<VerdictRow, i64>> {
    let found = sound(row, |row| {
        let verdict = if row.get::<_, String>(3)? == Verdict::SetAside.name() { Verdict::SetAside } else { Verdict::Quarantined };
        let found = VerdictRow { rule: row.get(1)?, digest: row.get(2)?, verdict, since: row.get(4)?, why: row.get(5)? };
        Ok((row.get::<_, i64>(6)? == verdict_sum(&found), found))
    })?;
    let number: i64 = row.get(0)?;
    Ok(found.and_then(|(sound, found)| if sound { Ok(found) } else { Err(number) }))
}

const VERSIONS: &str = "SELECT row, subject, digest, version, configured, since, back, sum FROM versions ORDER BY row";
const VERDICTS: &str = "SELECT row, rule, digest, verdict, since, why, sum FROM verdicts ORDER BY row";

type Read<T> = fn(&Row<'_>) -> rusqlite::Result<Result<T, i64>>;

/// All rows of a table; damaged ones are set aside.
fn all<T>(db: &mut Db, table: &'static str, sql: &str, read: Read<T>) -> Result<Vec<T>, DbError> {
    let found: Vec<Result<T, i64>> = {
        let mut statement = db.connection.prepare_cached(sql)?;
        let rows = statement.query_map([], read)?;
        rows.collect::<rusqlite::Result<_>>()?
    };
    let mut sound = Vec::new();
    for row in found {
        match row {
            Ok(row) => sound.push(row),
            Err(row) => db.set_aside(table, row)?,
        }
    }
    Ok(sound)
}

/// Versions and verdicts whose checksum does not match.
pub fn damaged(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut statement = connection.prepare(VERSIONS)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if version(row)?.is_err() {
            found.push(format!("versions {}/{}", shown(row.get_ref(1)?), shown(row.get_ref(2)?)));
        }
    }
    let mut statement = connection.prepare(VERDICTS)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if verdict(row)?.is_err() {
            found.push(format!("verdicts {}/{}", shown(row.get_ref(1)?), shown(row.get_ref(2)?)));
        }
    }
    Ok(found)
}

impl SqliteStore {
    /// The versions that were put into use, in that order. Damaged rows are set aside.
    pub fn versions(&self) -> Answer<'static, Vec<VersionRow>> {
        self.soon(|db| all(db, "versions", VERSIONS, version))
    }

    /// Stores versions that are in use now.
    pub fn put_versions(&self, new: Vec<VersionRow>) -> Answer<'static, ()> {
        self.durable(move |db| {
            for row in new {
                let sum = version_sum(&row);
                let VersionRow { subject, digest, version, configured, since, back } = row;
                let sql = "INSERT INTO versions (subject, digest, version, configured, since, back, sum) VALUES (?, ?, ?, ?, ?, ?, ?)";
                let mut statement = db.connection.prepare_cached(sql)?;
                statement.execute(params![subject, digest, version, configured, since, back, sum])?;
            }
            Ok(())
        })
    }

    /// Forgets a version of the plugin or of a rule.
    pub fn forget_version(&self, subject: &str, digest: &str) -> Answer<'static, ()> {
        let (subject, digest) = (subject.to_owned(), digest.to_owned());
        self.durable(move |db| {
            db.connection.execute("DELETE FROM versions WHERE subject = ? AND digest = ?", [&subject, &digest])?;
            if let Some(rule) = subject.strip_prefix("rule ") {
                db.connection.execute("DELETE FROM verdicts WHERE rule = ? AND digest = ?", [rule, &digest])?;
            }
            Ok(())
        })
    }

    /// The versions of rules that are not evaluated. Damaged rows are set aside.
    pub fn verdicts(&self) -> Answer<'static, Vec<VerdictRow>> {
        self.soon(|db| all(db, "verdicts", VERDICTS, verdict))
    }

    /// Stores that a version of a rule is not evaluated any more. An earlier verdict stays.
    pub fn judge(&self, row: VerdictRow) -> Answer<'static, ()> {
        self.durable(move |db| {
            let sum = verdict_sum(&row);
            let VerdictRow { rule, digest, verdict, since, why } = row;
            let sql = "INSERT OR IGNORE INTO verdicts (rule, digest, verdict, since, why, sum) VALUES (?, ?, ?, ?, ?, ?)";
            db.connection.prepare_cached(sql)?.execute(params![rule, digest, verdict.name(), since, why, sum])?;
            Ok(())
        })
    }

    /// Withdraws the verdict on a version of a rule. Returns whether there was one.
    pub async fn acquit(&self, rule: &str, digest: &str) -> Result<bool, StoreError> {
        let (rule, digest) = (rule.to_owned(), digest.to_owned());
        self.durable(move |db| {
            Ok(db.connection.execute("DELETE FROM verdicts WHERE rule = ? AND digest = ?", [rule, digest]).map(|rows| rows > 0)?)
        })
        .await
    }
}
