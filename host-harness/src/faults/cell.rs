//! A cell: one fault at one place of a replay, and its name, by which anybody can repeat it.

use std::fmt;
use std::str::FromStr;

/// What happens to a request to the remote system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RequestFault {
    /// The connection cannot be made: the request does not reach the remote system.
    NotSent,
    /// The connection breaks before the request is carried out.
    LostBefore,
    /// The request is carried out, and its answer is lost.
    LostAfter,
    /// The connection breaks, and the request is carried out [`LATE_MS`](super::requests::LATE_MS) later.
    Late,
    /// Status 429 with `Retry-After: 1`; not carried out.
    TooMany,
    /// Status 503; not carried out.
    Unavailable,
    /// Status 500 with an HTML page; not carried out.
    Broken,
    /// Status 404 with an HTML page, as of a proxy or of another server; not carried out.
    Page,
    /// The request is carried out, and only the first half of its answer arrives.
    Truncated,
    /// The request is carried out, and its answer comes [`SLOW_MS`](super::requests::SLOW_MS) later.
    Slow,
}

/// What happens to an event on its way to the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventFault {
    /// It comes twice.
    Doubled,
    /// It does not come.
    Dropped,
    /// It comes after the next event of the recording, at that event's time.
    Swapped,
    /// It comes [`LATE_MINUTES`](super::lines::LATE_MINUTES) later.
    Late,
}

/// Both kinds of faults have names.
macro_rules! named {
    ($type:ident { $($variant:ident = $name:literal,)* }) => {
        impl $type {
            /// All of them.
            pub const ALL: &'static [$type] = &[$($type::$variant),*];

            /// The name in a cell's name.
            pub fn name(self) -> &'static str {
                match self { $($type::$variant => $name),* }
            }

            fn of_name(name: &str) -> Option<$type> {
                match name { $($name => Some($type::$variant),)* _ => None }
            }
        }
    };
}

named!(RequestFault {
    NotSent = "not-sent",
    LostBefore = "lost-before",
    LostAfter = "lost-after",
    Late = "committed-late",
    TooMany = "429",
    Unavailable = "503",
    Broken = "500",
    Page = "404-page",
    Truncated = "truncated",
    Slow = "slow",
});

named!(EventFault { Doubled = "doubled", Dropped = "dropped", Swapped = "swapped", Late = "late", });

impl RequestFault {
    /// Whether this fault says anything about a request. For one that only reads, nothing depends on whether and when it is carried out. One
    /// that the recording's own faults break may be late already, and must not become later than the promised time.
    pub fn concerns(self, method: &str, answered: bool) -> bool {
        match self {
            RequestFault::LostAfter => method != "GET",
            RequestFault::Late => method != "GET" && answered,
            _ => true,
        }
    }
}

/// One fault at one place of a replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cell {
    /// At a request: its number in the order of sending, from 1.
    Request(u32, RequestFault),
    /// At an event: the line of the recording, from 1.
    Event(u64, EventFault),
    /// The host crashes in an attempt, after some of its writes. Attempts are the runs of handlers, from 1 in order; writes are the imports
    /// that write: to the store, to UIS, or to the remote system with requests that do not only read.
    Crash {
        /// The number of the attempt.
        attempt: u32,
        /// After how many writes, at least 1.
        writes: u32,
    },
}

impl Cell {
    /// The fault without its place: `503`, `doubled`, `crash`.
    pub fn fault(&self) -> &'static str {
        match self {
            Cell::Request(_, fault) => fault.name(),
            Cell::Event(_, fault) => fault.name(),
            Cell::Crash { .. } => "crash",
        }
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cell::Request(number, fault) => write!(out, "request:{number}:{}", fault.name()),
            Cell::Event(line, fault) => write!(out, "event:{line}:{}", fault.name()),
            Cell::Crash { attempt, writes } => write!(out, "crash:{attempt}:{writes}"),
        }
    }
}

impl FromStr for Cell {
    type Err = String;

    fn from_str(text: &str) -> Result<Cell, String> {
        let parts: Vec<&str> = text.trim().split(':').collect();
        let found = match parts.as_slice() {
            ["request", number, fault] => number
                .parse()
                .ok()
                .filter(|number| *number > 0)
                .and_then(|number| Some(Cell::Request(number, RequestFault::of_name(fault)?))),
            ["event", line, fault] => line.parse().ok().and_then(|line| Some(Cell::Event(line, EventFault::of_name(fault)?))),
            ["crash", attempt, writes] => match (attempt.parse(), writes.parse()) {
                (Ok(attempt), Ok(writes)) if attempt > 0 && writes > 0 => Some(Cell::Crash { attempt, writes }),
                _ => None,
            },
            _ => None,
        };
        found.ok_or_else(|| {
            let requests = RequestFault::ALL.iter().map(|fault| fault.name()).collect::<Vec<_>>().join("|");
            let events = EventFault::ALL.iter().map(|fault| fault.name()).collect::<Vec<_>>().join("|");
            format!("{text:?} names no fault; expected request:NUMBER:{requests}, event:LINE:{events}, or crash:ATTEMPT:WRITES")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_is_read_back_from_its_name() {
        let requests = RequestFault::ALL.iter().map(|fault| Cell::Request(17, *fault));
        let events = EventFault::ALL.iter().map(|fault| Cell::Event(5, *fault));
        for cell in requests.chain(events).chain([Cell::Crash { attempt: 3, writes: 12 }]) {
            assert_eq!(cell.to_string().parse(), Ok(cell));
        }
    }

    #[test]
    fn other_names_are_refused_with_those_that_exist() {
        for wrong in ["", "request:0:503", "request:1:502", "event:x:late", "crash:1:0", "crash:1", "request:-1:503"] {
            let error = wrong.parse::<Cell>().expect_err(wrong);
            assert!(error.contains("committed-late") && error.contains("swapped"), "{error}");
        }
    }
}
