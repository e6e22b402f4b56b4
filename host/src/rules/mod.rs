//! Partners' rules: components that nobody has to trust. They decide about drafts, deals, routing and responsibility; a rule imports nothing,
//! runs in a fresh store of its own within limits of its own, and when it fails the plugin goes on as if it were not there.
//!
//! | file | what |
//! |---|---|
//! | [`limits`] | what a rule may use up |
//! | [`sandbox`] | the rules' engine: loading, checking, running one |
//! | [`faults`] | why a component is no rule, and why one was not heard |
//! | [`slow_thread`] | where slow rules run |
//! | [`quarantine`] | rules that keep failing |
//! | [`apply`] | what a rule gave back, brought to what may be sent |
//! | [`set`] | the account's rules, in their order |

pub mod apply;
pub mod bindings;
pub mod faults;
pub mod limits;
pub mod quarantine;
pub mod sandbox;
pub mod set;
pub mod slow_thread;

pub use set::{RuleFile, RuleSet};
