//! `uis-host canary FILE…`: replays recordings with a unique API key and a unique callback secret, and searches for both wherever they must
//! not occur: in the plugin's memory after every call, in storage, timers and prepared settings, in everything that a replay logs or
//! reports, in the CRM and in UIS, and in every request. Two places are allowed: the key in its header, and the secret in the registration
//! of the CRM module.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Cursor};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use bytes::Bytes;
use clap::{Args, ValueEnum};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use uis_harness::build;
use uis_harness::recording;
use uis_harness::replay::{Remote, RemoteSystem, ReplayBuilder, clock_for};
use uis_host::bindings::exports::uis::integration::setup::{AuthStyle, ConnectionNeed};
use uis_host::connection::credentials::Credentials;
use uis_host::connection::host_matches;
use uis_host::event::Event;
use uis_host::memory::MemoryStore;
use uis_host::plugin::Plugin;
use uis_host::plugin::component::ComponentPlugin;
use uis_host::plugin::engine::Runtime;
use uis_host::ports::{self, Entry, Observer, Outcome, Store};
use uis_host::ports::{Egress, EgressError};
use uis_host::rules::RuleSet;
use uis_host::sync::lock;
use uis_simulator::DEFAULT_CLIENT_ID;

use url::{Origin, Url};

use super::rules::RuleArguments;
use super::{DEFAULT_PLUGIN, LimitArguments, find, print_notes, say};
use crate::exit_status::{FAILED, OK};
use uis_harness::crm::within::Simulators;

/// Search for a planted key and callback secret wherever they must not occur
#[derive(Debug, Args)]
pub struct CanaryArguments {
    /// Recordings: JSON Lines, format 1
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// A plugin's crate folder, or a built .wasm component
    #[arg(long, value_name = "PLUGIN", default_value = DEFAULT_PLUGIN)]
    plugin: PathBuf,
    /// Leak the key on purpose, to check that the search finds it
    #[arg(long, value_enum, value_name = "WHERE")]
    plant_leak: Option<Leak>,
    /// Print one JSON object and nothing else
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    rules: RuleArguments,
    #[command(flatten)]
    limits: LimitArguments,
}

/// A leak on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Leak {
    /// The CRM sends the key back in its answers
    Answer,
    /// The host puts the key into a request's address
    Request,
    /// The host sends a request with the key to another host
    Elsewhere,
    /// The host sends the callback secret to the CRM in every request
    Secret,
}

/// The beginning of every planted key; a number follows. It occurs in no recording, and encoding does not change it.
const CANARY: &str = "cAnArY7f3b91e5d04a";
/// The planted callback secret.
const SECRET: &str = "cAlLbAcK51d8e07b2c";
/// The beginning of the only path to which a request may contain the secret.
const REGISTRATION: &str = "/api/v5/integration-modules/";

/// A text that must not be found.
struct Needle {
    what: &'static str,
    /// The text itself, and its bytes in hexadecimal.
    texts: [Vec<u8>; 2],
}

impl Needle {
    fn new(what: &'static str, text: &str) -> Needle {
        let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
        Needle { what, texts: [text.as_bytes().to_vec(), hex.into_bytes()] }
    }

    fn is_in(&self, bytes: &[u8]) -> bool {
        self.texts.iter().any(|text| memchr::memmem::find(bytes, text).is_some())
    }
}

/// The leaks that were found, and how much was searched.
struct Check {
    leaks: Mutex<BTreeMap<String, u64>>,
    /// Number of memories that were searched.
    memories: AtomicU64,
    memory_bytes: AtomicU64,
    requests: AtomicU64,
    key: Needle,
    secret: Needle,
}

impl Check {
    fn new() -> Check {
        Check {
            leaks: Mutex::default(),
            memories: AtomicU64::new(0),
            memory_bytes: AtomicU64::new(0),
            requests: AtomicU64::new(0),
            key: Needle::new("the key", CANARY),
            secret: Needle::new("the callback secret", SECRET),
        }
    }

    fn look(&self, place: impl Fn() -> String, bytes: &[u8]) {
        for needle in [&self.key, &self.secret] {
            self.look_for(needle, &place, bytes);
        }
    }

    fn look_for(&self, needle: &Needle, place: impl Fn() -> String, bytes: &[u8]) {
        if needle.is_in(bytes) {
            *lock(&self.leaks).entry(format!("{} in {}", needle.what, place())).or_default() += 1;
        }
    }

    fn memory(&self, bytes: &[u8]) {
        self.memories.fetch_add(1, Ordering::Relaxed);
        self.memory_bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        self.look(|| "the guest's memory".into(), bytes);
    }
}

