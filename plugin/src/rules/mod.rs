//! Partners' rules, called before something is sent: drafts of customers, orders, tasks, notes and call records, the choice of an assignee,
//! call routing, deals. The field names are ours, not RetailCRM's; `docs/rules.md` lists them. If no rule decides a point, no draft is
//! built.

mod fields;

use crate::appeal::Appeal;
use crate::base::appeal_id::AppealKind;
use crate::base::outcome::skipped;
use crate::base::template;
use crate::bindings::uis::integration::decision::{self, Draft, DraftKind, Verdict};
use crate::bindings::uis::integration::log::{Level, Verdict as Decided};
use crate::bindings::uis::integration::rules::Points;
use crate::bindings::uis::integration::types::{CommunicationKind, Skipped};
use crate::context::Context;
use crate::retailcrm::CrmError;
pub use fields::{Changed, Fields, OWN};

/// The longest note: as long as a transcript may be.
const NOTE_MAX: usize = 10_000;
/// The draft's attribute that lists for the host and the rules which fields may be changed, and their types: names separated by spaces, a
/// type after a colon, a star as a wildcard. All other fields are read-only.
const MAY_CHANGE: &str = "may-change";
const CUSTOMER: &str = "first-name manager:integer source medium campaign keyword content field-*";
const ORDER: &str = "type method status manager:integer manager-comment customer-comment source medium campaign keyword content field-*";
const TASK: &str = "text due:date-time performer:integer";
const NOTE: &str = "text";
const CALL: &str = "manager:integer source medium campaign keyword content record-url:link";
/// The appeal's attribute that says what the assignee is for.
const ASSIGNEE_FOR: &str = "responsible-for";

/// The attribute that allows these fields to be changed.
pub fn may_change(fields: &str) -> Vec<(String, String)> {
    vec![(MAY_CHANGE.to_owned(), fields.to_owned())]
}

/// What an assignee is chosen for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AssigneeFor {
    /// A new customer.
    Customer,
    /// An order.
    Order,
    /// A task.
    Task,
}

/// What rules made of a draft.
pub enum Reviewed {
    /// Send the draft unchanged.
    Keep,
    /// Send the draft with these fields.
    Changed(Changed),
    /// Do not send the draft, for this reason.
    Skip(String),
}

/// Whether any rule decides a point.
pub fn decides(context: &Context<'_>, point: Points) -> bool {
    context.platform.decided() & point == point
}

/// Calls the rules for something new that an appeal creates.
pub fn review(context: &Context<'_>, appeal: &Appeal<'_>, kind: DraftKind, fields: impl FnOnce() -> Fields) -> Reviewed {
    reviewed(context, appeal, kind, true, fields)
}

/// Calls the rules for an update of an existing customer; the draft contains only the custom fields to be updated.
pub fn review_field_update(context: &Context<'_>, appeal: &Appeal<'_>, fields: impl FnOnce() -> Fields) -> Reviewed {
    reviewed(context, appeal, DraftKind::Customer, false, fields)
}

fn reviewed(context: &Context<'_>, appeal: &Appeal<'_>, kind: DraftKind, is_new: bool, fields: impl FnOnce() -> Fields) -> Reviewed {
    if !decides(context, Points::DRAFT) {
        return Reviewed::Keep;
    }
    let may = match kind {
        DraftKind::Customer if !is_new => "field-*",
        DraftKind::Customer => CUSTOMER,
        DraftKind::Order => ORDER,
        DraftKind::Task => TASK,
        DraftKind::Call => CALL,
        DraftKind::Note => NOTE,
    };
    let draft = Draft { kind, is_new, fields: fields().into_fields(), attributes: may_change(may) };
    match context.platform.review_draft(&about(appeal), &draft) {
        Verdict::Keep => Reviewed::Keep,
        Verdict::Skip(why) => {
            context.platform.log(
                Level::Info,
                "a rule skipped a draft; it is not sent",
                &[("appeal", &appeal.id.to_string()), ("why", &why)],
            );
            context.decided(format_args!("{kind:?} of {}", appeal.id), "a partner's rule", Decided::LeftOut, &why);
            Reviewed::Skip(why)
        }
        Verdict::Change(draft) => Reviewed::Changed(Changed::of(draft.fields)),
    }
}

