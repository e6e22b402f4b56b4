//! Everything that must survive a restart: unfinished events, plugins' storage, timers, and the state of each integration.
//!
//! Durability. [`Store::keep`], [`Store::fire`], [`Store::finish`] and [`Store::set_state`] are durable when they return. Writes of a
//! handler ([`Store::swap`], [`Store::delete`], [`Store::set_timer`], [`Store::cancel_timer`], [`Store::begin`]) may stay in memory until
//! [`Store::commit`], which the host calls before every effect. A crash may undo such writes, but only the latest ones: if a write is lost,
//! all later writes are lost too. Writes take effect in the order in which the methods are called, whoever calls them and whenever their
//! futures are polled, so that the dispatch need not wait for one write before it makes the next. The event that made them is then delivered again as its next attempt. [`Store::finish`] also makes all
//! earlier writes durable, as [`Store::commit`] does, so that an event is never recorded as ended while its writes are lost.

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

use crate::bindings::uis::integration::storage::{Entry, ItemPage, StorageError};
use crate::bindings::uis::integration::timers::Timer;
use crate::event::Event;

/// Where an event came from: a line of a recording, the number of a request. Only the caller knows its meaning. The dispatch passes it on,
/// also to timers that the event sets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Origin(pub u64);

/// The store failed: a full disk, a damaged file. The plugin is not at fault, and the event is retried.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the store failed: {0}")]
pub struct StoreError(pub String);

/// The state of an integration.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IntegrationState {
    /// Switched off: no event is delivered.
    #[default]
    Inactive,
    /// Switched on, but not yet activated: only activations are delivered.
    Activating,
    /// Switched on and activated: events are delivered.
    Active,
    /// The remote system refused the credential: events wait until the owner enters a valid one.
    Paused,
}

/// An event that waits for delivery, or is being delivered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptEvent {
    /// The delivery id: unique among the integration's events, and the same in every attempt.
    pub id: String,
    /// The key of the event's lane.
    pub ordering_key: String,
    /// Where the event came from.
    pub origin: Origin,
    /// What was received: the notification's type, or `timer`, `activate`, ….
    pub what: String,
    /// The event.
    pub event: Event,
    /// The number of the current or next attempt, from 1.
    pub attempt: u32,
    /// When the host received the event, in milliseconds since 1970.
    pub received: i64,
    /// The earliest time of the next attempt, in milliseconds since 1970.
    pub not_before: i64,
    /// Why the last attempt failed; none before the first.
    pub reason: Option<String>,
    /// The failure was already reported to the owner.
    pub reported: bool,
}

impl KeptEvent {
    /// The event in messages: what was received, and the subject in parentheses.
    pub fn title(&self) -> String {
        let subject = self.event.subject();
        if subject.is_empty() { self.what.clone() } else { format!("{} ({subject})", self.what) }
    }
}

/// What happens to an event after an attempt.
#[derive(Debug, Clone, PartialEq)]
pub enum End {
    /// The event succeeded and is removed.
    Done,
    /// The event will be retried. The value is the event with its next attempt.
    Again(Box<KeptEvent>),
    /// The event becomes a dead letter; with the reason. It is kept for the owner.
    Dead(String),
}

/// An event that is not retried by itself, until somebody revives it.
#[derive(Debug, Clone, PartialEq)]
pub struct DeadLetter {
    /// The event, with the number of its next attempt.
    pub event: KeptEvent,
    /// Why it is not retried.
    pub why: String,
}

/// A timer that is set.
#[derive(Debug, Clone, PartialEq)]
pub struct SetTimer {
    /// The timer as the plugin set it. `at` is the next time at which it is due, in milliseconds since 1970.
    pub timer: Timer,
    /// The origin of the event that set it.
    pub origin: Origin,
}

impl SetTimer {
    /// The same timer at its next time after `now`, in the rhythm in which it was set. None for a timer that does not repeat. A plugin may name
    /// any time and any period, so the result is capped at the last instant that an `i64` holds.
    pub fn next_beat(&self, now: i64) -> Option<SetTimer> {
        let every = i128::from(self.timer.every_ms?.max(1));
        let (at, now) = (i128::from(self.timer.at), i128::from(now));
        let missed = (now - at).max(0) / every;
        let next = i64::try_from(at + every * (missed + 1)).unwrap_or(i64::MAX);
        Some(SetTimer { timer: Timer { at: next, ..self.timer.clone() }, origin: self.origin })
    }
}

/// The limits of an integration's timers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimerRoom {
    /// Most timers: the limit `timers`.
    pub timers: usize,
    /// Most bytes of all names, ordering keys and payloads: the limit `timer-bytes`.
    pub bytes: usize,
}

