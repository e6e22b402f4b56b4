//! Partners' rules, asked before something is sent: drafts of customers, orders, tasks, notes and call records, who is responsible, where a call goes, deals.
//! The names of fields are ours, not RetailCRM's; `docs/rules.md` has them all. With no rule for a point nothing is made up and asked.

mod fields;

use fields::OWN;
pub use fields::{Changed, Fields};

use crate::appeals::Appeal;
use crate::bindings::uis::integration::call_events::Call;
use crate::bindings::uis::integration::deals::Deal;
use crate::bindings::uis::integration::decision::{self, DealDraft, Draft, DraftKind, Field, Routing, Value, Verdict};
use crate::bindings::uis::integration::log::Level;
use crate::bindings::uis::integration::rules::Points;
use crate::bindings::uis::integration::types::{CommunicationKind, Skipped};
use crate::deals;
use crate::links;
use crate::outcome::skipped;
use crate::phone;
use crate::platform::Platform;
use crate::retailcrm::CrmError;
use crate::retailcrm::telephony;
use crate::template;

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
const RESPONSIBLE_FOR: &str = "responsible-for";

fn may_change(fields: &str) -> Vec<(String, String)> {
    vec![(MAY_CHANGE.to_owned(), fields.to_owned())]
}

/// What a responsible is sought for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum For {
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
fn decides(platform: &dyn Platform, point: Points) -> bool {
    platform.decided() & point == point
}

/// Asks about something new that an appeal led to.
pub fn review(platform: &dyn Platform, appeal: &Appeal<'_>, kind: DraftKind, fields: impl FnOnce() -> Fields) -> Reviewed {
    reviewed(platform, appeal, kind, true, fields)
}

/// Asks about fields of a customer who is there already; only those are among the draft's fields.
pub fn review_news(platform: &dyn Platform, appeal: &Appeal<'_>, fields: impl FnOnce() -> Fields) -> Reviewed {
    reviewed(platform, appeal, DraftKind::Customer, false, fields)
}

