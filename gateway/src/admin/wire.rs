//! Bodies that the listener and its client share. Bodies of requests may contain secrets: nothing here is logged, and what is written for a
//! request exposes a secret only in the bytes that are sent.

use std::path::Path;

use http::StatusCode;
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::control::storage::BackupView;
use crate::control::{
    Address, Change, ControlError, DeadLetterView, Finding, IntegrationView, NewAccount, NewConnection, NewIntegration, RuleView,
    SecretSource, VersionView,
};

/// The answer to a list of integrations.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Integrations {
    /// By name.
    pub integrations: Vec<IntegrationView>,
}

/// The answer to a list of addresses.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Addresses {
    /// They contain the secret.
    pub addresses: Vec<Address>,
}

/// The answer to a list of dead letters.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct DeadLetters {
    /// Oldest first.
    pub dead_letters: Vec<DeadLetterView>,
}

/// The answer to something that was noted in the audit log.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Noted {
    /// Always true.
    pub noted: bool,
}

/// The answer to a check.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Findings {
    /// In the order in which they are read best.
    pub findings: Vec<Finding>,
}

/// The answer to a list of versions.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Versions {
    /// Of each subject the newest first.
    pub versions: Vec<VersionView>,
}

/// The answer to a list of rules.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Rules {
    /// By name.
    pub rules: Vec<RuleView>,
}

/// The backup that is being written, or the last one.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct BackupState {
    /// Whether one is being written.
    pub running: bool,
    /// The last one, if it was written.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub backup: Option<BackupView>,
    /// Why the last one was not written.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error: Option<ErrorView>,
}

/// An error as it is sent.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct ErrorBody {
    /// The error.
    pub error: ErrorView,
}

/// What was wrong.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ErrorView {
    /// `unknown`, `invalid` or `failed`.
    pub kind: String,
    /// Sentences.
    pub messages: Vec<String>,
}

/// An error with its status.
pub fn failure(error: ControlError) -> (StatusCode, ErrorBody) {
    let (status, kind, messages) = match error {
        ControlError::Unknown(message) => (StatusCode::NOT_FOUND, "unknown", vec![message]),
        ControlError::Invalid(messages) => (StatusCode::UNPROCESSABLE_ENTITY, "invalid", messages),
        ControlError::Failed(message) => (StatusCode::SERVICE_UNAVAILABLE, "failed", vec![message]),
    };
    (status, ErrorBody { error: ErrorView { kind: kind.to_owned(), messages } })
}

/// The error of an answer that is no success.
pub fn error(status: StatusCode, body: &[u8]) -> ControlError {
    let Ok(ErrorBody { error }) = serde_json::from_slice(body) else {
        return ControlError::Failed(format!("the administrator's listener answered with status {}", status.as_u16()));
    };
    read_error(error)
}

/// An error as it was sent.
pub fn read_error(error: ErrorView) -> ControlError {
    match error.kind.as_str() {
        "unknown" => ControlError::Unknown(error.messages.join("; ")),
        "invalid" => ControlError::Invalid(error.messages),
        _ => ControlError::Failed(error.messages.join("; ")),
    }
}

/// Reads the body of a request. The error names the member, and never shows what may be a secret.
pub fn read<'de, T: Deserialize<'de>>(body: &'de [u8]) -> Result<T, ControlError> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let read = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let why = match path.as_str() {
            "secret" => "the secret must be text".to_owned(),
            path if path.starts_with("account.token") || path.starts_with("account.password") => {
                "a secret is {\"env\": \"NAME\"}, {\"file\": \"/path\"} or {\"value\": \"the secret\"}".to_owned()
            }
            path if path.starts_with("connections.") => "a connection is {\"url\": \"https://…\", \"key\": SOURCE}, and a source \
                 {\"env\": \"NAME\"}, {\"file\": \"/path\"} or {\"value\": \"the key\"}"
                .to_owned(),
            _ => error.inner().to_string(),
        };
        ControlError::Invalid(vec![if path == "." { why } else { format!("{path}: {why}") }])
    })?;
    reader.end().map_err(|_| ControlError::Invalid(vec!["there is text after the JSON object".to_owned()]))?;
    Ok(read)
}

fn text(path: &Path) -> Result<&str, ControlError> {
    path.to_str().ok_or_else(|| ControlError::Invalid(vec![format!("{}: the path is not UTF-8", path.display())]))
}

fn source(source: &SecretSource) -> Result<Value, ControlError> {
    Ok(match source {
        SecretSource::Env(name) => json!({ "env": name }),
        SecretSource::File(path) => json!({ "file": text(path)? }),
        SecretSource::Value(value) => json!({ "value": value.expose_secret() }),
    })
}

fn account(account: &NewAccount) -> Result<Value, ControlError> {
    let live = match account {
        NewAccount::File(path) => return Ok(text(path)?.into()),
        NewAccount::Live(live) => live,
    };
    let secret = |given: &Option<SecretSource>| given.as_ref().map(source).transpose();
    Ok(json!({
        "data-api": live.data_api,
        "call-api": live.call_api,
        "token": secret(&live.token)?,
        "login": live.login,
        "password": secret(&live.password)?,
        "timezone": live.timezone,
        "extensions": live.extensions,
        "workplace-url": live.workplace_url,
        "sources": live.sources,
    }))
}

