//! What an administrator can ask of the gateway. The running service implements it, and so does the command line when no service runs; the
//! admin listener offers it over HTTP.

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uis_host::ports::IntegrationState;

pub mod account;
pub mod audit;
pub mod erasure;
pub mod events;
pub mod export;
pub mod operations;
pub mod storage;

pub use crate::secrets::reference::SecretSource;
pub use account::{AccountView, NewAccount, NewLive};
pub use audit::{AuditLogQuery, AuditPage, AuditView, Audits};
pub use erasure::Erasure;
pub use events::{
    AttemptView, Edit, EffectView, EventDetail, EventPage, EventQuery, EventView, Events, NotRedriven, OriginalView, ReasonView, Reasons,
    RedriveReport, RedriveRequest, RequestView,
};
pub use export::Exports;
pub use operations::{Operations, ReloadView, RuleView, VersionView};
pub use storage::Storage;

/// A connection of an integration to a remote system.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct NewConnection {
    /// The address that a person pasted; the plugin normalises it. One whose host `egress.allow-private` names is used as it is, and may be
    /// plain http.
    pub url: String,
    /// The key.
    pub key: SecretSource,
}

/// A new integration.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct NewIntegration {
    /// The name: 1 to 64 letters of any alphabet, digits, `-` and `_`. It cannot change.
    pub name: String,
    /// The UIS account.
    pub account: NewAccount,
    /// Connections, by the plugin's name of the remote system.
    pub connections: BTreeMap<String, NewConnection>,
    /// The settings; members that are absent have the plugin's defaults.
    #[serde(default)]
    pub settings: Map<String, Value>,
    /// The version of the plugin that saved the settings, when they come from elsewhere; the plugin migrates them.
    #[serde(default)]
    pub settings_version: Option<String>,
    /// The integration's secret, when it must be a given one; otherwise a random one.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub secret: Option<SecretString>,
}

/// Changes of an integration. Absent members stay.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Change {
    /// Another UIS account, or changes of the live one.
    pub account: Option<NewAccount>,
    /// Connections to replace.
    pub connections: BTreeMap<String, NewConnection>,
    /// Settings to replace, member by member; `null` removes one, so that it has the plugin's default.
    pub settings: Map<String, Value>,
    /// The version of the plugin that saved these settings, when they come from elsewhere.
    pub settings_version: Option<String>,
    /// What a routing request is answered with while the plugin gives no answer.
    pub route_fallback: Option<Value>,
}

/// A connection as the administrator sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ConnectionView {
    /// The base URL.
    pub url: String,
    /// Where the key comes from: `env NAME`, `file PATH`, `sealed`. Never the key.
    pub key: String,
}

/// An integration as the administrator sees it. It contains no secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct IntegrationView {
    /// The name.
    pub name: String,
    /// `inactive`, `activating`, `active`, `paused`.
    #[schemars(with = "String")]
    pub state: IntegrationState,
    /// The UIS account.
    pub account: AccountView,
    /// Connections, by the plugin's name of the remote system.
    pub connections: BTreeMap<String, ConnectionView>,
    /// The settings as they were saved.
    pub settings: Map<String, Value>,
    /// Number of events that wait.
    pub waiting: u64,
    /// Number of dead letters.
    pub dead_letters: u64,
    /// Until when the secret before the last rotation is accepted, RFC 3339; absent when there is none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub old_secret_until: Option<String>,
    /// Why the integration does not run, and what to do, when its account, a secret or its settings cannot be used.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub broken: Option<String>,
    /// Who paused it, when an administrator did. A pause because a remote system refused the key is the state `paused`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub held: Option<PauseView>,
    /// What the account's owner should know: about the settings, `setting: message`; what UIS refuses, `UIS: message`.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub notes: Vec<String>,
}

/// An administrator's pause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct PauseView {
    /// Who paused it.
    pub who: String,
    /// Since when, RFC 3339.
    pub since: String,
}

/// One address to enter somewhere. It contains the integration's secret.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Address {
    /// What is sent there: the type of a UIS notification, `route`, or the name of one of the plugin's callbacks.
    pub what: String,
    /// The address.
    pub url: String,
}

/// A dead letter as the administrator sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct DeadLetterView {
    /// The id to re-drive it with.
    pub id: String,
    /// The integration.
    pub integration: String,
    /// What was received, such as `call_session_finished`.
    pub what: String,
    /// When it was received, RFC 3339.
    pub received: String,
    /// Attempts so far; 0 for a body that could not be read.
    pub attempts: u32,
    /// Why it is dead.
    pub reason: String,
}

