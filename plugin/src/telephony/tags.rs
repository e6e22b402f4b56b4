//! Tags that employees and scenarios put on calls. RetailCRM's calls have no tags, so they are written to the customer as extra fields
//! («Передавать дополнительные поля», parameter `tag_names`), also when they are set after the call.

use crate::appeals::lookup::Lookup;
use crate::appeals::{fields, progress};
use crate::base::outcome::{Handled, done, done_with_skipped};
use crate::bindings::uis::integration::call_events::TagsChanged;
use crate::bindings::uis::integration::log::Level;
use crate::bindings::uis::integration::types::CommunicationKind;
use crate::context::Context;
use crate::telephony::parameters::Parameters;
use crate::telephony::story::{self, FollowUp};
use crate::telephony::{appeal, filter};

/// Tags of a call were set or removed.
pub fn on_tags_changed(context: &Context<'_>, event: &TagsChanged) -> Handled {
    let session = event.communication_id;
    if event.communication != CommunicationKind::Call || !filter::is_ours(context, session, None)? {
        context.platform.log(
            Level::Debug,
            "tags of a communication that is not a handled call",
            &[("communication", &session.to_string())],
        );
        return done();
    }
    // A tag without a name is not in RetailCRM's field either.
    let names: Vec<String> = event.tags.iter().map(|tag| tag.name.clone()).filter(|name| !name.is_empty()).collect();
    let story = story::update(context, session, |story| {
        story.merge_tags(&names);
        story.clone()
    })?;
    // Before the call ends, the tags wait with the call's other parameters.
    if story.follow_up != FollowUp::Done {
        return done();
    }
    let settings = context.settings()?;
    let parameters = Parameters::of(context, session, &story)?;
    let appeal = appeal::of(context, session, &story, &parameters)?;
    let Some(mut lookup) = Lookup::of(context, appeal.identity.clone(), &progress::read(context, appeal.id)?) else { return done() };
    done_with_skipped(fields::update(context, &appeal, settings.field_rows(), &mut lookup)?)
}
