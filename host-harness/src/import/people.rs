//! The account that is made up from what requests mention: employees, virtual numbers, chat channels, scenarios, tags, sites, campaigns.

use std::collections::{BTreeMap, BTreeSet};

use chrono_tz::Tz;
use serde_json::{Map, Value, json};
use uis_host::notification::params::Params;
use uis_host::notification::tags::tags;

use super::kind::Kind;

/// Ids that are made up begin here; UIS's are smaller or far larger.
const MADE_UP: i64 = 900_001;

/// The four parameters that name an employee: id, full name, e-mail, extension.
const EMPLOYEES: [[&str; 4]; 8] = [
    ["employee_id", "employee_full_name", "employee_email", "extension_phone_number"],
    ["last_talked_employee_id", "last_talked_employee_full_name", "last_talked_employee_email", "last_talked_employee_extension"],
    ["first_talked_employee_id", "first_talked_employee_full_name", "first_talked_employee_email", ""],
    ["last_answered_employee_id", "last_answered_employee_full_name", "last_answered_employee_email", ""],
    ["first_answered_employee_id", "first_answered_employee_full_name", "first_answered_employee_email", ""],
    ["operator_id", "", "", ""],
    ["", "", "", "extension"],
    ["", "", "", "code"],
];

/// What is known of an employee.
#[derive(Debug, Clone, Default, PartialEq)]
struct Person {
    name: Option<String>,
    email: Option<String>,
    extension: Option<String>,
    /// The id of the user in the CRM.
    user: Option<i64>,
}

impl Person {
    /// Whether two descriptions have a name, an e-mail or an extension in common.
    fn is(&self, other: &Person) -> bool {
        let same = |one: &Option<String>, other: &Option<String>| one.is_some() && one == other;
        same(&self.email, &other.email) || same(&self.name, &other.name) || same(&self.extension, &other.extension)
    }

    fn add(&mut self, other: Person) {
        self.name = self.name.take().or(other.name);
        self.email = self.email.take().or(other.email);
        self.extension = self.extension.take().or(other.extension);
        self.user = self.user.or(other.user);
    }
}

/// What requests mentioned.
#[derive(Debug, Default)]
pub(super) struct People {
    employees: BTreeMap<i64, Person>,
    /// Those who were mentioned without an id.
    nameless: Vec<Person>,
    numbers: BTreeSet<String>,
    channels: BTreeMap<i64, (Option<String>, Option<String>)>,
    /// Lists of an id and a name by the account's member.
    named: BTreeMap<&'static str, Named>,
}

/// Things with an id and a name.
#[derive(Debug, Default)]
struct Named {
    by_id: BTreeMap<i64, String>,
    without_id: BTreeSet<String>,
}

impl Named {
    fn add(&mut self, id: Option<i64>, name: Option<String>) {
        match (id.filter(|id| *id > 0), name) {
            (Some(id), name) => {
                let known = self.by_id.entry(id).or_default();
                if let Some(name) = name.filter(|_| known.is_empty()) {
                    *known = name;
                }
            }
            (None, Some(name)) => {
                self.without_id.insert(name);
            }
            (None, None) => {}
        }
    }

    /// All of them; those without an id get one that nobody has.
    fn all(&self) -> Vec<(i64, String)> {
        let known: Vec<(i64, String)> =
            self.by_id.iter().map(|(id, name)| (*id, if name.is_empty() { id.to_string() } else { name.clone() })).collect();
        let more = self.without_id.iter().filter(|name| !known.iter().any(|(_, known)| known == *name));
        let free = (MADE_UP..).filter(|id| !self.by_id.contains_key(id));
        known.iter().cloned().chain(free.zip(more.cloned())).collect()
    }
}

impl People {
    /// Adds what a request mentions.
    pub(super) fn mention(&mut self, kind: &Kind, params: &Params) {
        let is_of_crm = !matches!(kind, Kind::Notification(_) | Kind::Route);
        for [id, name, email, extension] in EMPLOYEES {
            // Only the CRM's click has a `code`: the extension of who clicked.
            if is_of_crm != (extension == "code") {
                continue;
            }
            let person = Person {
                name: params.peek_text(name),
                email: params.peek_text(email),
                extension: params.peek_text(extension),
                user: params.peek_integer("userId").filter(|_| is_of_crm),
            };
            self.employee(params.peek_integer(id).filter(|id| *id > 0), person);
        }
        if is_of_crm {
            return;
        }
        for id in params.integers("employee_ids").into_iter().filter(|id| *id > 0) {
            self.employee(Some(id), Person::default());
        }
        for name in ["virtual_phone_number", "numb"] {
            self.numbers.extend(params.phone(name).map(|number| number.digits));
        }
        self.channel(params);
        let mut named = |member, id: &str, name: &str| {
            self.named.entry(member).or_default().add(params.peek_integer(id), params.peek_text(name));
        };
        named("sites", "site_id", "site_domain_name");
        named("scenarios", "scenario_id", "scenario_name");
        named("campaigns", "campaign_id", "campaign_name");
        for tag in tags(params) {
            self.named.entry("tags").or_default().add(tag.id, Some(tag.name).filter(|name| !name.is_empty()));
        }
    }

