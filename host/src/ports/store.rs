//! What must survive a restart: events that are not done with, what plugins remember, timers, and how each integration stands.
//!
//! Durability. [`Store::keep`], [`Store::fire`], [`Store::finish`] and [`Store::set_state`] are durable when they return. Writes of a handler
//! ([`Store::swap`], [`Store::delete`], [`Store::set_timer`], [`Store::cancel_timer`], [`Store::begin`]) may wait in memory until
//! [`Store::commit`], which the host calls before anything that others can notice. After a crash such writes may be gone, all of the later ones
//! with the first that is; the event that made them then comes again with its next attempt. So the end of an event is never durable without
//! the writes before it: [`Store::finish`] makes durable what [`Store::commit`] would.

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

use crate::bindings::uis::integration::storage::{Entry, ItemPage, StorageError};
use crate::bindings::uis::integration::timers::Timer;
use crate::event::Event;

/// Where an event comes from: a line of a recording, the number of a request. Only whoever hands events in knows what it means; the dispatch
/// passes it on, to what follows from the event as well.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Origin(pub u64);

/// The store failed: a full disk, a damaged file. No fault of the plugin; the event is tried again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the store failed: {0}")]
pub struct StoreError(pub String);

/// How an integration stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IntegrationState {
    /// Off: nothing is delivered.
    #[default]
    Inactive,
    /// On, but the activation has not succeeded yet: only the activation runs.
    Activating,
    /// On.
    Active,
    /// The remote system refuses the credential: everything waits for the owner.
    Paused,
}

/// An event on its way to a plugin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptEvent {
    /// The delivery's id, the same in every attempt, different for every event of an integration.
    pub id: String,
    /// Its lane.
    pub ordering_key: String,
    /// Where it comes from.
    pub origin: Origin,
    /// The notification's type, or `timer`, `activate`, …
    pub what: String,
    /// The event.
    pub event: Event,
    /// The number of its next or current attempt, from 1.
    pub attempt: u32,
    /// When the host received it, in milliseconds since 1970.
    pub received: i64,
    /// It is not tried before this time, in milliseconds since 1970.
    pub not_before: i64,
    /// Why the last attempt failed.
    pub reason: Option<String>,
    /// Its failure was reported to the owner.
    pub reported: bool,
}

impl KeptEvent {
    /// The event for messages: the notification's type and the subject.
    pub fn title(&self) -> String {
        let subject = self.event.subject();
        if subject.is_empty() { self.what.clone() } else { format!("{} ({subject})", self.what) }
    }
}

/// How an attempt ended for its event.
#[derive(Debug, Clone, PartialEq)]
pub enum End {
    /// The event is done with.
    Done,
    /// The event is tried again: its new state.
    Again(Box<KeptEvent>),
    /// The event can never succeed, or failed too often; why. It is kept apart for the owner.
    Dead(String),
}

/// A timer that is set.
#[derive(Debug, Clone, PartialEq)]
pub struct SetTimer {
    /// As the plugin set it; `at` is the next time.
    pub timer: Timer,
    /// The origin of the event that set it.
    pub origin: Origin,
}

impl SetTimer {
    /// The same timer at its next time after `now`, in the beat in which it was set; none: it comes due once only. Plugins name any time and
    /// any period, so the next time is at most the last there is.
    pub fn next_beat(&self, now: i64) -> Option<SetTimer> {
        let every = i128::from(self.timer.every_ms?.max(1));
        let (at, now) = (i128::from(self.timer.at), i128::from(now));
        let missed = (now - at).max(0) / every;
        let next = i64::try_from(at + every * (missed + 1)).unwrap_or(i64::MAX);
        Some(SetTimer { timer: Timer { at: next, ..self.timer.clone() }, origin: self.origin })
    }
}

/// How many timers an integration may have, and how many bytes their names, keys and payloads may take together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimerRoom {
    /// `timers`.
    pub timers: usize,
    /// `timer-bytes`.
    pub bytes: usize,
}

