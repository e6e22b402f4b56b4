//! «Сохранять переписку»: stores a chat's transcript once, in notes on the customer or in the order's comment. None of it is cut off.

use crate::appeals::lookup::Lookup;
use crate::appeals::progress::{self, NoteState, Progress, TalkPlace};
use crate::base::appeal_id::AppealId;
use crate::base::outcome::skipped_words;
use crate::base::{links, template};
use crate::bindings::uis::integration::chat_events::{ChatMessage, MessageSource};
use crate::bindings::uis::integration::decision;
use crate::bindings::uis::integration::log::Level;
use crate::bindings::uis::integration::types::{CommunicationKind, Failure, Skipped};
use crate::context::Context;
use crate::retailcrm::customers::Customer;
use crate::retailcrm::{CrmError, orders};
use crate::rules;
use crate::settings::texts::Transcript;
use crate::texts::chat_story::ChatStory;
use crate::texts::contacts::{self, Contacts};
use crate::texts::notes::{self, NOTE_MAX, Note};
use crate::uis::reports;

/// How many parts of a long transcript one event stores. Each is a request.
const PARTS_PER_RUN: usize = 20;
/// How much of what nobody in RetailCRM can have is collected for the owner, in bytes: as much as can be listed.
const WORDS_MAX: usize = 64 << 10;
/// The longest text of a phone field in a note, in characters.
const TYPED_MAX: usize = 500;
/// Messages per request.
const PAGE: u32 = 50;

/// What became of a transcript.
pub enum TranscriptOutcome {
    /// It is stored, or need not be; with what was skipped.
    Done(Vec<Skipped>),
    /// RetailCRM refuses it; with what the owner has to know.
    Refused(Vec<Skipped>),
    /// UIS's report does not contain it, yet or ever.
    NotReported,
    /// A part of it is stored; the rest is stored by a further event, because it is long.
    More,
}

/// Stores the transcript of a finished chat, in as many parts as it needs.
pub fn store(context: &Context<'_>, chat: i64, story: &ChatStory) -> Result<TranscriptOutcome, Failure> {
    let id = AppealId::chat(chat);
    let known = progress::read(context, id)?;
    let place = context.settings()?.chats.transcript;
    // If a rule skipped the customer, that is a filter of the account's own.
    // What was stored by a version that did not remember where it ended cannot be continued.
    let is_whole = known.transcript == NoteState::Yes && (known.notes == 0 || known.talk == TalkPlace::default());
    if place == Transcript::Nowhere || is_whole || known.skipped {
        return Ok(TranscriptOutcome::Done(Vec::new()));
    }
    let (mut number, mut begin) = (known.notes, known.talk.clone());
    let mut customer = None;
    for _ in 0..PARTS_PER_RUN {
        let part = part(context, chat, story, (number, &begin))?;
        let Some(text) = part.text else {
            if number == 0 {
                return Ok(TranscriptOutcome::NotReported);
            }
            if known.transcript == NoteState::Yes {
                return Ok(TranscriptOutcome::Done(Vec::new()));
            }
            progress::update(context, id, |progress| progress.transcript = NoteState::Yes)?;
            return Ok(TranscriptOutcome::Done(Vec::new()));
        };
        // RetailCRM is only asked when there is something to store.
        if customer.is_none() {
            customer = recipient(context, story, &known)?;
        }
        let Some(customer) = &customer else { return unplaced(context, chat, story) };
        let heading = notes::heading(&heading(chat), number);
        if let Some(text) = rules::note(context, || about(chat, story), text, &heading)
            && !(number == 0 && place == Transcript::Order && in_order(context, id, &known, &text)?)
        {
            let note = Note { appeal: id, identity: &story.identity(), known: &heading, text: &text };
            if let Some(error) = note.write(context, customer)? {
                let why = format!("{error}; it reads");
                return Ok(TranscriptOutcome::Refused(skipped_words(&format!("transcript of chat {chat}"), &why, &text)));
            }
        }
        // One update: between two, a crash would leave a stored transcript that still has a part to come.
        (number, begin) = (number + 1, part.end);
        progress::update(context, id, |progress| {
            (progress.transcript, progress.notes) = (if part.is_last { NoteState::Yes } else { NoteState::No }, number);
            progress.talk.clone_from(&begin);
        })?;
        if part.is_last {
            return Ok(TranscriptOutcome::Done(Vec::new()));
        }
    }
    Ok(TranscriptOutcome::More)
}

/// The customer who gets the transcript: the chat's, else whoever has the visitor's contacts, whatever the settings made of the chat.
fn recipient(context: &Context<'_>, story: &ChatStory, known: &Progress) -> Result<Option<Customer>, Failure> {
    match Lookup::of(context, story.identity(), known) {
        Some(mut lookup) => lookup.customer(),
        None => Ok(known.customer.clone()),
    }
}

