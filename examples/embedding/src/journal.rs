//! A durable store in one file: what is stored is held in memory, each change is a line of a journal, and the next start makes the memory
//! again from the lines. It is small rather than quick: the file only grows, and every promise of durability is one `fdatasync` on the
//! calling thread. A service puts a database here.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use uis_host::bindings::uis::integration::storage::{Entry, ItemPage, StorageError};
use uis_host::bindings::uis::integration::timers::Timer;
use uis_host::memory::MemoryStore;
use uis_host::ports::{Answer, DeadLetter, End, IntegrationState, KeptEvent, Origin, SetTimer, StorageWrite, Store, StoreError, TimerRoom};

/// A change that was accepted.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Change {
    Swap { key: String, expected: Option<u64>, value: Vec<u8>, expires_at: Option<i64>, now: i64 },
    Delete { key: String, expected: u64, now: i64 },
    SetTimer { timer: Timer, origin: Origin },
    CancelTimer { name: String },
    Fire { name: String, now: i64, event: Option<KeptEvent> },
    Keep { event: KeptEvent },
    Begin { id: String, attempt: u32 },
    Finish { id: String, again: Option<KeptEvent>, dead: Option<String>, state: Option<IntegrationState> },
    Revive { id: String },
    SetState { state: IntegrationState },
}

/// A line of the journal: whose change, and which.
#[derive(Serialize, Deserialize)]
struct Line {
    owner: String,
    change: Change,
}

struct Journal {
    file: File,
    /// A write failed: the file and the memory may differ, so nothing more is accepted until the next start.
    broken: bool,
}

impl Journal {
    /// Appends a line.
    fn note(&mut self, owner: &str, change: Change) -> Result<(), StoreError> {
        let mut line = serde_json::to_vec(&Line { owner: owner.to_owned(), change }).map_err(failed)?;
        line.push(b'\n');
        self.attempt(|file| file.write_all(&line))
    }

    /// Appends a line and waits until the disk has it, and all lines before it.
    fn promise(&mut self, owner: &str, change: Change) -> Result<(), StoreError> {
        self.note(owner, change)?;
        self.sync()
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        self.attempt(|file| file.sync_data())
    }

    fn attempt(&mut self, work: impl FnOnce(&mut File) -> std::io::Result<()>) -> Result<(), StoreError> {
        if self.broken {
            return Err(failed("an earlier write failed"));
        }
        work(&mut self.file).map_err(|error| {
            self.broken = true;
            failed(error)
        })
    }
}

fn failed(error: impl std::fmt::Display) -> StoreError {
    StoreError(error.to_string())
}

/// The store.
pub struct JournalStore {
    memory: MemoryStore,
    /// Held while a change is made and written, so that the lines stand in the order of the changes.
    journal: Mutex<Journal>,
}

impl JournalStore {
    /// Opens a journal, or begins one; gives the number of changes that it held.
    pub async fn open(path: &Path) -> Result<(JournalStore, usize), StoreError> {
        let file = File::options().read(true).append(true).create(true).open(path).map_err(failed)?;
        let (memory, mut changes, mut whole) = (MemoryStore::default(), 0, 0);
        for line in BufReader::new(&file).split(b'\n') {
            let line = line.map_err(failed)?;
            // A process that was killed may have left half a line, which was never promised to anybody.
            let Ok(Line { owner, change }) = serde_json::from_slice(&line) else { break };
            apply(&memory, &owner, change).await?;
            changes += 1;
            whole += line.len() as u64 + 1;
        }
        file.set_len(whole).map_err(failed)?;
        Ok((JournalStore { memory, journal: Mutex::new(Journal { file, broken: false }) }, changes))
    }
}

/// Makes a change of the journal again.
async fn apply(memory: &MemoryStore, owner: &str, change: Change) -> Result<(), StoreError> {
    const NO_LIMIT: TimerRoom = TimerRoom { timers: usize::MAX, bytes: usize::MAX };
    match change {
        Change::Swap { key, expected, value, expires_at, now } => {
            memory.swap(owner, &key, StorageWrite { expected, value, expires_at, now, room: usize::MAX }).await.map(|_| ())
        }
        Change::Delete { key, expected, now } => memory.delete(owner, &key, expected, now).await.map(|_| ()),
        Change::SetTimer { timer, origin } => memory.set_timer(owner, SetTimer { timer, origin }, NO_LIMIT).await.map(|_| ()),
        Change::CancelTimer { name } => memory.cancel_timer(owner, &name).await.map(|_| ()),
        Change::Fire { name, now, event } => memory.fire(owner, &name, now, event.as_ref()).await.map(|_| ()),
        Change::Keep { event } => memory.keep(owner, &event).await,
        Change::Begin { id, attempt } => memory.begin(owner, &id, attempt).await,
        Change::Finish { id, again, dead, state } => {
            let end = again.map(|event| End::Again(Box::new(event))).or(dead.map(End::Dead)).unwrap_or(End::Done);
            memory.finish(owner, &id, end, state).await
        }
        Change::Revive { id } => memory.revive(owner, &id).await.map(|_| ()),
        Change::SetState { state } => memory.set_state(owner, state).await,
    }
}

