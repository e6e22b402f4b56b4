//! The client of the administrator's listener.

mod audit;
mod erasure;
mod events;
mod export;
mod operations;
mod storage;

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use futures_util::FutureExt;
use http::{Method, header};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::net::{TcpStream, UnixStream};

use super::wire::{self, Addresses, DeadLetters, Findings, Integrations};
use crate::config::AdminConfig;
use crate::control::{Address, Answer, Change, Control, ControlError, DeadLetterView, Finding, IntegrationView, NewIntegration, Status};

/// The time in which an answer must arrive, a little longer than the listener's own.
const ANSWER_TIME: Duration = Duration::from_secs(130);
/// The time in which a listener on this machine must accept a connection.
const CONNECT_TIME: Duration = Duration::from_secs(5);

/// A running gateway, reached over its administrator's listener.
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: Option<SecretString>,
}

impl Client {
    /// The gateway that answers at the socket or address of a configuration; none when nothing answers there. `token` is needed for an
    /// address. The error says why the listener cannot be used, and what to do.
    pub async fn find(admin: &AdminConfig, token: Option<SecretString>) -> Result<Option<Client>, String> {
        let builder = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(ANSWER_TIME)
            .connect_timeout(CONNECT_TIME);
        let (builder, base, token) = match (admin.listen, &admin.socket) {
            (Some(address), _) => {
                let connected = tokio::time::timeout(CONNECT_TIME, TcpStream::connect(address)).await;
                match connected.unwrap_or_else(|_| Err(ErrorKind::TimedOut.into())) {
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::ConnectionRefused => return Ok(None),
                    Err(error) => return Err(format!("the administrator's listener {address}: {error}")),
                }
                (builder, format!("http://{address}"), token)
            }
            (None, Some(path)) => match UnixStream::connect(path).await {
                Ok(_) => (builder.unix_socket(path.as_path()), "http://localhost".to_owned(), None),
                Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => return Ok(None),
                Err(error) => return Err(refused(path, &error)),
            },
            (None, None) => return Ok(None),
        };
        let http = builder.build().map_err(|error| format!("the HTTP client cannot start: {error}"))?;
        Ok(Some(Client { http, base, token }))
    }

    async fn send<T: DeserializeOwned>(&self, method: Method, path: &str, body: Option<Value>) -> Result<T, ControlError> {
        // An error of the HTTP library names the address only; its cause is the useful part.
        let failed = |error: reqwest::Error| {
            let mut why: &dyn std::error::Error = &error;
            while let Some(source) = why.source() {
                why = source;
            }
            ControlError::Failed(format!("the running gateway did not answer: {why}"))
        };
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.expose_secret());
        }
        if let Some(body) = body {
            request = request.header(header::CONTENT_TYPE, "application/json").body(body.to_string());
        }
        let answer = request.send().await.map_err(failed)?;
        let status = answer.status();
        let bytes = answer.bytes().await.map_err(failed)?;
        if !status.is_success() {
            return Err(wire::error(status, &bytes));
        }
        serde_json::from_slice(&bytes).map_err(|error| {
            ControlError::Failed(format!("the running gateway is of another version: its answer cannot be read ({error})"))
        })
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ControlError> {
        self.send(Method::GET, path, None).await
    }

    async fn post<T: DeserializeOwned>(&self, path: &str) -> Result<T, ControlError> {
        self.send(Method::POST, path, None).await
    }
}

fn refused(path: &Path, error: &std::io::Error) -> String {
    let remedy = match error.kind() {
        ErrorKind::PermissionDenied => "; run the command as the user of the service",
        _ => "",
    };
    format!("the administrator's socket {}: {error}{remedy}", path.display())
}

/// A path with a query: the members of an object that are not absent.
fn with_query(path: &str, query: &impl serde::Serialize) -> String {
    let members = serde_json::to_value(query).unwrap_or_default();
    let pairs = members.as_object().into_iter().flatten().map(|(name, value)| match value {
        Value::String(text) => (name.as_str(), text.clone()),
        other => (name.as_str(), other.to_string()),
    });
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

fn encoded(text: &str) -> impl std::fmt::Display {
    utf8_percent_encode(text, NON_ALPHANUMERIC)
}

fn integration(name: &str, what: &str) -> String {
    format!("/v1/integrations/{}{what}", encoded(name))
}

impl Control for Client {
    fn status(&self) -> Answer<'_, Status> {
        self.get("/v1/status").boxed()
    }

    fn list(&self) -> Answer<'_, Vec<IntegrationView>> {
        async { self.get::<Integrations>("/v1/integrations").await.map(|found| found.integrations) }.boxed()
    }

    fn add(&self, new: NewIntegration) -> Answer<'_, IntegrationView> {
        async move { self.send(Method::POST, "/v1/integrations", Some(wire::new_integration(&new)?)).await }.boxed()
    }

    fn set<'a>(&'a self, name: &'a str, change: Change) -> Answer<'a, IntegrationView> {
        async move { self.send(Method::PATCH, &integration(name, ""), Some(wire::change(&change)?)).await }.boxed()
    }

    fn activate<'a>(&'a self, name: &'a str) -> Answer<'a, IntegrationView> {
        async move { self.post(&integration(name, "/activate")).await }.boxed()
    }

    fn deactivate<'a>(&'a self, name: &'a str) -> Answer<'a, IntegrationView> {
        async move { self.post(&integration(name, "/deactivate")).await }.boxed()
    }

    fn action<'a>(&'a self, name: &'a str, action: &'a str) -> Answer<'a, IntegrationView> {
        async move { self.post(&integration(name, &format!("/actions/{}", encoded(action)))).await }.boxed()
    }

    fn rotate_secret<'a>(&'a self, name: &'a str) -> Answer<'a, IntegrationView> {
        async move { self.post(&integration(name, "/rotate-secret")).await }.boxed()
    }

    fn addresses<'a>(&'a self, name: &'a str) -> Answer<'a, Vec<Address>> {
        async move { self.get::<Addresses>(&integration(name, "/addresses")).await.map(|found| found.addresses) }.boxed()
    }

    fn dead_letters<'a>(&'a self, integration: Option<&'a str>, limit: usize) -> Answer<'a, Vec<DeadLetterView>> {
        async move {
            let of = integration.map(|name| format!("&integration={}", encoded(name))).unwrap_or_default();
            self.get::<DeadLetters>(&format!("/v1/dead-letters?limit={limit}{of}")).await.map(|found| found.dead_letters)
        }
        .boxed()
    }

    fn check_gateway(&self) -> Answer<'_, Vec<Finding>> {
        async { self.post::<Findings>("/v1/check").await.map(|found| found.findings) }.boxed()
    }

    fn check<'a>(&'a self, name: &'a str) -> Answer<'a, Vec<Finding>> {
        async move { self.post::<Findings>(&integration(name, "/check")).await.map(|found| found.findings) }.boxed()
    }

    fn redrive<'a>(&'a self, id: &'a str) -> Answer<'a, DeadLetterView> {
        async move { self.post(&format!("/v1/dead-letters/{}/redrive", encoded(id))).await }.boxed()
    }
}
