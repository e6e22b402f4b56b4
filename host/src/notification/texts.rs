//! Events of chats and site requests. UIS does not publish the bodies of these notifications. The names of the parameters follow UIS's
//! reports and its Chat API `[inferred]`.

use super::Unreadable;
use super::params::Params;
use crate::bindings::uis::integration::chat_events::{
    Attachment, Chat, ChatAccepted, ChatFinished, ChatMessage, ChatStatus, ChatUnanswered, MessageSource, Visitor,
};
use crate::bindings::uis::integration::site_request_events::SiteRequest;
use crate::limits::{ATTRIBUTE_BYTES, cut};

fn moment(params: &Params) -> i64 {
    let known: Vec<i64> = ["notification_time", "created_at", "date_time"].iter().filter_map(|name| params.time(name)).collect();
    known.first().copied().unwrap_or(params.received())
}

fn chat(params: &Params) -> Result<Chat, Unreadable> {
    Ok(Chat {
        chat_id: params.integer("chat_id").filter(|id| *id > 0).ok_or(Unreadable::NoId("chat_id"))?,
        communication_id: params.integer("communication_id"),
        at: moment(params),
        channel_id: params.integer_of_any(&["chat_channel_id", "channel_id"]),
        channel_type: params.text("chat_channel_type"),
        channel_name: params.text("chat_channel_name"),
        visitor: visitor(params),
        employee: params
            .employee("employee_id", "employee_full_name", "employee_email", "extension_phone_number")
            .or_else(|| params.employee("operator_id", "", "", "")),
        attributes: Vec::new(),
    })
}

fn visitor(params: &Params) -> Visitor {
    Visitor {
        id: params.integer("visitor_id"),
        name: params.text("visitor_name"),
        phone: params.phone_of_any(&["visitor_phone_number", "visitor_phone", "contact_phone_number"]),
        email: params.text("visitor_email"),
        nick: params.text("chat_username"),
    }
}

fn with_rest(chat: Chat, params: &Params) -> Chat {
    Chat { attributes: params.attributes(), ..chat }
}

/// `chat_accepted`.
pub fn accepted(params: &Params) -> Result<ChatAccepted, Unreadable> {
    let chat = chat(params)?;
    Ok(ChatAccepted { chat: with_rest(chat, params) })
}

/// `chat_message`: the body is that of the Chat API's `POST /message`.
pub fn message(params: &Params) -> Result<ChatMessage, Unreadable> {
    let chat = chat(params)?;
    let message_id = params.integer_of_any(&["id", "message_id"]).filter(|id| *id > 0).ok_or(Unreadable::NoId("id"))?;
    let source = match params.text("source").as_deref() {
        Some("visitor") => MessageSource::Visitor,
        Some("operator") => MessageSource::Operator,
        Some("system") => MessageSource::System,
        Some("chatbot" | "autoinvite" | "retention") => MessageSource::Bot,
        _ => MessageSource::Other,
    };
    let text = params.free_text("text").unwrap_or_default();
    let attachment = params.objects("resource").into_iter().next().map(|resource| {
        let text = |name: &str| resource.get(name).and_then(|value| value.as_str()).map(str::to_owned);
        Attachment {
            kind: text("type"),
            name: text("name"),
            url: text("file_url"),
            size: resource.get("size").and_then(serde_json::Value::as_u64),
        }
    });
    Ok(ChatMessage { chat: with_rest(chat, params), message_id, source, text: cut(&text, ATTRIBUTE_BYTES).to_owned(), attachment })
}

/// `unanswered_chats`.
pub fn unanswered(params: &Params) -> Result<ChatUnanswered, Unreadable> {
    let chat = chat(params)?;
    let text = params.free_text("text").map(|text| cut(&text, ATTRIBUTE_BYTES).to_owned());
    Ok(ChatUnanswered { chat: with_rest(chat, params), text })
}

/// `chat_finished`.
pub fn finished(params: &Params) -> Result<ChatFinished, Unreadable> {
    let chat = chat(params)?;
    let (status, release_cause) = ending(params);
    Ok(ChatFinished { chat: with_rest(chat, params), status, release_cause })
}

/// `offline_message`.
pub fn site_request(params: &Params) -> Result<SiteRequest, Unreadable> {
    let communication_id =
        params.integer_of_any(&["communication_id", "id"]).filter(|id| *id > 0).ok_or(Unreadable::NoId("communication_id"))?;
    let text = params.free_text("text").or_else(|| params.free_text("message")).map(|text| cut(&text, ATTRIBUTE_BYTES).to_owned());
    let request = SiteRequest {
        communication_id,
        at: moment(params),
        communication_number: params.integer("communication_number"),
        text,
        form_name: params.text("form_name"),
        visitor_id: params.integer("visitor_id"),
        name: params.text("visitor_name"),
        phone: params.phone_of_any(&["visitor_phone_number", "contact_phone_number"]),
        email: params.text("visitor_email"),
        site_domain: params.text("site_domain_name"),
        employee: params.employee("employee_id", "employee_full_name", "employee_email", "extension_phone_number"),
        attributes: Vec::new(),
    };
    Ok(SiteRequest { attributes: params.attributes(), ..request })
}

/// A row of `get.chats_report`, as the end of a chat. The row's id is the chat's id. The chat ended `duration` seconds after `date_time`.
pub fn reported_chat(params: &Params) -> Result<ChatFinished, Unreadable> {
    let chat_id = params.integer_of_any(&["id", "chat_id"]).filter(|id| *id > 0).ok_or(Unreadable::NoId("id"))?;
    let ended = moment(params) + i64::from(params.seconds("duration").unwrap_or(0)) * 1000;
    let chat = Chat {
        chat_id,
        communication_id: params.integer("communication_id"),
        at: ended,
        channel_id: params.integer("chat_channel_id"),
        channel_type: params.text("chat_channel_type"),
        channel_name: params.text("chat_channel_name"),
        visitor: visitor(params),
        employee: params.employee("employee_id", "employee_full_name", "", ""),
        attributes: Vec::new(),
    };
    let (status, release_cause) = ending(params);
    Ok(ChatFinished { chat: with_rest(chat, params), status, release_cause })
}

fn ending(params: &Params) -> (ChatStatus, Option<String>) {
    let status = match params.text("status").as_deref() {
        Some("lost") => ChatStatus::Lost,
        Some("succeed") => ChatStatus::Succeed,
        Some("refused") => ChatStatus::Refused,
        _ => ChatStatus::Unknown,
    };
    (status, params.text("release_cause"))
}
