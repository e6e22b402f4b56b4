//! UIS's side: the account's directory, and UIS's own reports.

pub mod directory;
pub mod own_numbers;
pub mod reports;
pub mod seen;
