//! The commands of the program.
//!
//! Exit status: 0 when the command did what was asked; 1 when it failed; 2 when the input cannot be used and nothing was done. `check` has its
//! own.

mod account;
mod audit;
mod backup;
mod check;
mod check_store;
mod dead_letters;
mod demo;
mod erase;
mod events;
mod export;
mod integration;
mod operations;
mod serve;
mod setup;
mod shown;
mod token;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};
use uis_gateway::admin::Client;
use uis_gateway::admin::wire::{ErrorBody, ErrorView};
use uis_gateway::config::Config;
use uis_gateway::control::{Control, ControlError};
use uis_gateway::integrations::Offline;
use uis_gateway::integrations::offline_operations::OfflineOperations;
use uis_gateway::store::{OpenOptions, SqliteStore};

/// The environment variable that has an administrator's token.
const TOKEN_VARIABLE: &str = "UIS_GATEWAY_TOKEN";

/// The environment variable that names the configuration file.
const CONFIG_VARIABLE: &str = "UIS_GATEWAY_CONFIG";
/// The configuration file when none is named.
const DEFAULT_CONFIG: &str = "uis-gateway.toml";

/// Runs integrations between a company's UIS and RetailCRM accounts.
///
/// While the service runs, commands ask it; otherwise they use its file. With admin.listen, they show the token that UIS_GATEWAY_TOKEN has.
#[derive(Parser)]
#[command(name = "uis-gateway", version, arg_required_else_help = true)]
pub struct Arguments {
    /// The configuration file.
    #[arg(long, global = true, env = CONFIG_VARIABLE, default_value = DEFAULT_CONFIG, value_name = "FILE")]
    config: PathBuf,
    /// Print one JSON object and nothing else.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Play a shop's morning between simulators of UIS and RetailCRM. It needs no configuration and no account.
    Demo(demo::Arguments),
    #[command(flatten)]
    Configured(Configured),
}

/// Commands that need the configuration file.
#[derive(Subcommand)]
enum Configured {
    /// Run the service until it is stopped.
    Serve,
    /// What waits, and whether events are accepted.
    Status {
        /// Ask only whether the service runs and accepts events; exit status 1 when it does not.
        #[arg(long)]
        ready: bool,
    },
    /// Integrations: add, change, switch on and off.
    Integration {
        #[command(subcommand)]
        command: Box<integration::Command>,
    },
    /// Print what to enter in UIS and in RetailCRM, step by step: addresses, templates, the scenario's request, the trigger.
    Setup(setup::Arguments),
    /// List events, newest first. Personal data is masked.
    Events(events::List),
    /// Show one event: the body as it came, what was made of it, every attempt with its requests, decisions and effects.
    Event(events::One),
    /// Events that are not retried by themselves, and requests that could not be read.
    DeadLetters {
        #[command(subcommand)]
        command: Box<dead_letters::Command>,
    },
    /// Erase what is stored of a person, by phone, e-mail or visitor. What remains in RetailCRM and UIS is listed.
    Erase(erase::Arguments),
    /// Pause an integration: events are accepted and kept, and nothing is delivered until `resume`.
    Pause {
        /// Its name.
        name: String,
    },
    /// End a pause.
    Resume {
        /// The integration's name.
        name: String,
    },
    /// What administrators did, newest first.
    Audit(audit::Arguments),
    /// Check both accounts, the addresses, the clock and the disk, and say what to do. Exit status 0: all is well; 1: warnings; 2: problems.
    Check(check::Arguments),
    /// Write what came and what was exchanged with RetailCRM as a recording, which uis-host replays. Personal data is masked.
    Export(export::Arguments),
    /// Tokens of administrators, for a listener on an address.
    Token {
        #[command(subcommand)]
        command: token::Command,
    },
    /// Write a copy of the store while the service runs, and check it. The copy contains personal data.
    Backup(backup::Backup),
    /// Put a backup in the store's place while no service runs. The present store is moved aside.
    Restore(backup::Restore),
    /// Check the store's file, or a backup: SQLite's structures and every checksum.
    CheckStore(check_store::Arguments),
    /// Have the running service read its configuration again. It is used if all of it can be used. A rollback ends.
    Reload,
    /// Put the version of the plugin, or of a rule, into use again that was in use before, until another one is configured or `reload`.
    Rollback(operations::Rollback),
    /// List the versions of the plugin and the rules that were in use.
    Versions,
    /// Partners' rules: what is in use, what is tried, what failed.
    Rules {
        #[command(subcommand)]
        command: operations::Rules,
    },
}

/// Why a command failed.
pub enum Failure {
    /// The input cannot be used; nothing was done.
    Input(String),
    /// The command failed.
    Failed(String),
    /// The command failed in part, and has printed what.
    Done,
}

impl From<ControlError> for Failure {
    fn from(error: ControlError) -> Self {
        match error {
            ControlError::Unknown(_) | ControlError::Invalid(_) => Failure::Input(error.to_string()),
            ControlError::Failed(_) => Failure::Failed(error.to_string()),
        }
    }
}

/// Reads the command line, runs the command and reports its failure.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        // Help and the version are no errors.
        Err(error) if !error.use_stderr() || !std::env::args().any(|argument| argument == "--json") => error.exit(),
        Err(error) => return report(true, Failure::Input(error.to_string().trim_end().to_owned())),
    };
    let json = arguments.json;
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return report(json, Failure::Failed(format!("the program cannot start: {error}"))),
    };
    runtime.block_on(dispatch(arguments)).unwrap_or_else(|failure| report(json, failure))
}

