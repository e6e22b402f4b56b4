//! Reviews what the settings name: objects of the UIS account, and users, shops and codes of RetailCRM that are gone; values that an older
//! version accepted and that cannot work; and licences that employees lack. Each
//! finding is reported once. A condition on something that is gone still compares the stored id.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::appeals::conditions::{Object, objects};
use crate::base::keys::Key;
use crate::base::outcome::skipped;
use crate::base::stored;
use crate::bindings::uis::integration::directory::Employee;
use crate::bindings::uis::integration::types::{Failure, Skipped};
use crate::context::Context;
use crate::crm_state::employee_links::EmployeeLink;
use crate::crm_state::{known_fields, shops, statuses};
use crate::retailcrm::custom_fields::Entity;
use crate::retailcrm::users::User;
use crate::settings::Settings;
use crate::settings::common::ResponsibleRule;
use crate::settings::conditions::{Parameter, Row};
use crate::settings::telephony::{CallAssignee, MissedTask, OrderAssignee};
use crate::settings::texts::{ChatEvent, OrderEvent, TextAssignee};

/// UIS's licences for calls and for chats.
const CALL_LICENCE: &str = "vats";
const CHAT_LICENCE: &str = "omni";

/// What is wrong now and was not reported before. `links` are the employees who are users of RetailCRM.
pub fn run(context: &Context<'_>, users: &[User], employees: &[Employee], links: &[EmployeeLink]) -> Result<Vec<Skipped>, Failure> {
    let found = all(context, users, employees, links)?;
    let known: Vec<String> = stored::load(context.platform, Key::SettingsReviewed)?.unwrap_or_default();
    let texts: Vec<String> = found.iter().map(|item| format!("{}: {}", item.what, item.why)).collect();
    if texts != known {
        stored::put(context.platform, Key::SettingsReviewed, &texts, None)?;
    }
    Ok(found.into_iter().zip(&texts).filter(|(_, text)| !known.contains(text)).map(|(item, _)| item).collect())
}

/// What is wrong now, whether it was reported before or not.
pub fn all(context: &Context<'_>, users: &[User], employees: &[Employee], links: &[EmployeeLink]) -> Result<Vec<Skipped>, Failure> {
    let settings = context.settings()?;
    let mut found = unusable(context)?;
    found.extend(gone_objects(context, settings)?);
    found.extend(gone_codes(context, settings)?);
    found.extend(gone_users(settings, users));
    found.extend(missing_licences(settings, employees, links));
    Ok(found)
}

/// All conditions of the settings: the setting's name, and its rows.
fn conditions(settings: &Settings) -> Vec<(&'static str, Vec<&Row>)> {
    let mut all: Vec<(&str, Vec<&Row>)> = rules(settings).into_iter().map(|(name, rules)| (name, of_rules(rules))).collect();
    let (calls, requests, chats) = (settings.telephony, settings.handles_requests(), settings.handles_chats());
    let filters = [
        (calls && settings.filter_calls, "incoming-filter", &settings.incoming.filter),
        (calls && settings.filter_calls, "outgoing-filter", &settings.outgoing.filter),
        (requests && settings.filter_requests, "request-filter", &settings.requests.filter),
        (chats && settings.filter_chats, "chat-filter", &settings.chats.filter),
    ];
    all.extend(filters.into_iter().filter(|(on, ..)| *on).map(|(_, name, groups)| (name, rows(groups))));
    all
}

/// «Основные условия» of the sections that are on.
fn rules(settings: &Settings) -> Vec<(&'static str, &[ResponsibleRule])> {
    let all = [
        (settings.telephony, "incoming-responsibles", &settings.incoming.rules),
        (settings.telephony, "outgoing-responsibles", &settings.outgoing.rules),
        (settings.handles_requests(), "request-responsibles", &settings.requests.rules),
        (settings.handles_chats(), "chat-responsibles", &settings.chats.rules),
    ];
    all.into_iter().filter(|(on, ..)| *on).map(|(_, name, rules)| (name, rules.as_slice())).collect()
}

