//! Which shop a request is about: the one in `site`, else the only one that the key sees.

use serde_json::json;

use crate::context::Context;
use crate::entity::{Entity, id_of, text, whole};
use crate::state::in_sites;
use crate::state::table::Table;
use crate::wire::ApiError;

/// The shop that the request names, if any. One that is not there or that the key does not see is refused.
pub fn named(context: &Context<'_>) -> Result<Option<String>, ApiError> {
    let Some(code) = context.call.parameter("site") else { return Ok(None) };
    if context.sites.iter().any(|site| site == code) {
        return Ok(Some(code.to_owned()));
    }
    if context.state.account.references.find("sites", code).is_some() {
        return Err(ApiError::denied());
    }
    Err(ApiError::refused("Errors in the input parameters", json!({"site": "The value you selected is not a valid choice."})))
}

/// The shop of a method that creates or changes: `Parameter 'site' is missing` when the key sees several and none is named.
pub fn required(context: &Context<'_>) -> Result<String, ApiError> {
    match (named(context)?, context.sites.as_slice()) {
        (Some(code), _) => Ok(code),
        (None, [only]) => Ok(only.clone()),
        (None, []) => Err(ApiError::denied()),
        (None, _) => Err(ApiError::missing("site")),
    }
}

/// By what the path's id goes: `externalId` unless `by=id`.
pub fn goes_by_id(context: &Context<'_>, parameter: &str) -> Result<bool, ApiError> {
    match context.call.parameter(parameter) {
        None | Some("externalId") => Ok(false),
        Some("id") => Ok(true),
        Some(_) => Err(ApiError::input(parameter, "The value you selected is not a valid choice.")),
    }
}

/// The entity that the path names, read only: an `externalId` wants its shop, an id does not.
pub fn addressed<'a>(context: &'a Context<'_>, table: &'a Table) -> Result<&'a Entity, ApiError> {
    let wanted = context.part("id");
    let found = if goes_by_id(context, "by")? {
        named(context)?;
        wanted.parse().ok().and_then(|id| table.get(id))
    } else {
        table.by_external_id(&required(context)?, wanted)
    };
    found.filter(|entity| in_sites(entity, &context.sites)).ok_or_else(ApiError::not_found)
}

/// The id of the entity that the path names, to change it: the shop is wanted even with `by=id`, as live accounts do.
pub fn addressed_for_change(context: &Context<'_>, table: &Table) -> Result<i64, ApiError> {
    required(context)?;
    addressed(context, table).map(|entity| id_of(entity).unwrap_or_default())
}

/// An entity that another names by `{"id":…}` or `{"externalId":…}`; an order also by `{"number":…}`.
pub fn referred<'a>(context: &'a Context<'_>, table: &'a Table, reference: &Entity, site: &str) -> Option<&'a Entity> {
    let found = match reference.get("id").filter(|id| !id.is_null()) {
        Some(id) => whole(id).and_then(|id| table.get(id)),
        None if refers(reference, &["number"]) && !refers(reference, &["externalId"]) => {
            table.iter().find(|order| text(order, "number") == text(reference, "number") && in_sites(order, &context.sites))
        }
        None => {
            let own = text(reference, "site");
            table.by_external_id(if own.is_empty() { site } else { own }, text(reference, "externalId"))
        }
    };
    found.filter(|entity| in_sites(entity, &context.sites))
}

/// Whether an object names an entity at all.
pub fn refers(reference: &Entity, members: &[&str]) -> bool {
    members
        .iter()
        .any(|name| reference.get(*name).is_some_and(|value| whole(value).is_some() || value.as_str().is_some_and(|text| !text.is_empty())))
}

/// The shop of an entity named by `externalId`; one named by id needs none.
pub fn for_reference(context: &Context<'_>, reference: &Entity) -> Result<String, ApiError> {
    let by_external_id = refers(reference, &["externalId"]) && !refers(reference, &["id"]) && text(reference, "site").is_empty();
    if by_external_id { required(context) } else { Ok(named(context)?.unwrap_or_default()) }
}
