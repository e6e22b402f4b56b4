//! One run: what changed since the last one, the orders that it is about, and what UIS is told of them. What is done is written down as it
//! is done, and the plan at the end, so a run that broke off is done again and tells UIS nothing twice.

use std::collections::{BTreeMap, BTreeSet};

use super::desk::{Desk, How, Moved, News};
use super::draft::{self, Draft};
use super::plan::{self, Again, Cursor, Plan};
use super::run::Run;
use super::stages::Change;
use super::uis::words;
use super::{hints, ledger, loading, parts, upload};
use crate::base::keys::{Family, Key};
use crate::base::outcome::{Handled, done, done_without, skipped};
use crate::base::stored;
use crate::bindings::uis::integration::log::Level;
use crate::bindings::uis::integration::types::{Failure, Instant, Skipped};
use crate::context::Context;
use crate::crm_state::known_fields;
use crate::retailcrm::custom_fields::Entity;
use crate::retailcrm::order_history::{self, What};
use crate::retailcrm::whole_orders::{self, PACKS, WholeOrder};
use crate::retailcrm::{Crm, CrmError, answer};

/// Long orders are not for ever: after a day more are tried again.
const PACK_TTL_MS: u64 = 24 * 3_600_000;
/// Pages of the history of one run.
const PAGES_MAX: usize = 5;
/// Between two runs of one work: UIS and RetailCRM have others to serve.
const NEXT_MS: i64 = 5_000;

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
    /// The history is not read to its end.
    more_history: bool,
    /// Hints are left.
    more_hints: bool,
}

/// The repeating timer. What RetailCRM cannot answer now is asked again in ten minutes.
pub fn on_timer(context: &Context<'_>) -> Handled {
    match work_off(context) {
        Err(Failure::Retry(later)) => {
            context.platform.log(Level::Info, "deals wait for the next time", &[("why", &later.reason)]);
            // What was left out already is told now.
            let told = untold(context)?;
            stored::forget(context.platform, Key::DealsUnreported)?;
            done_without(told)
        }
        other => other,
    }
}

/// The timer of a run that somebody waits for.
pub fn on_soon(context: &Context<'_>) -> Handled {
    stored::forget(context.platform, Key::DealsSoon)?;
    work_off(context)
}

fn work_off(context: &Context<'_>) -> Handled {
    if !context.settings()?.deals {
        return done();
    }
    let mut plan = plan::load(context)?;
    let pack = stored::load::<usize>(context.platform, Key::DealsPack)?.filter(|pack| PACKS.contains(pack)).unwrap_or(PACKS[0]);
    let mut work = match history(context, &mut plan, pack) {
        Ok(work) => work,
        Err(Stop::Forbidden(why)) => return forbidden(context, why),
        Err(Stop::Failure(failure)) => return Err(failure),
    };
    stored::forget(context.platform, Key::DealsForbidden)?;
    gather(context, &mut plan, &mut work, pack)?;
    let whole = match read(context.crm, &mut work, pack) {
        Err(CrmError::TooLarge { .. }) if pack > PACKS[PACKS.len() - 1] => {
            // Orders of hundreds of goods: nothing was done yet, so it is begun again with fewer of them.
            let fewer = PACKS.into_iter().find(|fewer| *fewer < pack).unwrap_or(pack);
            context.platform.log(Level::Info, "orders are long, so fewer are read at a time", &[("orders", &fewer.to_string())]);
            stored::put(context.platform, Key::DealsPack, &fewer, Some(PACK_TTL_MS))?;
            return super::soon(context, 0).and_then(|()| done());
        }
        other => other?,
    };
    let run = Run::new(context, untold(context)?)?;
    let passed_on = pass_on(&run, &mut work, whole);
    let calls = run.uis.calls();
    let left_out = run.into_left_out();
    let moved = match passed_on {
        Ok(moved) => moved,
        Err(failure) => {
            // The run is done again, and what it noted not to ask again would be told to nobody.
            if !left_out.is_empty() {
                let told: Vec<(&str, &str)> = left_out.iter().map(|skipped| (skipped.what.as_str(), skipped.why.as_str())).collect();
                stored::put(context.platform, Key::DealsUnreported, &told, None)?;
            }
            return Err(failure);
        }
    };
    // From the beginning, also where they are being told again already: those that were told have the stages of before.
    let again = moved.as_ref().map(|moved| moved.again(context)).transpose()?;
    if again == Some(true) {
        plan.again = Some(Again::default());
    }
    plan::put(context, &plan)?;
    if let Some(moved) = moved {
        moved.remember(context)?;
    }
    stored::forget(context.platform, Key::DealsUnreported)?;
    hints::followed(context, &work.hinted)?;
    if work.more_history || work.more_hints || plan.loading.is_some() || plan.again.is_some() {
        super::soon(context, NEXT_MS.max(i64::from(calls) * 1000))?;
    }
    done_without(left_out)
}

