//! Recordings, format 1: JSON Lines. The first line is the header; every other line is something that happened. Lines are read one by one,
//! so a recording may have millions of them.

pub mod foreign;
pub mod members;
mod reader;
mod years;

pub use reader::{Lines, open};
pub use years::GAP_DAYS;

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Map, Value};

use uis_host::bindings::exports::uis::integration::setup::Identity;
use uis_simulator::Account;

/// The version of the format that this program reads.
pub const FORMAT: u64 = 1;

/// The header: the first line.
#[derive(Debug, Clone)]
pub struct Header {
    /// The recording's title.
    pub name: String,
    /// The UIS account.
    pub account: Account,
    /// Credentials of remote systems; integrations refer to them by name.
    pub credentials: Vec<CredentialsHeader>,
    /// The integrations of the account; at least one.
    pub integrations: Vec<IntegrationHeader>,
    /// Whether the integrations are switched on at the beginning.
    pub active: bool,
    /// Its people and phones are pseudonyms. It must not be replayed onto an account that somebody uses.
    pub masked: bool,
    /// The name of the fault that its replay injects; none: no fault.
    pub fault: Option<String>,
    /// Names of unknown members, which are probably misspelt.
    pub ignored: Vec<String>,
}

/// An integration in the header.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IntegrationHeader {
    /// The integration's name.
    pub name: String,
    /// The settings, in the form that the owner saves.
    #[serde(default = "empty")]
    pub settings: Value,
    /// The version of the plugin that wrote the settings; none: they are new.
    #[serde(rename = "settings-version")]
    pub settings_version: Option<String>,
    /// The initial content of the CRM.
    #[serde(default = "empty")]
    pub crm: Value,
    /// The name of the credentials that the integration uses; none: it has a CRM of its own.
    pub credentials: Option<String>,
}

/// Credentials in the header.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CredentialsHeader {
    /// The name that integrations refer to.
    pub name: String,
    /// The CRM's address, as a person would paste it.
    pub url: String,
    /// The API key.
    pub key: SecretString,
    /// The initial content of the CRM.
    #[serde(default = "empty")]
    pub crm: Value,
}

fn empty() -> Value {
    Value::Object(Map::new())
}

/// The name of the integration when the header does not list any.
pub const ONLY_INTEGRATION: &str = "main";

/// Something that happened: one line after the header.
#[derive(Debug, Clone)]
pub struct Line {
    /// The line's number in the file, from 1.
    pub number: u64,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// The name of the integration that the line is about; none: all integrations.
    pub integration: Option<String>,
    /// What happened.
    pub happening: Happening,
    /// The notification did not arrive. UIS has what it says.
    pub lost: bool,
    /// Names of unknown members, which are probably misspelt.
    pub ignored: Vec<String>,
}

/// What happened.
#[derive(Debug, Clone)]
pub enum Happening {
    /// UIS sent a notification.
    Notification {
        /// The type of the notification.
        mnemonic: String,
        /// The notification's body or query.
        content: Content,
    },
    /// A call scenario sent a routing request; with its query string.
    Route(String),
    /// The CRM asked to start a call; with its query string.
    ClickToCall(String),
    /// The CRM sent the webhook of an order.
    OrderWebhook {
        /// The HTTP method.
        method: &'static str,
        /// The query or form, encoded.
        parameters: String,
    },
    /// The CRM called a callback.
    Callback {
        /// The callback's name.
        name: String,
        /// The HTTP method.
        method: &'static str,
        /// The query or form, encoded.
        parameters: String,
    },
    /// A user changed something in the CRM.
    Crm(Value),
    /// From now on the CRM misbehaves as described.
    CrmFaults(Value),
    /// Rows that UIS's reports contain from now on.
    Report(Value),
    /// The owner saved settings.
    Settings {
        /// The settings, in the form that the owner saves.
        settings: Value,
        /// The version of the plugin that wrote them; none: they are new.
        version: Option<String>,
    },
    /// From now on these members of the UIS account have other values.
    Account(Value),
    /// The owner pressed a button of the settings page; with the action's name.
    Action(String),
    /// A person's data shall be erased.
    Erase(Identity),
    /// A rule was released from quarantine; with its name.
    ReleaseRule(String),
    /// The integration was switched off.
    Deactivate,
    /// The integration was switched on.
    Activate,
    /// A recorded request with its answer, for strict replays.
    Exchange(Value),
    /// What the report of the replay must contain now: a subset of its JSON.
    Expect(Value),
}

/// The content of a notification.
#[derive(Debug, Clone)]
pub enum Content {
    /// A JSON body.
    Body(Value),
    /// A query string.
    Query(String),
}

