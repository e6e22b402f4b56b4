//! Uploading what is news of deals.

use super::desk::Group;
use super::ledger::{self, Entry};
use super::uis::{ROWS, Uis, words};
use crate::base::outcome::skipped;
use crate::bindings::uis::integration::deals::Deal;
use crate::bindings::uis::integration::types::{Failure, Skipped};
use crate::platform::Platform;

/// Uploads what is news. A deal that UIS refuses is told by its order's number, and holds up no other.
pub fn upload(platform: &dyn Platform, uis: &Uis, groups: &[Group], left_out: &mut Vec<Skipped>) -> Result<(), Failure> {
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
                let taken_before =
                    states.len() > 1 && refusal.field.as_deref().is_some_and(|field| field.contains("modified_stage_date_time"));
                if taken_before && send(last)?.is_ok() {
                    ledger::put(platform, group.order, &group.entry)?;
                    continue;
                }
                left_out.push(skipped(format!("deal of order №{}", group.number), words(&refusal)));
                let before = ledger::read(platform, group.order).unwrap_or_default();
                let pending = group.states.iter().map(|state| (state.stage_ext_id.clone(), state.stage_modified)).collect();
                // UIS has what it had; what was looked at was looked at.
                let Entry { record, ahead, created, digest: refused, .. } = group.entry;
                ledger::put(platform, group.order, &Entry { record, ahead, created, refused, pending, ..before })?;
            }
            (Err(_), _) => {
                let (first, second) = part.split_at(part.len() / 2);
                parts.extend([second, first]);
            }
        }
    }
    Ok(())
}
