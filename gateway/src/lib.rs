//! The host as a service: what runs between a company's UIS and RetailCRM accounts. The program `uis-gateway` uses it.
//!
//! | floor | room | what |
//! |---|---|---|
//! | 1 | [`audit`] | entries of the audit log, and in whose name something is done |
//! | 1 | [`config`] | the process's configuration file |
//! | 1 | [`privacy`] | personal data: finding a person, masking, pseudonyms, and what is remembered of an erasure |
//! | 1 | [`secrets`] | references to secrets, sealed secrets, random secrets and hashed tokens |
//! | 1 | [`requests`] | a request as it came, and the events of a notification |
//! | 2 | [`control`] | what an administrator can ask of the gateway |
//! | 2 | [`store`] | the store: one SQLite file |
//! | 3 | [`export`] | a recording from life |
//! | 3 | [`network`] | requests to remote systems |
//! | 3 | [`uis`] | a UIS account over its APIs |
//! | 3 | [`observe`] | logs, metrics, captures |
//! | 4 | [`setup`] | what to enter in UIS and in the CRM |
//! | 4 | [`checks`] | what a support engineer would look at first, with what to do about it |
//! | 5 | [`integrations`] | the integrations in the store, and what runs of them |
//! | 6 | [`service`] | the running gateway |
//! | 7 | [`intake`] | HTTP in |
//! | 7 | [`admin`] | the administrator's listener and its client |

pub mod admin;
pub mod audit;
pub mod checks;
pub mod config;
pub mod control;
pub mod export;
pub mod intake;
pub mod integrations;
pub mod network;
pub mod observe;
pub mod privacy;
pub mod requests;
pub mod secrets;
pub mod service;
pub mod setup;
pub mod store;
pub mod uis;
