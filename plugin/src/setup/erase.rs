//! «Удаление персональных данных»: deletes what is stored about a person, and cancels the timers of their appeals. It sends nothing. What
//! remains in RetailCRM is left to the account's owner, who gets a list.

use std::collections::BTreeSet;

use crate::appeals::lookup;
use crate::base::appeal_id::{AppealId, AppealKind};
use crate::base::keys::Key;
use crate::base::outcome::{Handled, done_with_skipped, retry, skipped};
use crate::base::stored;
use crate::base::timers::{self, TimerName};
use crate::bindings::exports::uis::integration::setup::Identity;
use crate::bindings::uis::integration::storage::{Item, StorageError};
use crate::bindings::uis::integration::types::Failure;
use crate::platform::Platform;

/// Keys per page.
const PAGE: u32 = 200;
/// The most items that an outcome lists; the last one says how many more there are.
const LISTED: usize = 64;

/// What identifies the person in stored keys and values.
struct Marks {
    /// Phones and visitor ids: found where no other digit stands beside them.
    numbers: Vec<String>,
    /// E-mails in lower case.
    emails: Vec<String>,
}

impl Marks {
    fn of(who: &Identity) -> Marks {
        let numbers = who.phones.iter().cloned().chain(who.visitors.iter().map(i64::to_string));
        Marks {
            numbers: numbers.filter(|number| !number.is_empty()).collect(),
            emails: who.emails.iter().map(|email| email.trim().to_lowercase()).filter(|email| !email.is_empty()).collect(),
        }
    }

    fn names(&self, text: &str) -> bool {
        let lower = text.to_lowercase();
        self.emails.iter().any(|email| lower.contains(email)) || self.numbers.iter().any(|number| has_number(text, number))
    }

    fn name(&self, item: &Item) -> bool {
        self.names(&item.key) || self.names(&String::from_utf8_lossy(&item.entry.value))
    }
}

/// Whether the number stands in the text as a whole.
fn has_number(text: &str, number: &str) -> bool {
    let digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    let bytes = text.as_bytes();
    text.match_indices(number)
        .any(|(at, _)| !digit(at.checked_sub(1).and_then(|before| bytes.get(before))) && !digit(bytes.get(at + number.len())))
}

/// The appeal whose state a key holds.
fn appeal_of(key: &str) -> Option<AppealId> {
    let number = |prefix: &str| key.strip_prefix(prefix)?.parse().ok();
    let stated = ["appeal/", "task/"].into_iter().find_map(|prefix| AppealId::parse(key.strip_prefix(prefix)?));
    stated.or_else(|| number("call/").map(AppealId::call)).or_else(|| number("chat/").map(AppealId::chat))
}

