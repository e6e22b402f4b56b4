//! «Сохранение истории и записей звонков»: every finished call becomes exactly one record in RetailCRM's history.
//!
//! RetailCRM keeps one record per `externalId` and never changes it. So a call is uploaded only when everything about it is known: its
//! recordings, unless they have not arrived within the setting `recording-wait`; for an unanswered call, both events about its end.

use crate::appeals::steps::StepResults;
use crate::base::appeal_id::AppealId;
use crate::base::links;
use crate::base::outcome::{Handled, done, done_with_skipped, is_retried, skipped};
use crate::base::timers::{self, TimerName};
use crate::bindings::uis::integration::call_events::{CallFinished, FinishKind, Recording, RecordingReady};
use crate::bindings::uis::integration::types::{Delivery, EmployeeHint, Failure, Instant, Skipped};
use crate::context::Context;
use crate::crm_state::employee_links;
use crate::retailcrm::CrmError;
use crate::retailcrm::telephony::{Call, EventType, upload};
use crate::rules;
use crate::telephony::merge::EndEmployees;
use crate::telephony::parameters::Parameters;
use crate::telephony::story::{self, End, FollowUp, HistoryState, Place, StoredRecording, Story};
use crate::telephony::verdict::{self, Verdict};
use crate::telephony::{appeal, closing, follow_up, record_review, recordings, unfinished};
use crate::uis::directory;

/// How long an unanswered call waits for the second event about its end. UIS sends both at once, so a few seconds are enough.
const MERGE_WAIT_MS: i64 = 15_000;
/// How long an answered call whose end is handled late still waits for its recording, at most: the event about the recording may wait
/// behind that of the end.
const LATE_WAIT_MS: i64 = 60_000;

/// The call has ended.
pub fn on_call_finished(context: &Context<'_>, delivery: &Delivery, event: &CallFinished) -> Handled {
    let session = event.call.session_id;
    retry_refused(context, delivery, session)?;
    let (story, mut left_out) = merge_end(context, event)?;
    left_out.extend(advance(context, &delivery.ordering_key, session, story)?);
    done_with_skipped(left_out)
}

/// Schedules storing a finished call, for the time when nothing more is awaited.
pub fn schedule(context: &Context<'_>, ordering_key: &str, session: i64, story: &Story) -> Result<(), Failure> {
    if unfit(story).is_some() {
        return Ok(());
    }
    unfinished::add(context, session, ordering_key)?;
    schedule_at(context, ordering_key, session, ready_at(context, story)?)
}

/// Merges the end into the call's story.
fn merge_end(context: &Context<'_>, event: &CallFinished) -> Result<(Story, Vec<Skipped>), Failure> {
    let session = event.call.session_id;
    let (links, left_out) = check_links(session, &event.recordings);
    let id = |hint: &Option<EmployeeHint>| hint.as_ref().map_or(Ok(None), |hint| directory::id_of_hint(context.platform, hint));
    let who = EndEmployees { last_talked: id(&event.last_talked_employee)?, responsible: id(&event.call.employee)? };
    let story = story::update(context, session, |story| {
        story.merge_end(event, who);
        if let Some(end) = story.end.as_mut().filter(|_| event.kind != FinishKind::Reported) {
            end.handled_at = context.platform.now();
        }
        let new_recordings: Vec<&Recording> =
            if event.kind == FinishKind::Reported { story.not_yet_known(&links) } else { links.iter().collect() };
        new_recordings.into_iter().for_each(|link| story.merge_recording(link));
        story.clone()
    })?;
    Ok((story, left_out))
}

/// A recording is available.
pub fn on_recording_ready(context: &Context<'_>, delivery: &Delivery, event: &RecordingReady) -> Handled {
    let session = event.call.session_id;
    retry_refused(context, delivery, session)?;
    let (links, mut left_out) = check_links(session, std::slice::from_ref(&event.recording));
    let story = story::update(context, session, |story| {
        story.merge(&event.call);
        links.iter().for_each(|link| story.merge_recording(link));
        story.clone()
    })?;
    if story.end.is_none() {
        return done_with_skipped(left_out);
    }
    left_out.extend(advance(context, &delivery.ordering_key, session, story)?);
    done_with_skipped(left_out)
}

/// A record that RetailCRM refused is due again when an event is delivered again: after such a refusal the event is a dead letter, so somebody
/// has put right what was wrong and put the event back. What follows from the record is not: its refusal ends no event.
fn retry_refused(context: &Context<'_>, delivery: &Delivery, session: i64) -> Result<(), Failure> {
    if delivery.attempt > 1 && story::read(context, session)?.stored == HistoryState::Refused {
        story::update(context, session, |story| story.stored = HistoryState::No)?;
    }
    Ok(())
}

/// The timer of a call: the wait has ended.
pub fn on_timer(context: &Context<'_>, delivery: &Delivery, session: i64) -> Handled {
    retry_refused(context, delivery, session)?;
    store_now(context, session)
}

