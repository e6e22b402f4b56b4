//! The contract's imports. One file per interface; each implements the generated trait for [`EventScope`], so the same code serves a
//! component and a natively run plugin.

pub mod clock;
pub mod communications;
pub mod connections;
pub mod deals;
pub mod directory;
pub mod endpoints;
pub mod log;
pub mod rules;
pub mod settings;
pub mod storage;
pub mod timers;

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Instant;

use crate::bindings::uis::integration as contract;
use crate::integration::Integration;
use crate::limits::Limits;
use crate::ports::{Origin, StoreError, Turns};
use crate::sync::lock;
use crate::trace::Trace;

/// What one event may reach while it is handled.
pub struct EventScope {
    /// The integration.
    pub integration: Arc<Integration>,
    /// The event's origin, for timers set by it.
    pub origin: Origin,
    /// When the handler must be done; the time that requests may take is cut to it.
    pub deadline: Instant,
    /// Everything the handler did.
    pub trace: Trace,
    /// Where the order of lanes is drawn: who draws it, and this handler's number.
    pub turns: Option<(Arc<dyn Turns>, u64)>,
    /// Requests asked for so far.
    requests: u32,
    /// Sends so far.
    rounds: u32,
    /// Log lines written so far.
    log_lines: u32,
    /// Bytes of requests' bodies sent so far.
    bytes_out: usize,
    /// Bytes of answers' bodies received so far; shared with the requests that are on their way.
    bytes_in: Arc<AtomicUsize>,
    /// Bytes written to storage so far.
    storage_written: usize,
    /// The settings, the same for the whole event.
    settings: Arc<Vec<u8>>,
}

impl EventScope {
    /// A scope for an event of this integration.
    pub fn new(integration: Arc<Integration>, origin: Origin, deadline: Instant) -> Self {
        let settings = lock(&integration.settings).clone();
        let trace = Trace::new(integration.limits.trace_bytes);
        EventScope {
            integration,
            origin,
            deadline,
            trace,
            turns: None,
            requests: 0,
            rounds: 0,
            log_lines: 0,
            bytes_out: 0,
            bytes_in: Arc::default(),
            storage_written: 0,
            settings,
        }
    }

    /// A scope that belongs to no integration, for functions that call no import: an absent account, no connections.
    pub fn detached(limits: &Limits) -> Self {
        EventScope::new(Arc::new(Integration::detached(limits)), Origin::default(), Instant::now())
    }

    /// The same scope with other prepared settings.
    pub fn with_settings(mut self, prepared: Vec<u8>) -> Self {
        self.settings = Arc::new(prepared);
        self
    }

    /// Begins a host call that other handlers may notice, or whose answer depends on theirs.
    async fn turn(&self) {
        if let Some((turns, handler)) = &self.turns {
            turns.turn(*handler).await;
        }
    }

    /// Begins a host call that somebody outside may notice: first everything that the integration has written so far, by any lane, is made
    /// durable, because one lane may have read what another wrote.
    async fn before_effect(&self) -> Result<(), StoreError> {
        self.turn().await;
        self.integration.store.commit(&self.integration.name).await
    }

    /// The present.
    fn now(&self) -> i64 {
        self.integration.clock.now_ms()
    }
}

// Interfaces that only hold types.
impl contract::types::Host for EventScope {}
impl contract::call_events::Host for EventScope {}
impl contract::chat_events::Host for EventScope {}
impl contract::site_request_events::Host for EventScope {}
impl contract::decision::Host for EventScope {}
