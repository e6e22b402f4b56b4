//! Creating and changing customers. The API does not look whether a customer has the phone already: two creates make two customers, unless
//! they have the same `externalId`.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::shown;
use crate::context::Context;
use crate::entity::{Entity, phones_of, text};
use crate::history::{Deed, Subject, created, reduced_customer};
use crate::rules::custom_fields::is_email;
use crate::rules::shape::{self, Kind, Member};
use crate::rules::{changes, shops};
use crate::state::table::Table;
use crate::state::{State, own_id};
use crate::wire::{ApiError, ApiResult, Cause, Success};

/// The most entities of one upload `[inferred]`.
pub const MOST: usize = 50;

/// An address.
pub const ADDRESS: &[Member] = &[
    ("text", Kind::LongText),
    ("index", Kind::Text),
    ("countryIso", Kind::Text),
    ("region", Kind::Text),
    ("regionId", Kind::Int),
    ("city", Kind::Text),
    ("cityId", Kind::Int),
    ("cityType", Kind::Text),
    ("street", Kind::Text),
    ("streetId", Kind::Int),
    ("streetType", Kind::Text),
    ("building", Kind::Text),
    ("flat", Kind::Text),
    ("floor", Kind::Int),
    ("block", Kind::Int),
    ("house", Kind::Text),
    ("housing", Kind::Text),
    ("metro", Kind::Text),
    ("notes", Kind::LongText),
];

/// Where a customer came from.
pub const SOURCE: &[Member] =
    &[("source", Kind::Text), ("medium", Kind::Text), ("campaign", Kind::Text), ("keyword", Kind::Text), ("content", Kind::Text)];

/// A contragent. `enterpreneur` is the API's own spelling.
pub const CONTRAGENT: &[Member] = &[
    ("contragentType", Kind::Choice(&["individual", "legal-entity", "enterpreneur"])),
    ("legalName", Kind::Text),
    ("legalAddress", Kind::LongText),
    ("INN", Kind::Text),
    ("OKPO", Kind::Text),
    ("KPP", Kind::Text),
    ("OGRN", Kind::Text),
    ("OGRNIP", Kind::Text),
    ("certificateNumber", Kind::Text),
    ("certificateDate", Kind::Date),
    ("BIK", Kind::Text),
    ("bank", Kind::Text),
    ("bankAddress", Kind::LongText),
    ("corrAccount", Kind::Text),
    ("bankAccount", Kind::Text),
];

const MEMBERS: &[Member] = &[
    ("externalId", Kind::Text),
    ("isContact", Kind::Flag),
    ("createdAt", Kind::DateTime),
    ("managerId", Kind::User),
    ("vip", Kind::Flag),
    ("bad", Kind::Flag),
    ("browserId", Kind::Text),
    ("contragent", Kind::Object(CONTRAGENT)),
    ("firstName", Kind::Text),
    ("lastName", Kind::Text),
    ("patronymic", Kind::Text),
    ("sex", Kind::Choice(&["male", "female"])),
    ("email", Kind::Text),
    ("phones", Kind::Phones),
    ("birthday", Kind::Date),
    ("source", Kind::Object(SOURCE)),
    ("address", Kind::Object(ADDRESS)),
    ("customFields", Kind::CustomFields("customer")),
    ("personalDiscount", Kind::Number),
    ("cumulativeDiscount", Kind::Number),
    ("discountCardNumber", Kind::Text),
    ("commentary", Kind::LongText),
    ("photoUrl", Kind::LongText),
    ("addTags", Kind::Texts),
    ("removeTags", Kind::Texts),
    ("attachedTag", Kind::Text),
    ("subscribed", Kind::Flag),
];

/// Members whose parts are changed one by one.
const MERGED: [&str; 6] = ["address", "source", "contragent", "customFields", "delivery", "weight"];

/// Applies a change to an entity: `null` clears, objects are merged, lists are replaced.
pub fn merge(entity: &mut Entity, patch: Entity) {
    for (name, value) in patch {
        match value {
            Value::Null => drop(entity.remove(&name)),
            Value::Object(inner) if MERGED.contains(&name.as_str()) => {
                let known = entity.entry(name).or_insert_with(|| json!({}));
                // An empty map may be there as a list.
                if !known.is_object() {
                    *known = json!({});
                }
                if let Some(known) = known.as_object_mut() {
                    merge(known, inner);
                }
            }
            value => drop(entity.insert(name, value)),
        }
    }
}

/// Members as given, in their types. Bad ones, `email` among them, are complaints about the format.
fn given(state: &State, given: &Entity) -> Result<Entity, ApiError> {
    let mut errors = Map::new();
    let mut kept = shape::read(state, MEMBERS, given, "", &mut errors);
    if !text(&kept, "email").is_empty() && !is_email(text(&kept, "email")) {
        errors.insert("email".into(), "This value is not a valid email address.".into());
    }
    if kept.get("externalId").and_then(Value::as_str) == Some("") {
        kept.remove("externalId");
    }
    if errors.is_empty() { Ok(kept) } else { Err(ApiError::entity(errors)) }
}

