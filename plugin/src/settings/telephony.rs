//! Settings of «Подключение телефонии».

use serde::{Deserialize, Serialize};

use super::common::{First, Repeat, ResponsibleRule};
use super::conditions::Conditions;

/// «Создавать на сотрудника»: the assignee of what a call creates.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallAssignee {
    /// The employee who talked first.
    FirstTalked,
    /// The employee who talked last.
    #[default]
    LastTalked,
    /// The employee who called. Only for outgoing calls.
    Called,
    /// The client's manager.
    Manager,
    /// By the rules of «Ответственные», else the default assignee.
    Settings,
    /// The default assignee.
    Default,
    /// Always the same user.
    Fixed,
    /// The assignee of the call's shop; if the shop has none, as [`CallAssignee::Settings`].
    Shop,
}

/// What a missed call of somebody whom RetailCRM did not know creates.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MissedFirst {
    /// The same as a call with a talk.
    #[default]
    AsAnswered,
    /// Nothing.
    Nothing,
    /// A client.
    Client,
    /// A client and an order.
    ClientAndOrder,
}

/// When a missed call creates an order for a client whom RetailCRM already knew.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MissedRepeat {
    /// As for a call with a talk.
    #[default]
    AsAnswered,
    /// As [`Repeat::Nothing`].
    Nothing,
    /// As [`Repeat::Always`].
    Always,
    /// As [`Repeat::NoOpen`].
    NoOpen,
    /// As [`Repeat::AfterHours`].
    AfterHours,
}

/// By RetailCRM's working hours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hours {
    /// At any time.
    #[default]
    Any,
    /// Only calls that ended in working hours.
    Working,
    /// Only calls that ended outside working hours.
    NonWorking,
}

/// Whether a call without a talk creates a task, and the task's assignee.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MissedTask {
    /// No task.
    #[default]
    None,
    /// The client's manager.
    Manager,
    /// By the rules of «Ответственные», else the default assignee.
    Settings,
    /// The employee whose phone rang last, or who called.
    CalledLast,
    /// The default assignee.
    Default,
    /// Always the same user.
    Fixed,
}

/// The assignee of an order from a call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrderAssignee {
    /// The one chosen for the first or repeated call.
    #[default]
    AsClient,
    /// The employee who talked, or whose phone rang last.
    Talked,
    /// The default assignee.
    Default,
    /// Always the same user.
    Fixed,
}

/// The settings of calls of one direction. Outgoing calls do not use the fields `missed`, `missed_first`, `missed_repeat` and
/// `missed_assignee`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CallSettings {
    /// «Фильтр входящих», «Фильтр исходящих».
    pub filter: Conditions,
    /// «Первичные обращения».
    pub first: First,
    /// «Создавать на сотрудника» of first calls.
    #[serde(rename = "first-responsible")]
    pub first_assignee: CallAssignee,
    /// The user of [`CallAssignee::Fixed`].
    pub first_user: Option<i64>,
    /// «Повторные обращения».
    pub repeat: Repeat,
    /// «Создавать на сотрудника» of repeated calls.
    #[serde(rename = "repeat-responsible")]
    pub repeat_assignee: CallAssignee,
    /// The user of [`CallAssignee::Fixed`].
    pub repeat_user: Option<i64>,
    /// «Создавать по пропущенным входящим».
    pub missed: bool,
    /// What a missed first call creates.
    pub missed_first: MissedFirst,
    /// When a missed repeated call creates an order.
    pub missed_repeat: MissedRepeat,
    /// «Назначать ответственного за пропущенные входящие».
    #[serde(rename = "missed-responsible")]
    pub missed_assignee: bool,
    /// «При потерянном входящем / неуспешном исходящем звонке создавать задачу на».
    pub missed_task: MissedTask,
    /// The user of [`MissedTask::Fixed`].
    pub missed_task_user: Option<i64>,
    /// The template of the task's name.
    pub missed_task_name: String,
    /// «Срок действия задачи», hours after the call's end.
    pub missed_task_due_hours: u32,
    /// «Ответственные»: «Основные условия».
    #[serde(rename = "responsibles")]
    pub rules: Vec<ResponsibleRule>,
}

impl CallSettings {
    /// The defaults of incoming calls.
    pub fn incoming() -> CallSettings {
        CallSettings {
            filter: Vec::new(),
            first: First::default(),
            first_assignee: CallAssignee::default(),
            first_user: None,
            repeat: Repeat::default(),
            repeat_assignee: CallAssignee::default(),
            repeat_user: None,
            missed: false,
            missed_first: MissedFirst::default(),
            missed_repeat: MissedRepeat::default(),
            missed_assignee: true,
            missed_task: MissedTask::default(),
            missed_task_user: None,
            missed_task_name: "Перезвонить: пропущенный звонок {{contact_phone_number}}".to_owned(),
            missed_task_due_hours: 1,
            rules: Vec::new(),
        }
    }

    /// The defaults of outgoing calls.
    pub fn outgoing() -> CallSettings {
        CallSettings {
            missed_task_name: "Перезвонить: не дозвонились до {{contact_phone_number}}".to_owned(), ..CallSettings::incoming()
        }
    }

    /// Whether such a call may create a client or an order. Unanswered outgoing calls never do, because they have no `missed`: UIS calls only
    /// incoming calls lost. `talked`: an employee talked with the customer.
    pub fn creates(&self, talked: bool) -> bool {
        self.of_first(talked) != First::Nothing || self.of_repeat(talked) != Repeat::Nothing
    }

    /// What a first call creates. `talked`: an employee talked with the customer.
    pub fn of_first(&self, talked: bool) -> First {
        match (talked, self.missed, self.missed_first) {
            (true, ..) | (false, true, MissedFirst::AsAnswered) => self.first,
            (false, false, _) | (false, true, MissedFirst::Nothing) => First::Nothing,
            (false, true, MissedFirst::Client) => First::Client,
            (false, true, MissedFirst::ClientAndOrder) => First::ClientAndOrder,
        }
    }

    /// When a repeated call creates an order. `talked`: an employee talked with the customer.
    pub fn of_repeat(&self, talked: bool) -> Repeat {
        match (talked, self.missed, self.missed_repeat) {
            (true, ..) | (false, true, MissedRepeat::AsAnswered) => self.repeat,
            (false, false, _) | (false, true, MissedRepeat::Nothing) => Repeat::Nothing,
            (false, true, MissedRepeat::Always) => Repeat::Always,
            (false, true, MissedRepeat::NoOpen) => Repeat::NoOpen,
            (false, true, MissedRepeat::AfterHours) => Repeat::AfterHours,
        }
    }
}

/// A shop's number («Магазины», «Внешние номера магазинов»).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ShopNumber {
    /// RetailCRM's code of the shop.
    pub site: String,
    /// A virtual number of UIS.
    pub number: String,
    /// The assignee for the shop's customers; a CRM user.
    #[serde(default)]
    #[serde(rename = "responsible")]
    pub assignee: Option<i64>,
}
