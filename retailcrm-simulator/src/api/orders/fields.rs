//! What an order may hold, and how it is read.

use serde_json::{Map, Value, json};

use crate::account::references::References;
use crate::api::customers::{ADDRESS, CONTRAGENT, SOURCE};
use crate::context::Context;
use crate::entity::{Entity, pick, text};
use crate::rules::shape::{self, Errors, Kind, Member};
use crate::state::State;
use crate::wire::ApiError;

const OFFER: &[Member] = &[
    ("id", Kind::Int),
    ("externalId", Kind::Text),
    ("xmlId", Kind::Text),
    ("name", Kind::Text),
    ("displayName", Kind::Text),
    ("article", Kind::Text),
    ("vatRate", Kind::Text),
    ("unit", Kind::Object(&[("code", Kind::Text), ("name", Kind::Text), ("sym", Kind::Text)])),
];
const PROPERTY: &[Member] = &[("code", Kind::Text), ("name", Kind::Text), ("value", Kind::LongText)];
const EXTERNAL_ID: &[Member] = &[("code", Kind::Text), ("value", Kind::Text)];

const DISCOUNT: &[Member] = &[("type", Kind::Choice(&DISCOUNTS)), ("amount", Kind::Number)];
const DISCOUNTS: [&str; 7] = ["manual_order", "manual_product", "loyalty_level", "loyalty_event", "personal", "bonus_charge", "round"];

const ITEM: &[Member] = &[
    ("id", Kind::Int),
    ("externalIds", Kind::Objects(EXTERNAL_ID)),
    ("offer", Kind::Object(OFFER)),
    ("productName", Kind::Text),
    ("initialPrice", Kind::Number),
    ("purchasePrice", Kind::Number),
    ("quantity", Kind::Number),
    ("discountManualAmount", Kind::Number),
    ("discountManualPercent", Kind::Number),
    ("discounts", Kind::Objects(DISCOUNT)),
    ("status", Kind::Text),
    ("properties", Kind::Objects(PROPERTY)),
    ("priceType", Kind::Object(&[("code", Kind::Text)])),
    ("vatRate", Kind::Text),
    ("comment", Kind::LongText),
    ("createdAt", Kind::DateTime),
];

/// A payment.
pub const PAYMENT: &[Member] = &[
    ("id", Kind::Int),
    ("externalId", Kind::Text),
    ("type", Kind::Text),
    ("status", Kind::Text),
    ("amount", Kind::Number),
    ("paidAt", Kind::DateTime),
    ("comment", Kind::LongText),
];

const DELIVERY: &[Member] = &[
    ("code", Kind::Text),
    ("cost", Kind::Number),
    ("netCost", Kind::Number),
    ("date", Kind::Date),
    ("time", Kind::Object(&[("from", Kind::Text), ("to", Kind::Text), ("custom", Kind::Text)])),
    ("address", Kind::Object(ADDRESS)),
    ("service", Kind::Any),
    ("data", Kind::Any),
    ("vatRate", Kind::Text),
];

const MEMBERS: &[Member] = &[
    ("number", Kind::Text),
    ("externalId", Kind::Text),
    ("orderType", Kind::Text),
    ("orderMethod", Kind::Text),
    ("countryIso", Kind::Text),
    ("createdAt", Kind::DateTime),
    ("status", Kind::Text),
    ("statusComment", Kind::LongText),
    ("managerId", Kind::User),
    ("customer", Kind::Any),
    ("contact", Kind::Any),
    ("company", Kind::Any),
    ("firstName", Kind::Text),
    ("lastName", Kind::Text),
    ("patronymic", Kind::Text),
    ("phone", Kind::Text),
    ("additionalPhone", Kind::Text),
    ("email", Kind::Text),
    ("call", Kind::Flag),
    ("expired", Kind::Flag),
    ("customerComment", Kind::LongText),
    ("managerComment", Kind::LongText),
    ("delivery", Kind::Object(DELIVERY)),
    ("items", Kind::Objects(ITEM)),
    ("payments", Kind::Any),
    ("source", Kind::Object(SOURCE)),
    ("customFields", Kind::CustomFields("order")),
    ("shipmentStore", Kind::Text),
    ("shipmentDate", Kind::Date),
    ("shipped", Kind::Flag),
    ("weight", Kind::Number),
    ("length", Kind::Number),
    ("width", Kind::Number),
    ("height", Kind::Number),
    ("privilegeType", Kind::Choice(&["none", "personal_discount", "loyalty_level", "loyalty_event"])),
    ("discountManualAmount", Kind::Number),
    ("discountManualPercent", Kind::Number),
    ("contragent", Kind::Object(CONTRAGENT)),
    ("dialogId", Kind::Int),
    ("clientId", Kind::Text),
    ("applyRound", Kind::Flag),
    ("mark", Kind::Int),
    ("markDatetime", Kind::DateTime),
];

