//! Uploading what is news of deals.

use super::desk::Group;
use super::ledger::{self, Entry};
use super::uis::{ROWS, words};
use crate::bindings::uis::integration::deals::Deal;
use crate::bindings::uis::integration::types::Failure;
use crate::deals::run::Run;

/// Uploads what is news. A deal that UIS refuses is told by its order's number, and holds up no other.
pub fn upload(run: &Run<'_>, groups: &[Group]) -> Result<(), Failure> {
    let context = run.context;
    let send = |states: &[Deal]| run.uis.ask(1, || context.platform.upload_deals(states));
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
                    ledger::put(context, group.order, &group.entry)?;
                }
            }
            (Err(refusal), [group]) => {
                // It may have been taken before, and what was to be remembered of it lost: then only the last state is news.
                let last = &states[states.len() - 1..];
                let taken_before =
                    states.len() > 1 && refusal.field.as_deref().is_some_and(|field| field.contains("modified_stage_date_time"));
                if taken_before && send(last)?.is_ok() {
                    ledger::put(context, group.order, &group.entry)?;
                    continue;
                }
                run.leave_out(format!("deal of order №{}", group.number), words(&refusal));
                let before = ledger::read(context, group.order)?.unwrap_or_default();
                let pending = group.states.iter().map(|state| (state.stage_ext_id.clone(), state.stage_modified)).collect();
                // UIS has what it had; what was looked at was looked at.
                let Entry { record, ahead, created, digest: refused, .. } = group.entry;
                ledger::put(context, group.order, &Entry { record, ahead, created, refused, pending, ..before })?;
            }
            (Err(_), _) => {
                let (first, second) = part.split_at(part.len() / 2);
                parts.extend([second, first]);
            }
        }
    }
    Ok(())
}
