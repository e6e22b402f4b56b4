//! Matches UIS employees to RetailCRM users: by e-mail, ignoring case, or by a table in the settings.

use std::collections::BTreeMap;

use crate::base::outcome::skipped;
use crate::bindings::uis::integration::directory::Employee;
use crate::bindings::uis::integration::types::Skipped;
use crate::crm_state::employee_links::EmployeeLink;
use crate::retailcrm::modules::AdditionalCode;
use crate::retailcrm::users::User;
use crate::settings::employees::EmployeePair;
use crate::uis::directory::mail_key;

/// Links employees to users by e-mail. If several users have the same e-mail, the first active one is linked; if several employees have it,
/// all are linked to the same user.
pub fn by_email(employees: &[Employee], users: &[User]) -> Vec<EmployeeLink> {
    let mut by_email: BTreeMap<String, i64> = BTreeMap::new();
    for user in users.iter().filter(|user| user.active != Some(false)) {
        if let (Some(id), Some(email)) = (user.id, mail_key(&user.email)) {
            by_email.entry(email).or_insert(id);
        }
    }
    let link = |employee: &Employee| {
        let user_id = *by_email.get(&mail_key(employee.email.as_deref()?)?)?;
        Some(EmployeeLink { employee_id: employee.id, user_id, code: employee.extension.clone().filter(|code| !code.is_empty()) })
    };
    employees.iter().filter_map(link).collect()
}

/// Links from the table «Соответствие». A row whose user or employee does not exist makes no link.
pub fn by_table(table: &[EmployeePair], employees: &[Employee], users: &[User]) -> (Vec<EmployeeLink>, Vec<Skipped>) {
    let (mut links, mut left_out) = (Vec::new(), Vec::new());
    for pair in table {
        let employee = employees.iter().find(|employee| employee.id == pair.employee);
        let user = users.iter().find(|user| user.id == Some(pair.user));
        match (employee, user) {
            (Some(employee), Some(user)) if user.active != Some(false) => links.push(EmployeeLink {
                employee_id: employee.id,
                user_id: pair.user,
                code: employee.extension.clone().filter(|code| !code.is_empty()),
            }),
            (None, _) => left_out.push(skipped(format!("user {}", pair.user), format!("UIS has no employee {}", pair.employee))),
            (_, None) => left_out.push(skipped(format!("user {}", pair.user), "RetailCRM has no such user")),
            (_, Some(_)) => left_out.push(skipped(format!("user {}", pair.user), "the user is switched off in RetailCRM")),
        }
    }
    (links, left_out)
}

/// The links in the form that RetailCRM's module registration needs.
pub fn codes(links: &[EmployeeLink]) -> Vec<AdditionalCode> {
    links.iter().filter_map(|link| Some(AdditionalCode { user_id: link.user_id, code: link.code.clone()? })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn employee(id: i64, email: &str, extension: &str) -> Employee {
        Employee {
            id,
            first_name: String::new(),
            last_name: format!("E{id}"),
            patronymic: String::new(),
            full_name: format!("E{id}"),
            email: Some(email.into()),
            extension: Some(extension.into()),
            phones: Vec::new(),
            status: "available".into(),
            licences: None,
        }
    }

    fn user(id: i64, email: &str, active: bool) -> User {
        User { id: Some(id), email: email.into(), active: Some(active), ..User::default() }
    }

    #[test]
    fn employees_are_linked_to_users_by_email_ignoring_case() {
        let links = by_email(
            &[
                employee(1, "Anna@Shop.RU ", "101"),
                employee(2, "boris@shop.ru", ""),
                employee(3, "", "103"),
                employee(4, "anna@shop.ru", "104"),
            ],
            &[user(5, "anna@shop.ru", true), user(6, "BORIS@shop.ru", true), user(7, "", true), user(8, "carl@shop.ru", false)],
        );
        let pairs: Vec<(i64, i64)> = links.iter().map(|link| (link.employee_id, link.user_id)).collect();
        assert_eq!(pairs, [(1, 5), (2, 6), (4, 5)]);
        let code = |code: &str| AdditionalCode { user_id: 5, code: code.into() };
        assert_eq!(codes(&links), [code("101"), code("104")]);
    }
}
