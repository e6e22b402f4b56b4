//! Settings of older versions. Their names are understood in files and recordings, whatever version these name; a note says what each has
//! become. Settings that were saved by version 0.1 also keep that version's values for what they do not name.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::problem;
use crate::bindings::uis::integration::types::Misconfiguration;

/// Values of settings that version 0.1 had as defaults and later versions do not.
fn defaults_of_0_1() -> [(&'static str, Value); 4] {
    [
        ("import-user-statuses", json!(true)),
        ("forward-to-manager", json!(true)),
        ("deals", json!(true)),
        ("outgoing-missed-task-name", json!("Перезвонить: пропущенный звонок {{contact_phone_number}}")),
    ]
}

/// What each setting of version 0.1 that was renamed or merged has become.
const RENAMED: [(&str, &str); 15] = [
    ("create-contact", "incoming-first and outgoing-first"),
    ("contact-responsible", "incoming-first-responsible and outgoing-first-responsible"),
    ("contact-responsible-user", "incoming-first-user and outgoing-first-user"),
    ("call-orders", ORDERS),
    ("call-order-calls", ORDERS),
    ("call-order-repeat", ORDERS),
    ("missed-call-task", TASKS),
    ("missed-call-task-calls", TASKS),
    ("missed-call-task-responsible", TASKS),
    ("missed-call-task-user", "incoming-missed-task-user and outgoing-missed-task-user"),
    ("missed-call-task-name", "incoming-missed-task-name and outgoing-missed-task-name"),
    ("missed-call-task-due-hours", "incoming-missed-task-due-hours and outgoing-missed-task-due-hours"),
    ("request-method", "request-first, request-repeat and request-task"),
    ("chat-method", "chat-first, chat-repeat and chat-task"),
    ("chat-channels", "a row of chat-filter"),
];
const ORDERS: &str = "incoming-first, incoming-repeat, outgoing-first, outgoing-repeat, and incoming-missed for lost calls";
const TASKS: &str = "incoming-missed-task and outgoing-missed-task";

/// Renames and merges the settings of older versions. Returns the settings under their present names, what cannot be migrated, and what was.
pub fn migrate(
    given: Map<String, Value>,
    from_version: Option<&str>,
) -> (Map<String, Value>, Vec<Misconfiguration>, Vec<Misconfiguration>) {
    let renamed = RENAMED.into_iter().filter(|(old, _)| given.contains_key(*old));
    let note = |(old, new)| problem(old, format!("this setting of version 0.1 has become {new}; save the settings to rename it"));
    let notes = renamed.map(note).collect();
    let mut migration = Migration { given, added: Map::new(), problems: Vec::new(), notes };
    migration.calls();
    migration.missed_call_tasks();
    for prefix in ["request-", "chat-"] {
        migration.method(prefix);
    }
    migration.chat_channels();
    let Migration { mut given, added, problems, notes } = migration;
    // A setting under its present name wins.
    for (name, value) in added {
        given.entry(name).or_insert(value);
    }
    if from_version.is_some_and(|version| version.starts_with("0.1.")) {
        for (name, value) in defaults_of_0_1() {
            given.entry(name).or_insert(value);
        }
    }
    for (name, value) in &mut given {
        normalise(name, value);
    }
    (given, problems, notes)
}

struct Migration {
    given: Map<String, Value>,
    added: Map<String, Value>,
    problems: Vec<Misconfiguration>,
    notes: Vec<Misconfiguration>,
}

#[derive(Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ContactAssignee {
    Talked,
    Default,
    Fixed,
    Shop,
}

#[derive(Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum OrderCall {
    First,
    Repeat,
    Lost,
}

#[derive(Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Direction {
    Incoming,
    Outgoing,
}

#[derive(Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Method {
    ClientAndOrder,
    Client,
    Task,
}

const DIRECTIONS: [(&str, Direction); 2] = [("incoming", Direction::Incoming), ("outgoing", Direction::Outgoing)];

