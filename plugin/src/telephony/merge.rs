//! Merges a call's events into its story. Events arrive late, twice or out of order; the story is the same in any order.

use super::story::{CallDirection, End, StoredRecording, Story};
use crate::base::{json, tags};
use crate::bindings::uis::integration::call_events::{Call, CallFinished, Direction, FinishKind, Recording};
use crate::bindings::uis::integration::types::Tag;
use crate::telephony::click_mark;
use crate::uis::directory;

/// At most this many parameters of a call are stored: storage is limited.
const PARAMETERS_MAX: usize = 120;
/// Parameters that are stored whatever else the event contains: a row of UIS's report contains some hundred.
const ALWAYS: [&str; 26] = [
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_content",
    "utm_term",
    "gclid",
    "yclid",
    "scenario_id",
    "scenario_name",
    "site_id",
    "site_domain_name",
    "campaign_id",
    "campaign_name",
    "advertising_campaign",
    "source_name",
    "search_query",
    "employee_full_name",
    "employee_email",
    "contact_full_name",
    "first_talked_employee_id",
    "communication_number",
    "communication_type",
    "visitor_id",
    "visitor_name",
    "visitor_email",
    "visitor_contact_info",
];
/// Parameters that list a call's tags. The tags are stored as such.
const TAGS: [&str; 3] = ["tag_names", "tag_ids", "tags"];
/// The longest parameter that is stored, in characters: no name in RetailCRM is longer.
pub const PARAMETER_MAX: usize = 500;

