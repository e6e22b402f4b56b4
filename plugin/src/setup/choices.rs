//! The choices of settings whose values come from RetailCRM (users, shops, fields) or UIS (numbers, employees).

use serde_json::Value;

use crate::base::phone::Reader;
use crate::bindings::exports::uis::integration::setup::{Choice, ChoicePage};
use crate::bindings::uis::integration::directory::Employee;
use crate::bindings::uis::integration::types::Failure;
use crate::context::Context;
use crate::retailcrm::custom_fields::{self, Entity};
use crate::retailcrm::users::{self, PAGE};
use crate::retailcrm::{ApiRequest, answer};
use crate::settings::{self, DEFAULT_COUNTRY};
use crate::uis::directory;

/// The longest page that the contract allows.
const PAGE_MAX: usize = 200;

/// The source of a setting's choices, as named by `x-choices` in the schema.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Source {
    Users,
    /// A reference list of RetailCRM: its path, and the name of the list.
    Reference(&'static str, &'static str),
    /// Custom fields of these entities.
    Fields(&'static [Entity]),
    /// Objects of the UIS account.
    Account(Objects),
}

/// Objects of the UIS account that a setting can name.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Objects {
    VirtualNumbers,
    Employees,
    ChatChannels,
    Sites,
    /// The sites' addresses in place of their ids.
    SiteAddresses,
    Tags,
    Scenarios,
    Campaigns,
    /// Names of sources of visits.
    VisitSources,
    RequestTypes,
}

impl Source {
    fn parse(name: &str) -> Option<Source> {
        Some(match name {
            "retailcrm/users" => Source::Users,
            "retailcrm/sites" => Source::Reference("sites", "sites"),
            "retailcrm/order-types" => Source::Reference("order-types", "orderTypes"),
            "retailcrm/order-methods" => Source::Reference("order-methods", "orderMethods"),
            "retailcrm/statuses" => Source::Reference("statuses", "statuses"),
            "retailcrm/status-groups" => Source::Reference("status-groups", "statusGroups"),
            "retailcrm/customer-fields" => Source::Fields(&[Entity::Customer]),
            "retailcrm/order-fields" => Source::Fields(&[Entity::Order]),
            "retailcrm/customer-and-order-fields" => Source::Fields(&[Entity::Customer, Entity::Order]),
            "uis/virtual-numbers" => Source::Account(Objects::VirtualNumbers),
            "uis/employees" => Source::Account(Objects::Employees),
            "uis/chat-channels" => Source::Account(Objects::ChatChannels),
            "uis/sites" => Source::Account(Objects::Sites),
            "uis/site-addresses" => Source::Account(Objects::SiteAddresses),
            "uis/tags" => Source::Account(Objects::Tags),
            "uis/scenarios" => Source::Account(Objects::Scenarios),
            "uis/campaigns" => Source::Account(Objects::Campaigns),
            "uis/sources" => Source::Account(Objects::VisitSources),
            "uis/request-types" => Source::Account(Objects::RequestTypes),
            _ => return None,
        })
    }
}

/// A page of a setting's choices. A field of a table's row is named `setting.field`.
pub fn choices(context: &Context<'_>, setting: &str, page: Option<&str>) -> Result<ChoicePage, Failure> {
    match settings::schema::choices_from(setting).as_deref().and_then(Source::parse) {
        Some(Source::Users) => users(context, page),
        Some(Source::Reference(path, list)) => references(context, path, list, page),
        Some(Source::Fields(entities)) => fields(context, entities, page),
        Some(Source::Account(objects)) => cut(of_account(context, objects)?, page),
        None => Err(Failure::Rejected(format!("the setting {setting:?} has no list of choices"))),
    }
}

/// The types of site requests, as UIS writes them in `form_type`.
const REQUEST_TYPES: [&str; 3] = ["Пользовательская", "Стандартная", "DataAPI"];

