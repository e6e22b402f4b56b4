//! Erasing what is stored of a person.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Answer;

/// Whom to erase, and where. Phones are read by the numbering plan of the host's country.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct WhomToErase {
    /// Phones, in any spelling.
    pub phones: Vec<String>,
    /// E-mails.
    pub emails: Vec<String>,
    /// UIS's ids of the visitor.
    pub visitors: Vec<i64>,
    /// The integration; none: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub integration: Option<String>,
}

/// How many rows there are of a person in one integration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Counted {
    /// Events that wait.
    pub waiting: u64,
    /// Events that have ended.
    pub done: u64,
    /// Dead letters.
    pub dead_letters: u64,
    /// Requests as they came.
    pub requests: u64,
    /// Of them, those that could not be read.
    pub unreadable: u64,
    /// Captures of attempts and problems.
    pub captures: u64,
    /// Calls that were started on request.
    pub dials: u64,
    /// Timers.
    pub timers: u64,
    /// Values of the plugin's storage.
    pub values: u64,
    /// Everything else, such as rows that are damaged.
    pub others: u64,
}

/// What the gateway does not delete, because it is in RetailCRM. It contains no personal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Remaining {
    /// Such as `customer 17`.
    pub what: String,
    /// Why it remains, and what to do.
    pub why: String,
}

/// What UIS has of the person. Erase it there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct RemainingInUis {
    /// Call sessions.
    pub calls: Vec<i64>,
    /// Chats.
    pub chats: Vec<i64>,
    /// Site requests, by their communications.
    pub site_requests: Vec<i64>,
}

/// What else the customer of the erased calls, chats and requests is known by. It is not searched for, because it may be another person's.
/// Phones and e-mails are masked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct AlsoKnownBy {
    /// Phones, such as `+7•••••••67`.
    pub phones: Vec<String>,
    /// E-mails, such as `a•••@•••.ru`.
    pub emails: Vec<String>,
    /// UIS's ids of visitors.
    pub visitors: Vec<i64>,
}

/// One integration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ErasedIntegration {
    /// Its name.
    pub name: String,
    /// What was found, or deleted.
    pub counted: Counted,
    /// When the oldest row was received or written, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub oldest: Option<String>,
    /// When the newest row was received or written, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub newest: Option<String>,
    /// What remains in RetailCRM; known once the person is erased.
    pub crm: Vec<Remaining>,
    /// What remains in UIS.
    pub uis: RemainingInUis,
    /// What else the customer is known by.
    pub also: AlsoKnownBy,
    /// What could not be done, and what to do.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub notes: Vec<String>,
}

/// What an erasure found or did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ErasureView {
    /// Whether the person is erased. False: this is what would be deleted.
    pub erased: bool,
    /// When, RFC 3339: what came before is deleted, and kept out when it comes again.
    pub at: String,
    /// Each integration that was searched.
    pub integrations: Vec<ErasedIntegration>,
    /// Files beside the store that the gateway does not change and that may have the person's data: copies of a damaged store, backups.
    pub files: Vec<String>,
}

/// Erasing what is stored of a person.
pub trait Erasure: Send + Sync {
    /// Searches for what is stored of a person. Nothing is changed.
    fn find_person<'a>(&'a self, whom: &'a WhomToErase) -> Answer<'a, ErasureView>;

    /// Deletes what is stored of a person and came before now. It is kept out when it comes again; whoever calls later is new.
    fn erase<'a>(&'a self, whom: &'a WhomToErase) -> Answer<'a, ErasureView>;
}
