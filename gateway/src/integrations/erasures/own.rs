//! Refusing the numbers and e-mails of employees and of the company: nearly every event has one of them.

use std::time::Duration;

use uis_host::bindings::uis::integration::directory::DirectoryError;
use uis_host::limits::DIRECTORY_PAGE;
use uis_host::ports::Directory;

use super::super::book::Book;
use super::super::record::Record;
use crate::control::ControlError;
use crate::privacy::person::Person;

/// How long the account is asked. One that does not answer must not hold up an erasure.
const PATIENCE: Duration = Duration::from_secs(15);

/// Fails when the person is an employee or the company by one of their numbers or e-mails. An account that cannot be asked is passed over.
pub async fn refuse(book: &Book, record: &Record, person: &Person) -> Result<(), ControlError> {
    let Ok(built) = book.workshop.build(record, &book.store).await else { return Ok(()) };
    let directory = built.integration.account.directory.clone();
    let problems = match tokio::time::timeout(PATIENCE, own_of(directory.as_ref(), person)).await {
        Ok(Ok(problems)) => problems,
        Ok(Err(_)) | Err(_) => {
            let integration = &record.name;
            tracing::warn!(integration, "UIS did not say which numbers are the account's own; what is erased was not compared with them");
            Vec::new()
        }
    };
    match problems.is_empty() {
        true => Ok(()),
        false => Err(ControlError::Invalid(problems.into_iter().map(|problem| format!("{problem} of {}", record.name)).collect())),
    }
}

/// What of the person is the account's own.
async fn own_of(directory: &dyn Directory, person: &Person) -> Result<Vec<String>, DirectoryError> {
    let mut problems = Vec::new();
    let mut offset = 0;
    loop {
        let page = directory.virtual_numbers(offset).await?;
        if page.iter().any(|number| person.phones.contains(&number.number)) {
            problems.push("phone: it is a virtual number; calls to it are other people's. It is a number".to_owned());
        }
        offset = match next(offset, page.len()) {
            Some(next) => next,
            None => break,
        };
    }
    let mut offset = 0;
    loop {
        let page = directory.employees(offset).await?;
        for employee in &page {
            let by_phone = employee.phones.iter().any(|phone| person.phones.contains(&phone.number));
            let by_email = employee.email.as_ref().is_some_and(|email| person.emails.contains(&email.trim().to_lowercase()));
            if by_phone || by_email {
                let what = if by_phone { "phone" } else { "email" };
                problems.push(format!(
                    "{what}: it is that of an employee; calls of other people have it. Remove it from the employee {} first, an employee",
                    employee.id
                ));
            }
        }
        offset = match next(offset, page.len()) {
            Some(next) => next,
            None => break,
        };
    }
    Ok(problems)
}

/// Where the next page begins; none after the last one.
fn next(offset: u32, rows: usize) -> Option<u32> {
    (rows >= DIRECTORY_PAGE).then(|| offset.saturating_add(u32::try_from(rows).unwrap_or(u32::MAX)))
}
