//! Settings of «Синхронизация сотрудников».

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

/// A row of «Соответствие».
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EmployeePair {
    /// A CRM user.
    pub user: i64,
    /// A UIS employee.
    pub employee: i64,
}
