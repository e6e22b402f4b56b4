//! «Фильтровать по виртуальным номерам»: if several integrations share a UIS account, each handles its own numbers and ignores calls on all
//! others.

use crate::base::outcome::{Handled, done};
use crate::bindings::uis::integration::call_events::Call;
use crate::bindings::uis::integration::log::{Level, Verdict as Decided};
use crate::bindings::uis::integration::types::Failure;
use crate::context::Context;
use crate::crm_state::switch;
use crate::telephony::{click_mark, story};

/// Whether this integration handles the event's call: as [`is_ours`], or because the call was started by a click in this integration's
/// RetailCRM, whatever number the customer sees.
pub fn ours(context: &Context<'_>, call: &Call) -> Result<bool, Failure> {
    if !is_on(context)? {
        return Ok(false);
    }
    Ok(click_mark::recognise(context, call)? || passes(context, call.session_id, call.virtual_number.as_deref())?)
}

/// Whether this integration handles a call: «Телефония» is on; there is no filter, or the call is on a chosen number; and RetailCRM has not
/// switched the module off. `number` is none if it is not known now: then the number from earlier events counts; a call without any number is
/// not handled.
pub fn is_ours(context: &Context<'_>, session: i64, number: Option<&str>) -> Result<bool, Failure> {
    Ok(is_on(context)? && passes(context, session, number)?)
}

fn is_on(context: &Context<'_>) -> Result<bool, Failure> {
    Ok(!switch::switched_off(context.platform)? && context.settings()?.telephony)
}

fn passes(context: &Context<'_>, session: i64, number: Option<&str>) -> Result<bool, Failure> {
    let settings = context.settings()?;
    let is_chosen = |number: &str| settings.virtual_numbers.iter().any(|chosen| chosen == number);
    if !settings.filter_by_virtual_numbers || number.is_some_and(is_chosen) {
        return Ok(true);
    }
    let known = story::read(context, session)?;
    // A call whose end was handled stays this integration's, whatever filter was saved since: its record waits for the recording.
    Ok(known.own_click || known.end.is_some() || (number.is_none() && known.virtual_number.as_deref().is_some_and(is_chosen)))
}

/// Handles an event if this integration handles its call.
pub fn if_ours(context: &Context<'_>, call: &Call, handle: impl FnOnce() -> Handled) -> Handled {
    if ours(context, call)? {
        story::log_long_values(context, call);
        return handle();
    }
    let number = call.virtual_number.as_deref().unwrap_or("unknown");
    let (by, why) = if switch::switched_off(context.platform)? {
        ("", "the module is switched off in RetailCRM".to_owned())
    } else if !context.settings()?.telephony {
        ("telephony", "it is off".to_owned())
    } else {
        ("filter-by-virtual-numbers", format!("the number {number} is not among virtual-numbers"))
    };
    context.decided(format_args!("call {}", call.session_id), by, Decided::LeftOut, why);
    context.platform.log(
        Level::Debug,
        "the call is ignored: it is on another number, or the module or the section «Телефония» is switched off",
        &[("call", &call.session_id.to_string()), ("number", number)],
    );
    done()
}
