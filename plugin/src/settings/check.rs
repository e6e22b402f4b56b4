//! Checks combinations of settings. Each problem is reported under its setting's name.

use super::telephony::{ContactAssignee, OrderAssignee, TaskAssignee};
use super::texts::{TextAssignee, TextSettings};
use super::{DUE_HOURS_MAX, RECORDING_WAIT_MAX, Settings, problem};
use crate::base::{phone, template};
use crate::bindings::uis::integration::types::Misconfiguration;

/// RetailCRM has no orders from before this day.
const EARLIEST_DAY: &str = "2000-01-01";

/// Adds a problem: the setting's name, and what is wrong with it.
type Refuse<'a> = dyn FnMut(&str, String) + 'a;

/// Checks all settings, and converts phone numbers to canonical form. The problems are in the order of the settings page.
pub fn check(settings: &mut Settings) -> Vec<Misconfiguration> {
    let mut problems = Vec::new();
    let refuse = &mut |setting: &str, message: String| problems.push(problem(setting, message));
    if settings.recording_wait > RECORDING_WAIT_MAX {
        refuse("recording-wait", format!("{} is not a whole number of minutes from 0 to {RECORDING_WAIT_MAX}", settings.recording_wait));
    }
    check_employees(settings, refuse);
    check_numbers(settings, refuse);
    check_contact(settings, refuse);
    check_missed_call_task(settings, refuse);
    check_extra_fields(settings, refuse);
    check_click_to_call(settings, refuse);
    check_call_orders(settings, refuse);
    for (prefix, block) in [("request", &settings.requests), ("chat", &settings.chats)] {
        check_texts(block, |setting, message| refuse(&format!("{prefix}-{setting}"), message));
    }
    check_domains(settings, refuse);
    check_deals(settings, refuse);
    check_shop_numbers(settings, refuse);
    problems
}

/// «Соответствие сотрудников».
fn check_employees(settings: &Settings, refuse: &mut Refuse<'_>) {
    for (index, pair) in settings.employee_table.iter().enumerate() {
        if settings.employee_table[..index].iter().any(|known| known.employee == pair.employee) {
            refuse("employee-table", format!("row {}: employee {} already has a row", index + 1, pair.employee));
        }
    }
}

/// «Фильтровать по виртуальным номерам».
fn check_numbers(settings: &mut Settings, refuse: &mut Refuse<'_>) {
    settings.virtual_numbers = settings.virtual_numbers.iter().map(|number| phone::canonical(number)).collect();
    if settings.filter_by_virtual_numbers && settings.virtual_numbers.is_empty() {
        refuse("virtual-numbers", "choose at least one number, or switch filter-by-virtual-numbers off".into());
    }
    if settings.virtual_numbers.iter().any(String::is_empty) {
        refuse("virtual-numbers", "a number has no digits".into());
    }
}

/// «Создавать контакт при звонке».
fn check_contact(settings: &Settings, refuse: &mut Refuse<'_>) {
    if settings.create_contact && settings.contact_assignee == ContactAssignee::Fixed && settings.contact_assignee_user.is_none() {
        refuse("contact-responsible-user", "choose the user, or another contact-responsible".into());
    }
}

/// «Создавать задачу по пропущенному звонку».
fn check_missed_call_task(settings: &Settings, refuse: &mut Refuse<'_>) {
    if settings.missed_call_task {
        if settings.missed_call_task_assignee == TaskAssignee::Fixed && settings.missed_call_task_user.is_none() {
            refuse("missed-call-task-user", "choose the user, or another missed-call-task-responsible".into());
        }
        // RetailCRM requires an assignee, and the employee called last or the customer's manager may be unknown.
        if settings.missed_call_task_assignee != TaskAssignee::Fixed && settings.default_assignee.is_none() {
            refuse("default-responsible", "a task needs an assignee when no other is known: choose a user".into());
        }
        if settings.missed_call_task_calls.is_empty() {
            refuse("missed-call-task-calls", "choose at least one kind of call, or switch missed-call-task off".into());
        }
        if let Err(message) = template::check(&settings.missed_call_task_name) {
            refuse("missed-call-task-name", message);
        }
        if settings.missed_call_task_due_hours > DUE_HOURS_MAX {
            refuse("missed-call-task-due-hours", format!("at most {DUE_HOURS_MAX} hours"));
        }
    }
}

