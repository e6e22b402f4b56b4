//! UIS's side: the account's directory, and UIS's own reports.

pub mod directory;
pub mod reports;
