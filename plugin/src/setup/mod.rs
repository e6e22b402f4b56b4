//! What the plugin is and needs; its activation and its callbacks.

pub mod activation;
pub mod callbacks;
pub mod check;
pub mod choices;
pub mod describe;
pub mod erase;
pub mod pairing;
pub mod registration;
pub mod review;
pub mod templates;
