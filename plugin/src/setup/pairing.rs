//! What of one account has no counterpart in the other: employees and users, virtual numbers and shops, what the settings name. Part of the check
//! of the connection, so it says what is wrong now, each time.

use serde_json::Value;

use crate::bindings::uis::integration::directory::Employee;
use crate::bindings::uis::integration::types::Failure;
use crate::context::Context;
use crate::crm_state::employee_links::EmployeeLink;
use crate::crm_state::{employee_links, shops};
use crate::employees::matching;
use crate::retailcrm::users::{self, User};
use crate::settings::Settings;
use crate::settings::employees::Matching;
use crate::setup::review;
use crate::uis::directory;

/// Most names of a finding.
const NAMES: usize = 10;

/// What has no counterpart, as sentences for the account's owner. `first_users` is the first page of RetailCRM's users. Without settings there
/// is no integration yet, and nothing to compare.
pub fn findings(context: &Context<'_>, first_users: &Value) -> Vec<String> {
    if context.platform.prepared_settings().is_empty() {
        return Vec::new();
    }
    match compared(context, first_users) {
        Ok(findings) => findings,
        Err(failure) => vec![format!("Employees and users, numbers and shops were not compared: {}", reason(&failure))],
    }
}

fn reason(failure: &Failure) -> &str {
    match failure {
        Failure::Retry(later) => &later.reason,
        Failure::Rejected(why) | Failure::Unauthorized(why) | Failure::Suspended(why) => why,
        Failure::Misconfigured(wrong) => &wrong.message,
    }
}

fn compared(context: &Context<'_>, first_users: &Value) -> Result<Vec<String>, Failure> {
    let settings = context.settings()?;
    let users = users::all(context.crm, first_users)?;
    let employees = directory::all(context.platform)?;
    let links = links(context, settings, &employees, &users)?;
    let mut findings = Vec::new();
    if settings.telephony {
        findings.extend(of_employees(&employees, &users, &links));
        findings.extend(of_numbers(context, settings)?);
    }
    let reviewed = review::all(context, &users, &employees, &links)?;
    findings.extend(reviewed.into_iter().map(|item| format!("{}: {}", item.what, item.why)));
    Ok(findings)
}

/// Who is who, by the settings; while employees are not synchronised, as it was last determined.
fn links(context: &Context<'_>, settings: &Settings, employees: &[Employee], users: &[User]) -> Result<Vec<EmployeeLink>, Failure> {
    Ok(match settings.employee_matching {
        _ if !settings.employee_synchronisation => employee_links::all(context.platform)?,
        Matching::Synchronisation => matching::by_email(employees, users),
        Matching::Table => matching::by_table(&settings.employee_table, employees, users).0,
    })
}

fn of_employees(employees: &[Employee], users: &[User], links: &[EmployeeLink]) -> Vec<String> {
    if links.is_empty() {
        return vec![
            "No employee of UIS is a user of RetailCRM, so calls are shown to nobody: enter the same e-mail in both, or fill in «Соответствие»"
                .to_owned(),
        ];
    }
    let has_extension = |employee: &Employee| employee.extension.as_deref().is_some_and(|extension| !extension.is_empty());
    let linked = |employee: &Employee| links.iter().any(|link| link.employee_id == employee.id);
    let names = |wanted: &dyn Fn(&Employee) -> bool| {
        named(employees.iter().filter(|employee| wanted(employee)).map(|employee| employee.full_name.clone()).collect())
    };
    let mut findings = Vec::new();
    if let Some(names) = names(&|employee| has_extension(employee) && !linked(employee)) {
        findings.push(format!("Employees of UIS who are no users of RetailCRM: {names}. Their calls are shown to nobody: enter the same e-mail in both, or fill \
             in «Соответствие»"));
    }
    if let Some(names) = names(&|employee| !has_extension(employee) && linked(employee)) {
        findings.push(format!(
            "Users of RetailCRM whose employees have no extension: {names}. RetailCRM can show them no call: give them a short number in \
             UIS"
        ));
    }
    let with_code = |user: &&User| links.iter().any(|link| Some(link.user_id) == user.id && link.code.is_some());
    let reachable: Vec<&User> = users.iter().filter(with_code).collect();
    if !reachable.is_empty() && reachable.iter().all(|user| user.online == Some(false)) {
        findings.push(format!(
            "None of the {} users with an extension is online in RetailCRM: a call is shown only to those who have RetailCRM open",
            reachable.len()
        ));
    }
    findings
}

