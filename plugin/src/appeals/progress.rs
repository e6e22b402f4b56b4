//! What of an appeal is done in RetailCRM, so that an event that comes again, or an attempt that broke off, does nothing twice.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::appeal_id::AppealId;
use crate::base::keys::Key;
use crate::base::stored;
use crate::bindings::uis::integration::types::{Failure, Instant};
use crate::context::Context;
use crate::retailcrm::customers::Customer;

/// Longer than any repeat of an appeal's events.
const TTL_MS: u64 = 35 * 24 * 3_600_000;

/// How far an appeal is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// The customer was there, or was created.
    pub looked_up: bool,
    /// He was about to be created by this appeal; perhaps he was.
    pub creating: bool,
    /// He was created by this appeal.
    pub created: bool,
    /// A rule said that he is not created: nothing that would be his is.
    pub skipped: bool,
    /// Who he is in RetailCRM.
    pub customer: Option<Customer>,
    /// All that follows from it is done; calls note that in their story.
    #[serde(rename = "settled")]
    pub finished: bool,
    /// Its order was made, or was found not to be wanted.
    pub ordered: bool,
    /// Its task was made, or was found not to be wanted.
    pub tasked: bool,
    /// The task that it answers was completed.
    pub task_closed: bool,
    /// The shop that the order is of.
    pub order_site: Option<String>,
    /// What became of its transcript.
    pub transcript: NoteState,
    /// Until when the request for the transcript's note may still arrive, while it is [`NoteState::Intended`].
    pub transcript_until: Instant,
    /// Extra fields that this appeal has written.
    pub fields: BTreeMap<String, Value>,
}

/// What became of something that RetailCRM has no key for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoteState {
    /// Nothing yet.
    #[default]
    No,
    /// It was about to be sent; perhaps it arrived.
    Intended,
    /// It is there.
    Yes,
}

/// Reads it; nothing is done of an appeal that is not known.
pub fn read(context: &Context<'_>, appeal: AppealId) -> Result<Progress, Failure> {
    Ok(stored::load(context.platform, Key::Appeal(appeal))?.unwrap_or_default())
}

/// Writes down what is done.
pub fn update(context: &Context<'_>, appeal: AppealId, change: impl FnMut(&mut Progress)) -> Result<(), Failure> {
    stored::update(context.platform, Key::Appeal(appeal), Some(TTL_MS), change)
}
