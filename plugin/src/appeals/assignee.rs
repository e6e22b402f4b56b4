//! The assignee of what is created: chosen by a setting, else the default assignee.

use super::lookup::Lookup;
use crate::bindings::uis::integration::types::Failure;
use crate::context::Context;
use crate::crm_state::employee_links;

/// A setting's choice of an assignee.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Assignee {
    /// A UIS employee, if one took part in the appeal.
    Employee(Option<i64>),
    /// The customer's manager.
    Manager,
    /// A CRM user, if one is chosen.
    User(Option<i64>),
}

impl Assignee {
    /// The CRM user; `default` if the choice is empty or its employee has no link to a CRM user.
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
