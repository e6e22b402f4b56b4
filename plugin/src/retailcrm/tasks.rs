//! `/tasks`: creating, finding and completing tasks.

use serde::Serialize;
use serde_json::{Value, json};

use super::{ApiRequest, Crm, CrmError, Members, Refusal, answer};
use crate::base::phone::Reader;

/// A task to be created.
#[derive(Debug, Clone, Serialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Task {
    /// Its name.
    pub text: String,
    /// When it is due, `Y-m-d H:i` in the account's zone.
    pub datetime: String,
    /// The assignee, a CRM user.
    pub performer_id: i64,
    /// The phone to call back, with its extension.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Code of the shop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_site: Option<String>,
    /// The customer, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<Value>,
}

/// What is read of answers with tasks.
const MEMBERS: Members = Members { named: &["tasks", "task", "id", "text", "phone", "complete"], whole: &[] };

/// Creates a task and returns its id.
pub fn create(crm: Crm<'_>, task: &Task) -> Result<i64, CrmError> {
    let title = "POST /api/v5/tasks/create";
    let value = serde_json::to_value(task).map_err(|error| CrmError::NotSent { title: title.into(), reason: error.to_string() })?;
    let mut request = ApiRequest::post("/api/v5/tasks/create").json("task", &value);
    if let Some(site) = &task.phone_site {
        request = request.field("site", site.clone());
    }
    let made = crm.send(request.reading(MEMBERS))?;
    answer::id(&made["id"]).ok_or_else(|| CrmError::Unknown { title: title.into(), reason: "the answer has no id".into() })
}

/// The open task with this name and main number, if any.
/// `known` are the numbers of other tasks, which are not meant.
pub fn find_open(crm: Crm<'_>, reader: Reader<'_>, text: &str, number: Option<&str>, known: &[i64]) -> Result<Option<i64>, CrmError> {
    let request = ApiRequest::get("/api/v5/tasks").with("filter[text]", text).with("filter[status]", "performing").with("limit", "100");
    let found = crm.send(request.reading(MEMBERS))?;
    let matching = |task: &&Value| {
        answer::text(&task["text"]) == text && number.is_none_or(|number| reader.find(&answer::text(&task["phone"]), number).is_some())
    };
    Ok(answer::members(&found, "tasks")?
        .into_iter()
        .filter(matching)
        .filter_map(|task| answer::id(&task["id"]))
        .filter(|id| !known.contains(id))
        .min())
}

/// Whether a task exists and is open.
pub fn is_open(crm: Crm<'_>, id: i64) -> Result<bool, CrmError> {
    match crm.send(ApiRequest::get(format!("/api/v5/tasks/{id}")).reading(MEMBERS)) {
        Ok(found) => Ok(found["task"]["complete"] != Value::Bool(true)),
        Err(CrmError::Refused { why: Refusal::NotFound, .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Completes a task. A task that no longer exists counts as completed.
pub fn complete(crm: Crm<'_>, id: i64) -> Result<(), CrmError> {
    match crm.send(ApiRequest::post(format!("/api/v5/tasks/{id}/edit")).json("task", &json!({"complete": true}))) {
        Ok(_) | Err(CrmError::Refused { why: Refusal::NotFound, .. }) => Ok(()),
        Err(error) => Err(error),
    }
}
