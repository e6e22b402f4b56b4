//! `uis-gateway integration …`.

use std::collections::BTreeMap;
use std::io::{BufRead, IsTerminal};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use secrecy::SecretString;
use serde_json::{Map, Value};
use uis_gateway::config::Config;
use uis_gateway::control::{Change, IntegrationView, NewConnection, NewIntegration, SecretSource};

use super::account::{self, Account};
use super::{Failure, control, shown};

/// Commands about integrations.
#[derive(Subcommand)]
pub enum Command {
    /// Add an integration. It is switched off until `activate`.
    Add {
        /// Its name: letters, digits, - and _.
        name: String,
        #[command(flatten)]
        account: Account,
        #[command(flatten)]
        connection: Connection,
        /// A JSON file with the settings; without it all have their defaults.
        #[arg(long, value_name = "FILE")]
        settings: Option<PathBuf>,
        /// A secret of the addresses that is known already, as an environment variable; without it a random one is made.
        #[arg(long, value_name = "VARIABLE")]
        secret_env: Option<String>,
    },
    /// Change an integration. What is not given stays.
    Set {
        /// Its name.
        name: String,
        #[command(flatten)]
        account: Account,
        #[command(flatten)]
        connection: Connection,
        /// A JSON file with settings to replace; null gives a setting its default.
        #[arg(long, value_name = "FILE")]
        settings: Option<PathBuf>,
        /// One setting: a JSON value, or text; a phone number is text.
        #[arg(long = "setting", value_name = "NAME=VALUE")]
        one: Vec<String>,
        /// What a routing request is answered with while the plugin gives no answer, as JSON, such as {"returned_code":2}; null for none.
        #[arg(long, value_name = "JSON")]
        route_fallback: Option<String>,
    },
    /// List all integrations.
    List,
    /// Show one integration.
    Show {
        /// Its name.
        name: String,
    },
    /// Switch an integration on.
    Activate {
        /// Its name.
        name: String,
    },
    /// Switch an integration off.
    Deactivate {
        /// Its name.
        name: String,
    },
    /// Press a button of the plugin, such as sync-employees.
    Action {
        /// The integration's name.
        name: String,
        /// The action's name.
        action: String,
    },
    /// Make a new secret for the addresses. The old one is accepted for a day.
    RotateSecret {
        /// The integration's name.
        name: String,
    },
    /// Print the addresses to enter in UIS and in the CRM. They contain the secret.
    Addresses {
        /// The integration's name.
        name: String,
    },
}

/// A connection to a remote system, and where its key comes from.
#[derive(Args)]
pub struct Connection {
    /// A remote system's address. Without --key-env and --key-file its key is read from standard input and stored sealed.
    #[arg(long = "connection", value_name = "NAME=URL")]
    url: Option<String>,
    /// The environment variable of the service that has the key.
    #[arg(long, value_name = "VARIABLE", requires = "url", conflicts_with = "key_file")]
    key_env: Option<String>,
    /// The file of mode 0600 that has the key.
    #[arg(long, value_name = "FILE", requires = "url")]
    key_file: Option<PathBuf>,
}

impl Connection {
    fn into_new(self) -> Result<BTreeMap<String, NewConnection>, Failure> {
        let Some(given) = self.url else { return Ok(BTreeMap::new()) };
        let Some((name, url)) = given.split_once('=') else {
            return Err(Failure::Input(format!("--connection {given}: write it as NAME=URL, such as retailcrm=https://shop.retailcrm.ru")));
        };
        let key = match (self.key_env, self.key_file) {
            (Some(variable), _) => SecretSource::Env(variable),
            (None, Some(file)) => SecretSource::File(absolute(&file)?),
            (None, None) => SecretSource::Value(from_standard_input("Key: ", "give it on standard input, or use --key-env or --key-file")?),
        };
        Ok([(name.to_owned(), NewConnection { url: url.to_owned(), key })].into())
    }
}

/// A secret on standard input: its next line. On a terminal it is asked for and not shown.
pub(super) fn from_standard_input(prompt: &str, otherwise: &str) -> Result<SecretString, Failure> {
    let failed = |error: std::io::Error| Failure::Input(format!("the key cannot be read from standard input: {error}"));
    let text = match std::io::stdin().is_terminal() {
        true => rpassword::prompt_password(prompt).map_err(failed)?,
        false => {
            let mut line = String::new();
            std::io::stdin().lock().read_line(&mut line).map_err(failed)?;
            line
        }
    };
    match text.trim() {
        "" => Err(Failure::Input(format!("the key is empty; {otherwise}"))),
        key => Ok(key.to_owned().into()),
    }
}

