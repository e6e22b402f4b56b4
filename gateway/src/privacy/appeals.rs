//! What an event says about whose it is: the customer's phones, e-mails and visitor ids, and the appeals that it belongs to. What identifies
//! employees and the company is never taken for a customer's.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use uis_host::bindings::uis::integration::types::CommunicationKind;
use uis_host::event::Event;

use super::person::Person;

/// A call, a chat or a site request, by UIS's id; or an order, by what its webhook said.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Appeal {
    /// The call session.
    Call(i64),
    /// The chat.
    Chat(i64),
    /// A chat, by the id of its communication.
    ChatCommunication(i64),
    /// The site request, by the id of its communication.
    Request(i64),
    /// The ordering key of an order.
    Order(String),
}

impl Appeal {
    /// UIS's id; none of an order.
    pub fn id(&self) -> Option<i64> {
        match self {
            Appeal::Call(id) | Appeal::Chat(id) | Appeal::ChatCommunication(id) | Appeal::Request(id) => Some(*id),
            Appeal::Order(_) => None,
        }
    }
}

/// The appeals that an event belongs to.
pub fn appeals_of(event: &Event) -> BTreeSet<Appeal> {
    if let Some(call) = event.call() {
        return BTreeSet::from([Appeal::Call(call.session_id)]);
    }
    if let Some(chat) = event.chat() {
        let communication = chat.communication_id.map(Appeal::ChatCommunication);
        return communication.into_iter().chain([Appeal::Chat(chat.chat_id)]).collect();
    }
    let one = match event {
        Event::SiteRequest(event) => Some(Appeal::Request(event.communication_id)),
        Event::TagsChanged(event) => match event.communication {
            CommunicationKind::Call => Some(Appeal::Call(event.communication_id)),
            CommunicationKind::Chat => Some(Appeal::ChatCommunication(event.communication_id)),
            CommunicationKind::SiteRequest => Some(Appeal::Request(event.communication_id)),
            CommunicationKind::Goal | CommunicationKind::Email => None,
        },
        Event::OrderWebhook(event) if !event.parameters.is_empty() => {
            Some(Appeal::Order(Event::OrderWebhook(event.clone()).ordering_key()))
        }
        _ => None,
    };
    one.into_iter().collect()
}

/// What identifies the customer of an event.
pub fn customer_of(event: &Event) -> Person {
    let mut customer = Person::default();
    if let Some(call) = event.call() {
        customer.phones.extend(call.contact.as_ref().map(|number| number.digits.clone()));
    }
    if let Some(chat) = event.chat() {
        let visitor = &chat.visitor;
        customer.phones.extend(visitor.phone.as_ref().map(|number| number.digits.clone()));
        customer.emails.extend(visitor.email.as_deref().map(plain));
        customer.visitors.extend(visitor.id);
    }
    match event {
        Event::SiteRequest(event) => {
            customer.phones.extend(event.phone.as_ref().map(|number| number.digits.clone()));
            customer.emails.extend(event.email.as_deref().map(plain));
            customer.visitors.extend(event.visitor_id);
        }
        Event::TagsChanged(event) => customer.phones.extend(event.contact.as_ref().map(|number| number.digits.clone())),
        _ => {}
    }
    customer
}

fn plain(email: &str) -> String {
    email.trim().to_lowercase()
}

/// Whether an event in which the person was found is one of their appeals, so that the other events of the appeal are theirs as well. It is
/// not when it names another customer: somebody else's call may only mention the person.
pub fn is_appeal_of(event: &Event, person: &Person) -> bool {
    let customer = customer_of(event);
    customer.overlaps(person) || customer.phones.is_empty() && customer.emails.is_empty()
}

/// When the communication of an event began, as far as the event says so, in milliseconds since 1970; none for an event that is about none.
pub fn began(event: &Event) -> Option<i64> {
    if let Some(call) = event.call() {
        return Some(call.started_at.unwrap_or(call.at));
    }
    if let Some(chat) = event.chat() {
        return Some(chat.at);
    }
    match event {
        Event::SiteRequest(event) => Some(event.at),
        Event::TagsChanged(event) => Some(event.at),
        _ => None,
    }
}
