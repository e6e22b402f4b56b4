//! RetailCRM's API v5 as a stateful server: RetailCRM's rules and habits as an integration meets them, without an account.
//!
//! The rooms stand on floors. A room imports only from itself and from rooms on lower floors; rooms on one floor do not import each
//! other. This table is the source of truth: a test reads it and the imports.
//!
//! | floor | room | what |
//! |---|---|---|
//! | 1 | [`entity`] | entities as maps, and how their members are read |
//! | 1 | [`phone`] | when two phones are equal, and an index of digits |
//! | 1 | [`faults`] | the plan of faults: which request goes wrong, and how |
//! | 2 | [`wire`] | what goes over the wire: parameters in, answers and errors out |
//! | 2 | [`history`] | records of what happened to entities, and who did it |
//! | 3 | [`limits`] | how many requests a key may make |
//! | 3 | [`triggers`] | what the account's triggers want requested when something happens |
//! | 4 | [`account`] | how an account begins: its users, shops, customers, settings, reference books |
//! | 5 | `money` | an order's sums |
//! | 6 | [`state`] | the account's entities, and the requests that it makes |
//! | 7 | `context` | the context of one request to the API: the account, the request, the actor, the time |
//! | 7 | [`callbacks`] | the requests that modules asked for, and who carries requests out |
//! | 8 | `rules` | what an entity may hold, what a filter finds, what a change is called, which shop a request is about |
//! | 9 | `api` | the API's methods, one file per area, and the table of them |
//! | 10 | [`simulator`] | a running account: state, limits, faults, clock, late commits |
//! | 11 | `server` | the API over HTTP: faults, keys, limits, scopes |
//! | 12 | `control` | looking into the account and acting in it, under `/_simulator` |
//! | 12 | `pages` | the CRM's own pages, as far as modules have places in them |
//! | 13 | `router` | everything that the account answers at its address |
//! | 14 | [`program`] | the program: its options, its listener, its log |

pub mod account;
pub(crate) mod api;
pub mod callbacks;
pub(crate) mod context;
pub(crate) mod control;
pub mod entity;
pub mod faults;
pub mod history;
pub mod limits;
pub(crate) mod money;
pub(crate) mod pages;
pub mod phone;
pub mod program;
pub(crate) mod router;
pub(crate) mod rules;
pub(crate) mod server;
pub mod simulator;
pub mod state;
pub mod triggers;
pub mod wire;

pub use account::{Account, AccountError};
pub use callbacks::Carrier;
pub use faults::Faults;
pub use simulator::{AccountSetup, Clock, Simulator};
pub use state::outgoing::Outgoing;
