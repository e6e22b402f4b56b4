//! Merging orders, linking and deleting them.

use serde_json::{Value, json};

use super::shown;
use super::write::changed;
use crate::context::Context;
use crate::entity::{Entity, text, whole};
use crate::history::{Deed, Subject, gone, reduced_order, stays};
use crate::rules::shops;
use crate::state::own_id;
use crate::wire::{ApiError, ApiResult, Success};

/// Merges one order into another. `technique` says which goods the result has: `ours` keeps the result's, `theirs` takes the other's, `summ`
/// and `merge` take both.
pub fn combine(context: &mut Context<'_>) -> ApiResult {
    let (from, into) = (context.call.object("order")?, context.call.object("resultOrder")?);
    let technique = context.call.parameter("technique").unwrap_or("ours").to_owned();
    if !["ours", "summ", "theirs", "merge"].contains(&technique.as_str()) {
        return Err(ApiError::input("technique", "The value you selected is not a valid choice."));
    }
    let known = |row: &Entity| {
        let order = row.get("id").and_then(whole).and_then(|id| context.state.orders.get(id));
        order.filter(|order| crate::state::in_sites(order, &context.sites)).cloned()
    };
    let (Some(from), Some(mut result)) = (known(&from), known(&into)) else {
        return Err(ApiError::refused("Orders are not combined", json!({"order": "Order not found."})));
    };
    if own_id(&from) == own_id(&result) {
        return Err(ApiError::refused("Orders are not combined", json!({"order": "It is the result order."})));
    }
    let list = |order: &Entity| order.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
    let items = match technique.as_str() {
        "ours" => list(&result),
        "theirs" => list(&from),
        _ => both(list(&result), list(&from)),
    };
    if !(items.is_empty() && list(&result).is_empty()) {
        result.insert("items".into(), items.into());
    }
    // Payments of both orders are kept.
    if let Some(paid) = from.get("payments").and_then(Value::as_object).filter(|paid| !paid.is_empty()) {
        let mut payments = result.get("payments").and_then(Value::as_object).cloned().unwrap_or_default();
        payments.extend(paid.clone());
        result.insert("payments".into(), payments.into());
    }
    go(context, own_id(&from), Some(&result));
    changed(context, own_id(&result), result);
    Success::ok(json!({}))
}

/// Items of two orders; quantities of the same offer at the same price are added up.
fn both(mut ours: Vec<Value>, theirs: Vec<Value>) -> Vec<Value> {
    for item in theirs {
        let same = |known: &&mut Value| {
            !item["offer"].is_null() && known["offer"] == item["offer"] && known["initialPrice"] == item["initialPrice"]
        };
        match ours.iter_mut().find(same) {
            Some(known) => {
                let quantity = known["quantity"].as_f64().unwrap_or(0.0) + item["quantity"].as_f64().unwrap_or(0.0);
                known["quantity"] = crate::entity::money(quantity);
            }
            None => ours.push(item),
        }
    }
    ours
}

fn go(context: &mut Context<'_>, id: i64, into: Option<&Entity>) {
    let Some(order) = context.state.orders.remove(id) else { return };
    let (recorded, shown) = (reduced_order(&order), shown(context.state, &order));
    context.happened(Subject::Order, Deed::Deleted, vec![gone(&order, into.map(stays))], &recorded, &shown);
}

/// A user deletes an order; the API cannot.
pub fn remove(context: &mut Context<'_>, id: i64) -> Result<(), String> {
    context.state.orders.get(id).ok_or_else(|| format!("there is no order {id}"))?;
    go(context, id, None);
    Ok(())
}

/// A user moves an order to another shop; the API cannot.
pub fn move_to(context: &mut Context<'_>, id: i64, site: &str) -> Result<(), String> {
    let mut order = context.state.orders.get(id).cloned().ok_or_else(|| format!("there is no order {id}"))?;
    context.state.account.references.find("sites", site).ok_or_else(|| format!("there is no shop {site:?}"))?;
    order.insert("site".into(), site.into());
    changed(context, id, order);
    Ok(())
}

/// Links two orders.
pub fn create_link(context: &mut Context<'_>) -> ApiResult {
    let link = context.call.object("link")?;
    let rows = link.get("orders").and_then(Value::as_array).cloned().unwrap_or_default();
    let site = shops::named(context)?.unwrap_or_default();
    let find = |row: &Value| {
        let row = row.as_object()?;
        shops::referred(context, &context.state.orders, row, &site).map(own_id)
    };
    let (Some(Some(one)), Some(Some(other))) = (rows.first().map(find), rows.get(1).map(find)) else {
        return Err(ApiError::entity(json!({"orders": "This collection should contain exactly 2 elements."})));
    };
    if one == other {
        return Err(ApiError::entity(json!({"orders": "An order cannot be linked with itself."})));
    }
    let comment = text(&link, "comment").to_owned();
    let now = context.date_time();
    for (id, linked) in [(one, other), (other, one)] {
        if let Some(mut order) = context.state.orders.get(id).cloned() {
            let reference = context.state.orders.get(linked).map(|linked| json!({"id": linked["id"], "number": linked.get("number")}));
            let links = order.entry("links").or_insert_with(|| json!([]));
            if let Some(links) = links.as_array_mut() {
                links.push(json!({"order": reference, "createdAt": now, "comment": comment}));
            }
            changed(context, id, order);
        }
    }
    Success::created(json!({}))
}
