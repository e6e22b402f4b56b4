//! What is remembered of one chat. Its events come late, twice, or never, each with other data; merged they make one story.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::appeal::Identity;
use crate::base::keys::Key;
use crate::base::stored;
use crate::bindings::uis::integration::chat_events::Chat;
use crate::bindings::uis::integration::types::{Failure, Instant};
use crate::context::Context;
use crate::settings::texts::Unsuccessful;
use crate::texts::contacts;
use crate::texts::parameters::Parameters;
use crate::uis::directory;

/// Longer than any repeat of a chat's events.
const TTL_MS: u64 = 35 * 24 * 3_600_000;
/// Of what events tell for templates, so many values are remembered, each so long in characters.
const PARAMETERS_MAX: usize = 60;
const PARAMETER_MAX: usize = 500;

/// One chat.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChatStory {
    /// When its first event happened.
    pub began: Instant,
    /// An employee accepted it.
    pub accepted: bool,
    /// It was passed on to RetailCRM, with what was known by then.
    pub passed_on: bool,
    /// Something was told since of who writes, or that it is over. It stands here until that is passed on, as the event that told it may have
    /// to come again.
    #[serde(rename = "news")]
    pub changed: bool,
    /// Who accepted it: an employee id.
    pub employee: Option<i64>,
    /// The visitor's phone, canonical digits.
    pub phone: Option<String>,
    /// His e-mail, in lower case.
    pub email: Option<String>,
    /// UIS's id of him.
    pub visitor: Option<i64>,
    /// His name.
    pub name: Option<String>,
    /// His name within the messenger.
    pub nick: Option<String>,
    /// The channel.
    pub channel_id: Option<i64>,
    /// Its type.
    pub channel_type: Option<String>,
    /// Its name.
    pub channel_name: Option<String>,
    /// The id of the communication in UIS's reports.
    pub communication: Option<i64>,
    /// The end.
    pub end: Option<End>,
    /// What its events told that templates may ask for.
    pub parameters: BTreeMap<String, String>,
}

/// How a chat ended.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct End {
    /// When.
    pub at: Instant,
    /// Without a talk, by UIS's verdict; none: they talked, or it is not known.
    pub status: Option<Unsuccessful>,
    /// UIS's reason.
    pub cause: Option<String>,
}

/// Reads a chat's story; an empty one when nothing is known.
pub fn read(context: &Context<'_>, chat: i64) -> Result<ChatStory, Failure> {
    Ok(stored::load(context.platform, Key::Chat(chat))?.unwrap_or_default())
}

/// Extends a chat's story and gives what `change` gives.
pub fn update<R>(context: &Context<'_>, chat: i64, change: impl FnMut(&mut ChatStory) -> R) -> Result<R, Failure> {
    stored::update(context.platform, Key::Chat(chat), Some(TTL_MS), change)
}

impl ChatStory {
    /// Takes in what an event says of the chat. What is known is not forgotten because a later event does not tell it.
    pub fn merge(&mut self, chat: &Chat) {
        let before = self.identity();
        self.began = if self.began == 0 { chat.at } else { self.began.min(chat.at) };
        let raw = |name: &str| chat.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let field = chat.visitor.phone.as_ref().map(|number| number.digits.as_str());
        let (phone, email) = contacts::of_fields(field.or_else(|| raw("visitor_phone_number")), chat.visitor.email.as_deref());
        let set_if_reported = |known: &mut Option<String>, reported: &Option<String>| {
            if reported.is_some() {
                known.clone_from(reported);
            }
        };
        set_if_reported(&mut self.phone, &phone);
        set_if_reported(&mut self.email, &email);
        set_if_reported(&mut self.name, &chat.visitor.name);
        set_if_reported(&mut self.nick, &chat.visitor.nick);
        set_if_reported(&mut self.channel_type, &chat.channel_type);
        set_if_reported(&mut self.channel_name, &chat.channel_name);
        self.visitor = chat.visitor.id.or(self.visitor);
        self.channel_id = chat.channel_id.or(self.channel_id);
        self.communication = chat.communication_id.or(self.communication);
        self.changed |= self.identity() != before;
        let named = chat.employee.as_ref().map(directory::parameters).unwrap_or_default();
        for (name, value) in chat.attributes.iter().cloned().chain(named) {
            if !value.trim().is_empty() && (self.parameters.len() < PARAMETERS_MAX || self.parameters.contains_key(&name)) {
                self.parameters.insert(name, value.chars().take(PARAMETER_MAX).collect());
            }
        }
    }

    /// Takes in a phone and an e-mail found in what was written; what events told of themselves goes before.
    pub fn merge_contacts(&mut self, phone: Option<String>, email: Option<String>) {
        let before = self.identity();
        self.phone = self.phone.take().or(phone);
        self.email = self.email.take().or(email);
        self.changed |= self.identity() != before;
    }

    /// He left something that he can be answered by.
    pub fn has_contacts(&self) -> bool {
        self.phone.is_some() || self.email.is_some()
    }

    /// By what the visitor is known.
    pub fn identity(&self) -> Identity {
        Identity { phone: self.phone.clone(), email: self.email.clone(), visitor: self.visitor }
    }

    /// What the chat tells for templates and fields.
    pub fn parameters(&self, context: &Context<'_>, chat: i64) -> Result<Parameters, Failure> {
        let attributes: Vec<(String, String)> = self.parameters.clone().into_iter().collect();
        let contact = self.phone.clone().or_else(|| self.email.clone()).or_else(|| self.name.clone()).or_else(|| self.nick.clone());
        let ended = self.end.as_ref().map(|end| context.crm_date_time(end.at)).transpose()?;
        Ok(Parameters::new(&attributes)
            .with("chat_id", Some(chat.to_string()))
            .with("communication_id", Some(self.communication.unwrap_or(chat).to_string()))
            .with("communication_type", Some("chat"))
            .with("visitor_name", self.name.clone())
            .with("visitor_phone_number", self.phone.clone())
            .with("visitor_email", self.email.clone())
            .with("visitor_id", self.visitor.map(|id| id.to_string()))
            .with("visitor_contact_info", contact)
            .with("chat_username", self.nick.clone())
            .with("chat_channel_name", self.channel_name.clone())
            .with("chat_channel_type", self.channel_type.clone())
            .with("start_time", Some(context.crm_date_time(self.began)?))
            .with("finish_time", ended))
    }
}
