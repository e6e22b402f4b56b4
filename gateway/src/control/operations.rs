//! Running the gateway: its configuration, the versions of plugin and rules.

use futures_util::FutureExt;
use futures_util::future::ready;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Answer, ControlError};

/// What made the gateway read its configuration again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReloadCause {
    /// `uis-gateway reload`.
    Command,
    /// SIGHUP.
    Signal,
    /// The file's content changed.
    File,
}

/// The last time that the configuration was read again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ReloadView {
    /// When, RFC 3339.
    pub at: String,
    /// What asked for it.
    pub cause: ReloadCause,
    /// The new configuration is in use. Otherwise all of the old one is.
    pub applied: bool,
    /// The members that changed.
    pub changed: Vec<String>,
    /// Why the new configuration is not used, and what to do.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub problem: Option<String>,
}

/// A version of the plugin or of a rule that was put into use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct VersionView {
    /// `plugin`, or `rule NAME`.
    pub subject: String,
    /// `sha256:` and the digest of the component.
    pub digest: String,
    /// The version that the plugin reports.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub version: Option<String>,
    /// Since when it is, or was, in use, RFC 3339.
    pub since: String,
    /// It is in use now.
    pub in_use: bool,
    /// An administrator rolled back to it: the digest of the component that the configuration names, which is not used.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rolled_back_from: Option<String>,
}

/// Why a version of a rule is not evaluated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RuleFailure {
    /// Since when, RFC 3339.
    pub since: String,
    /// What happened.
    pub why: String,
}

/// A version of a rule that is evaluated beside the one in use, without being applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct TrialView {
    /// `sha256:` and the digest of the component.
    pub digest: String,
    /// How many answers it has given.
    pub answered: u32,
    /// After how many answers it is put into use.
    pub needed: u32,
    /// It failed, so it is not evaluated any more; the version in use stays.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub set_aside: Option<RuleFailure>,
}

/// A partner's rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct RuleView {
    /// Its name.
    pub name: String,
    /// The digest of the version whose answers are applied; absent while none is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub in_use: Option<String>,
    /// The configuration says that its answers are only logged.
    pub dry_run: bool,
    /// An administrator rolled back to the version in use.
    pub rolled_back: bool,
    /// The version in use failed too often; it is not evaluated until it is released or replaced.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub quarantined: Option<RuleFailure>,
    /// The version that is tried.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub trial: Option<TrialView>,
}

/// What an administrator can ask about running the gateway.
pub trait Operations: Send + Sync {
    /// Reads the configuration again, and uses it if all of it can be used. A rollback ends. The error says why the old one stays.
    fn reload(&self) -> Answer<'_, ReloadView>;

    /// Versions of the plugin and the rules, of each the newest first.
    fn versions(&self) -> Answer<'_, Vec<VersionView>>;

    /// Puts the version of the plugin, or of a rule, into use again that was in use before. It holds until the configuration names another
    /// component, or until `reload`.
    fn rollback<'a>(&'a self, rule: Option<&'a str>) -> Answer<'a, VersionView>;

    /// The partners' rules, by name.
    fn rules(&self) -> Answer<'_, Vec<RuleView>>;

    /// Ends a rule's quarantine, or begins a trial anew that failed.
    fn release_rule<'a>(&'a self, name: &'a str) -> Answer<'a, RuleView>;

    /// Puts the version of a rule that is tried into use at once.
    fn promote_rule<'a>(&'a self, name: &'a str) -> Answer<'a, RuleView>;
}

/// A gateway that was not made from a configuration file: it has one version of its plugin, and no rules.
pub struct NoConfiguration;

impl NoConfiguration {
    fn refused<T: Send + 'static>() -> Answer<'static, T> {
        ready(Err(ControlError::Failed("this gateway was not started from a configuration file".to_owned()))).boxed()
    }
}

impl Operations for NoConfiguration {
    fn reload(&self) -> Answer<'_, ReloadView> {
        NoConfiguration::refused()
    }

    fn versions(&self) -> Answer<'_, Vec<VersionView>> {
        ready(Ok(Vec::new())).boxed()
    }

    fn rollback<'a>(&'a self, _: Option<&'a str>) -> Answer<'a, VersionView> {
        NoConfiguration::refused()
    }

    fn rules(&self) -> Answer<'_, Vec<RuleView>> {
        ready(Ok(Vec::new())).boxed()
    }

    fn release_rule<'a>(&'a self, _: &'a str) -> Answer<'a, RuleView> {
        NoConfiguration::refused()
    }

    fn promote_rule<'a>(&'a self, _: &'a str) -> Answer<'a, RuleView> {
        NoConfiguration::refused()
    }
}
