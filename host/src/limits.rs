//! Limits of one handler, and of single values. Each limit has a name, a unit and a reason. A handler that exceeds a limit is stopped, and
//! its event becomes a dead letter with the limit's name and value as the reason.

use std::time::Duration;

/// A type that a limit's value may have; settings and flags give it as a number.
pub trait Amount: Sized {
    /// The value as a number; times in milliseconds.
    fn number(&self) -> u64;
    /// Converts a number. None: it is zero, or out of range (a time is at most 86 400 000 ms, one day).
    fn of(number: u64) -> Option<Self>;
}

macro_rules! amounts {
    ($($kind:ty),*) => {$(
        impl Amount for $kind {
            fn number(&self) -> u64 {
                u64::try_from(*self).unwrap_or(u64::MAX)
            }
            fn of(number: u64) -> Option<Self> {
                Self::try_from(number).ok().filter(|number| *number > 0)
            }
        }
    )*};
}
amounts!(u32, u64, usize);

impl Amount for Duration {
    fn number(&self) -> u64 {
        u64::try_from(self.as_millis()).unwrap_or(u64::MAX)
    }
    fn of(number: u64) -> Option<Self> {
        (1..=86_400_000).contains(&number).then(|| Duration::from_millis(number))
    }
}

/// Why a limit was not set.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum LimitError {
    /// No limit has this name.
    #[error("there is no limit {name:?}; known limits: {known}")]
    Unknown {
        /// The name that was given.
        name: String,
        /// The names of all limits, separated by commas.
        known: String,
    },
    /// The limit cannot have this value.
    #[error("limit {0} cannot be {1}: give a whole number from 1; a time is at most 86400000 ms (one day)")]
    Number(String, u64),
}

/// Generates `named` and `set` from one table, so that settings, flags and messages use the same names.
macro_rules! limits_by_name {
    ($limits:ty { $($name:literal => $field:ident),* $(,)? }) => {
        impl $limits {
            /// The names and values of all limits; times in milliseconds.
            pub fn named(&self) -> Vec<(&'static str, u64)> {
                vec![$(($name, $crate::limits::Amount::number(&self.$field))),*]
            }

            /// Sets the limit with this name; times in milliseconds. Fails when no limit has the name, or the number is zero or out of
            /// range.
            pub fn set(&mut self, name: &str, number: u64) -> Result<(), $crate::limits::LimitError> {
                use $crate::limits::{Amount, LimitError};
                match name {
                    $($name => self.$field = Amount::of(number).ok_or_else(|| LimitError::Number(name.to_owned(), number))?,)*
                    _ => {
                        let known: Vec<&str> = self.named().into_iter().map(|(name, _)| name).collect();
                        return Err(LimitError::Unknown { name: name.to_owned(), known: known.join(", ") });
                    }
                }
                Ok(())
            }
        }
    };
}
pub(crate) use limits_by_name;

limits_by_name!(Limits {
    "memory-bytes" => memory_bytes,
    "table-elements" => table_elements,
    "fuel" => fuel,
    "wall-live-ms" => wall_live,
    "wall-kept-ms" => wall_kept,
    "log-lines" => log_lines,
    "requests" => requests,
    "bytes-out" => bytes_out,
    "bytes-in" => bytes_in,
    "trace-bytes" => trace_bytes,
    "storage-bytes" => storage_bytes,
    "storage-written-bytes" => storage_written_bytes,
    "timers" => timers,
    "timer-bytes" => timer_bytes,
    "instances" => instances,
});

/// Limits of one handler, of one integration's storage and timers, and (`instances`) of the process. The default values suit a process that
/// serves many accounts on two cores.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// `memory-bytes`: linear memory of one instance. A usual event needs 2 MiB; an answer of 8 MiB, parsed, fits into 32 MiB.
    pub memory_bytes: usize,
    /// `table-elements`: elements of one function table. A plugin has a few hundred functions.
    pub table_elements: usize,
    /// `fuel`: WebAssembly instructions, approximately. A call's event needs less than a million; reconciling a busy day needs about a
    /// hundred times as much.
    pub fuel: u64,
    /// `wall-live-ms`: wall-clock time of a handler of a live event, including the time it waits in imports. A caller hears ringing
    /// meanwhile.
    pub wall_live: Duration,
    /// `wall-kept-ms`: wall-clock time of a handler of a kept event, which may wait for a slow remote system.
    pub wall_kept: Duration,
    /// `log-lines`: log lines of one event. Further lines are dropped, and the trace says so.
    pub log_lines: u32,
    /// `requests`: requests of one event, including refused ones. A reconciliation reads thousands of calls, 200 a page.
    pub requests: u32,
    /// `bytes-out`: the bodies of all requests of one event. The host keeps them in the event's trace, so they take memory.
    pub bytes_out: usize,
    /// `bytes-in`: the bodies of all answers to one event, which the trace holds too. Once it is exceeded, the plugin still receives
    /// answers to requests that were already sent, and no further request is sent.
    pub bytes_in: usize,
    /// `trace-bytes`: the trace of one event. Larger than `bytes-out` and `bytes-in` together. Steps that do not fit are left out, and the
    /// trace says so.
    pub trace_bytes: usize,
    /// `storage-bytes`: all keys and values of one integration.
    pub storage_bytes: usize,
    /// `storage-written-bytes`: keys and values that one event may write. Repeated writes to one key count each time, as each of them
    /// reaches the disk.
    pub storage_written_bytes: usize,
    /// `timers`: timers of one integration.
    pub timers: usize,
    /// `timer-bytes`: the names, ordering keys and payloads of all timers of one integration.
    pub timer_bytes: usize,
    /// `instances`: handlers that run at the same time in one process. Further handlers wait for a free place.
    pub instances: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            memory_bytes: 32 << 20,
            table_elements: 20_000,
            fuel: 500_000_000,
            wall_live: Duration::from_secs(5),
            wall_kept: Duration::from_secs(60),
            log_lines: 256,
            requests: 1000,
            bytes_out: 64 << 20,
            bytes_in: 256 << 20,
            trace_bytes: 384 << 20,
            storage_bytes: 256 << 20,
            storage_written_bytes: 32 << 20,
            timers: 100_000,
            timer_bytes: 64 << 20,
            instances: 64,
        }
    }
}

