//! Events of calls: from notifications, from the routing request of a call scenario, and from rows of UIS's report of calls.

use super::Unreadable;
use super::params::Params;
use super::tags::tags;
use crate::bindings::uis::integration::call_events::{
    Call, CallAnswered, CallFinished, Direction, FinishKind, IncomingCall, LegRinging, OutgoingCall, Recording, RecordingReady,
    TagsChanged, TalkFinished,
};
use crate::bindings::uis::integration::types::{CommunicationKind, EmployeeHint};

/// How long a plugin may take to answer an incoming call, in milliseconds; the caller hears ringing meanwhile. UIS's own timeout is
/// configurable and not public, so this leaves a margin.
pub const INCOMING_DEADLINE_MS: u32 = 3000;

fn session(params: &Params) -> Result<i64, Unreadable> {
    // The communication id of a call is its session id.
    params
        .integer_of_any(&["call_session_id", "cdr_id", "communication_id"])
        .filter(|id| *id > 0)
        .ok_or(Unreadable::NoId("call_session_id"))
}

fn direction(params: &Params) -> Option<Direction> {
    match params.text("direction")?.to_lowercase().as_str() {
        "in" | "incoming" | "inbound" | "входящий" => Some(Direction::Incoming),
        "out" | "outgoing" | "outbound" | "исходящий" => Some(Direction::Outgoing),
        _ => None,
    }
}

fn moment(params: &Params) -> i64 {
    // Read both: a parameter that is not read would be passed on as an attribute.
    let (written, stamp) = (params.time("notification_time"), params.time("notification_timestamp"));
    written.or(stamp).unwrap_or(params.received())
}

fn call(params: &Params, implied: Option<Direction>) -> Result<Call, Unreadable> {
    let direction = direction(params).or(implied);
    let (calling, called) = (params.phone("calling_phone_number"), params.phone("called_phone_number"));
    let contact = params.phone("contact_phone_number").or(match direction {
        Some(Direction::Incoming) => calling,
        Some(Direction::Outgoing) => called,
        None => None,
    });
    Ok(Call {
        session_id: session(params)?,
        at: moment(params),
        direction,
        contact,
        contact_name: params.text("contact_full_name"),
        virtual_number: params.phone("virtual_phone_number").map(|number| number.digits),
        employee: params
            .employee("employee_id", "employee_full_name", "employee_email", "extension_phone_number")
            .or_else(|| Some(EmployeeHint { id: None, full_name: None, email: None, extension: Some(params.text("extension")?) })),
        is_internal: params.flag("is_internal").unwrap_or(false),
        is_transfer: params.flag("is_transfer").unwrap_or(false),
        started_at: params.time("start_time"),
        external_id: params.text_of_any(&["external_id", "call_api_external_id"]),
        call_source: params.text_of_any(&["call_source", "source"]),
        tags: tags(params),
        // `with_rest` fills these in, after all known parameters were read.
        attributes: Vec::new(),
    })
}

fn with_rest(call: Call, params: &Params) -> Call {
    Call { attributes: params.attributes(), ..call }
}

/// `in_call_session`.
pub fn incoming(params: &Params) -> Result<IncomingCall, Unreadable> {
    let call = call(params, Some(Direction::Incoming))?;
    Ok(IncomingCall { call: with_rest(call, params), input: None, deadline_ms: INCOMING_DEADLINE_MS })
}

/// The routing request of a call scenario: `cdr_id`, `start_time`, `input_result`, `numa`, `numb`, and any other parameters that the
/// scenario selects.
pub fn route(params: &Params) -> Result<IncomingCall, Unreadable> {
    let (caller, dialled) = (params.phone("numa"), params.phone("numb"));
    let mut call = call(params, Some(Direction::Incoming)).map_err(|_| Unreadable::NoId("cdr_id"))?;
    call.contact = call.contact.or(caller);
    call.virtual_number = call.virtual_number.or(dialled.map(|number| number.digits));
    let input = params.text("input_result");
    Ok(IncomingCall { call: with_rest(call, params), input, deadline_ms: INCOMING_DEADLINE_MS })
}

