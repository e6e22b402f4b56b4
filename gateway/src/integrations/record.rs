//! An integration as it is stored.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use super::live::StoredLive;
use crate::control::{AccountView, ConnectionView};
use crate::secrets::SecretRef;

/// An integration as it is stored. It contains no secret in the clear.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Record {
    /// The name.
    pub name: String,
    /// The UIS account.
    pub account: StoredAccount,
    /// Connections, by the plugin's name of the remote system.
    pub connections: BTreeMap<String, StoredConnection>,
    /// The settings as the owner saved them.
    pub settings: Map<String, Value>,
    /// The version of the plugin for which the settings were saved.
    pub settings_version: String,
    /// The secret of the integration's addresses.
    pub secret: SecretRef,
    /// The secret before it, while it is still accepted.
    #[serde(default)]
    pub previous: Option<Previous>,
    /// What a routing request is answered with while the plugin gives no answer.
    #[serde(default)]
    pub route_fallback: Option<Value>,
}

/// A UIS account as it is stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub enum StoredAccount {
    /// The file of an account in memory.
    File(PathBuf),
    /// A live account.
    Live(Box<StoredLive>),
}

impl StoredAccount {
    /// What the administrator sees.
    pub fn view(&self) -> AccountView {
        match self {
            StoredAccount::File(path) => AccountView::File(path.clone()),
            StoredAccount::Live(live) => AccountView::Live(live.view()),
        }
    }
}

/// A connection as it is stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StoredConnection {
    /// The base URL, as the plugin normalised it.
    pub url: Url,
    /// The key.
    pub key: SecretRef,
}

impl StoredConnection {
    /// What the administrator sees.
    pub fn view(&self) -> ConnectionView {
        ConnectionView { url: self.url.to_string(), key: self.key.to_string() }
    }
}

/// A secret that is not in use any more.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Previous {
    /// The secret.
    pub secret: SecretRef,
    /// Until when it is accepted, in milliseconds since 1970.
    pub until: i64,
}
