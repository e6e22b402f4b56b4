//! An appeal (обращение): a call, a chat or a site request, with everything known about it so far.

use crate::base::appeal_id::AppealId;
use crate::base::phone::{self, Phone};
use crate::base::tags::StoredTag;
use crate::bindings::uis::integration::types::Instant;
use crate::retailcrm::telephony::Source;

/// One appeal, with everything known about it so far.
pub struct Appeal<'a> {
    /// Its id.
    pub id: AppealId,
    /// When the appeal ended; tasks are due relative to this time.
    pub at: Instant,
    /// What identifies the person who called or wrote.
    pub identity: Identity,
    /// The name for a new customer; empty when no name was reported.
    pub name: String,
    /// The shop that the appeal is about, if known.
    pub own_site: Option<String>,
    /// The shop for the records that are created: the appeal's own, else the main one.
    pub site: Option<String>,
    /// Where the person came from (advertising).
    pub source: Option<Source>,
    /// The appeal's parameters, for templates, extra fields and conditions.
    pub parameters: &'a dyn EventParameters,
    /// The UIS employees who handled the appeal; if nobody did, whose phone rang last; ids.
    pub employees: Vec<i64>,
    /// The tags known so far.
    pub tags: &'a [StoredTag],
    /// Whether the appeal has ended: what is not known now is absent.
    pub ended: bool,
}

/// What identifies a person, the most reliable first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Identity {
    /// The phone's main number.
    pub phone: Option<String>,
    /// The phone's extension. It identifies nobody; it picks among people who share the number.
    pub extension: Option<String>,
    /// Further phones that the person gave. A customer who is created gets them.
    pub further_phones: Vec<Phone>,
    /// The e-mail, in lower case.
    pub email: Option<String>,
    /// UIS's id of the visitor.
    pub visitor: Option<i64>,
}

impl Identity {
    /// The `externalId` of a customer created from this identity. RetailCRM refuses a second customer with the same one.
    pub fn external_id(&self) -> Option<String> {
        let phone = self.phone.as_ref().map(|phone| format!("uis-phone-{phone}"));
        let email = || self.email.as_ref().map(|email| format!("uis-email-{email}"));
        let visitor = || self.visitor.map(|visitor| format!("uis-visitor-{visitor}"));
        phone.or_else(email).or_else(visitor)
    }

    /// The phone with its extension.
    pub fn main_phone(&self) -> Option<Phone> {
        Some(Phone { number: self.phone.clone()?, extension: self.extension.clone() })
    }

    /// The phone as it is written into RetailCRM.
    pub fn written_phone(&self) -> Option<String> {
        self.phone.as_ref().map(|number| phone::written(number, self.extension.as_deref()))
    }

    /// The identity as people read it: `+7…` or an e-mail; empty when the visitor left neither.
    pub fn shown(&self) -> String {
        let phone = self.written_phone().map(|phone| format!("+{phone}"));
        phone.or_else(|| self.email.clone()).unwrap_or_default()
    }
}

/// An appeal's parameters, under UIS's names.
pub trait EventParameters {
    /// A parameter as UIS sends it: a list is JSON. None when UIS did not send it.
    fn raw(&self, name: &str) -> Option<String>;

    /// All parameters that UIS sent.
    fn all(&self) -> Vec<(String, String)>;

    /// A parameter as people read it: a list without its brackets.
    fn get(&self, name: &str) -> Option<String> {
        let value = self.raw(name)?;
        let list: Option<Vec<String>> = crate::base::json::read(value.as_bytes()).ok();
        Some(list.map_or(value, |list| list.join(", "))).filter(|value| !value.trim().is_empty())
    }
}
