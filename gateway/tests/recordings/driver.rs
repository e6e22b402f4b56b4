//! Sends a recording through a gateway of its own.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono_tz::Tz;
use serde_json::{Map, Value, json};
use uis_gateway::config::{AllowPrivate, Capture, IntakeLimits};
use uis_gateway::control::erasure::WhomToErase;
use uis_gateway::control::export::{Exports, RecordingSubject};
use uis_gateway::control::{Change, Control, Erasure, NewAccount, NewConnection, NewIntegration, NewLive, SecretSource};
use uis_gateway::intake;
use uis_gateway::integrations::accounts::Accounts;
use uis_gateway::integrations::administrator::Administrator;
use uis_gateway::integrations::building::{Paces, Workshop};
use uis_gateway::network::egress::HttpEgress;
use uis_gateway::secrets::Sealer;
use uis_gateway::service::deliverer::Live;
use uis_gateway::service::{Gateway, Parts};
use uis_gateway::store::OpenOptions;
use uis_harness::crm::within::Simulators;
use uis_harness::recording::{self, Content, Happening, Header, Line};
use uis_harness::replay::{RemoteSystem, clock_for};
use uis_host::bindings::exports::uis::integration::setup::{CallbackRole, Identity};
use uis_host::clock::{Clock, VirtualClock};
use uis_host::endpoints::callback;
use uis_host::limits::Limits;
use uis_host::notification::{self, params::Params};
use uis_host::plugin::Plugin;
use uis_host::ports::{Egress, EgressError, IntegrationState, NoRules, SetTimer, Store};
use uis_simulator::SimulatedAccount;
use uis_simulator::server::TwinServer;
use url::Url;

/// The address at which UIS and the CRM believe the gateway to be, as in a replay.
const PUBLIC: &str = "https://hooks.uis.example";
/// How long anything may take that a line causes.
const PATIENCE: Duration = Duration::from_secs(60);
/// As in a replay: a repeating timer that is due so soon after the last line runs once more.
const TURN_MS: i64 = 3_600_000;
/// As in a replay: how far the clock runs on after the last line.
const SETTLE_MS: i64 = 24 * 3_600_000;

/// What the systems contain afterwards.
pub struct Sent {
    pub crm: Value,
    pub uis: Value,
    /// The sessions and times of routing requests: their answers were seen. Those to notifications are not sent to anybody.
    pub routed: Vec<(i64, String)>,
    /// Points of the Data API: the most in one minute, and those of the day of the last line.
    pub points: (u32, u32),
}

/// Requests to the CRM's public address arrive at the simulator's socket.
struct ToSocket {
    inner: HttpEgress,
    socket: std::net::SocketAddr,
}

impl Egress for ToSocket {
    fn send(
        &self,
        mut request: http::Request<bytes::Bytes>,
        limit: usize,
    ) -> futures_util::future::BoxFuture<'_, Result<http::Response<bytes::Bytes>, EgressError>> {
        let host = request.uri().authority().map(|authority| authority.as_str().to_owned()).unwrap_or_default();
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let uri = format!("http://{}{path}", self.socket);
        *request.uri_mut() = uri.parse().expect("a URI");
        request.headers_mut().insert(http::header::HOST, host.parse().expect("a host"));
        self.inner.send(request, limit)
    }
}

struct Driver {
    gateway: Arc<Gateway>,
    control: Administrator<Live>,
    plugin: Arc<dyn Plugin>,
    clock: Arc<VirtualClock>,
    crm: Arc<Simulators>,
    account: Arc<SimulatedAccount>,
    zone: Tz,
    header: Header,
    client: reqwest::Client,
    base: String,
    /// The address of UIS's APIs, for an account that the gateway reaches over them.
    uis: Option<String>,
    answers: Vec<Value>,
    routed: Vec<(i64, String)>,
}

/// Sends a recording. The error says which line could not be sent, and why. When `live`, the gateway reaches the UIS account over UIS's APIs on
/// a socket; otherwise the account is in its memory.
pub async fn send(text: &[u8], plugin: Arc<dyn Plugin>, live: bool) -> Result<Sent, String> {
    send_then(text, plugin, live, |_| ()).await.map(|(sent, ())| sent)
}

