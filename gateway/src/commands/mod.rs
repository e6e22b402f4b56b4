//! The commands of the program.
//!
//! Exit status: 0 when the command did what was asked; 1 when it failed; 2 when the input cannot be used and nothing was done.

mod check_store;
mod integration;
mod serve;
mod shown;
mod token;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
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
    /// Run the service until it is stopped.
    Serve,
    /// What waits, and whether events are accepted.
    Status,
    /// Integrations: add, change, switch on and off.
    Integration {
        #[command(subcommand)]
        command: integration::Command,
    },
    /// Events that are not retried by themselves.
    DeadLetters {
        #[command(subcommand)]
        command: integration::DeadLetters,
    },
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
    let config = Config::read(&arguments.config).map_err(Failure::Input)?;
    let json = arguments.json;
    match arguments.command {
        Command::Serve => serve::run(config).await.map_err(|error| Failure::Failed(format!("{error:#}")))?,
        Command::Status => shown::status(&control(&config).await?.status().await?, json),
        Command::Integration { command } => integration::run(&config, command, json).await?,
        Command::DeadLetters { command } => integration::dead_letters(&config, command, json).await?,
        Command::Token { command } => token::run(&config, command, json)?,
        Command::CheckStore(arguments) => return check_store::run(&config, &arguments, json).await,
    }
    Ok(ExitCode::SUCCESS)
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
