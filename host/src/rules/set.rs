//! The account's rules, in the order of their names. Each sees what the one before it made; one that fails is left out, and one that keeps
//! failing is not asked any more until somebody releases it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Instant, SystemTime};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::apply::{apply, line};
use super::limits::RuleLimits;
use super::quarantine::Record;
use super::sandbox::{DealVerdict, Rule, RuleError, RuleFault, Sandbox};
use crate::bindings::uis::integration::decision::{Appeal, DealDraft, Draft, DraftKind, Routing, Verdict};
use crate::bindings::uis::integration::types::CommunicationKind;
use crate::decision::{Change, Point, RuleVerdict, changes};
use crate::limits::FORWARD_TO;
use crate::ports::{Decisions, RuleContext};
use crate::sync::lock;
use crate::trace::Step;

/// The attribute of an appeal by which the plugin says for what a responsible is sought: `customer`, `order`, `task`.
const ASSIGNEE_FOR: &str = "responsible-for";

/// A rule as its owner configured it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleFile {
    /// Its name; rules run in the order of theirs.
    pub name: String,
    /// The component.
    pub path: PathBuf,
    /// It is asked and reported, and what it says is not done.
    pub dry_run: bool,
}

/// A rule that is asked.
struct LoadedRule {
    file: RuleFile,
    /// The component as it was when it was loaded.
    stamp: Mutex<Option<(SystemTime, u64)>>,
    rule: Mutex<Arc<Rule>>,
    record: Mutex<Record>,
}

impl LoadedRule {
    fn rule(&self) -> Arc<Rule> {
        lock(&self.rule).clone()
    }
}

/// The account's rules; none by default.
#[derive(Default)]
pub struct RuleSet {
    sandbox: Option<Sandbox>,
    cache: PathBuf,
    rules: Vec<LoadedRule>,
}

/// What a rule made of a thing: it stays, it is another, it goes.
enum Decided<T> {
    Keep,
    /// With what is different, and the names of fields that are for reading, which it changed in vain.
    Change(T, Vec<Change>, Vec<String>),
    Skip(String),
}

/// What comes of asking a rule; none: it does not decide that.
type Answer<'a, T> = BoxFuture<'a, Option<Result<Decided<T>, RuleFault>>>;

/// A closure of the right shape: the compiler cannot tell its lifetimes by itself.
fn asker<T, F: for<'a> Fn(&'a Rule, &'a Sandbox, Instant, &'a T) -> Answer<'a, T>>(ask: F) -> F {
    ask
}

fn stamp(path: &Path) -> Option<(SystemTime, u64)> {
    let data = std::fs::metadata(path).ok()?;
    Some((data.modified().ok()?, data.len()))
}

impl RuleSet {
    /// Loads rules. One that cannot be loaded refuses all: nothing is half in force. `cache` keeps what was compiled.
    pub fn load(sandbox: Sandbox, mut files: Vec<RuleFile>, cache: &Path) -> Result<RuleSet, (RuleFile, RuleError)> {
        files.sort_by(|left, right| left.name.cmp(&right.name));
        let mut rules = Vec::new();
        for file in files {
            let stamp = stamp(&file.path);
            match sandbox.load(&file.path, cache) {
                Ok(rule) => {
                    rules.push(LoadedRule { file, stamp: Mutex::new(stamp), rule: Mutex::new(Arc::new(rule)), record: Mutex::default() })
                }
                Err(error) => return Err((file, error)),
            }
        }
        Ok(RuleSet { sandbox: Some(sandbox), cache: cache.to_owned(), rules })
    }

