//! What every [`Observer`] does: it takes whatever the dispatch may report, in any order, and never panics. The dispatch would go down with it.

use super::samples;
use crate::bindings::uis::integration::call_events::{CallAnswer, CallerCard, DialOrder, OpenOrder};
use crate::bindings::uis::integration::deals::Refusal;
use crate::bindings::uis::integration::types::{Failure, Misconfiguration, Outcome as Done, RetryLater, Skipped};
use crate::decision::{Change, Point, RuleVerdict};
use crate::event::{Event, Fault, Reply};
use crate::ports::{Entry, KeptEvent, Observer, Origin, Outcome, Problem, ProblemKind};
use crate::trace::{Answer, Limit, SendErrorKind, Step, UisAnswer};

/// How many methods an observer has.
const METHODS: usize = 6;

/// Calls every method in every order, with values of all shapes: empty, huge, not ASCII, with control characters, times before and after
/// every date.
pub fn takes_everything(observer: &mut dyn Observer) {
    for text in samples::texts() {
        all_values(observer, &text);
    }
    for order in orders() {
        for method in order {
            one(observer, method);
        }
    }
}

/// Every order of the methods.
fn orders() -> Vec<Vec<usize>> {
    (0..METHODS).fold(vec![Vec::new()], |orders, next| {
        let longer = |order: Vec<usize>| {
            (0..=order.len()).map(move |at| {
                let mut order = order.clone();
                order.insert(at, next);
                order
            })
        };
        orders.into_iter().flat_map(longer).collect()
    })
}

/// Calls one method, by its number, with a small value.
fn one(observer: &mut dyn Observer, method: usize) {
    let event = samples::kept("id", Event::Activate);
    match method {
        0 => observer.entry(entry(0, "", &event.event, Vec::new(), Outcome::Accepted(Reply::Dial(None)))),
        1 => observer.note(0, Origin(0), ""),
        2 => observer.problem(Problem { integration: String::new(), origin: Origin(0), kind: ProblemKind::Trap, message: String::new() }),
        3 => observer.accepted(&event),
        4 => observer.retried(&event),
        _ => observer.rule_answered(0, Origin(0), &rule_step("", RuleVerdict::Keep)),
    }
}

/// Calls every method with every kind of value that has this text in it.
fn all_values(observer: &mut dyn Observer, text: &str) {
    for at in [samples::NOW, 0, -1, i64::MIN, i64::MAX] {
        observer.note(at, Origin(u64::MAX), text);
        observer.rule_answered(at, Origin(0), &rule_step(text, RuleVerdict::Skip(text.into())));
        observer.entry(entry(at, text, &Event::Activate, Vec::new(), Outcome::Accepted(Reply::Dial(None))));
    }
    for event in samples::events(text) {
        let event = KeptEvent { ordering_key: text.into(), what: text.into(), reason: Some(text.into()), ..samples::kept(text, event) };
        observer.accepted(&event);
        observer.retried(&event);
        observer.entry(entry(samples::NOW, text, &event.event, steps(text), Outcome::Accepted(Reply::Dial(None))));
    }
    for outcome in outcomes(text) {
        observer.entry(entry(samples::NOW, text, &Event::Action(text.into()), steps(text), outcome));
    }
    for kind in [
        ProblemKind::Unreadable,
        ProblemKind::Rejected,
        ProblemKind::Unauthorized,
        ProblemKind::Misconfigured,
        ProblemKind::Trap,
        ProblemKind::Limit,
        ProblemKind::Skipped,
        ProblemKind::Stale,
        ProblemKind::Divergence,
    ] {
        observer.problem(Problem { integration: text.into(), origin: Origin(1), kind, message: text.into() });
    }
    for step in steps(text) {
        observer.rule_answered(samples::NOW, Origin(2), &step);
    }
}

fn entry<'a>(at: i64, text: &'a str, event: &'a Event, trace: Vec<Step>, outcome: Outcome) -> Entry<'a> {
    let attempt = if at == 0 { u32::MAX } else { 1 };
    let fuel = (at != 0).then_some(u64::MAX);
    let (id, integration, what, plugin) = (text, text, text, text);
    Entry { at, id, origin: Origin(5), integration, alone: text.is_empty(), what, event, attempt, trace, outcome, plugin, fuel }
}

