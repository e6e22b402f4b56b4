//! Checks combinations of settings. Each problem is reported under its setting's name.

use super::common::ResponsibleRule;
use super::conditions::{Parameter, Row};
use super::employees::Matching;
use super::telephony::{CallAssignee, CallSettings, MissedTask, OrderAssignee};
use super::texts::{ChatEvent, TextAssignee, TextSettings};
use super::{DUE_HOURS_MAX, ExtraFieldRow, RECORDING_WAIT_MAX, Repeat, Settings, problem, schema};
use crate::base::template;
use crate::bindings::uis::integration::types::Misconfiguration;
use crate::platform::Phones;

/// Adds a problem: the setting's name, and what is wrong with it.
type Refuse<'a> = dyn FnMut(&str, String) + 'a;

/// What the checks found.
#[derive(Default)]
pub struct Checked {
    /// What makes the settings unusable.
    pub problems: Vec<Misconfiguration>,
    /// What the owner should know though it does no harm.
    pub notes: Vec<Misconfiguration>,
}

/// Checks all settings, and converts phone numbers and addresses to canonical form.
pub fn check(settings: &mut Settings, phones: &dyn Phones) -> Checked {
    let mut checked = Checked::default();
    let refuse = &mut |setting: &str, message: String| checked.problems.push(problem(setting, message));
    if settings.recording_wait > RECORDING_WAIT_MAX {
        refuse("recording-wait", format!("{} is not a whole number of minutes from 0 to {RECORDING_WAIT_MAX}", settings.recording_wait));
    }
    check_employees(settings, refuse);
    let country = settings.phone_country.clone();
    let read = &|text: &str| number(phones, &country, text);
    check_numbers(settings, read, refuse);
    check_calls(settings, refuse);
    check_conditions(settings, read, refuse);
    check_field_rows("extra-field-rows", &settings.extra_field_rows, refuse);
    if settings.telephony && settings.extra_fields && settings.extra_field_rows.is_empty() {
        refuse("extra-field-rows", "add at least one row, or switch extra-fields off".into());
    }
    check_click_to_call(settings, read, refuse);
    for (prefix, block) in [("request", &settings.requests), ("chat", &settings.chats)] {
        check_texts(block, settings.texts, |setting, message| refuse(&format!("{prefix}-{setting}"), message));
    }
    check_text_tasks(settings, refuse);
    check_domains(settings, refuse);
    check_deals(settings, refuse);
    check_shop_numbers(settings, read, refuse);
    checked.notes = missing_defaults(settings);
    checked
}

/// Without a default assignee, clients and orders may have nobody.
fn missing_defaults(settings: &Settings) -> Vec<Misconfiguration> {
    let calls = [&settings.incoming, &settings.outgoing].into_iter().any(|block| block.creates(true) || block.creates(false));
    let texts = [&settings.requests, &settings.chats]
        .into_iter()
        .any(|block| block.send && (block.first.client() || block.first.order() || block.repeat != Repeat::Nothing));
    let missing = [
        ("default-responsible", settings.telephony && calls && settings.default_assignee.is_none(), "calls"),
        ("text-default-responsible", settings.texts && texts && settings.default_of_texts().is_none(), "requests and chats"),
    ];
    let missing = missing.into_iter().filter(|(_, missing, _)| *missing);
    missing
        .map(|(name, _, what)| {
            problem(name, format!("no user is chosen: clients and orders of {what} have no manager when no other is known"))
        })
        .collect()
}

/// «Соответствие сотрудников».
fn check_employees(settings: &Settings, refuse: &mut Refuse<'_>) {
    if settings.employee_synchronisation && settings.employee_matching == Matching::Table && settings.employee_table.is_empty() {
        refuse("employee-table", "add at least one row, or match employees by their e-mail (employee-matching: synchronisation)".into());
    }
    for (index, pair) in settings.employee_table.iter().enumerate() {
        if settings.employee_table[..index].iter().any(|known| known.employee == pair.employee) {
            refuse("employee-table", format!("row {}: employee {} already has a row", index + 1, pair.employee));
        }
    }
}

