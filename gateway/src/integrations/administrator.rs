//! What an administrator asks for, done with the book and whoever delivers events: the running service, or the file alone.

mod erasure;
mod operations;
mod recording;
mod storage;

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use chrono_tz::Tz;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use uis_host::clock::instant;
use uis_host::event::Event;
use uis_host::notification::MNEMONICS;
use uis_host::ports::{DeadLetter, IntegrationState, Store};

pub mod audit;
pub mod detail;
pub mod events;
pub mod mending;

use super::book::Book;
use super::building::Built;
use super::record::Record;
use crate::audit::{Act, AuditEntry};
use crate::checks;
use crate::control::{
    Address, Answer, Change, Control, ControlError, DeadLetterView, Finding, IntegrationView, NewIntegration, Operations, ReloadView,
    Status,
};
use crate::privacy::masking;
use crate::requests::{Kind, Raw, why_unreadable};
use crate::store::Rejected;
use crate::store::finding::UNREADABLE;

/// The most dead letters that one request lists.
const DEAD_LETTERS: usize = 1000;

/// What runs of an integration.
pub struct Health {
    /// What cannot be used now, and what to do.
    pub broken: Option<String>,
    /// What the account's owner should know about the settings.
    pub notes: Vec<String>,
}

/// Delivers events of integrations, now or when the service starts.
pub trait Deliverer: Send + Sync {
    /// The book, with the store that is in use.
    fn book(&self) -> Arc<Book>;

    /// Whether events are accepted; with the reason when they are not.
    fn ready(&self) -> Result<(), String>;

    /// Whether this is the running service.
    fn runs(&self) -> bool;

    /// The configuration, and the versions of the plugin and the rules.
    fn operations(&self) -> &dyn Operations;

    /// The last time that the configuration was read again.
    fn last_reload(&self) -> Option<ReloadView>;

    /// What runs of an integration.
    fn health(&self, name: &str) -> Health;

    /// Uses a new or changed integration from now on. An active one is activated again.
    fn reload<'a>(&'a self, record: &'a Record, built: Built) -> BoxFuture<'a, Result<(), ControlError>>;

    /// Switches an integration on or off.
    fn switch<'a>(&'a self, name: &'a str, on: bool) -> BoxFuture<'a, Result<(), ControlError>>;

    /// Delivers an action.
    fn act<'a>(&'a self, name: &'a str, action: &'a str) -> BoxFuture<'a, Result<(), ControlError>>;

    /// Delivers nothing of an integration from now on, or goes on. Whether it is paused is stored already.
    fn hold<'a>(&'a self, name: &'a str, paused: bool) -> BoxFuture<'a, Result<(), ControlError>>;

    /// Puts a dead letter back into its lane. False when there is no such dead letter.
    fn revive<'a>(&'a self, name: &'a str, id: &'a str) -> BoxFuture<'a, Result<bool, ControlError>>;

    /// Takes events that are erased out of their lanes. Returns the ids of those that are not there any more and will not be handled.
    fn forget<'a>(&'a self, name: &'a str, ids: HashSet<String>) -> BoxFuture<'a, Result<HashSet<String>, ControlError>>;

    /// Reads a request again that could not be read, and delivers its events.
    fn read_again<'a>(&'a self, rejected: &'a Rejected) -> BoxFuture<'a, Result<(), ControlError>>;
}

/// [`Control`] over a [`Deliverer`].
pub struct Administrator<D>(pub D);

impl<D: Deliverer> Administrator<D> {
    /// Adds an entry to the audit log.
    async fn note(&self, entry: AuditEntry) -> Result<(), ControlError> {
        self.0.book().store.audit(entry).await.map_err(store_failed)
    }

    async fn view(&self, record: &Record) -> Result<IntegrationView, ControlError> {
        let Health { broken, notes } = self.0.health(&record.name);
        self.0.book().view(record, broken, notes).await
    }

    async fn saved(&self, (record, built): (Record, Built)) -> Result<IntegrationView, ControlError> {
        let (broken, notes) = (built.broken.clone(), built.notes.clone());
        self.0.reload(&record, built).await?;
        self.0.book().view(&record, broken, notes).await
    }

    async fn dead(&self, integration: Option<&str>, limit: usize) -> Result<Vec<DeadLetterView>, ControlError> {
        let book = self.0.book();
        let records = match integration {
            Some(name) => vec![book.find(name).await?],
            None => book.all().await?,
        };
        let mut all = Vec::new();
        for record in &records {
            let dead = book.store.dead_letters(&record.name, None, limit).await.map_err(store_failed)?;
            all.extend(dead.into_iter().map(|dead| view_of_dead(&record.name, dead)));
            let rejected = book.store.rejected(&record.name, None, limit).await.map_err(store_failed)?;
            all.extend(rejected.iter().map(|rejected| view_of(&record.name, rejected)));
        }
        all.sort_by(|left, right| left.received.cmp(&right.received));
        all.truncate(limit);
        Ok(all)
    }