/// Members whose values are codes, and the books they are in.
const CODES: [(&str, &str); 4] =
    [("status", "statuses"), ("orderType", "orderTypes"), ("orderMethod", "orderMethods"), ("shipmentStore", "stores")];

/// `Order is not loaded`, by field.
pub fn not_loaded(errors: Errors) -> ApiError {
    ApiError::refused("Order is not loaded", errors)
}

/// Members as given, in their types. Mistakes of format are one refusal, codes that the account does not know another.
pub fn given(state: &State, given: &Entity) -> Result<Entity, ApiError> {
    let mut errors = Map::new();
    let mut kept = shape::read(state, MEMBERS, given, "", &mut errors);
    if let Some(payments) = kept.remove("payments").filter(|payments| !payments.is_null()) {
        let list = match payments {
            Value::Array(list) => list,
            // A map by id, as the API shows it.
            Value::Object(by_id) => by_id.into_iter().map(|(_, payment)| payment).collect(),
            _ => {
                errors.insert("payments".into(), "This value should be a list.".into());
                Vec::new()
            }
        };
        let payment = |(index, payment): (usize, Value)| {
            let place = format!("payments[{index}]");
            let known = payment["id"].is_i64() || payment["externalId"].is_string();
            if !payment.is_object() || (payment["type"].as_str().unwrap_or_default().is_empty() && !known) {
                errors.insert(format!("{place}.type"), "This value should not be blank.".into());
            }
            Value::Object(shape::read(state, PAYMENT, &crate::entity::entity(payment), &place, &mut errors))
        };
        let list: Vec<Value> = list.into_iter().enumerate().map(payment).collect();
        kept.insert("payments".into(), list.into());
    }
    if kept.get("externalId").and_then(Value::as_str) == Some("") {
        kept.remove("externalId");
    }
    if !errors.is_empty() {
        return Err(ApiError::entity(errors));
    }
    unknown(state, &kept, &mut errors);
    if !errors.is_empty() {
        return Err(not_loaded(errors));
    }
    for item in kept.get_mut("items").and_then(Value::as_array_mut).into_iter().flatten() {
        if let (Some(known), Some(given)) = (catalogued(state, item), item.get_mut("offer").and_then(Value::as_object_mut)) {
            for (name, value) in known {
                given.entry(name).or_insert(value);
            }
        }
    }
    Ok(kept)
}

/// Codes that the account does not know.
fn unknown(state: &State, order: &Entity, errors: &mut Errors) {
    let books = &state.account.references;
    let mut check = |place: String, list: &str, code: &str| {
        if !code.is_empty() && books.find(list, code).is_none() {
            errors.insert(place, References::unknown(list, code).into());
        }
    };
    for (name, list) in CODES {
        check(name.into(), list, text(order, name));
    }
    check(
        "delivery.code".into(),
        "deliveryTypes",
        order.get("delivery").and_then(|delivery| delivery["code"].as_str()).unwrap_or_default(),
    );
    for (index, payment) in order.get("payments").and_then(Value::as_array).into_iter().flatten().enumerate() {
        check(format!("payments[{index}].type"), "paymentTypes", payment["type"].as_str().unwrap_or_default());
        check(format!("payments[{index}].status"), "paymentStatuses", payment["status"].as_str().unwrap_or_default());
    }
    for (index, item) in order.get("items").and_then(Value::as_array).into_iter().flatten().enumerate() {
        check(format!("items[{index}].status"), "productStatuses", item["status"].as_str().unwrap_or_default());
    }
    for (index, item) in order.get("items").and_then(Value::as_array).into_iter().flatten().enumerate() {
        if let Err(complaint) = offer(state, item) {
            errors.insert(format!("items[{index}].offer.{}", complaint.0), complaint.1.into());
        }
    }
}

