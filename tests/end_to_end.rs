//! The end-to-end tests. Each file is a module of this one test binary, so that it is linked only once.

mod bad_input;
mod canary;
mod click_to_call;
mod conformance;
mod contract;
mod costs;
mod credentials;
mod crm_server;
mod deals;
mod deals_volume;
mod employees;
mod hostile;
mod invariants;
mod module;
mod native;
mod order_edits;
mod people;
mod plugins;
mod rule_faults;
mod rules;
mod steps;
mod stories;
mod telephony;
mod texts;
mod workplace;