impl Migration {
    /// Takes an old setting out; none if it is not there or cannot be read, which is a problem.
    fn take<T: DeserializeOwned>(&mut self, name: &str) -> Option<T> {
        let value = self.given.remove(name)?;
        match serde_json::from_value(value.clone()) {
            Ok(read) => Some(read),
            Err(error) => {
                self.problems.push(problem(name, format!("{value} cannot be used: {error}")));
                None
            }
        }
    }

    fn set(&mut self, name: String, value: Value) {
        self.added.insert(name, value);
    }

    /// «Создавать контакт при звонке» and «Создавать заказ по звонку» were settings for calls of both directions.
    fn calls(&mut self) {
        let old =
            ["create-contact", "contact-responsible", "contact-responsible-user", "call-orders", "call-order-calls", "call-order-repeat"];
        if !old.iter().any(|name| self.given.contains_key(*name)) {
            return;
        }
        let create: bool = self.take("create-contact").unwrap_or(false);
        let assignee: Option<ContactAssignee> = self.take("contact-responsible");
        let user: Option<Option<i64>> = self.take("contact-responsible-user");
        let orders: Option<bool> = self.take("call-orders");
        let calls: Vec<OrderCall> = self.take("call-order-calls").unwrap_or_else(|| vec![OrderCall::First]);
        let repeat: Value = self.take("call-order-repeat").unwrap_or_else(|| json!("no-open"));
        if !["always", "no-open", "after-hours"].iter().any(|known| repeat == *known) {
            self.problems.push(problem("call-order-repeat", format!("{repeat} cannot be used; there are: always, no-open, after-hours")));
        }
        if orders == Some(true) && calls.is_empty() {
            self.problems.push(problem("call-order-calls", "choose at least one kind of call, or switch call-orders off".into()));
        }
        let wanted = |call: OrderCall| orders == Some(true) && calls.contains(&call);
        let first = if wanted(OrderCall::First) {
            "client-and-order"
        } else if create {
            "client"
        } else {
            "nothing"
        };
        let repeated = if wanted(OrderCall::Repeat) { repeat.clone() } else { json!("nothing") };
        for (direction, _) in DIRECTIONS {
            self.set(format!("{direction}-first"), json!(first));
            self.set(format!("{direction}-repeat"), repeated.clone());
            if let Some(assignee) = assignee {
                self.set(
                    format!("{direction}-first-responsible"),
                    json!(match assignee {
                        ContactAssignee::Talked => "last-talked",
                        ContactAssignee::Default => "default",
                        ContactAssignee::Fixed => "fixed",
                        ContactAssignee::Shop => "shop",
                    }),
                );
            }
            if let Some(user) = user {
                self.set(format!("{direction}-first-user"), json!(user));
            }
        }
        if wanted(OrderCall::Lost) {
            self.set("incoming-missed".into(), json!(true));
            self.set("incoming-missed-first".into(), json!("client-and-order"));
            self.set("incoming-missed-repeat".into(), repeat);
            if assignee.is_some_and(|assignee| matches!(assignee, ContactAssignee::Fixed | ContactAssignee::Shop)) {
                self.notes.push(problem(
                    "contact-responsible",
                    "clients of missed calls now get the assignee by the rules, else the default one: see incoming-missed-responsible"
                        .into(),
                ));
            }
        }
        if orders == Some(true) {
            self.set("call-order-responsible".into(), json!("talked"));
        }
    }