/// What a store answers.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// The store of a host. `owner` is an integration's name; what two of them write never meets. Times are milliseconds since 1970.
pub trait Store: Send + Sync {
    /// Reads a key of a plugin's storage. A value whose time to live is over is absent.
    fn get<'a>(&'a self, owner: &'a str, key: &'a str, now: i64) -> Answer<'a, Option<Entry>>;

    /// Writes a key if it has the expected version, or, for none, is absent. `room` is `storage-bytes`: keys and values of the owner together,
    /// in bytes; what has run out takes none. Where there is too little: `full` with `limit storage-bytes = N`.
    /// No version of a key comes twice, also not after the key was deleted.
    fn swap<'a>(&'a self, owner: &'a str, key: &'a str, write: StorageWrite) -> Answer<'a, Result<u64, StorageError>>;

    /// Deletes a key if it has the version; false when it is absent.
    fn delete<'a>(&'a self, owner: &'a str, key: &'a str, expected: u64, now: i64) -> Answer<'a, Result<bool, StorageError>>;

    /// Lists keys with a prefix in the order of their bytes, behind the cursor, at most `limit` of them.
    fn scan<'a>(&'a self, owner: &'a str, prefix: &'a str, cursor: Option<&'a str>, limit: usize, now: i64) -> Answer<'a, ItemPage>;

    /// Sets a timer in place of the one with the same name; the error names the limit that leaves no room: `limit timers = N`,
    /// `limit timer-bytes = N`.
    fn set_timer<'a>(&'a self, owner: &'a str, timer: SetTimer, room: TimerRoom) -> Answer<'a, Result<(), String>>;

    /// Cancels a timer; false when none has this name.
    fn cancel_timer<'a>(&'a self, owner: &'a str, name: &'a str) -> Answer<'a, bool>;

    /// The timer that is due first; of several at one time the first by name.
    fn next_timer<'a>(&'a self, owner: &'a str) -> Answer<'a, Option<SetTimer>>;

    /// All timers, by name.
    fn timers<'a>(&'a self, owner: &'a str) -> Answer<'a, Vec<SetTimer>>;

    /// A timer is due: takes it out (a repeating one gets its [next time](SetTimer::next_beat) after `now`) and keeps its event, both or
    /// neither: of a timer that is gone no event is kept. No event: the run before still waits, and this one is left out.
    fn fire<'a>(&'a self, owner: &'a str, name: &'a str, now: i64, event: Option<&'a KeptEvent>) -> Answer<'a, ()>;

    /// Keeps an event until it is finished.
    fn keep<'a>(&'a self, owner: &'a str, event: &'a KeptEvent) -> Answer<'a, ()>;

    /// An attempt begins: its number is written down. An unknown event is no error.
    fn begin<'a>(&'a self, owner: &'a str, id: &'a str, attempt: u32) -> Answer<'a, ()>;

    /// An attempt has ended; with it, in one step, where it changed, how the integration stands. An event that is tried again keeps its
    /// place in the order. An integration that becomes inactive loses its timers. The end of an unknown event changes no event.
    fn finish<'a>(&'a self, owner: &'a str, id: &'a str, end: End, state: Option<IntegrationState>) -> Answer<'a, ()>;

    /// Events that are not finished, in the order in which they were kept.
    fn waiting<'a>(&'a self, owner: &'a str) -> Answer<'a, Vec<KeptEvent>>;

    /// How an integration stands.
    fn state<'a>(&'a self, owner: &'a str) -> Answer<'a, IntegrationState>;

    /// Changes how an integration stands. One that becomes inactive loses its timers.
    fn set_state<'a>(&'a self, owner: &'a str, state: IntegrationState) -> Answer<'a, ()>;

    /// Makes durable whatever any handler of the owner has written so far.
    fn commit<'a>(&'a self, owner: &'a str) -> Answer<'a, ()>;
}

/// A write to a plugin's storage.
#[derive(Debug, Clone, PartialEq)]
pub struct StorageWrite {
    /// The version that the key must have; none: it must be absent.
    pub expected: Option<u64>,
    /// The new value.
    pub value: Vec<u8>,
    /// When the value runs out; none: never.
    pub expires_at: Option<i64>,
    /// The present.
    pub now: i64,
    /// How many bytes the owner's keys and values may take together.
    pub room: usize,
}
