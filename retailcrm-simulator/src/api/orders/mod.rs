//! `/orders`.

mod combine;
mod fields;
mod filters;
mod payments;
mod write;

use serde_json::{Value, json};

use super::customers::{shown as shown_customer, write_out};
use crate::context::Context;
use crate::entity::{Entity, id_of, pick, text};
use crate::rules::filters::Wanted;
use crate::rules::shops;
use crate::state::State;
use crate::wire::{ApiError, ApiResult, Success, php_map};

pub use combine::{combine, create_link, move_to, remove};
use filters::FILTERS;
pub use payments::{create as create_payment, delete as delete_payment, edit as edit_payment};
pub use write::{create, edit, fix_external_ids, upload};

/// An order as the API shows it: with its whole customer, empty maps as lists.
pub fn shown(state: &State, order: &Entity) -> Value {
    let mut shown = order.clone();
    for name in ["customFields", "payments"] {
        let members = shown.remove(name).and_then(|members| members.as_object().cloned()).unwrap_or_default();
        shown.insert(name.into(), php_map(members));
    }
    for name in ["customer", "contact"] {
        let found = shown.get(name).and_then(|reference| whose(state, reference));
        if let Some(found) = found {
            shown.insert(name.into(), found);
        }
    }
    if !shown.contains_key("contact")
        && let Some(customer) = shown.get("customer").filter(|customer| customer["type"] != "customer_corporate").cloned()
    {
        shown.insert("contact".into(), customer);
    }
    let mut items = shown.remove("items").and_then(|items| items.as_array().cloned()).unwrap_or_default();
    for item in items.iter_mut().filter_map(Value::as_object_mut) {
        for (name, value) in [("markingCodes", json!([])), ("properties", json!([])), ("discounts", json!([])), ("purchasePrice", json!(0))]
        {
            item.entry(name).or_insert(value);
        }
    }
    let mut delivery = crate::entity::entity(shown.remove("delivery").unwrap_or_default());
    for (name, value) in [("cost", json!(0)), ("netCost", json!(0)), ("address", json!({}))] {
        delivery.entry(name).or_insert(value);
    }
    if let Some(address) = delivery.get_mut("address").and_then(Value::as_object_mut) {
        write_out(address);
    }
    shown.insert("delivery".into(), delivery.into());
    shown.insert("items".into(), items.into());
    let absent = [
        ("slug", json!(id_of(order))),
        ("bonusesCreditTotal", json!(0)),
        ("bonusesChargeTotal", json!(0)),
        ("privilegeType", json!("none")),
        ("purchaseSumm", json!(0)),
        ("currency", state.account.currency().into()),
        ("call", json!(false)),
        ("expired", json!(false)),
        ("contragent", json!({"contragentType": "individual"})),
        ("fromApi", json!(true)),
        ("shipped", json!(false)),
        ("links", json!([])),
        ("markDatetime", order.get("createdAt").cloned().unwrap_or_default()),
    ];
    for (name, value) in absent {
        shown.entry(name).or_insert(value);
    }
    Value::Object(shown)
}

/// An order as the answer to its creation, an upload's answer and the history show it: payments are a list there, and a map by id elsewhere.
pub fn as_created(mut shown: Value) -> Value {
    if let Some(Value::Object(payments)) = shown.get_mut("payments").map(Value::take) {
        shown["payments"] = payments.into_iter().map(|(_, payment)| payment).collect();
    } else if let Some(order) = shown.as_object_mut() {
        order.insert("payments".into(), json!([]));
    }
    shown
}

/// The order's customer, with all fields.
fn whose(state: &State, reference: &Value) -> Option<Value> {
    let id = reference["id"].as_i64()?;
    if reference["type"] == "customer_corporate" {
        let corporate = state.corporate.get(id)?;
        let mut shown = pick(corporate, &["id", "externalId", "nickName", "site", "createdAt", "managerId"]);
        shown.insert("type".into(), "customer_corporate".into());
        return Some(shown.into());
    }
    state.customers.get(id).map(|customer| shown_customer(state, customer))
}

/// Orders, filtered; newest first.
pub fn list(context: &mut Context<'_>) -> ApiResult {
    let page = context.call.page()?;
    let wanted = Wanted::read(context.state, context.call, FILTERS)?;
    let state = &*context.state;
    let customer = context.call.filters().get("customerId").and_then(Value::as_str).and_then(|id| id.parse().ok());
    let passes = |order: &&Entity| crate::state::in_sites(order, &context.sites) && wanted.pass(state, order);
    let (orders, pagination) = match customer {
        // Corporate customers have ids of their own; their orders are found by looking at each.
        Some(id) if state.corporate.get(id).is_none() => page.cut(state.orders.of_customer(id).rev().filter(passes).collect()),
        _ => wanted.page(page, state, &state.orders, &context.sites),
    };
    let orders: Vec<Value> = orders.into_iter().map(|order| shown(state, order)).collect();
    Success::ok(json!({"pagination": pagination, "orders": orders}))
}

/// One order.
pub fn get(context: &mut Context<'_>) -> ApiResult {
    let order = shops::addressed(context, &context.state.orders)?;
    Success::ok(json!({"order": shown(context.state, order)}))
}

/// Statuses of orders, cheaply: by ids and by externalIds, 500 at most `[inferred]`.
pub fn statuses(context: &mut Context<'_>) -> ApiResult {
    let (ids, external_ids) = (context.call.list("ids"), context.call.list("externalIds"));
    if ids.is_empty() && external_ids.is_empty() {
        return Err(ApiError::refused(
            "Errors in the input parameters",
            json!({"ids": "Set one of the following fields: ids, externalIds"}),
        ));
    }
    if ids.len() + external_ids.len() > 500 {
        return Err(ApiError::refused(
            "Errors in the input parameters",
            json!({"ids": "This collection should contain 500 elements or less."}),
        ));
    }
    let state = &*context.state;
    let mut orders: Vec<&Entity> = ids.iter().filter_map(|id| state.orders.get(id.parse().ok()?)).collect();
    for external_id in &external_ids {
        orders.extend(context.sites.iter().filter_map(|site| state.orders.by_external_id(site, external_id)));
    }
    orders.retain(|order| crate::state::in_sites(order, &context.sites));
    orders.sort_by_key(|order| id_of(order));
    orders.dedup_by_key(|order| id_of(order));
    let status_of = |order: &Entity| {
        let mut shown = pick(order, &["id", "externalId", "status"]);
        let status = state.account.references.find("statuses", text(order, "status"));
        if let Some(group) = status.and_then(|status| status.get("group")) {
            shown.insert("group".into(), group.clone());
        }
        Value::Object(shown)
    };
    Success::ok(json!({"orders": orders.into_iter().map(status_of).collect::<Vec<_>>()}))
}
