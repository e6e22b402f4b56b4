//! `/users`.

use serde_json::{Value, json};

use super::Context;
use crate::account::Entity;
use crate::wire::{ApiError, ApiResult, Success};

/// Users, filtered.
pub fn list(context: &mut Context<'_>) -> ApiResult {
    let page = context.call.page()?;
    let email = context.call.filter("email").map(|email| email.to_lowercase());
    let flag = |name: &str| context.call.filter(name).map(|value| value == "1" || value.eq_ignore_ascii_case("true"));
    let (active, online) = (flag("active"), flag("online"));
    let is = |user: &Entity, name: &str| user.get(name).and_then(Value::as_bool).unwrap_or(true);
    let status = context.call.filter("status");
    let text = |user: &Entity, name: &str| user.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut users: Vec<&Entity> = context
        .state
        .account
        .users
        .iter()
        .filter(|user| email.as_ref().is_none_or(|email| text(user, "email").to_lowercase() == *email))
        .filter(|user| active.is_none_or(|wanted| is(user, "active") == wanted))
        .filter(|user| online.is_none_or(|wanted| is(user, "online") == wanted))
        // Of users in a status only those are given who are online.
        .filter(|user| status.as_ref().is_none_or(|status| text(user, "status") == *status && is(user, "online")))
        .collect();
    users.sort_by_key(|user| crate::state::id_of(user));
    let (users, pagination) = page.cut(users);
    Success::ok(json!({"pagination": pagination, "users": users}))
}

/// One user.
pub fn get(context: &mut Context<'_>) -> ApiResult {
    let id = context.part("id").parse().map_err(|_| ApiError::not_found())?;
    let user = context.state.user(id).ok_or_else(ApiError::not_found)?;
    Success::ok(json!({"user": user}))
}
