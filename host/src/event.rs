//! Events that a plugin handles: the handler of each, its class of delivery, and its ordering key.

use serde::{Deserialize, Serialize};

use crate::bindings::exports::uis::integration::{
    orders::OrderWebhook,
    schedule::TimerDue,
    setup::{Callback, Identity},
};
use crate::bindings::uis::integration::call_events::{
    Call, CallAnswer, CallAnswered, CallFinished, ClickToCall, DialOrder, IncomingCall, LegRinging, OutgoingCall, RecordingReady,
    TagsChanged, TalkFinished,
};
use crate::bindings::uis::integration::chat_events::{Chat, ChatAccepted, ChatFinished, ChatMessage, ChatStarted, ChatUnanswered};
use crate::bindings::uis::integration::site_request_events::SiteRequest;
use crate::bindings::uis::integration::types::{Failure, Outcome, PhoneNumber};

/// How an event is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Delivered at once, beside all queues, within a deadline (`wall-live-ms`). Never stored and never retried.
    Live,
    /// Stored before it is acknowledged, delivered in order with the other events of its ordering key, retried until it succeeds or becomes
    /// a dead letter.
    Kept,
}

/// What happened, as the contract describes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the contract documents each")]
pub enum Event {
    IncomingCall(IncomingCall),
    LegRinging(LegRinging),
    OutgoingCall(OutgoingCall),
    CallAnswered(CallAnswered),
    TalkFinished(TalkFinished),
    CallFinished(CallFinished),
    RecordingReady(RecordingReady),
    TagsChanged(TagsChanged),
    ClickToCall(ClickToCall),
    ChatStarted(ChatStarted),
    ChatAccepted(ChatAccepted),
    ChatMessage(ChatMessage),
    ChatUnanswered(ChatUnanswered),
    ChatFinished(ChatFinished),
    SiteRequest(SiteRequest),
    OrderWebhook(OrderWebhook),
    TimerDue(TimerDue),
    Callback(Callback),
    Activate,
    Deactivate,
    Action(String),
    Erase(Identity),
}

/// What a handler returns when it succeeds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Reply {
    /// The event was handled; with what the handler skipped.
    Done(Outcome),
    /// Answers an incoming call: who is calling, and the numbers to forward the call to.
    Answer(CallAnswer),
    /// A call that UIS shall start, or none.
    Dial(Option<DialOrder>),
}

/// What a handler returns: a reply, or a failure that says whether to retry.
pub type Handled = Result<Reply, Failure>;

/// Why a handler returned nothing: the plugin trapped, it exceeded a limit, or the host failed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Fault {
    /// The plugin trapped; with the trap's message.
    #[error("the plugin trapped: {0}")]
    Trap(String),
    /// The handler exceeded a limit.
    #[error("limit {name} = {value} was exceeded")]
    Limit {
        /// The limit's name, as in settings and command line flags.
        name: &'static str,
        /// The limit's value, in the unit that its name gives.
        value: u64,
    },
    /// The host's store failed, or the host panicked. The event is retried.
    #[error("the host failed: {0}")]
    Host(String),
}

/// The ordering keys that a person's events may have, by phones, e-mails and visitor ids.
pub fn keys_of(phones: &[String], emails: &[String], visitors: &[i64]) -> Vec<String> {
    let phones = phones.iter().map(|number| key_of_phone(number));
    let emails = emails.iter().map(|email| key_of_email(email));
    phones.chain(emails).chain(visitors.iter().map(|id| key_of_visitor(*id))).collect()
}

fn key_of_phone(number: &str) -> String {
    format!("phone:{number}")
}

fn key_of_email(email: &str) -> String {
    format!("email:{}", email.trim().to_lowercase())
}

fn key_of_visitor(id: i64) -> String {
    format!("visitor:{id}")
}

