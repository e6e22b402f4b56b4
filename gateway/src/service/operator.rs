//! Operating the running gateway: reading the configuration again, versions of the plugin and of rules.
//!
//! Whatever is changed is loaded and checked as a whole first, and then used at once: the plugin and all integrations by one command of the
//! dispatch, the rules by one pointer. One operation at a time.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use uis_host::clock::instant;
use uis_host::sync::lock;

use super::{Gateway, Parts};
use crate::config::Config;
use crate::control::operations::{Operations, ReloadCause, ReloadView, RuleView, VersionView};
use crate::control::{Answer, ControlError};
use crate::integrations::components::{Shelf, digest_of};
use crate::integrations::opening::{Loaded, Loading};
use crate::integrations::rulebook::{Loads, RuleBook, RuleEvent, RuleNews};
use crate::integrations::versions::{self, Known};
use crate::observe::logs::Level;
use crate::store::SqliteStore;
use crate::store::versions::{Verdict, VerdictRow, VersionRow};

/// How often the configuration file is looked at. It is read again when two looks in a row find the same new content, because an editor may
/// write it in pieces.
const LOOK: Duration = Duration::from_secs(2);

/// What was loaded last.
struct Current {
    loaded: Loaded,
    loads: Loads,
}

/// What the operations work with.
struct Shared {
    gateway: Arc<Gateway>,
    /// The configuration file.
    path: PathBuf,
    /// Adapts a configuration to what the system allows.
    adapt: fn(&mut Config),
    level: Option<Level>,
    news: UnboundedSender<RuleNews>,
    current: tokio::sync::Mutex<Current>,
    /// The rules in use, which are shown while something is loaded.
    rules: Mutex<Arc<RuleBook>>,
    last: Mutex<Option<ReloadView>>,
    /// The digest of the file's content when it was read last; none when it could not be read.
    seen: Mutex<Option<String>>,
}

/// Operates the running gateway.
#[derive(Clone)]
pub struct Operator(Arc<Shared>);

/// What a gateway is started from.
pub struct Start {
    /// The configuration file.
    pub path: PathBuf,
    /// The configuration, adapted.
    pub config: Config,
    /// Adapts a configuration to what the system allows.
    pub adapt: fn(&mut Config),
    /// The level of log lines; none when nothing logs them.
    pub level: Option<Level>,
}

impl Operator {
    /// Loads what a configuration names and starts the gateway with it.
    pub async fn start(start: Start) -> Result<Operator, String> {
        let Start { path, config, adapt, level } = start;
        let (news, heard) = unbounded_channel();
        let mut loads = Loads::default();
        let store = super::open_store_at_start(&config.store.path, super::open_options(&config)).await?;
        let known = Known::read(&store).await.map_err(|error| error.to_string())?;
        let mut loading = Loading { known: &known, explicit: false, loads: &mut loads, news: &news };
        let loaded = Loaded::load(&config, None, &mut loading).await?;
        let gateway = Gateway::start_with(Parts::of(&config, loaded.workshop.clone()), store.clone()).await?;
        store_versions(&store, known, &loaded).await?;
        loaded.rules.measure();
        let seen = std::fs::read(&path).ok().map(|content| digest_of(&content));
        let rules = Mutex::new(loaded.rules.clone());
        let current = tokio::sync::Mutex::new(Current { loaded, loads });
        let shared = Shared { gateway, path, adapt, level, news, current, rules, last: Mutex::default(), seen: Mutex::new(seen) };
        let operator = Operator(Arc::new(shared));
        metrics::gauge!("uis_gateway_reload_failed").set(0.0);
        tokio::spawn(operator.clone().listen(heard));
        Ok(operator)
    }

    /// The gateway.
    pub fn gateway(&self) -> &Arc<Gateway> {
        &self.0.gateway
    }

    /// The configuration that is in use.
    pub async fn config(&self) -> Config {
        self.0.current.lock().await.loaded.config.clone()
    }

    /// The last time that the configuration was read again.
    pub fn last_reload(&self) -> Option<ReloadView> {
        lock(&self.0.last).clone()
    }

    /// Reads the configuration again, and uses it if all of it can be used. It goes on even if nobody waits for it any longer.
    pub async fn reload(&self, cause: ReloadCause) -> Result<ReloadView, ControlError> {
        let shared = self.0.clone();
        let reloading = tokio::spawn(async move { shared.reload(cause).await });
        reloading.await.map_err(|error| ControlError::Failed(format!("the reload broke off: {error}")))?
    }

