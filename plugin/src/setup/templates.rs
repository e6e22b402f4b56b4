//! The parameters that templates may contain, each with a title and an example, and the preview of a template.

use serde_json::Value;

use crate::base::template;
use crate::bindings::exports::uis::integration::setup::TemplateParameter;
use crate::bindings::uis::integration::types::Misconfiguration;
use crate::settings::schema;

/// The communications whose templates have a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Call,
    Chat,
    SiteRequest,
}

use Kind::{Call, Chat, SiteRequest};

const ALL: &[Kind] = &[Call, Chat, SiteRequest];

/// UIS's name, the Russian title, an example, and the communications that have it. In the order in which a picker shows them.
const PARAMETERS: [(&str, &str, &str, &[Kind]); 30] = [
    ("communication_id", "ID обращения", "810001", ALL),
    ("communication_number", "Номер обращения", "15", ALL),
    ("communication_type", "Вид обращения", "", ALL),
    ("visitor_contact_info", "Контакт посетителя", "+7 916 123-45-67", ALL),
    ("visitor_name", "Имя посетителя", "Анна Петрова", ALL),
    ("visitor_phone_number", "Телефон посетителя", "79161234567", ALL),
    ("visitor_email", "E-mail посетителя", "anna@example.com", ALL),
    ("contact_phone_number", "Номер клиента", "79161234567", &[Call]),
    ("contact_full_name", "Имя клиента в адресной книге", "Петрова Анна", &[Call]),
    ("virtual_phone_number", "Виртуальный номер", "74951112233", &[Call]),
    ("employee_full_name", "Сотрудник", "Иванов Иван", ALL),
    ("scenario_name", "Название сценария", "Входящие", &[Call]),
    ("site_domain_name", "Сайт", "shop.example", ALL),
    ("chat_channel_name", "Название канала чата", "Чат на сайте", &[Chat]),
    ("chat_channel_type", "Тип канала чата", "comagic", &[Chat]),
    ("chat_username", "Имя пользователя в чате", "anna_p", &[Chat]),
    ("text", "Текст заявки", "Перезвоните мне, пожалуйста", &[SiteRequest]),
    ("form_name", "Название формы", "Обратный звонок", &[SiteRequest]),
    ("utm_source", "Метка utm_source", "yandex", ALL),
    ("utm_medium", "Метка utm_medium", "cpc", ALL),
    ("utm_campaign", "Метка utm_campaign", "sale", ALL),
    ("utm_content", "Метка utm_content", "banner", ALL),
    ("utm_term", "Метка utm_term", "купить диван", ALL),
    ("search_query", "Поисковый запрос", "купить диван недорого", ALL),
    ("campaign_name", "Рекламная кампания", "Наружная реклама", ALL),
    ("tag_names", "Теги обращения", "VIP, Опт", ALL),
    ("start_time", "Время начала", "2026-11-23 10:00:00", ALL),
    ("finish_time", "Время завершения", "2026-11-23 10:05:00", ALL),
    ("wait_time_duration", "Время ожидания, секунд", "19", &[Call]),
    ("talk_time_duration", "Время разговора, секунд", "62", &[Call]),
];

impl Kind {
    /// The kind of a setting, by the beginning of its name.
    fn of(setting: &str) -> Kind {
        match () {
            () if setting.starts_with("chat-") => Chat,
            () if setting.starts_with("request-") => SiteRequest,
            () => Call,
        }
    }

    /// The value of `communication_type`.
    fn communication_type(self) -> &'static str {
        match self {
            Call => "call",
            Chat => "chat",
            SiteRequest => "offline_message",
        }
    }
}

/// The parameters of a setting's template; empty for a setting without a template.
pub fn parameters(setting: &str) -> Vec<TemplateParameter> {
    if !is_template(setting) {
        return Vec::new();
    }
    let kind = Kind::of(setting);
    let own = PARAMETERS.iter().filter(|(.., kinds)| kinds.contains(&kind));
    own.map(|&(name, title, example, _)| {
        let example = if name == "communication_type" { kind.communication_type() } else { example };
        TemplateParameter { name: name.to_owned(), title: title.to_owned(), example: example.to_owned() }
    })
    .collect()
}

