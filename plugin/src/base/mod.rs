//! What every room may use and what knows neither RetailCRM nor a setting: texts, numbers, what is stored between events, shorthands for answers.
//!
//! | file | what |
//! |---|---|
//! | [`json`] | reading and writing JSON |
//! | [`keys`] | the keys of what is kept between events |
//! | [`stored`] | values that are kept between events, in their envelopes |
//! | [`digest`] | digests that are kept between events |
//! | [`appeal_id`] | the id of an appeal |
//! | [`outcome`] | shorthands for what handlers answer |
//! | [`phone`] | phone numbers as keys |
//! | [`links`] | links and domains that others wrote |
//! | [`template`] | names by template; texts that are fit for the CRM |
//! | [`local_time`] | local times as text |
//! | [`timers`] | timers' names; setting them |

pub mod appeal_id;
pub mod digest;
pub mod json;
pub mod keys;
pub mod links;
pub mod local_time;
pub mod outcome;
pub mod phone;
pub mod stored;
pub mod template;
pub mod timers;
