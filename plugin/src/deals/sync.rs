//! One run: reads changes since the last run and the changed orders, and uploads their deals. What UIS accepted is stored at once; the plan
//! is stored at the end. So a failed run is repeated from the old plan, and uploads nothing twice.

use std::collections::{BTreeMap, BTreeSet};

use super::builder::{BuildOptions, DealBuilder, OrderChanges, RefusedParts, StageByStatus};
use super::draft::{self, Draft};
use super::ids::{self, NoIds};
use super::plan::{self, Cursor, Plan, Resend};
use super::run::Run;
use super::stages::{self, Change};
use super::uis_calls::describe_refusal;
use super::{hints, known_deals, loading, owner, prerequisites, upload};
use crate::base::keys::{Family, Key};
use crate::base::outcome::{Handled, done, done_with_skipped, skipped};
use crate::base::stored;
use crate::base::timers::TimerName;
use crate::bindings::uis::integration::log::{Level, Verdict as Decided};
use crate::bindings::uis::integration::types::{Failure, Instant, Skipped};
use crate::context::Context;
use crate::crm_state::{known_fields, outage};
use crate::retailcrm::custom_fields::Entity;
use crate::retailcrm::order_history::{self, RecordKind};
use crate::retailcrm::whole_orders::{self, BATCH_SIZES, WholeOrder};
use crate::retailcrm::{Crm, CrmError, answer};

/// The batch size is reduced for a day; after that, larger batches are tried again.
const BATCH_SIZE_TTL_MS: u64 = 24 * 3_600_000;
/// The most history pages per run.
const PAGES_MAX: usize = 5;
/// The pause between two runs of the same work, so that other requests to UIS and RetailCRM are not delayed.
const NEXT_MS: i64 = 5_000;

/// The orders to process in this run.
#[derive(Debug, Default)]
struct Work {
    orders: BTreeMap<i64, OrderChanges>,
    deleted: BTreeSet<i64>,
    /// Orders that are already loaded.
    loaded: Vec<WholeOrder>,
    hinted: Vec<i64>,
    /// What was skipped while the orders were gathered.
    left_out: Vec<Skipped>,
    /// Deals that are sent again because a setting changed.
    resend: BTreeSet<i64>,
    /// When reading the history began.
    began: Instant,
    /// Whether the history has more pages.
    more_history: bool,
    /// Whether there are more hints.
    more_hints: bool,
}

/// Handles the repeating timer. A temporary failure is not retried at once; the next run is in ten minutes.
pub fn on_timer(context: &Context<'_>) -> Handled {
    // The next run is this one's next attempt.
    match outage::watch(context.platform, &TimerName::Deals.to_string(), 2, run_once(context)) {
        Err(Failure::Retry(later)) => {
            context.platform.log(Level::Info, "deals wait for the next run", &[("why", &later.reason)]);
            // Report now what was already skipped.
            let unreported = take_unreported(context)?;
            stored::forget(context.platform, Key::DealsUnreported)?;
            done_with_skipped(unreported)
        }
        other => other,
    }
}

/// Handles the timer of an early run.
pub fn on_soon(context: &Context<'_>) -> Handled {
    stored::forget(context.platform, Key::DealsSoon)?;
    run_once(context)
}