impl Event {
    /// The name of the contract's function that handles the event.
    pub fn handler(&self) -> &'static str {
        match self {
            Event::IncomingCall(_) => "on-incoming-call",
            Event::LegRinging(_) => "on-leg-ringing",
            Event::OutgoingCall(_) => "on-outgoing-call",
            Event::CallAnswered(_) => "on-call-answered",
            Event::TalkFinished(_) => "on-talk-finished",
            Event::CallFinished(_) => "on-call-finished",
            Event::RecordingReady(_) => "on-recording-ready",
            Event::TagsChanged(_) => "on-tags-changed",
            Event::ClickToCall(_) => "on-click-to-call",
            Event::ChatStarted(_) => "on-chat-started",
            Event::ChatAccepted(_) => "on-chat-accepted",
            Event::ChatMessage(_) => "on-chat-message",
            Event::ChatUnanswered(_) => "on-chat-unanswered",
            Event::ChatFinished(_) => "on-chat-finished",
            Event::SiteRequest(_) => "on-site-request",
            Event::OrderWebhook(_) => "on-order-webhook",
            Event::TimerDue(_) => "on-schedule",
            Event::Callback(_) => "on-callback",
            Event::Activate => "on-activate",
            Event::Deactivate => "on-deactivate",
            Event::Action(_) => "run-action",
            Event::Erase(_) => "erase",
        }
    }

    /// The event's class of delivery, as the contract defines it.
    pub fn class(&self) -> Class {
        match self {
            Event::IncomingCall(_) | Event::LegRinging(_) | Event::OutgoingCall(_) | Event::TalkFinished(_) | Event::ClickToCall(_) => {
                Class::Live
            }
            _ => Class::Kept,
        }
    }

    /// The call that the event is about, if it is about one.
    pub fn call(&self) -> Option<&Call> {
        match self {
            Event::IncomingCall(event) => Some(&event.call),
            Event::LegRinging(event) => Some(&event.call),
            Event::OutgoingCall(event) => Some(&event.call),
            Event::CallAnswered(event) => Some(&event.call),
            Event::TalkFinished(event) => Some(&event.call),
            Event::CallFinished(event) => Some(&event.call),
            Event::RecordingReady(event) => Some(&event.call),
            _ => None,
        }
    }

    /// Marks the event's call as internal: between employees, without a customer.
    pub fn set_internal(&mut self) {
        let call = match self {
            Event::IncomingCall(event) => &mut event.call,
            Event::LegRinging(event) => &mut event.call,
            Event::OutgoingCall(event) => &mut event.call,
            Event::CallAnswered(event) => &mut event.call,
            Event::TalkFinished(event) => &mut event.call,
            Event::CallFinished(event) => &mut event.call,
            Event::RecordingReady(event) => &mut event.call,
            _ => return,
        };
        call.is_internal = true;
    }

    /// The event's chat, if it is about one.
    pub fn chat(&self) -> Option<&Chat> {
        match self {
            Event::ChatStarted(event) => Some(&event.chat),
            Event::ChatAccepted(event) => Some(&event.chat),
            Event::ChatMessage(event) => Some(&event.chat),
            Event::ChatUnanswered(event) => Some(&event.chat),
            Event::ChatFinished(event) => Some(&event.chat),
            _ => None,
        }
    }

    /// Events with equal keys are delivered in order. The customer's main phone number, without its extension, or else the e-mail address, the id of the visitor or
    /// chat, the communication's id. Form: `phone:79161234567`.
    pub fn ordering_key(&self) -> String {
        let phone = |number: &Option<PhoneNumber>| number.as_ref().map(|number| key_of_phone(&number.digits));
        let email = |email: &Option<String>| email.as_deref().map(key_of_email);
        if let Some(call) = self.call() {
            return phone(&call.contact).unwrap_or_else(|| format!("call:{}", call.session_id));
        }
        if let Some(chat) = self.chat() {
            return phone(&chat.visitor.phone).or_else(|| email(&chat.visitor.email)).unwrap_or_else(|| match chat.visitor.id {
                Some(id) => key_of_visitor(id),
                None => format!("chat:{}", chat.chat_id),
            });
        }
        match self {
            Event::TagsChanged(event) => {
                phone(&event.contact).unwrap_or_else(|| format!("{:?}:{}", event.communication, event.communication_id))
            }
            Event::SiteRequest(event) => phone(&event.phone).or_else(|| email(&event.email)).unwrap_or_else(|| match event.visitor_id {
                Some(id) => key_of_visitor(id),
                None => format!("request:{}", event.communication_id),
            }),
            Event::OrderWebhook(event) => {
                let id = event.parameters.iter().map(|(_, value)| value.trim()).find(|value| !value.is_empty());
                format!("order:{}", id.unwrap_or("?"))
            }
            Event::Callback(event) => format!("callback:{}", event.name),
            Event::Activate | Event::Deactivate => "setup".to_owned(),
            Event::Action(name) => format!("action:{name}"),
            Event::Erase(_) => "erasure".to_owned(),
            _ => "none".to_owned(),
        }
    }

    /// What the event is about, as text for logs and the output of a replay.
    pub fn subject(&self) -> String {
        if let Some(call) = self.call() {
            let who = call.contact.as_ref().map_or("anonymous".to_owned(), |number| number.digits.clone());
            return format!("call {} {who}", call.session_id);
        }
        if let Some(chat) = self.chat() {
            return format!("chat {}", chat.chat_id);
        }
        match self {
            Event::TagsChanged(event) => format!("communication {}", event.communication_id),
            Event::SiteRequest(event) => format!("request {}", event.communication_id),
            Event::TimerDue(event) => event.name.clone(),
            Event::Callback(event) => event.name.clone(),
            Event::Action(name) => name.clone(),
            Event::OrderWebhook(event) => {
                event.parameters.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
            }
            Event::ClickToCall(event) => {
                event.parameters.iter().find(|(name, _)| name == "phone").map(|(_, phone)| phone.clone()).unwrap_or_default()
            }
            _ => String::new(),
        }
    }
}
