//! Settings of «Подключение телефонии».

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

/// «Назначать ответственного на»: the assignee of a customer created from a call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ContactAssignee {
    /// The employee who talked; the default assignee if that employee is not a CRM user.
    #[default]
    Talked,
    /// The default assignee.
    Default,
    /// Always the same user.
    Fixed,
    /// The assignee of the dialled number's shop; the default assignee if the shop has none.
    Shop,
}

/// Which missed calls create a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MissedCall {
    /// A customer called and nobody answered.
    Incoming,
    /// We called and the customer did not answer.
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
    /// Only calls that ended outside working hours.
    NonWorking,
}

/// The assignee of the task.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TaskAssignee {
    /// The employee whose phone rang last, or who called.
    #[default]
    CalledLast,
    /// The customer's manager.
    Manager,
    /// The default assignee.
    Default,
    /// Always the same user.
    Fixed,
}

/// Which calls create an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrderCall {
    /// A talk with a new customer.
    First,
    /// A talk with an existing customer.
    Repeat,
    /// A call that nobody answered.
    Lost,
}

/// The assignee of the order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrderAssignee {
    /// The employee who talked, or whose phone rang last.
    #[default]
    Talked,
    /// The default assignee.
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
    /// The assignee for the shop's customers; a CRM user.
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
