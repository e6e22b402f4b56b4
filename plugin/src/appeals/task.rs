//! A task for an appeal. It needs no customer: a task takes the phone itself.
//!
//! RetailCRM has no key against doubled tasks, so the intent is written first, and one found open is looked up before it is sent again.

use serde::{Deserialize, Serialize};

use super::assignee::Assignee;
use super::lookup::Lookup;
use super::progress;
use crate::appeal::Appeal;
use crate::base::outcome::skipped;
use crate::base::{local_time, stored, template};
use crate::bindings::uis::integration::decision::DraftKind;
use crate::bindings::uis::integration::log::Level;
use crate::bindings::uis::integration::types::{Failure, Instant, Skipped};
use crate::crm_state::zone;
use crate::platform::Platform;
use crate::retailcrm::tasks::{self, Task};
use crate::retailcrm::{Crm, CrmError};
use crate::rules::{self, Fields, For, Reviewed};

/// A task that was made is remembered this long: longer than any task stays open that somebody still looks at.
const TTL_MS: u64 = 90 * 24 * 3_600_000;
/// A task's name is at most so long, in characters [inferred].
const NAME_MAX: usize = 255;
const HOUR_MS: i64 = 3_600_000;

/// What is wanted.
pub struct Wish<'a> {
    /// Where the last such task is remembered: one key for what should have but one open task.
    pub key: String,
    /// No second task while the first is open.
    pub once: bool,
    /// A template of its name.
    pub name: &'a str,
    /// Hours from the appeal's end to when it is due.
    pub due_hours: u32,
    /// Who performs it.
    pub responsible: Assignee,
    /// Who does when nobody else is known.
    pub default_responsible: Option<i64>,
}

/// The task that was made last under a key.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Made {
    /// For which appeal; empty: none was.
    appeal: String,
    /// When that ended.
    at: Instant,
    /// Its name, by which it is found again when its number was not told.
    text: String,
    /// Its number; none: it was about to be sent.
    task: Option<i64>,
}

/// Makes the task, once for an appeal: somebody may have completed it since, or another appeal may have its own under the key.
pub fn make(platform: &dyn Platform, appeal: &Appeal<'_>, wish: &Wish<'_>, lookup: &mut Lookup<'_>) -> Result<Vec<Skipped>, Failure> {
    let known = progress::read(platform, &appeal.id);
    if known.skipped || known.tasked {
        return Ok(Vec::new());
    }
    let Some(left_out) = attempt(platform, appeal, wish, lookup)? else {
        return Ok(vec![skipped(format!("task for {}", appeal.id), "nobody to perform it is known; choose a default responsible")]);
    };
    progress::note(platform, &appeal.id, |progress| progress.tasked = true)?;
    Ok(left_out)
}

