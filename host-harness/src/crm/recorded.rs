//! Recorded answers in place of a CRM, for strict replays.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::exchanges::strict::Recorded;
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

/// Recorded answers for one integration.
struct OfIntegration {
    exchanges: Arc<Recorded>,
    integration: String,
}

impl Egress for OfIntegration {
    fn send(&self, request: http::Request<Bytes>, limit: usize) -> BoxFuture<'_, Result<http::Response<Bytes>, EgressError>> {
        self.exchanges.answer(&self.integration, &request, limit)
    }
}

impl RemoteSystem for Recordings {
    fn connect(&self, integration: &str, need: &ConnectionNeed, chosen: Option<&Credentials>) -> Result<Remote, String> {
        // No request leaves the process. The base URL is compared with links and with the recorded requests.
        let recorded = self.exchanges.base(integration, &need.name).map(|base| Url::parse(&base)).transpose();
        let recorded = recorded.map_err(|error| format!("exchange.request.base: {error}"))?;
        let known = recorded.or_else(|| self.bases.get(integration).cloned()).or_else(|| Some(chosen?.base.clone()));
        let base = match known {
            Some(base) => base,
            None => {
                let host = need.host_patterns.first().map_or("crm.example".to_owned(), |pattern| pattern.replace('*', "demo"));
                Url::parse(&format!("https://{host}")).map_err(|error| error.to_string())?
            }
        };
        let egress = Arc::new(OfIntegration { exchanges: self.exchanges.clone(), integration: integration.to_owned() });
        Ok(Remote { base, key: String::from("recorded").into(), egress, paced: false })
    }

    fn act<'a>(&'a self, _: &'a str, _: &'a Value) -> BoxFuture<'a, Result<String, String>> {
        // The recorded answers already reflect what users did in the CRM.
        std::future::ready(Ok("in the CRM: part of the recorded answers".to_owned())).boxed()
    }

    fn misbehave<'a>(&'a self, _: &'a str, _: &'a Value) -> BoxFuture<'a, Result<(), String>> {
        std::future::ready(Ok(())).boxed()
    }

    fn is_over(&self) -> bool {
        self.exchanges.has_diverged()
    }
}
