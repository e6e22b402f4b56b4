//! The UIS account's directory: its paged lists, and the employee named by an event.

use crate::base::outcome::retry;
use crate::bindings::uis::integration::directory::{DirectoryError, Employee};
use crate::bindings::uis::integration::types::{EmployeeHint, Failure, RetryLater};
use crate::platform::Platform;

/// UIS's page size for employees.
const PAGE: usize = 1000;

/// What an event contains about an employee, under UIS's parameter names.
pub fn parameters(hint: &EmployeeHint) -> Vec<(String, String)> {
    let parameters = [("employee_full_name", &hint.full_name), ("employee_email", &hint.email)];
    parameters.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone()?))).collect()
}

/// The employee named by an event: by id, else by e-mail, extension or full name if only one employee has it.
pub fn id_of_hint(platform: &dyn Platform, hint: &EmployeeHint) -> Result<Option<i64>, Failure> {
    if hint.id.is_some() {
        return Ok(hint.id);
    }
    // Only needed if the notification was configured without `employee_id`.
    let email = hint.email.as_deref().and_then(mail_key);
    let known = |value: &Option<String>| value.as_deref().is_some_and(|text| !text.is_empty());
    if email.is_none() && !known(&hint.extension) && !known(&hint.full_name) {
        return Ok(None);
    }
    let everybody = all(platform)?;
    let one = |matches: &dyn Fn(&Employee) -> bool| {
        let mut found = everybody.iter().filter(|employee| matches(employee));
        // A value that two employees share identifies neither.
        found.next().filter(|_| found.next().is_none()).map(|employee| employee.id)
    };
    Ok(email
        .and_then(|email| one(&|employee| employee.email.as_deref().and_then(mail_key).as_ref() == Some(&email)))
        .or_else(|| hint.extension.as_ref().and_then(|extension| one(&|employee| employee.extension.as_ref() == Some(extension))))
        .or_else(|| hint.full_name.as_ref().and_then(|name| one(&|employee| employee.full_name == *name))))
}

/// All items of a paged list in the directory.
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

/// A directory error as a handler's failure.
pub fn directory_failure(error: DirectoryError) -> Failure {
    match error {
        DirectoryError::Busy(after_ms) => Failure::Retry(RetryLater { after_ms: Some(after_ms), reason: "UIS's directory is busy".into() }),
        DirectoryError::Refused((mnemonic, text)) => retry(format!("UIS's directory refuses: {mnemonic}: {text}")),
    }
}

/// An e-mail in canonical form, for comparison; none if the text is not an e-mail.
pub fn mail_key(email: &str) -> Option<String> {
    let email = email.trim().to_lowercase();
    email.contains('@').then_some(email)
}
