//! Clients and orders of a finished call: «Первичные обращения» and «Повторные обращения» of its direction.

use super::assignees;
use crate::appeal::Appeal;
use crate::appeals::customer;
use crate::appeals::lookup::Lookup;
use crate::appeals::order::{self, OrderPlan};
use crate::appeals::steps::StepResults;
use crate::bindings::uis::integration::log::Verdict as Decided;
use crate::bindings::uis::integration::types::{Failure, Skipped};
use crate::context::{Context, choice};
use crate::retailcrm::custom_fields::Entity;
use crate::settings::Repeat;
use crate::telephony::contact;
use crate::telephony::story::Story;

/// RetailCRM's built-in order methods for calls with a talk and for missed ones.
const TALK_METHOD: &str = "phone";
const MISSED_METHOD: &str = "missed-call";

/// Creates what the settings require for a finished call. `talked`: an employee talked with the customer.
pub fn make(
    context: &Context<'_>,
    appeal: &Appeal<'_>,
    story: &Story,
    talked: bool,
    lookup: &mut Lookup<'_>,
    steps: &mut StepResults<'_>,
) -> Result<(), Failure> {
    let block = story.settings(context.settings()?);
    let (of_first, of_repeat) = (block.of_first(talked), block.of_repeat(talked));
    let direction = story.direction_name();
    if !block.creates(talked) {
        let why = format!("{direction}-first is {}, {direction}-repeat is {}, talked: {talked}", choice(&of_first), choice(&of_repeat));
        context.decided(format_args!("client and order of {}", appeal.id), &format!("{direction}-first"), Decided::LeftOut, why);
        return Ok(());
    }
    if of_first.client() {
        steps.add(contact::ensure(context, appeal, story, talked, lookup))?;
    }
    let first = customer::is_first(context, appeal, lookup)?;
    // A known client is only found and remembered.
    if !first && !of_first.client() {
        steps.add(contact::ensure(context, appeal, story, talked, lookup))?;
    }
    if talked && first {
        contact::correct_manager(context, appeal, story, lookup)?;
    }
    let repeat = if !first {
        of_repeat
    } else if of_first.order() {
        Repeat::Always
    } else {
        Repeat::Nothing
    };
    let (by, value) = if first { ("first", choice(&of_first)) } else { ("repeat", choice(&of_repeat)) };
    let decided = if repeat == Repeat::Nothing { Decided::LeftOut } else { Decided::Done };
    let known = if first { "RetailCRM did not know the client" } else { "RetailCRM knew the client" };
    context.decided(format_args!("order of {}", appeal.id), &format!("{direction}-{by}"), decided, format_args!("{known}; it is {value}"));
    if repeat != Repeat::Nothing {
        steps.add(order(context, appeal, story, (talked, first, repeat), lookup))?;
    }
    Ok(())
}

fn order(
    context: &Context<'_>,
    appeal: &Appeal<'_>,
    story: &Story,
    (talked, first, repeat): (bool, bool, Repeat),
    lookup: &mut Lookup<'_>,
) -> Result<Vec<Skipped>, Failure> {
    let settings = context.settings()?;
    let rows = settings.field_rows(Entity::Order);
    let (fields, mut left_out) = order::fields(context, appeal, &rows)?;
    let plan = OrderPlan {
        repeat,
        after_hours: settings.call_order_after_hours,
        order_type: settings.call_order_type.clone(),
        order_method: settings.call_order_method.clone(),
        stock_method: if talked { TALK_METHOD } else { MISSED_METHOD },
        status: settings.call_order_status.clone(),
        assignee: assignees::of_order(context, story, talked, first)?,
        responsibles: assignees::responsibles(settings, story),
        comment: &settings.call_order_comment,
        customer_comment: None,
        fields,
        rows,
    };
    left_out.extend(order::make(context, appeal, &plan, lookup)?);
    Ok(left_out)
}