/// Like [`send`]; afterwards, while the store is still there, something is done with the integrations as a recording from life has them.
pub async fn send_then<T>(
    text: &[u8],
    plugin: Arc<dyn Plugin>,
    live: bool,
    after: impl FnOnce(&[RecordingSubject]) -> T,
) -> Result<(Sent, T), String> {
    let folder = tempfile::tempdir().expect("a folder");
    let (header, mut lines) = recording::open(text).map_err(|(line, error)| format!("line {line}: {error}"))?;
    let clock = clock_for(&mut lines);
    let mut driver = Driver::begin(folder.path(), header, plugin, clock, live).await?;
    for line in lines {
        // A line that cannot be read is not sent.
        let Ok(line) = line else { continue };
        driver.advance(line.at.timestamp_millis()).await?;
        let number = line.number;
        driver.play(line).await.map_err(|why| format!("line {number}: {why}"))?;
        driver.quiet().await?;
    }
    let used_today = {
        let state = driver.account.state();
        let left = state.points.remaining(state.account.data_api_points, driver.now());
        left.day_limit - left.day_remaining
    };
    driver.run_out().await?;
    let points = (driver.account.state().points.most_in_a_minute, used_today);
    let mut uis = driver.account.state().to_json();
    uis["answers"] = driver.answers.clone().into();
    let sent = Sent { crm: driver.crm.to_json(), uis, routed: driver.routed.clone(), points };
    let mut subjects = Vec::new();
    // Exports are tested with the account in memory: a live one may be asked only as often as its points allow.
    for described in driver.header.integrations.iter().filter(|_| !live) {
        subjects.push(driver.control.recording_subject(&described.name, true).await.map_err(|error| error.to_string())?);
    }
    driver.gateway.stop().await;
    let secret = driver.header.account.client_id.as_bytes();
    for part in ["", "-wal"] {
        let file = std::fs::read(folder.path().join(format!("store.db{part}"))).unwrap_or_default();
        // Everything is captured: requests as they came, what handlers sent, what RetailCRM answered.
        if file.windows(secret.len()).any(|window| window == secret) {
            return Err("the secret of the integration's addresses is in the store".to_owned());
        }
    }
    Ok((sent, after(&subjects)))
}

impl Driver {
    async fn begin(folder: &Path, header: Header, plugin: Arc<dyn Plugin>, clock: Arc<VirtualClock>, live: bool) -> Result<Driver, String> {
        let crm = Arc::new(Simulators::new(&header, &clock).map_err(|error| error.to_string())?);
        let (egress, connections) = serve_crm(&header, &crm, &plugin).await?;
        let workshop = Arc::new(Workshop {
            plugin: plugin.clone(),
            clock: clock.clone(),
            limits: Limits::default(),
            rules: Arc::new(NoRules),
            public_url: PUBLIC.to_owned(),
            sealer: Arc::new(Sealer::open(&folder.join("key"))?),
            accounts: Accounts::default(),
            allow_private: AllowPrivate::this_machine(),
            egress: Box::new(move |name| egress[name].clone()),
            paces: Paces::off(),
            disk: Arc::new(uis_gateway::observe::disk::Disk::endless()),
        });
        let path = folder.join("account.json");
        std::fs::write(&path, serde_json::to_vec(&header.account).expect("JSON")).expect("written");
        let shared: Arc<dyn Clock> = clock.clone();
        let open = workshop.accounts.open(&path, &shared)?;
        let limits = IntakeLimits { requests_per_second: 1_000_000, ..IntakeLimits::default() };
        let parts = Parts {
            workshop,
            store: folder.join("store.db"),
            options: OpenOptions::default(),
            limits: limits.clone(),
            capture: Capture::All,
            events_days: 35,
            captures_days: 14,
            leave_out_lane_order: false,
        };
        let gateway = Gateway::start(parts).await?;
        let listener = intake::server::bind("127.0.0.1:0".parse().expect("an address")).expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(intake::server::serve(listener, intake::router(gateway.clone(), ""), move || limits.clone(), gateway.stopping()));
        let control = Administrator(Live::new(gateway.clone())?);
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let (account, zone) = (open.account, open.zone);
        let uis = match live {
            true => Some(serve_uis(account.clone(), shared).await),
            false => None,
        };
        let (answers, routed) = (Vec::new(), Vec::new());
        let mut driver = Driver { gateway, control, plugin, clock, crm, account, zone, header, client, base, uis, answers, routed };
        driver.add_integrations(&path, connections).await?;
        Ok(driver)
    }

