//! The end-to-end tests. Each file is a module of this one test binary, so that it is linked only once.

mod bad_input;
mod calls;
mod canary;
mod click_to_call;
mod conformance;
mod contract;
mod copied_plugin;
mod costs;
mod credentials;
mod crm_server;
mod deals;
mod deals_volume;
mod docs;
mod employees;
mod hostile;
mod invariants;
mod lanes;
mod module;
mod native;
mod numbers;
mod order_edits;
mod people;

mod plugins;
mod ports;
mod rule_faults;
mod rules;
mod settings;
mod settings_notes;
mod steps;
mod stories;
mod telephony;
mod texts;
mod workplace;