    fn employee(&mut self, id: Option<i64>, person: Person) {
        match id {
            Some(id) => self.employees.entry(id).or_default().add(person),
            None if person != Person::default() => self.nameless.push(person),
            None => {}
        }
    }

    fn channel(&mut self, params: &Params) {
        let id = params.peek_integer("chat_channel_id").or_else(|| params.peek_integer("channel_id"));
        let Some(id) = id.filter(|id| *id > 0) else { return };
        let known = self.channels.entry(id).or_default();
        known.0 = known.0.take().or_else(|| params.peek_text("chat_channel_name"));
        known.1 = known.1.take().or_else(|| params.peek_text("chat_channel_type"));
    }

    /// The header with the account and, in the CRM, a user for each employee; and what is to be known about it.
    pub(super) fn header(&self, zone: Tz, settings: Option<&Value>) -> (Map<String, Value>, Vec<String>) {
        let employees = self.all_employees();
        let mut of_settings = BTreeSet::new();
        users_of_settings(settings.unwrap_or(&Value::Null), "", &mut of_settings);
        let made_up = employees.iter().filter(|(_, person)| person.email.is_none()).count();
        let (mut of_uis, mut of_crm) = (Vec::new(), Vec::new());
        let taken: BTreeSet<i64> = employees.values().filter_map(|person| person.user).chain(of_settings.iter().copied()).collect();
        let mut free = (1..).filter(|id| !taken.contains(id));
        for (id, person) in &employees {
            let user = person.user.or_else(|| free.next()).unwrap_or(*id);
            let (employee, user) = employee(user, *id, person);
            of_uis.push(employee);
            of_crm.push(user);
        }
        let numbers =
            (1..).zip(&self.numbers).map(|(id, number): (i64, _)| json!({"id": id, "virtual_phone_number": number, "name": number}));
        let channels = self.channels.iter().map(|(id, (name, kind))| {
            let name = name.clone().unwrap_or_else(|| id.to_string());
            json!({"id": id, "name": name, "type": kind.clone().unwrap_or_else(|| "comagic".into()), "status": "active"})
        });
        let mut account = json!({"timezone": zone.name()});
        let mut put = |member: &str, list: Vec<Value>| {
            if !list.is_empty() {
                account[member] = list.into();
            }
        };
        put("employees", of_uis);
        put("virtual_numbers", numbers.collect());
        put("chat_channels", channels.collect());
        for (member, named) in &self.named {
            let name_of = if *member == "sites" { "domain_name" } else { "name" };
            put(member, named.all().into_iter().map(|(id, name)| json!({"id": id, name_of: name})).collect());
        }
        let known: Vec<&Value> = of_crm.iter().map(|user| &user["id"]).collect();
        let missing: Vec<i64> = of_settings.into_iter().filter(|id| !known.contains(&&Value::from(*id))).collect();
        of_crm.extend(missing.iter().map(|id| user_of_settings(*id)));
        let crm = json!({"users": of_crm, "settings": {"timezone": {"value": zone.name()}}});
        let header = [("account", account), ("settings", json!({})), ("crm", crm)];
        let mut notes = vec![format!(
            "the account was made up from what is mentioned: employees {} (each with a user in RetailCRM), virtual numbers {}, chat channels {}; \
             --account gives another",
            employees.len(),
            self.numbers.len(),
            self.channels.len()
        )];
        if !missing.is_empty() {
            let ids = missing.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
            notes.push(format!("users of RetailCRM were made up because the settings name their ids: {ids}"));
        }
        if made_up > 0 {
            notes.push(format!("employees with a made-up e-mail address, by which they are tied to their user in RetailCRM: {made_up}"));
        }
        (header.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(), notes)
    }

    /// The employees by id. Those without one are found by name, e-mail or extension among the others, or get an id that nobody has.
    fn all_employees(&self) -> BTreeMap<i64, Person> {
        let mut all = self.employees.clone();
        for person in &self.nameless {
            let known = all.iter().find(|(_, known)| known.is(person)).map(|(id, _)| *id);
            let id = known.or_else(|| (MADE_UP..).find(|id| !all.contains_key(id)));
            if let Some(id) = id {
                all.entry(id).or_default().add(person.clone());
            }
        }
        all
    }
}

/// The ids of the CRM's users in settings: whole numbers in settings and members whose names end with one of these words.
fn users_of_settings(value: &Value, name: &str, found: &mut BTreeSet<i64>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(name, member)| users_of_settings(member, name, found)),
        Value::Array(items) => items.iter().for_each(|item| users_of_settings(item, name, found)),
        Value::Number(number) if ["user", "users", "responsible", "manager"].iter().any(|word| name.ends_with(word)) => {
            found.extend(number.as_i64().filter(|id| *id > 0));
        }
        _ => {}
    }
}

