//! The merged state of one chat. Its events arrive late, twice or never, and each contains other data.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::appeal::Identity;
use crate::base::keys::Key;
use crate::base::phone::Phone;
use crate::base::stored::unset;
use crate::base::tags::{self, StoredTag, TAG_NAMES};
use crate::base::{json, stored};
use crate::bindings::uis::integration::chat_events::{Chat, ChatInitiator};
use crate::bindings::uis::integration::types::{Failure, Instant, Tag};
use crate::context::Context;
use crate::settings::texts::Unsuccessful;
use crate::texts::contacts::Contacts;
use crate::texts::parameters::Parameters;
use crate::uis::directory;

/// Longer than any of a chat's events can be repeated.
const TTL_MS: u64 = 35 * 24 * 3_600_000;
/// The most parameters of a chat that are stored, and the longest one, in characters.
const PARAMETERS_MAX: usize = 60;
const PARAMETER_MAX: usize = 500;

/// The merged state of one chat.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChatStory {
    /// The time of the chat's earliest event.
    #[serde(skip_serializing_if = "unset")]
    pub began: Instant,
    /// Whether an employee accepted it.
    #[serde(skip_serializing_if = "unset")]
    pub accepted: bool,
    /// Whether something was done for it, with what was known at that time.
    #[serde(skip_serializing_if = "unset")]
    pub passed_on: bool,
    /// Whether the order was done, with what was known at that time.
    #[serde(skip_serializing_if = "unset")]
    pub order_passed_on: bool,
    /// Whether an employee began the chat.
    #[serde(skip_serializing_if = "unset")]
    pub outgoing: bool,
    /// The tags known so far.
    #[serde(skip_serializing_if = "unset")]
    pub tags: Vec<StoredTag>,
    /// Whether the visitor's identity or the end became known and is not sent to RetailCRM yet. This is stored because the event may be
    /// retried.
    #[serde(rename = "news", skip_serializing_if = "unset")]
    pub changed: bool,
    /// The employee who accepted it; an id.
    #[serde(skip_serializing_if = "unset")]
    pub employee: Option<i64>,
    /// The main number of the visitor's phone.
    #[serde(skip_serializing_if = "unset")]
    pub phone: Option<String>,
    /// The extension of the visitor's phone.
    #[serde(skip_serializing_if = "unset")]
    pub extension: Option<String>,
    /// Further phones that the visitor left with the first one.
    #[serde(skip_serializing_if = "unset")]
    pub further_phones: Vec<Phone>,
    /// The visitor's e-mail, in lower case.
    #[serde(skip_serializing_if = "unset")]
    pub email: Option<String>,
    /// UIS's id of the visitor.
    #[serde(skip_serializing_if = "unset")]
    pub visitor: Option<i64>,
    /// The visitor's name.
    #[serde(skip_serializing_if = "unset")]
    pub name: Option<String>,
    /// The visitor's name in the messenger.
    #[serde(skip_serializing_if = "unset")]
    pub nick: Option<String>,
    /// The channel.
    #[serde(skip_serializing_if = "unset")]
    pub channel_id: Option<i64>,
    /// The channel's type.
    #[serde(skip_serializing_if = "unset")]
    pub channel_type: Option<String>,
    /// The channel's name.
    #[serde(skip_serializing_if = "unset")]
    pub channel_name: Option<String>,
    /// The id of the chat's communication in UIS's reports.
    #[serde(skip_serializing_if = "unset")]
    pub communication: Option<i64>,
    /// The end.
    #[serde(skip_serializing_if = "unset")]
    pub end: Option<End>,
    /// The newest message that a person wrote after the end, and whether the transcript may lack it.
    #[serde(skip_serializing_if = "unset")]
    pub later: Option<LaterMessage>,
    /// The events' parameters for templates.
    #[serde(skip_serializing_if = "unset")]
    pub parameters: BTreeMap<String, String>,
}

/// How a chat ended.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct End {
    /// When it ended.
    #[serde(skip_serializing_if = "unset")]
    pub at: Instant,
    /// How it ended without a talk, according to UIS; none: with a talk, or unknown.
    #[serde(skip_serializing_if = "unset")]
    pub status: Option<Unsuccessful>,
    /// UIS's reason.
    #[serde(skip_serializing_if = "unset")]
    pub cause: Option<String>,
}

/// A message after a chat's end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LaterMessage {
    /// Its id.
    pub id: i64,
    /// When it was written.
    pub at: Instant,
    /// Whether the transcript has it.
    pub stored: bool,
}

/// Reads a chat's state; an empty one if none is stored.
pub fn read(context: &Context<'_>, chat: i64) -> Result<ChatStory, Failure> {
    Ok(stored::load(context.platform, Key::Chat(chat))?.unwrap_or_default())
}

/// Changes a chat's state and returns what `change` returns.
pub fn update<R>(context: &Context<'_>, chat: i64, change: impl FnMut(&mut ChatStory) -> R) -> Result<R, Failure> {
    stored::update(context.platform, Key::Chat(chat), Some(TTL_MS), change)
}

