//! The steps of an erasure.

use std::collections::{BTreeSet, HashSet};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use uis_host::bindings::uis::integration::types::{Delivery, Failure, Skipped};
use uis_host::event::{Event, Reply};
use uis_host::ports::{Origin, Store};
use uis_host::services::EventScope;

use super::super::administrator::store_failed;
use super::super::book::Book;
use super::super::record::Record;
use super::{own, shown};
use crate::audit::{Act, AuditEntry};
use crate::control::ControlError;
use crate::control::erasure::{ErasureView, WhomToErase};
use crate::privacy::appeals::Appeal;
use crate::privacy::person::Person;
use crate::privacy::tombstones::DigestKey;
use crate::secrets::SecretRef;
use crate::store::erasing::find::{Belongings, Found, Wanted, find, index};
use crate::store::erasing::scan::{Ends, TABLES};

/// What the person is sealed for.
const PURPOSE: &str = "erasure";
/// How long to wait for events that are being handled: longer than a handler may take.
const PATIENCE: Duration = Duration::from_secs(75);
/// How long to wait before it is looked again whether they have ended.
const PAUSE: Duration = Duration::from_millis(50);
/// How often the plugin is asked: another event may write one of the person's values at the same moment.
const PLUGIN_TRIALS: u32 = 20;
/// How often it is looked again for what was written meanwhile.
const LOOKS: u32 = 3;

/// Takes events out of the lanes of whatever delivers them.
pub trait Lanes: Send + Sync {
    /// Takes events of an integration out of their lanes. Returns the ids of those that are not there any more and will not be handled.
    fn forget<'a>(&'a self, integration: &'a str, ids: HashSet<String>) -> BoxFuture<'a, Result<HashSet<String>, ControlError>>;
}

/// What an erasure needs to be finished after the process was killed.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Task {
    pub person: Person,
    pub appeals: BTreeSet<Appeal>,
}

/// The integrations that a request means.
async fn chosen(book: &Book, integration: Option<&str>) -> Result<Vec<Record>, ControlError> {
    match integration {
        Some(name) => Ok(vec![book.find(name).await?]),
        None => book.all().await,
    }
}

/// Searches the store in threads of their own. Rows after `after` that came before `before`.
pub(super) async fn look(book: &Book, task: &Task, integration: Option<&str>, before: i64, after: Ends) -> Result<Found, ControlError> {
    // Readers see what was committed.
    book.store.written().await.map_err(store_failed)?;
    let (path, task, integration) = (book.store.path().to_owned(), task.clone(), integration.map(str::to_owned));
    let looking = tokio::task::spawn_blocking(move || {
        let wanted = Wanted { person: &task.person, integration: integration.as_deref(), before, appeals: &task.appeals };
        find(&path, &wanted, &after)
    });
    looking.await.map_err(|error| ControlError::Failed(error.to_string()))?.map_err(store_failed)
}

/// Nothing was looked at yet.
pub(super) const FROM_THE_BEGINNING: Ends = [i64::MIN; TABLES.len()];

/// Searches for what is stored of a person.
pub async fn preview(book: &Book, whom: &WhomToErase) -> Result<ErasureView, ControlError> {
    let (person, records) = asked(book, whom).await?;
    let at = book.workshop.clock.now_ms();
    let task = Task { person, ..Task::default() };
    let found = look(book, &task, whom.integration.as_deref(), at, FROM_THE_BEGINNING).await?;
    let mut view = shown::view(false, at, &names(&records, &found), &found.integrations);
    view.files = shown::files(book.store.path());
    Ok(view)
}

/// The person and the integrations of a request. Fails when a number is the company's or an employee's.
async fn asked(book: &Book, whom: &WhomToErase) -> Result<(Person, Vec<Record>), ControlError> {
    let person = Person::read(&whom.phones, &whom.emails, &whom.visitors).map_err(ControlError::Invalid)?;
    let records = chosen(book, whom.integration.as_deref()).await?;
    for record in &records {
        own::refuse(book, record, &person).await?;
    }
    Ok((person, records))
}

