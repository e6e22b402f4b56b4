//! The SQLite store gives the same answers as the store in memory, whatever is asked of them in whatever order, and also after a crash.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::sample::select;
use tempfile::TempDir;
use uis_gateway::store::{OpenOptions, SqliteStore, recovery};
use uis_host::bindings::uis::integration::timers::Timer;
use uis_host::event::Event;
use uis_host::memory::MemoryStore;
use uis_host::ports::{End, IntegrationState, KeptEvent, Origin, SetTimer, StorageWrite, Store, StoreError, TimerRoom};

const OWNERS: [&str; 2] = ["a", "б/а"];
/// Some begin with others, and some sort differently by characters than by bytes.
const KEYS: [&str; 7] = ["", "k", "k/", "k/1", "k/\u{10FFFF}", "k0", "ключ"];
const TIMERS: [&str; 3] = ["", "t", "таймер"];

/// One call of a store.
#[derive(Debug, Clone)]
enum Call {
    Swap {
        key: &'static str,
        version: Version,
        value: Vec<u8>,
        expires_in: Option<i64>,
    },
    Delete {
        key: &'static str,
        version: Version,
    },
    SetTimer {
        name: &'static str,
        in_ms: i64,
        every_ms: Option<u64>,
        payload: Vec<u8>,
    },
    CancelTimer {
        name: &'static str,
    },
    Fire {
        name: &'static str,
        with_event: bool,
    },
    Keep,
    Begin {
        event: usize,
        next_attempt: u32,
    },
    Finish {
        event: usize,
        end: How,
        state: Option<IntegrationState>,
    },
    Revive {
        event: usize,
    },
    SetState(IntegrationState),
    /// So many milliseconds go by.
    Wait(i64),
    /// Everything is committed, the process dies, and the file is opened again.
    Crash,
}

#[derive(Debug, Clone, Copy)]
enum How {
    Done,
    Again,
    Dead,
}

/// The version that a write expects.
#[derive(Debug, Clone, Copy)]
enum Version {
    None,
    Last,
    Wrong,
}

fn any_call() -> impl Strategy<Value = Call> {
    use IntegrationState::{Activating, Active, Inactive, Paused};
    let key = || select(KEYS.to_vec());
    let name = || select(TIMERS.to_vec());
    let version = || select(vec![Version::None, Version::Last, Version::Last, Version::Last, Version::Last, Version::Wrong]);
    let bytes = || proptest::collection::vec(any::<u8>(), 0..30);
    let state = || select(vec![Inactive, Activating, Active, Paused]);
    let in_ms = prop_oneof![0..20_i64, Just(i64::MAX - 1_000_000)];
    let every = prop_oneof![Just(None), (0..7_u64).prop_map(Some), Just(Some(u64::MAX))];
    let attempt = prop_oneof![1..9_u32, Just(u32::MAX)];
    prop_oneof![
        6 => (key(), version(), bytes(), proptest::option::of(0..20_i64))
            .prop_map(|(key, version, value, expires_in)| Call::Swap { key, version, value, expires_in }),
        4 => (key(), version()).prop_map(|(key, version)| Call::Delete { key, version }),
        3 => (name(), in_ms, every, bytes())
            .prop_map(|(name, in_ms, every_ms, payload)| Call::SetTimer { name, in_ms, every_ms, payload }),
        1 => name().prop_map(|name| Call::CancelTimer { name }),
        2 => (name(), any::<bool>()).prop_map(|(name, with_event)| Call::Fire { name, with_event }),
        4 => Just(Call::Keep),
        2 => (0..12_usize, attempt).prop_map(|(event, next_attempt)| Call::Begin { event, next_attempt }),
        4 => (0..12_usize, select(vec![How::Done, How::Again, How::Dead, How::Dead]), proptest::option::weighted(0.1, state()))
            .prop_map(|(event, end, state)| Call::Finish { event, end, state }),
        2 => (0..12_usize).prop_map(|event| Call::Revive { event }),
        1 => state().prop_map(Call::SetState),
        2 => (1..9_i64).prop_map(Call::Wait),
        1 => Just(Call::Crash),
    ]
}

