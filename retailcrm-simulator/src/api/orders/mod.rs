//! `/orders`.

mod combine;
mod fields;
mod payments;
mod write;

use serde_json::{Value, json};

use super::customers::{TASKS, has_external_id, shown as shown_customer};
use crate::context::Context;
use crate::entity::{Entity, at, full_name, id_of, phones_of, pick, text};
use crate::phone;
use crate::rules::filters::{Filter, Test, Wanted, Wants, yes};
use crate::rules::shops;
use crate::state::{State, own_id};
use crate::wire::{ApiError, ApiResult, Success, php_map};

pub use combine::{combine, create_link, move_to, remove};
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
        item.entry("properties").or_insert(json!([]));
        item.entry("discounts").or_insert(json!([]));
        item.entry("purchasePrice").or_insert(json!(0));
    }
    shown.insert("items".into(), items.into());
    let absent = [
        ("slug", json!(id_of(order))),
        ("bonusesCreditTotal", json!(0)),
        ("bonusesChargeTotal", json!(0)),
        ("privilegeType", json!("none")),
        ("purchaseSumm", json!(0)),
        ("personalDiscountPercent", json!(0)),
        ("currency", state.account.currency().into()),
        ("call", json!(false)),
        ("expired", json!(false)),
        ("contragent", json!({"contragentType": "individual"})),
        ("delivery", json!({"cost": 0, "netCost": 0, "address": []})),
        ("fromApi", json!(true)),
        ("shipped", json!(false)),
        ("links", json!([])),
    ];
    for (name, value) in absent {
        shown.entry(name).or_insert(value);
    }
    Value::Object(shown)
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

/// `filter[customer]` searches the customer's name as a part of text, and phones by their digits.
fn belongs(state: &State, order: &Entity, wanted: &Value) -> bool {
    let wanted = wanted.as_str().unwrap_or_default();
    let customer = crate::state::table::customer_of(order).and_then(|id| state.customers.get(id));
    let digits = phone::digits(wanted);
    let has = |known: &str| phone::looks_like_one(wanted) && phone::key(known).contains(&phone::key(&digits));
    let named = |person: &Entity| full_name(person).to_lowercase().contains(&wanted.to_lowercase());
    let numbers = ["phone", "additionalPhone"].map(|name| text(order, name));
    numbers.into_iter().any(|number| !number.is_empty() && has(number))
        || named(order)
        || customer.is_some_and(|customer| named(customer) || phones_of(customer).any(has))
}

fn by_email(state: &State, order: &Entity, wanted: &Value) -> bool {
    let wanted = wanted.as_str().unwrap_or_default().to_lowercase();
    let customer = crate::state::table::customer_of(order).and_then(|id| state.customers.get(id));
    text(order, "email").to_lowercase() == wanted || customer.is_some_and(|customer| text(customer, "email").to_lowercase() == wanted)
}

/// A status or a group of statuses.
fn in_status(state: &State, order: &Entity, wanted: &Value) -> bool {
    let wanted = crate::wire::texts(wanted);
    let status = text(order, "status");
    let group = state.account.references.find("statuses", status).map_or("", |status| text(status, "group"));
    wanted.iter().any(|code| code == status || code == group)
}

fn by_groups(state: &State, order: &Entity, wanted: &Value) -> bool {
    let manager = order.get("managerId").and_then(Value::as_i64).and_then(|id| state.users.get(id));
    manager.is_some_and(|user| at(user, "groups.id").iter().any(|id| crate::rules::filters::has_id(wanted, id.as_i64())))
}

fn of_vip(state: &State, order: &Entity, wanted: &Value) -> bool {
    flagged(state, order, "vip", wanted)
}

fn of_bad(state: &State, order: &Entity, wanted: &Value) -> bool {
    flagged(state, order, "bad", wanted)
}

fn flagged(state: &State, order: &Entity, name: &str, wanted: &Value) -> bool {
    let customer = crate::state::table::customer_of(order).and_then(|id| state.customers.get(id));
    customer.is_some_and(|customer| crate::entity::is(customer, name, false)) == wanted.as_str().is_some_and(yes)
}

fn by_open_tasks(state: &State, order: &Entity, wanted: &Value) -> bool {
    let id = own_id(order);
    let open = |task: &&Entity| !crate::entity::is(task, "complete", false) && task.get("order").is_some_and(|order| order["id"] == id);
    state.tasks.iter().any(|task| open(&task)) != (wanted.as_str() == Some("no_tasks"))
}

fn sum(order: &Entity, name: &str) -> f64 {
    order.get(name).and_then(Value::as_f64).unwrap_or(0.0)
}

/// The margin of an order's goods `[inferred: their price minus their cost]`.
fn margin(order: &Entity) -> f64 {
    sum(order, "summ") - sum(order, "purchaseSumm")
}

fn number(wanted: &Value) -> f64 {
    wanted.as_str().and_then(|text| text.parse().ok()).unwrap_or(f64::NAN)
}

fn of_product(_: &State, order: &Entity, wanted: &Value) -> bool {
    let wanted = wanted.as_str().unwrap_or_default().to_lowercase();
    let names = ["items.offer.name", "items.offer.displayName", "items.productName"].into_iter().flat_map(|path| at(order, path));
    names.filter_map(Value::as_str).any(|name| name.to_lowercase().contains(&wanted))
}

