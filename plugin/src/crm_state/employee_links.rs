//! Which UIS employee is which RetailCRM user, as last determined. There is one key per employee, so an event reads only the one it needs.

use serde::{Deserialize, Serialize};

use crate::base::keys::{Family, Key};
use crate::base::stored;
use crate::bindings::uis::integration::types::{EmployeeHint, Failure};
use crate::platform::Platform;
use crate::uis::directory;

/// An employee in UIS who is a user of RetailCRM.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct EmployeeLink {
    /// The Data API's employee id.
    pub employee_id: i64,
    /// The CRM user.
    pub user_id: i64,
    /// The employee's extension in UIS. RetailCRM calls it the user's code.
    pub code: Option<String>,
}

/// Stores the links and deletes earlier ones; only changes are written.
pub fn remember(platform: &dyn Platform, links: &[EmployeeLink]) -> Result<(), Failure> {
    let mut by_user: Vec<EmployeeLink> = Vec::new();
    for link in links {
        // If a user has several employees, the first one is used when the user's phones are needed.
        if !by_user.iter().any(|known| known.user_id == link.user_id) {
            by_user.push(link.clone());
        }
    }
    remember_by(platform, (Family::EmployeeLinks, Key::EmployeeLink), links, |link| link.employee_id)?;
    remember_by(platform, (Family::UserLinks, Key::UserLink), &by_user, |link| link.user_id)
}

fn remember_by(
    platform: &dyn Platform,
    (family, key): (Family, fn(i64) -> Key<'static>),
    links: &[EmployeeLink],
    id_of: fn(&EmployeeLink) -> i64,
) -> Result<(), Failure> {
    for link in links {
        stored::put(platform, key(id_of(link)), link, None)?;
    }
    for id in stored::ids(platform, family) {
        if !links.iter().any(|link| id_of(link) == id) {
            stored::forget(platform, key(id))?;
        }
    }
    Ok(())
}

/// All links.
pub fn all(platform: &dyn Platform) -> Result<Vec<EmployeeLink>, Failure> {
    let mut links = Vec::new();
    for employee in stored::ids(platform, Family::EmployeeLinks) {
        links.extend(of_employee(platform, employee)?);
    }
    Ok(links)
}

/// The link of the employee that an event names.
pub fn of_hint(platform: &dyn Platform, hint: &EmployeeHint) -> Result<Option<EmployeeLink>, Failure> {
    directory::id_of_hint(platform, hint)?.map_or(Ok(None), |id| of_employee(platform, id))
}

/// The link of an employee.
pub fn of_employee(platform: &dyn Platform, employee_id: i64) -> Result<Option<EmployeeLink>, Failure> {
    stored::load(platform, Key::EmployeeLink(employee_id))
}

/// The link of a CRM user.
pub fn of_user(platform: &dyn Platform, user_id: i64) -> Result<Option<EmployeeLink>, Failure> {
    stored::load(platform, Key::UserLink(user_id))
}

/// The link of the employee with this extension.
pub fn of_code(platform: &dyn Platform, code: &str) -> Result<Option<EmployeeLink>, Failure> {
    for employee in stored::ids(platform, Family::EmployeeLinks) {
        if let Some(link) = of_employee(platform, employee)?.filter(|link| link.code.as_deref() == Some(code)) {
            return Ok(Some(link));
        }
    }
    Ok(None)
}
