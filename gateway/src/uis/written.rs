//! Records of UIS's reports as rows again, with the Data API's field names: what a recording has as `report`. Reading such a row gives the same
//! record.

use chrono::SecondsFormat;
use serde_json::{Map, Value, json};
use uis_host::bindings::uis::integration::call_events::{CallFinished, Direction};
use uis_host::bindings::uis::integration::chat_events::{Chat, ChatFinished, ChatInitiator, ChatMessage, ChatStatus, MessageSource};
use uis_host::bindings::uis::integration::site_request_events::SiteRequest;
use uis_host::bindings::uis::integration::types::{PhoneNumber, Tag};
use uis_host::clock::instant;

/// The beginning of the address of a call's recording; the call's communication and the recording's id follow.
const RECORDINGS: &str = "https://app.comagic.ru/system/media/talk/";

fn time(at: i64) -> Value {
    instant(at).to_rfc3339_opts(SecondsFormat::Millis, true).into()
}

fn number(phone: &Option<PhoneNumber>) -> Value {
    let written = phone.as_ref().map(|phone| match &phone.extension {
        Some(extension) => format!("{}...{extension}", phone.digits),
        None => phone.digits.clone(),
    });
    written.into()
}

/// A row of the members that have values, over the attributes, which are parameters that the record has no field for.
fn row(attributes: &[(String, String)], tags: &[Tag], members: Value) -> Value {
    let mut row: Map<String, Value> = attributes.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
    if !["tags", "tag_ids", "tag_names"].iter().any(|name| row.contains_key(*name)) && !tags.is_empty() {
        row.insert("tags".to_owned(), tags.iter().map(|tag| json!({ "tag_id": tag.id, "tag_name": tag.name })).collect());
    }
    if let Value::Object(members) = members {
        for (name, value) in members.into_iter().filter(|(_, value)| !value.is_null()) {
            // What a person typed stands among the attributes as it was typed.
            row.entry(name).or_insert(value);
        }
    }
    row.into()
}

/// A row of `get.calls_report`.
pub fn call(finished: &CallFinished) -> Value {
    let call = &finished.call;
    let urls: Vec<&str> = finished.recordings.iter().filter_map(|recording| recording.url.as_deref()).collect();
    let of_uis =
        |url: &&str| url.strip_prefix(RECORDINGS)?.trim_end_matches('/').split_once('/').map(|(of, id)| (of.to_owned(), id.to_owned()));
    let known: Vec<(String, String)> = urls.iter().filter_map(of_uis).collect();
    let ids: Vec<&str> = known.iter().map(|(_, id)| id.as_str()).collect();
    let employee = call.employee.as_ref();
    let talked = finished.last_talked_employee.as_ref();
    let members = json!({
        "id": call.session_id,
        "communication_id": known.first().and_then(|(of, _)| of.parse::<i64>().ok()),
        "finish_time": time(finished.finished_at),
        "start_time": call.started_at.map(time),
        "direction": call.direction.map(|direction| match direction {
            Direction::Incoming => "in",
            Direction::Outgoing => "out",
        }),
        "contact_phone_number": number(&call.contact),
        "contact_full_name": call.contact_name,
        "virtual_phone_number": call.virtual_number,
        "last_answered_employee_id": employee.and_then(|employee| employee.id),
        "last_answered_employee_full_name": employee.and_then(|employee| employee.full_name.clone()),
        "is_internal": call.is_internal.then_some(true),
        "is_transfer": call.is_transfer.then_some(true),
        "call_api_external_id": call.external_id,
        "source": call.call_source,
        "is_lost": finished.is_lost,
        "talk_duration": finished.talk_seconds,
        "wait_duration": finished.wait_seconds,
        "total_duration": finished.total_seconds,
        "finish_reason": finished.finish_reason,
        "last_talked_employee_id": talked.and_then(|employee| employee.id),
        "last_talked_employee_full_name": talked.and_then(|employee| employee.full_name.clone()),
        "last_talked_employee_email": talked.and_then(|employee| employee.email.clone()),
        "last_talked_employee_extension": talked.and_then(|employee| employee.extension.clone()),
        "employees": finished.rung_employee_ids.iter().map(|id| json!({ "employee_id": id })).collect::<Vec<_>>(),
        "call_records": Some(ids).filter(|ids| !ids.is_empty()),
        "full_record_file_link": urls.first().filter(|_| known.is_empty()),
    });
    row(&call.attributes, &call.tags, members)
}

