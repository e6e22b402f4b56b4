//! A call as an appeal: the caller, the shop, the parameters.

use super::parameters::Parameters;
use super::story::Story;
use crate::appeal::{Appeal, Identity};
use crate::appeals::source;
use crate::base::appeal_id::AppealId;
use crate::bindings::uis::integration::types::Failure;
use crate::context::Context;
use crate::crm_state::shops;
use crate::uis::own_numbers;

/// The `source` of a call that was started by a click in RetailCRM.
const CLICKED: &str = "retailcrm";

/// Everybody who talked; if nobody did, whose phone rang last.
fn employees(story: &Story) -> Vec<i64> {
    let mut talked: Vec<i64> = story.talks.iter().copied().flatten().chain(story.talker()).collect();
    talked.dedup();
    if talked.is_empty() { story.rung_last().into_iter().collect() } else { talked }
}

/// A call as an appeal, as far as the call is known. A call between employees, or with a number that cannot be a customer's, has no customer,
/// so its identity is empty.
pub fn of<'a>(context: &Context<'_>, session: i64, story: &'a Story, parameters: &'a Parameters<'_>) -> Result<Appeal<'a>, Failure> {
    let settings = context.settings()?;
    let number = story.virtual_number.as_deref();
    let customer = story.phone.clone().filter(|phone| !story.internal && own_numbers::may_be_customers(context.platform, phone));
    Ok(Appeal {
        id: AppealId::call(session),
        at: story.end.as_ref().map_or(0, |end| end.at),
        identity: Identity {
            visitor: customer.as_ref().and_then(|_| story.parameters.get("visitor_id")?.parse().ok()),
            phone: customer,
            extension: story.extension.clone(),
            ..Identity::default()
        },
        name: story.parameters.get("contact_full_name").cloned().unwrap_or_default(),
        own_site: shops::of_number(context.platform, settings, number)?,
        site: shops::of_call(context.platform, settings, number)?,
        source: source::source(context, parameters, story.is_clicked().then_some(CLICKED)),
        parameters,
        employees: employees(story),
        tags: &story.tags,
        ended: story.end.is_some(),
    })
}
