//! The RetailCRM integration of UIS telephony.
//!
//! Everything is plain Rust behind one port, [`platform::Platform`], and runs natively as well as in a component:
//! `component.rs` alone knows that it is one. A reader looking for a behaviour finds it by the name of the room:
//!
//! | room | what |
//! |---|---|
//! | [`setup`] | what the plugin is and needs; activation: the module's registration in RetailCRM |
//! | [`settings`] | the settings, their schema and their checks |
//! | [`employees`] | which UIS employee is which RetailCRM user |
//! | [`appeals`] | what follows from a call, a chat or a site request: customer, order, task, fields |
//! | [`telephony`] | calls: caller card and forwarding, pop-ups, history, recordings, reconciliation |
//! | [`texts`] | site requests and chats |
//! | [`deals`] | orders that become deals of UIS |
//! | [`rules`] | partners' rules, asked before something is sent |
//! | [`workplace`] | the operator's workplace inside RetailCRM |
//! | [`retailcrm`] | RetailCRM's API v5: one client, one file per area |
//! | [`handlers`] | one function per event of the contract |

pub mod appeals;
pub mod bindings;
#[cfg(target_arch = "wasm32")]
mod component;
pub mod deals;
pub mod employees;
pub mod extra_fields;
#[cfg(test)]
pub(crate) mod fake;
pub mod handlers;
pub mod json;
pub mod links;
pub mod memory;
pub mod outcome;
pub mod phone;
pub mod platform;
pub mod reports;
pub mod retailcrm;
pub mod rules;
pub mod settings;
pub mod setup;
pub mod shops;
pub mod telephony;
pub mod template;
pub mod texts;
pub mod time;
pub mod workplace;
pub mod worktime;
