//! The tasks that appeals under one key have created and that may still be open, for example the tasks to call a number back: what is stored
//! about them, and completing them.

use serde::{Deserialize, Serialize};

use super::progress;
use crate::appeal::Appeal;
use crate::base::appeal_id::{self, AppealId};
use crate::base::keys::Key;
use crate::base::stored;
use crate::bindings::uis::integration::types::{Failure, Instant};
use crate::context::Context;
use crate::retailcrm::CrmError;
use crate::retailcrm::tasks;

/// How long a task is stored: longer than anyone leaves a task open.
pub(super) const TTL_MS: u64 = 90 * 24 * 3_600_000;
/// At most this many earlier tasks are stored under a key; the oldest are forgotten first.
const EARLIER_MAX: usize = 200;

/// The last task under a key.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct LastTask {
    /// The task's appeal; none: there was no task.
    #[serde(deserialize_with = "appeal_id::read_or_none")]
    pub(super) appeal: Option<AppealId>,
    /// When the appeal ended.
    pub(super) at: Instant,
    /// The task's name, used to find the task when the answer with its number was lost.
    pub(super) text: String,
    /// The task's number; none: it was about to be sent.
    pub(super) task: Option<i64>,
    /// While there is no number: until when the request may still arrive.
    pub(super) until: Instant,
    /// Tasks that were created before and may still be open, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) earlier: Vec<EarlierTask>,
    /// The end of the last appeal that completed the tasks of all appeals before it; 0: there was none.
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) settled_at: Instant,
}

/// A task under a key that is not the last one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct EarlierTask {
    /// The task's number.
    pub(super) task: i64,
    /// When its last appeal ended.
    pub(super) at: Instant,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde's signature
fn is_zero(at: &Instant) -> bool {
    *at == 0
}

impl LastTask {
    /// Whether the task was about to be sent and the outcome is unknown.
    pub(super) fn is_intent(&self) -> bool {
        self.task.is_none() && self.appeal.is_some()
    }

    /// The task that was about to be sent, if it arrived. An earlier task with the same name is another one.
    pub(super) fn find_open(&self, context: &Context<'_>, phone: Option<&str>) -> Result<Option<i64>, Failure> {
        let earlier: Vec<i64> = self.earlier.iter().map(|earlier| earlier.task).collect();
        Ok(tasks::find_open(context.crm, context.phones()?, &self.text, phone, &earlier)?)
    }

    /// The same without the last task, which becomes an earlier one unless it is closed.
    pub(super) fn ready_for_next(&self, is_closed: bool) -> LastTask {
        let mut earlier = self.earlier.clone();
        earlier.extend(self.task.filter(|_| !is_closed).map(|task| EarlierTask { task, at: self.at }));
        let surplus = earlier.len().saturating_sub(EARLIER_MAX);
        earlier.drain(..surplus);
        LastTask { earlier, settled_at: self.settled_at, ..LastTask::default() }
    }
}

/// Whether an appeal before which the task would have been completed has ended since: then nothing is left to be done for this appeal,
/// however late it became known.
pub fn is_settled(context: &Context<'_>, appeal: &Appeal<'_>, key: Key<'_>) -> Result<bool, Failure> {
    let last: Option<LastTask> = stored::load(context.platform, key)?;
    Ok(last.is_some_and(|last| last.settled_at > 0 && appeal.at <= last.settled_at))
}

/// Completes the open tasks under a key because this appeal was the call back that they are for. A task of a later appeal stays open. The
/// appeal's end is stored: an earlier appeal that becomes known only now needs no task.
pub fn close(context: &Context<'_>, appeal: &Appeal<'_>, key: Key<'_>) -> Result<(), Failure> {
    if progress::read(context, appeal.id)?.task_closed {
        return Ok(());
    }
    let mut left: LastTask = stored::load(context.platform, key)?.unwrap_or_default();
    let mut refused = None;
    let mut open = Vec::new();
    for earlier in std::mem::take(&mut left.earlier) {
        let is_open = earlier.at > appeal.at || !completed(tasks::complete(context.crm, earlier.task), &mut refused)?;
        open.extend(is_open.then_some(earlier));
    }
    let closes_last = left.at <= appeal.at && completed(complete_last(context, &left, appeal.identity.phone.as_deref())?, &mut refused)?;
    let settled_at = left.settled_at.max(appeal.at);
    left = if closes_last { LastTask::default() } else { left };
    (left.earlier, left.settled_at) = (open, settled_at);
    stored::put(context.platform, key, &left, Some(TTL_MS))?;
    match refused {
        Some(refusal) => Err(refusal.into()),
        None => progress::update(context, appeal.id, |progress| progress.task_closed = true),
    }
}

/// Whether a task was completed. A refusal is kept: the other tasks are completed before it is returned.
fn completed(result: Result<(), CrmError>, refused: &mut Option<CrmError>) -> Result<bool, Failure> {
    match result {
        Err(refusal @ CrmError::Refused { .. }) => {
            refused.get_or_insert(refusal);
            Ok(false)
        }
        result => Ok(result.map(|()| true)?),
    }
}

/// Completes the last task under a key; the inner result is RetailCRM's answer.
fn complete_last(context: &Context<'_>, last: &LastTask, phone: Option<&str>) -> Result<Result<(), CrmError>, Failure> {
    let task = match last.task {
        None if last.is_intent() => {
            context.wait_for_intent("the task", last.until)?;
            last.find_open(context, phone)?
        }
        known => known,
    };
    Ok(task.map_or(Ok(()), |task| tasks::complete(context.crm, task)))
}
