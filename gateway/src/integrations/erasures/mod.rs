//! Erasing what is stored of a person, and keeping it from coming back.
//!
//! An erasure goes in this order, so that a process that is killed at any point leaves either nothing done, or what the next start finishes:
//!
//! 1. The store is searched for the person and the person's appeals ([`find`](crate::store::erasing::find)).
//! 2. Tombstones go into the journal, then into the store, together with the person, sealed, for as long as the erasure lasts. From here on
//!    what is from before is kept out.
//! 3. Events that wait leave their lanes; those that are being handled end first. Then all rows are deleted.
//! 4. The plugin deletes what it has stored and cancels its timers. Its handler is called directly, not over a lane: so it also works while
//!    the integration is paused, off or its key is refused, and no event has to be stored that names the person.
//! 5. What was written meanwhile is searched for again, with everything that the plugin has stored.
//! 6. The log of the file is emptied, and unused space of the file is overwritten.
//!
//! | file | what |
//! |---|---|
//! | [`erasing`] | the steps above |
//! | [`own`] | refusing the numbers of employees and of the company |
//! | [`replaying`] | bringing a store up to date with the journal, and finishing what was interrupted |
//! | [`reports`] | UIS's reports without what was erased |
//! | [`shown`] | what an erasure found or did, for the administrator |

pub mod erasing;
pub mod own;
pub mod replaying;
pub mod reports;
pub mod shown;

pub use erasing::{Lanes, erase, preview};
pub use replaying::{Replayed, missing, replay, resume};
