//! Values of every shape that ports carry: empty, huge, with characters that terminals, files and databases treat specially.

use crate::bindings::exports::uis::integration::orders::OrderWebhook;
use crate::bindings::exports::uis::integration::schedule::TimerDue;
use crate::bindings::exports::uis::integration::setup::Callback;
use crate::bindings::uis::integration::call_events::{Call, CallFinished, Direction, FinishKind, IncomingCall, Recording};
use crate::bindings::uis::integration::chat_events::{Attachment, Chat, ChatInitiator, ChatMessage, ChatStarted, MessageSource, Visitor};
use crate::bindings::uis::integration::site_request_events::SiteRequest;
use crate::bindings::uis::integration::timers::Timer;
use crate::bindings::uis::integration::types::{EmployeeHint, PhoneNumber, Tag};
use crate::event::Event;
use crate::ports::{KeptEvent, Origin, SetTimer};

/// The present of the suites: 2026-11-23, 10:00 in Moscow.
pub const NOW: i64 = 1_795_417_200_000;

/// Texts that something on the way may choke on.
pub fn texts() -> Vec<String> {
    let short = [
        "",
        " ",
        "a",
        "Иванов-Петров",
        "日本語 🙂",
        "e\u{301}",
        "\u{202e}abc",
        "line\r\nline",
        "tab\t",
        "\0",
        "\u{1b}[31mred",
        "%s{}\\'\"",
    ];
    short.into_iter().map(str::to_owned).chain(["я".repeat(100_000)]).collect()
}

/// A call with these texts in it.
pub fn call(session_id: i64, text: &str) -> Call {
    Call {
        session_id,
        at: NOW,
        direction: Some(Direction::Incoming),
        contact: Some(PhoneNumber { digits: "79161234567".into(), extension: Some(text.into()) }),
        contact_name: Some(text.into()),
        virtual_number: None,
        employee: Some(EmployeeHint { id: Some(i64::MAX), full_name: Some(text.into()), email: None, extension: None }),
        is_internal: false,
        is_transfer: true,
        started_at: Some(i64::MIN),
        external_id: Some(text.into()),
        call_source: None,
        tags: vec![Tag { id: Some(i64::MAX), name: text.into() }, Tag { id: None, name: String::new() }],
        attributes: vec![(text.into(), text.into()), (String::new(), String::new())],
    }
}

/// The end of a call.
pub fn call_finished(session_id: i64, text: &str) -> CallFinished {
    CallFinished {
        call: call(session_id, text),
        kind: FinishKind::Finished,
        is_lost: None,
        finished_at: NOW,
        talk_seconds: Some(u32::MAX),
        wait_seconds: Some(0),
        total_seconds: None,
        finish_reason: Some(text.into()),
        last_talked_employee: None,
        rung_employee_ids: vec![1, i64::MIN],
        recordings: vec![Recording { url: Some(text.into()), seconds: None }],
    }
}

fn chat(text: &str) -> Chat {
    let visitor = Visitor { id: None, name: Some(text.into()), phone: None, email: Some(text.into()), nick: None };
    Chat {
        chat_id: -1,
        communication_id: None,
        at: NOW,
        channel_id: Some(3),
        channel_type: Some(text.into()),
        channel_name: None,
        visitor,
        employee: None,
        initiator: Some(ChatInitiator::Other),
        site_id: Some(i64::MIN),
        site_domain: Some(text.into()),
        tags: vec![Tag { id: Some(0), name: text.into() }],
        attributes: Vec::new(),
    }
}

fn chat_message(text: &str) -> ChatMessage {
    let attachment = Some(Attachment { kind: None, name: Some(text.into()), url: None, size: Some(u64::MAX) });
    ChatMessage { chat: chat(text), message_id: 9, source: MessageSource::Visitor, text: text.into(), attachment }
}

fn site_request(text: &str) -> SiteRequest {
    SiteRequest {
        communication_id: 0,
        at: 0,
        communication_number: Some(i64::MIN),
        text: Some(text.into()),
        form_name: Some(text.into()),
        form_type: Some(text.into()),
        visitor_id: None,
        name: None,
        phone: None,
        email: Some(text.into()),
        site_domain: Some(text.into()),
        site_id: None,
        employee: None,
        tags: vec![Tag { id: None, name: text.into() }],
        attributes: Vec::new(),
    }
}

/// Events of several kinds with this text wherever a text may be.
pub fn events(text: &str) -> Vec<Event> {
    vec![
        Event::IncomingCall(IncomingCall { call: call(0, text), input: Some(text.into()), deadline_ms: 0 }),
        Event::CallFinished(call_finished(998_677_427, text)),
        Event::ChatStarted(ChatStarted { chat: chat(text) }),
        Event::ChatMessage(chat_message(text)),
        Event::SiteRequest(site_request(text)),
        Event::OrderWebhook(OrderWebhook {
            at: NOW,
            method: "POST".into(),
            parameters: vec![(text.into(), text.into())],
            content_type: Some("application/json".into()),
            body: b"{}".to_vec(),
        }),
        Event::TimerDue(TimerDue { name: text.into(), due: i64::MIN, payload: (0..=255).collect() }),
        Event::Callback(Callback {
            name: text.into(),
            at: i64::MAX,
            method: text.into(),
            parameters: vec![(String::new(), text.into())],
            content_type: None,
            body: (0..=255).collect(),
        }),
        Event::Activate,
        Event::Deactivate,
        Event::Action(text.into()),
    ]
}

/// An event before its first attempt.
pub fn kept(id: &str, event: Event) -> KeptEvent {
    KeptEvent {
        id: id.into(),
        ordering_key: "phone:79161234567".into(),
        origin: Origin(7),
        what: "call_session_finished".into(),
        event,
        attempt: 1,
        received: NOW,
        not_before: NOW,
        reason: None,
        reported: false,
    }
}

/// A timer that is due at this time.
pub fn timer(name: &str, at: i64, every_ms: Option<u64>) -> SetTimer {
    let timer = Timer { name: name.into(), at, every_ms, ordering_key: "key".into(), payload: b"payload".to_vec() };
    SetTimer { timer, origin: Origin(3) }
}
