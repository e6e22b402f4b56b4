//! The RetailCRM of a replay: the simulator within the process, or any server by its URL.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Result, bail};
use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::header::HOST;
use retailcrm_simulator::faults::ConnectionReset;
use retailcrm_simulator::{Account, Simulator};
use serde_json::{Map, Value, json};
use tower::ServiceExt;
use uis_host::bindings::exports::uis::integration::setup::ConnectionNeed;
use uis_host::clock::{Clock, VirtualClock};
use uis_host::egress::{Egress, EgressError};
use uis_host::recording::Header;
use uis_host::replay::{Remote, RemoteSystem};
use url::Url;

/// Members of the report's `crm`, in its order.
pub const MEMBERS: [&str; 8] = ["customers", "orders", "tasks", "notes", "calls", "callEvents", "popups", "modules"];

/// Simulators within the process, one per integration, in the replay's time.
pub struct Simulators {
    by_integration: BTreeMap<String, Simulator>,
}

impl Simulators {
    /// Accounts as the recording's header describes them.
    pub fn new(header: &Header, clock: &Arc<VirtualClock>) -> Result<Simulators> {
        let mut by_integration = BTreeMap::new();
        for integration in &header.integrations {
            let account = Account::read(&integration.crm)?;
            let clock = clock.clone();
            by_integration.insert(integration.name.clone(), Simulator::new(account, Arc::new(move || clock.now())));
        }
        Ok(Simulators { by_integration })
    }

    /// What stands in the accounts. With several of them every entity says whose it is.
    pub fn to_json(&self) -> Value {
        let mut all: Map<String, Value> = MEMBERS.iter().map(|name| ((*name).to_owned(), json!([]))).collect();
        for (name, simulator) in &self.by_integration {
            let state = simulator.to_json();
            for member in MEMBERS {
                let (Some(list), Some(found)) = (all.get_mut(member).and_then(Value::as_array_mut), state[member].as_array()) else {
                    continue;
                };
                list.extend(found.iter().cloned().map(|mut entity| {
                    if self.by_integration.len() > 1 {
                        entity["integration"] = name.clone().into();
                    }
                    entity
                }));
            }
        }
        Value::Object(all)
    }

    fn simulator(&self, integration: &str) -> Result<&Simulator, String> {
        self.by_integration.get(integration).ok_or_else(|| format!("there is no integration {integration:?}"))
    }
}

impl RemoteSystem for Simulators {
    fn connect(&self, integration: &str, _: &ConnectionNeed) -> Result<Remote, String> {
        let simulator = self.simulator(integration)?;
        let base = Url::parse(&simulator.public_url()).map_err(|error| format!("crm.publicUrl: {error}"))?;
        Ok(Remote { base, key: simulator.api_key().into(), egress: Arc::new(InProcess(simulator.router())) })
    }

    fn act<'a>(&'a self, integration: &'a str, act: &'a Value) -> BoxFuture<'a, Result<String, String>> {
        async move {
            let simulator = self.simulator(integration)?;
            let text = |name: &str| act[name].as_str();
            let (method, path) = (text("method").unwrap_or("POST"), text("path").ok_or("expected \"path\"")?);
            let fields = act["form"].as_object().into_iter().flatten();
            let fields = fields.map(|(name, value)| (name, value.as_str().map_or_else(|| value.to_string(), str::to_owned)));
            let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
            let uri = match text("query") {
                Some(query) => format!("{path}?{query}"),
                None => path.to_owned(),
            };
            let request = http::Request::builder()
                .method(method)
                .uri(uri)
                .header("x-api-key", simulator.api_key())
                .header(http::header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(Body::from(form))
                .map_err(|error| error.to_string())?;
            let Ok(answer) = simulator.router().oneshot(request).await;
            let status = answer.status();
            let body = axum::body::to_bytes(answer.into_body(), 1 << 20).await.map_err(|error| error.to_string())?;
            let body = String::from_utf8_lossy(&body).into_owned();
            if status.is_success() {
                Ok(format!("in the CRM: {method} {path} → {}", status.as_u16()))
            } else {
                Err(format!("{method} {path} → {} {body}", status.as_u16()))
            }
        }
        .boxed()
    }

    fn misbehave(&self, integration: &str, faults: &Value) -> Result<(), String> {
        self.simulator(integration)?.misbehave(faults)
    }
}

