//! The customer of an appeal, looked up at most once per event.

use super::progress::{self, Progress};
use crate::appeal::Identity;
use crate::base::appeal_id::AppealId;
use crate::base::keys::Key;
use crate::base::{digest, stored};
use crate::bindings::uis::integration::types::Failure;
use crate::context::Context;
use crate::retailcrm::customers::{self, Customer};
use crate::retailcrm::{Crm, corporate};

/// A visitor's customer is stored for 400 days: longer than UIS's own cookie.
const VISITOR_TTL_MS: u64 = 400 * 24 * 3_600_000;

/// By how many further phones a person is looked up.
const FURTHER_MAX: usize = 3;

/// The name of a phone under [`Key::Alias`].
pub fn alias_of_phone(number: &str) -> String {
    format!("phone/{number}")
}

/// The name of an e-mail under [`Key::Alias`]; an e-mail may be longer than a key.
pub fn alias_of_email(email: &str) -> String {
    format!("email/{:x}", digest::of(&email))
}

/// Looks up the customer of the person who called or wrote.
pub struct Lookup<'a> {
    context: &'a Context<'a>,
    crm: Crm<'a>,
    identity: Identity,
    /// None: not looked up yet. `Some(None)`: no customer was found.
    found: Option<Option<Customer>>,
}

impl<'a> Lookup<'a> {
    /// A look-up by `identity`, starting from the customer stored by an earlier event; none if the identity is empty.
    pub fn of(context: &'a Context<'a>, identity: Identity, progress: &Progress) -> Option<Lookup<'a>> {
        identity.external_id()?;
        Some(Lookup { context, crm: context.crm, identity, found: progress.customer.clone().map(Some) })
    }

    /// A look-up for a person about whom nothing is known: it never finds a customer.
    pub fn without_customer(context: &'a Context<'a>) -> Lookup<'a> {
        Lookup { context, crm: context.crm, identity: Identity::default(), found: Some(None) }
    }

    /// The connection to RetailCRM.
    pub fn crm(&self) -> Crm<'a> {
        self.crm
    }

    /// The customer; RetailCRM is queried only on the first call.
    pub fn customer(&mut self) -> Result<Option<Customer>, Failure> {
        if self.found.is_none() {
            let by_contact = self.by_contact()?;
            self.found = Some(if by_contact.is_some() { by_contact } else { self.by_visitor()? });
        }
        Ok(self.found.clone().flatten())
    }

    /// The customer with the person's phone, else with their e-mail.
    pub fn by_contact(&self) -> Result<Option<Customer>, Failure> {
        let by_phone = self.by_phone()?;
        if by_phone.is_some() { Ok(by_phone) } else { self.by_email() }
    }

    /// The customer with the person's phone.
    pub fn by_phone(&self) -> Result<Option<Customer>, Failure> {
        let reader = self.context.phones()?;
        let Some(main) = self.identity.main_phone() else { return Ok(None) };
        // Before anything with this number is written into RetailCRM.
        reader.remember(&main.number);
        if let Some(found) = customers::find_by_phone(self.crm, reader, &main)? {
            return Ok(Some(found));
        }
        if let Some(known) = self.by_alias(&alias_of_phone(&main.number))? {
            return Ok(Some(known));
        }
        for further in self.identity.further_phones.iter().take(FURTHER_MAX) {
            if let Some(found) = customers::find_by_phone(self.crm, reader, further)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The customer with the person's e-mail.
    pub fn by_email(&self) -> Result<Option<Customer>, Failure> {
        let Some(email) = &self.identity.email else { return Ok(None) };
        match customers::find_by_email(self.crm, email)? {
            None => self.by_alias(&alias_of_email(email)),
            found => Ok(found),
        }
    }

    /// The customer of an earlier appeal that had this phone or e-mail beside one of the customer's own.
    fn by_alias(&self, alias: &str) -> Result<Option<Customer>, Failure> {
        if !self.context.settings()?.join_customers {
            return Ok(None);
        }
        let known = stored::load::<i64>(self.context.platform, Key::Alias(alias))?;
        Ok(known.map(|id| customers::by_id(self.crm, id)).transpose()?.flatten())
    }

    /// Stores under which other phones and e-mails the person wrote: RetailCRM's record keeps what a person entered there, so whoever uses
    /// one of these later would count as somebody new.
    pub fn remember_aliases(&mut self) -> Result<(), Failure> {
        let (reader, platform) = (self.context.phones()?, self.context.platform);
        let Some(customer) = self.customer()?.filter(|_| self.context.settings().is_ok_and(|settings| settings.join_customers)) else {
            return Ok(());
        };
        let main = self.identity.main_phone();
        for phone in main.iter().chain(&self.identity.further_phones) {
            if customers::phones_with(reader, &customer.external_id, &customer.phones, &phone.number).is_empty() {
                stored::put(platform, Key::Alias(&alias_of_phone(&phone.number)), &customer.id, Some(VISITOR_TTL_MS))?;
            }
        }
        match &self.identity.email {
            Some(email) if customer.email.trim().to_lowercase() != *email => {
                stored::put(platform, Key::Alias(&alias_of_email(email)), &customer.id, Some(VISITOR_TTL_MS))
            }
            _ => Ok(()),
        }
    }

    /// The customer of the visitor's earlier appeal.
    pub fn by_visitor(&self) -> Result<Option<Customer>, Failure> {
        let known = self.identity.visitor.map_or(Ok(None), |visitor| stored::load::<i64>(self.context.platform, Key::Visitor(visitor)))?;
        Ok(known.map(|id| customers::by_id(self.crm, id)).transpose()?.flatten())
    }

    /// Stores which customer the visitor is.
    pub fn remember_visitor(&mut self) -> Result<(), Failure> {
        match (self.identity.visitor, self.customer()?) {
            (Some(visitor), Some(customer)) => {
                stored::put(self.context.platform, Key::Visitor(visitor), &customer.id, Some(VISITOR_TTL_MS))
            }
            _ => Ok(()),
        }
    }

    /// Forgets an unsuccessful look-up: another event may have created the customer since.
    pub fn forget_nobody(&mut self) {
        if self.found == Some(None) {
            self.found = None;
        }
    }

    /// Sets the customer after a create, or forces a new look-up when another request created them.
    pub fn set_customer(&mut self, customer: Option<Customer>) {
        self.found = customer.map(Some);
    }

    /// Finds the customer again after they were merged into another one and no longer exist. The customer who now has the phone or e-mail
    /// becomes the appeal's.
    pub fn find_successor(&mut self, appeal: AppealId) -> Result<Option<Customer>, Failure> {
        self.set_customer(None);
        let found = self.customer()?;
        if found.is_some() {
            progress::update(self.context, appeal, |progress| progress.customer.clone_from(&found))?;
        }
        Ok(found)
    }

    /// The customer's manager; for a company's contact without a manager, the company's.
    pub fn manager(&mut self) -> Result<Option<i64>, Failure> {
        let Some(customer) = self.customer()? else { return Ok(None) };
        match customer.manager_id {
            None if customer.is_contact => Ok(corporate::of_contact(self.crm, customer.id)?.and_then(|company| company.manager_id)),
            known => Ok(known),
        }
    }
}
