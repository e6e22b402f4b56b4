//! The account's rules, evaluated in the order of their names. Each rule sees the result of the previous one. A rule that fails is skipped;
//! a rule that keeps failing is put in quarantine until it is released.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::apply::{apply, line};
use super::diagnostics::Printed;
use super::limits::RuleLimits;
use super::loaded::{LoadedRule, RuleFile, SetEntry, stamp};
use super::sandbox::{DealVerdict, Rule, RuleError, RuleFault, Sandbox};
use crate::bindings::uis::integration::decision::{Appeal, DealDraft, Draft, DraftKind, Routing, Verdict};
use crate::bindings::uis::integration::types::CommunicationKind;
use crate::decision::{Change, Point, RuleVerdict, changes};
use crate::limits::FORWARD_TO;
use crate::ports::{Decisions, RuleContext};
use crate::sync::lock;
use crate::trace::Step;

/// The attribute of an appeal that says which thing needs an assignee: `customer`, `order` or `task`.
const ASSIGNEE_FOR: &str = "responsible-for";

/// The rules of an account; empty by default.
#[derive(Default)]
pub struct RuleSet {
    sandbox: Option<Sandbox>,
    cache: PathBuf,
    rules: Vec<SetEntry>,
}

/// A rule's answer, checked: the subject stays as it is, it changes, or it is dropped.
enum Decided<T> {
    Keep,
    /// The new subject, its changes, and the names of read-only fields that the rule tried to change.
    Change(T, Vec<Change>, Vec<String>),
    Skip(String),
}

/// The result of evaluating a rule; none when the rule does not implement the decision point.
type Answer<'a, T> = BoxFuture<'a, Option<Result<Decided<T>, RuleFault>>>;

/// Returns its argument. The compiler cannot infer the lifetimes of such a closure without this signature.
fn asker<T, F: for<'a> Fn(&'a Rule, &'a Sandbox, Instant, &'a T) -> Answer<'a, T>>(ask: F) -> F {
    ask
}

impl RuleSet {
    /// Loads rules. If one of them cannot be loaded, none is, and the error names it. `cache` is a folder for compiled components.
    pub fn load(sandbox: Sandbox, mut files: Vec<RuleFile>, cache: &Path) -> Result<RuleSet, (RuleFile, RuleError)> {
        files.sort_by(|left, right| left.name.cmp(&right.name));
        let mut rules = Vec::new();
        for file in files {
            let dry_run = file.dry_run;
            match LoadedRule::load(&sandbox, file.clone(), cache) {
                Ok(rule) => rules.push(SetEntry { rule: Arc::new(rule), dry_run, watch: None }),
                Err(error) => return Err((file, error)),
            }
        }
        Ok(RuleSet { sandbox: Some(sandbox), cache: cache.to_owned(), rules })
    }

    /// A set of rules that are loaded, whose files do not change. Rules are evaluated in the order of their names. Of two with the same name,
    /// the one that is dry sees the same subject as the other.
    pub fn of(sandbox: Sandbox, mut rules: Vec<SetEntry>) -> RuleSet {
        rules.sort_by(|left, right| (&left.rule.file.name, !left.dry_run).cmp(&(&right.rule.file.name, !right.dry_run)));
        RuleSet { sandbox: Some(sandbox), cache: PathBuf::new(), rules }
    }

    /// The same rules with no recorded failures: for another account or another recording.
    pub fn with_fresh_records(&self) -> RuleSet {
        let loaded = |SetEntry { rule, dry_run, .. }: &SetEntry| {
            let fresh = LoadedRule {
                file: rule.file.clone(),
                stamp: Mutex::new(*lock(&rule.stamp)),
                rule: Mutex::new(rule.rule()),
                record: Mutex::default(),
            };
            SetEntry { rule: Arc::new(fresh), dry_run: *dry_run, watch: None }
        };
        RuleSet { sandbox: self.sandbox.clone(), cache: self.cache.clone(), rules: self.rules.iter().map(loaded).collect() }
    }

    /// Whether there are no rules.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Reloads the components whose files have changed. A component that loads replaces the previous one and ends its quarantine; after an
    /// error the previous one stays in use. Returns the name of each changed rule with the result.
    pub fn refresh(&self) -> Vec<(String, Result<(), RuleError>)> {
        let Some(sandbox) = &self.sandbox else { return Vec::new() };
        let mut refreshed = Vec::new();
        for SetEntry { rule: current, .. } in &self.rules {
            let now = stamp(&current.file.path);
            // A file that is missing may be about to be replaced; look again next time.
            if now.is_none() || now == *lock(&current.stamp) {
                continue;
            }
            *lock(&current.stamp) = now;
            // Compiling may take a minute. No lock is held meanwhile, so the previous component is still evaluated.
            let loaded = sandbox.load(&current.file.path, &self.cache);
            let taken = loaded.map(|rule| {
                *lock(&current.rule) = Arc::new(rule);
                lock(&current.record).release();
            });
            refreshed.push((current.file.name.clone(), taken));
        }
        refreshed
    }

