//! The state of each deal in UIS: enough to find changes, and to never send a time before one already sent.

use serde::{Deserialize, Serialize};

use crate::base::keys::Key;
use crate::base::stored;
use crate::bindings::uis::integration::types::{Failure, Instant};
use crate::context::Context;

/// A deal as it is in UIS.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct KnownDeal {
    /// The last record of the order's history that was processed.
    pub record: i64,
    /// When the deal's stage began, as sent to UIS.
    pub since: Instant,
    /// Its stage.
    pub stage: String,
    /// Its funnel.
    pub funnel: String,
    /// The stage was taken from the order itself, ahead of the history. Older history records are then ignored.
    pub ahead: bool,
    /// The digest of the last state sent.
    pub digest: u64,
    /// The digest of the last state that UIS refused; 0: none.
    pub refused: u64,
    /// Stages that were refused with it, and when they began. They are sent when the cause is fixed.
    pub pending: Vec<(String, Instant)>,
    /// When the deal was created, as first sent to UIS.
    pub created: Option<Instant>,
}

/// The stored state of an order's deal.
pub fn read(context: &Context<'_>, order: i64) -> Result<Option<KnownDeal>, Failure> {
    stored::load(context.platform, Key::Deal(order))
}

/// Stores the state of an order's deal.
pub fn put(context: &Context<'_>, order: i64, entry: &KnownDeal) -> Result<(), Failure> {
    stored::put(context.platform, Key::Deal(order), entry, None)
}

/// Deletes the state of a deal that no longer exists.
pub fn forget(context: &Context<'_>, order: i64) -> Result<(), Failure> {
    stored::forget(context.platform, Key::Deal(order))
}
