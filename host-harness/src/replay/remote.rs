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

/// The remote system of a replay: a simulator, a real CRM, or recorded answers.
pub trait RemoteSystem: Send + Sync {
    /// How a connection of this integration reaches the system. `chosen` are the integration's credentials, if it chose some by name. The
    /// error is a message for the user.
    fn connect(&self, integration: &str, need: &ConnectionNeed, chosen: Option<&Credentials>) -> Result<Remote, String>;

    /// An id of the integration's remote system: equal for integrations that share one.
    fn system_of(&self, integration: &str) -> String {
        integration.to_owned()
    }

    /// Performs a user's action (a `crm` line of the recording). Returns a text for the log.
    fn act<'a>(&'a self, integration: &'a str, act: &'a Value) -> BoxFuture<'a, Result<String, String>>;

    /// Makes the system misbehave from now on (a `crm-faults` line of the recording).
    fn misbehave<'a>(&'a self, integration: &'a str, faults: &'a Value) -> BoxFuture<'a, Result<(), String>>;

    /// What the system contains now, with the members of the report's `crm`; none if the system does not say. Reading it changes nothing.
    fn content(&self) -> BoxFuture<'_, Option<Value>> {
        Box::pin(std::future::ready(None))
    }

    /// Whether the replay shall end after the line that is being played, because what follows would show nothing new.
    fn is_over(&self) -> bool {
        false
    }
}

/// Access to a remote system.
pub struct Remote {
    /// The base URL.
    pub base: Url,
    /// The API key.
    pub key: SecretString,
    /// Sends the requests.
    pub egress: Arc<dyn Egress>,
    /// The system runs in real time, so its rate limits apply.
    pub paced: bool,
}

impl Remote {
    /// The connection that the plugin described, with this access.
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
