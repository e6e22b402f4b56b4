//! Logs, metrics, captures.
