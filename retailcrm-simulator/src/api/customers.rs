//! `/customers`: list, get, notes.

use serde_json::{Map, Value, json};

use super::Context;
use crate::account::Entity;
use crate::phone;
use crate::state::{id_of, phones_of};
use crate::wire::{ApiError, ApiResult, Call, Success, php_map};

fn text<'a>(entity: &'a Entity, name: &str) -> &'a str {
    entity.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A customer as the API gives it: an empty map is a list.
fn shown(customer: &Entity) -> Value {
    let mut shown = customer.clone();
    let fields = shown.remove("customFields").and_then(|fields| fields.as_object().cloned()).unwrap_or_default();
    shown.insert("customFields".into(), php_map(fields));
    Value::Object(shown)
}

/// `filter[name]` searches names as a part of text, and phones by their digits.
fn named(customer: &Entity, wanted: &str) -> bool {
    let name = ["lastName", "firstName", "patronymic"].map(|part| text(customer, part)).join(" ").to_lowercase();
    let digits = phone::digits(wanted);
    let is_number = !digits.is_empty() && wanted.chars().all(|c| c.is_ascii_digit() || " +-()".contains(c));
    name.contains(&wanted.to_lowercase()) || (is_number && phones_of(customer).any(|known| phone::digits(known).contains(&digits)))
}

/// Whether an entity passes `filter[ids][]`, `filter[externalIds][]` and `filter[sites][]`.
pub(super) fn passes_lists(call: &Call, entity: &Entity) -> bool {
    let id = id_of(entity).map(|id| id.to_string()).unwrap_or_default();
    let lists = [("ids", id.as_str()), ("externalIds", text(entity, "externalId")), ("sites", text(entity, "site"))];
    lists.iter().all(|(name, value)| call.filter_list(name).is_none_or(|wanted| wanted.iter().any(|one| one == value)))
}

/// Customers, filtered; newest first.
pub fn list(context: &mut Context<'_>) -> ApiResult {
    let page = context.call.page()?;
    let (name, email) = (context.call.filter("name"), context.call.filter("email").map(|email| email.to_lowercase()));
    let mut customers: Vec<&Entity> = context
        .state
        .account
        .customers
        .iter()
        .filter(|customer| passes_lists(context.call, customer))
        .filter(|customer| name.as_ref().is_none_or(|name| named(customer, name)))
        .filter(|customer| email.as_ref().is_none_or(|email| text(customer, "email").to_lowercase() == *email))
        .collect();
    customers.sort_by_key(|customer| std::cmp::Reverse(id_of(customer)));
    let (customers, pagination) = page.cut(customers);
    Success::ok(json!({"pagination": pagination, "customers": customers.into_iter().map(shown).collect::<Vec<_>>()}))
}

/// By what the path's id goes: `externalId` unless `by=id`.
pub(super) fn by<'a>(context: &'a Context<'_>, entities: &'a [Entity]) -> Result<&'a Entity, ApiError> {
    let wanted = context.part("id");
    let by_id = match context.call.text("by").or(context.call.form.get("by").map(String::as_str)) {
        None | Some("externalId") => false,
        Some("id") => true,
        Some(_) => return Err(ApiError::input("by", "The value you selected is not a valid choice.")),
    };
    let is = |entity: &&Entity| {
        if by_id { id_of(entity).map(|id| id.to_string()).as_deref() == Some(wanted) } else { text(entity, "externalId") == wanted }
    };
    entities.iter().find(is).ok_or_else(ApiError::not_found)
}

/// One customer.
pub fn get(context: &mut Context<'_>) -> ApiResult {
    let customer = by(context, &context.state.account.customers)?;
    Success::ok(json!({"customer": shown(customer)}))
}

/// Notes, filtered.
pub fn notes(context: &mut Context<'_>) -> ApiResult {
    let page = context.call.page()?;
    let owner = |note: &Entity, member: &str| {
        note.get("customer")
            .map(|owner| owner[member].clone())
            .and_then(|id| id.as_str().map(str::to_owned).or_else(|| id.as_i64().map(|id| id.to_string())))
    };
    let among = |list: &str, value: Option<String>| {
        context.call.filter_list(list).is_none_or(|wanted| value.is_some_and(|value| wanted.contains(&value)))
    };
    let part = context.call.filter("text").map(|part| part.to_lowercase());
    let mut notes: Vec<&Entity> = context
        .state
        .notes
        .iter()
        .filter(|note| among("ids", id_of(note).map(|id| id.to_string())))
        .filter(|note| among("customerIds", owner(note, "id")) && among("customerExternalIds", owner(note, "externalId")))
        .filter(|note| part.as_ref().is_none_or(|part| text(note, "text").to_lowercase().contains(part)))
        .collect();
    notes.sort_by_key(|note| std::cmp::Reverse(id_of(note)));
    let (notes, pagination) = page.cut(notes);
    Success::ok(json!({"pagination": pagination, "notes": notes}))
}

/// Refuses a request without `site` when the account has several shops.
pub(super) fn require_site(context: &Context<'_>) -> Result<Option<String>, ApiError> {
    let sites = &context.state.account.sites;
    match context.call.form.get("site").filter(|site| !site.is_empty()) {
        Some(code) if sites.iter().any(|site| text(site, "code") == code) => Ok(Some(code.clone())),
        Some(_) => Err(ApiError::entity(json!({"site": "The value you selected is not a valid choice."}))),
        None if sites.len() > 1 => Err(ApiError::missing("site")),
        None => Ok(sites.first().map(|site| text(site, "code").to_owned())),
    }
}

/// A new note.
pub fn create_note(context: &mut Context<'_>) -> ApiResult {
    let note = context.call.object("note")?;
    require_site(context)?;
    let owner = note.get("customer").and_then(Value::as_object).cloned().unwrap_or_default();
    let (id, external_id) = (owner.get("id").and_then(Value::as_i64), owner.get("externalId").and_then(Value::as_str));
    if id.is_none() && external_id.is_none() {
        return Err(ApiError::entity(json!({"customer": "Set one of the following fields: id, externalId"})));
    }
    if text(&note, "text").is_empty() {
        return Err(ApiError::entity(json!({"text": "This value should not be blank."})));
    }
    let is = |customer: &&Entity| if id.is_some() { id_of(customer) == id } else { Some(text(customer, "externalId")) == external_id };
    let Some(customer) = context.state.account.customers.iter().find(is) else {
        return Err(ApiError::entity(json!({"customer": "Customer not found."})));
    };
    let mut shown = crate::state::pick(customer, &["site", "id", "externalId"]);
    shown.insert("type".into(), "customer".into());
    let mut kept: Entity = Map::from_iter([("text".to_owned(), note["text"].clone()), ("customer".to_owned(), Value::Object(shown))]);
    if let Some(manager) = note.get("managerId") {
        kept.insert("managerId".into(), manager.clone());
    }
    let id = context.state.add_note(kept, context.now);
    Success::created(json!({"id": id}))
}

/// Deletes a note.
pub fn delete_note(context: &mut Context<'_>) -> ApiResult {
    let id: Option<i64> = context.part("id").parse().ok();
    let place = context.state.notes.iter().position(|note| id.is_some() && id_of(note) == id).ok_or_else(ApiError::not_found)?;
    context.state.notes.remove(place);
    Success::ok(json!({}))
}