/// Stores the call with what is known.
pub fn store_now(context: &Context<'_>, session: i64) -> Handled {
    let story = story::read(context, session)?;
    if story.end.is_some() {
        closing::close_all(context, session, &story, verdict::of(&story))?;
    }
    match (story.end.is_some(), story.stored) {
        (true, HistoryState::No | HistoryState::Intended | HistoryState::Skipped) if unfit(&story).is_none() => {
            done_with_skipped(store(context, session, story)?)
        }
        (true, HistoryState::Yes) => done_with_skipped(finish(context, session)?),
        _ => done(),
    }
}

/// Advances a finished call as far as possible: stores it, waits, or writes late recordings into notes.
pub fn advance(context: &Context<'_>, ordering_key: &str, session: i64, story: Story) -> Result<Vec<Skipped>, Failure> {
    if story.end.is_none() {
        return Ok(Vec::new());
    }
    closing::close_all(context, session, &story, verdict::of(&story))?;
    match story.stored {
        HistoryState::Yes => {
            if story.recordings.iter().any(StoredRecording::waits) {
                unfinished::add(context, session, ordering_key)?;
            }
            return finish(context, session);
        }
        HistoryState::Refused => return Ok(Vec::new()),
        HistoryState::Intended => return store(context, session, story),
        HistoryState::Skipped if story.phone.is_none() || story.internal => return Ok(Vec::new()),
        HistoryState::Skipped | HistoryState::No => {}
    }
    if let Some(left_out) = report_unfit(context, session, &story)? {
        return Ok(left_out);
    }
    unfinished::add(context, session, ordering_key)?;
    let ready_at = ready_at(context, &story)?;
    if ready_at <= context.platform.now() {
        timers::cancel(context.platform, TimerName::StoreCall(session));
        return store(context, session, story);
    }
    schedule_at(context, ordering_key, session, ready_at)?;
    Ok(Vec::new())
}

/// When a finished call can be stored: once everything is known, or the wait has ended.
fn ready_at(context: &Context<'_>, story: &Story) -> Result<Instant, Failure> {
    let (now, Some(end)) = (context.platform.now(), &story.end) else { return Ok(context.platform.now()) };
    if matches!(story.stored, HistoryState::Intended | HistoryState::Yes) {
        return Ok(now);
    }
    Ok(if expects_recording(story) {
        let talks = story.talks.len().max(1);
        if story.recordings.len() >= talks { now } else { waits_until(end, context.settings()?.recording_wait_ms()) }
    } else if (end.finish_reported && end.lost_reported) || !story.recordings.is_empty() {
        now
    } else {
        now + MERGE_WAIT_MS
    })
}

/// Until when an answered call waits for its recording.
fn waits_until(end: &End, wait_ms: i64) -> Instant {
    (end.at + wait_ms).max(end.handled_at + wait_ms.min(LATE_WAIT_MS))
}

/// Schedules storing the call at a later time.
fn schedule_at(context: &Context<'_>, ordering_key: &str, session: i64, until: Instant) -> Result<(), Failure> {
    timers::once(context.platform, TimerName::StoreCall(session), until, ordering_key)
}

/// Reports, once, that RetailCRM cannot store the call; none if it can.
fn report_unfit(context: &Context<'_>, session: i64, story: &Story) -> Result<Option<Vec<Skipped>>, Failure> {
    let Some(why) = unfit(story) else { return Ok(None) };
    let first =
        story::update(context, session, |story| std::mem::replace(&mut story.stored, HistoryState::Skipped) != HistoryState::Skipped)?;
    unfinished::remove_if_finished(context, session, &story::read(context, session)?)?;
    Ok(Some(if first { vec![skipped(format!("call {}", AppealId::call(session)), why)] } else { Vec::new() }))
}

/// Why RetailCRM cannot store the call; none if it can.
fn unfit(story: &Story) -> Option<&'static str> {
    if story.internal {
        Some("both sides are employees; RetailCRM's history is about customers")
    } else if story.phone.is_none() {
        Some("the customer's number is not known (anonymous, or no number); RetailCRM's history requires a phone")
    } else {
        None
    }
}

/// Whether UIS records the call, which it does if there was a talk.
fn expects_recording(story: &Story) -> bool {
    let talk = story.end.as_ref().and_then(|end| end.talk);
    verdict::of(story) == Verdict::Answered && (verdict::talk_seconds(story) > 0 || (talk.is_none() && !story.talks.is_empty()))
}

