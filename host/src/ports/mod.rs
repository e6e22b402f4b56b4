//! The ports: interfaces to everything that the host needs and does not implement itself. A program that embeds the library implements each
//! port, or uses the implementations in memory.
//!
//! | port | what it gives access to |
//! |---|---|
//! | [`Directory`] | the UIS account: employees, numbers, chat channels |
//! | [`Reports`] | UIS's reports of calls, chats and site requests |
//! | [`DealsApi`] | UIS's sales funnels, deals and their contacts |
//! | [`Dialler`] | starting calls in UIS |
//! | [`Store`] | everything that must survive a restart: waiting events, plugins' storage, timers |
//! | [`Egress`] | sending requests to a remote system |
//! | [`Clock`] | the current time |
//! | [`Observer`] | logs, metrics and reports of what the dispatch does |
//! | [`Turns`] | the order of concurrent handlers, when a replay draws it |
//! | [`Decisions`] | the decisions of partners' rules; implemented by [`RuleSet`](crate::rules::RuleSet) |
//!
//! Every port has a conformance suite in [`suites`](crate::suites), which each implementation must pass.

mod account;
mod decisions;
mod egress;
mod observer;
mod store;
mod turns;

pub use crate::clock::Clock;
pub use account::{Absent, DealsApi, DialError, Dialler, Directory, ReportPage, Reports};
pub use decisions::{Decisions, NoRules, RuleContext};
pub use egress::{Egress, EgressError, SentBy};
pub use observer::{Entry, Observer, Outcome, Problem, ProblemKind, Silent};
pub use store::{Answer, DeadLetter, End, IntegrationState, KeptEvent, Origin, SetTimer, StorageWrite, Store, StoreError, TimerRoom};
pub use turns::Turns;
