//! Which version of the plugin or of a rule is to be used: what the configuration names, unless an administrator rolled back.

use uis_host::clock::instant;
use uis_host::ports::StoreError;

use super::components::Component;
use crate::config::Pinned;
use crate::control::ControlError;
use crate::control::operations::{RuleView, VersionView};
use crate::store::SqliteStore;
use crate::store::versions::{VerdictRow, VersionRow};

/// The subject of the plugin's versions.
pub const PLUGIN: &str = "plugin";
/// Versions of each subject that are kept.
pub const KEPT: usize = 5;

/// The subject of a rule's versions.
pub fn rule_subject(name: &str) -> String {
    format!("rule {name}")
}

/// What is to be used.
pub enum Named {
    /// The component that the configuration names.
    Component(Component),
    /// The version to which an administrator rolled back.
    Held(VersionRow),
}

/// What the store knows of versions.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Versions that were put into use, oldest first.
    pub versions: Vec<VersionRow>,
    /// Versions of rules that are not evaluated.
    pub verdicts: Vec<VerdictRow>,
}

impl Known {
    /// What a store knows.
    pub async fn read(store: &SqliteStore) -> Result<Known, ControlError> {
        let failed = |error: StoreError| ControlError::Failed(error.to_string());
        Ok(Known { versions: store.versions().await.map_err(failed)?, verdicts: store.verdicts().await.map_err(failed)? })
    }

    /// The version of a subject that is in use.
    pub fn latest(&self, subject: &str) -> Option<&VersionRow> {
        self.versions.iter().rev().find(|row| row.subject == subject)
    }

    /// The version to which an administrator rolled a subject back, while that holds: until the configuration names another component.
    pub fn held(&self, subject: &str, configured: &str) -> Option<&VersionRow> {
        self.latest(subject).filter(|row| row.back && row.configured == configured)
    }

    /// The component that a configuration names, or the version to which an administrator rolled back in place of it. `explicit`: a rollback
    /// does not hold any longer.
    pub fn named(&self, subject: &str, pinned: &Pinned, explicit: bool) -> Result<Named, String> {
        let held = |configured: &str| self.held(subject, configured).filter(|_| !explicit).cloned();
        // A pinned digest says which component is meant, even if the file has been overwritten since.
        if let Some(row) = pinned.digest.as_deref().and_then(held) {
            return Ok(Named::Held(row));
        }
        match Component::read(pinned) {
            Ok(component) => Ok(held(&component.digest).map_or(Named::Component(component), Named::Held)),
            // The file of the version that is not wanted may be missing.
            Err(why) => match self.latest(subject).filter(|row| row.back && !explicit && pinned.digest.is_none()) {
                Some(row) => {
                    tracing::warn!(
                        subject,
                        why,
                        "the configured component cannot be read; the version that was rolled back to stays in use"
                    );
                    Ok(Named::Held(row.clone()))
                }
                None => Err(why),
            },
        }
    }

    /// The verdict on a version of a rule.
    pub fn verdict(&self, rule: &str, digest: &str) -> Option<&VerdictRow> {
        self.verdicts.iter().find(|row| row.rule == rule && row.digest == digest)
    }

    /// The versions of a subject that can be gone back to, oldest first; the last one is in use. Going back removes what came after.
    fn path(&self, subject: &str) -> Vec<&VersionRow> {
        let mut path: Vec<&VersionRow> = Vec::new();
        for row in self.versions.iter().filter(|row| row.subject == subject) {
            if row.back
                && let Some(at) = path.iter().rposition(|earlier| earlier.digest == row.digest)
            {
                path.truncate(at);
            }
            path.retain(|earlier| earlier.digest != row.digest);
            path.push(row);
        }
        path
    }

    /// The version of a subject before the one in use.
    pub fn before(&self, subject: &str) -> Option<&VersionRow> {
        let path = self.path(subject);
        path.len().checked_sub(2).and_then(|at| path.get(at).copied())
    }

    /// The version to roll the plugin back to. `pinned` is what the configuration names.
    pub fn plugin_before(&self, pinned: Option<&Pinned>, now: i64) -> Result<VersionRow, ControlError> {
        let before = self.before(PLUGIN).ok_or_else(|| nothing_before(PLUGIN))?;
        Ok(self.back(before, pinned, now))
    }

    /// The version to roll a rule back to. While another is tried, it is the one in use, and the trial ends.
    pub fn rule_before(&self, rule: &RuleView, pinned: Option<&Pinned>, now: i64) -> Result<VersionRow, ControlError> {
        let subject = rule_subject(&rule.name);
        let before = if rule.trial.is_some() { self.latest(&subject) } else { self.before(&subject) };
        Ok(self.back(before.ok_or_else(|| nothing_before(&subject))?, pinned, now))
    }

    /// A version that is put into use again in place of what the configuration names now, even if that was not read yet.
    fn back(&self, row: &VersionRow, pinned: Option<&Pinned>, now: i64) -> VersionRow {
        let named = pinned.and_then(|pinned| pinned.digest.clone().or_else(|| Some(Component::read(pinned).ok()?.digest)));
        let configured = named.or_else(|| self.latest(&row.subject).map(|row| row.configured.clone())).unwrap_or_default();
        VersionRow { configured, since: now, back: true, ..row.clone() }
    }

    /// Adds versions, and removes those of each subject that are too old to be kept. Returns the removed ones.
    pub fn put(&mut self, new: &[VersionRow]) -> Vec<(String, String)> {
        self.versions.extend_from_slice(new);
        let mut removed = Vec::new();
        for row in new {
            let mut kept: Vec<String> = Vec::new();
            for earlier in self.versions.iter().rev().filter(|earlier| earlier.subject == row.subject) {
                if !kept.contains(&earlier.digest) {
                    kept.push(earlier.digest.clone());
                }
            }
            for digest in kept.split_off(kept.len().min(KEPT)) {
                self.versions.retain(|earlier| earlier.subject != row.subject || earlier.digest != digest);
                removed.push((row.subject.clone(), digest));
            }
        }
        removed
    }

