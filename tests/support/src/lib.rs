//! What the end-to-end tests and benchmarks share. A test of a story reads as one:
//!
//! ```no_run
//! use uis_test_support::story;
//!
//! let after = story("telephony/missed-task").replay();
//! assert_eq!(after.tasks().len(), 1);
//! ```
//!
//! | file | what |
//! |---|---|
//! | [`program`] | running the program `uis-host` |
//! | [`story`] | a recording of `tests/recordings/`, replayed, and what stands in RetailCRM and UIS after it |
//! | [`play`] | a replay within the test's own process, and everything that it did |
//! | [`native_plugin`] | the plugin's logic run natively |
//! | [`misfortune`] | happenings that go astray, for property tests |
//! | [`rules`] | partners' rules |
//! | [`toolchains`] | whether rules in other languages can be built here |
//! | [`browser`] | a real browser |
//! | [`ports`] | what the ports' conformance suites need: the server of the egress suite |

pub mod browser;
pub mod misfortune;
pub mod native_plugin;
pub mod play;
pub mod ports;
pub mod program;
pub mod rules;
mod stories;
pub mod toolchains;

pub use program::{HEADER, check_by_schema, command_json, file, finished, host_program, recordings, replay_json, root, scratch, uis_host};
pub use stories::{Replayed, Story, story};
