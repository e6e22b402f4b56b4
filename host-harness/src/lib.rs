//! The harness around [`uis_host`]: recordings, their replay against simulators, and building a plugin's crate. The program `uis-host` is made
//! of it.
//!
//! | floor | room | what |
//! |---|---|---|
//! | 1 | [`recording`] | the recording format |
//! | 1 | [`build`] | building a plugin's crate into a component |
//! | 1 | [`report`] | what a replay comes to |
//! | 2 | [`replay`] | running a recording: the lines, the virtual clock, what waits at the end |
//! | 3 | [`crm`] | the CRM of a replay: a simulator, a server, or what was recorded of one |

pub mod build;
pub mod crm;
pub mod recording;
pub mod replay;
pub mod report;
