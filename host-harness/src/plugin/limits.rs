//! What one handler may use up. Each limit has a name, a unit and a reason; a handler that passes one ends, and the event is set aside
//! with the limit's name and value.

use std::time::Duration;

/// Limits of one handler.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// `memory-bytes`: linear memory of the instance. 32 MiB holds an answer of 8 MiB parsed; the usual event needs 2.
    pub memory_bytes: usize,
    /// `fuel`: roughly WebAssembly instructions. An event of a call needs less than a million; a reconciliation of a busy day some hundred times that.
    pub fuel: u64,
    /// `wall-live-ms`: wall-clock time of a live handler, waiting in imports included. A caller hears ringing meanwhile.
    pub wall_live: Duration,
    /// `wall-kept-ms`: the same for a kept handler, which may wait for a slow remote system.
    pub wall_kept: Duration,
    /// `log-lines`: lines an event may write; further ones are counted.
    pub log_lines: u32,
    /// `requests`: requests an event may send. A reconciliation pages through thousands of calls, 200 a page.
    pub requests: u32,
    /// `storage-bytes`: keys and values of one integration.
    pub storage_bytes: usize,
    /// `timers`: timers of one integration.
    pub timers: usize,
    /// `instances`: handlers that may run at once in one process; more wait for a place.
    pub instances: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            memory_bytes: 32 << 20,
            fuel: 500_000_000,
            wall_live: Duration::from_secs(5),
            wall_kept: Duration::from_secs(60),
            log_lines: 256,
            requests: 1000,
            storage_bytes: 256 << 20,
            timers: 100_000,
            instances: 64,
        }
    }
}

// Limits of single values, as the contract documents them.

/// A key of storage, in bytes.
pub const STORAGE_KEY_BYTES: usize = 512;
/// A value of storage, in bytes.
pub const STORAGE_VALUE_BYTES: usize = 256 << 10;
/// Items of one `scan`.
pub const SCAN_ITEMS: u32 = 200;
/// A timer's name, in bytes.
pub const TIMER_NAME_BYTES: usize = 256;
/// A timer's payload, in bytes.
pub const TIMER_PAYLOAD_BYTES: usize = 64 << 10;
/// The shortest repeat of a timer, in milliseconds.
pub const TIMER_EVERY_MS: u64 = 1000;
/// Requests of one `send`.
pub const REQUESTS_PER_SEND: usize = 64;
/// Requests of one `send` that go side by side.
pub const REQUESTS_SIDE_BY_SIDE: usize = 8;
/// A path, in bytes.
pub const PATH_BYTES: usize = 2 << 10;
/// A request's body, in bytes.
pub const REQUEST_BODY_BYTES: usize = 4 << 20;
/// An answer's body, in bytes.
pub const RESPONSE_BODY_BYTES: usize = 8 << 20;
/// A log line, in bytes; also one field's value.
pub const LOG_BYTES: usize = 4 << 10;
/// Fields of a log line.
pub const LOG_FIELDS: usize = 32;
/// Entries of `attributes`.
pub const ATTRIBUTES: usize = 256;
/// An attribute's name, in bytes.
pub const ATTRIBUTE_NAME_BYTES: usize = 128;
/// An attribute's value, in bytes.
pub const ATTRIBUTE_BYTES: usize = 64 << 10;
/// Rows of a directory page.
pub const DIRECTORY_PAGE: usize = 1000;
/// Rows of a report page.
pub const REPORT_PAGE: u32 = 200;
/// Numbers of one forwarding answer.
pub const FORWARD_TO: usize = 10;
/// Orders on a caller card.
pub const CARD_ORDERS: usize = 20;
/// Things a handler may list as skipped.
pub const SKIPPED: usize = 64;

/// A file for browsers, in bytes.
pub const ASSET_BYTES: usize = 1 << 20;
/// The path of a file for browsers, in bytes.
pub const ASSET_PATH_BYTES: usize = 256;

/// What a handler says it left out, in bytes.
pub const TOLD_WHAT_BYTES: usize = 256;
/// Why a handler left something out or failed, in bytes.
pub const TOLD_WHY_BYTES: usize = 1 << 10;

/// Cuts text to at most so many bytes, at a character.
pub fn cut(text: &str, bytes: usize) -> &str {
    if text.len() <= bytes {
        return text;
    }
    let mut end = bytes;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
