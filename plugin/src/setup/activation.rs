//! Switching the integration on and off: what RetailCRM is told of us, and what we must know of it before the first event.

use crate::base::outcome::{Handled, done, done_without, misconfigured, skipped};
use crate::base::timers;
use crate::bindings::uis::integration::types::Instant;
use crate::crm_state::working_hours::{self, WorkTimes};
use crate::crm_state::{employee_links, known_fields, module, shops, statuses, switch, zone};
use crate::employees::{matching, sync};
use crate::platform::Platform;
use crate::retailcrm::custom_fields::{self, Entity};
use crate::retailcrm::{Crm, reference, users};
use crate::settings::Settings;
use crate::settings::telephony::Matching;
use crate::setup::registration;
use crate::telephony::{reconcile, unsettled};
use crate::texts::reconcile::TEXTS;
use crate::uis::directory;
use crate::{deals, texts};

/// The timer that repeats [`refresh`]; the seed's "every two hours".
pub const REFRESH_TIMER: &str = "refresh";
const REFRESH_EVERY_MS: u64 = 2 * 3_600_000;

/// Switched on, or settings were saved; `at`: when that was.
pub fn on_activate(platform: &dyn Platform, at: Instant) -> Handled {
    reconcile::CALLS.begin(platform, at)?;
    TEXTS.begin(platform, at)?;
    if !switch::begin(platform)? {
        return done_without(vec![skipped("everything", "RetailCRM has frozen the integration; see its page in RetailCRM's marketplace")]);
    }
    // Whatever became of the module in RetailCRM meanwhile, it is registered anew.
    module::forget_registered(platform)?;
    let told = refresh(platform)?;
    reconcile::CALLS.start(platform)?;
    texts::reconcile::start(platform)?;
    deals::start(platform, at)?;
    unsettled::resume(platform)?;
    timers::every(platform, REFRESH_TIMER, REFRESH_EVERY_MS)?;
    Ok(told)
}

/// Switched off: the module stays in RetailCRM, inactive and without extensions, so that no manager sees our buttons.
pub fn on_deactivate(platform: &dyn Platform) -> Handled {
    unsettled::finish(platform)?;
    registration::register(platform, false, &[])?;
    reconcile::CALLS.end(platform)?;
    TEXTS.end(platform)?;
    switch::end(platform)?;
    done()
}

/// Reads what events need to know (time zone, statuses, users), links employees to users, and tells RetailCRM the extensions.
pub fn refresh(platform: &dyn Platform) -> Handled {
    let crm = Crm::new(platform);
    let [settings, first_users, order_statuses, sites] =
        crm.ask_all([reference::ask_settings(), users::ask_page(1), reference::ask_statuses(), reference::ask_sites()]);
    let (settings, first_users, order_statuses, sites) = (settings?, first_users?, order_statuses?, sites?);
    if let Some(zone) = reference::timezone(&settings) {
        platform
            .to_local(0, &zone)
            .map_err(|why| misconfigured("connections/retailcrm", format!("RetailCRM's time zone {zone:?} cannot be used: {why}")))?;
        zone::remember_zone(platform, &zone)?;
    }
    working_hours::remember(platform, &WorkTimes::read(&settings))?;
    shops::remember(platform, &reference::sites(&sites)?)?;
    let prepared = Settings::load(platform)?;
    for entity in [Entity::Customer, Entity::Order] {
        if prepared.needs_fields_of(entity) {
            known_fields::remember(platform, entity, &custom_fields::of(crm, entity)?)?;
        }
    }
    statuses::remember(platform, &reference::statuses(&order_statuses)?)?;
    let users = users::all(crm, &first_users)?;
    let mut everybody = directory::all(platform)?;
    let (links, left_out) = match prepared.employee_matching {
        Matching::Synchronisation => {
            let left_out = sync::run(platform, &prepared.synchronised_users, &users, &mut everybody)?;
            (matching::by_email(&everybody, &users), left_out)
        }
        Matching::Table => matching::by_table(&prepared.employee_table, &everybody, &users),
    };
    employee_links::remember(platform, &links)?;
    registration::register(platform, true, &links)?;
    done_without(left_out)
}
