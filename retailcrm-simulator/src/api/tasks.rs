//! `/tasks`.

use serde_json::{Map, Value, json};

use super::customers::with_customer;
use crate::context::Context;
use crate::entity::{Entity, full_name, is, pick, text, whole};
use crate::history::{Actor, Deed, Subject, created, gone};
use crate::rules::filters::{Filter, Test, Wanted, Wants};
use crate::rules::shape::{self, Kind, Member};
use crate::rules::{changes, shops};
use crate::state::State;
use crate::wire::{ApiError, ApiResult, Success};

const MEMBERS: &[Member] = &[
    ("text", Kind::LongText),
    ("commentary", Kind::LongText),
    ("datetime", Kind::Minute),
    ("performerId", Kind::User),
    ("phone", Kind::Text),
    ("phoneSite", Kind::Code("sites")),
    ("complete", Kind::Flag),
    ("customer", Kind::Any),
    ("order", Kind::Any),
];

fn in_status(_: &State, task: &Entity, wanted: &Value) -> bool {
    is(task, "complete", false) == (wanted.as_str() == Some("completed"))
}

fn of_customer(state: &State, task: &Entity, wanted: &Value) -> bool {
    let wanted = wanted.as_str().unwrap_or_default().to_lowercase();
    let customer = crate::state::table::customer_of(task).and_then(|id| state.customers.get(id));
    customer
        .is_some_and(|customer| full_name(customer).to_lowercase().contains(&wanted) || text(customer, "email").to_lowercase() == wanted)
}

const FILTERS: &[Filter] = &[
    ("ids", Test::Ids),
    ("orderNumber", Test::Is("order.number")),
    ("customer", Test::With(Wants::Text, of_customer)),
    ("status", Test::With(Wants::Choice(&["performing", "completed"]), in_status)),
    ("text", Test::Has("text")),
    ("performers", Test::Users("performer")),
    ("creators", Test::Users("creator")),
    ("dateFrom", Test::From("datetime")),
    ("dateTo", Test::To("datetime")),
    ("createdAtFrom", Test::From("createdAt")),
    ("createdAtTo", Test::To("createdAt")),
    ("completedAtFrom", Test::From("completedAt")),
    ("completedAtTo", Test::To("completedAt")),
    ("tags", Test::Among("tags.name")),
];

/// A key sees a task when it sees the shop of the customer or the order that the task is about.
fn seen(context: &Context<'_>, task: &Entity) -> bool {
    let site = ["customer", "order"].iter().find_map(|name| task.get(*name)?["site"].as_str()).unwrap_or(text(task, "phoneSite"));
    site.is_empty() || context.sites.iter().any(|code| code == site)
}

/// Tasks, filtered; newest first.
pub fn list(context: &mut Context<'_>) -> ApiResult {
    let page = context.call.page()?;
    let wanted = Wanted::read(context.state, context.call, FILTERS)?;
    let state = &*context.state;
    let tasks = state.tasks.iter().rev().filter(|task| seen(context, task) && wanted.pass(state, task)).collect();
    let (tasks, pagination) = page.cut(tasks);
    let tasks: Vec<Value> = tasks.into_iter().map(|task| with_customer(state, task)).collect();
    Success::ok(json!({"pagination": pagination, "tasks": tasks}))
}

fn addressed<'a>(context: &'a Context<'_>) -> Result<&'a Entity, ApiError> {
    let task = context.part("id").parse().ok().and_then(|id| context.state.tasks.get(id));
    task.filter(|task| seen(context, task)).ok_or_else(ApiError::not_found)
}

/// One task.
pub fn get(context: &mut Context<'_>) -> ApiResult {
    Success::ok(json!({"task": with_customer(context.state, addressed(context)?)}))
}

/// Comments on a task; an account's file has them as `taskComments` with `taskId`.
pub fn comments(context: &mut Context<'_>) -> ApiResult {
    let page = context.call.page()?;
    let id = addressed(context)?.get("id").cloned();
    let all = context.state.account.lists.get("taskComments").map(Vec::as_slice).unwrap_or_default();
    let own = all.iter().filter(|comment| comment.get("taskId") == id.as_ref());
    let (comments, pagination) = page.cut(own.map(|comment| pick(comment, &["id", "creator", "text", "createdAt", "updatedAt"])).collect());
    Success::ok(json!({"pagination": pagination, "comments": comments}))
}

fn not_loaded(errors: Map<String, Value>) -> ApiError {
    ApiError::refused("Task is not loaded", errors)
}

