//! `/reference`: lists as maps by code. They are not paged.

use serde_json::{Map, Value, json};

use super::Context;
use crate::account::Entity;
use crate::wire::{ApiResult, Success, php_map};

fn by_code(entities: &[Entity]) -> Value {
    let members: Map<String, Value> =
        entities.iter().filter_map(|entity| Some((entity.get("code")?.as_str()?.to_owned(), Value::Object(entity.clone())))).collect();
    php_map(members)
}

/// Shops.
pub fn sites(context: &mut Context<'_>) -> ApiResult {
    Success::ok(json!({"sites": by_code(&context.state.account.sites)}))
}

/// Order statuses.
pub fn statuses(context: &mut Context<'_>) -> ApiResult {
    Success::ok(json!({"statuses": by_code(&context.state.account.statuses)}))
}

/// Groups of order statuses, with the codes of their statuses.
pub fn status_groups(context: &mut Context<'_>) -> ApiResult {
    let account = &context.state.account;
    let groups: Vec<Entity> = account
        .status_groups
        .iter()
        .map(|group| {
            let of_group = |status: &&Entity| status.get("group") == group.get("code");
            let codes: Vec<Value> = account.statuses.iter().filter(of_group).filter_map(|status| status.get("code").cloned()).collect();
            let mut group = group.clone();
            group.insert("statuses".into(), codes.into());
            group
        })
        .collect();
    Success::ok(json!({"statusGroups": by_code(&groups)}))
}

/// Order types.
pub fn order_types(context: &mut Context<'_>) -> ApiResult {
    Success::ok(json!({"orderTypes": by_code(&context.state.account.order_types)}))
}

/// Order methods.
pub fn order_methods(context: &mut Context<'_>) -> ApiResult {
    Success::ok(json!({"orderMethods": by_code(&context.state.account.order_methods)}))
}