/// A row about a chat: what all of them have, and the row's own members.
fn of_chat(chat: &Chat, own: Value) -> Value {
    let mut members = json!({
        "communication_id": chat.communication_id,
        "date_time": time(chat.at),
        "chat_channel_type": chat.channel_type,
        "chat_channel_name": chat.channel_name,
        "visitor_id": chat.visitor.id,
        "visitor_name": chat.visitor.name,
        "visitor_phone_number": number(&chat.visitor.phone),
        "visitor_email": chat.visitor.email,
        "chat_username": chat.visitor.nick,
        "employee_id": chat.employee.as_ref().and_then(|employee| employee.id),
        "employee_full_name": chat.employee.as_ref().and_then(|employee| employee.full_name.clone()),
    });
    if let (Value::Object(members), Value::Object(own)) = (&mut members, own) {
        members.extend(own);
    }
    row(&chat.attributes, &chat.tags, members)
}

/// A row of `get.chats_report`. Its time is the end, so it has no duration.
pub fn chat(finished: &ChatFinished) -> Value {
    let chat = &finished.chat;
    let members = json!({
        "id": chat.chat_id,
        "chat_channel_id": chat.channel_id,
        "initiator": chat.initiator.map(|initiator| match initiator {
            ChatInitiator::Visitor => "visitor",
            ChatInitiator::Operator => "operator",
            ChatInitiator::Other => "chatbot",
        }),
        "site_id": chat.site_id,
        "site_domain_name": chat.site_domain,
        "status": match finished.status {
            ChatStatus::Lost => Some("lost"),
            ChatStatus::Succeed => Some("succeed"),
            ChatStatus::Refused => Some("refused"),
            ChatStatus::Unknown => None,
        },
        "release_cause": finished.release_cause,
    });
    of_chat(chat, members)
}

/// A row of `get.chat_messages_report`.
pub fn message(message: &ChatMessage) -> Value {
    let chat = &message.chat;
    let file = message.attachment.as_ref();
    let file = file.map(|file| json!({ "type": file.kind, "name": file.name, "file_url": file.url, "size": file.size }));
    let members = json!({
        "id": message.message_id,
        "chat_id": chat.chat_id,
        "channel_id": chat.channel_id,
        "source": match message.source {
            MessageSource::Visitor => "visitor",
            MessageSource::Operator => "operator",
            MessageSource::System => "system",
            MessageSource::Bot => "chatbot",
            MessageSource::Other => "chat_channel",
        },
        "text": message.text,
        "resource": file,
    });
    of_chat(chat, members)
}

/// A row of `get.offline_messages_report`.
pub fn site_request(request: &SiteRequest) -> Value {
    let members = json!({
        "communication_id": request.communication_id,
        "communication_number": request.communication_number,
        "date_time": time(request.at),
        "text": request.text,
        "form_name": request.form_name,
        "form_type": request.form_type,
        "visitor_id": request.visitor_id,
        "visitor_name": request.name,
        "visitor_phone_number": number(&request.phone),
        "visitor_email": request.email,
        "site_domain_name": request.site_domain,
        "site_id": request.site_id,
        "employee_id": request.employee.as_ref().and_then(|employee| employee.id),
        "employee_full_name": request.employee.as_ref().and_then(|employee| employee.full_name.clone()),
    });
    row(&request.attributes, &request.tags, members)
}
