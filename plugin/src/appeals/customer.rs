//! The customer of whoever appealed: looked for, and created when nobody is known. One customer per person: his `externalId` is made of
//! what he is known by, so that of two creates RetailCRM refuses the second.

use serde_json::Map;

use super::lookup::Lookup;
use super::{fields, join, progress};
use crate::appeal::Appeal;
use crate::base::outcome::skipped;
use crate::base::template;
use crate::bindings::uis::integration::decision::DraftKind;
use crate::bindings::uis::integration::types::{Failure, Skipped};
use crate::platform::Platform;
use crate::retailcrm::CrmError;
use crate::retailcrm::customers::{self, Customer, NewCustomer};
use crate::rules::{self, Fields, For, Reviewed};
use crate::settings::Row;

/// RetailCRM's longest name, in characters.
const NAME_MAX: usize = 255;

/// Sees to it that whoever appealed is a customer. `manager` answers for him if he is created, and `rows` are written then.
pub fn ensure(
    platform: &dyn Platform,
    appeal: &Appeal<'_>,
    manager: impl FnOnce(&mut Lookup<'_>) -> Result<Option<i64>, Failure>,
    rows: &[Row],
    lookup: &mut Lookup<'_>,
) -> Result<Vec<Skipped>, Failure> {
    let before = progress::read(platform, &appeal.id);
    let (false, Some(external_id)) = (before.looked_up, appeal.who.external_id()) else { return Ok(Vec::new()) };
    let mut left_out = Vec::new();
    join::join(platform, appeal, lookup)?;
    let mut written = Map::new();
    let mut created = false;
    if lookup.customer()?.is_none() {
        written = fields::of_new(platform, appeal, rows);
        let name = template::fit(platform, "customer's name", &appeal.name, NAME_MAX);
        let proposed = manager(lookup)?;
        let mut customer = NewCustomer {
            external_id: external_id.clone(),
            first_name: if name.is_empty() { appeal.who.shown() } else { name },
            phone: appeal.who.phone.clone(),
            email: appeal.who.email.clone(),
            manager_id: proposed,
            site: appeal.site.clone(),
            source: appeal.source.clone(),
            fields: written.clone(),
        };
        let plain = customer.clone();
        customer.manager_id = rules::responsible(platform, appeal, For::Customer, proposed);
        match rules::review(platform, appeal, DraftKind::Customer, || drafted(&customer)) {
            Reviewed::Keep => {}
            Reviewed::Changed(changed) => {
                customer.first_name = changed.text("first-name").unwrap_or(customer.first_name);
                // By what he is known is not a rule's to change: it would make him somebody else.
                customer.manager_id = changed.integer("manager");
                customer.source = changed.source();
                // What the settings proposed counts as written: it is not proposed again, whatever rules made of it.
                customer.fields = changed.own();
            }
            Reviewed::Skip(why) => {
                // What would be his is not made either.
                progress::note(platform, &appeal.id, |progress| {
                    progress.looked_up = true;
                    progress.skipped = true;
                })?;
                return Ok(vec![skipped(format!("customer of {}, his order and his task", appeal.id), format!("a rule: {why}"))]);
            }
        }
        progress::note(platform, &appeal.id, |progress| progress.creating = true)?;
        let made = match customers::create(lookup.crm(), &customer) {
            Err(error @ CrmError::Refused { .. }) if customer != plain => {
                left_out.push(rules::refused(platform, format!("customer of {}", appeal.id), &error));
                customer = plain;
                customers::create(lookup.crm(), &customer)
            }
            other => other,
        };
        let made = match made {
            // A field, a user or a source that RetailCRM does not take any more must not keep a person out of it.
            Err(error @ CrmError::Refused { .. }) if customer.manager_id.is_some() || !customer.fields.is_empty() => {
                written = Map::new();
                let plain = NewCustomer { manager_id: None, source: None, fields: Map::new(), ..customer.clone() };
                let made = customers::create(lookup.crm(), &plain)?;
                left_out.push(skipped(format!("fields and manager of the customer of {}", appeal.id), error.to_string()));
                made
            }
            other => other?,
        };
        created = made.is_some();
        // None: somebody was faster; whom he made is the one.
        lookup.learn(made.map(|id| Customer {
            id,
            external_id: customer.external_id,
            site: customer.site.unwrap_or_default(),
            manager_id: customer.manager_id,
            ..Customer::default()
        }));
    }
    let mut customer = lookup.customer()?;
    if customer.is_none() {
        // He was made by an earlier appeal, and somebody has taken his phone off him since: he is the one still.
        customer = customers::by_external_id(lookup.crm(), &external_id, appeal.site.as_deref())?;
        lookup.learn(customer.clone());
    }
    // An attempt whose answer was lost has created him as well as one that was answered.
    created |= before.creating && customer.as_ref().is_some_and(|customer| customer.external_id == external_id);
    // First of all who the visitor is: once the look-up is noted as done nothing would remember him any more.
    lookup.remember_visitor()?;
    progress::note(platform, &appeal.id, |progress| {
        progress.looked_up = true;
        progress.created |= created;
        progress.customer.clone_from(&customer);
        if created {
            progress.fields.extend(written.clone());
        }
    })?;
    Ok(left_out)
}

/// A new customer as rules see him.
fn drafted(customer: &NewCustomer) -> Fields {
    Fields::default()
        .text("first-name", Some(customer.first_name.clone()))
        .text("phone", customer.phone.clone())
        .text("email", customer.email.clone())
        .text("shop", customer.site.clone())
        .integer("manager", customer.manager_id)
        .source(customer.source.as_ref())
        .own(&customer.fields)
}
