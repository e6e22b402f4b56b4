//! What every room may use and what depends neither on RetailCRM nor on settings: texts, numbers, stored values, shorthands for handlers'
//! results.
//!
//! | file | what |
//! |---|---|
//! | [`json`] | reading and writing JSON |
//! | [`keys`] | the keys of stored values |
//! | [`stored`] | stored values, in versioned envelopes |
//! | [`digest`] | digests that are stored between events |
//! | [`appeal_id`] | the id of an appeal |
//! | [`outcome`] | shorthands for handlers' results |
//! | [`phone`] | phones, and reading them by the account's country |
//! | [`links`] | links and domains from events |
//! | [`template`] | templates with parameters; texts that are safe for RetailCRM |
//! | [`local_time`] | local times as text |
//! | [`timers`] | timers' names, and setting timers |

pub mod appeal_id;
pub mod digest;
pub mod json;
pub mod keys;
pub mod links;
pub mod local_time;
pub mod outcome;
pub mod phone;
pub mod rendering;
pub mod stored;
pub mod tags;
pub mod template;
pub mod timers;
