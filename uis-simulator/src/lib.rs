//! The UIS side of an integration: an account in memory that implements the UIS ports of [`uis_host`]. With the feature `server` (on by
//! default) the account is also a server with UIS's Data API and Call API, and there is a program, `uis-simulator`.
//!
//! ```
//! use std::sync::Arc;
//!
//! use uis_host::clock::VirtualClock;
//! use uis_host::integration::UisAccount;
//! use uis_simulator::{Account, SimulatedAccount};
//!
//! let account = SimulatedAccount::new(Account { name: "Shop".into(), ..Account::default() }, Arc::new(VirtualClock::default()));
//! let ports = UisAccount::of(Arc::new(account));
//! # let _ = ports;
//! ```
//!
//! | floor | room | what |
//! |---|---|---|
//! | 1 | [`points`] | the Data API's limit of points |
//! | 1 | [`deals`] | deals, with the Data API's rules |
//! | 1 | [`report`] | UIS's reports of calls, chats and site requests |
//! | 1 | [`templates`] | rendering the owner's templates of notifications |
//! | 1 | [`access`] | keys, users, sessions and lists of addresses |
//! | 1 | [`times`] | times in the account's zone |
//! | 1 | [`rpc`] | JSON-RPC: envelopes, answers, the table of errors |
//! | 1 | [`shapes`] | the tables of the APIs' methods: parameters and columns |
//! | 2 | [`rows`] | deals as rows of the Data API |
//! | 2 | `check` | parameters against a method's table |
//! | 2 | `query` | pages, order, columns and filters of lists |
//! | 2 | [`faults`] | the plan of faults: which request goes wrong, and how |
//! | 3 | [`account`] | the state of one account |
//! | 4 | [`simulated`] | the account as an implementation of the host's ports |
//! | 4 | [`stories`] | what happens in the account: UIS's events in UIS's order, and the rows of its reports |
//! | 5 | [`delivery`] | sending notifications and routing requests, and what goes wrong on the way |
//! | 5 | `context` | the context of one request |
//! | 6 | `data_api` | the methods of the Data API, one file per area |
//! | 6 | `call_api` | the methods of the Call API |
//! | 6 | `logins` | who asks: tokens, sessions, rights, components |
//! | 6 | [`play`] | playing stories and scripted days |
//! | 7 | [`twin`] | a running account: it answers requests |
//! | 8 | `control` | looking into the account and acting in it, under `/_simulator` |
//! | 9 | [`server`] | the APIs over HTTP |
//! | 10 | [`program`] | the program: its commands |

pub mod access;
pub mod account;
#[cfg(feature = "server")]
pub(crate) mod call_api;
#[cfg(feature = "server")]
pub(crate) mod check;
#[cfg(feature = "server")]
pub(crate) mod context;
#[cfg(feature = "server")]
pub(crate) mod control;
#[cfg(feature = "server")]
pub(crate) mod data_api;
pub mod deals;
#[cfg(feature = "server")]
pub mod delivery;
#[cfg(feature = "server")]
pub mod faults;
#[cfg(feature = "server")]
pub(crate) mod logins;
#[cfg(feature = "server")]
pub mod play;
pub mod points;
#[cfg(feature = "server")]
pub mod program;
#[cfg(feature = "server")]
pub(crate) mod query;
pub mod report;
pub mod rows;
#[cfg(feature = "server")]
pub mod rpc;
#[cfg(feature = "server")]
pub mod server;
#[cfg(feature = "server")]
pub mod shapes;
pub mod simulated;
pub mod stories;
pub mod templates;
pub mod times;
#[cfg(feature = "server")]
pub mod twin;

pub use account::{Account, AccountState, DEFAULT_CLIENT_ID};
pub use simulated::SimulatedAccount;
