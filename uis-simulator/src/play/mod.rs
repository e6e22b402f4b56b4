//! Plays stories: at each moment of a story its notification is rendered by the owner's template and sent, and UIS's reports get their rows.
//!
//! | file | what |
//! |---|---|
//! | [`tempo`] | how fast a story is played |
//! | [`day`] | a scripted day |
//! | [`player`] | playing |
//! | [`clicks`] | calls that UIS was asked to start |
//! | [`control`] | control of the running simulator |

pub mod clicks;
pub mod control;
pub mod day;
pub mod player;
pub mod tempo;

pub use day::Day;
pub use player::{Manner, Player, Step};
pub use tempo::{Speed, Tempo};
