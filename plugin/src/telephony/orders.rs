//! «Создавать заказ по звонку»: for a first, repeated or lost call.

use serde_json::Map;

use crate::appeal::Appeal;
use crate::appeals::assignee::Assignee;
use crate::appeals::lookup::Lookup;
use crate::appeals::order::{self, OrderPlan};
use crate::appeals::progress;
use crate::bindings::uis::integration::types::{Failure, Skipped};
use crate::context::Context;
use crate::settings::telephony::{OrderAssignee, OrderCall};
use crate::telephony::contact;
use crate::telephony::story::Story;

/// RetailCRM's built-in order method for such calls.
fn stock_method(kind: OrderCall) -> &'static str {
    if kind == OrderCall::Lost { "missed-call" } else { "phone" }
}

/// Creates the order of a finished call, if the settings require one. `talked`: an employee talked.
pub fn make(
    context: &Context<'_>,
    appeal: &Appeal<'_>,
    story: &Story,
    talked: bool,
    lookup: &mut Lookup<'_>,
) -> Result<Vec<Skipped>, Failure> {
    let settings = context.settings()?;
    let wanted = |kind: OrderCall| settings.call_order_calls.contains(&kind);
    let possible = if talked { wanted(OrderCall::First) || wanted(OrderCall::Repeat) } else { wanted(OrderCall::Lost) };
    if !settings.call_orders || !possible {
        return Ok(Vec::new());
    }
    // An order needs a customer, so an unknown caller becomes one.
    let mut left_out = contact::ensure(context, appeal, story, lookup)?;
    let kind = match (talked, progress::read(context, appeal.id)?.created) {
        (false, _) => OrderCall::Lost,
        (true, true) => OrderCall::First,
        (true, false) => OrderCall::Repeat,
    };
    if !wanted(kind) {
        return Ok(left_out);
    }
    let plan = OrderPlan {
        repeat: settings.call_order_repeat,
        after_hours: settings.call_order_after_hours,
        order_type: settings.call_order_type.clone(),
        order_method: settings.call_order_method.clone(),
        stock_method: stock_method(kind),
        status: settings.call_order_status.clone(),
        assignee: match settings.call_order_assignee {
            OrderAssignee::Talked => Assignee::Employee(story.talker().or_else(|| story.rung_last())),
            OrderAssignee::Default => Assignee::User(None),
            OrderAssignee::Fixed => Assignee::User(settings.call_order_user),
        },
        default_assignee: settings.default_assignee,
        comment: &settings.call_order_comment,
        customer_comment: None,
        fields: Map::new(),
    };
    left_out.extend(order::make(context, appeal, &plan, lookup)?);
    Ok(left_out)
}
