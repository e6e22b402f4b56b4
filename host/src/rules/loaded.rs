//! A rule that is loaded, with its failures, and its place in a set.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use super::quarantine::Record;
use super::sandbox::{Rule, RuleError, RuleFault, Sandbox};
use crate::sync::lock;

/// A rule as the owner configured it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleFile {
    /// The rule's name. Rules are evaluated in the order of their names.
    pub name: String,
    /// The component's file.
    pub path: PathBuf,
    /// The rule is evaluated and its answer is reported, but not applied.
    pub dry_run: bool,
}

/// A rule, the file it was loaded from, and its failures. Sets that share it share the failures.
pub struct LoadedRule {
    pub(super) file: RuleFile,
    /// Time of modification and size of the file when it was loaded.
    pub(super) stamp: Mutex<Option<(SystemTime, u64)>>,
    pub(super) rule: Mutex<Arc<Rule>>,
    pub(super) record: Mutex<Record>,
}

impl LoadedRule {
    /// Loads a rule. `cache` is a folder for compiled components.
    pub fn load(sandbox: &Sandbox, file: RuleFile, cache: &Path) -> Result<LoadedRule, RuleError> {
        let stamp = stamp(&file.path);
        let rule = sandbox.load(&file.path, cache)?;
        Ok(LoadedRule { file, stamp: Mutex::new(stamp), rule: Mutex::new(Arc::new(rule)), record: Mutex::default() })
    }

    /// The component.
    pub(super) fn rule(&self) -> Arc<Rule> {
        lock(&self.rule).clone()
    }

    /// Puts the rule in quarantine, because it was before the process started.
    pub fn quarantine(&self) {
        lock(&self.record).quarantine();
    }

    /// Whether the rule is in quarantine.
    pub fn is_quarantined(&self) -> bool {
        lock(&self.record).is_quarantined()
    }

    /// Ends the rule's quarantine and forgets its failures.
    pub fn release(&self) {
        lock(&self.record).release();
    }
}

/// Watches one rule of a set. Its methods are called by the handler that asked the rule, and must not block.
pub trait RuleWatch: Send + Sync {
    /// The rule gave an answer that can be used.
    fn answered(&self);

    /// The rule failed, and the failure counts against it. `quarantined`: this failure has put it in quarantine.
    fn failed(&self, fault: &RuleFault, quarantined: bool);
}

/// A rule of a set.
#[derive(Clone)]
pub struct SetEntry {
    /// The rule.
    pub rule: Arc<LoadedRule>,
    /// The rule is evaluated and its answer is reported, but not applied.
    pub dry_run: bool,
    /// Watches the rule.
    pub watch: Option<Arc<dyn RuleWatch>>,
}

/// Time of modification and size of a file; none when it cannot be read.
pub(super) fn stamp(path: &Path) -> Option<(SystemTime, u64)> {
    let data = std::fs::metadata(path).ok()?;
    Some((data.modified().ok()?, data.len()))
}