/// What both stores are asked with: the same, but for the versions, which each store numbers as it likes.
struct Asking<'a> {
    store: &'a dyn Store,
    versions: &'a mut HashMap<(&'static str, &'static str), u64>,
    now: i64,
    /// The number of this call, and what is new about it.
    at: usize,
}

fn event(number: usize, now: i64) -> KeptEvent {
    KeptEvent {
        id: format!("e-{number}"),
        ordering_key: format!("phone:{}", number % 3),
        origin: Origin(u64::MAX - number as u64),
        what: "call".into(),
        event: Event::Action(format!("\u{0}{number}")),
        attempt: 1,
        received: if number.is_multiple_of(5) { i64::MIN } else { now },
        not_before: 0,
        reason: None,
        reported: false,
    }
}

impl Asking<'_> {
    /// Makes a call and gives its answer as text, without versions.
    async fn answer(&mut self, owner: &'static str, call: &Call) -> Result<String, StoreError> {
        let (store, now) = (self.store, self.now);
        Ok(match call {
            Call::Swap { key, version, value, expires_in } => {
                let expires_at = expires_in.map(|after| now + after);
                let write = StorageWrite { expected: self.expected(owner, key, *version), value: value.clone(), expires_at, now, room: 60 };
                let answer = store.swap(owner, key, write).await?;
                let before = answer.as_ref().ok().and_then(|version| self.versions.insert((owner, key), *version));
                format!("{:?}", answer.map(|version| Some(version) != before))
            }
            Call::Delete { key, version } => {
                let Some(expected) = self.expected(owner, key, *version) else { return Ok(String::new()) };
                format!("{:?}", store.delete(owner, key, expected, now).await?)
            }
            Call::SetTimer { name, in_ms, every_ms, payload } => {
                let (name, ordering_key, payload) = ((*name).to_owned(), "k".to_owned(), payload.clone());
                let timer = Timer { name, at: now + in_ms, every_ms: *every_ms, ordering_key, payload };
                let set = SetTimer { timer, origin: Origin(u64::MAX) };
                format!("{:?}", store.set_timer(owner, set, TimerRoom { timers: 2, bytes: 60 }).await?)
            }
            Call::CancelTimer { name } => store.cancel_timer(owner, name).await?.to_string(),
            Call::Fire { name, with_event } => {
                let event = with_event.then(|| event(self.at, now));
                store.fire(owner, name, now, event.as_ref()).await?.to_string()
            }
            Call::Keep => format!("{:?}", store.keep(owner, &event(self.at, now)).await?),
            Call::Begin { event, next_attempt } => {
                format!("{:?}", store.begin(owner, &self.id(owner, *event).await?, *next_attempt).await?)
            }
            Call::Finish { event, end, state } => {
                let id = self.id(owner, *event).await?;
                let again = store.waiting(owner).await?.into_iter().find(|waiting| waiting.id == id);
                let end = match (end, again) {
                    (How::Dead, _) => End::Dead(format!("refused {}", self.at)),
                    (How::Again, Some(event)) => {
                        let (attempt, reason) = (event.attempt.saturating_add(1), Some(format!("failed {}", self.at)));
                        End::Again(Box::new(KeptEvent { attempt, reason, not_before: now + 5, reported: true, ..event }))
                    }
                    _ => End::Done,
                };
                format!("{:?}", store.finish(owner, &id, end, *state).await?)
            }
            Call::Revive { event } => format!("{:?}", store.revive(owner, &self.id(owner, *event).await?).await?),
            Call::SetState(state) => format!("{:?}", store.set_state(owner, *state).await?),
            Call::Wait(_) | Call::Crash => String::new(),
        })
    }

    fn expected(&self, owner: &'static str, key: &'static str, version: Version) -> Option<u64> {
        match version {
            Version::None => None,
            Version::Last => self.versions.get(&(owner, key)).copied(),
            Version::Wrong => Some(u64::MAX),
        }
    }

    /// The id of an event that waits or is dead, or of none.
    async fn id(&self, owner: &str, number: usize) -> Result<String, StoreError> {
        let mut ids: Vec<String> = self.store.waiting(owner).await?.into_iter().map(|event| event.id).collect();
        ids.extend(self.store.dead_letters(owner, None, 100).await?.into_iter().map(|letter| letter.event.id));
        ids.push("unknown".to_owned());
        let number = number % ids.len();
        Ok(ids.swap_remove(number))
    }
}

