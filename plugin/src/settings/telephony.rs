//! Settings of «Подключение телефонии»: the choices that its switches open.

use serde::{Deserialize, Serialize};

/// «Варианты сопоставления сотрудников».
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Matching {
    /// «Синхронизация»: by e-mail; chosen users are created in UIS.
    #[default]
    Synchronisation,
    /// «Соответствие»: by a table.
    Table,
}

/// «Назначать ответственного на»: who answers for a customer made on a call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ContactAssignee {
    /// Who talked with him; the default responsible when that is no CRM user.
    #[default]
    Talked,
    /// The default responsible.
    Default,
    /// Always the same user.
    Fixed,
    /// The shop's, by the number that was dialled; the default responsible when the shop has none.
    Shop,
}

/// Which missed calls make a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MissedCall {
    /// A customer called and nobody answered.
    Incoming,
    /// We called and he did not answer.
    Outgoing,
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
    /// Only calls that ended outside of them.
    NonWorking,
}

/// Who performs the task.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TaskAssignee {
    /// Whose phone rang last, or who called.
    #[default]
    CalledLast,
    /// The customer's manager.
    Manager,
    /// The default responsible.
    Default,
    /// Always the same user.
    Fixed,
}

/// Which calls make an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrderCall {
    /// A talk with somebody whom nobody knew before.
    First,
    /// A talk with a customer who was there.
    Repeat,
    /// A call that nobody answered.
    Lost,
}

/// Who answers for the order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrderAssignee {
    /// Who talked, or whose phone rang last.
    #[default]
    Talked,
    /// The default responsible.
    Default,
    /// Always the same user.
    Fixed,
}

/// A shop's number («Внешние номера магазинов»).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ShopNumber {
    /// RetailCRM's code of the shop.
    pub site: String,
    /// A virtual number of UIS.
    pub number: String,
    /// Who answers for the shop's customers; a CRM user.
    #[serde(default)]
    #[serde(rename = "responsible")]
    pub assignee: Option<i64>,
}

/// A row of «Соответствие».
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EmployeePair {
    /// A CRM user.
    pub user: i64,
    /// A UIS employee.
    pub employee: i64,
}