fn run_once(context: &Context<'_>) -> Handled {
    if !super::sends(context)? {
        return done();
    }
    if let Some(lost) = owner::look_again(context)? {
        return done_with_skipped(lost);
    }
    let ids = match ids::of(context) {
        Ok(ids) => ids,
        Err(NoIds::Unknown(why)) => return forbidden(context, why, "deals wait, because their ids in UIS name the account"),
        Err(NoIds::Busy) => return super::soon(context, NEXT_MS).and_then(|()| done()),
        Err(NoIds::Failure(failure)) => return Err(failure),
    };
    let mut plan = plan::load(context)?;
    let batch_size = stored::load::<usize>(context.platform, Key::DealsBatchSize)?
        .filter(|batch_size| BATCH_SIZES.contains(batch_size))
        .unwrap_or(BATCH_SIZES[0]);
    let mut work = match read_history(context, &mut plan, batch_size) {
        Ok(work) => work,
        Err(StopReason::Forbidden(why)) => {
            return forbidden(context, why, "give the key the right order_read, or switch deals off");
        }
        Err(StopReason::Failure(failure)) => return Err(failure),
    };
    stored::forget(context.platform, Key::DealsForbidden)?;
    add_pending_orders(context, &mut plan, &mut work, batch_size)?;
    let orders = match read_orders(context.crm, &mut work, batch_size) {
        Err(CrmError::TooLarge { .. }) if batch_size > BATCH_SIZES[BATCH_SIZES.len() - 1] => {
            // The orders are too long. Nothing was changed yet, so start again with a smaller batch.
            let fewer = BATCH_SIZES.into_iter().find(|fewer| *fewer < batch_size).unwrap_or(batch_size);
            context.platform.log(
                Level::Info,
                "the orders are too long for one answer; smaller batches are read",
                &[("orders", &fewer.to_string())],
            );
            stored::put(context.platform, Key::DealsBatchSize, &fewer, Some(BATCH_SIZE_TTL_MS))?;
            return super::soon(context, 0).and_then(|()| done());
        }
        other => other?,
    };
    let mut left_out = take_unreported(context)?;
    // A run that failed may have reported the same.
    work.left_out.retain(|new| !left_out.iter().any(|known| (&known.what, &known.why) == (&new.what, &new.why)));
    left_out.append(&mut work.left_out);
    let run = Run::new(context, ids, left_out)?;
    let uploaded = upload_changes(&run, &mut work, orders);
    let calls = run.uis.calls_made();
    let left_out = run.into_left_out();
    let stages = match uploaded {
        Ok(stages) => stages,
        Err(failure) => {
            // The run will be repeated, but records that UIS refused are not sent again. Store the refusals, so that the repeated run
            // reports them.
            if !left_out.is_empty() {
                let unreported: Vec<(&str, &str)> = left_out.iter().map(|skipped| (skipped.what.as_str(), skipped.why.as_str())).collect();
                stored::put(context.platform, Key::DealsUnreported, &unreported, None)?;
            }
            return Err(failure);
        }
    };
    // Start again from the first deal, even if an earlier change already causes all deals to be sent again: the deals sent so far have the
    // old stages.
    let again = stages.as_ref().map(|stages| stages.any_moved(context)).transpose()?;
    if again == Some(true) {
        plan.resend = Some(Resend::default());
    }
    plan::put(context, &plan)?;
    if let Some(stages) = stages {
        stages.remember(context)?;
    }
    stored::forget(context.platform, Key::DealsUnreported)?;
    hints::mark_done(context, &work.hinted)?;
    if work.more_history || work.more_hints || plan.loading.is_some() || plan.resend.is_some() {
        super::soon(context, NEXT_MS.max(i64::from(calls) * 1000))?;
    }
    done_with_skipped(left_out)
}

/// What failed runs skipped and did not report.
fn take_unreported(context: &Context<'_>) -> Result<Vec<Skipped>, Failure> {
    let unreported: Vec<(String, String)> = stored::load(context.platform, Key::DealsUnreported)?.unwrap_or_default();
    Ok(unreported.into_iter().map(|(what, why)| skipped(what, why)).collect())
}

/// Why reading the history stopped.
enum StopReason {
    Forbidden(String),
    Failure(Failure),
}

impl From<Failure> for StopReason {
    fn from(failure: Failure) -> StopReason {
        StopReason::Failure(failure)
    }
}

/// The key may not read what deals need: reported once; everything else of the integration continues.
fn forbidden(context: &Context<'_>, why: String, what_to_do: &str) -> Handled {
    if stored::exists(context.platform, Key::DealsForbidden) {
        return done();
    }
    stored::put(context.platform, Key::DealsForbidden, &true, None)?;
    done_with_skipped(vec![skipped("deals", format!("{why}; {what_to_do}"))])
}