    /// Reads the configuration again whenever the file's content has changed, until the gateway stops.
    pub async fn watch_file(self) {
        let mut stopping = self.0.gateway.stopping();
        let mut before = lock(&self.0.seen).clone();
        loop {
            tokio::select! {
                _ = stopping.wait_for(|stops| *stops) => return,
                () = tokio::time::sleep(LOOK) => {}
            }
            let now = std::fs::read(&self.0.path).ok().map(|content| digest_of(&content));
            let rests = now == before;
            before = now.clone();
            if rests && now != *lock(&self.0.seen) {
                // The result is logged, and shown by `status`.
                let _ = self.reload(ReloadCause::File).await;
            }
        }
    }

    /// Acts on what happens to rules.
    async fn listen(self, mut heard: UnboundedReceiver<RuleNews>) {
        while let Some(news) = heard.recv().await {
            if let Err(error) = self.0.hear(&news).await {
                tracing::error!(rule = news.rule, %error, "what happened to a rule was not stored");
            }
        }
    }
}

/// Members of a configuration that cannot change while the program runs, and have changed.
fn fixed(before: &Config, after: &Config) -> Vec<&'static str> {
    let members = [
        ("public-url", before.public_url != after.public_url),
        ("listen", before.listen != after.listen),
        ("store.path", before.store.path != after.store.path),
        ("admin", before.admin != after.admin),
        ("secrets.key-file", before.secrets != after.secrets),
        ("erasure.journal", before.erasure != after.erasure),
        ("log.format", before.log.format != after.log.format),
    ];
    members.into_iter().filter(|(_, changed)| *changed).map(|(name, _)| name).collect()
}

/// Members of a configuration that have changed and can.
fn changed(before: &Loaded, after: &Loaded) -> Vec<String> {
    let (old, new) = (&before.config, &after.config);
    let members = [
        ("plugin", old.plugin != new.plugin || before.plugin_digest != after.plugin_digest),
        ("rules", old.rules != new.rules || old.trial != new.trial || before.rules.views() != after.rules.views()),
        ("limits", old.limits != new.limits),
        ("intake", old.intake != new.intake),
        ("egress", old.egress != new.egress),
        ("store", old.store != new.store),
        ("log.level", old.log.level != new.log.level),
        ("stop-seconds", old.stop_seconds != new.stop_seconds),
    ];
    members.into_iter().filter(|(_, changed)| *changed).map(|(name, _)| name.to_owned()).collect()
}

/// Stores the versions that are in use now, and deletes what is too old.
async fn store_versions(store: &SqliteStore, mut known: Known, loaded: &Loaded) -> Result<(), String> {
    let removed = known.put(&loaded.new_versions);
    for row in &loaded.new_versions {
        tracing::info!(subject = row.subject, digest = row.digest, version = row.version, back = row.back, "in use from now on");
    }
    if !loaded.new_versions.is_empty() {
        store.put_versions(loaded.new_versions.clone()).await.map_err(|error| error.to_string())?;
    }
    for (subject, digest) in removed {
        store.forget_version(&subject, &digest).await.map_err(|error| error.to_string())?;
    }
    tidy(&known, loaded);
    Ok(())
}

/// Deletes components that nothing uses.
fn tidy(known: &Known, loaded: &Loaded) {
    let mut keep = known.digests();
    keep.push(loaded.plugin_digest.clone());
    keep.extend(loaded.rules.digests());
    Shelf::beside(&loaded.config.store.path).tidy(&keep);
}

impl Shared {
    fn store(&self) -> Result<Arc<SqliteStore>, ControlError> {
        self.gateway.core().map(|core| core.store.clone()).map_err(ControlError::Failed)
    }

    fn now(&self) -> i64 {
        self.gateway.now()
    }

    /// Reads the configuration again, and reports what came of it.
    async fn reload(&self, cause: ReloadCause) -> Result<ReloadView, ControlError> {
        let mut current = self.current.lock().await;
        let at = instant(self.now()).to_rfc3339();
        let applied = self.apply(&mut current, cause).await;
        let (changed, problem) = match &applied {
            Ok(changed) => (changed.clone(), None),
            Err(why) => (Vec::new(), Some(why.clone())),
        };
        let view = ReloadView { at, cause, applied: applied.is_ok(), changed, problem };
        metrics::gauge!("uis_gateway_reload_failed").set(if view.applied { 0.0 } else { 1.0 });
        *lock(&self.last) = Some(view.clone());
        match applied {
            Ok(changed) => tracing::info!(?cause, changed = changed.join(", "), "the configuration was read again and is in use"),
            Err(why) => {
                tracing::error!(?cause, why, "the configuration cannot be used; the one before stays in use");
                return Err(ControlError::Invalid(vec![why, "the configuration before stays in use".to_owned()]));
            }
        }
        Ok(view)
    }

