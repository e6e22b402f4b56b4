//! `/integration-modules`.

use serde_json::{Map, Value, json};

use crate::account::{ApiKey, stock};
use crate::context::Context;
use crate::entity::{Entity, id_of, is, text, whole};
use crate::rules::shape::{self, Kind, Member};
use crate::wire::{ApiError, ApiResult, Success, php_map};

/// What a module can integrate.
const INTEGRATIONS: [&str; 8] = ["telephony", "delivery", "store", "recommendation", "payment", "mgTransport", "mgBot", "embedJs"];

const CODE: &[Member] = &[("userId", Kind::Int), ("code", Kind::Text)];
const LINE: &[Member] = &[("siteCode", Kind::Text), ("externalPhone", Kind::Text)];
const TELEPHONY: &[Member] = &[
    ("makeCallUrl", Kind::LongText),
    ("changeUserStatusUrl", Kind::LongText),
    ("allowEdit", Kind::Flag),
    ("inputEventSupported", Kind::Flag),
    ("outputEventSupported", Kind::Flag),
    ("hangupEventSupported", Kind::Flag),
    ("additionalCodes", Kind::Objects(CODE)),
    ("externalPhones", Kind::Objects(LINE)),
];
const PAGE: &[Member] = &[
    ("code", Kind::Text),
    ("menu", Kind::Text),
    ("parentMenuItemCode", Kind::Text),
    ("menuItemOrdering", Kind::Int),
    ("menuItemTitle", Kind::Map),
    ("pageHelpLink", Kind::Map),
    ("isSettingsMainPage", Kind::Flag),
];
const EMBED: &[Member] = &[
    ("entrypoint", Kind::LongText),
    ("stylesheet", Kind::LongText),
    ("targets", Kind::Texts),
    ("runner", Kind::Text),
    ("pages", Kind::Objects(PAGE)),
];
const MEMBERS: &[Member] = &[
    ("integrationCode", Kind::Text),
    ("active", Kind::Flag),
    ("freeze", Kind::Flag),
    ("name", Kind::Text),
    ("logo", Kind::LongText),
    ("clientId", Kind::Text),
    ("baseUrl", Kind::LongText),
    ("accountUrl", Kind::LongText),
    ("actions", Kind::Map),
    ("availableCountries", Kind::Texts),
    ("integrations", Kind::Parts(&[("telephony", TELEPHONY), ("embedJs", EMBED)])),
];

/// One module.
pub fn get(context: &mut Context<'_>) -> ApiResult {
    let mut module = context.state.modules.get(context.part("code")).cloned().ok_or_else(ApiError::not_found)?;
    // The account's own number of the module; the API goes by code.
    module.remove("id");
    Success::ok(json!({"integrationModule": module}))
}

/// Complaints about a module.
fn complaints(given: &Entity, code: &str, known: Option<&Entity>) -> Map<String, Value> {
    let mut errors = Map::new();
    let whole = |name: &str| if given.contains_key(name) { text(given, name) } else { known.map_or("", |known| text(known, name)) };
    if !whole("integrationCode").is_empty() && !code.starts_with(whole("integrationCode")) {
        errors.insert("code".into(), "Code prefix must match integrationCode".into());
    }
    for name in ["name", "baseUrl"] {
        if (known.is_none() || given.contains_key(name)) && whole(name).is_empty() {
            errors.insert(name.into(), "This value should not be blank.".into());
        }
    }
    if !text(given, "logo").is_empty() && !text(given, "logo").split(['?', '#']).next().unwrap_or_default().ends_with(".svg") {
        errors.insert("logo".into(), "The logo must be an SVG.".into());
    }
    if let Some(actions) = given.get("actions").and_then(Value::as_object)
        && let Some(unknown) = actions.keys().find(|name| !matches!(name.as_str(), "activity" | "settings"))
    {
        errors.insert(format!("actions[{unknown}]"), "The value you selected is not a valid choice.".into());
    }
    if let Some(integrations) = given.get("integrations").and_then(Value::as_object)
        && let Some(unknown) = integrations.keys().find(|name| !INTEGRATIONS.contains(&name.as_str()))
    {
        errors.insert(format!("integrations[{unknown}]"), "This form should not contain extra fields.".into());
    }
    if let Some(embed) = given.get("integrations").and_then(|integrations| integrations["embedJs"].as_object()) {
        if text(embed, "entrypoint").is_empty() {
            errors.insert("integrations[embedJs][entrypoint]".into(), "This value should not be blank.".into());
        }
        // A page without a menu has no route.
        let pages = embed.get("pages").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object);
        for (index, page) in pages.enumerate() {
            if let Some(blank) = ["code", "menu"].into_iter().find(|name| text(page, name).is_empty()) {
                errors.insert(format!("integrations[embedJs][pages][{index}][{blank}]"), "This value should not be blank.".into());
            }
        }
    }
    errors
}

