//! What deals refer to: employees, contacts, user fields. Unlike the host's port, the API separates creating from updating.

use std::collections::HashSet;

use serde_json::{Value, json};
use uis_host::bindings::uis::integration::deals::{DealContact, DealEmployee, UserField, UserFieldType};

use super::refused;
use crate::context::{Answer, Context};
use crate::rpc::ApiError;
use crate::{rows, times};

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(text).collect()
}

/// `get.deal_employees`.
pub(crate) fn employees(context: &mut Context<'_>) -> Result<Answer, ApiError> {
    let row = |employee: &DealEmployee| json!({"ext_id": employee.ext_id, "name": employee.name});
    Ok(Answer::List(context.state.deals.employees.iter().map(row).collect()))
}

/// `create.deal_employees`: one employee.
pub(crate) fn create_employee(context: &mut Context<'_>) -> Result<Answer, ApiError> {
    let employee = DealEmployee { ext_id: text(context.value("ext_id")), name: text(context.value("name")) };
    if context.state.deals.employee(&employee.ext_id).is_some() {
        return context.refuse("duplicate_entity", "ext_id");
    }
    let ext_id = employee.ext_id.clone();
    context.state.deals.put_employees(vec![employee]).map_err(refused)?;
    Ok(Answer::Data(json!({"ext_id": ext_id})))
}

/// `update.deal_employees`.
pub(crate) fn update_employee(context: &mut Context<'_>) -> Result<Answer, ApiError> {
    let known = context.text("ext_id").and_then(|id| context.state.deals.employee(id)).cloned();
    let Some(mut employee) = known else { return context.refuse("entity_not_found", "ext_id") };
    if let Some(name) = context.text("name") {
        employee.name = name.to_owned();
    }
    context.state.deals.put_employees(vec![employee]).map_err(refused)?;
    Ok(Answer::Data(json!({})))
}

/// `get.deal_contacts`.
pub(crate) fn contacts(context: &mut Context<'_>) -> Result<Answer, ApiError> {
    let timezone = &context.state.account.timezone;
    let row = |contact: &DealContact| {
        let mut row = rows::contact_row(timezone, contact);
        row["component"] = "dataapi".into();
        row
    };
    Ok(Answer::List(context.state.deals.contacts.iter().map(row).collect()))
}

/// Phone numbers and addresses must be texts; addresses must differ.
fn check_lists(given: &Value, path: &str) -> Result<(), ApiError> {
    for name in ["phone_numbers", "emails"] {
        let items = given[name].as_array().map(Vec::as_slice).unwrap_or_default();
        let field = format!("{path}{name}");
        if let Some(other) = items.iter().find(|item| !item.is_string()) {
            return Err(ApiError::about("data_type_error", field, other));
        }
        let mut seen = HashSet::new();
        if let Some(twice) = items.iter().filter_map(Value::as_str).find(|item| name == "emails" && !seen.insert(*item)) {
            return Err(ApiError::about("invalid_parameter_value", field, &twice.into()));
        }
    }
    Ok(())
}

/// `create.deal_contacts`: all of them, or none when one exists already [inferred].
pub(crate) fn create_contacts(context: &mut Context<'_>) -> Result<Answer, ApiError> {
    let mut new: Vec<DealContact> = Vec::new();
    let mut ids = HashSet::new();
    for given in context.value("contacts").as_array().into_iter().flatten() {
        check_lists(given, "contacts.")?;
        let ext_id = text(&given["ext_id"]);
        if context.state.deals.contact(&ext_id).is_some() || !ids.insert(ext_id.clone()) {
            return Err(ApiError::about("duplicate_entity", "contacts.ext_id", &given["ext_id"]));
        }
        let created = given["created_date_time"].as_str().and_then(|time| times::parse(context.zone, time));
        new.push(DealContact {
            ext_id,
            name: text(&given["name"]),
            created: created.unwrap_or(context.now),
            phone_numbers: texts(&given["phone_numbers"]),
            emails: texts(&given["emails"]),
        });
    }
    let now = context.now;
    context.state.deals.put_contacts(new, now).map_err(refused)?;
    Ok(Answer::Data(json!({})))
}

/// `update.deal_contacts`: the given members of one contact.
pub(crate) fn update_contact(context: &mut Context<'_>) -> Result<Answer, ApiError> {
    let known = context.text("ext_id").and_then(|id| context.state.deals.contact(id)).cloned();
    let Some(mut contact) = known else { return context.refuse("entity_not_found", "ext_id") };
    check_lists(&Value::Object(context.params.clone()), "")?;
    if let Some(name) = context.text("name") {
        contact.name = name.to_owned();
    }
    if let Some(created) = context.time("created_date_time") {
        contact.created = created;
    }
    // Null empties a list.
    for (name, list) in [("phone_numbers", &mut contact.phone_numbers), ("emails", &mut contact.emails)] {
        if let Some(given) = context.params.get(name) {
            *list = texts(given);
        }
    }
    let now = context.now;
    context.state.deals.put_contacts(vec![contact], now).map_err(refused)?;
    Ok(Answer::Data(json!({})))
}

/// `get.deal_user_fields`.
pub(crate) fn user_fields(context: &mut Context<'_>) -> Result<Answer, ApiError> {
    let row = |field: &UserField| {
        let kind = if field.data_type == UserFieldType::Numeric { "numeric" } else { "string" };
        json!({"ext_id": field.ext_id, "name": field.name, "data_type": kind})
    };
    Ok(Answer::List(context.state.deals.user_fields.iter().map(row).collect()))
}

/// `create.deal_user_field`.
pub(crate) fn create_user_field(context: &mut Context<'_>) -> Result<Answer, ApiError> {
    let ext_id = text(context.value("ext_id"));
    if context.state.deals.user_field(&ext_id).is_some() {
        return context.refuse("duplicate_entity", "ext_id");
    }
    let data_type = if context.text("data_type") == Some("numeric") { UserFieldType::Numeric } else { UserFieldType::Text };
    let field = UserField { ext_id: ext_id.clone(), name: text(context.value("name")), data_type };
    context.state.deals.put_user_fields(vec![field]).map_err(refused)?;
    Ok(Answer::Data(json!({"ext_id": ext_id})))
}

/// `update.deal_user_field`: the name. Unlike the other updates of deals it answers the id.
pub(crate) fn update_user_field(context: &mut Context<'_>) -> Result<Answer, ApiError> {
    let known = context.text("ext_id").and_then(|id| context.state.deals.user_field(id)).cloned();
    let Some(known) = known else { return context.refuse("entity_not_found", "ext_id") };
    let ext_id = known.ext_id.clone();
    let field = UserField { name: text(context.value("name")), ..known };
    context.state.deals.put_user_fields(vec![field]).map_err(refused)?;
    Ok(Answer::Data(json!({"ext_id": ext_id})))
}
