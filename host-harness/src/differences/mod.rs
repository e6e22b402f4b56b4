//! What differs between two replays of a recording, by effect: what one of them did to a customer, an order or a task, and the other did not,
//! or did otherwise.
//!
//! Records are matched by what identifies them, not by the ids that the other systems drew: the external id, the phone, the call, the content,
//! or the event that made them. References and texts are compared after that, so `customer 17` equals `customer 18` if the two are the same
//! customer. When a record was created or changed is not compared; when a task is due or a call was is.

mod acts;
mod causes;
mod fields;
mod labels;
mod members;
mod pairs;
mod states;
mod words;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::effects::Effect;
use crate::report::Problem;

/// What came of a replay: the members of `replay --json`, read from there or put together.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Outcome {
    /// The content of the CRM, by member: `customers`, `orders`, …
    pub crm: Value,
    /// The content of UIS, by member: `deals`, `answers`, …
    pub uis: Value,
    /// All effects, in order. In [`Scope::States`] they only give the causes.
    pub effects: Vec<Effect>,
    /// All problems, in order.
    pub problems: Vec<Problem>,
}

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The states of the CRM and of UIS, the effects that do not show in them (what was left out, refused, or failed), when effects happened
    /// and what decided, and the problems.
    Everything,
    /// The states at the end alone, whichever way led there: moments at which something was sent, shown or closed are not compared.
    States,
}

/// How something differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DifferenceKind {
    /// It is there only in the first outcome.
    OnlyInA,
    /// It is there only in the second outcome.
    OnlyInB,
    /// It is there in both and is not the same.
    Changed,
}

/// Where something differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// In the state of the CRM.
    Crm,
    /// In the state of UIS.
    Uis,
    /// An effect that does not show in the states.
    Effect,
    /// A problem.
    Problem,
}

/// A difference.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// How it differs.
    pub kind: DifferenceKind,
    /// Where it differs.
    pub part: Part,
    /// The integration, or the credentials, whose account it is. Absent if there is only one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub integration: Option<String>,
    /// What it is: `task`, `customer`, …, as [`Effect::entity`]; the kind of a problem.
    pub entity: String,
    /// It, in words, as it is in the first outcome that has it.
    pub what: String,
    /// What is not the same; only if it changed.
    pub changes: Vec<Change>,
    /// It in the first outcome.
    pub a: Side,
    /// It in the second outcome.
    pub b: Side,
}

/// A field that is not the same.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// The path of the field: `datetime`, `customFields.gift`.
    pub field: String,
    /// Its value in the first outcome; `null` if it is absent.
    pub a: Value,
    /// Its value in the second outcome; `null` if it is absent.
    pub b: Value,
    /// Both in words: `due 2 hours later (2026-11-23 11:00 → 2026-11-23 13:00)`.
    pub words: String,
}

/// One side of a difference.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Side {
    /// The id in this outcome. Absent if it is not there, or has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The effect that led to it; if it is not there, the effect that says why. Absent if no effect is about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect: Option<Effect>,
}

/// All differences between two outcomes: first those of the CRM's state, then of UIS's, of other effects, and of problems. None if the outcomes
/// are the same but for ids, and for moments that follow from the way.
pub fn between(a: &Outcome, b: &Outcome, scope: Scope) -> Vec<Difference> {
    let sides = causes::Sides::new(a, b);
    let states::Compared { found, labels } = states::compare(a, b, &sides, scope);
    let rest = acts::Rest::new(&sides, &labels);
    let causes::Explained { mut differences, used } = sides.explain(found, (&rest.a, &rest.b));
    if scope == Scope::Everything {
        let open = (&rest.a - &used.0, &rest.b - &used.1);
        differences.extend(acts::effects(&sides, &labels, open, &differences));
        differences.extend(acts::problems(a, b, &labels, &differences));
    }
    differences
}
