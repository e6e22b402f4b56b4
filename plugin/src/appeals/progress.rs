//! What is already done in RetailCRM for an appeal, so that a repeated event or a retry does nothing twice.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::appeal_id::AppealId;
use crate::base::keys::Key;
use crate::base::stored;
use crate::base::stored::unset;
use crate::bindings::uis::integration::types::{Failure, Instant};
use crate::context::Context;
use crate::retailcrm::customers::Customer;

/// Longer than any of an appeal's events can be repeated.
const TTL_MS: u64 = 35 * 24 * 3_600_000;

/// How far the work for an appeal is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// The customer was found or created.
    #[serde(skip_serializing_if = "unset")]
    pub looked_up: bool,
    /// This appeal was about to create the customer and may have done so.
    #[serde(skip_serializing_if = "unset")]
    pub creating: bool,
    /// The custom fields with which the customer was about to be created: as the settings proposed them, and as they were sent.
    #[serde(skip_serializing_if = "unset")]
    pub creating_fields: (BTreeMap<String, Value>, BTreeMap<String, Value>),
    /// This appeal created the customer.
    #[serde(skip_serializing_if = "unset")]
    pub created: bool,
    /// Whether RetailCRM had nobody with the person's contacts when the appeal began; none: not looked up yet.
    #[serde(skip_serializing_if = "unset")]
    pub first: Option<bool>,
    /// A rule skipped the customer; their order and task are skipped too.
    #[serde(skip_serializing_if = "unset")]
    pub skipped: bool,
    /// The customer in RetailCRM.
    #[serde(skip_serializing_if = "unset")]
    pub customer: Option<Customer>,
    /// Everything that follows from the appeal is done. Calls store this in their own state instead.
    #[serde(rename = "settled", skip_serializing_if = "unset")]
    pub finished: bool,
    /// RetailCRM refused something of the appeal for good, and this was reported.
    #[serde(skip_serializing_if = "unset")]
    pub refused: bool,
    /// The order was created, or is not needed.
    #[serde(skip_serializing_if = "unset")]
    pub ordered: bool,
    /// This appeal created the order.
    #[serde(skip_serializing_if = "unset")]
    pub order_created: bool,
    /// The task was created, or is not needed.
    #[serde(skip_serializing_if = "unset")]
    pub tasked: bool,
    /// The missed-call task was completed because of this appeal.
    #[serde(skip_serializing_if = "unset")]
    pub task_closed: bool,
    /// The order's shop.
    #[serde(skip_serializing_if = "unset")]
    pub order_site: Option<String>,
    /// The state of what the person wrote: a chat's transcript, a request's text. While it is [`NoteState::Intended`], the note after the
    /// first [`Progress::notes`] is about to be sent.
    #[serde(skip_serializing_if = "unset")]
    pub transcript: NoteState,
    /// Until when the request for that note may still arrive.
    #[serde(skip_serializing_if = "unset")]
    pub transcript_until: Instant,
    /// How many parts of what the person wrote are in RetailCRM.
    #[serde(skip_serializing_if = "unset")]
    pub notes: u32,
    /// Where the next part of a transcript begins.
    #[serde(skip_serializing_if = "unset")]
    pub talk: TalkPlace,
    /// What earlier attempts skipped and did not report, because a later step failed.
    #[serde(skip_serializing_if = "unset")]
    pub unreported: Vec<(String, String)>,
    /// Custom fields of the customer that this appeal has written.
    #[serde(skip_serializing_if = "unset")]
    pub fields: BTreeMap<String, Value>,
    /// Custom fields of an order that this appeal has written.
    #[serde(skip_serializing_if = "unset")]
    pub order_fields: BTreeMap<String, Value>,
    /// What was sent for [`Progress::fields`], where rules made something else of it.
    #[serde(skip_serializing_if = "unset")]
    pub sent_fields: BTreeMap<String, Value>,
    /// The same for [`Progress::order_fields`].
    #[serde(skip_serializing_if = "unset")]
    pub sent_order_fields: BTreeMap<String, Value>,
}

impl Progress {
    /// What this appeal sent for the customer's custom fields.
    pub fn own_fields(&self) -> BTreeMap<String, Value> {
        self.fields.clone().into_iter().chain(self.sent_fields.clone()).collect()
    }

    /// What this appeal sent for the order's custom fields.
    pub fn own_order_fields(&self) -> BTreeMap<String, Value> {
        self.order_fields.clone().into_iter().chain(self.sent_order_fields.clone()).collect()
    }
}

/// A place in a chat's messages, as UIS's report has them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TalkPlace {
    /// The cursor of the page; none: the first page.
    #[serde(skip_serializing_if = "unset")]
    pub cursor: Option<String>,
    /// Messages of the page before the place.
    #[serde(skip_serializing_if = "unset")]
    pub messages: usize,
    /// Characters of the next message before the place.
    #[serde(skip_serializing_if = "unset")]
    pub chars: usize,
}

/// The state of a note. RetailCRM has no idempotency key for notes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoteState {
    /// Not sent.
    #[default]
    No,
    /// About to be sent; it may have arrived.
    Intended,
    /// Stored in RetailCRM.
    Yes,
}

/// Reads an appeal's progress; by default nothing is done.
pub fn read(context: &Context<'_>, appeal: AppealId) -> Result<Progress, Failure> {
    Ok(stored::load(context.platform, Key::Appeal(appeal))?.unwrap_or_default())
}

/// Changes an appeal's progress.
pub fn update(context: &Context<'_>, appeal: AppealId, change: impl FnMut(&mut Progress)) -> Result<(), Failure> {
    stored::update(context.platform, Key::Appeal(appeal), Some(TTL_MS), change)
}
