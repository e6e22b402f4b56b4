//! RetailCRM's rules, one per file: what an entity may hold, what a filter finds, what a change is called in the history, which shop a
//! request is about.

pub mod changes;
pub mod custom_fields;
pub mod filters;
pub mod shape;
pub mod shops;
