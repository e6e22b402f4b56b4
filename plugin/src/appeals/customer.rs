//! The customer of an appeal: looked up, and created if none is found. A person is one customer: the `externalId` is derived from the
//! person's identity, so RetailCRM refuses a second create.

use serde_json::{Map, Value};

use super::lease::PersonLease;
use super::lookup::Lookup;
use super::progress::Progress;
use super::{fields, join, progress};
use crate::appeal::Appeal;
use crate::base::outcome::skipped;
use crate::base::phone::Phone;
use crate::base::template;
use crate::bindings::uis::integration::decision::DraftKind;
use crate::bindings::uis::integration::types::{Failure, Skipped};
use crate::context::Context;
use crate::retailcrm::CrmError;
use crate::retailcrm::customers::{self, Customer, NewCustomer};
use crate::rules::{self, AssigneeFor, Fields, Reviewed};
use crate::settings::common::ExtraFieldRow;

/// RetailCRM's longest name, in characters.
const NAME_MAX: usize = 255;

/// The result of creating a customer.
enum Creation {
    /// A rule decided that the customer is not created, for this reason.
    Skipped(String),
    /// The request was sent.
    Sent {
        /// The customer; none: another request created them first.
        customer: Option<Box<Customer>>,
        /// Extra fields that count as written.
        fields: Map<String, Value>,
        /// Extra fields as they were sent.
        sent: Map<String, Value>,
        /// What RetailCRM refused.
        left_out: Vec<Skipped>,
    },
}