/// Prints a failure: a line on standard error, or one JSON object as of the administrator's listener.
fn report(json: bool, failure: Failure) -> ExitCode {
    let (status, kind, why) = match failure {
        Failure::Input(why) => (2, "invalid", why),
        Failure::Failed(why) => (1, "failed", why),
        Failure::Done => return ExitCode::from(1),
    };
    match json {
        true => shown::object(&ErrorBody { error: ErrorView { kind: kind.to_owned(), messages: vec![why] } }),
        false => eprintln!("error: {why}"),
    }
    ExitCode::from(status)
}

async fn dispatch(arguments: Arguments) -> Result<ExitCode, Failure> {
    let json = arguments.json;
    let command = match arguments.command {
        Command::Demo(arguments) => return demo::run(arguments, json).await.map(|()| ExitCode::SUCCESS),
        Command::Configured(command) => command,
    };
    let config_file = arguments.config;
    let config = Config::read(&config_file)
        .map_err(|why| Failure::Input(format!("{why} (a service that runs goes on with the configuration from before)")))?;
    match command {
        Configured::Serve => serve::run(config_file, config).await.map_err(|error| Failure::Failed(format!("{error:#}")))?,
        Configured::Status { ready: true } => return is_ready(&config, json).await,
        Configured::Status { ready: false } => {
            let control = control(&config).await?;
            shown::status(&control.status().await?, json);
            if !json {
                shown::not_active(&control.list().await?);
            }
        }
        Configured::Integration { command } => integration::run(&config, *command, json).await?,
        Configured::Setup(arguments) => setup::run(&config, &program(&config_file), &arguments, json).await?,
        Configured::Events(arguments) => events::list(&config, arguments, json).await?,
        Configured::Event(arguments) => events::one(&config, arguments, json).await?,
        Configured::DeadLetters { command } => dead_letters::run(&config, *command, json).await?,
        Configured::Pause { name } => shown::integration(&control(&config).await?.pause(&name).await?, json),
        Configured::Resume { name } => shown::integration(&control(&config).await?.resume(&name).await?, json),
        Configured::Audit(arguments) => audit::run(&config, arguments, json).await?,
        Configured::Erase(arguments) => erase::run(&config, arguments, json).await?,
        Configured::Check(arguments) => return check::run(&config, &arguments, json).await,
        Configured::Export(arguments) => export::run(&config, arguments, json).await?,
        Configured::Token { command } => token::run(&config, command, json).await?,
        Configured::Backup(arguments) => return backup::backup(&config, &config_file, arguments, json).await,
        Configured::Restore(arguments) => backup::restore(&config, &arguments, json).await?,
        Configured::CheckStore(arguments) => return check_store::run(&config, &arguments, json).await,
        Configured::Reload => operations::reload(&config, json).await?,
        Configured::Rollback(arguments) => operations::rollback(&config, &arguments, json).await?,
        Configured::Versions => operations::versions(&config, json).await?,
        Configured::Rules { command } => operations::rules(&config, &command, json).await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// How commands that a reader may copy begin: with the configuration file, unless it is found without being named.
fn program(config: &Path) -> String {
    let found = config == Path::new(DEFAULT_CONFIG) || std::env::var_os(CONFIG_VARIABLE).is_some_and(|named| named == config.as_os_str());
    match found {
        true => "uis-gateway".to_owned(),
        false => format!("uis-gateway --config {}", config.display()),
    }
}

/// Waits until somebody stops the program, by Ctrl-C or SIGTERM.
async fn stopped() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM")?;
    tokio::select! {
        _ = terminate.recv() => {}
        interrupted = tokio::signal::ctrl_c() => interrupted.context("SIGINT")?,
    }
    Ok(())
}

/// The running service; none when none answers.
async fn service(config: &Config) -> Result<Option<Client>, Failure> {
    let token = std::env::var(TOKEN_VARIABLE).ok().filter(|token| !token.is_empty());
    Client::find(&config.admin, token.map(Into::into)).await.map_err(Failure::Failed)
}

/// Whether the service runs and accepts events. Its file is not opened, so a probe may ask as often as it likes.
async fn is_ready(config: &Config, json: bool) -> Result<ExitCode, Failure> {
    let service = service(config).await?.ok_or_else(|| Failure::Failed("the service does not run".to_owned()))?;
    let status = service.status().await?;
    shown::status(&status, json);
    Ok(if status.ready.is_ok() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// The running service, if there is one; otherwise its file.
pub async fn control(config: &Config) -> Result<Box<dyn Control>, Failure> {
    if let Some(client) = service(config).await? {
        return Ok(Box::new(client));
    }
    let (store, recovered) =
        SqliteStore::open(&config.store.path, OpenOptions::of(config)).map_err(|error| Failure::Failed(error.to_string()))?;
    if let Some(report) = recovered {
        eprintln!("the store's file was damaged; what can be read was recovered: {report}");
    }
    let (operations, book) = OfflineOperations::load(config, Arc::new(store)).await.map_err(Failure::Input)?;
    Ok(Box::new(Offline::operated(book, Box::new(operations))))
}