/// Stores the call in the history, and the remaining recordings in notes.
fn store(context: &Context<'_>, session: i64, story: Story) -> Result<Vec<Skipped>, Failure> {
    // RetailCRM never changes a record, so a retry must send the same recording as the first attempt, which may have succeeded.
    let mut first = false;
    let story = story::update(context, session, |known| {
        first = known.stored != HistoryState::Intended;
        if first {
            known.record_url = recordings::main(&story).map(|recording| recording.url.clone());
            known.stored = HistoryState::Intended;
        }
        known.clone()
    })?;
    let (call, plain) = record(context, session, &story)?;
    let mut refused = Vec::new();
    let what = format!("record of {}", call.external_id);
    match rules::send_or_fall_back(context, &what, (&call, &plain), &mut refused, |call| upload(context.crm, call)) {
        Ok(()) => {}
        // The record was certainly not stored by this attempt. If it was the first one, the next may choose another recording.
        Err(error @ (CrmError::NotSent { .. } | CrmError::Busy { .. })) if first => {
            story::update(context, session, |story| story.stored = HistoryState::No)?;
            return Err(error.into());
        }
        Err(error @ CrmError::Refused { .. }) => {
            story::update(context, session, |story| story.stored = HistoryState::Refused)?;
            return Err(error.into());
        }
        Err(error) => return Err(error.into()),
    }
    story::update(context, session, |story| {
        story.stored = HistoryState::Yes;
        let chosen = story.record_url.clone();
        for recording in story.recordings.iter_mut().filter(|recording| Some(&recording.url) == chosen.as_ref()) {
            recording.place = Place::History;
        }
    })?;
    // The call is not stored again, so a retry would not skip this again.
    StepResults::resume(context, AppealId::call(session))?.add(Ok(refused))?;
    finish(context, session)
}

/// Finishes a stored call: does what follows from it, and then writes its other recordings into notes, because there may be a customer now.
fn finish(context: &Context<'_>, session: i64) -> Result<Vec<Skipped>, Failure> {
    let followed_up = follow_up::run(context, session)?;
    let in_notes = recordings::put_into_notes(context, session);
    if in_notes.as_ref().is_err_and(is_retried) {
        return in_notes;
    }
    // Mark the follow-up done only now: if this attempt fails half-way, the retry must still report the refusal.
    if let Some(steps) = &followed_up {
        let became = if steps.is_refused() { FollowUp::Refused } else { FollowUp::Done };
        story::update(context, session, |story| story.follow_up = became)?;
    }
    unfinished::remove_if_finished(context, session, &story::read(context, session)?)?;
    let mut steps = match followed_up {
        Some(steps) => steps,
        None => StepResults::resume(context, AppealId::call(session))?,
    };
    steps.add(in_notes)?;
    steps.into_skipped()
}

/// The call's record for the history: as the rules changed it, and as it was before.
fn record(context: &Context<'_>, session: i64, story: &Story) -> Result<(Call, Call), Failure> {
    let parameters = Parameters::of(context, session, story)?;
    let appeal = appeal::of(context, session, story, &parameters)?;
    let verdict = verdict::of(story);
    let answered = verdict == Verdict::Answered;
    let link = verdict::employee(story).map_or(Ok(None), |id| employee_links::of_employee(context.platform, id))?;
    let call = Call {
        date: context.crm_date_time(story.began())?,
        kind: if story.is_outgoing() { EventType::Out } else { EventType::In },
        phone: story.phone.clone().unwrap_or_default(),
        external_id: AppealId::call(session).to_string(),
        code: link.as_ref().and_then(|link| link.code.clone()),
        user_id: link.as_ref().map(|link| link.user_id).or(story.clicked_by),
        result: verdict.result(),
        duration: if answered { verdict::talk_seconds(story) } else { 0 },
        duration_waiting: verdict::wait_seconds(story),
        record_url: story.record_url.clone(),
        external_phone: story.virtual_number.clone(),
        source: appeal.source.clone(),
        site: appeal.own_site.clone(),
    };
    Ok((record_review::reviewed(context, &appeal, call.clone()), call))
}

/// Separates links that RetailCRM may show from those that are skipped.
fn check_links(session: i64, found: &[Recording]) -> (Vec<Recording>, Vec<Skipped>) {
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for recording in found {
        let left_out = |why: String| skipped(format!("recording of call {}", AppealId::call(session)), why);
        match recording.url.as_deref() {
            None => bad.push(left_out("the notification has no link to it".into())),
            Some(url) => match links::https(url) {
                Ok(url) => good.push(Recording { url: Some(url.to_owned()), seconds: recording.seconds }),
                Err(why) => bad.push(left_out(format!("{why}: {}", shown(url)))),
            },
        }
    }
    (good, bad)
}

/// A bad link for messages: short and without control characters.
fn shown(link: &str) -> String {
    link.chars().filter(|c| !c.is_control()).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_whose_end_is_handled_late_still_waits_a_minute_for_its_recording() {
        const MINUTE: i64 = 60_000;
        let until = |handled_at: i64, wait: i64| waits_until(&End { at: MINUTE, handled_at, ..End::default() }, wait);
        assert_eq!(until(MINUTE + 1_000, 10 * MINUTE), 11 * MINUTE, "at once");
        assert_eq!(until(5 * MINUTE, 10 * MINUTE), 11 * MINUTE, "the rest of the wait is longer");
        assert_eq!(until(120 * MINUTE, 10 * MINUTE), 121 * MINUTE);
        assert_eq!(until(120 * MINUTE, 0), 120 * MINUTE, "nobody wants to wait");
        assert_eq!(until(0, 10 * MINUTE), 11 * MINUTE, "UIS's report, or stored by an old version");
    }
}
