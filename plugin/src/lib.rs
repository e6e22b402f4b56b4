//! The RetailCRM integration of UIS telephony.
//!
//! All logic is plain Rust behind one port, [`platform::Platform`]. It runs natively as well as inside a component; only `component.rs`
//! knows about the component. Each top-level module is a room, named after the behaviour it holds.
//!
//! A room may import itself and rooms of lower floors, never another room of its own floor or a room above. A test reads the table below
//! and checks this.
//!
//! | floor | room | what |
//! |---|---|---|
//! | 1 | [`bindings`] | the contract's types, generated |
//! | 2 | [`platform`] | the port: everything that the logic may request from outside |
//! | 3 | `fake` | a platform for unit tests |
//! | 4 | [`base`] | texts, numbers, links, stored values, timers, shorthands for answers |
//! | 5 | [`retailcrm`] | RetailCRM's API v5: one client, one file per area |
//! | 5 | [`uis`] | UIS's directory and UIS's own reports |
//! | 6 | [`settings`] | the settings, their schema and their checks |
//! | 7 | [`crm_state`] | what is stored about RetailCRM between events |
//! | 8 | [`context`] | what the handling of one event needs: the port, RetailCRM, the settings, decoded once |
//! | 9 | [`appeal`] | a call, a chat or a site request: types |
//! | 10 | [`rules`] | partners' rules, called before something is sent |
//! | 11 | [`appeals`] | what follows from an appeal: customer, order, task, fields |
//! | 12 | [`telephony`] | calls: caller card and forwarding, pop-ups, history, recordings, reconciliation |
//! | 12 | [`texts`] | site requests and chats |
//! | 12 | [`deals`] | orders that become deals of UIS |
//! | 12 | [`employees`] | which UIS employee is which RetailCRM user |
//! | 12 | [`workplace`] | the operator's workplace inside RetailCRM |
//! | 13 | [`setup`] | what the plugin is and needs; activation: the module's registration in RetailCRM |
//! | 14 | [`handlers`] | one function per event of the contract |
//! | 15 | `component` | the adapter between the contract and the port |

pub mod appeal;
pub mod appeals;
pub mod base;
pub mod bindings;
#[cfg(target_arch = "wasm32")]
mod component;
pub mod context;
pub mod crm_state;
pub mod deals;
pub mod employees;
#[cfg(test)]
pub(crate) mod fake;
pub mod handlers;
pub mod platform;
pub mod retailcrm;
pub mod rules;
pub mod settings;
pub mod setup;
pub mod telephony;
pub mod texts;
pub mod uis;
pub mod workplace;
