//! `/customers-corporate`, read-only: companies are loaded from the account's file. Their phones are those of their contacts, who are ordinary
//! customers.

use serde_json::{Value, json};

use super::customers::{ATTACHMENTS, TASKS, first_or_last, has_attachments, open_tasks};
use crate::context::Context;
use crate::entity::{Entity, at, money, pick};
use crate::rules::filters::{Filter, Test, Wanted, Wants, has_id};
use crate::rules::shops;
use crate::state::{State, own_id};
use crate::wire::{ApiError, ApiResult, Success, php_map};

fn orders_of<'a>(state: &'a State, corporate: &Entity) -> impl DoubleEndedIterator<Item = &'a Entity> {
    let id = own_id(corporate);
    state
        .orders
        .iter()
        .filter(move |order| order.get("customer").is_some_and(|customer| customer["type"] == "customer_corporate" && customer["id"] == id))
}

fn sums(state: &State, corporate: &Entity) -> (f64, f64, f64) {
    let (count, sum) = orders_of(state, corporate)
        .fold((0.0, 0.0), |(count, sum), order| (count + 1.0, sum + order.get("totalSumm").and_then(Value::as_f64).unwrap_or(0.0)));
    (count, sum, if count == 0.0 { 0.0 } else { sum / count })
}

fn within(number: f64, wanted: &Value, most: bool) -> bool {
    let bound: Option<f64> = wanted.as_str().and_then(|text| text.parse().ok());
    bound.is_some_and(|bound| if most { number <= bound } else { number >= bound })
}

fn by_email(state: &State, corporate: &Entity, wanted: &Value) -> bool {
    let wanted = wanted.as_str().unwrap_or_default().to_lowercase();
    contacts_of(state, corporate).any(|(_, customer)| crate::entity::text(customer, "email").to_lowercase() == wanted)
}

fn by_note(state: &State, corporate: &Entity, wanted: &Value) -> bool {
    let (id, wanted) = (own_id(corporate), wanted.as_str().unwrap_or_default().to_lowercase());
    let mut notes = state.corporate_notes.iter().filter(|note| note.get("customer").is_some_and(|customer| customer["id"] == id));
    notes.any(|note| crate::entity::text(note, "text").to_lowercase().contains(&wanted))
}

fn by_groups(state: &State, corporate: &Entity, wanted: &Value) -> bool {
    let manager = corporate.get("managerId").and_then(Value::as_i64).and_then(|id| state.users.get(id));
    manager.is_some_and(|user| at(user, "groups.id").iter().any(|id| has_id(wanted, id.as_i64())))
}

fn by_open_tasks(state: &State, corporate: &Entity, wanted: &Value) -> bool {
    let id = own_id(corporate);
    let theirs = |customer: &Value| customer["type"] == "customer_corporate" && customer["id"] == id;
    open_tasks(state, state.tasks.iter().filter(|task| task.get("customer").is_some_and(theirs)), wanted)
}

fn by_orders(state: &State, corporate: &Entity, wanted: &Value, last: bool, to: bool) -> bool {
    first_or_last(orders_of(state, corporate), wanted, last, to)
}

fn by_contact_name(state: &State, corporate: &Entity, wanted: &Value) -> bool {
    let wanted = wanted.as_str().unwrap_or_default().to_lowercase();
    contacts_of(state, corporate).any(|(_, customer)| crate::entity::full_name(customer).to_lowercase().contains(&wanted))
}

