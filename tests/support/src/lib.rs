//! Helpers that the end-to-end tests and benchmarks share. A test replays a recording and checks what is in the two systems afterwards:
//!
//! ```no_run
//! use uis_test_support::story;
//!
//! let after = story("telephony/missed-task").replay();
//! assert_eq!(after.tasks().len(), 1);
//! ```
//!
//! | item | what |
//! |---|---|
//! | [`program`] | runs the program `uis-host` |
//! | [`story`] | replays a recording of `tests/recordings/` with the program; gives what is in RetailCRM and UIS afterwards |
//! | [`play`] | replays a recording within the test's own process; gives everything that was done |
//! | [`metered`] | measures every run of a handler in a replay: time, fuel, memory, requests |
//! | [`component_plugin`] | loads the plugin's component once in a process |
//! | [`native_plugin`] | runs the plugin's logic natively, not as a component |
//! | [`chaos`] | scrambles notifications, crashes the host and makes the CRM fail, for property tests |
//! | [`quiet`] | an event that sends no request, for measuring what every event costs |
//! | [`many`] | writes recordings of very many events |
//! | [`settings`] | random settings of the plugin, for property tests |
//! | [`rules`] | replays with partners' rules |
//! | [`toolchains`] | finds out whether rules in other languages can be built on this machine |
//! | [`browser`] | starts a real browser |
//! | [`ports`] | the HTTP server that the conformance suite of the egress port needs |

pub mod browser;
pub mod chaos;
mod component;
pub mod many;
pub mod metered;
pub mod native_plugin;
pub mod play;
pub mod ports;
pub mod program;
pub mod quiet;
pub mod rules;
pub mod settings;
mod stories;
pub mod toolchains;

pub use component::component_plugin;
pub use program::{HEADER, check_by_schema, command_json, file, finished, host_program, recordings, replay_json, root, scratch, uis_host};
pub use stories::{Replayed, Story, story};