/// Makes sure that the person who called or wrote is a customer. `manager` is the manager of a new customer; the fields of `rows` are
/// written to a new customer.
pub fn ensure(
    context: &Context<'_>,
    appeal: &Appeal<'_>,
    manager: impl FnOnce(&mut Lookup<'_>) -> Result<Option<i64>, Failure>,
    rows: &[ExtraFieldRow],
    lookup: &mut Lookup<'_>,
) -> Result<Vec<Skipped>, Failure> {
    let before = progress::read(context, appeal.id)?;
    let (false, Some(external_id)) = (before.looked_up, appeal.identity.external_id()) else { return Ok(Vec::new()) };
    let lease = PersonLease::take(context, &appeal.identity, appeal.id)?;
    lookup.forget_nobody();
    lease.release_after(find_or_create(context, appeal, (before, external_id), manager, rows, lookup))
}

/// Looks the customer up, and creates one if none is found. The caller holds the person's leases.
fn find_or_create(
    context: &Context<'_>,
    appeal: &Appeal<'_>,
    (before, external_id): (Progress, String),
    manager: impl FnOnce(&mut Lookup<'_>) -> Result<Option<i64>, Failure>,
    rows: &[ExtraFieldRow],
    lookup: &mut Lookup<'_>,
) -> Result<Vec<Skipped>, Failure> {
    join::join(context, appeal, lookup)?;
    is_first(context, appeal, lookup)?;
    let (mut created, mut written, mut sent, mut left_out) = (false, Map::new(), Map::new(), Vec::new());
    if let Some(known) = lookup.customer()? {
        context.left_out(format_args!("client of {}", appeal.id), format_args!("RetailCRM knows the person: customer {}", known.id));
    } else {
        let proposed = propose(context, appeal, external_id.clone(), rows)?;
        let proposed = NewCustomer { manager_id: manager(lookup)?, ..proposed };
        match create(context, appeal, proposed)? {
            Creation::Skipped(why) => {
                // Without the customer there is no order and no task either.
                progress::update(context, appeal.id, |progress| {
                    progress.looked_up = true;
                    progress.skipped = true;
                })?;
                return Ok(vec![skipped(format!("customer of {}, their order and their task", appeal.id), format!("a rule: {why}"))]);
            }
            Creation::Sent { customer, fields, sent: fields_sent, left_out: refused } => {
                created = customer.is_some();
                lookup.set_customer(customer.map(|customer| *customer));
                (written, sent, left_out) = (fields, fields_sent, refused);
            }
        }
    }
    let mut customer = lookup.customer()?;
    if customer.is_none() {
        // An earlier appeal created the customer, and the phone was removed from them since: it is still the same customer.
        customer = customers::by_external_id(context.crm, &external_id, appeal.site.as_deref())?;
        lookup.set_customer(customer.clone());
    }
    // An earlier attempt whose answer was lost may have created the customer.
    if !created && before.creating && customer.as_ref().is_some_and(|customer| customer.external_id == external_id) {
        created = true;
        let (proposed_before, sent_before) = before.creating_fields;
        (written, sent) = (proposed_before.into_iter().collect(), sent_before.into_iter().collect());
    }
    // Store the visitor's customer first: once the look-up is marked as done, no later attempt would store it.
    lookup.remember_visitor()?;
    if !created {
        lookup.remember_aliases()?;
    }
    if let Some(customer) = customer.as_ref().filter(|_| created && !sent.is_empty()) {
        fields::remember_of_customer(context, customer.id, rows, &sent)?;
    }
    progress::update(context, appeal.id, |progress| {
        progress.looked_up = true;
        progress.created |= created;
        progress.customer.clone_from(&customer);
        if created {
            progress.fields.extend(written.clone());
            progress.sent_fields.extend(sent.clone());
        }
    })?;
    Ok(left_out)
}

/// Whether RetailCRM had nobody with the person's contacts when the appeal began. The first look-up decides; later ones, when the customer
/// may have been created, do not change it.
pub fn is_first(context: &Context<'_>, appeal: &Appeal<'_>, lookup: &mut Lookup<'_>) -> Result<bool, Failure> {
    let known = progress::read(context, appeal.id)?;
    if let Some(first) = known.first {
        return Ok(first);
    }
    // Progress that an older version stored does not have it.
    let first = known.created || known.creating || lookup.customer()?.is_none();
    progress::update(context, appeal.id, |progress| progress.first = progress.first.or(Some(first)))?;
    Ok(first)
}

/// Gives a customer whom this appeal created another manager, unless somebody has changed the manager since.
pub fn correct_manager(context: &Context<'_>, appeal: &Appeal<'_>, wanted: Option<i64>) -> Result<(), Failure> {
    let known = progress::read(context, appeal.id)?;
    let (true, Some(customer)) = (known.created, known.customer) else { return Ok(()) };
    let wanted = rules::assignee(context, appeal, AssigneeFor::Customer, wanted);
    let Some(manager) = wanted.filter(|_| wanted != customer.manager_id) else { return Ok(()) };
    let now = customers::by_id(context.crm, customer.id)?;
    if now.is_none_or(|now| now.manager_id != customer.manager_id) {
        return Ok(());
    }
    customers::set_manager(context.crm, &customer, manager)?;
    progress::update(context, appeal.id, |progress| {
        if let Some(customer) = &mut progress.customer {
            customer.manager_id = Some(manager);
        }
    })
}

/// A new customer according to the settings, still without the manager.
fn propose(context: &Context<'_>, appeal: &Appeal<'_>, external_id: String, rows: &[ExtraFieldRow]) -> Result<NewCustomer, Failure> {
    let fields = fields::of_new(context, appeal, rows)?;
    let name = template::fit(context.platform, "customer's name", &appeal.name, NAME_MAX);
    Ok(NewCustomer {
        external_id,
        first_name: if name.is_empty() { appeal.identity.shown() } else { name },
        phone: appeal.identity.written_phone(),
        further_phones: appeal.identity.further_phones.iter().map(Phone::written).collect(),
        email: appeal.identity.email.clone(),
        manager_id: None,
        site: appeal.site.clone(),
        source: appeal.source.clone(),
        fields,
    })
}

/// Creates a customer as the rules left it. Whatever RetailCRM refuses is left out.
fn create(context: &Context<'_>, appeal: &Appeal<'_>, plain: NewCustomer) -> Result<Creation, Failure> {
    // Fields that the settings proposed count as written even if rules changed them: they are not proposed again.
    let mut written = plain.fields.clone();
    let mut customer = match reviewed(context, appeal, &plain) {
        Ok(customer) => customer,
        Err(why) => return Ok(Creation::Skipped(why)),
    };
    intend(context, appeal, &plain.fields, &customer.fields)?;
    let mut left_out = Vec::new();
    let made = match customers::create(context.crm, &customer) {
        Err(error @ CrmError::Refused { .. }) if customer != plain => {
            left_out.push(rules::report_refusal(context, format!("customer of {}", appeal.id), &error));
            customer = plain;
            intend(context, appeal, &customer.fields, &customer.fields)?;
            customers::create(context.crm, &customer)
        }
        other => other,
    };
    let made = match made {
        // A field, user or source that RetailCRM no longer accepts must not prevent the customer from being created.
        Err(error @ CrmError::Refused { .. }) if customer.manager_id.is_some() || !customer.fields.is_empty() => {
            written = Map::new();
            customer.fields = Map::new();
            intend(context, appeal, &written, &customer.fields)?;
            let plain = NewCustomer { manager_id: None, source: None, ..customer.clone() };
            let made = customers::create(context.crm, &plain)?;
            left_out.push(skipped(format!("fields and manager of the customer of {}", appeal.id), error.to_string()));
            made
        }
        other => other?,
    };
    let sent = std::mem::take(&mut customer.fields);
    // None: another request created the customer first; that customer is used.
    let customer = made.map(|id| {
        Box::new(Customer {
            id,
            external_id: customer.external_id,
            site: customer.site.unwrap_or_default(),
            manager_id: customer.manager_id,
            ..Customer::default()
        })
    });
    Ok(Creation::Sent { customer, fields: written, sent, left_out })
}

/// Stores that a customer is about to be created with these custom fields, so that an attempt whose answer is lost is recognised.
fn intend(context: &Context<'_>, appeal: &Appeal<'_>, proposed: &Map<String, Value>, sent: &Map<String, Value>) -> Result<(), Failure> {
    let all = |fields: &Map<String, Value>| fields.clone().into_iter().collect();
    progress::update(context, appeal.id, |progress| {
        progress.creating = true;
        progress.creating_fields = (all(proposed), all(sent));
    })
}

/// A new customer as the rules left it; the error is the reason why a rule skipped it.
fn reviewed(context: &Context<'_>, appeal: &Appeal<'_>, plain: &NewCustomer) -> Result<NewCustomer, String> {
    let mut customer =
        NewCustomer { manager_id: rules::assignee(context, appeal, AssigneeFor::Customer, plain.manager_id), ..plain.clone() };
    match rules::review(context, appeal, DraftKind::Customer, || drafted(&customer)) {
        Reviewed::Keep => {}
        Reviewed::Changed(changed) => {
            // Rules must not change the fields that identify the customer.
            customer.first_name = changed.text("first-name").unwrap_or(customer.first_name);
            customer.manager_id = changed.integer("manager");
            customer.source = changed.source();
            customer.fields = changed.own();
        }
        Reviewed::Skip(why) => return Err(why),
    }
    Ok(customer)
}

/// A new customer as a draft for rules.
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
