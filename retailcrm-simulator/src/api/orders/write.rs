//! Creating and changing orders.

use serde_json::{Map, Value, json};

use super::fields::{default_code, given, items, nameless, not_loaded};
use super::{as_created, shown};
use crate::api::customers::{MOST, made as made_customer, merge, reference, renamed, upload_all};
use crate::context::Context;
use crate::entity::{Entity, pick, text, whole};
use crate::history::{Deed, Subject, created, reduced_order};
use crate::rules::{changes, shops};
use crate::state::own_id;
use crate::wire::{ApiError, ApiResult, Success};

fn refusal(place: &str, complaint: String) -> ApiError {
    not_loaded(Map::from_iter([(place.to_owned(), complaint.into())]))
}

/// The reference that an order keeps to its customer, given by id or externalId; `type` marks a corporate customer.
fn named_customer(context: &Context<'_>, named: &Entity, place: &str, site: &str) -> Result<Value, ApiError> {
    let corporate = text(named, "type") == "customer_corporate";
    let table = if corporate { &context.state.corporate } else { &context.state.customers };
    let found = shops::referred(context, table, named, site);
    let Some(found) = found else {
        let (by, value) = match named.get("id").and_then(whole) {
            Some(id) => ("id", id.to_string()),
            None => ("externalId", text(named, "externalId").to_owned()),
        };
        return Err(refusal(&format!("{place}.{by}"), format!("Customer with {by}={value} not found.")));
    };
    let mut kept = crate::entity::entity(reference(found));
    if corporate {
        kept.insert("type".into(), "customer_corporate".into());
    }
    Ok(kept.into())
}

/// The customer of an order that names none: the one with its phone or its e-mail, else a new one `[inferred]`.
fn own_customer(context: &mut Context<'_>, order: &Entity, site: &str) -> Result<Option<Value>, ApiError> {
    let (number, email) = (text(order, "phone"), text(order, "email").to_lowercase());
    let has_email =
        |customer: &&Entity| !email.is_empty() && text(customer, "site") == site && text(customer, "email").to_lowercase() == email;
    let found = context.state.customer_by_phone(number, &[site.to_owned()]);
    if let Some(customer) = found.or_else(|| context.state.customers.iter().find(has_email)) {
        return Ok(Some(reference(customer)));
    }
    let mut fields = pick(order, &["firstName", "lastName", "patronymic", "email", "managerId"]);
    if !number.is_empty() {
        fields.insert("phones".into(), json!([{"number": number}]));
    }
    if fields.keys().all(|name| name == "managerId") {
        return Ok(None);
    }
    let id = made_customer(context, &fields, site)?;
    Ok(context.state.customers.get(id).map(reference))
}

/// Replaces `customer` and `contact` of an order by the references that it keeps.
fn customers(context: &Context<'_>, order: &mut Entity, site: &str) -> Result<(), ApiError> {
    for place in ["customer", "contact"] {
        let Some(named) = order.get(place).filter(|named| !named.is_null()) else { continue };
        let Some(named) = named.as_object().filter(|named| shops::refers(named, &["id", "externalId", "browserId"])) else {
            return Err(ApiError::entity(json!({place: "Set one of the following fields: id, externalId, browserId"})));
        };
        let kept = match named.get("browserId").and_then(Value::as_str).filter(|_| !shops::refers(named, &["id", "externalId"])) {
            Some(browser) => {
                let found = context.state.customers.iter().find(|customer| text(customer, "browserId") == browser);
                found
                    .map(reference)
                    .ok_or_else(|| refusal(&format!("{place}.browserId"), format!("Customer with browserId={browser} not found.")))?
            }
            None => named_customer(context, named, place, site)?,
        };
        order.insert(place.into(), kept);
    }
    Ok(())
}

