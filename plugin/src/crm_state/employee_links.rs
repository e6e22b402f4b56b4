//! Which UIS employee is which RetailCRM user, as it was last found out: one key per employee, so that an event reads just its own.

use serde::{Deserialize, Serialize};

use crate::base::stored;
use crate::bindings::uis::integration::types::{EmployeeHint, Failure};
use crate::platform::Platform;
use crate::uis::directory;

/// Keys of the links by employee id.
const BY_EMPLOYEE: &str = "employees/";
/// Keys of the same links by CRM user id.
const BY_USER: &str = "users/";

/// One person on both sides.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct EmployeeLink {
    /// The Data API's employee id.
    pub employee_id: i64,
    /// The CRM user.
    pub user_id: i64,
    /// The employee's extension in UIS, which the CRM knows as his code.
    pub code: Option<String>,
}

/// Remembers the links in place of earlier ones; only what changed is written.
pub fn remember(platform: &dyn Platform, links: &[EmployeeLink]) -> Result<(), Failure> {
    let mut by_user: Vec<EmployeeLink> = Vec::new();
    for link in links {
        // For the way back, from a user to his phones, the first of his employees counts.
        if !by_user.iter().any(|known| known.user_id == link.user_id) {
            by_user.push(link.clone());
        }
    }
    remember_by(platform, BY_EMPLOYEE, links, |link| link.employee_id)?;
    remember_by(platform, BY_USER, &by_user, |link| link.user_id)
}

fn remember_by(platform: &dyn Platform, prefix: &str, links: &[EmployeeLink], id_of: fn(&EmployeeLink) -> i64) -> Result<(), Failure> {
    for link in links {
        stored::put(platform, &format!("{prefix}{}", id_of(link)), link, None)?;
    }
    for name in stored::names(platform, prefix) {
        if !links.iter().any(|link| id_of(link).to_string() == name) {
            stored::forget(platform, &format!("{prefix}{name}"))?;
        }
    }
    Ok(())
}

/// The CRM user behind an employee whom an event names.
pub fn of_hint(platform: &dyn Platform, hint: &EmployeeHint) -> Result<Option<EmployeeLink>, Failure> {
    Ok(directory::id_of_hint(platform, hint)?.and_then(|id| of_employee(platform, id)))
}

/// The CRM user behind an employee.
pub fn of_employee(platform: &dyn Platform, employee_id: i64) -> Option<EmployeeLink> {
    stored::load(platform, &format!("{BY_EMPLOYEE}{employee_id}"))
}

/// The employee behind a CRM user.
pub fn of_user(platform: &dyn Platform, user_id: i64) -> Option<EmployeeLink> {
    stored::load(platform, &format!("{BY_USER}{user_id}"))
}

/// The employee who has this extension, with his CRM user.
pub fn of_code(platform: &dyn Platform, code: &str) -> Option<EmployeeLink> {
    let links = stored::names(platform, BY_EMPLOYEE).into_iter().filter_map(|id| of_employee(platform, id.parse().ok()?));
    links.into_iter().find(|link| link.code.as_deref() == Some(code))
}
