//! The integrations in the store, and what is made of them.
//!
//! | file | what |
//! |---|---|
//! | [`components`] | the plugin's and the rules' components, and the folder that keeps them |
//! | [`versions`] | which version of the plugin or of a rule is to be used |
//! | [`rulebook`] | the partners' rules: in use, and on trial |
//! | [`opening`] | loading what all integrations share |
//! | [`record`] | an integration as it is stored |
//! | [`live`] | a live UIS account as it is stored |
//! | [`accounts`] | UIS accounts that are open |
//! | [`building`] | the host's integration, made from a record |
//! | [`book`] | adding and changing records |
//! | [`administrator`] | what an administrator asks for, done with the book and whoever delivers events |
//! | [`offline`], [`offline_operations`] | the same on the file, while no service runs |
//! | [`kept_reports`] | rows of UIS's reports, kept for recordings from life |
//! | [`erasures`] | erasing what is stored of a person, and keeping it from coming back |

pub mod accounts;
pub mod administrator;
pub mod book;
pub mod building;
pub mod components;
pub mod erasures;
pub mod kept_reports;
pub mod live;
pub mod offline;
pub mod offline_operations;
pub mod opening;
pub mod record;
pub mod rulebook;
pub mod versions;

pub use offline::Offline;
