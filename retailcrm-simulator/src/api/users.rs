//! `/users`, `/user-groups`.

use serde_json::{Value, json};

use crate::callbacks;
use crate::context::Context;
use crate::entity::{Entity, at, is, text};
use crate::rules::filters::{Filter, Test, Wanted, Wants};
use crate::state::State;
use crate::wire::{ApiError, ApiResult, Success};

/// The statuses that a user can have.
pub const STATUSES: [&str; 4] = ["free", "busy", "dinner", "break"];

/// The filter by status finds only users who are online.
fn in_status(_: &State, user: &Entity, wanted: &Value) -> bool {
    text(user, "status") == wanted.as_str().unwrap_or_default() && is(user, "online", true)
}

fn in_groups(_: &State, user: &Entity, wanted: &Value) -> bool {
    let wanted = crate::wire::texts(wanted);
    at(user, "groups.code")
        .into_iter()
        .chain(at(user, "groups.id"))
        .any(|group| crate::rules::shape::as_text(group).is_some_and(|group| wanted.contains(&group)))
}

const FILTERS: &[Filter] = &[
    ("email", Test::Is("email")),
    ("status", Test::With(Wants::Choice(&STATUSES), in_status)),
    ("online", Test::Flag("online", true)),
    ("active", Test::Flag("active", true)),
    ("isManager", Test::Flag("isManager", false)),
    ("isPosManager", Test::Flag("isPosManager", false)),
    ("isAdmin", Test::Flag("isAdmin", false)),
    ("groups", Test::With(Wants::List, in_groups)),
    ("createdAtFrom", Test::From("createdAt")),
    ("createdAtTo", Test::To("createdAt")),
];

/// Users, filtered, oldest first.
pub fn list(context: &mut Context<'_>) -> ApiResult {
    let page = context.call.page()?;
    let wanted = Wanted::read(context.state, context.call, FILTERS)?;
    let state = &*context.state;
    let (users, pagination) = page.cut(state.users.iter().filter(|user| wanted.pass(state, user)).collect());
    Success::ok(json!({"pagination": pagination, "users": users}))
}

fn user<'a>(context: &'a Context<'_>) -> Result<&'a Entity, ApiError> {
    let id = context.part("id").parse().map_err(|_| ApiError::not_found())?;
    context.state.users.get(id).ok_or_else(ApiError::not_found)
}

/// One user.
pub fn get(context: &mut Context<'_>) -> ApiResult {
    Success::ok(json!({"user": user(context)?}))
}

/// Changes a user's status. Modules that registered a `changeUserStatusUrl` get a request.
pub fn status(context: &mut Context<'_>) -> ApiResult {
    let mut user = user(context)?.clone();
    let status = context.call.form.get("status").ok_or_else(|| ApiError::missing("status"))?.clone();
    if !STATUSES.contains(&status.as_str()) {
        return Err(ApiError::input("status", "The value you selected is not a valid choice."));
    }
    let id = crate::state::own_id(&user);
    user.insert("status".into(), status.as_str().into());
    context.state.users.put(id, user);
    let requests = callbacks::user_status(context.state, context.now, id, &status);
    context.state.callbacks.extend(requests);
    Success::ok(json!({}))
}

/// An administrator deletes a user; the API cannot. What names the user keeps the id.
pub fn remove(context: &mut Context<'_>, id: i64) -> Result<(), String> {
    context.state.users.remove(id).map(|_| ()).ok_or_else(|| format!("there is no user {id}"))
}

/// Groups of users.
pub fn groups(context: &mut Context<'_>) -> ApiResult {
    let page = context.call.page()?;
    let groups = context.state.account.lists.get("userGroups").map(Vec::as_slice).unwrap_or_default();
    let (groups, pagination) = page.cut(groups.iter().collect());
    Success::ok(json!({"pagination": pagination, "groups": groups}))
}