    /// The account over UIS's APIs, with what no method of theirs gives.
    fn live_account(&self) -> Option<NewAccount> {
        let address = self.uis.as_ref()?;
        let account = self.account.state().account.clone();
        Some(NewAccount::Live(Box::new(NewLive {
            data_api: Some(format!("{address}/v2.0")),
            token: Some(SecretSource::Value("twin".to_owned().into())),
            timezone: Some(account.timezone),
            extensions: Some(account.extensions),
            workplace_url: Some(account.workplace_url).filter(|url| !url.is_empty()),
            sources: Some(account.sources.into_iter().map(|source| source.name).collect()),
            ..NewLive::default()
        })))
    }

    async fn add_integrations(&mut self, account: &Path, mut connections: HashMap<String, NewConnection>) -> Result<(), String> {
        for described in self.header.integrations.clone() {
            let name = &described.name;
            let connection = connections.remove(name).expect("every integration has one");
            let new = NewIntegration {
                name: name.clone(),
                account: self.live_account().unwrap_or_else(|| account.to_owned().into()),
                connections: self.plugin.description().connections.iter().map(|need| (need.name.clone(), connection.clone())).collect(),
                settings: object(&described.settings),
                settings_version: described.settings_version.clone(),
                secret: Some(self.header.account.client_id.clone().into()),
            };
            self.control.add(new).await.map_err(|error| error.to_string())?;
        }
        if self.header.active {
            for described in self.header.integrations.clone() {
                self.control.activate(&described.name).await.map_err(|error| error.to_string())?;
            }
        }
        self.quiet().await
    }

    fn now(&self) -> i64 {
        self.clock.now_ms()
    }

    /// Waits until nothing runs and nothing is due.
    async fn quiet(&mut self) -> Result<(), String> {
        let until = Instant::now() + PATIENCE;
        loop {
            let core = self.gateway.core()?;
            let views = core.handle.inspect().await.map_err(|error| error.to_string())?;
            let now = self.now();
            let busy =
                views.iter().any(|view| view.at_work > 0 || [view.next_lane, view.next_timer].into_iter().flatten().any(|at| at <= now));
            if !busy {
                return Ok(());
            }
            if Instant::now() > until {
                return Err(format!("it does not come to rest: {views:?}"));
            }
            tokio::time::sleep(Duration::from_micros(300)).await;
        }
    }

    /// When something is due next.
    async fn next_due(&self) -> Result<Option<i64>, String> {
        let views = self.gateway.core()?.handle.inspect().await.map_err(|error| error.to_string())?;
        Ok(views.iter().flat_map(|view| [view.next_lane, view.next_timer]).flatten().min())
    }

    async fn turn_to(&mut self, at: i64) -> Result<(), String> {
        self.clock.advance_to(at);
        self.gateway.core()?.handle.wake().await.map_err(|error| error.to_string())?;
        self.quiet().await
    }

    /// Turns the clock, and stops at each time at which something is due.
    async fn advance(&mut self, until: i64) -> Result<(), String> {
        self.quiet().await?;
        while let Some(at) = self.next_due().await?.filter(|at| *at <= until) {
            self.turn_to(at).await?;
        }
        self.clock.advance_to(until);
        Ok(())
    }

