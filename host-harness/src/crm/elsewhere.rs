//! A CRM somewhere else, by its URL. Its account is as it is: the recording's `crm` is not written into it.

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

/// A server.
pub struct Server {
    base: Url,
    key: SecretString,
    client: reqwest::Client,
}

impl Server {
    /// A server by its URL.
    pub fn new(url: &str, key: String) -> Result<Server> {
        let base = Url::parse(url.trim_end_matches('/')).with_context(|| format!("--crm {url}"))?;
        Server::of(&Credentials { base, key: key.into() })
    }

    /// A server by kept credentials.
    pub fn of(access: &Credentials) -> Result<Server> {
        let base = access.base.clone();
        match base.scheme() {
            // A key in plain text must not leave the machine.
            "http" if is_local(base.as_str()).is_none() => bail!("{base}: plain http is for a simulator on this machine; give https"),
            "http" => {}
            "https" if cfg!(feature = "tls") => {}
            "https" => bail!("{base}: this build has no TLS; run it with: cargo run --features tls -- …"),
            other => bail!("{base}: {other} is no scheme of a CRM"),
        }
        #[cfg(feature = "tls")]
        // A provider that is installed already is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(Server { base, key: access.key.clone(), client })
    }

    /// What stands in the account, when the server is a simulator that tells; else nothing.
    pub async fn to_json(&self) -> Value {
        let mut all = nothing();
        let state = async { self.client.get(self.base.join("/_simulator/state").ok()?).send().await.ok()?.text().await.ok() }.await;
        let state: Value = state.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        for (member, list) in &mut all {
            if state[member].is_array() {
                *list = state[member].clone();
            }
        }
        Value::Object(all)
    }
}

/// The address of a simulator on this machine, if it is one.
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
        Ok(Remote { base: self.base.clone(), key: self.key.clone(), egress: Arc::new(Network(self.client.clone())), paced: true })
    }

    fn act<'a>(&'a self, _: &'a str, _: &'a Value) -> BoxFuture<'a, Result<String, String>> {
        std::future::ready(Err("the recording's crm lines are not carried out in a CRM given by --crm".into())).boxed()
    }

    fn misbehave(&self, _: &str, _: &Value) -> Result<(), String> {
        Err("a CRM given by --crm cannot be told to misbehave".into())
    }
}

/// The network.
struct Network(reqwest::Client);

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