/// Objects of the UIS account as choices.
fn of_account(context: &Context<'_>, objects: Objects) -> Result<Vec<Choice>, Failure> {
    let platform = context.platform;
    let named = |id: i64, parts: &[&str]| choice(&id.to_string(), parts);
    Ok(match objects {
        Objects::VirtualNumbers => {
            let numbers = directory::paged(|offset| context.platform.virtual_numbers(offset))?;
            let active = numbers.into_iter().filter(|number| number.active);
            // Choices are listed before the first settings are saved.
            let reader = context.phones().unwrap_or_else(|_| Reader::new(context.platform, DEFAULT_COUNTRY));
            active.map(|number| choice(&reader.unambiguous(&number.number), &[&number.name, &number.number])).collect()
        }
        Objects::Employees => {
            // RetailCRM knows employees by their extension; UIS's own table hides those who have none.
            let lacking = |employee: &Employee| {
                if employee.extension.as_deref().is_none_or(str::is_empty) { "нет добавочного номера" } else { "" }
            };
            let everybody = directory::all(platform)?;
            let shown = |employee: &Employee| {
                named(employee.id, &[&employee.full_name, employee.email.as_deref().unwrap_or_default(), lacking(employee)])
            };
            everybody.iter().map(shown).collect()
        }
        Objects::ChatChannels => {
            let channels = directory::paged(|offset| platform.chat_channels(offset))?;
            channels.iter().filter(|channel| channel.active).map(|channel| named(channel.id, &[&channel.name, &channel.kind])).collect()
        }
        Objects::Sites => {
            directory::paged(|offset| platform.sites(offset))?.iter().map(|site| named(site.id, &[&site.name, &site.domain])).collect()
        }
        Objects::SiteAddresses => {
            directory::paged(|offset| platform.sites(offset))?.iter().map(|site| choice(&site.domain, &[&site.domain])).collect()
        }
        Objects::Tags => directory::paged(|offset| platform.tags(offset))?.iter().map(|tag| named(tag.id, &[&tag.name])).collect(),
        Objects::Scenarios => {
            directory::paged(|offset| platform.scenarios(offset))?.iter().map(|one| named(one.id, &[&one.name])).collect()
        }
        Objects::Campaigns => {
            directory::paged(|offset| platform.campaigns(offset))?.iter().map(|one| named(one.id, &[&one.name])).collect()
        }
        Objects::VisitSources => {
            directory::paged(|offset| platform.sources(offset))?.iter().map(|one| choice(&one.name, &[&one.name])).collect()
        }
        Objects::RequestTypes => REQUEST_TYPES.iter().map(|kind| choice(kind, &[kind])).collect(),
    })
}

/// Custom fields as choices.
fn fields(context: &Context<'_>, entities: &[Entity], page: Option<&str>) -> Result<ChoicePage, Failure> {
    let mut all = Vec::new();
    for entity in entities {
        let found = custom_fields::of(context.crm, *entity)?;
        all.extend(
            found.iter().map(|field| choice(&field.code, &[&field.code, &field.kind, if entities.len() > 1 { entity.name() } else { "" }])),
        );
    }
    cut(all, page)
}

/// A choice whose title is made of the parts that are not empty.
fn choice(value: &str, parts: &[&str]) -> Choice {
    let parts: Vec<&str> = parts.iter().copied().filter(|part| !part.trim().is_empty()).collect();
    Choice { value: value.to_owned(), title: if parts.is_empty() { value.to_owned() } else { parts.join(", ") } }
}

/// RetailCRM's active users, in RetailCRM's own pages.
fn users(context: &Context<'_>, page: Option<&str>) -> Result<ChoicePage, Failure> {
    let number: u32 = number(page)?;
    let found = context.crm.send(users::page_request(number))?;
    let all = users::page(&found)?;
    let more = all.len() >= usize::try_from(PAGE).unwrap_or(usize::MAX);
    let shown = all.iter().filter(|user| user.active != Some(false)).filter_map(|user| {
        let name = [user.last_name.as_str(), user.first_name.as_str()].join(" ");
        Some(choice(&user.id?.to_string(), &[name.trim(), &user.email]))
    });
    Ok(ChoicePage { choices: shown.collect(), next: more.then(|| (number + 1).to_string()) })
}

/// A reference list of RetailCRM as choices.
fn references(context: &Context<'_>, path: &str, list: &str, page: Option<&str>) -> Result<ChoicePage, Failure> {
    let found = context.crm.send(ApiRequest::get(format!("/api/v5/reference/{path}")))?;
    let active = answer::members(&found, list)?.into_iter().filter(|entry| entry["active"] != Value::Bool(false));
    cut(active.map(|entry| choice(&answer::text(&entry["code"]), &[&answer::text(&entry["name"])])).collect(), page)
}

