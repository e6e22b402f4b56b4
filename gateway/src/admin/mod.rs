//! The administrator's listener and its client.
