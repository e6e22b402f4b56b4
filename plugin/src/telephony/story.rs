//! What is remembered of one call. Its events come late, twice, out of order or never, each with other data; merged they make one
//! story, which every handler reads and extends.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use crate::base::keys::Key;
use crate::base::{stored, template};
use crate::bindings::uis::integration::call_events::{Call, Recording};
use crate::bindings::uis::integration::types::{Failure, Instant};
use crate::context::Context;
use crate::telephony::merge::PARAMETER_MAX;

/// A story is kept 35 days: longer than any repeat of its events, and than UIS's reports are read back.
pub const TTL_MS: u64 = 35 * 24 * 3_600_000;

/// One call.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Story {
    /// The customer's number, canonical digits.
    pub phone: Option<String>,
    /// The company's number.
    pub virtual_number: Option<String>,
    /// Known from any event that told it.
    pub direction: Option<CallDirection>,
    /// Both sides are employees.
    pub internal: bool,
    /// When it began, if an event said so.
    pub started_at: Option<Instant>,
    /// When its first event happened.
    pub first_seen: Option<Instant>,
    /// Pop-ups that were opened, in order.
    pub popups: Vec<Popup>,
    /// Who talks or talked, first to last, by employee id; none: an employee whom the event did not name.
    #[serde(deserialize_with = "employees")]
    pub talks: Vec<Option<i64>>,
    /// When the last talk began.
    pub talk_at: Option<Instant>,
    /// The end, merged from all that told it.
    pub end: Option<End>,
    /// Recordings known, in order of their coming.
    pub recordings: Vec<StoredRecording>,
    /// What became of it in the CRM's history.
    pub stored: HistoryState,
    /// What follows from the call's end besides its record: a customer, a task, an order.
    pub follow_up: FollowUp,
    /// The CRM user who clicked the number, when it was dialled so.
    pub clicked_by: Option<i64>,
    /// What its events told that templates may ask for, by UIS's names.
    pub parameters: BTreeMap<String, String>,
    /// The `recordUrl` it was, or is being, stored with.
    pub record_url: Option<String>,
}

/// An employee's id; 0 stood for nobody once.
fn employee<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(Option::<i64>::deserialize(deserializer)?.filter(|id| *id != 0))
}

/// As [`employee`], several.
fn employees<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Option<i64>>, D::Error> {
    let ids = Vec::<Option<i64>>::deserialize(deserializer)?;
    Ok(ids.into_iter().map(|id| id.filter(|id| *id != 0)).collect())
}

/// The direction of a call as it is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum CallDirection {
    /// The customer called.
    #[serde(rename = "in")]
    In,
    /// We called.
    #[serde(rename = "out")]
    Out,
}

/// A pop-up that was opened for a manager.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Popup {
    /// Whose phone rang; none: the event named no employee id.
    #[serde(deserialize_with = "employee")]
    pub employee_id: Option<i64>,
    /// The CRM user.
    pub user_id: i64,
    /// His extension.
    pub code: Option<String>,
    /// When his phone rang, as the event tells.
    pub rung_at: Instant,
    /// Which leg of the call it was, if the event tells.
    pub leg_id: Option<i64>,
    /// It is to be closed with this status; RetailCRM could not be reached yet.
    pub closing: Option<String>,
    /// Closed again.
    pub closed: bool,
}

/// How the call ended.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct End {
    /// When.
    pub at: Instant,
    /// UIS's verdict. "Lost" wins over "not lost": only UIS's own verdict makes a lost-call event.
    pub is_lost: Option<bool>,
    /// EventParameters by the finish event, or by the report.
    #[serde(rename = "told_finished")]
    pub finish_reported: bool,
    /// EventParameters by the lost event.
    #[serde(rename = "told_lost")]
    pub lost_reported: bool,
    /// Seconds of talk.
    pub talk: Option<u32>,
    /// Seconds of waiting.
    pub wait: Option<u32>,
    /// Seconds in all.
    pub total: Option<u32>,
    /// UIS's reason.
    pub reason: Option<String>,
    /// Who talked last, or was responsible; an employee id.
    pub employee_id: Option<i64>,
    /// Whose phone rang last.
    pub rung_last: Option<i64>,
}

/// A recording.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StoredRecording {
    /// The link, already checked to be https.
    pub url: String,
    /// Its length in seconds.
    pub seconds: Option<u32>,
    /// Where it went.
    pub place: Place,
    /// Until when the request for its note may still arrive, while it is [`Place::NoteIntended`].
    pub note_until: Instant,
}