/// Renders a template of a setting with the examples. A parameter that the setting's communications do not have becomes empty, as it does
/// for an event.
pub fn preview(setting: &str, text: &str) -> Result<String, Misconfiguration> {
    let refused = |message: String| Misconfiguration { setting: setting.to_owned(), message };
    if !is_template(setting) {
        return Err(refused("the setting has no template".to_owned()));
    }
    template::check(text).map_err(refused)?;
    let known = parameters(setting);
    let example = |name: &str| known.iter().find(|parameter| parameter.name == name).map(|parameter| parameter.example.clone());
    Ok(template::render(text, example, |_| {}))
}

/// Whether a setting is a template: the schema marks it with `x-template`. In a table of fields, `value` is one; such a setting is named
/// `table.value`.
fn is_template(setting: &str) -> bool {
    let properties = schema::properties();
    match setting.split_once('.') {
        Some((table, member)) => {
            member == "value" && properties.get(table).is_some_and(|table| table["items"]["properties"][member]["type"] == "string")
        }
        None => properties.get(setting).is_some_and(|property| property["x-template"] == Value::Bool(true)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(setting: &str) -> Vec<String> {
        parameters(setting).into_iter().map(|parameter| parameter.name).collect()
    }

    #[test]
    fn the_parameters_depend_on_the_kind_of_communication() {
        let has = |setting: &str, name: &str| names(setting).iter().any(|known| known == name);
        for (setting, own, other) in [
            ("incoming-missed-task-name", "virtual_phone_number", "chat_username"),
            ("call-order-comment", "talk_time_duration", "form_name"),
            ("extra-field-rows.value", "scenario_name", "text"),
            ("chat-task-name", "chat_channel_name", "talk_time_duration"),
            ("chat-field-rows.value", "chat_username", "form_name"),
            ("request-client-name", "form_name", "chat_username"),
            ("request-order-comment", "text", "virtual_phone_number"),
        ] {
            assert!(has(setting, own) && has(setting, "communication_id") && !has(setting, other), "{setting}");
        }
        for setting in ["recording-wait", "chat-send", "site-domains.domain", "extra-field-rows.field", "no-such-setting", "a.b.value", ""]
        {
            assert!(parameters(setting).is_empty(), "{setting}");
        }
        for setting in ["chat-task-name", "request-task-name", "outgoing-missed-task-name"] {
            for parameter in parameters(setting) {
                assert!(!parameter.title.is_empty() && !parameter.example.is_empty(), "{parameter:?}");
                assert!(template::check(&format!("{{{{{}}}}}", parameter.name)).is_ok(), "{parameter:?}");
            }
        }
    }

    #[test]
    fn a_preview_has_the_examples_in_the_place_of_the_parameters() {
        let shown = |setting: &str, text: &str| preview(setting, text).map_err(|problem| problem.message);
        assert_eq!(shown("chat-task-name", "Чат №{{communication_id}}, {{ communication_type }}").as_deref(), Ok("Чат №810001, chat"));
        assert_eq!(shown("request-task-name", "{{communication_type}}{{virtual_phone_number}}!").as_deref(), Ok("offline_message!"));
        for (setting, text, part) in
            [("chat-task-name", "{{communication_id", "not closed"), ("chat-task-name", " ", "empty"), ("chat-send", "x", "no template")]
        {
            let problem = preview(setting, text).expect_err(part);
            assert!(problem.setting == setting && problem.message.contains(part), "{problem:?}");
        }
    }

    #[test]
    fn the_defaults_use_only_parameters_that_exist() {
        let properties = schema::properties();
        for (setting, property) in &properties {
            let text = property["default"].as_str().filter(|text| text.contains("{{")).unwrap_or_default();
            template::render(
                text,
                |name| names(setting).iter().any(|known| known == name).then(|| "x".to_owned()),
                |name| panic!("{setting}: {name}"),
            );
        }
    }
}
