//! `/integration-modules`.

use serde_json::{Map, Value, json};

use super::Context;
use crate::state::id_of;
use crate::wire::{ApiError, ApiResult, Success, php_map};

/// One module.
pub fn get(context: &mut Context<'_>) -> ApiResult {
    let module = context.state.modules.get(context.part("code")).ok_or_else(ApiError::not_found)?;
    Success::ok(json!({"integrationModule": module}))
}

/// Creates or changes a module. Lists in it are replaced whole.
pub fn edit(context: &mut Context<'_>) -> ApiResult {
    let given = context.call.object("integrationModule")?;
    let code = context.part("code").to_owned();
    let text = |name: &str| given.get(name).and_then(Value::as_str).unwrap_or_default();
    let mut errors = Map::new();
    if !text("integrationCode").is_empty() && !code.starts_with(text("integrationCode")) {
        errors.insert("code".into(), "Code prefix must match integrationCode".into());
    }
    let is_new = !context.state.modules.contains_key(&code);
    for name in ["integrationCode", "name", "baseUrl"] {
        if is_new && text(name).is_empty() {
            errors.insert(name.into(), "This value should not be blank.".into());
        }
    }
    if !text("logo").is_empty() && !text("logo").ends_with(".svg") {
        errors.insert("logo".into(), "The logo must be an SVG.".into());
    }
    if let Some(actions) = given.get("actions").and_then(Value::as_object)
        && let Some(unknown) = actions.keys().find(|name| !matches!(name.as_str(), "activity" | "settings"))
    {
        errors.insert(format!("actions[{unknown}]"), "The value you selected is not a valid choice.".into());
    }
    if !errors.is_empty() {
        return Err(ApiError::entity(errors));
    }
    let telephony = given.get("integrations").and_then(|integrations| integrations.get("telephony"));
    let rows = |list: &str, member: &str| -> Vec<Value> {
        let rows = telephony.and_then(|telephony| telephony.get(list)?.as_array()).into_iter().flatten();
        rows.filter_map(|row| row.get(member).cloned()).collect()
    };
    let users = rows("additionalCodes", "userId").into_iter().filter_map(|id| id.as_i64().or_else(|| id.as_str()?.parse().ok()));
    let no_users: Vec<i64> = users.filter(|id| context.state.user(*id).is_none()).collect();
    let sites = &context.state.account.sites;
    let no_sites: Vec<Value> =
        rows("externalPhones", "siteCode").into_iter().filter(|code| !sites.iter().any(|site| site.get("code") == Some(code))).collect();
    let mut info = Map::new();
    if !no_users.is_empty() {
        info.insert("notExistUsersIds".into(), json!(no_users));
    }
    if !no_sites.is_empty() {
        info.insert("notExistSiteCodes".into(), json!(no_sites));
    }
    let next_id = context.state.modules.values().filter_map(id_of).max().unwrap_or(0) + 1;
    let module = context.state.modules.entry(code.clone()).or_default();
    module.extend(given);
    module.insert("code".into(), code.into());
    module.entry("id").or_insert(next_id.into());
    let answer = json!({"info": php_map(info)});
    if is_new { Success::created(answer) } else { Success::ok(answer) }
}