/// Runs the command.
pub async fn run(arguments: CanaryArguments) -> Result<u8> {
    let limits = arguments.limits.limits()?;
    let check = Arc::new(Check::new());
    let watch = check.clone();
    let runtime = Runtime::watched(limits.clone(), Arc::new(move |memory: &[u8]| watch.memory(memory)));
    let runtime = runtime.map_err(|error| anyhow!("the WebAssembly engine cannot be set up: {error:#}"))?;
    let folder = find(&arguments.plugin)?;
    let built = build::component(&folder, &|line| eprintln!("{line}"))?;
    let loaded = ComponentPlugin::load(&runtime, &built.wasm, &built.cache).await;
    let rules = arguments.rules.load(arguments.limits.all()?.1)?;
    let plugin: Arc<dyn Plugin> = Arc::new(loaded.with_context(|| format!("{} is not loaded", folder.display()))?);
    let (mut files, mut leaky, mut inactive) = (Vec::new(), 0, 0);
    for path in &arguments.files {
        lock(&check.leaks).clear();
        let failed = play(path, &plugin, &rules, &check, &arguments).await.with_context(|| path.display().to_string())?;
        let leaks = lock(&check.leaks).clone();
        leaky += usize::from(!leaks.is_empty());
        inactive += usize::from(!failed.is_empty());
        if !arguments.json {
            let listed: String = leaks
                .iter()
                .map(|(leak, times)| format!("  {leak} ({times}×)\n"))
                .chain(failed.iter().map(|why| format!("  {why}\n")))
                .collect();
            let verdict = if !leaks.is_empty() {
                "LEAK "
            } else if !failed.is_empty() {
                "FAILED"
            } else {
                "clean"
            };
            say(&format!("{verdict} {}\n{listed}", path.display()));
        }
        let mut file = json!({"file": path.display().to_string(), "leaks": leaks});
        if !failed.is_empty() {
            file["failedActivations"] = json!(failed);
        }
        files.push(file);
    }
    let number = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let (memories, bytes, requests) = (number(&check.memories), number(&check.memory_bytes), number(&check.requests));
    // If nothing was searched, the result would always be "clean".
    anyhow::ensure!(memories > 0, "no memory of the plugin could be searched");
    if arguments.json {
        let summary = json!({"leaky": leaky, "memories": memories, "memoryBytes": bytes, "requests": requests, "files": files});
        say(&format!("{summary}\n"));
    } else {
        let not_searched = if inactive > 0 { format!(", {inactive} not searched because the activation failed") } else { String::new() };
        let clean = files.iter().filter(|file| file["leaks"] == json!({}) && file.get("failedActivations").is_none()).count();
        say(&format!(
            "{clean} clean, {leaky} with a leak{not_searched}; searched {memories} memories ({} MB in total) and {requests} requests\n",
            bytes / 1_000_000
        ));
    }
    Ok(if leaky + inactive > 0 { FAILED } else { OK })
}

/// The recording, with planted keys in place of its own.
fn planted(path: &Path) -> Result<String> {
    let mut reader = BufReader::new(std::fs::File::open(path)?);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut header: Value = serde_json::from_str(&first).context("line 1")?;
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    plant(&mut header, &mut known);
    let mut lines = String::new();
    std::io::Read::read_to_string(&mut reader, &mut lines)?;
    let secret = plant_secret(&mut header);
    // The CRM calls back with the secret, so it is replaced in the lines too.
    Ok(format!("{header}\n{}", lines.replace(&secret, SECRET)))
}

/// Replaces the account's callback secret in the header, and returns the previous one.
fn plant_secret(header: &mut Value) -> String {
    let old = header["account"]["client_id"].as_str().unwrap_or(DEFAULT_CLIENT_ID).to_owned();
    if !header["account"].is_object() {
        header["account"] = json!({});
    }
    header["account"]["client_id"] = SECRET.into();
    old
}

/// Replaces all keys in the header. Equal keys get equal planted keys, and an account without a key gets one.
fn plant(header: &mut Value, known: &mut BTreeMap<String, String>) {
    let mut ours = |old: &str| -> String {
        let number = known.len();
        known.entry(old.to_owned()).or_insert_with(|| format!("{CANARY}{number}")).clone()
    };
    let mut account = |crm: &mut Value| {
        let Some(members) = crm.as_object_mut() else { return };
        for key in members.get_mut("apiKeys").and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(old) = key["key"].as_str().map(str::to_owned) {
                key["key"] = ours(&old).into();
            }
        }
        let several = members.contains_key("apiKeys");
        match members.get("apiKey").and_then(Value::as_str).map(str::to_owned) {
            Some(old) => members["apiKey"] = ours(&old).into(),
            None if !several => drop(members.insert("apiKey".into(), ours(retailcrm_simulator::account::DEFAULT_KEY).into())),
            None => {}
        }
    };
    let all = header.as_object().is_some_and(|members| !members.contains_key("integrations"));
    if all && header.get("crm").is_none() {
        header["crm"] = json!({});
    }
    if let Some(crm) = header.get_mut("crm") {
        account(crm);
    }
    for list in ["integrations", "credentials"] {
        for entry in header.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            // When an integration uses credentials, the CRM's content belongs to the entry of credentials.
            if entry.get("crm").is_none() && (list == "credentials" || entry.get("credentials").is_none()) {
                entry["crm"] = json!({});
            }
            if let Some(crm) = entry.get_mut("crm") {
                account(crm);
            }
        }
    }
    for entry in header.get_mut("credentials").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(old) = entry["key"].as_str().map(str::to_owned) {
            entry["key"] = ours(&old).into();
        }
    }
}