/// Everything that a store answers about an owner, in pages of two, and whether each value has the version that its last write gave.
async fn view(
    store: &dyn Store,
    owner: &'static str,
    versions: &HashMap<(&'static str, &'static str), u64>,
    now: i64,
) -> Result<String, StoreError> {
    let mut all = format!("{:?}\n{:?}\n", store.state(owner).await?, store.waiting(owner).await?);
    let mut after: Option<String> = None;
    loop {
        let dead = store.dead_letters(owner, after.as_deref(), 2).await?;
        all += &format!("{dead:?}\n");
        match dead.last() {
            Some(last) => after = Some(last.event.id.clone()),
            None => break,
        }
    }
    for prefix in ["", "k", "k/", "k/\u{10FFFF}", "z"] {
        let mut cursor: Option<String> = None;
        loop {
            let page = store.scan(owner, prefix, cursor.as_deref(), 2, now).await?;
            for item in &page.items {
                let known = versions.iter().find(|((of, key), _)| *of == owner && *key == item.key).map(|(_, version)| *version);
                all += &format!("{:?} {:?} {}\n", item.key, item.entry.value, known == Some(item.entry.version));
            }
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
    }
    for key in KEYS {
        all += &format!("{:?}\n", store.get(owner, key, now).await?.map(|entry| entry.value));
    }
    all += &format!("{:?}\n{:?}", store.timers(owner).await?, store.next_timer(owner).await?);
    Ok(all)
}

struct Files {
    folder: TempDir,
    count: usize,
}

impl Files {
    fn next(&mut self) -> PathBuf {
        self.count += 1;
        self.folder.path().join(format!("{}.db", self.count))
    }
}

fn open(path: &Path) -> SqliteStore {
    // What is tested is the order of writes, which a copy of the files shows as well as a disk.
    let options = OpenOptions { leave_out_fsync: true, ..OpenOptions::default() };
    let (store, report) = SqliteStore::open(path, options).expect("it opens");
    assert_eq!(report, None, "nothing was damaged");
    store
}

async fn compare(calls: &[(usize, Call)]) -> Result<(), TestCaseError> {
    let mut files = Files { folder: tempfile::tempdir().expect("a folder"), count: 0 };
    let mut path = files.next();
    let (memory, mut sqlite) = (MemoryStore::default(), open(&path));
    let (mut memory_versions, mut sqlite_versions) = (HashMap::new(), HashMap::new());
    let mut now = 1_000;
    for (at, (owner, call)) in calls.iter().enumerate() {
        let owner = OWNERS[*owner];
        match call {
            Call::Wait(time) => now += time,
            Call::Crash => {
                sqlite.commit(owner).await.expect("stored");
                let copy = files.next();
                for part in ["", "-wal"] {
                    std::fs::copy(recovery::beside(&path, part), recovery::beside(&copy, part)).expect("copied");
                }
                (sqlite, path) = (open(&copy), copy);
            }
            _ => {}
        }
        let expected = Asking { store: &memory, versions: &mut memory_versions, now, at }.answer(owner, call).await;
        let found = Asking { store: &sqlite, versions: &mut sqlite_versions, now, at }.answer(owner, call).await;
        prop_assert_eq!(found, expected, "the answer to call {}, {:?}", at, call);
        for owner in OWNERS {
            let expected = view(&memory, owner, &memory_versions, now).await;
            let found = view(&sqlite, owner, &sqlite_versions, now).await;
            prop_assert_eq!(found, expected, "what {} has after call {}, {:?}", owner, at, call);
        }
    }
    Ok(())
}

/// Mostly one owner, so that much happens to it.
fn any_owner() -> impl Strategy<Value = usize> {
    prop_oneof![5 => Just(0), 1 => Just(1)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn it_answers_like_the_store_in_memory(calls in proptest::collection::vec((any_owner(), any_call()), 1..120)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(compare(&calls))?;
    }
}
