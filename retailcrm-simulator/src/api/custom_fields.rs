//! `/custom-fields` and their dictionaries.

use serde_json::{Map, Value, json};

use crate::context::Context;
use crate::entity::{Entity, text};
use crate::rules::custom_fields::{ENTITIES, TYPES, dictionary as find_dictionary, find};
use crate::rules::filters::{Filter, Test, Wanted};
use crate::rules::shape::{self, Kind, Member};
use crate::wire::{ApiError, ApiResult, Success};

const FILTERS: &[Filter] = &[
    ("entity", Test::Choices("entity", &ENTITIES)),
    ("name", Test::Has("name")),
    ("code", Test::Is("code")),
    ("type", Test::Choices("type", &TYPES)),
    ("viewMode", Test::Among("viewMode")),
    ("displayArea", Test::Among("displayArea")),
    ("inFilter", Test::Flag("inFilter", false)),
    ("inList", Test::Flag("inList", false)),
    ("inGroupActions", Test::Flag("inGroupActions", false)),
    ("required", Test::Flag("required", false)),
];

const MEMBERS: &[Member] = &[
    ("name", Kind::Text),
    ("code", Kind::Text),
    ("type", Kind::Choice(&TYPES)),
    ("required", Kind::Flag),
    ("inFilter", Kind::Flag),
    ("inList", Kind::Flag),
    ("inGroupActions", Kind::Flag),
    ("ordering", Kind::Int),
    ("displayArea", Kind::Choice(&["address", "customer", "delivery", "dimensions", "legal_details", "main_data", "payment", "shipment"])),
    ("viewMode", Kind::Choice(&["editable", "not_editable", "miss"])),
    ("viewModeMobile", Kind::Choice(&["editable", "not_editable", "miss"])),
    ("dictionary", Kind::Text),
    ("default", Kind::Any),
    ("defaultTyped", Kind::Any),
];

fn entities<'a>(context: &'a Context<'_>, list: &str) -> &'a [Entity] {
    context.state.account.lists.get(list).map(Vec::as_slice).unwrap_or_default()
}

/// Fields, filtered.
pub fn list(context: &mut Context<'_>) -> ApiResult {
    let page = context.call.page()?;
    let wanted = Wanted::read(context.state, context.call, FILTERS)?;
    let fields: Vec<&Entity> = entities(context, "customFields").iter().filter(|field| wanted.pass(context.state, field)).collect();
    let (fields, pagination) = page.cut(fields);
    Success::ok(json!({"pagination": pagination, "customFields": fields}))
}

fn entity_of<'a>(context: &'a Context<'_>) -> Result<&'a str, ApiError> {
    let entity = context.part("entity");
    if ENTITIES.contains(&entity) { Ok(entity) } else { Err(ApiError::new(http::StatusCode::NOT_FOUND, "API method not found")) }
}

/// One field.
pub fn get(context: &mut Context<'_>) -> ApiResult {
    let field = find(context.state, entity_of(context)?, context.part("code")).ok_or_else(ApiError::not_found)?;
    Success::ok(json!({"customField": field}))
}

fn is_code(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c))
}

/// Complaints about a field.
fn check(context: &Context<'_>, field: &Entity, errors: &mut Map<String, Value>) {
    shape::require(field, &["name", "code", "type"], errors);
    if !text(field, "code").is_empty() && !is_code(text(field, "code")) {
        errors.insert("code".into(), "The code may have Latin letters, digits, - and _ only.".into());
    }
    if text(field, "type").ends_with("dictionary") && find_dictionary(context.state, text(field, "dictionary")).is_none() {
        errors.insert(
            "dictionary".into(),
            format!("\"CustomDictionary\" with \"code\"=\"{}\" does not exist.", text(field, "dictionary")).into(),
        );
    }
}

/// A new field.
pub fn create(context: &mut Context<'_>) -> ApiResult {
    let entity = entity_of(context)?.to_owned();
    let given = context.call.object("customField")?;
    let mut errors = Map::new();
    let mut field = shape::read(context.state, MEMBERS, &given, "", &mut errors);
    check(context, &field, &mut errors);
    let code = text(&field, "code").to_owned();
    if find(context.state, &entity, &code).is_some() {
        errors.insert("code".into(), format!("Custom field with code={code} already exists.").into());
    }
    if !errors.is_empty() {
        return Err(ApiError::entity(errors));
    }
    field.insert("entity".into(), entity.into());
    for (name, value) in [
        ("required", json!(false)),
        ("inFilter", json!(true)),
        ("inList", json!(true)),
        ("inGroupActions", json!(false)),
        ("ordering", json!(50)),
        ("viewMode", json!("editable")),
    ] {
        field.entry(name).or_insert(value);
    }
    context.state.account.lists.entry("customFields").or_default().push(field);
    Success::created(json!({"code": code}))
}

