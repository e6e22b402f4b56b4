//! Versions of the plugin and of rules, on the file, while no service runs. What is changed here is used when the service starts.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use uis_host::ports::StoreError;

use super::book::Book;
use super::opening::{Loaded, Loading};
use super::rulebook::{Loads, RuleNews};
use super::versions::{self, Known};
use crate::config::Config;
use crate::control::operations::{Operations, ReloadView, RuleView, VersionView};
use crate::control::{Answer, ControlError};
use crate::store::SqliteStore;
use crate::store::versions::VersionRow;

/// The operations on the file.
pub struct OfflineOperations {
    store: Arc<SqliteStore>,
    current: Mutex<(Loaded, Loads)>,
    news: UnboundedSender<RuleNews>,
}

fn failed(error: StoreError) -> ControlError {
    ControlError::Failed(error.to_string())
}

impl OfflineOperations {
    /// Loads what a configuration names, with the versions that the store knows. Also gives the book of integrations.
    pub async fn load(config: &Config, store: Arc<SqliteStore>) -> Result<(OfflineOperations, Book), String> {
        let known = Known::read(&store).await.map_err(|error| error.to_string())?;
        // Nothing is evaluated here, so there is no news.
        let (news, _) = unbounded_channel();
        let mut loads = Loads::default();
        let mut loading = Loading { known: &known, explicit: false, loads: &mut loads, news: &news };
        let loaded = Loaded::load(config, None, &mut loading).await?;
        let book = Book { store: store.clone(), workshop: loaded.workshop.clone() };
        Ok((OfflineOperations { store, current: Mutex::new((loaded, loads)), news }, book))
    }

    /// Checks that every integration can be made with another version of the plugin, and stores the wish.
    async fn roll_plugin_back(&self) -> Result<VersionView, ControlError> {
        let mut current = self.current.lock().await;
        let (loaded, loads) = &mut *current;
        let known = Known::read(&self.store).await?;
        let row = known.plugin_before(loaded.config.plugin.as_ref(), loaded.workshop.clock.now_ms())?;
        let mut loading = Loading { known: &known, explicit: false, loads, news: &self.news };
        let refused = |why: String| ControlError::Invalid(vec![why, "nothing was rolled back".to_owned()]);
        let back = loaded.back_to(&row, &mut loading).await.map_err(refused)?;
        let book = Book { store: self.store.clone(), workshop: back.workshop.clone() };
        for record in book.all().await? {
            let made = book.workshop.build(&record, &self.store).await;
            made.map_err(|why| refused(format!("integration {}: {why}", record.name)))?;
        }
        self.store.put_versions(vec![row.clone()]).await.map_err(failed)?;
        *loaded = back;
        Ok(versions::view(&row, true))
    }

    /// Stores another version of a rule, or only looks anew at what is known.
    async fn change_rule(&self, current: &mut (Loaded, Loads), row: Option<VersionRow>) -> Result<(), ControlError> {
        let (loaded, loads) = current;
        let mut known = Known::read(&self.store).await?;
        known.versions.extend(row.clone());
        let mut loading = Loading { known: &known, explicit: false, loads, news: &self.news };
        let book = loaded.rules_again(&mut loading).map_err(ControlError::Failed)?;
        self.store.put_versions(row.into_iter().collect()).await.map_err(failed)?;
        loaded.rules.take(&book);
        Ok(())
    }

    async fn roll_rule_back(&self, name: &str) -> Result<VersionView, ControlError> {
        let mut current = self.current.lock().await;
        let view = current.0.rules.view(name)?;
        let pinned = current.0.config.rules.iter().find(|config| config.name == name).map(|config| config.file.clone());
        let now = current.0.workshop.clock.now_ms();
        let row = Known::read(&self.store).await?.rule_before(&view, pinned.as_ref(), now)?;
        self.change_rule(&mut current, Some(row.clone())).await?;
        Ok(versions::view(&row, true))
    }

    async fn release(&self, name: &str) -> Result<RuleView, ControlError> {
        let mut current = self.current.lock().await;
        let digests = versions::not_evaluated(&current.0.rules.view(name)?)?;
        for digest in &digests {
            self.store.acquit(name, digest).await.map_err(failed)?;
            current.1.begin_anew(name, digest);
        }
        self.change_rule(&mut current, None).await?;
        current.0.rules.view(name)
    }

    async fn promote(&self, name: &str) -> Result<RuleView, ControlError> {
        let mut current = self.current.lock().await;
        let digest = versions::tried(&current.0.rules.view(name)?)?;
        self.store.acquit(name, &digest).await.map_err(failed)?;
        let row = versions::rule_row(name, &digest, current.0.workshop.clock.now_ms());
        self.change_rule(&mut current, Some(row)).await?;
        current.0.rules.view(name)
    }
}

impl Operations for OfflineOperations {
    fn reload(&self) -> Answer<'_, ReloadView> {
        let why = "the service does not run; it reads its configuration whenever it starts: uis-gateway serve";
        ready(Err(ControlError::Failed(why.to_owned()))).boxed()
    }

    fn versions(&self) -> Answer<'_, Vec<VersionView>> {
        async { Ok(Known::read(&self.store).await?.views()) }.boxed()
    }

    fn rollback<'a>(&'a self, rule: Option<&'a str>) -> Answer<'a, VersionView> {
        let rolling: BoxFuture<'a, _> = match rule {
            None => self.roll_plugin_back().boxed(),
            Some(rule) => self.roll_rule_back(rule).boxed(),
        };
        rolling
    }

    fn rules(&self) -> Answer<'_, Vec<RuleView>> {
        async { Ok(self.current.lock().await.0.rules.views()) }.boxed()
    }

    fn release_rule<'a>(&'a self, name: &'a str) -> Answer<'a, RuleView> {
        self.release(name).boxed()
    }

    fn promote_rule<'a>(&'a self, name: &'a str) -> Answer<'a, RuleView> {
        self.promote(name).boxed()
    }
}
