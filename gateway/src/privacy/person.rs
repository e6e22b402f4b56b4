//! What identifies a person.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use uis_host::bindings::exports::uis::integration::setup::Identity;
use uis_host::notification::COUNTRY;

/// Fewest digits of a phone that a person is erased by. Shorter ones are extensions and service numbers, which many people call.
const PHONE_DIGITS: usize = 7;
/// The most phones, e-mails and visitor ids together.
const MOST: usize = 100;

/// What identifies a person. Nothing is empty, and at least one thing is there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// Main numbers: digits of E.164 without a plus.
    #[serde(default)]
    pub phones: BTreeSet<String>,
    /// E-mails in lower case.
    #[serde(default)]
    pub emails: BTreeSet<String>,
    /// UIS's ids of the visitor.
    #[serde(default)]
    pub visitors: BTreeSet<i64>,
}

impl Person {
    /// Reads what somebody typed. A phone is read by the numbering plan of the host's country. The error names everything that cannot be used.
    pub fn read(phones: &[String], emails: &[String], visitors: &[i64]) -> Result<Person, Vec<String>> {
        let mut problems = Vec::new();
        let mut person = Person::default();
        for typed in phones {
            match phone(typed) {
                Ok(number) => drop(person.phones.insert(number)),
                Err(why) => problems.push(why),
            }
        }
        for typed in emails {
            match email(typed) {
                Ok(email) => drop(person.emails.insert(email)),
                Err(why) => problems.push(why),
            }
        }
        for id in visitors {
            match *id > 0 {
                true => drop(person.visitors.insert(*id)),
                false => problems.push(format!("visitor: {id} is no id of a visitor; it is a positive number")),
            }
        }
        let count = phones.len() + emails.len() + visitors.len();
        if count == 0 {
            problems.push("nobody is named; give --phone, --email or --visitor".to_owned());
        }
        if count > MOST {
            problems.push(format!("{count} phones, e-mails and visitors are too many for one person; at most {MOST}"));
        }
        if problems.is_empty() { Ok(person) } else { Err(problems) }
    }

    /// The person as the contract describes one.
    pub fn identity(&self) -> Identity {
        Identity {
            phones: self.phones.iter().cloned().collect(),
            emails: self.emails.iter().cloned().collect(),
            visitors: self.visitors.iter().copied().collect(),
        }
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.phones.is_empty() && self.emails.is_empty() && self.visitors.is_empty()
    }

    /// Whether anything of the other person is this one's too.
    pub fn overlaps(&self, other: &Person) -> bool {
        !self.phones.is_disjoint(&other.phones) || !self.emails.is_disjoint(&other.emails) || !self.visitors.is_disjoint(&other.visitors)
    }
}

/// What was typed is not repeated in the errors, because commands' errors are kept in logs and histories.
fn phone(typed: &str) -> Result<String, String> {
    let mut found = uis_phones::typed(typed, COUNTRY).into_iter();
    let number = found.next().map(|phone| phone.number).filter(|number| number.len() >= PHONE_DIGITS);
    match (number, found.next()) {
        (Some(number), None) => Ok(number),
        (Some(_), Some(_)) => Err("phone: one option has several numbers; give --phone once for each".to_owned()),
        (None, _) => Err(format!("phone: it is no phone number of {PHONE_DIGITS} digits or more; write it like +79161234567")),
    }
}

fn email(typed: &str) -> Result<String, String> {
    let email = typed.trim().to_lowercase();
    let wrong = || Err("email: it is no e-mail address; write it like anna@shop.example".to_owned());
    let Some((local, domain)) = email.rsplit_once('@') else { return wrong() };
    let is_text = |part: &str| !part.is_empty() && !part.chars().any(|c| c.is_whitespace() || c.is_control() || "@,;<>\"".contains(c));
    if is_text(local) && is_text(domain) { Ok(email) } else { wrong() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(phones: &[&str], emails: &[&str], visitors: &[i64]) -> Result<Person, Vec<String>> {
        let owned = |all: &[&str]| all.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        Person::read(&owned(phones), &owned(emails), visitors)
    }

    #[test]
    fn phones_and_emails_are_read_in_every_usual_spelling() {
        let read = person(&["8 (916) 123-45-67", "+375 29 123-45-67"], &[" Anna@Shop.Example "], &[42]).expect("a person");
        assert_eq!(Vec::from_iter(read.phones), ["375291234567", "79161234567"]);
        assert_eq!((Vec::from_iter(read.emails), Vec::from_iter(read.visitors)), (vec!["anna@shop.example".to_owned()], vec![42]));
    }

    #[test]
    fn everything_that_cannot_be_used_is_named_without_what_was_typed() {
        let problems = person(&["101", "+79161234567, +79161234568"], &["anna", "a b@c.example"], &[0]).expect_err("wrong");
        assert_eq!(problems.len(), 5, "{problems:?}");
        assert!(problems.iter().all(|problem| !problem.contains("4568") && !problem.contains("c.example")), "{problems:?}");
        assert!(person(&[], &[], &[]).expect_err("nobody")[0].contains("--phone"));
    }
}
