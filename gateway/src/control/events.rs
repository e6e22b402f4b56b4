//! Finding an event and putting it right.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Answer, AuditView, DeadLetterView, IntegrationView};

/// What can be asked about events.
pub trait Events {
    /// Events and requests that could not be read, newest first.
    fn events(&self, query: EventQuery) -> Answer<'_, EventPage>;

    /// One event with everything that is stored about it, by its id or its delivery id.
    fn event<'a>(&'a self, id: &'a str, reveal: bool) -> Answer<'a, EventDetail>;

    /// Dead letters by their reasons, the most frequent first.
    fn reasons(&self, query: EventQuery) -> Answer<'_, Reasons>;

    /// Puts dead letters back into their lanes, in the order of receipt, or counts them.
    fn redrive_all(&self, request: RedriveRequest) -> Answer<'_, RedriveReport>;

    /// Replaces the body of a dead letter, which waits again then.
    fn edit<'a>(&'a self, id: &'a str, edit: Edit) -> Answer<'a, DeadLetterView>;

    /// Pauses an integration: events are accepted and kept, and nothing is delivered.
    fn pause<'a>(&'a self, name: &'a str) -> Answer<'a, IntegrationView>;

    /// Ends an administrator's pause.
    fn resume<'a>(&'a self, name: &'a str) -> Answer<'a, IntegrationView>;
}

/// Which events. Everything that is given must be so.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct EventQuery {
    /// Of this integration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub integration: Option<String>,
    /// `waiting`, `done`, `dead` or `unreadable`; several with commas.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Of this type, such as `call_session_finished`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub what: Option<String>,
    /// Of this call session, chat or communication.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<u64>,
    /// With this phone number, or its last digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Received at this time or later: RFC 3339, or a day, in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Received before this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// With this text in the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// At most so many: 1 to 1000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u16>,
    /// After this cursor, which an answer gave.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Shows personal data. It is noted in the audit log.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub reveal: bool,
}

/// An event in a list. Personal data is masked unless it was revealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct EventView {
    /// The id that commands take: a number; `unreadable-` and a number for a request that could not be read.
    pub id: String,
    /// The integration.
    pub integration: String,
    /// `waiting`, `done`, `dead` or `unreadable`.
    pub state: String,
    /// What was received, such as `call_session_finished`.
    #[serde(rename = "type")]
    pub what: String,
    /// The call session, the chat or the communication.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub session: Option<u64>,
    /// The customer's phone number.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub phone: Option<String>,
    /// When it was received, RFC 3339.
    pub received: String,
    /// When it ended or died, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ended: Option<String>,
    /// The earliest time of the next attempt of an event that waits after an attempt, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next_attempt: Option<String>,
    /// Attempts so far.
    pub attempts: u32,
    /// Why it is dead, could not be read, or waits.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
}

/// A part of a list of events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct EventPage {
    /// Newest first.
    pub events: Vec<EventView>,
    /// The cursor with which the list goes on; absent at its end.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next: Option<String>,
    /// Not all events were looked at, because the time was over: ask again with `next`.
    pub out_of_time: bool,
}

/// A request as it came, without its path and headers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct RequestView {
    /// Its number, which log lines have as `received`.
    pub number: u64,
    /// When it came, RFC 3339.
    pub at: String,
    /// What sent it: `notification`, `route`, `callback`.
    pub kind: String,
    /// The HTTP method.
    pub method: String,
    /// The media type of the body.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub content_type: Option<String>,
    /// The query.
    pub query: String,
    /// The body as text; bytes that are not UTF-8 are U+FFFD.
    pub body: String,
}

/// The body as it came, when an administrator has replaced it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct OriginalView {
    /// When it was replaced last, RFC 3339.
    pub replaced: String,
    /// Who replaced it.
    pub who: String,
    /// The query as it came.
    pub query: String,
    /// The body as it came.
    pub body: String,
}

/// What an attempt changed in RetailCRM or UIS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct EffectView {
    /// The connection, or `uis`.
    pub system: String,
    /// The method and the path, or the method of UIS's API.
    pub what: String,
    /// The status of the answer, or UIS's answer.
    pub status: String,
    /// The id of what was made or changed, if the answer has one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub id: Option<String>,
}

/// One attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct AttemptView {
    /// Its number, from 1.
    pub attempt: u32,
    /// When it ended, RFC 3339.
    pub at: String,
    /// The result in one word: `accepted`, `retry`, `rejected`, `trap`, ….
    pub outcome: String,
    /// What it changed.
    pub effects: Vec<EffectView>,
    /// Everything it did, in order: requests with their answers, decisions of settings and rules, timers, stored values, log lines. The member
    /// `step` says which.
    pub steps: Vec<Value>,
}

/// One event with everything that is stored about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct EventDetail {
    /// The event.
    pub event: EventView,
    /// The id that the plugin knows.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub delivery_id: Option<String>,
    /// The key of its lane.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ordering_key: Option<String>,
    /// The request that it came from, while it is stored. An event without one came from a timer, an action, or a report of UIS.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub request: Option<RequestView>,
    /// The body as it came, when an administrator has replaced it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub original: Option<OriginalView>,
    /// The event in the contract's form.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub normalised: Option<Value>,
    /// The attempts that were captured, oldest first.
    pub attempts: Vec<AttemptView>,
    /// Why attempts are missing above, and which setting captures them.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub not_captured: Option<String>,
    /// What administrators did to it, newest first.
    pub audit: Vec<AuditView>,
    /// What to do, for a dead letter.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub remedy: Option<String>,
}

/// Dead letters with one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ReasonView {
    /// The reason, masked, with `N` in place of numbers. It can be given as `reason`.
    pub reason: String,
    /// How many have it.
    pub count: u64,
    /// Their integrations.
    pub integrations: Vec<String>,
    /// Their types.
    pub types: Vec<String>,
    /// When the oldest was received, RFC 3339.
    pub oldest: String,
    /// When the newest was received, RFC 3339.
    pub newest: String,
    /// What to do.
    pub remedy: String,
}

/// Dead letters by their reasons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Reasons {
    /// The most frequent first.
    pub reasons: Vec<ReasonView>,
    /// Not all dead letters were looked at, because the time was over.
    pub out_of_time: bool,
}

/// Which dead letters to put back into their lanes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct RedriveRequest {
    /// Which. `state`, `limit`, `after` and `reveal` are not used.
    pub filter: EventQuery,
    /// Only counts them.
    pub preview: bool,
    /// After this cursor, which an answer gave: one request puts at most 1000 back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// A dead letter that was not put back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct NotRedriven {
    /// Its id.
    pub id: String,
    /// Why.
    pub why: String,
}

/// What was put back, or would be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct RedriveReport {
    /// How many.
    pub count: u64,
    /// How many of each integration.
    pub integrations: std::collections::BTreeMap<String, u64>,
    /// When the oldest was received, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub oldest: Option<String>,
    /// When the newest was received, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub newest: Option<String>,
    /// Those that could not be put back; at most 100 of one request.
    pub failed: Vec<NotRedriven>,
    /// The cursor with which to go on; absent when all were put back, and in a preview.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next: Option<String>,
    /// A preview that did not look at all of them, because the time was over.
    pub out_of_time: bool,
}

/// Another body for a dead letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Edit {
    /// This one: the body, or the query of a request without a body.
    Body(String),
    /// The one that came.
    Original,
}