    /// The timers of all active integrations.
    async fn timers(&self) -> Result<Vec<(String, SetTimer)>, String> {
        let core = self.gateway.core()?;
        let mut all = Vec::new();
        for described in &self.header.integrations {
            if core.store.state(&described.name).await.map_err(|error| error.to_string())? == IntegrationState::Active {
                let timers = core.store.timers(&described.name).await.map_err(|error| error.to_string())?;
                all.extend(timers.into_iter().map(|timer| (described.name.clone(), timer)));
            }
        }
        Ok(all)
    }

    /// As in a replay: until only repeating timers are left, of which those that are due soon have run once.
    async fn run_out(&mut self) -> Result<(), String> {
        let (until, soon) = (self.now() + SETTLE_MS, self.now() + TURN_MS);
        let mut turns: Vec<(String, String, i64)> = Vec::new();
        for (owner, set) in self.timers().await? {
            if set.timer.every_ms.is_some() && set.timer.at <= soon {
                turns.push((owner, set.timer.name, set.timer.at));
            }
        }
        loop {
            let timers = self.timers().await?;
            let one_shot = timers.iter().any(|(_, set)| set.timer.every_ms.is_none());
            // A turn is over when the timer stands at a later time, or is gone.
            turns.retain(|(owner, name, at)| {
                timers.iter().any(|(of, set)| of == owner && set.timer.name == *name && set.timer.at == *at && set.timer.every_ms.is_some())
            });
            let lanes = self.gateway.core()?.handle.inspect().await.map_err(|error| error.to_string())?;
            if !one_shot && turns.is_empty() && lanes.iter().all(|view| view.next_lane.is_none()) {
                return Ok(());
            }
            let Some(at) = self.next_due().await?.filter(|at| *at <= until) else { return Ok(()) };
            self.turn_to(at).await?;
        }
    }

    fn names(&self, line: &Line) -> Vec<String> {
        match &line.integration {
            Some(name) => vec![name.clone()],
            None => self.header.integrations.iter().map(|described| described.name.clone()).collect(),
        }
    }

    async fn request(&self, name: &str, path: &str, query: &str, body: Option<(&str, String)>) -> Result<reqwest::Response, String> {
        let mut url = Url::parse(&format!("{}/{}/{path}", self.base, encoded(name))).expect("an address");
        if !query.is_empty() {
            url.set_query(Some(query.trim_start_matches('?')));
        }
        let request = match body {
            Some((kind, body)) => self.client.post(url).header("content-type", kind).body(body),
            None => self.client.get(url),
        };
        request.send().await.map_err(|error| error.to_string())
    }

