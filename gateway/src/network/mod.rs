//! Requests to remote systems: the CRM's API, and UIS's Call API.
//!
//! | file | what |
//! |---|---|
//! | [`egress`] | the host's port for requests to the CRM, over HTTP |
//! | [`call_api`] | starting calls over the Call API |
//! | [`dials`] | a dial order is on disk before it is sent, and never sent twice |

pub mod call_api;
pub mod dials;
pub mod egress;

pub use crate::config::is_local;
