//! «Создавать задачу по пропущенному звонку»: an unanswered call creates a task to call back, and a talk with the same number completes it.

use crate::appeal::Appeal;
use crate::appeals::assignee::Assignee;
use crate::appeals::lookup::Lookup;
use crate::appeals::task::{self, TaskPlan};
use crate::base::keys::Key;
use crate::bindings::uis::integration::types::{Failure, Skipped};
use crate::context::Context;
use crate::crm_state::working_hours;
use crate::settings::telephony::{Hours, MissedCall, TaskAssignee};
use crate::telephony::story::{CallDirection, Story};

/// Creates the task for an unanswered call, if the settings require one.
pub fn make(context: &Context<'_>, appeal: &Appeal<'_>, story: &Story, lookup: &mut Lookup<'_>) -> Result<Vec<Skipped>, Failure> {
    let settings = context.settings()?;
    let (Some(phone), true) = (&appeal.identity.phone, wanted(context, story, appeal.at)?) else { return Ok(Vec::new()) };
    let plan = TaskPlan {
        key: Key::MissedCallTask(phone),
        once: settings.missed_call_task_once,
        name: &settings.missed_call_task_name,
        due_hours: settings.missed_call_task_due_hours,
        assignee: match settings.missed_call_task_assignee {
            TaskAssignee::CalledLast => Assignee::Employee(story.rung_last().or(story.end.as_ref().and_then(|end| end.employee_id))),
            TaskAssignee::Manager => Assignee::Manager,
            TaskAssignee::Default => Assignee::User(None),
            TaskAssignee::Fixed => Assignee::User(settings.missed_call_task_user),
        },
        default_assignee: settings.default_assignee,
    };
    task::make(context, appeal, &plan, lookup)
}

/// Completes the number's open task after a talk, if the setting requires it.
pub fn close(context: &Context<'_>, appeal: &Appeal<'_>) -> Result<(), Failure> {
    let settings = context.settings()?;
    match &appeal.identity.phone {
        Some(phone) if settings.missed_call_task && settings.missed_call_task_close => {
            task::close(context, appeal, Key::MissedCallTask(phone))
        }
        _ => Ok(()),
    }
}

/// Whether the settings require a task for such a call at such a time.
fn wanted(context: &Context<'_>, story: &Story, at: i64) -> Result<bool, Failure> {
    let settings = context.settings()?;
    let kind = if story.direction == Some(CallDirection::Out) { MissedCall::Outgoing } else { MissedCall::Incoming };
    if !settings.missed_call_task || !settings.missed_call_task_calls.contains(&kind) {
        return Ok(false);
    }
    let working = || working_hours::contain(context.platform, &context.crm_date_time(at)?);
    match settings.missed_call_task_hours {
        Hours::Any => Ok(true),
        Hours::Working => working(),
        Hours::NonWorking => working().map(|working| !working),
    }
}
