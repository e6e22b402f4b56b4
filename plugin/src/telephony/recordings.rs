//! Recordings that do not fit into the history. A record has one `recordUrl` and never changes, so it gets the longest recording. The
//! others, and late ones, become notes on the customer.

use crate::appeal::EventParameters;
use crate::base::appeal_id::AppealId;
use crate::base::outcome::skipped;
use crate::bindings::uis::integration::decision;
use crate::bindings::uis::integration::types::{CommunicationKind, Failure, Skipped};
use crate::context::Context;
use crate::retailcrm::CrmError;
use crate::retailcrm::customers::{self, Customer};
use crate::rules;
use crate::telephony::parameters::Parameters;
use crate::telephony::story::{self, Place, StoredRecording, Story};

/// The recording for the history: the longest; among equal ones the earliest.
pub fn main(story: &Story) -> Option<&StoredRecording> {
    story.recordings.iter().rev().max_by_key(|recording| recording.seconds.unwrap_or(0))
}

/// Writes every recording that has no place yet into a note. RetailCRM has no idempotency key for notes, so an intent is stored first, with
/// the time until which its request may still arrive. A retry that finds an intent waits for that time, looks the note up, and sends it
/// again only if it is not there.
pub fn put_into_notes(context: &Context<'_>, session: i64) -> Result<Vec<Skipped>, Failure> {
    let story = story::read(context, session)?;
    let waiting: Vec<&StoredRecording> = story.recordings.iter().filter(|recording| recording.waits()).collect();
    let (Some(phone), false) = (story.contact(), waiting.is_empty()) else { return Ok(Vec::new()) };
    let Some(customer) = customers::find_by_phone(context.crm, context.phones()?, &phone)? else {
        let left_out = waiting
            .iter()
            .map(|recording| {
                skipped(
                    format!("recording {} of call {}", recording.url, AppealId::call(session)),
                    "the call is already in the history, and there is no customer with this phone for a note",
                )
            })
            .collect();
        story::update(context, session, |story| {
            story.recordings.iter_mut().filter(|recording| recording.waits()).for_each(|recording| recording.place = Place::Nowhere)
        })?;
        return Ok(left_out);
    };
    let mut refused = Ok(Vec::new());
    for recording in waiting {
        match put_into_note(context, session, &story, recording, &customer) {
            // The notes of the other recordings are still sent.
            Err(failure @ Failure::Rejected(_)) => refused = refused.and(Err(failure)),
            other => other?,
        }
    }
    refused
}

fn put_into_note(
    context: &Context<'_>,
    session: i64,
    story: &Story,
    recording: &StoredRecording,
    customer: &Customer,
) -> Result<(), Failure> {
    if recording.place == Place::NoteIntended {
        context.wait_for_intent("the note", recording.note_until)?;
        if customers::has_note(context.crm, customer.id, &recording.url)? {
            return place(context, session, &recording.url, Place::Note);
        }
    }
    let text = text(context, story, recording)?;
    let parameters = Parameters::of(context, session, story)?;
    let Some(text) = rules::note(context, || about(session, story, &parameters), text, &recording.url) else {
        return place(context, session, &recording.url, Place::Nowhere);
    };
    let until = context.may_arrive_until();
    update(context, session, &recording.url, |recording| (recording.place, recording.note_until) = (Place::NoteIntended, until))?;
    match customers::add_note(context.crm, customer, &text) {
        Ok(()) => place(context, session, &recording.url, Place::Note),
        Err(error @ CrmError::Refused { .. }) => {
            place(context, session, &recording.url, Place::NoteRefused)?;
            Err(error.into())
        }
        Err(error) if error.surely_did_nothing() => {
            place(context, session, &recording.url, Place::Waiting)?;
            Err(error.into())
        }
        Err(error) => Err(context.unknown_outcome(error, until)),
    }
}

/// The call as rules see it.
fn about(session: i64, story: &Story, parameters: &Parameters<'_>) -> decision::Appeal {
    decision::Appeal {
        kind: CommunicationKind::Call,
        id: session,
        phone: story.phone.clone(),
        email: None,
        virtual_number: story.virtual_number.clone(),
        employee_email: parameters.get("employee_email"),
        attributes: parameters.all(),
    }
}

/// The text of the note.
fn text(context: &Context<'_>, story: &Story, recording: &StoredRecording) -> Result<String, Failure> {
    let length = recording.seconds.map(|seconds| format!(" ({}:{:02})", seconds / 60, seconds % 60)).unwrap_or_default();
    Ok(format!("Запись звонка от {}{length}: {}", context.crm_date_time(story.began())?, recording.url))
}

fn place(context: &Context<'_>, session: i64, url: &str, place: Place) -> Result<(), Failure> {
    update(context, session, url, |recording| recording.place = place)
}

fn update(context: &Context<'_>, session: i64, url: &str, change: impl Fn(&mut StoredRecording)) -> Result<(), Failure> {
    story::update(context, session, |story| story.recordings.iter_mut().filter(|recording| recording.url == url).for_each(&change))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_talk_goes_into_the_history() {
        let record = |url: &str, seconds| StoredRecording { url: url.into(), seconds, ..StoredRecording::default() };
        let mut story = Story {
            recordings: vec![record("a", None), record("b", Some(40)), record("c", Some(40)), record("d", Some(7))],
            ..Story::default()
        };
        assert_eq!(main(&story).map(|chosen| chosen.url.as_str()), Some("b"));
        story.recordings.truncate(1);
        assert_eq!(main(&story).map(|chosen| chosen.url.as_str()), Some("a"));
        story.recordings.clear();
        assert_eq!(main(&story), None);
    }
}
