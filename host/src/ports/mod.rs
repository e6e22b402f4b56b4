//! The ports: what the host needs from outside and does not implement itself. Whoever embeds the library brings an implementation of each,
//! or takes the ones in memory.
//!
//! | port | what stands behind it |
//! |---|---|
//! | [`Directory`] | the UIS account: people, numbers, chat channels |
//! | [`Reports`] | UIS's own reports of calls, chats and site requests |
//! | [`DealsApi`] | UIS's funnels, deals and their contacts |
//! | [`Dialler`] | starting calls in UIS |
//! | [`Store`] | what must survive a restart: waiting events, plugins' storage, timers |
//! | [`Egress`] | the way to a remote system |
//! | [`Clock`](crate::clock::Clock) | the present |
//! | [`Observer`] | whoever watches what the dispatch does |
//! | [`Turns`] | in which order lanes get their turns, where somebody draws it |
//! | [`Decisions`] | the answers of partners' rules; the library's own rooms fill it |
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
pub use egress::{Egress, EgressError};
pub use observer::{Entry, Observer, Outcome, Problem, ProblemKind, Silent};
pub use store::{Answer, End, IntegrationState, KeptEvent, Origin, SetTimer, StorageWrite, Store, StoreError, TimerRoom};
pub use turns::Turns;
