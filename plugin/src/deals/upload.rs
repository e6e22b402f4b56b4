//! Uploads the new states of deals.

use super::builder::DealUpdate;
use super::known_deals::{self, KnownDeal};
use super::uis_calls::{RECORDS_MAX, describe_refusal};
use crate::bindings::uis::integration::deals::Deal;
use crate::bindings::uis::integration::types::Failure;
use crate::deals::run::Run;

/// Uploads new states. A deal that UIS refuses is reported with its order's number and does not block the others.
pub fn upload(run: &Run<'_>, updates: &[DealUpdate]) -> Result<(), Failure> {
    let context = run.context;
    let send = |states: &[Deal]| run.uis.call(1, || context.platform.upload_deals(&run.ids.deals(states)));
    let mut batches: Vec<&[DealUpdate]> = Vec::new();
    let (mut begin, mut rows) = (0, 0);
    for (index, update) in updates.iter().enumerate() {
        if rows + update.states.len() > RECORDS_MAX && index > begin {
            batches.push(&updates[begin..index]);
            (begin, rows) = (index, 0);
        }
        rows += update.states.len();
    }
    batches.push(&updates[begin..]);
    batches.reverse();
    while let Some(batch) = batches.pop() {
        let states: Vec<Deal> = batch.iter().flat_map(|update| update.states.iter().cloned()).collect();
        if states.is_empty() {
            continue;
        }
        match (send(&states)?, batch) {
            (Ok(()), _) => {
                for update in batch {
                    known_deals::put(context, update.order, &update.sent)?;
                }
            }
            (Err(refusal), [update]) => {
                // UIS may have accepted the states in an earlier attempt, before they were stored as sent. Then only the last state is new.
                let last = &states[states.len() - 1..];
                let taken_before =
                    states.len() > 1 && refusal.field.as_deref().is_some_and(|field| field.contains("modified_stage_date_time"));
                if taken_before && send(last)?.is_ok() {
                    known_deals::put(context, update.order, &update.sent)?;
                    continue;
                }
                run.leave_out(format!("deal of order №{}", update.number), describe_refusal(&refusal));
                let before = known_deals::read(context, update.order)?.unwrap_or_default();
                let pending = update.states.iter().map(|state| (state.stage_ext_id.clone(), state.stage_modified)).collect();
                // The deal in UIS is unchanged, but the processed history record is stored.
                let KnownDeal { record, ahead, created, digest: refused, .. } = update.sent;
                known_deals::put(context, update.order, &KnownDeal { record, ahead, created, refused, pending, ..before })?;
            }
            (Err(_), _) => {
                let (first, second) = batch.split_at(batch.len() / 2);
                batches.extend([second, first]);
            }
        }
    }
    Ok(())
}
