//! Types shared by the settings of calls and of text communications.

use serde::{Deserialize, Serialize};

use super::conditions::Conditions;
use crate::retailcrm::custom_fields::Entity;

/// «Первичные обращения»: what an appeal of somebody whom RetailCRM did not know creates.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum First {
    /// Nothing.
    #[default]
    Nothing,
    /// A client.
    Client,
    /// An order; the client is created only together with it, because RetailCRM's orders need one. Not for calls.
    Order,
    /// A client and an order.
    ClientAndOrder,
}

impl First {
    /// Whether a client is created, whatever becomes of the order.
    pub fn client(self) -> bool {
        matches!(self, First::Client | First::ClientAndOrder)
    }

    /// Whether an order is created.
    pub fn order(self) -> bool {
        matches!(self, First::Order | First::ClientAndOrder)
    }
}

/// «Повторные обращения»: when a client whom RetailCRM already knew gets another order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Repeat {
    /// Never.
    #[default]
    Nothing,
    /// With every appeal.
    Always,
    /// Only if the client has no open order.
    NoOpen,
    /// Only if the client has no open order, and some hours after their last order was closed.
    AfterHours,
}

/// A row of «Передавать дополнительные поля».
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ExtraFieldRow {
    /// The entity whose field it is.
    #[serde(default)]
    pub entity: Entity,
    /// The field's code in RetailCRM.
    pub field: String,
    /// A template of UIS's parameters.
    pub value: String,
    /// «Обновлять всегда»: also for existing clients and orders.
    #[serde(default)]
    pub always: bool,
}

/// The rows of one entity.
pub fn rows_of(rows: &[ExtraFieldRow], entity: Entity) -> Vec<ExtraFieldRow> {
    rows.iter().filter(|row| row.entity == entity).cloned().collect()
}

/// A row of «Ответственные»: the assignee of appeals that the conditions pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ResponsibleRule {
    /// A user of RetailCRM.
    pub user: i64,
    /// «Основные условия».
    #[serde(default)]
    pub conditions: Conditions,
}
