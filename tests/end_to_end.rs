//! The end-to-end tests, a module per file.

mod bad_input;
mod canary;
mod conformance;
mod contract;
mod copied_plugin;
mod costs;
mod credentials;
mod deals;
mod docs;
mod elsewhere;
mod hostile;
mod invariants;
mod lanes;
mod module;
mod native;
mod order_edits;
mod people;
mod plugins;
mod ports;
mod rule_faults;
mod rules;
mod steps;
mod stories;
mod telephony;
mod texts;
mod workplace;
