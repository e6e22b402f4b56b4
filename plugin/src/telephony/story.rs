//! What is remembered of one call. Its events come late, twice, out of order or never, each with other data; merged they make one
//! story, which every handler reads and extends.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use crate::base::keys::Key;
use crate::base::{phone, stored, template};
use crate::bindings::uis::integration::call_events::{Call, CallFinished, Direction, FinishKind, Recording};
use crate::bindings::uis::integration::types::{Failure, Instant};
use crate::context::Context;
use crate::telephony::click_mark;
use crate::uis::directory;

/// A story is kept 35 days: longer than any repeat of its events, and than UIS's reports are read back.
pub const TTL_MS: u64 = 35 * 24 * 3_600_000;

/// Of what events tell for templates, so many values are remembered, each so long in characters: storage is not endless, and no name in
/// the CRM is longer.
/// UIS's parameter that lists a call's tags.
const TAGS: &str = "tag_names";
const PARAMETERS_MAX: usize = 60;
const PARAMETER_MAX: usize = 500;

/// One call.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Story {
    /// The customer's number, canonical digits.
    pub phone: Option<String>,
    /// The company's number.
    pub virtual_number: Option<String>,
    /// Known from any event that told it.
    pub direction: Option<Way>,
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
    pub recordings: Vec<Record>,
    /// What became of it in the CRM's history.
    pub stored: Stored,
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

/// [`Direction`] as it is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Way {
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
    pub told_finished: bool,
    /// EventParameters by the lost event.
    pub told_lost: bool,
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
pub struct Record {
    /// The link, already checked to be https.
    pub url: String,
    /// Its length in seconds.
    pub seconds: Option<u32>,
    /// Where it went.
    pub place: Place,
    /// Until when the request for its note may still arrive, while it is [`Place::NoteIntended`].
    pub note_until: Instant,
}

impl Record {
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
pub enum Stored {
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
    /// Takes in what an event says of the call. What is known is not forgotten because a later event does not tell it.
    pub fn merge(&mut self, call: &Call) {
        if let Some(contact) = &call.contact {
            self.phone = Some(phone::canonical(&contact.digits));
        }
        if call.virtual_number.is_some() {
            self.virtual_number.clone_from(&call.virtual_number);
        }
        if let Some(direction) = call.direction {
            self.direction = Some(match direction {
                Direction::Incoming => Way::In,
                Direction::Outgoing => Way::Out,
            });
        }
        self.internal |= call.is_internal;
        self.clicked_by = self.clicked_by.or(click_mark::clicked_by(call.external_id.as_deref()));
        let named = call.employee.as_ref().map(directory::parameters).unwrap_or_default();
        let contact = call.contact_name.clone().map(|name| ("contact_full_name".to_owned(), name));
        for (name, value) in call.attributes.iter().cloned().chain(named).chain(contact) {
            self.merge_parameter(name, &value);
        }
        self.started_at = self.started_at.or(call.started_at);
        self.first_seen = Some(self.first_seen.map_or(call.at, |seen| seen.min(call.at)));
    }

    /// Takes in tags: all that the call has now, or the ones just set when UIS tells no more, so that none that is known is forgotten.
    pub fn merge_tags(&mut self, tags: &[String]) {
        let known: Vec<String> =
            self.parameters.get(TAGS).and_then(|known| crate::base::json::read(known.as_bytes()).ok()).unwrap_or_default();
        let more = tags.iter().filter(|tag| !known.contains(tag));
        let all: Vec<&String> = known.iter().chain(more).collect();
        if let Some(all) = serde_json::to_value(&all).ok().filter(|_| !all.is_empty()) {
            self.merge_parameter(TAGS.to_owned(), &all.to_string());
        }
    }

    fn merge_parameter(&mut self, name: String, value: &str) {
        if !value.trim().is_empty() && (self.parameters.len() < PARAMETERS_MAX || self.parameters.contains_key(&name)) {
            self.parameters.insert(name, value.chars().take(PARAMETER_MAX).collect());
        }
    }