fn rows(groups: &[Vec<Row>]) -> Vec<&Row> {
    groups.iter().flatten().collect()
}

fn of_rules(rules: &[ResponsibleRule]) -> Vec<&Row> {
    rules.iter().flat_map(|rule| rule.conditions.iter().flatten()).collect()
}

/// Values of conditions, and tags of a chat's events, that UIS's directory does not have.
fn gone_objects(context: &Context<'_>, settings: &Settings) -> Result<Vec<Skipped>, Failure> {
    const OF_ROW: &str = " any more; the row still compares this id: choose another value, or remove the row";
    const OF_EVENT: &str = " any more, so it can be set on no chat: choose another tag, or remove it";
    let mut named: Vec<(&str, Parameter, &[String], &str)> = Vec::new();
    for (setting, rows) in conditions(settings) {
        named.extend(rows.into_iter().map(|row| (setting, row.parameter, row.values.as_slice(), OF_ROW)));
    }
    let chats = &settings.chats;
    let events = [
        ("chat-tags", chats.when == ChatEvent::Tag, &chats.tags),
        ("chat-order-tags", chats.order_when == OrderEvent::Tag, &chats.order_tags),
    ];
    let events = events.into_iter().filter(|(_, on, _)| *on && settings.handles_chats());
    named.extend(events.map(|(setting, _, tags)| (setting, Parameter::Tag, tags.as_slice(), OF_EVENT)));
    let mut lists: BTreeMap<&str, Vec<Object>> = BTreeMap::new();
    let mut found = Vec::new();
    for (setting, parameter, values, advice) in named {
        let Some(kind) = kind(parameter) else { continue };
        let known = match lists.entry(kind) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unread) => unread.insert(objects(context, parameter)?),
        };
        for value in values.iter().filter(|value| !known.iter().any(|(id, _)| id == *value)) {
            found.push(skipped(format!("{setting}: {kind} {value}"), format!("UIS has no such {kind}{advice}")));
        }
    }
    Ok(found)
}

/// Values that an older version accepted and that cannot work. They are not used.
fn unusable(context: &Context<'_>) -> Result<Vec<Skipped>, Failure> {
    let all = Settings::unusable(&context.platform.prepared_settings())?;
    Ok(all.into_iter().map(|one| skipped(one.setting, format!("{}. Until then it is not used", one.message))).collect())
}

/// Shops, groups of statuses and fields that RetailCRM does not have. What they were chosen for is made without them. (An order whose status,
/// type or method is gone is refused, which names the setting, and waits until that is corrected.)
fn gone_codes(context: &Context<'_>, settings: &Settings) -> Result<Vec<Skipped>, Failure> {
    let gone = |setting: &str, code: &str, what: &str| {
        let why = format!("RetailCRM has no such {what} any more, so it is not used: choose another one in this setting, or remove it");
        skipped(format!("{setting}: {what} {code}"), why)
    };
    let mut found: Vec<Skipped> =
        shops::gone(context.platform, settings)?.into_iter().map(|(setting, code)| gone(setting, code, "shop")).collect();
    let known = statuses::all(context.platform)?;
    if settings.deals {
        for (setting, groups) in
            [("deal-success-groups", &settings.deal_success_groups), ("deal-failed-groups", &settings.deal_failed_groups)]
        {
            let unknown = groups.iter().filter(|group| !known.iter().any(|status| status.group == **group));
            found.extend(unknown.map(|group| gone(setting, group, "group of statuses")));
        }
        let fields = known_fields::of(context.platform, Entity::Order)?;
        let unknown = settings.deal_fields().iter().filter(|code| !fields.iter().any(|field| field.code == **code));
        found.extend(unknown.map(|code| gone("deal-field-codes", code, "field of orders")));
    }
    Ok(found)
}

/// What a parameter's values are; none if they are names or cannot be listed.
fn kind(parameter: Parameter) -> Option<&'static str> {
    Some(match parameter {
        Parameter::VirtualNumber => "virtual number",
        Parameter::Scenario => "scenario",
        Parameter::Site => "site",
        Parameter::Campaign => "campaign",
        Parameter::Employee => "employee",
        Parameter::Tag => "tag",
        Parameter::Channel => "chat channel",
        Parameter::Source | Parameter::RequestType => return None,
    })
}

