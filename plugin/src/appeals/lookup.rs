//! Whose appeal it is in RetailCRM: looked up once for all that follows from one event.

use super::Identity;
use super::progress::Progress;
use crate::bindings::uis::integration::types::Failure;
use crate::platform::Platform;
use crate::retailcrm::customers::{self, Customer};
use crate::retailcrm::{Crm, corporate};

/// Who appealed, as RetailCRM knows him.
pub struct Lookup<'a> {
    crm: Crm<'a>,
    who: Identity,
    /// None: not looked up yet. None within: nobody is known by it.
    found: Option<Option<Customer>>,
}

impl<'a> Lookup<'a> {
    /// Of whoever appealed, with what is known from an earlier event; none when there is nothing to look him up by.
    pub fn of(platform: &'a dyn Platform, who: Identity, progress: &Progress) -> Option<Lookup<'a>> {
        who.external_id()?;
        Some(Lookup { crm: Crm::new(platform), who, found: progress.customer.clone().map(Some) })
    }

    /// The way to RetailCRM.
    pub fn crm(&self) -> Crm<'a> {
        self.crm
    }

    /// The customer, asked for the first time only.
    pub fn customer(&mut self) -> Result<Option<Customer>, Failure> {
        if self.found.is_none() {
            let by_phone = self.who.phone.as_ref().map(|phone| customers::find_by_phone(self.crm, phone)).transpose()?.flatten();
            self.found = Some(by_phone);
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