    async fn checked(&self, name: &str) -> Result<Vec<Finding>, ControlError> {
        let book = self.0.book();
        let record = book.find(name).await?;
        let state = book.store.state(name).await.map_err(store_failed)?;
        let counts = book.store.counts(name).await.map_err(store_failed)?;
        let oldest_ms = counts.oldest_waiting.map_or(0, |received| (book.workshop.clock.now_ms() - received).max(0));
        let facts = |broken: Option<String>, notes: Vec<String>| checks::state::Facts {
            name: name.to_owned(),
            state,
            broken,
            notes,
            waiting: counts.waiting,
            oldest_ms,
            dead: counts.dead,
        };
        // Made anew from what is stored: what runs may be older than the file of a key.
        match book.workshop.build(&record, &book.store).await {
            Err(why) => Ok(checks::state::judge(&facts(Some(why), Vec::new()))),
            Ok(built) => {
                let facts = facts(built.broken, built.notes);
                let plugin = book.workshop.plugin.as_ref();
                let subject = checks::Subject { integration: built.integration, plugin, store: &book.store, facts };
                Ok(checks::integration(subject).await)
            }
        }
    }

    async fn whole(&self) -> Result<Status, ControlError> {
        let book = self.0.book();
        let about = book.workshop.plugin.description();
        let mut status = Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            plugin: format!("{} {}", about.name, about.version),
            ready: self.0.ready(),
            integrations: 0,
            waiting: 0,
            oldest_waiting_s: 0,
            dead_letters: 0,
            reload: None,
            versions: Vec::new(),
            rules: Vec::new(),
            disk_free_bytes: book.workshop.disk.free().ok(),
        };
        let now = book.workshop.clock.now_ms();
        for record in book.all().await? {
            let counts = book.store.counts(&record.name).await.map_err(store_failed)?;
            let age = counts.oldest_waiting.map_or(0, |received| (now - received).max(0) / 1000);
            status.integrations += 1;
            status.waiting += counts.waiting;
            status.dead_letters += counts.dead;
            status.oldest_waiting_s = status.oldest_waiting_s.max(age.unsigned_abs());
        }
        self.add_operations(&mut status).await?;
        Ok(status)
    }
}

fn view_of_dead(integration: &str, dead: DeadLetter) -> DeadLetterView {
    DeadLetterView {
        attempts: dead.event.attempt.saturating_sub(1),
        received: instant(dead.event.received).to_rfc3339(),
        id: dead.event.id,
        integration: integration.to_owned(),
        what: dead.event.what,
        reason: masking::text(&dead.why),
    }
}

fn view_of(integration: &str, rejected: &Rejected) -> DeadLetterView {
    DeadLetterView {
        id: format!("{UNREADABLE}{}", rejected.number),
        integration: integration.to_owned(),
        what: masking::shown_type(&rejected.what),
        received: instant(rejected.at).to_rfc3339(),
        attempts: 0,
        reason: masking::text(&rejected.reason),
    }
}

/// Reads a notification again, by its own time. `zone` is the account's.
pub fn reread(rejected: &Rejected, zone: Tz) -> Result<(String, Vec<Event>), ControlError> {
    let kind = Some(rejected.what.as_str()).filter(|what| MNEMONICS.contains(what));
    let raw = Raw { method: "POST", query: rejected.query.clone(), content_type: None, body: Bytes::from(rejected.body.clone()) };
    let read = raw.notification(kind, zone, rejected.at);
    read.map_err(|error| ControlError::Invalid(vec![format!("it still cannot be read: {}", why_unreadable(&error))]))
}

/// What a change is about, for the audit log: names, no values.
fn changed(change: &Change) -> String {
    let settings = change.settings.keys().map(|name| format!("setting {name}"));
    let connections = change.connections.keys().map(|name| format!("connection {name}"));
    let account = change.account.iter().map(|_| "account".to_owned());
    let fallback = change.route_fallback.iter().map(|_| "route-fallback".to_owned());
    account.chain(connections).chain(settings).chain(fallback).collect::<Vec<_>>().join(", ")
}

/// The store failed; nothing was done.
pub(crate) fn store_failed(error: uis_host::ports::StoreError) -> ControlError {
    ControlError::Failed(error.to_string())
}

