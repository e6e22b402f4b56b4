//! Events of chats and site requests. UIS does not publish the bodies of these notifications. The names of the parameters follow UIS's
//! reports and its Chat API `[inferred]`.

use super::Unreadable;
use super::params::Params;
use super::tags::tags;
use crate::bindings::uis::integration::chat_events::{
    Attachment, Chat, ChatAccepted, ChatFinished, ChatInitiator, ChatMessage, ChatStarted, ChatStatus, ChatUnanswered, MessageSource,
    Visitor,
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
        initiator: initiator(params),
        site_id: params.peek_integer("site_id"),
        site_domain: params.peek_text("site_domain_name"),
        tags: tags(params),
        attributes: Vec::new(),
    })
}

/// Who began the chat: `operator`, `visitor`, `autoinvite`, `chat_channel`, `chatbot`. UIS's white-label twin writes Russian words; which
/// ones is not public `[inferred]`.
fn initiator(params: &Params) -> Option<ChatInitiator> {
    let written = params.peek_text("initiator")?.to_lowercase();
    Some(match written.as_str() {
        "visitor" | "посетитель" | "клиент" => ChatInitiator::Visitor,
        "operator" | "employee" | "оператор" | "сотрудник" => ChatInitiator::Operator,
        _ => ChatInitiator::Other,
    })
}

fn visitor(params: &Params) -> Visitor {
    Visitor {
        id: params.integer("visitor_id"),
        name: params.text("visitor_name"),
        phone: params.typed_phone_of_any(&["visitor_phone_number", "visitor_phone", "contact_phone_number"]),
        email: params.text("visitor_email"),
        nick: params.text("chat_username"),
    }
}

fn with_rest(chat: Chat, params: &Params) -> Chat {
    Chat { attributes: params.attributes(), ..chat }
}