impl Story {
    /// Merges what an event contains about the call. A value that a later event does not contain is kept.
    pub fn merge(&mut self, call: &Call) {
        if let Some(contact) = &call.contact {
            // The same number without its extension adds nothing.
            if self.phone.as_ref() != Some(&contact.digits) || contact.extension.is_some() {
                self.extension.clone_from(&contact.extension);
            }
            self.phone = Some(contact.digits.clone());
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
        self.clicked |= click_mark::is_source(call.call_source.as_deref());
        self.clicked_by = self.clicked_by.or(click_mark::clicked_by(call.external_id.as_deref()));
        let named = call.employee.as_ref().map(directory::parameters).unwrap_or_default();
        let contact = call.contact_name.clone().map(|name| ("contact_full_name".to_owned(), name));
        let all: Vec<(String, String)> = call.attributes.iter().cloned().chain(named).chain(contact).collect();
        let (always, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|(name, _)| ALWAYS.contains(&name.as_str()));
        for (name, value) in always.into_iter().chain(others).filter(|(name, _)| !TAGS.contains(&name.as_str())) {
            self.merge_parameter(name, &value);
        }
        self.merge_tags(&call.tags);
        self.started_at = self.started_at.or(call.started_at);
        self.first_seen = Some(self.first_seen.map_or(call.at, |seen| seen.min(call.at)));
    }

    /// Merges the event of an incoming call. It is live and may be handled after others of the call, and UIS's scenario may ask several
    /// times: what is known already counts more.
    pub fn merge_incoming(&mut self, call: &Call) {
        let known = self.clone();
        self.merge(call);
        if known.phone.is_some() {
            (self.phone, self.extension) = (known.phone, known.extension);
        }
        self.virtual_number = known.virtual_number.or(self.virtual_number.take());
        self.direction = known.direction.or(self.direction);
        self.parameters.extend(known.parameters);
    }

    /// Merges tags. UIS sends all tags of the call, or only the new ones, so known tags are kept.
    pub fn merge_tags(&mut self, reported: &[Tag]) {
        tags::merge(&mut self.tags, reported);
    }

    fn merge_parameter(&mut self, name: String, value: &str) {
        let fits = || self.parameters.len() < PARAMETERS_MAX || self.parameters.contains_key(&name) || ALWAYS.contains(&name.as_str());
        if !value.trim().is_empty() && fits() {
            let most = tags::parameter_max(&name, PARAMETER_MAX);
            self.parameters.insert(name, json::cut_parameter(value, most));
        }
    }

    /// Merges the end of the call, which several events may report; `who` are the employees named by the event.
    pub fn merge_end(&mut self, event: &CallFinished, who: EndEmployees) {
        let lost = event.kind == FinishKind::Lost;
        if lost {
            self.merge(&without_assumptions(&event.call, self.phone.is_some()));
        } else {
            self.merge(&event.call);
        }
        let end = self.end.get_or_insert_with(End::default);
        let had_finish = end.finish_reported;
        end.lost_reported |= lost;
        end.finish_reported |= !lost;
        // An event without the time of the end was sent at or after the end.
        if end.at == 0 || (!lost && !had_finish) {
            end.at = event.finished_at;
        } else if !lost {
            end.at = end.at.min(event.finished_at);
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
        end.employee_id = who.responsible.or(end.employee_id);
        let last = if event.kind == FinishKind::Reported { &mut end.last_talked_reported } else { &mut end.last_talked };
        *last = who.last_talked.or(*last);
        end.rung_last = event.rung_employee_ids.last().copied().or(end.rung_last);
    }

    /// Merges a recording whose link was checked.
    pub fn merge_recording(&mut self, recording: &Recording) {
        let Some(url) = &recording.url else { return };
        match self.recordings.iter_mut().find(|known| known.url == *url) {
            Some(known) => known.seconds = known.seconds.or(recording.seconds),
            None => self.recordings.push(StoredRecording { url: url.clone(), seconds: recording.seconds, ..StoredRecording::default() }),
        }
    }
}

/// The employees whom an event about the end of a call names; ids.
#[derive(Debug, Clone, Copy, Default)]
pub struct EndEmployees {
    /// The employee who talked last.
    pub last_talked: Option<i64>,
    /// The employee who is responsible for the call.
    pub responsible: Option<i64>,
}

/// A lost call's event without what the host assumes about it: its template usually contains no direction, so the host takes the call for an
/// incoming one, and the calling number for the customer's. The call may be an outgoing one all the same, as other events then say.
fn without_assumptions(call: &Call, has_phone: bool) -> Call {
    Call {
        direction: call.direction.filter(|direction| *direction == Direction::Outgoing),
        contact: call.contact.clone().filter(|_| !has_phone),
        ..call.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::uis::integration::types::PhoneNumber;
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
            events.iter().for_each(|event| story.merge_end(event, EndEmployees::default()));
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
        let link = |url: &str| Recording { url: Some(url.into()), seconds: None };
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

    #[test]
    fn an_incoming_calls_event_adds_what_no_other_event_contains() {
        let mut incoming = finished(FinishKind::Finished).call;
        (incoming.direction, incoming.virtual_number, incoming.at) = (Some(Direction::Incoming), Some("74951112233".into()), 5_000);
        incoming.attributes = vec![("scenario_name".into(), "Розница".into()), ("utm_source".into(), "yandex".into())];
        let mut sparse = finished(FinishKind::Finished);
        (sparse.call.contact, sparse.call.at, sparse.finished_at) = (None, 25_000, 25_000);
        sparse.call.attributes = vec![("scenario_name".into(), "Опт".into())];
        let (mut before, mut after) = (Story::default(), Story::default());
        before.merge_incoming(&incoming);
        assert_eq!((before.end.is_some(), before.last_sign()), (false, 5_000));
        before.merge_end(&sparse, EndEmployees::default());
        after.merge_end(&sparse, EndEmployees::default());
        after.merge_incoming(&incoming);
        assert_eq!(before, after);
        assert_eq!((before.phone.as_deref(), before.virtual_number.as_deref()), (Some("79161234567"), Some("74951112233")));
        let parameter = |name: &str| before.parameters.get(name).map(String::as_str);
        assert_eq!((parameter("scenario_name"), parameter("utm_source")), (Some("Опт"), Some("yandex")));
        let mut outgoing = Story { direction: Some(CallDirection::Out), phone: Some("79990000001".into()), ..Story::default() };
        outgoing.merge_incoming(&incoming);
        assert_eq!((outgoing.direction, outgoing.phone.as_deref()), (Some(CallDirection::Out), Some("79990000001")));
    }

    #[test]
    fn an_outgoing_call_stays_outgoing_whatever_its_other_events_leave_out() {
        let mut lost = finished(FinishKind::Lost);
        // What the host assumes about a lost call whose event has no direction.
        lost.call.direction = Some(Direction::Incoming);
        lost.call.contact = Some(PhoneNumber { digits: "74951112233".into(), extension: None });
        let mut finish = finished(FinishKind::Finished);
        (finish.call.direction, finish.is_lost) = (Some(Direction::Outgoing), Some(true));
        for order in [[&lost, &finish], [&finish, &lost]] {
            let mut story = Story::default();
            order.iter().for_each(|event| story.merge_end(event, EndEmployees::default()));
            assert_eq!((story.direction, story.is_outgoing()), (Some(CallDirection::Out), true));
            assert_eq!(story.phone.as_deref(), Some("79161234567"));
        }
        let mut clicked = Story::default();
        lost.call.call_source = Some("RetailCRM".into());
        clicked.merge_end(&lost, EndEmployees::default());
        assert!(clicked.is_clicked() && clicked.is_outgoing());
        let mut incoming = Story::default();
        lost.call.call_source = Some("va".into());
        incoming.merge_end(&lost, EndEmployees::default());
        assert!(!incoming.is_outgoing());
    }

    #[test]
    fn a_repeated_end_without_its_values_erases_nothing() {
        let mut full = finished(FinishKind::Finished);
        (full.finished_at, full.talk_seconds, full.finish_reason) = (19_000, Some(7), Some("operator_disconnects".into()));
        full.recordings = vec![Recording { url: Some("https://media.example/1".into()), seconds: Some(7) }];
        full.call.tags = vec![Tag { id: Some(5), name: "VIP".into() }];
        let who = EndEmployees { last_talked: Some(1), responsible: Some(2) };
        let mut story = Story::default();
        story.merge_end(&full, who);
        story.merge_recording(&full.recordings[0]);
        let before = story.clone();
        story.merge_end(&finished(FinishKind::Finished), EndEmployees::default());
        story.merge_recording(&Recording { seconds: None, ..full.recordings[0].clone() });
        assert_eq!(story, before);
    }
}