/// What was left out by runs that broke off.
fn untold(context: &Context<'_>) -> Result<Vec<Skipped>, Failure> {
    let told: Vec<(String, String)> = stored::load(context.platform, Key::DealsUnreported)?.unwrap_or_default();
    Ok(told.into_iter().map(|(what, why)| skipped(what, why)).collect())
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
fn forbidden(context: &Context<'_>, why: String) -> Handled {
    if stored::is_there(context.platform, Key::DealsForbidden) {
        return done();
    }
    stored::put(context.platform, Key::DealsForbidden, &true, None)?;
    done_without(vec![skipped("deals", format!("{why}; give the key the right order_read, or switch deals off"))])
}

/// What happened to orders since the last run.
fn history(context: &Context<'_>, plan: &mut Plan, pack: usize) -> Result<Work, Stop> {
    let (mut work, began) = (Work::default(), context.platform.now());
    let mut cursor = plan.cursor.clone().unwrap_or(Cursor::At(context.platform.now()));
    for _ in 0..PAGES_MAX {
        let page = match order_history::page(context.crm, &cursor.from(context)?, pack) {
            Ok(page) => page,
            Err(error @ CrmError::Forbidden { .. }) => return Err(Stop::Forbidden(error.to_string())),
            Err(error) => return Err(Stop::Failure(error.into())),
        };
        for record in page.records {
            let at = context.instant(&record.at)?;
            let news = work.orders.entry(record.order).or_default();
            news.record = news.record.max(record.id);
            news.at = news.at.max(at);
            match record.what {
                What::Status { from, to } => {
                    news.changes.push(Change { record: record.id, at: at.unwrap_or_else(|| context.platform.now()), from, to });
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
        work.more_history = page.more;
        if !page.more || work.orders.len() >= enough(pack) {
            break;
        }
    }
    plan.cursor = Some(cursor);
    if !work.more_history {
        plan.read = Some(began);
    }
    Ok(work)
}

/// What else there is to do, as far as there is room: orders that triggers told of, and, once the history is read to its end, what is loaded.
fn gather(context: &Context<'_>, plan: &mut Plan, work: &mut Work, pack: usize) -> Result<(), Failure> {
    // While older history is being read an order would be told of as it is now, and its way there would come too late.
    if work.more_history {
        let unknown = |id: i64, news: &News| -> Result<bool, Failure> {
            Ok(news.changes.is_empty() && !work.gone.contains(&id) && ledger::read(context, id)?.is_none())
        };
        let mut early = Vec::new();
        for (id, news) in &work.orders {
            if unknown(*id, news)? {
                early.push(*id);
            }
        }
        for order in early {
            hints::postpone(context, order)?;
            work.orders.remove(&order);
        }
        return Ok(());
    }
    let (hinted, more) = hints::waiting(context, pack.saturating_sub(work.orders.len()));
    for order in &hinted {
        work.orders.entry(*order).or_default();
    }
    work.hinted = hinted;
    work.more_hints = more;
    if work.orders.len() < enough(pack) && plan.loading.is_some() {
        work.whole = loading::read(context, plan)?;
        for id in work.whole.iter().filter_map(|order| answer::id(&order.id)) {
            work.orders.entry(id).or_default();
        }
    } else if work.orders.len() < enough(pack)
        && let Some(done) = plan.again.take()
    {
        let page = stored::page(context.platform, Family::Deals, done.cursor.as_deref(), pack);
        for id in page.ids() {
            work.orders.entry(id).or_default();
            work.again.insert(id);
        }
        plan.again = page.next.map(|next| Again { cursor: Some(next) });
    }
    Ok(())
}

/// Orders of one run, about: enough that a request for orders brings many, few enough for a handler's memory and time.
fn enough(pack: usize) -> usize {
    pack / 2
}

/// The orders that there is work for, whole.
fn read(crm: Crm<'_>, work: &mut Work, pack: usize) -> Result<Vec<WholeOrder>, CrmError> {
    let mut whole = std::mem::take(&mut work.whole);
    let there: BTreeSet<i64> = whole.iter().filter_map(|order| answer::id(&order.id)).collect();
    let needed = |id: &i64| !there.contains(id) && !work.gone.contains(id);
    let ids: Vec<i64> = work.orders.keys().copied().filter(needed).collect();
    if !ids.is_empty() {
        whole.extend(whole_orders::by_ids(crm, &ids, pack)?);
    }
    Ok(whole)
}

/// Tells UIS what is news of these orders. Gives the stages of statuses by now; none when there are no deals.
fn pass_on(run: &Run<'_>, work: &mut Work, whole: Vec<WholeOrder>) -> Result<Option<Moved>, Failure> {
    let (context, settings) = (run.context, run.settings);
    for order in &work.gone {
        if ledger::read(context, *order)?.is_some() {
            // UIS takes it for no error when it does not know the deal.
            if let Err(refusal) = run.uis.ask(1, || context.platform.delete_deal(&draft::ext_id(*order)))? {
                run.leave_out(format!("deletion of the deal of order {order}"), words(&refusal));
            }
            ledger::forget(context, *order)?;
        }
        work.orders.remove(order);
    }
    let fields = known_fields::of(context.platform, Entity::Order)?;
    let drafts: Vec<Draft> = whole.iter().filter_map(|order| draft::of(order, settings, &fields)).collect();
    drop(whole);
    if drafts.is_empty() && parts::known_funnels(context.platform).is_empty() {
        return Ok(None);
    }
    let mut desk = Desk::open(run, &drafts, &work.orders)?;
    let refused_fields = if drafts.is_empty() { BTreeSet::new() } else { parts::fields(run, &fields)? };
    desk.people(&drafts)?;
    let now = context.platform.now();
    let created = |draft: &Draft| -> Instant { context.instant(&draft.created).ok().flatten().unwrap_or(now).min(now) };
    let of_contact = |draft: &Draft, contact: &draft::Contact| {
        let own = context.instant(&contact.created).ok().flatten();
        own.unwrap_or_else(|| created(draft)).min(now)
    };
    let refused_contacts = parts::contacts(run, &drafts, of_contact)?;
    let mut groups = Vec::new();
    for draft in &drafts {
        let news = work.orders.remove(&draft.order).unwrap_or_default();
        let how = How { last: !work.more_history, again: work.again.contains(&draft.order) };
        let group = desk.group(draft, &news, created(draft), how)?;
        let Some(mut group) = group else { continue };
        for state in &mut group.states {
            state.contact_ext_ids.retain(|id| !refused_contacts.contains(id));
            state.user_fields.retain(|(id, _)| !refused_fields.contains(id));
        }
        groups.push(group);
    }
    upload::upload(run, &groups)?;
    Ok(Some(desk.into_moved()))
}
