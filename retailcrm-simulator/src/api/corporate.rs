//! `/customers-corporate`, read-only: companies are loaded from the account's file. Their phones are those of their contacts, who are ordinary
//! customers.

use serde_json::{Value, json};

use super::customers::shown as shown_customer;
use crate::context::Context;
use crate::entity::Entity;
use crate::rules::filters::{Filter, Test, Wanted, Wants};
use crate::rules::shops;
use crate::state::{State, own_id};
use crate::wire::{ApiError, ApiResult, Success, php_map};

fn by_contact_name(state: &State, corporate: &Entity, wanted: &Value) -> bool {
    let wanted = wanted.as_str().unwrap_or_default().to_lowercase();
    contacts_of(state, corporate).any(|(_, customer)| crate::entity::full_name(customer).to_lowercase().contains(&wanted))
}

const FILTERS: &[Filter] = &[
    ("ids", Test::Ids),
    ("externalIds", Test::Among("externalId")),
    ("nickName", Test::Has("nickName")),
    ("contactIds", Test::Among("customerContacts.customer.id")),
    ("contactName", Test::With(Wants::Text, by_contact_name)),
    ("companyName", Test::Has("companies.name")),
    ("contragentInn", Test::Is("companies.contragent.INN")),
    ("contragentKpp", Test::Is("companies.contragent.KPP")),
    ("managers", Test::Among("managerId")),
    ("sites", Test::Among("site")),
    ("vip", Test::Flag("vip", false)),
    ("bad", Test::Flag("bad", false)),
    ("dateFrom", Test::From("createdAt")),
    ("dateTo", Test::To("createdAt")),
    ("customFields", Test::CustomFields),
];

fn contacts_of<'a>(state: &'a State, corporate: &'a Entity) -> impl Iterator<Item = (&'a Value, &'a Entity)> {
    let rows = corporate.get("customerContacts").and_then(Value::as_array).into_iter().flatten();
    rows.filter_map(|row| Some((row, state.customers.get(row["customer"]["id"].as_i64()?)?)))
}

fn shown(state: &State, corporate: &Entity) -> Value {
    let mut shown = corporate.clone();
    let fields = shown.remove("customFields").and_then(|fields| fields.as_object().cloned()).unwrap_or_default();
    shown.insert("customFields".into(), php_map(fields));
    shown.insert("type".into(), "customer_corporate".into());
    let id = own_id(corporate);
    let is_theirs = |customer: &Value| customer["type"] == "customer_corporate" && customer["id"] == id;
    let orders = state.orders.iter().filter(|order| order.get("customer").is_some_and(is_theirs));
    let count = orders.count();
    let main = |list: &str| {
        let rows = corporate.get(list).and_then(Value::as_array).into_iter().flatten();
        let mut rows = rows
            .filter(|row| row["isMain"] == true)
            .map(|row| crate::entity::pick(&crate::entity::entity(row.clone()), &["id", "externalId", "name", "customer"]));
        rows.next().map(Value::Object)
    };
    for (name, value) in
        [("mainCompany", main("companies")), ("mainAddress", main("addresses")), ("mainCustomerContact", main("customerContacts"))]
    {
        if let Some(value) = value {
            shown.entry(name).or_insert(value);
        }
    }
    for (name, value) in [("vip", json!(false)), ("bad", json!(false)), ("tags", json!([])), ("ordersCount", count.into())] {
        shown.entry(name).or_insert(value);
    }
    Value::Object(shown)
}

/// Corporate customers, filtered; newest first.
pub fn list(context: &mut Context<'_>) -> ApiResult {
    let page = context.call.page()?;
    let wanted = Wanted::read(context.call, FILTERS)?;
    let state = &*context.state;
    let (found, pagination) = wanted.page(page, state, &state.corporate, &context.sites);
    let found: Vec<Value> = found.into_iter().map(|corporate| shown(state, corporate)).collect();
    Success::ok(json!({"pagination": pagination, "customersCorporate": found}))
}

/// One corporate customer.
pub fn get(context: &mut Context<'_>) -> ApiResult {
    let corporate = shops::addressed(context, &context.state.corporate)?;
    Success::ok(json!({"customerCorporate": shown(context.state, corporate)}))
}

fn part(context: &Context<'_>, list: &str) -> Result<(Vec<Value>, Value), ApiError> {
    let page = context.call.page()?;
    let wanted = Wanted::read(context.call, &[("ids", Test::Ids), ("name", Test::Has("name")), ("city", Test::Has("city"))])?;
    let corporate = shops::addressed(context, &context.state.corporate)?;
    let rows = corporate.get(list).and_then(Value::as_array).into_iter().flatten();
    let rows = rows.filter(|row| row.as_object().is_some_and(|row| wanted.pass(context.state, row))).cloned().collect();
    Ok(page.cut(rows))
}

/// Addresses of one.
pub fn addresses(context: &mut Context<'_>) -> ApiResult {
    let (addresses, pagination) = part(context, "addresses")?;
    Success::ok(json!({"pagination": pagination, "addresses": addresses}))
}

/// Companies of one.
pub fn companies(context: &mut Context<'_>) -> ApiResult {
    let (companies, pagination) = part(context, "companies")?;
    Success::ok(json!({"pagination": pagination, "companies": companies}))
}

/// Contacts of one, each with the whole customer.
pub fn contacts(context: &mut Context<'_>) -> ApiResult {
    let (contacts, pagination) = part(context, "customerContacts")?;
    let state = &*context.state;
    let whole = |mut contact: Value| {
        if let Some(customer) = contact["customer"]["id"].as_i64().and_then(|id| state.customers.get(id)) {
            contact["customer"] = shown_customer(state, customer);
        }
        contact
    };
    Success::ok(json!({"pagination": pagination, "contacts": contacts.into_iter().map(whole).collect::<Vec<_>>()}))
}

/// Notes on corporate customers.
pub fn notes(context: &mut Context<'_>) -> ApiResult {
    let page = context.call.page()?;
    let wanted = Wanted::read(context.call, super::customers::NOTE_FILTERS)?;
    let state = &*context.state;
    let (notes, pagination) = page.cut(state.corporate_notes.iter().rev().filter(|note| wanted.pass(state, note)).collect());
    Success::ok(json!({"pagination": pagination, "notes": notes}))
}