fn connections<'a>(connections: impl IntoIterator<Item = (&'a String, &'a NewConnection)>) -> Result<Value, ControlError> {
    let written =
        |(name, connection): (&String, &NewConnection)| Ok((name.clone(), json!({"url": connection.url, "key": source(&connection.key)?})));
    connections.into_iter().map(written).collect::<Result<Map<_, _>, _>>().map(Value::Object)
}

/// The body that adds an integration. It contains the secrets.
pub fn new_integration(new: &NewIntegration) -> Result<Value, ControlError> {
    let secret = new.secret.as_ref().map(SecretString::expose_secret);
    Ok(json!({
        "name": new.name,
        "account": account(&new.account)?,
        "connections": connections(&new.connections)?,
        "settings": new.settings,
        "settings-version": new.settings_version,
        "secret": secret,
    }))
}

/// The body that changes an integration. It contains the secrets.
pub fn change(change: &Change) -> Result<Value, ControlError> {
    let account = change.account.as_ref().map(account).transpose()?;
    Ok(json!({
        "account": account,
        "connections": connections(&change.connections)?,
        "settings": change.settings,
        "settings-version": change.settings_version,
        "route-fallback": change.route_fallback,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_client_writes_is_what_the_listener_reads() {
        let new: NewIntegration = read(
            br#"{"name":"main","account":"/etc/a.json","connections":{"retailcrm":{"url":"https://a.example","key":{"value":"k3y"}}},
                "settings":{"x":null},"secret":"s3cret"}"#,
        )
        .expect("readable");
        let written = new_integration(&new).expect("writable").to_string();
        let again: NewIntegration = read(written.as_bytes()).expect("readable");
        assert_eq!(again.secret.as_ref().map(SecretString::expose_secret), Some("s3cret"));
        assert!(matches!(&again.connections["retailcrm"].key, SecretSource::Value(key) if key.expose_secret() == "k3y"));
        assert!(again.settings["x"].is_null());
        assert!(!format!("{again:?}").contains("k3y") && !format!("{again:?}").contains("s3cret"));

        let live = br#"{"account":{"data-api":"https://dataapi.comagic.ru/v2.0","token":{"value":"k3y"},"extensions":["rmo"]}}"#;
        let changed: Change = read(live).expect("readable");
        let written = change(&changed).expect("writable").to_string();
        let again: Change = read(written.as_bytes()).expect("readable");
        let Some(NewAccount::Live(again)) = again.account else { panic!("a live account") };
        assert!(matches!(&again.token, Some(SecretSource::Value(key)) if key.expose_secret() == "k3y"));
        assert_eq!((again.extensions.as_deref(), again.login), (Some(["rmo".to_owned()].as_slice()), None));
        assert!(!format!("{changed:?}").contains("k3y"));

        let changed = Change { account: Some("/b".into()), route_fallback: Some(json!({"returned_code": 1})), ..Change::default() };
        let written = change(&changed).expect("writable").to_string();
        let again: Change = read(written.as_bytes()).expect("readable");
        assert_eq!(again.route_fallback, changed.route_fallback);
        assert!(matches!(again.account, Some(NewAccount::File(path)) if path == std::path::Path::new("/b")));
    }

    #[test]
    fn an_error_of_a_body_names_the_member_and_shows_no_secret() {
        for (body, expected) in [
            (r#"{"name":"a","account":"/a","connections":{"crm":{"url":"u","key":"k3y"}}}"#, "connections.crm.key: a connection is"),
            (r#"{"name":"a","account":"/a","connections":{"crm":{"url":"u","key":{"k3y":1}}}}"#, "a source"),
            (r#"{"name":"a","account":"/a","connections":{},"secret":{"k3y":1}}"#, "secret: the secret must be text"),
            (r#"{"name":"a","account":{"token":"k3y"},"connections":{}}"#, "account.token: a secret is"),
            (r#"{"name":"a","account":{"tokn":{}},"connections":{}}"#, "unknown field `tokn`"),
            (r#"{"name":"a","acount":"/a","connections":{}}"#, "acount: unknown field `acount`"),
            (r#"{"name":"a"}"#, "missing field `account`"),
            (r#"{"name":"a","account":"/a","connections":{}} k3y"#, "text after"),
            (r#"{"name": k3y"#, "column"),
        ] {
            let error = read::<NewIntegration>(body.as_bytes()).expect_err(body).to_string();
            assert!(error.contains(expected) && !error.contains("k3y"), "{body}: {error}");
        }
    }

    #[test]
    fn an_error_is_the_same_on_both_sides() {
        for sent in [
            ControlError::Unknown("no integration x".to_owned()),
            ControlError::Invalid(vec!["a".to_owned(), "b".to_owned()]),
            ControlError::Failed("the disk is full".to_owned()),
        ] {
            let (status, body) = failure(sent.clone());
            assert_eq!(error(status, &serde_json::to_vec(&body).expect("JSON")), sent);
        }
        assert!(error(StatusCode::BAD_GATEWAY, b"<html>").to_string().contains("502"));
    }
}
