//! Events on their way to a plugin: which handler takes them, in which class of delivery, in order with what.

use serde::{Deserialize, Serialize};

use crate::bindings::exports::uis::integration::{orders::OrderWebhook, schedule::TimerDue, setup::Callback};
use crate::bindings::uis::integration::call_events::{
    Call, CallAnswer, CallAnswered, CallFinished, ClickToCall, DialOrder, IncomingCall, LegRinging, OutgoingCall, RecordingReady,
    TagsChanged, TalkFinished,
};
use crate::bindings::uis::integration::chat_events::{Chat, ChatAccepted, ChatFinished, ChatMessage, ChatUnanswered};
use crate::bindings::uis::integration::site_request_events::SiteRequest;
use crate::bindings::uis::integration::types::{Failure, Outcome, PhoneNumber};

/// How an event is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// At once, with a deadline, never retried.
    Live,
    /// Durable, in order per ordering key, retried.
    Kept,
}

/// An event.
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
}

/// What a handler answers when it answers well.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Reply {
    /// The work is done.
    Done(Outcome),
    /// Who calls, and whom to forward to.
    Answer(CallAnswer),
    /// A call to start, or nothing.
    Dial(Option<DialOrder>),
}

/// What a handler gives back.
pub type Handled = Result<Reply, Failure>;

/// Why a handler did not come to its end: the plugin's fault, a limit's, or the host's; never data of the event.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Fault {
    /// The plugin trapped.
    #[error("the plugin trapped: {0}")]
    Trap(String),
    /// The plugin used up what it may use.
    #[error("limit {name} = {value} was passed")]
    Limit {
        /// The limit's name, as settings and flags call it.
        name: &'static str,
        /// Its value.
        value: u64,
    },
    /// The host could not do what the plugin asked for: its store failed. The event is tried again.
    #[error("the host failed: {0}")]
    Host(String),
}

impl Event {
    /// The contract's function.
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
        }
    }

    /// Its class, as the contract says.
    pub fn class(&self) -> Class {
        match self {
            Event::IncomingCall(_) | Event::LegRinging(_) | Event::OutgoingCall(_) | Event::TalkFinished(_) | Event::ClickToCall(_) => {
                Class::Live
            }
            _ => Class::Kept,
        }
    }

    /// The call it is about.
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

    /// Marks a call as internal.
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

    fn chat(&self) -> Option<&Chat> {
        match self {
            Event::ChatAccepted(event) => Some(&event.chat),
            Event::ChatMessage(event) => Some(&event.chat),
            Event::ChatUnanswered(event) => Some(&event.chat),
            Event::ChatFinished(event) => Some(&event.chat),
            _ => None,
        }
    }

    /// What it must stay in order with: the customer's phone, else the e-mail, else the visitor or chat, else the communication.
    pub fn ordering_key(&self) -> String {
        let phone = |number: &Option<PhoneNumber>| number.as_ref().map(|number| format!("phone:{}", phone_key(&number.digits)));
        let email = |email: &Option<String>| email.as_ref().map(|email| format!("email:{}", email.trim().to_lowercase()));
        if let Some(call) = self.call() {
            return phone(&call.contact).unwrap_or_else(|| format!("call:{}", call.session_id));
        }
        if let Some(chat) = self.chat() {
            return phone(&chat.visitor.phone).or_else(|| email(&chat.visitor.email)).unwrap_or_else(|| match chat.visitor.id {
                Some(id) => format!("visitor:{id}"),
                None => format!("chat:{}", chat.chat_id),
            });
        }
        match self {
            Event::TagsChanged(event) => {
                phone(&event.contact).unwrap_or_else(|| format!("{:?}:{}", event.communication, event.communication_id))
            }
            Event::SiteRequest(event) => phone(&event.phone).or_else(|| email(&event.email)).unwrap_or_else(|| match event.visitor_id {
                Some(id) => format!("visitor:{id}"),
                None => format!("request:{}", event.communication_id),
            }),
            Event::OrderWebhook(event) => {
                let id = event.parameters.iter().map(|(_, value)| value.trim()).find(|value| !value.is_empty());
                format!("order:{}", id.unwrap_or("?"))
            }
            Event::Callback(event) => format!("callback:{}", event.name),
            Event::Activate | Event::Deactivate => "setup".to_owned(),
            Event::Action(name) => format!("action:{name}"),
            _ => "none".to_owned(),
        }
    }

    /// What it is about, for people.
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

/// One person's number must give one key however UIS wrote it: a Russian trunk prefix counts as the country code.
fn phone_key(digits: &str) -> String {
    match digits.strip_prefix('8') {
        Some(rest) if rest.len() == 10 => format!("7{rest}"),
        _ => digits.to_owned(),
    }
}
