//! The story of a call: everything its events contained, merged into one stored state. A call's events arrive late, twice, out of order or
//! never, and each contains other data. Every handler merges its event into the story and then works from the story.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use crate::base::keys::Key;
use crate::base::phone::Phone;
use crate::base::stored::unset;
use crate::base::tags::StoredTag;
use crate::base::{stored, template};
use crate::bindings::uis::integration::call_events::{Call, Recording};
use crate::bindings::uis::integration::log::Level;
use crate::bindings::uis::integration::types::{Failure, Instant};
use crate::context::Context;
use crate::settings::Settings;
use crate::settings::telephony::CallSettings;
use crate::telephony::merge::PARAMETER_MAX;

/// How long a story is stored: longer than any event can be repeated, and longer than UIS's reports are read back.
pub const TTL_MS: u64 = 35 * 24 * 3_600_000;

/// The merged state of one call.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Story {
    /// The customer's main number, as UIS gives it.
    #[serde(skip_serializing_if = "unset")]
    pub phone: Option<String>,
    /// The extension of the customer's number.
    #[serde(skip_serializing_if = "unset")]
    pub extension: Option<String>,
    /// The company's number.
    #[serde(skip_serializing_if = "unset")]
    pub virtual_number: Option<String>,
    /// The direction, if any event contained it.
    #[serde(skip_serializing_if = "unset")]
    pub direction: Option<CallDirection>,
    /// Both sides are employees.
    #[serde(skip_serializing_if = "unset")]
    pub internal: bool,
    /// When the call began, if an event contained it.
    #[serde(skip_serializing_if = "unset")]
    pub started_at: Option<Instant>,
    /// The time of the call's earliest event.
    #[serde(skip_serializing_if = "unset")]
    pub first_seen: Option<Instant>,
    /// The pop-ups that were opened, in order; one per user.
    #[serde(skip_serializing_if = "unset")]
    pub popups: Vec<Popup>,
    /// The phones that rang, in the order in which their events arrived.
    #[serde(skip_serializing_if = "unset")]
    pub legs: Vec<Leg>,
    /// The employees who talked, in order, by id; none: an event did not name the employee.
    #[serde(deserialize_with = "employees", skip_serializing_if = "unset")]
    pub talks: Vec<Option<i64>>,
    /// When each of the talks began.
    #[serde(skip_serializing_if = "unset")]
    pub talk_times: Vec<Instant>,
    /// When the last talk began.
    #[serde(skip_serializing_if = "unset")]
    pub talk_at: Option<Instant>,
    /// The end, merged from all events about it.
    #[serde(skip_serializing_if = "unset")]
    pub end: Option<End>,
    /// The recordings, in the order in which they arrived.
    #[serde(skip_serializing_if = "unset")]
    pub recordings: Vec<StoredRecording>,
    /// Whether the call is stored in RetailCRM's history.
    #[serde(skip_serializing_if = "unset")]
    pub stored: HistoryState,
    /// The state of what follows from the call's end besides its record: a customer, a task, an order.
    #[serde(skip_serializing_if = "unset")]
    pub follow_up: FollowUp,
    /// The CRM user who started the call by a click, if known.
    #[serde(skip_serializing_if = "unset")]
    pub clicked_by: Option<i64>,
    /// UIS says that the call was started by a click in RetailCRM.
    #[serde(skip_serializing_if = "unset")]
    pub clicked: bool,
    /// The click was made in this integration's RetailCRM: the call is handled whatever number the customer sees.
    #[serde(skip_serializing_if = "unset")]
    pub own_click: bool,
    /// The employee who made the call, if an event said so; an id.
    #[serde(skip_serializing_if = "unset")]
    pub called_by: Option<i64>,
    /// The tags of the call.
    #[serde(skip_serializing_if = "unset")]
    pub tags: Vec<StoredTag>,
    /// The events' parameters for templates, under UIS's names.
    #[serde(skip_serializing_if = "unset")]
    pub parameters: BTreeMap<String, String>,
    /// The `recordUrl` that the record is, or will be, stored with.
    #[serde(skip_serializing_if = "unset")]
    pub record_url: Option<String>,
}

/// Reads an employee's id. Old versions stored 0 for no employee.
fn employee<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(Option::<i64>::deserialize(deserializer)?.filter(|id| *id != 0))
}

/// Reads several employees' ids, like [`employee`].
fn employees<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Option<i64>>, D::Error> {
    let ids = Vec::<Option<i64>>::deserialize(deserializer)?;
    Ok(ids.into_iter().map(|id| id.filter(|id| *id != 0)).collect())
}