/// Gives what was left out of the task, or why there is none; nothing when nobody is known to perform it: somebody may be chosen.
fn attempt(
    platform: &dyn Platform,
    appeal: &Appeal<'_>,
    wish: &Wish<'_>,
    lookup: &mut Lookup<'_>,
) -> Result<Option<Vec<Skipped>>, Failure> {
    let crm = lookup.crm();
    let phone = appeal.who.phone.as_deref();
    let made: Made = stored::load(platform, &wish.key).unwrap_or_default();
    match made.task {
        Some(_) if made.appeal == appeal.id => return Ok(Some(Vec::new())),
        Some(task) if wish.once && tasks::is_open(crm, task)? => {
            platform.log(Level::Info, "the task is still open", &[("task", &task.to_string())]);
            return Ok(Some(Vec::new()));
        }
        // Perhaps it arrived: then it is the one, whichever appeal it was for.
        None if !made.appeal.is_empty() => {
            if let Some(task) = tasks::find_open(crm, &made.text, phone)? {
                stored::put(platform, &wish.key, &Made { task: Some(task), ..made.clone() }, Some(TTL_MS))?;
                if made.appeal == appeal.id || wish.once {
                    return Ok(Some(Vec::new()));
                }
            }
        }
        _ => {}
    }
    let customer = lookup.customer()?;
    let proposed = wish.responsible.user(platform, lookup, wish.default_responsible)?;
    let Some(performer) = rules::responsible(platform, appeal, For::Task, proposed) else { return Ok(None) };
    let due = appeal.at + i64::from(wish.due_hours) * HOUR_MS;
    let mut task = Task {
        text: name(platform, appeal, wish),
        // Minutes are all that RetailCRM takes.
        datetime: zone::crm_date_time(platform, due)?.chars().take(16).collect(),
        performer_id: performer,
        phone: phone.map(str::to_owned),
        phone_site: appeal.site.clone(),
        customer: customer.map(|customer| serde_json::json!({"id": customer.id})),
    };
    let plain = proposed.map(|performer| Task { performer_id: performer, ..task.clone() });
    match rules::review(platform, appeal, DraftKind::Task, || drafted(&task)) {
        Reviewed::Keep => {}
        Reviewed::Changed(changed) => {
            task.text = changed.text("text").unwrap_or(task.text);
            task.datetime = changed
                .text("due")
                .filter(|due| local_time::parse(due).is_some())
                .map_or(task.datetime, |due| due.chars().take(16).collect());
            task.performer_id = changed.integer("performer").unwrap_or(performer);
        }
        Reviewed::Skip(why) => return Ok(Some(vec![skipped(format!("task for {}", appeal.id), format!("a rule: {why}"))])),
    }
    let mut left_out = Vec::new();
    let mut intent = Made { appeal: appeal.id.clone(), at: appeal.at, text: task.text.clone(), task: None };
    stored::put(platform, &wish.key, &intent, Some(TTL_MS))?;
    let mut created = tasks::create(crm, &task);
    if let (Err(error @ CrmError::Refused { .. }), Some(plain)) = (&created, plain.filter(|plain| *plain != task)) {
        left_out.push(rules::refused(platform, format!("task for {}", appeal.id), error));
        intent.text.clone_from(&plain.text);
        stored::put(platform, &wish.key, &intent, Some(TTL_MS))?;
        created = tasks::create(crm, &plain);
    }
    match created {
        Ok(task) => stored::put(platform, &wish.key, &Made { task: Some(task), ..intent }, Some(TTL_MS))?,
        // Surely nothing is there: what was made before counts again.
        Err(error @ (CrmError::NotSent { .. } | CrmError::Busy { .. } | CrmError::Refused { .. })) => {
            stored::put(platform, &wish.key, &made, Some(TTL_MS))?;
            return Err(error.into());
        }
        Err(error) => return Err(error.into()),
    }
    Ok(Some(left_out))
}

/// Completes the open task under a key: this appeal has done what it asked for. A task for what happened later stays.
pub fn close(platform: &dyn Platform, appeal: &Appeal<'_>, key: &str) -> Result<(), Failure> {
    let made = stored::load::<Made>(platform, key).filter(|made| made.at <= appeal.at);
    if let (Some(made), false) = (made, progress::read(platform, &appeal.id).task_closed) {
        complete(platform, made, key, appeal.who.phone.as_deref())?;
    }
    progress::note(platform, &appeal.id, |progress| progress.task_closed = true)
}

fn complete(platform: &dyn Platform, made: Made, key: &str, phone: Option<&str>) -> Result<(), Failure> {
    let crm = Crm::new(platform);
    let task = match made.task {
        Some(task) => Some(task),
        None if made.appeal.is_empty() => None,
        None => tasks::find_open(crm, &made.text, phone)?,
    };
    if let Some(task) = task {
        tasks::complete(crm, task)?;
    }
    stored::forget(platform, key)
}

/// A new task as rules see it.
fn drafted(task: &Task) -> Fields {
    Fields::default()
        .text("text", Some(task.text.clone()))
        .text("due", Some(task.datetime.clone()))
        .integer("performer", Some(task.performer_id))
        .text("phone", task.phone.clone())
        .text("shop", task.phone_site.clone())
}

/// The task's name.
fn name(platform: &dyn Platform, appeal: &Appeal<'_>, wish: &Wish<'_>) -> String {
    let unknown = |name: &str| platform.log(Level::Info, "a template asks for what is not told", &[("parameter", name)]);
    let whole = template::render(wish.name, |name| appeal.told.get(name), unknown);
    let line = template::fit(platform, "task's name", &whole, NAME_MAX);
    // Values that are all empty leave nothing; a task must have a name.
    if line.is_empty() { Some(appeal.who.shown()).filter(|shown| !shown.is_empty()).unwrap_or_else(|| appeal.id.clone()) } else { line }
}