/// The members that say what happened, in the order of the format's description. Each line has exactly one of them.
pub const KINDS: [&str; 17] = [
    "notification",
    "route",
    "click-to-call",
    "order-webhook",
    "erase",
    "callback",
    "crm",
    "crm-faults",
    "report",
    "settings",
    "account",
    "action",
    "release-rule",
    "deactivate",
    "activate",
    "exchange",
    "expect",
];

/// The members that a line may have beside the one that says what happened.
pub const LINE_MEMBERS: [&str; 8] = ["at", "integration", "body", "query", "form", "settings-version", "guessed", "lost"];

/// The header's members.
pub const HEADER_MEMBERS: [&str; 11] =
    ["recording", "name", "account", "settings", "settings-version", "crm", "integrations", "credentials", "active", "masked", "fault"];

/// What to do about an object that goes on in the next line.
const ONE_LINE: &str = "a recording has one JSON object a line; if the file is pretty-printed, join its lines: jq -c . FILE > NEW";

/// Parses the header. The error says what was expected.
pub fn header(text: &str) -> Result<Header, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| match error.is_eof() {
        true => format!("the header is not complete in its line: {ONE_LINE}"),
        false => format!("the header is not JSON ({error}); expected {{\"recording\":1,\"name\":…,\"account\":{{…}}}}"),
    })?;
    let Some(members) = value.as_object() else {
        return Err("the header is not an object; expected {\"recording\":1,\"name\":…,\"account\":{…}}".into());
    };
    match members.get("recording").and_then(Value::as_u64) {
        Some(FORMAT) => {}
        Some(newer) if newer > FORMAT => {
            return Err(format!("recording format {newer} is newer than this program reads ({FORMAT}); update uis-host"));
        }
        _ => return Err(format!("\"recording\" is missing or not a version number; expected \"recording\":{FORMAT} in the first line")),
    }
    let ignored: Vec<String> = members.keys().filter(|name| !HEADER_MEMBERS.contains(&name.as_str())).cloned().collect();
    #[derive(Deserialize)]
    struct Raw {
        #[serde(default)]
        name: String,
        #[serde(default)]
        account: Account,
        settings: Option<Value>,
        #[serde(rename = "settings-version")]
        settings_version: Option<String>,
        crm: Option<Value>,
        integrations: Option<Vec<IntegrationHeader>>,
        #[serde(default)]
        credentials: Vec<CredentialsHeader>,
        active: Option<bool>,
        #[serde(default)]
        masked: bool,
        fault: Option<String>,
    }
    let raw: Raw = serde_path_to_error::deserialize(&value).map_err(|error| format!("{}: {}", error.path(), error.inner()))?;
    uis_host::clock::zone(&raw.account.timezone).map_err(|error| format!("account.timezone: {error}"))?;
    let integrations = match (raw.integrations, raw.settings, raw.crm) {
        (Some(_), Some(_), _) | (Some(_), _, Some(_)) => {
            return Err("integrations: cannot be combined with settings and crm; move these into the integrations".into());
        }
        (Some(_), ..) if raw.settings_version.is_some() => {
            return Err("integrations: cannot be combined with settings-version; move it into the integrations".into());
        }
        (Some(several), None, None) if several.is_empty() => return Err("integrations: is empty; name at least one".into()),
        (Some(several), None, None) => several,
        (None, settings, crm) => {
            vec![IntegrationHeader {
                name: ONLY_INTEGRATION.into(),
                settings: settings.unwrap_or_else(empty),
                settings_version: raw.settings_version,
                crm: crm.unwrap_or_else(empty),
                credentials: None,
            }]
        }
    };
    for integration in &integrations {
        if integration.credentials.is_some() && integration.crm != empty() {
            return Err(format!("integrations: {:?} has both crm and credentials; move crm to the entry of credentials", integration.name));
        }
        if !integration.crm.is_object() {
            return Err("crm: expected an object".into());
        }
        if integrations.iter().filter(|other| other.name == integration.name).count() > 1 {
            return Err(format!("integrations: the name {:?} occurs twice", integration.name));
        }
    }
    Ok(Header {
        name: raw.name,
        account: raw.account,
        credentials: raw.credentials,
        integrations,
        active: raw.active.unwrap_or(true),
        masked: raw.masked,
        fault: raw.fault,
        ignored,
    })
}

