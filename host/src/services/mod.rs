//! The contract's imports, one file per interface. Each file implements the generated trait for [`EventScope`]. A component and a plugin
//! that runs natively (in tests) use the same code.

pub mod clock;
pub mod communications;
pub mod connections;
pub mod deals;
pub mod directory;
pub mod endpoints;
pub mod log;
pub mod phones;
pub mod rules;
pub mod settings;
pub mod storage;
pub mod timers;

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Instant;

use crate::bindings::uis::integration as contract;
use crate::integration::Integration;
use crate::limits::{ANSWER_RESERVE, Limits};
use crate::ports::{Origin, StoreError, Turns};
use crate::sync::lock;
use crate::trace::Trace;

/// Everything that the handler of one event can reach, and the counters of its limits.
pub struct EventScope {
    /// The integration that the event belongs to.
    pub integration: Arc<Integration>,
    /// The event's origin; timers that the handler sets inherit it.
    pub origin: Origin,
    /// When the handler must have returned. Deadlines of requests are shortened to it.
    pub deadline: Instant,
    /// The steps of the handler so far.
    pub trace: Trace,
    /// For a replay with a drawn order of lanes: the source of turns, and this handler's number.
    pub turns: Option<(Arc<dyn Turns>, u64)>,
    /// A number that a wrapper of the plugin gives to this run of a handler, to recognise its requests ([`SentBy`](crate::ports::SentBy)).
    pub run: u64,
    /// Requests so far, including refused ones.
    requests: u32,
    /// Calls of `connections.send` so far.
    rounds: u32,
    /// Log lines so far, including dropped ones.
    log_lines: u32,
    /// Decisions so far, including dropped ones.
    decisions: u32,
    /// Bytes of request bodies sent so far.
    bytes_out: usize,
    /// Bytes of answer bodies received so far. Shared with the requests in flight.
    bytes_in: Arc<AtomicUsize>,
    /// Bytes written to storage so far.
    storage_written: usize,
    /// The prepared settings. They stay the same for the whole event, even if the account's settings change meanwhile.
    settings: Arc<Vec<u8>>,
}

impl EventScope {
    /// The scope of one event of an integration. The handler must return before `deadline`.
    pub fn new(integration: Arc<Integration>, origin: Origin, deadline: Instant) -> Self {
        let settings = lock(&integration.settings).clone();
        let trace = Trace::new(integration.limits.trace_bytes);
        EventScope {
            integration,
            origin,
            deadline,
            trace,
            turns: None,
            run: 0,
            requests: 0,
            rounds: 0,
            log_lines: 0,
            decisions: 0,
            bytes_out: 0,
            bytes_in: Arc::default(),
            storage_written: 0,
            settings,
        }
    }

    /// A scope without an integration, for functions of a plugin that call no import.
    pub fn detached(limits: &Limits) -> Self {
        EventScope::new(Arc::new(Integration::detached(limits)), Origin::default(), Instant::now())
    }

    /// Replaces the prepared settings.
    pub fn with_settings(mut self, prepared: Vec<u8>) -> Self {
        self.settings = Arc::new(prepared);
        self
    }

    /// Called at the beginning of every import that other handlers could notice, or whose answer depends on them. In a replay with a drawn
    /// order, the handler waits here for its turn.
    async fn turn(&self) {
        if let Some((turns, handler)) = &self.turns {
            turns.turn(*handler).await;
        }
    }

    /// Like [`turn`](Self::turn), at the beginning of every import that writes something. An error ends the handler.
    async fn turn_to_write(&self) -> Result<(), StoreError> {
        match &self.turns {
            Some((turns, handler)) => turns.before_write(*handler).await,
            None => Ok(()),
        }
    }

    /// Called before every effect, that is, before anything becomes visible outside. It makes everything durable that any lane of the
    /// integration has written so far, because this handler may have read what another lane wrote.
    async fn before_effect(&self) -> Result<(), StoreError> {
        self.turn_to_write().await?;
        self.integration.store.commit(&self.integration.name).await
    }

    /// Until when requests are waited for: the rest of the time is reserved for the handler's answer.
    fn usable_until(&self) -> Instant {
        self.deadline.checked_sub(ANSWER_RESERVE).unwrap_or(self.deadline)
    }

    /// The current time, in milliseconds since 1970.
    fn now(&self) -> i64 {
        self.integration.clock.now_ms()
    }
}

// Interfaces of the contract that contain only types.
impl contract::types::Host for EventScope {}
impl contract::call_events::Host for EventScope {}
impl contract::chat_events::Host for EventScope {}
impl contract::site_request_events::Host for EventScope {}
impl contract::decision::Host for EventScope {}
