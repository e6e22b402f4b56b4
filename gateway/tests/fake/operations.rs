//! Versions and rules of the gateway in memory.

use futures_util::FutureExt;
use uis_gateway::control::operations::{Operations, ReloadCause, ReloadView, RuleFailure, RuleView, TrialView, VersionView};
use uis_gateway::control::{Answer, ControlError};

use super::{Fake, lock};

const AT: &str = "2026-11-27T06:00:00+00:00";

impl Fake {
    fn version(&self, subject: &str) -> VersionView {
        VersionView {
            subject: subject.to_owned(),
            digest: "sha256:12".to_owned(),
            version: (subject == "plugin").then(|| "0.2.0".to_owned()),
            since: AT.to_owned(),
            in_use: true,
            rolled_back_from: None,
        }
    }

    fn rule(&self, name: &str) -> Result<RuleView, ControlError> {
        if name != "vip" {
            return Err(ControlError::Unknown(format!("there is no rule {name:?}; known: vip")));
        }
        let failure = || RuleFailure { since: AT.to_owned(), why: "it trapped".to_owned() };
        Ok(RuleView {
            name: name.to_owned(),
            in_use: Some("sha256:34".to_owned()),
            dry_run: false,
            rolled_back: false,
            quarantined: Some(failure()),
            trial: Some(TrialView { digest: "sha256:56".to_owned(), answered: 3, needed: 20, set_aside: Some(failure()) }),
        })
    }

    fn asked(&self, what: String) {
        lock(&self.operations).push(what);
    }
}

impl Operations for Fake {
    fn reload(&self) -> Answer<'_, ReloadView> {
        async move {
            self.asked("reload".to_owned());
            match lock(&self.broken).clone() {
                Some(why) => Err(ControlError::Invalid(vec![why])),
                None => Ok(ReloadView {
                    at: AT.to_owned(),
                    cause: ReloadCause::Command,
                    applied: true,
                    changed: vec!["limits".to_owned()],
                    problem: None,
                }),
            }
        }
        .boxed()
    }

    fn versions(&self) -> Answer<'_, Vec<VersionView>> {
        async { Ok(vec![self.version("plugin"), self.version("rule vip")]) }.boxed()
    }

    fn rollback<'a>(&'a self, rule: Option<&'a str>) -> Answer<'a, VersionView> {
        async move {
            let subject = match rule {
                None => "plugin".to_owned(),
                Some(name) => format!("rule {}", self.rule(name)?.name),
            };
            self.asked(format!("rollback {subject}"));
            Ok(self.version(&subject))
        }
        .boxed()
    }

    fn rules(&self) -> Answer<'_, Vec<RuleView>> {
        async { Ok(vec![self.rule("vip")?]) }.boxed()
    }

    fn release_rule<'a>(&'a self, name: &'a str) -> Answer<'a, RuleView> {
        async move {
            self.asked(format!("release {name}"));
            self.rule(name)
        }
        .boxed()
    }

    fn promote_rule<'a>(&'a self, name: &'a str) -> Answer<'a, RuleView> {
        async move {
            self.asked(format!("promote {name}"));
            self.rule(name)
        }
        .boxed()
    }
}
