//! Events as administrators see them.

use serde_json::Value;
use uis_host::clock::instant;

use super::audit::entry_view;
use crate::control::{AttemptView, DeadLetterView, EffectView, EventDetail, EventView, OriginalView, RequestView};
use crate::privacy::masking;
use crate::store::Captured;
use crate::store::finding::{Found, id_of};
use crate::store::listing::{Listed, State, session_of};
use crate::store::originals::Original;
use crate::store::requests::Stored;

/// The name of a state.
fn name_of(state: State) -> &'static str {
    match state {
        State::Waiting => "waiting",
        State::Done => "done",
        State::Dead => "dead",
        State::Unreadable => "unreadable",
    }
}

fn at(at: i64) -> String {
    instant(at).to_rfc3339()
}

/// An event in a list.
pub fn view(listed: &Listed, reveal: bool) -> EventView {
    let event = listed.event.as_ref();
    let phone = event.and_then(|event| event.ordering_key.strip_prefix("phone:"));
    let waits_again = event.filter(|event| listed.state == State::Waiting && event.attempt > 1);
    EventView {
        id: id_of(listed),
        integration: listed.owner.clone(),
        state: name_of(listed.state).to_owned(),
        what: if reveal { listed.what.clone() } else { masking::shown_type(&listed.what) },
        session: event.and_then(session_of),
        phone: phone.map(|phone| if reveal { phone.to_owned() } else { masking::phone(phone) }),
        received: at(listed.received),
        ended: listed.ended.map(at),
        next_attempt: waits_again.map(|event| at(event.not_before)),
        attempts: event.map_or(0, |event| event.attempt.saturating_sub(1)),
        reason: listed.reason.as_deref().map(|reason| if reveal { reason.to_owned() } else { masking::text(reason) }),
    }
}

/// A dead letter that waits again.
pub fn letter(listed: &Listed) -> DeadLetterView {
    let view = view(listed, false);
    DeadLetterView {
        id: view.id,
        integration: view.integration,
        what: view.what,
        received: view.received,
        attempts: view.attempts,
        reason: view.reason.unwrap_or_default(),
    }
}

/// What to do about a dead letter.
pub fn remedy(reason: &str, state: State) -> &'static str {
    if state == State::Unreadable {
        return "correct the template in UIS if it is wrong (uis-gateway setup NAME shows it), mend the body (dead-letters edit ID --body FILE), \
                or re-drive it after an upgrade that reads it";
    }
    if reason.starts_with("Rejected") {
        return "change what the CRM refuses, in the CRM or in the settings, or mend the body (dead-letters edit ID --body FILE); then re-drive it";
    }
    if reason.contains("trapped") {
        return "the plugin has a fault: report it with `event ID --json`, upgrade the plugin, then re-drive it";
    }
    if reason.contains("limit ") {
        return "raise the limit in the configuration file, or look with `event ID` for what made the event so large; then re-drive it";
    }
    "look at `event ID` for what it asked and what was answered; when the cause is gone, re-drive it"
}

fn body(text: &str, reveal: bool) -> String {
    if reveal { text.to_owned() } else { masking::body(text) }
}

fn request(stored: &Stored, reveal: bool) -> RequestView {
    let request = &stored.request;
    RequestView {
        number: stored.number,
        at: at(request.at),
        kind: request.kind.clone(),
        method: request.method.clone(),
        content_type: request.content_type.clone(),
        query: body(&request.query, reveal),
        body: body(&String::from_utf8_lossy(&request.body), reveal),
    }
}

fn original(original: &Original, reveal: bool) -> OriginalView {
    OriginalView {
        replaced: at(original.at),
        who: original.who.clone(),
        query: body(&original.query, reveal),
        body: body(&String::from_utf8_lossy(&original.body), reveal),
    }
}

/// The id in an answer of the CRM: of itself, or of the one thing in it.
fn id_in(body: &str) -> Option<String> {
    let body: Value = serde_json::from_str(body).ok()?;
    let members = body.as_object()?;
    let id = members.get("id").or_else(|| members.values().find_map(|value| value.as_object()?.get("id")))?;
    id.is_number().then(|| id.to_string())
}

fn text(step: &Value, name: &str) -> String {
    step.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// What a step changed in the CRM or in UIS; none when it only read.
fn effect(step: &Value) -> Option<EffectView> {
    match step.get("step")?.as_str()? {
        "request" if text(step, "method") != "GET" => {
            let answer = step.get("answer")?;
            let status = answer.get("status").map(Value::to_string).unwrap_or_else(|| text(answer, "error"));
            let what = format!("{} {}", text(step, "method"), masking::path(&text(step, "path")));
            Some(EffectView { system: text(step, "connection"), what, status, id: id_in(&text(answer, "body")) })
        }
        "uis" => Some(EffectView {
            system: "uis".to_owned(),
            what: text(step, "method"),
            status: masking::text(&text(step, "answer")),
            id: None,
        }),
        _ => None,
    }
}

fn attempt(captured: &Captured, reveal: bool) -> AttemptView {
    let content: Value = serde_json::from_str(&captured.content).unwrap_or_default();
    let steps = content.get("steps").cloned().unwrap_or_else(|| Value::Array(Vec::new()));
    let effects = steps.as_array().into_iter().flatten().filter_map(effect).collect();
    let steps = if reveal { steps } else { masking::steps(&steps) };
    let steps = match steps {
        Value::Array(steps) => steps,
        _ => Vec::new(),
    };
    AttemptView { attempt: captured.attempt, at: at(captured.at), outcome: captured.outcome.clone(), effects, steps }
}

/// Why attempts are missing; none when all were captured.
fn not_captured(made: u32, captured: usize) -> Option<String> {
    let missing = (made as usize).saturating_sub(captured);
    (missing > 0).then(|| {
        format!(
            "{missing} of {made} attempts were not captured. The setting store.capture says which are: failed (the default), all, or off; captures \
             are deleted after store.captures-days"
        )
    })
}

/// One event with everything that is stored about it.
pub fn whole(found: &Found, reveal: bool) -> EventDetail {
    let listed = &found.listed;
    let event = listed.event.as_ref();
    let masked = |value: Value| if reveal { value } else { masking::json(&value) };
    let key = |key: &str| if reveal { key.to_owned() } else { masking::key(key) };
    let attempts: Vec<AttemptView> = found.captures.iter().map(|captured| attempt(captured, reveal)).collect();
    let made = event.map_or(0, |event| event.attempt.saturating_sub(1));
    let dead = matches!(listed.state, State::Dead | State::Unreadable);
    EventDetail {
        event: view(listed, reveal),
        delivery_id: event.map(|event| event.id.clone()),
        ordering_key: event.map(|event| key(&event.ordering_key)),
        request: found.request.as_ref().map(|stored| request(stored, reveal)),
        original: found.original.as_ref().map(|kept| original(kept, reveal)),
        normalised: event.map(|event| masked(serde_json::to_value(&event.event).unwrap_or_default())),
        not_captured: not_captured(made, attempts.len()),
        attempts,
        audit: found.audit.iter().map(entry_view).collect(),
        remedy: dead.then(|| remedy(listed.reason.as_deref().unwrap_or_default(), listed.state).to_owned()),
    }
}
