//! A task for an appeal. It needs no customer: a task can contain just the phone.
//!
//! RetailCRM has no idempotency key for tasks. So an intent is stored before the request is sent, with the time until which the request may
//! still arrive. A retry that finds an intent waits for that time, looks the task up, and sends it again only if it is not there.

use super::assignee::{Assignee, Responsibles};
use super::lookup::Lookup;
use super::open_tasks::{LastTask, TTL_MS};
use super::{progress, whole_lists};
use crate::appeal::Appeal;
use crate::base::keys::Key;
use crate::base::outcome::skipped;
use crate::base::{local_time, stored, template};
use crate::bindings::uis::integration::decision::DraftKind;
use crate::bindings::uis::integration::log::{Level, Verdict as Decided};
use crate::bindings::uis::integration::types::{Failure, Skipped};
use crate::context::Context;
use crate::retailcrm::CrmError;
use crate::retailcrm::tasks::{self, Task};
use crate::rules::{self, AssigneeFor, Fields, Reviewed};

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

/// What is known about an appeal's task before it is sent.
enum Before {
    /// The appeal needs no new task.
    Covered,
    /// It needs one. The last task under the key is closed, if that was looked up.
    Needed { is_closed: bool },
}

/// Creates the task, at most once per appeal. Progress is kept separately from the key: the task may have been completed since, or another
/// appeal may have stored its own task under the key.
pub fn make(context: &Context<'_>, appeal: &Appeal<'_>, plan: &TaskPlan<'_>, lookup: &mut Lookup<'_>) -> Result<Vec<Skipped>, Failure> {
    let known = progress::read(context, appeal.id)?;
    if known.tasked {
        context.left_out(
            format_args!("task of {}", appeal.id),
            format_args!("{} has its task, or needs none, since an earlier event", appeal.id),
        );
    }
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
    let mut last: LastTask = stored::load(context.platform, plan.key)?.unwrap_or_default();
    let Before::Needed { is_closed } = before(context, appeal, plan, &mut last)? else { return Ok(Some(Vec::new())) };
    let next = last.ready_for_next(is_closed);
    let customer = lookup.customer()?;
    let proposed = plan.assignee.user(context, appeal, lookup, plan.responsibles)?;
    let Some(performer) = rules::assignee(context, appeal, AssigneeFor::Task, proposed) else { return Ok(None) };
    let due = appeal.at + i64::from(plan.due_hours) * HOUR_MS;
    let task = Task {
        text: name(context, appeal, plan),
        // RetailCRM takes no seconds.
        datetime: context.crm_date_time(due)?.chars().take(16).collect(),
        performer_id: performer,
        phone: appeal.identity.written_phone(),
        phone_site: appeal.site.clone(),
        customer: customer.map(|customer| serde_json::json!({"id": customer.id})),
    };
    let plain = proposed.map(|performer| Task { performer_id: performer, ..task.clone() });
    match reviewed(context, appeal, task) {
        Ok(task) => send(context, appeal, plan, (task, plain), (&last, next)).map(Some),
        Err(why) => Ok(Some(vec![skipped(format!("task for {}", appeal.id), format!("a rule: {why}"))])),
    }
}

/// Whether the appeal needs a new task: not if its task was created, or a shared task is open. What is found out about the last task is
/// stored in it.
fn before(context: &Context<'_>, appeal: &Appeal<'_>, plan: &TaskPlan<'_>, last: &mut LastTask) -> Result<Before, Failure> {
    if last.is_intent() {
        // The request may have arrived. Then its task counts, whichever appeal it was for.
        context.wait_for_intent("the task", last.until)?;
        let Some(task) = last.find_open(context, appeal.identity.phone.as_deref())? else {
            return Ok(Before::Needed { is_closed: false });
        };
        last.task = Some(task);
        stored::put(context.platform, plan.key, last, Some(TTL_MS))?;
        return if plan.once { cover(context, appeal, plan, last) } else { Ok(of_own(appeal, last)) };
    }
    match last.task {
        Some(_) if last.appeal == Some(appeal.id) => Ok(Before::Covered),
        Some(task) if plan.once => {
            if !tasks::is_open(context.crm, task)? {
                let why = format!("task {task} is closed, so another one is made");
                context.decided(format_args!("task of {}", appeal.id), "missed-call-task-once", Decided::Done, why);
                return Ok(Before::Needed { is_closed: true });
            }
            context.platform.log(Level::Info, "the task is still open", &[("task", &task.to_string())]);
            let why = format!("task {task} is open");
            context.decided(format_args!("task of {}", appeal.id), "missed-call-task-once", Decided::LeftOut, why);
            cover(context, appeal, plan, last)
        }
        Some(task) => {
            let why = format!("it is off, so another task is made beside task {task}");
            context.decided(format_args!("task of {}", appeal.id), "missed-call-task-once", Decided::Done, why);
            Ok(Before::Needed { is_closed: false })
        }
        None => {
            if last.settled_at > 0 {
                let why = "no task is open: there was a talk with this number";
                context.decided(format_args!("task of {}", appeal.id), "missed-call-task-close", Decided::Done, why);
            }
            Ok(Before::Needed { is_closed: false })
        }
    }
}

