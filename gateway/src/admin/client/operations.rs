//! Requests about running the gateway.

use futures_util::FutureExt;

use super::{Client, encoded};
use crate::admin::wire::{Rules, Versions};
use crate::control::Answer;
use crate::control::operations::{Operations, ReloadView, RuleView, VersionView};

fn rule(name: &str, what: &str) -> String {
    format!("/v1/rules/{}{what}", encoded(name))
}

impl Operations for Client {
    fn reload(&self) -> Answer<'_, ReloadView> {
        self.post("/v1/reload").boxed()
    }

    fn versions(&self) -> Answer<'_, Vec<VersionView>> {
        async { self.get::<Versions>("/v1/versions").await.map(|found| found.versions) }.boxed()
    }

    fn rollback<'a>(&'a self, of: Option<&'a str>) -> Answer<'a, VersionView> {
        async move {
            match of {
                None => self.post("/v1/plugin/rollback").await,
                Some(name) => self.post(&rule(name, "/rollback")).await,
            }
        }
        .boxed()
    }

    fn rules(&self) -> Answer<'_, Vec<RuleView>> {
        async { self.get::<Rules>("/v1/rules").await.map(|found| found.rules) }.boxed()
    }

    fn release_rule<'a>(&'a self, name: &'a str) -> Answer<'a, RuleView> {
        async move { self.post(&rule(name, "/release")).await }.boxed()
    }

    fn promote_rule<'a>(&'a self, name: &'a str) -> Answer<'a, RuleView> {
        async move { self.post(&rule(name, "/promote")).await }.boxed()
    }
}
