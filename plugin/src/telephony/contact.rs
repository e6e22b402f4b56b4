//! «Создавать контакт при звонке»: a customer is created when an employee starts talking with an unknown caller; never while the phone
//! rings, and never for an unanswered call.

use crate::appeal::Appeal;
use crate::appeals::assignee::Assignee;
use crate::appeals::lookup::Lookup;
use crate::appeals::{customer, progress};
use crate::base::outcome::{Handled, done, done_with_skipped};
use crate::bindings::uis::integration::call_events::CallAnswered;
use crate::bindings::uis::integration::types::{Failure, Skipped};
use crate::context::Context;
use crate::crm_state::shops;
use crate::settings::telephony::ContactAssignee;
use crate::telephony::appeal;
use crate::telephony::parameters::Parameters;
use crate::telephony::story::{self, Story};

/// An employee answered the call.
pub fn on_call_answered(context: &Context<'_>, event: &CallAnswered) -> Handled {
    let session = event.call.session_id;
    let settings = context.settings()?;
    if settings.create_contact {
        let story = story::read(context, session)?;
        let parameters = Parameters::of(context, session, &story)?;
        let appeal = appeal::of(context, session, &story, &parameters)?;
        if let Some(mut lookup) = Lookup::of(context, appeal.identity.clone(), &progress::read(context, appeal.id)?) {
            return done_with_skipped(ensure(context, &appeal, &story, &mut lookup)?);
        }
    }
    done()
}

/// Makes sure that the caller is a customer.
pub fn ensure(context: &Context<'_>, appeal: &Appeal<'_>, story: &Story, lookup: &mut Lookup<'_>) -> Result<Vec<Skipped>, Failure> {
    let settings = context.settings()?;
    let assignee = match settings.contact_assignee {
        ContactAssignee::Talked => Assignee::Employee(story.talker()),
        ContactAssignee::Default => Assignee::User(None),
        ContactAssignee::Fixed => Assignee::User(settings.contact_assignee_user),
        ContactAssignee::Shop => Assignee::User(shops::assignee(settings, story.virtual_number.as_deref())),
    };
    let manager = |lookup: &mut Lookup<'_>| assignee.user(context, lookup, settings.default_assignee);
    customer::ensure(context, appeal, manager, settings.field_rows(), lookup)
}
