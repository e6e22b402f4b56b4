//! «Сохранять переписку»: stores a chat's transcript once, in a note on the customer or in the order's comment.

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
use crate::texts::contacts::{self, Contacts};
use crate::uis::reports;

/// The longest transcript, in characters: managers have to read it, and RetailCRM has to show it.
const TEXT_MAX: usize = 10_000;
/// The longest message in a transcript, in characters; UIS has the whole message.
const MESSAGE_MAX: usize = 2_000;
/// Messages per request.
const PAGE: u32 = 50;

/// What became of a transcript.
pub enum TranscriptOutcome {
    /// It is stored, or need not be; with what was skipped.
    Done(Vec<Skipped>),
    /// UIS's report does not contain it, yet or ever.
    NotReported,
}

/// Stores the transcript of a finished chat.
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
    if refused.as_ref().is_some_and(|error| error.is_refused_for(Refusal::CustomerNotFound))
        && let Some(mut lookup) = Lookup::of(context, story.identity(), &Progress::default())
        && let Some(other) = lookup.find_successor(id)?.filter(|other| other.id != customer.id)
    {
        // The customer was merged into another one, who gets the transcript.
        refused = note(context, chat, &known, &other, &text)?;
    }
    if let Some(error) = refused {
        return Ok(TranscriptOutcome::Done(vec![skipped(format!("transcript of chat {chat}"), error.to_string())]));
    }
    progress::update(context, id, |progress| progress.transcript = NoteState::Yes)?;
    Ok(TranscriptOutcome::Done(Vec::new()))
}

/// Writes the transcript into a note on a customer, unless it is there; returns RetailCRM's refusal, if any. RetailCRM has no idempotency
/// key for notes, so an intent is stored first, with the time until which its request may still arrive. A retry that finds an intent waits
/// for that time and then looks the note up.
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

/// The phones of the first message with a phone, and the first e-mail that the visitor wrote in the chat.
pub fn contacts(context: &Context<'_>, chat: i64) -> Result<Contacts, Failure> {
    let (mut found, mut cursor) = (Contacts::default(), None::<String>);
    let reader = context.phones()?;
    loop {
        let page = context.platform.transcript(chat, cursor.as_deref(), PAGE).map_err(reports::failure)?;
        for message in page.messages.iter().filter(|message| message.source == MessageSource::Visitor) {
            found = found.or(contacts::of_text(reader, &message.text));
        }
        match page.next.filter(|_| found.phones.is_empty() || found.email.is_none()) {
            Some(next) => cursor = Some(next),
            None => return Ok(found),
        }
    }
}

/// The chat as rules see it.
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

/// The first line of a transcript, by which its note is found again.
fn heading(chat: i64) -> String {
    format!("Чат №{chat}")
}

/// The transcript's text, cut between messages; none if there are no messages.
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

/// A message as a line; none if neither a person nor a bot wrote it.
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
