//! «Создавать контакт при звонке»: a customer is created when a talk with somebody unknown begins; never while it rings, never for a call
//! that nobody answered.

use crate::appeal::Appeal;
use crate::appeals::assignee::Assignee;
use crate::appeals::lookup::Lookup;
use crate::appeals::{customer, progress};
use crate::base::outcome::{Handled, done, done_without};
use crate::bindings::uis::integration::call_events::CallAnswered;
use crate::bindings::uis::integration::types::{Failure, Skipped};
use crate::crm_state::shops;
use crate::platform::Platform;
use crate::settings::Settings;
use crate::settings::telephony::ContactResponsible;
use crate::telephony::appeal;
use crate::telephony::parameters::Parameters;
use crate::telephony::story::{self, Story};

/// A talk began.
pub fn on_call_answered(platform: &dyn Platform, event: &CallAnswered) -> Handled {
    let session = event.call.session_id;
    let settings = Settings::load(platform)?;
    if settings.create_contact {
        let story = story::read(platform, session);
        let parameters = Parameters::of(platform, session, &story)?;
        let appeal = appeal::of(platform, session, &story, &settings, &parameters);
        if let Some(mut lookup) = Lookup::of(platform, appeal.who.clone(), &progress::read(platform, &appeal.id)) {
            return done_without(ensure(platform, &appeal, &story, &settings, &mut lookup)?);
        }
    }
    done()
}

/// Sees to it that whoever called is a customer.
pub fn ensure(
    platform: &dyn Platform,
    appeal: &Appeal<'_>,
    story: &Story,
    settings: &Settings,
    lookup: &mut Lookup<'_>,
) -> Result<Vec<Skipped>, Failure> {
    let responsible = match settings.contact_responsible {
        ContactResponsible::Talked => Assignee::Employee(story.talker()),
        ContactResponsible::Default => Assignee::User(None),
        ContactResponsible::Fixed => Assignee::User(settings.contact_responsible_user),
        ContactResponsible::Shop => Assignee::User(shops::responsible(settings, story.virtual_number.as_deref())),
    };
    let manager = |lookup: &mut Lookup<'_>| responsible.user(platform, lookup, settings.default_responsible);
    customer::ensure(platform, appeal, manager, settings.field_rows(), lookup)
}
