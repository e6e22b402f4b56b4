//! «Передавать чаты»: creates a client, an order and a task for a chat at the events that the settings name (its beginning, its acceptance,
//! its end, a tag), and stores its transcript when it ends.

use crate::appeals::lookup::Lookup;
use crate::appeals::steps::StepResults;
use crate::appeals::{join, progress};
use crate::base::appeal_id::AppealId;
use crate::base::keys::Key;
use crate::base::outcome::{Handled, done, done_with_skipped, skipped};
use crate::base::tags;
use crate::base::timers::{self, TimerName};
use crate::bindings::uis::integration::call_events::TagsChanged;
use crate::bindings::uis::integration::chat_events::{
    Chat, ChatAccepted, ChatFinished, ChatMessage, ChatStarted, ChatStatus, ChatUnanswered, MessageSource,
};
use crate::bindings::uis::integration::types::{Delivery, Failure, Skipped};
use crate::context::Context;
use crate::crm_state::switch;
use crate::settings::texts::Unsuccessful;
use crate::texts::actions::{self, AppealActions};
use crate::texts::chat_appeal::{Due, appeal, is_for_others, is_shut_out};
use crate::texts::chat_story::{self, ChatStory, End};
use crate::texts::contacts::{self, Contacts};
use crate::texts::refused;
use crate::texts::transcript::{self, TranscriptOutcome};
use crate::uis::directory;

/// RetailCRM's built-in order methods for chats on the site and in messengers.
const SITE_METHOD: &str = "live-chat";
const MESSENGER_METHOD: &str = "messenger";
/// How often, and for how long after the end, a transcript that UIS's report does not contain yet is requested.
const TALK_EVERY_MS: i64 = 600_000;
const TALK_WAIT_MS: i64 = 3_600_000;
/// The pause between two events that store parts of a long transcript.
const TALK_NEXT_MS: i64 = 1000;
/// UIS's channel type for chats on the site.
const SITE_CHANNEL: &str = "comagic";

/// A chat began.
pub fn on_chat_started(context: &Context<'_>, event: &ChatStarted) -> Handled {
    if !handled(context)? {
        return done();
    }
    let story = merge(context, &event.chat, |_| {})?;
    done_with_skipped(pass_on_if_due(context, event.chat.chat_id, &story)?)
}

/// An employee accepted a chat.
pub fn on_chat_accepted(context: &Context<'_>, event: &ChatAccepted) -> Handled {
    if !handled(context)? {
        return done();
    }
    let who = who(context, &event.chat)?;
    let story = merge(context, &event.chat, |story| {
        story.accepted = true;
        story.employee = who.or(story.employee);
    })?;
    done_with_skipped(pass_on_if_due(context, event.chat.chat_id, &story)?)
}

/// A message arrived; it may contain contacts.
pub fn on_chat_message(context: &Context<'_>, delivery: &Delivery, event: &ChatMessage) -> Handled {
    if !handled(context)? {
        return done();
    }
    let by_visitor = event.source == MessageSource::Visitor;
    let left = if by_visitor { contacts::of_text(context, &event.text)? } else { Contacts::default() };
    let said = matches!(event.source, MessageSource::Visitor | MessageSource::Operator);
    let story = merge(context, &event.chat, |story| {
        story.merge_contacts(&left);
        if said {
            story.merge_later(event.message_id, event.chat.at);
        }
    })?;
    // A message after the end is handled like the end itself.
    if story.end.is_some() {
        return finish(context, event.chat.chat_id, &delivery.ordering_key);
    }
    done_with_skipped(pass_on_if_due(context, event.chat.chat_id, &story)?)
}

/// Tags of a chat were set or removed, perhaps long after its end.
pub fn on_tags_changed(context: &Context<'_>, delivery: &Delivery, event: &TagsChanged) -> Handled {
    if !handled(context)? {
        return done();
    }
    let reported = event.attributes.iter().find(|(name, _)| name == "chat_id").and_then(|(_, id)| id.trim().parse().ok());
    let Some(chat) = reported.map_or_else(|| chat_story::of_communication(context, event.communication_id), |chat| Ok(Some(chat)))? else {
        return chat_story::keep_tags(context, event.communication_id, &event.tags).and_then(|()| done());
    };
    let story = chat_story::update(context, chat, |story| {
        let before = story.tags.len();
        tags::merge(&mut story.tags, &event.tags);
        story.changed |= story.end.is_some() && story.tags.len() != before;
        story.clone()
    })?;
    if story.end.is_some() {
        return finish(context, chat, &delivery.ordering_key);
    }
    done_with_skipped(pass_on_if_due(context, chat, &story)?)
}

