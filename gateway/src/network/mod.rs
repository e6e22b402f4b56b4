//! Requests to remote systems.
//!
//! | file | what |
//! |---|---|
//! | [`egress`] | the host's port for requests to the CRM, over HTTP |
//! | [`reach`] | which addresses requests may reach |
//! | [`dials`] | a dial order is on disk before it is sent, and never sent twice |

pub mod dials;
pub mod egress;
pub mod reach;

pub use crate::config::is_local;
