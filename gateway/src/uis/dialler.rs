//! The port [`Dialler`] over the Call API: `start.employee_call`.
//!
//! The Call API has no key by which it would know a repetition, so an order must be sent once only:
//! [`DurableDialler`](crate::network::dials::DurableDialler) stands before this one.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};
use uis_host::bindings::uis::integration::call_events::DialOrder;
use uis_host::ports::{DialError, Dialler};

use super::LiveAccount;
use super::deal_params::members;
use super::error::CallError;
use super::points::Purpose;
use super::rpc::Rpc;

/// Sends one order. `id` identifies the order; the plugin's own id goes with it where there is one, because UIS sends it back in the call's
/// events.
pub async fn start(calls: &Rpc, id: &str, order: &DialOrder) -> Result<(), DialError> {
    let answer = calls.call("start.employee_call", params(id, order), Purpose::Work).await.map_err(not_started)?;
    match answer.data["success"] {
        Value::Bool(false) => Err(DialError::Refused("not_started".to_owned(), "UIS did not start the call".to_owned())),
        _ => Ok(()),
    }
}

/// Only an answer of UIS, or a request that was not sent, says that no call was started.
fn not_started(error: CallError) -> DialError {
    match error {
        CallError::Refused(refusal) => DialError::Refused(refusal.mnemonic, refusal.message),
        CallError::NotAdmitted(ref refusal) | CallError::NotGranted(ref refusal) => {
            DialError::Refused(refusal.mnemonic.clone(), error.to_string())
        }
        CallError::Busy(_) => DialError::Refused("limit_exceeded".to_owned(), error.to_string()),
        CallError::NotSent(_) => DialError::Refused("not_sent".to_owned(), error.to_string()),
        CallError::NoAnswer(_) => DialError::OutcomeUnknown(error.to_string()),
    }
}

fn params(id: &str, order: &DialOrder) -> Map<String, Value> {
    let mut employee = json!({ "id": order.employee_id });
    if let Some(phone) = &order.employee_phone {
        employee["phone_number"] = phone.clone().into();
    }
    let mut params = json!({
        "first_call": "employee",
        "virtual_phone_number": order.virtual_number,
        "show_virtual_phone_number": order.show_virtual_number,
        "contact": order.contact,
        "employee": employee,
        // Without it UIS takes the call for an incoming one.
        "direction": "out",
        "external_id": order.external_id.as_deref().unwrap_or(id),
    });
    if let Some(rule) = &order.virtual_number_rule {
        params["virtual_phone_usage_rule"] = rule.clone().into();
    }
    if let Some(extension) = &order.extension {
        params["dtmf_string"] = uis_phones::dtmf(extension).into();
    }
    members(params)
}

impl Dialler for LiveAccount {
    fn start_call<'a>(&'a self, id: &'a str, order: &'a DialOrder) -> BoxFuture<'a, Result<(), DialError>> {
        start(&self.client.calls, id, order).boxed()
    }
}

/// The Call API alone, for an account of a file whose calls go to a Call API on this machine.
pub struct CallApi(pub Rpc);

impl Dialler for CallApi {
    fn start_call<'a>(&'a self, id: &'a str, order: &'a DialOrder) -> BoxFuture<'a, Result<(), DialError>> {
        start(&self.0, id, order).boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::uis::error::{self, Refusal};

    #[test]
    fn an_order_has_the_documented_parameters() {
        let order = DialOrder {
            contact: "79161234567".to_owned(),
            employee_id: 25,
            employee_phone: None,
            virtual_number: "74951234567".to_owned(),
            extension: Some("15".to_owned()),
            virtual_number_rule: Some("fixed".to_owned()),
            show_virtual_number: false,
            external_id: None,
        };
        let expected = json!({
            "first_call": "employee", "virtual_phone_number": "74951234567", "show_virtual_phone_number": false, "contact": "79161234567",
            "employee": {"id": 25}, "direction": "out", "external_id": "order-1", "virtual_phone_usage_rule": "fixed",
            "dtmf_string": uis_phones::dtmf("15"),
        });
        assert_eq!(Value::Object(params("order-1", &order)), expected);
        let order = DialOrder { external_id: Some("click".to_owned()), employee_phone: Some("0100101".to_owned()), ..order };
        assert_eq!(params("order-1", &order)["external_id"], "click");
        assert_eq!(params("order-1", &order)["employee"], json!({"id": 25, "phone_number": "0100101"}));
    }

    #[test]
    fn only_what_is_certain_is_a_refusal() {
        let internal = error::read(&json!({"code": -32603, "data": {"mnemonic": "internal_error"}}));
        assert!(matches!(not_started(internal), DialError::OutcomeUnknown(_)));
        assert!(matches!(not_started(CallError::NoAnswer("cut".to_owned())), DialError::OutcomeUnknown(_)));
        let refusal = Refusal::of("no_active_phone_number", "m", "employee", "25");
        assert_eq!(not_started(CallError::Refused(refusal)), DialError::Refused("no_active_phone_number".to_owned(), "m".to_owned()));
        for error in [CallError::Busy(5), CallError::NotSent("x".to_owned())] {
            assert!(matches!(not_started(error), DialError::Refused(..)));
        }
    }
}