/// Parses a line after the header. The error says what was expected.
pub fn line(number: u64, text: &str) -> Result<Line, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| match error.is_eof() {
        true => format!("the line is not complete: {ONE_LINE}"),
        false => format!("the line is not JSON: {error}"),
    })?;
    let Value::Object(mut members) = value else { return Err("the line is not an object; expected {\"at\":…, …}".into()) };
    if members.contains_key("recording") && !members.contains_key("at") {
        return Err("this is a second header; a recording has one, in its first line: split the file here".into());
    }
    let at = match members.remove("at") {
        Some(Value::String(text)) => DateTime::parse_from_rfc3339(&text)
            .map_err(|error| format!("\"at\" is {text:?} ({error}); expected RFC 3339, like 2026-11-23T10:00:00+03:00"))?
            .to_utc(),
        _ => return Err("\"at\" is missing; expected RFC 3339, like 2026-11-23T10:00:00+03:00".into()),
    };
    let integration = match members.remove("integration") {
        Some(Value::String(name)) => Some(name),
        _ => None,
    };
    let happening = happening(&mut members)?;
    // A note of `import` for people.
    members.remove("guessed");
    let lost = match members.remove("lost") {
        None => false,
        Some(Value::Bool(lost)) => lost,
        Some(other) => return Err(format!("\"lost\" is {other}; expected true or false")),
    };
    if lost && !matches!(happening, Happening::Notification { .. }) {
        return Err("\"lost\" is a member of notifications only; leave the line out instead".into());
    }
    Ok(Line { number, at, integration, happening, lost, ignored: members.into_iter().map(|(name, _)| name).collect() })
}

/// When a line happened, whatever else it contains.
fn time(text: &str) -> Option<DateTime<Utc>> {
    let value: Value = serde_json::from_str(text).ok()?;
    DateTime::parse_from_rfc3339(value["at"].as_str()?).ok().map(|at| at.to_utc())
}

