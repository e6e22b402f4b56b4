//! A call as an appeal: who called, his shop, what the call tells.

use super::parameters::Parameters;
use super::story::{self, Story};
use crate::appeal::{Appeal, Identity};
use crate::appeals::source;
use crate::context::Context;
use crate::crm_state::shops;
use crate::settings::Settings;

/// The `source` of a call that was dialled by a click in RetailCRM.
const CLICKED: &str = "retailcrm";

/// A call as far as its story tells. Nobody appeals by a call between colleagues.
pub fn of<'a>(context: &Context<'_>, session: i64, story: &Story, settings: &Settings, parameters: &'a Parameters<'_>) -> Appeal<'a> {
    let number = story.virtual_number.as_deref();
    Appeal {
        id: story::external_id(session),
        at: story.end.as_ref().map_or(0, |end| end.at),
        who: Identity { phone: story.phone.clone().filter(|_| !story.internal), ..Identity::default() },
        name: story.parameters.get("contact_full_name").cloned().unwrap_or_default(),
        own_site: shops::of_number(settings, number),
        site: shops::of_call(context.platform, settings, number),
        source: source::source(context, parameters, story.clicked_by.map(|_| CLICKED)),
        told: parameters,
    }
}
