//! `/telephony`: pop-ups, call history, the customer's manager.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::context::Context;
use crate::entity::{Entity, id_of, is, phones_of, pick, whole};
use crate::rules::shape::{as_text, is_date_time};
use crate::wire::{ApiError, ApiResult, Success};

/// The most calls of one upload.
const CALLS_PER_UPLOAD: usize = 50;

/// `hangupStatus` of an event. "no answered" is "no answer" in the history of calls.
const HANGUP_STATUSES: [&str; 5] = ["answered", "busy", "cancel", "failed", "no answered"];
/// `result` of a call.
const RESULTS: [&str; 6] = ["answered", "busy", "failed", "no answer", "not allowed", "unknown"];

const NO_CHOICE: &str = "The value you selected is not a valid choice.";

/// Members of a call that are kept; others are ignored, as the CRM does.
const CALL_MEMBERS: [&str; 14] = [
    "date",
    "type",
    "phone",
    "externalId",
    "code",
    "userId",
    "result",
    "duration",
    "durationWaiting",
    "recordUrl",
    "source",
    "externalPhone",
    "site",
    "clientId",
];

fn text<'a>(entity: &'a Entity, name: &str) -> Option<&'a str> {
    entity.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// The members without `null`s; ids and phones that were written as numbers become text.
fn plain(mut given: Entity) -> Entity {
    given.retain(|_, value| !value.is_null());
    for name in ["phone", "externalId", "callExternalId", "code", "externalPhone"] {
        if let Some(text) = given.get(name).filter(|value| value.is_number()).and_then(as_text) {
            given.insert(name.into(), text.into());
        }
    }
    given
}

/// What a live event reports about a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EventKind {
    /// It rings: `in` or `out`.
    Rings,
    /// It ended: `hangup`.
    Ended,
}

/// An event's kind, or why the event is refused.
fn event_kind(event: &Entity) -> Result<EventKind, ApiError> {
    let mut errors = Map::new();
    if text(event, "phone").is_none() {
        errors.insert("phone".into(), "This value should not be blank.".into());
    }
    let kind = match text(event, "type") {
        Some("in" | "out") => EventKind::Rings,
        Some("hangup") => EventKind::Ended,
        _ => {
            errors.insert("type".into(), NO_CHOICE.into());
            EventKind::Ended
        }
    };
    if event.get("hangupStatus").is_some_and(|status| !status.as_str().is_some_and(|status| HANGUP_STATUSES.contains(&status))) {
        errors.insert("hangupStatus".into(), NO_CHOICE.into());
    }
    if errors.is_empty() { Ok(kind) } else { Err(ApiError::entity(errors)) }
}

/// A live event: opens, moves and closes pop-ups. It makes no record of the call.
pub fn call_event(context: &mut Context<'_>) -> ApiResult {
    let mut event = plain(context.call.object("event")?);
    let kind = event_kind(&event)?;
    let list = |name: &str| event.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let codes: Vec<String> = list("codes")
        .iter()
        .filter_map(|code| code.as_str().map(str::to_owned).or_else(|| code.as_i64().map(|code| code.to_string())))
        .collect();
    let ids: Vec<i64> = list("userIds").iter().filter_map(whole).collect();
    let state = &mut *context.state;
    let (users, no_codes, no_users) = state.users_of(&codes, &ids);
    let phone = text(&event, "phone").unwrap_or_default();
    let call = text(&event, "callExternalId");
    let at = state.moment(context.now);
    match kind {
        EventKind::Ended => {
            let named = !codes.is_empty() || !ids.is_empty();
            state.popups.close(named.then_some(&users), call, phone, &at);
        }
        EventKind::Rings => {
            let seeing: BTreeSet<i64> = users.into_iter().filter(|user| state.sees_popups(*user)).collect();
            state.popups.open(&seeing, call, phone, &at);
        }
    }
    event.insert("at".into(), at.into());
    state.call_events.push(&event);
    let mut answer = Map::new();
    if !no_codes.is_empty() {
        answer.insert("notExistCodes".into(), json!(no_codes));
    }
    if !no_users.is_empty() {
        answer.insert("notExistUsers".into(), json!(no_users));
    }
    Success::ok(Value::Object(answer))
}

