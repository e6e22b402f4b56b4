//! What an erasure found or did, for the administrator. It contains nothing by which anybody could be called or written to.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use uis_host::clock::instant;

use super::erasing::Done;
use crate::control::erasure::{AlsoKnownBy, Counted, ErasedIntegration, ErasureView, Remaining, RemainingInUis};
use crate::privacy::appeals::Appeal;
use crate::privacy::person::Person;
use crate::store::erasing::find::Belongings;
use crate::store::erasing::scan::TABLES;

/// What was found, by integration.
pub fn view(erased: bool, at: i64, names: &BTreeSet<String>, found: &BTreeMap<String, Belongings>) -> ErasureView {
    let empty = Belongings::default();
    let integrations = names.iter().map(|name| integration(name, found.get(name).unwrap_or(&empty))).collect();
    ErasureView { erased, at: instant(at).to_rfc3339(), integrations, files: Vec::new() }
}

fn integration(name: &str, own: &Belongings) -> ErasedIntegration {
    let times = || own.rows.iter().flatten().map(|hit| hit.at).filter(|at| *at > 0);
    let written = |at: Option<i64>| at.map(|at| instant(at).to_rfc3339());
    ErasedIntegration {
        name: name.to_owned(),
        counted: counted(own),
        oldest: written(times().min()),
        newest: written(times().max()),
        crm: Vec::new(),
        uis: in_uis(&own.appeals),
        also: also(&own.also),
        notes: Vec::new(),
    }
}

fn counted(own: &Belongings) -> Counted {
    let mut counted = Counted::default();
    for (table, rows) in TABLES.iter().zip(&own.rows) {
        let count = rows.len() as u64;
        let in_state = |state: i64| rows.iter().filter(|hit| hit.state == state).count() as u64;
        match table.name {
            "events" => {
                counted.waiting = in_state(0);
                counted.dead_letters = in_state(2);
                counted.done = count - counted.waiting - counted.dead_letters;
            }
            "requests" => (counted.requests, counted.unreadable) = (count, in_state(1)),
            "captures" => counted.captures = count,
            "dials" => counted.dials = count,
            "timers" => counted.timers = count,
            "storage" => counted.values = count,
            _ => counted.others += count,
        }
    }
    counted
}

fn in_uis(appeals: &BTreeSet<Appeal>) -> RemainingInUis {
    let mut remaining = RemainingInUis::default();
    for appeal in appeals {
        match appeal {
            Appeal::Call(id) => remaining.calls.push(*id),
            Appeal::Chat(id) => remaining.chats.push(*id),
            Appeal::Request(id) => remaining.site_requests.push(*id),
            // The chat is listed by its own id.
            Appeal::ChatCommunication(_) | Appeal::Order(_) => {}
        }
    }
    remaining
}

fn also(person: &Person) -> AlsoKnownBy {
    AlsoKnownBy {
        phones: person.phones.iter().map(|phone| masked_phone(phone)).collect(),
        emails: person.emails.iter().map(|email| masked_email(email)).collect(),
        visitors: person.visitors.iter().copied().collect(),
    }
}

fn masked_phone(phone: &str) -> String {
    let national = uis_phones::national(phone).len();
    let (country, rest) = phone.split_at(phone.len().saturating_sub(national).min(phone.len()));
    let shown = rest.len().saturating_sub(2);
    format!("+{country}{}{}", "•".repeat(shown), &rest[shown..])
}

fn masked_email(email: &str) -> String {
    let first: String = email.chars().take(1).collect();
    let domain = email.rsplit('.').next().unwrap_or_default();
    format!("{first}•••@•••.{domain}")
}

/// Adds what the last steps did.
pub fn add(integration: &mut ErasedIntegration, done: Done) {
    let more = counted(&done.more);
    let all = &mut integration.counted;
    all.waiting += more.waiting;
    all.done += more.done;
    all.dead_letters += more.dead_letters;
    all.requests += more.requests;
    all.unreadable += more.unreadable;
    all.captures += more.captures;
    all.dials += more.dials;
    all.timers += more.timers;
    all.others += more.others;
    integration.crm = done.remaining.into_iter().map(|skipped| Remaining { what: skipped.what, why: skipped.why }).collect();
    integration.notes = done.notes;
}

/// The counts for the audit log.
pub fn summary(counted: &Counted) -> String {
    let events = counted.waiting + counted.done + counted.dead_letters;
    format!("{events} events, {} requests, {} captures, {} values of the plugin", counted.requests, counted.captures, counted.values)
}

/// Files beside the store that may have the person's data and that nobody changes: copies of a damaged store, half-written ones, backups.
pub fn files(store: &Path) -> Vec<String> {
    let Some((folder, name)) = store.parent().zip(store.file_name().and_then(|name| name.to_str())) else { return Vec::new() };
    let own = ["", "-wal", "-shm", ".lock", ".suspect"].map(|suffix| format!("{name}{suffix}"));
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let mut files: Vec<String> = names
        .filter(|found| {
            found.starts_with(name) && !own.contains(found) || found.ends_with(".db") && found != name || found.starts_with("core")
        })
        .map(|found| folder.join(found).display().to_string())
        .collect();
    files.sort();
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_else_a_customer_is_known_by_is_masked() {
        assert_eq!(
            (masked_phone("79161234567").as_str(), masked_email("anna@shop.example").as_str()),
            ("+7••••••••67", "a•••@•••.example")
        );
        assert_eq!(masked_phone("1"), "+1");
    }

    #[test]
    fn copies_of_the_store_are_listed() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["store.db", "store.db-wal", "store.db.lock", "store.db.damaged-5", "old.db", "secrets.key"] {
            std::fs::write(folder.path().join(name), "").expect("written");
        }
        let found = files(&folder.path().join("store.db"));
        let names: Vec<&str> = found.iter().filter_map(|path| path.rsplit('/').next()).collect();
        assert_eq!(names, ["old.db", "store.db.damaged-5"]);
    }
}
