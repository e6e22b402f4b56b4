//! Faults: a recording is replayed once for each fault at each place, and what is left in the two systems is compared with the replay without
//! faults. Requests fail, events get lost or come in another order, and the host crashes.
//!
//! Everything stands between the host and the ports that it has anyway, so it works with any plugin and any remote system.
//!
//! | file | what |
//! |---|---|
//! | [`cell`] | one fault at one place, and its name |
//! | [`requests`] | a remote system whose requests fail |
//! | [`lines`] | a recording whose events get lost, come twice or in another order |
//! | [`crashes`] | a plugin whose host crashes |
//! | [`mod@bench`] | one replay with a fault |
//! | [`story`] | a recording, its replay without faults, and its cells |
//! | [`invariants`] | what must never be, whatever fails |
//! | [`judge`], [`permitted`] | what is different, and whether it may be |
//! | [`driver`] | many cells of many recordings on all cores |
//! | [`injected`] | the fault that a recording's header names |
//! | [`summary`] | the table, and the bad cells |

pub mod bench;
pub mod cell;
pub mod crashes;
pub mod driver;
pub mod injected;
pub mod invariants;
pub mod judge;
pub mod lines;
pub mod permitted;
pub mod requests;
pub mod story;
pub mod summary;

pub use bench::{Bench, Plan, Played, Target};
pub use cell::{Cell, EventFault, RequestFault};
pub use crashes::Crashing;
