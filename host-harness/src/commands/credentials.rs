//! `uis-host credentials …` and `uis-host choices`: what a settings page does before the first event. Credentials are stored by name,
//! checked, and chosen for a replay. Settings whose values exist in the CRM list their choices.

use std::io::{BufRead, IsTerminal};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, anyhow, bail};
use clap::{Args, Subcommand};
use secrecy::SecretString;
use serde_json::{Value, json};
use uis_harness::replay::{RemoteSystem, address};
use uis_host::bindings::exports::uis::integration::setup::ChoiceValue;
use uis_host::bindings::uis::integration::types::Failure;
use uis_host::clock::SystemClock;
use uis_host::connection::credentials::{Credentials, Vault};
use uis_host::integration::{Integration, UisAccount};
use uis_host::limits::Limits;
use uis_host::plugin::component::ComponentPlugin;
use uis_host::plugin::{Plugin, SetupResult};
use uis_host::ports::Origin;
use uis_host::services::EventScope;
use uis_simulator::{Account, SimulatedAccount};
use url::Url;

use super::{DEFAULT_PLUGIN, LimitArguments, load, say};
use crate::exit_status::{FAILED, OK};
use uis_harness::crm::elsewhere::{Server, is_local};

/// Store access to CRM accounts by name
#[derive(Debug, Args)]
pub struct CredentialsArguments {
    #[command(subcommand)]
    command: CredentialsCommand,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Subcommand)]
enum CredentialsCommand {
    /// Check an address and a key, and store them under a name; the key is read from standard input, or prompted for
    Add {
        /// The name to store them under
        name: String,
        /// The account's address as you would paste it: myshop.retailcrm.ru, or a simulator's http://127.0.0.1:PORT
        url: String,
        /// Store them even if the check finds them unusable
        #[arg(long)]
        unchecked: bool,
    },
    /// List names and addresses; keys are not shown
    List,
    /// Check stored credentials again
    Check {
        /// The name of the credentials
        name: String,
    },
    /// Remove stored credentials
    Remove {
        /// The name of the credentials
        name: String,
    },
}

/// List the choices of a setting whose values exist in the CRM
#[derive(Debug, Args)]
pub struct ChoicesArguments {
    /// The setting, such as default-responsible, or a member of a table's row, such as shop-numbers.site
    setting: String,
    /// Use the stored credentials with this name
    #[arg(long, value_name = "NAME", required_unless_present = "crm")]
    credentials: Option<String>,
    /// Use the CRM at this address: http://127.0.0.1:PORT
    #[arg(long, value_name = "URL", conflicts_with = "credentials")]
    crm: Option<String>,
    /// The key for --crm
    #[arg(long, value_name = "KEY", env = super::KEY_VARIABLE, hide_env_values = true, default_value = retailcrm_simulator::account::DEFAULT_KEY)]
    crm_key: String,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct Common {
    #[command(flatten)]
    store: Store,
    /// A plugin's crate folder, or a built .wasm component
    #[arg(long, value_name = "PLUGIN", default_value = DEFAULT_PLUGIN, global = true)]
    plugin: PathBuf,
    /// Print one JSON object and nothing else
    #[arg(long, global = true)]
    json: bool,
    #[command(flatten)]
    limits: LimitArguments,
}

/// Where credentials are stored.
#[derive(Debug, Args)]
pub struct Store {
    /// The file that credentials are stored in; only its owner can read it
    #[arg(long, value_name = "FILE", global = true)]
    credentials_file: Option<PathBuf>,
}

impl Store {
    fn path(&self) -> Result<PathBuf> {
        let usual = || dirs::config_dir().map(|folder| folder.join("uis-host").join("credentials.json"));
        self.credentials_file
            .clone()
            .or_else(usual)
            .ok_or_else(|| anyhow!("there is no home folder to store credentials in; give --credentials-file"))
    }

