//! The commands of the program.
//!
//! Exit status: 0 when the command did what was asked; 1 when it failed; 2 when the input cannot be used and nothing was done. `check` has its
//! own.

mod account;
mod check;
mod check_store;
mod demo;
mod integration;
mod serve;
mod setup;
mod shown;
mod token;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};
use uis_gateway::admin::Client;
use uis_gateway::config::Config;
use uis_gateway::control::{Control, ControlError};
use uis_gateway::integrations::Offline;
use uis_gateway::integrations::book::Book;
use uis_gateway::integrations::building::Workshop;
use uis_gateway::store::{OpenOptions, SqliteStore};

/// The environment variable that has an administrator's token.
const TOKEN_VARIABLE: &str = "UIS_GATEWAY_TOKEN";

/// Runs integrations between a company's UIS and RetailCRM accounts.
///
/// While the service runs, commands ask it; otherwise they use its file. With admin.listen, they show the token that UIS_GATEWAY_TOKEN has.
#[derive(Parser)]
#[command(name = "uis-gateway", version, arg_required_else_help = true)]
pub struct Arguments {
    /// The configuration file.
    #[arg(long, global = true, default_value = "uis-gateway.toml", value_name = "FILE")]
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
    Status,
    /// Integrations: add, change, switch on and off.
    Integration {
        #[command(subcommand)]
        command: Box<integration::Command>,
    },
    /// Print what to enter in UIS and in RetailCRM, step by step: addresses, templates, the scenario's request, the trigger.
    Setup(setup::Arguments),
    /// Events that are not retried by themselves.
    DeadLetters {
        #[command(subcommand)]
        command: integration::DeadLetters,
    },
    /// Check both accounts, the addresses, the clock and the disk, and say what to do. Exit status 0: all is well; 1: warnings; 2: problems.
    Check(check::Arguments),
    /// Tokens of administrators, for a listener on an address.
    Token {
        #[command(subcommand)]
        command: token::Command,
    },
    /// Check the store's file while no service runs: SQLite's structures and every checksum.
    CheckStore(check_store::Arguments),
}

/// Why a command failed.
pub enum Failure {
    /// The input cannot be used; nothing was done.
    Input(String),
    /// The command failed.
    Failed(String),
}

impl From<ControlError> for Failure {
    fn from(error: ControlError) -> Self {
        match error {
            ControlError::Unknown(_) | ControlError::Invalid(_) => Failure::Input(error.to_string()),
            ControlError::Failed(_) => Failure::Failed(error.to_string()),
        }
    }
}

/// Runs a command and reports its failure.
pub fn run(arguments: Arguments) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: the program cannot start: {error}");
            return ExitCode::from(1);
        }
    };
    match runtime.block_on(dispatch(arguments)) {
        Ok(status) => status,
        Err(Failure::Input(why)) => {
            eprintln!("error: {why}");
            ExitCode::from(2)
        }
        Err(Failure::Failed(why)) => {
            eprintln!("error: {why}");
            ExitCode::from(1)
        }
    }
}

async fn dispatch(arguments: Arguments) -> Result<ExitCode, Failure> {
    let json = arguments.json;
    let command = match arguments.command {
        Command::Demo(arguments) => return demo::run(arguments, json).await.map(|()| ExitCode::SUCCESS),
        Command::Configured(command) => command,
    };
    let config = Config::read(&arguments.config).map_err(Failure::Input)?;
    match command {
        Configured::Serve => serve::run(config).await.map_err(|error| Failure::Failed(format!("{error:#}")))?,
        Configured::Status => {
            let control = control(&config).await?;
            shown::status(&control.status().await?, json);
            if !json {
                shown::not_active(&control.list().await?);
            }
        }
        Configured::Integration { command } => integration::run(&config, *command, json).await?,
        Configured::Setup(arguments) => setup::run(&config, &arguments, json).await?,
        Configured::DeadLetters { command } => integration::dead_letters(&config, command, json).await?,
        Configured::Check(arguments) => return check::run(&config, &arguments, json).await,
        Configured::Token { command } => token::run(&config, command, json)?,
        Configured::CheckStore(arguments) => return check_store::run(&config, &arguments, json).await,
    }
    Ok(ExitCode::SUCCESS)
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

/// The running service, if there is one; otherwise its file.
pub async fn control(config: &Config) -> Result<Box<dyn Control>, Failure> {
    let token = std::env::var(TOKEN_VARIABLE).ok().filter(|token| !token.is_empty());
    if let Some(client) = Client::find(&config.admin, token.map(Into::into)).await.map_err(Failure::Failed)? {
        return Ok(Box::new(client));
    }
    let workshop = Workshop::open(config).await.map_err(Failure::Input)?;
    let (store, recovered) =
        SqliteStore::open(&config.store.path, OpenOptions::default()).map_err(|error| Failure::Failed(error.to_string()))?;
    if let Some(report) = recovered {
        eprintln!("the store's file was damaged; what can be read was recovered: {report}");
    }
    let book = Book { store: std::sync::Arc::new(store), workshop: std::sync::Arc::new(workshop) };
    Ok(Box::new(Offline::administrator(book)))
}
