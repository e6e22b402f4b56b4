//! What an administrator asks for, on the running gateway.

use std::collections::HashSet;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use uis_host::clock::instant;
use uis_host::event::Event;
use uis_host::ports::{IntegrationState, Origin, Store, StoreError};
use uis_host::sync::lock;

use super::operator::Operator;
use super::{Gateway, NotAccepted};
use crate::control::operations::NoConfiguration;
use crate::control::{ControlError, Operations, ReloadView};
use crate::integrations::administrator::{Deliverer, Health, reread};
use crate::integrations::book::Book;
use crate::integrations::building::Built;
use crate::integrations::record::Record;
use crate::store::Rejected;

/// The running gateway as an administrator's deliverer.
#[derive(Clone)]
pub struct Live {
    gateway: Arc<Gateway>,
    /// The book of the opening that it began with.
    first: Arc<Book>,
    operations: Arc<dyn Operations>,
    /// None for a gateway that was not made from a configuration file.
    operator: Option<Operator>,
}

impl Live {
    /// For a gateway that has begun, and that was not made from a configuration file.
    pub fn new(gateway: Arc<Gateway>) -> Result<Live, String> {
        let first = gateway.core()?.book();
        Ok(Live { gateway, first, operations: Arc::new(NoConfiguration), operator: None })
    }

    /// For a gateway that was made from a configuration file.
    pub fn operated(operator: Operator) -> Result<Live, String> {
        let gateway = operator.gateway().clone();
        let first = gateway.core()?.book();
        Ok(Live { gateway, first, operations: Arc::new(operator.clone()), operator: Some(operator) })
    }

    fn core(&self) -> Result<Arc<super::core::Core>, ControlError> {
        self.gateway.core().map_err(ControlError::Failed)
    }

    fn slot(&self, name: &str) -> Result<usize, ControlError> {
        let running = self.core()?.running(name);
        running.map(|running| running.slot).ok_or_else(|| {
            let why = lock(&self.gateway.refused).get(name).cloned().unwrap_or_else(|| "it is unknown".to_owned());
            ControlError::Failed(format!("the integration {name} cannot run: {why}"))
        })
    }
}

fn failed(error: StoreError) -> ControlError {
    ControlError::Failed(error.to_string())
}

impl Deliverer for Live {
    fn book(&self) -> Arc<Book> {
        // While the store is failed, the one before answers.
        self.gateway.last_core().map_or_else(|| self.first.clone(), |core| core.book())
    }

    fn ready(&self) -> Result<(), String> {
        self.gateway.ready()
    }

    fn runs(&self) -> bool {
        true
    }

    fn operations(&self) -> &dyn Operations {
        self.operations.as_ref()
    }

    fn last_reload(&self) -> Option<ReloadView> {
        self.operator.as_ref().and_then(Operator::last_reload)
    }

    fn health(&self, name: &str) -> Health {
        match self.gateway.running(name) {
            Some(running) => {
                // What UIS refuses is known only while the integration runs.
                let problems = running.uis.iter().flat_map(|uis| uis.problems()).map(|problem| format!("UIS: {problem}"));
                Health { broken: running.broken.clone(), notes: running.notes.iter().cloned().chain(problems).collect() }
            }
            None => Health { broken: lock(&self.gateway.refused).get(name).cloned(), notes: Vec::new() },
        }
    }

    fn reload<'a>(&'a self, record: &'a Record, built: Built) -> BoxFuture<'a, Result<(), ControlError>> {
        async move {
            let _turn = self.gateway.turn.lock().await;
            let core = self.core()?;
            let workshop = core.book().workshop.clone();
            // The configuration may have been read again since it was made.
            let built = match built.is_made_with(&workshop) {
                true => built,
                false => workshop.build(record, &core.store).await.map_err(ControlError::Failed)?,
            };
            // Whoever saves an integration may just have changed something in UIS.
            if let Some(uis) = &built.uis {
                uis.outdate();
            }
            core.reload(record, built).await.map_err(failed)?;
            lock(&self.gateway.refused).remove(&record.name);
            if core.store.state(&record.name).await.map_err(failed)? != IntegrationState::Inactive {
                self.switch(&record.name, true).await?;
            }
            Ok(())
        }
        .boxed()
    }

    fn switch<'a>(&'a self, name: &'a str, on: bool) -> BoxFuture<'a, Result<(), ControlError>> {
        async move {
            let (core, slot) = (self.core()?, self.slot(name)?);
            match on {
                true => core.handle.switch_on(slot, Origin(0)).await,
                false => core.handle.switch_off(slot, Origin(0)).await.map(|_| ()),
            }
            .map_err(failed)
        }
        .boxed()
    }

    fn act<'a>(&'a self, name: &'a str, action: &'a str) -> BoxFuture<'a, Result<(), ControlError>> {
        async move { self.deliver(name, 0, "action", Event::Action(action.to_owned())).await }.boxed()
    }

    fn hold<'a>(&'a self, name: &'a str, paused: bool) -> BoxFuture<'a, Result<(), ControlError>> {
        async move {
            let core = self.core()?;
            match core.running(name) {
                Some(running) => core.handle.hold(running.slot, paused).await.map_err(failed),
                // It does not run, so nothing is delivered; when it does, what is stored counts.
                None => Ok(()),
            }
        }
        .boxed()
    }

    fn revive<'a>(&'a self, name: &'a str, id: &'a str) -> BoxFuture<'a, Result<bool, ControlError>> {
        async move {
            let (core, slot) = (self.core()?, self.slot(name)?);
            core.handle.revive(slot, id).await.map_err(failed)
        }
        .boxed()
    }

    fn forget<'a>(&'a self, name: &'a str, ids: HashSet<String>) -> BoxFuture<'a, Result<HashSet<String>, ControlError>> {
        async move {
            let core = self.core()?;
            match core.running(name) {
                Some(running) => core.handle.forget(running.slot, ids).await.map_err(failed),
                // An integration that cannot run has no lanes.
                None => Ok(ids),
            }
        }
        .boxed()
    }

    fn read_again<'a>(&'a self, rejected: &'a Rejected) -> BoxFuture<'a, Result<(), ControlError>> {
        async move {
            self.slot(&rejected.owner)?;
            let core = self.core()?;
            let zone = core.running(&rejected.owner).map(|running| running.zone).unwrap_or_default();
            let (what, events) = reread(rejected, zone)?;
            for event in events {
                self.deliver(&rejected.owner, rejected.number, &what, event).await?;
            }
            let at = instant(rejected.at);
            tracing::info!(integration = rejected.owner, received = rejected.number, %at, "a dead letter was read again");
            core.store.take_rejected(rejected.number).await.map_err(failed)
        }
        .boxed()
    }
}

impl Live {
    async fn deliver(&self, name: &str, origin: u64, what: &str, event: Event) -> Result<(), ControlError> {
        self.slot(name)?;
        let Some(running) = self.gateway.running(name) else { return Err(ControlError::Failed("the gateway stops".to_owned())) };
        let end = self.gateway.deliver(&running, origin, what, event).await;
        end.map(|_| ()).map_err(|NotAccepted(why)| ControlError::Failed(why))
    }
}
