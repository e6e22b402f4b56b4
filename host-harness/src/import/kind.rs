//! What a request is: which notification of UIS, the scenario's routing request, or a request of the CRM.

use std::path::Path;

use serde_json::Value;
use uis_host::notification::MNEMONICS;
use uis_host::notification::templates::EventTemplate;

use super::request::Captured;
use crate::recording::Content;
use crate::recording::members::did_you_mean;

/// What a request is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// A notification of UIS of this type.
    Notification(&'static str),
    /// The routing request of a call scenario.
    Route,
    /// A user clicked a number in the CRM.
    ClickToCall,
    /// A trigger of an order fired.
    OrderWebhook,
    /// The CRM called a callback.
    Callback {
        /// The callback's name.
        name: String,
        /// It is a POST with a form.
        is_form: bool,
    },
}

impl Kind {
    /// The name for people: the notification's type, or the member of the recording's line.
    pub(super) fn name(&self) -> &str {
        match self {
            Kind::Notification(mnemonic) => mnemonic,
            Kind::Route => "route",
            Kind::ClickToCall => "click-to-call",
            Kind::OrderWebhook => "order-webhook",
            Kind::Callback { .. } => "callback",
        }
    }
}

/// A type, and why it was taken if it was guessed.
pub(super) type Guessed = (Kind, Option<String>);

/// The type of this name.
pub(super) fn mnemonic(name: &str) -> Option<&'static str> {
    MNEMONICS.into_iter().find(|known| *known == name.trim())
}

/// The message about a type that does not exist.
pub(super) fn unknown(name: &str) -> String {
    format!("there is no notification {name:?}{}; known types: {}", did_you_mean(name, MNEMONICS), MNEMONICS.join(", "))
}

/// The type with this name in UIS's pages.
fn by_title(title: &str) -> Option<&'static str> {
    MNEMONICS.into_iter().find(|known| EventTemplate::of(known).and_then(|template| template.title) == Some(title.trim()))
}

/// What request of the CRM this is; none: it is none, or nothing says so.
pub(super) fn of_crm(captured: &Captured) -> Option<Guessed> {
    let query = match &captured.content {
        Content::Query(query) => query.clone(),
        Content::Body(_) => String::new(),
    };
    let names: Vec<String> = form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name.into_owned()).collect();
    let has = |name: &str| names.iter().any(|known| known == name);
    let callback = |name: &str, is_form| Kind::Callback { name: name.to_owned(), is_form };
    let last_two = captured.hints.url.as_deref().unwrap_or_default().trim_end_matches('/').rsplit('/').take(2);
    for part in last_two {
        match part {
            "make-call" if has("phone") => return Some((Kind::ClickToCall, None)),
            "order-webhook" => return Some((Kind::OrderWebhook, None)),
            "status" if has("clientId") => return Some((callback("status", false), None)),
            "activity" | "settings" if has("clientId") => return Some((callback(part, true), None)),
            _ => {}
        }
    }
    let guess = |kind, names: &str| Some((kind, Some(format!("it has {names}"))));
    if has("clientId") {
        return match () {
            () if has("activity") => guess(callback("activity", true), "clientId and activity"),
            () if has("status") => guess(callback("status", false), "clientId and status"),
            () if has("phone") => guess(Kind::ClickToCall, "clientId and phone"),
            () => None,
        };
    }
    if has("orderId") { guess(Kind::OrderWebhook, "orderId") } else { None }
}

/// Which request of UIS this is. `given` are its parameters with values; `mnemonic` is the type of notifications that do not name theirs.
/// The error says that the type cannot be found out.
pub(super) fn of_uis(captured: &Captured, given: &[(String, String)], mnemonic: Option<&'static str>) -> Result<Guessed, String> {
    let value = |name: &str| given.iter().find(|(known, _)| known == name).map(|(_, value)| value.trim());
    if let Some(kind) = named(captured, &value)? {
        return Ok((kind, None));
    }
    if let Some(mnemonic) = mnemonic {
        return Ok((Kind::Notification(mnemonic), None));
    }
    let guess = |(mnemonic, why): (&'static str, String)| (Kind::Notification(mnemonic), Some(why));
    if let Some(found) = by_text(&value).or_else(|| by_file(&captured.place.file)) {
        return Ok(guess(found));
    }
    if value("cdr_id").is_some() {
        return Ok((Kind::Route, Some("it has cdr_id".into())));
    }
    let present = present(&captured.content);
    let shape = shape(&value).or_else(|| shape(&|name| present.iter().any(|known| known == name).then_some("")));
    let why = "nothing says which event it is: it has no notification_mnemonic and no parameter that only one event has; give --type";
    shape.map(|(mnemonic, names)| guess((mnemonic, format!("it has {names}")))).ok_or_else(|| why.to_owned())
}

/// What the log, the body or the address says for certain.
fn named<'a>(captured: &Captured, value: &dyn Fn(&str) -> Option<&'a str>) -> Result<Option<Kind>, String> {
    let hints = &captured.hints;
    let of_log = hints.event.as_deref().and_then(mnemonic).or_else(|| hints.title.as_deref().and_then(by_title));
    if let Some(mnemonic) = of_log.or_else(|| value("notification_mnemonic").and_then(mnemonic)) {
        return Ok(Some(Kind::Notification(mnemonic)));
    }
    if let (true, Some(event)) = (hints.is_uis_log, &hints.event) {
        return Err(unknown(event));
    }
    let mut parts = hints.url.as_deref().unwrap_or_default().trim_end_matches('/').rsplit('/').take(2);
    let last = parts.next().unwrap_or_default();
    if let Some(mnemonic) = mnemonic(last) {
        return Ok(Some(Kind::Notification(mnemonic)));
    }
    let asks = parts.next() == Some("route") || (value("numa").is_some() && value("numb").is_some());
    Ok(asks.then_some(Kind::Route))
}

