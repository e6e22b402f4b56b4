//! «Создавать на сотрудника»: the assignee of what a call creates.

use crate::appeals::assignee::{Assignee, Responsibles};
use crate::bindings::uis::integration::types::Failure;
use crate::context::Context;
use crate::crm_state::shops;
use crate::settings::Settings;
use crate::settings::telephony::{CallAssignee, MissedTask, OrderAssignee};
use crate::telephony::story::Story;

/// «Ответственные» of the call's direction.
pub fn responsibles<'a>(settings: &'a Settings, story: &Story) -> Responsibles<'a> {
    Responsibles { rules: &story.settings(settings).rules, default: settings.default_assignee }
}

/// The assignee of a new client. `talked`: an employee talked with the customer.
pub fn of_client(context: &Context<'_>, story: &Story, talked: bool) -> Result<Assignee, Failure> {
    let settings = context.settings()?;
    let block = story.settings(settings);
    Ok(if talked { choice(settings, story, block.first_assignee, block.first_user) } else { of_missed(settings, story) })
}

/// The assignee of an order. `first`: RetailCRM did not know the customer when the call began.
pub fn of_order(context: &Context<'_>, story: &Story, talked: bool, first: bool) -> Result<Assignee, Failure> {
    let settings = context.settings()?;
    let block = story.settings(settings);
    Ok(match settings.call_order_assignee {
        OrderAssignee::Talked => Assignee::Employee(story.talker().or_else(|| story.rung_last())),
        OrderAssignee::Default => Assignee::Default,
        OrderAssignee::Fixed => Assignee::User(settings.call_order_user),
        OrderAssignee::AsClient if !talked => of_missed(settings, story),
        OrderAssignee::AsClient if first => choice(settings, story, block.first_assignee, block.first_user),
        OrderAssignee::AsClient => choice(settings, story, block.repeat_assignee, block.repeat_user),
    })
}

/// The assignee of the task for a call without a talk; none: no task.
pub fn of_task(settings: &Settings, story: &Story) -> Option<Assignee> {
    let block = story.settings(settings);
    Some(match block.missed_task {
        MissedTask::None => return None,
        MissedTask::Manager => Assignee::Manager,
        MissedTask::Settings => Assignee::Settings,
        MissedTask::CalledLast if story.is_outgoing() => caller(story),
        MissedTask::CalledLast => Assignee::Employee(story.rung_last().or(story.end.as_ref().and_then(|end| end.employee_id))),
        MissedTask::Default => Assignee::Default,
        MissedTask::Fixed => Assignee::User(block.missed_task_user),
    })
}

fn choice(settings: &Settings, story: &Story, choice: CallAssignee, user: Option<i64>) -> Assignee {
    match choice {
        CallAssignee::FirstTalked => Assignee::Employee(story.first_talker()),
        CallAssignee::LastTalked => Assignee::Employee(story.talker()),
        CallAssignee::Called => caller(story),
        CallAssignee::Manager => Assignee::Manager,
        CallAssignee::Settings => Assignee::Settings,
        CallAssignee::Default => Assignee::Default,
        CallAssignee::Fixed => Assignee::User(user),
        CallAssignee::Shop => Assignee::User(shops::assignee(settings, story.virtual_number.as_deref())),
    }
}

/// «На совершившего звонок»: the user who clicked, else the employee who called.
fn caller(story: &Story) -> Assignee {
    match story.clicked_by {
        Some(user) => Assignee::User(Some(user)),
        None => {
            let rung = || story.rung_first().or_else(|| story.rung_last());
            Assignee::Employee(story.called_by.or_else(|| story.first_talker()).or_else(rung))
        }
    }
}

/// «Назначать ответственного за пропущенные входящие».
fn of_missed(settings: &Settings, story: &Story) -> Assignee {
    if story.settings(settings).missed_assignee { Assignee::Settings } else { Assignee::Nobody }
}
