//! Notes on a customer with what a person wrote. RetailCRM has no idempotency key for notes, so an intent is stored first, with the time until
//! which its request may still arrive. A retry that finds an intent waits for that time, looks the note up, and sends it again only if it
//! is not there.

use crate::appeal::Identity;
use crate::appeals::lookup::Lookup;
use crate::appeals::progress::{self, NoteState, Progress};
use crate::base::appeal_id::AppealId;
use crate::bindings::uis::integration::types::Failure;
use crate::context::Context;
use crate::retailcrm::customers::{self, Customer};
use crate::retailcrm::{CrmError, Refusal};

/// The longest note, in characters: managers have to read it, and RetailCRM has to show it. A longer text goes into several notes.
pub const NOTE_MAX: usize = 10_000;

/// A note, or one part of a text that needs several.
pub struct Note<'a> {
    /// The appeal in which the person wrote.
    pub appeal: AppealId,
    /// Who wrote. If the customer was merged into another one, this finds the other.
    pub identity: &'a Identity,
    /// A text by which the note is found again.
    pub known: &'a str,
    /// The whole text.
    pub text: &'a str,
}

impl Note<'_> {
    /// Writes the note, unless it is there; returns RetailCRM's refusal, if any.
    pub fn write(&self, context: &Context<'_>, customer: &Customer) -> Result<Option<CrmError>, Failure> {
        let refused = self.attempt(context, customer)?;
        if refused.as_ref().is_some_and(|error| error.is_refused_for(Refusal::CustomerNotFound))
            && let Some(mut lookup) = Lookup::of(context, self.identity.clone(), &Progress::default())
            && let Some(other) = lookup.find_successor(self.appeal)?.filter(|other| other.id != customer.id)
        {
            // The customer was merged into another one, who gets the note.
            return self.attempt(context, &other);
        }
        Ok(refused)
    }

    fn attempt(&self, context: &Context<'_>, customer: &Customer) -> Result<Option<CrmError>, Failure> {
        let before = progress::read(context, self.appeal)?;
        if before.transcript == NoteState::Intended {
            context.wait_for_intent("the note", before.transcript_until)?;
            if customers::has_note(context.crm, customer.id, self.known)? {
                return Ok(None);
            }
        }
        let until = context.may_arrive_until();
        progress::update(context, self.appeal, |progress| (progress.transcript, progress.transcript_until) = (NoteState::Intended, until))?;
        match customers::add_note(context.crm, customer, self.text) {
            Ok(()) => Ok(None),
            Err(error) if error.surely_did_nothing() => {
                progress::update(context, self.appeal, |progress| progress.transcript = NoteState::No)?;
                if matches!(error, CrmError::Refused { .. }) { Ok(Some(error)) } else { Err(error.into()) }
            }
            // The key may not write notes: this is reported to the owner, with the words.
            Err(error @ CrmError::Forbidden { .. }) => {
                progress::update(context, self.appeal, |progress| progress.transcript = NoteState::No)?;
                Ok(Some(error))
            }
            Err(error) => Err(context.unknown_outcome(error, until)),
        }
    }
}

/// How many of these characters fit into `room`: all, or those up to a space if one is near, so that no word is torn.
pub fn fitting(text: &[char], room: usize) -> usize {
    const NEAR: usize = 200;
    if text.len() <= room {
        return text.len();
    }
    let near = &text[room.saturating_sub(NEAR)..room];
    near.iter().rposition(|c| c.is_whitespace()).map_or(room, |at| room - near.len() + at + 1)
}

/// The heading of a part: the first part has the plain one.
pub fn heading(what: &str, part: u32) -> String {
    if part == 0 { what.to_owned() } else { format!("{what}, часть {}", part + 1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_divided_between_words() {
        let fits = |text: &str, room: usize| fitting(&text.chars().collect::<Vec<_>>(), room);
        assert_eq!((fits("аб вг", 5), fits("аб вг", 4), fits("аб вг", 3), fits("абвг", 3), fits("", 3)), (5, 3, 3, 3, 0));
    }
}
