//! The integrations in the store, and what runs of them.
