//! The UIS side of an integration: an account in memory, behind the ports that [`uis_host`] asks a UIS account for.
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
//! | 1 | [`points`] | how many points the Data API lets an account use |
//! | 1 | [`deals`] | deals with the Data API's rules |
//! | 1 | [`report`] | UIS's own reports of calls, chats and site requests |
//! | 2 | [`rows`] | deals by the Data API's names |
//! | 3 | [`account`] | one account as it stands |
//! | 4 | [`simulated`] | the account behind the host's ports |

pub mod account;
pub mod deals;
pub mod points;
pub mod report;
pub mod rows;
pub mod simulated;

pub use account::{Account, AccountState, DEFAULT_CLIENT_ID};
pub use simulated::SimulatedAccount;
