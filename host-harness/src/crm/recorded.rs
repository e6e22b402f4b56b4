//! Recorded answers in place of a CRM, for strict replays.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::crm::strict::Recorded;
use crate::recording::{Header, IntegrationHeader};
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
    /// The CRM's address by the integration's name, where the recording's header has it: `crm.publicUrl`.
    pub bases: BTreeMap<String, Url>,
}

impl Recordings {
    /// The exchanges of a recording with this header.
    pub fn new(header: &Header, exchanges: Recorded) -> Recordings {
        let base = |integration: &IntegrationHeader| Url::parse(integration.crm["publicUrl"].as_str()?).ok();
        let named = header.integrations.iter().filter_map(|integration| Some((integration.name.clone(), base(integration)?)));
        Recordings { exchanges: Arc::new(exchanges), bases: named.collect() }
    }
}

struct SharedRecorded(Arc<Recorded>);

impl Egress for SharedRecorded {
    fn send(&self, request: http::Request<Bytes>, limit: usize) -> BoxFuture<'_, Result<http::Response<Bytes>, EgressError>> {
        self.0.send(request, limit)
    }
}

impl RemoteSystem for Recordings {
    fn connect(&self, integration: &str, need: &ConnectionNeed, _: Option<&Credentials>) -> Result<Remote, String> {
        // No request leaves the process. The base URL is only compared with links.
        let host = need.host_patterns.first().map_or("crm.example".to_owned(), |pattern| pattern.replace('*', "demo"));
        let base = match self.bases.get(integration) {
            Some(base) => base.clone(),
            None => Url::parse(&format!("https://{host}")).map_err(|error| error.to_string())?,
        };
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