/// Replays a recording and searches. Returns the integrations whose activation was tried and never succeeded: hardly anything of the plugin
/// ran for them, so that nothing found there means nothing.
async fn play(
    path: &Path,
    plugin: &Arc<dyn Plugin>,
    rules: &RuleSet,
    check: &Arc<Check>,
    arguments: &CanaryArguments,
) -> Result<Vec<String>> {
    let limits = arguments.limits.limits()?;
    let recorded = planted(path)?;
    let announced = announced(&recorded);
    let (header, mut lines) = recording::open(Cursor::new(recorded)).map_err(|(line, error)| anyhow!("line {line}: {error}"))?;
    let clock = clock_for(&mut lines);
    let simulators = Arc::new(Simulators::new(&header, &clock)?);
    let remote = Arc::new(WatchedSystem { within: simulators.clone(), check: check.clone(), announced, leak: arguments.plant_leak });
    let mut watch = WatchedObserver { check: check.clone(), activations: BTreeMap::new() };
    let store = Arc::new(MemoryStore::default());
    let builder = ReplayBuilder::new(&header, plugin.clone(), remote, clock).limits(&limits).rules(Arc::new(rules.with_fresh_records()));
    let replay = builder.store(store.clone()).ready(&mut watch).await?;
    let integrations = replay.integrations();
    let (report, uis) = replay.run(lines, Duration::from_secs(24 * 3600), |_| {}).await?;
    print_notes(path, &report);
    for (_, key, value) in store.all_storage() {
        check.look(|| format!("storage, {key}"), &value);
        check.look(|| "a key of storage".into(), key.as_bytes());
    }
    for integration in &integrations {
        for set in store.timers(&integration.name).await? {
            check.look(|| format!("the timer {}", set.timer.name), &set.timer.payload);
            check.look(|| "a timer's name".into(), set.timer.name.as_bytes());
        }
        check.look(|| "the prepared settings".into(), &lock(&integration.settings));
    }
    check.look(|| "the report's problems".into(), json!(report.problems).to_string().as_bytes());
    check.look(|| "what UIS holds".into(), uis.to_string().as_bytes());
    // The CRM may contain the secret: the registration sends it.
    check.look_for(&check.key, || "what the CRM holds".into(), simulators.to_json().to_string().as_bytes());
    Ok(watch.activations.into_values().flatten().collect())
}

/// Searches everything that a replay reports: traces with log lines, outcomes with error messages, notes.
struct WatchedObserver {
    check: Arc<Check>,
    /// Why the activation of an integration failed, by the integration's name; none once it has succeeded.
    activations: BTreeMap<String, Option<String>>,
}

impl Observer for WatchedObserver {
    fn entry(&mut self, entry: Entry<'_>) {
        for step in &entry.trace {
            let text = serde_json::to_string(step).unwrap_or_default();
            self.check.look(|| format!("the trace of {}", entry.event.handler()), text.as_bytes());
        }
        let outcome = format!("{:?}", entry.outcome);
        self.check.look(|| format!("the outcome of {}", entry.event.handler()), outcome.as_bytes());
        if matches!(entry.event, Event::Activate) {
            let earlier = self.activations.entry(entry.integration.to_owned()).or_insert_with(|| Some(String::new()));
            match entry.outcome {
                Outcome::Accepted(_) => *earlier = None,
                Outcome::Failed(..) | Outcome::Fault(_) if earlier.is_some() => {
                    *earlier = Some(format!("the activation of {} failed: {outcome}", entry.integration));
                }
                Outcome::Failed(..) | Outcome::Fault(_) => {}
            }
        }
    }
    fn note(&mut self, _: i64, _: ports::Origin, text: &str) {
        self.check.look(|| "what a replay notes".into(), text.as_bytes());
    }
}