    /// Takes in the end, told once or more; `who` is the employee it names.
    pub fn merge_end(&mut self, event: &CallFinished, who: Option<i64>) {
        self.merge(&event.call);
        let lost = event.kind == FinishKind::Lost;
        if lost && self.direction.is_none() {
            // A lost call is an incoming one; the event has no direction.
            self.direction = Some(Way::In);
        }
        let end = self.end.get_or_insert_with(End::default);
        end.told_lost |= lost;
        end.told_finished |= !lost;
        if end.at == 0 || !lost {
            end.at = event.finished_at;
        }
        end.is_lost = match (end.is_lost, if lost { Some(true) } else { event.is_lost }) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (known, told) => told.or(known),
        };
        // The lost event's totals stand in until the finish event tells its own.
        let merge = |known: &mut Option<u32>, told: Option<u32>| {
            if told.is_some() && (known.is_none() || !lost) {
                *known = told;
            }
        };
        merge(&mut end.talk, event.talk_seconds);
        merge(&mut end.wait, event.wait_seconds);
        merge(&mut end.total, event.total_seconds);
        end.reason = event.finish_reason.clone().or(end.reason.take());
        end.employee_id = who.or(end.employee_id);
        end.rung_last = event.rung_employee_ids.last().copied().or(end.rung_last);
    }

    /// Takes in a recording whose link was checked.
    pub fn merge_recording(&mut self, recording: &Recording) {
        match self.recordings.iter_mut().find(|known| known.url == recording.url) {
            Some(known) => known.seconds = known.seconds.or(recording.seconds),
            None => self.recordings.push(Record { url: recording.url.clone(), seconds: recording.seconds, ..Record::default() }),
        }
    }

    /// Of recordings that UIS's report names, those that no event has told. The report makes links of its own, so a recording is known
    /// by its id, the link's last part; where the known links are of another kind, nothing can be told apart and nothing is news.
    pub fn unknown_of<'a>(&self, reported: &'a [Recording]) -> Vec<&'a Recording> {
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
    use crate::telephony::verdict::tests::finished;

    #[test]
    fn two_events_of_one_lost_call_make_one_story_in_either_order() {
        let mut lost = finished(FinishKind::Lost);
        lost.wait_seconds = Some(19);
        lost.finished_at = 20_500;
        let mut finish = finished(FinishKind::Finished);
        finish.call.direction = Some(Direction::Incoming);
        finish.is_lost = Some(true);
        finish.total_seconds = Some(20);
        finish.wait_seconds = Some(20);
        finish.finished_at = 20_000;
        let merged = |events: [&CallFinished; 2]| {
            let mut story = Story::default();
            events.iter().for_each(|event| story.merge_end(event, None));
            story
        };
        let story = merged([&lost, &finish]);
        assert_eq!(story, merged([&finish, &lost]));
        let end = story.end.clone().expect("ended");
        assert_eq!((end.at, end.is_lost, end.wait, end.told_lost, end.told_finished), (20_000, Some(true), Some(20), true, true));
        assert_eq!(story.began(), 0);
    }

    #[test]
    fn nobody_was_0_once() {
        let before = r#"{"talks":[5,0],"popups":[{"employee_id":0,"user_id":7}]}"#;
        let story: Story = serde_json::from_str(before).expect("a story");
        assert_eq!((story.talks.as_slice(), story.popups[0].employee_id), (&[Some(5), None][..], None));
        assert_eq!((story.talker(), story.rung_last()), (Some(5), None));
        let again: Story = serde_json::from_value(serde_json::to_value(&story).expect("JSON")).expect("a story");
        assert_eq!(again, story);
    }

    #[test]
    fn a_reported_recording_is_known_by_its_id() {
        let link = |url: &str| Recording { url: url.into(), seconds: None };
        let reported = [link("https://app.example/talk/7/a1/"), link("https://app.example/talk/7/b2/")];
        let mut story = Story::default();
        assert_eq!(story.unknown_of(&reported).len(), 2);
        story.merge_recording(&link("https://media.example/7/a1"));
        assert_eq!(story.unknown_of(&reported), [&reported[1]]);
        story.merge_recording(&link("https://other.example/listen?call=7"));
        assert!(story.unknown_of(&reported).is_empty(), "links of another kind cannot be compared");
    }

    #[test]
    fn a_later_event_that_does_not_tell_erases_nothing() {
        let mut story = Story::default();
        let mut told = finished(FinishKind::Finished).call;
        told.direction = Some(Direction::Outgoing);
        told.virtual_number = Some("74951112233".into());
        story.merge(&told);
        let mut silent = told.clone();
        (silent.contact, silent.direction, silent.virtual_number) = (None, None, None);
        story.merge(&silent);
        assert_eq!(story.phone.as_deref(), Some("79161234567"));
        assert_eq!(story.direction, Some(Way::Out));
        assert_eq!(story.virtual_number.as_deref(), Some("74951112233"));
    }
}