    /// Ends a rule's quarantine. False when there is no rule with this name.
    pub fn release(&self, name: &str) -> bool {
        let found = self.rules.iter().find(|entry| entry.rule.file.name == name);
        found.map(|entry| entry.rule.release()).is_some()
    }

    /// Evaluates every rule that implements the point, in order. Returns the final subject, whether it changed, and the reason when a rule
    /// dropped it. `ask` evaluates one rule.
    async fn each<T: Clone>(
        &self,
        point: Point,
        about: &str,
        mut thing: T,
        context: &mut RuleContext<'_>,
        ask: impl for<'a> Fn(&'a Rule, &'a Sandbox, Instant, &'a T) -> Answer<'a, T>,
    ) -> (T, bool, Option<String>) {
        let mut changed = false;
        let Some(sandbox) = &self.sandbox else { return (thing, false, None) };
        for SetEntry { rule: loaded, dry_run, watch } in &self.rules {
            let (rule, dry_run) = (loaded.rule(), *dry_run);
            if lock(&loaded.record).is_quarantined() || !rule.points.contains(&point) {
                continue;
            }
            let printed = Printed::default();
            let Some(answer) = ask(&rule, &sandbox.printing_to(&printed), context.deadline, &thing).await else { continue };
            let printed = printed.into_text();
            let answered = |verdict: RuleVerdict, changes: Vec<Change>| Step::Rule {
                rule: loaded.file.name.clone(),
                point,
                about: about.to_owned(),
                dry_run,
                failed: verdict.is_failure(),
                verdict,
                changes,
                printed: printed.clone(),
            };
            if let (Some(watch), true) = (watch, answer.is_ok()) {
                watch.answered();
            }
            match answer {
                Err(fault) => {
                    let too_often = fault.counts_against_rule() && lock(&loaded.record).failed(context.now, &sandbox.limits);
                    if let Some(watch) = watch.as_ref().filter(|_| fault.counts_against_rule()) {
                        watch.failed(&fault, too_often);
                    }
                    context.trace.push(answered(RuleVerdict::NoAnswer(fault.to_string()), Vec::new()));
                    if too_often {
                        let step = answered(RuleVerdict::Quarantined(quarantined(&sandbox.limits)), Vec::new());
                        context.trace.push(match step {
                            Step::Rule { rule, point, about, verdict, changes, failed, .. } => {
                                Step::Rule { rule, point, about, dry_run: false, verdict, changes, failed, printed: None }
                            }
                            other => other,
                        });
                    }
                    continue;
                }
                // Who answers with what is there already has changed nothing.
                Ok(Decided::Change(_, changes, stayed)) if changes.is_empty() && stayed.is_empty() => {
                    context.trace.push(answered(RuleVerdict::Keep, Vec::new()));
                }
                Ok(Decided::Keep) => context.trace.push(answered(RuleVerdict::Keep, Vec::new())),
                Ok(Decided::Change(other, changes, stayed)) => {
                    let unchangeable = if stayed.is_empty() { None } else { Some(line(&stayed.join(", "))) };
                    context.trace.push(answered(RuleVerdict::Change(unchangeable), changes));
                    if !dry_run {
                        thing = other;
                        changed = true;
                    }
                }
                Ok(Decided::Skip(why)) => {
                    context.trace.push(answered(RuleVerdict::Skip(why.clone()), Vec::new()));
                    if !dry_run {
                        return (thing, changed, Some(why));
                    }
                }
            }
        }
        (thing, changed, None)
    }

    /// Decides the assignee.
    async fn ask_assignee(&self, about: &Appeal, proposed: Option<String>, context: &mut RuleContext<'_>) -> Option<String> {
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
        self.each(Point::Responsible, &assignee_of(about), proposed, context, ask).await.0
    }

    /// Reviews a draft.
    async fn ask_draft(&self, about: &Appeal, draft: Draft, context: &mut RuleContext<'_>) -> Verdict {
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
                            return Err(RuleFault::InvalidAnswer("a rule must not change a draft's `kind` or `is-new`".into()));
                        }
                        let applied = apply(&now.fields, other.fields, &now.attributes, sandbox.limits.output_bytes)?;
                        let changes = changes(&now.fields, &applied.fields);
                        Ok(Decided::Change(Draft { fields: applied.fields, ..now.clone() }, changes, applied.stayed))
                    }
                }))
            })
        });
        let title = format!("{} of {}", title(draft.kind), subject(about));
        match self.each(Point::Draft, &title, draft, context, ask).await {
            (_, _, Some(why)) => Verdict::Skip(why),
            (draft, true, None) => Verdict::Change(draft),
            (_, false, None) => Verdict::Keep,
        }
    }

    /// Decides where a call is forwarded.
    async fn ask_routing(&self, about: &Appeal, proposed: Routing, context: &mut RuleContext<'_>) -> Routing {
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
                            return Err(RuleFault::InvalidAnswer(format!(
                                "forward-to must have at most {FORWARD_TO} numbers of 1 to 32 digits"
                            )));
                        }
                        let change = Change { field: "forward-to".into(), from: numbers(now), to: numbers(&other) };
                        Ok(Decided::Change(other, vec![change], Vec::new()))
                    }
                }))
            })
        });
        self.each(Point::Routing, &subject(about), proposed, context, ask).await.0
    }

    /// Reviews a deal; none: the deal is not uploaded.
    async fn ask_deal(&self, deal: DealDraft, context: &mut RuleContext<'_>) -> Option<DealDraft> {
        let title = format!("deal {}", line(&deal.ext_id));
        let ask = asker::<DealDraft, _>(move |rule, sandbox, deadline, now| {
            Box::pin(async move {
                let answer = rule.deal(sandbox, deadline, now).await?;
                Some(answer.and_then(|verdict| match verdict {
                    DealVerdict::Keep => Ok(Decided::Keep),
                    DealVerdict::Skip(why) => Ok(Decided::Skip(line(&why))),
                    DealVerdict::Change(other) => {
                        if other.ext_id != now.ext_id {
                            return Err(RuleFault::InvalidAnswer("a rule must not change a deal's `ext-id`".into()));
                        }
                        let applied = apply(&now.fields, other.fields, &now.attributes, sandbox.limits.output_bytes)?;
                        let changes = changes(&now.fields, &applied.fields);
                        Ok(Decided::Change(DealDraft { fields: applied.fields, ..now.clone() }, changes, applied.stayed))
                    }
                }))
            })
        });
        match self.each(Point::Deal, &title, deal, context, ask).await {
            (_, _, Some(_)) => None,
            (deal, _, None) => Some(deal),
        }
    }
}

