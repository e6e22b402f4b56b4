//! Limits of partners' rules. They are separate from the plugin's limits, so that a rule can only use up its own.

use std::time::Duration;

/// Limits of one evaluation of one rule, and of all rules of a process together.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleLimits {
    /// `rule-fuel`: WebAssembly instructions, approximately. A rule in Rust needs thousands; an interpreter that runs a script needs about
    /// ten million.
    pub fuel: u64,
    /// `rule-memory-bytes`: linear memory of one evaluation. An interpreter needs 20 to 40 MiB.
    pub memory_bytes: usize,
    /// `rule-table-elements`: elements of one function table. An interpreter has a few thousand functions.
    pub table_elements: usize,
    /// `rule-wall-ms`: wall-clock time of one evaluation; less when the event's deadline is nearer. Several rules must fit into a live
    /// event.
    pub wall: Duration,
    /// `rule-output-bytes`: names and values of the fields that a rule returns.
    pub output_bytes: usize,
    /// `rule-failures`: a rule that fails this many times within `rule-window-ms` is quarantined.
    pub failures: usize,
    /// `rule-window-ms`: the time within which failures are counted.
    pub window: Duration,
    /// `rule-instances`: evaluations at the same time. Further ones wait for a place, until their event's deadline.
    pub instances: u32,
}

crate::limits::limits_by_name!(RuleLimits {
    "rule-fuel" => fuel,
    "rule-memory-bytes" => memory_bytes,
    "rule-table-elements" => table_elements,
    "rule-wall-ms" => wall,
    "rule-output-bytes" => output_bytes,
    "rule-failures" => failures,
    "rule-window-ms" => window,
    "rule-instances" => instances,
});

impl Default for RuleLimits {
    fn default() -> Self {
        RuleLimits {
            fuel: 200_000_000,
            memory_bytes: 128 << 20,
            table_elements: 40_000,
            wall: Duration::from_millis(250),
            output_bytes: 256 << 10,
            failures: 5,
            window: Duration::from_secs(600),
            instances: 16,
        }
    }
}

/// Most fields of a draft that a rule may return.
pub const FIELDS: usize = 256;
