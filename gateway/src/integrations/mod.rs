//! The integrations in the store, and what is made of them.
//!
//! | file | what |
//! |---|---|
//! | [`opening`] | loading what all integrations share |
//! | [`record`] | an integration as it is stored |
//! | [`live`] | a live UIS account as it is stored |
//! | [`accounts`] | UIS accounts that are open |
//! | [`building`] | the host's integration, made from a record |
//! | [`book`] | adding and changing records |
//! | [`administrator`] | what an administrator asks for, done with the book and whoever delivers events |
//! | [`offline`] | the same on the file, while no service runs |

pub mod accounts;
pub mod administrator;
pub mod book;
pub mod building;
pub mod live;
pub mod offline;
pub mod opening;
pub mod record;

pub use offline::Offline;