/// A customer's message has no answer yet. UIS reminds the operator; in RetailCRM nothing is done.
pub fn on_chat_unanswered(context: &Context<'_>, event: &ChatUnanswered) -> Handled {
    if handled(context)? {
        merge(context, &event.chat, |_| {})?;
    }
    done()
}

/// A chat is closed.
pub fn on_chat_finished(context: &Context<'_>, delivery: &Delivery, event: &ChatFinished) -> Handled {
    if !handled(context)? {
        actions::note_not_handled(context, AppealId::chat(event.chat.chat_id), "chat-send")?;
        return done();
    }
    merge_end(context, event)?;
    finish(context, event.chat.chat_id, &delivery.ordering_key)
}

/// Whether anything remains to be done for a chat whose end is in UIS's report.
pub fn is_new(context: &Context<'_>, event: &ChatFinished) -> Result<bool, Failure> {
    let chat = event.chat.chat_id;
    // Tags that are set later name only the communication, and the notifications may not have named it.
    let unnamed = event.chat.communication_id.is_some() && chat_story::read(context, chat)?.communication.is_none();
    Ok(handled(context)? && (unnamed || !progress::read(context, AppealId::chat(chat))?.finished))
}

/// The timer of a chat: its transcript was not available yet, or settings changed after RetailCRM refused something.
pub fn on_timer(context: &Context<'_>, delivery: &Delivery, chat: i64) -> Handled {
    finish(context, chat, &delivery.ordering_key)
}

/// Merges the end into the chat's state.
fn merge_end(context: &Context<'_>, event: &ChatFinished) -> Result<(), Failure> {
    let who = who(context, &event.chat)?;
    merge(context, &event.chat, |story| {
        story.employee = story.employee.or(who);
        // If the chat was successful, an employee accepted it, even if that event was lost.
        story.accepted |= event.status == ChatStatus::Succeed;
        if story.end.is_none() {
            story.end = Some(End { at: event.chat.at, status: status(event.status), cause: event.release_cause.clone() });
            story.changed = true;
        }
    })
    .map(|_| ())
}

/// Merges an event into the chat's state, with `more` that the event says; returns the state.
fn merge(context: &Context<'_>, chat: &Chat, mut more: impl FnMut(&mut ChatStory)) -> Result<ChatStory, Failure> {
    let left = contacts::of_event(
        context,
        &chat.attributes,
        (chat.visitor.phone.as_ref(), chat.visitor.email.as_deref()),
        chat.channel_type.as_deref(),
    )?;
    let tags = match chat.communication_id {
        Some(communication) if chat_story::read(context, chat.chat_id)?.communication.is_none() => {
            chat_story::link(context, chat.chat_id, communication)?
        }
        _ => Vec::new(),
    };
    chat_story::update(context, chat.chat_id, |story| {
        story.merge(chat, &left);
        more(story);
        let before = story.tags.len();
        tags::merge(&mut story.tags, &tags);
        story.changed |= story.end.is_some() && story.tags.len() != before;
        story.clone()
    })
}

