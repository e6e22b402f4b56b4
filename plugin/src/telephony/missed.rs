//! «Создавать задачу по пропущенному звонку»: a call that nobody answered makes a task to call back. It needs no customer: a task takes
//! the phone itself.
//!
//! RetailCRM has no key against doubled tasks, so the intent is written first, and one found open is looked up before it is sent again.

use serde::{Deserialize, Serialize};

use crate::bindings::uis::integration::log::Level;
use crate::bindings::uis::integration::types::{Failure, Skipped};
use crate::employees;
use crate::memory;
use crate::outcome::skipped;
use crate::platform::Platform;
use crate::retailcrm::tasks::{self, Task};
use crate::retailcrm::{Crm, CrmError};
use crate::settings::Settings;
use crate::settings::telephony::{Hours, MissedCall, TaskResponsible};
use crate::shops;
use crate::telephony::lookup::Lookup;
use crate::telephony::parameters::Parameters;
use crate::telephony::story::{self, Story, Way};
use crate::template;
use crate::time;
use crate::worktime;

/// A task that was made for a phone is remembered this long: longer than any task stays open that somebody still looks at.
const TTL_MS: u64 = 90 * 24 * 3_600_000;
/// A task's name is at most so long, in characters [inferred].
const NAME_MAX: usize = 255;
const HOUR_MS: i64 = 3_600_000;

/// The task that was made last for a phone.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Made {
    /// By which call.
    session: i64,
    /// Its name, by which it is found again when its number was not told.
    text: String,
    /// Its number; none: it was about to be sent.
    task: Option<i64>,
}

fn key(phone: &str) -> String {
    format!("missed-call-task/{phone}")
}

/// Makes the task of a call that nobody answered, if the settings want one.
pub fn task(
    platform: &dyn Platform,
    session: i64,
    story: &Story,
    settings: &Settings,
    lookup: &mut Lookup<'_>,
) -> Result<Vec<Skipped>, Failure> {
    if !wanted(settings, story) || !at_such_time(platform, settings, story)? {
        return Ok(Vec::new());
    }
    let (crm, phone) = (lookup.crm(), &lookup.phone().to_owned());
    let made: Made = memory::load(platform, &key(phone)).unwrap_or_default();
    match made.task {
        Some(_) if made.session == session => return Ok(Vec::new()),
        Some(task) if settings.missed_call_task_once && tasks::is_open(crm, task)? => {
            platform.log(Level::Info, "the task for this number is still open", &[("task", &task.to_string())]);
            return Ok(Vec::new());
        }
        // Perhaps it arrived: then it is the one, whichever call it was for.
        None if made.session != 0 => {
            if let Some(task) = tasks::find_open(crm, &made.text, phone)? {
                memory::put(platform, &key(phone), &Made { task: Some(task), ..made.clone() }, Some(TTL_MS))?;
                if made.session == session || settings.missed_call_task_once {
                    return Ok(Vec::new());
                }
            }
        }
        _ => {}
    }
    let customer = lookup.customer()?;
    let Some(performer) = performer(platform, settings, story, lookup)? else {
        return Ok(vec![skipped(
            format!("task for call {}", story::external_id(session)),
            "nobody to perform it is known; choose default-responsible",
        )]);
    };
    let text = name(platform, settings, session, story)?;
    memory::put(platform, &key(phone), &Made { session, text: text.clone(), task: None }, Some(TTL_MS))?;
    let due = story.end.as_ref().map_or(0, |end| end.at) + i64::from(settings.missed_call_task_due_hours) * HOUR_MS;
    let task = Task {
        text: text.clone(),
        // Minutes are all that RetailCRM takes.
        datetime: time::crm_date_time(platform, due)?.chars().take(16).collect(),
        performer_id: performer,
        phone: phone.clone(),
        phone_site: shops::of_call(platform, settings, story.virtual_number.as_deref()),
        customer: customer.map(|customer| serde_json::json!({"id": customer.id})),
    };
    match tasks::create(crm, &task) {
        Ok(task) => memory::put(platform, &key(phone), &Made { session, text, task: Some(task) }, Some(TTL_MS))?,
        // Surely nothing is there: what was made before counts again.
        Err(error @ (CrmError::NotSent { .. } | CrmError::Busy { .. } | CrmError::Refused { .. })) => {
            memory::put(platform, &key(phone), &made, Some(TTL_MS))?;
            return Err(error.into());
        }
        Err(error) => return Err(error.into()),
    }
    Ok(Vec::new())
}

/// A talk with the number completes its open task, if the setting wants it.
pub fn close(platform: &dyn Platform, story: &Story, settings: &Settings) -> Result<(), Failure> {
    let Some(phone) = story.phone.as_ref().filter(|_| settings.missed_call_task && settings.missed_call_task_close) else { return Ok(()) };
    let Some(made) = memory::load::<Made>(platform, &key(phone)) else { return Ok(()) };
    let crm = Crm::new(platform);
    let task = match made.task {
        Some(task) => Some(task),
        None => tasks::find_open(crm, &made.text, phone)?,
    };
    if let Some(task) = task {
        tasks::complete(crm, task)?;
    }
    memory::forget(platform, &key(phone))
}

/// Whether such calls make a task.
fn wanted(settings: &Settings, story: &Story) -> bool {
    let kind = if story.direction == Some(Way::Out) { MissedCall::Outgoing } else { MissedCall::Incoming };
    settings.missed_call_task && settings.missed_call_task_calls.contains(&kind)
}

/// Whether calls of that time do.
fn at_such_time(platform: &dyn Platform, settings: &Settings, story: &Story) -> Result<bool, Failure> {
    let at = story.end.as_ref().map_or(0, |end| end.at);
    match settings.missed_call_task_hours {
        Hours::Any => Ok(true),
        Hours::Working => worktime::working(platform, at),
        Hours::NonWorking => worktime::working(platform, at).map(|working| !working),
    }
}

/// Who performs the task.
fn performer(platform: &dyn Platform, settings: &Settings, story: &Story, lookup: &mut Lookup<'_>) -> Result<Option<i64>, Failure> {
    let called = || {
        let end = story.end.as_ref()?;
        let rung = end.rung_last.or(story.popups.last().map(|popup| popup.employee_id)).filter(|id| *id != 0);
        let employee = rung.or(end.employee_id)?;
        employees::of_employee(platform, employee).map(|tie| tie.user_id)
    };
    let chosen = match settings.missed_call_task_responsible {
        TaskResponsible::CalledLast => called(),
        TaskResponsible::Manager => lookup.manager()?,
        TaskResponsible::Default => None,
        TaskResponsible::Fixed => settings.missed_call_task_user,
    };
    Ok(chosen.or(settings.default_responsible))
}

/// The task's name.
fn name(platform: &dyn Platform, settings: &Settings, session: i64, story: &Story) -> Result<String, Failure> {
    let parameters = Parameters::of(platform, session, story)?;
    let unknown = |name: &str| platform.log(Level::Info, "a template asks for what the call does not tell", &[("parameter", name)]);
    let whole = template::render(&settings.missed_call_task_name, |name| parameters.get(name), unknown);
    let line = template::fit(platform, "task's name", &whole, NAME_MAX);
    // Values that are all empty leave nothing; a task must have a name.
    Ok(if line.is_empty() { format!("+{}", story.phone.clone().unwrap_or_default()) } else { line })
}
