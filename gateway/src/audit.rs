//! The audit log's entries: who did what, and when, to an integration or to an event.
//!
//! An entry has no personal data and no secrets: it names events by their ids, and says what kind of thing was given, never the value.
//!
//! Whoever asks is known where a request arrives, and entries are made far below it. The listener therefore runs each request within [`by`], and
//! [`AuditEntry::new`] takes the name from there.

use std::fmt;
use std::future::Future;

/// Who acts when nobody is named: a command on the store's file, while no service runs.
pub const COMMAND_LINE: &str = "command line";

tokio::task_local! {
    static ACTOR: String;
}

/// Runs a future in the name of somebody: `user root`, `token ops`. Futures that it spawns do not have the name.
pub async fn by<T>(who: String, future: impl Future<Output = T>) -> T {
    ACTOR.scope(who, future).await
}

/// In whose name the current future runs.
pub fn actor() -> String {
    ACTOR.try_with(Clone::clone).unwrap_or_else(|_| COMMAND_LINE.to_owned())
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// An integration was added.
    Add,
    /// An integration's settings, account or connections were changed.
    Change,
    /// An integration was switched on.
    Activate,
    /// An integration was switched off.
    Deactivate,
    /// Delivery was paused.
    Pause,
    /// Delivery goes on.
    Resume,
    /// An action of the plugin was run.
    Run,
    /// A new secret was made for an integration's addresses.
    RotateSecret,
    /// The addresses of an integration were shown. They contain its secret.
    ShowAddresses,
    /// A dead letter was put back into its lane.
    Redrive,
    /// The body of a dead letter was replaced.
    Edit,
    /// Personal data was shown unmasked.
    Reveal,
    /// What is stored of a person was erased.
    Erase,
    /// A recording was exported.
    Export,
    /// A token of an administrator was added.
    AddToken,
    /// A token of an administrator was removed.
    RemoveToken,
    /// The plugin, the rules or the configuration was replaced.
    Upgrade,
    /// The plugin, the rules or the configuration before the last replacement came back.
    Rollback,
    /// A backup was made.
    Backup,
    /// A backup took the place of the store.
    Restore,
}

impl Act {
    /// The name in the log, such as `rotate-secret`.
    pub fn name(self) -> &'static str {
        match self {
            Act::Add => "add",
            Act::Change => "change",
            Act::Activate => "activate",
            Act::Deactivate => "deactivate",
            Act::Pause => "pause",
            Act::Resume => "resume",
            Act::Run => "run",
            Act::RotateSecret => "rotate-secret",
            Act::ShowAddresses => "show-addresses",
            Act::Redrive => "redrive",
            Act::Edit => "edit",
            Act::Reveal => "reveal",
            Act::Erase => "erase",
            Act::Export => "export",
            Act::AddToken => "add-token",
            Act::RemoveToken => "remove-token",
            Act::Upgrade => "upgrade",
            Act::Rollback => "rollback",
            Act::Backup => "backup",
            Act::Restore => "restore",
        }
    }
}

impl fmt::Display for Act {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(self.name())
    }
}

/// One entry. The store adds its number and the time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Who: the name of a token, the system's user, or the command line.
    pub who: String,
    /// What was done.
    pub what: Act,
    /// The integration; empty when it was none, or all.
    pub integration: String,
    /// What it was done to: an event's id, a token's name, a file's digest; empty when the integration says it.
    pub subject: String,
    /// How: the names of changed settings, the number of events. No values.
    pub detail: String,
}

impl AuditEntry {
    /// An entry in the name of whoever asks.
    pub fn new(what: Act) -> AuditEntry {
        AuditEntry { who: actor(), what, integration: String::new(), subject: String::new(), detail: String::new() }
    }

    /// With the integration.
    pub fn of(self, integration: &str) -> AuditEntry {
        AuditEntry { integration: integration.to_owned(), ..self }
    }

    /// With what it was done to. No personal data.
    pub fn about(self, subject: impl Into<String>) -> AuditEntry {
        AuditEntry { subject: subject.into(), ..self }
    }

    /// With how it was done. No personal data, no secrets.
    pub fn with(self, detail: impl Into<String>) -> AuditEntry {
        AuditEntry { detail: detail.into(), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_entry_is_in_the_name_of_whoever_asks() {
        let named = by("token ops".to_owned(), async { AuditEntry::new(Act::Redrive).of("main").about("7-1") }).await;
        assert_eq!((named.who.as_str(), named.integration.as_str(), named.subject.as_str()), ("token ops", "main", "7-1"));
        assert_eq!(AuditEntry::new(Act::Pause).who, COMMAND_LINE);
    }
}
