//! Requests to remote systems.
