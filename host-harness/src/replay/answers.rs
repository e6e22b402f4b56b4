//! What a handler's answer asks of UIS, checked before UIS sees it.

use serde_json::{Value, json};

use super::Replay;
use super::entry::Outcome;
use super::inbox::Pending;
use super::report::ProblemKind;
use crate::bindings::uis::integration::call_events::{CallAnswer, DialOrder};
use crate::event::{Event, Reply};
use crate::integration::lock;
use crate::plugin::limits::{CARD_ORDERS, FORWARD_TO, SKIPPED, TOLD_WHAT_BYTES, TOLD_WHY_BYTES, cut};

impl Replay<'_> {
    /// Does what a handler's answer asks of UIS.
    pub(super) fn carry_out(&mut self, seat: usize, pending: &Pending, reply: Reply) -> Outcome {
        let mut told = Vec::new();
        match &reply {
            Reply::Done(outcome) => told.extend(outcome.skipped.iter().map(|skipped| (skipped.what.clone(), skipped.why.clone()))),
            Reply::Answer(answer) => {
                told.extend(answer.skipped.iter().map(|skipped| (skipped.what.clone(), skipped.why.clone())));
                if let Event::IncomingCall(event) = &pending.event {
                    let (forward_to, card, withheld) = self.checked_answer(seat, answer);
                    told.extend(withheld);
                    self.answer(event.call.session_id, &forward_to, card);
                }
            }
            Reply::Dial(Some(order)) => self.dial(order),
            Reply::Dial(None) => {}
        }
        for (what, why) in told.into_iter().take(SKIPPED) {
            let (what, why) = (cut(&what, TOLD_WHAT_BYTES), cut(&why, TOLD_WHY_BYTES));
            let message = self.whose(seat, format!("{what}: {why}"));
            self.report.problem(pending.line, ProblemKind::Skipped, message);
        }
        Outcome::Accepted(reply)
    }

    /// What of an answer reaches UIS: numbers that are numbers, links to the connection's own host.
    fn checked_answer(&self, seat: usize, answer: &CallAnswer) -> (Vec<String>, Value, Vec<(String, String)>) {
        let mut withheld = Vec::new();
        let mut forward_to = Vec::new();
        for number in &answer.forward_to {
            let usable = !number.is_empty() && number.len() <= 32 && number.bytes().all(|byte| byte.is_ascii_digit());
            if usable && forward_to.len() < FORWARD_TO {
                forward_to.push(number.clone());
            } else {
                withheld
                    .push(("number to forward to".into(), format!("{number:?} is not 1 to 32 digits, or beyond the first {FORWARD_TO}")));
            }
        }
        let Some(card) = &answer.card else { return (forward_to, Value::Null, withheld) };
        let connection = self.seats[seat].integration.connections.get(&card.connection);
        let mut own = |what: &str, link: &str| {
            let checked = connection
                .ok_or_else(|| format!("there is no connection {:?}", card.connection))
                .and_then(|connection| connection.own_link(link));
            checked.map_err(|why| withheld.push((what.to_owned(), why))).ok()
        };
        let url = card.url.as_ref().and_then(|link| own("link to the customer", link));
        let orders: Vec<Value> = card
            .orders
            .iter()
            .take(CARD_ORDERS)
            .filter_map(|order| Some(json!({"url": own("link to an order", &order.url)?, "name": order.name, "status": order.status})))
            .collect();
        (forward_to, json!({"name": card.name, "url": url, "orders": orders}), withheld)
    }

    pub(super) fn answer(&mut self, session: i64, forward_to: &[String], card: Value) {
        let at = self.shown(self.now());
        lock(&self.account).answers.push(json!({"at": at, "call_session_id": session, "forward_to": forward_to, "card": card}));
    }

    pub(super) fn dial(&mut self, order: &DialOrder) {
        let at = self.shown(self.now());
        lock(&self.account).dial(&at, order);
    }
}
