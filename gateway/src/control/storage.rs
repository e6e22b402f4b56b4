//! The store's file: backups.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Answer;

/// A backup to write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct NewBackup {
    /// The file, or with `keep` the folder; the whole path. Whoever writes it is the user of the service.
    pub path: PathBuf,
    /// A file that exists is replaced.
    #[serde(default)]
    pub replace: bool,
    /// Write a file with the time in its name into the folder, and remove the oldest such files until so many are left.
    #[serde(default)]
    pub keep: Option<usize>,
}

/// A backup that was written and checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct BackupView {
    /// The file.
    pub file: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
    /// Number of integrations in it.
    pub integrations: u64,
    /// Number of events in it that wait.
    pub waiting: u64,
    /// Number of dead letters in it.
    pub dead_letters: u64,
    /// Rows whose checksum does not match, by table and key: they are damaged in the store too.
    pub damaged: Vec<String>,
    /// Older backups that were removed.
    pub removed: Vec<PathBuf>,
    /// Files that are not in it, but that a restored gateway needs, with what they are.
    pub not_contained: Vec<MissingFile>,
}

/// A file that a backup does not contain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MissingFile {
    /// The file.
    pub file: PathBuf,
    /// What it is, and how to keep it.
    pub what: String,
}

/// What an administrator can ask about the store's file.
pub trait Storage: Send + Sync {
    /// Writes a copy of the store while events go on being accepted.
    fn backup(&self, new: NewBackup) -> Answer<'_, BackupView>;
}
