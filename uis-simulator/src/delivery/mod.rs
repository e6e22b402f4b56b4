//! Sends what UIS sends to its customers' addresses: notifications, and the routing request of a call scenario.
//!
//! | file | what |
//! |---|---|
//! | [`mishaps`] | notifications that come twice, late, in another order, or never |
//! | [`sender`] | sending a notification over HTTP |
//! | [`routing`] | the routing request, its time-out and its memory |
//! | [`log`] | rows of `get.notifications` |

pub mod log;
pub mod mishaps;
pub mod routing;
pub mod sender;

pub use mishaps::{Arranged, Mishap, Mishaps, Odds};
pub use routing::{Asked, Routing};
pub use sender::{Outcome, Sender};