/// The chat behind a communication: stored when an event had both ids. Where UIS gives both the same id, that is the chat.
pub fn of_communication(context: &Context<'_>, communication: i64) -> Result<Option<i64>, Failure> {
    let known = stored::load::<i64>(context.platform, Key::ChatOfCommunication(communication))?;
    if known.is_some() {
        return Ok(known);
    }
    Ok(stored::load::<ChatStory>(context.platform, Key::Chat(communication))?.map(|_| communication))
}

/// Stores which communication a chat is, before the chat's state has it: an attempt that breaks off in between does it again. Returns the tags
/// that came before this was known.
pub fn link(context: &Context<'_>, chat: i64, communication: i64) -> Result<Vec<Tag>, Failure> {
    stored::put(context.platform, Key::ChatOfCommunication(communication), &chat, Some(TTL_MS))?;
    let waiting: Vec<StoredTag> = stored::load(context.platform, Key::CommunicationTags(communication))?.unwrap_or_default();
    Ok(waiting.into_iter().map(|tag| Tag { id: tag.id, name: tag.name }).collect())
}

/// Keeps the tags of a communication whose chat is not known yet.
pub fn keep_tags(context: &Context<'_>, communication: i64, reported: &[Tag]) -> Result<(), Failure> {
    stored::update(context.platform, Key::CommunicationTags(communication), Some(TTL_MS), |known: &mut Vec<StoredTag>| {
        tags::merge(known, reported);
    })
}

impl ChatStory {
    /// Merges what an event contains about the chat, and the contacts that were found in its fields. A value that a later event does not
    /// contain is kept.
    pub fn merge(&mut self, chat: &Chat, left: &Contacts) {
        let before = self.identity();
        self.began = if self.began == 0 { chat.at } else { self.began.min(chat.at) };
        if !left.phones.is_empty() {
            self.set_phones(&left.phones);
        }
        let set_if_reported = |known: &mut Option<String>, reported: &Option<String>| {
            if reported.is_some() {
                known.clone_from(reported);
            }
        };
        set_if_reported(&mut self.email, &left.email);
        set_if_reported(&mut self.name, &chat.visitor.name);
        set_if_reported(&mut self.nick, &chat.visitor.nick);
        set_if_reported(&mut self.channel_type, &chat.channel_type);
        set_if_reported(&mut self.channel_name, &chat.channel_name);
        self.visitor = chat.visitor.id.or(self.visitor);
        self.channel_id = chat.channel_id.or(self.channel_id);
        self.communication = chat.communication_id.or(self.communication);
        self.changed |= self.identity() != before;
        self.outgoing |= chat.initiator == Some(ChatInitiator::Operator);
        tags::merge(&mut self.tags, &chat.tags);
        let named = chat.employee.as_ref().map(directory::parameters).unwrap_or_default();
        let site = [("site_id", chat.site_id.map(|id| id.to_string())), ("site_domain_name", chat.site_domain.clone())];
        let site = site.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        for (name, value) in chat.attributes.iter().cloned().chain(site).chain(named) {
            if !value.trim().is_empty() && (self.parameters.len() < PARAMETERS_MAX || self.parameters.contains_key(&name)) {
                let most = tags::parameter_max(&name, PARAMETER_MAX);
                self.parameters.insert(name, json::cut_parameter(&value, most));
            }
        }
    }

    /// Merges a phone and an e-mail that were found in a message; those from events' own fields take precedence.
    pub fn merge_contacts(&mut self, left: &Contacts) {
        let before = self.identity();
        if self.phone.is_none() {
            self.set_phones(&left.phones);
        }
        self.email = self.email.take().or_else(|| left.email.clone());
        self.changed |= self.identity() != before;
    }

    fn set_phones(&mut self, phones: &[Phone]) {
        let Some((first, further)) = phones.split_first() else { return };
        (self.phone, self.extension) = (Some(first.number.clone()), first.extension.clone());
        self.further_phones = further.to_vec();
    }

    /// Merges a message that a person wrote after the end.
    pub fn merge_later(&mut self, id: i64, at: Instant) {
        if self.end.is_some() && self.later.is_none_or(|known| known.id < id) {
            self.later = Some(LaterMessage { id, at, stored: false });
        }
    }

    /// Whether the visitor left a phone or an e-mail.
    pub fn has_contacts(&self) -> bool {
        self.phone.is_some() || self.email.is_some()
    }

    /// What identifies the visitor.
    pub fn identity(&self) -> Identity {
        Identity {
            phone: self.phone.clone(),
            extension: self.extension.clone(),
            further_phones: self.further_phones.clone(),
            email: self.email.clone(),
            visitor: self.visitor,
        }
    }

    /// The names of the tags as UIS writes them, a JSON list; none if no name is known.
    fn tag_names(&self) -> Option<String> {
        let names: Vec<&str> = self.tags.iter().map(|tag| tag.name.as_str()).filter(|name| !name.is_empty()).collect();
        let names = serde_json::to_value(&names).ok().filter(|_| !names.is_empty())?;
        Some(names.to_string())
    }

    /// The chat's parameters for templates and fields.
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
            .with("chat_channel_id", self.channel_id.map(|id| id.to_string()))
            .with("chat_channel_name", self.channel_name.clone())
            .with(TAG_NAMES, self.tag_names())
            .with("chat_channel_type", self.channel_type.clone())
            .with("start_time", Some(context.crm_date_time(self.began)?))
            .with("finish_time", ended))
    }
}
