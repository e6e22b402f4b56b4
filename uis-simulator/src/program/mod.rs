//! The program: its commands, one file each.

mod playing;
pub mod serve;
pub mod trigger;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};

/// UIS's Data API and Call API on a port of this machine, for testing integrations.
#[derive(Debug, Parser)]
#[command(name = "uis-simulator", version, args_conflicts_with_subcommands = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Options of `serve`, the command that runs when none is named.
    #[command(flatten)]
    serve: serve::Options,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves an account until Ctrl-C.
    Serve(Box<Serve>),
    /// Sends the notifications of one story to an address.
    Trigger(Box<trigger::Options>),
}

#[derive(Debug, Args)]
struct Serve {
    #[command(flatten)]
    options: serve::Options,
}

/// Runs a command. Its status is 0, or 1 if what was sent was not accepted; an error means that the input cannot be used.
pub async fn run(arguments: Arguments) -> Result<ExitCode> {
    match arguments.command {
        Some(Command::Trigger(options)) => return trigger::run(*options).await,
        Some(Command::Serve(serve)) => serve::run(serve.options).await?,
        None => serve::run(arguments.serve).await?,
    }
    Ok(ExitCode::SUCCESS)
}
