//! One run: what changed since the last one, the orders that it is about, and what UIS is told of them. What is done is written down as it
//! is done, and the plan at the end, so a run that broke off is done again and tells UIS nothing twice.

use std::collections::{BTreeMap, BTreeSet};

use super::book::{self, Book};
use super::draft::{self, Draft};
use super::funnels::{self, Source, Stages};
use super::ledger::{self, Entry};
use super::plan::{self, Cursor, Plan};
use super::stages::{self, Change, Standing, Step};
use super::uis::{ROWS, Uis, words};
use super::{SOON_KEY, hints, loading, parts};
use crate::bindings::uis::integration::deals::{Deal, Funnel, Page, StageStatus};
use crate::bindings::uis::integration::log::Level;
use crate::bindings::uis::integration::types::{Failure, Instant, Skipped};
use crate::extra_fields::{self, Entity};
use crate::memory;
use crate::outcome::{Handled, done, done_without, skipped};
use crate::platform::Platform;
use crate::retailcrm::order_history::{self, What};
use crate::retailcrm::whole_orders::{self, PACK, WholeOrder};
use crate::retailcrm::{CONNECTION, Crm, CrmError};
use crate::settings::Settings;
use crate::time;

/// Orders of one run, about: enough that a request for orders brings many, few enough for a handler's memory and time.
const ENOUGH: usize = 50;
/// Pages of the history of one run.
const PAGES_MAX: usize = 5;
/// Between two runs of one work: UIS and RetailCRM have others to serve.
const NEXT_MS: i64 = 5_000;
/// That the key may not read orders was told.
const FORBIDDEN_KEY: &str = "deals/forbidden";
/// Groups of statuses that were folded, as they were told last.
const FOLDED_KEY: &str = "deals/folded";

/// What happened to one order.
#[derive(Debug, Default)]
struct News {
    changes: Vec<Change>,
    /// The last record of it.
    record: i64,
    /// And when that was.
    at: Option<Instant>,
}

/// What there is to do.
#[derive(Debug, Default)]
struct Work {
    orders: BTreeMap<i64, News>,
    gone: BTreeSet<i64>,
    /// Read already.
    whole: Vec<WholeOrder>,
    hinted: Vec<i64>,
    /// Deals that are told again because a setting changed.
    again: BTreeSet<i64>,
    more: bool,
}

/// The repeating timer. What RetailCRM cannot answer now is asked again in ten minutes.
pub fn on_timer(platform: &dyn Platform) -> Handled {
    match run(platform) {
        Err(Failure::Retry(later)) => {
            platform.log(Level::Info, "deals wait for the next time", &[("why", &later.reason)]);
            done()
        }
        other => other,
    }
}

/// The timer of a run that somebody waits for.
pub fn on_soon(platform: &dyn Platform) -> Handled {
    memory::forget(platform, SOON_KEY)?;
    run(platform)
}

fn run(platform: &dyn Platform) -> Handled {
    let settings = Settings::load(platform)?;
    if !settings.deals {
        return done();
    }
    let crm = Crm::new(platform);
    let mut plan = plan::load(platform);
    let mut work = match history(platform, crm, &mut plan) {
        Ok(work) => work,
        Err(Stop::Forbidden(why)) => return forbidden(platform, why),
        Err(Stop::Failure(failure)) => return Err(failure),
    };
    memory::forget(platform, FORBIDDEN_KEY)?;
    gather(platform, crm, &mut plan, &mut work)?;
    let uis = Uis::default();
    let left_out = pass_on(platform, crm, &settings, &uis, &mut work)?;
    plan::put(platform, &plan)?;
    hints::followed(platform, &work.hinted)?;
    if work.more || plan.loading.is_some() || plan.again.is_some() {
        super::soon(platform, NEXT_MS.max(i64::from(uis.calls()) * 1000))?;
    }
    done_without(left_out)
}

/// Why a run ends early.
enum Stop {
    Forbidden(String),
    Failure(Failure),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Stop {
        Stop::Failure(failure)
    }
}

