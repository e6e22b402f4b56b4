//! Renders the template of a notification as UIS does: each placeholder becomes the parameter's value as JSON, an absent parameter becomes
//! `null`. The template is the account's owner's, so quotes around a placeholder stay, and the body is then no JSON.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uis_host::notification::templates::{Method, Subscription};

/// Variants of the rendering that receivers of UIS's notifications have seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Style {
    /// Numbers are text: `"12"`.
    pub numbers_as_text: bool,
    /// Lists and objects are JSON inside text: `"[11,12]"`.
    pub lists_as_text: bool,
}

/// A rendered notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The address, for GET with the query.
    pub url: String,
    /// The body of a POST.
    pub body: Option<String>,
}

impl Rendered {
    /// What the owner's template became: the body, or the query.
    pub fn message(&self) -> &str {
        self.body.as_deref().unwrap_or_else(|| self.url.split_once('?').map_or("", |(_, query)| query))
    }
}

/// Renders a notification.
pub fn render(subscription: &Subscription, parameters: &Map<String, Value>, style: Style) -> Rendered {
    match subscription.method {
        Method::Post => {
            let body = fill(&subscription.template, |name| style.text(parameters.get(name)));
            Rendered { url: subscription.url.clone(), body: Some(body) }
        }
        Method::Get => {
            let query = fill(&subscription.template, |name| encoded(&style.text(parameters.get(name))));
            Rendered { url: with_query(&subscription.url, &query), body: None }
        }
    }
}

/// An address with a query added.
pub fn with_query(url: &str, query: &str) -> String {
    let mark = if url.contains('?') { '&' } else { '?' };
    format!("{url}{mark}{query}")
}

/// A value for a query.
pub fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// The template with quotes around each placeholder, as many owners write it. UIS's own quotes then stand inside them.
pub fn quoted(template: &str) -> String {
    let mut text = template.to_owned();
    for name in names(template) {
        let placeholder = format!("{{{{{name}}}}}");
        text = text.replace(&placeholder, &format!("\"{placeholder}\""));
    }
    text
}

/// The same notification by GET, with each parameter in the query.
pub fn as_query(subscription: Subscription) -> Subscription {
    let pairs: Vec<String> = names(&subscription.template).iter().map(|name| format!("{name}={{{{{name}}}}}")).collect();
    Subscription { method: Method::Get, template: pairs.join("&"), ..subscription }
}

/// The placeholders of a template, each once.
fn names(template: &str) -> Vec<String> {
    let found = std::cell::RefCell::new(Vec::new());
    fill(template, |name| {
        let mut found = found.borrow_mut();
        if !found.iter().any(|known| known == name) {
            found.push(name.to_owned());
        }
        String::new()
    });
    found.into_inner()
}

impl Style {
    fn text(self, value: Option<&Value>) -> String {
        match value {
            None => Value::Null.to_string(),
            Some(Value::Number(number)) if self.numbers_as_text => Value::String(number.to_string()).to_string(),
            Some(list @ (Value::Array(_) | Value::Object(_))) if self.lists_as_text => Value::String(list.to_string()).to_string(),
            Some(value) => value.to_string(),
        }
    }
}