fn reviewed(platform: &dyn Platform, appeal: &Appeal<'_>, kind: DraftKind, is_new: bool, fields: impl FnOnce() -> Fields) -> Reviewed {
    if !decides(platform, Points::DRAFT) {
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
    let draft = Draft { kind, is_new, fields: fields().0, attributes: may_change(may) };
    match platform.review_draft(&about(appeal), &draft) {
        Verdict::Keep => Reviewed::Keep,
        Verdict::Skip(why) => {
            platform.log(Level::Info, "a rule says that it is not sent", &[("appeal", &appeal.id), ("why", &why)]);
            Reviewed::Skip(why)
        }
        Verdict::Change(draft) => Reviewed::Changed(Changed::of(draft.fields)),
    }
}

/// A note on a customer, as it is put there; none: it is not. `known` is what the note is known again by (RetailCRM has no key against doubled
/// notes), so it stays in the text whatever rules write.
pub fn note(platform: &dyn Platform, about: impl FnOnce() -> decision::Appeal, text: String, known: &str) -> Option<String> {
    if !decides(platform, Points::DRAFT) {
        return Some(text);
    }
    let fields = Fields::default().text("text", Some(text.clone())).0;
    let about = about();
    match platform.review_draft(&about, &Draft { kind: DraftKind::Note, is_new: true, fields, attributes: may_change(NOTE) }) {
        Verdict::Keep => Some(text),
        Verdict::Skip(why) => {
            let id = about.id.to_string();
            platform.log(Level::Info, "a rule says that a note is not made", &[("appeal", &id), ("why", &why)]);
            None
        }
        Verdict::Change(draft) => {
            let changed = Changed::of(draft.fields);
            let text = template::lines(&changed.raw("text")?, NOTE_MAX);
            Some(if text.contains(known) { text } else { format!("{text}\n{known}") })
        }
    }
}

/// A call's record as it goes into the history. Rules may change whose it is, where it came from and which recording is heard; that it is there
/// is not theirs to decide, because no call may be lost.
pub fn call(platform: &dyn Platform, appeal: &Appeal<'_>, call: telephony::Call) -> telephony::Call {
    let fields = || {
        Fields::default()
            .integer("manager", call.user_id)
            .source(call.source.as_ref())
            .text("record-url", call.record_url.clone())
            .text("phone", Some(call.phone.clone()))
            .text("shop", call.site.clone())
            .text("date", Some(call.date.clone()))
            .text("result", Some(call.result))
            .integer("duration", Some(call.duration.into()))
    };
    let changed = match review(platform, appeal, DraftKind::Call, fields) {
        Reviewed::Keep => return call,
        Reviewed::Skip(_) => {
            platform.log(Level::Warn, "a call's record is not a rule's to skip; it is made", &[("appeal", &appeal.id)]);
            return call;
        }
        Reviewed::Changed(changed) => changed,
    };
    let user_id = changed.integer("manager");
    telephony::Call {
        // An extension is the one's whose it was.
        code: call.code.filter(|_| user_id == call.user_id),
        user_id,
        source: changed.source(),
        record_url: changed.raw("record-url").and_then(|link| links::https(&link).ok().map(str::to_owned)),
        ..call
    }
}

/// What RetailCRM refuses of rules' doing is made as it was without them: for the report.
pub fn refused(platform: &dyn Platform, what: String, error: &CrmError) -> Skipped {
    let why = error.to_string();
    platform.log(
        Level::Warn,
        "RetailCRM refuses what rules made of it; it is sent as it was without them",
        &[("what", &what), ("error", &why)],
    );
    skipped(format!("what rules made of the {what}"), format!("{why}; it is sent as it was without them"))
}

/// Sends what rules made of a thing; where RetailCRM refuses it, the thing as it was without them, which is then told.
pub fn or_without<T: PartialEq, R>(
    platform: &dyn Platform,
    what: &str,
    (made, plain): (&T, &T),
    left_out: &mut Vec<Skipped>,
    mut send: impl FnMut(&T) -> Result<R, CrmError>,
) -> Result<R, CrmError> {
    match send(made) {
        Err(error @ CrmError::Refused { .. }) if made != plain => {
            left_out.push(refused(platform, what.to_owned(), &error));
            send(plain)
        }
        other => other,
    }
}

/// Who is responsible for what an appeal led to: as the settings say, or as a rule does.
pub fn responsible(platform: &dyn Platform, appeal: &Appeal<'_>, what: For, proposed: Option<i64>) -> Option<i64> {
    if !decides(platform, Points::RESPONSIBLE) {
        return proposed;
    }
    let text = proposed.map(|user| user.to_string());
    let mut about = about(appeal);
    let what = match what {
        For::Customer => "customer",
        For::Order => "order",
        For::Task => "task",
    };
    about.attributes.push((RESPONSIBLE_FOR.to_owned(), what.to_owned()));
    let decided = platform.decide_responsible(&about, text.as_deref());
    match decided.as_deref().map(str::parse::<i64>) {
        Some(Ok(user)) => Some(user),
        Some(Err(_)) => {
            let told = decided.unwrap_or_default();
            platform.log(Level::Warn, "a rule names a responsible who is no user's id", &[("user", &crate::template::line(&told, 64))]);
            proposed
        }
        None => proposed,
    }
}

/// Where an incoming call goes. `known` is what RetailCRM knows of the caller.
pub fn route(
    platform: &dyn Platform,
    call: &Call,
    known: impl FnOnce() -> Vec<(&'static str, String)>,
    proposed: Vec<String>,
) -> Vec<String> {
    if !decides(platform, Points::ROUTING) {
        return proposed;
    }
    let known = known().into_iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| (name.to_owned(), value));
    let about = decision::Appeal {
        kind: CommunicationKind::Call,
        id: call.session_id,
        phone: call.contact.as_ref().map(|number| phone::canonical(&number.digits)),
        email: None,
        virtual_number: call.virtual_number.clone(),
        employee_email: call.employee.as_ref().and_then(|employee| employee.email.clone()),
        attributes: call.attributes.iter().cloned().chain(known).collect(),
    };
    platform.route(&about, &Routing { forward_to: proposed }).forward_to
}

/// What becomes of a deal's states: all of them are what rules make of the last; none: the deal is not uploaded.
pub fn review_deal(platform: &dyn Platform, order: &deals::draft::Draft, states: Vec<Deal>) -> Vec<Deal> {
    let Some(last) = states.last().filter(|_| decides(platform, Points::DEAL)) else { return states };
    let mut fields = Fields::default()
        .text("name", Some(last.name.clone()))
        .text("funnel", Some(last.funnel_ext_id.clone()))
        .text("stage", Some(last.stage_ext_id.clone()))
        .text("comments", last.comments.clone())
        .text("source", last.source.clone());
    if let Some(revenue) = &last.revenue {
        fields.0.push(Field { name: "revenue".to_owned(), value: Value::Decimal(revenue.clone()) });
    }
    fields.0.extend(last.user_fields.iter().map(|(id, value)| Field { name: format!("{OWN}{id}"), value: Value::Text(value.clone()) }));
    let draft = DealDraft { ext_id: last.ext_id.clone(), fields: fields.0, attributes: known_of_deal(order, last) };
    let Some(decided) = platform.review_deal(&draft) else { return Vec::new() };
    let changed = Changed::of(decided.fields);
    let change = |state: Deal| Deal {
        // Which stages there are is RetailCRM's to say; a deal must have a name.
        name: changed.text("name").unwrap_or_else(|| state.name.clone()),
        comments: changed.lines("comments"),
        source: changed.text("source"),
        revenue: changed.text("revenue"),
        user_fields: state.user_fields.iter().filter_map(|(id, _)| Some((id.clone(), changed.text(&format!("{OWN}{id}"))?))).collect(),
        ..state
    };
    states.into_iter().map(change).collect()
}

/// What is known of a deal besides its fields, and which of these may be changed: UIS keeps some as numbers.
fn known_of_deal(order: &deals::draft::Draft, last: &Deal) -> Vec<(String, String)> {
    let numbers = order.fields.iter().filter(|field| field.numeric).map(|field| format!(" {OWN}{}:decimal", field.ext_id));
    let may = format!("name revenue:decimal comments source{} {OWN}*", numbers.collect::<String>());
    let contact = order.contacts.first();
    let first = |list: fn(&deals::draft::Contact) -> &Vec<String>| contact.and_then(|contact| list(contact).first().cloned());
    let (kind, communication) = last.communication.clone().map_or((None, None), |(kind, id)| (Some(kind), Some(id.to_string())));
    let known = [
        ("order", Some(order.order.to_string())),
        ("order-number", Some(order.number.clone())),
        ("shop", Some(order.site.clone())),
        ("status", Some(order.status.clone())),
        ("created", Some(order.created.clone())),
        ("manager", order.manager.map(|user| user.to_string())),
        ("contact-name", contact.map(|contact| contact.name.clone())),
        ("contact-phone", first(|contact| &contact.phones)),
        ("contact-email", first(|contact| &contact.emails)),
        ("communication-type", kind),
        ("communication-id", communication),
    ];
    let known = known.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.filter(|value| !value.is_empty())?)));
    known.chain(may_change(&may)).collect()
}

/// An appeal as rules know it.
fn about(appeal: &Appeal<'_>) -> decision::Appeal {
    let kinds =
        [("uis-call-", CommunicationKind::Call), ("uis-chat-", CommunicationKind::Chat), ("uis-request-", CommunicationKind::SiteRequest)];
    let of = |(prefix, kind): &(&str, CommunicationKind)| Some((*kind, appeal.id.strip_prefix(prefix)?.parse().ok()?));
    let (kind, id) = kinds.iter().find_map(of).unwrap_or((CommunicationKind::Call, 0));
    decision::Appeal {
        kind,
        id,
        phone: appeal.who.phone.clone(),
        email: appeal.who.email.clone(),
        virtual_number: appeal.told.raw("virtual_phone_number"),
        employee_email: appeal.told.raw("employee_email"),
        attributes: appeal.told.all(),
    }
}
