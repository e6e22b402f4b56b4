//! What UIS knows of each deal: enough to tell what is news, and never to go back in time.

use serde::{Deserialize, Serialize};

use crate::base::keys::Key;
use crate::base::stored;
use crate::bindings::uis::integration::types::{Failure, Instant};
use crate::context::Context;

/// A deal as UIS has it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct KnownDeal {
    /// The last record of the order's history that was looked at.
    pub record: i64,
    /// When its stage began, as UIS was told.
    pub since: Instant,
    /// Its stage.
    pub stage: String,
    /// Its funnel.
    pub funnel: String,
    /// Its stage came from the order as it stood, not from the history: older records say nothing new.
    pub ahead: bool,
    /// What was sent of it last.
    pub digest: u64,
    /// What UIS refused of it last; 0: nothing.
    pub refused: u64,
    /// Stages that were refused with it, and when they began: told once it is mended.
    pub pending: Vec<(String, Instant)>,
    /// When the deal was created, as UIS was told first.
    pub created: Option<Instant>,
}

/// What UIS knows of an order's deal.
pub fn read(context: &Context<'_>, order: i64) -> Result<Option<KnownDeal>, Failure> {
    stored::load(context.platform, Key::Deal(order))
}

/// UIS knows this of it now.
pub fn put(context: &Context<'_>, order: i64, entry: &KnownDeal) -> Result<(), Failure> {
    stored::put(context.platform, Key::Deal(order), entry, None)
}

/// The deal is gone.
pub fn forget(context: &Context<'_>, order: i64) -> Result<(), Failure> {
    stored::forget(context.platform, Key::Deal(order))
}