/// The key may not read orders: that is told once, and holds up nothing else of the integration.
fn forbidden(platform: &dyn Platform, why: String) -> Handled {
    if memory::load::<bool>(platform, FORBIDDEN_KEY).is_some() {
        return done();
    }
    memory::put(platform, FORBIDDEN_KEY, &true, None)?;
    done_without(vec![skipped("deals", format!("{why}; give the key the right order_read, or switch deals off"))])
}

/// What happened to orders since the last run.
fn history(platform: &dyn Platform, crm: Crm<'_>, plan: &mut Plan) -> Result<Work, Stop> {
    let mut work = Work::default();
    let cursor = plan.cursor.clone().unwrap_or(Cursor::At(platform.now()));
    let mut cursor = cursor;
    for _ in 0..PAGES_MAX {
        let page = match order_history::page(crm, &cursor.from(platform)?) {
            Ok(page) => page,
            Err(error @ CrmError::Forbidden { .. }) => return Err(Stop::Forbidden(error.to_string())),
            Err(error) => return Err(Stop::Failure(error.into())),
        };
        for record in page.records {
            let at = time::instant(platform, &record.at)?;
            let news = work.orders.entry(record.order).or_default();
            news.record = news.record.max(record.id);
            news.at = news.at.max(at);
            match record.what {
                What::Status { from, to } => {
                    news.changes.push(Change { record: record.id, at: at.unwrap_or_else(|| platform.now()), from, to });
                }
                What::Deleted(into) => {
                    work.gone.insert(record.order);
                    if let Some(into) = into {
                        work.orders.entry(into).or_default();
                    }
                }
                What::Other => {}
            }
        }
        if let Some(last) = page.last {
            cursor = Cursor::After(last);
        }
        work.more = page.more;
        if !page.more || work.orders.len() >= ENOUGH {
            break;
        }
    }
    plan.cursor = Some(cursor);
    Ok(work)
}

/// What else there is to do, as far as there is room: orders that triggers told of, and, once the history is read to its end, what is loaded.
fn gather(platform: &dyn Platform, crm: Crm<'_>, plan: &mut Plan, work: &mut Work) -> Result<(), Failure> {
    // While older history is being read an order would be told of as it is now, and its way there would come too late.
    if work.more {
        return Ok(());
    }
    let (hinted, more) = hints::waiting(platform, PACK.saturating_sub(work.orders.len()));
    for order in &hinted {
        work.orders.entry(*order).or_default();
    }
    work.hinted = hinted;
    work.more = more;
    if work.orders.len() < ENOUGH && plan.loading.is_some() {
        work.whole = loading::read(platform, crm, plan)?;
        for id in work.whole.iter().filter_map(|order| crate::retailcrm::answer::id(&order.id)) {
            work.orders.entry(id).or_default();
        }
    } else if work.orders.len() < ENOUGH
        && let Some(done) = plan.again.take()
    {
        let page = platform.scan(ledger::PREFIX, done.as_deref(), u32::try_from(PACK).unwrap_or(u32::MAX));
        for id in page.items.iter().filter_map(|item| item.key.strip_prefix(ledger::PREFIX)?.parse().ok()) {
            work.orders.entry(id).or_default();
            work.again.insert(id);
        }
        plan.again = page.next.map(Some);
    }
    Ok(())
}

/// A deal's states that are news, and what is remembered once UIS has taken them.
struct Group {
    number: String,
    order: i64,
    states: Vec<Deal>,
    entry: Entry,
}

