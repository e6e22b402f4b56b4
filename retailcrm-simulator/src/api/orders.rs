//! `/orders`: list and get.

use serde_json::{Value, json};

use super::Context;
use super::customers::{by, passes_lists};
use crate::account::Entity;
use crate::phone;
use crate::state::{State, id_of, phones_of};
use crate::wire::{ApiResult, Success};

fn text<'a>(entity: &'a Entity, name: &str) -> &'a str {
    entity.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// `filter[customer]` searches the customer's name as a part of text, and phones by their digits.
fn belongs(state: &State, order: &Entity, wanted: &str) -> bool {
    let owner = order.get("customer").and_then(|owner| owner["id"].as_i64());
    let customer = state.account.customers.iter().find(|customer| owner.is_some() && id_of(customer) == owner);
    let digits = phone::digits(wanted);
    let has_phone = |known: &str| !digits.is_empty() && phone::key(known).contains(&phone::key(&digits));
    let names = |entity: &Entity| {
        ["lastName", "firstName", "patronymic"].map(|part| text(entity, part)).join(" ").to_lowercase().contains(&wanted.to_lowercase())
    };
    let by_phone = has_phone(text(order, "phone")) || customer.is_some_and(|customer| phones_of(customer).any(has_phone));
    by_phone || names(order) || customer.is_some_and(names)
}

/// Orders, filtered; newest first.
pub fn list(context: &mut Context<'_>) -> ApiResult {
    let page = context.call.page()?;
    let (customer, customer_id) = (context.call.filter("customer"), context.call.filter("customerId"));
    let owner = |order: &Entity| order.get("customer").and_then(|owner| owner["id"].as_i64()).map(|id| id.to_string());
    let mut orders: Vec<&Entity> = context
        .state
        .account
        .orders
        .iter()
        .filter(|order| passes_lists(context.call, order))
        .filter(|order| customer_id.is_none() || owner(order) == customer_id)
        .filter(|order| customer.as_ref().is_none_or(|wanted| belongs(context.state, order, wanted)))
        .collect();
    orders.sort_by_key(|order| std::cmp::Reverse(id_of(order)));
    let (orders, pagination) = page.cut(orders);
    Success::ok(json!({"pagination": pagination, "orders": orders}))
}

/// One order.
pub fn get(context: &mut Context<'_>) -> ApiResult {
    let order = by(context, &context.state.account.orders)?;
    Success::ok(json!({"order": order}))
}
