//! What every [`Directory`] does. [`reads`] changes nothing and may run against a live account; [`writes`] creates an employee.

use std::collections::BTreeSet;
use std::fmt::Debug;

use crate::bindings::uis::integration::directory::{Account, DirectoryError, EmployeeFields};
use crate::limits::DIRECTORY_PAGE;
use crate::ports::Directory;

/// What the account holds.
pub struct Expected {
    /// The account itself.
    pub account: Account,
    /// Ids of all employees, ascending.
    pub employees: Vec<i64>,
    /// An id that nobody has.
    pub nobody: i64,
    /// Whose SIP lines there are, an id for each line, ascending.
    pub lines: Vec<i64>,
    /// All virtual numbers.
    pub virtual_numbers: BTreeSet<String>,
    /// Ids of all chat channels.
    pub chat_channels: BTreeSet<i64>,
    /// Ids of all sites, ascending.
    pub sites: Vec<i64>,
    /// Ids of all tags, ascending.
    pub tags: Vec<i64>,
    /// Ids of all scenarios, ascending.
    pub scenarios: Vec<i64>,
    /// Ids of all advertising campaigns, ascending.
    pub campaigns: Vec<i64>,
    /// Names of all sources of visits, in their order.
    pub sources: Vec<String>,
    /// An employee's short number; none: nobody has one.
    pub extension: Option<String>,
    /// A short number that nobody has.
    pub no_extension: String,
}

fn answered<T>(what: &str, answer: Result<T, DirectoryError>) -> T {
    answer.unwrap_or_else(|error| panic!("{what} is answered: {error:?}"))
}

/// Checks every promise about reading.
pub async fn reads(directory: &dyn Directory, expected: &Expected) {
    let account = directory.account().await;
    assert_eq!(format!("{account:?}"), format!("{:?}", expected.account), "the account is described as it is");
    let employees = all("employees", async |offset| directory.employees(offset).await).await;
    let ids: Vec<i64> = employees.iter().map(|employee| employee.id).collect();
    assert_eq!(ids, expected.employees, "employees are listed by ascending id, everybody once");
    for employee in employees.iter().take(5) {
        let found = answered("find_employee", directory.find_employee(employee.id).await);
        assert_eq!(found.as_ref(), Some(employee), "find_employee gives the employee that the list has");
        assert!(employee.extension.as_ref().is_none_or(|number| number.len() <= 5), "a short number has at most 5 digits: {employee:?}");
    }
    for nobody in [expected.nobody, 0, -1, i64::MAX, i64::MIN] {
        let found = answered("find_employee", directory.find_employee(nobody).await);
        assert_eq!(found, None, "there is nobody with the id {nobody}, which is no error");
    }
    let mut lines: Vec<i64> =
        all("lines", async |offset| directory.lines(offset).await).await.into_iter().map(|line| line.employee_id).collect();
    lines.sort_unstable();
    assert_eq!(lines, expected.lines, "every SIP line is listed once");
    let numbers = all("virtual numbers", async |offset| directory.virtual_numbers(offset).await).await;
    assert_eq!(once(numbers.into_iter().map(|row| row.number)), expected.virtual_numbers, "every virtual number is listed once");
    let channels = all("chat channels", async |offset| directory.chat_channels(offset).await).await;
    assert_eq!(once(channels.into_iter().map(|row| row.id)), expected.chat_channels, "every chat channel is listed once");
    reads_lists(directory, expected).await;
    if let Some(number) = &expected.extension {
        assert!(directory.is_extension(number).await, "{number} is a short number of an employee");
    }
    for number in [expected.no_extension.as_str(), "", "79161234567890123"] {
        assert!(!directory.is_extension(number).await, "{number:?} is nobody's short number");
    }
}