/// `out_call`: an employee's phone rings.
pub fn leg_ringing(params: &Params) -> Result<LegRinging, Unreadable> {
    let call = call(params, None)?;
    let leg_id = params.integer("leg_id");
    Ok(LegRinging { call: with_rest(call, params), leg_id })
}

/// `out_call_session`.
pub fn outgoing(params: &Params) -> Result<OutgoingCall, Unreadable> {
    let call = call(params, Some(Direction::Outgoing))?;
    Ok(OutgoingCall { call: with_rest(call, params) })
}

/// `call_connected`.
pub fn answered(params: &Params) -> Result<CallAnswered, Unreadable> {
    let call = call(params, None)?;
    Ok(CallAnswered { call: with_rest(call, params) })
}

/// `talk_finished`.
pub fn talk_finished(params: &Params) -> Result<TalkFinished, Unreadable> {
    let call = call(params, None)?;
    let talk_seconds = params.seconds("talk_time_duration");
    Ok(TalkFinished { call: with_rest(call, params), talk_seconds })
}

/// `call_session_finished` and `lost_call_session`.
pub fn finished(params: &Params, lost: bool) -> Result<CallFinished, Unreadable> {
    let call = call(params, lost.then_some(Direction::Incoming))?;
    let finished_at = params.time("finish_time").unwrap_or(call.at);
    let rung = params.integers("employee_ids");
    let last_talked = last_talked(params);
    let (reason, lost_reason) = (params.text("finish_reason"), params.text("lost_reason"));
    let mut recordings: Vec<Recording> =
        params.texts("record_file_links").into_iter().map(|url| Recording { url, seconds: None }).collect();
    if let Some(one) = recording(params)
        && !recordings.iter().any(|known| known.url == one.url)
    {
        recordings.push(one);
    }
    Ok(CallFinished {
        kind: if lost { FinishKind::Lost } else { FinishKind::Finished },
        is_lost: params.flag("is_lost"),
        finished_at,
        talk_seconds: params.seconds("talk_time_duration"),
        wait_seconds: params.seconds("wait_time_duration"),
        total_seconds: params.seconds("total_time_duration"),
        finish_reason: reason.or(lost_reason),
        last_talked_employee: last_talked,
        rung_employee_ids: rung,
        recordings,
        call: with_rest(call, params),
    })
}

fn last_talked(params: &Params) -> Option<EmployeeHint> {
    params.employee(
        "last_talked_employee_id",
        "last_talked_employee_full_name",
        "last_talked_employee_email",
        "last_talked_employee_extension",
    )
}

fn recording(params: &Params) -> Option<Recording> {
    let seconds = params.seconds("file_duration").or(params.seconds("call_record_duration"));
    Some(Recording { url: params.text_of_any(&["file_link", "record_file_link"])?, seconds })
}

/// `record_ready`: one recording in `file_link`, or several in `record_file_links`. Each recording becomes an event.
pub fn recordings_ready(params: &Params) -> Result<Vec<RecordingReady>, Unreadable> {
    let call = call(params, None)?;
    let (one, several) = (recording(params), params.texts("record_file_links"));
    let mut recordings: Vec<Recording> = one.into_iter().collect();
    for url in several {
        if !recordings.iter().any(|known| known.url == url) {
            recordings.push(Recording { url, seconds: None });
        }
    }
    if recordings.is_empty() {
        // The event is valid without a link; the plugin reports that the link is missing.
        recordings.push(Recording { url: String::new(), seconds: None });
    }
    let call = with_rest(call, params);
    Ok(recordings.into_iter().map(|recording| RecordingReady { call: call.clone(), recording }).collect())
}

