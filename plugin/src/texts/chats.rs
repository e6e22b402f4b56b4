//! «Передача чатов»: creates a customer, an order and a task for a chat when it is accepted or closed, as the settings require, and stores
//! its transcript.

use crate::appeal::{Appeal, EventParameters};
use crate::appeals::lookup::Lookup;
use crate::appeals::{join, progress, source};
use crate::base::appeal_id::AppealId;
use crate::base::outcome::{Handled, done, done_with_skipped, is_retried, skipped};
use crate::base::template;
use crate::base::timers::{self, TimerName};
use crate::bindings::uis::integration::chat_events::{
    Chat, ChatAccepted, ChatFinished, ChatMessage, ChatStarted, ChatStatus, ChatUnanswered, MessageSource,
};
use crate::bindings::uis::integration::types::{Delivery, Failure, Skipped};
use crate::context::Context;
use crate::crm_state::{shops, switch};
use crate::settings::texts::{Unsuccessful, When};
use crate::texts::actions::AppealActions;
use crate::texts::chat_story::{self, ChatStory, End};
use crate::texts::contacts;
use crate::texts::transcript::{self, TranscriptOutcome};
use crate::uis::directory;

/// RetailCRM's built-in order methods for chats on the site and in messengers.
const SITE_METHOD: &str = "live-chat";
const MESSENGER_METHOD: &str = "messenger";
/// How often, and for how long after the end, a transcript that UIS's report does not contain yet is requested.
const TALK_EVERY_MS: i64 = 600_000;
const TALK_WAIT_MS: i64 = 3_600_000;
/// UIS's channel type for chats on the site.
const SITE_CHANNEL: &str = "comagic";

/// A chat began. What follows from it is done when it is accepted or closed.
pub fn on_chat_started(context: &Context<'_>, event: &ChatStarted) -> Handled {
    if wanted(context, &event.chat)? {
        chat_story::update(context, event.chat.chat_id, |story| story.merge(&event.chat))?;
    }
    done()
}

/// An employee accepted a chat.
pub fn on_chat_accepted(context: &Context<'_>, event: &ChatAccepted) -> Handled {
    if !wanted(context, &event.chat)? {
        return done();
    }
    let who = who(context, &event.chat)?;
    let story = chat_story::update(context, event.chat.chat_id, |story| {
        story.merge(&event.chat);
        story.accepted = true;
        story.employee = who.or(story.employee);
        story.clone()
    })?;
    if context.settings()?.chats.when == When::Close {
        return done();
    }
    done_with_skipped(pass_on(context, event.chat.chat_id, &story)?)
}

/// A message arrived; it may contain contacts.
pub fn on_chat_message(context: &Context<'_>, delivery: &Delivery, event: &ChatMessage) -> Handled {
    if !wanted(context, &event.chat)? {
        return done();
    }
    let left = if event.source == MessageSource::Visitor { contacts::of_text(&event.text) } else { (None, None) };
    let story = chat_story::update(context, event.chat.chat_id, |story| {
        story.merge(&event.chat);
        story.merge_contacts(left.0.clone(), left.1.clone());
        story.clone()
    })?;
    // A message after the end is handled like the end itself.
    if story.end.is_some() {
        return finish(context, event.chat.chat_id, &delivery.ordering_key);
    }
    // The chat was sent to RetailCRM without these contacts, so they are added now. A chat that was not sent waits for its end.
    if story.changed && story.passed_on {
        return done_with_skipped(pass_on(context, event.chat.chat_id, &story)?);
    }
    done()
}

/// A customer's message has no answer yet. UIS reminds the operator; in RetailCRM nothing is done.
pub fn on_chat_unanswered(context: &Context<'_>, event: &ChatUnanswered) -> Handled {
    if wanted(context, &event.chat)? {
        chat_story::update(context, event.chat.chat_id, |story| story.merge(&event.chat))?;
    }
    done()
}

/// A chat is closed.
pub fn on_chat_finished(context: &Context<'_>, delivery: &Delivery, event: &ChatFinished) -> Handled {
    if !wanted(context, &event.chat)? {
        return done();
    }
    merge_end(context, event)?;
    finish(context, event.chat.chat_id, &delivery.ordering_key)
}

/// UIS's report contains the end of a chat; returns whether anything remains to be done. The chat's own timer does it.
pub fn on_reported(context: &Context<'_>, event: &ChatFinished) -> Result<bool, Failure> {
    let is_new = wanted(context, &event.chat)? && !progress::read(context, AppealId::chat(event.chat.chat_id))?.finished;
    if is_new {
        merge_end(context, event)?;
    }
    Ok(is_new)
}

/// The timer of a chat: its end was found in UIS's report, or its transcript was not available yet.
pub fn on_timer(context: &Context<'_>, delivery: &Delivery, chat: i64) -> Handled {
    finish(context, chat, &delivery.ordering_key)
}

/// Merges the end into the chat's state.
fn merge_end(context: &Context<'_>, event: &ChatFinished) -> Result<(), Failure> {
    let who = who(context, &event.chat)?;
    chat_story::update(context, event.chat.chat_id, |story| {
        story.merge(&event.chat);
        story.employee = story.employee.or(who);
        // If the chat was successful, an employee accepted it, even if that event was lost.
        story.accepted |= event.status == ChatStatus::Succeed;
        if story.end.is_none() {
            story.end = Some(End { at: event.chat.at, status: status(event.status), cause: event.release_cause.clone() });
            story.changed = true;
        }
    })
}

