//! A plain service of axum over the plugin's logic, as an engineer would write it for one company: no component, no host library, no store on
//! disk. It is one of the peers that `benches/peers` compares with the gateway.
//!
//! | room | what |
//! |---|---|
//! | [`uis`] | the UIS account's file; UIS's bodies as the plugin's events |
//! | [`state`] | stored values and timers, in memory |
//! | [`crm`] | requests to RetailCRM over a pool of connections |
//! | [`platform`] | the plugin's port, over the three above |
//! | [`service`] | events in order per customer, retries, the HTTP addresses |
//! | [`program`] | the options of the program |

pub mod crm;
pub mod platform;
pub mod program;
pub mod service;
pub mod state;
pub mod uis;
