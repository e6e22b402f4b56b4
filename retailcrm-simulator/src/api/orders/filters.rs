//! What the list of orders can be filtered by.

use serde_json::Value;

use crate::api::customers::{ATTACHMENTS, TASKS, VISITS, first_or_last, has_attachments, has_external_id, open_tasks};
use crate::entity::{Entity, at, full_name, phones_of, text};
use crate::phone;
use crate::rules::filters::{Filter, Test, Wants, yes};
use crate::state::State;

/// `filter[customer]` searches the customer's name as a part of text, and phones by their digits.
fn belongs(state: &State, order: &Entity, wanted: &Value) -> bool {
    let wanted = wanted.as_str().unwrap_or_default();
    let customer = customer(state, order);
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
    let customer = customer(state, order);
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
    customer(state, order).is_some_and(|customer| crate::entity::is(customer, name, false)) == wanted.as_str().is_some_and(yes)
}

fn by_open_tasks(state: &State, order: &Entity, wanted: &Value) -> bool {
    let id = crate::state::own_id(order);
    open_tasks(state, state.tasks.iter().filter(|task| task.get("order").is_some_and(|order| order["id"] == id)), wanted)
}

/// The order's customer.
fn customer<'a>(state: &'a State, order: &Entity) -> Option<&'a Entity> {
    state.customers.get(crate::state::table::customer_of(order)?)
}

/// A comparison of the orders of the order's customer: `last` of the first and the last, `to` of from and to.
fn by_neighbour(state: &State, order: &Entity, wanted: &Value, last: bool, to: bool) -> bool {
    customer(state, order).is_some_and(|customer| first_or_last(state.orders.of_customer(crate::state::own_id(customer)), wanted, last, to))
}

/// A comparison of a visit of the order's customer; visits are what an account's file has.
fn by_visit(state: &State, order: &Entity, wanted: &Value, visit: &str, to: bool) -> bool {
    let wanted = wanted.as_str().unwrap_or_default();
    let day = customer(state, order).and_then(|customer| text(customer, visit).get(..wanted.len()));
    day.is_some_and(|day| if to { day <= wanted } else { day >= wanted })
}

/// A bound of the hours of delivery: `09:00` and `09:00:00` are the same.
fn by_hour(order: &Entity, wanted: &Value, member: &str) -> Option<std::cmp::Ordering> {
    let hour = order.get("delivery")?["time"][member].as_str()?;
    let wanted = wanted.as_str()?;
    Some(hour.get(..5)?.cmp(wanted.get(..5)?))
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

/// The official clients' filters. Those about data that the simulator does not make (receipts, visits, parcels) look at what the account's
/// file has.
pub const FILTERS: &[Filter] = &[
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
    ("contragentBik", Test::Is("contragent.BIK")),
    ("contragentCorrAccount", Test::Is("contragent.corrAccount")),
    ("contragentBankAccount", Test::Is("contragent.bankAccount")),
    ("city", Test::Has("delivery.address.city")),
    ("region", Test::Has("delivery.address.region")),
    ("index", Test::Is("delivery.address.index")),
    ("metro", Test::Has("delivery.address.metro")),
    ("minDeliveryNetCost", Test::Min("delivery.netCost")),
    ("maxDeliveryNetCost", Test::Max("delivery.netCost")),
    ("deliveryTimeFrom", Test::With(Wants::Hour, |_, order, wanted| by_hour(order, wanted, "from").is_some_and(std::cmp::Ordering::is_ge))),
    ("deliveryTimeTo", Test::With(Wants::Hour, |_, order, wanted| by_hour(order, wanted, "to").is_some_and(std::cmp::Ordering::is_le))),
    ("deliveryExternalId", Test::Is("delivery.data.externalId")),
    ("dpdParcelDateFrom", Test::From("delivery.data.parcelDate")),
    ("dpdParcelDateTo", Test::To("delivery.data.parcelDate")),
    ("firstOrderFrom", Test::With(Wants::Date, |state, order, wanted| by_neighbour(state, order, wanted, false, false))),
    ("firstOrderTo", Test::With(Wants::Date, |state, order, wanted| by_neighbour(state, order, wanted, false, true))),
    ("lastOrderFrom", Test::With(Wants::Date, |state, order, wanted| by_neighbour(state, order, wanted, true, false))),
    ("lastOrderTo", Test::With(Wants::Date, |state, order, wanted| by_neighbour(state, order, wanted, true, true))),
    ("firstWebVisitFrom", Test::With(Wants::Date, |state, order, wanted| by_visit(state, order, wanted, VISITS[0], false))),
    ("firstWebVisitTo", Test::With(Wants::Date, |state, order, wanted| by_visit(state, order, wanted, VISITS[0], true))),
    ("lastWebVisitFrom", Test::With(Wants::Date, |state, order, wanted| by_visit(state, order, wanted, VISITS[1], false))),
    ("lastWebVisitTo", Test::With(Wants::Date, |state, order, wanted| by_visit(state, order, wanted, VISITS[1], true))),
    ("attachments", Test::With(Wants::Choice(&ATTACHMENTS), has_attachments)),
    ("receiptFiscalDocumentAttribute", Test::Is("receipts.fiscalDocumentAttribute")),
    ("receiptStatus", Test::Is("receipts.status")),
    ("receiptOperation", Test::Is("receipts.operation")),
    ("receiptOrderStatus", Test::Is("receipts.orderStatus")),
    ("uploadedToExtStoreSys", Test::Flag("uploadedToExternalStoreSystem", false)),
    ("countries", Test::Among("countryIso")),
    ("tasksCounts", Test::With(Wants::Choice(&TASKS), by_open_tasks)),
];