/// Does what follows from a chat's end, once.
fn finish(context: &Context<'_>, chat: i64, ordering_key: &str) -> Handled {
    let id = AppealId::chat(chat);
    let mut story = chat_story::read(context, chat)?;
    // Contacts and tags may arrive after the end; then what was left out because of them is done now.
    let reachable = story.has_contacts() || context.settings()?.chats.without_contacts;
    let late = (reachable && story.changed) || (story.has_contacts() && !story.passed_on);
    let known = progress::read(context, id)?;
    if known.finished {
        if !late {
            return later_words(context, chat, &story, ordering_key);
        }
        // Everything is done again, including the transcript. Until it is, the chat must not count as finished.
        progress::update(context, id, |progress| progress.finished = false)?;
    }
    if !story.has_contacts() {
        // The contacts may be in a message whose notification was lost.
        let left = transcript::contacts(context, chat)?;
        if !left.is_empty() {
            story = chat_story::update(context, chat, |story| {
                story.merge_contacts(&left);
                story.clone()
            })?;
        }
    }
    let mut steps = StepResults::resume(context, id)?;
    // What was refused for good is not tried again by later events that bring nothing new.
    if !known.refused || late {
        pass_on(context, chat, &story, &mut steps)?;
    }
    let transcript = store_transcript(context, chat, &story, &mut steps)?;
    if steps.is_refused() || matches!(transcript, TranscriptOutcome::Refused(_)) {
        refused::remember(context, Key::RefusedChat(chat), story.end.as_ref().map_or(story.began, |end| end.at), ordering_key)?;
    }
    let again = match &transcript {
        TranscriptOutcome::More => Some(TALK_NEXT_MS),
        // A transcript may appear in UIS's report only minutes after the chat's end.
        TranscriptOutcome::NotReported if story.end.as_ref().is_some_and(|end| context.platform.now() < end.at + TALK_WAIT_MS) => {
            Some(TALK_EVERY_MS)
        }
        _ => None,
    };
    if let Some(after) = again {
        timers::once(context.platform, TimerName::Chat(chat), context.platform.now() + after, ordering_key)?;
    }
    // Only now: if an earlier attempt fails half-way, what was refused is sent again, and the refusal is still remembered and reported.
    progress::update(context, id, |progress| {
        progress.refused |= steps.is_refused();
        // Finished even if something was refused: UIS's report must not bring the chat up again.
        progress.finished |= again.is_none();
    })?;
    done_with_skipped(steps.into_skipped()?)
}

/// Stores what was written after a chat's end and its transcript.
fn later_words(context: &Context<'_>, chat: i64, story: &ChatStory, ordering_key: &str) -> Handled {
    let Some(later) = story.later.filter(|later| !later.stored) else { return done() };
    let id = AppealId::chat(chat);
    let before = progress::read(context, id)?.notes;
    let mut steps = StepResults::resume(context, id)?;
    let outcome = store_transcript(context, chat, story, &mut steps)?;
    let now = context.platform.now();
    if matches!(outcome, TranscriptOutcome::More) {
        timers::once(context.platform, TimerName::Chat(chat), now + TALK_NEXT_MS, ordering_key)?;
    } else if steps.is_empty() && progress::read(context, id)?.notes == before && now < later.at + TALK_WAIT_MS {
        // The message may appear in UIS's report only minutes later.
        timers::once(context.platform, TimerName::Chat(chat), now + TALK_EVERY_MS, ordering_key)?;
    } else {
        chat_story::update(context, chat, |story| {
            if let Some(known) = story.later.as_mut().filter(|known| known.id == later.id) {
                known.stored = true;
            }
        })?;
    }
    done_with_skipped(steps.into_skipped()?)
}

/// The transcript is stored even if the order is refused, and even if the settings make nothing of the chat.
fn store_transcript(
    context: &Context<'_>,
    chat: i64,
    story: &ChatStory,
    steps: &mut StepResults<'_>,
) -> Result<TranscriptOutcome, Failure> {
    let stored = match is_for_others(context, chat, story) {
        Ok(true) => Ok(TranscriptOutcome::Done(Vec::new())),
        Ok(false) => transcript::store(context, chat, story),
        Err(failure) => Err(failure),
    };
    match stored {
        Ok(TranscriptOutcome::Done(left_out)) => steps.add(Ok(left_out)).map(|()| TranscriptOutcome::Done(Vec::new())),
        Ok(TranscriptOutcome::Refused(left_out)) => steps.add(Ok(left_out)).map(|()| TranscriptOutcome::Refused(Vec::new())),
        Ok(other) => Ok(other),
        Err(failure) => steps.add(Err(failure)).map(|()| TranscriptOutcome::Refused(Vec::new())),
    }
}

/// Whether chats are handled at all.
fn handled(context: &Context<'_>) -> Result<bool, Failure> {
    Ok(context.settings()?.handles_chats() && !switch::switched_off(context.platform)?)
}

fn who(context: &Context<'_>, chat: &Chat) -> Result<Option<i64>, Failure> {
    match &chat.employee {
        Some(hint) => directory::id_of_hint(context.platform, hint),
        None => Ok(None),
    }
}

fn status(status: ChatStatus) -> Option<Unsuccessful> {
    match status {
        ChatStatus::Lost => Some(Unsuccessful::Lost),
        ChatStatus::Refused => Some(Unsuccessful::Refused),
        ChatStatus::Succeed | ChatStatus::Unknown => None,
    }
}

