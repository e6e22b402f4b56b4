//! The history of deals.

use serde_json::{Value, json};
use uis_host::bindings::uis::integration::deals::Deal;

use super::refused;
use crate::context::{Answer, Context, integer};
use crate::deals::State;
use crate::rpc::ApiError;
use crate::times;

/// `upload.deals_history`. This server processes an upload at once.
pub(crate) fn history(context: &mut Context<'_>) -> Result<Answer, ApiError> {
    let given = context.value("deals").as_array().into_iter().flatten();
    let deals = given.map(|given| deal(context, given)).collect::<Result<Vec<Deal>, ApiError>>()?;
    let now = context.now;
    context.state.deals.upload_history(deals, now).map_err(|refusal| {
        let mut error = refused(refusal);
        error.field = error.field.take().map(|field| if field == "deals" { field } else { format!("deals.{field}") });
        error
    })?;
    Ok(Answer::Data(json!({})))
}

/// A row of an upload. Tags, leads and companies are checked and not kept.
fn deal(context: &Context<'_>, given: &Value) -> Result<Deal, ApiError> {
    let text = |name: &str| given[name].as_str().map(str::to_owned);
    let time = |name: &str| given[name].as_str().and_then(|text| times::parse(context.zone, text));
    let field = |field: &Value| {
        let text = |name: &str| field[name].as_str().unwrap_or_default().to_owned();
        (text("ext_id"), text("value"))
    };
    Ok(Deal {
        ext_id: text("ext_id").unwrap_or_default(),
        name: text("name").unwrap_or_default(),
        created: time("created_date_time").unwrap_or(context.now),
        stage_modified: time("modified_stage_date_time").unwrap_or(context.now),
        modified: time("modified_date_time"),
        closed: time("closed_date_time"),
        funnel_ext_id: text("sales_funnel_ext_id").unwrap_or_default(),
        stage_ext_id: text("stage_ext_id").unwrap_or_default(),
        contact_ext_ids: contacts(given)?,
        employee_ext_id: text("employee_ext_id"),
        revenue: given["revenue"].as_number().map(ToString::to_string),
        comments: text("comments"),
        source: text("source"),
        communication: communication(given)?,
        user_fields: given["user_fields"].as_array().into_iter().flatten().map(field).collect(),
        page: None,
    })
}

/// The contacts, the main one first. The list and the main contact need each other.
fn contacts(given: &Value) -> Result<Vec<String>, ApiError> {
    let list = given["contact_ext_ids"].as_array().map(Vec::as_slice).unwrap_or_default();
    let main = &given["main_contact_ext_id"];
    if let Some(other) = list.iter().find(|item| !item.is_string()) {
        return Err(ApiError::about("data_type_error", "deals.contact_ext_ids", other));
    }
    match (list.is_empty(), main.as_str()) {
        (true, None) => Ok(Vec::new()),
        (false, None) => Err(ApiError::about("required_parameter_missed", "deals.main_contact_ext_id", &Value::Null)),
        (true, Some(_)) => Err(ApiError::about("required_parameter_missed", "deals.contact_ext_ids", &Value::Null)),
        (false, Some(_)) if !list.contains(main) => Err(ApiError::about("invalid_parameter_value", "deals.main_contact_ext_id", main)),
        (false, Some(id)) => {
            let others = list.iter().filter_map(Value::as_str).filter(|other| *other != id);
            Ok([id].into_iter().chain(others).map(str::to_owned).collect())
        }
    }
}

/// The communication: its kind and its id need each other.
fn communication(given: &Value) -> Result<Option<(String, i64)>, ApiError> {
    match (given["communication_type"].as_str(), integer(&given["communication_id"])) {
        (None, None) => Ok(None),
        (Some(kind), Some(id)) => Ok(Some((kind.to_owned(), id))),
        (None, Some(_)) => Err(ApiError::about("required_parameter_missed", "deals.communication_type", &Value::Null)),
        (Some(_), None) => Err(ApiError::about("required_parameter_missed", "deals.communication_id", &Value::Null)),
    }
}

/// `get.deals_history`: a row for every state of every deal.
pub(crate) fn list(context: &mut Context<'_>) -> Result<Answer, ApiError> {
    let row = |state: &State| {
        let deal = &state.deal;
        json!({
            "ext_id": deal.ext_id,
            "name": deal.name,
            "created_date_time": context.shown(deal.created),
            "closed_date_time": deal.closed.map(|at| context.shown(at)),
            "modified_stage_date_time": context.shown(deal.stage_modified),
            "contact_ext_ids": deal.contact_ext_ids,
            "tag_ext_ids": [],
            "main_contact_ext_id": deal.contact_ext_ids.first(),
            "employee_ext_id": deal.employee_ext_id,
            "revenue": deal.revenue.as_deref().and_then(|revenue| revenue.parse::<serde_json::Number>().ok()),
            "sales_funnel_ext_id": deal.funnel_ext_id,
            "stage_ext_id": deal.stage_ext_id,
            "comments": deal.comments,
            "source": deal.source,
            "is_generated": state.is_generated,
            "communication_id": deal.communication.as_ref().map(|(_, id)| *id),
            "communication_type": deal.communication.as_ref().map(|(kind, _)| kind),
        })
    };
    let states = context.state.deals.deals.iter().flat_map(|history| &history.states);
    Ok(Answer::List(states.map(row).collect()))
}

/// `get.deals_in_processing`.
pub(crate) fn in_processing(_: &mut Context<'_>) -> Result<Answer, ApiError> {
    Ok(Answer::Data(json!({"count": 0})))
}

/// `delete.deals`: one deal, whatever the name says.
pub(crate) fn delete(context: &mut Context<'_>) -> Result<Answer, ApiError> {
    let id = context.text("ext_id").unwrap_or_default().to_owned();
    if context.state.deals.deal(&id).is_none() {
        return context.refuse("entity_not_found", "ext_id");
    }
    context.state.deals.delete_deal(&id);
    Ok(Answer::Data(json!({})))
}
