//! Switching the integration on and off: what RetailCRM is told of us, and what we must know of it before the first event.

use serde_json::Value;

use crate::bindings::uis::integration::types::{Failure, Instant};
use crate::deals;
use crate::employees::{self, sync};
use crate::extra_fields::{self, Entity};
use crate::memory;
use crate::outcome::{Handled, done, done_without, misconfigured, skipped};
use crate::platform::Platform;
use crate::reports;
use crate::retailcrm::Crm;
use crate::retailcrm::custom_fields;
use crate::retailcrm::modules::{self, ExternalPhone, Module};
use crate::retailcrm::reference;
use crate::retailcrm::users;
use crate::settings::Settings;
use crate::settings::telephony::{Matching, ShopNumber};
use crate::setup::callbacks;
use crate::shops;
use crate::telephony::{reconcile, unsettled};
use crate::texts::{self, reconcile::TEXTS};
use crate::time;
use crate::workplace;
use crate::worktime::{self, WorkTimes};

/// Where RetailCRM's order statuses are remembered, for caller cards.
pub const STATUSES_KEY: &str = "retailcrm/statuses";

/// The timer that repeats [`refresh`]; the seed's "every two hours".
pub const REFRESH_TIMER: &str = "refresh";
const REFRESH_EVERY_MS: u64 = 2 * 3_600_000;

/// Switched on, or settings were saved; `at`: when that was.
pub fn on_activate(platform: &dyn Platform, at: Instant) -> Handled {
    reconcile::CALLS.begin(platform, at)?;
    TEXTS.begin(platform, at)?;
    if !callbacks::begin(platform)? {
        return done_without(vec![skipped("everything", "RetailCRM has frozen the integration; see its page in RetailCRM's marketplace")]);
    }
    // Whatever became of the module in RetailCRM meanwhile, it is registered anew.
    memory::forget(platform, REGISTERED_KEY)?;
    let told = refresh(platform)?;
    reconcile::CALLS.start(platform)?;
    texts::reconcile::start(platform)?;
    deals::start(platform, at)?;
    unsettled::resume(platform)?;
    reports::every(platform, REFRESH_TIMER, REFRESH_EVERY_MS)?;
    Ok(told)
}

/// Switched off: the module stays in RetailCRM, inactive and without extensions, so that no manager sees our buttons.
pub fn on_deactivate(platform: &dyn Platform) -> Handled {
    unsettled::finish(platform)?;
    register(platform, false, &[])?;
    reconcile::CALLS.end(platform)?;
    TEXTS.end(platform)?;
    callbacks::end(platform)?;
    done()
}

/// Reads what events need to know (time zone, statuses, users), ties employees to users, and tells RetailCRM the extensions.
pub fn refresh(platform: &dyn Platform) -> Handled {
    let crm = Crm::new(platform);
    let [settings, first_users, statuses, sites] =
        crm.ask_all([reference::ask_settings(), users::ask_page(1), reference::ask_statuses(), reference::ask_sites()]);
    let (settings, first_users, statuses, sites) = (settings?, first_users?, statuses?, sites?);
    if let Some(zone) = reference::timezone(&settings) {
        platform
            .to_local(0, &zone)
            .map_err(|why| misconfigured("connections/retailcrm", format!("RetailCRM's time zone {zone:?} cannot be used: {why}")))?;
        time::remember_zone(platform, &zone)?;
    }
    worktime::remember(platform, &WorkTimes::read(&settings))?;
    shops::remember(platform, &reference::sites(&sites)?)?;
    let prepared = Settings::load(platform)?;
    for entity in [Entity::Customer, Entity::Order] {
        if prepared.needs_fields_of(entity) {
            extra_fields::remember(platform, entity, &custom_fields::of(crm, entity)?)?;
        }
    }
    memory::put(platform, STATUSES_KEY, &reference::statuses(&statuses)?, None)?;
    let users = users::all(crm, &first_users)?;
    let mut everybody = employees::all(platform)?;
    let (ties, left_out) = match prepared.employee_matching {
        Matching::Synchronisation => {
            let left_out = sync::run(platform, &prepared.synchronised_users, &users, &mut everybody)?;
            (employees::tie(&everybody, &users), left_out)
        }
        Matching::Table => employees::tie_by_table(&prepared.employee_table, &everybody, &users),
    };
    employees::remember(platform, &ties)?;
    register(platform, true, &ties)?;
    done_without(left_out)
}

/// The shops' numbers as RetailCRM wants them.
fn numbers(settings: &Settings) -> Vec<ExternalPhone> {
    let row = |row: &ShopNumber| ExternalPhone { site_code: row.site.clone(), external_phone: row.number.clone() };
    settings.shop_numbers.iter().map(row).collect()
}

/// Where our module's code is remembered.
const CODE_KEY: &str = "retailcrm/module-code";

/// That RetailCRM shows pages of ours, or may.
const EMBEDDED_KEY: &str = "retailcrm/module-embedded";

/// What was last told to RetailCRM, so that it is told again only when it changed.
const REGISTERED_KEY: &str = "retailcrm/module";

fn register(platform: &dyn Platform, active: bool, ties: &[employees::Tie]) -> Result<(), Failure> {
    let url = |name: &str| platform.endpoint(name).ok_or_else(|| misconfigured("", format!("the host serves no {name}")));
    let activity = url("activity")?;
    let base_url = activity.strip_suffix("/activity").unwrap_or(&activity).to_owned();
    let crm = Crm::new(platform);
    let code = match memory::load::<String>(platform, CODE_KEY) {
        Some(code) => code,
        None => {
            let code = modules::code(crm, &base_url)?;
            memory::put(platform, CODE_KEY, &code, None)?;
            code
        }
    };
    let module = Module {
        code,
        active,
        base_url,
        logo: url("asset/logo.svg")?,
        client_id: platform.secret_placeholder(),
        additional_codes: employees::codes(ties),
        make_call_url: "/make-call".to_owned(),
        change_user_status_url: "/status".to_owned(),
        external_phones: if active { numbers(&Settings::load(platform)?) } else { Vec::new() },
        embed: if active { workplace::embed(platform) } else { Value::Null },
        embedded: memory::load(platform, EMBEDDED_KEY).unwrap_or(false),
    };
    let told = serde_json::json!([module.active, module.base_url, module.additional_codes, module.external_phones, module.embed]);
    if memory::load::<Value>(platform, REGISTERED_KEY).as_ref() == Some(&told) {
        return Ok(());
    }
    if !module.embed.is_null() && !module.embedded {
        memory::put(platform, EMBEDDED_KEY, &true, None)?;
    }
    modules::register(crm, &module)?;
    if module.embed.is_null() && module.embedded {
        memory::forget(platform, EMBEDDED_KEY)?;
    }
    memory::put(platform, REGISTERED_KEY, &told, None)
}
