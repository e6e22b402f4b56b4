//! `/…/history`: what happened, one record per field, oldest first. The cursor is `filter[sinceId]`; `page` beside it is refused.

use serde_json::{Value, json};

use crate::context::Context;
use crate::entity::Entity;
use crate::history::Subject;
use crate::rules::filters::{Filter, Test, Wanted, Wants};
use crate::state::State;
use crate::wire::{ApiError, ApiResult, Success};

/// `sinceId` has chosen the records before any filter sees them.
fn passed(_: &State, _: &Entity, _: &Value) -> bool {
    true
}

const CUSTOMERS: &[Filter] = &[
    ("sinceId", Test::With(Wants::Number, passed)),
    ("customerId", Test::Among("customer.id")),
    ("customerExternalId", Test::Is("customer.externalId")),
    ("startDate", Test::From("createdAt")),
    ("endDate", Test::To("createdAt")),
];
const CORPORATE: &[Filter] = &[
    ("sinceId", Test::With(Wants::Number, passed)),
    ("customerId", Test::Among("customer.id")),
    ("customerExternalId", Test::Is("customer.externalId")),
    ("contactIds", Test::Among("customer.customerContacts.customer.id")),
    ("startDate", Test::From("createdAt")),
    ("endDate", Test::To("createdAt")),
];
const ORDERS: &[Filter] = &[
    ("sinceId", Test::With(Wants::Number, passed)),
    ("orderId", Test::Among("order.id")),
    ("orderExternalId", Test::Is("order.externalId")),
    ("startDate", Test::From("createdAt")),
    ("endDate", Test::To("createdAt")),
];
const TASKS: &[Filter] = &[
    ("sinceId", Test::With(Wants::Number, passed)),
    ("taskId", Test::Among("task.id")),
    ("startDate", Test::From("createdAt")),
    ("endDate", Test::To("createdAt")),
];

/// The history of customers.
pub fn customers(context: &mut Context<'_>) -> ApiResult {
    records(context, Subject::Customer, CUSTOMERS)
}

/// The history of corporate customers.
pub fn corporate(context: &mut Context<'_>) -> ApiResult {
    records(context, Subject::Corporate, CORPORATE)
}

/// The history of orders.
pub fn orders(context: &mut Context<'_>) -> ApiResult {
    records(context, Subject::Order, ORDERS)
}

/// The history of tasks.
pub fn tasks(context: &mut Context<'_>) -> ApiResult {
    records(context, Subject::Task, TASKS)
}

fn records(context: &Context<'_>, subject: Subject, filters: &[Filter]) -> ApiResult {
    let page = context.call.page()?;
    let wanted = Wanted::read(context.state, context.call, filters)?;
    let since = match context.call.filter("sinceId") {
        None => None,
        Some(text) => Some(text.parse::<i64>().map_err(|_| ApiError::input("children[sinceId]", "This value is not valid."))?),
    };
    let state = &*context.state;
    // Since 2023-05-15 a page beside the cursor is refused. The official Python client writes page=1 always.
    if since.is_some() && context.call.text("page").is_some() && !(state.account.lenient_history_page && page.page == 1) {
        return Err(ApiError::input("page", "The parameter cannot be used together with filter[sinceId]."));
    }
    let in_sites = |record: &Entity| {
        let subject = record.get(subject.one()).unwrap_or(&Value::Null);
        // A task's shop is that of its customer or order.
        let sites = [&subject["site"], &subject["customer"]["site"], &subject["phoneSite"]];
        let site = sites.into_iter().find_map(Value::as_str).unwrap_or_default();
        site.is_empty() || context.sites.iter().any(|known| known == site)
    };
    let records = state.histories.get(&subject).map(|history| history.after(since.unwrap_or(0))).unwrap_or_default();
    let found = records.iter().filter(|record| in_sites(record.members()) && wanted.pass(state, record.members())).collect();
    let (records, pagination) = page.cut(found);
    let records: Vec<Entity> = records.into_iter().map(|record| record.shown_to(context.key())).collect();
    Success::ok(json!({"generatedAt": state.date_time(context.now), "history": records, "pagination": pagination}))
}
