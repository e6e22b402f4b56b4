//! «Создавать заказ по звонку»: for a first call, a repeated one, a lost one. The order's `externalId` is made of the call, so that a second
//! create is refused and not doubled.

use crate::bindings::uis::integration::types::{Failure, Instant};
use crate::employees;
use crate::memory;
use crate::platform::Platform;
use crate::retailcrm::corporate;
use crate::retailcrm::orders::{self, NewOrder};
use crate::retailcrm::reference::Status;
use crate::settings::Settings;
use crate::settings::telephony::{OrderCall, OrderResponsible, RepeatOrder};
use crate::setup::activation::STATUSES_KEY;
use crate::shops;
use crate::telephony::contact;
use crate::telephony::lookup::Lookup;
use crate::telephony::parameters::Parameters;
use crate::telephony::story::{self, Story};
use crate::template;
use crate::time;

/// A comment is at most so long, in characters [inferred].
const COMMENT_MAX: usize = 2000;
const HOUR_MS: i64 = 3_600_000;

/// Makes the order of a call that is over, if the settings want one. `talked`: somebody did.
pub fn make(platform: &dyn Platform, session: i64, talked: bool, settings: &Settings, lookup: &mut Lookup<'_>) -> Result<(), Failure> {
    if !settings.call_orders {
        return Ok(());
    }
    if !talked && !settings.call_order_calls.contains(&OrderCall::Lost) {
        return Ok(());
    }
    // An order is somebody's: whoever has no customer yet gets one.
    contact::ensure(platform, session, &story::read(platform, session), settings, lookup)?;
    let story = story::read(platform, session);
    let Some(customer) = lookup.customer()? else { return Ok(()) };
    let kind = match (talked, story.created) {
        (false, _) => OrderCall::Lost,
        (true, true) => OrderCall::First,
        (true, false) => OrderCall::Repeat,
    };
    if !settings.call_order_calls.contains(&kind) {
        return Ok(());
    }
    let crm = lookup.crm();
    // Whom a company sent orders for the company.
    let company = if customer.is_contact { corporate::of_contact(crm, customer.id)? } else { None };
    let buyer = company.as_ref().map_or(customer.id, |company| company.id);
    if !story.created && !free(platform, settings, &orders::of_customer(crm, buyer, company.is_some())?, &story)? {
        return Ok(());
    }
    let site = company.as_ref().map_or(customer.site, |company| company.site.clone());
    let parameters = Parameters::of(platform, session, &story)?;
    let comment = template::render(&settings.call_order_comment, |name| parameters.get(name), |_| {});
    let own_site = shops::of_call(platform, settings, story.virtual_number.as_deref());
    orders::create(
        crm,
        &NewOrder {
            external_id: story::external_id(session),
            customer: customer.id,
            company: company.map(|company| company.id),
            // A customer's orders are of his shop, unless the number says another.
            site: shops::of_number(settings, story.virtual_number.as_deref()).or(Some(site).filter(|site| !site.is_empty())).or(own_site),
            phone: lookup.phone().to_owned(),
            order_type: settings.call_order_type.clone(),
            order_method: settings.call_order_method.clone(),
            status: settings.call_order_status.clone(),
            manager_id: responsible(platform, settings, &story),
            manager_comment: template::fit(platform, "order's comment", &comment, COMMENT_MAX),
        },
    )?;
    Ok(())
}

/// Whether the customer's other orders leave room for one more.
fn free(platform: &dyn Platform, settings: &Settings, orders: &[orders::Standing], story: &Story) -> Result<bool, Failure> {
    let statuses: Vec<Status> = memory::load(platform, STATUSES_KEY).unwrap_or_default();
    let ended = |order: &&orders::Standing| {
        statuses.iter().any(|status| status.code == order.status && matches!(status.group.as_str(), "complete" | "cancel"))
    };
    let none_open = orders.iter().all(|order| ended(&order));
    let at: Instant = story.end.as_ref().map_or(0, |end| end.at);
    Ok(match settings.call_order_repeat {
        RepeatOrder::Always => true,
        RepeatOrder::NoOpen => none_open,
        RepeatOrder::AfterHours => {
            // Both are local times of the account, written alike: they compare as text.
            let latest = time::crm_date_time(platform, at - i64::from(settings.call_order_after_hours) * HOUR_MS)?;
            none_open && orders.iter().filter(ended).all(|order| order.since <= latest)
        }
    })
}

fn responsible(platform: &dyn Platform, settings: &Settings, story: &Story) -> Option<i64> {
    let end = story.end.clone().unwrap_or_default();
    let employee = story.talks.iter().rev().copied().find(|id| *id != 0).or(end.employee_id).or(end.rung_last);
    let chosen = match settings.call_order_responsible {
        OrderResponsible::Talked => employee.and_then(|id| employees::of_employee(platform, id)).map(|tie| tie.user_id),
        OrderResponsible::Default => None,
        OrderResponsible::Fixed => settings.call_order_user,
    };
    chosen.or(settings.default_responsible)
}
