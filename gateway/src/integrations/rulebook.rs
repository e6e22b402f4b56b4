//! The partners' rules of the process: which version of each is in use, and which is tried. A new version of a rule first runs dry beside the
//! one in use: it is asked like every rule, and its answers are logged and not applied. After enough answers it is put into use; if it
//! fails before, it is set aside.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, RwLock};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::mpsc::UnboundedSender;
use uis_host::bindings::uis::integration::decision::{Appeal, DealDraft, Draft, Routing, Verdict as DraftVerdict};
use uis_host::clock::instant;
use uis_host::decision::Point;
use uis_host::ports::{Decisions, RuleContext};
use uis_host::rules::faults::RuleFault;
use uis_host::rules::sandbox::Sandbox;
use uis_host::rules::{LoadedRule, RuleFile, RuleSet, RuleWatch, SetEntry};

use super::components::{Component, Shelf};
use super::versions::{Known, Named, rule_subject};
use crate::config::RuleConfig;
use crate::control::ControlError;
use crate::control::operations::{RuleFailure, RuleView, TrialView};
use crate::store::versions::{Verdict, VerdictRow, VersionRow};

/// What happened to a version of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleNews {
    /// The rule's name.
    pub rule: String,
    /// The digest of the version.
    pub digest: String,
    /// What happened.
    pub what: RuleEvent,
}

/// What can happen to a version of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleEvent {
    /// It gave enough answers while it was tried.
    Passed,
    /// It failed while it was tried.
    Failed(String),
    /// It failed too often while it was in use.
    Quarantined(String),
}

/// Versions of rules that are loaded, and what their trials have counted. It goes on over a reload.
#[derive(Default)]
pub struct Loads {
    sandbox: Option<Sandbox>,
    known: HashMap<(String, String), (Arc<LoadedRule>, Arc<AtomicU32>)>,
}

/// A rule that the configuration names.
struct Slot {
    name: String,
    /// The digest that the configuration names.
    configured: String,
    dry_run: bool,
    used: Option<Used>,
    trial: Option<Trial>,
}

/// The version whose answers are applied.
struct Used {
    digest: String,
    back: bool,
    quarantined: Option<RuleFailure>,
}

/// The version that is tried.
struct Trial {
    digest: String,
    answered: Arc<AtomicU32>,
    aside: Option<RuleFailure>,
}

struct Content {
    set: RuleSet,
    slots: Vec<Slot>,
    needed: u32,
}

/// The rules. What is in use is replaced as a whole.
pub struct RuleBook {
    content: RwLock<Arc<Content>>,
}

/// Watches one version.
struct Watch {
    rule: String,
    digest: String,
    /// How many answers it must give; none when it is not tried.
    trial: Option<(Arc<AtomicU32>, u32)>,
    news: UnboundedSender<RuleNews>,
}

impl Watch {
    fn report(&self, what: RuleEvent) {
        // Nobody listens when the gateway stops, and when only the file is used.
        let _ = self.news.send(RuleNews { rule: self.rule.clone(), digest: self.digest.clone(), what });
    }
}

impl RuleWatch for Watch {
    fn answered(&self) {
        let Some((answered, needed)) = &self.trial else { return };
        // More answers may come until the version is in use; whoever listens looks whether it still is tried.
        if answered.fetch_add(1, Ordering::Relaxed) + 1 >= *needed {
            self.report(RuleEvent::Passed);
        }
    }

    fn failed(&self, fault: &RuleFault, quarantined: bool) {
        match (&self.trial, quarantined) {
            (Some(_), _) => self.report(RuleEvent::Failed(fault.to_string())),
            (None, true) => self.report(RuleEvent::Quarantined(format!("it failed too often; the last time: {fault}"))),
            (None, false) => {}
        }
    }
}

/// What the rules are made from.
pub struct RuleSource<'a> {
    /// The rules of the configuration.
    pub rules: &'a [RuleConfig],
    /// How many answers a new version must give before it is put into use; 0: none.
    pub evaluations: u32,
    /// What the store knows of versions.
    pub known: &'a Known,
    /// A rollback does not hold any longer.
    pub explicit: bool,
    /// Where components are kept.
    pub shelf: &'a Shelf,
    /// Receives what happens to the rules.
    pub news: &'a UnboundedSender<RuleNews>,
    /// The current time, in milliseconds since 1970.
    pub now: i64,
}

impl RuleBook {
    /// No rules.
    pub fn empty() -> RuleBook {
        RuleBook { content: RwLock::new(Arc::new(Content { set: RuleSet::default(), slots: Vec::new(), needed: 0 })) }
    }

