//! The RetailCRM of a replay: the simulator within the process, a server by its URL, or what was recorded of one.

pub mod elsewhere;
pub mod recorded;
pub mod strict;
pub mod within;

use std::sync::Arc;

use crate::replay::RemoteSystem;
use crate::report::Report;
use serde_json::Value;

use elsewhere::Server;
use recorded::Recordings;
use within::Simulators;

/// One of the three.
pub enum Crm {
    /// The simulator.
    Within(Arc<Simulators>),
    /// A server.
    Elsewhere(Arc<Server>),
    /// A recording.
    Recorded(Arc<Recordings>),
}

impl Crm {
    /// As the host sees it.
    pub fn system(&self) -> Arc<dyn RemoteSystem> {
        match self {
            Crm::Within(simulators) => simulators.clone(),
            Crm::Elsewhere(server) => server.clone(),
            Crm::Recorded(recordings) => recordings.clone(),
        }
    }

    /// What stands in it after a replay. A recording does not tell.
    pub async fn to_json(&self) -> Value {
        match self {
            Crm::Within(simulators) => simulators.to_json(),
            Crm::Elsewhere(server) => server.to_json().await,
            Crm::Recorded(_) => within::nothing().into(),
        }
    }

    /// Adds what a strict replay left out.
    pub fn close(&self, report: &mut Report) {
        if let Crm::Recorded(recordings) = self {
            recordings.exchanges.unused().into_iter().for_each(|unused| report.diverged(unused));
        }
    }
}
