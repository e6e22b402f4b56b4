//! Tags that employees and scenarios put on calls. RetailCRM's calls have no tags, so they are written to the customer and the order as extra
//! fields («Передавать дополнительные поля», parameter `tag_names`), also when they are set after the call. A filter that waits for a tag lets
//! the call pass then.

use crate::appeals::steps::StepResults;
use crate::base::outcome::{Handled, done, done_with_skipped};
use crate::bindings::uis::integration::call_events::TagsChanged;
use crate::bindings::uis::integration::log::Level;
use crate::context::Context;
use crate::telephony::story::{self, FollowUp};
use crate::telephony::{filter, follow_up};

/// Tags of a call were set or removed.
pub fn on_tags_changed(context: &Context<'_>, event: &TagsChanged) -> Handled {
    let session = event.communication_id;
    if !filter::is_ours(context, session, None)? {
        context.platform.log(Level::Debug, "tags of a call that is not handled", &[("call", &session.to_string())]);
        return done();
    }
    let story = story::update(context, session, |story| {
        story.merge_tags(&event.tags);
        story.clone()
    })?;
    // Before the call ends, the tags wait with the call's other parameters.
    if story.follow_up != FollowUp::Done {
        return done();
    }
    done_with_skipped(follow_up::run_again(context, session).and_then(StepResults::into_skipped)?)
}