impl Store for JournalStore {
    fn get<'a>(&'a self, owner: &'a str, key: &'a str, now: i64) -> Answer<'a, Option<Entry>> {
        self.memory.get(owner, key, now)
    }
    fn scan<'a>(&'a self, owner: &'a str, prefix: &'a str, cursor: Option<&'a str>, limit: usize, now: i64) -> Answer<'a, ItemPage> {
        self.memory.scan(owner, prefix, cursor, limit, now)
    }
    fn next_timer<'a>(&'a self, owner: &'a str) -> Answer<'a, Option<SetTimer>> {
        self.memory.next_timer(owner)
    }
    fn timers<'a>(&'a self, owner: &'a str) -> Answer<'a, Vec<SetTimer>> {
        self.memory.timers(owner)
    }
    fn waiting<'a>(&'a self, owner: &'a str) -> Answer<'a, Vec<KeptEvent>> {
        self.memory.waiting(owner)
    }
    fn dead_letters<'a>(&'a self, owner: &'a str, after: Option<&'a str>, limit: usize) -> Answer<'a, Vec<DeadLetter>> {
        self.memory.dead_letters(owner, after, limit)
    }
    fn state<'a>(&'a self, owner: &'a str) -> Answer<'a, IntegrationState> {
        self.memory.state(owner)
    }

    fn swap<'a>(&'a self, owner: &'a str, key: &'a str, write: StorageWrite) -> Answer<'a, Result<u64, StorageError>> {
        Box::pin(async move {
            let mut journal = self.journal.lock().await;
            let answer = self.memory.swap(owner, key, write.clone()).await?;
            if answer.is_ok() {
                let StorageWrite { expected, value, expires_at, now, .. } = write;
                journal.note(owner, Change::Swap { key: key.to_owned(), expected, value, expires_at, now })?;
            }
            Ok(answer)
        })
    }
    fn delete<'a>(&'a self, owner: &'a str, key: &'a str, expected: u64, now: i64) -> Answer<'a, Result<bool, StorageError>> {
        Box::pin(async move {
            let mut journal = self.journal.lock().await;
            let answer = self.memory.delete(owner, key, expected, now).await?;
            if answer == Ok(true) {
                journal.note(owner, Change::Delete { key: key.to_owned(), expected, now })?;
            }
            Ok(answer)
        })
    }
    fn set_timer<'a>(&'a self, owner: &'a str, set: SetTimer, room: TimerRoom) -> Answer<'a, Result<(), String>> {
        Box::pin(async move {
            let mut journal = self.journal.lock().await;
            let answer = self.memory.set_timer(owner, set.clone(), room).await?;
            if answer.is_ok() {
                journal.note(owner, Change::SetTimer { timer: set.timer, origin: set.origin })?;
            }
            Ok(answer)
        })
    }
    fn cancel_timer<'a>(&'a self, owner: &'a str, name: &'a str) -> Answer<'a, bool> {
        Box::pin(async move {
            let mut journal = self.journal.lock().await;
            let was_set = self.memory.cancel_timer(owner, name).await?;
            if was_set {
                journal.note(owner, Change::CancelTimer { name: name.to_owned() })?;
            }
            Ok(was_set)
        })
    }
    fn begin<'a>(&'a self, owner: &'a str, id: &'a str, attempt: u32) -> Answer<'a, ()> {
        Box::pin(async move {
            let mut journal = self.journal.lock().await;
            self.memory.begin(owner, id, attempt).await?;
            journal.note(owner, Change::Begin { id: id.to_owned(), attempt })
        })
    }

    fn fire<'a>(&'a self, owner: &'a str, name: &'a str, now: i64, event: Option<&'a KeptEvent>) -> Answer<'a, bool> {
        Box::pin(async move {
            let mut journal = self.journal.lock().await;
            let fired = self.memory.fire(owner, name, now, event).await?;
            journal.promise(owner, Change::Fire { name: name.to_owned(), now, event: event.cloned() })?;
            Ok(fired)
        })
    }
    fn keep<'a>(&'a self, owner: &'a str, event: &'a KeptEvent) -> Answer<'a, ()> {
        Box::pin(async move {
            let mut journal = self.journal.lock().await;
            self.memory.keep(owner, event).await?;
            journal.promise(owner, Change::Keep { event: event.clone() })
        })
    }
    fn finish<'a>(&'a self, owner: &'a str, id: &'a str, end: End, state: Option<IntegrationState>) -> Answer<'a, ()> {
        Box::pin(async move {
            let mut journal = self.journal.lock().await;
            self.memory.finish(owner, id, end.clone(), state).await?;
            let (again, dead) = match end {
                End::Done => (None, None),
                End::Again(event) => (Some(*event), None),
                End::Dead(why) => (None, Some(why)),
            };
            journal.promise(owner, Change::Finish { id: id.to_owned(), again, dead, state })
        })
    }
    fn revive<'a>(&'a self, owner: &'a str, id: &'a str) -> Answer<'a, Option<KeptEvent>> {
        Box::pin(async move {
            let mut journal = self.journal.lock().await;
            let revived = self.memory.revive(owner, id).await?;
            journal.promise(owner, Change::Revive { id: id.to_owned() })?;
            Ok(revived)
        })
    }
    fn set_state<'a>(&'a self, owner: &'a str, state: IntegrationState) -> Answer<'a, ()> {
        Box::pin(async move {
            let mut journal = self.journal.lock().await;
            self.memory.set_state(owner, state).await?;
            journal.promise(owner, Change::SetState { state })
        })
    }
    fn commit<'a>(&'a self, _: &'a str) -> Answer<'a, ()> {
        Box::pin(async move { self.journal.lock().await.sync() })
    }
}