/// What a text that somebody typed into the template says.
fn by_text<'a>(value: &dyn Fn(&str) -> Option<&'a str>) -> Option<(&'static str, String)> {
    ["event", "event_name", "event_type", "notification_name"].into_iter().find_map(|name| {
        let text = value(name)?;
        let found = mnemonic(text).or_else(|| by_title(text)).or(match text {
            // What templates of the white-label twin have.
            "CALL_END" => Some("call_session_finished"),
            "RECORD_CALL" => Some("record_ready"),
            _ => None,
        });
        found.map(|mnemonic| (mnemonic, format!("its {name} is {text:?}")))
    })
}

/// What the name of the file or of its folder says.
fn by_file(file: &str) -> Option<(&'static str, String)> {
    let path = Path::new(file);
    let parts = [path.file_stem(), path.parent().and_then(Path::file_name)];
    parts.into_iter().flatten().find_map(|part| {
        let part = part.to_string_lossy().to_lowercase();
        let plain = part.replace('-', "_");
        // The longest: `out_call_session` contains `out_call`.
        let found = MNEMONICS.into_iter().filter(|known| plain.contains(known)).max_by_key(|known| known.len());
        found.map(|mnemonic| (mnemonic, "of the name of its file or folder".to_owned()))
    })
}

/// The names of all parameters, those without values too: a template names what its event has.
fn present(content: &Content) -> Vec<String> {
    match content {
        Content::Query(query) => form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name.into_owned()).collect(),
        Content::Body(Value::Object(members)) => {
            let groups = members.values().filter_map(Value::as_object);
            members.keys().chain(groups.flat_map(|group| group.keys())).cloned().collect()
        }
        Content::Body(Value::String(text)) => {
            uis_host::notification::lenient::object(text).map(|members| members.keys().cloned().collect()).unwrap_or_default()
        }
        Content::Body(_) => Vec::new(),
    }
}

/// What parameters say that only some events have, and which these are.
fn shape<'a>(value: &dyn Fn(&str) -> Option<&'a str>) -> Option<(&'static str, &'static str)> {
    let has = |name: &str| value(name).is_some();
    match () {
        () if has("chat_id") => Some(of_chat(&has)),
        () if has("call_session_id") => of_call(&has, value("direction")),
        () if has("form_name") || has("form_type") || has("page_url") => Some(("offline_message", "the parameters of a site's form")),
        () if value("communication_type") == Some("offline_message") && has("text") => {
            Some(("offline_message", "communication_type and text"))
        }
        () if has("communication_id") && (has("tag_ids") || has("tag_names")) => Some(("set_mark", "communication_id and tags alone")),
        () => None,
    }
}

fn of_chat(has: &dyn Fn(&str) -> bool) -> (&'static str, &'static str) {
    match () {
        () if (has("id") || has("message_id")) && (has("text") || has("source") || has("resource")) => {
            ("chat_message", "a message's id and what it says")
        }
        () if has("release_cause") || has("reason") || has("status") => ("chat_finished", "how the chat ended"),
        () if has("text") => ("unanswered_chats", "chat_id and a text without a message's id"),
        () if has("employee_id") || has("operator_id") => ("chat_accepted", "chat_id and who answers"),
        () => ("chat_started", "chat_id alone"),
    }
}

