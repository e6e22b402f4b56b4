//! Evaluates the settings' conditions on an appeal: filters and «Основные условия».
//!
//! Events name the objects of the account (sites, scenarios, campaigns, channels, tags) by id, by name, or both; conditions hold ids. So a
//! name is looked up in UIS's directory, and only if the event has no id.

use crate::appeal::Appeal;
use crate::base::links;
use crate::base::tags::StoredTag;
use crate::bindings::uis::integration::directory::DirectoryError;
use crate::bindings::uis::integration::types::Failure;
use crate::context::Context;
use crate::settings::conditions::{self, Condition, Match, Parameter, Row, Verdict};
use crate::uis::directory;

/// What conditions say about an appeal. Before the appeal has ended, a parameter that is not known yet leaves it undecided.
pub fn verdict(context: &Context<'_>, appeal: &Appeal<'_>, conditions: &[Vec<Row>]) -> Result<Verdict, Failure> {
    conditions::evaluate(conditions, |row| matches(context, appeal, row))
}

/// Compares an appeal's parameter with a row's values.
fn matches(context: &Context<'_>, appeal: &Appeal<'_>, row: &Row) -> Result<Match, Failure> {
    let found = match row.parameter {
        Parameter::VirtualNumber => raw(appeal, &["virtual_phone_number"]).map(|number| row.values.contains(&number)),
        // Until the appeal has ended, more employees may take part.
        Parameter::Employee if appeal.employees.iter().any(|id| has_id(row, *id)) => Some(true),
        Parameter::Employee => None,
        Parameter::RequestType => raw(appeal, &["form_type"]).map(|kind| has_text(row, &kind)),
        Parameter::Source => raw(appeal, &["source_name", "source"]).map(|source| has_text(row, &source)),
        // The same for tags.
        Parameter::Tag => has_tag(context, appeal.tags, row)?.then_some(true),
        Parameter::Scenario => known(context, appeal, row, "scenario_id", &["scenario_name"])?,
        Parameter::Site => known(context, appeal, row, "site_id", &["site_domain_name"])?,
        Parameter::Campaign => known(context, appeal, row, "campaign_id", &["campaign_name", "advertising_campaign"])?,
        Parameter::Channel => known(context, appeal, row, "chat_channel_id", &["chat_channel_name"])?,
    };
    Ok(match found {
        Some(true) => Match::Yes,
        Some(false) => Match::No,
        None if appeal.ended => Match::No,
        None => Match::NotYet,
    })
}

/// An object of the account: by the id that the event has, else by its name. None: the event has neither.
fn known(context: &Context<'_>, appeal: &Appeal<'_>, row: &Row, id: &str, names: &[&str]) -> Result<Option<bool>, Failure> {
    if let Some(id) = raw(appeal, &[id]) {
        return Ok(Some(has_text(row, &id)));
    }
    let Some(name) = raw(appeal, names) else { return Ok(None) };
    Ok(Some(has_text(row, &name) || has_name(context, row, &name)?))
}

/// Whether one of these tags is one of the row's.
fn has_tag(context: &Context<'_>, tags: &[StoredTag], row: &Row) -> Result<bool, Failure> {
    for tag in tags {
        let found = match tag.id {
            Some(id) => has_id(row, id),
            None => has_text(row, &tag.name) || has_name(context, row, &tag.name)?,
        };
        if found {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether one of an appeal's tags is one of these, given by their ids.
pub fn is_tagged(context: &Context<'_>, tags: &[StoredTag], ids: &[String]) -> Result<bool, Failure> {
    has_tag(context, tags, &Row { parameter: Parameter::Tag, condition: Condition::Include, values: ids.to_vec() })
}

/// Whether the directory has an object with this name whose id is one of the row's.
fn has_name(context: &Context<'_>, row: &Row, name: &str) -> Result<bool, Failure> {
    let address = links::site_address(name);
    let same = |known: &str| match row.parameter {
        Parameter::Site => links::site_address(known) == address,
        _ => same_text(known, name),
    };
    Ok(objects(context, row.parameter)?.iter().any(|(id, known)| same(known) && row.values.contains(id)))
}

/// The account's objects that a parameter's values stand for: the value, and the name by which events know the object. Empty for parameters
/// whose values are names.
pub fn objects(context: &Context<'_>, parameter: Parameter) -> Result<Vec<Object>, Failure> {
    let platform = context.platform;
    match parameter {
        Parameter::VirtualNumber => listed(|offset| platform.virtual_numbers(offset), |one| (one.number, one.name)),
        Parameter::Scenario => listed(|offset| platform.scenarios(offset), |one| (one.id.to_string(), one.name)),
        Parameter::Site => listed(|offset| platform.sites(offset), |one| (one.id.to_string(), one.domain)),
        Parameter::Campaign => listed(|offset| platform.campaigns(offset), |one| (one.id.to_string(), one.name)),
        Parameter::Employee => listed(|offset| platform.employees(offset), |one| (one.id.to_string(), one.full_name)),
        Parameter::Tag => listed(|offset| platform.tags(offset), |one| (one.id.to_string(), one.name)),
        Parameter::Channel => listed(|offset| platform.chat_channels(offset), |one| (one.id.to_string(), one.name)),
        Parameter::Source | Parameter::RequestType => Ok(Vec::new()),
    }
}

/// An object's value in conditions, and its name in events.
pub type Object = (String, String);

fn listed<T>(page: impl Fn(u32) -> Result<Vec<T>, DirectoryError>, object: impl Fn(T) -> Object) -> Result<Vec<Object>, Failure> {
    Ok(directory::paged(page)?.into_iter().map(object).collect())
}

fn has_id(row: &Row, id: i64) -> bool {
    let id = id.to_string();
    row.values.contains(&id)
}

fn has_text(row: &Row, text: &str) -> bool {
    row.values.iter().any(|value| same_text(value, text))
}

fn same_text(left: &str, right: &str) -> bool {
    left.trim().to_lowercase() == right.trim().to_lowercase()
}

/// The first of these parameters that has a value.
fn raw(appeal: &Appeal<'_>, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| appeal.parameters.raw(name)).map(|value| value.trim().to_owned())
}
