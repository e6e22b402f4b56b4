//! The RetailCRM of a replay: the simulator in this process, a CRM given by its URL, or recorded answers.

mod counts;
pub mod elsewhere;
mod network;
pub mod protocol;
pub mod recorded;
pub mod within;

use std::sync::Arc;

use crate::exchanges::strict::Divergence;
use crate::replay::RemoteSystem;
use crate::report::Report;
use serde_json::Value;

use elsewhere::Server;
use recorded::Recordings;
use within::Simulators;

/// The CRM of a replay.
pub enum Crm {
    /// The simulator in this process.
    Within(Arc<Simulators>),
    /// A CRM given by its URL.
    Elsewhere(Arc<Server>),
    /// Recorded answers, for a strict replay.
    Recorded(Arc<Recordings>),
}

impl Crm {
    /// The remote system that the replay uses.
    pub fn system(&self) -> Arc<dyn RemoteSystem> {
        match self {
            Crm::Within(simulators) => simulators.clone(),
            Crm::Elsewhere(server) => server.clone(),
            Crm::Recorded(recordings) => recordings.clone(),
        }
    }

    /// The entities in the CRM after a replay. Recorded answers have none.
    pub async fn to_json(&self) -> Value {
        match self {
            Crm::Within(simulators) => simulators.to_json(),
            Crm::Elsewhere(server) => server.to_json().await,
            Crm::Recorded(_) => within::nothing().into(),
        }
    }

    /// How many entities of each kind are in the CRM after a replay, with the members of [`to_json`](Self::to_json).
    pub async fn counts(&self) -> Value {
        match self {
            Crm::Within(simulators) => simulators.counts().into(),
            Crm::Elsewhere(server) => server.counts().await.into(),
            Crm::Recorded(_) => within::none().into(),
        }
    }

    /// Adds the first difference of a strict replay to the report, in place of what followed from it.
    pub fn close(&self, report: &mut Report) {
        if let Crm::Recorded(recordings) = self
            && let Some(Divergence { line, message }) = recordings.exchanges.divergence()
        {
            report.diverged(line, message);
        }
    }
}
