//! Choices that settings of calls and of text communications share.

use serde::{Deserialize, Serialize};

/// When a customer who was there gets another order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Repeat {
    /// With every such appeal.
    Always,
    /// Only when none of his orders is open.
    #[default]
    NoOpen,
    /// Only when none is open, and not before some hours after the last was closed.
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
    /// «Обновлять всегда»: also for customers who were there before.
    #[serde(default)]
    pub always: bool,
}