/// The member for which a call is refused, and why.
fn complaint(call: &Entity) -> Option<(&'static str, String)> {
    let required = ["date", "type", "phone", "externalId", "result"];
    if let Some(name) = required.into_iter().find(|name| text(call, name).is_none()) {
        return Some((name, "This value should not be blank.".into()));
    }
    if !is_date_time(text(call, "date").unwrap_or_default()) {
        return Some(("date", "This value is not a valid datetime.".into()));
    }
    let one_of = |name: &'static str, choices: &[&str]| {
        let valid = text(call, name).is_some_and(|value| choices.contains(&value));
        (!valid).then(|| (name, NO_CHOICE.to_owned()))
    };
    let seconds = |name: &'static str| {
        let valid = call.get(name).is_none_or(|value| value.is_null() || whole(value).is_some_and(|seconds| seconds >= 0));
        (!valid).then(|| (name, "This value should be a number of seconds.".to_owned()))
    };
    one_of("type", &["in", "out"])
        .or_else(|| one_of("result", &RESULTS))
        .or_else(|| seconds("duration"))
        .or_else(|| seconds("durationWaiting"))
}

/// Puts calls into the history. A call whose `externalId` is known is skipped and named; it cannot be changed.
pub fn calls_upload(context: &mut Context<'_>) -> ApiResult {
    let calls: Vec<Entity> = context.call.objects("calls", CALLS_PER_UPLOAD)?.into_iter().map(plain).collect();
    let errors: Map<String, Value> = calls
        .iter()
        .enumerate()
        .filter_map(|(index, call)| complaint(call).map(|(name, text)| (format!("calls[{index}].{name}"), text.into())))
        .collect();
    if !errors.is_empty() {
        return Err(ApiError::entity(errors));
    }
    let state = &mut *context.state;
    let (mut processed, mut known) = (0, Vec::new());
    for call in calls {
        if state.calls.add(&pick(&call, &CALL_MEMBERS)) {
            processed += 1;
        } else {
            known.push(text(&call, "externalId").unwrap_or_default().to_owned());
        }
    }
    Success::ok(json!({"processedCallsCount": processed, "duplicateCalls": known}))
}

/// The manager of the customer who has this phone.
pub fn manager(context: &mut Context<'_>) -> ApiResult {
    let phone = context.call.text("phone").ok_or_else(|| ApiError::missing("phone"))?;
    let state = &*context.state;
    let customer = state.customer_by_phone(phone, &context.sites);
    let manager = customer.and_then(|customer| state.users.get(customer.get("managerId")?.as_i64()?));
    let available = |user: &&Entity| {
        let busy = matches!(text(user, "status"), Some("busy" | "dinner" | "break"));
        is(user, "active", true) && (!busy || context.call.flag("ignoreStatus"))
    };
    let mut answer = Map::new();
    if let Some(user) = manager.filter(available) {
        let mut shown = pick(user, &["id", "firstName", "lastName", "patronymic", "email"]);
        if let Some(code) = id_of(user).and_then(|id| state.code_of_user(id)) {
            shown.insert("code".into(), code.into());
        }
        answer.insert("manager".into(), Value::Object(shown));
    }
    if context.call.flag("details") {
        let url = state.account.url();
        let encoded: String = form_urlencoded::byte_serialize(phone.as_bytes()).collect();
        let adds = |page: &str| json!(format!("{url}/{page}/add?phone={encoded}"));
        let mut links = Map::from_iter([("newOrderLink".to_owned(), adds("orders")), ("newCustomerLink".to_owned(), adds("customers"))]);
        if let Some(customer) = customer {
            let mut shown = pick(customer, &["id", "externalId", "firstName", "lastName", "patronymic", "email"]);
            shown.insert("phones".into(), phones_of(customer).map(|number| json!({"number": number})).collect());
            answer.insert("customer".into(), Value::Object(shown));
            let id = id_of(customer);
            links.insert("customerLink".into(), json!(format!("{url}/customers/{}", id.unwrap_or_default())));
            let last = id.and_then(|id| state.orders.of_customer(id).next_back()).and_then(id_of);
            if let Some(last) = last {
                links.insert("lastOrderLink".into(), json!(format!("{url}/orders/{last}/edit")));
            }
        }
        answer.insert("links".into(), Value::Object(links));
    }
    Success::ok(Value::Object(answer))
}