/// `set_mark`.
pub fn tags_changed(params: &Params) -> Result<TagsChanged, Unreadable> {
    let communication = match params.text("communication_type").as_deref() {
        Some("chat") => CommunicationKind::Chat,
        Some("offline_message") => CommunicationKind::SiteRequest,
        Some("goal") => CommunicationKind::Goal,
        Some("email") => CommunicationKind::Email,
        // A template without the type: only a chat has a chat's id.
        None if params.peek_integer("chat_id").is_some() && params.peek_integer("call_session_id").is_none() => CommunicationKind::Chat,
        _ => CommunicationKind::Call,
    };
    // The chat's own id stays among the attributes: it differs from that of the communication.
    let communication_id = params
        .integer_of_any(&["communication_id", "call_session_id"])
        .or_else(|| params.peek_integer("chat_id"))
        .filter(|id| *id > 0)
        .ok_or(Unreadable::NoId("communication_id"))?;
    let contact = match communication {
        CommunicationKind::Call => params.phone("contact_phone_number"),
        // A visitor typed it. The key must be that of the communication's own events.
        _ => params.typed_phone_of_any(&["visitor_phone_number", "contact_phone_number"]),
    };
    let tags = tags(params);
    // Read, so that the event does not have the names twice.
    params.texts("tag_names");
    Ok(TagsChanged { communication, communication_id, at: moment(params), contact, tags, attributes: params.attributes() })
}

/// A row of `get.calls_report`, as the end of a call; none while the call is in progress. The report has its own names for durations. It
/// gives ids of recordings, from which the links are built in the form that UIS uses.
pub fn reported(params: &Params) -> Result<Option<CallFinished>, Unreadable> {
    let Some(session_id) = params.integer_of_any(&["id", "call_session_id"]).filter(|id| *id > 0) else {
        return Err(Unreadable::NoId("id"));
    };
    let Some(finished_at) = params.time("finish_time") else { return Ok(None) };
    let communication = params.integer("communication_id").unwrap_or(session_id);
    let mut recordings: Vec<Recording> = params
        .texts("call_records")
        .into_iter()
        .map(|id| Recording { url: format!("https://app.comagic.ru/system/media/talk/{communication}/{id}/"), seconds: None })
        .collect();
    if let (Some(url), true) = (params.text("full_record_file_link"), recordings.is_empty()) {
        recordings.push(Recording { url, seconds: None });
    }
    let people = params.objects("employees");
    let ids = |flag: &str| -> Vec<i64> {
        let chosen = people.iter().filter(|person| flag.is_empty() || person.get(flag).and_then(serde_json::Value::as_bool) == Some(true));
        chosen.filter_map(|person| person.get("employee_id")?.as_i64()).collect()
    };
    let by_id = |id: Option<&i64>| id.map(|id| EmployeeHint { id: Some(*id), full_name: None, email: None, extension: None });
    let answered = params.employee("last_answered_employee_id", "last_answered_employee_full_name", "", "");
    let call = Call {
        session_id,
        at: finished_at,
        direction: direction(params),
        contact: params.phone("contact_phone_number"),
        contact_name: params.text("contact_full_name"),
        virtual_number: params.phone("virtual_phone_number").map(|number| number.digits),
        employee: answered.or_else(|| by_id(ids("is_answered").last())),
        is_internal: params.flag("is_internal").unwrap_or(false),
        is_transfer: params.flag("is_transfer").unwrap_or(false),
        started_at: params.time("start_time"),
        external_id: params.text("call_api_external_id"),
        call_source: params.text("source"),
        tags: tags(params),
        attributes: Vec::new(),
    };
    let finished = CallFinished {
        kind: FinishKind::Reported,
        is_lost: params.flag("is_lost"),
        finished_at,
        talk_seconds: params.seconds("talk_duration"),
        wait_seconds: params.seconds("wait_duration").or(params.seconds("total_wait_duration")),
        total_seconds: params.seconds("total_duration"),
        finish_reason: params.text("finish_reason"),
        last_talked_employee: last_talked(params).or_else(|| by_id(ids("is_talked").last())),
        rung_employee_ids: ids(""),
        recordings,
        call: with_rest(call, params),
    };
    Ok(Some(finished))
}