/// Reads a number that is written in a setting; an empty text if it has none.
type Read<'a> = &'a dyn Fn(&str) -> String;

/// A number that is written in a setting: as a person types it in the account's country, else as UIS gives it (short numbers).
fn number(phones: &dyn Phones, country: &str, text: &str) -> String {
    let typed = phones.phones_typed(text, country).into_iter().next();
    typed.or_else(|| phones.phone_of_system(text)).map(|phone| phone.number).unwrap_or_default()
}

/// «Фильтровать по виртуальным номерам».
fn check_numbers(settings: &mut Settings, read: Read<'_>, refuse: &mut Refuse<'_>) {
    settings.virtual_numbers = settings.virtual_numbers.iter().map(|number| read(number)).collect();
    if settings.telephony && settings.filter_by_virtual_numbers && settings.virtual_numbers.is_empty() {
        refuse("virtual-numbers", "choose at least one number, or switch filter-by-virtual-numbers off".into());
    }
    if settings.virtual_numbers.iter().any(String::is_empty) {
        refuse("virtual-numbers", "a number has no digits".into());
    }
}

/// «Номер для звонка по клику».
fn check_click_to_call(settings: &mut Settings, read: Read<'_>, refuse: &mut Refuse<'_>) {
    settings.click_to_call_number = settings.click_to_call_number.take().map(|number| read(&number));
    if settings.click_to_call_number.as_deref() == Some("") {
        refuse("click-to-call-number", "the number has no digits".into());
    }
    if settings.telephony && settings.override_caller_id && settings.click_to_call_number.is_none() {
        refuse("click-to-call-number", "choose the number that override-caller-id shows to customers".into());
    }
}

/// «Магазины» of texts.
fn check_domains(settings: &mut Settings, refuse: &mut Refuse<'_>) {
    for (index, row) in settings.site_domains.iter_mut().enumerate() {
        row.domain = crate::base::links::site_address(&row.domain);
        if row.domain.is_empty() || row.site.trim().is_empty() {
            refuse("site-domains", format!("row {}: a domain and a shop are needed", index + 1));
        }
    }
}

/// «Подключение передачи сделок».
fn check_deals(settings: &Settings, refuse: &mut Refuse<'_>) {
    if !settings.deals {
        return;
    }
    if settings.deal_extra_fields && settings.deal_field_codes.is_empty() {
        refuse("deal-field-codes", "choose at least one field, or switch deal-extra-fields off".into());
    }
    if let Some(both) = settings.deal_success_groups.iter().find(|group| settings.deal_failed_groups.contains(group)) {
        refuse("deal-failed-groups", format!("{both} is already among deal-success-groups"));
    }
    for (name, groups) in [("deal-success-groups", &settings.deal_success_groups), ("deal-failed-groups", &settings.deal_failed_groups)] {
        if groups.is_empty() {
            refuse(name, "choose at least one group: every funnel of UIS has a stage for it".into());
        }
    }
}

/// «Магазины» of calls.
fn check_shop_numbers(settings: &mut Settings, read: Read<'_>, refuse: &mut Refuse<'_>) {
    for row in &mut settings.shop_numbers {
        row.number = read(&row.number);
    }
    for (index, row) in settings.shop_numbers.iter().enumerate() {
        if row.number.is_empty() || row.site.trim().is_empty() {
            refuse("shop-numbers", format!("row {}: a shop and a number are needed", index + 1));
        }
        if settings.shop_numbers[..index].iter().any(|known| known.number == row.number && known.site != row.site) {
            refuse("shop-numbers", format!("row {}: {} is already another shop's number", index + 1, row.number));
        }
    }
}

