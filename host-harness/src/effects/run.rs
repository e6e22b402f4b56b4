//! One run of a handler, and the effects that follow from its steps.

use std::collections::BTreeSet;

use uis_host::bindings::uis::integration::types::Failure;
use uis_host::event::{Event, Reply};
use uis_host::ports::{Entry, Outcome};
use uis_host::trace::{Answer, Step};

use super::causes::{self, Made};
use super::requests::{self, Written};
use super::{Cause, Decision, Effect, EffectResult, Kind, Subject, System, failures};

/// One run of a handler.
#[derive(Debug, Clone)]
pub struct Run {
    /// When the handler ended, in milliseconds since 1970.
    pub at: i64,
    /// The same as RFC 3339 in the account's time zone.
    pub shown_at: String,
    /// The delivery id: the same in every attempt.
    pub id: String,
    /// The integration's name; none if there is only one.
    pub integration: Option<String>,
    /// The event.
    pub event: Event,
    /// The event and the handler, without decisions.
    pub cause: Cause,
    /// The handler's steps.
    pub steps: Vec<Step>,
    /// The result.
    pub outcome: Outcome,
    /// Fuel used; none when the plugin runs natively.
    pub fuel: Option<u64>,
    /// Whom and what the event is about.
    pub about: BTreeSet<Subject>,
    /// The effects, in order.
    pub effects: Vec<Effect>,
}

/// What is known of the event that set a timer.
#[derive(Debug, Clone)]
pub(super) struct SetBy {
    pub(super) event: String,
    pub(super) about: BTreeSet<Subject>,
}

impl Run {
    /// The run of an entry. `set_by` is the event that set the timer, if the event is a timer.
    pub(super) fn of(entry: Entry<'_>, shown_at: String, set_by: Option<&SetBy>) -> Run {
        let mut about = about(entry.event);
        about.extend(set_by.into_iter().flat_map(|by| by.about.iter().cloned()));
        let cause = Cause {
            line: entry.origin.0,
            event: entry.what.to_owned(),
            subject: entry.event.subject(),
            handler: entry.event.handler().to_owned(),
            attempt: entry.attempt,
            set_by: set_by.map(|by| by.event.clone()),
            decisions: Vec::new(),
        };
        let mut run = Run {
            at: entry.at,
            shown_at,
            id: entry.id.to_owned(),
            integration: (!entry.alone).then(|| entry.integration.to_owned()),
            event: entry.event.clone(),
            cause,
            steps: entry.trace,
            outcome: entry.outcome,
            fuel: entry.fuel,
            about,
            effects: Vec::new(),
        };
        run.effects = run.find_effects();
        run
    }

    /// Whether the run is a timer that found nothing to do.
    pub fn is_idle_timer(&self) -> bool {
        let silent = |step: &Step| match step {
            Step::Stored { .. } | Step::TimerCancelled { .. } | Step::Decision { .. } => true,
            Step::Request { method, answer: Answer::Response { status: 200, .. }, .. } => method == "GET",
            _ => false,
        };
        let done = matches!(&self.outcome, Outcome::Accepted(Reply::Done(done)) if done.skipped.is_empty());
        matches!(self.event, Event::TimerDue(_)) && done && self.steps.iter().all(silent)
    }

    /// Whether the run failed and its event waits for another attempt.
    pub fn comes_again(&self) -> bool {
        matches!(&self.outcome, Outcome::Failed(_, Some(_)) | Outcome::Failed(Failure::Suspended(_), None))
    }

    fn find_effects(&self) -> Vec<Effect> {
        let made = causes::decisions(&self.steps);
        let written: Vec<(usize, Written)> = self
            .steps
            .iter()
            .enumerate()
            .flat_map(|(at, step)| requests::written(step).into_iter().map(move |written| (at, written)))
            .chain(self.replied().map(|written| (self.steps.len(), written)))
            .collect();
        let writes: Vec<(usize, String)> = written.iter().map(|(at, written)| (*at, written.entity.clone())).collect();
        let mut effects: Vec<(usize, Effect)> = written
            .into_iter()
            .map(|(at, written)| {
                let decisions = causes::of_effect(&written, at, &made, &writes);
                (at, self.effect(written, decisions))
            })
            .collect();
        effects.extend(made.iter().filter(|one| one.decision.verdict == "left out").map(|one| (one.step, self.left_out(one))));
        effects.sort_by_key(|(at, _)| *at);
        let mut effects: Vec<Effect> = effects.into_iter().map(|(_, effect)| effect).collect();
        effects.extend(self.skipped(&made));
        effects.extend(self.failed());
        effects
    }

    fn effect(&self, written: Written, decisions: Vec<Decision>) -> Effect {
        let Written { system, entity, verb, id, result, what, mut about } = written;
        about.extend(self.about.iter().cloned());
        Effect {
            at: self.shown_at.clone(),
            integration: self.integration.clone(),
            system,
            entity,
            verb,
            id,
            result,
            what,
            about,
            count: 1,
            until: None,
            cause: Cause { decisions, ..self.cause.clone() },
        }
    }