    /// Uses the configuration file as it is now. The error says why it is not used; nothing has changed then.
    async fn apply(&self, current: &mut Current, cause: ReloadCause) -> Result<Vec<String>, String> {
        *lock(&self.seen) = std::fs::read(&self.path).ok().map(|content| digest_of(&content));
        let mut config = Config::read(&self.path)?;
        (self.adapt)(&mut config);
        let fixed = fixed(&current.loaded.config, &config);
        if !fixed.is_empty() {
            return Err(format!("restart the service to change {}; nothing of the file is used until then", fixed.join(", ")));
        }
        let store = self.store().map_err(|error| error.to_string())?;
        let known = Known::read(&store).await.map_err(|error| error.to_string())?;
        let explicit = cause != ReloadCause::File;
        let mut loading = Loading { known: &known, explicit, loads: &mut current.loads, news: &self.news };
        let loaded = Loaded::load(&config, Some(&current.loaded), &mut loading).await?;
        let changed = changed(&current.loaded, &loaded);
        // Whoever asks for it may have changed a key's file or variable, which only integrations that are made anew read.
        if changed.is_empty() && !explicit {
            current.loaded.config = config;
            return Ok(changed);
        }
        self.swap(current, loaded, known).await?;
        Ok(changed)
    }

    /// Uses something else that is loaded.
    async fn swap(&self, current: &mut Current, loaded: Loaded, known: Known) -> Result<(), String> {
        let activate = loaded.plugin_digest != current.loaded.plugin_digest;
        let parts = Parts::of(&loaded.config, loaded.workshop.clone());
        self.gateway.swap(parts, activate).await?;
        loaded.workshop.disk.set_marks(&loaded.config.store);
        current.loads.tidy(&loaded.rules);
        loaded.rules.measure();
        *lock(&self.rules) = loaded.rules.clone();
        if let Some(Err(why)) = self.level.as_ref().map(|level| level.set(&loaded.config.log.level)) {
            tracing::warn!(why, "the level of log lines stays");
        }
        let stored = match self.store() {
            Ok(store) => store_versions(&store, known, &loaded).await,
            Err(error) => Err(error.to_string()),
        };
        if let Err(why) = stored {
            tracing::error!(why, "the versions in use were not stored; after a restart those of the configuration are used");
        }
        current.loaded = loaded;
        Ok(())
    }

    /// Puts the plugin's version before into use.
    async fn roll_plugin_back(&self) -> Result<VersionView, ControlError> {
        let mut current = self.current.lock().await;
        let store = self.store()?;
        let known = Known::read(&store).await?;
        let row = known.plugin_before(current.loaded.config.plugin.as_ref(), self.now())?;
        let Current { loaded, loads } = &mut *current;
        let mut loading = Loading { known: &known, explicit: false, loads, news: &self.news };
        let back = loaded.back_to(&row, &mut loading).await.map_err(not_rolled_back)?;
        self.swap(&mut current, back, known).await.map_err(not_rolled_back)?;
        tracing::warn!(digest = row.digest, "the plugin was rolled back");
        Ok(versions::view(&row, true))
    }

    /// Puts other versions of rules into use: what the store knows, with another version of one rule.
    async fn change_rule(&self, current: &mut Current, mut known: Known, row: Option<VersionRow>) -> Result<(), ControlError> {
        let new: Vec<VersionRow> = row.into_iter().collect();
        let removed = known.put(&new);
        let Current { loaded, loads } = &mut *current;
        let mut loading = Loading { known: &known, explicit: false, loads, news: &self.news };
        let book = loaded.rules_again(&mut loading).map_err(ControlError::Failed)?;
        let store = self.store()?;
        for row in &new {
            tracing::info!(subject = row.subject, digest = row.digest, back = row.back, "in use from now on");
        }
        let failed = |error: uis_host::ports::StoreError| ControlError::Failed(error.to_string());
        store.put_versions(new).await.map_err(failed)?;
        for (subject, digest) in removed {
            store.forget_version(&subject, &digest).await.map_err(failed)?;
        }
        loaded.rules.take(&book);
        loads.tidy(&loaded.rules);
        tidy(&known, loaded);
        Ok(())
    }

    async fn roll_rule_back(&self, name: &str) -> Result<VersionView, ControlError> {
        let mut current = self.current.lock().await;
        let known = Known::read(&*self.store()?).await?;
        let view = current.loaded.rules.view(name)?;
        let pinned = current.loaded.config.rules.iter().find(|config| config.name == name).map(|config| config.file.clone());
        let row = known.rule_before(&view, pinned.as_ref(), self.now())?;
        self.change_rule(&mut current, known, Some(row.clone())).await?;
        Ok(versions::view(&row, true))
    }

