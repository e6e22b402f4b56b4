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
use crate::egress::Egress;
use crate::integration::{Integration, lock};
use crate::plugin::limits::Limits;
use crate::plugin::{Fault, Plugin};
use crate::recording::{Header, Line, Lines};
use crate::services::connections::Connection;
use crate::services::endpoints::Endpoints;
use crate::services::pace::Pace;
use entry::Observer;
use inbox::{Inbox, State};
use report::{ProblemKind, Report};

/// The remote system of a replay: a simulator, a real one, or what was recorded of one.
pub trait RemoteSystem: Send + Sync {
    /// How a connection of this integration reaches it.
    fn connect(&self, integration: &str, need: &ConnectionNeed) -> Result<Remote, String>;

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
        for (described, prepared) in header.integrations.iter().zip(settings) {
            let about = plugin.description();
            let mut connections = BTreeMap::new();
            for need in &about.connections {
                let remote = remote.connect(&described.name, need).map_err(Unusable::Remote)?;
                let connection = Connection {
                    base: Mutex::new(remote.base),
                    host_patterns: need.host_patterns.clone(),
                    auth: need.auth.clone(),
                    key: remote.key,
                    egress: remote.egress,
                    pace: Arc::new(if remote.paced { Pace::new(&need.rate_classes) } else { Pace::none() }),
                };
                connections.insert(need.name.clone(), connection);
            }
            let integration = Integration {
                name: described.name.clone(),
                clock: clock.clone(),
                account: account.clone(),
                connections,
                storage: Mutex::default(),
                timers: Mutex::default(),
                settings: Mutex::new(Arc::new(prepared)),
                endpoints: Endpoints {
                    base: format!("https://hooks.uis.example/{}", described.name),
                    callbacks: about
                        .callbacks
                        .iter()
                        .map(|callback| (callback.name.clone(), callback.secret_parameter.is_none()))
                        .collect(),
                    secret: header.account.client_id.clone().into(),
                },
                limits: limits.clone(),
            };
            seats.push(Seat { integration: Arc::new(integration), inbox: Inbox::new(State::Inactive) });
        }
        Ok(Replay { plugin, remote, clock, account, zone, seats, observer, report: Report::default(), runs: (0, 0) })
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

/// A virtual clock that stands where a recording begins.
pub fn clock_for<R: BufRead>(lines: &mut Lines<R>) -> Arc<VirtualClock> {
    Arc::new(VirtualClock::at(lines.begins().unwrap_or(chrono::DateTime::<Utc>::UNIX_EPOCH)))
}