    /// The digests of all components that may still be used.
    pub fn digests(&self) -> Vec<String> {
        self.versions.iter().flat_map(|row| [row.digest.clone(), row.configured.clone()]).collect()
    }

    /// All versions as the administrator sees them: of each subject the newest first.
    pub fn views(&self) -> Vec<VersionView> {
        let mut subjects: Vec<&str> = self.versions.iter().map(|row| row.subject.as_str()).collect();
        subjects.sort_unstable();
        subjects.dedup();
        let mut views = Vec::new();
        for subject in subjects {
            let mut seen: Vec<&str> = Vec::new();
            for row in self.versions.iter().rev().filter(|row| row.subject == subject) {
                if !seen.contains(&row.digest.as_str()) {
                    views.push(view(row, seen.is_empty()));
                    seen.push(&row.digest);
                }
            }
        }
        views
    }
}

/// A version of a rule that is put into use because the configuration names it.
pub fn rule_row(name: &str, digest: &str, now: i64) -> VersionRow {
    let (digest, configured) = (digest.to_owned(), digest.to_owned());
    VersionRow { subject: rule_subject(name), digest, version: String::new(), configured, since: now, back: false }
}

/// The versions of a rule that are not evaluated, by their digests. An error when all are.
pub fn not_evaluated(rule: &RuleView) -> Result<Vec<String>, ControlError> {
    let quarantined = rule.in_use.clone().filter(|_| rule.quarantined.is_some());
    let aside = rule.trial.as_ref().filter(|trial| trial.set_aside.is_some()).map(|trial| trial.digest.clone());
    let digests: Vec<String> = quarantined.into_iter().chain(aside).collect();
    match digests.is_empty() {
        true => Err(ControlError::Invalid(vec![format!("the rule {} is neither in quarantine nor set aside", rule.name)])),
        false => Ok(digests),
    }
}

/// The digest of the version of a rule that is tried, or was set aside.
pub fn tried(rule: &RuleView) -> Result<String, ControlError> {
    let tried = rule.trial.as_ref().map(|trial| trial.digest.clone());
    let list = "the rules: uis-gateway rules list";
    tried.ok_or_else(|| ControlError::Invalid(vec![format!("no version of the rule {} is tried; {list}", rule.name)]))
}

fn nothing_before(subject: &str) -> ControlError {
    let what = if subject == PLUGIN { "the plugin" } else { subject };
    ControlError::Invalid(vec![format!("there is no earlier version of {what}; those that are kept: uis-gateway versions")])
}

/// A version as the administrator sees it.
pub fn view(row: &VersionRow, in_use: bool) -> VersionView {
    VersionView {
        subject: row.subject.clone(),
        digest: row.digest.clone(),
        version: Some(row.version.clone()).filter(|version| !version.is_empty()),
        since: instant(row.since).to_rfc3339(),
        in_use,
        rolled_back_from: Some(row.configured.clone()).filter(|configured| row.back && *configured != row.digest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(digest: &str, configured: &str) -> VersionRow {
        let (subject, version, since) = (PLUGIN.to_owned(), String::new(), 0);
        VersionRow { subject, digest: digest.into(), version, configured: configured.into(), since, back: digest != configured }
    }

    fn known(rows: &[(&str, &str)]) -> Known {
        Known { versions: rows.iter().map(|(digest, configured)| row(digest, configured)).collect(), verdicts: Vec::new() }
    }

    fn before(rows: &[(&str, &str)]) -> Option<String> {
        known(rows).before(PLUGIN).map(|row| row.digest.clone())
    }

    #[test]
    fn going_back_leads_ever_further_back() {
        assert_eq!(before(&[]), None);
        assert_eq!(before(&[("a", "a")]), None);
        let three = [("a", "a"), ("b", "b"), ("c", "c")];
        assert_eq!(before(&three).as_deref(), Some("b"));
        assert_eq!(before(&[&three[..], &[("b", "c")]].concat()).as_deref(), Some("a"));
        assert_eq!(before(&[&three[..], &[("b", "c"), ("a", "c")]].concat()), None);
        assert_eq!(before(&[&three[..], &[("b", "c"), ("c", "c")]].concat()).as_deref(), Some("b"), "the newer one is in use again");
        assert_eq!(
            before(&[("a", "a"), ("b", "b"), ("a", "a")]).as_deref(),
            Some("b"),
            "the configuration went back, not an administrator"
        );
    }

    #[test]
    fn a_rollback_holds_until_another_component_is_configured() {
        let known = known(&[("a", "a"), ("b", "b"), ("a", "b")]);
        assert_eq!(known.held(PLUGIN, "b").map(|row| row.digest.as_str()), Some("a"));
        assert_eq!(known.held(PLUGIN, "c"), None);
        assert_eq!(known.held("rule x", "b"), None);
    }

    #[test]
    fn the_last_versions_are_kept() {
        let mut known = known(&[("a", "a"), ("b", "b"), ("c", "c"), ("d", "d"), ("e", "e")]);
        assert_eq!(known.put(&[row("a", "a")]), []);
        assert_eq!(known.put(&[row("f", "f")]), [(PLUGIN.to_owned(), "b".to_owned())]);
        assert_eq!(known.views().iter().map(|view| view.digest.as_str()).collect::<Vec<_>>(), ["f", "a", "e", "d", "c"]);
        assert!(known.views()[0].in_use && !known.views()[1].in_use);
    }
}
