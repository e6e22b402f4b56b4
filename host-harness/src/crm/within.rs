//! RetailCRM simulators in this process; they use the virtual clock.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::recording::Header;
use crate::replay::{Remote, RemoteSystem};
use anyhow::Result;
use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use chrono::Utc;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt};
use http::header::HOST;
use retailcrm_simulator::faults::{ConnectionReset, Late};
use retailcrm_simulator::{Account, Simulator};
use serde_json::{Map, Value, json};
use tower::ServiceExt;
use uis_host::bindings::exports::uis::integration::setup::ConnectionNeed;
use uis_host::clock::{Clock, VirtualClock};
use uis_host::connection::credentials::Credentials;
use uis_host::ports::{Egress, EgressError};
use url::Url;

/// The members of the report's `crm`, in order.
pub const MEMBERS: [&str; 8] = ["customers", "orders", "tasks", "notes", "calls", "callEvents", "popups", "modules"];

/// All members, each an empty list.
pub fn nothing() -> Map<String, Value> {
    MEMBERS.iter().map(|name| ((*name).to_owned(), json!([]))).collect()
}

/// All members, each 0.
pub(super) fn none() -> Map<String, Value> {
    MEMBERS.iter().map(|name| ((*name).to_owned(), json!(0))).collect()
}

/// The members that the content of a RetailCRM account has, reference books and settings included.
pub fn members_of_retailcrm() -> Vec<String> {
    let account = Account::default();
    let state = Simulator::new(account, Arc::new(Utc::now)).to_json();
    state.as_object().into_iter().flatten().map(|(member, _)| member.clone()).collect()
}

/// The index of each integration's account, in the header's order: first the accounts of the credentials, then one for each integration without
/// credentials.
pub fn accounts_of(header: &Header) -> Vec<usize> {
    let mut next = header.credentials.len();
    let account = |chosen: &Option<String>| match chosen {
        // The host reports unknown names, so any account will do here.
        Some(chosen) => header.credentials.iter().position(|credentials| credentials.name == *chosen).unwrap_or(0),
        None => {
            next += 1;
            next - 1
        }
    };
    header.integrations.iter().map(|integration| &integration.credentials).map(account).collect()
}

/// Simulators in this process: one for each entry of the header's `credentials`, and one for each integration without credentials.
pub struct Simulators {
    accounts: Vec<Simulated>,
    /// The index of each integration's account in `accounts`.
    by_integration: BTreeMap<String, usize>,
}

/// A simulated account, and how the report names its owner.
struct Simulated {
    simulator: Simulator,
    /// The member that names the owner: `integration` or `credentials`.
    kind: &'static str,
    name: String,
}

impl Simulators {
    /// Creates the accounts that the recording's header describes.
    pub fn new(header: &Header, clock: &Arc<VirtualClock>) -> Result<Simulators> {
        Simulators::with_clocks(header, |_| clock.clone())
    }

    /// The same, with a clock for each account, by the account's index.
    pub fn with_clocks(header: &Header, clock: impl Fn(usize) -> Arc<VirtualClock>) -> Result<Simulators> {
        let simulated = |crm: &Value, kind, name: &str, number: usize| -> Result<Simulated> {
            let clock = clock(number - 1);
            let mut account = Account::read(crm)?;
            // Accounts of RetailCRM differ in it, even when a recording gives all of them the same public address.
            account.technical_url.get_or_insert_with(|| format!("https://account-{number}.retailcrm.io"));
            let simulator = Simulator::new(account, Arc::new(move || clock.now()));
            Ok(Simulated { simulator, kind, name: name.to_owned() })
        };
        let mut accounts = Vec::new();
        for credentials in &header.credentials {
            accounts.push(simulated(&credentials.crm, "credentials", &credentials.name, accounts.len() + 1)?);
        }
        let mut by_integration = BTreeMap::new();
        for (integration, place) in header.integrations.iter().zip(accounts_of(header)) {
            if integration.credentials.is_none() {
                accounts.push(simulated(&integration.crm, "integration", &integration.name, place + 1)?);
            }
            by_integration.insert(integration.name.clone(), place);
        }
        Ok(Simulators { accounts, by_integration })
    }

    /// All entities of all accounts at the end of a replay. With several accounts, each entity has a member that names its owner.
    pub fn to_json(&self) -> Value {
        for Simulated { simulator, .. } in &self.accounts {
            // The simulator may still hold requests whose commit is delayed. Commit them now, so that the report shows their effects.
            simulator.commit_outstanding();
        }
        self.content_now()
    }

    /// All entities as a reader finds them now: without what is committed only later.
    fn content_now(&self) -> Value {
        let mut all = nothing();
        for Simulated { simulator, kind, name } in &self.accounts {
            let state = simulator.to_json();
            for member in MEMBERS {
                let (Some(list), Some(found)) = (all.get_mut(member).and_then(Value::as_array_mut), state[member].as_array()) else {
                    continue;
                };
                list.extend(found.iter().cloned().map(|mut entity| {
                    if self.accounts.len() > 1 {
                        entity[*kind] = name.clone().into();
                    }
                    entity
                }));
            }
        }
        Value::Object(all)
    }

