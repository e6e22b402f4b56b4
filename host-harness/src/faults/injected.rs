//! The fault that a recording's header names, for every command that replays: it repeats a cell.

use std::sync::Arc;

use uis_host::clock::VirtualClock;
use uis_host::plugin::Plugin;

use super::bench::Plan;
use super::cell::Cell;
use super::crashes::Crashing;
use super::requests::FaultySystem;
use crate::recording::Header;
use crate::replay::RemoteSystem;

/// A plugin and a remote system with the fault of a recording's header, or as they were if it has none.
pub struct Injected {
    /// The plugin.
    pub plugin: Arc<dyn Plugin>,
    /// The remote system.
    pub system: Arc<dyn RemoteSystem>,
    faulty: Option<Arc<FaultySystem>>,
}

impl Injected {
    /// Puts the header's fault between a replay and these two. `recorded`: the system's answers are recorded, so the faults of requests are among
    /// them already. The error says which names there are.
    pub fn of(
        header: &Header,
        plugin: Arc<dyn Plugin>,
        system: Arc<dyn RemoteSystem>,
        clock: Arc<VirtualClock>,
        recorded: bool,
    ) -> Result<Injected, String> {
        let Some(name) = &header.fault else { return Ok(Injected { plugin, system, faulty: None }) };
        let cell: Cell = name.parse().map_err(|error| format!("fault: {error}"))?;
        if matches!(cell, Cell::Event(..)) {
            return Err(format!("fault: {name:?} is about an event; change its line instead, or let `faults --record-to` do it"));
        }
        let mut plan = Plan::of(&cell);
        if recorded {
            plan.requests.clear();
        }
        let faulty = Arc::new(FaultySystem::new(system, clock, plan.requests));
        let plugin = Arc::new(Crashing::at(plugin, plan.crashes));
        Ok(Injected { plugin, system: faulty.clone(), faulty: Some(faulty) })
    }

    /// Ends the replay: carries out what is still to be committed. Called before the remote system's content is read.
    pub async fn finish(&self) {
        if let Some(faulty) = &self.faulty {
            faulty.finish().await;
        }
    }
}
