//! A task for an appeal. It needs no customer: a task can contain just the phone.
//!
//! RetailCRM has no idempotency key for tasks. So an intent is stored before the request is sent, with the time until which the request may
//! still arrive. A retry that finds an intent waits for that time, looks the task up, and sends it again only if it is not there.

use serde::{Deserialize, Serialize};

use super::assignee::{Assignee, Responsibles};
use super::lookup::Lookup;
use super::{progress, whole_lists};
use crate::appeal::Appeal;
use crate::base::appeal_id::{self, AppealId};
use crate::base::keys::Key;
use crate::base::outcome::skipped;
use crate::base::{local_time, stored, template};
use crate::bindings::uis::integration::decision::DraftKind;
use crate::bindings::uis::integration::log::Level;
use crate::bindings::uis::integration::types::{Failure, Instant, Skipped};
use crate::context::Context;
use crate::retailcrm::CrmError;
use crate::retailcrm::tasks::{self, Task};
use crate::rules::{self, AssigneeFor, Fields, Reviewed};

/// How long a task is stored: longer than anyone leaves a task open.
const TTL_MS: u64 = 90 * 24 * 3_600_000;
/// The longest name of a task, in characters [inferred].
const NAME_MAX: usize = 255;
const HOUR_MS: i64 = 3_600_000;

/// How the task is created.
pub struct TaskPlan<'a> {
    /// The key under which the last task is stored. Appeals that should share one open task have the same key.
    pub key: Key<'a>,
    /// Do not create a second task while the first is open.
    pub once: bool,
    /// Template of the task's name.
    pub name: &'a str,
    /// Hours from the appeal's end until the task is due.
    pub due_hours: u32,
    /// The assignee.
    pub assignee: Assignee,
    /// «Ответственные»: the assignee if that names nobody.
    pub responsibles: Responsibles<'a>,
}

/// The last task under a key.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct LastTask {
    /// The task's appeal; none: there was no task.
    #[serde(deserialize_with = "appeal_id::read_or_none")]
    appeal: Option<AppealId>,
    /// When the appeal ended.
    at: Instant,
    /// The task's name, used to find the task when the answer with its number was lost.
    text: String,
    /// The task's number; none: it was about to be sent.
    task: Option<i64>,
    /// While there is no number: until when the request may still arrive.
    until: Instant,
}

impl LastTask {
    /// Whether the task was about to be sent and the outcome is unknown.
    fn is_intent(&self) -> bool {
        self.task.is_none() && self.appeal.is_some()
    }
}

/// Creates the task, at most once per appeal. Progress is kept separately from the key: the task may have been completed since, or another
/// appeal may have stored its own task under the key.
pub fn make(context: &Context<'_>, appeal: &Appeal<'_>, plan: &TaskPlan<'_>, lookup: &mut Lookup<'_>) -> Result<Vec<Skipped>, Failure> {
    let known = progress::read(context, appeal.id)?;
    if known.skipped || known.tasked {
        return Ok(Vec::new());
    }
    let Some(left_out) = attempt(context, appeal, plan, lookup)? else {
        return Ok(vec![skipped(format!("task for {}", appeal.id), "no assignee is known; choose a default responsible")]);
    };
    progress::update(context, appeal.id, |progress| progress.tasked = true)?;
    Ok(left_out)
}

/// Returns what was left out of the task; if a rule skipped the task, the list says why. None: no assignee is known, and the owner should
/// choose a default.
fn attempt(
    context: &Context<'_>,
    appeal: &Appeal<'_>,
    plan: &TaskPlan<'_>,
    lookup: &mut Lookup<'_>,
) -> Result<Option<Vec<Skipped>>, Failure> {
    let last: LastTask = stored::load(context.platform, plan.key)?.unwrap_or_default();
    if is_covered(context, appeal, plan, &last)? {
        return Ok(Some(Vec::new()));
    }
    let customer = lookup.customer()?;
    let proposed = plan.assignee.user(context, appeal, lookup, plan.responsibles)?;
    let Some(performer) = rules::assignee(context, appeal, AssigneeFor::Task, proposed) else { return Ok(None) };
    let due = appeal.at + i64::from(plan.due_hours) * HOUR_MS;
    let task = Task {
        text: name(context, appeal, plan),
        // RetailCRM takes no seconds.
        datetime: context.crm_date_time(due)?.chars().take(16).collect(),
        performer_id: performer,
        phone: appeal.identity.phone.clone(),
        phone_site: appeal.site.clone(),
        customer: customer.map(|customer| serde_json::json!({"id": customer.id})),
    };
    let plain = proposed.map(|performer| Task { performer_id: performer, ..task.clone() });
    match reviewed(context, appeal, task) {
        Ok(task) => send(context, appeal, plan, (task, plain), &last).map(Some),
        Err(why) => Ok(Some(vec![skipped(format!("task for {}", appeal.id), format!("a rule: {why}"))])),
    }
}

