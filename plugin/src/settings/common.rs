//! Types shared by the settings of calls and of text communications.

use serde::{Deserialize, Serialize};

/// When an existing customer gets another order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Repeat {
    /// With every appeal.
    Always,
    /// Only if the customer has no open order.
    #[default]
    NoOpen,
    /// Only if the customer has no open order, and some hours after their last order was closed.
    AfterHours,
}

/// A row of «Передавать дополнительные поля».
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ExtraFieldRow {
    /// The field's code in RetailCRM.
    pub field: String,
    /// A template of UIS's parameters.
    pub value: String,
    /// «Обновлять всегда»: also for existing customers.
    #[serde(default)]
    pub always: bool,
}
