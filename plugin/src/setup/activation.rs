//! Switches the integration on and off: registers it in RetailCRM, and reads what must be known before the first event.

use crate::appeals::missing_fields;
use crate::base::outcome::{Handled, done, done_with_skipped, misconfigured, skipped};
use crate::base::timers::{self, TimerName};
use crate::bindings::uis::integration::directory::Employee;
use crate::bindings::uis::integration::types::{Failure, Instant, Skipped};
use crate::context::Context;
use crate::crm_state::employee_links::EmployeeLink;
use crate::crm_state::working_hours::{self, WorkTimes};
use crate::crm_state::{active_users, employee_links, known_fields, module, outage, shops, statuses, switch};
use crate::employees::{matching, sync};
use crate::retailcrm::custom_fields::{self, Entity};
use crate::retailcrm::reference;
use crate::retailcrm::users::{self, User};
use crate::settings::employees::Matching;
use crate::setup::{registration, review};
use crate::telephony::{reconcile, unfinished};
use crate::texts::reconcile::TEXTS;
use crate::uis::{directory, own_numbers};
use crate::{deals, texts};

const REFRESH_EVERY_MS: u64 = 2 * 3_600_000;

/// The integration is switched on, or settings were saved, at `at`.
pub fn on_activate(context: &Context<'_>, at: Instant) -> Handled {
    reconcile::CALLS.set_start(context.platform, at)?;
    TEXTS.set_start(context.platform, at)?;
    if !switch::reset_on_activation(context.platform)? {
        return done_with_skipped(vec![skipped(
            "everything",
            "RetailCRM has frozen the integration; see its page in RetailCRM's marketplace",
        )]);
    }
    outage::clear(context.platform)?;
    missing_fields::forget_reported(context.platform)?;
    // Whoever saves the settings is reminded of another integration that sends the deals.
    deals::owner::forget(context.platform)?;
    // Register again, whatever happened to the module in RetailCRM meanwhile.
    module::forget_registered(context.platform)?;
    let mut refreshed = refresh(context)?;
    switch::remember_on(context.platform, at)?;
    reconcile::CALLS.start_timer(context.platform)?;
    texts::reconcile::start(context)?;
    refreshed.skipped.extend(deals::start(context, at)?);
    unfinished::resume_all(context)?;
    texts::refused::resume_all(context)?;
    timers::every(context.platform, TimerName::Refresh, REFRESH_EVERY_MS)?;
    Ok(refreshed)
}

/// The integration is switched off. The module stays in RetailCRM, inactive and without extensions, so that managers do not see its
/// buttons.
pub fn on_deactivate(context: &Context<'_>) -> Handled {
    unfinished::finish_all(context)?;
    registration::register(context, false, &[])?;
    reconcile::CALLS.clear(context.platform)?;
    TEXTS.clear(context.platform)?;
    switch::clear(context.platform)?;
    switch::finish_switching_on(context.platform)?;
    outage::clear(context.platform)?;
    done()
}

/// Reads what events need to know (time zone, statuses, users), links employees to users, and registers the extensions in RetailCRM.
pub fn refresh(context: &Context<'_>) -> Handled {
    let crm = context.crm;
    let [settings, first_users, order_statuses, sites] =
        crm.send_all([reference::settings_request(), users::page_request(1), reference::statuses_request(), reference::sites_request()]);
    let (settings, first_users, order_statuses, sites) = (settings?, first_users?, order_statuses?, sites?);
    if let Some(zone) = reference::timezone(&settings) {
        context
            .platform
            .to_local(0, &zone)
            .map_err(|why| misconfigured("connections/retailcrm", format!("RetailCRM's time zone {zone:?} cannot be used: {why}")))?;
        context.remember_zone(&zone)?;
    }
    working_hours::remember(context.platform, &WorkTimes::read(&settings))?;
    shops::remember(context.platform, &reference::sites(&sites)?)?;
    let prepared = context.settings()?;
    for entity in [Entity::Customer, Entity::Order] {
        if prepared.needs_fields_of(entity) {
            known_fields::remember(context.platform, entity, &custom_fields::of(crm, entity)?)?;
        }
    }
    statuses::remember(context.platform, &reference::statuses(&order_statuses)?)?;
    let users = users::all(crm, &first_users)?;
    active_users::remember(context.platform, &users)?;
    let Linked { links, employees, mut left_out } = link_employees(context, &users)?;
    left_out.extend(deals::owner::decide(context, &registration::own_code(context)?)?);
    own_numbers::refresh(context.platform)?;
    registration::register(context, true, &links)?;
    left_out.extend(review::run(context, &users, &employees, &links)?);
    done_with_skipped(left_out)
}

/// The employees after they were linked to users.
struct Linked {
    links: Vec<EmployeeLink>,
    /// UIS's employees; empty if they were not read.
    employees: Vec<Employee>,
    left_out: Vec<Skipped>,
}

/// «Синхронизация сотрудников»: creates and updates employees as the settings require, and links employees to users. While it is off, the links
/// that exist stay.
fn link_employees(context: &Context<'_>, users: &[User]) -> Result<Linked, Failure> {
    let settings = context.settings()?;
    if !settings.employee_synchronisation {
        return Ok(Linked { links: employee_links::all(context.platform)?, employees: Vec::new(), left_out: Vec::new() });
    }
    let mut everybody = directory::all(context.platform)?;
    let (links, left_out) = match settings.employee_matching {
        Matching::Synchronisation => {
            let all = settings.synchronise_all_users.then(|| sync::all_users(context.platform, users));
            let left_out = sync::run(context.platform, all.as_deref().unwrap_or(&settings.synchronised_users), users, &mut everybody)?;
            (matching::by_email(&everybody, users), left_out)
        }
        Matching::Table => matching::by_table(&settings.employee_table, &everybody, users),
    };
    employee_links::remember(context.platform, &links)?;
    Ok(Linked { links, employees: everybody, left_out })
}
