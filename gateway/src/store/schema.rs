//! Tables and their migrations. The file's schema version is SQLite's `user_version`: the number of migrations that were applied.
//!
//! Every table has row numbers, so that single rows can be read from a damaged file. `sum` is the checksum of a row.

use rusqlite::Connection;

use super::versions;

/// Migrations, oldest first. Never change one that was released; add another.
pub const MIGRATIONS: [&str; 6] = [FIRST, WAITING_IN_MEMORY, versions::MIGRATION, AUDIT, ERASURES, PUT_RIGHT];

const FIRST: &str = "
    -- Numbers below which all are taken: of events, of versions of stored values, of requests.
    CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);

    -- Events: `state` is 0 while they wait, 1 when they have ended, 2 when they are dead. `place` is their place in the order: of those that wait
    -- the order of delivery, of dead ones the order of dying. `mark` is the checksum of what changes from attempt to attempt.
    CREATE TABLE events (
        seq INTEGER PRIMARY KEY, owner TEXT NOT NULL, id TEXT NOT NULL, origin INTEGER NOT NULL, received INTEGER NOT NULL,
        body BLOB NOT NULL, sum INTEGER NOT NULL,
        state INTEGER NOT NULL, place INTEGER NOT NULL, attempt INTEGER NOT NULL, ended INTEGER, why TEXT, mark INTEGER NOT NULL
    );
    CREATE INDEX events_by_id ON events (owner, id);
    CREATE INDEX events_waiting ON events (owner, place) WHERE state = 0;
    CREATE INDEX events_dead ON events (owner, place) WHERE state = 2;

    CREATE TABLE states (owner TEXT PRIMARY KEY, state TEXT NOT NULL, sum INTEGER NOT NULL);

    CREATE TABLE storage (
        row INTEGER PRIMARY KEY, owner TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, version INTEGER NOT NULL, expires INTEGER,
        sum INTEGER NOT NULL, UNIQUE (owner, key)
    );

    CREATE TABLE timers (
        row INTEGER PRIMARY KEY, owner TEXT NOT NULL, name TEXT NOT NULL, at INTEGER NOT NULL, every INTEGER, ordering_key TEXT NOT NULL,
        payload BLOB NOT NULL, origin INTEGER NOT NULL, sum INTEGER NOT NULL, UNIQUE (owner, name)
    );
    CREATE INDEX timers_due ON timers (owner, at, name);

    -- Requests as they came. `rejected` says why one cannot be read.
    CREATE TABLE requests (
        number INTEGER PRIMARY KEY, owner TEXT NOT NULL, at INTEGER NOT NULL, kind TEXT NOT NULL, what TEXT NOT NULL, method TEXT NOT NULL,
        query TEXT NOT NULL, content_type TEXT, body BLOB NOT NULL, sum INTEGER NOT NULL, rejected TEXT
    );
    CREATE INDEX requests_rejected ON requests (owner, number) WHERE rejected IS NOT NULL;

    CREATE TABLE integrations (row INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, record BLOB NOT NULL, sum INTEGER NOT NULL);

    CREATE TABLE dials (
        row INTEGER PRIMARY KEY, owner TEXT NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL, dial TEXT NOT NULL, outcome TEXT,
        sum INTEGER NOT NULL, UNIQUE (owner, id)
    );

    CREATE TABLE captures (
        row INTEGER PRIMARY KEY, owner TEXT NOT NULL, event TEXT NOT NULL, origin INTEGER NOT NULL, attempt INTEGER NOT NULL, at INTEGER NOT NULL,
        outcome TEXT NOT NULL, content TEXT NOT NULL, sum INTEGER NOT NULL
    );
    CREATE INDEX captures_by_event ON captures (owner, event);

    -- Rows whose checksum did not match, as they were found.
    CREATE TABLE damaged (
        row INTEGER PRIMARY KEY, at INTEGER NOT NULL, tbl TEXT NOT NULL, key TEXT NOT NULL, content BLOB, why TEXT NOT NULL
    );
";

