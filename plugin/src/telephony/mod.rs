//! Calls («Подключение телефонии»).
//!
//! | file | what |
//! |---|---|
//! | [`story`] | what is remembered of one call: all its events merged |
//! | [`merge`] | how a call's events are merged into its story |
//! | [`filter`] | «фильтровать по виртуальным номерам»: whose calls are ours |
//! | [`appeal`] | a call as an appeal, for [`crate::appeals`] |
//! | [`incoming`] | who calls and whom to forward to |
//! | [`popups`] | «всплывающие уведомления»: shown, moved, closed |
//! | [`parameters`] | what a call tells for templates and fields |
//! | [`verdict`] | how the call ended, in RetailCRM's words |
//! | [`history`] | «сохранение истории и записей звонков» |
//! | [`follow_up`] | what follows from a call's end |
//! | [`contact`] | «создавать контакт при звонке» |
//! | [`missed`] | «создавать задачу по пропущенному звонку» |
//! | [`click_to_call`] | «номер для звонка по клику», «переопределять АОН» |
//! | [`click_mark`] | the mark by which a clicked call is known again |
//! | [`orders`] | «создавать заказ по звонку» |
//! | [`recordings`] | recordings that the history cannot take: notes on the customer |
//! | [`record_review`] | partners' rules about a call's record |
//! | [`routing`] | partners' rules about where a call goes |
//! | [`tags`] | tags of a call, for extra fields |
//! | [`unfinished`] | calls that are not done with, for switching off and on |
//! | [`reconcile`] | calls that notifications lost, found in UIS's report |

pub mod appeal;
pub mod click_mark;
pub mod click_to_call;
pub mod contact;
pub mod filter;
pub mod follow_up;
pub mod history;
pub mod incoming;
pub mod merge;
pub mod missed;
pub mod orders;
pub mod parameters;
pub mod popups;
pub mod reconcile;
pub mod record_review;
pub mod recordings;
pub mod routing;
pub mod story;
pub mod tags;
pub mod unfinished;
pub mod verdict;
