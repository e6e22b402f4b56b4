//! Text communications («Подключение текстовых коммуникаций»): site requests and chats.
//!
//! | file | what |
//! |---|---|
//! | [`contacts`] | the phone and the e-mail that somebody left, wherever he wrote them |
//! | [`parameters`] | what a request or a chat tells for templates and fields |
//! | [`actions`] | what the settings want of either: customer, order, task, fields |
//! | [`site_requests`] | «передача заявок» |
//! | [`chats`] | «передача чатов» |
//! | [`chat_story`] | what is remembered of one chat: all its events merged |
//! | [`reconcile`] | chats and requests that notifications lost, found in UIS's reports |
//! | [`transcript`] | «сохранять переписку» |

pub mod actions;
pub mod chat_story;
pub mod chats;
pub mod contacts;
pub mod parameters;
pub mod reconcile;
pub mod site_requests;
pub mod transcript;
