//! A real CRM, or a simulator in another process, given by its URL.

use crate::replay::{Remote, RemoteSystem};
use anyhow::{Context, Result, bail};
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use secrecy::SecretString;
use serde_json::{Map, Value};
use uis_host::bindings::exports::uis::integration::setup::ConnectionNeed;
use uis_host::connection::credentials::Credentials;
use uis_host::ports::{Egress, EgressError};
use url::{Host, Url};

use super::counts;
use super::network;
use super::protocol::{Answers, Control};
use super::within::{members_of_retailcrm, none, nothing};

/// A CRM that is reached over HTTP.
pub struct Server {
    paced: bool,
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
        Ok(Server { paced: true, base, key: access.key.clone(), network: Network::new()? })
    }

    /// Sends requests as fast as they are answered, without the plugin's rate limits: for a simulator on this machine that has none.
    /// Fails for other machines.
    pub fn unpaced(self) -> Result<Server> {
        if is_local(self.base.as_str()).is_none() {
            bail!("--unpaced: {} is no simulator on this machine; the limits of real accounts are always kept", self.base);
        }
        Ok(Server { paced: false, ..self })
    }

    /// Checks that something listens at the address. The error says what to do.
    pub fn reach(&self) -> Result<()> {
        network::reach(&self.base)
    }

    /// How many entities are in the CRM, if it is a simulator on this machine; otherwise none. They are counted as they are read.
    pub async fn counts(&self) -> Map<String, Value> {
        let mut all = none();
        let Some(state) = is_local(self.base.as_str()).and_then(|base| base.join("/_simulator/state").ok()) else { return all };
        let found = match self.network.0.get(state).send().await {
            Ok(answer) => counts::lengths(answer).await.unwrap_or_default(),
            Err(_) => Map::new(),
        };
        for (member, count) in &mut all {
            if let Some(found) = found.get(member) {
                *count = found.clone();
            }
        }
        all
    }

    /// Its base URL.
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// Its key.
    pub fn key(&self) -> &SecretString {
        &self.key
    }

    /// Sends requests to it.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// What answers at the address. Only a program on this machine is asked whether it is a simulator.
    pub async fn answers(&self) -> Answers {
        match self.control() {
            Some(control) => control.answers().await,
            None => Answers::Other,
        }
    }

    /// The control of the simulator, if the address is on this machine: real accounts are asked nothing of this kind.
    pub fn control(&self) -> Option<Control> {
        is_local(self.base.as_str()).map(|base| Control::new(base, self.network.0.clone()))
    }

    /// The entities in the CRM, if it is a simulator; otherwise empty lists. Members that are not RetailCRM's are given as they are.
    pub async fn to_json(&self) -> Value {
        let mut all = nothing();
        let state = match self.control() {
            Some(control) => control.state().await.unwrap_or_default(),
            None => Value::Null,
        };
        for (member, list) in &mut all {
            if state[member].is_array() {
                *list = state[member].clone();
            }
        }
        let known = members_of_retailcrm();
        let foreign = state.as_object().into_iter().flatten().filter(|(member, _)| !known.contains(member));
        all.extend(foreign.map(|(member, value)| (member.clone(), value.clone())));
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
        let egress = network::egress(&self.base, self.network.clone());
        Ok(Remote { base: self.base.clone(), key: self.key.clone(), egress, paced: self.paced })
    }

    fn system_of(&self, _: &str) -> String {
        self.base.to_string()
    }

    fn act<'a>(&'a self, _: &'a str, act: &'a Value) -> BoxFuture<'a, Result<String, String>> {
        async move {
            let control = self.control().ok_or("crm lines of a recording are not executed in a real account")?;
            control.act(act).await
        }
        .boxed()
    }

    fn misbehave<'a>(&'a self, _: &'a str, faults: &'a Value) -> BoxFuture<'a, Result<(), String>> {
        async move {
            let control = self.control().ok_or("a real account cannot be made to misbehave; use a simulator")?;
            control.misbehave(faults).await
        }
        .boxed()
    }

    fn content(&self) -> BoxFuture<'_, Option<Value>> {
        async move { if self.answers().await == Answers::Simulator { Some(self.to_json().await) } else { None } }.boxed()
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
                    EgressError::NotSent(with_causes(&error))
                } else {
                    EgressError::OutcomeUnknown(with_causes(&error))
                }
            })?;
            let (status, headers) = (answer.status(), answer.headers().clone());
            let mut body = Vec::new();
            while let Some(chunk) = answer.chunk().await.map_err(|error| EgressError::OutcomeUnknown(with_causes(&error)))? {
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

/// An error with its causes: `error sending request: client error (Connect): tcp connect error: Connection refused`.
fn with_causes(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let more = error.to_string();
        // Some errors contain the text of their cause.
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_network_error_names_its_cause() {
        let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
        let request = http::Request::get(format!("http://{free}/")).body(Bytes::new()).expect("a request");
        let answer = Network::new().expect("a client").send(request, 100).await;
        let Err(EgressError::NotSent(why)) = answer else { panic!("nothing listens there: {answer:?}") };
        assert!(why.to_lowercase().contains("refused"), "{why}");
    }
}