/// The addresses to which the CRM says in its callbacks (`systemUrl`) that the account has moved.
fn announced(recording: &str) -> Vec<Origin> {
    let callbacks = recording.split("systemUrl=").skip(1);
    let address = |rest: &str| {
        let value = rest.split(['&', '"']).next().unwrap_or_default();
        let address = percent_encoding::percent_decode_str(value).decode_utf8_lossy().into_owned();
        Url::parse(&address).ok().map(|url| url.origin())
    };
    callbacks.filter_map(address).collect()
}

/// The simulators, with a check of every request to them.
struct WatchedSystem {
    within: Arc<Simulators>,
    check: Arc<Check>,
    announced: Vec<Origin>,
    leak: Option<Leak>,
}

impl RemoteSystem for WatchedSystem {
    fn connect(&self, integration: &str, need: &ConnectionNeed, chosen: Option<&Credentials>) -> Result<Remote, String> {
        let remote = self.within.connect(integration, need, chosen)?;
        let header = match &need.auth {
            AuthStyle::None => String::new(),
            AuthStyle::Header(name) => name.to_ascii_lowercase(),
            AuthStyle::Bearer => "authorization".into(),
        };
        // The host follows an announced address only if it fits the connection's patterns.
        let fits = |origin: &&Origin| match origin {
            Origin::Tuple(_, host, _) => need.host_patterns.iter().any(|pattern| host_matches(pattern, &host.to_string())),
            Origin::Opaque(_) => false,
        };
        let origins = std::iter::once(remote.base.origin()).chain(self.announced.iter().filter(fits).cloned()).collect();
        let (check, leak) = (self.check.clone(), self.leak);
        Ok(Remote { egress: Arc::new(WatchedEgress { egress: remote.egress, header, origins, check, leak }), ..remote })
    }

    fn system_of(&self, integration: &str) -> String {
        self.within.system_of(integration)
    }

    fn act<'a>(&'a self, integration: &'a str, act: &'a Value) -> BoxFuture<'a, Result<String, String>> {
        self.within.act(integration, act)
    }

    fn misbehave<'a>(&'a self, integration: &'a str, faults: &'a Value) -> BoxFuture<'a, Result<(), String>> {
        self.within.misbehave(integration, faults)
    }
}

struct WatchedEgress {
    egress: Arc<dyn Egress>,
    /// The one header that may contain the key.
    header: String,
    /// The only origins (scheme, host and port) to which the key may be sent.
    origins: Vec<Origin>,
    check: Arc<Check>,
    leak: Option<Leak>,
}

impl WatchedEgress {
    fn watch(&self, request: &http::Request<Bytes>) {
        let check = &self.check;
        check.requests.fetch_add(1, Ordering::Relaxed);
        let host = request.uri().host().unwrap_or_default();
        let own = request.uri().to_string().parse::<Url>().is_ok_and(|url| self.origins.contains(&url.origin()));
        for (name, value) in request.headers() {
            let place = || format!("the header {name} of a request to {host}");
            if name.as_str() == self.header && own {
                check.look_for(&check.secret, place, value.as_bytes());
            } else {
                check.look(place, value.as_bytes());
            }
        }
        check.look(|| "a request's address".into(), request.uri().to_string().as_bytes());
        if own && request.uri().path().starts_with(REGISTRATION) {
            check.look_for(&check.key, || "a request's body".into(), request.body());
        } else {
            check.look(|| "a request's body".into(), request.body());
        }
    }
}

impl Egress for WatchedEgress {
    fn send(&self, mut request: http::Request<Bytes>, limit: usize) -> BoxFuture<'_, Result<http::Response<Bytes>, EgressError>> {
        async move {
            let sent = request.uri().clone();
            let leaked = match self.leak {
                Some(Leak::Request) => Some(format!("{sent}{}key={CANARY}", if sent.query().is_some() { '&' } else { '?' })),
                Some(Leak::Elsewhere) => Some(format!("https://elsewhere.example{}", sent.path())),
                _ => None,
            };
            if let Some(uri) = leaked.and_then(|uri| uri.parse().ok()) {
                *request.uri_mut() = uri;
            }
            let body = request.body().clone();
            if self.leak == Some(Leak::Secret) {
                *request.body_mut() = [&body, SECRET.as_bytes()].concat().into();
            }
            self.watch(&request);
            (*request.uri_mut(), *request.body_mut()) = (sent, body);
            let mut answer = self.egress.send(request, limit).await?;
            if let (Some(Leak::Answer), Some(rest)) = (self.leak, answer.body().strip_suffix(b"}")) {
                // At the end of the body, because the allocator overwrites the first bytes of freed memory.
                *answer.body_mut() = [rest, format!(",\"sentBack\":\"{CANARY}\"}}").as_bytes()].concat().into();
            }
            Ok(answer)
        }
        .boxed()
    }
}
