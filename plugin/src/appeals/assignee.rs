//! Who answers for what is created: as the setting says, else the default responsible.

use super::lookup::Lookup;
use crate::bindings::uis::integration::types::Failure;
use crate::context::Context;
use crate::crm_state::employee_links;

/// A choice of a setting.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Assignee {
    /// A UIS employee, when one had to do with the appeal.
    Employee(Option<i64>),
    /// The customer's manager.
    Manager,
    /// A CRM user, when one is chosen.
    User(Option<i64>),
}

impl Assignee {
    /// The CRM user; `default` when the choice names nobody whom RetailCRM knows.
    pub fn user(self, context: &Context<'_>, lookup: &mut Lookup<'_>, default: Option<i64>) -> Result<Option<i64>, Failure> {
        let chosen = match self {
            Assignee::Employee(employee) => {
                let link = employee.map_or(Ok(None), |id| employee_links::of_employee(context.platform, id))?;
                link.map(|link| link.user_id)
            }
            Assignee::Manager => lookup.manager()?,
            Assignee::User(user) => user,
        };
        Ok(chosen.or(default))
    }
}