/// Nobody in RetailCRM can get the transcript: what the visitor wrote is reported to the owner.
fn unplaced(context: &Context<'_>, chat: i64, story: &ChatStory) -> Result<TranscriptOutcome, Failure> {
    let (mut words, mut any, mut cursor) = (String::new(), false, None::<String>);
    loop {
        let page = context.platform.transcript(chat, cursor.as_deref(), PAGE).map_err(reports::failure)?;
        any |= !page.messages.is_empty();
        for message in page.messages.iter().filter(|message| message.source == MessageSource::Visitor) {
            if let Some(line) = line(context, story, message)?.filter(|_| words.len() < WORDS_MAX) {
                words += &line;
                words.push('\n');
            }
        }
        match page.next {
            Some(next) => cursor = Some(next),
            None if !any => return Ok(TranscriptOutcome::NotReported),
            None => break,
        }
    }
    if words.is_empty() {
        return Ok(TranscriptOutcome::Done(Vec::new()));
    }
    // Without a customer, nothing else has the contacts.
    let contacts = [story.identity().written_phone().map(|phone| format!("+{phone}")), story.email.clone(), typed_beside(context, story)?];
    let contacts: Vec<String> = contacts.into_iter().flatten().collect();
    if !contacts.is_empty() {
        words = format!("{}\n{words}", contacts.join(", "));
    }
    let why = "no customer of RetailCRM can have it; the visitor wrote";
    Ok(TranscriptOutcome::Done(skipped_words(&format!("transcript of chat {chat}"), why, &words)))
}

/// Adds the transcript to the comment of the chat's order; false if there is no such order, or RetailCRM refuses the comment.
fn in_order(context: &Context<'_>, id: AppealId, known: &Progress, text: &str) -> Result<bool, Failure> {
    if !known.ordered {
        return Ok(false);
    }
    match orders::add_comment(context.crm, &id.to_string(), known.order_site.as_deref(), text) {
        Err(error @ (CrmError::Refused { .. } | CrmError::Forbidden { .. })) => {
            context.platform.log(
                Level::Warn,
                "RetailCRM refuses the transcript in the order's comment; it becomes a note",
                &[("error", &error.to_string())],
            );
            Ok(false)
        }
        other => Ok(other?),
    }
}

/// The phones of the first message with a phone, and the first e-mail that the visitor wrote in the chat.
pub fn contacts(context: &Context<'_>, chat: i64) -> Result<Contacts, Failure> {
    let (mut found, mut cursor) = (Contacts::default(), None::<String>);
    loop {
        let page = context.platform.transcript(chat, cursor.as_deref(), PAGE).map_err(reports::failure)?;
        for message in page.messages.iter().filter(|message| message.source == MessageSource::Visitor) {
            found = found.or(contacts::of_text(context, &message.text)?);
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

/// A part of a transcript.
struct Part {
    /// The text with its heading; none if no message is left.
    text: Option<String>,
    /// Where it ends, and the next part begins.
    end: TalkPlace,
    /// Whether no message follows yet.
    is_last: bool,
}

/// The part with this number, which begins at this place. It ends between messages; only a message that is longer than a note continues in
/// the next part.
fn part(context: &Context<'_>, chat: i64, story: &ChatStory, (number, begin): (u32, &TalkPlace)) -> Result<Part, Failure> {
    let channel = template::line(story.channel_name.as_deref().unwrap_or("чат"), 100);
    let mut text = format!("{} ({channel})", notes::heading(&heading(chat), number));
    if let Some(link) = story.parameters.get("chat_ad_url").filter(|_| number == 0).and_then(|link| links::https(link).ok()) {
        text += &format!("\nОбъявление: {link}");
    }
    if let Some(typed) = typed_beside(context, story)?.filter(|_| number == 0) {
        text += &format!("\nВ поле телефона: {typed}");
    }
    let (mut length, mut any, mut place) = (text.chars().count(), false, begin.clone());
    loop {
        let page = context.platform.transcript(chat, place.cursor.as_deref(), PAGE).map_err(reports::failure)?;
        for message in page.messages.iter().skip(place.messages) {
            if let Some(line) = line(context, story, message)? {
                let line: Vec<char> = line.chars().skip(place.chars).collect();
                let room = NOTE_MAX.saturating_sub(length + 1);
                if line.len() > room && any {
                    return Ok(Part { text: Some(text), end: place, is_last: false });
                }
                let fits = notes::fitting(&line, room);
                text.push('\n');
                text.extend(&line[..fits]);
                any = true;
                length += fits + 1;
                if fits < line.len() {
                    place.chars += fits;
                    return Ok(Part { text: Some(text), end: place, is_last: false });
                }
            }
            (place.messages, place.chars) = (place.messages + 1, 0);
        }
        match page.next {
            Some(next) => place = TalkPlace { cursor: Some(next), ..TalkPlace::default() },
            None => return Ok(Part { text: any.then_some(text), end: place, is_last: true }),
        }
    }
}

/// What the chat's phone field says besides one phone; none if it says nothing more.
fn typed_beside(context: &Context<'_>, story: &ChatStory) -> Result<Option<String>, Failure> {
    let attributes: Vec<(String, String)> = story.parameters.clone().into_iter().collect();
    let reader = context.phones()?;
    let typed = contacts::phone_field(&attributes).filter(|typed| contacts::says_more(reader, typed));
    Ok(typed.map(|typed| template::line(typed, TYPED_MAX)))
}

/// A message as a line; none if neither a person nor a bot wrote it.
fn line(context: &Context<'_>, story: &ChatStory, message: &ChatMessage) -> Result<Option<String>, Failure> {
    let who = match message.source {
        MessageSource::Visitor => story.name.as_deref().or(story.nick.as_deref()).unwrap_or("Клиент"),
        MessageSource::Operator => message.chat.employee.as_ref().and_then(|employee| employee.full_name.as_deref()).unwrap_or("Оператор"),
        MessageSource::Bot => "Бот",
        MessageSource::System | MessageSource::Other => return Ok(None),
    };
    let mut said = template::line(&message.text, usize::MAX);
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