/// Reads the changes of orders since the last run.
fn read_history(context: &Context<'_>, plan: &mut Plan, batch_size: usize) -> Result<Work, StopReason> {
    let began = context.platform.now();
    let mut work = Work { began, ..Work::default() };
    let mut cursor = plan.cursor.clone().unwrap_or(Cursor::At(context.platform.now()));
    for _ in 0..PAGES_MAX {
        let page = match order_history::page(context.crm, &cursor.from(context)?, batch_size) {
            Ok(page) => page,
            Err(error @ CrmError::Forbidden { .. }) => return Err(StopReason::Forbidden(error.to_string())),
            Err(error) => return Err(StopReason::Failure(error.into())),
        };
        for record in page.records {
            let at = context.instant(&record.at)?;
            let order_changes = work.orders.entry(record.order).or_default();
            order_changes.record = order_changes.record.max(record.id);
            order_changes.at = order_changes.at.max(at);
            match record.kind {
                RecordKind::Status { from, to } => {
                    order_changes.status_changes.push(Change {
                        record: record.id,
                        at: at.unwrap_or_else(|| context.platform.now()),
                        from,
                        to,
                    });
                }
                RecordKind::Deleted(into) => {
                    work.deleted.insert(record.order);
                    if let Some(into) = into {
                        work.orders.entry(into).or_default();
                    }
                }
                RecordKind::Other => {}
            }
        }
        if let Some(last) = page.last {
            cursor = Cursor::After(last);
        }
        work.more_history = page.more;
        if !page.more || work.orders.len() >= orders_per_run(batch_size) {
            break;
        }
    }
    plan.cursor = Some(cursor);
    if !work.more_history {
        plan.read_at = Some(began);
    }
    Ok(work)
}

/// Adds further orders as far as there is room: orders with hints and, once the history is read to its end, orders to be loaded or sent
/// again.
fn add_pending_orders(context: &Context<'_>, plan: &mut Plan, work: &mut Work, batch_size: usize) -> Result<(), Failure> {
    // While older history is being read, an unknown order would be uploaded in its current state, and its earlier stages would come too
    // late.
    if work.more_history {
        let unknown = |id: i64, changes: &OrderChanges| -> Result<bool, Failure> {
            Ok(changes.status_changes.is_empty() && !work.deleted.contains(&id) && known_deals::read(context, id)?.is_none())
        };
        let mut early = Vec::new();
        for (id, changes) in &work.orders {
            if unknown(*id, changes)? {
                early.push(*id);
            }
        }
        for order in early {
            hints::postpone(context, order)?;
            work.orders.remove(&order);
        }
        return Ok(());
    }
    let (hinted, more) = hints::pending(context, batch_size.saturating_sub(work.orders.len()));
    for order in &hinted {
        work.orders.entry(*order).or_default();
    }
    work.hinted = hinted;
    work.more_hints = more;
    if work.orders.len() < orders_per_run(batch_size) && plan.loading.is_some() {
        work.loaded = loading::read(context, plan, &mut work.left_out)?;
        for id in work.loaded.iter().filter_map(|order| answer::id(&order.id)) {
            work.orders.entry(id).or_default();
        }
    } else if work.orders.len() < orders_per_run(batch_size)
        && let Some(done) = plan.resend.take()
    {
        let page = stored::page(context.platform, Family::Deals, done.cursor.as_deref(), batch_size);
        for id in page.ids() {
            work.orders.entry(id).or_default();
            work.resend.insert(id);
        }
        plan.resend = page.next.map(|next| Resend { cursor: Some(next) });
    }
    Ok(())
}

/// About how many orders one run processes: enough to use a request well, few enough for a handler's memory and time.
fn orders_per_run(batch_size: usize) -> usize {
    batch_size / 2
}

/// Reads the orders to process.
fn read_orders(crm: Crm<'_>, work: &mut Work, batch_size: usize) -> Result<Vec<WholeOrder>, CrmError> {
    let mut orders = std::mem::take(&mut work.loaded);
    let there: BTreeSet<i64> = orders.iter().filter_map(|order| answer::id(&order.id)).collect();
    let needed = |id: &i64| !there.contains(id) && !work.deleted.contains(id);
    let ids: Vec<i64> = work.orders.keys().copied().filter(needed).collect();
    if !ids.is_empty() {
        orders.extend(whole_orders::by_ids(crm, &ids, batch_size)?);
    }
    Ok(orders)
}

