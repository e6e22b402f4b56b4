//! What a recording from life says about an integration, besides what was received.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Answer;

/// An integration as the header of a recording has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct RecordingSubject {
    /// The name.
    pub name: String,
    /// The UIS account in the form of a recording's header, as it is now. It contains no secret.
    pub account: Value,
    /// The settings as they are saved now.
    pub settings: Map<String, Value>,
    /// The version of the plugin for which the settings were saved.
    pub settings_version: String,
    /// Whether the integration is switched on now.
    pub active: bool,
    /// The address of the remote system.
    pub base_url: Option<String>,
    /// The public address of the gateway, without a slash at the end.
    pub public_url: String,
    /// The plugin's callbacks.
    pub callbacks: Vec<RecordedCallback>,
    /// The store's file.
    pub store: PathBuf,
}

/// What a callback is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RecordedRole {
    /// A user wants to call somebody.
    ClickToCall,
    /// A trigger of an order.
    OrderWebhook,
    /// Any other.
    Callback,
}

/// One of the plugin's callbacks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct RecordedCallback {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub role: RecordedRole,
    /// The parameter that has the secret; none: the secret is in the address.
    pub secret_parameter: Option<String>,
}

/// What is asked of the gateway for a recording from life. Whoever asks reads what was received from the store's file.
pub trait Exports: Send + Sync {
    /// What the header of a recording says about an integration. That a recording is exported stands in the audit log from then on, and whether
    /// it is `plain`: with personal data.
    fn recording_subject<'a>(&'a self, name: &'a str, plain: bool) -> Answer<'a, RecordingSubject>;
}
