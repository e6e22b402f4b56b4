//! A real CRM, or a simulator in another process, given by its URL. It is used as it is: the recording's `crm` is not written into it.

use std::sync::Arc;

use crate::replay::{Remote, RemoteSystem};
use anyhow::{Context, Result, bail};
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use secrecy::SecretString;
use serde_json::Value;
use uis_host::bindings::exports::uis::integration::setup::ConnectionNeed;
use uis_host::connection::credentials::Credentials;
use uis_host::ports::{Egress, EgressError};
use url::{Host, Url};

use super::within::nothing;

/// A CRM that is reached over HTTP.
pub struct Server {
    base: Url,
    key: SecretString,
    network: Network,
}

impl Server {
    /// A CRM with a base URL and a key. Fails as [`of`](Self::of).
    pub fn new(url: &str, key: String) -> Result<Server> {
        let base = Url::parse(url.trim_end_matches('/')).with_context(|| format!("--crm {url}"))?;
        Server::of(&Credentials { base, key: key.into() })
    }

    /// A CRM with these credentials. Fails for plain http to another machine, and for https when this build has no TLS.
    pub fn of(access: &Credentials) -> Result<Server> {
        let base = access.base.clone();
        match base.scheme() {
            // A key must not leave the machine unencrypted.
            "http" if is_local(base.as_str()).is_none() => {
                bail!("{base}: plain http is allowed only for a simulator on this machine; give an https URL")
            }
            "http" => {}
            "https" if cfg!(feature = "tls") => {}
            "https" => bail!("{base}: this build has no TLS; run it with: cargo run --features tls -- …"),
            other => bail!("{base}: the scheme {other} is not supported; give an https URL"),
        }
        Ok(Server { base, key: access.key.clone(), network: Network::new()? })
    }

    /// The entities in the CRM, if it is a simulator; otherwise empty lists.
    pub async fn to_json(&self) -> Value {
        let mut all = nothing();
        let state = async { self.network.0.get(self.base.join("/_simulator/state").ok()?).send().await.ok()?.text().await.ok() }.await;
        let state: Value = state.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        for (member, list) in &mut all {
            if state[member].is_array() {
                *list = state[member].clone();
            }
        }
        Value::Object(all)
    }
}

/// Parses the address of a simulator on this machine; none for other addresses.
pub fn is_local(url: &str) -> Option<Url> {
    let base = Url::parse(url.trim()).ok()?;
    let local = match base.host()? {
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
        Host::Domain(name) => name == "localhost",
    };
    (local && base.scheme() == "http").then_some(base)
}

impl RemoteSystem for Server {
    fn connect(&self, _: &str, _: &ConnectionNeed, _: Option<&Credentials>) -> Result<Remote, String> {
        Ok(Remote { base: self.base.clone(), key: self.key.clone(), egress: Arc::new(self.network.clone()), paced: true })
    }

    fn act<'a>(&'a self, _: &'a str, _: &'a Value) -> BoxFuture<'a, Result<String, String>> {
        std::future::ready(Err("crm lines of a recording are not executed when the CRM is given by --crm".into())).boxed()
    }

    fn misbehave(&self, _: &str, _: &Value) -> Result<(), String> {
        Err("crm-faults have no effect when the CRM is given by --crm; use the built-in simulator".into())
    }
}

/// Sends requests over the network.
#[derive(Debug, Clone)]
pub struct Network(reqwest::Client);

impl Network {
    /// A client that follows no redirects.
    pub fn new() -> Result<Network> {
        #[cfg(feature = "tls")]
        // An error means that a provider is installed already, which is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Ok(Network(reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?))
    }
}

impl Egress for Network {
    fn send(&self, request: http::Request<Bytes>, limit: usize) -> BoxFuture<'_, Result<http::Response<Bytes>, EgressError>> {
        async move {
            let (parts, body) = request.into_parts();
            let request = self.0.request(parts.method, parts.uri.to_string()).headers(parts.headers).body(body);
            let mut answer = request.send().await.map_err(|error| {
                if error.is_connect() || error.is_builder() {
                    EgressError::NotSent(error.to_string())
                } else {
                    EgressError::OutcomeUnknown(error.to_string())
                }
            })?;
            let (status, headers) = (answer.status(), answer.headers().clone());
            let mut body = Vec::new();
            while let Some(chunk) = answer.chunk().await.map_err(|error| EgressError::OutcomeUnknown(error.to_string()))? {
                if body.len() + chunk.len() > limit {
                    return Err(EgressError::TooLarge(limit));
                }
                body.extend_from_slice(&chunk);
            }
            let mut response = http::Response::new(Bytes::from(body));
            *response.status_mut() = status;
            *response.headers_mut() = headers;
            Ok(response)
        }
        .boxed()
    }
}
