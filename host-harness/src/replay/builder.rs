//! Creates a replay. Required parts are arguments of `new`; the others have defaults.

use std::sync::{Arc, Mutex};

use uis_host::clock::{VirtualClock, zone};
use uis_host::dispatch::Dispatch;
use uis_host::integration::{Integration, UisAccount};
use uis_host::limits::Limits;
use uis_host::memory::MemoryStore;
use uis_host::plugin::Plugin;
use uis_host::ports::{Observer, Store};
use uis_host::rules::RuleSet;
use uis_host::sync::lock;
use uis_simulator::SimulatedAccount;

use super::collector::Collector;
use super::{Part, RemoteSystem, Replay, Unusable, open_vault, prepare_settings};
use crate::recording::Header;
use crate::report::Report;

/// Creates a [`Replay`] from a recording's header.
pub struct ReplayBuilder<'h> {
    header: &'h Header,
    plugin: Arc<dyn Plugin>,
    remote: Arc<dyn RemoteSystem>,
    clock: Arc<VirtualClock>,
    limits: Limits,
    rules: Arc<RuleSet>,
    public_url: Option<String>,
    seed: u64,
    store: Arc<dyn Store>,
    counting: bool,
    part: Option<Part>,
}

/// A counting replay lists at most this many problems, answers of rules, and notes.
const LISTED: usize = 1000;

impl<'h> ReplayBuilder<'h> {
    /// A replay with this plugin, this remote system and this clock. By default it has no rules, the usual limits, no drawn order of lanes,
    /// and a store in memory.
    pub fn new(header: &'h Header, plugin: Arc<dyn Plugin>, remote: Arc<dyn RemoteSystem>, clock: Arc<VirtualClock>) -> Self {
        let (limits, rules, store) = (Limits::default(), Arc::default(), Arc::new(MemoryStore::default()));
        ReplayBuilder { header, plugin, remote, clock, limits, rules, public_url: None, seed: 0, store, counting: false, part: None }
    }

    /// Sets the limits of handlers.
    pub fn limits(mut self, limits: &Limits) -> Self {
        self.limits = limits.clone();
        self
    }

    /// Sets the account's rules.
    pub fn rules(mut self, rules: Arc<RuleSet>) -> Self {
        self.rules = rules;
        self
    }

    /// Sets the platform's public address. Callbacks are then reached at `<url>/<integration>/<callback>`.
    pub fn public_url(mut self, url: &str) -> Self {
        self.public_url = Some(url.to_owned());
        self
    }

    /// Draws the order of lanes from a seed. 0: handlers run one after the other, in the order of arrival.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets the store.
    pub fn store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = store;
        self
    }

    /// Counts what would otherwise be listed without limit, so that the replay of a recording of any length needs the same memory: the report
    /// lists the first 1000 problems, answers of rules and notes; dial orders and answers to incoming calls are numbers in the UIS account;
    /// its reports have the rows of the last week; and dead letters are not kept. Replaces the store.
    pub fn counting(mut self) -> Self {
        self.counting = true;
        self.store = Arc::new(MemoryStore::without_dead_letters());
        self
    }

    /// The header has only some of the recording's integrations; other replays have the rest.
    pub fn part(mut self, part: Part) -> Self {
        self.part = Some(part);
        self
    }

    /// Creates the account and its integrations, and prepares their settings. No event is delivered yet. `watcher` observes the replay.
    pub async fn ready<'a>(self, watcher: &'a mut dyn Observer) -> Result<Replay<'a>, Unusable> {
        let zone = zone(&self.header.account.timezone).map_err(Unusable::Remote)?;
        let account = Arc::new(SimulatedAccount::new(self.header.account.clone(), self.clock.clone()));
        if self.counting {
            account.state().count_only();
        }
        let report = Arc::new(Mutex::new(if self.counting { Report::listing(LISTED) } else { Report::default() }));
        let integrations = self.integrations(&account, &report).await?;
        let collector = Collector { report: report.clone(), zone, watcher };
        let dispatch = Dispatch::new(self.plugin.clone(), self.clock, integrations, Box::new(collector)).await?.drawing_from(self.seed);
        let (active, part) = (self.header.active, self.part);
        Ok(Replay { plugin: self.plugin, remote: self.remote, account, zone, dispatch, rules: self.rules, report, active, part })
    }

    async fn integrations(&self, account: &Arc<SimulatedAccount>, report: &Mutex<Report>) -> Result<Vec<Arc<Integration>>, Unusable> {
        let settings = prepare_settings(self.header, self.plugin.as_ref()).await?;
        let vault = open_vault(self.header, self.plugin.as_ref()).await?;
        let about = self.plugin.description();
        let mut integrations = Vec::new();
        for (described, prepared) in self.header.integrations.iter().zip(settings) {
            let chosen = described.credentials.as_deref().map(|name| vault.choose(name)).transpose();
            let chosen = chosen.map_err(|error| Unusable::Remote(format!("integrations: {:?}: {error}", described.name)))?;
            let secret = self.header.account.client_id.clone().into();
            let ports = UisAccount::of(account.clone());
            let mut integration = Integration::new(&described.name, about, self.clock.clone(), ports, secret, &self.limits);
            for need in &about.connections {
                let remote = self.remote.connect(&described.name, need, chosen).map_err(Unusable::Remote)?;
                integration.connections.insert(need.name.clone(), remote.connection(need));
            }
            if let Some(url) = &self.public_url {
                integration.endpoints.base = Integration::base(url, &integration.name);
            }
            integration.store = self.store.clone();
            integration.rules = self.rules.clone();
            let notes = integration.set_settings(prepared);
            lock(report).settings_notes(1, &notes);
            integrations.push(Arc::new(integration));
        }
        Ok(integrations)
    }
}
