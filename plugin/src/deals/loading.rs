//! «Загрузить сделки с даты»: loads orders from before the integration was switched on. First the history is read again from that day,
//! which gives the stages of the orders in it. Then the orders created since that day are read day by day, for those not in the history.
//! Both continue where they stopped, also after a failure.

use super::plan::{self, Cursor, Loading, Plan, Resend};
use super::{known_deals, owner, soon};
use crate::base::keys::Key;
use crate::base::outcome::{Handled, done};
use crate::base::{digest, stored};
use crate::bindings::uis::integration::log::Level;
use crate::bindings::uis::integration::types::{Failure, Misconfiguration};
use crate::context::Context;
use crate::retailcrm::whole_orders::{self, WholeOrder};
use crate::retailcrm::{CrmError, answer};
use crate::settings::Settings;

/// The action «Загрузить сделки».
pub const ACTION: &str = "load-deals";
/// The most requests per run; days without orders need few.
const REQUESTS_MAX: u32 = 20;
/// About how many orders one run reads.
const ORDERS_PER_RUN: usize = 50;

/// Starts what saved settings, or switching on, require.
pub fn on_settings(context: &Context<'_>, settings: &Settings) -> Result<(), Failure> {
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
        Some(from) if stored::load::<String>(context.platform, Key::DealsLoadedFrom)?.as_ref() != Some(from) => begin(context, from),
        _ => Ok(()),
    }
}

/// The button was pressed.
pub fn on_action(context: &Context<'_>) -> Handled {
    let settings = context.settings()?;
    let misconfigured = |setting: &str, message: &str| {
        Err(Failure::Misconfigured(Misconfiguration { setting: setting.to_owned(), message: message.to_owned() }))
    };
    match &settings.deal_history_from {
        _ if !settings.deals => misconfigured("deals", "deals are switched off: switch them on first"),
        _ if owner::other(context.platform)?.is_some() => {
            misconfigured("deals", &owner::refusal(&owner::other(context.platform)?.unwrap_or_default()))
        }
        Some(from) if context.instant(from)?.is_some_and(|at| at > context.platform.now()) => {
            misconfigured("deal-history-from", "the day is in the future; choose one that has begun")
        }
        None => misconfigured("deal-history-from", "choose the day since which deals are loaded"),
        Some(from) => begin(context, from).and_then(|()| done()),
    }
}

fn begin(context: &Context<'_>, from: &str) -> Result<(), Failure> {
    let known = plan::load(context)?;
    // Pressed again: continue.
    if known.loading.as_ref().is_some_and(|loading| loading.from == from) {
        return soon(context, 0);
    }
    let at = context.instant(from)?.unwrap_or_else(|| context.platform.now());
    if at > context.platform.now() {
        context.platform.log(Level::Warn, "the day since which deals are loaded is in the future: nothing is loaded", &[("from", from)]);
        return Ok(());
    }
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

/// Reads more orders of earlier days, and returns those that UIS does not have yet.
pub fn read(context: &Context<'_>, plan: &mut Plan) -> Result<Vec<WholeOrder>, Failure> {
    let Some(loading) = &mut plan.loading else { return Ok(Vec::new()) };
    let today: String = context.crm_date_time(context.platform.now())?.chars().take(10).collect();
    let mut found = Vec::new();
    for _ in 0..REQUESTS_MAX {
        if loading.day > today || found.len() >= ORDERS_PER_RUN {
            break;
        }
        let (orders, more) = whole_orders::created_on(context.crm, &loading.day, loading.page).map_err(|error| match error {
            // RetailCRM refuses the day itself, so retrying is useless.
            CrmError::Refused { .. } => Failure::Rejected(error.to_string()),
            other => other.into(),
        })?;
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