/// Whether the appeal needs no new task: its task was created, or a shared task is open.
fn is_covered(context: &Context<'_>, appeal: &Appeal<'_>, plan: &TaskPlan<'_>, last: &LastTask) -> Result<bool, Failure> {
    match last.task {
        Some(_) if last.appeal == Some(appeal.id) => Ok(true),
        Some(task) if plan.once && tasks::is_open(context.crm, task)? => {
            context.platform.log(Level::Info, "the task is still open", &[("task", &task.to_string())]);
            Ok(true)
        }
        // The request may have arrived. Then its task counts, whichever appeal it was for.
        None if last.is_intent() => {
            context.wait_for_intent("the task", last.until)?;
            let Some(task) = tasks::find_open(context.crm, &last.text, appeal.identity.phone.as_deref())? else { return Ok(false) };
            stored::put(context.platform, plan.key, &LastTask { task: Some(task), ..last.clone() }, Some(TTL_MS))?;
            Ok(last.appeal == Some(appeal.id) || plan.once)
        }
        _ => Ok(false),
    }
}

/// The task as the rules left it; the error is the reason why a rule skipped it.
fn reviewed(context: &Context<'_>, appeal: &Appeal<'_>, mut task: Task) -> Result<Task, String> {
    match rules::review(context, appeal, DraftKind::Task, || drafted(&task)) {
        Reviewed::Keep => {}
        Reviewed::Changed(changed) => {
            task.text = changed.text("text").unwrap_or(task.text);
            let due = changed.text("due").filter(|due| local_time::parse(due).is_some());
            task.datetime = due.map_or(task.datetime, |due| due.chars().take(16).collect());
            task.performer_id = changed.integer("performer").unwrap_or(task.performer_id);
        }
        Reviewed::Skip(why) => return Err(why),
    }
    Ok(task)
}

/// Sends the task as the rules changed it (`task`), or, if RetailCRM refuses it, as it was before (`plain`). Returns what was left out.
fn send(
    context: &Context<'_>,
    appeal: &Appeal<'_>,
    plan: &TaskPlan<'_>,
    (task, plain): (Task, Option<Task>),
    last: &LastTask,
) -> Result<Vec<Skipped>, Failure> {
    let (platform, crm) = (context.platform, context.crm);
    let mut left_out = Vec::new();
    let mut intent =
        LastTask { appeal: Some(appeal.id), at: appeal.at, text: task.text.clone(), task: None, until: context.may_arrive_until() };
    stored::put(platform, plan.key, &intent, Some(TTL_MS))?;
    let mut created = tasks::create(crm, &task);
    if let (Err(error @ CrmError::Refused { .. }), Some(plain)) = (&created, plain.filter(|plain| *plain != task)) {
        left_out.push(rules::report_refusal(context, format!("task for {}", appeal.id), error));
        intent.text.clone_from(&plain.text);
        intent.until = context.may_arrive_until();
        stored::put(platform, plan.key, &intent, Some(TTL_MS))?;
        created = tasks::create(crm, &plain);
    }
    match created {
        Ok(task) => stored::put(platform, plan.key, &LastTask { task: Some(task), ..intent }, Some(TTL_MS))?,
        // The task was certainly not created: restore the previous task.
        Err(error) if error.surely_did_nothing() => {
            stored::put(platform, plan.key, last, Some(TTL_MS))?;
            return Err(error.into());
        }
        Err(error) => return Err(context.unknown_outcome(error, intent.until)),
    }
    Ok(left_out)
}

/// Completes the open task under a key because this appeal was the call back that the task is for. A task of a later appeal stays open.
pub fn close(context: &Context<'_>, appeal: &Appeal<'_>, key: Key<'_>) -> Result<(), Failure> {
    let last = stored::load::<LastTask>(context.platform, key)?.filter(|last| last.at <= appeal.at);
    if let (Some(last), false) = (last, progress::read(context, appeal.id)?.task_closed) {
        complete(context, last, key, appeal.identity.phone.as_deref())?;
    }
    progress::update(context, appeal.id, |progress| progress.task_closed = true)
}

fn complete(context: &Context<'_>, last: LastTask, key: Key<'_>, phone: Option<&str>) -> Result<(), Failure> {
    let crm = context.crm;
    let task = match last.task {
        None if last.is_intent() => {
            context.wait_for_intent("the task", last.until)?;
            tasks::find_open(context.crm, &last.text, phone)?
        }
        known => known,
    };
    if let Some(task) = task {
        tasks::complete(crm, task)?;
    }
    stored::forget(context.platform, key)
}

