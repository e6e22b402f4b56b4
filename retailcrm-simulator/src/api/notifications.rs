//! `/notifications/send`: a notice that users see.

use serde_json::{Map, Value, json};

use crate::context::Context;
use crate::entity::{pick, text, whole};
use crate::wire::{ApiError, ApiResult, Success};

/// Sends a notice to groups or to users.
pub fn send(context: &mut Context<'_>) -> ApiResult {
    let notification = context.call.object("notification")?;
    let mut errors = Map::new();
    if !matches!(text(&notification, "type"), "api.info" | "api.error") {
        errors.insert("type".into(), "The value you selected is not a valid choice.".into());
    }
    if text(&notification, "message").trim().is_empty() {
        errors.insert("message".into(), "This value should not be blank.".into());
    }
    let list = |name: &str| notification.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let (groups, users) = (list("userGroups"), list("userIds"));
    if groups.is_empty() && users.is_empty() {
        errors.insert("userGroups".into(), "Set one of the following fields: userGroups, userIds".into());
    }
    let known = context.state.account.lists.get("userGroups").map(Vec::as_slice).unwrap_or_default();
    for group in groups.iter().filter(|group| !known.iter().any(|known| known.get("code") == Some(group))) {
        errors.insert("userGroups".into(), format!("\"UserGroup\" with \"code\"={group} does not exist.").into());
    }
    for user in users.iter().filter(|id| whole(id).is_none_or(|id| context.state.users.get(id).is_none())) {
        errors.insert("userIds".into(), format!("User with id={user} not found.").into());
    }
    if !errors.is_empty() {
        return Err(ApiError::entity(errors));
    }
    let mut kept = pick(&notification, &["type", "message", "userGroups", "userIds"]);
    kept.insert("createdAt".into(), context.date_time().into());
    context.state.notifications.push(kept);
    Success::ok(json!({}))
}