    async fn play(&mut self, line: Line) -> Result<(), String> {
        let names = self.names(&line);
        let secret = self.header.account.client_id.clone();
        match line.happening {
            Happening::Notification { mnemonic, content } => {
                self.known_to_reports(&mnemonic, &content).await;
                for name in names {
                    let path = format!("notify/{}/{mnemonic}", encoded(&secret));
                    let answer = match &content {
                        Content::Query(query) => self.request(&name, &path, query, None).await?,
                        Content::Body(Value::String(text)) => {
                            self.request(&name, &path, "", Some(("application/json", text.clone()))).await?
                        }
                        Content::Body(body) => self.request(&name, &path, "", Some(("application/json", body.to_string()))).await?,
                    };
                    expect_ok(answer)?;
                }
            }
            Happening::Route(query) => self.route(names, &query, &secret).await?,
            Happening::ClickToCall(query) => self.call_back(names, CallbackRole::MakeCall, "GET", &query, &secret).await?,
            Happening::OrderWebhook { method, parameters } => {
                let names = match parameters.split_once('?') {
                    Some((address, _)) if address.starts_with(PUBLIC) => {
                        names.into_iter().filter(|name| address.contains(&format!("/{}/", encoded(name)))).collect()
                    }
                    _ => names,
                };
                let query =
                    parameters.strip_prefix(PUBLIC).and_then(|rest| rest.split_once('?')).map_or(parameters.as_str(), |(_, query)| query);
                self.call_back(names, CallbackRole::OrderWebhook, method, query, &secret).await?;
            }
            Happening::Callback { name: callback, method, parameters } => {
                for name in names {
                    self.to_callback(&name, &callback, method, &parameters, &secret).await?;
                }
            }
            Happening::Crm(act) => {
                for name in self.one_of_each_system(&names) {
                    self.crm.act(&name, &act).await.ok();
                }
            }
            Happening::CrmFaults(faults) => {
                for name in self.one_of_each_system(&names) {
                    self.crm.misbehave(&name, &faults).await.ok();
                }
            }
            Happening::Report(rows) => {
                let (zone, now) = (self.zone, self.now());
                self.account.state().merge_report(&rows, zone, now).ok();
            }
            Happening::Settings { settings, version } => {
                for name in names {
                    self.save_settings(&name, &settings, version.as_deref()).await?;
                }
            }
            Happening::Account(members) => {
                let other_extensions = self.account.state().update(&members).unwrap_or(false);
                for described in self.header.integrations.clone() {
                    if let Some(account) = self.live_account() {
                        // The owner saves the account, because something has changed in UIS.
                        let change = Change { account: Some(account), ..Change::default() };
                        self.control.set(&described.name, change).await.map_err(|error| error.to_string())?;
                        continue;
                    }
                    let state = self.gateway.core()?.store.state(&described.name).await.map_err(|error| error.to_string())?;
                    if other_extensions && state != IntegrationState::Inactive {
                        self.control.activate(&described.name).await.map_err(|error| error.to_string())?;
                    }
                }
            }
            Happening::Action(action) => {
                for name in names {
                    self.control.action(&name, &action).await.ok();
                }
            }
            Happening::Deactivate => {
                for name in names {
                    self.control.deactivate(&name).await.map_err(|error| error.to_string())?;
                }
            }
            Happening::Activate => {
                for name in names {
                    self.control.activate(&name).await.map_err(|error| error.to_string())?;
                }
            }
            Happening::Erase(who) => {
                for name in names {
                    let Identity { phones, emails, visitors } = who.clone();
                    let whom = WhomToErase { phones, emails, visitors, integration: Some(name) };
                    self.control.erase(&whom).await.map_err(|error| error.to_string())?;
                }
            }
            Happening::ReleaseRule(_) => return Err("the gateway releases no rules yet".to_owned()),
            // A comparison with the harness checks more than any expectation.
            Happening::Exchange(_) | Happening::Expect(_) => {}
        }
        Ok(())
    }

    /// UIS's reports know what UIS notifies of.
    async fn known_to_reports(&self, mnemonic: &str, content: &Content) {
        let params = match content {
            Content::Body(body) => Params::from_body(body, self.zone, self.now()),
            Content::Query(query) => Ok(Params::from_query(query, self.zone, self.now())),
        };
        for event in params.and_then(|params| notification::events(mnemonic, &params)).unwrap_or_default() {
            self.account.state().report.notified(&event);
        }
    }

    async fn route(&mut self, names: Vec<String>, query: &str, secret: &str) -> Result<(), String> {
        let session = notification::route(query, self.zone, self.now()).ok().and_then(|event| event.call().map(|call| call.session_id));
        for name in names {
            let answer = self.request(&name, &format!("route/{}", encoded(secret)), query, None).await?;
            let text = expect_ok(answer)?.text().await.map_err(|error| error.to_string())?;
            let body: Value = serde_json::from_str(&text).map_err(|error| format!("the answer {text:?}: {error}"))?;
            let Some(session) = session else { continue };
            self.routed.push((session, self.account.shown(self.now())));
            let forward_to = body.get("phones").cloned().unwrap_or_else(|| json!([]));
            let answer = json!({
                "at": self.account.shown(self.now()), "call_session_id": session, "forward_to": forward_to, "card": body["card"],
            });
            self.answers.push(answer);
        }
        Ok(())
    }

    async fn call_back(&self, names: Vec<String>, role: CallbackRole, method: &str, query: &str, secret: &str) -> Result<(), String> {
        let Some(callback) = callback::of_role(&self.plugin.description().callbacks, role) else { return Ok(()) };
        for name in names {
            self.to_callback(&name, callback, method, query, secret).await?;
        }
        Ok(())
    }

