//! Partners' rules: components that nobody has to trust. They decide about drafts, deals, routing and responsibility; a rule imports nothing,
//! runs in a fresh store of its own within limits of its own, and when it fails the plugin goes on as if it were not there.
//!
//! | file | what |
//! |---|---|
//! | [`limits`] | what a rule may use up |
//! | [`sandbox`] | the rules' engine: loading, checking, running one |
//! | [`faults`] | why a component is no rule, and why one was not heard |
//! | [`aside`] | where slow rules run |
//! | [`quarantine`] | rules that keep failing |
//! | [`settle`] | what a rule gave back, brought to what may be sent |
//! | [`explain`] | what a rule changed, field by field |
//! | [`set`] | the account's rules, in their order |

pub mod aside;
pub mod bindings;
pub mod explain;
pub mod faults;
pub mod limits;
pub mod quarantine;
pub mod sandbox;
pub mod set;
pub mod settle;

pub use set::{RuleFile, RuleSet};

use serde::{Deserialize, Serialize};

/// A decision point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Point {
    /// Who is responsible.
    Responsible,
    /// A draft before it is sent.
    Draft,
    /// Where an incoming call goes.
    Routing,
    /// A deal before it is uploaded.
    Deal,
}

impl Point {
    /// All of them, with the interface that a rule exports for each.
    pub const ALL: [(Point, &'static str); 4] = [
        (Point::Responsible, "uis:integration/rule-responsible"),
        (Point::Draft, "uis:integration/rule-draft"),
        (Point::Routing, "uis:integration/rule-routing"),
        (Point::Deal, "uis:integration/rule-deal"),
    ];

    /// As people read it.
    pub fn name(self) -> &'static str {
        match self {
            Point::Responsible => "responsible",
            Point::Draft => "draft",
            Point::Routing => "routing",
            Point::Deal => "deal",
        }
    }
}
