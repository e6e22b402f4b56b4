//! What the plugin is and needs, and its life in an account.

pub mod activation;
pub mod callbacks;
pub mod check;
pub mod choices;
pub mod describe;
pub mod registration;