/// Checks the lists that settings choose from.
async fn reads_lists(directory: &dyn Directory, expected: &Expected) {
    let sites = all("sites", async |offset| directory.sites(offset).await).await;
    assert_eq!(sites.iter().map(|row| row.id).collect::<Vec<_>>(), expected.sites, "sites are listed by ascending id, each once");
    for site in &sites {
        assert!(!site.domain.is_empty() && !site.name.is_empty(), "a site has a domain and a name: {site:?}");
    }
    let tags = all("tags", async |offset| directory.tags(offset).await).await;
    assert_eq!(tags.iter().map(|row| row.id).collect::<Vec<_>>(), expected.tags, "tags are listed by ascending id, each once");
    once(tags.into_iter().map(|row| row.name));
    let scenarios = all("scenarios", async |offset| directory.scenarios(offset).await).await;
    let scenarios: Vec<i64> = scenarios.iter().map(|row| row.id).collect();
    assert_eq!(scenarios, expected.scenarios, "scenarios are listed by ascending id, each once");
    let campaigns = all("campaigns", async |offset| directory.campaigns(offset).await).await;
    let campaigns: Vec<i64> = campaigns.iter().map(|row| row.id).collect();
    assert_eq!(campaigns, expected.campaigns, "campaigns are listed by ascending id, each once");
    let sources = all("sources", async |offset| directory.sources(offset).await).await;
    let sources: Vec<String> = sources.into_iter().map(|row| row.name).collect();
    assert_eq!(sources, expected.sources, "sources are listed by their names, each once");
}

/// A set of rows of which none came twice.
fn once<T: Ord + Debug>(rows: impl Iterator<Item = T>) -> BTreeSet<T> {
    let mut all = BTreeSet::new();
    for row in rows {
        let shown = format!("{row:?}");
        assert!(all.insert(row), "no row of a list comes twice: {shown}");
    }
    all
}

/// All rows of a list. Offsets count rows: a page begins with whichever row is asked for, and an empty page ends the list.
async fn all<T: Clone + PartialEq + Debug>(what: &str, page: impl AsyncFn(u32) -> Result<Vec<T>, DirectoryError>) -> Vec<T> {
    let mut rows: Vec<T> = Vec::new();
    loop {
        let offset = u32::try_from(rows.len()).expect("fewer rows than a u32 counts");
        let next = answered(what, page(offset).await);
        assert!(next.len() <= DIRECTORY_PAGE, "a page of {what} has {} rows, and at most {DIRECTORY_PAGE} are promised", next.len());
        if next.is_empty() {
            break;
        }
        rows.extend(next);
    }
    let length = rows.len();
    for offset in [0, 1, length / 2, length.saturating_sub(1), DIRECTORY_PAGE.min(length)] {
        let page = answered(what, page(offset as u32).await);
        let expected: Vec<T> = rows.iter().skip(offset).take(page.len().max(1)).cloned().collect();
        assert_eq!(page, expected, "a page of {what} begins with the row of its offset ({offset})");
    }
    for offset in [length as u32, length as u32 + 1, 100_000] {
        if offset as usize >= length {
            assert_eq!(answered(what, page(offset).await), [], "behind the last row of {what} there is an empty page ({offset})");
        }
    }
    rows
}