/// The text of a note on a customer after the rules; none if a rule skipped it. A note is found again by `known`, because RetailCRM has no
/// idempotency key for notes, so `known` is added if a rule removed it.
pub fn note(context: &Context<'_>, about: impl FnOnce() -> decision::Appeal, text: String, known: &str) -> Option<String> {
    if !decides(context, Points::DRAFT) {
        return Some(text);
    }
    let fields = Fields::default().text("text", Some(text.clone())).into_fields();
    let about = about();
    match context.platform.review_draft(&about, &Draft { kind: DraftKind::Note, is_new: true, fields, attributes: may_change(NOTE) }) {
        Verdict::Keep => Some(text),
        Verdict::Skip(why) => {
            let id = about.id.to_string();
            context.platform.log(Level::Info, "a rule skipped a note; it is not sent", &[("appeal", &id), ("why", &why)]);
            None
        }
        Verdict::Change(draft) => {
            let changed = Changed::of(draft.fields);
            let text = template::lines(&changed.raw("text")?, NOTE_MAX);
            Some(if text.contains(known) { text } else { format!("{text}\n{known}") })
        }
    }
}

/// Reports that RetailCRM refused what rules changed, and that the original is sent instead.
pub fn report_refusal(context: &Context<'_>, what: String, error: &CrmError) -> Skipped {
    let why = error.to_string();
    context.platform.log(Level::Warn, "RetailCRM refuses what rules changed; the original is sent", &[("what", &what), ("error", &why)]);
    skipped(format!("what rules made of the {what}"), format!("{why}; the original is sent"))
}

/// Sends what rules changed. If RetailCRM refuses it, reports the refusal and sends the original.
pub fn send_or_fall_back<T: PartialEq, R>(
    context: &Context<'_>,
    what: &str,
    (made, plain): (&T, &T),
    left_out: &mut Vec<Skipped>,
    mut send: impl FnMut(&T) -> Result<R, CrmError>,
) -> Result<R, CrmError> {
    match send(made) {
        Err(error @ CrmError::Refused { .. }) if made != plain => {
            left_out.push(report_refusal(context, what.to_owned(), &error));
            send(plain)
        }
        other => other,
    }
}

/// The assignee for what an appeal creates: chosen by a rule, else by the settings.
pub fn assignee(context: &Context<'_>, appeal: &Appeal<'_>, what: AssigneeFor, proposed: Option<i64>) -> Option<i64> {
    if !decides(context, Points::RESPONSIBLE) {
        return proposed;
    }
    let text = proposed.map(|user| user.to_string());
    let mut about = about(appeal);
    let what = match what {
        AssigneeFor::Customer => "customer",
        AssigneeFor::Order => "order",
        AssigneeFor::Task => "task",
    };
    about.attributes.push((ASSIGNEE_FOR.to_owned(), what.to_owned()));
    let decided = context.platform.decide_responsible(&about, text.as_deref());
    match decided.as_deref().map(str::parse::<i64>) {
        Some(Ok(user)) => Some(user),
        Some(Err(_)) => {
            let named = decided.unwrap_or_default();
            context.platform.log(
                Level::Warn,
                "a rule chose an assignee that is not a user's id",
                &[("user", &crate::base::template::line(&named, 64))],
            );
            proposed
        }
        None => proposed,
    }
}

/// An appeal as rules see it.
pub fn about(appeal: &Appeal<'_>) -> decision::Appeal {
    let kind = match appeal.id.kind {
        AppealKind::Call => CommunicationKind::Call,
        AppealKind::Chat => CommunicationKind::Chat,
        AppealKind::SiteRequest => CommunicationKind::SiteRequest,
    };
    decision::Appeal {
        kind,
        id: appeal.id.id,
        phone: appeal.identity.phone.clone(),
        email: appeal.identity.email.clone(),
        virtual_number: appeal.parameters.raw("virtual_phone_number"),
        employee_email: appeal.parameters.raw("employee_email"),
        attributes: appeal.parameters.all(),
    }
}
