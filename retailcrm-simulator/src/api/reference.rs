//! `/reference`: books as maps by code or as lists. They are not paged.

use serde_json::{Map, Value, json};

use crate::account::books;
use crate::account::references::{KINDS, Kind, References};
use crate::context::Context;
use crate::entity::{Entity, id_of, text};
use crate::rules::shape::{self, Kind as Holds, Member};
use crate::wire::{ApiError, ApiResult, Success, php_map};

/// Countries have codes only.
const COUNTRIES: [&str; 12] = ["RU", "BY", "KZ", "UA", "AM", "AZ", "GE", "KG", "MD", "TJ", "UZ", "ES"];

fn kind(context: &Context<'_>) -> Result<&'static Kind, ApiError> {
    KINDS.iter().find(|kind| kind.path == context.part("kind")).ok_or_else(no_method)
}

/// An object of one member.
fn object(name: &str, value: Value) -> Value {
    Value::Object(Map::from_iter([(name.to_owned(), value)]))
}

fn no_method() -> ApiError {
    ApiError::new(http::StatusCode::NOT_FOUND, "API method not found")
}

/// A book. A key that is restricted to shops sees only them.
pub fn list(context: &mut Context<'_>) -> ApiResult {
    if context.part("kind") == "countries" {
        return Success::ok(json!({"countriesIso": COUNTRIES}));
    }
    let kind = kind(context)?;
    let (books, currency) = (&context.state.account.references, context.state.account.currency());
    let seen = |entry: &&Entity| kind.list != "sites" || context.sites.iter().any(|code| code == text(entry, "code"));
    let entries: Vec<Entity> =
        books.of(kind.list).iter().filter(seen).map(|entry| books::shown(books, &currency, kind.list, entry)).collect();
    if !kind.map {
        return Success::ok(object(kind.list, json!(entries)));
    }
    let by_code: Map<String, Value> = entries.into_iter().map(|entry| (text(&entry, "code").to_owned(), entry.into())).collect();
    Success::ok(object(kind.list, php_map(by_code)))
}

/// Members that every entry may have; members of one kind only are kept unchecked.
const COMMON: &[Member] = &[
    ("code", Holds::Text),
    ("name", Holds::Text),
    ("active", Holds::Flag),
    ("ordering", Holds::Int),
    ("defaultForCrm", Holds::Flag),
    ("defaultForApi", Holds::Flag),
    ("description", Holds::LongText),
];

fn given(context: &Context<'_>, kind: &Kind, name: &str) -> Result<Entity, ApiError> {
    let mut given = context.call.object(name)?;
    // Only the CRM gives ids.
    given.remove("id");
    let mut errors = Map::new();
    let mut kept = shape::read(context.state, COMMON, &given, "", &mut errors);
    let groups = match kind.list {
        "statuses" => Some("statusGroups"),
        "costItems" => Some("costGroups"),
        _ => None,
    };
    if let (Some(groups), Some(code)) = (groups, given.get("group").and_then(Value::as_str))
        && context.state.account.references.find(groups, code).is_none()
    {
        errors.insert("group".into(), References::unknown(groups, code).into());
    }
    if !errors.is_empty() {
        return Err(ApiError::entity(errors));
    }
    for (name, value) in given {
        kept.entry(name).or_insert(value);
    }
    kept.retain(|_, value| !value.is_null());
    Ok(kept)
}

/// Changes an entry, or creates it when none has this code.
pub fn edit(context: &mut Context<'_>) -> ApiResult {
    let kind = kind(context)?;
    let name = kind.one.ok_or_else(no_method)?;
    let mut entry = given(context, kind, name)?;
    let path = context.part("code").to_owned();
    let entries = context.state.account.references.of_mut(kind.list);
    if kind.by_id {
        let id: i64 = path.parse().map_err(|_| ApiError::not_found())?;
        let known = entries.iter_mut().find(|entry| id_of(entry) == Some(id)).ok_or_else(ApiError::not_found)?;
        known.extend(entry);
        return Success::ok(json!({}));
    }
    if !text(&entry, "code").is_empty() && text(&entry, "code") != path {
        return Err(ApiError::entity(json!({"code": "The code differs from the path's."})));
    }
    entry.insert("code".into(), path.as_str().into());
    let known = entries.iter().any(|entry| text(entry, "code") == path);
    if !known {
        let mut errors = Map::new();
        shape::require(&entry, required(kind.list), &mut errors);
        if !errors.is_empty() {
            return Err(ApiError::entity(errors));
        }
    }
    let goes_with = goes_with(kind.list, &mut entry);
    let entries = context.state.account.references.of_mut(kind.list);
    if let Some(known) = entries.iter_mut().find(|entry| text(entry, "code") == path) {
        // Of the two names of one list, the one that was written last counts.
        if entry.contains_key("paymentTypes") {
            known.remove("deliveryPaymentTypes");
        }
        known.extend(entry);
    } else {
        entry.entry("active").or_insert(json!(true));
        if ["sites", "priceTypes"].contains(&kind.list) {
            let last = entries.iter().filter_map(id_of).max().unwrap_or(0);
            entry.insert("id".into(), (last + 1).into());
        }
        entries.push(entry);
    }
    for (list, codes) in goes_with {
        go_with(&mut context.state.account.references, list, &path, &codes);
    }
    let quiet = QUIETLY_CREATED.contains(&kind.list);
    if known || quiet { Success::ok(json!({})) } else { Success::created(json!({})) }
}

/// Books whose new entries are answered with 200, as the official clients recorded it; other books answer 201.
const QUIETLY_CREATED: [&str; 3] = ["costGroups", "costItems", "deliveryServices"];

/// What a new entry must have.
fn required(list: &str) -> &'static [&'static str] {
    match list {
        "statuses" => &["name", "group"],
        // A legal entity has no other name.
        "legalEntities" => &["legalName"],
        "costGroups" => &["name", "color"],
        "costItems" => &["name", "group"],
        _ => &["name"],
    }
}

