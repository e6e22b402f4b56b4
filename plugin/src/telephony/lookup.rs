//! Whose call it is in RetailCRM: looked up by his phone, and once for all that follows from one event.

use crate::bindings::uis::integration::types::Failure;
use crate::platform::Platform;
use crate::retailcrm::customers::{self, Customer};
use crate::retailcrm::{Crm, corporate};
use crate::telephony::story::Story;

/// Who called, or was called, as RetailCRM knows him.
pub struct Lookup<'a> {
    crm: Crm<'a>,
    phone: String,
    /// None: not looked up yet. None within: nobody has the phone.
    found: Option<Option<Customer>>,
}

impl<'a> Lookup<'a> {
    /// Of a call; none when there is nobody to look up: no number, or a colleague's.
    pub fn of(platform: &'a dyn Platform, story: &Story) -> Option<Lookup<'a>> {
        let phone = story.phone.clone().filter(|_| !story.internal)?;
        Some(Lookup { crm: Crm::new(platform), phone, found: story.customer.clone().map(Some) })
    }

    /// The way to RetailCRM.
    pub fn crm(&self) -> Crm<'a> {
        self.crm
    }

    /// His phone, canonical digits.
    pub fn phone(&self) -> &str {
        &self.phone
    }

    /// The customer, asked for the first time only.
    pub fn customer(&mut self) -> Result<Option<Customer>, Failure> {
        if self.found.is_none() {
            self.found = Some(customers::find_by_phone(self.crm, &self.phone)?);
        }
        Ok(self.found.clone().flatten())
    }

    /// He was created, or somebody else has just created him: what was found before does not count any more.
    pub fn learn(&mut self, customer: Option<Customer>) {
        self.found = customer.map(Some);
    }

    /// Whose manager answers for him: his own, or, for a contact person who has none, his company's.
    pub fn manager(&mut self) -> Result<Option<i64>, Failure> {
        let Some(customer) = self.customer()? else { return Ok(None) };
        match customer.manager_id {
            None if customer.is_contact => Ok(corporate::of_contact(self.crm, customer.id)?.and_then(|company| company.manager_id)),
            known => Ok(known),
        }
    }
}
