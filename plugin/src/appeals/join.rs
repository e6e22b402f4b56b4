//! Merges two customers that turn out to be the same person («Объединять клиентов»): the visitor was created as a customer before they left
//! the phone or e-mail known now. Only customers that the plugin created this way are changed.

use super::lookup::Lookup;
use crate::appeal::Appeal;
use crate::bindings::uis::integration::types::Failure;
use crate::context::Context;
use crate::retailcrm::customers;

/// Merges the visitor's earlier customer into the customer with their contacts. If no customer has the contacts, they are added to the
/// earlier one.
pub fn join(context: &Context<'_>, appeal: &Appeal<'_>, lookup: &mut Lookup<'_>) -> Result<(), Failure> {
    let identity = &appeal.identity;
    if identity.visitor.is_none() || (identity.phone.is_none() && identity.email.is_none()) || !context.settings()?.join_customers {
        return Ok(());
    }
    let Some(earlier) = lookup.by_visitor()?.filter(|customer| customer.external_id.starts_with("uis-")) else { return Ok(()) };
    match lookup.by_contact()? {
        Some(found) if found.id == earlier.id => {
            let knows_phone = |phone: &&String| earlier.phones.iter().any(|known| crate::base::phone::same(known, phone));
            let phone = identity.phone.as_ref().filter(|phone| !knows_phone(phone));
            let email = identity.email.as_ref().filter(|_| earlier.email.is_empty());
            if phone.is_some() || email.is_some() {
                customers::add_contacts(lookup.crm(), &earlier, phone.map(String::as_str), email.map(String::as_str))?;
            }
            lookup.set_customer(Some(earlier));
        }
        // A customer with other contacts is another person: people share devices.
        Some(found) if earlier.phones.is_empty() || identity.phone.is_none() => {
            customers::combine(lookup.crm(), &earlier, &found)?;
            lookup.set_customer(Some(found));
        }
        Some(found) => lookup.set_customer(Some(found)),
        None if earlier.phones.is_empty() || identity.phone.is_none() => {
            let email = identity.email.as_deref().filter(|_| earlier.email.is_empty());
            customers::add_contacts(lookup.crm(), &earlier, identity.phone.as_deref(), email)?;
            lookup.set_customer(Some(earlier));
        }
        None => {}
    }
    Ok(())
}
