//! The contract's imports. One file per interface; each implements the generated trait for [`EventScope`], so the same code serves a
//! component and a natively run plugin.

pub mod clock;
pub mod communications;
pub mod connections;
pub mod deals;
pub mod directory;
pub mod endpoints;
pub mod log;
pub mod pace;
pub mod rules;
pub mod settings;
pub mod storage;
pub mod timers;

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Instant;

use crate::bindings::uis::integration as contract;
use crate::clock::VirtualClock;
use crate::integration::Integration;
use crate::plugin::limits::Limits;
use crate::trace::Trace;

/// What one event may reach while it is handled.
pub struct EventScope {
    /// The integration.
    pub integration: Arc<Integration>,
    /// The recording's line, or what takes its place, for timers set by this event.
    pub line: u64,
    /// When the handler must be done; the time that requests may take is cut to it.
    pub deadline: Instant,
    /// Everything the handler did.
    pub trace: Trace,
    /// Requests asked for so far.
    pub requests: u32,
    /// Sends so far.
    pub rounds: u32,
    /// Log lines written so far.
    pub log_lines: u32,
    /// Bytes of requests' bodies sent so far.
    pub bytes_out: usize,
    /// Bytes of answers' bodies received so far; shared with the requests that are on their way.
    pub bytes_in: Arc<AtomicUsize>,
    /// Bytes written to storage so far.
    pub storage_written: usize,
    /// The settings, the same for the whole event.
    settings: Arc<Vec<u8>>,
}

impl EventScope {
    /// A scope for an event of this integration.
    pub fn new(integration: Arc<Integration>, line: u64, deadline: Instant) -> Self {
        let settings = crate::integration::lock(&integration.settings).clone();
        let trace = Trace::new(integration.limits.trace_bytes);
        EventScope {
            integration,
            line,
            deadline,
            trace,
            requests: 0,
            rounds: 0,
            log_lines: 0,
            bytes_out: 0,
            bytes_in: Arc::default(),
            storage_written: 0,
            settings,
        }
    }

    /// A scope that belongs to no integration, for functions that call no import: an empty account, no connections.
    pub fn detached(limits: &Limits) -> Self {
        let integration = Integration {
            name: String::new(),
            clock: Arc::new(VirtualClock::default()),
            account: Arc::default(),
            connections: Default::default(),
            storage: Default::default(),
            timers: Default::default(),
            settings: Default::default(),
            endpoints: endpoints::Endpoints { base: String::new(), callbacks: Vec::new(), secret: String::new().into() },
            rules: Arc::default(),
            limits: limits.clone(),
        };
        EventScope::new(Arc::new(integration), 0, Instant::now())
    }

    /// The same scope with other prepared settings.
    pub fn with_settings(mut self, prepared: Vec<u8>) -> Self {
        self.settings = Arc::new(prepared);
        self
    }
}

// Interfaces that only hold types.
impl contract::types::Host for EventScope {}
impl contract::call_events::Host for EventScope {}
impl contract::chat_events::Host for EventScope {}
impl contract::site_request_events::Host for EventScope {}
impl contract::decision::Host for EventScope {}
