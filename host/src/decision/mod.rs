//! The decision points at which partners' rules are asked, and what a rule changed.

mod change;

pub use change::{Change, changes, shown};

use serde::{Deserialize, Serialize};

/// A decision point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Point {
    /// The assignee of a customer, order or task.
    Responsible,
    /// A draft before it is sent.
    Draft,
    /// Where an incoming call goes.
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

/// What the rules answered about one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleVerdict {
    /// The rule left the thing as it is.
    Keep,
    /// The rule changed it. The text names the fields that rules must not change and that stayed as they were.
    Change(Option<String>),
    /// The rule asked for nothing to be made; with its reason, one line.
    Skip(String),
    /// The rule gave no answer; why.
    NoAnswer(String),
    /// The rule failed too often and is not asked any more; why.
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