fn number(page: Option<&str>) -> Result<u32, Failure> {
    page.map_or(Ok(1), |page| {
        page.parse().ok().filter(|number| *number > 0).ok_or_else(|| Failure::Rejected(format!("{page:?} is not a page number")))
    })
}

/// Cuts a page out of a complete list.
fn cut(all: Vec<Choice>, page: Option<&str>) -> Result<ChoicePage, Failure> {
    let number = number(page)?;
    let from = usize::try_from(number - 1).unwrap_or(usize::MAX).saturating_mul(PAGE_MAX);
    let more = all.len() > from.saturating_add(PAGE_MAX);
    Ok(ChoicePage { choices: all.into_iter().skip(from).take(PAGE_MAX).collect(), next: more.then(|| (number + 1).to_string()) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::uis::integration::directory::VirtualNumber;
    use crate::fake::Fake;

    #[test]
    fn every_source_in_the_schema_is_supported() {
        let mut served = 0;
        for (name, property) in &settings::schema::properties() {
            let members = property["items"]["properties"].as_object().into_iter().flatten();
            let members = members.map(|(member, property)| (format!("{name}.{member}"), property));
            for (name, property) in [(name.clone(), property)].into_iter().chain(members) {
                let source =
                    property.get("x-choices").map(|source| Source::parse(source.as_str().expect("a source")).expect("a known one"));
                assert_eq!(settings::schema::choices_from(&name).as_deref().and_then(Source::parse), source, "{name}");
                served += usize::from(source.is_some());
                // RetailCRM cannot be reached, so a setting with choices fails differently from one without.
                let refused = matches!(choices(&Context::new(&Fake::default()), &name, None), Err(Failure::Rejected(_)));
                assert_eq!(refused, source.is_none(), "{name}");
            }
        }
        assert!(served > 30, "{served}");
    }

    #[test]
    fn settings_with_a_source_have_choices() {
        let users: Vec<String> =
            (1..=100).map(|id| format!(r#"{{"id":{id},"firstName":"Анна","email":"a{id}@x.example","active":{}}}"#, id != 2)).collect();
        let number = |id: i64| VirtualNumber { id, number: format!("7495{id:07}"), name: String::new(), active: id != 1 };
        let fake = Fake {
            answers: [
                ("/api/v5/users", format!(r#"{{"success":true,"users":[{}]}}"#, users.join(","))),
                ("/api/v5/reference/sites", r#"{"success":true,"sites":{"main":{"code":"main","name":"Основной"}}}"#.to_owned()),
                ("/api/v5/reference/order-types", r#"{"success":true,"orderTypes":[]}"#.to_owned()),
                ("/api/v5/custom-fields", r#"{"success":true,"customFields":[{"code":"utm","type":"string"}]}"#.to_owned()),
            ]
            .into(),
            numbers: (0..450).map(number).collect(),
            ..Fake::default()
        };
        let titles = |setting: &str, page: Option<&str>| {
            let page = choices(&Context::new(&fake), setting, page).expect("choices");
            (page.choices.iter().map(|choice| format!("{}={}", choice.value, choice.title)).collect::<Vec<_>>(), page.next)
        };
        let (users, next) = titles("default-responsible", None);
        assert_eq!(
            (users.len(), users[0].as_str(), next.as_deref()),
            (99, "1=Анна, a1@x.example", Some("2")),
            "users who cannot log in are not offered"
        );
        assert_eq!(titles("shop-numbers.site", None), (vec!["main=Основной".to_owned()], None));
        assert_eq!(titles("call-order-type", None).0.len(), 0);
        assert_eq!(titles("extra-field-rows.field", None).0, ["utm=utm, string, customer", "utm=utm, string, order"]);
        let (first, last) = (titles("virtual-numbers", None), titles("click-to-call-number", Some("3")));
        assert_eq!((first.0.len(), first.1.as_deref(), last.0.len(), last.1), (200, Some("2"), 49, None));
        for (setting, page) in [("create-contact", None), ("virtual-numbers", Some("x")), ("virtual-numbers", Some("0"))] {
            assert!(matches!(choices(&Context::new(&fake), setting, page), Err(Failure::Rejected(_))), "{setting} {page:?}");
        }
        assert!(matches!(choices(&Context::new(&fake), "call-order-status", None), Err(Failure::Retry(_))), "RetailCRM is not reached");
    }
}