/// Tags are added and removed by name; a customer keeps them as objects.
fn tags(customer: &mut Entity) {
    let names = |value: Option<Value>| -> Vec<String> {
        match value {
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            Some(Value::String(name)) => vec![name],
            _ => Vec::new(),
        }
    };
    let (add, gone) = (names(customer.remove("addTags")), names(customer.remove("removeTags")));
    let attached = names(customer.remove("attachedTag"));
    if add.is_empty() && gone.is_empty() && attached.is_empty() {
        return;
    }
    let mut tags = customer.get("tags").and_then(Value::as_array).cloned().unwrap_or_default();
    tags.retain(|tag| !gone.iter().any(|name| tag["name"] == *name));
    for tag in tags.iter_mut().filter(|tag| attached.iter().any(|name| tag["name"] == **name)) {
        tag["attached"] = json!(true);
    }
    for name in add.iter().chain(&attached) {
        if !tags.iter().any(|tag| tag["name"] == **name) {
            tags.push(json!({"name": name, "color": "#eeeeee", "attached": attached.contains(name)}));
        }
    }
    customer.insert("tags".into(), tags.into());
}

/// `subscribed: false` is kept as the time at which the customer unsubscribed.
fn subscription(context: &Context<'_>, customer: &mut Entity) {
    match customer.remove("subscribed").and_then(|value| value.as_bool()) {
        Some(true) => drop(customer.remove("emailMarketingUnsubscribedAt")),
        Some(false) => drop(customer.entry("emailMarketingUnsubscribedAt").or_insert(context.date_time().into())),
        None => {}
    }
}

/// Creates a customer and returns the id.
pub fn made(context: &mut Context<'_>, fields: &Entity, site: &str) -> Result<i64, ApiError> {
    let mut customer = given(context.state, fields)?;
    crate::entity::drop_nulls(&mut customer);
    let external_id = text(&customer, "externalId");
    if context.state.customers.by_external_id(site, external_id).is_some() {
        return Err(ApiError::external_id_taken("Customer", external_id));
    }
    let nameless = crate::entity::full_name(&customer).trim().is_empty() && phones_of(&customer).next().is_none();
    if nameless && ["email", "externalId", "browserId"].iter().all(|name| text(&customer, name).is_empty()) {
        return Err(ApiError::entity(json!({"firstName": "Specify the first name"})));
    }
    customer.insert("site".into(), site.into());
    customer.entry("createdAt").or_insert(context.date_time().into());
    tags(&mut customer);
    subscription(context, &mut customer);
    let id = context.state.customers.add(customer);
    let Some(customer) = context.state.customers.get(id) else { return Err(ApiError::not_found()) };
    let shown = shown(context.state, customer);
    context.happened(Subject::Customer, Deed::Created, vec![created("id", id.into())], &shown, &shown);
    Ok(id)
}

/// A new customer.
pub fn create(context: &mut Context<'_>) -> ApiResult {
    let fields = context.call.object("customer")?;
    let site = shops::required(context)?;
    let id = made(context, &fields, &site)?;
    Success::created(json!({"id": id}))
}

/// Replaces the customer with this id; changes go into the history.
pub fn changed(context: &mut Context<'_>, id: i64, customer: Entity) {
    let Some(old) = context.state.customers.get(id).cloned() else { return };
    let changes = changes::between(&old, &customer);
    let recorded = reduced_customer(&customer);
    context.state.customers.put(id, customer);
    if let (false, Some(customer)) = (changes.is_empty(), context.state.customers.get(id)) {
        let shown = shown(context.state, customer);
        context.happened(Subject::Customer, Deed::Updated, changes, &recorded, &shown);
    }
}

/// Changes a customer: only what is sent.
pub fn edit(context: &mut Context<'_>) -> ApiResult {
    let fields = context.call.object("customer")?;
    let id = shops::addressed_for_change(context, &context.state.customers)?;
    let patch = given(context.state, &fields)?;
    let mut customer = context.state.customers.get(id).cloned().ok_or_else(ApiError::not_found)?;
    let external_id = text(&patch, "externalId");
    if let Some(other) = context.state.customers.by_external_id(text(&customer, "site"), external_id)
        && own_id(other) != id
    {
        return Err(ApiError::external_id_taken("Customer", external_id));
    }
    merge(&mut customer, patch);
    tags(&mut customer);
    subscription(context, &mut customer);
    changed(context, id, customer);
    Success::ok(json!({"id": id}))
}

/// An entity's complaints as an upload's answer lists them.
fn complaints(error: &ApiError) -> Vec<Value> {
    // Clients compare the text about a taken externalId as it is, without its place.
    let taken = error.cause == Cause::ExternalIdTaken;
    let one = |(place, text): (&String, &Value)| {
        let text = text.as_str().unwrap_or_default();
        if taken { text.into() } else { Value::from(format!("{place}: {text}")) }
    };
    match &error.errors {
        Some(Value::Object(errors)) => errors.iter().map(one).collect(),
        _ => vec![error.message.as_str().into()],
    }
}

