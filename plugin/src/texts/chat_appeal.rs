//! A chat as an appeal: what the settings say of it, at the time of each of its events.

use crate::appeal::{Appeal, EventParameters};
use crate::appeals::{conditions, source};
use crate::base::appeal_id::AppealId;
use crate::base::template;
use crate::bindings::uis::integration::log::Verdict as Decided;
use crate::bindings::uis::integration::types::Failure;
use crate::context::Context;
use crate::crm_state::shops;
use crate::settings::conditions::Verdict;
use crate::settings::texts::ChatEvent;
use crate::texts::chat_story::ChatStory;
use crate::texts::parameters::Parameters;

/// What it is time for.
pub struct Due {
    /// For the client.
    pub client: bool,
    /// For the order.
    pub order: bool,
}

impl Due {
    /// What the settings' events say of a chat.
    pub fn of(context: &Context<'_>, story: &ChatStory) -> Result<Due, Failure> {
        let block = &context.settings()?.chats;
        let is_due = |event: ChatEvent, tags: &[String]| match event {
            // The chat's first event stands for its beginning.
            ChatEvent::Start => Ok(true),
            ChatEvent::Accept => Ok(story.accepted),
            ChatEvent::Close => Ok(story.end.is_some()),
            ChatEvent::Tag => conditions::is_tagged(context, &story.tags, tags),
        };
        let (order, tags) = block.order_event();
        Ok(Due { client: is_due(block.when, &block.tags)?, order: is_due(order, tags)? })
    }
}

/// A chat as an appeal.
pub fn appeal<'a>(context: &Context<'_>, chat: i64, story: &'a ChatStory, parameters: &'a Parameters) -> Result<Appeal<'a>, Failure> {
    let settings = context.settings()?;
    let site = parameters.raw("site_domain_name");
    let (own_site, site) = shops::of_domain(context.platform, settings, site.as_deref())?;
    let name = template::render(&settings.chats.client_name, |name| parameters.get(name), |_| {});
    Ok(Appeal {
        id: AppealId::chat(chat),
        at: story.end.as_ref().map_or(story.began, |end| end.at),
        name: Some(name).filter(|name| !name.trim().is_empty()).or_else(|| story.nick.clone()).unwrap_or_default(),
        own_site,
        site,
        source: source::source(context, parameters, None),
        parameters,
        identity: story.identity(),
        employees: story.employee.into_iter().collect(),
        tags: &story.tags,
        ended: story.end.is_some(),
    })
}

/// Whether the settings shut the chat out: «Не передавать исходящие чаты», «Фильтровать чаты». While a parameter of the filter may still
/// come, the chat waits, which is the same.
pub fn is_shut_out(context: &Context<'_>, appeal: &Appeal<'_>, story: &ChatStory) -> Result<bool, Failure> {
    let settings = context.settings()?;
    let outgoing = settings.chats.skip_outgoing && story.outgoing;
    let by = match outgoing {
        true => "chat-skip-outgoing",
        false if settings.filter_chats && conditions::verdict(context, appeal, &settings.chats.filter)? != Verdict::Pass => "chat-filter",
        false => return Ok(false),
    };
    context.decided(appeal.id, by, Decided::LeftOut, "the chat is shut out, or a parameter of the filter is not known yet");
    Ok(true)
}

/// Whether the settings shut a chat out that has ended.
pub fn is_for_others(context: &Context<'_>, chat: i64, story: &ChatStory) -> Result<bool, Failure> {
    let parameters = story.parameters(context, chat)?;
    is_shut_out(context, &appeal(context, chat, story, &parameters)?, story)
}