/// Tells UIS what is news of these orders.
fn pass_on(platform: &dyn Platform, crm: Crm<'_>, settings: &Settings, uis: &Uis, work: &mut Work) -> Result<Vec<Skipped>, Failure> {
    let mut left_out = Vec::new();
    for order in &work.gone {
        if ledger::read(platform, *order).is_some() {
            // UIS takes it for no error when it does not know the deal.
            if let Err(refusal) = uis.ask(1, || platform.delete_deal(&draft::ext_id(*order)))? {
                left_out.push(skipped(format!("deletion of the deal of order {order}"), words(&refusal)));
            }
            ledger::forget(platform, *order)?;
        }
        work.orders.remove(order);
    }
    let there: BTreeSet<i64> = work.whole.iter().filter_map(|order| crate::retailcrm::answer::id(&order.id)).collect();
    let ids: Vec<i64> = work.orders.keys().copied().filter(|id| !there.contains(id)).collect();
    let mut whole = std::mem::take(&mut work.whole);
    if !ids.is_empty() {
        whole.extend(whole_orders::by_ids(crm, &ids)?);
    }
    let fields = extra_fields::known(platform, Entity::Order);
    let drafts: Vec<Draft> = whole.iter().filter_map(|order| draft::of(order, settings, &fields)).collect();
    drop(whole);
    if drafts.is_empty() && parts::known_funnels(platform).is_empty() {
        return Ok(left_out);
    }
    let mut desk = Desk::open(platform, crm, settings, uis, &drafts, work, &mut left_out)?;
    let refused_fields = if drafts.is_empty() { BTreeSet::new() } else { parts::fields(platform, uis, settings, &fields, &mut left_out)? };
    desk.people(crm, &drafts, &mut left_out)?;
    let now = platform.now();
    let created = |draft: &Draft| -> Instant { time::instant(platform, &draft.created).ok().flatten().unwrap_or(now).min(now) };
    let of_contact = |draft: &Draft, contact: &draft::Contact| {
        let own = time::instant(platform, &contact.created).ok().flatten();
        own.unwrap_or_else(|| created(draft)).min(now)
    };
    let refused_contacts = parts::contacts(platform, uis, &drafts, of_contact, &mut left_out)?;
    let mut groups = Vec::new();
    for draft in &drafts {
        let news = work.orders.remove(&draft.order).unwrap_or_default();
        let group = desk.group(draft, &news, created(draft), work.again.contains(&draft.order))?;
        let Some(mut group) = group else { continue };
        for state in &mut group.states {
            state.contact_ext_ids.retain(|id| !refused_contacts.contains(id));
            state.user_fields.retain(|(id, _)| !refused_fields.contains(id));
        }
        groups.push(group);
    }
    upload(platform, uis, groups, &mut left_out)?;
    Ok(left_out)
}

/// What deals of this run are made with.
struct Desk<'a> {
    platform: &'a dyn Platform,
    uis: &'a Uis,
    book: Book,
    stages: Stages,
    /// By the shop's code.
    funnels: BTreeMap<String, Funnel>,
    /// Names of those who answer for orders; who is not in it is not in UIS.
    people: BTreeMap<i64, String>,
}

