//! Changes of communications: tags.

use serde_json::{Value, json};
use uis_host::data_api::Tag;

use crate::context::{Answer, Context};
use crate::report::Row;
use crate::rpc::ApiError;

/// `set.tag_communications`. A tag that the communication has already is set again [inferred].
pub(crate) fn set_tag(context: &mut Context<'_>) -> Result<Answer, ApiError> {
    let (list, row) = communication(context)?;
    let tag = tag(context)?;
    let set = json!({
        "tag_id": tag.id,
        "tag_name": tag.name,
        "tag_change_time": context.shown(context.now),
        "tag_type": "manual",
        "tag_user_id": null,
        "tag_user_login": null,
        "tag_employee_id": null,
        "tag_employee_full_name": null,
    });
    let kept = tags(&row).filter(|known| known["tag_id"] != set["tag_id"]).cloned();
    let tags: Vec<Value> = kept.chain([set.clone()]).collect();
    write(context, list, row, tags)
}

/// `unset.tag_communications`. A tag that the communication does not have changes nothing [inferred].
pub(crate) fn unset_tag(context: &mut Context<'_>) -> Result<Answer, ApiError> {
    let (list, row) = communication(context)?;
    let tag = tag(context)?;
    let tags = tags(&row).filter(|known| known["tag_id"].as_i64() != Some(tag.id)).cloned().collect();
    write(context, list, row, tags)
}

fn tags(row: &Value) -> impl Iterator<Item = &Value> {
    row["tags"].as_array().into_iter().flatten()
}

fn tag(context: &Context<'_>) -> Result<Tag, ApiError> {
    let id = context.integer("tag_id");
    let found = context.state.account.tags.iter().find(|tag| Some(tag.id) == id);
    found.cloned().ok_or_else(|| ApiError::about("entity_not_found", "tag_id", context.value("tag_id")))
}

/// The communication that a request names, and the report that has it.
fn communication(context: &Context<'_>) -> Result<(&'static str, Value), ApiError> {
    let list = match context.text("communication_type") {
        Some("call") => "calls",
        Some("chat") => "chats",
        Some("offline_message") => "offline_messages",
        // This server has no goals.
        _ => return context.refuse("entity_not_found", "communication_id"),
    };
    let (name, wanted) = match (context.integer("communication_id"), context.text("communication_ext_id")) {
        (Some(id), _) => ("communication_id", Value::from(id)),
        (None, Some(id)) => ("communication_ext_id", Value::from(id)),
        (None, None) => return context.refuse("required_parameter_missed", "communication_id"),
    };
    let is_it = |row: &&Row| match name {
        "communication_ext_id" => row.row["ext_id"] == wanted,
        // A call's communication has the call's id.
        _ if row.row["communication_id"].is_null() => row.row["id"] == wanted,
        _ => row.row["communication_id"] == wanted,
    };
    match context.state.report.rows(list).find(is_it) {
        Some(row) => Ok((list, row.row.clone())),
        None => context.refuse("entity_not_found", name),
    }
}

/// Writes a row with other tags into the report.
fn write(context: &mut Context<'_>, list: &str, mut row: Value, tags: Vec<Value>) -> Result<Answer, ApiError> {
    row["tags"] = tags.into();
    let (zone, now) = (context.zone, context.now);
    let written = context.state.merge_report(&json!({ list: [row] }), zone, now);
    written.map_err(|error| ApiError::of("internal_error").because(error))?;
    Ok(Answer::Data(json!({})))
}
