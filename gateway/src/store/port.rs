//! The host's port.

use uis_host::bindings::uis::integration::storage::{Entry, ItemPage, StorageError};
use uis_host::ports::{Answer, DeadLetter, End, IntegrationState, KeptEvent, SetTimer, StorageWrite, Store, TimerRoom};

use super::SqliteStore;

impl Store for SqliteStore {
    fn get<'a>(&'a self, owner: &'a str, key: &'a str, now: i64) -> Answer<'a, Option<Entry>> {
        self.storage_get(owner, key, now)
    }

    fn swap<'a>(&'a self, owner: &'a str, key: &'a str, write: StorageWrite) -> Answer<'a, Result<u64, StorageError>> {
        self.storage_swap(owner, key, write)
    }

    fn delete<'a>(&'a self, owner: &'a str, key: &'a str, expected: u64, now: i64) -> Answer<'a, Result<bool, StorageError>> {
        self.storage_delete(owner, key, expected, now)
    }

    fn scan<'a>(&'a self, owner: &'a str, prefix: &'a str, cursor: Option<&'a str>, limit: usize, now: i64) -> Answer<'a, ItemPage> {
        self.storage_scan(owner, prefix, cursor, limit, now)
    }

    fn set_timer<'a>(&'a self, owner: &'a str, timer: SetTimer, room: TimerRoom) -> Answer<'a, Result<(), String>> {
        self.timer_set(owner, timer, room)
    }

    fn cancel_timer<'a>(&'a self, owner: &'a str, name: &'a str) -> Answer<'a, bool> {
        self.timer_cancel(owner, name)
    }

    fn next_timer<'a>(&'a self, owner: &'a str) -> Answer<'a, Option<SetTimer>> {
        self.timer_first(owner)
    }

    fn timers<'a>(&'a self, owner: &'a str) -> Answer<'a, Vec<SetTimer>> {
        self.timers_all(owner)
    }

    fn fire<'a>(&'a self, owner: &'a str, name: &'a str, now: i64, event: Option<&'a KeptEvent>) -> Answer<'a, bool> {
        self.timer_fire(owner, name, now, event)
    }

    fn keep<'a>(&'a self, owner: &'a str, event: &'a KeptEvent) -> Answer<'a, ()> {
        self.keep_event(owner, event)
    }

    fn begin<'a>(&'a self, owner: &'a str, id: &'a str, next_attempt: u32) -> Answer<'a, ()> {
        self.begin_attempt(owner, id, next_attempt)
    }

    fn finish<'a>(&'a self, owner: &'a str, id: &'a str, end: End, state: Option<IntegrationState>) -> Answer<'a, ()> {
        self.end_attempt(owner, id, end, state)
    }

    fn waiting<'a>(&'a self, owner: &'a str) -> Answer<'a, Vec<KeptEvent>> {
        self.waiting_events(owner)
    }

    fn dead_letters<'a>(&'a self, owner: &'a str, after: Option<&'a str>, limit: usize) -> Answer<'a, Vec<DeadLetter>> {
        self.dead_events(owner, after, limit)
    }

    fn revive<'a>(&'a self, owner: &'a str, id: &'a str) -> Answer<'a, Option<KeptEvent>> {
        self.revive_event(owner, id)
    }

    fn state<'a>(&'a self, owner: &'a str) -> Answer<'a, IntegrationState> {
        self.owner_state(owner)
    }

    fn set_state<'a>(&'a self, owner: &'a str, state: IntegrationState) -> Answer<'a, ()> {
        self.change_state(owner, state)
    }

    fn commit<'a>(&'a self, _: &'a str) -> Answer<'a, ()> {
        // One order for all owners: whatever was written before is committed with this.
        if self.leave_out_output_commit { self.soon(|_| Ok(())) } else { self.durable(|_| Ok(())) }
    }
}