/// The entries of other books that a payment type is written to go with. They are kept there: each of the two shows the other.
fn goes_with(list: &str, entry: &mut Entity) -> Vec<(&'static str, Vec<String>)> {
    if list != "paymentTypes" {
        return Vec::new();
    }
    let mut taken = |name: &'static str| {
        let codes = entry.remove(name)?.as_array()?.iter().filter_map(shape::as_text).collect();
        Some((name, codes))
    };
    [taken("deliveryTypes"), taken("paymentStatuses")].into_iter().flatten().collect()
}

/// What a delivery type says of a payment type.
fn known_row(delivery_type: &Entity, code: &str) -> Option<Value> {
    delivery_type.get("deliveryPaymentTypes")?.as_array()?.iter().find(|row| row["code"] == code).cloned()
}

/// Lets the named entries of a book, and no others, go with a payment type.
fn go_with(books: &mut References, list: &'static str, payment_type: &str, codes: &[String]) {
    let with: Vec<Vec<String>> = books.of(list).iter().map(|entry| books::payment_types(books, entry)).collect();
    for (entry, mut with) in books.of_mut(list).iter_mut().zip(with) {
        with.retain(|code| code != payment_type);
        if codes.iter().any(|code| code == text(entry, "code")) {
            with.push(payment_type.to_owned());
        }
        let row = |code: &String| known_row(entry, code).unwrap_or_else(|| json!({"code": code, "cod": false}));
        if list == "deliveryTypes" {
            entry.insert("deliveryPaymentTypes".into(), with.iter().map(row).collect());
        }
        entry.insert("paymentTypes".into(), json!(with));
    }
}

/// An administrator deletes a status; the API cannot. Orders that have it keep its code.
pub fn remove_status(context: &mut Context<'_>, code: &str) -> Result<(), String> {
    let statuses = context.state.account.references.of_mut("statuses");
    let place = statuses.iter().position(|status| text(status, "code") == code).ok_or_else(|| format!("there is no status {code:?}"))?;
    statuses.remove(place);
    Ok(())
}

/// Creates an entry of a kind that goes by id.
pub fn create(context: &mut Context<'_>) -> ApiResult {
    let kind = kind(context)?;
    let name = kind.one.filter(|_| kind.by_id).ok_or_else(no_method)?;
    let mut entry = given(context, kind, name)?;
    let required: &[&str] = if kind.list == "currencies" { &["code"] } else { &["firstName"] };
    let mut errors = Map::new();
    shape::require(&entry, required, &mut errors);
    if !errors.is_empty() {
        return Err(ApiError::entity(errors));
    }
    let entries = context.state.account.references.of_mut(kind.list);
    let id = entries.iter().filter_map(id_of).max().unwrap_or(0) + 1;
    entry.insert("id".into(), id.into());
    entry.entry("active").or_insert(json!(true));
    entries.push(entry);
    Success::created(json!({"id": id}))
}
