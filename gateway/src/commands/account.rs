//! The options that name an integration's UIS account.

use std::path::{Path, PathBuf};

use clap::Args;
use uis_gateway::control::{NewAccount, NewLive, SecretSource};

use super::Failure;
use super::integration::{absolute, from_standard_input};

/// The UIS account: a live one, or a file with an account in memory.
#[derive(Args)]
pub struct Account {
    /// A file with a UIS account in memory, for trials.
    #[arg(long, visible_alias = "uis-account", value_name = "FILE")]
    account: Option<PathBuf>,
    /// The Data API of the live account; https://dataapi.uiscom.ru/v2.0 unless given. CoMagic's is https://dataapi.comagic.ru/v2.0.
    #[arg(long, value_name = "URL", conflicts_with = "account")]
    uis_data_api: Option<String>,
    /// The Call API, when it is not the one that belongs to the Data API.
    #[arg(long, value_name = "URL", conflicts_with = "account")]
    uis_call_api: Option<String>,
    /// Where the key of UIS comes from: env:VARIABLE, file:PATH (of mode 0600), or - for standard input, stored sealed.
    #[arg(long, value_name = "SOURCE", conflicts_with_all = ["account", "uis_login", "uis_password"])]
    uis_token: Option<String>,
    /// A user of UIS's API, in place of a key.
    #[arg(long, value_name = "NAME", conflicts_with = "account")]
    uis_login: Option<String>,
    /// Where the user's password comes from, as for --uis-token.
    #[arg(long, value_name = "SOURCE", conflicts_with = "account")]
    uis_password: Option<String>,
    /// The account's time zone, such as Europe/Moscow; without it UIS is asked.
    #[arg(long, value_name = "NAME", conflicts_with = "account")]
    uis_timezone: Option<String>,
    /// Extensions of UIS that are connected, such as rmo; none for an empty text.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', conflicts_with = "account")]
    uis_extension: Option<Vec<String>>,
    /// The page of the operator's workplace (РМО).
    #[arg(long, value_name = "URL", conflicts_with = "account")]
    uis_workplace_url: Option<String>,
    /// Names of sources of visits to choose from, beside those that UIS's report of calls has; none for an empty text.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', conflicts_with = "account")]
    uis_sources: Option<Vec<String>>,
}

/// The error of an integration without an account.
pub fn missing() -> Failure {
    Failure::Input("the UIS account is missing; give --uis-token, or --uis-login and --uis-password, or a file: --account".to_owned())
}

/// Where a secret comes from.
fn source(option: &str, given: &str) -> Result<SecretSource, Failure> {
    if given == "-" {
        let prompt = format!("{}: ", option.trim_start_matches("--"));
        let otherwise = format!("give it on standard input, after the key of --connection, or write {option} env:VARIABLE");
        return from_standard_input(&prompt, &otherwise).map(SecretSource::Value);
    }
    match given.split_once(':') {
        Some(("env", variable)) if !variable.is_empty() => Ok(SecretSource::Env(variable.to_owned())),
        Some(("file", path)) if !path.is_empty() => Ok(SecretSource::File(absolute(Path::new(path))?)),
        // What was given may be the secret itself, which other users of the machine could see; it is not repeated here.
        _ => Err(Failure::Input(format!("{option}: write env:VARIABLE, file:PATH, or - for standard input; never the secret itself"))),
    }
}

/// Names without those that are empty.
fn names(given: Option<Vec<String>>) -> Option<Vec<String>> {
    let plain = |names: Vec<String>| names.iter().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
    given.map(plain)
}

impl Account {
    /// The account that the options name; none when there are none.
    pub fn into_new(self) -> Result<Option<NewAccount>, Failure> {
        if let Some(path) = &self.account {
            return Ok(Some(NewAccount::File(absolute(path)?)));
        }
        let live = NewLive {
            data_api: self.uis_data_api,
            call_api: self.uis_call_api,
            token: self.uis_token.as_deref().map(|given| source("--uis-token", given)).transpose()?,
            login: self.uis_login,
            password: self.uis_password.as_deref().map(|given| source("--uis-password", given)).transpose()?,
            timezone: self.uis_timezone,
            extensions: names(self.uis_extension),
            workplace_url: self.uis_workplace_url,
            sources: names(self.uis_sources),
        };
        let given = live.data_api.is_some()
            || live.call_api.is_some()
            || live.token.is_some()
            || live.login.is_some()
            || live.password.is_some()
            || live.timezone.is_some()
            || live.extensions.is_some()
            || live.workplace_url.is_some()
            || live.sources.is_some();
        Ok(given.then(|| NewAccount::Live(Box::new(live))))
    }
}