    /// The same rules, of whose failures nothing is known: for another account, another recording.
    pub fn with_fresh_records(&self) -> RuleSet {
        let loaded = |loaded: &LoadedRule| LoadedRule {
            file: loaded.file.clone(),
            stamp: Mutex::new(*lock(&loaded.stamp)),
            rule: Mutex::new(loaded.rule()),
            record: Mutex::default(),
        };
        RuleSet { sandbox: self.sandbox.clone(), cache: self.cache.clone(), rules: self.rules.iter().map(loaded).collect() }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Takes up components that changed on disk: each is loaded and checked first and then takes the old one's place whole; one that is not
    /// good leaves the old one in force. Says what came of each that changed.
    pub fn refresh(&self) -> Vec<(String, Result<(), RuleError>)> {
        let Some(sandbox) = &self.sandbox else { return Vec::new() };
        let mut refreshed = Vec::new();
        for current in &self.rules {
            let now = stamp(&current.file.path);
            // One that is gone for a moment is being written.
            if now.is_none() || now == *lock(&current.stamp) {
                continue;
            }
            *lock(&current.stamp) = now;
            // Compiling may take a minute, in which the old one is asked: no lock is held.
            let loaded = sandbox.load(&current.file.path, &self.cache);
            let taken = loaded.map(|rule| {
                *lock(&current.rule) = Arc::new(rule);
                lock(&current.record).release();
            });
            refreshed.push((current.file.name.clone(), taken));
        }
        refreshed
    }

    /// Asks a rule that is in quarantine again from now on; false when there is no such rule.
    pub fn release(&self, name: &str) -> bool {
        let found = self.rules.iter().find(|loaded| loaded.file.name == name);
        found.map(|loaded| lock(&loaded.record).release()).is_some()
    }

    /// Asks every rule about a thing. `ask` runs one and gives what it made of the thing; none: it does not decide that.
    async fn each<T: Clone>(
        &self,
        point: Point,
        about: &str,
        mut thing: T,
        asking: &mut RuleContext<'_>,
        ask: impl for<'a> Fn(&'a Rule, &'a Sandbox, Instant, &'a T) -> Answer<'a, T>,
    ) -> (T, bool, Option<String>) {
        let mut changed = false;
        let Some(sandbox) = &self.sandbox else { return (thing, false, None) };
        for loaded in &self.rules {
            let rule = loaded.rule();
            let dry_run = loaded.file.dry_run;
            if lock(&loaded.record).is_quarantined() || !rule.points.contains(&point) {
                continue;
            }
            let Some(answer) = ask(&rule, sandbox, asking.deadline, &thing).await else { continue };
            let answered = |verdict: RuleVerdict, changes: Vec<Change>| Step::Rule {
                rule: loaded.file.name.clone(),
                point,
                about: about.to_owned(),
                dry_run,
                failed: verdict.is_failure(),
                verdict,
                changes,
            };
            match answer {
                Err(fault) => {
                    let too_often = fault.counts_against_rule() && lock(&loaded.record).failed(asking.now, &sandbox.limits);
                    asking.trace.push(answered(RuleVerdict::NoAnswer(fault.to_string()), Vec::new()));
                    if too_often {
                        let step = answered(RuleVerdict::Quarantined(quarantined(&sandbox.limits)), Vec::new());
                        asking.trace.push(match step {
                            Step::Rule { rule, point, about, verdict, changes, failed, .. } => {
                                Step::Rule { rule, point, about, dry_run: false, verdict, changes, failed }
                            }
                            other => other,
                        });
                    }
                    continue;
                }
                Ok(Decided::Keep) => asking.trace.push(answered(RuleVerdict::Keep, Vec::new())),
                Ok(Decided::Change(other, changes, stayed)) => {
                    let unchangeable = if stayed.is_empty() { None } else { Some(line(&stayed.join(", "))) };
                    asking.trace.push(answered(RuleVerdict::Change(unchangeable), changes));
                    if !dry_run {
                        thing = other;
                        changed = true;
                    }
                }
                Ok(Decided::Skip(why)) => {
                    asking.trace.push(answered(RuleVerdict::Skip(why.clone()), Vec::new()));
                    if !dry_run {
                        return (thing, changed, Some(why));
                    }
                }
            }
        }
        (thing, changed, None)
    }