    /// The stored credentials with this name.
    pub fn choose(&self, name: &str) -> Result<Credentials> {
        Ok(Vault::open(&self.path()?)?.choose(name)?.clone())
    }
}

/// Runs `credentials`.
pub async fn run(arguments: CredentialsArguments) -> Result<u8> {
    let CredentialsArguments { command, common } = arguments;
    let path = common.store.path()?;
    let mut vault = Vault::open(&path)?;
    match command {
        CredentialsCommand::List => {
            let list: Vec<Value> = vault.list().map(|(name, url)| json!({"name": name, "url": plain(url)})).collect();
            let lines = vault.list().map(|(name, url)| format!("{name}  {}\n", plain(url))).collect::<String>();
            print(&common, &json!({"credentials": list}), if lines.is_empty() { "no credentials are stored\n".into() } else { lines });
            Ok(OK)
        }
        CredentialsCommand::Remove { name } => {
            vault.remove(&name)?;
            vault.save(&path)?;
            print(&common, &json!({"removed": name}), format!("{name} was removed\n"));
            Ok(OK)
        }
        CredentialsCommand::Check { name } => {
            let plugin = load(&common.plugin, &common.limits.limits()?).await?;
            let report = check(&plugin, &common.limits.limits()?, vault.choose(&name)?).await?;
            report_check(&common, &name, &report, None);
            Ok(if report.usable { OK } else { FAILED })
        }
        CredentialsCommand::Add { name, url, unchecked } => {
            let limits = common.limits.limits()?;
            let plugin = load(&common.plugin, &limits).await?;
            let base = match is_local(&url) {
                Some(base) => base,
                None => address(&plugin, &url).await?.map_err(|message| anyhow!(message))?,
            };
            vault.add(&name, base, read_key()?)?;
            let report = check(&plugin, &limits, vault.choose(&name)?).await?;
            let saved = report.usable || unchecked;
            if saved {
                vault.save(&path)?;
            }
            report_check(&common, &name, &report, Some(saved));
            Ok(if saved { OK } else { FAILED })
        }
    }
}

/// Runs `choices`.
pub async fn choices(arguments: ChoicesArguments) -> Result<u8> {
    let ChoicesArguments { setting, credentials, crm, crm_key, common } = arguments;
    let access = match (credentials, crm) {
        (Some(name), _) => common.store.choose(&name)?,
        (None, Some(url)) => Credentials { base: Url::parse(&url).with_context(|| format!("--crm {url}"))?, key: crm_key.into() },
        (None, None) => bail!("give --credentials NAME or --crm URL"),
    };
    let limits = common.limits.limits()?;
    let plugin = load(&common.plugin, &limits).await?;
    let (mut all, mut text, mut page) = (Vec::new(), String::new(), None::<String>);
    loop {
        let found = answered(plugin.choices(scope(&plugin, &limits, &access)?, &setting, page.as_deref()).await)?;
        for choice in found.choices {
            let value = match choice.value {
                ChoiceValue::Text(value) => Value::from(value),
                ChoiceValue::Integer(value) => Value::from(value),
            };
            text += &format!("{}  {}\n", value.as_str().map_or_else(|| value.to_string(), str::to_owned), choice.title);
            all.push(json!({"value": value, "title": choice.title}));
        }
        match found.next {
            Some(next) => page = Some(next),
            None => break,
        }
    }
    print(&common, &json!({"setting": setting, "choices": all}), if text.is_empty() { "there are no choices\n".into() } else { text });
    Ok(OK)
}

/// The result of a check.
struct Check {
    url: String,
    usable: bool,
    findings: Vec<String>,
}

async fn check(plugin: &ComponentPlugin, limits: &Limits, access: &Credentials) -> Result<Check> {
    let url = plain(&access.base);
    Ok(match plugin.check_connection(scope(plugin, limits, access)?).await? {
        Ok(report) => Check { url, usable: report.usable, findings: report.findings },
        // A temporary failure says nothing about the key, but the owner should see it.
        Err(Failure::Retry(later)) => {
            Check { url, usable: false, findings: vec![format!("RetailCRM cannot be reached now, try again later: {}", later.reason)] }
        }
        Err(other) => Check { url, usable: false, findings: vec![failure_text(&other)] },
    })
}

fn report_check(common: &Common, name: &str, check: &Check, saved: Option<bool>) {
    let mut value = json!({"name": name, "url": check.url, "usable": check.usable, "findings": check.findings});
    let mut text = format!("{name}  {}  {}\n", check.url, if check.usable { "usable" } else { "NOT USABLE" });
    for finding in &check.findings {
        text += &format!("  {finding}\n");
    }
    if let Some(saved) = saved {
        value["saved"] = saved.into();
        text += if saved { "  stored\n" } else { "  not stored; give --unchecked to store them anyway\n" };
    }
    print(common, &value, text);
}

/// A scope for functions of `setup`: an integration with this access and an empty UIS account.
fn scope(plugin: &ComponentPlugin, limits: &Limits, access: &Credentials) -> Result<EventScope> {
    let about = plugin.description();
    let clock = Arc::new(SystemClock);
    let account = UisAccount::of(Arc::new(SimulatedAccount::new(Account::default(), clock.clone())));
    let mut integration = Integration::new("settings", about, clock, account, String::new().into(), limits);
    for need in &about.connections {
        let remote = Server::of(access)?.connect("", need, Some(access)).map_err(|error| anyhow!(error))?;
        integration.connections.insert(need.name.clone(), remote.connection(need));
    }
    Ok(EventScope::new(Arc::new(integration), Origin::default(), Instant::now() + limits.wall_kept))
}

fn answered<T>(asked: SetupResult<T>) -> Result<T> {
    asked?.map_err(|failure| anyhow!(failure_text(&failure)))
}

fn failure_text(failure: &Failure) -> String {
    match failure {
        Failure::Retry(later) => format!("try again later: {}", later.reason),
        Failure::Rejected(why) => why.clone(),
        Failure::Unauthorized(why) => format!("the key was refused: {why}"),
        Failure::Suspended(why) => format!("the remote system does no work for this account: {why}"),
        Failure::Misconfigured(problem) => problem.message.clone(),
    }
}

/// A URL without the slash at its end.
fn plain(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}

/// Reads the key: the first line of standard input. On a terminal, prompts for it and does not echo it.
fn read_key() -> Result<SecretString> {
    if std::io::stdin().is_terminal() {
        return Ok(rpassword::prompt_password("API key: ").context("the key cannot be read")?.into());
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).context("the key cannot be read from standard input")?;
    Ok(line.trim().to_owned().into())
}

fn print(common: &Common, value: &Value, text: String) {
    say(&if common.json { format!("{value:#}\n") } else { text });
}
