//! `/orders/payments`.

use serde_json::{Map, Value, json};

use super::fields::PAYMENT;
use super::write::changed;
use crate::account::references::References;
use crate::context::Context;
use crate::entity::{Entity, text, whole};
use crate::rules::{shape, shops};
use crate::state::own_id;
use crate::wire::{ApiError, ApiResult, Success};

fn given(context: &Context<'_>, given: &Entity) -> Result<Entity, ApiError> {
    let mut errors = Map::new();
    let payment = shape::read(context.state, PAYMENT, given, "", &mut errors);
    if !errors.is_empty() {
        return Err(ApiError::entity(errors));
    }
    for (name, list) in [("type", "paymentTypes"), ("status", "paymentStatuses")] {
        let code = text(&payment, name);
        if !code.is_empty() && context.state.account.references.find(list, code).is_none() {
            errors.insert(name.into(), References::unknown(list, code).into());
        }
    }
    if errors.is_empty() { Ok(payment) } else { Err(ApiError::refused("Payment is not loaded", errors)) }
}

/// A new payment of an order that `order` names.
pub fn create(context: &mut Context<'_>) -> ApiResult {
    let fields = context.call.object("payment")?;
    let owner = fields.get("order").and_then(Value::as_object).cloned().unwrap_or_default();
    if !shops::refers(&owner, &["id", "externalId", "number"]) {
        return Err(ApiError::entity(json!({"order": "Set one of the following fields: id, externalId, number"})));
    }
    let site = shops::required(context)?;
    let mut payment = given(context, &fields)?;
    payment.retain(|_, value| !value.is_null());
    let mut errors = Map::new();
    shape::require(&payment, &["type"], &mut errors);
    if !errors.is_empty() {
        return Err(ApiError::entity(errors));
    }
    let found = shops::referred(context, &context.state.orders, &owner, &site);
    let mut order = found.cloned().ok_or_else(|| ApiError::refused("Payment is not loaded", json!({"order": "Order not found."})))?;
    payment.remove("id");
    let id = context.state.part_ids.next_id();
    payment.insert("id".into(), id.into());
    let books = &context.state.account.references;
    if let (false, Some(status)) = (payment.contains_key("status"), books.default_of("paymentStatuses", "defaultForApi")) {
        payment.insert("status".into(), status.into());
    }
    // A payment without an amount is for the whole order [inferred].
    payment.entry("amount").or_insert(order.get("totalSumm").cloned().unwrap_or(json!(0)));
    put(&mut order, id, payment.into());
    changed(context, own_id(&order), order);
    Success::created(json!({"id": id}))
}

fn put(order: &mut Entity, id: i64, payment: Value) {
    let mut payments = order.get("payments").and_then(Value::as_object).cloned().unwrap_or_default();
    payments.insert(id.to_string(), payment);
    order.insert("payments".into(), payments.into());
}

/// The payment that the path names, and its order.
fn addressed(context: &Context<'_>, by_id: bool, site: Option<&str>) -> Result<(Entity, i64), ApiError> {
    let wanted = context.part("id");
    let is = |id: &str, payment: &Value| if by_id { id == wanted } else { payment["externalId"].as_str() == Some(wanted) };
    let orders = context.state.orders.iter().filter(|order| crate::state::in_sites(order, &context.sites));
    // An externalId is unique only inside its shop.
    let orders = orders.filter(|order| by_id || site.is_none_or(|site| text(order, "site") == site));
    let found = orders.filter_map(|order| {
        let (id, _) = order.get("payments")?.as_object()?.iter().find(|(id, payment)| is(id, payment))?;
        Some((order.clone(), id.parse().ok()?))
    });
    found.into_iter().next().ok_or_else(|| ApiError::new(http::StatusCode::NOT_FOUND, "Payment not found"))
}

/// Changes a payment.
pub fn edit(context: &mut Context<'_>) -> ApiResult {
    let fields = context.call.object("payment")?;
    let site = shops::required(context)?;
    let (mut order, id) = addressed(context, shops::goes_by_id(context, "by")?, Some(&site))?;
    let patch = given(context, &fields)?;
    let mut payment = order.get("payments").and_then(|payments| payments[id.to_string()].as_object().cloned()).unwrap_or_default();
    crate::api::customers::merge(&mut payment, patch);
    payment.insert("id".into(), id.into());
    put(&mut order, id, payment.into());
    changed(context, own_id(&order), order);
    Success::ok(json!({"id": id}))
}

/// Deletes a payment, by its id.
pub fn delete(context: &mut Context<'_>) -> ApiResult {
    if whole(&context.part("id").into()).is_none() {
        return Err(ApiError::new(http::StatusCode::NOT_FOUND, "Payment not found"));
    }
    let (mut order, id) = addressed(context, true, None)?;
    if let Some(payments) = order.get_mut("payments").and_then(Value::as_object_mut) {
        payments.remove(&id.to_string());
    }
    changed(context, own_id(&order), order);
    Success::ok(json!({}))
}
