//! Sales funnels and their stages.

use serde_json::{Value, json};
use uis_host::bindings::uis::integration::deals::{Funnel, Stage, StageStatus};

use super::refused;
use crate::context::{Answer, Context, integer};
use crate::rows;
use crate::rpc::ApiError;

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn order(value: &Value) -> u32 {
    integer(value).and_then(|order| u32::try_from(order).ok()).unwrap_or(0)
}

/// `get.sales_funnel`.
pub(crate) fn list(context: &mut Context<'_>) -> Result<Answer, ApiError> {
    let row = |funnel: &Funnel| {
        let mut row = rows::funnel_row(funnel);
        // Stages come by their order.
        if let Some(stages) = row["stages"].as_array_mut() {
            stages.sort_by_key(|stage| stage["stage_order"].as_i64());
        }
        row
    };
    Ok(Answer::List(context.state.deals.funnels.iter().map(row).collect()))
}

/// `create.sales_funnel`.
pub(crate) fn create(context: &mut Context<'_>) -> Result<Answer, ApiError> {
    let stages = context.value("stages");
    let stage =
        |stage: &Value, status| Stage { ext_id: text(&stage["ext_id"]), name: text(&stage["name"]), status, order: order(&stage["order"]) };
    let mut all = vec![stage(&stages["success"], StageStatus::Success), stage(&stages["failed"], StageStatus::Failed)];
    let in_process = stages["in_process"].as_array().into_iter().flatten();
    all.extend(in_process.map(|given| stage(given, StageStatus::InProcess)));
    let ext_id = text(context.value("ext_id"));
    let funnel = Funnel { ext_id: ext_id.clone(), name: text(context.value("name")), stages: all };
    context.state.deals.create_funnel(funnel).map_err(refused)?;
    Ok(Answer::Data(json!({"ext_id": ext_id})))
}

/// `update.sales_funnel`: only the name can change.
pub(crate) fn update(context: &mut Context<'_>) -> Result<Answer, ApiError> {
    let mut funnel = funnel(context, "ext_id")?;
    funnel.name = text(context.value("name"));
    write(context, funnel, json!({}))
}

/// `delete.sales_funnel`.
pub(crate) fn delete(context: &mut Context<'_>) -> Result<Answer, ApiError> {
    let id = text(context.value("ext_id"));
    context.state.deals.delete_funnel(&id).map_err(refused)?;
    Ok(Answer::Data(json!({})))
}

/// `create.sales_funnel_stages`: one stage in process.
pub(crate) fn create_stage(context: &mut Context<'_>) -> Result<Answer, ApiError> {
    let mut funnel = funnel(context, "sales_funnel_ext_id")?;
    let ext_id = text(context.value("ext_id"));
    if funnel.stages.iter().any(|stage| stage.ext_id == ext_id) {
        return context.refuse("duplicate_entity", "ext_id");
    }
    funnel.stages.push(Stage {
        ext_id: ext_id.clone(),
        name: text(context.value("name")),
        status: StageStatus::InProcess,
        order: order(context.value("order")),
    });
    write(context, funnel, json!({"ext_id": ext_id}))
}

/// `update.sales_funnel_stages`: the name, and the order of a stage in process.
pub(crate) fn update_stage(context: &mut Context<'_>) -> Result<Answer, ApiError> {
    let mut funnel = funnel(context, "sales_funnel_ext_id")?;
    let id = text(context.value("ext_id"));
    let Some(stage) = funnel.stages.iter_mut().find(|stage| stage.ext_id == id) else {
        return context.refuse("entity_not_found", "ext_id");
    };
    if let Some(name) = context.text("name") {
        stage.name = name.to_owned();
    }
    if !context.value("order").is_null() {
        if stage.status != StageStatus::InProcess {
            return context.refuse("invalid_parameters_combination", "order");
        }
        stage.order = order(context.value("order"));
    }
    write(context, funnel, json!({}))
}

/// `delete.sales_funnel_stages`: a stage in process without deals, if another stage in process remains.
pub(crate) fn delete_stage(context: &mut Context<'_>) -> Result<Answer, ApiError> {
    let mut funnel = funnel(context, "sales_funnel_ext_id")?;
    let id = text(context.value("ext_id"));
    let Some(place) = funnel.stages.iter().position(|stage| stage.ext_id == id) else {
        return context.refuse("entity_not_found", "ext_id");
    };
    let stage = funnel.stages.remove(place);
    if stage.status != StageStatus::InProcess {
        // The verb delete has its own code for this mnemonic.
        let mut error = ApiError::about("forbidden", "ext_id", context.value("ext_id"));
        error.code = -32602;
        return Err(error);
    }
    if !funnel.stages.iter().any(|stage| stage.status == StageStatus::InProcess) {
        return context.refuse("dependency_error", "ext_id");
    }
    write(context, funnel, json!({}))
}

fn funnel(context: &Context<'_>, name: &str) -> Result<Funnel, ApiError> {
    let found = context.text(name).and_then(|id| context.state.deals.funnel(id));
    found.cloned().ok_or_else(|| ApiError::about("entity_not_found", name, context.value(name)))
}

fn write(context: &mut Context<'_>, funnel: Funnel, answer: Value) -> Result<Answer, ApiError> {
    context.state.deals.update_funnel(funnel).map_err(refused)?;
    Ok(Answer::Data(answer))
}
