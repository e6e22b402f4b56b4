//! The UIS side of an integration: an account in memory that implements the UIS ports of [`uis_host`].
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
//! | 2 | [`rows`] | deals as rows of the Data API |
//! | 3 | [`account`] | the state of one account |
//! | 4 | [`simulated`] | the account as an implementation of the host's ports |

pub mod account;
pub mod deals;
pub mod points;
pub mod report;
pub mod rows;
pub mod simulated;

pub use account::{Account, AccountState, DEFAULT_CLIENT_ID};
pub use simulated::SimulatedAccount;
