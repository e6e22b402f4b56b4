//! Carries out what a handler's reply asks of UIS, after checking it.

use serde::Serialize;

use super::{Dispatch, LiveEnd};
use crate::bindings::uis::integration::call_events::CallAnswer;
use crate::event::Reply;
use crate::limits::{CARD_ORDERS, FORWARD_TO, REASON_BYTES, SKIPPED, SKIPPED_WHAT_BYTES, cut};
use crate::ports::{DialError, KeptEvent, ProblemKind};

/// An answer to a call scenario that passed all checks: forwarding numbers consist of digits, links belong to the connection's host.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CheckedAnswer {
    /// The numbers to forward the call to, digits only. Empty: the scenario continues without forwarding.
    pub forward_to: Vec<String>,
    /// The caller's card; none when there is nothing to show.
    pub card: Option<CheckedCard>,
}

/// A caller's card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckedCard {
    /// The caller's name.
    pub name: Option<String>,
    /// A link to the caller's page in the CRM.
    pub url: Option<String>,
    /// The caller's open orders.
    pub orders: Vec<CheckedOrder>,
}

/// An order on a caller's card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckedOrder {
    /// A link to the order's page in the CRM.
    pub url: String,
    /// The order's name.
    pub name: String,
    /// The name of the order's status.
    pub status: String,
}

impl Dispatch<'_> {
    /// Turns a handler's reply into the result for whoever sent the event, and reports what the handler skipped or the host refused.
    pub(super) fn carry_out(&mut self, slot: usize, event: &KeptEvent, reply: &Reply, dialled: Option<Result<(), DialError>>) -> LiveEnd {
        let mut left_out: Vec<(String, String)> = Vec::new();
        let end = match reply {
            Reply::Done(outcome) => {
                left_out.extend(outcome.skipped.iter().map(|skipped| (skipped.what.clone(), skipped.why.clone())));
                LiveEnd::Done
            }
            Reply::Answer(answer) => {
                left_out.extend(answer.skipped.iter().map(|skipped| (skipped.what.clone(), skipped.why.clone())));
                let (checked, withheld) = self.checked(slot, answer);
                left_out.extend(withheld);
                LiveEnd::Answered(checked)
            }
            Reply::Dial(Some(_)) => match dialled {
                None | Some(Ok(())) => LiveEnd::Done,
                Some(Err(error)) => {
                    self.problem(slot, event.origin, ProblemKind::Rejected, format!("{}: {error}", event.title()));
                    LiveEnd::Refused(error.to_string())
                }
            },
            Reply::Dial(None) => LiveEnd::Refused("the plugin named nobody who could call".to_owned()),
        };
        for (what, why) in left_out.into_iter().take(SKIPPED) {
            let message = format!("{}: {}", cut(&what, SKIPPED_WHAT_BYTES), cut(&why, REASON_BYTES));
            self.problem(slot, event.origin, ProblemKind::Skipped, message);
        }
        end
    }

    /// Checks an answer. Returns the part that may go to UIS, and for each refused part its name and the reason.
    fn checked(&self, slot: usize, answer: &CallAnswer) -> (CheckedAnswer, Vec<(String, String)>) {
        let mut withheld = Vec::new();
        let mut forward_to = Vec::new();
        for number in &answer.forward_to {
            let usable = !number.is_empty() && number.len() <= 32 && number.bytes().all(|byte| byte.is_ascii_digit());
            if usable && forward_to.len() < FORWARD_TO {
                forward_to.push(number.clone());
            } else {
                withheld.push((
                    "number to forward to".into(),
                    format!("{number:?} does not consist of 1 to 32 digits, or exceeds the limit of {FORWARD_TO} numbers"),
                ));
            }
        }
        let Some(card) = &answer.card else { return (CheckedAnswer { forward_to, card: None }, withheld) };
        let connection = self.slots[slot].integration.connections.get(&card.connection);
        let mut own = |what: &str, link: &str| {
            let checked = connection
                .ok_or_else(|| format!("there is no connection {:?}", card.connection))
                .and_then(|connection| connection.own_link(link));
            checked.map_err(|why| withheld.push((what.to_owned(), why))).ok()
        };
        let url = card.url.as_ref().and_then(|link| own("link to the customer", link));
        let orders = card.orders.iter().take(CARD_ORDERS).filter_map(|order| {
            let url = own("link to an order", &order.url)?;
            Some(CheckedOrder { url, name: order.name.clone(), status: order.status.clone() })
        });
        let orders = orders.collect();
        (CheckedAnswer { forward_to, card: Some(CheckedCard { name: card.name.clone(), url, orders }) }, withheld)
    }
}