    /// Who is responsible.
    async fn ask_assignee(&self, about: &Appeal, proposed: Option<String>, asking: &mut RuleContext<'_>) -> Option<String> {
        let shared = Arc::new(about.clone());
        let ask = asker::<Option<String>, _>(move |rule, sandbox, deadline, now| {
            let about = shared.clone();
            Box::pin(async move {
                let answer = rule.responsible(sandbox, deadline, &about, now.as_deref()).await?;
                Some(answer.and_then(|decided| checked_assignee(decided, now.as_deref())).map(|decided| match decided {
                    None => Decided::Keep,
                    Some(user) if Some(&user) == now.as_ref() => Decided::Keep,
                    Some(user) => {
                        let change = Change { field: "responsible".into(), from: now.clone(), to: Some(user.clone()) };
                        Decided::Change(Some(user), vec![change], Vec::new())
                    }
                }))
            })
        });
        self.each(Point::Responsible, &assignee_of(about), proposed, asking, ask).await.0
    }

    /// What becomes of a draft.
    async fn ask_draft(&self, about: &Appeal, draft: Draft, asking: &mut RuleContext<'_>) -> Verdict {
        let shared = Arc::new(about.clone());
        let ask = asker::<Draft, _>(move |rule, sandbox, deadline, now| {
            let about = shared.clone();
            Box::pin(async move {
                let answer = rule.draft(sandbox, deadline, &about, now).await?;
                Some(answer.and_then(|verdict| match verdict {
                    Verdict::Keep => Ok(Decided::Keep),
                    Verdict::Skip(why) => Ok(Decided::Skip(line(&why))),
                    Verdict::Change(other) => {
                        if (other.kind, other.is_new) != (now.kind, now.is_new) {
                            return Err(RuleFault::InvalidAnswer("a draft's kind and whether it is new cannot change".into()));
                        }
                        let applied = apply(&now.fields, other.fields, &now.attributes, sandbox.limits.output_bytes)?;
                        let changes = changes(&now.fields, &applied.fields);
                        Ok(Decided::Change(Draft { fields: applied.fields, ..now.clone() }, changes, applied.stayed))
                    }
                }))
            })
        });
        let title = format!("{} of {}", title(draft.kind), subject(about));
        match self.each(Point::Draft, &title, draft, asking, ask).await {
            (_, _, Some(why)) => Verdict::Skip(why),
            (draft, true, None) => Verdict::Change(draft),
            (_, false, None) => Verdict::Keep,
        }
    }

    /// Where a call goes.
    async fn ask_routing(&self, about: &Appeal, proposed: Routing, asking: &mut RuleContext<'_>) -> Routing {
        let numbers = |routing: &Routing| Some(routing.forward_to.join(", ")).filter(|numbers| !numbers.is_empty());
        let shared = Arc::new(about.clone());
        let ask = asker::<Routing, _>(move |rule, sandbox, deadline, now| {
            let about = shared.clone();
            Box::pin(async move {
                let answer = rule.routing(sandbox, deadline, &about, now).await?;
                Some(answer.and_then(|decided| match decided {
                    None => Ok(Decided::Keep),
                    Some(other) if other.forward_to == now.forward_to => Ok(Decided::Keep),
                    Some(other) => {
                        let good = |number: &String| (1..=32).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
                        if other.forward_to.len() > FORWARD_TO || !other.forward_to.iter().all(good) {
                            return Err(RuleFault::InvalidAnswer(format!("a call goes to at most {FORWARD_TO} numbers of 1 to 32 digits")));
                        }
                        let change = Change { field: "forward-to".into(), from: numbers(now), to: numbers(&other) };
                        Ok(Decided::Change(other, vec![change], Vec::new()))
                    }
                }))
            })
        });
        self.each(Point::Routing, &subject(about), proposed, asking, ask).await.0
    }