/// The direction of a call, as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum CallDirection {
    /// The customer called.
    #[serde(rename = "in")]
    In,
    /// We called.
    #[serde(rename = "out")]
    Out,
}

/// A phone of an employee that rang, or from which the employee called.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Leg {
    /// The employee.
    #[serde(skip_serializing_if = "unset")]
    pub employee_id: i64,
    /// The CRM user whom the employee is linked to.
    #[serde(skip_serializing_if = "unset")]
    pub user_id: Option<i64>,
    /// UIS's id of the leg, if the event contained it.
    #[serde(skip_serializing_if = "unset")]
    pub leg_id: Option<i64>,
    /// When the phone rang, according to the event.
    #[serde(skip_serializing_if = "unset")]
    pub rung_at: Instant,
    /// The leg is over, although the call may continue.
    #[serde(skip_serializing_if = "unset")]
    pub ended: bool,
}

/// A pop-up that was opened for a manager. It belongs to the user: it stays open until the last of the user's legs has ended.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Popup {
    /// The employee whose phone opened it; none: the event contained no id.
    #[serde(deserialize_with = "employee", skip_serializing_if = "unset")]
    pub employee_id: Option<i64>,
    /// The CRM user.
    #[serde(skip_serializing_if = "unset")]
    pub user_id: i64,
    /// The user's extension.
    #[serde(skip_serializing_if = "unset")]
    pub code: Option<String>,
    /// When the phone rang, according to the event.
    #[serde(skip_serializing_if = "unset")]
    pub rung_at: Instant,
    /// The pop-up has to be closed with this status, but RetailCRM could not be reached yet.
    #[serde(skip_serializing_if = "unset")]
    pub closing: Option<String>,
    /// The pop-up was closed.
    #[serde(skip_serializing_if = "unset")]
    pub closed: bool,
    /// Until when a request that opens the pop-up may still arrive; in the past: none is under way.
    #[serde(skip_serializing_if = "unset")]
    pub opens_until: Instant,
}

/// How the call ended.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct End {
    /// When the call ended.
    #[serde(skip_serializing_if = "unset")]
    pub at: Instant,
    /// When a notification about the end was last handled, which may be long after it was sent: events wait while RetailCRM is out of order.
    #[serde(skip_serializing_if = "unset")]
    pub handled_at: Instant,
    /// Whether UIS considers the call lost. "Lost" wins over "not lost", because UIS sends the lost-call event only for lost calls.
    #[serde(skip_serializing_if = "unset")]
    pub is_lost: Option<bool>,
    /// Whether the finish event or the report contained the end.
    #[serde(rename = "told_finished", skip_serializing_if = "unset")]
    pub finish_reported: bool,
    /// Whether the lost-call event arrived.
    #[serde(rename = "told_lost", skip_serializing_if = "unset")]
    pub lost_reported: bool,
    /// Seconds of talk.
    #[serde(skip_serializing_if = "unset")]
    pub talk: Option<u32>,
    /// Seconds of waiting.
    #[serde(skip_serializing_if = "unset")]
    pub wait: Option<u32>,
    /// Seconds in all.
    #[serde(skip_serializing_if = "unset")]
    pub total: Option<u32>,
    /// UIS's reason.
    #[serde(skip_serializing_if = "unset")]
    pub reason: Option<String>,
    /// The employee whom UIS named as responsible for the call; an id.
    #[serde(skip_serializing_if = "unset")]
    pub employee_id: Option<i64>,
    /// The employee who talked last according to the call's end; an id.
    #[serde(skip_serializing_if = "unset")]
    pub last_talked: Option<i64>,
    /// The employee who talked last according to UIS's report; an id.
    #[serde(skip_serializing_if = "unset")]
    pub last_talked_reported: Option<i64>,
    /// The employee whose phone rang last; an id.
    #[serde(skip_serializing_if = "unset")]
    pub rung_last: Option<i64>,
}

/// A recording.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StoredRecording {
    /// The link, already checked to be https.
    #[serde(skip_serializing_if = "unset")]
    pub url: String,
    /// Its length in seconds.
    #[serde(skip_serializing_if = "unset")]
    pub seconds: Option<u32>,
    /// Where it is stored.
    #[serde(skip_serializing_if = "unset")]
    pub place: Place,
    /// Until when the request for its note may still arrive, while the place is [`Place::NoteIntended`].
    #[serde(skip_serializing_if = "unset")]
    pub note_until: Instant,
}