// Limits of single values, as the contract documents them.

/// Longest key of storage, in bytes.
pub const STORAGE_KEY_BYTES: usize = 512;
/// Largest value of storage, in bytes (256 KiB).
pub const STORAGE_VALUE_BYTES: usize = 256 << 10;
/// Most items that one `storage.scan` returns.
pub const SCAN_ITEMS: u32 = 200;
/// Longest name of a timer, in bytes.
pub const TIMER_NAME_BYTES: usize = 256;
/// Largest payload of a timer, in bytes (64 KiB).
pub const TIMER_PAYLOAD_BYTES: usize = 64 << 10;
/// Shortest interval of a repeating timer, in milliseconds.
pub const TIMER_EVERY_MS: u64 = 1000;
/// Most requests of one `connections.send`.
pub const REQUESTS_PER_SEND: usize = 64;
/// Most requests of one `connections.send` that are in flight at the same time.
pub const REQUESTS_SIDE_BY_SIDE: usize = 8;
/// Longest path of a request, in bytes (2 KiB).
pub const PATH_BYTES: usize = 2 << 10;
/// Largest body of a request, in bytes (4 MiB).
pub const REQUEST_BODY_BYTES: usize = 4 << 20;
/// Largest body of an answer, in bytes (8 MiB).
pub const RESPONSE_BODY_BYTES: usize = 8 << 20;
/// Longest message of a log line, in bytes (4 KiB); also the longest name and value of one of its fields. Longer ones are cut.
pub const LOG_BYTES: usize = 4 << 10;
/// Most fields of a log line. Further fields are dropped.
pub const LOG_FIELDS: usize = 32;
/// Most entries of an event's `attributes`.
pub const ATTRIBUTES: usize = 256;
/// Longest name of an attribute, in bytes.
pub const ATTRIBUTE_NAME_BYTES: usize = 128;
/// Longest value of an attribute, in bytes (64 KiB).
pub const ATTRIBUTE_BYTES: usize = 64 << 10;
/// Most rows of one page of the directory.
pub const DIRECTORY_PAGE: usize = 1000;
/// Most rows of one page of a report.
pub const REPORT_PAGE: u32 = 200;
/// Most numbers that one answer may forward a call to.
pub const FORWARD_TO: usize = 10;
/// Most orders on one caller card.
pub const CARD_ORDERS: usize = 20;
/// Most entries of a handler's `skipped` list.
pub const SKIPPED: usize = 64;

/// Most notes about prepared settings. Further notes are dropped.
pub const SETTINGS_NOTES: usize = 64;

/// Largest file for browsers, in bytes (1 MiB).
pub const ASSET_BYTES: usize = 1 << 20;
/// Longest path of a file for browsers, in bytes.
pub const ASSET_PATH_BYTES: usize = 256;

/// What a handler keeps of its time, so that it can still answer when its requests used up the rest.
pub const ANSWER_RESERVE: Duration = Duration::from_millis(250);
/// Most decisions (`log.decision`) of an event. Further ones are counted.
pub const DECISIONS: u32 = 256;
/// The beginning of the names of the host's own timers.
pub const HOST_TIMERS: &str = "host/";

/// Longest name of a skipped thing (`skipped.what`), in bytes.
pub const SKIPPED_WHAT_BYTES: usize = 256;
/// Longest reason of a skipped thing or of a failure, in bytes (1 KiB).
pub const REASON_BYTES: usize = 1 << 10;

/// Cuts text to at most this many bytes, at a character boundary.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_set_by_the_names_that_messages_show() {
        let mut limits = Limits::default();
        for (name, number) in Limits::default().named() {
            limits.set(name, number + 1).expect("settable");
            assert!(limits.named().contains(&(name, number + 1)), "{name}");
        }
        assert!(matches!(limits.set("fuel", 0), Err(LimitError::Number(..))));
        assert!(matches!(limits.set("instances", u64::MAX), Err(LimitError::Number(..))));
        let unknown = limits.set("fule", 1).expect_err("misspelt").to_string();
        assert!(unknown.contains("\"fule\"") && unknown.contains("fuel, wall-live-ms"), "{unknown}");
    }
}
