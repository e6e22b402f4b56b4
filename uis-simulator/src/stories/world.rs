//! The account in which a story happens.

use chrono_tz::Tz;
use serde_json::{Map, Value, json};
use uis_host::clock::{instant, zone};
use uis_host::data_api::{ChatChannel, Employee, Scenario, Site};

use super::story::Story;
use crate::account::Account;

/// The customer's number when a story has none: a made-up one.
pub const CUSTOMER: &str = "79161234567";
/// The virtual number of an account that has none: a made-up one.
pub const VIRTUAL_NUMBER: &str = "74951112233";

/// Numbers things as UIS does: each number is used once in the account, and later things have greater ones.
#[derive(Debug)]
pub struct Ids {
    next: i64,
}

impl Ids {
    /// Ids that begin with a number.
    pub fn from(next: i64) -> Ids {
        Ids { next }
    }

    /// Ids of a process that begins at a time, in milliseconds since 1970: another process that begins a second later has other ids, so that
    /// a receiver does not take its calls for those that it knows.
    pub fn at(now: i64) -> Ids {
        // UIS's ids have about ten digits.
        Ids { next: (now - 1_700_000_000_000).max(0) / 10 + 1_000_000_000 }
    }

    /// Leaves out so many ids.
    pub fn skip(&mut self, count: i64) {
        self.next += count;
    }

    /// A new id.
    pub fn take(&mut self) -> i64 {
        let id = self.next;
        self.next += 1;
        id
    }
}

/// The account, and the time and ids of a story in it.
#[derive(Debug)]
pub struct World<'a> {
    /// The account.
    pub account: &'a Account,
    /// When the story begins, in milliseconds since 1970.
    pub start: i64,
    /// By what a story's times are divided when they are written. A story that is played ten times faster, to a receiver whose clock goes as
    /// always, is written with times that lie ten times closer together. 1: as they are. Infinity: everything at the beginning.
    pub faster: f64,
    /// New ids.
    pub ids: &'a mut Ids,
}

/// An employee in a story. One who is not in the account has only an id.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Person {
    /// The Data API's id; none for a phone of nobody in the account.
    pub id: Option<i64>,
    /// The full name.
    pub name: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The short number.
    pub extension: Option<String>,
    /// The phone that rings.
    pub phone: Option<String>,
}

impl Person {
    fn of(row: &Employee) -> Person {
        let active = row.phone_numbers.iter().find(|phone| phone.status.as_deref().is_none_or(|status| status == "active"));
        Person {
            id: Some(row.id),
            name: Some(row.shown_name()).filter(|name| !name.is_empty()),
            email: row.email.clone(),
            extension: row.extension_number(),
            phone: active.map(|phone| phone.phone_number.clone()),
        }
    }

    /// The parameters of events that are about the employee.
    pub fn parameters(&self) -> Map<String, Value> {
        members(json!({
            "employee_id": self.id,
            "employee_full_name": self.name,
            "employee_email": self.email,
            "extension_phone_number": self.extension,
            "employee_phone_number": self.phone,
        }))
    }
}

