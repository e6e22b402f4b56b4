//! What came of a run besides its steps: the reply, what was skipped, and why it failed.

use uis_host::bindings::uis::integration::call_events::{CallAnswer, DialOrder};
use uis_host::bindings::uis::integration::types::Failure;
use uis_host::ports::Outcome;

/// The answer to an incoming call, in words.
pub(super) fn answer(answer: &CallAnswer) -> String {
    let who = answer.card.as_ref().and_then(|card| card.name.clone()).unwrap_or_else(|| "unknown".into());
    let orders = answer.card.as_ref().map_or(0, |card| card.orders.len());
    let forward = if answer.forward_to.is_empty() { "not found".into() } else { answer.forward_to.join(", ") };
    format!("caller {who}, open orders {orders}, forward to: {forward}")
}

/// An order to dial, in words.
pub(super) fn dial(order: &DialOrder) -> String {
    let then = order.extension.as_ref().map(|extension| format!(", then {extension}")).unwrap_or_default();
    format!("{}{then} for employee {}, shown {}", order.contact, order.employee_id, order.virtual_number)
}

/// Why a run failed, and what becomes of the event; none if it did not fail.
pub(super) fn failure(outcome: &Outcome) -> Option<String> {
    let (failure, again) = match outcome {
        Outcome::Accepted(_) => return None,
        Outcome::Fault(fault) => return Some(fault.to_string()),
        Outcome::Failed(failure, again) => (failure, again),
    };
    let why = match failure {
        Failure::Retry(later) => later.reason.clone(),
        Failure::Rejected(why) => format!("rejected: {why}"),
        Failure::Unauthorized(why) => format!("unauthorized: {why}"),
        Failure::Suspended(why) => format!("suspended: {why}"),
        Failure::Misconfigured(problem) => format!("misconfigured: settings.{}: {}", problem.setting, problem.message),
    };
    let then = match (failure, again) {
        (_, Some(_)) => "; to be retried",
        (Failure::Retry(_), None) => "; dropped, because live events are not retried",
        _ => "",
    };
    Some(format!("{why}{then}"))
}