/// A user whom only the settings name.
fn user_of_settings(id: i64) -> Value {
    json!({"id": id, "email": format!("user-{id}@example.invalid"), "firstName": format!("Пользователь {id}"), "lastName": "", "active": true,
        "online": true, "status": "free"})
}

/// An employee of UIS, and the user of the CRM with the same e-mail address.
fn employee(user: i64, id: i64, person: &Person) -> (Value, Value) {
    let full = person.name.clone().unwrap_or_else(|| format!("Сотрудник {id}"));
    let (last, first) = match full.split_once(' ').filter(|_| person.name.is_some()) {
        Some((last, first)) => (last.to_owned(), Some(first.to_owned())),
        None => (full.clone(), None),
    };
    let email = person.email.clone().unwrap_or_else(|| format!("employee-{id}@example.invalid"));
    let mut employee = json!({"id": id, "full_name": full, "last_name": last, "first_name": first, "email": email, "status": "available"});
    if let Some(extension) = &person.extension {
        employee["extension"] = json!({"extension_phone_number": extension});
    }
    let user = json!({"id": user, "email": email, "firstName": first.unwrap_or_else(|| last.clone()), "lastName": last, "active": true,
        "online": true, "status": "free"});
    (employee, user)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header_of(bodies: &[Value]) -> Map<String, Value> {
        let mut people = People::default();
        for body in bodies {
            let params = Params::from_body(body, chrono_tz::Europe::Moscow, 0).expect("an object");
            people.mention(&Kind::Notification("out_call"), &params);
        }
        people.header(chrono_tz::Europe::Moscow, None).0
    }

    #[test]
    fn what_several_requests_say_of_an_employee_is_put_together() {
        let header = header_of(&[
            json!({"employee_id": 5, "employee_full_name": "Иванова Анна"}),
            json!({"employee_full_name": "Иванова Анна", "extension_phone_number": "101"}),
            json!({"last_talked_employee_id": "5", "last_talked_employee_email": "anna@shop.example", "employee_ids": "[5, 6]"}),
            json!({"employee_full_name": "Петров Борис"}),
        ]);
        let employees = header["account"]["employees"].as_array().expect("a list");
        let ids: Vec<&Value> = employees.iter().map(|employee| &employee["id"]).collect();
        assert_eq!(ids, [&json!(5), &json!(6), &json!(MADE_UP)]);
        assert_eq!(
            employees[0],
            json!({"id": 5, "full_name": "Иванова Анна", "last_name": "Иванова", "first_name": "Анна", "email": "anna@shop.example",
                "status": "available", "extension": {"extension_phone_number": "101"}})
        );
        let emails = |list: &Value| -> Vec<Value> { list.as_array().expect("a list").iter().map(|one| one["email"].clone()).collect() };
        assert_eq!(emails(&header["account"]["employees"]), emails(&header["crm"]["users"]));
    }

    #[test]
    fn users_whom_settings_name_are_made_up_and_no_employee_takes_their_ids() {
        let mut people = People::default();
        let params = Params::from_body(&json!({"employee_id": 323_409}), chrono_tz::Europe::Moscow, 0).expect("an object");
        people.mention(&Kind::Notification("out_call"), &params);
        let settings = json!({"default-responsible": 1, "responsibles": [{"user": 7}], "task-due-hours": 4, "recording-wait": 600});
        let (header, notes) = people.header(chrono_tz::Europe::Moscow, Some(&settings));
        let ids: Vec<&Value> = header["crm"]["users"].as_array().expect("a list").iter().map(|user| &user["id"]).collect();
        assert_eq!(ids, [&json!(2), &json!(1), &json!(7)]);
        assert!(notes.iter().any(|note| note.ends_with("their ids: 1, 7")), "{notes:?}");
    }

    #[test]
    fn numbers_channels_tags_and_scenarios_are_mentioned_once() {
        let body = json!({"virtual_phone_number": "74951112233", "chat_channel_id": 31, "chat_channel_type": "telegram", "scenario_name": "Ночь",
            "tag_ids": [3], "tag_names": ["VIP"], "site_id": 9, "site_domain_name": "shop.example"});
        let account = header_of(&[body.clone(), body])["account"].clone();
        assert_eq!(account["virtual_numbers"], json!([{"id": 1, "virtual_phone_number": "74951112233", "name": "74951112233"}]));
        assert_eq!(account["chat_channels"], json!([{"id": 31, "name": "31", "type": "telegram", "status": "active"}]));
        assert_eq!(account["tags"], json!([{"id": 3, "name": "VIP"}]));
        assert_eq!(account["scenarios"], json!([{"id": MADE_UP, "name": "Ночь"}]));
        assert_eq!(account["sites"], json!([{"id": 9, "domain_name": "shop.example"}]));
    }
}