/// «Входящие звонки» and «Исходящие звонки».
fn check_calls(settings: &Settings, refuse: &mut Refuse<'_>) {
    if !settings.telephony {
        return;
    }
    let mut needs_default = false;
    for (prefix, block) in [("incoming", &settings.incoming), ("outgoing", &settings.outgoing)] {
        check_direction(block, &mut |setting, message| refuse(&format!("{prefix}-{setting}"), message));
        needs_default |= !matches!(block.missed_task, MissedTask::None | MissedTask::Fixed);
    }
    // RetailCRM requires an assignee, and any other may be unknown.
    if needs_default && settings.default_assignee.is_none() {
        refuse("default-responsible", "a task needs an assignee when no other is known: choose a user".into());
    }
    if settings.call_order_assignee == OrderAssignee::Fixed && settings.call_order_user.is_none() {
        refuse("call-order-user", "choose the user, or another call-order-responsible".into());
    }
    if settings.call_order_after_hours > DUE_HOURS_MAX {
        refuse("call-order-after-hours", format!("at most {DUE_HOURS_MAX} hours"));
    }
    if let Err(message) = template::check(&settings.call_order_comment) {
        refuse("call-order-comment", message);
    }
}

fn check_direction(block: &CallSettings, refuse: &mut Refuse<'_>) {
    if block.first.client() && block.first_assignee == CallAssignee::Fixed && block.first_user.is_none() {
        refuse("first-user", "choose the user, or another first-responsible".into());
    }
    if block.repeat != Repeat::Nothing && block.repeat_assignee == CallAssignee::Fixed && block.repeat_user.is_none() {
        refuse("repeat-user", "choose the user, or another repeat-responsible".into());
    }
    if block.missed_task == MissedTask::Fixed && block.missed_task_user.is_none() {
        refuse("missed-task-user", "choose the user, or another assignee".into());
    }
    if block.missed_task != MissedTask::None
        && let Err(message) = template::check(&block.missed_task_name)
    {
        refuse("missed-task-name", message);
    }
    if block.missed_task_due_hours > DUE_HOURS_MAX {
        refuse("missed-task-due-hours", format!("at most {DUE_HOURS_MAX} hours"));
    }
}

/// The most rows of conditions in one setting. More would be a mistake, and every event evaluates them.
const ROWS_MAX: usize = 200;

/// Filters and «Ответственные»: the parameters that the kind of appeal has; every group and row says something.
fn check_conditions(settings: &mut Settings, read: Read<'_>, refuse: &mut Refuse<'_>) {
    let properties = schema::properties();
    let filters = [
        ("incoming-filter", &mut settings.incoming.filter),
        ("outgoing-filter", &mut settings.outgoing.filter),
        ("request-filter", &mut settings.requests.filter),
        ("chat-filter", &mut settings.chats.filter),
    ];
    for (name, filter) in filters {
        check_groups(name, &properties[name]["items"], filter, read, refuse);
    }
    let rules: [(&str, &mut Vec<ResponsibleRule>); 4] = [
        ("incoming-responsibles", &mut settings.incoming.rules),
        ("outgoing-responsibles", &mut settings.outgoing.rules),
        ("request-responsibles", &mut settings.requests.rules),
        ("chat-responsibles", &mut settings.chats.rules),
    ];
    for (name, rules) in rules {
        for rule in rules {
            check_groups(name, &properties[name]["items"]["properties"]["conditions"]["items"], &mut rule.conditions, read, refuse);
        }
    }
}

