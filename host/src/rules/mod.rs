//! Partners' rules: untrusted components that decide about drafts, deals, call routing and assignees. A rule imports nothing and runs in a
//! fresh store within its own limits. When a rule fails, the plugin continues as if the rule did not exist.
//!
//! | file | what |
//! |---|---|
//! | [`limits`] | limits of an evaluation, and of all rules together |
//! | [`sandbox`] | the rules' engine: loading, checking and evaluating a rule |
//! | `diagnostics` | what a rule printed, and its exceptions |
//! | `exports` | the decision points of a rule, under the versions of the contract that this host runs |
//! | [`faults`] | why a component was not loaded, and why a rule gave no answer |
//! | [`slow_thread`] | a thread for evaluations that take long |
//! | [`quarantine`] | counting failures; rules that keep failing are not evaluated |
//! | [`apply`] | checking and applying the fields that a rule returned |
//! | [`loaded`] | a rule that is loaded, with its failures |
//! | [`set`] | the account's rules, evaluated in the order of their names |

pub mod apply;
pub mod bindings;
mod diagnostics;
mod exports;
pub mod faults;
pub mod limits;
pub mod loaded;
pub mod quarantine;
pub mod sandbox;
pub mod set;
pub mod slow_thread;

pub use loaded::{LoadedRule, RuleFile, RuleWatch, SetEntry};
pub use set::RuleSet;
