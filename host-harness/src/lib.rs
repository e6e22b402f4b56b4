//! The UIS side of an integration: a host that loads a plugin built to the contract in `wit/`, and a simulated UIS platform around it.
//!
//! The library knows the contract and UIS. It knows no remote system: what a plugin needs of one (addresses, keys' headers, rate
//! limits, callbacks) the plugin describes, so another integration loads into the same host unchanged.
//!
//! | room | what |
//! |---|---|
//! | [`plugin`] | building, compiling, caching and running a component; its limits |
//! | [`services`] | the contract's imports, one file each |
//! | [`integration`] | one integration of one account: what outlives an event |
//! | [`credentials`] | access to remote systems, kept by name |
//! | [`account`] | the simulated UIS account: people, numbers, reports, what was dialled and answered |
//! | [`assets`] | what browsers get of a plugin's files |
//! | [`rules`] | partners' rules in their sandboxes |
//! | [`notification`] | UIS's notifications, in any of their shapes, made into events |
//! | [`contract`] | the contract's text |
//! | [`event`] | the events, their class of delivery and ordering key |
//! | [`recording`] | the recording format |
//! | [`replay`] | running a recording: the virtual clock, the inbox, timers, the report |

pub mod account;
pub mod assets;
pub mod bindings;
pub mod callback;
pub mod clock;
pub mod contract;
pub mod credentials;
pub mod egress;
pub mod event;
pub mod integration;
pub mod notification;
pub mod plugin;
pub mod recording;
pub mod replay;
pub mod rules;
pub mod services;
pub mod trace;