impl<'a> Desk<'a> {
    fn open(
        platform: &'a dyn Platform,
        crm: Crm<'_>,
        settings: &'a Settings,
        uis: &'a Uis,
        drafts: &[Draft],
        work: &Work,
        left_out: &mut Vec<Skipped>,
    ) -> Result<Desk<'a>, Failure> {
        let changes = || work.orders.values().flat_map(|news| &news.changes);
        let mut statuses: Vec<&str> = drafts.iter().map(|draft| draft.status.as_str()).collect();
        statuses.extend(changes().flat_map(|change| [change.to.as_str(), change.from.as_deref().unwrap_or_default()]));
        statuses.retain(|status| !status.is_empty());
        statuses.sort_unstable();
        statuses.dedup();
        let sites: BTreeSet<&str> = drafts.iter().map(|draft| draft.site.as_str()).collect();
        let named: Vec<&str> = statuses.iter().copied().chain(sites.iter().copied().filter(|site| !site.is_empty())).collect();
        let book = book::open(platform, crm, &named)?;
        book.put(platform)?;
        let mut met = book::met(platform);
        book::meet(platform, &mut met, &statuses)?;
        let stages = funnels::build(&Source {
            statuses: &book.statuses,
            groups: &book.groups,
            success: &settings.deal_success_groups,
            failed: &settings.deal_failed_groups,
            met: &met,
        });
        tell_folded(platform, &stages, left_out)?;
        let mut funnels = BTreeMap::new();
        for site in sites {
            let funnel = parts::funnel_of(settings, site, book.site(site));
            funnels.insert(site.to_owned(), parts::funnel(platform, uis, &funnel, &stages, left_out)?);
        }
        // Funnels that have no news now follow RetailCRM's statuses all the same.
        for ext_id in parts::known_funnels(platform) {
            if funnels.values().any(|funnel| funnel.ext_id == ext_id) {
                continue;
            }
            let site = ext_id.strip_prefix("shop-").unwrap_or_default();
            let funnel = parts::funnel_of(settings, site, book.site(site));
            if funnel.0 == ext_id {
                parts::funnel(platform, uis, &funnel, &stages, left_out)?;
            }
        }
        Ok(Desk { platform, uis, book, stages, funnels, people: BTreeMap::new() })
    }

    /// Sees to it that those who answer for these orders are in UIS.
    fn people(&mut self, crm: Crm<'_>, drafts: &[Draft], left_out: &mut Vec<Skipped>) -> Result<(), Failure> {
        let managers: BTreeSet<i64> = drafts.iter().filter_map(|draft| draft.manager).collect();
        for manager in managers {
            let name = self.book.employee(self.platform, crm, manager)?;
            self.people.insert(manager, name);
        }
        self.book.put(self.platform)?;
        let before = left_out.len();
        parts::employees(self.platform, self.uis, &self.people, left_out)?;
        if left_out.len() > before {
            // UIS does not say more than the name: without any of them the deals go through.
            let refused: Vec<String> = left_out[before..].iter().map(|skipped| skipped.what.clone()).collect();
            self.people.retain(|_, name| !refused.iter().any(|what| what.contains(name.as_str())));
        }
        Ok(())
    }

    fn funnel(&self, site: &str) -> Result<&Funnel, Failure> {
        self.funnels.get(site).ok_or_else(|| Failure::Rejected(format!("there is no funnel for the shop {site}")))
    }

    fn stage(&self, funnel: &Funnel, status: &str) -> String {
        self.stages.of_in(status, &self.book.statuses, funnel).unwrap_or_default()
    }

    /// What is news of an order's deal; none: nothing.
    fn group(&self, draft: &Draft, news: &News, created: Instant, again: bool) -> Result<Option<Group>, Failure> {
        let funnel = self.funnel(&draft.site)?;
        let remembered = ledger::read(self.platform, draft.order).unwrap_or_default();
        let known = Some(&remembered).filter(|known| !known.stage.is_empty());
        let since = time::instant(self.platform, &draft.since)?.unwrap_or(created);
        let standing = Standing { created, status: draft.status.clone(), since };
        let found = stages::news(&standing, &news.changes, known, |status| self.stage(funnel, status));
        let mut steps = found.steps;
        if let (true, Some(known)) = (steps.is_empty(), known) {
            // The same stage: in another funnel perhaps, or, by other settings, another stage of the same status.
            let there = funnel.stages.iter().any(|stage| stage.ext_id == known.stage);
            let stage = if there && !again { known.stage.clone() } else { self.stage(funnel, &draft.status) };
            steps.push(Step { stage, since: known.since });
        }
        let states: Vec<Deal> = steps.iter().map(|step| self.deal(draft, funnel, step, created, news.at)).collect();
        let Some(last) = states.last() else { return Ok(None) };
        let digest = ledger::digest(&format!("{:?}", Deal { modified: None, ..last.clone() }));
        let entry = Entry {
            record: remembered.record.max(news.record),
            since: last.stage_modified,
            stage: last.stage_ext_id.clone(),
            funnel: funnel.ext_id.clone(),
            ahead: found.ahead,
            digest,
            refused: 0,
        };
        let nothing_new = known.is_some_and(|known| known.digest == digest) || remembered.refused == digest;
        if nothing_new {
            if remembered.record != entry.record || remembered.ahead != entry.ahead {
                ledger::put(self.platform, draft.order, &Entry { record: entry.record, ahead: entry.ahead, ..remembered })?;
            }
            return Ok(None);
        }
        Ok(Some(Group { number: draft.number.clone(), order: draft.order, states, entry }))
    }

    fn deal(&self, draft: &Draft, funnel: &Funnel, step: &Step, created: Instant, modified: Option<Instant>) -> Deal {
        let ended = self.stages.meaning(&step.stage) != StageStatus::InProcess;
        let mut user_fields: Vec<(String, String)> = draft.fields.iter().map(|field| (field.ext_id.clone(), field.value.clone())).collect();
        if !draft.site.is_empty() {
            user_fields.insert(0, (draft::SITE_FIELD.to_owned(), self.book.site(&draft.site).to_owned()));
        }
        // A chat's mark is the chat's own id; the communication's is in what we remember of it.
        let communication = draft.mark.and_then(|(kind, id)| match kind {
            "chat" => crate::texts::chat_story::read(self.platform, id).communication.map(|id| (kind.to_owned(), id)),
            _ => Some((kind.to_owned(), id)),
        });
        Deal {
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
            communication,
            user_fields,
            page: Some(Page { connection: CONNECTION.to_owned(), url: format!("/orders/{}/edit", draft.order) }),
        }
    }
}