const FILTERS: &[Filter] = &[
    ("ids", Test::Ids),
    ("externalIds", Test::Among("externalId")),
    ("nickName", Test::HasAny("nickName")),
    ("name", Test::Has("nickName")),
    ("email", Test::With(Wants::Text, by_email)),
    ("notes", Test::With(Wants::Text, by_note)),
    ("addressName", Test::Has("addresses.name")),
    ("city", Test::Has("addresses.city")),
    ("region", Test::Has("addresses.region")),
    ("contactIds", Test::Among("customerContacts.customer.id")),
    ("contactName", Test::With(Wants::Text, by_contact_name)),
    ("companyName", Test::Has("companies.name")),
    ("contragentName", Test::Has("companies.contragent.legalName")),
    ("contragentTypes", Test::Among("companies.contragent.contragentType")),
    ("contragentInn", Test::Is("companies.contragent.INN")),
    ("contragentKpp", Test::Is("companies.contragent.KPP")),
    ("contragentBik", Test::Is("companies.contragent.BIK")),
    ("contragentCorrAccount", Test::Is("companies.contragent.corrAccount")),
    ("contragentBankAccount", Test::Is("companies.contragent.bankAccount")),
    ("minOrdersCount", Test::With(Wants::Number, |state, one, wanted| within(sums(state, one).0, wanted, false))),
    ("maxOrdersCount", Test::With(Wants::Number, |state, one, wanted| within(sums(state, one).0, wanted, true))),
    ("minTotalSumm", Test::With(Wants::Number, |state, one, wanted| within(sums(state, one).1, wanted, false))),
    ("maxTotalSumm", Test::With(Wants::Number, |state, one, wanted| within(sums(state, one).1, wanted, true))),
    ("minAverageSumm", Test::With(Wants::Number, |state, one, wanted| within(sums(state, one).2, wanted, false))),
    ("maxAverageSumm", Test::With(Wants::Number, |state, one, wanted| within(sums(state, one).2, wanted, true))),
    ("minCostSumm", Test::Min("costSumm")),
    ("maxCostSumm", Test::Max("costSumm")),
    ("firstOrderFrom", Test::With(Wants::Date, |state, one, wanted| by_orders(state, one, wanted, false, false))),
    ("firstOrderTo", Test::With(Wants::Date, |state, one, wanted| by_orders(state, one, wanted, false, true))),
    ("lastOrderFrom", Test::With(Wants::Date, |state, one, wanted| by_orders(state, one, wanted, true, false))),
    ("lastOrderTo", Test::With(Wants::Date, |state, one, wanted| by_orders(state, one, wanted, true, true))),
    ("classSegment", Test::Is("classSegment")),
    ("discountCardNumber", Test::Is("discountCardNumber")),
    ("attachments", Test::With(Wants::Choice(&ATTACHMENTS), has_attachments)),
    ("tasksCounts", Test::With(Wants::Choice(&TASKS), by_open_tasks)),
    ("managers", Test::Among("managerId")),
    ("managerGroups", Test::With(Wants::List, by_groups)),
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
    let (count, sum, average) = sums(state, corporate);
    let main = |list: &str| {
        let rows = corporate.get(list).and_then(Value::as_array).into_iter().flatten();
        let mut rows = rows
            .filter(|row| row["isMain"] == true)
            .map(|row| pick(&crate::entity::entity(row.clone()), &["id", "externalId", "name", "customer", "companies"]));
        rows.next().map(Value::Object)
    };
    for (name, value) in
        [("mainCompany", main("companies")), ("mainAddress", main("addresses")), ("mainCustomerContact", main("customerContacts"))]
    {
        if let Some(value) = value {
            shown.entry(name).or_insert(value);
        }
    }
    for (name, value) in [
        ("vip", json!(false)),
        ("bad", json!(false)),
        ("tags", json!([])),
        ("ordersCount", money(count)),
        ("marginSumm", money(sum)),
        ("totalSumm", money(sum)),
        ("averageSumm", money(average)),
        ("costSumm", json!(0)),
        ("personalDiscount", json!(0)),
    ] {
        shown.entry(name).or_insert(value);
    }
    // Their lists have methods of their own.
    for list in ["addresses", "companies", "customerContacts"] {
        shown.remove(list);
    }
    Value::Object(shown)
}

