//! The methods' rules, one file per area.

#[path = "methods/access.rs"]
mod access;
#[path = "methods/calls.rs"]
mod calls;
#[path = "methods/deals.rs"]
mod deals;
#[path = "methods/lists.rs"]
mod lists;
#[path = "methods/reports.rs"]
mod reports;
mod support;