impl StoredRecording {
    /// It has no place yet.
    pub fn waits(&self) -> bool {
        matches!(self.place, Place::Waiting | Place::NoteIntended)
    }
}

/// Where a recording went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// Nowhere yet.
    #[default]
    Waiting,
    /// Into the history, as the call's `recordUrl`.
    History,
    /// A note was about to be sent; whether it arrived must be looked up.
    NoteIntended,
    /// Into a note on the customer.
    Note,
    /// Nowhere, for good: there is no customer to put a note on.
    Nowhere,
}

/// What became of the call in the CRM's history.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HistoryState {
    /// Not yet.
    #[default]
    No,
    /// It was about to be sent; perhaps it arrived, with the [`Story::record_url`] of then.
    Intended,
    /// It is there.
    Yes,
    /// It cannot be: internal or anonymous. EventParameters to the owner once.
    Skipped,
}

/// How far it is with what follows from a call's end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FollowUp {
    /// Not done, or not all of it.
    #[default]
    Pending,
    /// Done.
    Done,
    /// Done but for what RetailCRM refused: that waits until the owner has changed something.
    Refused,
}

/// Reads a call's story; an empty one when nothing is known.
pub fn read(context: &Context<'_>, session: i64) -> Result<Story, Failure> {
    Ok(stored::load(context.platform, Key::Call(session))?.unwrap_or_default())
}

/// What an event tells at greater length than is remembered goes whole into the log.
pub fn log_long_values(context: &Context<'_>, call: &Call) {
    for (name, value) in call.attributes.iter().filter(|(_, value)| value.chars().nth(PARAMETER_MAX).is_some()) {
        template::log_whole(context.platform, name, value);
    }
}

/// Extends a call's story and gives what `change` gives.
pub fn update<R>(context: &Context<'_>, session: i64, change: impl FnMut(&mut Story) -> R) -> Result<R, Failure> {
    stored::update(context.platform, Key::Call(session), Some(TTL_MS), change)
}

impl Story {
    /// Of recordings that UIS's report names, those that no event has told. The report makes links of its own, so a recording is known
    /// by its id, the link's last part; where the known links are of another kind, nothing can be told apart and nothing is news.
    pub fn not_yet_known<'a>(&self, reported: &'a [Recording]) -> Vec<&'a Recording> {
        let id = |url: &str| url.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
        let ids: Vec<String> = reported.iter().map(|recording| id(&recording.url)).collect();
        if !self.recordings.iter().all(|known| ids.contains(&id(&known.url))) {
            return Vec::new();
        }
        let known: Vec<String> = self.recordings.iter().map(|known| id(&known.url)).collect();
        reported.iter().filter(|recording| !known.contains(&id(&recording.url))).collect()
    }

    /// Pop-ups that are open, of those chosen.
    pub fn open_popups(&self, chosen: impl Fn(&Popup) -> bool) -> Vec<Popup> {
        self.popups.iter().filter(|popup| !popup.closed && chosen(popup)).cloned().collect()
    }

    /// Who talked, or was responsible: an employee id.
    pub fn talker(&self) -> Option<i64> {
        let ended = self.end.as_ref().and_then(|end| end.employee_id);
        self.talks.iter().rev().copied().flatten().next().or(ended)
    }

    /// Whose phone rang last: an employee id.
    pub fn rung_last(&self) -> Option<i64> {
        let told = self.end.as_ref().and_then(|end| end.rung_last);
        told.or(self.popups.last().and_then(|popup| popup.employee_id)).filter(|id| *id != 0)
    }

    /// When the call was last seen to go on.
    pub fn last_sign(&self) -> Instant {
        self.popups.iter().map(|popup| popup.rung_at).chain(self.talk_at).chain(self.first_seen).max().unwrap_or_default()
    }

    /// When the call began: as told; else reckoned back from its end; else its first event.
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
    fn nobody_was_0_once() {
        let before = r#"{"talks":[5,0],"popups":[{"employee_id":0,"user_id":7}]}"#;
        let story: Story = serde_json::from_str(before).expect("a story");
        assert_eq!((story.talks.as_slice(), story.popups[0].employee_id), (&[Some(5), None][..], None));
        assert_eq!((story.talker(), story.rung_last()), (Some(5), None));
        let again: Story = serde_json::from_value(serde_json::to_value(&story).expect("JSON")).expect("a story");
        assert_eq!(again, story);
    }
}