    /// Loads the rules that a configuration names, with the versions that the store knows. Returns the versions that are put into use by
    /// that. The error names the rule.
    pub fn load(source: &RuleSource<'_>, loads: &mut Loads) -> Result<(RuleBook, Vec<VersionRow>), String> {
        if source.rules.is_empty() {
            return Ok((RuleBook::empty(), Vec::new()));
        }
        let (mut slots, mut entries, mut rows) = (Vec::new(), Vec::new(), Vec::new());
        for config in source.rules {
            let chosen = choose(source, config).map_err(|why| format!("rule {}: {why}", config.name))?;
            let failed = |error: String| format!("rule {}: {error}", config.name);
            let (name, configured) = (config.name.clone(), chosen.configured.clone());
            let mut slot = Slot { name, configured, dry_run: config.dry_run, used: None, trial: None };
            if let Some((component, back)) = chosen.used {
                let quarantined = failure(source.known, &config.name, &component.digest, Verdict::Quarantined);
                let (rule, _) = loads.load(source.shelf, &config.name, &component).map_err(failed)?;
                if quarantined.is_some() {
                    rule.quarantine();
                }
                let watch = source.watch(&config.name, &component.digest, None);
                entries.push(SetEntry { rule, dry_run: config.dry_run, watch: Some(watch) });
                if source.known.latest(&rule_subject(&config.name)).is_none_or(|row| row.digest != component.digest || row.back != back) {
                    rows.push(source.row(&config.name, &component.digest, &chosen.configured, back));
                }
                slot.used = Some(Used { digest: component.digest, back, quarantined });
            }
            if let Some(component) = chosen.trial {
                let aside = failure(source.known, &config.name, &component.digest, Verdict::SetAside);
                let (rule, answered) = loads.load(source.shelf, &config.name, &component).map_err(failed)?;
                if aside.is_none() {
                    let trial = (answered.clone(), source.evaluations);
                    let watch = source.watch(&config.name, &component.digest, Some(trial));
                    entries.push(SetEntry { rule, dry_run: true, watch: Some(watch) });
                }
                slot.trial = Some(Trial { digest: component.digest, answered, aside });
            }
            slots.push(slot);
        }
        slots.sort_by(|left, right| left.name.cmp(&right.name));
        let set = RuleSet::of(loads.sandbox()?, entries);
        Ok((RuleBook { content: RwLock::new(Arc::new(Content { set, slots, needed: source.evaluations })) }, rows))
    }

    fn content(&self) -> Arc<Content> {
        self.content.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// Uses what another book has from now on. Decisions that are being made keep the old rules.
    pub fn take(&self, other: &RuleBook) {
        *self.content.write().unwrap_or_else(std::sync::PoisonError::into_inner) = other.content();
        self.measure();
    }

    /// Renews the metrics.
    pub fn measure(&self) {
        let quarantined = self.views().iter().filter(|rule| rule.quarantined.is_some()).count();
        metrics::gauge!("uis_gateway_rules_quarantined").set(quarantined as f64);
    }

    /// The digest that the configuration named for a rule when it was loaded.
    pub fn configured(&self, name: &str) -> Option<String> {
        self.content().slots.iter().find(|slot| slot.name == name).map(|slot| slot.configured.clone())
    }

    /// The digests of all versions that are used, tried or configured.
    pub fn digests(&self) -> Vec<String> {
        let content = self.content();
        let of = |slot: &Slot| {
            let used = slot.used.as_ref().map(|used| used.digest.clone());
            let tried = slot.trial.as_ref().map(|trial| trial.digest.clone());
            [Some(slot.configured.clone()), used, tried]
        };
        content.slots.iter().flat_map(of).flatten().collect()
    }

    /// A rule as the administrator sees it.
    pub fn view(&self, name: &str) -> Result<RuleView, ControlError> {
        let views = self.views();
        let known: Vec<String> = views.iter().map(|view| view.name.clone()).collect();
        views.into_iter().find(|view| view.name == name).ok_or_else(|| {
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            ControlError::Unknown(format!("there is no rule {name:?}; known: {known}"))
        })
    }

    /// The rules as the administrator sees them, by name.
    pub fn views(&self) -> Vec<RuleView> {
        let content = self.content();
        let view = |slot: &Slot| RuleView {
            name: slot.name.clone(),
            in_use: slot.used.as_ref().map(|used| used.digest.clone()),
            dry_run: slot.dry_run,
            rolled_back: slot.used.as_ref().is_some_and(|used| used.back),
            quarantined: slot.used.as_ref().and_then(|used| used.quarantined.clone()),
            trial: slot.trial.as_ref().map(|trial| TrialView {
                digest: trial.digest.clone(),
                answered: trial.answered.load(Ordering::Relaxed).min(content.needed),
                needed: content.needed,
                set_aside: trial.aside.clone(),
            }),
        };
        content.slots.iter().map(view).collect()
    }
}

impl RuleSource<'_> {
    fn watch(&self, rule: &str, digest: &str, trial: Option<(Arc<AtomicU32>, u32)>) -> Arc<dyn RuleWatch> {
        Arc::new(Watch { rule: rule.to_owned(), digest: digest.to_owned(), trial, news: self.news.clone() })
    }

    fn row(&self, rule: &str, digest: &str, configured: &str, back: bool) -> VersionRow {
        let (digest, configured) = (digest.to_owned(), configured.to_owned());
        VersionRow { subject: rule_subject(rule), digest, version: String::new(), configured, since: self.now, back }
    }
}