/// Members as given: customer and order become the references that a task keeps, `performerId` becomes `performer`.
fn given(context: &Context<'_>, fields: &Entity) -> Result<Entity, ApiError> {
    let mut errors = Map::new();
    let mut task = shape::read(context.state, MEMBERS, fields, "", &mut errors);
    if !errors.is_empty() {
        // RetailCRM answers mistakes in these two as the task's, all others as the format's.
        let own = errors.keys().all(|name| name == "performerId" || name == "phoneSite");
        return Err(if own { not_loaded(errors) } else { ApiError::entity(errors) });
    }
    for (name, by) in [("customer", &["id", "externalId"][..]), ("order", &["id", "externalId", "number"])] {
        let Some(named) = task.get(name).filter(|named| !named.is_null()) else { continue };
        let Some(named) = named.as_object().filter(|named| shops::refers(named, by)).cloned() else {
            return Err(ApiError::entity(json!({ name: format!("Set one of the following fields: {}", by.join(", ")) })));
        };
        let kept = about(context, name, &named)?;
        task.insert(name.into(), kept);
    }
    if let Some(site) = task.get("phoneSite").and_then(Value::as_str)
        && !context.sites.iter().any(|code| code == site)
    {
        return Err(ApiError::denied());
    }
    if let Some(performer) = task.remove("performerId") {
        if performer.is_null() {
            return Err(not_loaded(Map::from_iter([("performerId".to_owned(), json!("This value should not be blank."))])));
        }
        task.insert("performer".into(), performer);
        task.insert("performerType".into(), "user".into());
    }
    Ok(task)
}

fn about(context: &Context<'_>, name: &str, named: &Entity) -> Result<Value, ApiError> {
    let site = shops::for_reference(context, named)?;
    let table = if name == "order" { &context.state.orders } else { &context.state.customers };
    let found = shops::referred(context, table, named, &site);
    let Some(found) = found else {
        let by = ["id", "externalId", "number"].into_iter().find(|by| shops::refers(named, &[by])).unwrap_or("id");
        let value = named.get(by).and_then(shape::as_text).unwrap_or_default();
        let class = if name == "order" { "Order" } else { "Customer" };
        return Err(not_loaded(Map::from_iter([(format!("{name}.{by}"), json!(format!("{class} with {by}={value} not found.")))])));
    };
    let mut kept = pick(found, &["id", "number", "externalId", "site"]);
    if name == "customer" {
        kept.insert("type".into(), "customer".into());
    }
    Ok(kept.into())
}

/// A new task. Tasks have no `externalId`: a request that is sent twice makes two.
pub fn create(context: &mut Context<'_>) -> ApiResult {
    let fields = context.call.object("task")?;
    shops::required(context)?;
    let mut task = given(context, &fields)?;
    task.retain(|_, value| !value.is_null());
    let mut errors = Map::new();
    shape::require(&task, &["text", "performer"], &mut errors);
    // The complaint names the field as the request wrote it.
    if let Some(complaint) = errors.remove("performer") {
        errors.insert("performerId".into(), complaint);
    }
    if !errors.is_empty() {
        return Err(not_loaded(errors));
    }
    let now = context.date_time();
    task.entry("complete").or_insert(json!(false));
    task.insert("createdAt".into(), now.as_str().into());
    if let Actor::User(user) = context.actor {
        task.insert("creator".into(), user.into());
    }
    if is(&task, "complete", false) {
        task.insert("completedAt".into(), now.into());
    }
    let id = context.state.tasks.add(task);
    let shown = context.state.tasks.get(id).cloned().map(Value::Object).unwrap_or_default();
    context.happened(Subject::Task, Deed::Created, vec![created("id", id.into())], &shown, &shown);
    Success::created(json!({"id": id}))
}

/// A user deletes a task; the API cannot.
pub fn remove(context: &mut Context<'_>, id: i64) -> Result<(), String> {
    let task = context.state.tasks.remove(id).ok_or_else(|| format!("there is no task {id}"))?;
    let recorded = Value::Object(pick(&task, &["id", "customer", "phoneSite"]));
    context.happened(Subject::Task, Deed::Deleted, vec![gone(&task, None)], &recorded, &Value::Object(task.clone()));
    Ok(())
}

/// Changes a task.
pub fn edit(context: &mut Context<'_>) -> ApiResult {
    let fields = context.call.object("task")?;
    let old = addressed(context)?.clone();
    shops::named(context)?;
    let patch = given(context, &fields)?;
    let mut task = old.clone();
    super::customers::merge(&mut task, patch);
    match (is(&old, "complete", false), is(&task, "complete", false)) {
        (false, true) => drop(task.insert("completedAt".into(), context.date_time().into())),
        (true, false) => drop(task.remove("completedAt")),
        _ => {}
    }
    let mut errors = Map::new();
    shape::require(&task, &["text"], &mut errors);
    if !errors.is_empty() {
        return Err(not_loaded(errors));
    }
    let id = whole(&task["id"]).unwrap_or_default();
    let changes = changes::between(&old, &task);
    let (recorded, shown) = (Value::Object(pick(&task, &["id", "customer", "phoneSite"])), Value::Object(task.clone()));
    context.state.tasks.put(id, task);
    if !changes.is_empty() {
        context.happened(Subject::Task, Deed::Updated, changes, &recorded, &shown);
    }
    Success::ok(json!({}))
}
