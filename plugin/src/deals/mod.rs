//! Deals («Подключение передачи сделок»): RetailCRM's orders become deals of UIS's end-to-end analytics.
//!
//! Changes are read from the orders' history with a cursor, every ten minutes and soon after a trigger, so a lost trigger loses nothing.
//! The work is done in short runs, each started by a timer, which continue where the last one ended.
//!
//! | file | what |
//! |---|---|
//! | [`hints`] | the trigger's «Webhook url»: which orders to read |
//! | [`plan`] | how far the history was read, and what else has to be loaded |
//! | [`sync`] | one run: reads changed orders and uploads their deals |
//! | [`run`] | what the steps of one run share |
//! | [`loading`] | «Загрузить сделки с даты», and sending all deals again when a setting changed |
//! | [`ids`] | the ids in UIS, which name their RetailCRM account |
//! | [`owner`] | which of several integrations of one RetailCRM account sends its deals |
//! | [`references`] | RetailCRM's statuses, groups, shops and users, as deals need them |
//! | [`funnels`] | «Дефолтная воронка»: funnels and their stages |
//! | [`stages`] | the stages that an order went through |
//! | [`draft`] | an order as a deal: sum, contacts, assignee, fields |
//! | [`builder`] | turns an order and its changes into a deal's states |
//! | [`prerequisites`] | funnels, contacts, employees and fields that must exist in UIS before a deal |
//! | [`review`] | partners' rules about deals |
//! | [`known_deals`] | the state of each deal in UIS |
//! | [`upload`] | uploads the states to UIS |
//! | [`uis_calls`] | calls to UIS: limited in number, and one bad record does not block others |

pub mod builder;
pub mod draft;
pub mod funnels;
pub mod hints;
pub mod ids;
pub mod known_deals;
pub mod loading;
pub mod owner;
pub mod plan;
pub mod prerequisites;
pub mod references;
pub mod review;
pub mod run;
pub mod stages;
pub mod sync;
pub mod uis_calls;
pub mod upload;

use crate::base::keys::Key;
use crate::base::stored;
use crate::base::timers::{self, TimerName};
use crate::bindings::uis::integration::types::{Failure, Instant, Skipped};
use crate::context::Context;

/// A change without a trigger is in UIS's reports within ten minutes.
const EVERY_MS: u64 = 600_000;

/// Whether this integration sends deals: its settings want it, and no other integration of the same RetailCRM account does.
pub fn sends(context: &Context<'_>) -> Result<bool, Failure> {
    Ok(context.settings()?.deals && owner::other(context.platform)?.is_none())
}

/// Starts deals when the integration is switched on or its settings are saved. Returns what the owner should know.
pub fn start(context: &Context<'_>, at: Instant) -> Result<Vec<Skipped>, Failure> {
    let settings = context.settings()?;
    if !settings.deals {
        timers::cancel(context.platform, TimerName::Deals);
        timers::cancel(context.platform, TimerName::DealsSoon);
        stored::forget(context.platform, Key::DealsSoon)?;
        return Ok(Vec::new());
    }
    // Switching off deleted the timers, but the work is still to be done.
    stored::forget(context.platform, Key::DealsSoon)?;
    ids::check_again(context, at)?;
    plan::begin(context, at)?;
    let left_out = loading::on_settings(context, settings)?;
    timers::every(context.platform, TimerName::Deals, EVERY_MS)?;
    Ok(left_out)
}

/// Makes sure that a run starts within `after_ms`.
pub fn soon(context: &Context<'_>, after_ms: i64) -> Result<(), Failure> {
    let now = context.platform.now();
    let at = now + after_ms.max(0);
    // A run planned earlier is enough. If the planned time has passed, its timer was lost.
    if stored::load::<Instant>(context.platform, Key::DealsSoon)?.is_some_and(|planned| planned <= at && planned >= now) {
        return Ok(());
    }
    timers::once(context.platform, TimerName::DealsSoon, at, &TimerName::Deals.to_string())?;
    stored::put(context.platform, Key::DealsSoon, &at, None)
}
