//! RetailCRM's statuses, groups, shops and users, as deals need them. They are read on first use, again after two hours, and at once when
//! an order names a code that is not known.

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

/// References older than this are read again.
const MAX_AGE_MS: i64 = 2 * 3_600_000;

/// The references.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct References {
    /// When they were read.
    #[serde(rename = "read")]
    pub read_at: Instant,
    /// All statuses.
    pub statuses: Vec<Status>,
    /// The status groups, in order.
    pub groups: Vec<StatusGroup>,
    /// All shops.
    pub sites: Vec<Site>,
    /// Codes that orders named but that RetailCRM did not have when the references were read.
    pub absent: Vec<String>,
    /// Names of users named by orders, by id.
    pub users: BTreeMap<i64, String>,
}

/// Loads the references; reads them again if they are old or do not contain one of the `named` codes.
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
    // A code that was deleted in RetailCRM is looked up once, not in every run.
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

    /// Stores the references.
    pub fn put(&self, context: &Context<'_>) -> Result<(), Failure> {
        stored::put(context.platform, Key::DealsReferences, self, None)
    }

    /// A shop's title; its code if RetailCRM no longer has the shop.
    pub fn site<'a>(&'a self, code: &'a str) -> &'a str {
        self.sites.iter().find(|site| site.code == code).map(|site| site.name.as_str()).filter(|name| !name.is_empty()).unwrap_or(code)
    }

    /// The name of an order's assignee: from UIS if the user is linked to an employee, else from RetailCRM.
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
            // If the user no longer exists, or the key may not read users, the name contains the user's id.
            Err(CrmError::Refused { .. } | CrmError::Forbidden { .. }) => String::new(),
            Err(error) => return Err(error.into()),
        };
        let name = if name.is_empty() { format!("Пользователь {user}") } else { name };
        self.users.insert(user, name.clone());
        Ok(name)
    }
}

/// Statuses that orders are or were in.
pub fn used_statuses(context: &Context<'_>) -> Result<Vec<String>, Failure> {
    Ok(stored::load(context.platform, Key::DealsUsedStatuses)?.unwrap_or_default())
}

/// Adds statuses that orders are in.
pub fn add_used_statuses(context: &Context<'_>, used: &mut Vec<String>, statuses: &[&str]) -> Result<(), Failure> {
    let before = used.len();
    for status in statuses {
        if !status.is_empty() && !used.iter().any(|known| known == status) {
            used.push((*status).to_owned());
        }
    }
    if used.len() == before { Ok(()) } else { stored::put(context.platform, Key::DealsUsedStatuses, used, None) }
}
