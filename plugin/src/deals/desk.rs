//! What deals of one run are made with: RetailCRM's book, the funnels in force, those who answer for orders. An order and its news go in, a
//! deal's states come out.

use std::collections::{BTreeMap, BTreeSet};

use super::book::{self, Book};
use super::draft::{self, Draft};
use super::funnels::{self, Source, Stages};
use super::ledger::{self, Entry};
use super::run::Run;
use super::stages::{self, Change, Standing, Step};
use super::{parts, review};
use crate::appeals::communication;
use crate::base::keys::Key;
use crate::base::{digest, stored};
use crate::bindings::uis::integration::deals::{Deal, Funnel, Page, StageStatus};
use crate::bindings::uis::integration::types::{Failure, Instant};
use crate::context::Context;
use crate::retailcrm::CONNECTION;

/// What happened to one order.
#[derive(Debug, Default)]
pub struct News {
    /// Changes of its status.
    pub changes: Vec<Change>,
    /// The last record of it.
    pub record: i64,
    /// And when that was.
    pub at: Option<Instant>,
}

/// How an order is looked at.
#[derive(Debug, Clone, Copy)]
pub struct How {
    /// The history was read to its end.
    pub last: bool,
    /// A setting, or what statuses mean, changed what deals are.
    pub again: bool,
}

/// A deal's states that are news, and what is remembered once UIS has taken them.
pub struct Group {
    /// What people call the order.
    pub number: String,
    /// The order.
    pub order: i64,
    /// Oldest first.
    pub states: Vec<Deal>,
    /// What is remembered then.
    pub entry: Entry,
}

/// The stages of statuses that orders were in, by the status.
pub struct Moved(BTreeMap<String, String>);

impl Moved {
    /// Whether a status has another stage than it had, because its group is another one, or was folded: all deals are to be told again then.
    pub fn again(&self, context: &Context<'_>) -> Result<bool, Failure> {
        let before: BTreeMap<String, String> = stored::load(context.platform, Key::DealsStages)?.unwrap_or_default();
        Ok(before.iter().any(|(code, stage)| self.0.get(code).is_some_and(|now| now != stage)))
    }

    /// That is planned: they are as they were from now on.
    pub fn remember(&self, context: &Context<'_>) -> Result<(), Failure> {
        stored::put(context.platform, Key::DealsStages, &self.0, None)
    }
}

/// What deals of this run are made with.
pub struct Desk<'a> {
    run: &'a Run<'a>,
    book: Book,
    stages: Stages,
    /// By the shop's code.
    funnels: BTreeMap<String, Funnel>,
    /// Names of those who answer for orders; who is not in it is not in UIS.
    people: BTreeMap<i64, String>,
    /// Statuses that orders are or were in.
    met: Vec<String>,
}

