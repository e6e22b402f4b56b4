//! Asking a running gateway.

use std::time::Duration;

use futures_util::FutureExt;
use reqwest::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use url::Url;

use super::Failed;
use crate::config::Config;
use crate::control::{
    Address, Answer, Change, Control, ControlError, DeadLetterView, IntegrationView, NewConnection, NewIntegration, SecretSource, Status,
};

/// How long a request may take. Activating checks settings, which takes a second at most.
const DEADLINE: Duration = Duration::from_secs(30);
/// The environment variable that has an administrator's token.
pub const TOKEN_VARIABLE: &str = "UIS_GATEWAY_TOKEN";

/// Asks a running gateway.
pub struct Client {
    client: reqwest::Client,
    base: Url,
    token: Option<String>,
}

impl Client {
    /// For the listener that a configuration names. With an address, the token is in the environment variable [`TOKEN_VARIABLE`].
    pub fn new(config: &Config) -> Result<Client, String> {
        let builder = reqwest::Client::builder().no_proxy().timeout(DEADLINE).redirect(reqwest::redirect::Policy::none());
        let (builder, base) = match (config.admin.listen, &config.admin.socket) {
            (Some(address), _) => (builder, format!("http://{address}/")),
            (None, Some(socket)) => (builder.unix_socket(socket.as_path()), "http://localhost/".to_owned()),
            (None, None) => return Err("admin: neither a socket nor an address is configured".to_owned()),
        };
        let client = builder.build().map_err(|error| format!("the HTTP client cannot be set up: {error}"))?;
        let base = Url::parse(&base).map_err(|error| error.to_string())?;
        Ok(Client { client, base, token: std::env::var(TOKEN_VARIABLE).ok() })
    }

    /// Whether a gateway answers.
    pub async fn answers(&self) -> bool {
        match self.client.get(self.base.clone()).send().await {
            Ok(_) => true,
            Err(error) => !error.is_connect(),
        }
    }

    async fn ask<T: DeserializeOwned>(&self, method: Method, path: &[&str], body: Option<Value>) -> Result<T, ControlError> {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push("v1").extend(path);
        }
        self.send(method, url, body).await
    }

    async fn send<T: DeserializeOwned>(&self, method: Method, url: Url, body: Option<Value>) -> Result<T, ControlError> {
        let failed = |error: reqwest::Error| ControlError::Failed(format!("the gateway does not answer: {}", error.without_url()));
        let mut request = self.client.request(method, url);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let answer = request.send().await.map_err(failed)?;
        let status = answer.status();
        let text = answer.text().await.map_err(failed)?;
        if status.is_success() {
            return serde_json::from_str(&text)
                .map_err(|error| ControlError::Failed(format!("the gateway's answer cannot be read: {error}")));
        }
        Err(match serde_json::from_str::<Failed>(&text) {
            Ok(Failed { error }) => error,
            Err(_) if status == 401 => {
                ControlError::Failed(format!("the gateway knows no such token; put one into {TOKEN_VARIABLE}: uis-gateway token add NAME"))
            }
            Err(_) => ControlError::Failed(format!("the gateway answered {status}")),
        })
    }

    fn post<'a, T: DeserializeOwned + Send + 'a>(&'a self, path: Vec<&'a str>) -> Answer<'a, T> {
        async move { self.ask(Method::POST, &path, Some(json!({}))).await }.boxed()
    }
}

/// A connection as JSON, with the key in the clear where a person gave it: it goes to this machine's gateway, which seals it.
fn connection(new: &NewConnection) -> Value {
    use secrecy::ExposeSecret;
    let key = match &new.key {
        SecretSource::Env(name) => json!({ "env": name }),
        SecretSource::File(path) => json!({ "file": path }),
        SecretSource::Value(value) => json!({ "value": value.expose_secret() }),
    };
    json!({ "url": new.url, "key": key })
}

fn connections<'a>(all: impl IntoIterator<Item = (&'a String, &'a NewConnection)>) -> Value {
    all.into_iter().map(|(name, new)| (name.clone(), connection(new))).collect::<serde_json::Map<_, _>>().into()
}

fn text(value: impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

impl Control for Client {
    fn status(&self) -> Answer<'_, Status> {
        async { self.ask(Method::GET, &["status"], None).await }.boxed()
    }

    fn list(&self) -> Answer<'_, Vec<IntegrationView>> {
        async { self.ask(Method::GET, &["integrations"], None).await }.boxed()
    }

    fn add(&self, new: NewIntegration) -> Answer<'_, IntegrationView> {
        use secrecy::ExposeSecret;
        let secret = new.secret.as_ref().map(|secret| secret.expose_secret().to_owned());
        let body = json!({
            "name": new.name, "account": new.account, "connections": connections(&new.connections), "settings": new.settings,
            "settings-version": new.settings_version, "secret": secret,
        });
        async move { self.ask(Method::POST, &["integrations"], Some(body)).await }.boxed()
    }

    fn set<'a>(&'a self, name: &'a str, change: Change) -> Answer<'a, IntegrationView> {
        let body = json!({
            "account": text(&change.account), "connections": connections(&change.connections), "settings": change.settings,
            "settings-version": change.settings_version, "route-fallback": change.route_fallback,
        });
        async move { self.ask(Method::PATCH, &["integrations", name], Some(body)).await }.boxed()
    }

    fn activate<'a>(&'a self, name: &'a str) -> Answer<'a, IntegrationView> {
        self.post(vec!["integrations", name, "activate"])
    }

    fn deactivate<'a>(&'a self, name: &'a str) -> Answer<'a, IntegrationView> {
        self.post(vec!["integrations", name, "deactivate"])
    }

    fn action<'a>(&'a self, name: &'a str, action: &'a str) -> Answer<'a, IntegrationView> {
        self.post(vec!["integrations", name, "actions", action])
    }

    fn rotate_secret<'a>(&'a self, name: &'a str) -> Answer<'a, IntegrationView> {
        self.post(vec!["integrations", name, "rotate-secret"])
    }

    fn addresses<'a>(&'a self, name: &'a str) -> Answer<'a, Vec<Address>> {
        async move { self.ask(Method::GET, &["integrations", name, "addresses"], None).await }.boxed()
    }

    fn dead_letters<'a>(&'a self, integration: Option<&'a str>, limit: usize) -> Answer<'a, Vec<DeadLetterView>> {
        async move {
            let mut url = self.base.clone();
            url.set_path("/v1/dead-letters");
            url.query_pairs_mut().append_pair("limit", &limit.to_string());
            if let Some(name) = integration {
                url.query_pairs_mut().append_pair("integration", name);
            }
            self.send(Method::GET, url, None).await
        }
        .boxed()
    }

    fn redrive<'a>(&'a self, id: &'a str) -> Answer<'a, DeadLetterView> {
        self.post(vec!["dead-letters", id, "redrive"])
    }
}
