//! Deals («Подключение передачи сделок»): RetailCRM's orders become deals of UIS's end-to-end analytics.
//!
//! What changed is read from the orders' history, by a cursor, every ten minutes and soon after a trigger; so a lost trigger loses nothing.
//! The work is cut into slices, each a timer's run of its own, that go on where the last one ended.
//!
//! | file | what |
//! |---|---|
//! | [`hints`] | the trigger's «Webhook url»: which orders it is about |
//! | [`plan`] | how far the history was read, what else is to be loaded |
//! | [`sync`] | one run: what changed, whose orders, what UIS is told |
//! | [`run`] | what the parts of one run share |
//! | [`loading`] | «Загрузить сделки с даты», and all deals again when a setting changes all of them |
//! | [`references`] | RetailCRM's statuses, groups, shops and people, as deals need them |
//! | [`funnels`] | «Дефолтная воронка»: funnels and their stages |
//! | [`stages`] | the stages that an order went through |
//! | [`draft`] | an order as a deal: sum, contacts, responsible, fields |
//! | [`builder`] | an order and its news become a deal's states |
//! | [`prerequisites`] | funnels, contacts, employees and fields that must be in UIS before a deal |
//! | [`review`] | partners' rules about deals |
//! | [`known_deals`] | what UIS knows of each deal |
//! | [`upload`] | states on their way to UIS |
//! | [`uis_calls`] | asking UIS: at most so often, one bad record holds up no other |

pub mod builder;
pub mod draft;
pub mod funnels;
pub mod hints;
pub mod known_deals;
pub mod loading;
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
use crate::bindings::uis::integration::types::{Failure, Instant};
use crate::context::Context;

/// A deal that no trigger told of is in UIS's reports within ten minutes.
const EVERY_MS: u64 = 600_000;

/// The integration is switched on, or its settings were saved.
pub fn start(context: &Context<'_>, at: Instant) -> Result<(), Failure> {
    let settings = context.settings()?;
    if !settings.deals {
        timers::cancel(context.platform, TimerName::Deals);
        timers::cancel(context.platform, TimerName::DealsSoon);
        return stored::forget(context.platform, Key::DealsSoon);
    }
    // Timers are gone after a switching off; what they were to do is not.
    stored::forget(context.platform, Key::DealsSoon)?;
    plan::begin(context, at)?;
    loading::on_settings(context, settings)?;
    timers::every(context.platform, TimerName::Deals, EVERY_MS)
}

/// Has a slice run no later than after so many milliseconds.
pub fn soon(context: &Context<'_>, after_ms: i64) -> Result<(), Failure> {
    let now = context.platform.now();
    let at = now + after_ms.max(0);
    // One that is planned earlier will do; one that is overdue was lost with its timer.
    if stored::load::<Instant>(context.platform, Key::DealsSoon)?.is_some_and(|planned| planned <= at && planned >= now) {
        return Ok(());
    }
    timers::once(context.platform, TimerName::DealsSoon, at, &TimerName::Deals.to_string())?;
    stored::put(context.platform, Key::DealsSoon, &at, None)
}