/// The integrations that are searched, also those of which only rows are left.
fn names(records: &[Record], found: &Found) -> BTreeSet<String> {
    records.iter().map(|record| record.name.clone()).chain(found.integrations.keys().cloned()).collect()
}

/// Deletes what is stored of a person and came before now.
pub async fn erase(book: &Book, lanes: &dyn Lanes, whom: &WhomToErase) -> Result<ErasureView, ControlError> {
    let (person, records) = asked(book, whom).await?;
    let at = book.workshop.clock.now_ms();
    let task = Task { person, ..Task::default() };
    let found = look(book, &task, whom.integration.as_deref(), at, FROM_THE_BEGINNING).await?;
    let mut view = shown::view(true, at, &names(&records, &found), &found.integrations);
    for integration in &mut view.integrations {
        let empty = Belongings::default();
        let own = found.integrations.get(&integration.name).unwrap_or(&empty);
        let task = Task { appeals: own.appeals.clone(), ..task.clone() };
        let row = bury(book, &integration.name, &task, at).await?;
        let done = finish(book, lanes, &integration.name, &task, own, (at, found.ends)).await?;
        book.store.end_erasure(row).await.map_err(store_failed)?;
        shown::add(integration, done);
        let entry = AuditEntry::new(Act::Erase).of(&integration.name).with(shown::summary(&integration.counted));
        book.store.audit(entry).await.map_err(store_failed)?;
    }
    book.store.overwrite_deleted().await.map_err(store_failed)?;
    view.files = shown::files(book.store.path());
    Ok(view)
}

/// Remembers the erasure: in the journal, then in the store. Returns its row, until it has ended.
async fn bury(book: &Book, integration: &str, task: &Task, at: i64) -> Result<i64, ControlError> {
    let key = DigestKey::new(book.workshop.sealer.digest_key());
    let tombstones = key.tombstones(integration, &task.person, task.appeals.iter(), at);
    let (journal, written, name) = (book.store.journal().clone(), tombstones.clone(), key.name());
    let writing = tokio::task::spawn_blocking(move || journal.append(&written, &name)).await;
    writing.map_err(|error| ControlError::Failed(error.to_string()))?.map_err(ControlError::Failed)?;
    let person = sealed(book, integration, task)?;
    book.store.bury(tombstones, integration, at, person).await.map_err(store_failed)
}

fn sealed(book: &Book, integration: &str, task: &Task) -> Result<String, ControlError> {
    let failed = |error: serde_json::Error| ControlError::Failed(format!("the person cannot be stored: {error}"));
    let text = SecretString::from(serde_json::to_string(task).map_err(failed)?);
    let sealed = book.workshop.sealer.seal(integration, PURPOSE, &text).map_err(ControlError::Failed)?;
    serde_json::to_string(&sealed).map_err(failed)
}

/// The person of an erasure that was interrupted.
pub(super) fn unsealed(book: &Book, integration: &str, sealed: &str) -> Result<Task, String> {
    use secrecy::ExposeSecret;
    let sealed: SecretRef = serde_json::from_str(sealed).map_err(|error| error.to_string())?;
    let text = sealed.resolve(&book.workshop.sealer, integration, PURPOSE)?;
    serde_json::from_str(text.expose_secret()).map_err(|error| error.to_string())
}

/// What the last steps did.
#[derive(Debug, Default)]
pub struct Done {
    /// What came to light after the first search.
    pub more: Belongings,
    /// What the plugin says that remains.
    pub remaining: Vec<Skipped>,
    /// What could not be done.
    pub notes: Vec<String>,
}