/// A new task as a draft for rules.
fn drafted(task: &Task) -> Fields {
    Fields::default()
        .text("text", Some(task.text.clone()))
        .text("due", Some(task.datetime.clone()))
        .integer("performer", Some(task.performer_id))
        .text("phone", task.phone.clone())
        .text("shop", task.phone_site.clone())
}

/// The task's name.
fn name(context: &Context<'_>, appeal: &Appeal<'_>, plan: &TaskPlan<'_>) -> String {
    let unknown =
        |name: &str| context.platform.log(Level::Info, "a template contains a parameter that UIS did not send", &[("parameter", name)]);
    let whole = whole_lists::render(plan.name, appeal.parameters, NAME_MAX, unknown);
    let line = template::fit(context.platform, "task's name", &whole, NAME_MAX);
    // If all values are empty, the line is empty, but a task must have a name.
    if line.is_empty() {
        Some(appeal.identity.shown()).filter(|shown| !shown.is_empty()).unwrap_or_else(|| appeal.id.to_string())
    } else {
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::appeal::{EventParameters, Identity};
    use crate::fake::Fake;
    use crate::settings::Settings;

    const CREATE: &str = "/api/v5/tasks/create";
    const LIST: &str = "/api/v5/tasks";

    struct Silent;

    impl EventParameters for Silent {
        fn raw(&self, _: &str) -> Option<String> {
            None
        }
        fn all(&self) -> Vec<(String, String)> {
            Vec::new()
        }
    }

    fn appeal() -> Appeal<'static> {
        Appeal {
            id: AppealId::call(7),
            at: 0,
            identity: Identity { phone: Some("79161234567".into()), ..Identity::default() },
            name: String::new(),
            own_site: None,
            site: None,
            source: None,
            parameters: &Silent,
            employees: Vec::new(),
            tags: &[],
            ended: true,
        }
    }

    fn make_task(fake: &Fake) -> Result<Vec<Skipped>, Failure> {
        let plan = TaskPlan {
            key: Key::MissedCallTask("79161234567"),
            once: true,
            name: "Перезвонить",
            due_hours: 1,
            assignee: Assignee::User(Some(5)),
            responsibles: Responsibles { rules: &[], default: None },
        };
        let context = Context::with_settings(fake, Settings::default());
        make(&context, &appeal(), &plan, &mut Lookup::without_customer(&context))
    }

    fn after(result: Result<Vec<Skipped>, Failure>) -> Option<u32> {
        match result {
            Err(Failure::Retry(later)) => later.after_ms,
            other => panic!("{other:?}"),
        }
    }

    fn fake(answers: &[(&'static str, &str)]) -> Fake {
        Fake { answers: answers.iter().map(|(path, body)| (*path, (*body).to_owned())).collect(), ..Fake::default() }
    }

    #[test]
    fn a_task_whose_answer_was_lost_is_looked_up_once_its_request_cannot_arrive_any_more() {
        let found = r#"{"success":true,"tasks":[{"id":3,"text":"Перезвонить","phone":"79161234567"}]}"#;
        let fake = fake(&[(CREATE, r#"{"success":true,"id":3}"#), (LIST, found)]);
        fake.lost.borrow_mut().push(CREATE);
        assert_eq!(after(make_task(&fake)), Some(45_000));
        fake.lost.borrow_mut().clear();
        fake.now.set(44_000);
        assert_eq!(after(make_task(&fake)), Some(1_000));
        assert_eq!(*fake.sent.borrow(), [CREATE], "RetailCRM is not queried before");
        fake.now.set(45_000);
        assert_eq!(make_task(&fake), Ok(Vec::new()));
        assert_eq!(*fake.sent.borrow(), [CREATE, LIST], "the task is found");
    }

    #[test]
    fn a_task_that_did_not_arrive_is_sent_again() {
        let fake = fake(&[(CREATE, r#"{"success":true,"id":3}"#), (LIST, r#"{"success":true,"tasks":[]}"#)]);
        fake.lost.borrow_mut().push(CREATE);
        assert_eq!(after(make_task(&fake)), Some(45_000));
        fake.lost.borrow_mut().clear();
        fake.now.set(45_000);
        assert_eq!(make_task(&fake), Ok(Vec::new()));
        assert_eq!(*fake.sent.borrow(), [CREATE, LIST, CREATE]);
    }

    #[test]
    fn an_intent_whose_request_certainly_did_not_arrive_is_withdrawn() {
        let fake = fake(&[(LIST, r#"{"success":true,"tasks":[]}"#)]);
        assert_eq!(after(make_task(&fake)), None, "RetailCRM was not reached: the host decides when to retry");
        assert_eq!(after(make_task(&fake)), None);
        assert_eq!(*fake.sent.borrow(), [CREATE, CREATE], "the event neither looks the task up nor waits");
    }
}
