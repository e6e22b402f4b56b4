//! «Фильтровать по виртуальным номерам»: if several integrations share a UIS account, each handles its own numbers and ignores calls on all
//! others.

use crate::base::outcome::{Handled, done};
use crate::bindings::uis::integration::call_events::Call;
use crate::bindings::uis::integration::log::Level;
use crate::bindings::uis::integration::types::Failure;
use crate::context::Context;
use crate::crm_state::switch;
use crate::telephony::story;

/// Whether this integration handles the event's call.
pub fn ours(context: &Context<'_>, call: &Call) -> Result<bool, Failure> {
    is_ours(context, call.session_id, call.virtual_number.as_deref())
}

/// Whether this integration handles a call: «Телефония» is on; there is no filter, or the call is on a chosen number; and RetailCRM has not
/// switched the module off. If the event does not contain the number, the number from earlier events counts; a call without any number is not handled.
pub fn is_ours(context: &Context<'_>, session: i64, number: Option<&str>) -> Result<bool, Failure> {
    if switch::switched_off(context.platform)? {
        return Ok(false);
    }
    let settings = context.settings()?;
    if !settings.telephony {
        return Ok(false);
    }
    if !settings.filter_by_virtual_numbers {
        return Ok(true);
    }
    let number = match number {
        Some(number) => Some(number.to_owned()),
        None => story::read(context, session)?.virtual_number,
    };
    Ok(number.is_some_and(|number| settings.virtual_numbers.contains(&number)))
}

/// Handles an event if this integration handles its call.
pub fn if_ours(context: &Context<'_>, call: &Call, handle: impl FnOnce() -> Handled) -> Handled {
    if ours(context, call)? {
        story::log_long_values(context, call);
        return handle();
    }
    let number = call.virtual_number.as_deref().unwrap_or("unknown");
    context.platform.log(
        Level::Debug,
        "the call is ignored: it is on another number, or the module or the section «Телефония» is switched off",
        &[("call", &call.session_id.to_string()), ("number", number)],
    );
    done()
}