    fn nothing(entity: &str, verb: &str, result: EffectResult, what: String) -> Written {
        let (entity, verb, about) = (entity.to_owned(), verb.to_owned(), Subject::named_in(&what).collect());
        Written { system: System::None, entity, verb, id: None, result, what, about }
    }

    /// A decision against something.
    fn left_out(&self, made: &Made) -> Effect {
        let decision = &made.decision;
        let entity = causes::entity_of(&decision.subject).unwrap_or("appeal");
        let mut written = Run::nothing(entity, "left out", EffectResult::LeftOut, decision.subject.clone());
        // "Task 12 is open" belongs to the story of task 12.
        written.about.extend(Subject::named_in(&decision.why));
        self.effect(written, vec![decision.clone()])
    }

    /// What the handler reported as skipped. A rule's refusal is a decision already.
    fn skipped(&self, made: &[Made]) -> Vec<Effect> {
        let skipped = match &self.outcome {
            Outcome::Accepted(Reply::Done(done)) => done.skipped.as_slice(),
            Outcome::Accepted(Reply::Answer(answer)) => answer.skipped.as_slice(),
            _ => &[],
        };
        let is_new = |why: &str| !made.iter().any(|one| one.decision.verdict == "left out" && why.ends_with(&one.decision.why));
        let as_decision = |what: &str, why: &str| Decision {
            subject: what.to_owned(),
            decided_by: String::new(),
            verdict: "left out".into(),
            why: why.to_owned(),
        };
        skipped
            .iter()
            .filter(|skipped| is_new(&skipped.why))
            .map(|skipped| {
                let entity = causes::entity_of(&skipped.what).unwrap_or("appeal");
                let written = Run::nothing(entity, "left out", EffectResult::LeftOut, skipped.what.clone());
                self.effect(written, vec![as_decision(&skipped.what, &skipped.why)])
            })
            .collect()
    }

    /// What the reply makes UIS do.
    fn replied(&self) -> Option<Written> {
        let (entity, verb, what, about) = match &self.outcome {
            Outcome::Accepted(Reply::Answer(answer)) => ("answer", "sent", failures::answer(answer), None),
            Outcome::Accepted(Reply::Dial(Some(order))) => {
                ("dial order", "sent", failures::dial(order), Some(Subject::phone(&order.contact)))
            }
            _ => return None,
        };
        let (entity, verb) = (entity.to_owned(), verb.to_owned());
        Some(Written { system: System::Uis, entity, verb, id: None, result: EffectResult::Done, what, about: about.into_iter().collect() })
    }

    fn failed(&self) -> Option<Effect> {
        let why = failures::failure(&self.outcome)?;
        Some(self.effect(Run::nothing("event", "failed", EffectResult::Failed, why), Vec::new()))
    }
}

/// Whom and what an event is about.
fn about(event: &Event) -> BTreeSet<Subject> {
    let mut about = BTreeSet::new();
    if let Some(call) = event.call() {
        about.insert(Subject::new(Kind::Call, call.session_id));
        about.extend(call.contact.as_ref().map(|number| Subject::phone(&number.digits)));
        return about;
    }
    if let Some(chat) = event.chat() {
        about.insert(Subject::new(Kind::Chat, chat.chat_id));
        about.extend(chat.visitor.phone.as_ref().map(|number| Subject::phone(&number.digits)));
        return about;
    }
    match event {
        Event::SiteRequest(event) => {
            about.insert(Subject::new(Kind::Request, event.communication_id));
            about.extend(event.phone.as_ref().map(|number| Subject::phone(&number.digits)));
        }
        Event::TagsChanged(event) => {
            about.extend(Subject::named_in(&format!("{:?} {}", event.communication, event.communication_id)));
            about.extend(event.contact.as_ref().map(|number| Subject::phone(&number.digits)));
        }
        Event::ClickToCall(event) => {
            let phone = event.parameters.iter().find(|(name, _)| name == "phone");
            about.extend(phone.map(|(_, phone)| Subject::phone(phone)));
        }
        Event::OrderWebhook(event) => {
            let is_id = |value: &&String| !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
            let id = event.parameters.iter().filter(|(name, _)| name.to_lowercase().contains("order")).map(|(_, value)| value).find(is_id);
            about.extend(id.map(|id| Subject::new(Kind::Order, id)));
        }
        Event::TimerDue(event) => about.extend(timer(&event.name)),
        Event::Erase(who) => about.extend(who.phones.iter().map(|number| Subject::phone(number))),
        _ => {}
    }
    about
}

/// The communication in a timer's name, such as `store-call/998678016`.
fn timer(name: &str) -> Vec<Subject> {
    Subject::named_in(name).filter(|subject| subject.kind.is_communication()).collect()
}
