//! RetailCRM's rules, one per file: what an entity may hold, what a filter finds, what a change is called, whose shop it is, how sums
//! come about.

pub mod changes;
pub mod custom_fields;
pub mod filters;
pub mod money;
pub mod shape;
pub mod shops;