fn outcomes(text: &str) -> Vec<Outcome> {
    let text = || text.to_owned();
    let order = OpenOrder { url: text(), name: text(), status: text() };
    let card = CallerCard { connection: text(), name: Some(text()), url: None, orders: vec![order] };
    let dial = DialOrder {
        contact: text(),
        employee_id: i64::MIN,
        employee_phone: None,
        virtual_number: text(),
        extension: None,
        virtual_number_rule: None,
        show_virtual_number: true,
        external_id: Some(text()),
    };
    let retry = |after_ms| Failure::Retry(RetryLater { after_ms, reason: text() });
    vec![
        Outcome::Accepted(Reply::Done(Done { skipped: vec![Skipped { what: text(), why: text() }; 64] })),
        Outcome::Accepted(Reply::Done(Done { skipped: Vec::new() })),
        Outcome::Accepted(Reply::Answer(CallAnswer { card: Some(card), forward_to: vec![text()], skipped: Vec::new() })),
        Outcome::Accepted(Reply::Answer(CallAnswer { card: None, forward_to: Vec::new(), skipped: Vec::new() })),
        Outcome::Accepted(Reply::Dial(Some(dial))),
        Outcome::Failed(retry(None), None),
        Outcome::Failed(retry(Some(u32::MAX)), Some(i64::MAX)),
        Outcome::Failed(Failure::Rejected(text()), Some(i64::MIN)),
        Outcome::Failed(Failure::Unauthorized(text()), None),
        Outcome::Failed(Failure::Misconfigured(Misconfiguration { setting: text(), message: text() }), None),
        Outcome::Fault(Fault::Trap(text())),
        Outcome::Fault(Fault::Limit { name: "fuel", value: u64::MAX }),
        Outcome::Fault(Fault::Host(text())),
    ]
}

fn rule_step(text: &str, verdict: RuleVerdict) -> Step {
    let change = Change { field: text.into(), from: None, to: Some(text.into()) };
    let rule = text.to_owned();
    Step::Rule {
        rule,
        point: Point::Draft,
        about: text.into(),
        dry_run: true,
        verdict,
        changes: vec![change],
        failed: false,
        printed: Some(text.into()),
    }
}

fn steps(text: &str) -> Vec<Step> {
    let pairs = || vec![(text.to_owned(), text.to_owned()), (String::new(), String::new())];
    let request = |answer| Step::Request {
        round: u32::MAX,
        connection: text.into(),
        method: text.into(),
        path: text.into(),
        query: pairs(),
        form: pairs(),
        answer,
    };
    let refusal = Refusal { mnemonic: text.into(), message: text.into(), field: Some(text.into()), value: None };
    let uis = |answer| Step::Uis { method: text.into(), subject: text.into(), answer };
    vec![
        request(Answer::Response { status: 0, body: text.into(), retry_after: None }),
        request(Answer::Response { status: u16::MAX, body: text.into(), retry_after: Some(u32::MAX) }),
        request(Answer::Error { error: SendErrorKind::OutcomeUnknown, message: text.into() }),
        Step::Log { level: text.into(), message: text.into(), fields: pairs() },
        Step::TimerSet { name: text.into(), at: i64::MIN, every_ms: Some(u64::MAX) },
        Step::TimerSet { name: text.into(), at: i64::MAX, every_ms: None },
        Step::TimerCancelled { name: text.into() },
        Step::Stored { key: text.into(), value: Some(text.into()) },
        Step::Stored { key: text.into(), value: None },
        uis(UisAnswer::Taken),
        uis(UisAnswer::Busy(u32::MAX)),
        uis(UisAnswer::Refused(refusal)),
        rule_step(text, RuleVerdict::Keep),
        rule_step(text, RuleVerdict::Change(None)),
        rule_step(text, RuleVerdict::Change(Some(text.into()))),
        rule_step(text, RuleVerdict::NoAnswer(text.into())),
        rule_step(text, RuleVerdict::Quarantined(text.into())),
        Step::Withheld { what: text.into(), limit: Limit { name: "trace-bytes", value: 0 }, why: "" },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::Silent;
    use crate::suites::broken;

    #[test]
    fn whoever_sees_nothing_takes_everything() {
        takes_everything(&mut Silent);
    }

    /// Counts what it was called with.
    #[derive(Default)]
    struct Counter([usize; METHODS]);

    impl Observer for Counter {
        fn entry(&mut self, _: Entry<'_>) {
            self.0[0] += 1;
        }
        fn note(&mut self, _: i64, _: Origin, _: &str) {
            self.0[1] += 1;
        }
        fn problem(&mut self, _: Problem) {
            self.0[2] += 1;
        }
        fn accepted(&mut self, _: &KeptEvent) {
            self.0[3] += 1;
        }
        fn retried(&mut self, _: &KeptEvent) {
            self.0[4] += 1;
        }
        fn rule_answered(&mut self, _: i64, _: Origin, _: &Step) {
            self.0[5] += 1;
        }
    }

    #[test]
    fn every_method_is_called_in_every_order() {
        let orders = orders();
        assert_eq!((orders.len(), orders.concat().len()), (720, 720 * METHODS));
        let mut counter = Counter::default();
        takes_everything(&mut counter);
        assert!(counter.0.iter().all(|calls| *calls > 720), "{:?}", counter.0);
    }

    /// Cuts texts at a byte.
    struct Cutter;

    impl Observer for Cutter {
        fn note(&mut self, _: i64, _: Origin, text: &str) {
            let _ = &text[..text.len().min(5)];
        }
    }

    #[test]
    fn an_observer_that_panics_is_found() {
        let found = broken(async { takes_everything(&mut Cutter) });
        assert!(found.contains("char boundary"), "{found}");
    }
}