/// Checks every promise about writing, with an e-mail that nobody has. Creates one employee and gives their id; nothing deletes it.
pub async fn writes(directory: &dyn Directory, email: &str, nobody: i64) -> i64 {
    let none = || EmployeeFields { last_name: None, first_name: None, patronymic: None, email: None, status: None };
    let before = all("employees", async |offset| directory.employees(offset).await).await.len();
    for last_name in [None, Some(String::new()), Some(" ".into())] {
        let nameless = EmployeeFields { last_name, first_name: Some("Анна".into()), ..none() };
        refused_by("required_parameter_missed", "an employee without a last name", directory.create_employee(&nameless).await);
    }
    let no_email = EmployeeFields { last_name: Some("Никто".into()), email: Some("no e-mail".into()), ..none() };
    refused_by("invalid_parameter_value", "an e-mail that is none", directory.create_employee(&no_email).await);
    let after = all("employees", async |offset| directory.employees(offset).await).await.len();
    assert_eq!(after, before, "whoever is refused is not created");

    let fields =
        EmployeeFields { last_name: Some("Ёлкина".into()), first_name: Some("Анна".into()), email: Some(email.into()), ..none() };
    let id = answered("create_employee", directory.create_employee(&fields).await);
    let created = answered("find_employee", directory.find_employee(id).await);
    let created = created.unwrap_or_else(|| panic!("an employee who was created is found by the id that create_employee gave ({id})"));
    assert_eq!((created.last_name.as_str(), created.first_name.as_str()), ("Ёлкина", "Анна"), "an employee is created as given");
    assert_eq!(created.email.as_deref(), Some(email), "an employee is created with the e-mail");
    let listed = all("employees", async |offset| directory.employees(offset).await).await;
    assert!(listed.iter().any(|employee| employee.id == id) && listed.len() == before + 1, "an employee who was created is listed");

    let other = EmployeeFields { last_name: Some("Другая".into()), email: Some(email.to_uppercase()), ..none() };
    refused_by("duplicate_entity", "an e-mail that somebody has, in whatever case", directory.create_employee(&other).await);
    let renamed = EmployeeFields { first_name: Some("Мария".into()), ..none() };
    answered("update_employee", directory.update_employee(id, &renamed).await);
    let same = EmployeeFields { email: Some(email.into()), status: Some("break".into()), ..none() };
    answered("update_employee with the employee's own e-mail", directory.update_employee(id, &same).await);
    let changed = answered("find_employee", directory.find_employee(id).await).expect("the employee is there");
    assert_eq!((changed.first_name.as_str(), changed.status.as_str()), ("Мария", "break"), "update_employee changes the given fields");
    let kept = (changed.last_name.as_str(), changed.email.as_deref());
    assert_eq!(kept, ("Ёлкина", Some(email)), "update_employee leaves the fields that are not given");
    let nameless = EmployeeFields { last_name: Some(String::new()), first_name: Some("Нет".into()), ..none() };
    refused_by("invalid_parameter_value", "an empty last name", directory.update_employee(id, &nameless).await);
    refused_by("entity_not_found", "an unknown employee", directory.update_employee(nobody, &renamed).await);
    let after = answered("find_employee", directory.find_employee(id).await);
    assert_eq!(after, Some(changed), "a refused update changes nothing, also not the fields that would do");
    id
}

fn refused_by<T: Debug>(mnemonic: &str, what: &str, answer: Result<T, DirectoryError>) {
    let Err(DirectoryError::Refused((why, message))) = answer else { panic!("UIS refuses {what} by {mnemonic}: {answer:?}") };
    assert_eq!(why, mnemonic, "a refusal has the Data API's mnemonic: {what} ({message})");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::Absent;
    use crate::suites::broken;

    fn nothing() -> Expected {
        Expected {
            account: Account {
                app_id: 0,
                name: String::new(),
                timezone: "Europe/Moscow".into(),
                extensions: Vec::new(),
                workplace_url: None,
            },
            employees: Vec::new(),
            nobody: 1,
            lines: Vec::new(),
            virtual_numbers: BTreeSet::new(),
            chat_channels: BTreeSet::new(),
            sites: Vec::new(),
            tags: Vec::new(),
            scenarios: Vec::new(),
            campaigns: Vec::new(),
            sources: Vec::new(),
            extension: None,
            no_extension: "101".into(),
        }
    }

    #[tokio::test]
    async fn an_absent_account_reads_as_an_empty_one() {
        reads(&Absent, &nothing()).await;
    }

    #[test]
    fn the_suite_names_the_broken_promise() {
        let found = broken(async { reads(&Absent, &Expected { employees: vec![1], ..nothing() }).await });
        assert!(found.contains("employees are listed by ascending id"), "{found}");
        let found = broken(async { reads(&Absent, &Expected { tags: vec![1], ..nothing() }).await });
        assert!(found.contains("tags are listed by ascending id"), "{found}");
        let found = broken(async {
            writes(&Absent, "a@example.com", 1).await;
        });
        assert!(found.contains("Data API's mnemonic: an employee without a last name"), "{found}");
        let repeats = async |offset: u32| Ok([1, 2, 3, 3].into_iter().skip(offset.saturating_sub(1) as usize).collect());
        let found = broken(async {
            all("rows", repeats).await;
        });
        assert!(found.contains("begins with the row of its offset") || found.contains("empty page"), "{found}");
    }
}