const WAITING_IN_MEMORY: &str = "
    -- Which events wait is in memory; on disk one index, in the order of coming, finds them when the file is opened. Indexes by integration
    -- would change a page for each integration in each commit.
    DROP INDEX events_by_id;
    DROP INDEX events_waiting;
    CREATE INDEX events_waiting ON events (place) WHERE state = 0;
    CREATE INDEX events_dead_by_id ON events (owner, id) WHERE state = 2;
";

const AUDIT: &str = "
    -- The audit log: entries are only added.
    CREATE TABLE audit (
        row INTEGER PRIMARY KEY, at INTEGER NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL, integration TEXT NOT NULL, subject TEXT NOT NULL,
        detail TEXT NOT NULL, sum INTEGER NOT NULL
    );
    CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'entries of the audit log are not changed'); END;
    CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'entries of the audit log are not deleted'); END;
";

/// Erasures of personal data: what is remembered of them, and those that were begun and have not ended, with the person sealed.
pub const ERASURES: &str = "
    CREATE TABLE tombstones (
        row INTEGER PRIMARY KEY, owner TEXT NOT NULL, kind TEXT NOT NULL, digest BLOB NOT NULL UNIQUE, at INTEGER NOT NULL, sum INTEGER NOT NULL
    );

    CREATE TABLE erasures (row INTEGER PRIMARY KEY, owner TEXT NOT NULL, at INTEGER NOT NULL, person TEXT NOT NULL, sum INTEGER NOT NULL);
";

const PUT_RIGHT: &str = "
    -- Requests as they came, of those whose body an administrator has replaced.
    CREATE TABLE originals (
        row INTEGER PRIMARY KEY, owner TEXT NOT NULL, request INTEGER NOT NULL UNIQUE, at INTEGER NOT NULL, who TEXT NOT NULL, query TEXT NOT NULL,
        body BLOB NOT NULL, sum INTEGER NOT NULL
    );
    -- Integrations that an administrator has paused.
    CREATE TABLE pauses (row INTEGER PRIMARY KEY, owner TEXT NOT NULL UNIQUE, at INTEGER NOT NULL, who TEXT NOT NULL, sum INTEGER NOT NULL);
";

/// The version that this program writes.
pub const VERSION: u32 = MIGRATIONS.len() as u32;

/// Whether a file of this version may have deleted rows in its unused space: from the migration for erasures on, what is deleted is overwritten.
pub fn may_have_traces(version: u32) -> bool {
    let since = MIGRATIONS.iter().position(|migration| *migration == ERASURES);
    version > 0 && since.is_some_and(|since| (version as usize) <= since)
}

/// The file's version.
pub fn version(connection: &Connection) -> rusqlite::Result<u32> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Whether the file's tables and indexes are those of its version. Their definitions are text without a checksum, and SQLite finds a changed name
/// or type no damage.
pub fn is_as_written(connection: &Connection) -> rusqlite::Result<bool> {
    let definitions = |connection: &Connection| -> rusqlite::Result<Vec<Vec<u8>>> {
        let mut statement =
            connection.prepare("SELECT CAST(type || name || tbl_name || coalesce(sql, '') AS BLOB) FROM sqlite_schema ORDER BY 1")?;
        let rows = statement.query_map([], |row| row.get(0))?;
        rows.collect()
    };
    let found = version(connection)?;
    if found > VERSION {
        return Ok(true);
    }
    let expected = Connection::open_in_memory()?;
    migrate_to(&expected, found)?;
    Ok(definitions(connection)? == definitions(&expected)?)
}

/// Applies the migrations that the file lacks, each in one transaction.
pub fn migrate(connection: &Connection) -> rusqlite::Result<()> {
    migrate_to(connection, VERSION)
}

/// Applies the migrations that the file lacks up to a version.
pub fn migrate_to(connection: &Connection, to: u32) -> rusqlite::Result<()> {
    let from = version(connection)?;
    for (at, migration) in MIGRATIONS.iter().enumerate().take(to as usize).skip(from as usize) {
        connection.execute_batch(&format!("BEGIN IMMEDIATE; {migration}; PRAGMA user_version = {}; COMMIT;", at + 1))?;
    }
    Ok(())
}
