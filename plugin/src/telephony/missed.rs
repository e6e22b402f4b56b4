//! «При потерянном входящем / неуспешном исходящем звонке создавать задачу на»: an unanswered call creates a task to call back, and a talk
//! with the same number completes it.

use super::assignees;
use crate::appeal::Appeal;
use crate::appeals::lookup::Lookup;
use crate::appeals::open_tasks;
use crate::appeals::task::{self, TaskPlan};
use crate::base::keys::Key;
use crate::bindings::uis::integration::log::Verdict as Decided;
use crate::bindings::uis::integration::types::{Failure, Skipped};
use crate::context::{Context, choice};
use crate::crm_state::working_hours;
use crate::settings::telephony::{Hours, MissedTask};
use crate::telephony::story::Story;

/// Creates the task for an unanswered call, if the settings require one.
pub fn make(context: &Context<'_>, appeal: &Appeal<'_>, story: &Story, lookup: &mut Lookup<'_>) -> Result<Vec<Skipped>, Failure> {
    let settings = context.settings()?;
    let (block, subject) = (story.settings(settings), format!("task of {}", appeal.id));
    let by = format!("{}-missed-task", story.direction_name());
    let (Some(phone), Some(assignee)) = (&appeal.identity.phone, assignees::of_task(settings, story)) else {
        let why = match block.missed_task {
            MissedTask::None => format!("it is {}", choice(&block.missed_task)),
            _ => "the call has no number".to_owned(),
        };
        context.decided(subject, &by, Decided::LeftOut, why);
        return Ok(Vec::new());
    };
    // A call that becomes known late is judged by when it happened: the call back may have been since.
    if settings.missed_call_task_close && open_tasks::is_settled(context, appeal, Key::MissedCallTask(phone))? {
        context.decided(subject, "missed-call-task-close", Decided::LeftOut, "the call back was before the call became known");
        return Ok(Vec::new());
    }
    if !in_hours(context, appeal.at)? {
        let why = format!("it is {}, and the call ended outside these hours", choice(&settings.missed_call_task_hours));
        context.decided(subject, "missed-call-task-hours", Decided::LeftOut, why);
        return Ok(Vec::new());
    }
    context.decided(subject, &by, Decided::Done, format_args!("it is {}", choice(&block.missed_task)));
    let plan = TaskPlan {
        key: Key::MissedCallTask(phone),
        once: settings.missed_call_task_once,
        name: &block.missed_task_name,
        due_hours: block.missed_task_due_hours,
        assignee,
        responsibles: assignees::responsibles(settings, story),
    };
    task::make(context, appeal, &plan, lookup)
}

/// Notes that an answered call makes no task, if the settings require one for calls that are not answered.
pub fn note_answered(context: &Context<'_>, appeal: &Appeal<'_>, story: &Story) -> Result<(), Failure> {
    if story.settings(context.settings()?).missed_task != MissedTask::None {
        let by = format!("{}-missed-task", story.direction_name());
        context.decided(format_args!("task of {}", appeal.id), &by, Decided::LeftOut, "the call was answered");
    }
    Ok(())
}

/// Completes the number's open tasks after a talk, if the setting requires it.
pub fn close(context: &Context<'_>, appeal: &Appeal<'_>) -> Result<(), Failure> {
    let settings = context.settings()?;
    let tasks = [&settings.incoming, &settings.outgoing].into_iter().any(|block| block.missed_task != MissedTask::None);
    match &appeal.identity.phone {
        Some(phone) if tasks && settings.missed_call_task_close => {
            let why = format!("it is on, and {} is a talk with the same number", appeal.id);
            context.decided(format_args!("tasks of {phone}"), "missed-call-task-close", Decided::Done, why);
            open_tasks::close(context, appeal, Key::MissedCallTask(phone))
        }
        _ => Ok(()),
    }
}

/// Whether the settings require a task for a call that ended at this time.
fn in_hours(context: &Context<'_>, at: i64) -> Result<bool, Failure> {
    let working = || working_hours::contain(context.platform, &context.crm_date_time(at)?);
    match context.settings()?.missed_call_task_hours {
        Hours::Any => Ok(true),
        Hours::Working => working(),
        Hours::NonWorking => working().map(|working| !working),
    }
}
