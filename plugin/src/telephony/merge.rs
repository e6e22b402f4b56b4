//! Merges a call's events into its story. Events arrive late, twice or out of order; the story is the same in any order.

use super::story::{CallDirection, End, StoredRecording, Story};
use crate::base::tags::TAG_NAMES;
use crate::base::{json, phone, tags};
use crate::bindings::uis::integration::call_events::{Call, CallFinished, Direction, FinishKind, Recording};
use crate::bindings::uis::integration::types::Tag;
use crate::telephony::click_mark;
use crate::uis::directory;

/// At most this many parameters of a call are stored: storage is limited.
const PARAMETERS_MAX: usize = 60;
/// The longest parameter that is stored, in characters: no name in RetailCRM is longer.
pub const PARAMETER_MAX: usize = 500;

impl Story {
    /// Merges what an event contains about the call. A value that a later event does not contain is kept.
    pub fn merge(&mut self, call: &Call) {
        if let Some(contact) = &call.contact {
            self.phone = Some(phone::canonical(&contact.digits));
        }
        if call.virtual_number.is_some() {
            self.virtual_number.clone_from(&call.virtual_number);
        }
        if let Some(direction) = call.direction {
            self.direction = Some(match direction {
                Direction::Incoming => CallDirection::In,
                Direction::Outgoing => CallDirection::Out,
            });
        }
        self.internal |= call.is_internal;
        self.clicked_by = self.clicked_by.or(click_mark::clicked_by(call.external_id.as_deref()));
        let named = call.employee.as_ref().map(directory::parameters).unwrap_or_default();
        let contact = call.contact_name.clone().map(|name| ("contact_full_name".to_owned(), name));
        for (name, value) in call.attributes.iter().cloned().chain(named).chain(contact) {
            self.merge_parameter(name, &value);
        }
        tags::merge(&mut self.tags, &call.tags);
        self.started_at = self.started_at.or(call.started_at);
        self.first_seen = Some(self.first_seen.map_or(call.at, |seen| seen.min(call.at)));
    }

    /// Merges tags. UIS sends all tags of the call, or only the new ones, so known tags are kept.
    pub fn merge_tags(&mut self, reported: &[Tag]) {
        tags::merge(&mut self.tags, reported);
        let known: Vec<String> = self.parameters.get(TAG_NAMES).and_then(|known| json::read(known.as_bytes()).ok()).unwrap_or_default();
        let more = self.tags.iter().map(|tag| tag.name.clone()).filter(|name| !name.is_empty() && !known.contains(name));
        let all: Vec<String> = known.iter().cloned().chain(more).collect();
        if let Some(all) = serde_json::to_value(&all).ok().filter(|_| !all.is_empty()) {
            self.merge_parameter(TAG_NAMES.to_owned(), &all.to_string());
        }
    }

    fn merge_parameter(&mut self, name: String, value: &str) {
        if !value.trim().is_empty() && (self.parameters.len() < PARAMETERS_MAX || self.parameters.contains_key(&name)) {
            let most = tags::parameter_max(&name, PARAMETER_MAX);
            self.parameters.insert(name, json::cut_parameter(value, most));
        }
    }

    /// Merges the end of the call, which several events may report; `who` is the employee named by the event.
    pub fn merge_end(&mut self, event: &CallFinished, who: Option<i64>) {
        self.merge(&event.call);
        let lost = event.kind == FinishKind::Lost;
        if lost && self.direction.is_none() {
            // A lost call is always incoming, and its event has no direction.
            self.direction = Some(CallDirection::In);
        }
        let end = self.end.get_or_insert_with(End::default);
        end.lost_reported |= lost;
        end.finish_reported |= !lost;
        if end.at == 0 || !lost {
            end.at = event.finished_at;
        }
        end.is_lost = match (end.is_lost, if lost { Some(true) } else { event.is_lost }) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (known, reported) => reported.or(known),
        };
        // The lost event's durations count only until the finish event arrives.
        let merge = |known: &mut Option<u32>, reported: Option<u32>| {
            if reported.is_some() && (known.is_none() || !lost) {
                *known = reported;
            }
        };
        merge(&mut end.talk, event.talk_seconds);
        merge(&mut end.wait, event.wait_seconds);
        merge(&mut end.total, event.total_seconds);
        end.reason = event.finish_reason.clone().or(end.reason.take());
        end.employee_id = who.or(end.employee_id);
        end.rung_last = event.rung_employee_ids.last().copied().or(end.rung_last);
    }

    /// Merges a recording whose link was checked.
    pub fn merge_recording(&mut self, recording: &Recording) {
        match self.recordings.iter_mut().find(|known| known.url == recording.url) {
            Some(known) => known.seconds = known.seconds.or(recording.seconds),
            None => self.recordings.push(StoredRecording {
                url: recording.url.clone(),
                seconds: recording.seconds,
                ..StoredRecording::default()
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telephony::verdict::tests::finished;

    #[test]
    fn the_two_events_of_a_lost_call_make_the_same_story_in_either_order() {
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
        assert_eq!((end.at, end.is_lost, end.wait, end.lost_reported, end.finish_reported), (20_000, Some(true), Some(20), true, true));
        assert_eq!(story.began(), 0);
    }

    #[test]
    fn a_reported_recording_is_known_by_its_id() {
        let link = |url: &str| Recording { url: url.into(), seconds: None };
        let reported = [link("https://app.example/talk/7/a1/"), link("https://app.example/talk/7/b2/")];
        let mut story = Story::default();
        assert_eq!(story.not_yet_known(&reported).len(), 2);
        story.merge_recording(&link("https://media.example/7/a1"));
        assert_eq!(story.not_yet_known(&reported), [&reported[1]]);
        story.merge_recording(&link("https://other.example/listen?call=7"));
        assert!(story.not_yet_known(&reported).is_empty(), "links without a common id cannot be compared");
    }

    #[test]
    fn a_later_event_with_missing_values_erases_nothing() {
        let mut story = Story::default();
        let mut full = finished(FinishKind::Finished).call;
        full.direction = Some(Direction::Outgoing);
        full.virtual_number = Some("74951112233".into());
        story.merge(&full);
        let mut sparse = full.clone();
        (sparse.contact, sparse.direction, sparse.virtual_number) = (None, None, None);
        story.merge(&sparse);
        assert_eq!(story.phone.as_deref(), Some("79161234567"));
        assert_eq!(story.direction, Some(CallDirection::Out));
        assert_eq!(story.virtual_number.as_deref(), Some("74951112233"));
    }
}
