//! «Загрузить сделки с даты»: loads orders from before the integration was switched on. First the history is read again from that day,
//! which gives the stages of the orders in it. Then the orders created since that day are read day by day, for those not in the history.
//! Both continue where they stopped, also after a failure.

use super::plan::{self, Cursor, Loading, Plan, Resend};
use super::{known_deals, owner, soon};
use crate::base::keys::Key;
use crate::base::outcome::{Handled, done, skipped};
use crate::base::{digest, stored};
use crate::bindings::uis::integration::log::Level;
use crate::bindings::uis::integration::types::{Failure, Misconfiguration, Skipped};
use crate::context::Context;
use crate::retailcrm::whole_orders::{self, WholeOrder};
use crate::retailcrm::{CrmError, answer};
use crate::settings::{Settings, day_to_load_from};

/// The setting «Загрузить сделки с даты».
const DAY: &str = "deal-history-from";
/// The action «Загрузить сделки».
pub const ACTION: &str = "load-deals";
/// The most requests per run; days without orders need few.
const REQUESTS_MAX: u32 = 20;
/// About how many orders one run reads.
const ORDERS_PER_RUN: usize = 50;

/// Starts what saved settings, or switching on, require.
pub fn on_settings(context: &Context<'_>, settings: &Settings) -> Result<Vec<Skipped>, Failure> {
    let settings_digest = digest::of(&(
        settings.deal_default_funnel,
        settings.deal_delivery_cost,
        settings.deal_fields(),
        &settings.deal_success_groups,
        &settings.deal_failed_groups,
    ));
    let before: Option<u64> = stored::load(context.platform, Key::DealsSettingsDigest)?;
    if before.is_some_and(|before| before != settings_digest) {
        // The changed settings affect every deal, so all are sent again.
        plan::put(context, &Plan { resend: Some(Resend::default()), ..plan::load(context)? })?;
        soon(context, 0)?;
    }
    stored::put(context.platform, Key::DealsSettingsDigest, &settings_digest, None)?;
    match &settings.deal_history_from {
        Some(from) if stored::load::<String>(context.platform, Key::DealsLoadedFrom)?.as_ref() != Some(from) => {
            if let Err(why) = check_day(context, from)? {
                return Ok(vec![skipped(DAY, format!("{why}. Nothing is loaded; changes become deals all the same"))]);
            }
            begin(context, from).map(|()| Vec::new())
        }
        _ => Ok(Vec::new()),
    }
}

/// Why nothing can be loaded since this day, and what to do. Settings that an older version prepared may have any text.
fn check_day(context: &Context<'_>, from: &str) -> Result<Result<(), String>, Failure> {
    if let Err(why) = day_to_load_from(from) {
        return Ok(Err(why));
    }
    let is_future = context.instant(from)?.is_none_or(|at| at > context.platform.now());
    Ok(if is_future { Err(format!("{from} is in the future: choose a day that has begun")) } else { Ok(()) })
}

/// The button was pressed.
pub fn on_action(context: &Context<'_>) -> Handled {
    let settings = context.settings()?;
    let misconfigured = |setting: &str, message: &str| {
        Err(Failure::Misconfigured(Misconfiguration { setting: setting.to_owned(), message: message.to_owned() }))
    };
    if !settings.deals {
        return misconfigured("deals", "deals are switched off: switch them on first");
    }
    if let Some(code) = owner::other(context.platform)? {
        return misconfigured("deals", &owner::refusal(&code));
    }
    let Some(from) = &settings.deal_history_from else {
        return misconfigured(DAY, "choose the day since which deals are loaded");
    };
    match check_day(context, from)? {
        Err(why) => misconfigured(DAY, &why),
        Ok(()) => begin(context, from).and_then(|()| done()),
    }
}

fn begin(context: &Context<'_>, from: &str) -> Result<(), Failure> {
    let known = plan::load(context)?;
    // Pressed again: continue.
    if known.loading.as_ref().is_some_and(|loading| loading.from == from) {
        return soon(context, 0);
    }
    let at = context.instant(from)?.unwrap_or_else(|| context.platform.now());
    // Do not skip changes that were not read yet.
    let reached = match known.cursor {
        Some(Cursor::At(reached)) => Some(reached),
        Some(Cursor::After(_)) => known.read_at,
        None => None,
    };
    let cursor = if reached.is_some_and(|reached| reached <= at) { known.cursor.clone() } else { Some(Cursor::At(at)) };
    let loading = Some(Loading { from: from.to_owned(), day: from.to_owned(), page: 1, orders: 0 });
    plan::put(context, &Plan { cursor, loading, ..known })?;
    stored::put(context.platform, Key::DealsLoadedFrom, &from.to_owned(), None)?;
    context.platform.log(Level::Info, "loading of deals begins", &[("from", from)]);
    soon(context, 0)
}

/// Reads more orders of earlier days, and returns those that UIS does not have yet. A day that cannot be read ends the loading, which is
/// reported in `left_out`; all other deals go on.
pub fn read(context: &Context<'_>, plan: &mut Plan, left_out: &mut Vec<Skipped>) -> Result<Vec<WholeOrder>, Failure> {
    let Some(loading) = &mut plan.loading else { return Ok(Vec::new()) };
    // An older version accepted days that do not exist.
    if let Err(why) = day_to_load_from(&loading.day) {
        left_out.push(skipped(DAY, format!("{why}. Nothing is loaded")));
        plan.loading = None;
        return Ok(Vec::new());
    }
    let today: String = context.crm_date_time(context.platform.now())?.chars().take(10).collect();
    let mut found = Vec::new();
    for _ in 0..REQUESTS_MAX {
        if loading.day > today || found.len() >= ORDERS_PER_RUN {
            break;
        }
        let (orders, more) = match whole_orders::created_on(context.crm, &loading.day, loading.page) {
            Ok(page) => page,
            // RetailCRM refuses the day itself, so retrying is useless.
            Err(error @ CrmError::Refused { .. }) => {
                let why = format!("orders since {} are not loaded: {error}. Choose another day, then load deals again", loading.day);
                left_out.push(skipped(DAY, why));
                plan.loading = None;
                return Ok(found);
            }
            Err(other) => return Err(other.into()),
        };
        loading.orders += orders.len() as u64;
        for order in orders {
            if answer::id(&order.id).map_or(Ok(false), |id| known_deals::read(context, id).map(|known| known.is_none()))? {
                found.push(order);
            }
        }
        if more {
            loading.page += 1;
        } else {
            loading.day = context.next_day(&loading.day)?;
            loading.page = 1;
        }
    }
    let orders = loading.orders.to_string();
    if loading.day > today {
        context.platform.log(Level::Info, "all deals are loaded", &[("from", &loading.from), ("orders", &orders)]);
        plan.loading = None;
    } else {
        context.platform.log(Level::Info, "deals are being loaded", &[("from", &loading.from), ("day", &loading.day), ("orders", &orders)]);
    }
    Ok(found)
}