    async fn release(&self, name: &str) -> Result<RuleView, ControlError> {
        let mut current = self.current.lock().await;
        let store = self.store()?;
        let digests = versions::not_evaluated(&current.loaded.rules.view(name)?)?;
        for digest in &digests {
            store.acquit(name, digest).await.map_err(|error| ControlError::Failed(error.to_string()))?;
            current.loads.begin_anew(name, digest);
        }
        let known = Known::read(&store).await?;
        self.change_rule(&mut current, known, None).await?;
        tracing::info!(rule = name, "the rule was released");
        current.loaded.rules.view(name)
    }

    async fn promote(&self, name: &str, only: Option<&str>) -> Result<RuleView, ControlError> {
        let mut current = self.current.lock().await;
        let view = current.loaded.rules.view(name)?;
        let concerned = |digest: &str| view.trial.as_ref().is_some_and(|trial| trial.digest == digest && trial.set_aside.is_none());
        // It was put into use already, or is not tried any more.
        if only.is_some_and(|digest| !concerned(digest)) {
            return Ok(view);
        }
        let digest = versions::tried(&view)?;
        let store = self.store()?;
        store.acquit(name, &digest).await.map_err(|error| ControlError::Failed(error.to_string()))?;
        current.loads.begin_anew(name, &digest);
        let row = versions::rule_row(name, &digest, self.now());
        let known = Known::read(&store).await?;
        self.change_rule(&mut current, known, Some(row)).await?;
        current.loaded.rules.view(name)
    }

    /// Acts on what happened to a rule.
    async fn hear(&self, news: &RuleNews) -> Result<(), ControlError> {
        let (verdict, why) = match &news.what {
            RuleEvent::Passed => return self.promote(&news.rule, Some(&news.digest)).await.map(|_| ()),
            RuleEvent::Failed(why) => (Verdict::SetAside, why.clone()),
            RuleEvent::Quarantined(why) => (Verdict::Quarantined, why.clone()),
        };
        let mut current = self.current.lock().await;
        let concerned = current.loaded.rules.view(&news.rule).is_ok_and(|view| match verdict {
            Verdict::SetAside => view.trial.is_some_and(|trial| trial.digest == news.digest && trial.set_aside.is_none()),
            Verdict::Quarantined => view.in_use.as_ref() == Some(&news.digest) && view.quarantined.is_none(),
        });
        if !concerned {
            return Ok(());
        }
        tracing::error!(rule = news.rule, digest = news.digest, ?verdict, why, "a rule is not evaluated any more");
        let row = VerdictRow { rule: news.rule.clone(), digest: news.digest.clone(), verdict, since: self.now(), why };
        let store = self.store()?;
        store.judge(row).await.map_err(|error| ControlError::Failed(error.to_string()))?;
        let known = Known::read(&store).await?;
        self.change_rule(&mut current, known, None).await
    }
}

fn not_rolled_back(why: String) -> ControlError {
    ControlError::Invalid(vec![why, "nothing was rolled back".to_owned()])
}

/// Runs an operation in a task of its own, so that it goes on even if nobody waits for it any longer.
async fn detached<T: Send + 'static>(work: impl Future<Output = Result<T, ControlError>> + Send + 'static) -> Result<T, ControlError> {
    tokio::spawn(work).await.map_err(|error| ControlError::Failed(format!("the operation broke off: {error}")))?
}

impl Operations for Operator {
    fn reload(&self) -> Answer<'_, ReloadView> {
        Operator::reload(self, ReloadCause::Command).boxed()
    }

    fn versions(&self) -> Answer<'_, Vec<VersionView>> {
        async move { Ok(Known::read(&*self.0.store()?).await?.views()) }.boxed()
    }

    fn rollback<'a>(&'a self, rule: Option<&'a str>) -> Answer<'a, VersionView> {
        let (shared, rule) = (self.0.clone(), rule.map(str::to_owned));
        detached(async move {
            match rule {
                None => shared.roll_plugin_back().await,
                Some(rule) => shared.roll_rule_back(&rule).await,
            }
        })
        .boxed()
    }

    fn rules(&self) -> Answer<'_, Vec<RuleView>> {
        async move { Ok(lock(&self.0.rules).views()) }.boxed()
    }

    fn release_rule<'a>(&'a self, name: &'a str) -> Answer<'a, RuleView> {
        let (shared, name) = (self.0.clone(), name.to_owned());
        detached(async move { shared.release(&name).await }).boxed()
    }

    fn promote_rule<'a>(&'a self, name: &'a str) -> Answer<'a, RuleView> {
        let (shared, name) = (self.0.clone(), name.to_owned());
        detached(async move { shared.promote(&name, None).await }).boxed()
    }
}
