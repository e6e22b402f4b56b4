//! The API's methods: one file per area, and the table that names them with their paths and scopes. A method works with a
//! [`Context`](crate::context::Context) and knows nothing of HTTP.

mod corporate;
mod custom_fields;
mod customers;
mod endpoints;
mod general;
mod history;
mod modules;
mod notifications;
mod orders;
mod reference;
mod tasks;
mod telephony;
mod users;

pub(crate) use customers::remove as remove_customer;
pub(crate) use endpoints::{ENDPOINTS, Endpoint};
pub(crate) use orders::{move_to as move_order, remove as remove_order};
pub(crate) use reference::remove_status;
pub(crate) use tasks::remove as remove_task;
pub(crate) use users::remove as remove_user;
