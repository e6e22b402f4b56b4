//! The decision points at which partners' rules are evaluated, and what a rule changed.

mod change;

pub use change::{Change, changes, shown};

use serde::{Deserialize, Serialize};

/// A decision point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Point {
    /// The assignee of a customer, order or task.
    Responsible,
    /// A draft of a customer, order, task, call record or note, before it is sent.
    Draft,
    /// The numbers that an incoming call is forwarded to.
    Routing,
    /// A deal before it is uploaded.
    Deal,
}

impl Point {
    /// All points, each with the interface that a rule exports to decide it.
    pub const ALL: [(Point, &'static str); 4] = [
        (Point::Responsible, "uis:integration/rule-responsible"),
        (Point::Draft, "uis:integration/rule-draft"),
        (Point::Routing, "uis:integration/rule-routing"),
        (Point::Deal, "uis:integration/rule-deal"),
    ];

    /// The point's name as commands and reports print it.
    pub fn name(self) -> &'static str {
        match self {
            Point::Responsible => "responsible",
            Point::Draft => "draft",
            Point::Routing => "routing",
            Point::Deal => "deal",
        }
    }
}

/// A rule's answer about one subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleVerdict {
    /// The rule left the subject as it is.
    Keep,
    /// The rule changed the subject. The text lists fields that the rule changed although rules must not; these keep their values.
    Change(Option<String>),
    /// The rule decided that nothing shall be created or sent; with its reason, one line.
    Skip(String),
    /// The rule gave no answer; with the reason.
    NoAnswer(String),
    /// The rule failed too often and is not evaluated any more; with the reason.
    Quarantined(String),
}

impl std::fmt::Display for RuleVerdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            RuleVerdict::Keep => f.write_str("keep"),
            RuleVerdict::Change(None) => f.write_str("change"),
            RuleVerdict::Change(Some(unchangeable)) => write!(f, "change; not its to change, and left as it was: {unchangeable}"),
            RuleVerdict::Skip(why) => write!(f, "skip: {why}"),
            RuleVerdict::NoAnswer(why) => f.write_str(why),
            RuleVerdict::Quarantined(why) => write!(f, "quarantined: {why}"),
        }
    }
}

impl RuleVerdict {
    /// Whether the rule gave no usable answer.
    pub fn is_failure(&self) -> bool {
        matches!(self, RuleVerdict::NoAnswer(_) | RuleVerdict::Quarantined(_))
    }
}