impl StoredRecording {
    /// Whether it still has to be stored.
    pub fn waits(&self) -> bool {
        matches!(self.place, Place::Waiting | Place::NoteIntended)
    }
}

/// Where a recording is stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// Nowhere yet.
    #[default]
    Waiting,
    /// In the history, as the call's `recordUrl`.
    History,
    /// A note was about to be sent; it has to be looked up.
    NoteIntended,
    /// In a note on the customer.
    Note,
    /// Nowhere, for good: there is no customer for a note.
    Nowhere,
    /// RetailCRM refused the note, which was reported once; that is retried when the owner saves the settings.
    NoteRefused,
}

/// Whether a call is stored in RetailCRM's history.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HistoryState {
    /// Not yet.
    #[default]
    No,
    /// About to be sent, with [`Story::record_url`]; it may have arrived.
    Intended,
    /// Stored.
    Yes,
    /// Cannot be stored, because it is internal or anonymous. This was reported once.
    Skipped,
    /// RetailCRM refused it for good, which was reported once; that is retried when the owner saves the settings.
    Refused,
}

/// The state of what follows from a call's end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FollowUp {
    /// Not finished.
    #[default]
    Pending,
    /// Done.
    Done,
    /// Done, except for what RetailCRM refused; that is retried when the owner saves the settings.
    Refused,
}

/// Reads a call's story; an empty one if none is stored.
pub fn read(context: &Context<'_>, session: i64) -> Result<Story, Failure> {
    Ok(stored::load(context.platform, Key::Call(session))?.unwrap_or_default())
}

/// Logs the parameters of an event that are too long to be stored whole.
pub fn log_long_values(context: &Context<'_>, call: &Call) {
    for (name, value) in call.attributes.iter().filter(|(_, value)| value.chars().nth(PARAMETER_MAX).is_some()) {
        template::log_whole(context.platform, name, value);
    }
}

/// Stores what the event of an incoming call, or a request of UIS's scenario about it, contains. It never fails: the answer to the event counts
/// more.
pub fn remember_incoming(context: &Context<'_>, call: &Call) {
    let Call { contact, virtual_number, tags, attributes, .. } = call;
    if contact.is_none() && virtual_number.is_none() && tags.is_empty() && attributes.is_empty() {
        return;
    }
    log_long_values(context, call);
    if let Err(failure) = update(context, call.session_id, |story| story.merge_incoming(call)) {
        let (call, failure) = (call.session_id.to_string(), format!("{failure:?}"));
        context.platform.log(
            Level::Warn,
            "what an incoming call's event contains is not stored",
            &[("call", &call), ("failure", &failure)],
        );
    }
}

/// Changes a call's story and returns what `change` returns.
pub fn update<R>(context: &Context<'_>, session: i64, change: impl FnMut(&mut Story) -> R) -> Result<R, Failure> {
    stored::update(context.platform, Key::Call(session), Some(TTL_MS), change)
}