/// Creates what an upload's field lists; those that are refused are named, with status 460. `capital` is how the answer's members name
/// the entities; `whole` shows those that were created.
pub fn upload_all(
    context: &mut Context<'_>,
    field: &str,
    capital: &str,
    make: fn(&mut Context<'_>, &Entity, &str) -> Result<i64, ApiError>,
    whole: Option<fn(&Context<'_>, i64) -> Option<Value>>,
) -> ApiResult {
    let rows = context.call.objects(field, MOST)?;
    let site = shops::required(context)?;
    let (mut done, mut made, mut failed, mut errors) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for fields in rows {
        let mut shown = crate::entity::pick(&fields, &["externalId"]);
        match make(context, &fields, &site) {
            Ok(id) => {
                shown.insert("id".into(), id.into());
                done.push(shown.into());
                made.extend(whole.and_then(|whole| whole(context, id)));
            }
            Err(error) => {
                errors.extend(complaints(&error));
                failed.push(Value::from(shown));
            }
        }
    }
    let mut members = Map::from_iter([(format!("uploaded{capital}"), Value::Array(done)), (format!("failed{capital}"), failed.into())]);
    if whole.is_some() {
        members.insert(field.to_owned(), made.into());
    }
    if errors.is_empty() {
        return Success::ok(Value::Object(members));
    }
    let status = StatusCode::from_u16(460).unwrap_or(StatusCode::BAD_REQUEST);
    Err(ApiError { errors: Some(errors.into()), members, ..ApiError::new(status, format!("{capital} are loaded with errors")) })
}

/// Many new customers.
pub fn upload(context: &mut Context<'_>) -> ApiResult {
    upload_all(context, "customers", "Customers", made, None)
}

/// The entities that rows of `[{id, externalId}]` name, with their new externalIds: all of them, or a refusal.
pub fn renamed(context: &Context<'_>, table: &Table, rows: &[Entity]) -> Result<Vec<(i64, Entity)>, ApiError> {
    let mut errors = Map::new();
    let mut renamed: Vec<(i64, Entity)> = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let id = row.get("id").and_then(crate::entity::whole);
        let found = id.and_then(|id| table.get(id)).filter(|entity| crate::state::in_sites(entity, &context.sites));
        let external_id = row.get("externalId").and_then(shape::as_text).unwrap_or_default();
        let (Some(id), Some(found)) = (id, found) else {
            errors.insert("id".into(), "ID must be an integer".into());
            continue;
        };
        if external_id.is_empty() {
            errors.insert(format!("[{index}].externalId"), "This value should not be blank.".into());
            continue;
        }
        let site = text(found, "site");
        let taken = table.by_external_id(site, &external_id).is_some_and(|other| own_id(other) != id)
            || renamed.iter().any(|(_, other)| text(other, "externalId") == external_id && text(other, "site") == site);
        if taken {
            errors.insert(format!("[{index}].externalId"), format!("externalId={external_id} already exists").into());
        }
        let mut entity = found.clone();
        entity.insert("externalId".into(), external_id.into());
        renamed.push((id, entity));
    }
    if errors.is_empty() { Ok(renamed) } else { Err(ApiError::refused("Errors in the input parameters", errors)) }
}

/// Gives customers other `externalId`s.
pub fn fix_external_ids(context: &mut Context<'_>) -> ApiResult {
    let rows = context.call.objects("customers", MOST)?;
    for (id, customer) in renamed(context, &context.state.customers, &rows)? {
        changed(context, id, customer);
    }
    Success::ok(json!({}))
}

/// Subscribes a customer to mailings, or unsubscribes them.
pub fn subscribe(context: &mut Context<'_>) -> ApiResult {
    let wanted = context.call.objects("subscriptions", MOST)?;
    let id = shops::addressed_for_change(context, &context.state.customers)?;
    let mut customer = context.state.customers.get(id).cloned().ok_or_else(ApiError::not_found)?;
    let mut kept = customer.get("customerSubscriptions").and_then(Value::as_array).cloned().unwrap_or_default();
    for row in wanted {
        let (channel, code) = (text(&row, "channel"), text(&row, "subscription"));
        if channel.is_empty() || code.is_empty() {
            return Err(ApiError::entity(json!({"subscriptions": "Set the following fields: channel, subscription, active"})));
        }
        kept.retain(|known| known["subscription"]["channel"] != channel || known["subscription"]["code"] != code);
        let active = row.get("active").and_then(shape::flag).unwrap_or(true);
        let known = context.state.account.references.of("subscriptions");
        let known = known.iter().find(|known| text(known, "channel") == channel && text(known, "code") == code).cloned();
        let subscription = known.map_or_else(|| json!({"channel": channel, "code": code}), Value::Object);
        kept.push(json!({"subscription": subscription, "subscribed": active, "changedAt": context.date_time()}));
    }
    customer.insert("customerSubscriptions".into(), kept.into());
    context.state.customers.put(id, customer);
    Success::ok(json!({}))
}
