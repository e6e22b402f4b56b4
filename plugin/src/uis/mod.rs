//! UIS's side: what the account's directory and UIS's own reports say.

pub mod directory;
pub mod reports;