/// Replaces `{{name}}` in a template. Braces around anything but a name stay as they are.
fn fill(template: &str, value: impl Fn(&str) -> String) -> String {
    let mut text = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(begin) = rest.find("{{") {
        let inside = &rest[begin + 2..];
        let named = inside.find("}}").map(|end| (inside[..end].trim(), end)).filter(|(name, _)| is_name(name));
        match named {
            Some((name, end)) => {
                text.push_str(&rest[..begin]);
                text.push_str(&value(name));
                rest = &inside[end + 2..];
            }
            None => {
                text.push_str(&rest[..=begin]);
                rest = &rest[begin + 1..];
            }
        }
    }
    text + rest
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use uis_host::event::Event;
    use uis_host::notification::templates::EVENT_TEMPLATES;
    use uis_host::notification::{events, params::Params};

    fn parameters(value: Value) -> Map<String, Value> {
        value.as_object().cloned().expect("an object")
    }

    fn post(template: &str, given: Value, style: Style) -> String {
        let subscription =
            Subscription { event: "set_mark".into(), url: "http://a.example".into(), method: Method::Post, template: template.into() };
        render(&subscription, &parameters(given), style).body.expect("a body")
    }

    #[test]
    fn placeholders_become_json_and_absent_ones_null() {
        let given = json!({"a": "ООО \"Ромашка\"\n", "n": 5, "list": [1, "б"], "flag": false});
        let template = r#"{"a": {{a}}, "n":{{ n }}, "list": {{list}}, "flag": {{flag}}, "none": {{none}}, "odd": "{{}} {{a b}} {{"}"#;
        let plain = r#"{"a": "ООО \"Ромашка\"\n", "n":5, "list": [1,"б"], "flag": false, "none": null, "odd": "{{}} {{a b}} {{"}"#;
        assert_eq!(post(template, given.clone(), Style::default()), plain);
        let texts = post("[{{n}},{{list}}]", given, Style { numbers_as_text: true, lists_as_text: true });
        assert_eq!(texts, r#"["5","[1,\"б\"]"]"#);
    }

    #[test]
    fn quotes_of_the_owner_stay_around_those_of_uis() {
        let body = post(r#"{"direction": "{{direction}}", "n": "{{n}}"}"#, json!({"direction": "in", "n": 7}), Style::default());
        assert_eq!(body, r#"{"direction": ""in"", "n": "7"}"#);
    }

    #[test]
    fn a_query_keeps_the_quotes_of_texts() {
        let subscription = Subscription {
            event: "set_mark".into(),
            url: "http://a.example/hook?key=1".into(),
            method: Method::Get,
            template: "direction={{direction}}&time={{time}}&none={{none}}".into(),
        };
        let rendered = render(&subscription, &parameters(json!({"direction": "in", "time": "10:00 & 5"})), Style::default());
        assert_eq!(rendered.url, "http://a.example/hook?key=1&direction=%22in%22&time=%2210%3A00+%26+5%22&none=null");
        assert_eq!((rendered.body.as_deref(), rendered.message()), (None, &rendered.url[22..]));
    }

    /// Every template that `setup` prints, in every style and with the mistakes that owners make, gives the event that it stands for.
    #[test]
    fn the_host_reads_every_way_of_rendering() {
        let given = parameters(json!({
            "call_session_id": 998, "communication_id": 998, "chat_id": 5, "message_id": 6, "direction": "in", "tag_names": ["VIP", "Опт, розница"],
            "contact_phone_number": "79161234567", "contact_full_name": "ООО \"Ромашка\", отдел\nзакупок", "employee_id": 11,
            "talk_time_duration": 12, "text": "Нужно: \"чай\", 20 пачек\nи сахар", "visitor_name": "Анна", "is_lost": true,
        }));
        let styles = [
            Style::default(),
            Style { numbers_as_text: true, ..Style::default() },
            Style { lists_as_text: true, ..Style::default() },
            Style { numbers_as_text: true, lists_as_text: true },
        ];
        for known in &EVENT_TEMPLATES {
            let subscription =
                |method, template| Subscription { event: known.mnemonic.into(), url: "http://a.example".into(), method, template };
            let plain = subscription(Method::Post, known.body());
            let mut found: Vec<Vec<Event>> = Vec::new();
            for style in styles {
                for subscription in [plain.clone(), subscription(Method::Post, quoted(&known.body())), as_query(plain.clone())] {
                    let rendered = render(&subscription, &given, style);
                    let params = match &rendered.body {
                        Some(body) => Params::from_body(&Value::String(body.clone()), chrono_tz::Europe::Moscow, 0).expect("a body"),
                        None => Params::from_query(rendered.message(), chrono_tz::Europe::Moscow, 0),
                    };
                    found.push(events(known.mnemonic, &params).unwrap_or_else(|error| panic!("{}: {error}", rendered.message())));
                }
            }
            for other in &found[1..] {
                assert_eq!(other, &found[0], "{}", known.mnemonic);
            }
        }
    }
}