fn of_numbers(context: &Context<'_>, settings: &Settings) -> Result<Vec<String>, Failure> {
    let sites = shops::sites(context.platform)?;
    let by_number = sites.len() > 1 && settings.main_shop.is_none();
    if settings.shop_numbers.is_empty() && !by_number {
        return Ok(Vec::new());
    }
    let numbers = directory::paged(|offset| context.platform.virtual_numbers(offset))?;
    let mut findings = Vec::new();
    let unknown = settings.shop_numbers.iter().filter(|row| !numbers.iter().any(|number| number.number == row.number));
    if let Some(unknown) = named(unknown.map(|row| row.number.clone()).collect()) {
        findings.push(format!("Numbers in «Магазины» that are no virtual numbers of UIS: {unknown}. Correct or remove these rows"));
    }
    let without = numbers.iter().filter(|number| !settings.shop_numbers.iter().any(|row| row.number == number.number));
    if let (Some(without), Some(first)) =
        (named(without.map(|number| number.number.clone()).collect()), sites.first().filter(|_| by_number))
    {
        findings.push(format!(
            "Virtual numbers in no row of «Магазины»: {without}. What their calls create belongs to {:?}: add rows, or choose «Основной магазин»",
            first.name
        ));
    }
    Ok(findings)
}

/// Names separated by commas; none if there are none.
fn named(names: Vec<String>) -> Option<String> {
    let shown = names.iter().take(NAMES).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMES) {
        0 => Some(shown).filter(|_| !names.is_empty()),
        more => Some(format!("{shown} and {more} more")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn employee(id: i64, email: &str, extension: Option<&str>) -> Employee {
        Employee {
            id,
            first_name: String::new(),
            last_name: format!("E{id}"),
            patronymic: String::new(),
            full_name: format!("E{id}"),
            email: Some(email.into()),
            extension: extension.map(str::to_owned),
            phones: Vec::new(),
            status: "available".into(),
            licences: None,
        }
    }

    fn user(id: i64, email: &str, online: bool) -> User {
        User { id: Some(id), email: email.into(), active: Some(true), online: Some(online), ..User::default() }
    }

    #[test]
    fn who_has_no_counterpart_is_named() {
        let employees = [employee(1, "a@x.ru", Some("101")), employee(2, "b@x.ru", None), employee(3, "c@x.ru", Some("103"))];
        let users = [user(5, "a@x.ru", true), user(6, "b@x.ru", false)];
        let found = of_employees(&employees, &users, &matching::by_email(&employees, &users));
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains("no users of RetailCRM: E3.") && found[1].contains("no extension: E2."), "{found:?}");
        let found = of_employees(&employees, &[], &[]);
        assert!(found.len() == 1 && found[0].contains("No employee"), "{found:?}");
        let away = [user(5, "a@x.ru", false)];
        let found = of_employees(&employees[..1], &away, &matching::by_email(&employees[..1], &away));
        assert!(found.len() == 1 && found[0].contains("None of the 1 users"), "{found:?}");
    }

    #[test]
    fn a_long_list_of_names_is_cut() {
        assert_eq!(named(Vec::new()), None);
        assert_eq!(named(vec!["a".into(), "b".into()]).as_deref(), Some("a, b"));
        assert!(named(vec!["a".into(); 12]).expect("names").ends_with("and 2 more"));
    }
}
