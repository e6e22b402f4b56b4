//! The assignee of what is created: chosen by a setting; if that names nobody, by the rules of «Ответственные», else the default.

use super::conditions;
use super::lookup::Lookup;
use crate::appeal::Appeal;
use crate::bindings::uis::integration::log::Verdict as Decided;
use crate::bindings::uis::integration::types::Failure;
use crate::context::Context;
use crate::crm_state::{active_users, employee_links};
use crate::settings::common::ResponsibleRule;
use crate::settings::conditions::Verdict;

/// A setting's choice of an assignee.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Assignee {
    /// A UIS employee, if one took part in the appeal.
    Employee(Option<i64>),
    /// The customer's manager.
    Manager,
    /// «Из настроек интеграции»: the rules, else the default.
    Settings,
    /// «Ответственный по умолчанию», whatever the rules say.
    Default,
    /// A CRM user; none: as [`Assignee::Settings`].
    User(Option<i64>),
    /// Nobody.
    Nobody,
}

/// «Ответственные»: the assignee when the choice names nobody.
#[derive(Debug, Clone, Copy)]
pub struct Responsibles<'a> {
    /// «Основные условия»: the first row that passes counts.
    pub rules: &'a [ResponsibleRule],
    /// «Ответственный по умолчанию».
    pub default: Option<i64>,
}

impl Responsibles<'_> {
    /// The user of the first rule that the appeal passes, else the default. A rule whose parameter is not known yet, or whose user has left
    /// RetailCRM, is passed over.
    pub fn user(&self, context: &Context<'_>, appeal: &Appeal<'_>) -> Result<Option<i64>, Failure> {
        for (row, rule) in self.rules.iter().enumerate() {
            let passes = conditions::verdict(context, appeal, &rule.conditions)? == Verdict::Pass;
            if passes && active_users::is_active(context.platform, rule.user)? {
                let why = format!("row {} passes: user {}", row + 1, rule.user);
                context.decided(format_args!("assignee of {}", appeal.id), "responsibles", Decided::Done, why);
                return Ok(Some(rule.user));
            }
        }
        let why = self.default.map_or_else(|| "no row passes, and there is no default".to_owned(), |user| format!("user {user}"));
        context.decided(format_args!("assignee of {}", appeal.id), "default-responsible", Decided::Done, why);
        Ok(self.default)
    }
}

impl Assignee {
    /// The CRM user; `otherwise` if the choice names nobody, or an employee who is not a CRM user.
    pub fn user(
        self,
        context: &Context<'_>,
        appeal: &Appeal<'_>,
        lookup: &mut Lookup<'_>,
        otherwise: Responsibles<'_>,
    ) -> Result<Option<i64>, Failure> {
        let (chosen, why) = match self {
            Assignee::Employee(employee) => {
                let link = employee.map_or(Ok(None), |id| employee_links::of_employee(context.platform, id))?;
                let who = employee.map_or("no employee took part".to_owned(), |id| format!("employee {id}"));
                (link.map(|link| link.user_id), who)
            }
            Assignee::Manager => (lookup.manager()?, "the client's manager".to_owned()),
            Assignee::User(user) => (user, "the chosen user".to_owned()),
            Assignee::Settings => (None, String::new()),
            Assignee::Default => return Ok(otherwise.default),
            Assignee::Nobody => return Ok(None),
        };
        let note = |verdict, of: String| context.decided(format_args!("assignee of {}", appeal.id), "", verdict, format!("{why}{of}"));
        // Somebody who has left RetailCRM gets nothing more.
        match chosen {
            Some(user) if active_users::is_active(context.platform, user)? => {
                note(Decided::Done, format!(" is user {user}"));
                return Ok(Some(user));
            }
            Some(user) => note(Decided::Changed, format!(" is user {user}, who is not active in RetailCRM")),
            None if self != Assignee::Settings => note(Decided::Changed, " gives no user of RetailCRM".to_owned()),
            None => {}
        }
        otherwise.user(context, appeal)
    }
}