/// The gateway as a whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Status {
    /// The program's version.
    pub version: String,
    /// The plugin's name and version.
    pub plugin: String,
    /// Whether events are accepted; with the reason when they are not. As JSON: `"ready": true`, or `"ready": false` and `"reason"`.
    #[serde(flatten, with = "readiness")]
    #[schemars(with = "readiness::Written")]
    pub ready: Result<(), String>,
    /// Number of integrations.
    pub integrations: u64,
    /// Events that wait, of all integrations.
    pub waiting: u64,
    /// How long the oldest event waits, in seconds.
    pub oldest_waiting_s: u64,
    /// Dead letters, of all integrations.
    pub dead_letters: u64,
    /// The last time that the configuration was read again; absent if it was not since the service started.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reload: Option<ReloadView>,
    /// The versions of the plugin and the rules that are in use.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub versions: Vec<VersionView>,
    /// The partners' rules.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub rules: Vec<RuleView>,
    /// Bytes that are free on the store's disk; absent when that is unknown.
    pub disk_free_bytes: Option<u64>,
}

/// How a finding of a check was judged, from good to bad.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// All is well.
    #[default]
    Ok,
    /// Something may be wrong.
    Warning,
    /// Something does not work.
    Problem,
}

/// One finding of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Finding {
    /// What was looked at: `disk`, `crm`, `employees`.
    pub subject: String,
    /// How it was judged.
    pub verdict: Verdict,
    /// What was found.
    pub message: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub remedy: Option<String>,
}

/// The findings of one integration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CheckedIntegration {
    /// Its name.
    pub name: String,
    /// The findings, in the order in which they are read best.
    pub findings: Vec<Finding>,
}

/// What a check found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CheckReport {
    /// What all integrations share.
    pub gateway: Vec<Finding>,
    /// Each integration that was checked.
    pub integrations: Vec<CheckedIntegration>,
}

impl CheckReport {
    /// The worst verdict.
    pub fn verdict(&self) -> Verdict {
        let all = self.gateway.iter().chain(self.integrations.iter().flat_map(|checked| &checked.findings));
        all.map(|found| found.verdict).max().unwrap_or_default()
    }
}

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ControlError {
    /// There is no such integration, action or dead letter; with what there is.
    #[error("{0}")]
    Unknown(String),
    /// The request is wrong, in all these respects, each of which names the setting or member.
    #[error("{}", .0.join("; "))]
    Invalid(Vec<String>),
    /// The gateway cannot do it now.
    #[error("{0}")]
    Failed(String),
}

/// The result of a request.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, ControlError>>;

/// What an administrator can ask of the gateway.
pub trait Control: Audits + Erasure + Events + Exports + Operations + Storage + Send + Sync {
    /// The gateway as a whole.
    fn status(&self) -> Answer<'_, Status>;

    /// All integrations, by name.
    fn list(&self) -> Answer<'_, Vec<IntegrationView>>;

    /// Adds an integration. It is inactive.
    fn add(&self, new: NewIntegration) -> Answer<'_, IntegrationView>;

    /// Changes an integration; an active one is activated again.
    fn set<'a>(&'a self, name: &'a str, change: Change) -> Answer<'a, IntegrationView>;

    /// Switches an integration on.
    fn activate<'a>(&'a self, name: &'a str) -> Answer<'a, IntegrationView>;

    /// Switches an integration off.
    fn deactivate<'a>(&'a self, name: &'a str) -> Answer<'a, IntegrationView>;

    /// Runs an action of the plugin, such as `sync-employees`.
    fn action<'a>(&'a self, name: &'a str, action: &'a str) -> Answer<'a, IntegrationView>;

    /// Makes a new secret. The old one is accepted for a day.
    fn rotate_secret<'a>(&'a self, name: &'a str) -> Answer<'a, IntegrationView>;

    /// The addresses to enter in UIS and in the remote system. They contain the secret.
    fn addresses<'a>(&'a self, name: &'a str) -> Answer<'a, Vec<Address>>;

    /// Dead letters, oldest first: of one integration or of all, at most `limit`.
    fn dead_letters<'a>(&'a self, integration: Option<&'a str>, limit: usize) -> Answer<'a, Vec<DeadLetterView>>;

    /// Checks what all integrations share: whether events are accepted, the store, the disk, `public-url`.
    fn check_gateway(&self) -> Answer<'_, Vec<Finding>>;

    /// Checks an integration: both accounts are asked. Nothing is changed.
    fn check<'a>(&'a self, name: &'a str) -> Answer<'a, Vec<Finding>>;

    /// Puts a dead letter back to the end of its lane. A body that could not be read is read again.
    fn redrive<'a>(&'a self, id: &'a str) -> Answer<'a, DeadLetterView>;
}

/// Readiness as JSON.
mod readiness {
    use schemars::JsonSchema;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    /// Whether events are accepted.
    #[derive(Serialize, Deserialize, JsonSchema)]
    pub struct Written {
        /// Whether events are accepted.
        ready: bool,
        /// Why not.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        reason: Option<String>,
    }

    pub fn serialize<S: Serializer>(ready: &Result<(), String>, to: S) -> Result<S::Ok, S::Error> {
        Written { ready: ready.is_ok(), reason: ready.as_ref().err().cloned() }.serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Result<(), String>, D::Error> {
        let written = Written::deserialize(from)?;
        Ok(match written.ready {
            true => Ok(()),
            false => Err(written.reason.unwrap_or_default()),
        })
    }
}
