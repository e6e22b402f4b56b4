//! Keeps a real account safe: what a replay or a program may send to it.
//!
//! | file | what |
//! |---|---|
//! | [`withhold`] | answers writing requests on this machine and notes them |
//! | [`answers`] | what RetailCRM would plausibly answer to a request that is withheld |
//! | [`read_only`] | refuses everything but reads |

pub mod answers;
pub mod read_only;
pub mod withhold;
