//! Numbers that are nobody's but the company's: its virtual numbers and its employees' phones; and short numbers, which belong to services
//! (`112`) or are extensions. A call with such a number has no customer.

use crate::base::keys::{Family, Key};
use crate::base::stored;
use crate::bindings::uis::integration::log::Level;
use crate::bindings::uis::integration::types::Failure;
use crate::platform::Platform;
use crate::uis::directory;

/// Numbers with at most this many digits are short: no subscriber of a telephone network has one.
const SHORT_MAX: usize = 6;

/// Reads the account's numbers and stores them, one key per number, so that an event reads only the one it needs. While UIS's directory does
/// not answer, the known ones stay.
pub fn refresh(platform: &dyn Platform) -> Result<(), Failure> {
    let numbers = match read(platform) {
        Ok(numbers) => numbers,
        Err(failure) => {
            platform.log(Level::Warn, "the account's numbers could not be read", &[("failure", &format!("{failure:?}"))]);
            return Ok(());
        }
    };
    for number in &numbers {
        stored::put(platform, Key::OwnNumber(number), &true, None)?;
    }
    for number in stored::names(platform, Family::OwnNumbers) {
        if !numbers.contains(&number) {
            stored::forget(platform, Key::OwnNumber(&number))?;
        }
    }
    Ok(())
}

/// The account's numbers: digits as UIS gives them.
fn read(platform: &dyn Platform) -> Result<Vec<String>, Failure> {
    let virtual_numbers = directory::paged(|offset| platform.virtual_numbers(offset))?;
    let phones = directory::all(platform)?.into_iter().flat_map(|employee| employee.phones).map(|phone| phone.number);
    let all = virtual_numbers.into_iter().map(|number| number.number).chain(phones);
    let mut numbers: Vec<String> = all
        .filter_map(|number| platform.phone_of_system(&number))
        .map(|phone| phone.number)
        .filter(|number| number.len() > SHORT_MAX)
        .collect();
    numbers.sort_unstable();
    numbers.dedup();
    Ok(numbers)
}

/// Whether a number, digits as UIS gives them, may be a customer's.
pub fn may_be_customers(platform: &dyn Platform, number: &str) -> bool {
    number.len() > SHORT_MAX && !stored::exists(platform, Key::OwnNumber(number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::uis::integration::directory::{Employee, EmployeePhone, VirtualNumber};
    use crate::fake::Fake;

    fn employee(phones: &[&str]) -> Employee {
        Employee {
            id: 1,
            first_name: String::new(),
            last_name: String::new(),
            patronymic: String::new(),
            full_name: String::new(),
            email: None,
            extension: None,
            phones: phones.iter().map(|number| EmployeePhone { number: (*number).into(), active: false }).collect(),
            status: "available".into(),
            licences: None,
        }
    }

    #[test]
    fn neither_the_companys_numbers_nor_short_ones_are_customers() {
        let number = VirtualNumber { id: 1, number: "78432000711".into(), name: String::new(), active: true };
        let mut fake = Fake { employees: vec![employee(&["+7 903 200-07-12", "101"])], numbers: vec![number], ..Fake::default() };
        refresh(&fake).expect("stored");
        for (number, may_be) in [
            ("78432000711", false),
            ("79032000712", false),
            ("101", false),
            ("112", false),
            ("0911", false),
            ("8800", false),
            ("060606", false),
            ("79032000713", true),
            ("3412345", true),
        ] {
            assert_eq!(may_be_customers(&fake, number), may_be, "{number}");
        }
        fake.employees.clear();
        refresh(&fake).expect("stored");
        assert!(may_be_customers(&fake, "79032000712"), "the employee has left");
        assert!(!may_be_customers(&fake, "78432000711"));
    }
}
