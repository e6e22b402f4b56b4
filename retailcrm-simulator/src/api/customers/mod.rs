//! `/customers`.

mod combine;
mod notes;
mod write;

use serde_json::{Value, json};

use crate::context::Context;
use crate::entity::{Entity, at, full_name, id_of, is, money, phones_of, pick, text};
use crate::phone;
use crate::rules::filters::{Filter, Test, Wanted, Wants, has_id, yes};
use crate::rules::shops;
use crate::state::{State, own_id};
use crate::wire::{ApiResult, Success, php_map, texts};

pub use combine::{combine, remove};
pub use notes::{FILTERS as NOTE_FILTERS, create as create_note, delete as delete_note, list as notes};
pub use write::{ADDRESS, CONTRAGENT, MOST, SOURCE, create, edit, fix_external_ids, made, merge, renamed, subscribe, upload, upload_all};

/// A customer as the API shows it: sums of orders are counted, an empty map is a list.
pub fn shown(state: &State, customer: &Entity) -> Value {
    let mut shown = customer.clone();
    let fields = shown.remove("customFields").and_then(|fields| fields.as_object().cloned()).unwrap_or_default();
    shown.insert("customFields".into(), php_map(fields));
    shown.insert("type".into(), "customer".into());
    if let Some(address) = shown.get_mut("address").and_then(Value::as_object_mut) {
        address.entry("id").or_insert(own_id(customer).into());
        write_out(address);
    }
    let of_orders = statistics(state, customer);
    let absent = [
        ("isContact", json!(false)),
        ("vip", json!(false)),
        ("bad", json!(false)),
        ("contragent", json!({"contragentType": "individual"})),
        ("tags", json!([])),
        ("segments", json!([])),
        ("phones", json!([])),
        ("personalDiscount", json!(0)),
        ("cumulativeDiscount", json!(0)),
        ("ordersCount", of_orders.count.into()),
        ("totalSumm", money(of_orders.sum)),
        ("marginSumm", money(of_orders.sum)),
        ("averageSumm", money(if of_orders.count == 0 { 0.0 } else { of_orders.sum / of_orders.count as f64 })),
        ("costSumm", json!(0)),
    ];
    for (name, value) in absent {
        shown.entry(name).or_insert(value);
    }
    Value::Object(shown)
}

/// The text of an address that was given in parts.
pub fn write_out(address: &mut Entity) {
    let named = |kind: &str, name: &str| {
        [text(address, kind), text(address, name)]
            .iter()
            .filter(|part| !part.is_empty())
            .map(|part| part.to_string())
            .collect::<Vec<_>>()
            .join(" ")
    };
    let numbered = |abbreviation: &str, name: &str| {
        let number = address.get(name).and_then(crate::rules::shape::as_text).filter(|number| !number.is_empty());
        number.map_or_else(String::new, |number| format!("{abbreviation} {number}"))
    };
    let parts = [
        named("streetType", "street"),
        numbered("д.", "building"),
        numbered("стр.", "house"),
        numbered("корп.", "housing"),
        numbered("кв./офис", "flat"),
        numbered("под.", "block"),
        numbered("эт.", "floor"),
        numbered("метро", "metro"),
    ];
    let written: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    if text(address, "text").is_empty() && !written.is_empty() {
        address.insert("text".into(), written.join(", ").into());
    }
}

struct Statistics {
    count: usize,
    sum: f64,
}

/// Number and sum of a customer's orders; cancelled ones do not count `[inferred]`.
fn statistics(state: &State, customer: &Entity) -> Statistics {
    let cancelled = |order: &&Entity| {
        state.account.references.find("statuses", text(order, "status")).is_some_and(|status| text(status, "group") == "cancel")
    };
    let sums = state.orders.of_customer(own_id(customer)).filter(|order| !cancelled(order));
    sums.fold(Statistics { count: 0, sum: 0.0 }, |all, order| Statistics {
        count: all.count + 1,
        sum: all.sum + order.get("totalSumm").and_then(Value::as_f64).unwrap_or(0.0),
    })
}

