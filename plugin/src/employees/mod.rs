//! Which UIS employee is which RetailCRM user («Сотрудники»). The ties are made when the integration is switched on and every two
//! hours after, and remembered one key per employee, so that an event reads just its own.
//!
//! An employee and a user are one when their e-mails are, whatever the case.

pub mod sync;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::bindings::uis::integration::directory::{DirectoryError, Employee};
use crate::bindings::uis::integration::types::{EmployeeHint, Failure, RetryLater, Skipped};
use crate::memory;
use crate::outcome::{retry, skipped};
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

/// What an event tells of an employee, by UIS's names of parameters.
pub fn parameters(hint: &EmployeeHint) -> Vec<(String, String)> {
    let told = [("employee_full_name", &hint.full_name), ("employee_email", &hint.email)];
    told.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone()?))).collect()
}

/// Ties employees to users by e-mail. Of several users with one e-mail the first who can log in counts; several employees with one
/// e-mail are the same user.
pub fn tie(employees: &[Employee], users: &[User]) -> Vec<Tie> {
    let mut by_email: BTreeMap<String, i64> = BTreeMap::new();
    for user in users.iter().filter(|user| user.active != Some(false)) {
        if let (Some(id), Some(email)) = (user.id, mail_key(&user.email)) {
            by_email.entry(email).or_insert(id);
        }
    }
    let tie = |employee: &Employee| {
        let user_id = *by_email.get(&mail_key(employee.email.as_deref()?)?)?;
        Some(Tie { employee_id: employee.id, user_id, code: employee.extension.clone().filter(|code| !code.is_empty()) })
    };
    employees.iter().filter_map(tie).collect()
}

/// Ties that somebody wrote down («Соответствие»): a user, an employee. A pair whose side is not there ties nobody.
pub fn tie_by_table(table: &[Pair], employees: &[Employee], users: &[User]) -> (Vec<Tie>, Vec<Skipped>) {
    let (mut ties, mut left_out) = (Vec::new(), Vec::new());
    for pair in table {
        let employee = employees.iter().find(|employee| employee.id == pair.employee);
        let user = users.iter().find(|user| user.id == Some(pair.user));
        match (employee, user) {
            (Some(employee), Some(user)) if user.active != Some(false) => ties.push(Tie {
                employee_id: employee.id,
                user_id: pair.user,
                code: employee.extension.clone().filter(|code| !code.is_empty()),
            }),
            (None, _) => left_out.push(skipped(format!("user {}", pair.user), format!("UIS has no employee {}", pair.employee))),
            (_, None) => left_out.push(skipped(format!("user {}", pair.user), "RetailCRM has no such user")),
            (_, Some(_)) => left_out.push(skipped(format!("user {}", pair.user), "he is switched off in RetailCRM")),
        }
    }
    (ties, left_out)
}

/// A row of «Соответствие».
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Pair {
    /// A CRM user.
    pub user: i64,
    /// A UIS employee.
    pub employee: i64,
}

/// The ties as the CRM's module wants them.
pub fn codes(ties: &[Tie]) -> Vec<AdditionalCode> {
    ties.iter().filter_map(|tie| Some(AdditionalCode { user_id: tie.user_id, code: tie.code.clone()? })).collect()
}

/// Remembers the ties in place of earlier ones; only what changed is written.
pub fn remember(platform: &dyn Platform, ties: &[Tie]) -> Result<(), Failure> {
    let mut by_user: Vec<Tie> = Vec::new();
    for tie in ties {
        // For the way back, from a user to his phones, the first of his employees counts.
        if !by_user.iter().any(|known| known.user_id == tie.user_id) {
            by_user.push(tie.clone());
        }
    }
    remember_by(platform, BY_EMPLOYEE, ties, |tie| tie.employee_id)?;
    remember_by(platform, BY_USER, &by_user, |tie| tie.user_id)
}

fn remember_by(platform: &dyn Platform, prefix: &str, ties: &[Tie], id_of: fn(&Tie) -> i64) -> Result<(), Failure> {
    for tie in ties {
        memory::put(platform, &format!("{prefix}{}", id_of(tie)), tie, None)?;
    }
    for name in memory::names(platform, prefix) {
        if !ties.iter().any(|tie| id_of(tie).to_string() == name) {
            memory::forget(platform, &format!("{prefix}{name}"))?;
        }
    }
    Ok(())
}

/// The CRM user behind an employee whom an event names.
pub fn of_hint(platform: &dyn Platform, hint: &EmployeeHint) -> Result<Option<Tie>, Failure> {
    Ok(id_of_hint(platform, hint)?.and_then(|id| of_employee(platform, id)))
}

/// The employee whom an event names: by his id, else by what only he has of e-mail, extension and full name.
pub fn id_of_hint(platform: &dyn Platform, hint: &EmployeeHint) -> Result<Option<i64>, Failure> {
    if hint.id.is_some() {
        return Ok(hint.id);
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
    Ok(email
        .and_then(|email| one(&|employee| employee.email.as_deref().and_then(mail_key).as_ref() == Some(&email)))
        .or_else(|| hint.extension.as_ref().and_then(|extension| one(&|employee| employee.extension.as_ref() == Some(extension))))
        .or_else(|| hint.full_name.as_ref().and_then(|name| one(&|employee| employee.full_name == *name))))
}

/// The CRM user behind an employee.
pub fn of_employee(platform: &dyn Platform, employee_id: i64) -> Option<Tie> {
    memory::load(platform, &format!("{BY_EMPLOYEE}{employee_id}"))
}

/// The employee behind a CRM user.
pub fn of_user(platform: &dyn Platform, user_id: i64) -> Option<Tie> {
    memory::load(platform, &format!("{BY_USER}{user_id}"))
}

/// The employee who has this extension, with his CRM user.
pub fn of_code(platform: &dyn Platform, code: &str) -> Option<Tie> {
    let ties = memory::names(platform, BY_EMPLOYEE).into_iter().filter_map(|id| of_employee(platform, id.parse().ok()?));
    ties.into_iter().find(|tie| tie.code.as_deref() == Some(code))
}

/// All rows of a paged list of the directory.
pub fn paged<T>(page: impl Fn(u32) -> Result<Vec<T>, DirectoryError>) -> Result<Vec<T>, Failure> {
    let mut all: Vec<T> = Vec::new();
    loop {
        let found = page(u32::try_from(all.len()).unwrap_or(u32::MAX)).map_err(directory_failure)?;
        let last = found.len() < PAGE;
        all.extend(found);
        if last {
            return Ok(all);
        }
    }
}

/// All employees of the UIS account.
pub fn all(platform: &dyn Platform) -> Result<Vec<Employee>, Failure> {
    paged(|offset| platform.employees(offset))
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
        User { id: Some(id), email: email.into(), active: Some(active), ..User::default() }
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
        let pairs: Vec<(i64, i64)> = ties.iter().map(|tie| (tie.employee_id, tie.user_id)).collect();
        assert_eq!(pairs, [(1, 5), (2, 6), (4, 5)]);
        let code = |code: &str| AdditionalCode { user_id: 5, code: code.into() };
        assert_eq!(codes(&ties), [code("101"), code("104")]);
    }
}