fn of_own(appeal: &Appeal<'_>, last: &LastTask) -> Before {
    if last.appeal == Some(appeal.id) { Before::Covered } else { Before::Needed { is_closed: false } }
}

/// The last task, which is open, stands for this appeal as well: a call back between the two appeals does not complete it.
fn cover(context: &Context<'_>, appeal: &Appeal<'_>, plan: &TaskPlan<'_>, last: &mut LastTask) -> Result<Before, Failure> {
    if appeal.at > last.at {
        last.at = appeal.at;
        stored::put(context.platform, plan.key, last, Some(TTL_MS))?;
    }
    Ok(Before::Covered)
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
    (last, next): (&LastTask, LastTask),
) -> Result<Vec<Skipped>, Failure> {
    let (platform, crm) = (context.platform, context.crm);
    let mut left_out = Vec::new();
    let until = context.may_arrive_until();
    let mut intent = LastTask { appeal: Some(appeal.id), at: appeal.at, text: task.text.clone(), until, ..next };
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
    use crate::appeals::open_tasks::{close, is_settled};
    use crate::base::appeal_id::AppealId;
    use crate::bindings::uis::integration::types::Instant;
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
        appeal_of(7, 0)
    }

    fn appeal_of(call: i64, at: Instant) -> Appeal<'static> {
        Appeal {
            id: AppealId::call(call),
            at,
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

    const KEY: Key<'static> = Key::MissedCallTask("79161234567");

    fn make_task(fake: &Fake) -> Result<Vec<Skipped>, Failure> {
        make_task_of(fake, &appeal(), true)
    }

    fn make_task_of(fake: &Fake, appeal: &Appeal<'_>, once: bool) -> Result<Vec<Skipped>, Failure> {
        let plan = TaskPlan {
            key: KEY,
            once,
            name: "Перезвонить",
            due_hours: 1,
            assignee: Assignee::User(Some(5)),
            responsibles: Responsibles { rules: &[], default: None },
        };
        let context = Context::with_settings(fake, Settings::default());
        make(&context, appeal, &plan, &mut Lookup::without_customer(&context))
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

    fn close_by(fake: &Fake, call: i64, at: Instant) -> Result<(), Failure> {
        close(&Context::with_settings(fake, Settings::default()), &appeal_of(call, at), KEY)
    }

    fn is_settled_at(fake: &Fake, at: Instant) -> bool {
        is_settled(&Context::with_settings(fake, Settings::default()), &appeal_of(9, at), KEY).expect("readable")
    }

    #[test]
    fn a_call_back_completes_every_task_before_it() {
        let edit = |id: i64| format!("/api/v5/tasks/{id}/edit");
        let mut fake = fake(&[("/api/v5/tasks/3/edit", "{\"success\":true}"), ("/api/v5/tasks/4/edit", "{\"success\":true}")]);
        for (call, at, task) in [(1, 10, 3), (2, 20, 4), (3, 40, 5)] {
            fake.answers.insert(CREATE, format!("{{\"success\":true,\"id\":{task}}}"));
            assert_eq!(make_task_of(&fake, &appeal_of(call, at), false), Ok(Vec::new()));
        }
        fake.sent.borrow_mut().clear();
        assert_eq!(close_by(&fake, 8, 30), Ok(()));
        assert_eq!(*fake.sent.borrow(), [edit(3), edit(4)], "the task of the later call stays open");
        assert_eq!((is_settled_at(&fake, 30), is_settled_at(&fake, 31)), (true, false));
        assert_eq!(close_by(&fake, 8, 30), Ok(()));
        assert_eq!(fake.sent.borrow().len(), 2, "a repeated event completes nothing again");
    }

    #[test]
    fn a_task_that_cannot_be_completed_leaves_no_other_open() {
        let mut fake =
            fake(&[("/api/v5/tasks/4/edit", "{\"success\":true}"), ("/api/v5/tasks/3/edit", "{\"success\":false,\"errorMsg\":\"no\"}")]);
        fake.statuses.insert("/api/v5/tasks/3/edit", 400);
        for (call, task) in [(1, 3), (2, 4)] {
            fake.answers.insert(CREATE, format!("{{\"success\":true,\"id\":{task}}}"));
            assert_eq!(make_task_of(&fake, &appeal_of(call, call), false), Ok(Vec::new()));
        }
        fake.sent.borrow_mut().clear();
        assert!(matches!(close_by(&fake, 8, 30), Err(Failure::Rejected(_))));
        assert_eq!(fake.sent.borrow().len(), 2);
        assert!(is_settled_at(&fake, 2));
    }

    #[test]
    fn an_open_task_stands_for_the_last_call_that_it_covers() {
        let open = r#"{"success":true,"task":{"id":3,"complete":false}}"#;
        let fake = fake(&[(CREATE, r#"{"success":true,"id":3}"#), ("/api/v5/tasks/3", open)]);
        assert_eq!(make_task_of(&fake, &appeal_of(1, 10), true), Ok(Vec::new()));
        assert_eq!(make_task_of(&fake, &appeal_of(2, 40), true), Ok(Vec::new()));
        assert_eq!(close_by(&fake, 8, 30), Ok(()));
        assert_eq!(*fake.sent.borrow(), [CREATE, "/api/v5/tasks/3"], "the second call has not been called back");
    }
}