fn online(_: &State, _: &Entity, wanted: &Value) -> bool {
    // The simulator does not follow browsers.
    !wanted.as_str().is_some_and(yes)
}

/// The official clients' filters.
const FILTERS: &[Filter] = &[
    ("ids", Test::Ids),
    ("externalIds", Test::Among("externalId")),
    ("numbers", Test::Among("number")),
    ("customer", Test::With(Wants::Text, belongs)),
    ("customerId", Test::Among("customer.id")),
    ("customerExternalId", Test::With(Wants::Text, has_external_id)),
    ("customerType", Test::Is("customer.type")),
    ("email", Test::With(Wants::Text, by_email)),
    ("sites", Test::Among("site")),
    ("managers", Test::Among("managerId")),
    ("managerGroups", Test::With(Wants::List, by_groups)),
    ("orderTypes", Test::Among("orderType")),
    ("orderMethods", Test::Among("orderMethod")),
    ("extendedStatus", Test::With(Wants::List, in_status)),
    ("createdAtFrom", Test::From("createdAt")),
    ("createdAtTo", Test::To("createdAt")),
    ("statusUpdatedAtFrom", Test::From("statusUpdatedAt")),
    ("statusUpdatedAtTo", Test::To("statusUpdatedAt")),
    ("fullPaidAtFrom", Test::From("fullPaidAt")),
    ("fullPaidAtTo", Test::To("fullPaidAt")),
    ("paidAtFrom", Test::From("payments.paidAt")),
    ("paidAtTo", Test::To("payments.paidAt")),
    ("deliveryDateFrom", Test::From("delivery.date")),
    ("deliveryDateTo", Test::To("delivery.date")),
    ("shipmentDateFrom", Test::From("shipmentDate")),
    ("shipmentDateTo", Test::To("shipmentDate")),
    ("minPrice", Test::Min("totalSumm")),
    ("maxPrice", Test::Max("totalSumm")),
    ("minPrepaySumm", Test::Min("prepaySum")),
    ("maxPrepaySumm", Test::Max("prepaySum")),
    ("minPurchaseSumm", Test::Min("purchaseSumm")),
    ("maxPurchaseSumm", Test::Max("purchaseSumm")),
    ("minMarginSumm", Test::With(Wants::Number, |_, order, wanted| margin(order) >= number(wanted))),
    ("maxMarginSumm", Test::With(Wants::Number, |_, order, wanted| margin(order) <= number(wanted))),
    ("minCostSumm", Test::With(Wants::Number, |_, order, wanted| sum(order, "costSumm") >= number(wanted))),
    ("maxCostSumm", Test::With(Wants::Number, |_, order, wanted| sum(order, "costSumm") <= number(wanted))),
    ("minDeliveryCost", Test::Min("delivery.cost")),
    ("maxDeliveryCost", Test::Max("delivery.cost")),
    ("product", Test::With(Wants::Text, of_product)),
    ("managerComment", Test::Has("managerComment")),
    ("customerComment", Test::Has("customerComment")),
    ("call", Test::Flag("call", false)),
    ("expired", Test::Flag("expired", false)),
    ("vip", Test::With(Wants::Flag, of_vip)),
    ("bad", Test::With(Wants::Flag, of_bad)),
    ("online", Test::With(Wants::Flag, online)),
    ("shipped", Test::Flag("shipped", false)),
    ("paymentStatuses", Test::Among("payments.status")),
    ("paymentTypes", Test::Among("payments.type")),
    ("deliveryTypes", Test::Among("delivery.code")),
    ("deliveryServices", Test::Among("delivery.service.code")),
    ("deliveryStates", Test::Among("delivery.state")),
    ("trackNumber", Test::Is("delivery.data.trackNumber")),
    ("shipmentStores", Test::Among("shipmentStore")),
    ("couriers", Test::Among("delivery.data.id")),
    ("mgChannels", Test::Among("mgChannel.id")),
    ("sourceName", Test::Has("source.source")),
    ("mediumName", Test::Has("source.medium")),
    ("campaignName", Test::Has("source.campaign")),
    ("keywordName", Test::Has("source.keyword")),
    ("adContentName", Test::Has("source.content")),
    ("customFields", Test::CustomFields),
    ("companyName", Test::Has("company.name")),
    ("contragentName", Test::Has("contragent.legalName")),
    ("contragentTypes", Test::Among("contragent.contragentType")),
    ("contragentInn", Test::Is("contragent.INN")),
    ("contragentKpp", Test::Is("contragent.KPP")),
    ("city", Test::Has("delivery.address.city")),
    ("region", Test::Has("delivery.address.region")),
    ("countries", Test::Among("countryIso")),
    ("tasksCounts", Test::With(Wants::Choice(&TASKS), by_open_tasks)),
];

/// Orders, filtered; newest first.
pub fn list(context: &mut Context<'_>) -> ApiResult {
    let page = context.call.page()?;
    let wanted = Wanted::read(context.call, FILTERS)?;
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
