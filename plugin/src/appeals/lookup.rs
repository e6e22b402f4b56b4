//! Whose appeal it is in RetailCRM: looked up once for all that follows from one event.

use super::progress::{self, Progress};
use crate::appeal::Identity;
use crate::base::appeal_id::AppealId;
use crate::base::keys::Key;
use crate::base::stored;
use crate::bindings::uis::integration::types::Failure;
use crate::context::Context;
use crate::retailcrm::customers::{self, Customer};
use crate::retailcrm::{Crm, corporate};

/// A visitor is remembered for a year and a month: longer than UIS's own cookie.
const VISITOR_TTL_MS: u64 = 400 * 24 * 3_600_000;

/// Who appealed, as RetailCRM knows him.
pub struct Lookup<'a> {
    context: &'a Context<'a>,
    crm: Crm<'a>,
    identity: Identity,
    /// None: not looked up yet. None within: nobody is known by it.
    found: Option<Option<Customer>>,
}

impl<'a> Lookup<'a> {
    /// Of whoever appealed, with what is known from an earlier event; none when there is nothing to look him up by.
    pub fn of(context: &'a Context<'a>, identity: Identity, progress: &Progress) -> Option<Lookup<'a>> {
        identity.external_id()?;
        Some(Lookup { context, crm: context.crm, identity, found: progress.customer.clone().map(Some) })
    }

    /// Of somebody of whom nothing is known: he is nobody's customer.
    pub fn without_customer(context: &'a Context<'a>) -> Lookup<'a> {
        Lookup { context, crm: context.crm, identity: Identity::default(), found: Some(None) }
    }

    /// The way to RetailCRM.
    pub fn crm(&self) -> Crm<'a> {
        self.crm
    }

    /// The customer, asked for the first time only.
    pub fn customer(&mut self) -> Result<Option<Customer>, Failure> {
        if self.found.is_none() {
            let by_contact = self.by_contact()?;
            self.found = Some(if by_contact.is_some() { by_contact } else { self.by_visitor()? });
        }
        Ok(self.found.clone().flatten())
    }

    /// Who has his phone, else who has his e-mail.
    pub fn by_contact(&self) -> Result<Option<Customer>, Failure> {
        let by_phone = self.identity.phone.as_ref().map(|phone| customers::find_by_phone(self.crm, phone)).transpose()?.flatten();
        if by_phone.is_some() {
            return Ok(by_phone);
        }
        Ok(self.identity.email.as_ref().map(|email| customers::find_by_email(self.crm, email)).transpose()?.flatten())
    }

    /// Who the visitor was in an earlier appeal.
    pub fn by_visitor(&self) -> Result<Option<Customer>, Failure> {
        let known = self.identity.visitor.map_or(Ok(None), |visitor| stored::load::<i64>(self.context.platform, Key::Visitor(visitor)))?;
        Ok(known.map(|id| customers::by_id(self.crm, id)).transpose()?.flatten())
    }

    /// Remembers who the visitor is.
    pub fn remember_visitor(&mut self) -> Result<(), Failure> {
        match (self.identity.visitor, self.customer()?) {
            (Some(visitor), Some(customer)) => {
                stored::put(self.context.platform, Key::Visitor(visitor), &customer.id, Some(VISITOR_TTL_MS))
            }
            _ => Ok(()),
        }
    }

    /// Forgets that nobody was found: another event may have created the customer since.
    pub fn forget_nobody(&mut self) {
        if self.found == Some(None) {
            self.found = None;
        }
    }

    /// He was created, or somebody else has just created him: what was found before does not count any more.
    pub fn set_customer(&mut self, customer: Option<Customer>) {
        self.found = customer.map(Some);
    }

    /// He is not there any more: whoever has his phone or his e-mail now is the one he was joined with, and the appeal's from now on.
    pub fn find_successor(&mut self, appeal: AppealId) -> Result<Option<Customer>, Failure> {
        self.set_customer(None);
        let found = self.customer()?;
        if found.is_some() {
            progress::update(self.context, appeal, |progress| progress.customer.clone_from(&found))?;
        }
        Ok(found)
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