fn happening(members: &mut Map<String, Value>) -> Result<Happening, String> {
    let named: Vec<&str> = KINDS.into_iter().filter(|kind| members.contains_key(*kind)).collect();
    let kind = match named.as_slice() {
        [kind] => *kind,
        [] => {
            let unknown = members.keys().filter(|name| !LINE_MEMBERS.contains(&name.as_str()));
            let meant: String = unknown.map(|name| members::did_you_mean(name, KINDS)).collect();
            let found = members.keys().cloned().collect::<Vec<_>>().join(", ");
            return Err(format!(
                "no member says what happened: the line has {}{meant}; expected one of {}",
                if found.is_empty() { "nothing but \"at\"".into() } else { found },
                KINDS.join(", ")
            ));
        }
        several => return Err(format!("the line has several members that say what happened: {}", several.join(", "))),
    };
    let value = members.remove(kind).unwrap_or_default();
    let text = |value: Value| match value {
        Value::String(text) => Ok(text),
        other => Err(format!("{kind:?} is {other}; expected text")),
    };
    let object = |value: Value| if value.is_object() { Ok(value) } else { Err(format!("{kind:?} is {value}; expected an object")) };
    let flag = |value: Value| if value == Value::Bool(true) { Ok(()) } else { Err(format!("{kind:?} is {value}; expected true")) };
    // `form` or `query` is a member of its own; or the query is the value of the member itself.
    let mut parameters = |own: Option<String>| match (members.remove("form"), members.remove("query"), own) {
        (Some(Value::String(form)), _, _) => Ok(("POST", form)),
        (_, Some(Value::String(query)), _) | (None, None, Some(query)) => Ok(("GET", query)),
        (None, None, None) => Ok(("POST", String::new())),
        _ => Err(format!("{kind:?}: \"form\" and \"query\" must be text")),
    };
    Ok(match kind {
        "notification" => {
            let mnemonic = text(value)?;
            let content = match (members.remove("body"), members.remove("query")) {
                (Some(body), None) => Content::Body(body),
                (None, Some(Value::String(query))) => Content::Query(query),
                _ => return Err("a notification needs either \"body\" or \"query\" (text)".into()),
            };
            Happening::Notification { mnemonic, content }
        }
        "route" => Happening::Route(text(value)?),
        "click-to-call" => Happening::ClickToCall(text(value)?),
        "order-webhook" => {
            let (method, parameters) = parameters(value.as_str().filter(|own| !own.is_empty()).map(str::to_owned))?;
            Happening::OrderWebhook { method, parameters }
        }
        "callback" => {
            let name = text(value)?;
            let (method, parameters) = parameters(None)?;
            Happening::Callback { name, method, parameters }
        }
        "crm" => Happening::Crm(object(value)?),
        "crm-faults" => Happening::CrmFaults(value),
        "report" => Happening::Report(object(value)?),
        "settings" => {
            let version = match members.remove("settings-version") {
                None => None,
                Some(Value::String(version)) => Some(version),
                Some(other) => return Err(format!("\"settings-version\" is {other}; expected text, like \"0.1.0\"")),
            };
            Happening::Settings { settings: object(value)?, version }
        }
        "account" => Happening::Account(object(value)?),
        "action" => Happening::Action(text(value)?),
        "erase" => Happening::Erase(serde_json::from_value(value).map_err(|error| format!("\"erase\": {error}"))?),
        "release-rule" => Happening::ReleaseRule(text(value)?),
        "deactivate" => flag(value).map(|()| Happening::Deactivate)?,
        "activate" => flag(value).map(|()| Happening::Activate)?,
        "exchange" => Happening::Exchange(object(value)?),
        _ => Happening::Expect(object(value)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_that_cannot_be_read_say_what_was_expected() {
        for (text, part) in [
            ("{", "jq -c"),
            ("nonsense", "not JSON"),
            ("[]", "not an object"),
            ("{}", "\"recording\":1"),
            (r#"{"recording":2}"#, "newer"),
            (r#"{"recording":"1"}"#, "not a version number"),
            (r#"{"recording":1,"account":{"employees":[{"id":"x"}]}}"#, "account.employees[0].id"),
            (r#"{"recording":1,"account":{"timezone":"Moscow"}}"#, "account.timezone"),
            (r#"{"recording":1,"integrations":[],"crm":{}}"#, "cannot be combined"),
            (r#"{"recording":1,"crm":[]}"#, "crm"),
            (r#"{"recording":1,"settings-version":1}"#, "settings-version"),
            (r#"{"recording":1,"integrations":[{"name":"a"}],"settings-version":"0.1.0"}"#, "settings-version"),
        ] {
            let error = header(text).expect_err(text);
            assert!(error.contains(part), "{text}: {error}");
        }
        let versions = |text: &str| -> Vec<Option<String>> {
            header(text).expect(text).integrations.into_iter().map(|integration| integration.settings_version).collect()
        };
        assert_eq!(versions(r#"{"recording":1,"settings-version":"0.1.0"}"#), [Some("0.1.0".to_owned())]);
        let several = r#"{"recording":1,"integrations":[{"name":"a","settings-version":"0.1.0"},{"name":"b"}]}"#;
        assert_eq!(versions(several), [Some("0.1.0".to_owned()), None]);
        let plain = header(r#"{"recording":1}"#).expect("the shortest header");
        assert!(plain.active && plain.integrations.len() == 1 && plain.account.timezone == "Europe/Moscow");
    }

    #[test]
    fn lines_that_cannot_be_read_say_what_was_expected() {
        for (text, part) in [
            ("nonsense", "not JSON"),
            ("[]", "not an object"),
            (r#"{"recording":1,"name":"x"}"#, "a second header"),
            ("{", "jq -c"),
            (r#"{"at":"2026-11-23T10:00:00Z","notificaton":"out_call"}"#, "did you mean \"notification\""),
            (r#"{"notification":"out_call","body":{}}"#, "\"at\" is missing"),
            (r#"{"at":"2026-11-23 10:00","route":"x"}"#, "RFC 3339"),
            (r#"{"at":"2026-11-23T10:00:00Z"}"#, "no member says what happened"),
            (r#"{"at":"2026-11-23T10:00:00Z","route":"x","action":"y"}"#, "several members"),
            (r#"{"at":"2026-11-23T10:00:00Z","notification":"out_call"}"#, "\"body\" or \"query\""),
            (r#"{"at":"2026-11-23T10:00:00Z","deactivate":false}"#, "expected true"),
            (r#"{"at":"2026-11-23T10:00:00Z","settings":{},"settings-version":1}"#, "settings-version"),
        ] {
            let error = line(2, text).expect_err(text);
            assert!(error.contains(part), "{text}: {error}");
        }
        let saved = line(2, r#"{"at":"2026-11-23T10:00:00Z","settings":{},"settings-version":"0.1.0"}"#).expect("readable");
        assert!(saved.ignored.is_empty());
        assert!(matches!(saved.happening, Happening::Settings { version: Some(ref version), .. } if version == "0.1.0"));
        let webhook = line(2, r#"{"at":"2026-11-23T10:00:00+03:00","order-webhook":"orderId=17"}"#).expect("readable");
        assert!(matches!(webhook.happening, Happening::OrderWebhook { method: "GET", ref parameters } if parameters == "orderId=17"));
    }
}
