//! Running a recording against a plugin: the account as the header gives it, the clock as the lines turn it, and an inbox that
//! delivers as the contract promises.

mod answers;
mod delivery;
pub mod entry;
mod happenings;
pub mod inbox;
mod passing;
pub mod report;
pub mod strict;

use std::collections::BTreeMap;
use std::io::BufRead;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{SecondsFormat, Utc};
use chrono_tz::Tz;
use futures_util::future::BoxFuture;
use secrecy::SecretString;
use serde_json::Value;
use url::Url;

use crate::account::AccountState;
use crate::bindings::exports::uis::integration::setup::ConnectionNeed;
use crate::clock::{Clock, VirtualClock, instant, zone};
use crate::credentials::{Credentials, Vault};
use crate::egress::Egress;
use crate::integration::{Integration, lock};
use crate::plugin::limits::Limits;
use crate::plugin::{Fault, Plugin};
use crate::recording::{Header, Line, Lines};
use crate::rules::RuleSet;
use crate::services::connections::{Connection, plain_base};
use crate::services::pace::Pace;
use entry::Observer;
use inbox::{Inbox, State};
use report::{ProblemKind, Report};

/// The remote system of a replay: a simulator, a real one, or what was recorded of one.
pub trait RemoteSystem: Send + Sync {
    /// How a connection of this integration reaches it; `chosen` are the credentials that the integration chose by name.
    fn connect(&self, integration: &str, need: &ConnectionNeed, chosen: Option<&Credentials>) -> Result<Remote, String>;

    /// Which remote system is the integration's: equal for integrations that share one.
    fn system_of(&self, integration: &str) -> String {
        integration.to_owned()
    }

    /// Somebody acts in it (the recording's `crm` lines); says what came of it.
    fn act<'a>(&'a self, integration: &'a str, act: &'a Value) -> BoxFuture<'a, Result<String, String>>;

    /// From now on it misbehaves (the recording's `crm-faults` lines).
    fn misbehave(&self, integration: &str, faults: &Value) -> Result<(), String>;
}

/// A way to a remote system.
pub struct Remote {
    /// Its address.
    pub base: Url,
    /// The key.
    pub key: SecretString,
    /// The way out.
    pub egress: Arc<dyn Egress>,
    /// It lives in the machine's time, so its rate limits count.
    pub paced: bool,
}

impl Remote {
    /// The connection that a plugin asked for, by this way.
    pub fn connection(self, need: &ConnectionNeed) -> Connection {
        Connection {
            base: Mutex::new(self.base),
            host_patterns: need.host_patterns.clone(),
            auth: need.auth.clone(),
            key: self.key,
            egress: self.egress,
            pace: Arc::new(if self.paced { Pace::new(&need.rate_classes) } else { Pace::none() }),
        }
    }
}

/// Nothing was run.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// The header's settings are not valid.
    #[error("{0}")]
    Settings(String),
    /// The remote system cannot be reached so.
    #[error("{0}")]
    Remote(String),
    /// The plugin could not even prepare the settings.
    #[error("settings cannot be prepared: {0}")]
    Plugin(#[from] Fault),
}

/// A replay under way.
pub struct Replay<'a> {
    plugin: Arc<dyn Plugin>,
    remote: Arc<dyn RemoteSystem>,
    clock: Arc<VirtualClock>,
    account: Arc<Mutex<AccountState>>,
    zone: Tz,
    seats: Vec<Seat>,
    rules: Arc<RuleSet>,
    observer: &'a mut dyn Observer,
    report: Report,
    /// The instant that handlers run at, and how many have.
    runs: (i64, u32),
}

/// An integration and its inbox.
struct Seat {
    integration: Arc<Integration>,
    inbox: Inbox,
}