/// Erases a person's data.
pub fn erase(platform: &dyn Platform, who: &Identity) -> Handled {
    let marks = Marks::of(who);
    let (mut appeals, mut customers, mut tasks) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let mut cursor: Option<String> = None;
    loop {
        let page = platform.scan("", cursor.as_deref(), PAGE);
        for item in page.items.iter().filter(|item| marks.name(item)) {
            customers.extend(customer_of(item));
            tasks.extend(tasks_of(&item.key, &item.entry.value));
            appeals.extend(appeal_of(&item.key).map(|appeal| appeal.to_string()));
            delete(platform, item)?;
        }
        match page.next {
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    // An e-mail's alias has only a digest of it.
    for email in &marks.emails {
        stored::forget(platform, Key::Alias(&lookup::alias_of_email(email)))?;
    }
    for appeal in appeals.iter().filter_map(|appeal| AppealId::parse(appeal)) {
        let key = Key::AppealTask(appeal).to_string();
        tasks.extend(platform.get(&key).into_iter().flat_map(|entry| tasks_of(&key, &entry.value)));
        forget(platform, appeal)?;
    }
    done_with_skipped(remaining(&appeals, &customers, &tasks))
}

/// RetailCRM's id of the customer that a value names.
fn customer_of(item: &Item) -> Option<i64> {
    let value = stored::parse(&item.entry.value)?;
    if item.key.starts_with("visitor/") { value.as_i64() } else { value["customer"]["id"].as_i64() }
}

/// RetailCRM's numbers of the tasks that a value names.
fn tasks_of(key: &str, value: &[u8]) -> Vec<i64> {
    if !["task/", "missed-call-task/"].iter().any(|prefix| key.starts_with(prefix)) {
        return Vec::new();
    }
    let Some(stored) = stored::parse(value) else { return Vec::new() };
    let earlier = stored["earlier"].as_array().into_iter().flatten();
    std::iter::once(&stored).chain(earlier).filter_map(|task| task["task"].as_i64()).collect()
}

fn delete(platform: &dyn Platform, item: &Item) -> Result<(), Failure> {
    match platform.delete(&item.key, item.entry.version) {
        Ok(()) => Ok(()),
        // Another event writes it at this moment: the whole erasure is done again.
        Err(StorageError::Conflict) => Err(retry("a value of the person is being written")),
        Err(error) => Err(retry(format!("a value cannot be deleted: {error:?}"))),
    }
}

/// Deletes the rest of an appeal's state, which does not name the person, and its timers.
fn forget(platform: &dyn Platform, appeal: AppealId) -> Result<(), Failure> {
    for key in [Key::Appeal(appeal), Key::AppealTask(appeal)] {
        stored::forget(platform, key)?;
    }
    match appeal.kind {
        AppealKind::Call => {
            for key in [Key::Call(appeal.id), Key::UnfinishedCall(appeal.id)] {
                stored::forget(platform, key)?;
            }
            timers::cancel(platform, TimerName::StoreCall(appeal.id));
            timers::cancel(platform, TimerName::ClosePopups(appeal.id));
        }
        AppealKind::Chat => {
            for key in [Key::Chat(appeal.id), Key::RefusedChat(appeal.id)] {
                stored::forget(platform, key)?;
            }
            timers::cancel(platform, TimerName::Chat(appeal.id));
        }
        AppealKind::SiteRequest => {
            stored::forget(platform, Key::RefusedRequest(appeal.id))?;
            timers::cancel(platform, TimerName::SiteRequest(appeal.id));
        }
    }
    Ok(())
}

/// What remains in RetailCRM, with ids and without personal data.
fn remaining(
    appeals: &BTreeSet<String>,
    customers: &BTreeSet<i64>,
    tasks: &BTreeSet<i64>,
) -> Vec<crate::bindings::uis::integration::types::Skipped> {
    let why = "it remains in RetailCRM; delete it there";
    let customers = customers.iter().map(|id| skipped(format!("customer {id}"), why));
    let tasks = tasks.iter().map(|id| skipped(format!("task {id}"), why));
    let records = appeals.iter().map(|appeal| skipped(format!("records with the externalId {appeal}"), why));
    let mut all: Vec<_> = customers.chain(tasks).chain(records).collect();
    if all.len() > LISTED {
        let more = all.len() - (LISTED - 1);
        all.truncate(LISTED - 1);
        all.push(skipped(format!("{more} more"), "search RetailCRM for the person's phone and e-mail"));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::Fake;

    fn who(phone: &str, email: &str, visitor: i64) -> Identity {
        Identity { phones: vec![phone.into()], emails: vec![email.into()], visitors: vec![visitor] }
    }

    #[test]
    fn everything_that_names_the_person_is_deleted_and_nothing_else() {
        let fake = Fake::default();
        for (key, value) in [
            ("call/11", r#"v1:{"phone":"79161234567"}"#),
            ("unsettled-call/11", "v1:true"),
            ("appeal/uis-call-11", r#"v1:{"customer":{"external_id":"uis-email-anna@x.example","id":17}}"#),
            ("task/uis-call-11", r#"v1:{"task":3}"#),
            ("missed-call-task/79161234567", r#"v1:{"task":4}"#),
            ("visitor/77", "v1:17"),
            ("chat/5", r#"v1:{"email":"anna@x.example"}"#),
            ("call/12", r#"v1:{"phone":"791612345678"}"#),
            ("appeal/uis-call-77", r#"v1:{"customer":{"id":9}}"#),
            ("retailcrm/timezone", r#"v1:"Europe/Moscow""#),
        ] {
            fake.set(key, value);
        }
        let outcome = erase(&fake, &who("79161234567", "Anna@x.example", 4242)).expect("erased");
        let left: Vec<String> = fake.stored.borrow().keys().cloned().collect();
        assert_eq!(left, ["appeal/uis-call-77", "call/12", "retailcrm/timezone", "visitor/77"]);
        let listed: Vec<&str> = outcome.skipped.iter().map(|skipped| skipped.what.as_str()).collect();
        assert_eq!(
            listed,
            ["customer 17", "task 3", "task 4", "records with the externalId uis-call-11", "records with the externalId uis-chat-5"]
        );
        erase(&fake, &who("7916", "", 77)).expect("erased");
        assert!(fake.value("visitor/77").is_none() && fake.value("call/12").is_some(), "a part of a number is another number");
    }
}
