//! A host for UIS integration plugins: it loads a component built to the contract in `wit/`, makes events of UIS's notifications, and
//! delivers them.
//!
//! The library knows the contract and UIS. It knows no remote system: what a plugin needs of one (addresses, keys' headers, rate limits,
//! callbacks) the plugin describes, so another integration loads into the same host unchanged. It has no command line, no web server and no
//! database: what it needs of those stands behind [`ports`].
//!
//! | floor | room | what |
//! |---|---|---|
//! | 1 | [`bindings`] | generated from the contract |
//! | 1 | [`sync`] | locks that survive a panic |
//! | 2 | [`limits`] | what a handler may use up |
//! | 2 | [`clock`] | the present, and time zones |
//! | 2 | [`contract`] | the contract's version and text |
//! | 2 | [`decision`] | the points that rules decide |
//! | 3 | [`event`] | events, their class of delivery and ordering key, how a handler ends |
//! | 4 | [`trace`] | what a handler did, step by step |
//! | 4 | [`notification`] | UIS's notifications, in any of their shapes, made into events |
//! | 5 | [`ports`] | what the host needs from outside |
//! | 6 | [`connection`] | remote systems: address, key, rate limits |
//! | 6 | [`endpoints`] | the integration's own addresses and their secret |
//! | 6 | [`data_api`] | rows of UIS's Data API |
//! | 6 | [`memory`] | the store in memory |
//! | 7 | [`integration`] | one integration of one account: what outlives an event |
//! | 8 | [`services`] | the contract's imports, one file each |
//! | 8 | [`assets`] | what browsers get of a plugin's files |
//! | 9 | [`plugin`] | compiling, caching and running a component; its limits |
//! | 10 | [`rules`] | partners' rules in their sandboxes |
//! | 10 | [`dispatch`] | delivery: lanes, attempts, virtual and real time |
//! | 11 | [`suites`] | the ports' conformance suites (feature `suites`) |

pub mod assets;
pub mod bindings;
pub mod clock;
pub mod connection;
pub mod contract;
pub mod data_api;
pub mod decision;
pub mod dispatch;
pub mod endpoints;
pub mod event;
pub mod integration;
pub mod limits;
pub mod memory;
pub mod notification;
pub mod plugin;
pub mod ports;
pub mod rules;
pub mod services;
#[cfg(any(test, feature = "suites"))]
pub mod suites;
pub mod sync;
pub mod trace;