/// `filter[name]` searches names as a part of text, and phones by their digits.
fn named(_: &State, customer: &Entity, wanted: &Value) -> bool {
    let wanted = wanted.as_str().unwrap_or_default();
    full_name(customer).to_lowercase().contains(&wanted.to_lowercase()) || (phone::looks_like_one(wanted) && has_digits(customer, wanted))
}

fn has_digits(customer: &Entity, wanted: &str) -> bool {
    let digits = phone::digits(wanted);
    !digits.is_empty() && phones_of(customer).any(|known| phone::digits(known).contains(&digits))
}

fn attached(_: &State, customer: &Entity, wanted: &Value) -> bool {
    let wanted = texts(wanted);
    let tags = customer.get("tags").and_then(Value::as_array).into_iter().flatten().filter(|tag| tag["attached"] == true);
    tags.filter_map(|tag| tag["name"].as_str()).any(|name| wanted.iter().any(|wanted| wanted == name))
}

fn by_phone(_: &State, customer: &Entity, wanted: &Value) -> bool {
    has_digits(customer, wanted.as_str().unwrap_or_default())
}

fn by_note(state: &State, customer: &Entity, wanted: &Value) -> bool {
    let wanted = wanted.as_str().unwrap_or_default().to_lowercase();
    state.notes.of_customer(own_id(customer)).any(|note| text(note, "text").to_lowercase().contains(&wanted))
}

fn by_groups(state: &State, customer: &Entity, wanted: &Value) -> bool {
    let manager = customer.get("managerId").and_then(Value::as_i64).and_then(|id| state.users.get(id));
    manager.is_some_and(|user| at(user, "groups.id").iter().any(|id| has_id(wanted, id.as_i64())))
}

/// What `filter[tasksCounts]` may say: no open tasks, some, some whose time has passed.
pub const TASKS: [&str; 3] = ["1", "2", "3"];

fn by_open_tasks(state: &State, customer: &Entity, wanted: &Value) -> bool {
    open_tasks(state, state.tasks.of_customer(own_id(customer)), wanted)
}

/// Whether there are open tasks among these, as `filter[tasksCounts]` wants it. A task's time is compared with the last time that the
/// account's history knows: a filter does not see the clock.
pub fn open_tasks<'a>(state: &State, tasks: impl Iterator<Item = &'a Entity>, wanted: &Value) -> bool {
    let mut open = tasks.filter(|task| !is(task, "complete", false));
    match wanted.as_str() {
        Some("1") => open.next().is_none(),
        Some("3") => {
            let now = state.last_moment();
            open.any(|task| !text(task, "datetime").is_empty() && text(task, "datetime") < now.as_str())
        }
        _ => open.next().is_some(),
    }
}

/// What `filter[attachments]` may say: none, files, files and those of mails.
pub const ATTACHMENTS: [&str; 3] = ["1", "2", "3"];

/// Attachments are what an account's file has.
pub fn has_attachments(_: &State, entity: &Entity, wanted: &Value) -> bool {
    let none = entity.get("attachments").and_then(Value::as_array).is_none_or(Vec::is_empty);
    none == (wanted.as_str() == Some("1"))
}

/// Members of a customer's first and last visit.
pub const VISITS: [&str; 2] = ["firstWebVisit", "lastWebVisit"];

fn at_least(state: &State, customer: &Entity, wanted: &Value, number: fn(&Statistics) -> f64, most: bool) -> bool {
    let number = number(&statistics(state, customer));
    let wanted: Option<f64> = wanted.as_str().and_then(|text| text.parse().ok());
    wanted.is_some_and(|wanted| if most { number <= wanted } else { number >= wanted })
}

/// A comparison of the first or the last of these orders with a date.
pub fn first_or_last<'a>(mut orders: impl DoubleEndedIterator<Item = &'a Entity>, wanted: &Value, last: bool, to: bool) -> bool {
    let order = if last { orders.next_back() } else { orders.next() };
    let wanted = wanted.as_str().unwrap_or_default();
    order.and_then(|order| text(order, "createdAt").get(..wanted.len())).is_some_and(|day| if to { day <= wanted } else { day >= wanted })
}