/// Which versions of a rule are evaluated.
struct Chosen {
    /// The digest that the configuration names.
    configured: String,
    /// The version in use, and whether an administrator rolled back to it.
    used: Option<(Component, bool)>,
    /// The version that is tried.
    trial: Option<Component>,
}

/// Chooses the versions of a rule.
fn choose(source: &RuleSource<'_>, config: &RuleConfig) -> Result<Chosen, String> {
    let subject = rule_subject(&config.name);
    let configured = |chosen: Component, used: Option<(Component, bool)>, tried: bool| Chosen {
        configured: chosen.digest.clone(),
        used: if tried { used } else { Some((chosen.clone(), false)) },
        trial: tried.then_some(chosen),
    };
    let named = match source.known.named(&subject, &config.file, source.explicit)? {
        Named::Component(named) => named,
        Named::Held(row) => {
            return Ok(Chosen { configured: row.configured, used: Some((source.shelf.read(&row.digest)?, true)), trial: None });
        }
    };
    source.shelf.keep(&named)?;
    if config.dry_run || source.evaluations == 0 {
        return Ok(configured(named, None, false));
    }
    match source.known.latest(&subject) {
        Some(latest) if latest.digest == named.digest => Ok(configured(named, None, false)),
        Some(latest) => {
            let used = source.shelf.read(&latest.digest);
            let used = used.inspect_err(|why| tracing::error!(rule = config.name, why, "the version of the rule before cannot be used"));
            Ok(configured(named, used.ok().map(|used| (used, false)), true))
        }
        None => Ok(configured(named, None, true)),
    }
}

fn failure(known: &Known, rule: &str, digest: &str, verdict: Verdict) -> Option<RuleFailure> {
    let row: &VerdictRow = known.verdict(rule, digest).filter(|row| row.verdict == verdict)?;
    Some(RuleFailure { since: instant(row.since).to_rfc3339(), why: row.why.clone() })
}

impl Loads {
    fn sandbox(&mut self) -> Result<Sandbox, String> {
        if self.sandbox.is_none() {
            let sandbox = Sandbox::new(Default::default()).map_err(|error| format!("the engine for rules cannot start: {error:#}"))?;
            self.sandbox = Some(sandbox);
        }
        self.sandbox.clone().ok_or_else(|| "the engine for rules is missing".to_owned())
    }

    /// The version of a rule, which is loaded if it is not yet.
    fn load(&mut self, shelf: &Shelf, name: &str, component: &Component) -> Result<(Arc<LoadedRule>, Arc<AtomicU32>), String> {
        let key = (name.to_owned(), component.digest.clone());
        if let Some(known) = self.known.get(&key) {
            return Ok(known.clone());
        }
        let sandbox = self.sandbox()?;
        let file = RuleFile { name: name.to_owned(), path: shelf.path(&component.digest), dry_run: false };
        let loaded = LoadedRule::load(&sandbox, file, shelf.compiled()).map_err(|error| error.to_string())?;
        let loaded = (Arc::new(loaded), Arc::new(AtomicU32::new(0)));
        self.known.insert(key, loaded.clone());
        Ok(loaded)
    }

    /// A version of a rule begins anew: its failures and what its trial has counted are forgotten.
    pub fn begin_anew(&mut self, name: &str, digest: &str) {
        if let Some((rule, answered)) = self.known.get(&(name.to_owned(), digest.to_owned())) {
            rule.release();
            answered.store(0, Ordering::Relaxed);
        }
    }

    /// Drops the versions that a book does not use.
    pub fn tidy(&mut self, book: &RuleBook) {
        let content = book.content();
        let slots = &content.slots;
        let uses = |slot: &Slot, digest: &str| {
            slot.used.as_ref().is_some_and(|used| used.digest == digest) || slot.trial.as_ref().is_some_and(|trial| trial.digest == digest)
        };
        self.known.retain(|(name, digest), _| slots.iter().any(|slot| slot.name == *name && uses(slot, digest)));
    }
}

impl Decisions for RuleBook {
    fn decided(&self) -> Vec<Point> {
        self.content().set.decided()
    }

    fn responsible<'a>(&'a self, about: &'a Appeal, proposed: Option<String>, context: RuleContext<'a>) -> BoxFuture<'a, Option<String>> {
        let content = self.content();
        async move { content.set.responsible(about, proposed, context).await }.boxed()
    }

    fn review_draft<'a>(&'a self, about: &'a Appeal, draft: Draft, context: RuleContext<'a>) -> BoxFuture<'a, DraftVerdict> {
        let content = self.content();
        async move { content.set.review_draft(about, draft, context).await }.boxed()
    }

    fn route<'a>(&'a self, about: &'a Appeal, proposed: Routing, context: RuleContext<'a>) -> BoxFuture<'a, Routing> {
        let content = self.content();
        async move { content.set.route(about, proposed, context).await }.boxed()
    }

    fn review_deal<'a>(&'a self, deal: DealDraft, context: RuleContext<'a>) -> BoxFuture<'a, Option<DealDraft>> {
        let content = self.content();
        async move { content.set.review_deal(deal, context).await }.boxed()
    }
}
