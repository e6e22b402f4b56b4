//! The remote system of a replay.

use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use secrecy::SecretString;
use serde_json::Value;
use uis_host::bindings::exports::uis::integration::setup::ConnectionNeed;
use uis_host::connection::Connection;
use uis_host::connection::credentials::Credentials;
use uis_host::connection::pace::Pace;
use uis_host::ports::Egress;
use url::Url;

/// The remote system of a replay: a simulator, a real one, or what was recorded of one.
pub trait RemoteSystem: Send + Sync {
    /// How a connection of this integration reaches it; `chosen` are the credentials that the integration chose by name.
    fn connect(&self, integration: &str, need: &ConnectionNeed, chosen: Option<&Credentials>) -> Result<Remote, String>;

    /// Which remote system is the integration's: equal for integrations that share one.
    fn system_of(&self, integration: &str) -> String {
        integration.to_owned()
    }

    /// Somebody acts in it (the recording's `crm` lines); gives what came of it, in words.
    fn act<'a>(&'a self, integration: &'a str, act: &'a Value) -> BoxFuture<'a, Result<String, String>>;

    /// From now on it misbehaves (the recording's `crm-faults` lines).
    fn misbehave(&self, integration: &str, faults: &Value) -> Result<(), String>;
}

/// A way to a remote system.
pub struct Remote {
    /// Its address.
    pub base: Url,
    /// The key.
    pub key: SecretString,
    /// The way out.
    pub egress: Arc<dyn Egress>,
    /// It lives in the machine's time, so its rate limits count.
    pub paced: bool,
}

impl Remote {
    /// The connection that a plugin asked for, by this way.
    pub fn connection(self, need: &ConnectionNeed) -> Connection {
        Connection {
            base: Mutex::new(self.base),
            host_patterns: need.host_patterns.clone(),
            auth: need.auth.clone(),
            key: self.key,
            egress: self.egress,
            pace: Arc::new(if self.paced { Pace::new(&need.rate_classes) } else { Pace::none() }),
        }
    }
}