fn neighbour(state: &State, customer: &Entity, wanted: &Value, last: bool, to: bool) -> bool {
    first_or_last(state.orders.of_customer(own_id(customer)), wanted, last, to)
}

fn unsubscribed(_: &State, customer: &Entity, wanted: &Value) -> bool {
    customer.contains_key("emailMarketingUnsubscribedAt") == wanted.as_str().is_some_and(yes)
}

/// The official clients' filters. Those about data that the simulator does not make (segments, visits) look at what the account's file
/// has.
const FILTERS: &[Filter] = &[
    ("ids", Test::Ids),
    ("externalIds", Test::Among("externalId")),
    ("name", Test::With(Wants::Text, named)),
    ("email", Test::Is("email")),
    ("city", Test::Has("address.city")),
    ("region", Test::Has("address.region")),
    ("countries", Test::Among("address.countryIso")),
    ("sites", Test::Among("site")),
    ("managers", Test::Among("managerId")),
    ("managerGroups", Test::With(Wants::List, by_groups)),
    ("notes", Test::With(Wants::Text, by_note)),
    ("commentary", Test::Has("commentary")),
    ("sex", Test::Is("sex")),
    ("vip", Test::Flag("vip", false)),
    ("bad", Test::Flag("bad", false)),
    ("isContact", Test::Flag("isContact", false)),
    ("online", Test::Flag("online", false)),
    ("attachments", Test::With(Wants::Choice(&ATTACHMENTS), has_attachments)),
    ("tasksCounts", Test::With(Wants::Choice(&TASKS), by_open_tasks)),
    ("segment", Test::Is("segments.code")),
    ("classSegment", Test::Is("classSegment")),
    ("discountCardNumber", Test::Is("discountCardNumber")),
    ("browserId", Test::Is("browserId")),
    ("mgCustomerId", Test::Among("mgCustomerId")),
    ("mgChannels", Test::Among("mgCustomers.mgChannel.id")),
    ("tags", Test::Among("tags.name")),
    ("attachedTags", Test::With(Wants::List, attached)),
    ("dateFrom", Test::From("createdAt")),
    ("dateTo", Test::To("createdAt")),
    ("firstOrderFrom", Test::With(Wants::Date, |state, customer, wanted| neighbour(state, customer, wanted, false, false))),
    ("firstOrderTo", Test::With(Wants::Date, |state, customer, wanted| neighbour(state, customer, wanted, false, true))),
    ("lastOrderFrom", Test::With(Wants::Date, |state, customer, wanted| neighbour(state, customer, wanted, true, false))),
    ("lastOrderTo", Test::With(Wants::Date, |state, customer, wanted| neighbour(state, customer, wanted, true, true))),
    ("firstWebVisitFrom", Test::From("firstWebVisit")),
    ("firstWebVisitTo", Test::To("firstWebVisit")),
    ("lastWebVisitFrom", Test::From("lastWebVisit")),
    ("lastWebVisitTo", Test::To("lastWebVisit")),
    (
        "minOrdersCount",
        Test::With(Wants::Number, |state, customer, wanted| at_least(state, customer, wanted, |all| all.count as f64, false)),
    ),
    (
        "maxOrdersCount",
        Test::With(Wants::Number, |state, customer, wanted| at_least(state, customer, wanted, |all| all.count as f64, true)),
    ),
    ("minTotalSumm", Test::With(Wants::Number, |state, customer, wanted| at_least(state, customer, wanted, |all| all.sum, false))),
    ("maxTotalSumm", Test::With(Wants::Number, |state, customer, wanted| at_least(state, customer, wanted, |all| all.sum, true))),
    ("minAverageSumm", Test::With(Wants::Number, |state, customer, wanted| at_least(state, customer, wanted, average, false))),
    ("maxAverageSumm", Test::With(Wants::Number, |state, customer, wanted| at_least(state, customer, wanted, average, true))),
    ("minCostSumm", Test::Min("costSumm")),
    ("maxCostSumm", Test::Max("costSumm")),
    ("sourceName", Test::Has("source.source")),
    ("mediumName", Test::Has("source.medium")),
    ("campaignName", Test::Has("source.campaign")),
    ("keywordName", Test::Has("source.keyword")),
    ("adContentName", Test::Has("source.content")),
    ("customFields", Test::CustomFields),
    ("contragentName", Test::Has("contragent.legalName")),
    ("contragentTypes", Test::Among("contragent.contragentType")),
    ("contragentInn", Test::Is("contragent.INN")),
    ("contragentKpp", Test::Is("contragent.KPP")),
    ("contragentBik", Test::Is("contragent.BIK")),
    ("contragentCorrAccount", Test::Is("contragent.corrAccount")),
    ("contragentBankAccount", Test::Is("contragent.bankAccount")),
    ("subscriptions", Test::Among("customerSubscriptions.subscription.code")),
    ("emailMarketingUnsubscribed", Test::With(Wants::Flag, unsubscribed)),
];

