//! How far the orders' history was read, and what else is to be loaded. It is written once a slice is done, so one that broke off is done
//! again, and nothing else is.

use serde::{Deserialize, Serialize};

use crate::base::keys::Key;
use crate::base::stored;
use crate::bindings::uis::integration::types::{Failure, Instant};
use crate::context::Context;
use crate::retailcrm::order_history::HistoryStart;

const HOUR_MS: i64 = 3_600_000;

/// Where the history is to be read on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cursor {
    /// After a record.
    After(i64),
    /// From a time on.
    At(Instant),
}

impl Cursor {
    /// As RetailCRM is asked.
    pub fn from(&self, context: &Context<'_>) -> Result<HistoryStart, Failure> {
        Ok(match self {
            Cursor::After(id) => HistoryStart::After(*id),
            Cursor::At(at) => {
                let text = context.crm_date_time(*at)?;
                // Clocks are turned back soon: what comes then has earlier times than what was.
                let turned = context.crm_date_time(at + HOUR_MS)? <= text;
                HistoryStart::At(if turned { context.crm_date_time(at - HOUR_MS)? } else { text })
            }
        })
    }
}

/// Orders of earlier days that are being loaded, once the history since their first day is read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Loading {
    /// The first day, `Y-m-d`.
    pub from: String,
    /// The day that is read, `Y-m-d`.
    pub day: String,
    /// Its page.
    pub page: u32,
    /// Orders read so far.
    pub orders: u64,
}

/// What is to be done.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Plan {
    /// The history.
    pub cursor: Option<Cursor>,
    /// When the history was last read to its end.
    #[serde(rename = "read")]
    pub read_at: Option<Instant>,
    /// Earlier orders.
    pub loading: Option<Loading>,
    /// All deals again, because a setting changed what they are.
    #[serde(rename = "again")]
    pub resend: Option<Resend>,
}

/// How far all deals were told again.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Resend {
    /// The cursor of the list of deals; none: nothing is done yet.
    pub cursor: Option<String>,
}

/// The plan.
pub fn load(context: &Context<'_>) -> Result<Plan, Failure> {
    Ok(stored::load(context.platform, Key::DealsPlan)?.unwrap_or_default())
}

/// Writes the plan.
pub fn put(context: &Context<'_>, plan: &Plan) -> Result<(), Failure> {
    stored::put(context.platform, Key::DealsPlan, plan, None)
}

/// Orders count from now on; what happened while the integration was off does when it was on before.
pub fn begin(context: &Context<'_>, at: Instant) -> Result<(), Failure> {
    let plan = load(context)?;
    if plan.cursor.is_some() { Ok(()) } else { put(context, &Plan { cursor: Some(Cursor::At(at)), ..plan }) }
}
