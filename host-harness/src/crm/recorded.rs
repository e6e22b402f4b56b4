//! Recorded answers in place of a CRM, for strict replays.

use std::sync::Arc;

use crate::crm::strict::Recorded;
use crate::replay::{Remote, RemoteSystem};
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::Value;
use uis_host::bindings::exports::uis::integration::setup::ConnectionNeed;
use uis_host::connection::credentials::Credentials;
use uis_host::ports::{Egress, EgressError};
use url::Url;

/// Recorded exchanges that replace a CRM.
pub struct Recordings {
    /// The exchanges.
    pub exchanges: Arc<Recorded>,
}

struct SharedRecorded(Arc<Recorded>);

impl Egress for SharedRecorded {
    fn send(&self, request: http::Request<Bytes>, limit: usize) -> BoxFuture<'_, Result<http::Response<Bytes>, EgressError>> {
        self.0.send(request, limit)
    }
}

impl RemoteSystem for Recordings {
    fn connect(&self, _: &str, need: &ConnectionNeed, _: Option<&Credentials>) -> Result<Remote, String> {
        // No request leaves the process. The base URL is only compared with links.
        let host = need.host_patterns.first().map_or("crm.example".to_owned(), |pattern| pattern.replace('*', "demo"));
        let base = Url::parse(&format!("https://{host}")).map_err(|error| error.to_string())?;
        Ok(Remote { base, key: String::from("recorded").into(), egress: Arc::new(SharedRecorded(self.exchanges.clone())), paced: false })
    }

    fn act<'a>(&'a self, _: &'a str, _: &'a Value) -> BoxFuture<'a, Result<String, String>> {
        // The recorded answers already reflect what users did in the CRM.
        std::future::ready(Ok("in the CRM: part of the recorded answers".to_owned())).boxed()
    }

    fn misbehave(&self, _: &str, _: &Value) -> Result<(), String> {
        Ok(())
    }
}