/// Changes a field. Its code and its type do not change.
pub fn edit(context: &mut Context<'_>) -> ApiResult {
    let (entity, code) = (entity_of(context)?.to_owned(), context.part("code").to_owned());
    let given = context.call.object("customField")?;
    let mut errors = Map::new();
    let patch = shape::read(context.state, MEMBERS, &given, "", &mut errors);
    let mut field = find(context.state, &entity, &code).ok_or_else(ApiError::not_found)?.clone();
    if patch.get("type").is_some_and(|kind| Some(kind) != field.get("type")) {
        errors.insert("type".into(), "The type of a field cannot be changed.".into());
    }
    field.extend(patch);
    field.insert("code".into(), code.as_str().into());
    check(context, &field, &mut errors);
    if !errors.is_empty() {
        return Err(ApiError::entity(errors));
    }
    let fields = context.state.account.lists.entry("customFields").or_default();
    if let Some(known) = fields.iter_mut().find(|field| text(field, "entity") == entity && text(field, "code") == code) {
        *known = field;
    }
    Success::ok(json!({"code": code}))
}

const DICTIONARY_FILTERS: &[Filter] = &[("name", Test::Has("name")), ("code", Test::Is("code"))];
const ELEMENT: &[Member] = &[("name", Kind::Text), ("code", Kind::Text), ("ordering", Kind::Int)];
const DICTIONARY: &[Member] = &[("name", Kind::Text), ("code", Kind::Text), ("elements", Kind::Objects(ELEMENT))];

/// Dictionaries, filtered.
pub fn dictionaries(context: &mut Context<'_>) -> ApiResult {
    let page = context.call.page()?;
    let wanted = Wanted::read(context.state, context.call, DICTIONARY_FILTERS)?;
    let found: Vec<&Entity> = entities(context, "customDictionaries").iter().filter(|one| wanted.pass(context.state, one)).collect();
    let (dictionaries, pagination) = page.cut(found);
    Success::ok(json!({"pagination": pagination, "customDictionaries": dictionaries}))
}

/// One dictionary.
pub fn dictionary(context: &mut Context<'_>) -> ApiResult {
    let dictionary = find_dictionary(context.state, context.part("code")).ok_or_else(ApiError::not_found)?;
    Success::ok(json!({"customDictionary": dictionary}))
}

fn check_dictionary(dictionary: &Entity, errors: &mut Map<String, Value>) {
    shape::require(dictionary, &["name", "code"], errors);
    let mut seen = std::collections::BTreeSet::new();
    for (index, element) in dictionary.get("elements").and_then(Value::as_array).into_iter().flatten().enumerate() {
        let code = element["code"].as_str().unwrap_or_default();
        if code.is_empty() || element["name"].as_str().unwrap_or_default().is_empty() {
            errors.insert(format!("elements[{index}]"), "An element needs a name and a code.".into());
        } else if !seen.insert(code) {
            errors.insert(format!("elements[{index}].code"), format!("The code \"{code}\" is there twice.").into());
        }
    }
}

/// A new dictionary.
pub fn create_dictionary(context: &mut Context<'_>) -> ApiResult {
    let given = context.call.object("customDictionary")?;
    let mut errors = Map::new();
    let dictionary = shape::read(context.state, DICTIONARY, &given, "", &mut errors);
    check_dictionary(&dictionary, &mut errors);
    let code = text(&dictionary, "code").to_owned();
    if find_dictionary(context.state, &code).is_some() {
        errors.insert("code".into(), format!("Custom dictionary with code={code} already exists.").into());
    }
    if !errors.is_empty() {
        return Err(ApiError::entity(errors));
    }
    context.state.account.lists.entry("customDictionaries").or_default().push(dictionary);
    Success::created(json!({"code": code}))
}

/// Changes a dictionary; its elements are replaced whole.
pub fn edit_dictionary(context: &mut Context<'_>) -> ApiResult {
    let code = context.part("code").to_owned();
    let given = context.call.object("customDictionary")?;
    let mut errors = Map::new();
    let patch = shape::read(context.state, DICTIONARY, &given, "", &mut errors);
    let mut dictionary = find_dictionary(context.state, &code).ok_or_else(ApiError::not_found)?.clone();
    dictionary.extend(patch);
    dictionary.insert("code".into(), code.as_str().into());
    check_dictionary(&dictionary, &mut errors);
    if !errors.is_empty() {
        return Err(ApiError::entity(errors));
    }
    let dictionaries = context.state.account.lists.entry("customDictionaries").or_default();
    if let Some(known) = dictionaries.iter_mut().find(|known| text(known, "code") == code) {
        *known = dictionary;
    }
    Success::ok(json!({"code": code}))
}