/// Says which groups became one stage each, when that is another than it was.
fn tell_folded(platform: &dyn Platform, stages: &Stages, left_out: &mut Vec<Skipped>) -> Result<(), Failure> {
    let before: Vec<String> = memory::load(platform, FOLDED_KEY).unwrap_or_default();
    if before == stages.folded {
        return Ok(());
    }
    if !stages.folded.is_empty() {
        let groups = stages.folded.join(", ");
        left_out.push(skipped(
            "stages of single statuses",
            format!("UIS takes 100 stages in process; one stage each stands for the groups {groups}"),
        ));
    }
    memory::put(platform, FOLDED_KEY, &stages.folded, None)
}

/// Uploads what is news. A deal that UIS refuses is told by its order's number, and holds up no other.
fn upload(platform: &dyn Platform, uis: &Uis, groups: Vec<Group>, left_out: &mut Vec<Skipped>) -> Result<(), Failure> {
    let send = |states: &[Deal]| uis.ask(1, || platform.upload_deals(states));
    let mut parts: Vec<&[Group]> = Vec::new();
    let (mut begin, mut rows) = (0, 0);
    for (index, group) in groups.iter().enumerate() {
        if rows + group.states.len() > ROWS && index > begin {
            parts.push(&groups[begin..index]);
            (begin, rows) = (index, 0);
        }
        rows += group.states.len();
    }
    parts.push(&groups[begin..]);
    parts.reverse();
    while let Some(part) = parts.pop() {
        let states: Vec<Deal> = part.iter().flat_map(|group| group.states.iter().cloned()).collect();
        if states.is_empty() {
            continue;
        }
        match (send(&states)?, part) {
            (Ok(()), _) => {
                for group in part {
                    ledger::put(platform, group.order, &group.entry)?;
                }
            }
            (Err(refusal), [group]) => {
                // It may have been taken before, and what was to be remembered of it lost: then only the last state is news.
                let last = &states[states.len() - 1..];
                let taken_before = states.len() > 1 && refusal.field.as_deref() == Some("modified_stage_date_time");
                if taken_before && send(last)?.is_ok() {
                    ledger::put(platform, group.order, &group.entry)?;
                    continue;
                }
                left_out.push(skipped(format!("deal of order №{}", group.number), words(&refusal)));
                let before = ledger::read(platform, group.order).unwrap_or_default();
                ledger::put(platform, group.order, &Entry { refused: group.entry.digest, ..before })?;
            }
            (Err(_), _) => {
                let (first, second) = part.split_at(part.len() / 2);
                parts.extend([second, first]);
            }
        }
    }
    Ok(())
}
