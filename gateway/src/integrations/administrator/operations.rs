//! Running the gateway, as an administrator asks for it.

use futures_util::FutureExt;

use super::{Administrator, Deliverer};
use crate::audit::{Act, AuditEntry};
use crate::control::operations::{Operations, ReloadView, RuleView, VersionView};
use crate::control::{Answer, Finding, Status, Verdict};

impl<D: Deliverer> Administrator<D> {
    /// Adds what is in use to the status.
    pub(super) async fn add_operations(&self, status: &mut Status) -> Result<(), crate::control::ControlError> {
        let operations = self.0.operations();
        status.reload = self.0.last_reload();
        status.versions = operations.versions().await?.into_iter().filter(|version| version.in_use).collect();
        status.rules = operations.rules().await?;
        Ok(())
    }
}

/// What a check finds about the configuration and the rules; nothing when all is well.
pub(super) fn findings(reload: Option<&ReloadView>, rules: &[RuleView]) -> Vec<Finding> {
    let problem = |subject: &str, message: String, remedy: String| Finding {
        subject: subject.to_owned(),
        verdict: Verdict::Problem,
        message,
        remedy: Some(remedy),
    };
    let mut found = Vec::new();
    if let Some(why) = reload.and_then(|reload| reload.problem.as_ref()) {
        let remedy = "correct the configuration file; it is read again by itself, or with: uis-gateway reload";
        found.push(problem("configuration", format!("an earlier one is in use: {why}"), remedy.to_owned()));
    }
    for rule in rules {
        let remedy = format!("put a corrected version in its place, or: uis-gateway rules release {}", rule.name);
        if let Some(failure) = &rule.quarantined {
            found.push(problem(
                "rules",
                format!("{} is not evaluated since {}: {}", rule.name, failure.since, failure.why),
                remedy.clone(),
            ));
        }
        if let Some(failure) = rule.trial.as_ref().and_then(|trial| trial.set_aside.as_ref()) {
            found.push(problem("rules", format!("a new version of {} is set aside: {}", rule.name, failure.why), remedy));
        }
    }
    found
}

impl<D: Deliverer> Operations for Administrator<D> {
    fn reload(&self) -> Answer<'_, ReloadView> {
        async move {
            let view = self.0.operations().reload().await?;
            self.note(AuditEntry::new(Act::Upgrade).with(format!("the configuration was read again: {}", view.changed.join(", ")))).await?;
            Ok(view)
        }
        .boxed()
    }

    fn versions(&self) -> Answer<'_, Vec<VersionView>> {
        self.0.operations().versions()
    }

    fn rollback<'a>(&'a self, rule: Option<&'a str>) -> Answer<'a, VersionView> {
        async move {
            let view = self.0.operations().rollback(rule).await?;
            self.note(AuditEntry::new(Act::Rollback).about(view.digest.clone()).with(view.subject.clone())).await?;
            Ok(view)
        }
        .boxed()
    }

    fn rules(&self) -> Answer<'_, Vec<RuleView>> {
        self.0.operations().rules()
    }

    fn release_rule<'a>(&'a self, name: &'a str) -> Answer<'a, RuleView> {
        async move {
            let view = self.0.operations().release_rule(name).await?;
            self.note(AuditEntry::new(Act::Upgrade).about(name).with("a rule is evaluated again")).await?;
            Ok(view)
        }
        .boxed()
    }

    fn promote_rule<'a>(&'a self, name: &'a str) -> Answer<'a, RuleView> {
        async move {
            let view = self.0.operations().promote_rule(name).await?;
            self.note(AuditEntry::new(Act::Upgrade).about(name).with("the version of a rule that was tried is in use")).await?;
            Ok(view)
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::operations::{ReloadCause, RuleFailure, TrialView};

    #[test]
    fn a_check_names_what_is_not_in_use() {
        let reload = ReloadView {
            at: String::new(),
            cause: ReloadCause::File,
            applied: false,
            changed: Vec::new(),
            problem: Some("3: no member".to_owned()),
        };
        let failure = || RuleFailure { since: "noon".to_owned(), why: "it trapped".to_owned() };
        let trial = TrialView { digest: "sha256:1".to_owned(), answered: 1, needed: 20, set_aside: Some(failure()) };
        let sound = RuleView { name: "vip".into(), in_use: None, dry_run: false, rolled_back: false, quarantined: None, trial: None };
        let failed = RuleView { quarantined: Some(failure()), trial: Some(trial), ..sound.clone() };
        assert_eq!(findings(None, std::slice::from_ref(&sound)), []);
        assert_eq!(findings(Some(&ReloadView { problem: None, ..reload.clone() }), &[]), []);
        let found = findings(Some(&reload), &[failed, sound]);
        let lines: Vec<&str> = found.iter().map(|found| found.message.as_str()).collect();
        let quarantined = "vip is not evaluated since noon: it trapped";
        assert_eq!(lines, ["an earlier one is in use: 3: no member", quarantined, "a new version of vip is set aside: it trapped"]);
    }
}