/// The result of a store's method.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// The store of a host. `owner` is the name of an integration; no integration sees another's data. Times are in milliseconds since 1970. A
/// method fails with [`StoreError`] when the data cannot be read or written.
pub trait Store: Send + Sync {
    /// Reads a key of a plugin's storage. None when the key does not exist or its value has expired.
    fn get<'a>(&'a self, owner: &'a str, key: &'a str, now: i64) -> Answer<'a, Option<Entry>>;

    /// Writes a key if its current version is `expected`; with no `expected`, if the key does not exist. Returns the new version. A key
    /// never has the same version twice, even after it was deleted. Fails with `conflict` when the version differs, and with `full` and
    /// `limit storage-bytes = N` when the owner's keys and values would exceed `room`; expired values do not count.
    fn swap<'a>(&'a self, owner: &'a str, key: &'a str, write: StorageWrite) -> Answer<'a, Result<u64, StorageError>>;

    /// Deletes a key if it has this version. False when the key does not exist; fails with `conflict` when the version differs.
    fn delete<'a>(&'a self, owner: &'a str, key: &'a str, expected: u64, now: i64) -> Answer<'a, Result<bool, StorageError>>;

    /// Lists the keys that begin with `prefix`, in the order of their bytes, after `cursor`; at most `limit`.
    fn scan<'a>(&'a self, owner: &'a str, prefix: &'a str, cursor: Option<&'a str>, limit: usize, now: i64) -> Answer<'a, ItemPage>;

    /// Sets a timer, and replaces the one with the same name. The inner error names the limit of `room` that would be exceeded:
    /// `limit timers = N` or `limit timer-bytes = N`.
    fn set_timer<'a>(&'a self, owner: &'a str, timer: SetTimer, room: TimerRoom) -> Answer<'a, Result<(), String>>;

    /// Cancels a timer. False when there is no timer with this name.
    fn cancel_timer<'a>(&'a self, owner: &'a str, name: &'a str) -> Answer<'a, bool>;

    /// The timer that is due first; of several due at the same time, the first by name.
    fn next_timer<'a>(&'a self, owner: &'a str) -> Answer<'a, Option<SetTimer>>;

    /// All timers, by name.
    fn timers<'a>(&'a self, owner: &'a str) -> Answer<'a, Vec<SetTimer>>;

    /// Fires a due timer in one transaction: removes it, or sets a repeating timer to its [next time](SetTimer::next_beat) after `now`, and
    /// stores its event. With no event the run is skipped, because the event of the previous run still waits. False when the timer is gone, or
    /// was set anew and is not due at `now`: then nothing changes.
    fn fire<'a>(&'a self, owner: &'a str, name: &'a str, now: i64, event: Option<&'a KeptEvent>) -> Answer<'a, bool>;

    /// Stores an event until it is finished.
    fn keep<'a>(&'a self, owner: &'a str, event: &'a KeptEvent) -> Answer<'a, ()>;

    /// Records that an attempt begins: `next_attempt` is the number of the attempt that follows if this one never ends, because the process
    /// is killed. [`Store::waiting`] returns the event with this number. An unknown event is not an error.
    fn begin<'a>(&'a self, owner: &'a str, id: &'a str, next_attempt: u32) -> Answer<'a, ()>;

    /// Ends an attempt in one transaction with the integration's new state, if that changes. An event that is tried again keeps its place in
    /// the order. An integration that becomes inactive loses its timers. An unknown event is not an error.
    fn finish<'a>(&'a self, owner: &'a str, id: &'a str, end: End, state: Option<IntegrationState>) -> Answer<'a, ()>;

    /// The events that are not finished, in the order in which they were stored.
    fn waiting<'a>(&'a self, owner: &'a str) -> Answer<'a, Vec<KeptEvent>>;

    /// Dead letters, in the order in which they died, after the one with the id `after`; at most `limit`.
    fn dead_letters<'a>(&'a self, owner: &'a str, after: Option<&'a str>, limit: usize) -> Answer<'a, Vec<DeadLetter>>;

    /// Makes a dead letter an event that waits, behind all others, with its id and its time of receipt. Durable when it returns. Returns the
    /// event as it is delivered next; none when there is no such dead letter.
    fn revive<'a>(&'a self, owner: &'a str, id: &'a str) -> Answer<'a, Option<KeptEvent>>;

    /// The state of an integration; inactive when none was stored.
    fn state<'a>(&'a self, owner: &'a str) -> Answer<'a, IntegrationState>;

    /// Sets the state of an integration. An integration that becomes inactive loses its timers.
    fn set_state<'a>(&'a self, owner: &'a str, state: IntegrationState) -> Answer<'a, ()>;

    /// Makes everything durable that handlers of the owner have written so far.
    fn commit<'a>(&'a self, owner: &'a str) -> Answer<'a, ()>;
}

/// A write to a plugin's storage.
#[derive(Debug, Clone, PartialEq)]
pub struct StorageWrite {
    /// The version that the key must have; none: the key must not exist.
    pub expected: Option<u64>,
    /// The new value.
    pub value: Vec<u8>,
    /// When the value expires, in milliseconds since 1970; none: never.
    pub expires_at: Option<i64>,
    /// The current time, in milliseconds since 1970.
    pub now: i64,
    /// Most bytes that the owner's keys and values may have together: the limit `storage-bytes`.
    pub room: usize,
}
