//! Recordings, format 1: JSON Lines, the first a header, every other one happening. Read as a stream: a million lines are never held.

mod reader;

pub use reader::{Lines, open};

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Map, Value};

use uis_simulator::Account;

/// The format this program reads.
pub const FORMAT: u64 = 1;

/// The first line.
#[derive(Debug, Clone)]
pub struct Header {
    /// What the recording tells.
    pub name: String,
    /// The UIS account.
    pub account: Account,
    /// Access to remote systems that integrations choose by name.
    pub credentials: Vec<CredentialsHeader>,
    /// One or several integrations of it.
    pub integrations: Vec<IntegrationHeader>,
    /// Whether they are switched on at the beginning.
    pub active: bool,
    /// Members that mean nothing in a header: misspelt, most likely.
    pub ignored: Vec<String>,
}

/// An integration as the header gives it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IntegrationHeader {
    /// Its name.
    pub name: String,
    /// The settings as their owner saved them.
    #[serde(default = "empty")]
    pub settings: Value,
    /// What stands in the remote system at the beginning.
    #[serde(default = "empty")]
    pub crm: Value,
    /// The name of the credentials that it chose; none: it has a remote system to itself.
    pub credentials: Option<String>,
}

/// Credentials as the header gives them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CredentialsHeader {
    /// Their name.
    pub name: String,
    /// The address as somebody pasted it.
    pub url: String,
    /// The key.
    pub key: SecretString,
    /// What stands in the remote system at the beginning.
    #[serde(default = "empty")]
    pub crm: Value,
}

fn empty() -> Value {
    Value::Object(Map::new())
}

/// The name of the integration of a recording that has just one.
pub const ONLY_INTEGRATION: &str = "main";

/// One happening.
#[derive(Debug, Clone)]
pub struct Line {
    /// Its number in the file, from 1.
    pub number: u64,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// Which integration it is about; none: all of the account.
    pub integration: Option<String>,
    /// What.
    pub happening: Happening,
    /// Members that mean nothing on such a line: misspelt, most likely.
    pub ignored: Vec<String>,
}

/// What happened.
#[derive(Debug, Clone)]
pub enum Happening {
    /// UIS told something.
    Notification {
        /// Its type.
        mnemonic: String,
        /// What it said.
        content: Content,
    },
    /// The scenario asked where to forward a call.
    Route(String),
    /// The remote system asks for a call.
    ClickToCall(String),
    /// The remote system hints at an order.
    OrderWebhook {
        /// The verb.
        method: &'static str,
        /// Query or form.
        parameters: String,
    },
    /// The remote system calls back.
    Callback {
        /// The callback's name.
        name: String,
        /// The verb.
        method: &'static str,
        /// Query or form.
        parameters: String,
    },
    /// Somebody acts in the remote system.
    Crm(Value),
    /// From now on the remote system misbehaves so.
    CrmFaults(Value),
    /// Rows that UIS's reports know from now on.
    Report(Value),
    /// Settings are saved.
    Settings(Value),
    /// The UIS account is another from now on, in these members.
    Account(Value),
    /// A button is pressed.
    Action(String),
    /// A rule in quarantine is asked again.
    ReleaseRule(String),
    /// The integration is switched off.
    Deactivate,
    /// It is switched on.
    Activate,
    /// A recorded interaction with the remote system, for strict replays.
    Exchange(Value),
}

/// A notification's content.
#[derive(Debug, Clone)]
pub enum Content {
    /// A JSON body.
    Body(Value),
    /// A query string.
    Query(String),
}

/// The members that say what a line is, in the order of the format's description.
const KINDS: [&str; 15] = [
    "notification",
    "route",
    "click-to-call",
    "order-webhook",
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
];

/// Reads the header. The error says what was expected.
pub fn header(text: &str) -> Result<Header, String> {
    let value: Value = serde_json::from_str(text)
        .map_err(|error| format!("the header is not JSON ({error}); expected {{\"recording\":1,\"name\":…,\"account\":{{…}}}}"))?;
    let Some(members) = value.as_object() else {
        return Err("the header is not an object; expected {\"recording\":1,\"name\":…,\"account\":{…}}".into());
    };
    match members.get("recording").and_then(Value::as_u64) {
        Some(FORMAT) => {}
        Some(newer) if newer > FORMAT => {
            return Err(format!("recording format {newer} is newer than this program reads ({FORMAT}); update uis-host"));
        }
        _ => return Err(format!("\"recording\" is missing or no format; expected \"recording\":{FORMAT} in the first line")),
    }
    let known = ["recording", "name", "account", "settings", "crm", "integrations", "credentials", "active"];
    let ignored: Vec<String> = members.keys().filter(|name| !known.contains(&name.as_str())).cloned().collect();
    #[derive(Deserialize)]
    struct Raw {
        #[serde(default)]
        name: String,
        #[serde(default)]
        account: Account,
        settings: Option<Value>,
        crm: Option<Value>,
        integrations: Option<Vec<IntegrationHeader>>,
        #[serde(default)]
        credentials: Vec<CredentialsHeader>,
        active: Option<bool>,
    }
    let raw: Raw = serde_path_to_error::deserialize(&value).map_err(|error| format!("{}: {}", error.path(), error.inner()))?;
    uis_host::clock::zone(&raw.account.timezone).map_err(|error| format!("account.timezone: {error}"))?;
    let integrations = match (raw.integrations, raw.settings, raw.crm) {
        (Some(_), Some(_), _) | (Some(_), _, Some(_)) => {
            return Err("integrations: stands in place of settings and crm, not beside them".into());
        }
        (Some(several), None, None) if several.is_empty() => return Err("integrations: is empty; name at least one".into()),
        (Some(several), None, None) => several,
        (None, settings, crm) => {
            vec![IntegrationHeader {
                name: ONLY_INTEGRATION.into(),
                settings: settings.unwrap_or_else(empty),
                crm: crm.unwrap_or_else(empty),
                credentials: None,
            }]
        }
    };
    for integration in &integrations {
        if integration.credentials.is_some() && integration.crm != empty() {
            return Err(format!(
                "integrations: {:?} has crm and credentials; what stands in the CRM belongs to the credentials",
                integration.name
            ));
        }
        if !integration.crm.is_object() {
            return Err("crm: expected an object".into());
        }
        if integrations.iter().filter(|other| other.name == integration.name).count() > 1 {
            return Err(format!("integrations: two are named {:?}", integration.name));
        }
    }
    Ok(Header {
        name: raw.name,
        account: raw.account,
        credentials: raw.credentials,
        integrations,
        active: raw.active.unwrap_or(true),
        ignored,
    })
}

