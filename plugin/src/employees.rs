//! Which UIS employee is which RetailCRM user («Сотрудники»). The ties are made when the integration is switched on and every two
//! hours after, and remembered one key per employee, so that an event reads just its own.
//!
//! An employee and a user are one when their e-mails are, whatever the case.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::bindings::uis::integration::directory::{DirectoryError, Employee};
use crate::bindings::uis::integration::types::{EmployeeHint, Failure, RetryLater};
use crate::memory;
use crate::outcome::retry;
use crate::platform::Platform;
use crate::retailcrm::modules::AdditionalCode;
use crate::retailcrm::users::User;

/// Keys of the ties by employee id.
const BY_EMPLOYEE: &str = "employees/";
/// Keys of the same ties by CRM user id.
const BY_USER: &str = "users/";
/// UIS gives employees in pages of this size.
const PAGE: usize = 1000;

/// One person on both sides.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Tie {
    /// The Data API's employee id.
    pub employee_id: i64,
    /// The CRM user.
    pub user_id: i64,
    /// The employee's extension in UIS, which the CRM knows as his code.
    pub code: Option<String>,
}

/// Ties employees to users by e-mail. A user who cannot log in, or an e-mail that several share, ties to the first.
pub fn tie(employees: &[Employee], users: &[User]) -> Vec<Tie> {
    let mut by_email: BTreeMap<String, i64> = BTreeMap::new();
    for user in users.iter().filter(|user| user.active != Some(false)) {
        if let (Some(id), Some(email)) = (user.id, mail_key(&user.email)) {
            by_email.entry(email).or_insert(id);
        }
    }
    let mut taken = std::collections::BTreeSet::new();
    employees
        .iter()
        .filter_map(|employee| {
            let user_id = *by_email.get(&mail_key(employee.email.as_deref()?)?)?;
            // One CRM user is one person: a second employee with his e-mail stays untied.
            taken.insert(user_id).then(|| Tie {
                employee_id: employee.id,
                user_id,
                code: employee.extension.clone().filter(|code| !code.is_empty()),
            })
        })
        .collect()
}

/// The ties as the CRM's module wants them.
pub fn codes(ties: &[Tie]) -> Vec<AdditionalCode> {
    ties.iter().filter_map(|tie| Some(AdditionalCode { user_id: tie.user_id, code: tie.code.clone()? })).collect()
}

/// Remembers the ties in place of earlier ones; only what changed is written.
pub fn remember(platform: &dyn Platform, ties: &[Tie]) -> Result<(), Failure> {
    for (prefix, id_of) in [(BY_EMPLOYEE, (|tie| tie.employee_id) as fn(&Tie) -> i64), (BY_USER, |tie| tie.user_id)] {
        for tie in ties {
            memory::put(platform, &format!("{prefix}{}", id_of(tie)), tie, None)?;
        }
        for name in memory::names(platform, prefix) {
            if !ties.iter().any(|tie| id_of(tie).to_string() == name) {
                memory::forget(platform, &format!("{prefix}{name}"))?;
            }
        }
    }
    Ok(())
}

/// The CRM user behind an employee whom an event names.
pub fn of_hint(platform: &dyn Platform, hint: &EmployeeHint) -> Result<Option<Tie>, Failure> {
    if let Some(id) = hint.id {
        return Ok(of_employee(platform, id));
    }
    // Rare: the notification was set up without `employee_id`.
    let email = hint.email.as_deref().and_then(mail_key);
    let known = |value: &Option<String>| value.as_deref().is_some_and(|text| !text.is_empty());
    if email.is_none() && !known(&hint.extension) && !known(&hint.full_name) {
        return Ok(None);
    }
    let everybody = all(platform)?;
    let one = |matches: &dyn Fn(&Employee) -> bool| {
        let mut found = everybody.iter().filter(|employee| matches(employee));
        // A name that two people share names nobody.
        found.next().filter(|_| found.next().is_none()).map(|employee| employee.id)
    };
    let id = email
        .and_then(|email| one(&|employee| employee.email.as_deref().and_then(mail_key).as_ref() == Some(&email)))
        .or_else(|| hint.extension.as_ref().and_then(|extension| one(&|employee| employee.extension.as_ref() == Some(extension))))
        .or_else(|| hint.full_name.as_ref().and_then(|name| one(&|employee| employee.full_name == *name)));
    Ok(id.and_then(|id| of_employee(platform, id)))
}

/// The CRM user behind an employee.
pub fn of_employee(platform: &dyn Platform, employee_id: i64) -> Option<Tie> {
    memory::load(platform, &format!("{BY_EMPLOYEE}{employee_id}"))
}

/// The employee behind a CRM user.
pub fn of_user(platform: &dyn Platform, user_id: i64) -> Option<Tie> {
    memory::load(platform, &format!("{BY_USER}{user_id}"))
}

/// All employees of the UIS account.
pub fn all(platform: &dyn Platform) -> Result<Vec<Employee>, Failure> {
    let mut employees = Vec::new();
    loop {
        let page = platform.employees(u32::try_from(employees.len()).unwrap_or(u32::MAX)).map_err(directory_failure)?;
        let last = page.len() < PAGE;
        employees.extend(page);
        if last {
            return Ok(employees);
        }
    }
}

/// UIS's refusals as a handler tells them.
pub fn directory_failure(error: DirectoryError) -> Failure {
    match error {
        DirectoryError::Busy(after_ms) => Failure::Retry(RetryLater { after_ms: Some(after_ms), reason: "UIS's directory is busy".into() }),
        DirectoryError::Refused((mnemonic, text)) => retry(format!("UIS's directory refuses: {mnemonic}: {text}")),
    }
}

fn mail_key(email: &str) -> Option<String> {
    let email = email.trim().to_lowercase();
    email.contains('@').then_some(email)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn employee(id: i64, email: &str, extension: &str) -> Employee {
        Employee {
            id,
            first_name: String::new(),
            last_name: format!("E{id}"),
            patronymic: String::new(),
            full_name: format!("E{id}"),
            email: Some(email.into()),
            extension: Some(extension.into()),
            phones: Vec::new(),
            status: "available".into(),
        }
    }

    fn user(id: i64, email: &str, active: bool) -> User {
        User { id: Some(id), email: email.into(), active: Some(active) }
    }

    #[test]
    fn people_are_tied_by_email_whatever_the_case() {
        let ties = tie(
            &[
                employee(1, "Anna@Shop.RU ", "101"),
                employee(2, "boris@shop.ru", ""),
                employee(3, "", "103"),
                employee(4, "anna@shop.ru", "104"),
            ],
            &[user(5, "anna@shop.ru", true), user(6, "BORIS@shop.ru", true), user(7, "", true), user(8, "carl@shop.ru", false)],
        );
        assert_eq!(ties, [Tie { employee_id: 1, user_id: 5, code: Some("101".into()) }, Tie { employee_id: 2, user_id: 6, code: None }]);
        assert_eq!(codes(&ties), [AdditionalCode { user_id: 5, code: "101".into() }]);
    }
}