/// An order without names, e-mail or phone takes them from its customer.
fn persons(context: &Context<'_>, order: &mut Entity) {
    let Some(customer) = crate::state::table::customer_of(order).and_then(|id| context.state.customers.get(id)) else { return };
    let customer = customer.clone();
    for name in ["firstName", "lastName", "patronymic", "email"] {
        if let (false, Some(value)) = (order.contains_key(name), customer.get(name)) {
            order.insert(name.into(), value.clone());
        }
    }
    let number = crate::entity::phones_of(&customer).next();
    if let (false, Some(number)) = (order.contains_key("phone"), number) {
        order.insert("phone".into(), number.into());
    }
}

/// Payments that are complete and have no date were paid now.
fn paid(context: &Context<'_>, order: &mut Entity) {
    let now = context.date_time();
    let payments = match order.get_mut("payments") {
        Some(Value::Array(list)) => list.iter_mut().collect::<Vec<_>>(),
        Some(Value::Object(by_id)) => by_id.values_mut().collect(),
        _ => return,
    };
    for payment in payments.into_iter().filter_map(Value::as_object_mut) {
        let status = text(payment, "status");
        let complete = context.state.account.references.find("paymentStatuses", status);
        if complete.is_some_and(|status| crate::entity::is(status, "paymentComplete", false)) && text(payment, "paidAt").is_empty() {
            payment.insert("paidAt".into(), now.as_str().into());
        }
    }
}

/// Creates an order and returns its id.
fn made(context: &mut Context<'_>, fields: &Entity, site: &str) -> Result<i64, ApiError> {
    let mut order = given(context.state, fields)?;
    crate::entity::drop_nulls(&mut order);
    let complaints = nameless(&order);
    if !complaints.is_empty() {
        return Err(ApiError::entity(complaints));
    }
    let external_id = text(&order, "externalId");
    if context.state.orders.by_external_id(site, external_id).is_some() {
        return Err(ApiError::external_id_taken("Order", external_id));
    }
    customers(context, &mut order, site)?;
    if !order.contains_key("customer")
        && let Some(customer) = own_customer(context, &order, site)?
    {
        order.insert("customer".into(), customer);
    }
    persons(context, &mut order);
    let now = context.date_time();
    for (name, list) in [("status", "statuses"), ("orderType", "orderTypes"), ("orderMethod", "orderMethods")] {
        if text(&order, name).is_empty()
            && let Some(code) = default_code(context, name, list)
        {
            order.insert(name.into(), code);
        }
    }
    let id = context.state.orders.next_id();
    let from_api = matches!(context.actor, crate::history::Actor::Key(_));
    for (name, value) in [
        ("number", format!("{id}{}", if from_api { "A" } else { "C" }).into()),
        ("createdAt", now.as_str().into()),
        ("countryIso", "RU".into()),
        ("privilegeType", "none".into()),
    ] {
        order.entry(name).or_insert(value);
    }
    order.insert("site".into(), site.into());
    order.insert("statusUpdatedAt".into(), now.as_str().into());
    order.insert("fromApi".into(), from_api.into());
    order.insert("currency".into(), context.state.account.currency().into());
    for item in order.get_mut("items").and_then(Value::as_array_mut).into_iter().flatten().filter_map(Value::as_object_mut) {
        item.remove("id");
        item.entry("createdAt").or_insert(now.as_str().into());
    }
    paid(context, &mut order);
    context.state.complete_order(&mut order);
    let id = context.state.orders.add(order);
    let Some(order) = context.state.orders.get(id) else { return Err(ApiError::not_found()) };
    let (status, shown) = (json!({"code": order["status"]}), shown(context.state, order));
    let recorded = as_created(shown.clone());
    context.happened(Subject::Order, Deed::Created, vec![created("status", status)], &recorded, &shown);
    Ok(id)
}

/// A new order as the answer shows it.
fn one_created(context: &Context<'_>, id: i64) -> Option<Value> {
    context.state.orders.get(id).map(|order| as_created(shown(context.state, order)))
}