/// Reads a happening. The error says what was expected.
pub fn line(number: u64, text: &str) -> Result<Line, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| format!("the line is not JSON: {error}"))?;
    let Value::Object(mut members) = value else { return Err("the line is not an object; expected {\"at\":…, …}".into()) };
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
    Ok(Line { number, at, integration, happening, ignored: members.into_iter().map(|(name, _)| name).collect() })
}

fn happening(members: &mut Map<String, Value>) -> Result<Happening, String> {
    let named: Vec<&str> = KINDS.into_iter().filter(|kind| members.contains_key(*kind)).collect();
    let kind = match named.as_slice() {
        [kind] => *kind,
        [] => {
            let found = members.keys().cloned().collect::<Vec<_>>().join(", ");
            return Err(format!(
                "nothing says what happened: the line has {}; expected one of {}",
                if found.is_empty() { "nothing but \"at\"".into() } else { found },
                KINDS.join(", ")
            ));
        }
        several => return Err(format!("the line is several things at once: {}", several.join(", "))),
    };
    let value = members.remove(kind).unwrap_or_default();
    let text = |value: Value| match value {
        Value::String(text) => Ok(text),
        other => Err(format!("{kind:?} is {other}; expected text")),
    };
    let object = |value: Value| if value.is_object() { Ok(value) } else { Err(format!("{kind:?} is {value}; expected an object")) };
    let flag = |value: Value| if value == Value::Bool(true) { Ok(()) } else { Err(format!("{kind:?} is {value}; expected true")) };
    // `form` and `query` beside the name; text may stand in the member itself.
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
        "settings" => Happening::Settings(object(value)?),
        "account" => Happening::Account(object(value)?),
        "action" => Happening::Action(text(value)?),
        "release-rule" => Happening::ReleaseRule(text(value)?),
        "deactivate" => flag(value).map(|()| Happening::Deactivate)?,
        "activate" => flag(value).map(|()| Happening::Activate)?,
        _ => Happening::Exchange(object(value)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_that_cannot_be_read_say_what_was_expected() {
        for (text, part) in [
            ("{", "not JSON"),
            ("[]", "not an object"),
            ("{}", "\"recording\":1"),
            (r#"{"recording":2}"#, "newer"),
            (r#"{"recording":"1"}"#, "no format"),
            (r#"{"recording":1,"account":{"employees":[{"id":"x"}]}}"#, "account.employees[0].id"),
            (r#"{"recording":1,"account":{"timezone":"Moscow"}}"#, "account.timezone"),
            (r#"{"recording":1,"integrations":[],"crm":{}}"#, "in place of"),
            (r#"{"recording":1,"crm":[]}"#, "crm"),
        ] {
            let error = header(text).expect_err(text);
            assert!(error.contains(part), "{text}: {error}");
        }
        let plain = header(r#"{"recording":1}"#).expect("the least header");
        assert!(plain.active && plain.integrations.len() == 1 && plain.account.timezone == "Europe/Moscow");
    }

    #[test]
    fn lines_that_cannot_be_read_say_what_was_expected() {
        for (text, part) in [
            ("nonsense", "not JSON"),
            ("[]", "not an object"),
            (r#"{"notification":"out_call","body":{}}"#, "\"at\" is missing"),
            (r#"{"at":"2026-11-23 10:00","route":"x"}"#, "RFC 3339"),
            (r#"{"at":"2026-11-23T10:00:00Z"}"#, "nothing says what happened"),
            (r#"{"at":"2026-11-23T10:00:00Z","route":"x","action":"y"}"#, "several things"),
            (r#"{"at":"2026-11-23T10:00:00Z","notification":"out_call"}"#, "\"body\" or \"query\""),
            (r#"{"at":"2026-11-23T10:00:00Z","deactivate":false}"#, "expected true"),
        ] {
            let error = line(2, text).expect_err(text);
            assert!(error.contains(part), "{text}: {error}");
        }
        let webhook = line(2, r#"{"at":"2026-11-23T10:00:00+03:00","order-webhook":"orderId=17"}"#).expect("readable");
        assert!(matches!(webhook.happening, Happening::OrderWebhook { method: "GET", ref parameters } if parameters == "orderId=17"));
    }
}