/// `chat_started`: the body is that of the Chat API's `POST /chat`, or has the reports' names.
pub fn started(params: &Params) -> Result<ChatStarted, Unreadable> {
    let chat = chat(params)?;
    Ok(ChatStarted { chat: with_rest(chat, params) })
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
        // What a visitor wrote into the form that the chat shows while nobody answers is the visitor's message, too.
        Some("visitor" | "form_text") => MessageSource::Visitor,
        Some("operator") => MessageSource::Operator,
        Some("system") => MessageSource::System,
        Some("chatbot" | "autoinvite" | "retention") => MessageSource::Bot,
        _ => MessageSource::Other,
    };
    let text = params.free_text("text").unwrap_or_default();
    // The Data API writes an empty object for no file.
    let file = params.objects("resource").into_iter().next().filter(|resource| resource.values().any(|value| !value.is_null()));
    let attachment = file.map(|resource| {
        let text = |name: &str| resource.get(name).and_then(|value| value.as_str()).map(str::to_owned);
        Attachment {
            kind: text("type"),
            // `name` in notifications, `file_name` in the Data API's report.
            name: text("name").or_else(|| text("file_name")),
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
        form_type: params.peek_text("form_type"),
        visitor_id: params.integer("visitor_id"),
        name: params.text("visitor_name"),
        phone: params.typed_phone_of_any(&["visitor_phone_number", "contact_phone_number"]),
        email: params.text("visitor_email"),
        site_domain: params.text("site_domain_name"),
        site_id: params.peek_integer("site_id"),
        employee: params.employee("employee_id", "employee_full_name", "employee_email", "extension_phone_number"),
        tags: tags(params),
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
        initiator: initiator(params),
        site_id: params.peek_integer("site_id"),
        site_domain: params.peek_text("site_domain_name"),
        tags: tags(params),
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn params(body: Value) -> Params {
        Params::from_body(&body, chrono_tz::Europe::Moscow, 1_000).expect("an object")
    }

    #[test]
    fn a_message_has_a_file_only_if_its_resource_says_something() {
        let read = |resource: Value| {
            let body = json!({"id": 1, "chat_id": 2, "source": "visitor", "text": "x", "resource": resource});
            message(&params(body)).expect("readable").attachment
        };
        for nothing in [json!(null), json!({}), json!({"type": null, "file_url": null}), json!([])] {
            assert_eq!(read(nothing.clone()).map(|file| file.url), None, "{nothing}");
        }
        let file = read(json!({"size": 12, "type": "photo", "file_url": "https://f.example/1", "file_name": "1.jpg"})).expect("a file");
        assert_eq!((file.name.as_deref(), file.url.as_deref(), file.size), (Some("1.jpg"), Some("https://f.example/1"), Some(12)));
    }

    #[test]
    fn a_chat_starts_with_the_body_of_the_chat_api() {
        let body = json!({"context": {"app_id": 4735, "chat_channel_id": 740_805}, "account_id": 286, "channel_id": 3580, "chat_id": 199,
            "visitor_id": 77, "visitor_phone": "+7 916 123-45-67", "operator_id": null, "initiator": "visitor",
            "created_at": "2026-11-23T07:00:00.248137+00:00"});
        let chat = started(&params(body)).expect("readable").chat;
        assert_eq!((chat.chat_id, chat.channel_id, chat.visitor.id), (199, Some(740_805), Some(77)));
        assert_eq!(chat.visitor.phone.map(|phone| phone.digits).as_deref(), Some("79161234567"));
        assert_eq!((chat.initiator, chat.employee, chat.at), (Some(ChatInitiator::Visitor), None, 1_795_417_200_248));
        assert!(matches!(started(&params(json!({"visitor_id": 1}))), Err(Unreadable::NoId("chat_id"))));
    }

    #[test]
    fn an_initiator_is_known_in_both_languages() {
        let of = |written: Value| started(&params(json!({"chat_id": 1, "initiator": written}))).expect("readable").chat.initiator;
        for (written, expected) in [
            ("operator", ChatInitiator::Operator),
            ("Оператор", ChatInitiator::Operator),
            ("Посетитель", ChatInitiator::Visitor),
            ("autoinvite", ChatInitiator::Other),
            ("chat_channel", ChatInitiator::Other),
            ("chatbot", ChatInitiator::Other),
            ("Автоприглашение", ChatInitiator::Other),
        ] {
            assert_eq!(of(json!(written)), Some(expected), "{written}");
        }
        assert_eq!([of(json!(null)), of(json!("{{initiator}}"))], [None, None]);
    }

    #[test]
    fn new_fields_stay_among_the_attributes_for_templates() {
        let about = json!({"chat_id": 1, "communication_id": 2, "site_id": "5", "site_domain_name": "shop.example", "form_type": "DataAPI",
            "initiator": "operator", "tag_ids": [3], "tag_names": ["VIP"], "visitor_phone_number": "8 916 123-45-67 Анна"});
        let chat = finished(&params(about.clone())).expect("readable").chat;
        assert_eq!((chat.site_id, chat.site_domain.as_deref()), (Some(5), Some("shop.example")));
        let request = site_request(&params(about)).expect("readable");
        for phone in [&chat.visitor.phone, &request.phone] {
            assert_eq!(phone.as_ref().map(|phone| phone.digits.as_str()), Some("79161234567"));
        }
        assert_eq!((request.site_id, request.form_type.as_deref()), (Some(5), Some("DataAPI")));
        for (tags, attributes, names) in [
            (
                chat.tags,
                chat.attributes,
                &["form_type", "initiator", "site_domain_name", "site_id", "tag_ids", "tag_names", "visitor_phone_number"][..],
            ),
            (
                request.tags,
                request.attributes,
                &["chat_id", "form_type", "initiator", "site_id", "tag_ids", "tag_names", "visitor_phone_number"][..],
            ),
        ] {
            assert_eq!(tags.iter().map(|tag| (tag.id, tag.name.as_str())).collect::<Vec<_>>(), [(Some(3), "VIP")]);
            assert_eq!(attributes.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), names);
        }
    }
}
