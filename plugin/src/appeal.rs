//! An appeal (обращение): a call, a chat or a site request, as far as it is known.

use crate::base::appeal_id::AppealId;
use crate::bindings::uis::integration::types::Instant;
use crate::retailcrm::telephony::Source;

/// One appeal as far as it is known.
pub struct Appeal<'a> {
    /// Its id.
    pub id: AppealId,
    /// When it ended; tasks are due from then.
    pub at: Instant,
    /// Who appealed.
    pub identity: Identity,
    /// What a new customer is called; empty when nobody told a name.
    pub name: String,
    /// The shop that it is about, when that is known.
    pub own_site: Option<String>,
    /// The shop for what is created: its own, else the main one.
    pub site: Option<String>,
    /// Where whoever appealed came from.
    pub source: Option<Source>,
    /// What it tells for templates and fields.
    pub parameters: &'a dyn EventParameters,
}

/// By what somebody is known, the surest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Identity {
    /// His phone, canonical digits.
    pub phone: Option<String>,
    /// His e-mail, in lower case.
    pub email: Option<String>,
    /// UIS's id of the visitor.
    pub visitor: Option<i64>,
}

impl Identity {
    /// The `externalId` of a customer who is made of this: by it RetailCRM refuses a second one.
    pub fn external_id(&self) -> Option<String> {
        let phone = self.phone.as_ref().map(|phone| format!("uis-phone-{phone}"));
        let email = || self.email.as_ref().map(|email| format!("uis-email-{email}"));
        let visitor = || self.visitor.map(|visitor| format!("uis-visitor-{visitor}"));
        phone.or_else(email).or_else(visitor)
    }

    /// Him as people read him: `+7…`, an e-mail; empty for a visitor who left neither.
    pub fn shown(&self) -> String {
        let phone = self.phone.as_ref().map(|phone| format!("+{phone}"));
        phone.or_else(|| self.email.clone()).unwrap_or_default()
    }
}

/// What an appeal tells, by UIS's names.
pub trait EventParameters {
    /// A parameter as UIS tells it: a list is JSON. None when it is not told.
    fn raw(&self, name: &str) -> Option<String>;

    /// All parameters that are told.
    fn all(&self) -> Vec<(String, String)>;

    /// A parameter as people read it: a list without its brackets.
    fn get(&self, name: &str) -> Option<String> {
        let value = self.raw(name)?;
        let list: Option<Vec<String>> = crate::base::json::read(value.as_bytes()).ok();
        Some(list.map_or(value, |list| list.join(", "))).filter(|value| !value.trim().is_empty())
    }
}