/// Steps 3 to 5: deletes what was found and what is written meanwhile, and lets the plugin delete what it has stored. `seen` is the time of the
/// erasure, and up to which rows the search went.
pub(super) async fn finish(
    book: &Book,
    lanes: &dyn Lanes,
    integration: &str,
    task: &Task,
    own: &Belongings,
    seen: (i64, Ends),
) -> Result<Done, ControlError> {
    let mut done = Done::default();
    delete(book, lanes, integration, own, false).await?;
    match by_plugin(book, integration, task, seen.0).await {
        Ok(remaining) => done.remaining = remaining,
        Err(why) => done
            .notes
            .push(format!("the plugin did not delete what it has stored: {why}; the gateway deleted every value that names the person")),
    }
    let after = again(seen.1);
    for _ in 0..LOOKS {
        let found = look(book, task, Some(integration), seen.0, after).await?;
        let Some(more) = found.integrations.get(integration).filter(|more| !more.is_empty()) else { break };
        delete(book, lanes, integration, more, true).await?;
        for (all, rows) in done.more.rows.iter_mut().zip(&more.rows) {
            all.extend(rows.iter().cloned());
        }
        done.more.appeals.extend(more.appeals.iter().cloned());
    }
    let ids: BTreeSet<String> = own.of("events").iter().chain(done.more.of("events")).map(|hit| hit.key.clone()).collect();
    book.store.delete_captures(integration, ids.into_iter().collect()).await.map_err(store_failed)?;
    Ok(done)
}

/// From which rows on it is searched again: all of the tables whose rows change in their place.
fn again(mut ends: Ends) -> Ends {
    for table in ["timers", "storage"] {
        ends[index(table)] = i64::MIN;
    }
    ends
}

/// Deletes rows; events that wait leave their lanes first. The plugin deletes its values itself, with what belongs to them, so that only those
/// that it leaves are deleted here.
async fn delete(book: &Book, lanes: &dyn Lanes, integration: &str, own: &Belongings, with_values: bool) -> Result<(), ControlError> {
    let waiting: HashSet<String> = own.of("events").iter().filter(|hit| hit.state == 0).map(|hit| hit.key.clone()).collect();
    forget(book, lanes, integration, waiting).await?;
    for (table, rows) in own.rows.iter().enumerate() {
        if TABLES[table].name == "storage" && !with_values {
            continue;
        }
        let rows: Vec<i64> = rows.iter().map(|hit| hit.number).collect();
        book.store.delete_rows(table, &rows).await.map_err(store_failed)?;
    }
    Ok(())
}

/// Takes events out of their lanes. Those that are being handled end first.
async fn forget(book: &Book, lanes: &dyn Lanes, integration: &str, mut ids: HashSet<String>) -> Result<(), ControlError> {
    let until = Instant::now() + PATIENCE;
    while !ids.is_empty() {
        let gone = lanes.forget(integration, ids.clone()).await?;
        ids.retain(|id| !gone.contains(id));
        ids = book.store.which_wait(integration, ids.into_iter().collect()).await.map_err(store_failed)?.into_iter().collect();
        if !ids.is_empty() && Instant::now() > until {
            let why = format!("{} events of the person are still being handled; run the command again", ids.len());
            return Err(ControlError::Failed(why));
        }
        if !ids.is_empty() {
            tokio::time::sleep(PAUSE).await;
        }
    }
    Ok(())
}

/// Lets the plugin delete what it has stored of the person. Returns what remains in the CRM.
async fn by_plugin(book: &Book, integration: &str, task: &Task, at: i64) -> Result<Vec<Skipped>, String> {
    let record = book.find(integration).await.map_err(|error| error.to_string())?;
    let built = book.workshop.build(&record, &book.store).await?;
    let mut why = String::new();
    for attempt in 1..=PLUGIN_TRIALS {
        let wall = built.integration.limits.wall_kept;
        let scope = EventScope::new(built.integration.clone(), Origin(0), Instant::now() + wall);
        let delivery =
            Delivery { id: format!("{integration}-erasure-{at:x}"), attempt, received_at: at, ordering_key: "erasure".to_owned() };
        let run = book.workshop.plugin.handle(scope, delivery, Event::Erase(task.person.identity())).await;
        match run.result {
            Ok(Ok(Reply::Done(outcome))) => {
                book.store.commit(integration).await.map_err(|error| error.to_string())?;
                return Ok(outcome.skipped);
            }
            Ok(Err(Failure::Retry(later))) => why = later.reason,
            Ok(Ok(_)) => return Err("its answer is not that of an erasure".to_owned()),
            Ok(Err(failure)) => return Err(format!("{failure:?}")),
            Err(fault) => return Err(fault.to_string()),
        }
        tokio::time::sleep(PAUSE * 4).await;
    }
    Err(why)
}