/// `groups` is the schema of a group.
fn check_groups(name: &str, schema: &serde_json::Value, groups: &mut [Vec<Row>], read: Read<'_>, refuse: &mut Refuse<'_>) {
    let parameters = &schema["items"]["properties"]["parameter"];
    if groups.iter().map(Vec::len).sum::<usize>() > ROWS_MAX {
        refuse(name, format!("at most {ROWS_MAX} rows"));
    }
    for (place, group) in groups.iter_mut().enumerate() {
        let place = place + 1;
        if group.is_empty() {
            refuse(name, format!("group {place} has no row: add one, or remove the group"));
        }
        for row in group {
            let parameter = serde_json::to_value(row.parameter).unwrap_or_default();
            if let Some(message) = schema::not_listed(parameters, &parameter) {
                refuse(name, format!("group {place}: the parameter {message}"));
            }
            if row.parameter == Parameter::VirtualNumber {
                row.values.iter_mut().for_each(|number| *number = read(number));
            }
            if row.values.is_empty() || row.values.iter().any(|value| value.trim().is_empty()) {
                refuse(name, format!("group {place}: choose at least one value for {parameter}"));
            }
        }
    }
}

/// Rows of «Передавать дополнительные поля».
fn check_field_rows(name: &str, rows: &[ExtraFieldRow], refuse: &mut Refuse<'_>) {
    for (index, row) in rows.iter().enumerate() {
        let place = index + 1;
        if row.field.trim().is_empty() {
            refuse(name, format!("row {place}: choose RetailCRM's field"));
        }
        if rows[..index].iter().any(|known| known.field == row.field && known.entity == row.entity) {
            refuse(name, format!("row {place}: the field {} already has a row", row.field));
        }
        if let Err(message) = template::check(&row.value) {
            refuse(name, format!("row {place}: {message}"));
        }
    }
}

/// Tasks of requests and chats need an assignee, as those of calls do; the default one of calls serves both.
fn check_text_tasks(settings: &Settings, refuse: &mut Refuse<'_>) {
    let needs_default = |block: &TextSettings| block.send && block.task && block.task_assignee != TextAssignee::Fixed;
    let needed = settings.texts && (needs_default(&settings.requests) || needs_default(&settings.chats));
    if needed && settings.default_of_texts().is_none() {
        refuse("text-default-responsible", "a task needs an assignee when no other is known: choose a user".into());
    }
}

/// Checks the settings of a block. `texts` is the section's switch.
fn check_texts(block: &TextSettings, texts: bool, mut refuse: impl FnMut(&str, String)) {
    if !block.send || !texts {
        return;
    }
    for (choice, user, setting, name) in [
        (block.assignee, block.assignee_user, "responsible-user", "responsible"),
        (block.order_assignee, block.order_user, "order-user", "order-responsible"),
        (block.repeat_assignee, block.repeat_user, "repeat-user", "repeat-responsible"),
        (if block.task { block.task_assignee } else { TextAssignee::Default }, block.task_user, "task-user", "task-responsible"),
    ] {
        if choice == TextAssignee::Fixed && user.is_none() {
            refuse(setting, format!("choose the user, or another {name}"));
        }
    }
    if block.when == ChatEvent::Tag && block.tags.is_empty() {
        refuse("tags", "choose at least one tag, or another event".into());
    }
    if block.order_when == super::texts::OrderEvent::Tag && block.order_tags.is_empty() {
        refuse("order-tags", "choose at least one tag, or another event".into());
    }
    if block.order_types.iter().any(|row| row.request_type.trim().is_empty()) {
        refuse("order-types", "a row has no type".into());
    }
    if block.task && block.task_for.is_empty() {
        refuse("task-for", "choose at least one kind of chat, or switch the task off".into());
    }
    if block.extra_fields && block.field_rows.is_empty() {
        refuse("field-rows", "add at least one row, or switch extra-fields off".into());
    }
    check_field_rows("field-rows", &block.field_rows, &mut refuse);
    for (name, hours) in [("after-hours", block.after_hours), ("task-due-hours", block.task_due_hours)] {
        if hours > DUE_HOURS_MAX {
            refuse(name, format!("at most {DUE_HOURS_MAX} hours"));
        }
    }
    for (name, text) in [("task-name", &block.task_name), ("client-name", &block.client_name), ("order-comment", &block.order_comment)] {
        if let Err(message) = template::check(text) {
            refuse(name, message);
        }
    }
}
