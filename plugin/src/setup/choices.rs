//! What can be chosen for a setting whose values live elsewhere: users, shops, fields of RetailCRM; numbers and employees of UIS.

use serde_json::Value;

use crate::bindings::exports::uis::integration::setup::{Choice, ChoicePage};
use crate::bindings::uis::integration::types::Failure;
use crate::context::Context;
use crate::retailcrm::custom_fields::{self, Entity};
use crate::retailcrm::users::{self, PAGE};
use crate::retailcrm::{Ask, answer};
use crate::uis::directory;

/// The contract's longest page.
const MOST: usize = 200;

/// A page of choices. Members of rows go by `setting.member`.
pub fn choices(context: &Context<'_>, setting: &str, page: Option<&str>) -> Result<ChoicePage, Failure> {
    match setting {
        "default-responsible"
        | "contact-responsible-user"
        | "missed-call-task-user"
        | "call-order-user"
        | "text-default-responsible"
        | "request-responsible-user"
        | "request-task-user"
        | "chat-responsible-user"
        | "chat-task-user"
        | "synchronised-users"
        | "employee-table.user"
        | "shop-numbers.responsible" => users(context, page),
        "virtual-numbers" | "click-to-call-number" | "shop-numbers.number" => {
            let numbers = directory::paged(|offset| context.platform.virtual_numbers(offset))?;
            let active = numbers.into_iter().filter(|number| number.active);
            cut(active.map(|number| choice(&number.number, &[&number.name, &number.number])).collect(), page)
        }
        "employee-table.employee" => {
            let everybody = directory::all(context.platform)?;
            cut(
                everybody
                    .iter()
                    .map(|employee| choice(&employee.id.to_string(), &[&employee.full_name, employee.email.as_deref().unwrap_or_default()]))
                    .collect(),
                page,
            )
        }
        "shop-numbers.site" | "site-domains.site" => book(context, "sites", "sites", page),
        "call-order-type" | "request-order-type" | "chat-order-type" => book(context, "order-types", "orderTypes", page),
        "call-order-method" | "request-order-method" | "chat-order-method" => book(context, "order-methods", "orderMethods", page),
        "call-order-status" | "request-order-status" | "chat-order-status" => book(context, "statuses", "statuses", page),
        "extra-field-rows.field" => fields(context, &[Entity::Customer], page),
        "request-field-rows.field" | "chat-field-rows.field" => fields(context, &[Entity::Customer, Entity::Order], page),
        "deal-field-codes" => fields(context, &[Entity::Order], page),
        "deal-success-groups" | "deal-failed-groups" => book(context, "status-groups", "statusGroups", page),
        "chat-channels" => {
            let channels = directory::paged(|offset| context.platform.chat_channels(offset))?;
            let active = channels.into_iter().filter(|channel| channel.active);
            cut(active.map(|channel| choice(&channel.id.to_string(), &[&channel.name, &channel.kind])).collect(), page)
        }
        other => Err(Failure::Rejected(format!("the setting {other:?} has no choices from elsewhere"))),
    }
}

/// Fields that the account added.
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

/// A value, and its title of the parts that are there.
fn choice(value: &str, parts: &[&str]) -> Choice {
    let parts: Vec<&str> = parts.iter().copied().filter(|part| !part.trim().is_empty()).collect();
    Choice { value: value.to_owned(), title: if parts.is_empty() { value.to_owned() } else { parts.join(", ") } }
}

/// RetailCRM's users who can log in, by its own pages.
fn users(context: &Context<'_>, page: Option<&str>) -> Result<ChoicePage, Failure> {
    let number: u32 = number(page)?;
    let found = context.crm.ask(users::ask_page(number))?;
    let all = users::page(&found)?;
    let more = all.len() >= usize::try_from(PAGE).unwrap_or(usize::MAX);
    let shown = all.iter().filter(|user| user.active != Some(false)).filter_map(|user| {
        let name = [user.last_name.as_str(), user.first_name.as_str()].join(" ");
        Some(choice(&user.id?.to_string(), &[name.trim(), &user.email]))
    });
    Ok(ChoicePage { choices: shown.collect(), next: more.then(|| (number + 1).to_string()) })
}

/// A reference book of RetailCRM.
fn book(context: &Context<'_>, path: &str, list: &str, page: Option<&str>) -> Result<ChoicePage, Failure> {
    let found = context.crm.ask(Ask::get(format!("/api/v5/reference/{path}")))?;
    let active = answer::members(&found, list)?.into_iter().filter(|entry| entry["active"] != Value::Bool(false));
    cut(active.map(|entry| choice(&answer::text(&entry["code"]), &[&answer::text(&entry["name"])])).collect(), page)
}

fn number(page: Option<&str>) -> Result<u32, Failure> {
    page.map_or(Ok(1), |page| {
        page.parse().ok().filter(|number| *number > 0).ok_or_else(|| Failure::Rejected(format!("{page:?} is no page")))
    })
}

/// A page of what is here whole.
fn cut(all: Vec<Choice>, page: Option<&str>) -> Result<ChoicePage, Failure> {
    let number = number(page)?;
    let from = usize::try_from(number - 1).unwrap_or(usize::MAX).saturating_mul(MOST);
    let more = all.len() > from.saturating_add(MOST);
    Ok(ChoicePage { choices: all.into_iter().skip(from).take(MOST).collect(), next: more.then(|| (number + 1).to_string()) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::uis::integration::directory::VirtualNumber;
    use crate::fake::Fake;

    #[test]
    fn the_schema_marks_what_has_choices() {
        let schema: Value = crate::base::json::parse(crate::settings::SCHEMA.as_bytes()).expect("JSON");
        let mut marked = Vec::new();
        for (name, property) in schema["properties"].as_object().expect("properties") {
            let members = property["items"]["properties"].as_object().into_iter().flatten();
            let members = members.map(|(member, property)| (format!("{name}.{member}"), property));
            marked.extend(
                [(name.clone(), property)].into_iter().chain(members).map(|(name, property)| (name, property["x-choices"] == true)),
            );
        }
        assert!(marked.iter().filter(|(_, has)| *has).count() > 10);
        for (name, has) in marked {
            // Nothing is reached, so a setting with choices fails in another way than one without.
            let refused = matches!(choices(&Context::new(&Fake::default()), &name, None), Err(Failure::Rejected(_)));
            assert_eq!(!refused, has, "{name}");
        }
    }

    #[test]
    fn every_setting_whose_values_live_elsewhere_has_choices() {
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
            "who cannot log in is no choice"
        );
        assert_eq!(titles("shop-numbers.site", None), (vec!["main=Основной".to_owned()], None));
        assert_eq!(titles("call-order-type", None).0.len(), 0);
        assert_eq!(titles("extra-field-rows.field", None).0, ["utm=utm, string"]);
        let (first, last) = (titles("virtual-numbers", None), titles("click-to-call-number", Some("3")));
        assert_eq!((first.0.len(), first.1.as_deref(), last.0.len(), last.1), (200, Some("2"), 49, None));
        for (setting, page) in [("create-contact", None), ("virtual-numbers", Some("x")), ("virtual-numbers", Some("0"))] {
            assert!(matches!(choices(&Context::new(&fake), setting, page), Err(Failure::Rejected(_))), "{setting} {page:?}");
        }
        assert!(matches!(choices(&Context::new(&fake), "call-order-status", None), Err(Failure::Retry(_))), "RetailCRM is not reached");
    }
}
