//! Partners' rules, asked before something is sent: drafts of customers, orders, tasks, notes and call records, who is responsible, where a call goes, deals.
//! The names of fields are ours, not RetailCRM's; `docs/rules.md` has them all. With no rule for a point nothing is made up and asked.

mod fields;

use crate::appeal::Appeal;
use crate::base::appeal_id::AppealKind;
use crate::base::outcome::skipped;
use crate::base::template;
use crate::bindings::uis::integration::decision::{self, Draft, DraftKind, Verdict};
use crate::bindings::uis::integration::log::Level;
use crate::bindings::uis::integration::rules::Points;
use crate::bindings::uis::integration::types::{CommunicationKind, Skipped};
use crate::context::Context;
use crate::retailcrm::CrmError;
pub use fields::{Changed, Fields, OWN};

/// The longest note, as long as a kept talk may be.
const NOTE_MAX: usize = 10_000;
/// The attribute of a draft that tells host and rules which fields may be changed and what they hold: names with spaces between, the kind after a
/// colon, a star for the rest of a name. What is not in it is for reading.
const MAY_CHANGE: &str = "may-change";
const CUSTOMER: &str = "first-name manager:integer source medium campaign keyword content field-*";
const ORDER: &str = "type method status manager:integer manager-comment customer-comment source medium campaign keyword content field-*";
const TASK: &str = "text due:date-time performer:integer";
const NOTE: &str = "text";
const CALL: &str = "manager:integer source medium campaign keyword content record-url:link";
/// The attribute of an appeal that tells for what a responsible is sought.
const ASSIGNEE_FOR: &str = "responsible-for";

/// The attribute of a draft whose fields of these names, kinds and patterns may be changed.
pub fn may_change(fields: &str) -> Vec<(String, String)> {
    vec![(MAY_CHANGE.to_owned(), fields.to_owned())]
}

/// What a responsible is sought for.
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
    /// It is sent as it is.
    Keep,
    /// It is sent so.
    Changed(Changed),
    /// It is not sent, and why.
    Skip(String),
}

/// Whether some rule decides a point.
pub fn decides(context: &Context<'_>, point: Points) -> bool {
    context.platform.decided() & point == point
}

/// Asks about something new that an appeal led to.
pub fn review(context: &Context<'_>, appeal: &Appeal<'_>, kind: DraftKind, fields: impl FnOnce() -> Fields) -> Reviewed {
    reviewed(context, appeal, kind, true, fields)
}

/// Asks about fields of a customer who is there already; only those are among the draft's fields.
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
            context.platform.log(Level::Info, "a rule says that it is not sent", &[("appeal", &appeal.id.to_string()), ("why", &why)]);
            Reviewed::Skip(why)
        }
        Verdict::Change(draft) => Reviewed::Changed(Changed::of(draft.fields)),
    }
}

/// A note on a customer, as it is put there; none: it is not. `known` is what the note is known again by (RetailCRM has no key against doubled
/// notes), so it stays in the text whatever rules write.
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
            context.platform.log(Level::Info, "a rule says that a note is not made", &[("appeal", &id), ("why", &why)]);
            None
        }
        Verdict::Change(draft) => {
            let changed = Changed::of(draft.fields);
            let text = template::lines(&changed.raw("text")?, NOTE_MAX);
            Some(if text.contains(known) { text } else { format!("{text}\n{known}") })
        }
    }
}

/// What RetailCRM refuses of rules' doing is made as it was without them: for the report.
pub fn report_refusal(context: &Context<'_>, what: String, error: &CrmError) -> Skipped {
    let why = error.to_string();
    context.platform.log(
        Level::Warn,
        "RetailCRM refuses what rules made of it; it is sent as it was without them",
        &[("what", &what), ("error", &why)],
    );
    skipped(format!("what rules made of the {what}"), format!("{why}; it is sent as it was without them"))
}

/// Sends what rules made of a thing; where RetailCRM refuses it, the thing as it was without them, which is then told.
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

/// Who is responsible for what an appeal led to: as the settings say, or as a rule does.
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
                "a rule names a responsible who is no user's id",
                &[("user", &crate::base::template::line(&named, 64))],
            );
            proposed
        }
        None => proposed,
    }
}

/// An appeal as rules know it.
fn about(appeal: &Appeal<'_>) -> decision::Appeal {
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