/// Users whom settings name and who have left. Rules of theirs are passed over.
fn gone_users(settings: &Settings, users: &[User]) -> Vec<Skipped> {
    let is_active = |id: i64| users.iter().any(|user| user.id == Some(id) && user.active != Some(false));
    let mut found = Vec::new();
    for (setting, user) in named_users(settings).into_iter().filter(|(_, user)| !is_active(*user)) {
        found.push(skipped(
            format!("{setting}: user {user}"),
            "RetailCRM has no such active user, and what the user would get goes to another assignee: choose another user",
        ));
    }
    for (setting, rules) in rules(settings) {
        for rule in rules.iter().filter(|rule| !is_active(rule.user)) {
            found.push(skipped(
                format!("{setting}: user {}", rule.user),
                "RetailCRM has no such active user; the rule is passed over: choose another user",
            ));
        }
    }
    found
}

/// The users whom settings in use name, outside of rules.
fn named_users(settings: &Settings) -> Vec<(String, i64)> {
    let mut named: Vec<(String, bool, Option<i64>)> = vec![
        ("default-responsible".into(), settings.telephony, settings.default_assignee),
        ("text-default-responsible".into(), settings.texts, settings.text_default_assignee),
        ("call-order-user".into(), settings.telephony && settings.call_order_assignee == OrderAssignee::Fixed, settings.call_order_user),
    ];
    for (prefix, block) in [("incoming", &settings.incoming), ("outgoing", &settings.outgoing)] {
        let fixed = |choice: CallAssignee| settings.telephony && choice == CallAssignee::Fixed;
        let task = settings.telephony && block.missed_task == MissedTask::Fixed;
        named.push((format!("{prefix}-first-user"), fixed(block.first_assignee) && block.first.client(), block.first_user));
        named.push((format!("{prefix}-repeat-user"), fixed(block.repeat_assignee), block.repeat_user));
        named.push((format!("{prefix}-missed-task-user"), task, block.missed_task_user));
    }
    for (prefix, block) in [("request", &settings.requests), ("chat", &settings.chats)] {
        let fixed = |choice: TextAssignee| settings.texts && block.send && choice == TextAssignee::Fixed;
        named.push((format!("{prefix}-responsible-user"), fixed(block.assignee), block.assignee_user));
        named.push((format!("{prefix}-order-user"), fixed(block.order_assignee), block.order_user));
        named.push((format!("{prefix}-repeat-user"), fixed(block.repeat_assignee), block.repeat_user));
        named.push((format!("{prefix}-task-user"), fixed(block.task_assignee) && block.task, block.task_user));
    }
    named.into_iter().filter(|(_, used, _)| *used).filter_map(|(name, _, user)| Some((name, user?))).collect()
}

/// Linked employees who can do nothing of what is switched on, because they have no licence for it.
fn missing_licences(settings: &Settings, employees: &[Employee], links: &[EmployeeLink]) -> Vec<Skipped> {
    let needed = [(settings.telephony, CALL_LICENCE, "calls"), (settings.handles_chats(), CHAT_LICENCE, "chats")];
    let linked = employees.iter().filter(|employee| links.iter().any(|link| link.employee_id == employee.id));
    let lacking = linked.flat_map(|employee| {
        let known = employee.licences.as_ref();
        let lacks = move |licence: &str| known.is_some_and(|known| !known.iter().any(|one| one == licence));
        needed.into_iter().filter(move |(on, licence, _)| *on && lacks(licence)).map(move |(_, licence, what)| (employee, licence, what))
    });
    lacking
        .map(|(employee, licence, what)| {
            skipped(
                format!("employee {} ({})", employee.id, employee.full_name),
                format!("the employee has no licence {licence} in UIS and gets no {what}: give them one in UIS's personal account"),
            )
        })
        .collect()
}