impl<'a> Desk<'a> {
    /// Opens the book and sees to the funnels.
    pub fn open(run: &'a Run<'a>, drafts: &[Draft], news: &BTreeMap<i64, News>) -> Result<Desk<'a>, Failure> {
        let (context, settings) = (run.context, run.settings);
        let changes = || news.values().flat_map(|news| &news.changes);
        let mut statuses: Vec<&str> = drafts.iter().map(|draft| draft.status.as_str()).collect();
        statuses.extend(changes().flat_map(|change| [change.to.as_str(), change.from.as_deref().unwrap_or_default()]));
        statuses.retain(|status| !status.is_empty());
        statuses.sort_unstable();
        statuses.dedup();
        let sites: BTreeSet<&str> = drafts.iter().map(|draft| draft.site.as_str()).collect();
        let named: Vec<&str> = statuses.iter().copied().chain(sites.iter().copied().filter(|site| !site.is_empty())).collect();
        let book = book::open(context, &named)?;
        book.put(context)?;
        let mut met = book::met(context)?;
        book::meet(context, &mut met, &statuses)?;
        let stages = funnels::build(&Source {
            statuses: &book.statuses,
            groups: &book.groups,
            success: &settings.deal_success_groups,
            failed: &settings.deal_failed_groups,
            met: &met,
        });
        report_folded(run, &stages)?;
        let mut funnels = BTreeMap::new();
        for site in sites {
            let funnel = parts::funnel_of(settings, site, book.site(site));
            funnels.insert(site.to_owned(), parts::funnel(run, &funnel, &stages, &met)?);
        }
        // Funnels that have no news now follow RetailCRM's statuses all the same.
        for ext_id in parts::known_funnels(context.platform) {
            if funnels.values().any(|funnel| funnel.ext_id == ext_id) {
                continue;
            }
            let site = ext_id.strip_prefix("shop-").unwrap_or_default();
            let funnel = parts::funnel_of(settings, site, book.site(site));
            if funnel.0 == ext_id {
                parts::funnel(run, &funnel, &stages, &met)?;
            }
        }
        Ok(Desk { run, book, stages, funnels, people: BTreeMap::new(), met })
    }

    /// Sees to it that those who answer for these orders are in UIS.
    pub fn people(&mut self, drafts: &[Draft]) -> Result<(), Failure> {
        let managers: BTreeSet<i64> = drafts.iter().filter_map(|draft| draft.manager).collect();
        for manager in managers {
            let name = self.book.employee(self.run.context, manager)?;
            self.people.insert(manager, name);
        }
        self.book.put(self.run.context)?;
        let refused = parts::employees(self.run, &self.people)?;
        // Without them the deals go through.
        self.people.retain(|manager, _| !refused.contains(&parts::employee_ext_id(*manager)));
        Ok(())
    }

    /// The run is done: the stages of statuses that orders were in.
    pub fn into_moved(self) -> Moved {
        let stage = |code: &String| Some((code.clone(), self.stages.of(code)?.clone()));
        Moved(self.met.iter().filter_map(stage).collect())
    }

    fn funnel(&self, site: &str) -> Result<&Funnel, Failure> {
        self.funnels.get(site).ok_or_else(|| Failure::Rejected(format!("there is no funnel for the shop {site}")))
    }

    fn stage(&self, funnel: &Funnel, status: &str, known: Option<&Entry>) -> String {
        self.stages.of_in(status, &self.book.statuses, funnel, known.map(|known| &known.stage)).unwrap_or_default()
    }

    /// What is news of an order's deal; none: nothing.
    pub fn group(&self, draft: &Draft, news: &News, created: Instant, how: How) -> Result<Option<Group>, Failure> {
        let funnel = self.funnel(&draft.site)?;
        let there = |stage: &str| funnel.stages.iter().any(|known| known.ext_id == stage);
        let remembered = ledger::read(self.run.context, draft.order)?.unwrap_or_default();
        let known = Some(&remembered).filter(|known| !known.stage.is_empty());
        // A clock that is ahead must not lead a deal into the future: no later change could follow.
        let since = self.run.context.instant(&draft.since)?.unwrap_or(created).min(self.run.context.platform.now());
        let standing = Standing { created, status: draft.status.clone(), since, last: how.last };
        let pending = remembered.pending.iter().filter(|(stage, _)| there(stage));
        let mut steps: Vec<Step> = pending.map(|(stage, since)| Step { stage: stage.clone(), since: *since }).collect();
        // What UIS refused counts as told: it is told again with what came since.
        let refused = steps.last().map(|last| Entry { stage: last.stage.clone(), since: last.since, ..remembered.clone() });
        let before = refused.as_ref().or(known);
        let found = stages::news(&standing, &news.changes, before, |status| self.stage(funnel, status, before));
        steps.extend(found.steps);
        if let (true, Some(known)) = (steps.is_empty(), known) {
            // The same stage: in another funnel perhaps, or, by other settings, another stage of the same status.
            let stage =
                if there(&known.stage) && !how.again { known.stage.clone() } else { self.stage(funnel, &draft.status, Some(known)) };
            steps.push(Step { stage, since: known.since });
        }
        // It stays what it was said to be first, and nothing happened before.
        let created = remembered.created.unwrap_or_else(|| steps.first().map_or(created, |first| created.min(first.since)));
        let states: Result<Vec<Deal>, Failure> = steps.iter().map(|step| self.deal(draft, funnel, step, created, news.at)).collect();
        let states = states?;
        let any = !states.is_empty();
        let states = review::review(self.run.context, draft, states);
        let Some(last) = states.last() else {
            if any {
                // A rule says that UIS is not told of it: what it went through is told when one does not any more.
                let pending = steps.into_iter().map(|step| (step.stage, step.since)).collect();
                let record = remembered.record.max(news.record);
                let entry = Entry { record, ahead: found.ahead, pending, created: Some(created), ..remembered };
                ledger::put(self.run.context, draft.order, &entry)?;
            }
            return Ok(None);
        };
        let digest = digest::of(&Deal { modified: None, ..last.clone() });
        let entry = Entry {
            record: remembered.record.max(news.record),
            since: last.stage_modified,
            stage: last.stage_ext_id.clone(),
            funnel: funnel.ext_id.clone(),
            ahead: found.ahead,
            digest,
            refused: 0,
            pending: Vec::new(),
            created: Some(created),
        };
        let nothing_new = known.is_some_and(|known| known.digest == digest) || remembered.refused == digest;
        if nothing_new {
            if remembered.record != entry.record || remembered.ahead != entry.ahead {
                ledger::put(self.run.context, draft.order, &Entry { record: entry.record, ahead: entry.ahead, ..remembered })?;
            }
            return Ok(None);
        }
        Ok(Some(Group { number: draft.number.clone(), order: draft.order, states, entry }))
    }

    fn deal(&self, draft: &Draft, funnel: &Funnel, step: &Step, created: Instant, modified: Option<Instant>) -> Result<Deal, Failure> {
        let ended = self.stages.meaning(&step.stage) != StageStatus::InProcess;
        let mut user_fields: Vec<(String, String)> = draft.fields.iter().map(|field| (field.ext_id.clone(), field.value.clone())).collect();
        if !draft.site.is_empty() {
            user_fields.insert(0, (draft::SITE_FIELD.to_owned(), self.book.site(&draft.site).to_owned()));
        }
        // A chat's mark is the chat's own id; the communication's is in what we remember of it.
        let communication = draft.mark.map_or(Ok(None), |mark| communication::of(self.run.context, mark))?;
        Ok(Deal {
            ext_id: draft::ext_id(draft.order),
            name: draft.name.clone(),
            created,
            stage_modified: step.since,
            modified: modified.map(|at| at.max(step.since)),
            closed: ended.then(|| step.since.max(created)),
            funnel_ext_id: funnel.ext_id.clone(),
            stage_ext_id: step.stage.clone(),
            contact_ext_ids: draft.contacts.iter().map(|contact| contact.ext_id.clone()).collect(),
            employee_ext_id: draft.manager.filter(|manager| self.people.contains_key(manager)).map(parts::employee_ext_id),
            revenue: draft.revenue.clone(),
            comments: draft.comments.clone(),
            source: draft.source.clone(),
            communication: communication.map(|(kind, id)| (kind.to_owned(), id)),
            user_fields,
            page: Some(Page { connection: CONNECTION.to_owned(), url: format!("/orders/{}/edit", draft.order) }),
        })
    }
}

/// Says which groups became one stage each, when that is another than it was.
fn report_folded(run: &Run<'_>, stages: &Stages) -> Result<(), Failure> {
    let platform = run.context.platform;
    let before: Vec<String> = stored::load(platform, Key::DealsFolded)?.unwrap_or_default();
    if before == stages.folded {
        return Ok(());
    }
    if !stages.folded.is_empty() {
        let groups = stages.folded.join(", ");
        run.leave_out(
            "stages of single statuses",
            format!("UIS takes 100 stages in process; one stage each stands for the groups {groups}"),
        );
    }
    stored::put(platform, Key::DealsFolded, &stages.folded, None)
}