/// What the catalogue says of an item's offer.
fn catalogued(state: &State, item: &Value) -> Option<Entity> {
    let offers = state.account.lists.get("offers")?;
    let named = ["id", "externalId", "xmlId"].into_iter().find(|name| !item["offer"][*name].is_null())?;
    let found = offers.iter().find(|offer| offer.get(named) == Some(&item["offer"][named]))?;
    Some(pick(found, &["id", "externalId", "xmlId", "name", "displayName", "article", "vatRate", "unit"]))
}

/// An item's offer, when the account has a catalogue; without one every offer is accepted.
fn offer<'a>(state: &State, item: &'a Value) -> Result<(), (&'a str, String)> {
    let Some(offers) = state.account.lists.get("offers").filter(|offers| !offers.is_empty()) else { return Ok(()) };
    for name in ["id", "externalId", "xmlId"] {
        let wanted = &item["offer"][name];
        if wanted.is_null() {
            continue;
        }
        if offers.iter().any(|offer| offer.get(name) == Some(wanted)) {
            return Ok(());
        }
        let shown = wanted.as_str().map_or_else(|| wanted.to_string(), str::to_owned);
        return Err((name, format!("Offer with {name} {shown} not found.")));
    }
    Ok(())
}

/// Items of a change: those that the order has keep their ids. An item is recognised by id, by external id, by offer.
pub fn items(old: &Entity, new: &mut Entity) {
    let known = old.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut taken = Vec::new();
    for item in new.get_mut("items").and_then(Value::as_array_mut).into_iter().flatten() {
        let same = |old: &&Value| {
            let by = |name: &str| !item[name].is_null() && item[name] == old[name];
            if !item["id"].is_null() { item["id"] == old["id"] } else { by("externalIds") || by("offer") }
        };
        let Some(found) = known.iter().filter(|old| !taken.contains(&old["id"])).find(same) else {
            // An id that no item has is not taken over.
            if let Some(item) = item.as_object_mut() {
                item.remove("id");
            }
            continue;
        };
        taken.push(found["id"].clone());
        let mut whole = found.as_object().cloned().unwrap_or_default();
        whole.extend(item.as_object().cloned().unwrap_or_default());
        whole.insert("id".into(), found["id"].clone());
        forget_listed(item, &mut whole);
        whole.retain(|_, value| !value.is_null());
        *item = Value::Object(whole);
    }
}

/// An item's own discount is also in its list of discounts. A change of the one must not leave the other as it was.
fn forget_listed(given: &Value, whole: &mut Entity) {
    let changes = |name: &str| given.get(name).is_some();
    if changes("discounts") || !(changes("discountManualAmount") || changes("discountManualPercent")) {
        return;
    }
    if let Some(Value::Array(listed)) = whole.get_mut("discounts") {
        listed.retain(|discount| discount["type"] != "manual_product");
    }
}

/// Complaints about items that name neither an offer nor a product.
pub fn nameless(order: &Entity) -> Errors {
    let items = order.get("items").and_then(Value::as_array).into_iter().flatten().enumerate();
    let nameless = items.filter(|(_, item)| {
        let offer = ["id", "externalId", "xmlId"].iter().any(|name| !item["offer"][*name].is_null());
        !offer && item["productName"].as_str().unwrap_or_default().is_empty() && item["id"].is_null()
    });
    nameless.map(|(index, _)| (format!("items[{index}]"), json!("Set one of the following fields: offer, productName"))).collect()
}

/// The default of a code that an order does not name.
pub fn default_code(context: &Context<'_>, name: &str, list: &str) -> Option<Value> {
    let books = &context.state.account.references;
    if name == "status" {
        return books.find("statuses", "new").or(books.of("statuses").first()).map(|status| text(status, "code").into());
    }
    books.default_of(list, "defaultForApi").map(Value::from)
}
