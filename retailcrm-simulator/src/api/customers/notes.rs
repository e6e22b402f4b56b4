//! `/customers/notes`.

use serde_json::{Map, Value, json};

use super::{has_external_id, of, reference, with_customer};
use crate::context::Context;
use crate::entity::{Entity, text};
use crate::rules::filters::{Filter, Test, Wanted, Wants};
use crate::rules::{shape, shops};
use crate::wire::{ApiError, ApiResult, Success};

/// Filters of notes.
pub const FILTERS: &[Filter] = &[
    ("ids", Test::Ids),
    ("customerIds", Test::Among("customer.id")),
    ("customerExternalIds", Test::With(Wants::List, has_external_id)),
    ("managerIds", Test::Among("managerId")),
    ("text", Test::Has("text")),
    ("createdAtFrom", Test::From("createdAt")),
    ("createdAtTo", Test::To("createdAt")),
];

/// Whether a note is on a customer that the key can see.
fn in_sites(context: &Context<'_>, note: &Entity) -> bool {
    let known = of(context.state, note).map(|customer| text(customer, "site"));
    let site = known.or_else(|| note.get("customer")?["site"].as_str()).unwrap_or_default();
    site.is_empty() || context.sites.iter().any(|code| code == site)
}

/// Notes, filtered; newest first.
pub fn list(context: &mut Context<'_>) -> ApiResult {
    let page = context.call.page()?;
    let wanted = Wanted::read(context.state, context.call, FILTERS)?;
    let state = &*context.state;
    let (notes, pagination) =
        page.cut(state.notes.iter().rev().filter(|note| in_sites(context, note)).filter(|note| wanted.pass(state, note)).collect());
    let notes: Vec<Value> = notes.into_iter().map(|note| with_customer(state, note)).collect();
    Success::ok(json!({"pagination": pagination, "notes": notes}))
}

/// A new note.
pub fn create(context: &mut Context<'_>) -> ApiResult {
    let note = context.call.object("note")?;
    let site = shops::required(context)?;
    let owner = note.get("customer").and_then(Value::as_object).cloned().unwrap_or_default();
    if !shops::refers(&owner, &["id", "externalId"]) {
        return Err(ApiError::entity(json!({"customer": "Set one of the following fields: id, externalId"})));
    }
    let mut errors = Map::new();
    let members = [("text", shape::Kind::LongText), ("managerId", shape::Kind::User)];
    let mut kept = shape::read(context.state, &members, &note, "", &mut errors);
    kept.retain(|_, value| !value.is_null());
    shape::require(&kept, &["text"], &mut errors);
    if !errors.is_empty() {
        return Err(ApiError::entity(errors));
    }
    let customer = shops::referred(context, &context.state.customers, &owner, &site);
    let Some(customer) = customer else {
        let named = if shops::refers(&owner, &["id"]) {
            format!("id={}", owner["id"])
        } else {
            format!("externalId={}", text(&owner, "externalId"))
        };
        return Err(ApiError::refused("Note is not loaded", json!({"customer": format!("Customer with {named} not found.")})));
    };
    kept.insert("customer".into(), reference(customer));
    kept.insert("createdAt".into(), context.date_time().into());
    let id = context.state.notes.add(kept);
    Success::created(json!({"id": id}))
}

/// Deletes a note.
pub fn delete(context: &mut Context<'_>) -> ApiResult {
    let id: i64 = context.part("id").parse().map_err(|_| ApiError::not_found())?;
    let note = context.state.notes.get(id).ok_or_else(ApiError::not_found)?;
    if !in_sites(context, note) {
        return Err(ApiError::not_found());
    }
    context.state.notes.remove(id);
    Success::ok(json!({}))
}