impl<'a> Replay<'a> {
    /// Sets everything up: the account, its integrations, their prepared settings. Nothing runs yet.
    pub async fn new(
        header: &Header,
        plugin: Arc<dyn Plugin>,
        remote: Arc<dyn RemoteSystem>,
        clock: Arc<VirtualClock>,
        limits: &Limits,
        observer: &'a mut dyn Observer,
    ) -> Result<Replay<'a>, Unusable> {
        let account = Arc::new(Mutex::new(AccountState::new(header.account.clone())));
        let zone = zone(&header.account.timezone).map_err(Unusable::Remote)?;
        let mut seats = Vec::new();
        let settings = prepare_settings(header, plugin.as_ref()).await?;
        let vault = open_vault(header, plugin.as_ref()).await?;
        for (described, prepared) in header.integrations.iter().zip(settings) {
            let chosen = described.credentials.as_deref().map(|name| vault.choose(name)).transpose();
            let chosen = chosen.map_err(|error| Unusable::Remote(format!("integrations: {:?}: {error}", described.name)))?;
            let about = plugin.description();
            let mut connections = BTreeMap::new();
            for need in &about.connections {
                let remote = remote.connect(&described.name, need, chosen).map_err(Unusable::Remote)?;
                connections.insert(need.name.clone(), remote.connection(need));
            }
            let secret = header.account.client_id.clone().into();
            let integration = Integration::new(&described.name, about, clock.clone(), account.clone(), connections, secret, limits);
            *lock(&integration.settings) = Arc::new(prepared);
            seats.push(Seat { integration: Arc::new(integration), inbox: Inbox::new(State::Inactive) });
        }
        Ok(Replay { plugin, remote, clock, account, zone, seats, rules: Arc::default(), observer, report: Report::default(), runs: (0, 0) })
    }

    /// The integrations are reached at another address, `<base>/<integration>/<callback>`, in place of the simulated platform's own.
    pub fn reached_at(mut self, base: &str) -> Self {
        for seat in &mut self.seats {
            if let Some(integration) = Arc::get_mut(&mut seat.integration) {
                integration.endpoints.base = Integration::base(base, &integration.name);
            }
        }
        self
    }

    /// The account has these rules.
    pub fn with_rules(mut self, rules: Arc<RuleSet>) -> Self {
        for seat in &mut self.seats {
            if let Some(integration) = Arc::get_mut(&mut seat.integration) {
                integration.rules = rules.clone();
            }
        }
        self.rules = rules;
        self
    }

    /// The integrations, in the header's order.
    pub fn integrations(&self) -> Vec<Arc<Integration>> {
        self.seats.iter().map(|seat| seat.integration.clone()).collect()
    }

    /// Runs the lines, then lets the clock run on for at most `settle`. `progress` is told the bytes read so far.
    pub async fn run<R: BufRead>(
        mut self,
        header: &Header,
        mut lines: Lines<R>,
        settle: Duration,
        mut progress: impl FnMut(u64),
    ) -> (Report, Value) {
        if let Some(begins) = lines.begins() {
            self.clock.advance_to(begins.timestamp_millis());
        }
        if header.active {
            for seat in 0..self.seats.len() {
                self.switch_on(seat, 1);
            }
        }
        while let Some(line) = lines.next() {
            match line {
                Ok(line) => {
                    self.advance(line.at.timestamp_millis()).await;
                    self.happen(line).await;
                }
                Err((number, error)) => self.unreadable(number, error),
            }
            progress(lines.bytes());
        }
        self.settle(settle).await;
        let uis = lock(&self.account).to_json();
        (self.report, uis)
    }

    fn now(&self) -> i64 {
        self.clock.now_ms()
    }

    /// The time as the report writes it: RFC 3339 in the account's zone.
    fn shown(&self, at: i64) -> String {
        instant(at).with_timezone(&self.zone).to_rfc3339_opts(SecondsFormat::Secs, false)
    }

    fn unreadable(&mut self, line: u64, error: String) {
        self.report.failed(line, ProblemKind::Unreadable, error.clone());
        self.note(line, format!("line {line} cannot be read: {error}"));
    }

    fn note(&mut self, line: u64, text: String) {
        let at = instant(self.now()).with_timezone(&self.zone);
        self.observer.note(at, line, &text);
    }

    /// A problem's message, with the integration's name when there are several.
    fn whose(&self, seat: usize, message: String) -> String {
        if self.seats.len() == 1 { message } else { format!("[{}] {message}", self.seats[seat].integration.name) }
    }

    /// Seats that a line is about.
    fn seats_of(&mut self, line: &Line) -> Vec<usize> {
        let Some(name) = &line.integration else { return (0..self.seats.len()).collect() };
        let found: Vec<usize> = (0..self.seats.len()).filter(|seat| self.seats[*seat].integration.name == *name).collect();
        if found.is_empty() {
            self.unreadable(line.number, format!("there is no integration {name:?} in the header"));
        }
        found
    }
}

/// Prepares the settings of every integration of a header, or says what is wrong with them.
pub async fn prepare_settings(header: &Header, plugin: &dyn Plugin) -> Result<Vec<Vec<u8>>, Unusable> {
    let mut all = Vec::new();
    for described in &header.integrations {
        let prepared = plugin.prepare(&described.settings.to_string(), None).await?;
        all.push(prepared.map_err(|problems| {
            let told = problems.iter().map(|problem| match problem.setting.as_str() {
                "" => format!("settings: {}", problem.message),
                setting => format!("settings.{setting}: {}", problem.message),
            });
            Unusable::Settings(told.collect::<Vec<_>>().join("; "))
        })?);
    }
    Ok(all)
}

/// The header's credentials, their addresses understood by the plugin.
pub async fn open_vault(header: &Header, plugin: &dyn Plugin) -> Result<Vault, Unusable> {
    let mut vault = Vault::default();
    for described in &header.credentials {
        let refused = |why: String| Unusable::Remote(format!("credentials: {:?}: {why}", described.name));
        let base = address(plugin, &described.url).await?.map_err(refused)?;
        vault.add(&described.name, base, described.key.clone()).map_err(|error| refused(error.to_string()))?;
    }
    for integration in &header.integrations {
        if let Some(name) = &integration.credentials {
            vault.choose(name).map_err(|error| Unusable::Remote(format!("integrations: {:?}: {error}", integration.name)))?;
        }
    }
    Ok(vault)
}

/// The address of a remote system of what somebody pasted: understood by the plugin, and checked against the hosts that it described.
/// The inner error is in words for whoever pasted it.
pub async fn address(plugin: &dyn Plugin, pasted: &str) -> Result<Result<Url, String>, Fault> {
    let normal = match plugin.normalise_connection(pasted).await? {
        Ok(normal) => normal.base_url,
        Err(words) => return Ok(Err(words)),
    };
    let patterns: Vec<&str> = plugin.description().connections.iter().flat_map(|need| &need.host_patterns).map(String::as_str).collect();
    Ok(plain_base(&normal, &patterns))
}

/// A virtual clock that stands where a recording begins.
pub fn clock_for<R: BufRead>(lines: &mut Lines<R>) -> Arc<VirtualClock> {
    Arc::new(VirtualClock::at(lines.begins().unwrap_or(chrono::DateTime::<Utc>::UNIX_EPOCH)))
}