/// Creates or changes a module. Lists in it are replaced whole, and so is each integration.
pub fn edit(context: &mut Context<'_>) -> ApiResult {
    let mut errors = Map::new();
    let mut given = shape::read(context.state, MEMBERS, &context.call.object("integrationModule")?, "", &mut errors);
    let code = context.part("code").to_owned();
    let known = context.state.modules.get(&code);
    errors.extend(complaints(&given, &code, known));
    if !errors.is_empty() {
        return Err(ApiError::entity(errors));
    }
    let is_new = known.is_none();
    let telephony = given.get("integrations").and_then(|integrations| integrations.get("telephony"));
    let rows = |list: &str, member: &str| -> Vec<Value> {
        let rows = telephony.and_then(|telephony| telephony.get(list)?.as_array()).into_iter().flatten();
        rows.filter_map(|row| row.get(member).cloned()).collect()
    };
    let users = rows("additionalCodes", "userId").into_iter().filter_map(|id| whole(&id));
    let no_users: Vec<i64> = users.filter(|id| context.state.users.get(*id).is_none()).collect();
    let books = &context.state.account.references;
    let is_unknown = |code: &Value| code.as_str().is_none_or(|code| books.find("sites", code).is_none());
    let no_sites: Vec<Value> = rows("externalPhones", "siteCode").into_iter().filter(is_unknown).collect();
    let mut info = Map::new();
    if !no_users.is_empty() {
        info.insert("notExistUsersIds".into(), json!(no_users));
    }
    if !no_sites.is_empty() {
        info.insert("notExistSiteCodes".into(), json!(no_sites));
    }
    for kind in ["mgTransport", "mgBot"] {
        if let Some(granted) = granted(context, &mut given, kind, &code) {
            info.insert(kind.into(), granted);
        }
    }
    let next_id = context.state.modules.values().filter_map(id_of).max().unwrap_or(0) + 1;
    let module = context.state.modules.entry(code.clone()).or_default();
    // Each integration is replaced whole; others stay.
    let mut integrations = module.get("integrations").and_then(Value::as_object).cloned().unwrap_or_default();
    if let Some(Value::Object(new)) = given.remove("integrations") {
        integrations.extend(new);
        // `null` removes one.
        integrations.retain(|_, integration| !integration.is_null());
        module.insert("integrations".into(), integrations.into());
    }
    given.retain(|_, value| !value.is_null());
    module.extend(given);
    module.insert("code".into(), code.into());
    for (name, value) in [("id", json!(next_id)), ("active", json!(true)), ("freeze", json!(false)), ("native", json!(false))] {
        module.entry(name).or_insert(value);
    }
    let answer = json!({"info": php_map(info)});
    if is_new { Success::created(answer) } else { Success::ok(answer) }
}

/// A chat integration gets an endpoint and a token; the token stays until a refresh is asked for.
fn granted(context: &Context<'_>, given: &mut Entity, kind: &str, code: &str) -> Option<Value> {
    let chat = given.get_mut("integrations")?.get_mut(kind)?.as_object_mut()?;
    let known = context.state.modules.get(code).and_then(|module| module.get("integrations")?.get(kind)?.get("token").cloned());
    let token = match known.filter(|_| !is(chat, "refreshToken", false)) {
        Some(token) => token,
        None => format!("simulator-{kind}-{code}-{}", context.now.timestamp_micros()).into(),
    };
    chat.insert("token".into(), token.clone());
    chat.insert("isActive".into(), json!(true));
    Some(json!({"endpointUrl": format!("{}/mg", context.state.account.url()), "token": token}))
}

/// Gives a module more scopes: the answer has a new key, and the old one is no longer valid.
pub fn update_scopes(context: &mut Context<'_>) -> ApiResult {
    let requires = context.call.object("requires")?;
    let code = context.part("code").to_owned();
    let Some(old) = context.state.key(context.key()).cloned() else { return Err(ApiError::denied()) };
    // The main key belongs to no module: it was made by hand, not by a simple connection.
    if context.state.account.keys.first() == Some(&old) {
        return Err(ApiError::new(http::StatusCode::BAD_REQUEST, "Not enabled simple connection"));
    }
    if !context.state.modules.contains_key(&code) {
        return Err(ApiError::not_found());
    }
    let wanted: Vec<String> =
        requires.get("scopes").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    if let Some(unknown) = wanted.iter().find(|scope| !stock::SCOPES.contains(&scope.as_str())) {
        return Err(ApiError::entity(json!({"scopes": format!("Unknown scope \"{unknown}\".")})));
    }
    let mut scopes = old.scopes.clone();
    scopes.extend(wanted.into_iter().filter(|scope| !old.scopes.contains(scope)));
    let key = format!("simulator-key-{code}-{}", context.now.timestamp_micros());
    for known in &mut context.state.account.keys {
        if known.key == old.key {
            *known = ApiKey { key: key.clone(), scopes: scopes.clone(), sites: old.sites.clone() };
        }
    }
    for history in context.state.histories.values_mut() {
        history.rename_key(&old.key, &key);
    }
    Success::ok(json!({"apiKey": key}))
}
