//! «Сохранять переписку»: the talk of a chat, kept once: in a note on the customer, or in the order's comment.

use crate::appeals::lookup::Lookup;
use crate::appeals::progress::{self, NoteState, Progress};
use crate::base::appeal_id::AppealId;
use crate::base::outcome::skipped;
use crate::base::{links, template};
use crate::bindings::uis::integration::chat_events::{ChatMessage, MessageSource};
use crate::bindings::uis::integration::decision;
use crate::bindings::uis::integration::types::{CommunicationKind, Failure, Skipped};
use crate::context::Context;
use crate::retailcrm::customers::{self, Customer};
use crate::retailcrm::{CrmError, Refusal, orders};
use crate::rules;
use crate::settings::texts::Transcript;
use crate::texts::chat_story::ChatStory;
use crate::texts::contacts;
use crate::uis::reports;

/// The longest text that is kept, in characters: managers read it, and RetailCRM has to show it.
const TEXT_MAX: usize = 10_000;
/// The longest single message, in characters; more of it is in UIS.
const MESSAGE_MAX: usize = 2_000;
/// Messages asked for at a time.
const PAGE: u32 = 50;

/// What became of a talk.
pub enum TranscriptOutcome {
    /// It is kept, or it is not to be; with what was left out.
    Done(Vec<Skipped>),
    /// UIS's report knows nothing of it, yet or ever.
    NotReported,
}

/// Keeps the talk of a chat that is over.
pub fn store(context: &Context<'_>, chat: i64, story: &ChatStory) -> Result<TranscriptOutcome, Failure> {
    let id = AppealId::chat(chat);
    let known = progress::read(context, id)?;
    let place = context.settings()?.chats.transcript;
    let (Some(customer), false) = (known.customer.clone(), place == Transcript::Nowhere || known.transcript == NoteState::Yes) else {
        return Ok(TranscriptOutcome::Done(Vec::new()));
    };
    if known.transcript == NoteState::Intended {
        context.wait_for_intent("the transcript", known.transcript_until)?;
    }
    let Some(text) = text(context, chat, story)? else { return Ok(TranscriptOutcome::NotReported) };
    let Some(text) = rules::note(context, || about(chat, story), text, &heading(chat)) else {
        progress::update(context, id, |progress| progress.transcript = NoteState::Yes)?;
        return Ok(TranscriptOutcome::Done(Vec::new()));
    };
    if place == Transcript::Order && known.ordered && orders::comment(context.crm, &id.to_string(), known.order_site.as_deref(), &text)? {
        progress::update(context, id, |progress| progress.transcript = NoteState::Yes)?;
        return Ok(TranscriptOutcome::Done(Vec::new()));
    }
    let mut refused = note(context, chat, &known, &customer, &text)?;
    if refused.as_ref().is_some_and(|error| error.is_refused_for(Refusal::ReferenceNotFound))
        && let Some(mut lookup) = Lookup::of(context, story.identity(), &Progress::default())
        && let Some(other) = lookup.find_successor(id)?.filter(|other| other.id != customer.id)
    {
        // He was joined with another since: the talk is the other's now.
        refused = note(context, chat, &known, &other, &text)?;
    }
    if let Some(error) = refused {
        return Ok(TranscriptOutcome::Done(vec![skipped(format!("transcript of chat {chat}"), error.to_string())]));
    }
    progress::update(context, id, |progress| progress.transcript = NoteState::Yes)?;
    Ok(TranscriptOutcome::Done(Vec::new()))
}

/// Puts the talk on a customer, unless it is there; gives why RetailCRM refuses it, if it does. It has no key against doubled notes: the
/// intent is written first, with the time until which its request may still arrive; one found open is looked up, no earlier than then.
fn note(context: &Context<'_>, chat: i64, known: &Progress, customer: &Customer, text: &str) -> Result<Option<CrmError>, Failure> {
    if known.transcript == NoteState::Intended && customers::has_note(context.crm, customer.id, &heading(chat))? {
        return Ok(None);
    }
    let (id, until) = (AppealId::chat(chat), context.may_arrive_until());
    progress::update(context, id, |progress| (progress.transcript, progress.transcript_until) = (NoteState::Intended, until))?;
    match customers::add_note(context.crm, customer, text) {
        Ok(()) => Ok(None),
        Err(error) if error.surely_did_nothing() => {
            progress::update(context, id, |progress| progress.transcript = NoteState::No)?;
            if matches!(error, CrmError::Refused { .. }) { Ok(Some(error)) } else { Err(error.into()) }
        }
        Err(error) => Err(context.unknown_outcome(error, until)),
    }
}