impl Story {
    /// The recordings in UIS's report that no event contained. The report has other links than the events, so recordings are compared by
    /// the id at the end of the link. If the known links have other ids, recordings cannot be compared, and none counts as new.
    pub fn not_yet_known<'a>(&self, reported: &'a [Recording]) -> Vec<&'a Recording> {
        let id = |url: &str| url.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
        let id_of = |recording: &Recording| id(recording.url.as_deref().unwrap_or_default());
        let ids: Vec<String> = reported.iter().map(id_of).collect();
        if !self.recordings.iter().all(|known| ids.contains(&id(&known.url))) {
            return Vec::new();
        }
        let known: Vec<String> = self.recordings.iter().map(|known| id(&known.url)).collect();
        reported.iter().filter(|recording| !known.contains(&id_of(recording))).collect()
    }

    /// The customer's number with its extension.
    pub fn contact(&self) -> Option<Phone> {
        Some(Phone { number: self.phone.clone()?, extension: self.extension.clone() })
    }

    /// Whether RetailCRM refused the record, what follows from it, or a recording's note.
    pub fn is_refused(&self) -> bool {
        let note_refused = self.recordings.iter().any(|recording| recording.place == Place::NoteRefused);
        self.stored == HistoryState::Refused || self.follow_up == FollowUp::Refused || note_refused
    }

    /// Makes what RetailCRM refused due again, because the settings were saved.
    pub fn retry_refused(&mut self) {
        if self.stored == HistoryState::Refused {
            self.stored = HistoryState::No;
        }
        if self.follow_up == FollowUp::Refused {
            self.follow_up = FollowUp::Pending;
        }
        let refused = self.recordings.iter_mut().filter(|recording| recording.place == Place::NoteRefused);
        refused.for_each(|recording| recording.place = Place::Waiting);
    }

    /// The open pop-ups that `chosen` selects.
    pub fn open_popups(&self, chosen: impl Fn(&Popup) -> bool) -> Vec<Popup> {
        self.popups.iter().filter(|popup| !popup.closed && chosen(popup)).cloned().collect()
    }

    /// The employee who talked last: as the call's end says, else by the events about talks, else the responsible one; an id. UIS's report
    /// has its employees in no known order, so it only counts for a talk that no event contained.
    pub fn talker(&self) -> Option<i64> {
        let end = self.end.as_ref();
        let reported = end.and_then(|end| end.last_talked_reported).filter(|id| !self.talks.contains(&Some(*id)));
        let by_events = || self.talks.iter().rev().copied().flatten().next();
        end.and_then(|end| end.last_talked).or(reported).or_else(by_events).or(end.and_then(|end| end.employee_id))
    }

    /// The employee who talked first, or was responsible; an id.
    pub fn first_talker(&self) -> Option<i64> {
        let by_report = || self.parameters.get("first_talked_employee_id")?.parse().ok();
        self.talks.iter().copied().flatten().next().or_else(by_report).or_else(|| self.talker())
    }

    /// Whether a click in RetailCRM started the call.
    pub fn is_clicked(&self) -> bool {
        self.clicked || self.clicked_by.is_some()
    }

    /// Whether the company called the customer. A call without a known direction is incoming, unless a click started it.
    pub fn is_outgoing(&self) -> bool {
        self.direction == Some(CallDirection::Out) || self.is_clicked()
    }

    /// The settings of the call's direction.
    pub fn settings<'a>(&self, settings: &'a Settings) -> &'a CallSettings {
        if self.is_outgoing() { &settings.outgoing } else { &settings.incoming }
    }

    /// How the names of the settings of the call's direction begin.
    pub fn direction_name(&self) -> &'static str {
        if self.is_outgoing() { "outgoing" } else { "incoming" }
    }

    /// The time of the last sign that the call is in progress.
    pub fn last_sign(&self) -> Instant {
        let rung = self.popups.iter().map(|popup| popup.rung_at).chain(self.legs.iter().map(|leg| leg.rung_at));
        rung.chain(self.talk_at).chain(self.first_seen).max().unwrap_or_default()
    }

    /// When the call began: from an event; else computed from its end; else the time of its first event.
    pub fn began(&self) -> Instant {
        let reckoned = self.end.as_ref().and_then(|end| {
            let total = end.total.or_else(|| Some(end.wait? + end.talk.unwrap_or(0)))?;
            Some(end.at - i64::from(total) * 1000)
        });
        self.started_at.or(reckoned).or(self.first_seen).or(self.end.as_ref().map(|end| end.at)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_refused_is_due_again_and_nothing_else() {
        let recording = |place| StoredRecording { place, ..StoredRecording::default() };
        let mut story = Story {
            stored: HistoryState::Refused,
            follow_up: FollowUp::Refused,
            recordings: vec![recording(Place::History), recording(Place::NoteRefused)],
            ..Story::default()
        };
        assert!(story.is_refused() && !story.recordings[1].waits());
        story.retry_refused();
        assert_eq!((story.stored, story.follow_up, story.is_refused()), (HistoryState::No, FollowUp::Pending, false));
        assert_eq!(story.recordings, [recording(Place::History), recording(Place::Waiting)]);
        (story.stored, story.follow_up) = (HistoryState::Yes, FollowUp::Done);
        let before = story.clone();
        story.retry_refused();
        assert_eq!(story, before);
    }

    #[test]
    fn a_stored_0_is_read_as_no_employee() {
        let before = r#"{"talks":[5,0],"popups":[{"employee_id":0,"user_id":7}]}"#;
        let story: Story = serde_json::from_str(before).expect("a story");
        assert_eq!((story.talks.as_slice(), story.popups[0].employee_id), (&[Some(5), None][..], None));
        assert_eq!((story.talker(), story.rung_last()), (Some(5), None));
        let again: Story = serde_json::from_value(serde_json::to_value(&story).expect("JSON")).expect("a story");
        assert_eq!(again, story);
    }
}