    /// «Создавать задачу по пропущенному звонку» had one assignee and one name for calls of both directions.
    fn missed_call_tasks(&mut self) {
        let wanted: Option<bool> = self.take("missed-call-task");
        let calls: Option<Vec<Direction>> = self.take("missed-call-task-calls");
        let assignee: Option<Value> = self.take("missed-call-task-responsible");
        if let Some(wrong) =
            assignee.as_ref().filter(|given| !["called-last", "manager", "default", "fixed"].iter().any(|known| *given == known))
        {
            self.problems.push(problem(
                "missed-call-task-responsible",
                format!("{wrong} cannot be used; there are: called-last, manager, default, fixed"),
            ));
        }
        if wanted == Some(true) && calls.as_ref().is_some_and(Vec::is_empty) {
            self.problems
                .push(problem("missed-call-task-calls", "choose at least one kind of call, or switch missed-call-task off".into()));
        }
        if let Some(wanted) = wanted {
            let calls = calls.unwrap_or_else(|| vec![Direction::Incoming]);
            let assignee = assignee.unwrap_or_else(|| json!("called-last"));
            for (name, direction) in DIRECTIONS {
                let task = if wanted && calls.contains(&direction) { assignee.clone() } else { json!("none") };
                self.set(format!("{name}-missed-task"), task);
            }
        }
        for (old, member) in
            [("missed-call-task-user", "user"), ("missed-call-task-name", "name"), ("missed-call-task-due-hours", "due-hours")]
        {
            if let Some(value) = self.given.remove(old) {
                for (direction, _) in DIRECTIONS {
                    self.set(format!("{direction}-missed-task-{member}"), value.clone());
                }
            }
        }
    }

    /// «Метод передачи» was one list for clients, orders and tasks.
    fn method(&mut self, prefix: &str) {
        let old = format!("{prefix}method");
        let Some(method) = self.take::<Method>(&old) else { return };
        let first = match method {
            Method::ClientAndOrder => "client-and-order",
            Method::Client => "client",
            Method::Task => "nothing",
        };
        self.set(format!("{prefix}first"), json!(first));
        if method != Method::ClientAndOrder {
            // These methods created no order, whatever «Повторное обращение» said.
            self.given.insert(format!("{prefix}repeat"), json!("nothing"));
        }
        if method == Method::Task {
            self.given.insert(format!("{prefix}task"), json!(true));
            if prefix == "chat-" {
                self.given.insert("chat-task-for".into(), json!(["any"]));
            }
        }
    }

    /// «Каналы» was a list of its own; it is a row of the filter now.
    fn chat_channels(&mut self) {
        let Some(channels) = self.take::<Vec<Value>>("chat-channels") else { return };
        if channels.is_empty() {
            return;
        }
        let row = json!({"parameter": "channel", "condition": "include", "values": channels});
        let filter = self.given.entry("chat-filter").or_insert_with(|| json!([]));
        match filter.as_array_mut() {
            Some(groups) if groups.is_empty() => groups.push(json!([row])),
            Some(groups) => groups.iter_mut().filter_map(Value::as_array_mut).for_each(|group| group.push(row.clone())),
            None => {}
        }
        self.given.insert("filter-chats".into(), json!(true));
    }
}

/// Ids in conditions and in lists of tags may be written as numbers.
fn normalise(name: &str, value: &mut Value) {
    let to_text = |value: &mut Value| {
        if value.is_i64() {
            *value = value.to_string().into();
        }
    };
    match name {
        "chat-tags" | "chat-order-tags" => value.as_array_mut().into_iter().flatten().for_each(to_text),
        _ if name.ends_with("-filter") => rows(value, &to_text),
        _ if name.ends_with("-responsibles") => {
            let conditions = value.as_array_mut().into_iter().flatten().filter_map(|rule| rule.get_mut("conditions"));
            conditions.for_each(|conditions| rows(conditions, &to_text));
        }
        _ => {}
    }
}

fn rows(conditions: &mut Value, to_text: &impl Fn(&mut Value)) {
    for row in conditions.as_array_mut().into_iter().flatten().filter_map(Value::as_array_mut).flatten() {
        row.get_mut("values").and_then(Value::as_array_mut).into_iter().flatten().for_each(to_text);
    }
}

#[cfg(test)]
mod tests;
