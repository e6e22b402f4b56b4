//! RetailCRM's statuses, groups, shops and people, as deals need them: read when they are first needed and every two hours, and at once when
//! an order names something that is not in the book.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::keys::Key;
use crate::base::stored;
use crate::bindings::uis::integration::types::{Failure, Instant};
use crate::context::Context;
use crate::crm_state::employee_links;
use crate::retailcrm::reference::{self, Site, Status, StatusGroup};
use crate::retailcrm::{ApiRequest, CrmError, users};
use crate::uis::directory;

/// A book is read anew after so long.
const MAX_AGE_MS: i64 = 2 * 3_600_000;

/// The book.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct References {
    /// When it was read.
    #[serde(rename = "read")]
    pub read_at: Instant,
    /// All statuses.
    pub statuses: Vec<Status>,
    /// Their groups, in order.
    pub groups: Vec<StatusGroup>,
    /// All shops.
    pub sites: Vec<Site>,
    /// Codes that orders named and RetailCRM did not have when the book was read.
    pub absent: Vec<String>,
    /// Names of users, by id; those that orders named.
    pub users: BTreeMap<i64, String>,
}

/// The book, read anew if it is old, or if it does not know one of these statuses or shops.
pub fn load(context: &Context<'_>, named: &[&str]) -> Result<References, Failure> {
    let known: Option<References> = stored::load(context.platform, Key::DealsReferences)?;
    let now = context.platform.now();
    if let Some(references) =
        known.as_ref().filter(|references| now - references.read_at < MAX_AGE_MS && named.iter().all(|name| references.has_code(name)))
    {
        return Ok(references.clone());
    }
    let [statuses, groups, sites] =
        context.crm.send_all([reference::statuses_request(), reference::status_groups_request(), reference::sites_request()]);
    let mut references = References {
        read_at: now,
        statuses: reference::statuses(&statuses?)?,
        groups: reference::status_groups(&groups?)?,
        sites: reference::sites(&sites?)?,
        absent: Vec::new(),
        users: known.map(|references| references.users).unwrap_or_default(),
    };
    // What was deleted in RetailCRM is asked for once, not with every slice.
    let absent: Vec<String> = named.iter().filter(|name| !references.has_code(name)).map(|name| (*name).to_owned()).collect();
    references.absent = absent;
    Ok(references)
}

impl References {
    fn has_code(&self, code: &str) -> bool {
        self.statuses.iter().any(|status| status.code == code)
            || self.sites.iter().any(|site| site.code == code)
            || self.absent.iter().any(|absent| absent == code)
    }

    /// Remembers it.
    pub fn put(&self, context: &Context<'_>) -> Result<(), Failure> {
        stored::put(context.platform, Key::DealsReferences, self, None)
    }

    /// A shop's title; its code when RetailCRM does not have it any more.
    pub fn site<'a>(&'a self, code: &'a str) -> &'a str {
        self.sites.iter().find(|site| site.code == code).map(|site| site.name.as_str()).filter(|name| !name.is_empty()).unwrap_or(code)
    }

    /// Who answers for an order, by name: as UIS knows the employee, who is tied to the user, else as RetailCRM does.
    pub fn assignee_name(&mut self, context: &Context<'_>, user: i64) -> Result<String, Failure> {
        if let Some(link) = employee_links::of_user(context.platform, user)? {
            let employee = context.platform.find_employee(link.employee_id).map_err(directory::directory_failure)?;
            if let Some(employee) = employee.filter(|employee| !employee.full_name.trim().is_empty()) {
                return Ok(employee.full_name);
            }
        }
        if let Some(name) = self.users.get(&user) {
            return Ok(name.clone());
        }
        let name = match context.crm.send(ApiRequest::get(format!("/api/v5/users/{user}"))) {
            Ok(found) => users::full_name(&found["user"]),
            // A user who is gone, or a key that may not read users: his number names him.
            Err(CrmError::Refused { .. } | CrmError::Forbidden { .. }) => String::new(),
            Err(error) => return Err(error.into()),
        };
        let name = if name.is_empty() { format!("Пользователь {user}") } else { name };
        self.users.insert(user, name.clone());
        Ok(name)
    }
}

/// Statuses that deals are or were in.
pub fn used_statuses(context: &Context<'_>) -> Result<Vec<String>, Failure> {
    Ok(stored::load(context.platform, Key::DealsUsedStatuses)?.unwrap_or_default())
}

/// Deals are in these statuses.
pub fn add_used_statuses(context: &Context<'_>, used: &mut Vec<String>, statuses: &[&str]) -> Result<(), Failure> {
    let before = used.len();
    for status in statuses {
        if !status.is_empty() && !used.iter().any(|known| known == status) {
            used.push((*status).to_owned());
        }
    }
    if used.len() == before { Ok(()) } else { stored::put(context.platform, Key::DealsUsedStatuses, used, None) }
}
