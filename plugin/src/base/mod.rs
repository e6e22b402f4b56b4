//! What every room may use and what knows neither RetailCRM nor a setting: texts, numbers, what is stored between events, shorthands for answers.
//!
//! | file | what |
//! |---|---|
//! | [`json`] | reading and writing JSON |
//! | [`stored`] | values that are kept between events |
//! | [`outcome`] | shorthands for what handlers answer |
//! | [`phone`] | phone numbers as keys |
//! | [`links`] | links and domains that others wrote |
//! | [`template`] | names by template; texts that are fit for the CRM |
//! | [`local_time`] | local times as text |
//! | [`timers`] | setting timers |

pub mod json;
pub mod links;
pub mod local_time;
pub mod outcome;
pub mod phone;
pub mod stored;
pub mod template;
pub mod timers;