fn average(all: &Statistics) -> f64 {
    if all.count == 0 { 0.0 } else { all.sum / all.count as f64 }
}

/// Customers, filtered; newest first.
pub fn list(context: &mut Context<'_>) -> ApiResult {
    let page = context.call.page()?;
    let state = &*context.state;
    let mut filters = FILTERS.to_vec();
    if state.account.phone_filter {
        filters.push(("phone", Test::With(Wants::Text, by_phone)));
    }
    let wanted = Wanted::read(context.state, context.call, &filters)?;
    // A search by digits or by externalId uses an index; every other one looks at each customer.
    let digits = context.call.filter("name").or(context.call.filter("phone")).filter(|text| phone::looks_like_one(text)).map(phone::digits);
    let external_ids = context.call.filters().get("externalIds").map(texts);
    let passes = |customer: &&Entity| crate::state::in_sites(customer, &context.sites) && wanted.pass(state, customer);
    let (customers, pagination) = match (digits, external_ids) {
        (Some(digits), _) => page.cut(state.customers.with_digits(&digits).rev().filter(passes).collect()),
        (None, Some(ids)) => {
            let found = context.sites.iter().flat_map(|site| ids.iter().filter_map(|id| state.customers.by_external_id(site, id)));
            let mut found: Vec<&Entity> = found.filter(passes).collect();
            found.sort_by_key(|customer| std::cmp::Reverse(id_of(customer)));
            found.dedup_by_key(|customer| id_of(customer));
            page.cut(found)
        }
        (None, None) => wanted.page(page, state, &state.customers, &context.sites),
    };
    let customers: Vec<Value> = customers.into_iter().map(|customer| shown(state, customer)).collect();
    Success::ok(json!({"pagination": pagination, "customers": customers}))
}

/// One customer.
pub fn get(context: &mut Context<'_>) -> ApiResult {
    let customer = shops::addressed(context, &context.state.customers)?;
    Success::ok(json!({"customer": shown(context.state, customer)}))
}

/// The reference to a customer that notes, tasks and orders keep.
pub fn reference(customer: &Entity) -> Value {
    let mut kept = pick(customer, &["id", "externalId", "site"]);
    kept.insert("type".into(), "customer".into());
    Value::Object(kept)
}

/// The entity's customer in their current state: the externalId may have changed since.
pub fn of<'a>(state: &'a State, entity: &Entity) -> Option<&'a Entity> {
    state.customers.get(crate::state::table::customer_of(entity)?)
}

/// Whether the entity's customer has one of these externalIds.
pub fn has_external_id(state: &State, entity: &Entity, wanted: &Value) -> bool {
    of(state, entity).is_some_and(|customer| texts(wanted).iter().any(|id| id == text(customer, "externalId")))
}

/// An entity with its customer as they are now.
pub fn with_customer(state: &State, entity: &Entity) -> Value {
    let mut shown = entity.clone();
    if let Some(customer) =
        of(state, entity).filter(|_| entity.get("customer").is_some_and(|customer| customer["type"] != "customer_corporate"))
    {
        shown.insert("customer".into(), reference(customer));
    }
    Value::Object(shown)
}