/// «Передавать дополнительные поля».
fn check_extra_fields(settings: &Settings, refuse: &mut Refuse<'_>) {
    if settings.extra_fields && settings.extra_field_rows.is_empty() {
        refuse("extra-field-rows", "add at least one row, or switch extra-fields off".into());
    }
    for (index, row) in settings.extra_field_rows.iter().enumerate() {
        let place = index + 1;
        if row.field.trim().is_empty() {
            refuse("extra-field-rows", format!("row {place}: choose RetailCRM's field"));
        }
        if settings.extra_field_rows[..index].iter().any(|known| known.field == row.field) {
            refuse("extra-field-rows", format!("row {place}: the field {} already has a row", row.field));
        }
        if let Err(message) = template::check(&row.value) {
            refuse("extra-field-rows", format!("row {place}: {message}"));
        }
    }
}

/// «Номер для звонка по клику».
fn check_click_to_call(settings: &mut Settings, refuse: &mut Refuse<'_>) {
    settings.click_to_call_number = settings.click_to_call_number.take().map(|number| phone::canonical(&number));
    if settings.click_to_call_number.as_deref() == Some("") {
        refuse("click-to-call-number", "the number has no digits".into());
    }
    if settings.override_caller_id && settings.click_to_call_number.is_none() {
        refuse("click-to-call-number", "choose the number that override-caller-id shows to customers".into());
    }
}

/// «Создавать заказ по звонку».
fn check_call_orders(settings: &Settings, refuse: &mut Refuse<'_>) {
    if settings.call_orders {
        if settings.call_order_calls.is_empty() {
            refuse("call-order-calls", "choose at least one kind of call, or switch call-orders off".into());
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
}

/// «Магазины сайтов».
fn check_domains(settings: &mut Settings, refuse: &mut Refuse<'_>) {
    for (index, row) in settings.site_domains.iter_mut().enumerate() {
        row.domain = crate::base::links::domain(&row.domain);
        if row.domain.is_empty() || row.site.trim().is_empty() {
            refuse("site-domains", format!("row {}: a domain and a shop are needed", index + 1));
        }
    }
}

/// «Подключение передачи сделок».
fn check_deals(settings: &Settings, refuse: &mut Refuse<'_>) {
    if settings.deals {
        if settings.deal_extra_fields && settings.deal_field_codes.is_empty() {
            refuse("deal-field-codes", "choose at least one field, or switch deal-extra-fields off".into());
        }
        if let Some(both) = settings.deal_success_groups.iter().find(|group| settings.deal_failed_groups.contains(group)) {
            refuse("deal-failed-groups", format!("{both} is already among deal-success-groups"));
        }
        for (name, groups) in [("deal-success-groups", &settings.deal_success_groups), ("deal-failed-groups", &settings.deal_failed_groups)]
        {
            if groups.is_empty() {
                refuse(name, "choose at least one group: every funnel of UIS has a stage for it".into());
            }
        }
    }
    if let Some(day) = &settings.deal_history_from
        && (day.len() != 10 || crate::base::local_time::parse(day).is_none())
    {
        refuse("deal-history-from", format!("{day:?} is not a date; write it like 2026-01-31"));
    } else if let Some(day) = settings.deal_history_from.as_deref().filter(|day| *day < EARLIEST_DAY) {
        refuse("deal-history-from", format!("{day} is before {EARLIEST_DAY}; orders are read day by day, and there are none so old"));
    }
}

/// «Внешние номера магазинов».
fn check_shop_numbers(settings: &mut Settings, refuse: &mut Refuse<'_>) {
    for row in &mut settings.shop_numbers {
        row.number = phone::canonical(&row.number);
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

/// Checks the settings of a block.
fn check_texts(block: &TextSettings, mut refuse: impl FnMut(&str, String)) {
    if !block.send {
        return;
    }
    if block.assignee == TextAssignee::Fixed && block.assignee_user.is_none() {
        refuse("responsible-user", "choose the user, or another responsible".into());
    }
    if block.task && block.task_assignee == TextAssignee::Fixed && block.task_user.is_none() {
        refuse("task-user", "choose the user, or another task-responsible".into());
    }
    if block.extra_fields && block.field_rows.is_empty() {
        refuse("field-rows", "add at least one row, or switch extra-fields off".into());
    }
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
    for (index, row) in block.field_rows.iter().enumerate() {
        let place = index + 1;
        if row.field.trim().is_empty() {
            refuse("field-rows", format!("row {place}: choose RetailCRM's field"));
        }
        if block.field_rows[..index].iter().any(|known| known.field == row.field && known.entity == row.entity) {
            refuse("field-rows", format!("row {place}: the field {} already has a row", row.field));
        }
        if let Err(message) = template::check(&row.value) {
            refuse("field-rows", format!("row {place}: {message}"));
        }
    }
}