/// Does what the settings require if a new event made something due: the chat's event that the settings name, or contacts that were missing.
fn pass_on_if_due(context: &Context<'_>, chat: i64, story: &ChatStory) -> Result<Vec<Skipped>, Failure> {
    let due = Due::of(context, story)?;
    let news = story.changed && (story.passed_on || story.order_passed_on);
    if !((due.client && !story.passed_on) || (due.order && !story.order_passed_on) || news) {
        return Ok(Vec::new());
    }
    let mut steps = StepResults::resume(context, AppealId::chat(chat))?;
    pass_on(context, chat, story, &mut steps)?;
    steps.into_skipped()
}

/// Does what the settings require, as far as the chat is known. What is already done is not repeated.
fn pass_on(context: &Context<'_>, chat: i64, story: &ChatStory, steps: &mut StepResults<'_>) -> Result<(), Failure> {
    let passed = attempt(context, chat, story, steps);
    let shut_out = matches!(passed, Ok(false));
    steps.add(passed.map(|_| Vec::new()))?;
    // As long as the filter shuts out a chat that goes on, nothing of it is sent. The event that lets it pass must find that, also when it is
    // retried.
    if story.changed && (!shut_out || story.end.is_some()) {
        chat_story::update(context, chat, |known| {
            known.changed = (known.identity(), &known.end) != (story.identity(), &story.end);
        })?;
    }
    Ok(())
}

/// False if the filter shuts the chat out, or waits for more of it.
fn attempt(context: &Context<'_>, chat: i64, story: &ChatStory, steps: &mut StepResults<'_>) -> Result<bool, Failure> {
    let settings = context.settings()?;
    let block = &settings.chats;
    let parameters = story.parameters(context, chat)?;
    let appeal = appeal(context, chat, story, &parameters)?;
    if is_shut_out(context, &appeal, story)? {
        return Ok(false);
    }
    let due = Due::of(context, story)?;
    let unsuccessful = story.end.as_ref().and_then(|end| end.status);
    let actions = AppealActions {
        block,
        settings,
        employee: story.employee,
        stock_method: if story.channel_type.as_deref() == Some(SITE_CHANNEL) { SITE_METHOD } else { MESSENGER_METHOD },
        customer_comment: None,
        facts: Vec::new(),
        facts_of_known: Vec::new(),
        client_due: due.client,
        order_due: due.order,
        type_assignee: None,
        with_task: block.task && story.end.is_some() && block.task_for.iter().any(|kind| kind.includes(unsuccessful)),
        // A lost chat needs an answer, whoever wrote.
        task_is_apart: unsuccessful.is_some(),
    };
    let known = progress::read(context, appeal.id)?;
    let has_contacts = story.has_contacts();
    let Some(mut lookup) = Lookup::of(context, story.identity(), &known).filter(|_| has_contacts || block.without_contacts) else {
        steps.add(actions.task_alone(context, &appeal))?;
        if story.end.is_some() && (due.client || due.order) {
            let why = "the visitor left neither phone nor e-mail; chat-without-contacts passes such chats on";
            steps.add(Ok(vec![skipped(format!("chat {chat}"), why)]))?;
        }
        return Ok(true);
    };
    if !due.client && !due.order {
        return steps.add(actions.only_task(context, &appeal, &mut lookup)).map(|()| true);
    }
    chat_story::update(context, chat, |story| {
        story.passed_on |= due.client;
        story.order_passed_on |= due.order;
    })?;
    if known.looked_up && has_contacts && story.changed {
        // The chat was sent before the visitor left these contacts, or the customer may have been merged into another since.
        lookup.set_customer(None);
        join::join(context, &appeal, &mut lookup)?;
        let customer = lookup.customer()?;
        if customer.is_some() {
            lookup.remember_visitor()?;
            // Somebody whom RetailCRM knew before the visitor left their contacts is no first appeal.
            let other = customer.as_ref().is_some_and(|found| known.customer.as_ref().is_none_or(|mine| mine.id != found.id));
            progress::update(context, appeal.id, |progress| {
                progress.customer.clone_from(&customer);
                if other {
                    progress.first = Some(false);
                }
            })?;
        }
    }
    actions.carry_out(context, &appeal, &mut lookup, steps).map(|()| true)
}
