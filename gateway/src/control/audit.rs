//! The audit log: what administrators did.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Answer;

/// What can be asked about the audit log.
pub trait Audits {
    /// Entries, newest first.
    fn audit_log(&self, query: AuditLogQuery) -> Answer<'_, AuditPage>;

    /// Notes that a token of an administrator was added or removed. The file of the tokens is changed by the command itself.
    fn token_changed<'a>(&'a self, name: &'a str, added: bool) -> Answer<'a, ()>;
}

/// Which entries.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct AuditLogQuery {
    /// At this time or later: RFC 3339, or a day, in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Before this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Only about this event, token or file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// At most so many: 1 to 1000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u16>,
    /// Only entries with smaller numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
}

/// An entry. It has no personal data and no secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct AuditView {
    /// Its number; later entries have larger ones.
    pub number: u64,
    /// When, RFC 3339.
    pub at: String,
    /// Who: `token NAME`, `user NAME`, or `command line` for a command without a running service.
    pub who: String,
    /// What was done: `redrive`, `edit`, `reveal`, `pause`, ….
    pub what: String,
    /// The integration; empty when it was none, or all.
    pub integration: String,
    /// What it was done to: an event's id, a token's name.
    pub subject: String,
    /// How.
    pub detail: String,
    /// The row is damaged: what is shown may not be what was written.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub damaged: bool,
}

/// A part of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct AuditPage {
    /// Newest first.
    pub entries: Vec<AuditView>,
    /// The log goes on: ask again with this number as `before`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next: Option<u64>,
}
