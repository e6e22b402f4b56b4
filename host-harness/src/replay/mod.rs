//! Replays a recording against a plugin: with the account from the header, a virtual clock that follows the lines, and the host's dispatch,
//! which delivers events as the contract requires.

mod builder;
mod collector;
mod expecting;
mod happenings;
mod part;
mod remote;
mod run_out;

use std::io::BufRead;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::Utc;
use chrono_tz::Tz;
use serde_json::Value;
use uis_host::bindings::exports::uis::integration::setup::PreparedSettings;
use uis_host::clock::{Clock, VirtualClock};
use uis_host::connection::credentials::Vault;
use uis_host::connection::plain_base;
use uis_host::dispatch::Dispatch;
use uis_host::event::Fault;
use uis_host::integration::Integration;
use uis_host::plugin::Plugin;
use uis_host::ports::{Origin, ProblemKind, StoreError};
use uis_host::rules::RuleSet;
use uis_host::sync::lock;
use uis_simulator::SimulatedAccount;
use url::Url;

use crate::recording::{Happening, Header, Line, Lines};
use crate::report::{Kind, Report, about_setting};

pub use builder::ReplayBuilder;
pub use part::Part;
pub use remote::{Remote, RemoteSystem};
pub use run_out::run_out;

/// A day, in milliseconds.
const DAY_MS: i64 = 24 * 3_600_000;

/// Why a replay cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// The settings in the header are invalid.
    #[error("{0}")]
    Settings(String),
    /// The CRM or its credentials cannot be used.
    #[error("{0}")]
    Remote(String),
    /// The plugin failed while it prepared the settings.
    #[error("the plugin's setup.prepare failed: {0}")]
    Plugin(#[from] Fault),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A replay that is ready to run. [`ReplayBuilder`] creates it.
pub struct Replay<'a> {
    plugin: Arc<dyn Plugin>,
    remote: Arc<dyn RemoteSystem>,
    account: Arc<SimulatedAccount>,
    zone: Tz,
    dispatch: Dispatch<'a>,
    rules: Arc<RuleSet>,
    report: Arc<Mutex<Report>>,
    /// Whether the integrations are switched on at the beginning.
    active: bool,
    /// The integrations of the recording that another replay has; none: there are no others.
    part: Option<Part>,
}

impl Replay<'_> {
    /// The integrations, in the header's order.
    pub fn integrations(&self) -> Vec<Arc<Integration>> {
        (0..self.dispatch.len()).map(|slot| self.dispatch.integration(slot).clone()).collect()
    }

    /// Plays the lines, then advances the clock by at most `time_limit` until only repeating timers are left. `progress` is called with the
    /// number of bytes read so far. Returns the report, and the state of the UIS account as JSON.
    pub async fn run<R: BufRead>(
        mut self,
        lines: Lines<R>,
        time_limit: Duration,
        progress: impl FnMut(u64),
    ) -> Result<(Report, Value), StoreError> {
        self.play(lines, progress).await?;
        if !self.remote.is_over() {
            run_out(std::slice::from_mut(&mut self), time_limit).await?;
        }
        Ok(self.result())
    }

    /// Plays the lines. What is due only after the last of them is left to [`run_out`](fn@run_out).
    pub async fn play<R: BufRead>(&mut self, mut lines: Lines<R>, mut progress: impl FnMut(u64)) -> Result<(), StoreError> {
        if let Some(begins) = lines.begins() {
            self.clock().advance_to(begins.timestamp_millis());
        }
        if self.active {
            for slot in 0..self.dispatch.len() {
                self.dispatch.switch_on(slot, Origin(1)).await?;
            }
        }
        while let Some(line) = lines.next() {
            match line {
                // Nothing happens then, and the replay must not last longer because its exchanges are recorded.
                Ok(Line { happening: Happening::Exchange(_), .. }) => {}
                Ok(line) => {
                    self.dispatch.advance(line.at.timestamp_millis()).await?;
                    self.play_line(line).await?;
                }
                Err((number, error)) => {
                    self.advance_to_unreadable(lines.time_of_unreadable(number)).await?;
                    self.unreadable(number, error);
                }
            }
            progress(lines.bytes());
            if self.remote.is_over() || self.is_given_up() {
                break;
            }
        }
        Ok(())
    }

    /// The report so far, and the state of the UIS account as JSON.
    pub fn result(&self) -> (Report, Value) {
        (lock(&self.report).clone(), self.account.state().to_json())
    }

    /// Advances the clock to the time of a line that cannot be read, so that its problem stands there. A time that is more than a day away
    /// may be what is wrong with the line.
    async fn advance_to_unreadable(&mut self, at: Option<chrono::DateTime<Utc>>) -> Result<(), StoreError> {
        let later = at.map(|at| at.timestamp_millis()).filter(|at| (0..=DAY_MS).contains(&(at - self.now())));
        match later {
            Some(at) => self.dispatch.advance(at).await,
            None => Ok(()),
        }
    }

    fn clock(&self) -> Arc<dyn Clock> {
        self.dispatch.integration(0).clock.clone()
    }

    fn now(&self) -> i64 {
        self.clock().now_ms()
    }

    fn problem(&mut self, line: u64, kind: impl Into<Kind>, message: String) {
        lock(&self.report).problem(line, kind, message);
    }

    fn unreadable(&mut self, line: u64, error: String) {
        self.note(line, format!("line {line} cannot be played: {error}"));
        self.problem(line, ProblemKind::Unreadable, error);
    }

    fn note(&mut self, line: u64, text: String) {
        self.dispatch.note(Origin(line), &text);
    }

    /// The integrations that a line is about.
    fn slots_of(&mut self, line: &Line) -> Vec<usize> {
        let Some(name) = &line.integration else { return (0..self.dispatch.len()).collect() };
        let found: Vec<usize> = (0..self.dispatch.len()).filter(|slot| self.dispatch.integration(*slot).name == *name).collect();
        if found.is_empty() && !self.part.as_ref().is_some_and(|part| part.has_elsewhere(name)) {
            self.unreadable(line.number, format!("there is no integration {name:?} in the header"));
        }
        found
    }
}

/// Prepares the settings of every integration in the header. The error lists all problems.
pub async fn prepare_settings(header: &Header, plugin: &dyn Plugin) -> Result<Vec<PreparedSettings>, Unusable> {
    let mut all = Vec::new();
    for described in &header.integrations {
        let prepared = plugin.prepare(&described.settings.to_string(), described.settings_version.as_deref()).await?;
        all.push(prepared.map_err(|problems| Unusable::Settings(problems.iter().map(about_setting).collect::<Vec<_>>().join("; ")))?);
    }
    Ok(all)
}

/// The credentials in the header. The plugin normalises their addresses.
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

/// Normalises an address that a person pasted, with the plugin's help, and checks it against the hosts that the plugin described. The inner
/// error is a message for that person.
pub async fn address(plugin: &dyn Plugin, pasted: &str) -> Result<Result<Url, String>, Fault> {
    let normal = match plugin.normalise_connection(pasted).await? {
        Ok(normal) => normal.base_url,
        Err(message) => return Ok(Err(message)),
    };
    let patterns: Vec<&str> = plugin.description().connections.iter().flat_map(|need| &need.host_patterns).map(String::as_str).collect();
    Ok(plain_base(&normal, &patterns))
}

/// A virtual clock that shows the time at which a recording begins.
pub fn clock_for<R: BufRead>(lines: &mut Lines<R>) -> Arc<VirtualClock> {
    Arc::new(VirtualClock::at(lines.begins().unwrap_or(chrono::DateTime::<Utc>::UNIX_EPOCH)))
}
