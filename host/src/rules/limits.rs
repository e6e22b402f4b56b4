//! What a partner's rule may use up. Apart from the plugin's own limits: whatever a rule does, it costs only itself.

use std::time::Duration;

/// Limits of one evaluation of one rule, and of all rules of a process.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleLimits {
    /// `rule-fuel`: roughly WebAssembly instructions. A rule in Rust needs thousands, an interpreter that runs a script some ten million.
    pub fuel: u64,
    /// `rule-memory-bytes`: linear memory. Interpreters bring 20 to 40 MiB with them.
    pub memory_bytes: usize,
    /// `rule-table-elements`: elements of a table of functions; an interpreter has some thousands of functions.
    pub table_elements: usize,
    /// `rule-wall-ms`: wall-clock time, cut to what the event has left. A handful of rules must fit into a live event.
    pub wall: Duration,
    /// `rule-output-bytes`: names and values of what a rule gives back.
    pub output_bytes: usize,
    /// `rule-failures`: after so many failures within the window a rule is quarantined.
    pub failures: usize,
    /// `rule-window-ms`: the window.
    pub window: Duration,
    /// `rule-instances`: evaluations at once; more wait for a place, within their event's time.
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

/// Fields of a draft that a rule may give back.
pub const FIELDS: usize = 256;