/// Whether the order's status changed after this run read the history. Its current stage would hide the stages before it, which UIS does not
/// accept afterwards. So this run sends only what the history contains, and the next one, soon, reads the rest.
fn is_newer_than_history(context: &Context<'_>, work: &mut Work, draft: &Draft, changes: &OrderChanges) -> Result<bool, Failure> {
    let Some(since) = context.instant(&draft.since)? else { return Ok(false) };
    let reading = work.began..=context.platform.now();
    if !stages::changed_while_reading((&draft.status, since), &changes.status_changes, reading) {
        return Ok(false);
    }
    hints::postpone(context, draft.order)?;
    work.hinted.retain(|hinted| *hinted != draft.order);
    work.more_hints = true;
    Ok(true)
}

/// Runs over more orders note no decision for each: the host keeps a limited number of decisions per event.
const NOTED_MAX: usize = 50;

/// Uploads the changes of these orders. Returns the current stages of statuses; none if there are no deals.
fn upload_changes(run: &Run<'_>, work: &mut Work, orders: Vec<WholeOrder>) -> Result<Option<StageByStatus>, Failure> {
    let (context, settings) = (run.context, run.settings);
    for order in &work.deleted {
        // An attempt that a crash ended may have uploaded the deal of an order that changed in this part of the history, without a trace.
        if known_deals::read(context, *order)?.is_some() || work.orders.contains_key(order) {
            context.decided(format_args!("deal of order {order}"), "deals", Decided::Done, "the order was deleted in RetailCRM");
            // Deleting a deal that does not exist is not an error in UIS.
            if let Err(refusal) = run.uis.call(1, || context.platform.delete_deal(&run.ids.full(&draft::ext_id(*order))))? {
                run.leave_out(format!("deletion of the deal of order {order}"), describe_refusal(&refusal));
            }
            known_deals::forget(context, *order)?;
        }
        work.orders.remove(order);
    }
    let (fields, reader) = (known_fields::of(context.platform, Entity::Order)?, context.phones()?);
    let drafts: Vec<Draft> = orders.iter().filter_map(|order| draft::of(order, settings, &fields, reader)).collect();
    drop(orders);
    if drafts.is_empty() && prerequisites::known_funnels(context.platform).is_empty() {
        return Ok(None);
    }
    let mut builder = DealBuilder::prepare(run, &drafts, &work.orders)?;
    let refused_fields = if drafts.is_empty() { BTreeSet::new() } else { prerequisites::fields(run, &fields)? };
    builder.upload_assignees(&drafts)?;
    let now = context.platform.now();
    let created = |draft: &Draft| -> Instant { context.instant(&draft.created).ok().flatten().unwrap_or(now).min(now) };
    let of_contact = |draft: &Draft, contact: &draft::Contact| {
        let own = context.instant(&contact.created).ok().flatten();
        own.unwrap_or_else(|| created(draft)).min(now)
    };
    builder.without(RefusedParts { contacts: prerequisites::contacts(run, &drafts, of_contact)?, fields: refused_fields });
    let mut updates = Vec::new();
    for draft in &drafts {
        let changes = work.orders.remove(&draft.order).unwrap_or_default();
        let newer = is_newer_than_history(context, work, draft, &changes)?;
        if newer && changes.status_changes.is_empty() && known_deals::read(context, draft.order)?.is_none() {
            let why = "its status changed while the history was read, so the next run sends it";
            context.left_out(format_args!("deal of order {}", draft.order), why);
            continue;
        }
        let options = BuildOptions { history_complete: !work.more_history && !newer, resend: work.resend.contains(&draft.order) };
        let update = builder.update_of(draft, &changes, created(draft), options)?;
        if let Some(update) = update.as_ref().filter(|update| !update.states.is_empty() && drafts.len() <= NOTED_MAX) {
            let why = format!("order №{} has status {}; {} new states of its deal", draft.number, draft.status, update.states.len());
            context.decided(format_args!("deal of order {}", draft.order), "deals", Decided::Done, why);
        }
        updates.extend(update);
    }
    upload::upload(run, &updates)?;
    Ok(Some(builder.into_stages()))
}