/// A new order.
pub fn create(context: &mut Context<'_>) -> ApiResult {
    let fields = context.call.object("order")?;
    let site = shops::required(context)?;
    let id = made(context, &fields, &site)?;
    Success::created(json!({"id": id, "order": one_created(context, id)}))
}

/// Replaces the order with this id: sums are counted again, changes go into the history.
pub fn changed(context: &mut Context<'_>, id: i64, mut order: Entity) {
    let Some(old) = context.state.orders.get(id).cloned() else { return };
    paid(context, &mut order);
    context.state.complete_order(&mut order);
    if old.get("status") != order.get("status") {
        order.insert("statusUpdatedAt".into(), context.date_time().into());
    }
    let changes = changes::between(&old, &order);
    let recorded = reduced_order(&order);
    context.state.orders.put(id, order);
    if let (false, Some(order)) = (changes.is_empty(), context.state.orders.get(id)) {
        let shown = shown(context.state, order);
        context.happened(Subject::Order, Deed::Updated, changes, &recorded, &shown);
    }
}

/// Changes an order: only what is sent. The list of items is replaced; payments are changed by id or added.
pub fn edit(context: &mut Context<'_>) -> ApiResult {
    let fields = context.call.object("order")?;
    let id = shops::addressed_for_change(context, &context.state.orders)?;
    let mut patch = given(context.state, &fields)?;
    let mut order = context.state.orders.get(id).cloned().ok_or_else(ApiError::not_found)?;
    let site = text(&order, "site").to_owned();
    let external_id = text(&patch, "externalId");
    if let Some(other) = context.state.orders.by_external_id(&site, external_id)
        && own_id(other) != id
    {
        return Err(ApiError::external_id_taken("Order", external_id));
    }
    customers(context, &mut patch, &site)?;
    items(&order, &mut patch);
    let complaints = nameless(&patch);
    if !complaints.is_empty() {
        return Err(ApiError::entity(complaints));
    }
    let payments = patch.remove("payments");
    // An empty list of items makes the sum 0; without this the old `summ` would stay.
    if patch.get("items").and_then(Value::as_array).is_some_and(Vec::is_empty) {
        order.remove("summ");
    }
    merge(&mut order, patch);
    if let Some(Value::Array(given)) = payments {
        put_payments(context, &mut order, given);
    }
    changed(context, id, order);
    let order = context.state.orders.get(id).map(|order| shown(context.state, order));
    Success::ok(json!({"id": id, "order": order}))
}

/// Payments of a change: those with a known id or externalId are changed, the others added.
fn put_payments(context: &mut Context<'_>, order: &mut Entity, given: Vec<Value>) {
    let mut payments = order.get("payments").and_then(Value::as_object).cloned().unwrap_or_default();
    for payment in given.into_iter().map(crate::entity::entity) {
        let by_external_id = payments.iter().find(|(_, known)| {
            !text(&payment, "externalId").is_empty() && known["externalId"].as_str() == Some(text(&payment, "externalId"))
        });
        let id = match payment.get("id").and_then(Value::as_i64).filter(|id| payments.contains_key(&id.to_string())) {
            Some(id) => id,
            None => by_external_id.and_then(|(id, _)| id.parse().ok()).unwrap_or_else(|| context.state.part_ids.next_id()),
        };
        let mut whole = payments.get(&id.to_string()).and_then(Value::as_object).cloned().unwrap_or_default();
        merge(&mut whole, payment);
        whole.insert("id".into(), id.into());
        payments.insert(id.to_string(), whole.into());
    }
    order.insert("payments".into(), payments.into());
}

/// Many new orders.
pub fn upload(context: &mut Context<'_>) -> ApiResult {
    upload_all(context, "orders", "Orders", made, Some(one_created))
}

/// Gives orders other `externalId`s.
pub fn fix_external_ids(context: &mut Context<'_>) -> ApiResult {
    let rows = context.call.objects("orders", MOST)?;
    for (id, order) in renamed(context, &context.state.orders, &rows)? {
        changed(context, id, order);
    }
    Success::ok(json!({}))
}
