//! Runs one recording once, with or without a fault, and gives what is left in the two systems.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use uis_host::clock::VirtualClock;
use uis_host::connection::credentials::Credentials;
use uis_host::limits::Limits;
use uis_host::plugin::Plugin;
use uis_host::rules::RuleSet;

use super::cell::{Cell, RequestFault};
use super::crashes::{Attempt, Crashing};
use super::requests::{FaultySystem, Sent};
use crate::crm::Crm;
use crate::crm::elsewhere::Server;
use crate::crm::within::Simulators;
use crate::differences::Outcome;
use crate::effects::{Recorder, Watcher};
use crate::recording::{self, Header};
use crate::replay::{ReplayBuilder, clock_for};
use crate::report::Report;

/// How long the clock goes on after the last line.
const SETTLE: Duration = Duration::from_secs(24 * 3600);

/// How much longer than usual handlers may take. Many cells run side by side, and how busy the machine is must not change a result.
const PATIENCE: u32 = 10;

/// The remote system of the replays.
#[derive(Clone)]
pub enum Target {
    /// A simulator in this process for each replay, with the recording's content.
    Within,
    /// A simulator in another process, whose content is replaced by the recording's before each replay. It serves one replay at a time.
    Elsewhere(Credentials),
}

/// What a replay is made of, besides the recording.
#[derive(Clone)]
pub struct Bench {
    /// The plugin.
    pub plugin: Arc<dyn Plugin>,
    /// The limits of handlers.
    pub limits: Limits,
    /// The account's rules.
    pub rules: Arc<RuleSet>,
    /// The remote system.
    pub target: Target,
    /// The seed of the order of lanes; 0: in the order of arrival.
    pub seed: u64,
}

/// The faults of one replay.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// By the number of the request, from 1.
    pub requests: BTreeMap<u32, RequestFault>,
    /// After how many writes the host crashes, by the number of the attempt from 1.
    pub crashes: BTreeMap<u32, u32>,
    /// More attempts than these are too many; none: there is no limit.
    pub attempts: Option<u32>,
}

impl Plan {
    /// The faults of a cell, apart from those of events, which are faults of the recording itself.
    pub fn of(cell: &Cell) -> Plan {
        let mut plan = Plan::default();
        match *cell {
            Cell::Request(number, fault) => drop(plan.requests.insert(number, fault)),
            Cell::Crash { attempt, writes } => drop(plan.crashes.insert(attempt, writes)),
            Cell::Event(..) => {}
        }
        plan
    }
}

/// What came of a replay.
#[derive(Debug, Clone, Default)]
pub struct Played {
    /// What is left in the two systems, the effects that led there, and the problems.
    pub outcome: Outcome,
    /// Counts.
    pub report: Report,
    /// The requests, in the order of sending.
    pub sent: Vec<Sent>,
    /// The runs of handlers, in order.
    pub attempts: Vec<Attempt>,
    /// The replay was stopped, because there were too many attempts. Then nothing else is known.
    pub ran_away: bool,
}

impl Bench {
    /// A bench with this plugin: the usual limits, with more time, no rules, and no drawn order.
    pub fn new(plugin: Arc<dyn Plugin>) -> Bench {
        let mut limits = Limits::default();
        Bench::be_patient(&mut limits);
        Bench { plugin, limits, rules: Arc::default(), target: Target::Within, seed: 0 }
    }

    /// Gives handlers more time than usual.
    pub fn be_patient(limits: &mut Limits) {
        limits.wall_live *= PATIENCE;
        limits.wall_kept *= PATIENCE;
    }

    /// Replays a recording. The error says why the recording cannot be used.
    pub async fn play(&self, text: &str, plan: &Plan) -> Result<Played, String> {
        self.play_watched(text, plan, &mut ()).await
    }

    /// The same, with somebody who watches the runs of handlers.
    pub async fn play_watched(&self, text: &str, plan: &Plan, watcher: &mut dyn Watcher) -> Result<Played, String> {
        let (header, mut lines) = recording::open(text.as_bytes()).map_err(|(line, error)| format!("line {line}: {error}"))?;
        let clock = clock_for(&mut lines);
        let crm = self.crm(&header, &clock).await.map_err(|error| format!("line 1: {error:#}"))?;
        let system = Arc::new(FaultySystem::new(crm.system(), clock.clone(), plan.requests.clone()));
        let plugin =
            Crashing::at(self.plugin.clone(), plan.crashes.clone()).at_most(plan.attempts.unwrap_or(u32::MAX)).counting(system.count());
        let plugin = Arc::new(plugin);
        let builder = ReplayBuilder::new(&header, plugin.clone(), system.clone(), clock).limits(&self.limits).seed(self.seed);
        let builder = builder.rules(Arc::new(self.rules.with_fresh_records()));
        let zone = uis_host::clock::zone(&header.account.timezone)?;
        let mut recorder = Recorder::new(zone, watcher);
        let replay = builder.ready(&mut recorder).await.map_err(|error| format!("line 1: {error}"))?;
        let ended = tokio::select! {
            ended = replay.run(lines, SETTLE, |_| {}) => Some(ended.map_err(|error| error.to_string())?),
            () = plugin.runaway() => None,
        };
        let (sent, attempts) = (system.sent(), plugin.attempts());
        let Some((report, uis)) = ended else { return Ok(Played { sent, attempts, ran_away: true, ..Played::default() }) };
        system.finish().await;
        let problems = report.problems.clone();
        let outcome = Outcome { crm: crm.to_json().await, uis, effects: recorder.into_effects(), problems };
        Ok(Played { outcome, report, sent, attempts, ran_away: false })
    }

    /// The remote system with the recording's content.
    async fn crm(&self, header: &Header, clock: &Arc<VirtualClock>) -> Result<Crm> {
        let Target::Elsewhere(access) = &self.target else { return Ok(Crm::Within(Arc::new(Simulators::new(header, clock)?))) };
        // Each replay may run in another runtime, and connections belong to one.
        let server = Server::of(access)?;
        let control = server.control().context("it is no simulator on this machine; faults are never injected into an account")?;
        let [integration] = header.integrations.as_slice() else {
            bail!("the recording has several integrations; another simulator has one account")
        };
        control.reset(&integration.crm).await.map_err(|error| anyhow!("the simulator cannot be reset: {error}"))?;
        Ok(Crm::Elsewhere(Arc::new(server)))
    }
}
