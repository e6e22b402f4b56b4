//! What one handler may use up. Each limit has a name, a unit and a reason; a handler that passes one ends, and the event is set aside
//! with the limit's name and value.

use std::time::Duration;

/// A limit's value as its owner writes it.
pub trait Amount: Sized {
    /// The number.
    fn number(&self) -> u64;
    /// Of a number; none: it is out of range.
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

/// Why a limit is not set.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum LimitError {
    /// There is no such limit.
    #[error("there is no limit {name:?}; there are: {known}")]
    Unknown {
        /// As it was given.
        name: String,
        /// All names.
        known: String,
    },
    /// The number will not do.
    #[error("limit {0} cannot be {1}: expected a positive number that fits, of time at most 86400000 ms")]
    Number(String, u64),
}

/// Gives limits their names: one table for settings, flags and messages alike.
macro_rules! limits_by_name {
    ($limits:ty { $($name:literal => $field:ident),* $(,)? }) => {
        impl $limits {
            /// All limits by their names, times in milliseconds.
            pub fn named(&self) -> Vec<(&'static str, u64)> {
                vec![$(($name, $crate::limits::Amount::number(&self.$field))),*]
            }

            /// Sets the limit of this name.
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

/// Limits of one handler.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// `memory-bytes`: linear memory of the instance. 32 MiB holds an answer of 8 MiB parsed; the usual event needs 2.
    pub memory_bytes: usize,
    /// `table-elements`: elements of a table of functions; a plugin has a few hundred functions.
    pub table_elements: usize,
    /// `fuel`: roughly WebAssembly instructions. An event of a call needs less than a million; a reconciliation of a busy day some hundred times that.
    pub fuel: u64,
    /// `wall-live-ms`: wall-clock time of a live handler, waiting in imports included. A caller hears ringing meanwhile.
    pub wall_live: Duration,
    /// `wall-kept-ms`: the same for a kept handler, which may wait for a slow remote system.
    pub wall_kept: Duration,
    /// `log-lines`: lines an event may write; further ones are counted.
    pub log_lines: u32,
    /// `requests`: requests an event may ask for, refused ones too. A reconciliation pages through thousands of calls, 200 a page.
    pub requests: u32,
    /// `bytes-out`: bodies of all requests of an event. What is sent is also written down for whoever looks into the event.
    pub bytes_out: usize,
    /// `bytes-in`: bodies of all answers to an event, for the same reason; answers to requests that were on their
    /// way when it was passed are still given, and none is sent after that.
    pub bytes_in: usize,
    /// `trace-bytes`: everything that is written down of one event for whoever looks into it, more than all that it may send and receive; what
    /// does not fit is left out, and that is said.
    pub trace_bytes: usize,
    /// `storage-bytes`: keys and values of one integration.
    pub storage_bytes: usize,
    /// `storage-written-bytes`: keys and values that one event may write, again and again to one key too: each write reaches the disk.
    pub storage_written_bytes: usize,
    /// `timers`: timers of one integration.
    pub timers: usize,
    /// `timer-bytes`: names and payloads of all timers of one integration.
    pub timer_bytes: usize,
    /// `instances`: handlers that may run at once in one process; more wait for a place.
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
pub const SKIPPED_WHAT_BYTES: usize = 256;
/// Why a handler left something out or failed, in bytes.
pub const REASON_BYTES: usize = 1 << 10;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_set_by_the_names_that_messages_give() {
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