/// Does what follows from a chat's end, once.
fn finish(context: &Context<'_>, chat: i64, ordering_key: &str) -> Handled {
    let id = AppealId::chat(chat);
    let mut story = chat_story::read(context, chat)?;
    // Contacts may arrive after the end; then what was left out because of them is done now.
    let late = story.has_contacts() && (story.changed || !story.passed_on);
    if progress::read(context, id)?.finished {
        if !late {
            return done();
        }
        // Everything is done again, including the transcript. Until it is, the chat must not count as finished.
        progress::update(context, id, |progress| progress.finished = false)?;
    }
    if !story.has_contacts() {
        // The contacts may be in a message whose notification was lost.
        let (phone, email) = transcript::contacts(context, chat)?;
        if phone.is_some() || email.is_some() {
            story = chat_story::update(context, chat, |story| {
                story.merge_contacts(phone.clone(), email.clone());
                story.clone()
            })?;
        }
    }
    let passed_on = pass_on(context, chat, &story);
    if matches!(passed_on, Err(Failure::Retry(_))) {
        return passed_on.and_then(done_with_skipped);
    }
    // The transcript is stored even if the order is refused.
    let transcript = transcript::store(context, chat, &story)?;
    let mut left_out = passed_on?;
    match transcript {
        TranscriptOutcome::Done(skipped) => left_out.extend(skipped),
        // A transcript may appear in UIS's report only minutes after the chat's end.
        TranscriptOutcome::NotReported if story.end.as_ref().is_some_and(|end| context.platform.now() < end.at + TALK_WAIT_MS) => {
            timers::once(context.platform, TimerName::Chat(chat), context.platform.now() + TALK_EVERY_MS, ordering_key)?;
            return done_with_skipped(left_out);
        }
        TranscriptOutcome::NotReported => {}
    }
    progress::update(context, id, |progress| progress.finished = true)?;
    done_with_skipped(left_out)
}

/// Whether the settings require this chat to be sent to RetailCRM.
fn wanted(context: &Context<'_>, chat: &Chat) -> Result<bool, Failure> {
    let settings = context.settings()?;
    let channels = &settings.chats.channels;
    // If the event does not contain the channel, the one from earlier events counts.
    let channel = || match chat.channel_id {
        Some(channel) => Ok(Some(channel)),
        None => chat_story::read(context, chat.chat_id).map(|story| story.channel_id),
    };
    let chosen = channels.is_empty() || channel()?.is_some_and(|channel| channels.contains(&channel));
    Ok(settings.chats.send && chosen && !switch::switched_off(context.platform)?)
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

/// Does what the settings require, as far as the chat is known. What is already done is not repeated.
fn pass_on(context: &Context<'_>, chat: i64, story: &ChatStory) -> Result<Vec<Skipped>, Failure> {
    let passed_on = attempt(context, chat, story);
    if story.changed && !passed_on.as_ref().is_err_and(is_retried) {
        chat_story::update(context, chat, |known| {
            known.changed = (known.identity(), &known.end) != (story.identity(), &story.end);
        })?;
    }
    passed_on
}

fn attempt(context: &Context<'_>, chat: i64, story: &ChatStory) -> Result<Vec<Skipped>, Failure> {
    let settings = context.settings()?;
    let block = &settings.chats;
    let parameters = story.parameters(context, chat)?;
    let site = parameters.raw("site_domain_name");
    let (own_site, site) = shops::of_domain(context.platform, settings, site.as_deref())?;
    let name = template::render(&block.client_name, |name| parameters.get(name), |_| {});
    let identity = story.identity();
    let appeal = Appeal {
        id: AppealId::chat(chat),
        at: story.end.as_ref().map_or(story.began, |end| end.at),
        name: Some(name).filter(|name| !name.trim().is_empty()).or_else(|| story.nick.clone()).unwrap_or_default(),
        own_site,
        site,
        source: source::source(context, &parameters, None),
        parameters: &parameters,
        identity: identity.clone(),
    };
    let unsuccessful = story.end.as_ref().and_then(|end| end.status);
    let actions = AppealActions {
        block,
        settings,
        employee: story.employee,
        stock_method: if story.channel_type.as_deref() == Some(SITE_CHANNEL) { SITE_METHOD } else { MESSENGER_METHOD },
        customer_comment: None,
        with_task: block.task && unsuccessful.is_some_and(|status| block.task_for.contains(&status)),
    };
    let known = progress::read(context, appeal.id)?;
    let has_contacts = story.has_contacts();
    let Some(mut lookup) = Lookup::of(context, identity, &known).filter(|_| has_contacts || block.without_contacts) else {
        let mut left_out = actions.task_alone(context, &appeal)?;
        if story.end.is_some() {
            left_out.push(skipped(
                format!("chat {chat}"),
                "the visitor left neither phone nor e-mail; chat-without-contacts passes such chats on",
            ));
        }
        return Ok(left_out);
    };
    // Nobody accepted the chat, so only the task is created.
    if block.when == When::Accept && !story.accepted {
        return actions.task_alone(context, &appeal);
    }
    chat_story::update(context, chat, |story| story.passed_on = true)?;
    if known.looked_up && has_contacts && story.changed {
        // The chat was sent before the visitor left these contacts, or the customer may have been merged into another since.
        lookup.set_customer(None);
        join::join(context, &appeal, &mut lookup)?;
        let customer = lookup.customer()?;
        if customer.is_some() {
            lookup.remember_visitor()?;
            progress::update(context, appeal.id, |progress| progress.customer.clone_from(&customer))?;
        }
    }
    actions.carry_out(context, &appeal, &mut lookup)
}