    /// What becomes of a deal; none: it is not uploaded.
    async fn ask_deal(&self, deal: DealDraft, asking: &mut RuleContext<'_>) -> Option<DealDraft> {
        let title = format!("deal {}", line(&deal.ext_id));
        let ask = asker::<DealDraft, _>(move |rule, sandbox, deadline, now| {
            Box::pin(async move {
                let answer = rule.deal(sandbox, deadline, now).await?;
                Some(answer.and_then(|verdict| match verdict {
                    DealVerdict::Keep => Ok(Decided::Keep),
                    DealVerdict::Skip(why) => Ok(Decided::Skip(line(&why))),
                    DealVerdict::Change(other) => {
                        if other.ext_id != now.ext_id {
                            return Err(RuleFault::InvalidAnswer("a deal's id cannot change".into()));
                        }
                        let applied = apply(&now.fields, other.fields, &now.attributes, sandbox.limits.output_bytes)?;
                        let changes = changes(&now.fields, &applied.fields);
                        Ok(Decided::Change(DealDraft { fields: applied.fields, ..now.clone() }, changes, applied.stayed))
                    }
                }))
            })
        });
        match self.each(Point::Deal, &title, deal, asking, ask).await {
            (_, _, Some(_)) => None,
            (deal, _, None) => Some(deal),
        }
    }
}

impl Decisions for RuleSet {
    fn decided(&self) -> Vec<Point> {
        let mut points: Vec<Point> = Vec::new();
        for point in self.rules.iter().flat_map(|loaded| loaded.rule().points.clone()) {
            if !points.contains(&point) {
                points.push(point);
            }
        }
        points
    }

    fn responsible<'a>(
        &'a self,
        about: &'a Appeal,
        proposed: Option<String>,
        mut asking: RuleContext<'a>,
    ) -> BoxFuture<'a, Option<String>> {
        async move { self.ask_assignee(about, proposed, &mut asking).await }.boxed()
    }

    fn review_draft<'a>(&'a self, about: &'a Appeal, draft: Draft, mut asking: RuleContext<'a>) -> BoxFuture<'a, Verdict> {
        async move { self.ask_draft(about, draft, &mut asking).await }.boxed()
    }

    fn route<'a>(&'a self, about: &'a Appeal, proposed: Routing, mut asking: RuleContext<'a>) -> BoxFuture<'a, Routing> {
        async move { self.ask_routing(about, proposed, &mut asking).await }.boxed()
    }

    fn review_deal<'a>(&'a self, deal: DealDraft, mut asking: RuleContext<'a>) -> BoxFuture<'a, Option<DealDraft>> {
        async move { self.ask_deal(deal, &mut asking).await }.boxed()
    }
}

/// Why a rule is not asked any more.
fn quarantined(limits: &RuleLimits) -> String {
    format!(
        "it failed rule-failures = {} times within rule-window-ms = {}; it is not asked any more until it is mended, or released",
        limits.failures,
        limits.window.as_millis()
    )
}

fn subject(about: &Appeal) -> String {
    let kind = match about.kind {
        CommunicationKind::Call => "call",
        CommunicationKind::Chat => "chat",
        CommunicationKind::SiteRequest => "site request",
        CommunicationKind::Goal => "goal",
        CommunicationKind::Email => "e-mail",
    };
    format!("{kind} {}", about.id)
}

/// What a responsible is asked for: the plugin may say which of an appeal's things it is.
fn assignee_of(about: &Appeal) -> String {
    match about.attributes.iter().find(|(name, _)| name == ASSIGNEE_FOR) {
        Some((_, thing)) => format!("responsible for the {} of {}", line(thing), subject(about)),
        None => subject(about),
    }
}

fn title(kind: DraftKind) -> &'static str {
    match kind {
        DraftKind::Customer => "customer",
        DraftKind::Order => "order",
        DraftKind::Task => "task",
        DraftKind::Call => "call record",
        DraftKind::Note => "note",
    }
}

/// What a rule says of who is responsible, if it can be. An id looks like the one that was proposed; a name is none where ids are numbers.
pub fn checked_assignee(decided: Option<String>, proposed: Option<&str>) -> Result<Option<String>, RuleFault> {
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    match decided {
        Some(user) if user.is_empty() || user.len() > 64 || user.chars().any(char::is_control) => {
            Err(RuleFault::InvalidAnswer("a user's id has 1 to 64 characters".into()))
        }
        Some(user) if proposed.is_some_and(is_number) && !is_number(&user) => {
            Err(RuleFault::InvalidAnswer(format!("users' ids are numbers here, not {}", line(&user))))
        }
        good => Ok(good),
    }
}
