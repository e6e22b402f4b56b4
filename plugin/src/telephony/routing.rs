//! Partners' rules about where an incoming call is forwarded to.

use crate::bindings::uis::integration::call_events::Call;
use crate::bindings::uis::integration::decision::{self, Routing};
use crate::bindings::uis::integration::rules::Points;
use crate::bindings::uis::integration::types::CommunicationKind;
use crate::context::Context;
use crate::rules::decides;

/// The phones to forward an incoming call to. `known` is what RetailCRM knows about the caller.
pub fn route(
    context: &Context<'_>,
    call: &Call,
    known: impl FnOnce() -> Vec<(&'static str, String)>,
    proposed: Vec<String>,
) -> Vec<String> {
    if !decides(context, Points::ROUTING) {
        return proposed;
    }
    let known = known().into_iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| (name.to_owned(), value));
    let about = decision::Appeal {
        kind: CommunicationKind::Call,
        id: call.session_id,
        phone: call.contact.as_ref().map(|number| number.digits.clone()),
        email: None,
        virtual_number: call.virtual_number.clone(),
        employee_email: call.employee.as_ref().and_then(|employee| employee.email.clone()),
        attributes: call.attributes.iter().cloned().chain(known).collect(),
    };
    context.platform.route(&about, &Routing { forward_to: proposed }).forward_to
}
