//! What is stored about RetailCRM between events. It is read again when the integration is switched on, and every two hours after that.
//!
//! | file | what |
//! |---|---|
//! | [`zone`] | the account's time zone, and instants in it |
//! | [`statuses`] | order statuses |
//! | [`shops`] | shops: «Магазины», «Основной магазин» |
//! | [`working_hours`] | working hours and days off |
//! | [`known_fields`] | custom fields |
//! | [`active_users`] | users who can be assignees |
//! | [`employee_links`] | which employee is which user |
//! | [`switch`] | whether RetailCRM switched the integration off |
//! | [`module`] | how the module was last registered |
//! | [`outage`] | something else answers in RetailCRM's place |

pub mod active_users;
pub mod employee_links;
pub mod known_fields;
pub mod module;
pub mod outage;
pub mod shops;
pub mod statuses;
pub mod switch;
pub mod working_hours;
pub mod zone;
