//! Calls («Подключение телефонии»).
//!
//! | file | what |
//! |---|---|
//! | [`story`] | the merged state of one call |
//! | [`merge`] | how a call's events are merged into its story |
//! | [`filter`] | «фильтровать по виртуальным номерам»: which calls are handled |
//! | [`appeal`] | a call as an appeal, for [`crate::appeals`] |
//! | [`incoming`] | the caller card, and the phones to forward to |
//! | [`popups`] | «всплывающие уведомления»: shown, moved, closed |
//! | [`legs`] | the phones that take part in a call, by which a pop-up stays or is closed |
//! | [`closing`] | closing pop-ups, now or later |
//! | [`parameters`] | a call's parameters for templates and fields |
//! | [`verdict`] | how the call ended, in RetailCRM's terms |
//! | [`history`] | «сохранение истории и записей звонков» |
//! | [`follow_up`] | what follows from a call's end |
//! | [`call_filter`] | «фильтровать звонки»: which calls create something |
//! | [`contact`] | «первичные обращения»: the client, when the talk begins |
//! | [`assignees`] | «создавать на сотрудника», «ответственные» |
//! | [`missed`] | «при потерянном входящем / неуспешном исходящем звонке создавать задачу на» |
//! | [`click_to_call`] | «номер для звонка по клику», «всегда отображать номер» |
//! | [`click_mark`] | the mark by which a clicked call is recognised |
//! | [`orders`] | «первичные» and «повторные обращения»: clients and orders, when the call has ended |
//! | [`recordings`] | recordings that do not fit into the history: notes on the customer |
//! | [`record_review`] | partners' rules about a call's record |
//! | [`routing`] | partners' rules about where a call goes |
//! | [`tags`] | tags of a call, for extra fields |
//! | [`unfinished`] | calls that are not finished, for switching off and on |
//! | [`reconcile`] | calls whose notifications were lost, found in UIS's report |

pub mod appeal;
pub mod assignees;
pub mod call_filter;
pub mod click_mark;
pub mod click_to_call;
pub mod closing;
pub mod contact;
pub mod filter;
pub mod follow_up;
pub mod history;
pub mod incoming;
pub mod legs;
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
