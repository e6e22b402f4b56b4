//! «Загрузить сделки с даты»: orders of before the integration was switched on. The history is read again from that day on, which gives the
//! stages of all orders that it tells of; then the orders themselves are read day by day, for those that it does not tell of. Both go on
//! where they ended, whatever broke off.

use super::plan::{self, Again, Cursor, Loading, Plan};
use super::{ledger, soon};
use crate::base::outcome::{Handled, done};
use crate::base::stored;
use crate::bindings::uis::integration::log::Level;
use crate::bindings::uis::integration::types::{Failure, Misconfiguration};
use crate::crm_state::zone;
use crate::platform::Platform;
use crate::retailcrm::whole_orders::{self, WholeOrder};
use crate::retailcrm::{Crm, CrmError, answer};
use crate::settings::Settings;

/// The action «Загрузить сделки».
pub const ACTION: &str = "load-deals";
/// From which day on deals were loaded because a setting said so.
const LOADED_KEY: &str = "deals/loaded-from";
/// What the settings make of every deal.
const SHAPE_KEY: &str = "deals/shape";
/// Requests for days in which there are few orders or none.
const REQUESTS_MAX: u32 = 20;
/// Orders of one slice, about.
const ENOUGH: usize = 50;

/// Settings were saved, or the integration was switched on: what they ask for is begun.
pub fn on_settings(platform: &dyn Platform, settings: &Settings) -> Result<(), Failure> {
    let shape = ledger::digest(&format!(
        "{} {} {:?} {:?} {:?}",
        settings.deal_default_funnel,
        settings.deal_delivery_cost,
        settings.deal_fields(),
        settings.deal_success_groups,
        settings.deal_failed_groups
    ));
    let before: Option<u64> = stored::load(platform, SHAPE_KEY);
    if before.is_some_and(|before| before != shape) {
        // Every deal is another one by these settings.
        plan::put(platform, &Plan { again: Some(Again::default()), ..plan::load(platform) })?;
        soon(platform, 0)?;
    }
    stored::put(platform, SHAPE_KEY, &shape, None)?;
    match &settings.deal_history_from {
        Some(from) if stored::load::<String>(platform, LOADED_KEY).as_ref() != Some(from) => begin(platform, from),
        _ => Ok(()),
    }
}

/// The button was pressed.
pub fn on_action(platform: &dyn Platform) -> Handled {
    let settings = Settings::load(platform)?;
    let misconfigured = |setting: &str, message: &str| {
        Err(Failure::Misconfigured(Misconfiguration { setting: setting.to_owned(), message: message.to_owned() }))
    };
    match &settings.deal_history_from {
        _ if !settings.deals => misconfigured("deals", "deals are not passed on: switch them on first"),
        Some(from) if zone::instant(platform, from)?.is_some_and(|at| at > platform.now()) => {
            misconfigured("deal-history-from", "the day is in the future; choose one that has begun")
        }
        None => misconfigured("deal-history-from", "choose the day from which on deals are to be loaded"),
        Some(from) => begin(platform, from).and_then(|()| done()),
    }
}

fn begin(platform: &dyn Platform, from: &str) -> Result<(), Failure> {
    let known = plan::load(platform);
    // Pressed twice, it goes on.
    if known.loading.as_ref().is_some_and(|loading| loading.from == from) {
        return soon(platform, 0);
    }
    let at = zone::instant(platform, from)?.unwrap_or_else(|| platform.now());
    if at > platform.now() {
        platform.log(Level::Warn, "the day from which on deals are to be loaded is in the future: nothing is loaded", &[("from", from)]);
        return Ok(());
    }
    // Nothing that was not read yet is passed over.
    let reached = match known.cursor {
        Some(Cursor::At(reached)) => Some(reached),
        Some(Cursor::After(_)) => known.read,
        None => None,
    };
    let cursor = if reached.is_some_and(|reached| reached <= at) { known.cursor.clone() } else { Some(Cursor::At(at)) };
    let loading = Some(Loading { from: from.to_owned(), day: from.to_owned(), page: 1, orders: 0 });
    plan::put(platform, &Plan { cursor, loading, ..known })?;
    stored::put(platform, LOADED_KEY, &from.to_owned(), None)?;
    platform.log(Level::Info, "deals are loaded from a day on", &[("from", from)]);
    soon(platform, 0)
}

/// Some more orders of earlier days that UIS does not know yet.
pub fn read(platform: &dyn Platform, crm: Crm<'_>, plan: &mut Plan) -> Result<Vec<WholeOrder>, Failure> {
    let Some(loading) = &mut plan.loading else { return Ok(Vec::new()) };
    let today: String = zone::crm_date_time(platform, platform.now())?.chars().take(10).collect();
    let mut found = Vec::new();
    for _ in 0..REQUESTS_MAX {
        if loading.day > today || found.len() >= ENOUGH {
            break;
        }
        let (orders, more) = whole_orders::created_on(crm, &loading.day, loading.page).map_err(|error| match error {
            // The day itself is refused: nothing that comes after would be.
            CrmError::Refused { .. } => Failure::Rejected(error.to_string()),
            other => other.into(),
        })?;
        loading.orders += orders.len() as u64;
        let unknown = |order: &WholeOrder| answer::id(&order.id).is_some_and(|id| ledger::read(platform, id).is_none());
        found.extend(orders.into_iter().filter(unknown));
        if more {
            loading.page += 1;
        } else {
            loading.day = zone::next_day(platform, &loading.day)?;
            loading.page = 1;
        }
    }
    let orders = loading.orders.to_string();
    if loading.day > today {
        platform.log(Level::Info, "all deals are loaded", &[("from", &loading.from), ("orders", &orders)]);
        plan.loading = None;
    } else {
        platform.log(Level::Info, "deals are being loaded", &[("from", &loading.from), ("day", &loading.day), ("orders", &orders)]);
    }
    Ok(found)
}