impl Decisions for RuleSet {
    fn decided(&self) -> Vec<Point> {
        let mut points: Vec<Point> = Vec::new();
        for point in self.rules.iter().flat_map(|entry| entry.rule.rule().points.clone()) {
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
        mut context: RuleContext<'a>,
    ) -> BoxFuture<'a, Option<String>> {
        async move { self.ask_assignee(about, proposed, &mut context).await }.boxed()
    }

    fn review_draft<'a>(&'a self, about: &'a Appeal, draft: Draft, mut context: RuleContext<'a>) -> BoxFuture<'a, Verdict> {
        async move { self.ask_draft(about, draft, &mut context).await }.boxed()
    }

    fn route<'a>(&'a self, about: &'a Appeal, proposed: Routing, mut context: RuleContext<'a>) -> BoxFuture<'a, Routing> {
        async move { self.ask_routing(about, proposed, &mut context).await }.boxed()
    }

    fn review_deal<'a>(&'a self, deal: DealDraft, mut context: RuleContext<'a>) -> BoxFuture<'a, Option<DealDraft>> {
        async move { self.ask_deal(deal, &mut context).await }.boxed()
    }
}

/// Why a rule was put in quarantine.
fn quarantined(limits: &RuleLimits) -> String {
    format!(
        "it failed rule-failures = {} times within rule-window-ms = {}; it is skipped until its file changes or an operator releases it",
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

/// The subject of a decision about the assignee, as text. The plugin may say which thing of the appeal needs one.
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

/// Checks the user id that a rule returned. It must have 1 to 64 characters. When the proposed id is a number, it must be a number too,
/// since a rule may have returned a name by mistake.
pub fn checked_assignee(decided: Option<String>, proposed: Option<&str>) -> Result<Option<String>, RuleFault> {
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    match decided {
        Some(user) if user.is_empty() || user.len() > 64 || user.chars().any(char::is_control) => {
            Err(RuleFault::InvalidAnswer("a user's id must have 1 to 64 characters and no control characters".into()))
        }
        Some(user) if proposed.is_some_and(is_number) && !is_number(&user) => {
            Err(RuleFault::InvalidAnswer(format!("a user's id must be a number, not {}", line(&user))))
        }
        good => Ok(good),
    }
}
