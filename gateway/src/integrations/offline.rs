//! What an administrator asks for, on the file, while no service runs. What is switched on or asked for here is stored, and happens when the
//! service starts.

use std::collections::HashSet;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::Mutex;
use uis_host::dispatch::{Arrival, Dispatch};
use uis_host::event::Event;
use uis_host::ports::{Origin, Silent, Store, StoreError};

use super::administrator::{Administrator, Deliverer, Health, reread};
use super::book::Book;
use super::building::Built;
use super::record::Record;
use crate::control::operations::NoConfiguration;
use crate::control::{ControlError, Operations, ReloadView};
use crate::store::Rejected;

/// The file without a service. Nothing is delivered from here: the dispatch only stores.
pub struct Offline {
    book: Arc<Book>,
    /// One change at a time.
    turn: Mutex<()>,
    operations: Box<dyn Operations>,
}

fn failed(error: StoreError) -> ControlError {
    ControlError::Failed(error.to_string())
}

impl Offline {
    /// The administrator of a book, without a configuration file.
    pub fn administrator(book: Book) -> Administrator<Offline> {
        Offline::operated(book, Box::new(NoConfiguration))
    }

    /// The administrator of a book and of the versions of the plugin and the rules.
    pub fn operated(book: Book, operations: Box<dyn Operations>) -> Administrator<Offline> {
        Administrator(Offline { book: Arc::new(book), turn: Mutex::new(()), operations })
    }

    /// A dispatch of one integration that is not served.
    async fn dispatch(&self, name: &str) -> Result<(Dispatch<'static>, Record, chrono_tz::Tz), ControlError> {
        let record = self.book.find(name).await?;
        let workshop = &self.book.workshop;
        let built = workshop.build(&record, &self.book.store).await;
        let built = built.map_err(|why| ControlError::Failed(format!("the integration {name} cannot run: {why}")))?;
        let zone = built.zone;
        let dispatch = Dispatch::new(workshop.plugin.clone(), workshop.clock.clone(), vec![built.integration], Box::new(Silent));
        Ok((dispatch.await.map_err(failed)?, record, zone))
    }

    async fn deliver(&self, name: &str, origin: u64, what: &str, events: Vec<Event>) -> Result<(), ControlError> {
        let _turn = self.turn.lock().await;
        let (mut dispatch, ..) = self.dispatch(name).await?;
        for event in events {
            let arrival = Arrival { origin: Origin(origin), what: what.to_owned(), event };
            dispatch.deliver(0, arrival).await.map_err(failed)?;
        }
        Ok(())
    }
}

impl Deliverer for Offline {
    fn book(&self) -> Arc<Book> {
        self.book.clone()
    }

    fn ready(&self) -> Result<(), String> {
        Err("the service does not run; start it: uis-gateway serve".to_owned())
    }

    fn runs(&self) -> bool {
        false
    }

    fn operations(&self) -> &dyn Operations {
        self.operations.as_ref()
    }

    fn last_reload(&self) -> Option<ReloadView> {
        None
    }

    fn health(&self, _: &str) -> Health {
        Health { broken: None, notes: Vec::new() }
    }

    fn reload<'a>(&'a self, record: &'a Record, _: Built) -> BoxFuture<'a, Result<(), ControlError>> {
        async move {
            let state = self.book.store.state(&record.name).await.map_err(failed)?;
            match state {
                uis_host::ports::IntegrationState::Inactive => Ok(()),
                _ => self.switch(&record.name, true).await,
            }
        }
        .boxed()
    }

    fn switch<'a>(&'a self, name: &'a str, on: bool) -> BoxFuture<'a, Result<(), ControlError>> {
        async move {
            let _turn = self.turn.lock().await;
            let (mut dispatch, ..) = self.dispatch(name).await?;
            match on {
                true => dispatch.switch_on(0, Origin(0)).await,
                false => dispatch.switch_off(0, Origin(0)).await.map(|_| ()),
            }
            .map_err(failed)
        }
        .boxed()
    }

    fn act<'a>(&'a self, name: &'a str, action: &'a str) -> BoxFuture<'a, Result<(), ControlError>> {
        self.deliver(name, 0, "action", vec![Event::Action(action.to_owned())]).boxed()
    }

    fn hold<'a>(&'a self, _: &'a str, _: bool) -> BoxFuture<'a, Result<(), ControlError>> {
        // Nothing is delivered from here.
        async { Ok(()) }.boxed()
    }

    fn revive<'a>(&'a self, name: &'a str, id: &'a str) -> BoxFuture<'a, Result<bool, ControlError>> {
        async move { self.book.store.revive(name, id).await.map(|revived| revived.is_some()).map_err(failed) }.boxed()
    }

    fn forget<'a>(&'a self, _: &'a str, ids: HashSet<String>) -> BoxFuture<'a, Result<HashSet<String>, ControlError>> {
        // Nothing is delivered.
        async move { Ok(ids) }.boxed()
    }

    fn read_again<'a>(&'a self, rejected: &'a Rejected) -> BoxFuture<'a, Result<(), ControlError>> {
        async move {
            let (.., zone) = self.dispatch(&rejected.owner).await?;
            let (what, events) = reread(rejected, zone)?;
            self.deliver(&rejected.owner, rejected.number, &what, events).await?;
            self.book.store.take_rejected(rejected.number).await.map_err(failed)
        }
        .boxed()
    }
}
