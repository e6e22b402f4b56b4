//! The lists of the account: employees, lines, numbers, channels, sites, advertising, tags. Rows are in the order in which the account has
//! them: the API promises no order.

use serde::Serialize;
use serde_json::{Map, Value, json};
use uis_host::data_api::Employee;

use crate::account::AccountState;
use crate::context::{Answer, Context};
use crate::rpc::ApiError;

/// A row of the account as an object.
fn members(row: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(row) {
        Ok(Value::Object(members)) => members,
        _ => Map::new(),
    }
}

/// Sets members that are absent or null.
fn with_defaults(mut row: Map<String, Value>, defaults: Value) -> Value {
    for (name, value) in defaults.as_object().into_iter().flatten() {
        let place = row.entry(name.clone()).or_insert(Value::Null);
        if place.is_null() {
            *place = value.clone();
        }
    }
    row.into()
}

fn list<T: Serialize>(rows: &[T], defaults: &Value) -> Result<Answer, ApiError> {
    Ok(Answer::List(rows.iter().map(|row| with_defaults(members(row), defaults.clone())).collect()))
}

/// The row of an employee.
fn employee_row(employee: &Employee) -> Value {
    let mut row = members(employee);
    for ours in ["sip_lines", "licences"] {
        row.remove(ours);
    }
    row.insert("full_name".into(), employee.shown_name().into());
    let extension = match (employee.extension_number(), row.remove("extension")) {
        (None, _) => json!({}),
        (Some(number), given) => {
            let given = given.and_then(|given| given.as_object().cloned()).unwrap_or_default();
            with_defaults(
                given,
                json!({"extension_phone_number": number, "extension_voice_mail_enabled": false, "extension_queue_enabled": false}),
            )
        }
    };
    row.insert("extension".into(), extension);
    let phones = employee.phone_numbers.iter().enumerate().map(|(index, phone)| {
        let id = employee.id.saturating_mul(100).saturating_add(index as i64 + 1);
        with_defaults(members(phone), json!({"phone_id": id, "channels_count": 1, "dial_time": 60, "status": "active"}))
    });
    row.insert("phone_numbers".into(), phones.collect::<Vec<_>>().into());
    with_defaults(row, json!({"status": "available", "calls_available": true, "call_recording": "all"}))
}

/// `get.employees`.
pub(crate) fn employees(context: &mut Context<'_>) -> Result<Answer, ApiError> {
    Ok(Answer::List(context.state.account.employees.iter().map(employee_row).collect()))
}

/// The SIP lines of an employee, as rows. The account has no login and no id of a line; they are derived from the employee's id.
fn lines_of(employee: &Employee) -> impl Iterator<Item = Value> + '_ {
    employee.sip_lines.iter().enumerate().map(|(index, line)| {
        let id = employee.id.saturating_mul(100).saturating_add(index as i64 + 1);
        json!({
            "id": id,
            "phone_number": line_login(employee, index),
            "type": "in_out",
            "channels_count": 1,
            "dial_time": 60,
            "billing_state": "active",
            "physical_state": if line.registered { "Зарегистрирован" } else { "Не зарегистрирован" },
            "virtual_phone_number": line.virtual_phone_number,
            "status": "active",
            "employee_id": employee.id,
            "employee_full_name": employee.shown_name(),
            "ip_addresses": [],
        })
    })
}

/// The login of an employee's line: seven digits or more with a leading 0.
fn line_login(employee: &Employee, index: usize) -> String {
    format!("{:07}", employee.id.saturating_mul(10).saturating_add(index as i64))
}

/// `get.sip_lines`.
pub(crate) fn sip_lines(context: &mut Context<'_>) -> Result<Answer, ApiError> {
    Ok(Answer::List(context.state.account.employees.iter().flat_map(lines_of).collect()))
}

/// `get.virtual_numbers`.
pub(crate) fn virtual_numbers(context: &mut Context<'_>) -> Result<Answer, ApiError> {
    list(&context.state.account.virtual_numbers, &json!({"status": "active", "type": "va", "category": "usual"}))
}

/// `get.chat_channels`.
pub(crate) fn chat_channels(context: &mut Context<'_>) -> Result<Answer, ApiError> {
    list(&context.state.account.chat_channels, &json!({"status": "active"}))
}

/// `get.sites`.
pub(crate) fn sites(context: &mut Context<'_>) -> Result<Answer, ApiError> {
    list(&context.state.account.sites, &json!({"is_editable": true, "services_enabled": true, "state": "work"}))
}

/// `get.campaigns`.
pub(crate) fn campaigns(context: &mut Context<'_>) -> Result<Answer, ApiError> {
    list(&context.state.account.campaigns, &json!({"status": "active", "type": "basic"}))
}

/// The numbers whose rows name a scenario.
fn numbers_of(state: &AccountState, scenario: i64) -> Vec<&str> {
    let names = |row: &Map<String, Value>| {
        let scenarios = row.get("scenarios").and_then(Value::as_array);
        scenarios.into_iter().flatten().any(|known| known["scenario_id"].as_i64() == Some(scenario))
    };
    let numbers = state.account.virtual_numbers.iter().filter(|number| names(&number.rest));
    numbers.map(|number| number.virtual_phone_number.as_str()).collect()
}

/// `get.scenarios`.
pub(crate) fn scenarios(context: &mut Context<'_>) -> Result<Answer, ApiError> {
    let state = &*context.state;
    let row = |scenario: &uis_host::data_api::Scenario| {
        with_defaults(members(scenario), json!({"virtual_phone_numbers": numbers_of(state, scenario.id)}))
    };
    Ok(Answer::List(state.account.scenarios.iter().map(row).collect()))
}

/// `get.tags`.
pub(crate) fn tags(context: &mut Context<'_>) -> Result<Answer, ApiError> {
    list(&context.state.account.tags, &json!({"is_system": false, "is_auto": false, "state": "active", "rating": 0, "color": "#EBEBEB"}))
}
