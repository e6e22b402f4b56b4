//! How far the orders' history was read, and what else has to be loaded. The plan is stored at the end of a run, so a failed run is
//! repeated as a whole.

use serde::{Deserialize, Serialize};

use crate::base::keys::Key;
use crate::base::stored;
use crate::bindings::uis::integration::types::{Failure, Instant};
use crate::context::Context;
use crate::retailcrm::order_history::HistoryStart;

const HOUR_MS: i64 = 3_600_000;

/// Where reading the history continues.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cursor {
    /// After a record.
    After(i64),
    /// From a time.
    At(Instant),
}

impl Cursor {
    /// The start for a request to RetailCRM.
    pub fn from(&self, context: &Context<'_>) -> Result<HistoryStart, Failure> {
        Ok(match self {
            Cursor::After(id) => HistoryStart::After(*id),
            Cursor::At(at) => {
                let text = context.crm_date_time(*at)?;
                // When clocks are about to be set back, changes after that get earlier local times, so start an hour earlier.
                let turned = context.crm_date_time(at + HOUR_MS)? <= text;
                HistoryStart::At(if turned { context.crm_date_time(at - HOUR_MS)? } else { text })
            }
        })
    }
}

/// Loading of orders created on earlier days, after the history since the first day was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Loading {
    /// The first day, `Y-m-d`.
    pub from: String,
    /// The day being read, `Y-m-d`.
    pub day: String,
    /// The page of that day.
    pub page: u32,
    /// Orders read so far.
    pub orders: u64,
}

/// What has to be done.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Plan {
    /// Where to continue in the history.
    pub cursor: Option<Cursor>,
    /// When the history was last read to its end.
    #[serde(rename = "read")]
    pub read_at: Option<Instant>,
    /// Earlier orders to be loaded.
    pub loading: Option<Loading>,
    /// All deals are being sent again, because a setting changed them.
    #[serde(rename = "again")]
    pub resend: Option<Resend>,
}

/// How far sending all deals again has come.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Resend {
    /// The cursor in the list of deals; none: not started.
    pub cursor: Option<String>,
}

/// Loads the plan.
pub fn load(context: &Context<'_>) -> Result<Plan, Failure> {
    Ok(stored::load(context.platform, Key::DealsPlan)?.unwrap_or_default())
}

/// Stores the plan.
pub fn put(context: &Context<'_>, plan: &Plan) -> Result<(), Failure> {
    stored::put(context.platform, Key::DealsPlan, plan, None)
}

/// Starts reading changes at `at`, unless an earlier cursor is stored; then changes made while the integration was off are read, too.
pub fn begin(context: &Context<'_>, at: Instant) -> Result<(), Failure> {
    let plan = load(context)?;
    if plan.cursor.is_some() { Ok(()) } else { put(context, &Plan { cursor: Some(Cursor::At(at)), ..plan }) }
}
