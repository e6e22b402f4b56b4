//! `uis-gateway token …`: tokens of administrators.

use clap::Subcommand;
use secrecy::ExposeSecret;
use serde_json::json;
use uis_gateway::config::Config;
use uis_gateway::secrets::tokens::Tokens;

use super::{Failure, shown};

/// Commands about tokens.
#[derive(Subcommand)]
pub enum Command {
    /// Make a token. It is printed once and can never be shown again.
    Add {
        /// Whose token it is.
        name: String,
    },
    /// List the names of all tokens.
    List,
    /// Remove a token. It is refused from now on.
    Remove {
        /// Whose token it is.
        name: String,
    },
}

/// Runs a command about tokens.
pub fn run(config: &Config, command: Command, json: bool) -> Result<(), Failure> {
    let mut tokens = Tokens::open(&config.tokens_file()).map_err(Failure::Failed)?;
    match command {
        Command::Add { name } => {
            let token = tokens.add(&name).map_err(Failure::Input)?;
            match json {
                true => shown::object(&json!({ "name": name, "token": token.expose_secret() })),
                false => {
                    shown::say(token.expose_secret());
                    eprintln!("This token cannot be shown again. Commands read it from {}.", super::TOKEN_VARIABLE);
                }
            }
        }
        Command::List => match json {
            true => shown::object(&json!({ "tokens": tokens.names().collect::<Vec<_>>() })),
            false => tokens.names().for_each(shown::say),
        },
        Command::Remove { name } => {
            tokens.remove(&name).map_err(Failure::Input)?;
            match json {
                true => shown::object(&json!({ "removed": name })),
                false => shown::say(&format!("{name} is removed")),
            }
        }
    }
    Ok(())
}