impl<D: Deliverer> Control for Administrator<D> {
    fn status(&self) -> Answer<'_, Status> {
        self.whole().boxed()
    }

    fn list(&self) -> Answer<'_, Vec<IntegrationView>> {
        async move {
            let mut views = Vec::new();
            for record in self.0.book().all().await? {
                views.push(self.view(&record).await?);
            }
            Ok(views)
        }
        .boxed()
    }

    fn add(&self, new: NewIntegration) -> Answer<'_, IntegrationView> {
        async move {
            let saved = self.0.book().add(new).await?;
            self.note(AuditEntry::new(Act::Add).of(&saved.0.name)).await?;
            self.saved(saved).await
        }
        .boxed()
    }

    fn set<'a>(&'a self, name: &'a str, change: Change) -> Answer<'a, IntegrationView> {
        async move {
            let detail = changed(&change);
            let before = self.0.book().find(name).await?;
            let saved = self.0.book().set(name, change).await?;
            self.did_save(&before, &saved.0).await?;
            self.note(AuditEntry::new(Act::Change).of(name).with(detail)).await?;
            self.saved(saved).await
        }
        .boxed()
    }

    fn activate<'a>(&'a self, name: &'a str) -> Answer<'a, IntegrationView> {
        async move {
            let record = self.0.book().find(name).await?;
            self.did_switch(name, Kind::Activate).await?;
            self.0.switch(name, true).await?;
            self.note(AuditEntry::new(Act::Activate).of(name)).await?;
            self.view(&record).await
        }
        .boxed()
    }

    fn deactivate<'a>(&'a self, name: &'a str) -> Answer<'a, IntegrationView> {
        async move {
            let record = self.0.book().find(name).await?;
            self.did_switch(name, Kind::Deactivate).await?;
            self.0.switch(name, false).await?;
            self.note(AuditEntry::new(Act::Deactivate).of(name)).await?;
            self.view(&record).await
        }
        .boxed()
    }

    fn action<'a>(&'a self, name: &'a str, action: &'a str) -> Answer<'a, IntegrationView> {
        async move {
            let book = self.0.book();
            let record = book.find(name).await?;
            let actions = &book.workshop.plugin.description().actions;
            if !actions.iter().any(|known| known.name == action) {
                let known: Vec<String> = actions.iter().map(|known| format!("{} «{}»", known.name, known.title)).collect();
                return Err(ControlError::Unknown(format!("there is no action {action:?}; known: {}", known.join(", "))));
            }
            if book.store.state(name).await.map_err(store_failed)? == IntegrationState::Inactive {
                return Err(ControlError::Invalid(vec![format!(
                    "the integration {name} is switched off; switch it on: integration activate {name}"
                )]));
            }
            self.did(name, Kind::Action, action, &serde_json::Value::Null);
            self.0.act(name, action).await?;
            self.note(AuditEntry::new(Act::Run).of(name).about(action)).await?;
            self.view(&record).await
        }
        .boxed()
    }

    fn rotate_secret<'a>(&'a self, name: &'a str) -> Answer<'a, IntegrationView> {
        async move {
            let before = self.0.book().find(name).await?;
            let saved = self.0.book().rotate(name).await?;
            self.did_save(&before, &saved.0).await?;
            self.note(AuditEntry::new(Act::RotateSecret).of(name)).await?;
            self.saved(saved).await
        }
        .boxed()
    }

    fn addresses<'a>(&'a self, name: &'a str) -> Answer<'a, Vec<Address>> {
        async move {
            let book = self.0.book();
            let addresses = book.addresses(&book.find(name).await?)?;
            self.note(AuditEntry::new(Act::ShowAddresses).of(name)).await?;
            Ok(addresses)
        }
        .boxed()
    }

    fn dead_letters<'a>(&'a self, integration: Option<&'a str>, limit: usize) -> Answer<'a, Vec<DeadLetterView>> {
        self.dead(integration, limit.clamp(1, DEAD_LETTERS)).boxed()
    }

    fn check_gateway(&self) -> Answer<'_, Vec<Finding>> {
        async move {
            let book = self.0.book();
            let mut found =
                checks::gateway(&book.store, &book.workshop.disk, self.0.ready(), self.0.runs(), &book.workshop.public_url).await;
            let rules = self.0.operations().rules().await?;
            found.extend(operations::findings(self.0.last_reload().as_ref(), &rules));
            Ok(found)
        }
        .boxed()
    }

    fn check<'a>(&'a self, name: &'a str) -> Answer<'a, Vec<Finding>> {
        self.checked(name).boxed()
    }

    fn redrive<'a>(&'a self, id: &'a str) -> Answer<'a, DeadLetterView> {
        self.redriven(id).boxed()
    }
}