/// Calls the simulator's server without a socket between.
struct InProcess(Router);

impl Egress for InProcess {
    fn carry(&self, request: http::Request<Bytes>, limit: usize) -> BoxFuture<'_, Result<http::Response<Bytes>, EgressError>> {
        let router = self.0.clone();
        async move {
            let (mut parts, body) = request.into_parts();
            if let Some(authority) = parts.uri.authority().and_then(|authority| http::HeaderValue::try_from(authority.as_str()).ok()) {
                parts.headers.insert(HOST, authority);
            }
            let Ok(answer) = router.oneshot(http::Request::from_parts(parts, Body::from(body))).await;
            if answer.extensions().get::<ConnectionReset>().is_some() {
                return Err(EgressError::OutcomeUnknown("the connection broke".into()));
            }
            let (parts, body) = answer.into_parts();
            let body = axum::body::to_bytes(body, limit).await.map_err(|_| EgressError::TooLarge(limit))?;
            Ok(http::Response::from_parts(parts, body))
        }
        .boxed()
    }
}

/// A server somewhere else. Its account is as it is: the recording's `crm` is not written into it.
pub struct Server {
    base: Url,
    key: String,
    client: reqwest::Client,
}

impl Server {
    /// A server by its URL.
    pub fn new(url: &str, key: String) -> Result<Server> {
        let base = Url::parse(url.trim_end_matches('/'))?;
        if base.scheme() != "http" {
            bail!(
                "--crm {url}: this build speaks plain http only, for a simulator on this machine; start one and give its http://127.0.0.1 address"
            );
        }
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(Server { base, key, client })
    }

    /// What stands in the account, when the server is a simulator that tells; else nothing.
    pub async fn to_json(&self) -> Value {
        let mut all: Map<String, Value> = MEMBERS.iter().map(|name| ((*name).to_owned(), json!([]))).collect();
        let state = async { self.client.get(self.base.join("/_simulator/state").ok()?).send().await.ok()?.text().await.ok() }.await;
        let state: Value = state.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        for member in MEMBERS {
            if state[member].is_array() {
                all.insert(member.to_owned(), state[member].clone());
            }
        }
        Value::Object(all)
    }
}

impl RemoteSystem for Server {
    fn connect(&self, _: &str, _: &ConnectionNeed) -> Result<Remote, String> {
        Ok(Remote { base: self.base.clone(), key: self.key.clone().into(), egress: Arc::new(Network(self.client.clone())) })
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
    fn carry(&self, request: http::Request<Bytes>, limit: usize) -> BoxFuture<'_, Result<http::Response<Bytes>, EgressError>> {
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

/// What was recorded of a CRM, for strict replays.
pub struct Recordings {
    /// The exchanges.
    pub exchanges: Arc<uis_host::replay::strict::Recorded>,
}

struct SharedRecorded(Arc<uis_host::replay::strict::Recorded>);

impl Egress for SharedRecorded {
    fn carry(&self, request: http::Request<Bytes>, limit: usize) -> BoxFuture<'_, Result<http::Response<Bytes>, EgressError>> {
        self.0.carry(request, limit)
    }
}

impl RemoteSystem for Recordings {
    fn connect(&self, _: &str, need: &ConnectionNeed) -> Result<Remote, String> {
        // No request leaves the process; links are compared with the first address the plugin allows.
        let host = need.host_patterns.first().map_or("crm.example".to_owned(), |pattern| pattern.replace('*', "demo"));
        let base = Url::parse(&format!("https://{host}")).map_err(|error| error.to_string())?;
        Ok(Remote { base, key: String::from("recorded").into(), egress: Arc::new(SharedRecorded(self.exchanges.clone())) })
    }

    fn act<'a>(&'a self, _: &'a str, _: &'a Value) -> BoxFuture<'a, Result<String, String>> {
        // What somebody did in the CRM is part of what was recorded of it.
        std::future::ready(Ok("in the CRM: as recorded".to_owned())).boxed()
    }

    fn misbehave(&self, _: &str, _: &Value) -> Result<(), String> {
        Ok(())
    }
}
