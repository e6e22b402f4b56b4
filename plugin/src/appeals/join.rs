//! Recognises one person by phone, e-mail and visitor together («Объединять клиентов»): somebody who was created before they left the phone or
//! e-mail that is known now. Only customers that the plugin created are merged away. A customer without any phone gets the phone of whoever
//! writes with the customer's e-mail, and one without an e-mail the e-mail of whoever writes with the customer's phone.

use super::lookup::Lookup;
use crate::appeal::{Appeal, Identity};
use crate::bindings::uis::integration::log::Verdict as Decided;
use crate::bindings::uis::integration::types::Failure;
use crate::context::Context;
use crate::retailcrm::customers::{self, Customer};

/// Looks the person up by everything that is known of them, and makes one customer of those found, as far as they can be the same person.
pub fn join(context: &Context<'_>, appeal: &Appeal<'_>, lookup: &mut Lookup<'_>) -> Result<(), Failure> {
    let identity = &appeal.identity;
    if (identity.phone.is_none() && identity.email.is_none()) || !context.settings()?.join_customers {
        return Ok(());
    }
    let earlier = lookup.by_visitor()?.filter(by_plugin);
    // With one kind of contact and no visitor, the usual look-up finds all there is.
    if earlier.is_none() && (identity.phone.is_none() || identity.email.is_none()) {
        return Ok(());
    }
    let person = match (lookup.by_phone()?, lookup.by_email()?) {
        (Some(found), Some(same)) if found.id == same.id => Some(found),
        (Some(found), Some(other)) => Some(merge(context, lookup, identity, other, found)?),
        (Some(found), None) if found.email.trim().is_empty() => Some(complete(context, lookup, identity, found)?),
        (None, Some(found)) if found.phones.is_empty() => Some(complete(context, lookup, identity, found)?),
        (found, other) => found.or(other),
    };
    let person = match (person, earlier) {
        (Some(found), Some(same)) if found.id == same.id => Some(complete(context, lookup, identity, found)?),
        (Some(found), Some(earlier)) => Some(merge(context, lookup, identity, earlier, found)?),
        (None, Some(earlier)) if may_be_the_same(&earlier, identity) => Some(complete(context, lookup, identity, earlier)?),
        (person, _) => person,
    };
    if person.is_some() {
        lookup.set_customer(person);
    }
    Ok(())
}

/// Whether the plugin created the customer.
fn by_plugin(customer: &Customer) -> bool {
    customer.external_id.starts_with("uis-")
}

/// Whether a customer who was found by less may be the person: a customer with other contacts is another person, because people share devices.
fn may_be_the_same(customer: &Customer, identity: &Identity) -> bool {
    customer.phones.is_empty() || identity.phone.is_none()
}

/// Merges a customer whom the plugin created before into the one who was found by better contacts. Returns the person.
fn merge(context: &Context<'_>, lookup: &Lookup<'_>, identity: &Identity, earlier: Customer, found: Customer) -> Result<Customer, Failure> {
    if by_plugin(&earlier) && may_be_the_same(&earlier, identity) {
        customers::combine(lookup.crm(), &earlier, &found)?;
        let why = format!("customer {} was created before the contacts of {} were known", earlier.id, found.id);
        context.decided(format_args!("customer {}", earlier.id), "join-customers", Decided::Changed, why);
    }
    Ok(found)
}

/// Adds the phone and the e-mail that the customer does not have.
fn complete(context: &Context<'_>, lookup: &Lookup<'_>, identity: &Identity, customer: Customer) -> Result<Customer, Failure> {
    let reader = context.phones()?;
    let knows = |number: &String| customer.phones.iter().any(|known| reader.find(known, number).is_some());
    let phone = identity.phone.as_ref().filter(|number| !knows(number)).and_then(|_| identity.written_phone());
    let email = identity.email.as_deref().filter(|_| customer.email.is_empty());
    if phone.is_some() || email.is_some() {
        customers::add_contacts(lookup.crm(), &customer, phone.as_deref(), email)?;
    }
    Ok(customer)
}
