//! The harness around [`uis_host`]: recordings, their replay against simulators, and building a plugin's crate. The program `uis-host` uses
//! it.
//!
//! | floor | room | what |
//! |---|---|---|
//! | 1 | [`recording`] | the recording format |
//! | 1 | [`build`] | building a plugin's crate into a component |
//! | 1 | [`report`] | the result of a replay |
//! | 1 | [`parameters`] | the parameters of UIS's notifications |
//! | 1 | [`effects`] | what handlers did and left out, each with its cause |
//! | 1 | [`expectation`] | comparing a report with what a recording expects |
//! | 2 | [`import`] | making a recording of captured requests |
//! | 2 | [`validate`] | checking a recording without running it |
//! | 2 | [`replay`] | running a recording: its lines, the virtual clock, and the events that still wait at the end |
//! | 2 | [`page`] | a replay as one HTML page |
//! | 2 | [`differences`] | what differs between two replays, by effect |
//! | 3 | [`exchanges`] | the requests of a replay: recorded, and compared with what was recorded |
//! | 4 | [`guard`] | keeps a real account safe: withholds requests, or allows only reads |
//! | 4 | [`crm`] | the CRM of a replay: a simulator, a real server, or recorded answers |
//! | 5 | [`snapshot`] | reading a part of a CRM account into a recording |
//! | 5 | [`parallel`] | a counting replay of integrations that share no CRM, on several threads |
//! | 5 | [`faults`] | replaying with faults: requests, events and the host fail, one at a time |

pub mod build;
pub mod crm;
pub mod differences;
pub mod effects;
pub mod exchanges;
pub mod expectation;
pub mod faults;
pub mod guard;
pub mod import;
pub mod page;
pub mod parallel;
pub mod parameters;
pub mod recording;
pub mod replay;
pub mod report;
pub mod snapshot;
pub mod validate;