/// The members of an object.
pub fn members(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

impl World<'_> {
    fn zone(&self) -> Tz {
        zone(&self.account.timezone).unwrap_or(chrono_tz::UTC)
    }

    /// A moment of the story, in milliseconds since 1970.
    pub fn at(&self, after: i64) -> i64 {
        self.start + (after as f64 / self.faster) as i64
    }

    /// A moment as events write it: in the account's zone, with milliseconds.
    pub fn event_time(&self, after: i64) -> String {
        instant(self.at(after)).with_timezone(&self.zone()).format("%Y-%m-%d %H:%M:%S%.3f").to_string()
    }

    /// A moment as reports write it: in the account's zone, in seconds.
    pub fn row_time(&self, after: i64) -> String {
        instant(self.at(after)).with_timezone(&self.zone()).format("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// The employee with an id. In an account that lists no employees, any id will do.
    pub fn employee(&self, id: i64) -> Result<Person, String> {
        let rows = &self.account.employees;
        match rows.iter().find(|row| row.id == id) {
            Some(row) => Ok(Person::of(row)),
            None if rows.is_empty() => Ok(Person { id: Some(id), ..Person::default() }),
            None => {
                let known: Vec<String> = rows.iter().take(20).map(|row| row.id.to_string()).collect();
                Err(format!("employee {id} is not in the account; it has: {}", known.join(", ")))
            }
        }
    }

    /// The story's employee, or the account's first.
    pub fn first(&self, story: &Story) -> Result<Option<Person>, String> {
        match story.employee {
            Some(id) => self.employee(id).map(Some),
            None => Ok(self.account.employees.first().map(Person::of)),
        }
    }

    /// The story's second employee, or the first of the account who is not `other`.
    pub fn second(&self, story: &Story, other: Option<&Person>) -> Result<Option<Person>, String> {
        match story.second_employee {
            Some(id) => self.employee(id).map(Some),
            None => Ok(self.account.employees.iter().find(|row| Some(row.id) != other.and_then(|one| one.id)).map(Person::of)),
        }
    }

    /// Whose phone or extension a number is; nobody's phone rings all the same.
    pub fn behind(&self, number: &str) -> Person {
        let digits: String = number.chars().filter(char::is_ascii_digit).collect();
        let owns = |row: &&Employee| {
            row.extension_number().as_deref() == Some(digits.as_str()) || row.phone_numbers.iter().any(|phone| phone.phone_number == digits)
        };
        let found = self.account.employees.iter().find(owns).map(Person::of).unwrap_or_default();
        Person { phone: Some(digits), ..found }
    }

    /// The story's virtual number, or the account's first.
    pub fn virtual_number(&self, story: &Story) -> String {
        let first = || self.account.virtual_numbers.first().map(|row| row.virtual_phone_number.clone());
        story.virtual_number.clone().or_else(first).unwrap_or_else(|| VIRTUAL_NUMBER.to_owned())
    }

    /// The scenario of a virtual number, or the account's first.
    pub fn scenario(&self, story: &Story, number: &str) -> Map<String, Value> {
        let of_number = || {
            let row = self.account.virtual_numbers.iter().find(|row| row.virtual_phone_number == number)?;
            serde_json::from_value::<Scenario>(row.rest.get("scenarios")?.get(0)?.clone()).ok()
        };
        let found = match &story.scenario {
            Some(name) => self.account.scenarios.iter().find(|row| &row.name == name).cloned(),
            None => of_number().or_else(|| self.account.scenarios.first().cloned()),
        };
        let name = found.as_ref().map(|row| row.name.clone()).or_else(|| story.scenario.clone());
        members(json!({"scenario_id": found.map(|row| row.id), "scenario_name": name}))
    }

    /// The story's chat channel, or the account's first.
    pub fn channel(&self, story: &Story) -> Result<Option<ChatChannel>, String> {
        let rows = &self.account.chat_channels;
        one(rows, story.channel, |row| row.id).map_err(|id| format!("chat channel {id} is not in the account"))
    }

    /// The story's site, or the account's first.
    pub fn site(&self, story: &Story) -> Result<Option<Site>, String> {
        one(&self.account.sites, story.site, |row| row.id).map_err(|id| format!("site {id} is not in the account"))
    }

    /// The story's tag: its id, if the account has it, and its name.
    pub fn tag(&self, story: &Story) -> (Option<i64>, String) {
        let wanted = story.tag.as_deref();
        let known = match wanted {
            Some(text) => self.account.tags.iter().find(|row| row.name == text || row.id.to_string() == text),
            None => self.account.tags.first(),
        };
        (known.map(|row| row.id), known.map_or_else(|| wanted.unwrap_or("VIP").to_owned(), |row| row.name.clone()))
    }
}

fn one<T: Clone>(rows: &[T], wanted: Option<i64>, id: impl Fn(&T) -> i64) -> Result<Option<T>, i64> {
    match wanted {
        None => Ok(rows.first().cloned()),
        Some(wanted) => rows.iter().find(|row| id(row) == wanted).cloned().map(Some).ok_or(wanted),
    }
}