fn of_call(has: &dyn Fn(&str) -> bool, direction: Option<&str>) -> Option<(&'static str, &'static str)> {
    let is_over = has("total_time_duration") || has("finish_time") || has("finish_reason");
    let talked = has("talk_time_duration");
    Some(match () {
        () if has("lost_reason") && !talked => ("lost_call_session", "lost_reason and no talk_time_duration"),
        () if is_over || (talked && has("wait_time_duration")) => ("call_session_finished", "the durations of the whole call"),
        () if has("file_link") || has("record_file_link") || has("record_file_links") => ("record_ready", "the link of a recording"),
        () if talked => ("talk_finished", "talk_time_duration alone"),
        () if has("wait_time_duration") || has("employee_ids") => ("lost_call_session", "wait_time_duration or employee_ids, and no talk"),
        () if has("leg_ids") => ("call_connected", "leg_ids"),
        () if has("leg_id") => ("out_call", "leg_id"),
        () if has("communication_type") && (has("tag_ids") || has("tag_names")) => ("set_mark", "tags and communication_type"),
        () if has("employee_phone_number") || (direction == Some("out") && has("employee_id")) => {
            ("out_call_session", "an employee who calls")
        }
        () if has("employee_id") || has("employee_full_name") => ("out_call", "an employee and no end of the call"),
        () if has("scenario_name") || has("contact_phone_number") || has("calling_phone_number") => {
            ("in_call_session", "a caller and nobody who answers")
        }
        () => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::Place;
    use super::super::request::Hints;
    use super::*;
    use serde_json::json;
    use uis_host::notification::params::Params;

    fn of(file: &str, body: Value, hints: Hints, mnemonic: Option<&'static str>) -> Result<Guessed, String> {
        let place = Place { file: file.into(), ..Place::default() };
        let given = Params::from_body(&body, chrono_tz::Europe::Moscow, 0).expect("an object").attributes();
        of_uis(&Captured { place, arrival: None, hints, content: Content::Body(body) }, &given, mnemonic)
    }

    /// Every template of ours has a shape of its own, even if all its values are absent.
    #[test]
    fn the_body_of_every_template_is_taken_for_its_event() {
        let mut wrong = Vec::new();
        for mnemonic in MNEMONICS {
            let template = EventTemplate::of(mnemonic).expect("a template");
            let names = template.published.split_ascii_whitespace().chain(template.required.split_ascii_whitespace());
            // Of chats and requests only the further parameters differ.
            let further = template.further.split_ascii_whitespace().filter(|_| template.title.is_none() || mnemonic == "unanswered_chats");
            let names = names.chain(further).filter(|name| !name.starts_with("notification_"));
            let mut body: Value = names.map(|name| (name.to_owned(), json!("1"))).collect::<serde_json::Map<_, _>>().into();
            if mnemonic == "set_mark" {
                body = json!({"communication_id": 1, "communication_type": "call", "tag_ids": [1]});
            }
            if mnemonic == "chat_started" {
                body["employee_id"] = Value::Null;
            }
            if mnemonic == "chat_message" {
                body["id"] = 1.into();
            }
            let found = of("a.json", body, Hints::default(), None);
            match found {
                Ok((Kind::Notification(found), Some(_))) if found == mnemonic => {}
                other => wrong.push(format!("{mnemonic}: {other:?}")),
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn a_type_that_is_named_is_certain_and_the_given_type_comes_before_guesses() {
        let body = || json!({"call_session_id": 1, "leg_id": 2});
        let event = |name: &str, is_uis_log| Hints { event: Some(name.into()), is_uis_log, ..Hints::default() };
        let url = |url: &str| Hints { url: Some(url.into()), ..Hints::default() };
        let certain = |mnemonic| Ok((Kind::Notification(mnemonic), None));
        assert_eq!(of("a", body(), event("call_connected", true), Some("set_mark")), certain("call_connected"));
        assert_eq!(of("a", body(), Hints { title: Some("Начало разговора".into()), ..event("x", true) }, None), certain("call_connected"));
        assert_eq!(of("a", body(), url("https://a.example/shop/notify/s/talk_finished"), None), certain("talk_finished"));
        let named = json!({"call_session_id": 1, "notification_mnemonic": "\"lost_call_session\""});
        assert_eq!(of("a", named, Hints::default(), Some("set_mark")), certain("lost_call_session"));
        assert_eq!(of("lost_call_session-1.json", body(), Hints::default(), Some("set_mark")), certain("set_mark"));
        assert_eq!(of("a", body(), event("webhook", false), Some("out_call")), certain("out_call"), "a service's own word");
        assert!(of("a", body(), event("fax_received", true), None).expect_err("unknown").contains("fax_received"));
    }

    #[test]
    fn a_guess_says_what_it_rests_on() {
        for (file, body, mnemonic, part) in [
            ("hooks/lost_call_session-7.json", json!({"call_session_id": 1}), "lost_call_session", "file or folder"),
            ("out-call-session/7.json", json!({"call_session_id": 1}), "out_call_session", "file or folder"),
            ("a", json!({"call_session_id": 1, "notification_name": "Потерянный звонок"}), "lost_call_session", "notification_name"),
            (
                "a",
                json!({"call_info": {"call_session_id": 1, "talk_time_duration": 5, "wait_time_duration": 3}}),
                "call_session_finished",
                "durations",
            ),
            ("a", json!({"call_session_id": 1, "leg_id": null, "direction": null}), "out_call", "leg_id"),
        ] {
            let (kind, why) = of(file, body, Hints::default(), None).expect(mnemonic);
            assert_eq!(kind, Kind::Notification(mnemonic));
            assert!(why.as_deref().is_some_and(|why| why.contains(part)), "{mnemonic}: {why:?}");
        }
        assert!(of("a", json!({"call_session_id": 1}), Hints::default(), None).expect_err("nothing says").contains("--type"));
    }
}