/// The whole path of a file that the service is to read. Symbolic links stay, because they are how some systems exchange such files.
pub(super) fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    let failed = |error: std::io::Error| Failure::Input(format!("{}: {error}", path.display()));
    std::fs::metadata(path).and_then(|_| std::path::absolute(path)).map_err(failed)
}

/// The value of an environment variable of this command.
fn from_environment(variable: &str) -> Result<SecretString, Failure> {
    match std::env::var(variable) {
        Ok(value) if !value.is_empty() => Ok(value.into()),
        _ => Err(Failure::Input(format!("the environment variable {variable} is not set"))),
    }
}

fn settings(file: Option<&Path>, one: &[String]) -> Result<Map<String, Value>, Failure> {
    let mut all = Map::new();
    if let Some(path) = file {
        let failed = |error: &dyn std::fmt::Display| Failure::Input(format!("{}: {error}", path.display()));
        let text = std::fs::read(path).map_err(|error| failed(&error))?;
        all = serde_json::from_slice(&text).map_err(|error| failed(&format!("expected one JSON object of settings: {error}")))?;
    }
    for setting in one {
        let Some((name, value)) = setting.split_once('=') else {
            return Err(Failure::Input(format!("--setting {setting}: write it as NAME=VALUE")));
        };
        all.insert(name.to_owned(), setting_value(value));
    }
    Ok(all)
}

/// A setting's value as it was typed: JSON, or text. A phone number is text, although its digits are JSON too; no number among the settings
/// is as long.
fn setting_value(typed: &str) -> Value {
    let is_phone = typed.len() >= PHONE_DIGITS && typed.bytes().all(|byte| byte.is_ascii_digit());
    serde_json::from_str(typed).ok().filter(|_| !is_phone).unwrap_or_else(|| typed.into())
}

/// Digits from which on a number is a phone number.
const PHONE_DIGITS: usize = 10;

fn parsed(fallback: &str) -> Result<Value, Failure> {
    serde_json::from_str(fallback).map_err(|error| Failure::Input(format!("--route-fallback {fallback}: it is no JSON: {error}")))
}

/// Runs a command about integrations. What was given is read before the gateway is asked, or its file opened.
pub async fn run(config: &Config, command: Command, json: bool) -> Result<(), Failure> {
    let view = match command {
        Command::Add { name, account, connection, settings: file, secret_env } => {
            let new = NewIntegration {
                name,
                settings: settings(file.as_deref(), &[])?,
                settings_version: None,
                secret: secret_env.as_deref().map(from_environment).transpose()?,
                connections: connection.into_new()?,
                account: account.into_new()?.ok_or_else(account::missing)?,
            };
            control(config).await?.add(new).await?
        }
        Command::Set { name, account, connection, settings: file, one, route_fallback } => {
            let change = Change {
                settings: settings(file.as_deref(), &one)?,
                settings_version: None,
                route_fallback: route_fallback.as_deref().map(parsed).transpose()?,
                connections: connection.into_new()?,
                account: account.into_new()?,
            };
            control(config).await?.set(&name, change).await?
        }
        Command::List => return control(config).await?.list().await.map(|all| shown::integrations(&all, json)).map_err(Failure::from),
        Command::Show { name } => found(control(config).await?.list().await?, &name)?,
        Command::Activate { name } => control(config).await?.activate(&name).await?,
        Command::Deactivate { name } => control(config).await?.deactivate(&name).await?,
        Command::Action { name, action } => control(config).await?.action(&name, &action).await?,
        Command::RotateSecret { name } => control(config).await?.rotate_secret(&name).await?,
        Command::Addresses { name } => {
            shown::addresses(&control(config).await?.addresses(&name).await?, json);
            return Ok(());
        }
    };
    shown::integration(&view, json);
    Ok(())
}

fn found(all: Vec<IntegrationView>, name: &str) -> Result<IntegrationView, Failure> {
    let known = all.iter().map(|view| view.name.clone()).collect::<Vec<_>>().join(", ");
    all.into_iter()
        .find(|view| view.name == name)
        .ok_or_else(|| Failure::Input(format!("there is no integration {name:?}; known: {known}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_typed_setting_is_json_or_text_and_a_phone_number_is_text() {
        for (typed, value) in [
            ("true", json!(true)),
            ("24", json!(24)),
            ("[1]", json!([1])),
            ("74951112233", json!("74951112233")),
            ("+7 495", json!("+7 495")),
        ] {
            assert_eq!(setting_value(typed), value);
        }
    }
}
