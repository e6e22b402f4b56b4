//! A UIS account over its Data API v2.0 and Call API v4.0, as an implementation of the host's ports.
//!
//! | file | what |
//! |---|---|
//! | [`error`] | why a call failed, and what to do about it |
//! | [`points`] | points that are left, as UIS says |
//! | [`answer`] | reading an answer of JSON-RPC |
//! | [`session`] | the access token: a key, or a session that begins with a login |
//! | [`rpc`] | calls of one API |
//! | [`rows`] | rows of the Data API as records of the contract |
//! | [`lists`] | reading whole lists, and keeping them for a while |
//! | [`times`] | times in the account's zone |
//! | [`written`] | records of the reports as rows again |
//! | [`client`] | one account: its APIs and lists |
//! | [`directory`] | employees, numbers, channels, tags, sites, advertising |
//! | [`pages`] | pages of a report by a cursor |
//! | [`columns`] | the columns that reports are asked for |
//! | [`reports`] | finished calls and chats, site requests, transcripts |
//! | [`deal_params`] | deals as parameters |
//! | [`deals`] | funnels, contacts, deals |
//! | [`dialler`] | starting calls |

pub mod answer;
pub mod client;
pub mod columns;
pub mod deal_params;
pub mod deals;
pub mod dialler;
pub mod directory;
pub mod error;
pub mod lists;
pub mod pages;
pub mod points;
pub mod reports;
pub mod rows;
pub mod rpc;
pub mod session;
pub mod times;
pub mod written;

use std::sync::Arc;

use chrono_tz::Tz;
use url::Url;

pub use client::Client;
pub use dialler::CallApi;
pub use rpc::Rpc;
pub use session::Credentials;

/// What no documented method of UIS gives, so the owner configures it.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// The account's time zone until UIS has answered.
    pub zone: Tz,
    /// UIS's extensions that are connected, such as `rmo`.
    pub extensions: Vec<String>,
    /// The page of the operator's workplace.
    pub workplace_url: Option<Url>,
    /// Names of sources of visits, beside those that UIS's report of calls has.
    pub sources: Vec<String>,
}

/// A UIS account as one integration uses it. It implements all ports of the account.
#[derive(Clone)]
pub struct LiveAccount {
    client: Arc<Client>,
    options: Options,
}

impl LiveAccount {
    /// The account of a client, which other integrations may use too.
    pub fn new(client: Arc<Client>, options: Options) -> LiveAccount {
        LiveAccount { client, options }
    }

    /// The client that integrations with the same credentials share.
    pub fn client(&self) -> &Arc<Client> {
        &self.client
    }
}