    /// How many entities of each kind all accounts have.
    pub fn counts(&self) -> Map<String, Value> {
        let mut all = none();
        for Simulated { simulator, .. } in &self.accounts {
            simulator.commit_outstanding();
            let state = simulator.to_json();
            for (member, count) in &mut all {
                let more = state[member.as_str()].as_array().map_or(0, Vec::len) as u64;
                *count = (count.as_u64().unwrap_or(0) + more).into();
            }
        }
        all
    }

    /// The account of an integration.
    pub fn simulator(&self, integration: &str) -> Result<&Simulator, String> {
        let account = self.by_integration.get(integration).and_then(|place| self.accounts.get(*place));
        account.map(|account| &account.simulator).ok_or_else(|| format!("there is no integration {integration:?}"))
    }
}

impl RemoteSystem for Simulators {
    fn connect(&self, integration: &str, _: &ConnectionNeed, chosen: Option<&Credentials>) -> Result<Remote, String> {
        let simulator = self.simulator(integration)?;
        let egress = Arc::new(InProcess(simulator.router()));
        if let Some(chosen) = chosen {
            simulator.move_to(chosen.base.as_str());
            return Ok(Remote { base: chosen.base.clone(), key: chosen.key.clone(), egress, paced: false });
        }
        let base = Url::parse(&simulator.public_url()).map_err(|error| format!("crm.publicUrl: {error}"))?;
        Ok(Remote { base, key: simulator.api_key().into(), egress, paced: false })
    }

    fn system_of(&self, integration: &str) -> String {
        self.by_integration.get(integration).map_or_else(|| integration.to_owned(), usize::to_string)
    }

    fn act<'a>(&'a self, integration: &'a str, act: &'a Value) -> BoxFuture<'a, Result<String, String>> {
        async move {
            let simulator = self.simulator(integration)?;
            let text = |name: &str| act[name].as_str();
            let (method, path) = (text("method").unwrap_or("POST"), text("path").ok_or("expected \"path\"")?);
            let fields = act["form"].as_object().into_iter().flatten();
            let fields = fields.map(|(name, value)| (name, value.as_str().map_or_else(|| value.to_string(), str::to_owned)));
            let (kind, body) = match act.get("json") {
                Some(json) => ("application/json", json.to_string()),
                None => {
                    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
                    ("application/x-www-form-urlencoded", form)
                }
            };
            let uri = match text("query") {
                Some(query) => format!("{path}?{query}"),
                None => path.to_owned(),
            };
            let request = http::Request::builder()
                .method(method)
                .uri(uri)
                .header(http::header::CONTENT_TYPE, kind)
                .body(Body::from(body))
                .map_err(|error| error.to_string())?;
            let answer = simulator.act(request, act["user"].as_i64()).await;
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

    fn misbehave<'a>(&'a self, integration: &'a str, faults: &'a Value) -> BoxFuture<'a, Result<(), String>> {
        std::future::ready(self.simulator(integration).and_then(|simulator| simulator.misbehave(faults))).boxed()
    }

    fn content(&self) -> BoxFuture<'_, Option<Value>> {
        std::future::ready(Some(self.content_now())).boxed()
    }
}

/// Calls an HTTP server in this process directly, without a socket: the simulator's, or any other router.
pub struct InProcess(pub Router);

impl Egress for InProcess {
    fn send(&self, request: http::Request<Bytes>, limit: usize) -> BoxFuture<'_, Result<http::Response<Bytes>, EgressError>> {
        let router = self.0.clone();
        async move {
            let (mut parts, body) = request.into_parts();
            if let Some(authority) = parts.uri.authority().and_then(|authority| http::HeaderValue::try_from(authority.as_str()).ok()) {
                parts.headers.insert(HOST, authority);
            }
            let Ok(answer) = router.oneshot(http::Request::from_parts(parts, Body::from(body))).await;
            // Virtual time does not advance while a handler runs. A delayed answer is waited for in real time, at most until the request's
            // deadline.
            if let Some(Late(time)) = answer.extensions().get::<Late>().copied() {
                tokio::time::sleep(time).await;
            }
            if answer.extensions().get::<ConnectionReset>().is_some() {
                return Err(EgressError::OutcomeUnknown("the connection broke".into()));
            }
            let (parts, body) = answer.into_parts();
            let (mut pieces, mut body) = (body.into_data_stream(), Vec::new());
            while let Some(piece) = pieces.next().await {
                let piece = piece.map_err(|error| EgressError::OutcomeUnknown(format!("the answer broke off: {error}")))?;
                if body.len() + piece.len() > limit {
                    return Err(EgressError::TooLarge(limit));
                }
                body.extend_from_slice(&piece);
            }
            Ok(http::Response::from_parts(parts, body.into()))
        }
        .boxed()
    }
}