/// What the visitor left of himself in the talk: the first phone and the first e-mail.
pub fn contacts(context: &Context<'_>, chat: i64) -> Result<(Option<String>, Option<String>), Failure> {
    let (mut found, mut cursor) = ((None, None), None::<String>);
    loop {
        let page = context.platform.transcript(chat, cursor.as_deref(), PAGE).map_err(reports::failure)?;
        for message in page.messages.iter().filter(|message| message.source == MessageSource::Visitor) {
            let left = contacts::of_text(&message.text);
            found = (found.0.or(left.0), found.1.or(left.1));
        }
        match page.next.filter(|_| found.0.is_none() || found.1.is_none()) {
            Some(next) => cursor = Some(next),
            None => return Ok(found),
        }
    }
}

/// The chat as rules know it.
fn about(chat: i64, story: &ChatStory) -> decision::Appeal {
    decision::Appeal {
        kind: CommunicationKind::Chat,
        id: chat,
        phone: story.phone.clone(),
        email: story.email.clone(),
        virtual_number: None,
        employee_email: story.parameters.get("employee_email").cloned(),
        attributes: story.parameters.clone().into_iter().collect(),
    }
}

/// What a transcript begins with, and is known again by.
fn heading(chat: i64) -> String {
    format!("Чат №{chat}")
}

/// The talk as people read it, cut at a message's boundary; none when nobody said anything.
fn text(context: &Context<'_>, chat: i64, story: &ChatStory) -> Result<Option<String>, Failure> {
    let mut text = format!("{} ({})", heading(chat), template::line(story.channel_name.as_deref().unwrap_or("чат"), 100));
    if let Some(link) = story.parameters.get("chat_ad_url").and_then(|link| links::https(link).ok()) {
        text += &format!("\nОбъявление: {link}");
    }
    let (mut length, mut any) = (text.chars().count(), false);
    let mut cursor: Option<String> = None;
    loop {
        let page = context.platform.transcript(chat, cursor.as_deref(), PAGE).map_err(reports::failure)?;
        for message in &page.messages {
            let Some(line) = line(context, story, message)? else { continue };
            length += line.chars().count() + 1;
            if length > TEXT_MAX {
                return Ok(Some(text + "\n… продолжение переписки в UIS"));
            }
            any = true;
            text += "\n";
            text += &line;
        }
        match page.next {
            Some(next) => cursor = Some(next),
            None => return Ok(any.then_some(text)),
        }
    }
}

/// A message as a line; none for what nobody said.
fn line(context: &Context<'_>, story: &ChatStory, message: &ChatMessage) -> Result<Option<String>, Failure> {
    let who = match message.source {
        MessageSource::Visitor => story.name.as_deref().or(story.nick.as_deref()).unwrap_or("Клиент"),
        MessageSource::Operator => message.chat.employee.as_ref().and_then(|employee| employee.full_name.as_deref()).unwrap_or("Оператор"),
        MessageSource::Bot => "Бот",
        MessageSource::System | MessageSource::Other => return Ok(None),
    };
    let mut said = template::line(&message.text, MESSAGE_MAX);
    if let Some(file) = &message.attachment {
        let name = template::line(file.name.as_deref().or(file.kind.as_deref()).unwrap_or("файл"), 100);
        let link = file.url.as_deref().and_then(|url| links::https(url).ok()).unwrap_or_default();
        said = format!("{said} [{name}] {link}").trim().to_owned();
    }
    if said.is_empty() {
        return Ok(None);
    }
    let at = context.crm_date_time(message.chat.at)?;
    Ok(Some(format!("{} {}: {said}", at.get(11..16).unwrap_or_default(), template::line(who, 100))))
}
