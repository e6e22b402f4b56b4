//! The harness around [`uis_host`]: recordings, their replay against simulators, and building a plugin's crate. The program `uis-host` uses
//! it.
//!
//! | floor | room | what |
//! |---|---|---|
//! | 1 | [`recording`] | the recording format |
//! | 1 | [`build`] | building a plugin's crate into a component |
//! | 1 | [`report`] | the result of a replay |
//! | 2 | [`replay`] | running a recording: its lines, the virtual clock, and the events that still wait at the end |
//! | 3 | [`crm`] | the CRM of a replay: a simulator, a real server, or recorded answers |

pub mod build;
pub mod crm;
pub mod recording;
pub mod replay;
pub mod report;
