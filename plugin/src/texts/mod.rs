//! Text communications («Подключение текстовых коммуникаций»): site requests and chats.
//!
//! | file | what |
//! |---|---|
//! | [`contacts`] | the phone and the e-mail that a visitor left, in fields or messages |
//! | [`parameters`] | a request's or chat's parameters for templates and fields |
//! | [`actions`] | what the settings require for either: customer, order, task, fields |
//! | [`site_requests`] | «передача заявок» |
//! | [`chats`] | «передача чатов» |
//! | [`chat_appeal`] | a chat as an appeal: what the settings say of it |
//! | [`chat_story`] | the merged state of one chat |
//! | [`reconcile`] | chats and requests whose notifications were lost, found in UIS's reports |
//! | [`refused`] | appeals that RetailCRM refused, until the settings change |
//! | [`words`] | what a visitor wrote into a form: in the order, else in a note, else reported to the owner |
//! | [`notes`] | notes on a customer, each written once |
//! | [`transcript`] | «сохранять переписку» |

pub mod actions;
pub mod chat_appeal;
pub mod chat_story;
pub mod chats;
pub mod contacts;
pub mod notes;
pub mod parameters;
pub mod reconcile;
pub mod refused;
pub mod site_requests;
pub mod transcript;
pub mod words;