    /// Whatever the answer is: a recording also has requests with a wrong secret, and clicks that start no call.
    async fn to_callback(&self, name: &str, callback: &str, method: &str, parameters: &str, secret: &str) -> Result<(), String> {
        let needs = &self.plugin.description().callbacks;
        let in_path = needs.iter().any(|need| need.name == callback && need.secret_parameter.is_none());
        let path = if in_path { format!("{callback}/{}", encoded(secret)) } else { callback.to_owned() };
        match method {
            "POST" => {
                let form = ("application/x-www-form-urlencoded", parameters.to_owned());
                self.request(name, &path, "", Some(form)).await?;
            }
            _ => drop(self.request(name, &path, parameters, None).await?),
        }
        Ok(())
    }

    /// As in a replay, the line's settings are all there are.
    async fn save_settings(&self, name: &str, settings: &Value, version: Option<&str>) -> Result<(), String> {
        let views = self.control.list().await.map_err(|error| error.to_string())?;
        let before = views.into_iter().find(|view| view.name == name).map(|view| view.settings).unwrap_or_default();
        let mut changes: Map<String, Value> = before.into_iter().map(|(name, _)| (name, Value::Null)).collect();
        changes.extend(object(settings));
        let version = version.map_or_else(|| self.plugin.description().version.clone(), str::to_owned);
        let change = Change { settings: changes, settings_version: Some(version), ..Change::default() };
        // Settings that are refused change nothing, in a replay as well.
        self.control.set(name, change).await.ok();
        Ok(())
    }

    fn one_of_each_system(&self, names: &[String]) -> Vec<String> {
        let mut known = Vec::new();
        let mut one = Vec::new();
        for name in names {
            let system = self.crm.system_of(name);
            if !known.contains(&system) {
                known.push(system);
                one.push(name.clone());
            }
        }
        one
    }
}

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn expect_ok(answer: reqwest::Response) -> Result<reqwest::Response, String> {
    match answer.status().is_success() {
        true => Ok(answer),
        false => Err(format!("the gateway answered {}", answer.status())),
    }
}

/// Serves UIS's APIs, and gives their address.
async fn serve_uis(account: Arc<SimulatedAccount>, clock: Arc<dyn Clock>) -> String {
    // A replay dials any number.
    account.state().account.international_calls = true;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let router = TwinServer::new(account, clock).router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// Serves the CRM of every integration on a socket. Gives what sends the requests of each, and how each is connected.
async fn serve_crm(
    header: &Header,
    crm: &Arc<Simulators>,
    plugin: &Arc<dyn Plugin>,
) -> Result<(HashMap<String, Arc<dyn Egress>>, HashMap<String, NewConnection>), String> {
    let vault = uis_harness::replay::open_vault(header, plugin.as_ref()).await.map_err(|error| error.to_string())?;
    let need = plugin.description().connections.first().ok_or("the plugin has no connection")?;
    let (mut egress, mut connections) = (HashMap::new(), HashMap::new());
    for described in &header.integrations {
        let chosen = described.credentials.as_deref().map(|name| vault.choose(name)).transpose().map_err(|error| error.to_string())?;
        let remote = crm.connect(&described.name, need, chosen)?;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let socket = listener.local_addr().expect("an address");
        let log = retailcrm_simulator::program::log::Log::new(false, true);
        tokio::spawn(retailcrm_simulator::program::listener::serve(
            listener,
            retailcrm_simulator::program::listener::PLAIN,
            crm.simulator(&described.name)?.clone(),
            log,
        ));
        let own: Arc<dyn Egress> = Arc::new(ToSocket { inner: HttpEgress::new(AllowPrivate::this_machine())?, socket });
        egress.insert(described.name.clone(), own);
        connections.insert(described.name.clone(), NewConnection { url: remote.base.to_string(), key: SecretSource::Value(remote.key) });
    }
    Ok((egress, connections))
}