/// Corporate customers, filtered; newest first.
pub fn list(context: &mut Context<'_>) -> ApiResult {
    let page = context.call.page()?;
    let wanted = Wanted::read(context.state, context.call, FILTERS)?;
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

const ADDRESSES: &[Filter] =
    &[("ids", Test::Ids), ("name", Test::Has("name")), ("city", Test::Has("city")), ("region", Test::Has("region"))];
const COMPANIES: &[Filter] = &[("ids", Test::Ids), ("externalIds", Test::Among("externalId"))];
const CONTACTS: &[Filter] = &[
    ("ids", Test::Ids),
    ("contactIds", Test::Among("customer.id")),
    ("contactExternalIds", Test::With(Wants::List, super::customers::has_external_id)),
];

/// A page of one of a corporate customer's lists, and the reference to the customer.
fn part(context: &Context<'_>, list: &str, filters: &[Filter]) -> Result<(Vec<Entity>, Value, Value), ApiError> {
    let page = context.call.page()?;
    let wanted = Wanted::read(context.state, context.call, filters)?;
    let corporate = shops::addressed(context, &context.state.corporate)?;
    let rows = corporate.get(list).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object);
    let (rows, pagination) = page.cut(rows.filter(|row| wanted.pass(context.state, row)).cloned().collect());
    let mut owner = pick(corporate, &["id", "externalId", "site"]);
    owner.insert("type".into(), "customer_corporate".into());
    Ok((rows, pagination, owner.into()))
}

/// Addresses of one.
pub fn addresses(context: &mut Context<'_>) -> ApiResult {
    let (mut addresses, pagination, _) = part(context, "addresses", ADDRESSES)?;
    addresses.iter_mut().for_each(super::customers::write_out);
    Success::ok(json!({"pagination": pagination, "addresses": addresses}))
}

/// Companies of one.
pub fn companies(context: &mut Context<'_>) -> ApiResult {
    let (mut companies, pagination, owner) = part(context, "companies", COMPANIES)?;
    for company in &mut companies {
        let orders =
            context.state.orders.iter().filter(|order| order.get("company").is_some_and(|known| Some(&known["id"]) == company.get("id")));
        let (count, sum) =
            orders.fold((0, 0.0), |(count, sum), order| (count + 1, sum + order.get("totalSumm").and_then(Value::as_f64).unwrap_or(0.0)));
        let fields = company.remove("customFields").and_then(|fields| fields.as_object().cloned()).unwrap_or_default();
        for (name, value) in [
            ("isMain", json!(false)),
            ("customer", owner.clone()),
            ("active", json!(true)),
            ("contragent", json!({"contragentType": "legal-entity"})),
            ("customFields", php_map(fields)),
            ("ordersCount", json!(count)),
            ("marginSumm", money(sum)),
            ("totalSumm", money(sum)),
            ("averageSumm", money(if count == 0 { 0.0 } else { sum / f64::from(count) })),
            ("costSumm", json!(0)),
        ] {
            company.entry(name).or_insert(value);
        }
    }
    Success::ok(json!({"pagination": pagination, "companies": companies}))
}

/// Contacts of one. Their names and phones are in `/customers`.
pub fn contacts(context: &mut Context<'_>) -> ApiResult {
    let (mut contacts, pagination, _) = part(context, "customerContacts", CONTACTS)?;
    for contact in &mut contacts {
        let known = crate::state::table::customer_of(contact).and_then(|id| context.state.customers.get(id));
        if let Some(customer) = known {
            contact.insert("customer".into(), pick(customer, &["id", "externalId", "site"]).into());
        }
        contact.entry("isMain").or_insert(json!(false));
        contact.entry("companies").or_insert(json!([]));
    }
    Success::ok(json!({"pagination": pagination, "contacts": contacts}))
}

/// Notes on corporate customers.
pub fn notes(context: &mut Context<'_>) -> ApiResult {
    let page = context.call.page()?;
    let wanted = Wanted::read(context.state, context.call, super::customers::NOTE_FILTERS)?;
    let state = &*context.state;
    let (notes, pagination) = page.cut(state.corporate_notes.iter().rev().filter(|note| wanted.pass(state, note)).collect());
    Success::ok(json!({"pagination": pagination, "notes": notes}))
}
